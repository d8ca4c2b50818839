//! The queue of deliveries: claim, settle, list, replay.

use crate::database::claim::{Claim, Lease, latest_due_ms};
use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::row::name_of;
use crate::database::tx::WriteContext;
use crate::database::writes::Write;
use crate::outbox::delivery::{
    ClaimedDelivery, Delivery, DeliveryFilter, Settled, claimed_from, delivery_from,
};
use crate::outbox::settlement::Outcome;
use crate::store::Store;
use crate::terminals::steps::{devices_of, is_outdated, restand};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

/// The longest that a delivery waits, by its schedule or at a registry's word: a day, and an hour.
const DELIVERY_WAIT_MAX_MS: i64 = 25 * 3_600_000;

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
             WHERE status = 'queued' AND (due_at <= $1 OR due_at > $4) AND NOT EXISTS (SELECT 1 FROM deliveries o \
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
            .bind(latest_due_ms(DELIVERY_WAIT_MAX_MS, lease, now))
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
        let outcome = Outcome::of(settled, &self.limits);
        self.commit_group.write(Write::Settle(claim.clone(), outcome), now).await?;
        crash_point("delivery.settled");
        Ok(())
    }

    /// A page of deliveries, newest first.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Page<Delivery>, StoreError> {
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
        .bind(self.limits.rows(filter.most) + 1)
        .fetch_all(self.database.reader())
        .await?;
        let found = rows.iter().map(|row| delivery_from(row, &self.seal));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(found, self.limits.rows(filter.most), |it| it.event_id.clone()))
    }

    /// Puts a delivery that was refused or given up back into the queue, or makes a waiting one
    /// due at once. Its id and its bytes stay; its attempts begin anew. What is delivered stays so,
    /// and what was refused stands again if nothing came after it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown id, [`StoreError::Invalid`] if it is delivered, was
    /// undone, or the registry was told something newer of the same terminal.
    pub async fn replay(
        &self,
        event_id: &str,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(context).await?;
        let changed = sqlx::query(
            "UPDATE deliveries SET status = 'queued', attempts = 0, fence = fence + 1, \
             due_at = $1, settled_at = NULL WHERE event_id = $2 \
             AND status <> 'delivered' AND status <> 'undone'",
        )
        .bind(tx.now.as_millisecond())
        .bind(event_id)
        .execute(&mut *tx.connection)
        .await?;
        if changed.rows_affected() == 0 {
            let known = sqlx::query("SELECT 1 FROM deliveries WHERE event_id = $1")
                .bind(event_id)
                .fetch_optional(&mut *tx.connection)
                .await?;
            return Err(match known {
                Some(_) => StoreError::Invalid("this delivery has arrived or was undone".into()),
                None => StoreError::NotFound("delivery"),
            });
        }
        if is_outdated(&mut tx, event_id).await? {
            let why = "the registry was told something newer of this terminal";
            return Err(StoreError::Invalid(why.into()));
        }
        for device in devices_of(&mut tx, &[event_id]).await? {
            restand(&mut tx, &device).await?;
        }
        tx.has_queued();
        tx.audit("delivery.replayed", event_id, &())?;
        let queued = tx.commit().await?;
        self.announce(queued).await;
        Ok(())
    }
}
