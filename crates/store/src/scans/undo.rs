//! Taking a decision back before the registry was told of it.

use crate::database::error::StoreError;
use crate::database::row::{column, name_of, named};
use crate::database::tx::WriteContext;
use crate::scans::decision::{Authority, Decided, Proposal};
use crate::scans::locked_scan::{LockedScan, lock};
use crate::scans::scan::Scan;
use crate::scans::scan_id::ScanId;
use crate::scans::status::ScanStatus;
use crate::seal::sealing::Seal;
use crate::store::Store;
use crate::terminals::nothing_new::NothingNew;
use crate::terminals::steps::take_back;
use serde::{Deserialize, Serialize};

/// What a decision replaced in its scan, and the events that it brought about.
#[derive(Serialize, Deserialize)]
pub(super) struct Undo {
    pub(super) events: Vec<String>,
    pub(super) status: ScanStatus,
    pub(super) decision: Option<Decided>,
    pub(super) device: Option<String>,
    pub(super) event_id: Option<String>,
    pub(super) forbidden: Option<String>,
    pub(super) nothing_new: Option<NothingNew>,
    pub(super) proposal: Option<Proposal>,
}

impl Undo {
    /// What the row says, to be put back.
    pub(super) fn of(row: &LockedScan, seal: &Seal) -> Result<Self, StoreError> {
        Ok(Self {
            events: Vec::new(),
            status: named(&row.row, "status")?,
            decision: row.open(seal, "decision")?,
            device: column(&row.row, "device")?,
            event_id: column(&row.row, "event_id")?,
            forbidden: column(&row.row, "forbidden")?,
            nothing_new: row.open::<NothingNew>(seal, "nothing_new")?,
            proposal: row.open(seal, "proposal")?,
        })
    }
}

impl Store {
    /// Takes the last decision about a scan back, as if it had not been made; the trail keeps both.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::UndoOver`] if there is none, the registry was told, or
    /// something else happened to the terminal; [`StoreError::AlreadyDecided`] if somebody else
    /// decided.
    pub async fn undo(
        &self,
        id: ScanId,
        authority: Authority,
        context: WriteContext<'_>,
    ) -> Result<Scan, StoreError> {
        let mut tx = self.begin(context).await?;
        let row = lock(&mut tx, id).await?;
        let decided: Option<Decided> = row.open(&self.seal, "decision")?;
        let undo: Option<Undo> = row.open(&self.seal, "undo")?;
        let (decided, undo) = decided.zip(undo).ok_or(StoreError::UndoOver)?;
        if decided.by != context.by && authority <= decided.authority {
            return Err(StoreError::AlreadyDecided(decided.told()));
        }
        // The scan no longer shows a terminal that is about to be gone.
        sqlx::query(
            "UPDATE scans SET status = $1, device = $2, event_id = $3, forbidden = $4, undo = NULL \
             WHERE id = $5",
        )
        .bind(name_of(undo.status)?)
        .bind(&undo.device)
        .bind(&undo.event_id)
        .bind(&undo.forbidden)
        .bind(&row.id)
        .execute(&mut *tx.connection)
        .await?;
        row.set(&mut tx, "decision", undo.decision.as_ref()).await?;
        row.set(&mut tx, "nothing_new", undo.nothing_new.as_ref()).await?;
        row.set(&mut tx, "proposal", undo.proposal.as_ref()).await?;
        for event in undo.events.iter().rev() {
            take_back(&mut tx, event).await?;
        }
        tx.audit("scan.undone", &row.id, &decided)?;
        tx.commit().await?;
        self.scan(id).await?.ok_or(StoreError::NotFound("scan"))
    }
}
