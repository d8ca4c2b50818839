//! The three writes that come by the hundred, and how they share transactions.
//!
//! SQLite has one writer, and each commit waits for the disk. While one commit waits, the writes
//! that arrive queue up here, and the next transaction takes them all: under load one wait for the
//! disk serves dozens of uploads, and a single upload waits for nobody. PostgreSQL does this by
//! itself across its connections, so there uploads and verdicts have transactions of their own. What
//! settles deliveries shares them there too: each adds to the audit trail, whose end one transaction
//! holds until its commit, so alone they would wait for the disk one after the other.

use crate::database::{Database, Engine};
use crate::deliveries::{Outcome, settle_row};
use crate::receive::{Prepared, insert_rows};
use crate::scan_queue::{Finding, finish_rows};
use crate::seal::Seal;
use crate::{Claim, Limits, Store, StoreError};
use jiff::Timestamp;
use sqlx::{AnyConnection, Connection};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Writes that may share one transaction.
const GROUP_MAX: usize = 128;
/// Writes that may wait; more wait outside.
const WAITING_MAX: usize = 1024;

/// A write, with everything that it needs.
pub(crate) enum Write {
    /// Answers true if the upload is new.
    Receive(Arc<Prepared>),
    /// Answers true if a delivery was queued.
    Finish(Claim, Box<Finding>),
    /// Answers true.
    Settle(Claim, Outcome),
}

impl Write {
    async fn apply(
        &self,
        connection: &mut AnyConnection,
        seal: &Seal,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Receive(prepared) => insert_rows(connection, seal, prepared, now).await,
            Self::Finish(claim, finding) => {
                finish_rows(connection, seal, limits, claim, finding, now).await
            }
            Self::Settle(claim, outcome) => settle_row(connection, seal, claim, outcome, now).await,
        }
    }
}

/// A write that waits for its transaction.
struct Waiting {
    write: Write,
    now: Timestamp,
    answer: oneshot::Sender<Result<bool, StoreError>>,
}

/// Where writes are handed in that share transactions.
#[derive(Clone)]
pub(crate) struct Group(mpsc::Sender<Waiting>);

impl Group {
    /// Takes writes until the last clone is gone.
    pub(crate) fn start(database: Database, seal: Seal, limits: Limits) -> Self {
        let (sender, mut waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            let mut group = Vec::new();
            while waiting.recv_many(&mut group, GROUP_MAX).await > 0 {
                write_group(&database, &seal, &limits, std::mem::take(&mut group)).await;
            }
        });
        Self(sender)
    }

    async fn write(&self, write: Write, now: Timestamp) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        let gone = |_| StoreError::unavailable("the database", sqlx::Error::WorkerCrashed);
        self.0.send(Waiting { write, now, answer }).await.map_err(|_| gone(()))?;
        answered.await.map_err(|_| gone(()))?
    }
}

/// One transaction for all. A write that fails takes only itself back; if the commit fails, none
/// of them happened.
async fn write_group(database: &Database, seal: &Seal, limits: &Limits, group: Vec<Waiting>) {
    let written = async {
        let mut transaction = database.begin().await?;
        let mut results = Vec::with_capacity(group.len());
        for waiting in &group {
            results.push(write_one(&mut transaction, seal, limits, waiting).await);
        }
        transaction.commit().await?;
        Ok::<_, StoreError>(results)
    };
    let results = match written.await {
        Ok(results) => results,
        Err(error) => group.iter().map(|_| Err(error.shared())).collect(),
    };
    for (waiting, result) in group.into_iter().zip(results) {
        // Whoever asked may have left, as after a crash: what is written is written.
        let _ = waiting.answer.send(result);
    }
}

async fn write_one(
    transaction: &mut AnyConnection,
    seal: &Seal,
    limits: &Limits,
    waiting: &Waiting,
) -> Result<bool, StoreError> {
    let mut savepoint = transaction.begin().await?;
    let result = waiting.write.apply(&mut savepoint, seal, limits, waiting.now).await;
    match &result {
        Ok(_) => savepoint.commit().await?,
        Err(_) => savepoint.rollback().await?,
    }
    result
}

impl Store {
    /// Writes durably, alone or together with others.
    pub(crate) async fn write(&self, write: Write, now: Timestamp) -> Result<bool, StoreError> {
        let shares = self.database.engine() == Engine::Sqlite || matches!(write, Write::Settle(..));
        if shares {
            return self.group.write(write, now).await;
        }
        let mut transaction = self.database.begin().await?;
        let result = write.apply(&mut transaction, &self.seal, &self.limits, now).await?;
        transaction.commit().await?;
        Ok(result)
    }
}
