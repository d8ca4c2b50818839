//! The outbox: registrations on their way to the registry.

use crate::audit::{Trail, audit};
use crate::crash_point;
use crate::row::{column, count, name_of, named, places_of_rows, time, time_or_none};
use crate::scans::id_in;
use crate::seal::{Cell, Seal};
use crate::writes::Write;
use crate::{Claim, Lease, ScanId, Store, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

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
    /// Only those after this one in the listing, which are older.
    pub after: Option<String>,
    /// At most so many; 0 and too many mean the limit.
    pub most: u32,
}

/// The columns that settling writes.
pub(crate) struct Outcome {
    status: DeliveryStatus,
    due_at: Option<Timestamp>,
    code: Option<String>,
    why: Option<String>,
    answer: Option<String>,
    uncounted: i64,
}

impl Store {
    /// Claims up to `most` deliveries that are due. One device's go in order: a delivery waits
    /// until the older ones of its device are settled.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn claim_deliveries(
        &self,
        most: u32,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let sql = format!(
            "WITH picked AS MATERIALIZED (SELECT event_id FROM deliveries d \
             WHERE status = 'queued' AND due_at <= $1 AND NOT EXISTS (SELECT 1 FROM deliveries o \
             WHERE o.device = d.device AND o.status = 'queued' \
             AND (o.created_at, o.event_id) < (d.created_at, d.event_id)) \
             ORDER BY due_at, event_id LIMIT $3 {}) \
             UPDATE deliveries SET attempts = attempts + 1, fence = fence + 1, due_at = $2 \
             WHERE event_id IN (SELECT event_id FROM picked) \
             RETURNING event_id, fence, device_key, event, attempts",
            self.database.skip_locked()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(now.as_millisecond())
            .bind(lease.end_ms(now))
            .bind(self.limits.rows(most))
            .fetch_all(self.database.writer())
            .await?;
        if !rows.is_empty() {
            crash_point("delivery.claimed");
        }
        rows.iter().map(|row| claimed_from(row, &self.seal)).collect()
    }

    /// Records how an attempt ended.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if another has the delivery or it is settled; nothing changes.
    pub async fn settle(
        &self,
        claim: &Claim,
        settled: Settled,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        crash_point("delivery.answered");
        let outcome = self.outcome(settled);
        self.write(Write::Settle(claim.clone(), outcome), now).await?;
        crash_point("delivery.settled");
        Ok(())
    }

    fn outcome(&self, settled: Settled) -> Outcome {
        let none = Outcome {
            status: DeliveryStatus::Queued,
            due_at: None,
            code: None,
            why: None,
            answer: None,
            uncounted: 0,
        };
        let cut = |text: String| Some(self.limits.cut(&text));
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

    /// A page of deliveries, newest first.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT event_id, device_key, scan_id, created_at, status, attempts, due_at, code, \
             why, answer, settled_at FROM deliveries \
             WHERE (CAST($1 AS TEXT) IS NULL OR status = $1) \
             AND (CAST($2 AS TEXT) IS NULL OR (created_at, event_id) < \
             (SELECT a.created_at, a.event_id FROM deliveries a WHERE a.event_id = $2)) \
             ORDER BY created_at DESC, event_id DESC LIMIT $3",
        )
        .bind(filter.status.map(name_of).transpose()?)
        .bind(filter.after.clone())
        .bind(self.limits.rows(filter.most))
        .fetch_all(self.database.reader())
        .await?;
        rows.iter().map(|row| delivery_from(row, &self.seal)).collect()
    }

    /// Puts a delivery that was refused or given up back into the queue, or makes a waiting one
    /// due at once. Its id and its bytes stay; its attempts begin anew. What is delivered stays so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown id, [`StoreError::Invalid`] if it is delivered.
    pub async fn replay(&self, event_id: &str, by: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        let changed = sqlx::query(
            "UPDATE deliveries SET status = 'queued', attempts = 0, fence = fence + 1, \
             due_at = $1, settled_at = NULL WHERE event_id = $2 AND status <> 'delivered'",
        )
        .bind(now.as_millisecond())
        .bind(event_id)
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            let known = sqlx::query("SELECT 1 FROM deliveries WHERE event_id = $1")
                .bind(event_id)
                .fetch_optional(&mut *transaction)
                .await?;
            return Err(match known {
                Some(_) => StoreError::Invalid("this delivery has arrived".into()),
                None => StoreError::NotFound("delivery"),
            });
        }
        audit(&mut transaction, &self.seal, now, by, "delivery.replayed", event_id, &()).await?;
        transaction.commit().await?;
        self.announce(true).await;
        Ok(())
    }
}

/// Writes how attempts ended that came together, each with its time.
///
/// # Errors
/// [`StoreError::LeaseLost`] if any of them is lost: who calls takes all back and asks one by one.
pub(crate) async fn settle_rows(
    connection: &mut AnyConnection,
    trail: &mut Trail,
    seal: &Seal,
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
            let cell = Cell::new("deliveries", name, &claim.id);
            text.as_ref().map(|text| seal.seal(cell, text.as_bytes())).transpose()
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
    let held = query.fetch_all(connection).await?;
    if held.len() < settlements.len() {
        return Err(StoreError::LeaseLost);
    }
    for (claim, outcome, now) in settlements {
        let what = match outcome.status {
            DeliveryStatus::Queued => continue,
            DeliveryStatus::Delivered => "delivery.delivered",
            DeliveryStatus::Refused => "delivery.refused",
            DeliveryStatus::Exhausted => "delivery.exhausted",
        };
        trail.add(*now, "forwarder", what, &claim.id, &outcome.code)?;
    }
    crash_point("delivery.settling");
    Ok(())
}

fn claimed_from(row: &AnyRow, seal: &Seal) -> Result<ClaimedDelivery, StoreError> {
    let event_id: String = column(row, "event_id")?;
    let event = Cell::new("deliveries", "event", &event_id);
    Ok(ClaimedDelivery {
        claim: Claim { id: event_id.clone(), fence: column(row, "fence")? },
        device_key: device_key(row, &event_id, seal)?,
        bytes: seal.open_value(event, &column::<Vec<u8>>(row, "event")?)?,
        attempts: count(row, "attempts")?,
        event_id,
    })
}

fn delivery_from(row: &AnyRow, seal: &Seal) -> Result<Delivery, StoreError> {
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
    let cell = Cell::new("deliveries", "device_key", event_id);
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
    let text = seal.open_value(Cell::new("deliveries", name, event_id), &stored)?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}
