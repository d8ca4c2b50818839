//! Photos handed to a labelscan that runs elsewhere: sent until it has them, then waited for until
//! it has read them.
//!
//! Every repetition carries the same idempotency key, so that photos whose answer was lost are not
//! read and registered twice. It must never send the key of the API, or photos, in plain text over
//! a public network.

use crate::net::address::{Peer, SystemLookup};
use crate::net::dial::Dialler;
use crate::net::response::{CappedResponse, asked_wait, clean};
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use url::Url;

/// Waits between attempts when the service names none, in seconds.
const WAITS_S: [u64; 6] = [1, 2, 4, 8, 15, 30];
/// The longest wait for which the service can ask.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Between two looks at a scan that waits for a reader there.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How much of a refusal's explanation is kept.
const DETAIL_CHARS_MAX: usize = 500;

/// Where the service is and how long it is waited for.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Its address, such as `https://labelscan.example`.
    pub url: String,
    /// A key of its API.
    pub key: String,
    /// Deadline of one call.
    pub call_ms_max: u64,
    /// How long a scan that waits for a reader is waited for.
    pub read_ms_max: u64,
    /// Bytes of an answer that are read.
    pub answer_bytes_max: usize,
}

/// A labelscan that runs elsewhere.
#[derive(Debug)]
pub struct RemoteLabelscan {
    dialler: Dialler,
    scans: Url,
    key: String,
    call: Duration,
    looks: u64,
}

/// One photo as it is sent.
#[derive(Clone, Debug)]
pub struct Photo {
    /// The file's bytes.
    pub bytes: Bytes,
    /// Its media type.
    pub content_type: String,
}

/// Why a service cannot be used at all; the message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The address is no address of a service.
    #[error("{0}: the service's address is like https://labelscan.example")]
    Url(String),
    /// The client could not be built.
    #[error("cannot make calls: {0}")]
    Client(#[from] reqwest::Error),
}

/// Why photos were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The service does not want these photos.
    #[error("{}: {}", .0.code, .0.explanation())]
    Refused(Refusal),
    /// It cannot be reached or lets nobody in: others would fare no better.
    #[error("{0}")]
    Service(String),
}

/// A service's refusal, as `application/problem+json` says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// The stable code.
    pub code: String,
    /// What is wrong in this case, for people; empty if the title says it.
    pub detail: String,
    /// What is wrong, for people.
    pub title: String,
}

impl Refusal {
    /// The more particular of what it says.
    pub fn explanation(&self) -> &str {
        if self.detail.is_empty() { &self.title } else { &self.detail }
    }
}

/// What is to be done after a call.
enum Next {
    Done(Value),
    Again(Option<Duration>, String),
    Ended(SubmitError),
}

impl RemoteLabelscan {
    /// Reads the settings; nothing is dialled yet.
    ///
    /// # Errors
    /// If the address is none.
    pub fn open(settings: &ServiceSettings) -> Result<Self, ServiceError> {
        let wrong = || ServiceError::Url(clean(&settings.url, DETAIL_CHARS_MAX));
        let mut scans = Url::parse(&settings.url).map_err(|_| wrong())?;
        if !matches!(scans.scheme(), "http" | "https") || scans.host().is_none() {
            return Err(wrong());
        }
        scans.set_path(&format!("{}/v1/scans", scans.path().trim_end_matches('/')));
        let lookup = Arc::new(SystemLookup);
        Ok(Self {
            dialler: Dialler::new(Peer::Service, &scans, true, settings.answer_bytes_max, lookup)?,
            scans,
            key: settings.key.clone(),
            call: Duration::from_millis(settings.call_ms_max),
            looks: settings.read_ms_max / 1_000,
        })
    }

    /// Hands over the photos of one terminal and waits for the answer: a Scan object, which still
    /// says `queued` if the service did not come to it in time.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit(
        &self,
        photos: &[Photo],
        details: &Value,
        idempotency_key: &str,
        now: Timestamp,
    ) -> Result<Value, SubmitError> {
        let send = || {
            let form = photos.iter().try_fold(
                Form::new().text("details", details.to_string()),
                |form, photo| {
                    let part = Part::stream(photo.bytes.clone()).file_name("photo");
                    Ok::<_, reqwest::Error>(form.part("photo", part.mime_str(&photo.content_type)?))
                },
            );
            let form = form.map_err(|error| error.to_string())?;
            let request = self.dialler.request(Method::POST, &self.scans)?;
            Ok(request.header("Idempotency-Key", idempotency_key).multipart(form))
        };
        let mut scan = self.until_answered(send, now).await?;
        let place = scan["id"].as_str().and_then(|id| format!("{}/{id}", self.scans).parse().ok());
        let Some(place) = place else { return Ok(scan) };
        for _ in 0..self.looks {
            if scan["status"] != "queued" {
                break;
            }
            sleep(LOOK_EVERY).await;
            let look = || self.dialler.request(Method::GET, &place);
            scan = self.until_answered(look, now).await?;
        }
        Ok(scan)
    }

    /// Repeats a call until it is answered for good.
    async fn until_answered(
        &self,
        request: impl Fn() -> Result<RequestBuilder, String>,
        now: Timestamp,
    ) -> Result<Value, SubmitError> {
        let mut waits = WAITS_S.iter();
        loop {
            let request = request().map_err(SubmitError::Service)?.bearer_auth(&self.key);
            let (after, why) = match timeout(self.call, self.dialler.call(request)).await {
                Ok(Ok(response)) => match next(&response, now) {
                    Next::Done(scan) => return Ok(scan),
                    Next::Ended(error) => return Err(error),
                    Next::Again(after, why) => (after, why),
                },
                Ok(Err(why)) => (None, why),
                Err(_) => (None, format!("no answer within {} ms", self.call.as_millis())),
            };
            let Some(wait) = waits.next() else { return Err(SubmitError::Service(why)) };
            sleep(after.unwrap_or(Duration::from_secs(*wait)).min(WAIT_MAX)).await;
        }
    }
}

/// What an answer stands for.
fn next(response: &CappedResponse, now: Timestamp) -> Next {
    let after = response.retry_after.as_deref().and_then(|header| asked_wait(header, now));
    let status = response.status;
    if status.is_success() {
        return match serde_json::from_slice(&response.body) {
            Ok(scan) => Next::Done(scan),
            Err(_) => Next::Ended(SubmitError::Service("the answer is no labelscan's".into())),
        };
    }
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
    let refusal = Refusal {
        code: clean(&refusal.code, DETAIL_CHARS_MAX),
        detail: clean(&refusal.detail, DETAIL_CHARS_MAX),
        title: clean(&refusal.title, DETAIL_CHARS_MAX),
    };
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Next::Again(after, format!("answered {status}"))
        }
        _ if status.is_server_error() => Next::Again(after, format!("answered {status}")),
        // A labelscan says why it refuses photos; anything else is about the caller or the address.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Next::Ended(
            SubmitError::Service(format!("answered {status} {}", refusal.explanation())),
        ),
        _ if status.is_client_error() && !refusal.code.is_empty() => {
            Next::Ended(SubmitError::Refused(refusal))
        }
        _ => Next::Ended(SubmitError::Service(format!("answered {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> CappedResponse {
        let status = StatusCode::from_u16(status).unwrap();
        CappedResponse { status, retry_after: Some("7".into()), body: body.into(), cut: false }
    }

    fn told(status: u16, body: &str) -> String {
        match next(&response(status, body), Timestamp::UNIX_EPOCH) {
            Next::Done(scan) => format!("done {scan}"),
            Next::Again(after, _) => format!("again after {after:?}"),
            Next::Ended(SubmitError::Refused(refusal)) => format!("refused {}", refusal.code),
            Next::Ended(SubmitError::Service(why)) => format!("ended: {why}"),
        }
    }

    #[test]
    fn the_table_of_answers() {
        let problem = r#"{"code":"photo_too_large","detail":"at most 25 MB"}"#;
        for (status, body, expected) in [
            (201, r#"{"id":1}"#, r#"done {"id":1}"#),
            (201, "<html>", "ended: the answer is no labelscan's"),
            (413, problem, "refused photo_too_large"),
            (413, "too large, says some proxy", "ended: answered 413 Payload Too Large"),
            (401, "", "ended: answered 401 Unauthorized "),
            (302, "", "ended: answered 302 Found"),
            (429, "", "again after Some(7s)"),
            (503, problem, "again after Some(7s)"),
        ] {
            assert_eq!(told(status, body), expected);
        }
    }

    #[test]
    fn an_address_is_an_address_of_a_service() {
        let open = |url: &str| {
            RemoteLabelscan::open(&ServiceSettings {
                url: url.into(),
                key: "key".into(),
                call_ms_max: 1,
                read_ms_max: 1,
                answer_bytes_max: 1,
            })
        };
        for url in ["labelscan.example", "ftp://labelscan.example", "", "https://"] {
            assert!(matches!(open(url), Err(ServiceError::Url(_))), "{url}");
        }
        for url in ["https://labelscan.example/", "http://10.0.0.7:8080", "https://a.example/base"]
        {
            assert!(open(url).is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn no_key_goes_to_a_public_address_in_plain_text() {
        let settings = ServiceSettings {
            url: "http://1.1.1.1".into(),
            key: "key".into(),
            call_ms_max: 1_000,
            read_ms_max: 0,
            answer_bytes_max: 1_000,
        };
        let service = RemoteLabelscan::open(&settings).unwrap();
        let photo = Photo { bytes: Bytes::from_static(b"x"), content_type: "image/png".into() };
        let sent = service.submit(&[photo], &Value::Null, "key", Timestamp::UNIX_EPOCH).await;
        let why = sent.unwrap_err().to_string();
        assert!(why.contains("public"), "{why}");
    }
}
