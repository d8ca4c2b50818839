//! What a person says about a scan, recorded with its registration and its audit entry in one
//! transaction.

use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::row::{column, ensure_held, name_of, named};
use crate::database::tx::WriteContext;
use crate::scans::decision::{Action, Decided, Decision};
use crate::scans::scan::Scan;
use crate::scans::scan_id::ScanId;
use crate::scans::status::ScanStatus;
use crate::seal::context::SealContext;
use crate::store::Store;
use crate::terminals::registration::register;
use crate::terminals::shared_identifiers::remember;
use jiff::Timestamp;
use serde::Serialize;
use validate::Judgement;

/// What the audit trail keeps of a decision.
#[derive(Serialize)]
struct Change<'a> {
    decided: &'a Decided,
    /// What a person had decided before.
    before: Option<&'a Decided>,
    status_before: ScanStatus,
}

impl Store {
    /// Records what a person decided. The same decision again changes nothing. A scan that is
    /// being read is decided all the same: the reader's finding then comes too late.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::AlreadyDecided`] if a person has decided and this is
    /// no correction, [`StoreError::Invalid`] for a registration that is not this serial's.
    pub async fn decide(
        &self,
        id: ScanId,
        decision: Decision,
        now: Timestamp,
    ) -> Result<Scan, StoreError> {
        check(&decision)?;
        let decided = Decided { action: decision.action, by: decision.by, at: now };
        let status = match decided.action {
            Action::Reject { .. } => ScanStatus::Rejected,
            Action::Confirm { .. } | Action::Correct { .. } => ScanStatus::Accepted,
        };
        let mut tx = self.begin(WriteContext::new(&decided.by, now)).await?;
        // Taking the row's lock first lets two people decide one after the other.
        let row = sqlx::query(
            "UPDATE scans SET fence = fence + 1 WHERE id = $1 RETURNING status, decision, judgement",
        )
        .bind(id.to_string())
        .fetch_optional(&mut *tx.connection)
        .await?
        .ok_or(StoreError::NotFound("scan"))?;
        let row_id = id.to_string();
        let cell = SealContext::new("scans", "decision", &row_id);
        let before: Option<Decided> = column::<Option<Vec<u8>>>(&row, "decision")?
            .map(|stored| self.seal.open_json(cell, &stored))
            .transpose()?;
        if let Some(before) = &before {
            if before.action == decided.action {
                tx.connection.rollback().await?;
                return self.scan(id).await?.ok_or(StoreError::NotFound("scan"));
            }
            if !matches!(decided.action, Action::Correct { .. }) {
                return Err(StoreError::AlreadyDecided);
            }
        }
        let changed = sqlx::query(
            "UPDATE scans SET status = $1, decision = $2, finished_at = $4 WHERE id = $3",
        )
        .bind(name_of(status)?)
        .bind(self.seal.seal_json(cell, &decided)?)
        .bind(&row_id)
        .bind(now.as_millisecond())
        .execute(&mut *tx.connection)
        .await?;
        ensure_held(&changed)?;
        if let Some(registration) = &decision.registration {
            register(&mut tx, registration, &row_id).await?;
            let cell = SealContext::new("scans", "judgement", &row_id);
            if let Some(stored) = column::<Option<Vec<u8>>>(&row, "judgement")? {
                let judgement: Judgement = self.seal.open_json(cell, &stored)?;
                remember(&mut tx, &judgement.identifiers, registration).await?;
            }
        }
        let status_before = named(&row, "status")?;
        let change = Change { decided: &decided, before: before.as_ref(), status_before };
        tx.audit(decided.action.audited_as(), &row_id, &change)?;
        crash_point("decision.recording");
        let queued = tx.commit().await?;
        self.announce(queued).await;
        self.scan(id).await?.ok_or(StoreError::NotFound("scan"))
    }
}

fn check(decision: &Decision) -> Result<(), StoreError> {
    let Some(registration) = &decision.registration else { return Ok(()) };
    match decision.action.serial() {
        Some(serial) if serial.device_key() == registration.device_key => Ok(()),
        _ => Err(StoreError::Invalid("a registration without its decided serial".into())),
    }
}
