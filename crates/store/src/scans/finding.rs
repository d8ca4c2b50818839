//! What reading a scan came to, and the rows that it is written into.

use crate::database::claim::Claim;
use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::row::{column, name_of};
use crate::database::tx::{Tx, WriteContext};
use crate::scans::status::ScanStatus;
use crate::seal::context::SealContext;
use crate::terminals::registration::{Registered, Registration, register};
use crate::terminals::shared_identifiers::remember;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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

/// What the audit trail keeps of a scan that was read.
#[derive(Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) status: String,
    pub(crate) owner: String,
}

/// Writes what reading came to; true if a delivery was queued.
pub(crate) async fn finish_rows(
    tx: &mut Tx<'_>,
    claim: &Claim,
    finding: &Finding,
) -> Result<bool, StoreError> {
    let status = finding.found.status();
    let cell = SealContext::new("scans", "judgement", &claim.id);
    let (judgement, failure) = match &finding.found {
        Found::Judged(judgement) => (Some(tx.seal.seal_json(cell, judgement)?), None),
        Found::Failed(failure) => (None, Some(json_text(failure)?)),
    };
    let held = sqlx::query(
        "UPDATE scans SET status = $1, judgement = $2, failure = $3, took_ms = $4, \
         finished_at = $5, fence = fence + 1 \
         WHERE id = $6 AND fence = $7 AND status = 'queued' RETURNING owner",
    )
    .bind(name_of(status)?)
    .bind(judgement)
    .bind(failure)
    .bind(json_text(&finding.took_ms)?)
    .bind(tx.now.as_millisecond())
    .bind(&claim.id)
    .bind(claim.fence)
    .fetch_optional(&mut *tx.connection)
    .await?;
    let owner: String = column(&held.ok_or(StoreError::LeaseLost)?, "owner")?;
    let finished = Finished { status: name_of(status)?, owner };
    tx.audit("scan.finished", &claim.id, &finished)?;
    let queued = match &finding.registration {
        Some(registration) => {
            // What is done with the terminal, whoever sent the photo does.
            tx.act(WriteContext::new(&finished.owner, tx.now));
            let (registered, _) = register(tx, registration, &claim.id).await?;
            if let Found::Judged(judgement) = &finding.found {
                remember(tx, &judgement.identifiers, registration).await?;
            }
            matches!(registered, Registered::Queued | Registered::Seen(_))
        }
        None => false,
    };
    crash_point("scan.finishing");
    Ok(queued)
}

fn json_text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Invalid(error.to_string()))
}
