//! What reading a scan came to, and the rows that it is written into.

use crate::database::audit::AuditBatch;
use crate::database::claim::Claim;
use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::row::{ensure_held, name_of};
use crate::scans::status::ScanStatus;
use crate::seal::context::SealContext;
use crate::seal::sealing::Seal;
use crate::settings::Limits;
use crate::terminals::registration::{Cause, Registered, Registration, register};
use crate::terminals::shared_identifiers::remember;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::AnyConnection;
use validate::{Judgement, Verdict};

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

impl Finding {
    /// A registration is owed for nothing but an accepted serial, and for that serial.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let Some(registration) = &self.registration else { return Ok(()) };
        match &self.found {
            Found::Judged(Judgement { verdict: Verdict::Accepted { serial }, .. })
                if serial.device_key() == registration.device_key =>
            {
                Ok(())
            }
            _ => Err(StoreError::Invalid("a registration without its accepted serial".into())),
        }
    }
}

/// True if a delivery was queued.
pub(crate) async fn finish_rows(
    connection: &mut AnyConnection,
    batch: &mut AuditBatch,
    seal: &Seal,
    limits: &Limits,
    claim: &Claim,
    finding: &Finding,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let status = finding.found.status();
    let cell = SealContext::new("scans", "judgement", &claim.id);
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
            let registered = register(connection, batch, registration, cause).await?;
            if let Found::Judged(judgement) = &finding.found {
                remember(connection, &judgement.identifiers, registration, cause).await?;
            }
            registered == Registered::Queued
        }
        None => false,
    };
    batch.add(now, "reader", "scan.finished", &claim.id, &status)?;
    crash_point("scan.finishing");
    Ok(queued)
}

fn json_text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Invalid(error.to_string()))
}
