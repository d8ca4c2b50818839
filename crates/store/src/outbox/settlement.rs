//! How an attempt to deliver ended, and the row that it is written into.

use crate::database::claim::Claim;
use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::row::{name_of, places_of_rows};
use crate::database::tx::{Tx, WriteContext};
use crate::outbox::delivery::{DeliveryStatus, Settled};
use crate::seal::context::SealContext;
use crate::settings::Limits;
use crate::terminals::steps::{devices_of, restand};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

/// The columns that settling writes.
pub(crate) struct Outcome {
    status: DeliveryStatus,
    due_at: Option<Timestamp>,
    code: Option<String>,
    why: Option<String>,
    answer: Option<String>,
    uncounted: i64,
}

impl Outcome {
    /// What is written of how an attempt ended.
    pub(crate) fn of(settled: Settled, limits: &Limits) -> Self {
        let none = Outcome {
            status: DeliveryStatus::Queued,
            due_at: None,
            code: None,
            why: None,
            answer: None,
            uncounted: 0,
        };
        let cut = |text: String| Some(limits.cut(&text));
        match settled {
            Settled::Delivered { answer } => {
                Outcome { status: DeliveryStatus::Delivered, answer: answer.and_then(cut), ..none }
            }
            Settled::RetryAt { at, why } => Outcome { due_at: Some(at), why: cut(why), ..none },
            Settled::Postponed { at, why } => {
                Outcome { due_at: Some(at), why: cut(why), uncounted: 1, ..none }
            }
            Settled::Refused { code, why } => {
                let (code, why) = (cut(code), cut(why));
                Outcome { status: DeliveryStatus::Refused, code, why, ..none }
            }
            Settled::Exhausted { why } => {
                Outcome { status: DeliveryStatus::Exhausted, why: cut(why), ..none }
            }
        }
    }
}

/// Writes how attempts ended that came together, each with its time.
///
/// # Errors
/// [`StoreError::LeaseLost`] if any of them is lost: who calls takes all back and asks one by one.
pub(crate) async fn settle_rows(
    tx: &mut Tx<'_>,
    settlements: &[(&Claim, &Outcome, Timestamp)],
) -> Result<(), StoreError> {
    if settlements.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE deliveries SET status = new.column3, due_at = new.column4, code = new.column5, \
         why = new.column6, answer = new.column7, settled_at = new.column8, \
         attempts = attempts - new.column9, fence = fence + 1 FROM (VALUES {}) AS new \
         WHERE event_id = new.column1 AND fence = new.column2 AND status = 'queued' \
         RETURNING event_id",
        places_of_rows(settlements.len(), 9)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (claim, outcome, now) in settlements {
        let sealed = |name, text: &Option<String>| {
            let cell = SealContext::new("deliveries", name, &claim.id);
            text.as_ref().map(|text| tx.seal.seal(cell, text.as_bytes())).transpose()
        };
        let over = outcome.due_at.is_none();
        query = query
            .bind(&claim.id)
            .bind(claim.fence)
            .bind(name_of(outcome.status)?)
            .bind(outcome.due_at.unwrap_or(*now).as_millisecond())
            .bind(&outcome.code)
            .bind(sealed("why", &outcome.why)?)
            .bind(sealed("answer", &outcome.answer)?)
            .bind(over.then(|| now.as_millisecond()))
            .bind(outcome.uncounted);
    }
    let held = query.fetch_all(&mut *tx.connection).await?;
    if held.len() < settlements.len() {
        return Err(StoreError::LeaseLost);
    }
    for (claim, outcome, now) in settlements {
        let what = match outcome.status {
            DeliveryStatus::Queued | DeliveryStatus::Undone => continue,
            DeliveryStatus::Delivered => "delivery.delivered",
            DeliveryStatus::Refused => "delivery.refused",
            DeliveryStatus::Exhausted => "delivery.exhausted",
        };
        tx.act(WriteContext::new("forwarder", *now));
        tx.audit(what, &claim.id, &outcome.code)?;
    }
    let refused = settlements.iter().filter(|(_, it, _)| it.status == DeliveryStatus::Refused);
    let refused: Vec<&str> = refused.map(|(claim, ..)| &*claim.id).collect();
    for device in devices_of(tx, &refused).await? {
        restand(tx, &device).await?;
    }
    crash_point("delivery.settling");
    Ok(())
}
