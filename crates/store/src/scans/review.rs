//! Reviews: handing each scan that waits for a person to one person at a time.
//!
//! A lease gives a scan to one holder until it ends; whoever asks next gets another one. It never
//! decides anything: [`Store::decide`] does, and a decision made without a lease still counts once.

use crate::database::claim::Lease;
use crate::database::error::StoreError;
use crate::database::row::count;
use crate::scans::scan_id::{ScanId, id_in};
use crate::store::Store;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

/// What takes a scan out of the others' reach: `$1` now, `$2` the holder, `$3` the lease's end.
const HOLD: &str = "UPDATE scans SET review_by = $2, review_until = $3 WHERE status = 'review' AND";

impl Store {
    /// Gives the holder a scan to review: the one that is still the holder's, for a new lease, else
    /// the oldest that nobody else has. `None` if there is none.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn claim_review(
        &self,
        holder: &str,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Option<ScanId>, StoreError> {
        let held = format!("{HOLD} review_by = $2 AND review_until > $1 RETURNING id");
        let free = format!(
            "WITH picked AS MATERIALIZED (SELECT id FROM scans WHERE status = 'review' \
             AND (review_until IS NULL OR review_until <= $1) ORDER BY id LIMIT 1 {}) \
             {HOLD} id IN (SELECT id FROM picked) RETURNING id",
            self.database.skip_locked()
        );
        for sql in [held, free] {
            let row = sqlx::query(AssertSqlSafe(sql))
                .bind(now.as_millisecond())
                .bind(holder)
                .bind(lease.end_ms(now))
                .fetch_optional(self.database.writer())
                .await?;
            if let Some(row) = row {
                return id_in(&row, "id").map(Some);
            }
        }
        Ok(None)
    }

    /// Puts a scan aside: nobody gets it until the time has passed.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if it is not the holder's any more.
    pub async fn put_review_aside(
        &self,
        id: ScanId,
        holder: &str,
        aside: Lease,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed = sqlx::query(
            "UPDATE scans SET review_by = NULL, review_until = $3 \
             WHERE id = $4 AND status = 'review' AND review_by = $2 AND review_until > $1",
        )
        .bind(now.as_millisecond())
        .bind(holder)
        .bind(aside.end_ms(now))
        .bind(id.to_string())
        .execute(self.database.writer())
        .await?;
        crate::database::row::ensure_held(&changed)
    }

    /// How many scans wait for a person, those that somebody looks at included.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn reviews_waiting(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS waiting FROM scans WHERE status = 'review'")
            .fetch_one(self.database.reader())
            .await?;
        count(&row, "waiting")
    }
}
