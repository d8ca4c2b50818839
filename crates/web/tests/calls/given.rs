//! What happened before a case's call.

use crate::case::{Body, By, FORM, form};
use crate::photos::jpeg;
use crate::service::{Call, Service};
use bytes::Bytes;
use jiff::SignedDuration;
use store::{Lease, Settled};

/// A step before the call.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// A line of `labelscan.toml`.
    Setting(&'static str),
    /// A registry is set. Nothing goes there: a case settles deliveries itself.
    Registry,
    /// A company's identity provider is set, which does not answer.
    IdentityProvider,
    /// No reader is up.
    NoReaderUp,
    /// A technician's scan of a photo that shows this, with these details: `{scan}`, and
    /// `{delivery}` if it was accepted.
    Scan(By, &'static str, &'static str),
    /// The same, a photo alone, under this Idempotency-Key.
    Keyed(By, &'static str, &'static str),
    /// A call with a JSON body, or a text list for an estate. What its `Location` names is
    /// `{made}`, the newest photo in its answer `{photo}`.
    Called(By, &'static str, &'static str),
    /// A photo that shows this is sent as the body of a call.
    Sent(By, &'static str, &'static str),
    /// The beginning of an upload in parts, of so many bytes in all, under the Idempotency-Key
    /// `terminal-1`: `{made}`, and the one before is `{made_before}`.
    UploadBegun(By, &'static str, usize),
    /// The last part of the upload that was begun, from this offset.
    LastPart(By, &'static str, &'static str),
    /// The registry was told the oldest registration that waits, and said this.
    Settled(fn() -> Settled),
    /// Somebody came so often that a call was refused, where one call a second is allowed.
    TooOften(By),
    /// So many minutes go by.
    Minutes(i64),
    /// What the database holds was changed by something that has no key.
    Damaged(&'static str),
    /// The database is gone.
    StoreGone,
}

/// A technician's scan that was accepted.
pub(crate) fn accepted() -> Given {
    Given::Scan(By::Technician, crate::photos::AGREES, "{}")
}

/// A technician's scan that a person has to look at.
pub(crate) fn in_review() -> Given {
    Given::Scan(By::Technician, crate::photos::DIFFERS, "{}")
}

/// An operator recorded this event of the accepted terminal.
pub(crate) fn event(json: &'static str) -> Given {
    Given::Called(By::Operator, "POST /v1/terminals/0821032398/events", json)
}

impl Given {
    /// What stands in `labelscan.toml` for it.
    pub(crate) fn setting(&self) -> &'static str {
        match self {
            Self::Setting(line) => line,
            Self::TooOften(_) => "requests_per_second_max = 1",
            Self::IdentityProvider => {
                "oidc_issuer = \"https://127.0.0.1:9/company\"\noidc_client_id = \"labelscan\"\n\
                 oidc_allow_private = true\noidc_technician = [\"field\"]"
            }
            _ => "",
        }
    }

    /// Takes place.
    pub(crate) async fn happen(&self, service: &mut Service) {
        match *self {
            Self::Setting(_) | Self::Registry | Self::IdentityProvider | Self::NoReaderUp => {}
            Self::Scan(by, shows, details) => {
                let parts = [("photo", &jpeg(shows)[..]), ("details", details.as_bytes())];
                service.given(Call::new(by, "POST /v1/scans", bytes(FORM, form(&parts)))).await;
            }
            Self::Keyed(by, shows, key) => {
                let mut call = Call::new(by, "POST /v1/scans", bytes("image/jpeg", jpeg(shows)));
                call.headers = vec![("idempotency-key", key.to_owned())];
                service.given(call).await;
            }
            Self::Called(by, call, body) => {
                let kind = if body.starts_with('{') { "application/json" } else { "text/csv" };
                let body = bytes(kind, Bytes::from_static(body.as_bytes()));
                service.given(Call::new(by, call, body)).await;
            }
            Self::Sent(by, call, shows) => {
                service.given(Call::new(by, call, bytes("image/jpeg", jpeg(shows)))).await;
            }
            Self::UploadBegun(by, shows, of_bytes) => {
                let body = bytes("image/jpeg", jpeg(shows));
                let mut call = Call::new(by, "POST /v1/scans", body);
                call.headers = vec![
                    ("idempotency-key", "terminal-1".to_owned()),
                    ("upload-complete", "?0".to_owned()),
                    ("upload-length", of_bytes.to_string()),
                ];
                service.given(call).await;
            }
            Self::LastPart(by, offset, words) => {
                let body =
                    bytes("application/partial-upload", Bytes::from_static(words.as_bytes()));
                let mut call = Call::new(by, "PATCH /v1/uploads/{made}", body);
                call.headers = vec![
                    ("upload-complete", "?1".to_owned()),
                    ("upload-offset", offset.to_owned()),
                ];
                service.given(call).await;
            }
            Self::Settled(how) => {
                let (store, now) = (service.store(), service.now());
                let claimed = store.claim_deliveries(1, Lease::from_millis(1_000), now).await;
                let claimed = claimed.expect("a store").pop().expect("a delivery waits");
                store.settle(&claimed.claim, how(), now).await.expect("it is ours");
            }
            Self::TooOften(by) => {
                let call = Call::new(by, "GET /v1/formats", Body::Empty);
                while service.call(&call).await.status != 429 {}
            }
            Self::Minutes(minutes) => service.advance(SignedDuration::from_mins(minutes)),
            Self::Damaged(sql) => service.damage(sql).await,
            Self::StoreGone => service.store().close().await,
        }
    }
}

fn bytes(media_type: &'static str, bytes: Bytes) -> Body {
    Body::Bytes(media_type, bytes)
}
