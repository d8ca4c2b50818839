//! A transaction that may write. It knows on whose behalf and when it acts, with what it seals, and
//! what the audit trail is to say of it, so that whoever writes is handed one thing.

use crate::database::audit::{AuditBatch, AuditEntry};
use crate::database::audit_witness::AuditWitness;
use crate::database::connection::Transaction;
use crate::database::engine::Database;
use crate::database::error::StoreError;
use crate::database::row::to_json;
use crate::seal::sealing::Seal;
use crate::settings::Limits;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Executor;

/// On whose behalf something is written, and when.
#[derive(Clone, Copy, Debug)]
pub struct WriteContext<'a> {
    /// A person's or a key's name, or the part of the program.
    pub by: &'a str,
    /// The time that is recorded.
    pub now: Timestamp,
}

impl<'a> WriteContext<'a> {
    /// On behalf of `by`, at the time `now`.
    pub fn new(by: &'a str, now: Timestamp) -> Self {
        Self { by, now }
    }
}

/// An open transaction. Nothing but its connection may be awaited until it is committed; dropped
/// without that, it is taken back.
pub(crate) struct Tx<'a> {
    pub(crate) connection: Transaction,
    audit: AuditBatch,
    witness: AuditWitness,
    pub(crate) seal: &'a Seal,
    pub(crate) limits: &'a Limits,
    by: String,
    pub(crate) now: Timestamp,
    has_queued: bool,
}

impl<'a> Tx<'a> {
    pub(crate) async fn begin(
        database: &Database,
        witness: &AuditWitness,
        seal: &'a Seal,
        limits: &'a Limits,
        context: WriteContext<'_>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            connection: database.begin().await?,
            witness: witness.clone(),
            audit: AuditBatch::default(),
            seal,
            limits,
            by: context.by.into(),
            now: context.now,
            has_queued: false,
        })
    }

    /// From now on it acts on another's behalf or at another time, as when several share it.
    pub(crate) fn act(&mut self, context: WriteContext<'_>) {
        context.by.clone_into(&mut self.by);
        self.now = context.now;
    }

    /// Adds an entry to what the audit trail is to say of this transaction.
    pub(crate) fn audit(
        &mut self,
        what: &str,
        subject: &str,
        detail: &impl Serialize,
    ) -> Result<(), StoreError> {
        self.audit.add(AuditEntry {
            seq: 0,
            at: self.now,
            who: self.by.clone(),
            what: what.into(),
            subject: subject.into(),
            detail: to_json(detail)?,
            hash: Vec::new(),
        });
        Ok(())
    }

    /// A delivery was put into the queue, or back into it.
    pub(crate) fn has_queued(&mut self) {
        self.has_queued = true;
    }

    /// Begins what may be taken back by itself. One at a time.
    pub(crate) async fn attempt(&mut self) -> Result<(), StoreError> {
        self.connection.execute("SAVEPOINT attempt").await?;
        Ok(())
    }

    /// Keeps the rows that were written since [`Tx::attempt`].
    pub(crate) async fn keep_attempt(&mut self) -> Result<(), StoreError> {
        self.connection.execute("RELEASE SAVEPOINT attempt").await?;
        Ok(())
    }

    /// Takes back the rows that were written since [`Tx::attempt`].
    pub(crate) async fn take_attempt_back(&mut self) -> Result<(), StoreError> {
        self.connection.execute("ROLLBACK TO SAVEPOINT attempt").await?;
        self.keep_attempt().await
    }

    /// Writes the audit entries and commits. True if a delivery was queued, which is then to be
    /// announced.
    pub(crate) async fn commit(mut self) -> Result<bool, StoreError> {
        let end = self.audit.write(&mut self.connection, self.seal).await?;
        self.connection.commit().await?;
        if let Some(end) = end {
            self.witness.note(end, self.now);
        }
        Ok(self.has_queued)
    }
}
