//! What a person says about a scan, recorded with its registration and its audit entry in one
//! transaction.

use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::row::{column, name_of};
use crate::database::tx::{Tx, WriteContext};
use crate::scans::decision::{Action, Decided, Decision, Proposal};
use crate::scans::locked_scan::{LockedScan, lock};
use crate::scans::scan::Scan;
use crate::scans::scan_id::ScanId;
use crate::scans::status::ScanStatus;
use crate::scans::undo::Undo;
use crate::seal::context::IndexDomain;
use crate::seal::sealing::Seal;
use crate::store::Store;
use crate::terminals::registration::{Registered, carry_out, register};
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
    /// [`StoreError::NotFound`], [`StoreError::AlreadyDecided`] if a person has decided and this may
    /// not replace it, [`StoreError::Invalid`] for a registration that is not this serial's.
    pub async fn decide(
        &self,
        id: ScanId,
        decision: Decision,
        now: Timestamp,
    ) -> Result<Scan, StoreError> {
        check(&decision)?;
        let decided = Decided {
            action: decision.action.clone(),
            by: decision.by.clone(),
            authority: decision.authority,
            at: now,
        };
        let mut tx = self.begin(WriteContext::new(&decided.by, now)).await?;
        let row = lock(&mut tx, id).await?;
        let before = Undo::of(&row, &self.seal)?;
        if let Some(standing) = &before.decision {
            if standing.action == decided.action {
                tx.connection.rollback().await?;
                return self.scan(id).await?.ok_or(StoreError::NotFound("scan"));
            }
            if !standing.may_be_replaced_by(&decision) {
                return Err(StoreError::AlreadyDecided(standing.told()));
            }
        }
        check_stands(&row, &self.seal, &decision)?;
        write(&mut tx, &row, &decided).await?;
        let events = carry(&mut tx, &row, &decision).await?;
        let undo = Undo { events, ..before };
        row.set(&mut tx, "undo", Some(&undo)).await?;
        let change = Change {
            decided: &decided,
            before: undo.decision.as_ref(),
            status_before: undo.status,
        };
        tx.audit(decided.action.audited_as(), &row.id, &change)?;
        crash_point("decision.recording");
        let queued = tx.commit().await?;
        self.announce(queued).await;
        self.scan(id).await?.ok_or(StoreError::NotFound("scan"))
    }

    /// Records a serial that somebody typed and somebody else is to look at: the scan waits for a
    /// person. What it registered stands until then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::AlreadyDecided`] if somebody with more authority has
    /// decided.
    pub async fn propose(
        &self,
        id: ScanId,
        proposal: Proposal,
        now: Timestamp,
    ) -> Result<Scan, StoreError> {
        let mut tx = self.begin(WriteContext::new(&proposal.by, now)).await?;
        let row = lock(&mut tx, id).await?;
        let before = Undo::of(&row, &self.seal)?;
        if let Some(standing) = before.decision.filter(|it| it.authority > proposal.authority) {
            return Err(StoreError::AlreadyDecided(standing.told()));
        }
        sqlx::query(
            "UPDATE scans SET status = 'review', undo = NULL, review_by = NULL, \
             review_until = NULL, finished_at = $1 WHERE id = $2",
        )
        .bind(now.as_millisecond())
        .bind(&row.id)
        .execute(&mut *tx.connection)
        .await?;
        row.set(&mut tx, "proposal", Some(&proposal)).await?;
        tx.audit("scan.proposed", &row.id, &proposal)?;
        tx.commit().await?;
        self.scan(id).await?.ok_or(StoreError::NotFound("scan"))
    }
}

/// The scan still stands for what the decision was made about: its reading may have ended in
/// the meantime.
fn check_stands(row: &LockedScan, seal: &Seal, decision: &Decision) -> Result<(), StoreError> {
    let Some(device) = column::<Option<String>>(&row.row, "device")? else { return Ok(()) };
    let known = decision.registration.iter().chain(&decision.withdrawal);
    let is_known = |key: &String| seal.blind(IndexDomain::Device, key) == device;
    if known.map(|it| &it.device_key).any(is_known) {
        return Ok(());
    }
    Err(StoreError::AlreadyDecided("the photo was read in the meantime: look again".into()))
}

/// Writes the decision into the scan, which stands for nothing until it is carried out.
async fn write(tx: &mut Tx<'_>, row: &LockedScan, decided: &Decided) -> Result<(), StoreError> {
    let status = match decided.action {
        Action::Reject { .. } => ScanStatus::Rejected,
        Action::Confirm { .. } | Action::Correct { .. } => ScanStatus::Accepted,
    };
    sqlx::query(
        "UPDATE scans SET status = $1, finished_at = $2, device = NULL, event_id = NULL, \
         forbidden = NULL, nothing_new = NULL, proposal = NULL WHERE id = $3",
    )
    .bind(name_of(status)?)
    .bind(tx.now.as_millisecond())
    .bind(&row.id)
    .execute(&mut *tx.connection)
    .await?;
    row.set(tx, "decision", Some(decided)).await
}

/// Registers what stands from now on and withdraws what does no more: the events that say so.
async fn carry(
    tx: &mut Tx<'_>,
    row: &LockedScan,
    decision: &Decision,
) -> Result<Vec<String>, StoreError> {
    let mut events = Vec::new();
    let mut wrong = match &decision.withdrawal {
        Some(wrong) if !is_shown_elsewhere(tx, &wrong.device_key).await? => Some(wrong),
        _ => None,
    };
    if let Some(registration) = &decision.registration {
        let mut owed = registration.clone();
        owed.placement.corrects = wrong.map(|wrong| wrong.device_key.clone());
        let (mut registered, _) = register(tx, &owed, &row.id).await?;
        if matches!(registered, Registered::Queued) {
            // One event tells both.
            wrong = None;
        } else if wrong.is_some() {
            (registered, _) = register(tx, registration, &row.id).await?;
        }
        if matches!(registered, Registered::Queued | Registered::Seen(_)) {
            events.push(registration.event_id.clone());
        }
        if let Some(judgement) = row.open::<Judgement>(tx.seal, "judgement")? {
            remember(tx, &judgement.identifiers, registration).await?;
        }
    }
    if let Some(wrong) = wrong
        && carry_out(tx, wrong, &row.id).await? == Registered::Queued
    {
        events.push(wrong.event_id.clone());
        if decision.registration.is_none() {
            sqlx::query("UPDATE scans SET event_id = $1 WHERE id = $2")
                .bind(&wrong.event_id)
                .bind(&row.id)
                .execute(&mut *tx.connection)
                .await?;
        }
    }
    Ok(events)
}

/// Whether another scan stands for a terminal: then it is no mistake.
async fn is_shown_elsewhere(tx: &mut Tx<'_>, device_key: &str) -> Result<bool, StoreError> {
    let device = tx.seal.blind(IndexDomain::Device, device_key);
    let shown =
        sqlx::query("SELECT 1 FROM scans WHERE device = $1 AND status = 'accepted' LIMIT 1")
            .bind(device)
            .fetch_optional(&mut *tx.connection)
            .await?;
    Ok(shown.is_some())
}

fn check(decision: &Decision) -> Result<(), StoreError> {
    let Some(registration) = &decision.registration else { return Ok(()) };
    match decision.action.serial() {
        Some(serial) if serial.device_key() == registration.device_key => Ok(()),
        _ => Err(StoreError::Invalid("a registration without its decided serial".into())),
    }
}
