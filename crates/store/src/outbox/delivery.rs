//! A registration on its way to the registry, as it is recorded.

use crate::database::claim::Claim;
use crate::database::error::StoreError;
use crate::database::row::{column, count, named, time, time_or_none};
use crate::scans::scan_id::{ScanId, id_in};
use crate::seal::context::SealContext;
use crate::seal::sealing::Seal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

/// A delivery that belongs to its claimer until the lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// The token to settle it with.
    pub claim: Claim,
    /// The event's id, the same at every attempt.
    pub event_id: String,
    /// `vendor:serial`.
    pub device_key: String,
    /// The event's bytes, the same at every attempt.
    pub bytes: Vec<u8>,
    /// How often it was claimed, this time included: 1 at the first.
    pub attempts: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The registry took it.
    Delivered {
        /// What it answered.
        answer: Option<String>,
    },
    /// It did not work; try again.
    RetryAt {
        /// When.
        at: Timestamp,
        /// What went wrong.
        why: String,
    },
    /// The attempt was not made; try again, and do not count this one.
    Postponed {
        /// When.
        at: Timestamp,
        /// What stood in the way.
        why: String,
    },
    /// The registry refused for good.
    Refused {
        /// Its code.
        code: String,
        /// Its reason.
        why: String,
    },
    /// Every attempt was used up.
    Exhausted {
        /// What went wrong the last time.
        why: String,
    },
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It waits, or is under way.
    Queued,
    /// The registry took it.
    Delivered,
    /// The registry refused for good.
    Refused,
    /// Every attempt was used up.
    Exhausted,
    /// Whoever brought it about took it back before the registry was told.
    Undone,
}

/// What is recorded about a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event's id.
    pub event_id: String,
    /// `vendor:serial`.
    pub device_key: String,
    /// The scan that brought it about.
    pub scan: ScanId,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When the next attempt is due, or the lease of the present one ends; only while queued.
    pub due_at: Option<Timestamp>,
    /// The registry's code of a refusal.
    pub code: Option<String>,
    /// What went wrong the last time.
    pub why: Option<String>,
    /// The registry's answer.
    pub answer: Option<String>,
    /// When it was delivered, refused or given up.
    pub settled_at: Option<Timestamp>,
}

/// Which deliveries to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only with this status.
    pub status: Option<DeliveryStatus>,
    /// Only those after this one in the listing, which are older: [`Page::next`](crate::Page::next).
    pub after: Option<String>,
    /// At most so many; 0 and too many mean the limit.
    pub most: u32,
}

pub(crate) fn claimed_from(row: &AnyRow, seal: &Seal) -> Result<ClaimedDelivery, StoreError> {
    let event_id: String = column(row, "event_id")?;
    let event = SealContext::new("deliveries", "event", &event_id);
    Ok(ClaimedDelivery {
        claim: Claim { id: event_id.clone(), fence: column(row, "fence")? },
        device_key: device_key(row, &event_id, seal)?,
        bytes: seal.open_value(event, &column::<Vec<u8>>(row, "event")?)?,
        attempts: count(row, "attempts")?,
        event_id,
    })
}

pub(crate) fn delivery_from(row: &AnyRow, seal: &Seal) -> Result<Delivery, StoreError> {
    let event_id: String = column(row, "event_id")?;
    let status = named(row, "status")?;
    let due_at = time(row, "due_at")?;
    Ok(Delivery {
        device_key: device_key(row, &event_id, seal)?,
        scan: id_in(row, "scan_id")?,
        created_at: time(row, "created_at")?,
        status,
        attempts: count(row, "attempts")?,
        due_at: (status == DeliveryStatus::Queued).then_some(due_at),
        code: column(row, "code")?,
        why: delivery_text(row, "why", &event_id, "why", seal)?,
        answer: delivery_text(row, "answer", &event_id, "answer", seal)?,
        settled_at: time_or_none(row, "settled_at")?,
        event_id,
    })
}

fn device_key(row: &AnyRow, event_id: &str, seal: &Seal) -> Result<String, StoreError> {
    let cell = SealContext::new("deliveries", "device_key", event_id);
    seal.open_text(cell, &column::<Vec<u8>>(row, "device_key")?)
}

/// A text about a delivery, by the name that the query gives it.
pub(crate) fn delivery_text(
    row: &AnyRow,
    named: &str,
    event_id: &str,
    name: &'static str,
    seal: &Seal,
) -> Result<Option<String>, StoreError> {
    let Some(stored) = column::<Option<Vec<u8>>>(row, named)? else { return Ok(None) };
    let text = seal.open_value(SealContext::new("deliveries", name, event_id), &stored)?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}
