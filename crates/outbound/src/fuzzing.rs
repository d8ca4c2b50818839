//! What the fuzz targets call of what is private here; built for them alone.

use crate::net::response::CappedResponse;
use crate::outbox::answer::outcome;
use crate::outbox::delivery::Outcome;
use jiff::Timestamp;
use reqwest::StatusCode;

/// The outcome that a registry's answer stands for, or none if no HTTP answer has such a status.
pub fn answered(
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
    now: Timestamp,
) -> Option<Outcome> {
    let status = StatusCode::from_u16(status).ok()?;
    Some(outcome(&CappedResponse { status, retry_after, body, cut: false }, now))
}
