//! The queue of scans that wait to be read: claim, then finish or release.

use crate::database::claim::{Claim, Lease, latest_due_ms};
use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::row::{column, count, ensure_held};
use crate::database::writes::Write;
use crate::scans::finding::Finding;
use crate::scans::scan::Scan;
use crate::scans::scan_id::{ScanId, id_in};
use crate::seal::context::SealContext;
use crate::seal::sealing::Seal;
use crate::store::Store;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

/// A scan that belongs to its claimer until the lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedScan {
    /// The scan.
    pub id: ScanId,
    /// The token to finish or release it with.
    pub claim: Claim,
    /// How often it was claimed, this time included: 1 at the first. A scan whose reading kills
    /// the process is counted too.
    pub attempts: u32,
    /// Who uploaded it.
    pub owner: String,
    /// What was said with the upload.
    pub details: Value,
}

/// A scan waits for nothing but a lease; nodes' clocks may be a minute apart.
const SCAN_WAIT_MAX_MS: i64 = 60_000;

impl Store {
    /// Claims one scan for the handler that received it. `None` if another has it or it is
    /// finished.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn claim_scan(
        &self,
        id: ScanId,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Option<ClaimedScan>, StoreError> {
        let row = sqlx::query(
            "UPDATE scans SET attempts = attempts + 1, fence = fence + 1, due_at = $2 \
             WHERE id = $3 AND status = 'queued' AND (due_at <= $1 OR due_at > $4) \
             RETURNING id, fence, attempts, owner, details",
        )
        .bind(now.as_millisecond())
        .bind(lease.end_ms(now))
        .bind(id.to_string())
        .bind(latest_due_ms(SCAN_WAIT_MAX_MS, lease, now))
        .fetch_optional(self.database.writer())
        .await?;
        let claimed = row.as_ref().map(|row| claimed_from(row, &self.seal)).transpose()?;
        if claimed.is_some() {
            crash_point("scan.claimed");
        }
        Ok(claimed)
    }

    /// Claims up to `most` scans: owners take turns, and of one owner's the first that came is the
    /// first claimed. A scan whose claimer died keeps its place, so that it goes on as soon as its
    /// lease has ended, however many wait.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn claim_scans(
        &self,
        most: u32,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Vec<ClaimedScan>, StoreError> {
        let sql = format!(
            "WITH due AS (SELECT id, ROW_NUMBER() OVER (PARTITION BY owner ORDER BY id) AS turn \
             FROM scans WHERE status = 'queued' AND (due_at <= $1 OR due_at > $4)), \
             picked AS MATERIALIZED (SELECT id FROM scans WHERE status = 'queued' \
             AND (due_at <= $1 OR due_at > $4) AND id IN (SELECT id FROM due ORDER BY turn, id LIMIT $3) {}) \
             UPDATE scans SET attempts = attempts + 1, fence = fence + 1, due_at = $2 \
             WHERE id IN (SELECT id FROM picked) RETURNING id, fence, attempts, owner, details",
            self.database.skip_locked()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(now.as_millisecond())
            .bind(lease.end_ms(now))
            .bind(self.limits.rows(most))
            .bind(latest_due_ms(SCAN_WAIT_MAX_MS, lease, now))
            .fetch_all(self.database.writer())
            .await?;
        let mut claimed =
            rows.iter().map(|row| claimed_from(row, &self.seal)).collect::<Result<Vec<_>, _>>()?;
        claimed.sort_by_key(|claimed| claimed.id);
        if !claimed.is_empty() {
            crash_point("scan.claimed");
        }
        Ok(claimed)
    }

    /// Gives a claimed scan back at once, for a graceful stop. The attempt still counts.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if it is no longer the claimer's.
    pub async fn release(&self, claim: &Claim, now: Timestamp) -> Result<(), StoreError> {
        let changed = sqlx::query(
            "UPDATE scans SET due_at = $1, fence = fence + 1 \
             WHERE id = $2 AND fence = $3 AND status = 'queued'",
        )
        .bind(now.as_millisecond())
        .bind(&claim.id)
        .bind(claim.fence)
        .execute(self.database.writer())
        .await?;
        ensure_held(&changed)
    }

    /// Records what reading came to. One transaction: the verdict, the terminal, the outbox row
    /// if a registration is owed, the audit entry.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if another has the scan or it is finished; nothing is recorded.
    pub async fn finish(
        &self,
        claim: &Claim,
        finding: Finding,
        now: Timestamp,
    ) -> Result<Scan, StoreError> {
        finding.check()?;
        let id: ScanId = claim.id.parse().map_err(|_| StoreError::LeaseLost)?;
        crash_point("scan.read");
        let queued =
            self.commit_group.write(Write::Finish(claim.clone(), Box::new(finding)), now).await?;
        crash_point("scan.finished");
        self.announce(queued).await;
        self.scan(id).await?.ok_or(StoreError::NotFound("scan"))
    }
}

fn claimed_from(row: &AnyRow, seal: &Seal) -> Result<ClaimedScan, StoreError> {
    let id: String = column(row, "id")?;
    let details = column::<Vec<u8>>(row, "details")?;
    let details = seal.open_json(SealContext::new("scans", "details", &id), &details)?;
    Ok(ClaimedScan {
        id: id_in(row, "id")?,
        claim: Claim { id, fence: column(row, "fence")? },
        attempts: count(row, "attempts")?,
        owner: column(row, "owner")?,
        details,
    })
}
