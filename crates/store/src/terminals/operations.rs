//! What happens to a terminal without a photo: operations that an operator reports, retirement,
//! verification, notes. Each stands in the audit trail under the terminal's device key.

use crate::database::audit::AuditEntry;
use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::tx::{Tx, WriteContext};
use crate::scans::scan::Scan;
use crate::scans::scan_id::ScanId;
use crate::seal::context::IndexDomain;
use crate::store::Store;
use crate::terminals::locked::lock;
use crate::terminals::nothing_new::NothingNew;
use crate::terminals::registration::{Registered, Registration, carry_out, register, told_as};
use crate::terminals::steps::write_standing;
use serde::Serialize;
use serde_json::Value;
use validate::terminal::{Standing, State, Step, Transition};

/// What the audit trail keeps of a step that owes no event.
#[derive(Serialize)]
struct Noted<'a> {
    before: State,
    #[serde(flatten)]
    detail: &'a Value,
}

impl Store {
    /// Carries out an operation that no scan brought about. `scan` is the one that shows the
    /// terminal. What changes nothing is answered with what stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal, [`StoreError::Forbidden`] if the
    /// operation may not follow what stands.
    pub async fn operate(
        &self,
        scan: ScanId,
        registration: &Registration,
        context: WriteContext<'_>,
    ) -> Result<Option<NothingNew>, StoreError> {
        let mut tx = self.begin(context).await?;
        lock(&mut tx, &self.device(&registration.device_key)).await?;
        let registered = carry_out(&mut tx, registration, &scan.to_string()).await?;
        let queued = tx.commit().await?;
        self.announce(queued).await;
        match registered {
            Registered::Queued => Ok(None),
            Registered::Seen(nothing_new) | Registered::NothingNew(_, nothing_new) => {
                Ok(Some(nothing_new))
            }
            Registered::Forbidden(forbidden) => Err(forbidden.into()),
        }
    }

    /// Carries out an operation on the terminal that a scan shows, as if it had been said with the
    /// photo: the scan says from then on what came of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal, [`StoreError::Forbidden`] if the
    /// operation may not follow what stands.
    pub async fn operate_on_shown(
        &self,
        scan: ScanId,
        registration: &Registration,
        context: WriteContext<'_>,
    ) -> Result<Scan, StoreError> {
        let mut tx = self.begin(context).await?;
        lock(&mut tx, &self.device(&registration.device_key)).await?;
        let (_, forbidden) = register(&mut tx, registration, &scan.to_string()).await?;
        if let Some(forbidden) = forbidden {
            return Err(forbidden.into());
        }
        let queued = tx.commit().await?;
        self.announce(queued).await;
        self.scan(scan).await?.ok_or(StoreError::NotFound("scan"))
    }

    /// Takes a terminal out of service for good. Nothing is told to the registry.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal.
    pub async fn retire(
        &self,
        device_key: &str,
        detail: &Value,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(context).await?;
        step(&mut tx, &self.device(device_key), Step::Retire, detail).await?;
        tx.commit().await.map(drop)
    }

    /// Records that somebody compared a terminal with what is recorded. If all was as it should
    /// be, a terminal that was only named counts as verified from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal.
    pub async fn verify(
        &self,
        device_key: &str,
        matches: bool,
        detail: &Value,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let (mut tx, device) = (self.begin(context).await?, self.device(device_key));
        let changed = matches && step(&mut tx, &device, Step::Verify, detail).await?;
        if !changed {
            lock(&mut tx, &device).await?;
            tx.audit("terminal.verification", &device, detail)?;
        }
        tx.commit().await.map(drop)
    }

    /// Notes something about a terminal that changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal.
    pub async fn note(
        &self,
        device_key: &str,
        detail: &Value,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let (mut tx, device) = (self.begin(context).await?, self.device(device_key));
        lock(&mut tx, &device).await?;
        tx.audit("terminal.noted", &device, detail)?;
        tx.commit().await.map(drop)
    }

    /// A page of what happened to one terminal and to `others`, its scans and deliveries; the newest
    /// first.
    ///
    /// # Errors
    /// As [`Store::history`].
    pub async fn terminal_history(
        &self,
        device_key: &str,
        others: &[String],
        after: Option<&str>,
        most: u32,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let device = self.device(device_key);
        let others = others.iter().map(String::as_str);
        let subjects: Vec<&str> = std::iter::once(device.as_str()).chain(others).collect();
        self.history(&subjects, after, most).await
    }

    /// What a terminal's row is found by.
    fn device(&self, device_key: &str) -> String {
        self.seal.blind(IndexDomain::Device, device_key)
    }
}

/// A step that owes no event; true if it changed anything.
async fn step(
    tx: &mut Tx<'_>,
    device: &str,
    step: Step,
    detail: &Value,
) -> Result<bool, StoreError> {
    let locked = lock(tx, device).await?;
    if locked.standing.transition(step)? == Transition::NoChange {
        return Ok(false);
    }
    // The registry is not told: what it knows of the terminal's place stays what is recorded.
    let standing = Standing { step, ..locked.standing.clone() };
    write_standing(tx, device, &standing, &locked.event_id, tx.now).await?;
    let noted = Noted { before: locked.state(), detail };
    tx.audit(&told_as(step)?, device, &noted)?;
    Ok(true)
}
