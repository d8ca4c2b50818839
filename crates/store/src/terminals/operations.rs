//! What happens to a terminal without a photo: operations that an operator reports, retirement,
//! verification, notes. Each stands in the audit trail under the terminal's device key.

use crate::database::audit::{AuditBatch, AuditEntry, audit};
use crate::database::error::StoreError;
use crate::scans::scan_id::ScanId;
use crate::seal::context::IndexDomain;
use crate::seal::sealing::Seal;
use crate::store::Store;
use crate::terminals::registration::{
    Cause, Registered, Registration, carry_out, lock, set_step, told_as,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Any, AnyConnection, Transaction};
use validate::terminal::{Next, State, Step};

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
        by: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (mut transaction, device) = self.begin_on(&registration.device_key).await?;
        lock(&mut transaction, &self.seal, &device).await?;
        let scan = scan.to_string();
        let cause = Cause { seal: &self.seal, limits: &self.limits, by, scan: &scan, now };
        let mut batch = AuditBatch::default();
        let registered = carry_out(&mut transaction, &mut batch, registration, cause).await?;
        batch.write(&mut transaction, &self.seal).await?;
        transaction.commit().await?;
        match registered {
            Registered::Queued => {
                self.announce(true).await;
                Ok(true)
            }
            Registered::Linked(_) => Ok(false),
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
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut transaction, device) = self.begin_on(device_key).await?;
        step(&mut transaction, &self.seal, &device, Step::Retire, detail, by, now).await?;
        Ok(transaction.commit().await?)
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
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut transaction, device) = self.begin_on(device_key).await?;
        let seal = &self.seal;
        let changed =
            matches && step(&mut transaction, seal, &device, Step::Verify, detail, by, now).await?;
        if !changed {
            lock(&mut transaction, seal, &device).await?;
            let what = "terminal.verification";
            audit(&mut transaction, seal, now, by, what, &device, detail).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Notes something about a terminal that changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal.
    pub async fn note(
        &self,
        device_key: &str,
        detail: &Value,
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut transaction, device) = self.begin_on(device_key).await?;
        let seal = &self.seal;
        lock(&mut transaction, seal, &device).await?;
        audit(&mut transaction, seal, now, by, "terminal.noted", &device, detail).await?;
        Ok(transaction.commit().await?)
    }

    /// What happened to one terminal, oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn terminal_history(&self, device_key: &str) -> Result<Vec<AuditEntry>, StoreError> {
        self.history(&self.device(device_key)).await
    }

    /// A transaction on one terminal, and what its row is found by.
    async fn begin_on(
        &self,
        device_key: &str,
    ) -> Result<(Transaction<'static, Any>, String), StoreError> {
        Ok((self.database.begin().await?, self.device(device_key)))
    }

    fn device(&self, device_key: &str) -> String {
        self.seal.blind(IndexDomain::Device, device_key)
    }
}

/// A step that owes no event; true if it changed anything.
async fn step(
    connection: &mut AnyConnection,
    seal: &Seal,
    device: &str,
    step: Step,
    detail: &Value,
    by: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (standing, _) = lock(connection, seal, device).await?;
    if standing.follow(step)? == Next::Same {
        return Ok(false);
    }
    set_step(connection, device, step, None, now).await?;
    let noted = Noted { before: standing.state(), detail };
    audit(connection, seal, now, by, &told_as(step)?, device, &noted).await?;
    Ok(true)
}
