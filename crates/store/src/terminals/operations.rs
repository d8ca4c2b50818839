//! What happens to a terminal without a photo: operations that an operator reports, retirement,
//! verification, notes. Each stands in the audit trail under the terminal's device key.

use crate::database::audit::AuditEntry;
use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::tx::{Tx, WriteContext};
use crate::scans::scan_id::ScanId;
use crate::seal::context::IndexDomain;
use crate::store::Store;
use crate::terminals::registration::{
    Registered, Registration, carry_out, lock, set_step, told_as,
};
use serde::Serialize;
use serde_json::Value;
use validate::terminal::{State, Step, Transition};

/// What the audit trail keeps of a step that owes no event.
#[derive(Serialize)]
struct Noted<'a> {
    before: State,
    #[serde(flatten)]
    detail: &'a Value,
}

impl Store {
    /// Carries out an operation that no scan brought about. `scan` is the one that shows the
    /// terminal. The same operation again changes nothing; true if it was new.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal, [`StoreError::Forbidden`] if the
    /// operation may not follow what stands.
    pub async fn operate(
        &self,
        scan: ScanId,
        registration: &Registration,
        context: WriteContext<'_>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin(context).await?;
        lock(&mut tx, &self.device(&registration.device_key)).await?;
        let registered = carry_out(&mut tx, registration, &scan.to_string()).await?;
        let queued = tx.commit().await?;
        self.announce(queued).await;
        match registered {
            Registered::Queued | Registered::Linked(_) => Ok(queued),
            Registered::Forbidden(forbidden) => Err(forbidden.into()),
        }
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
    let (last, _) = lock(tx, device).await?;
    if last.transition(step)? == Transition::NoChange {
        return Ok(false);
    }
    set_step(tx, device, step, None).await?;
    let noted = Noted { before: last.state(), detail };
    tx.audit(&told_as(step)?, device, &noted)?;
    Ok(true)
}
