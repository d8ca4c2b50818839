//! The queue of scans that wait to be read: claim, then finish or release.

use crate::audit::Trail;
use crate::beside::remember;
use crate::crash_point;
use crate::registration::{Cause, Registered, register};
use crate::row::{column, count, ensure_held, name_of};
use crate::scans::id_in;
use crate::seal::{Cell, Seal};
use crate::writes::Write;
use crate::{Claim, Lease, Limits, Registration, Scan, ScanId, ScanStatus, Store, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};
use validate::{Judgement, Verdict};

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

/// What reading a scan came to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The judgement, or why there is none.
    pub found: Found,
    /// How long it took by step, an object of milliseconds.
    pub took_ms: Value,
    /// The registration that is owed. Only with an accepted verdict.
    pub registration: Option<Registration>,
}

/// A judgement, or why there is none.
#[derive(Clone, Debug)]
pub enum Found {
    /// The photos were read and judged.
    Judged(Judgement),
    /// The photos cannot be read. The scan becomes unreadable.
    Failed(Failure),
}

/// Why photos cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable code.
    pub code: String,
    /// What a person can do about it.
    pub hint: String,
}

impl Found {
    fn status(&self) -> ScanStatus {
        match self {
            Self::Judged(Judgement { verdict: Verdict::Accepted { .. }, .. }) => {
                ScanStatus::Accepted
            }
            Self::Judged(Judgement { verdict: Verdict::Review { .. }, .. }) => ScanStatus::Review,
            Self::Judged(_) | Self::Failed(_) => ScanStatus::Unreadable,
        }
    }
}

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
             WHERE id = $3 AND status = 'queued' AND due_at <= $1 \
             RETURNING id, fence, attempts, owner, details",
        )
        .bind(now.as_millisecond())
        .bind(lease.end_ms(now))
        .bind(id.to_string())
        .fetch_optional(self.database.writer())
        .await?;
        let claimed = row.as_ref().map(|row| claimed_from(row, &self.seal)).transpose()?;
        if claimed.is_some() {
            crash_point("scan.claimed");
        }
        Ok(claimed)
    }

    /// Claims up to `most` scans, first come first claimed. A scan whose claimer died keeps its
    /// place, so that it goes on as soon as its lease has ended, however many wait.
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
            "WITH picked AS MATERIALIZED (SELECT id FROM scans WHERE status = 'queued' \
             AND due_at <= $1 ORDER BY id LIMIT $3 {}) \
             UPDATE scans SET attempts = attempts + 1, fence = fence + 1, due_at = $2 \
             WHERE id IN (SELECT id FROM picked) RETURNING id, fence, attempts, owner, details",
            self.database.skip_locked()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(now.as_millisecond())
            .bind(lease.end_ms(now))
            .bind(self.limits.rows(most))
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
        check(&finding)?;
        let id: ScanId = claim.id.parse().map_err(|_| StoreError::LeaseLost)?;
        crash_point("scan.read");
        let queued = self.write(Write::Finish(claim.clone(), Box::new(finding)), now).await?;
        crash_point("scan.finished");
        self.announce(queued).await;
        self.scan(id).await?.ok_or(StoreError::NotFound("scan"))
    }
}

/// True if a delivery was queued.
pub(crate) async fn finish_rows(
    connection: &mut AnyConnection,
    trail: &mut Trail,
    seal: &Seal,
    limits: &Limits,
    claim: &Claim,
    finding: &Finding,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let status = finding.found.status();
    let cell = Cell::new("scans", "judgement", &claim.id);
    let (judgement, failure) = match &finding.found {
        Found::Judged(judgement) => (Some(seal.seal_json(cell, judgement)?), None),
        Found::Failed(failure) => (None, Some(json_text(failure)?)),
    };
    let changed = sqlx::query(
        "UPDATE scans SET status = $1, judgement = $2, failure = $3, took_ms = $4, \
         finished_at = $5, fence = fence + 1 \
         WHERE id = $6 AND fence = $7 AND status = 'queued'",
    )
    .bind(name_of(status)?)
    .bind(judgement)
    .bind(failure)
    .bind(json_text(&finding.took_ms)?)
    .bind(now.as_millisecond())
    .bind(&claim.id)
    .bind(claim.fence)
    .execute(&mut *connection)
    .await?;
    ensure_held(&changed)?;
    let queued = match &finding.registration {
        Some(registration) => {
            let cause = Cause { seal, limits, by: "reader", scan: &claim.id, now };
            let registered = register(connection, trail, registration, cause).await?;
            if let Found::Judged(judgement) = &finding.found {
                remember(connection, &judgement.identifiers, registration, cause).await?;
            }
            registered == Registered::Queued
        }
        None => false,
    };
    trail.add(now, "reader", "scan.finished", &claim.id, &status)?;
    crash_point("scan.finishing");
    Ok(queued)
}

/// A registration is owed for nothing but an accepted serial, and for that serial.
fn check(finding: &Finding) -> Result<(), StoreError> {
    let Some(registration) = &finding.registration else { return Ok(()) };
    match &finding.found {
        Found::Judged(Judgement { verdict: Verdict::Accepted { serial }, .. })
            if serial.device_key() == registration.device_key =>
        {
            Ok(())
        }
        _ => Err(StoreError::Invalid("a registration without its accepted serial".into())),
    }
}

pub(crate) fn json_text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Invalid(error.to_string()))
}

fn claimed_from(row: &AnyRow, seal: &Seal) -> Result<ClaimedScan, StoreError> {
    let id: String = column(row, "id")?;
    let details = column::<Vec<u8>>(row, "details")?;
    let details = seal.open_json(Cell::new("scans", "details", &id), &details)?;
    Ok(ClaimedScan {
        id: id_in(row, "id")?,
        claim: Claim { id, fence: column(row, "fence")? },
        attempts: count(row, "attempts")?,
        owner: column(row, "owner")?,
        details,
    })
}
