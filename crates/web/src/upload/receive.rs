//! From a request to a stored scan: the key that makes a repetition harmless, the photos within their
//! limits and their time, and the answer, for uploads that come whole or in parts.

use crate::access::caller::Caller;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::upload::body::{self, Photos};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use percent_encoding::percent_decode;
use pipeline::answer::{Status, new_id};
use pipeline::stored::{scan_object, with_earlier};
use std::time::Duration;
use store::{Received, ScanId, Upload, UploadedPhoto};

/// The header that makes a repeated upload harmless.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that names who took the photos, percent-encoded. A phone is handed on: what one person
/// took must not become another's scan because that one is signed in when it is sent.
const SENDER: HeaderName = HeaderName::from_static("labelscan-sender");
/// Characters of an Idempotency-Key.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// Takes an upload within its limits and its time.
pub(crate) async fn take(app: &App, caller: &Caller, request: Request) -> Result<Photos, Problem> {
    let taking = body::take(request, app.limits(), app.memory(), &caller.name);
    match tokio::time::timeout(app.body_deadline(), taking).await {
        Ok(taken) => taken,
        Err(_) => Err(Code::RequestTimeout.into()),
    }
}

pub(crate) fn idempotency_key(headers: &HeaderMap, now: Timestamp) -> Result<String, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(new_id(now).to_string());
    };
    let visible = |key: &&str| key.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    let key = value.to_str().ok().filter(visible);
    let lengths = 1..=IDEMPOTENCY_KEY_CHARS_MAX;
    key.filter(|key| lengths.contains(&key.len())).map(str::to_owned).ok_or_else(|| {
        let detail = format!("1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters");
        Problem::new(Code::IdempotencyKeyInvalid, detail)
    })
}

/// Refuses photos of somebody else than the caller, where the request says whose they are.
pub(crate) fn check_sender(headers: &HeaderMap, caller: &Caller) -> Result<(), Problem> {
    let Some(sender) = headers.get(SENDER) else {
        return Ok(());
    };
    match percent_decode(sender.as_bytes()).decode_utf8() {
        Ok(sender) if sender == caller.name => Ok(()),
        _ => Err(Code::SenderChanged.into()),
    }
}

/// RFC 7240: the preferences are a list, parameters may follow each.
pub(crate) fn prefers_async(headers: &HeaderMap) -> bool {
    headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|preference| {
            let name = preference.split(';').next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case("respond-async")
        })
    })
}

/// Stores an upload; answers the id of its scan, which is an earlier one if it is repeated.
pub(crate) async fn store(
    app: &App,
    caller: &Caller,
    idempotency_key: String,
    upload: Photos,
) -> Result<ScanId, Problem> {
    let now = app.now();
    let details = serde_json::to_value(&upload.details);
    let photos = upload.photos.into_iter().map(|photo| UploadedPhoto {
        bytes: photo.bytes,
        content_type: photo.content_type.to_owned(),
        surface: photo.surface,
    });
    let upload = Upload {
        id: new_id(now).into(),
        idempotency_key,
        owner: caller.name.clone(),
        photos: photos.collect(),
        details: details.map_err(|error| Problem::internal(&error))?,
    };
    match app.store().receive(upload, now).await? {
        Received::New(id) | Received::Repeat(id) => Ok(id),
        Received::Conflict => Err(Code::IdempotencyKeyReused.into()),
    }
}

/// The answer to an upload that is stored.
pub(crate) async fn answered(
    app: &App,
    caller: &Caller,
    id: ScanId,
    wait: bool,
) -> Result<Response, Problem> {
    if wait {
        let longest = Duration::from_millis(app.settings().http.answer_ms_max.get());
        app.work().wait_for(&caller.name, id, longest).await;
    } else {
        app.work().queued();
    }
    let stored = app.store().scan(id).await?.ok_or(Code::NotFound)?;
    let scan = with_earlier(app.store(), scan_object(stored)).await?;
    let status =
        if scan.status == Status::Queued { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    let location = HeaderValue::from_str(&format!("/v1/scans/{}", scan.id));
    let location = location.map_err(|error| Problem::internal(&error))?;
    Ok((status, [(header::LOCATION, location)], axum::Json(scan)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value).unwrap());
        headers
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii_of_bounded_length() {
        let key = |value: &[u8]| {
            idempotency_key(&with("idempotency-key", value), Timestamp::UNIX_EPOCH).ok()
        };
        assert_eq!(key(b"0195b0c4-6b6e"), Some("0195b0c4-6b6e".to_owned()));
        assert_eq!(key(&[b'x'; 255]).map(|key| key.len()), Some(255));
        let refused: [&[u8]; 4] = [b"", b"a b", b"\xc3\xa9", &[b'x'; 256]];
        for value in refused {
            assert_eq!(key(value), None, "{value:?}");
        }
        let without = || idempotency_key(&HeaderMap::new(), Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(without(), without());
    }

    #[test]
    fn a_preference_counts_among_others_and_with_parameters() {
        for value in ["respond-async", "wait=10, Respond-Async", "respond-async; foo=1"] {
            assert!(prefers_async(&with("prefer", value.as_bytes())), "{value}");
        }
        for value in ["", "wait=10", "respond-asynchronously"] {
            assert!(!prefers_async(&with("prefer", value.as_bytes())), "{value}");
        }
    }
}
