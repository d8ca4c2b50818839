//! How writes that come by the hundred share transactions.
//!
//! SQLite has one writer, PostgreSQL one end of the audit trail, and each commit waits for the disk.
//! While one commit waits, the writes that arrive queue up here, and the next transaction takes them
//! all: under load one wait for the disk serves dozens of uploads, and a single upload waits for
//! nobody.

use crate::database::audit_witness::AuditWitness;
use crate::database::engine::Database;
use crate::database::error::StoreError;
use crate::database::tx::{Tx, WriteContext};
use crate::database::writes::{Write, apply};
use crate::seal::sealing::Seal;
use crate::settings::Limits;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Writes that may share one transaction.
const GROUP_MAX: usize = 128;
/// How long a write may take, the wait for those before it included.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// Writes that may wait; more wait outside.
const WAITING_MAX: usize = 1024;

/// A write that waits for its transaction.
struct Waiting {
    write: Write,
    now: Timestamp,
    answer: oneshot::Sender<Result<bool, StoreError>>,
}

/// What a transaction is begun with.
struct Ground {
    database: Database,
    witness: AuditWitness,
    seal: Seal,
    limits: Limits,
}

/// Where writes are handed in that share transactions.
#[derive(Clone)]
pub(crate) struct CommitGroup(mpsc::Sender<Waiting>);

impl CommitGroup {
    /// Takes writes until the last clone is gone.
    pub(crate) fn start(
        database: Database,
        witness: AuditWitness,
        seal: Seal,
        limits: Limits,
    ) -> Self {
        let ground = Ground { database, witness, seal, limits };
        let (sender, mut waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            let mut group = Vec::new();
            while waiting.recv_many(&mut group, GROUP_MAX).await > 0 {
                let group = std::mem::take(&mut group);
                let writing = AssertUnwindSafe(write_group(&ground, group));
                // Whoever waits for a write that panicked hears that it is gone; the next ones are
                // written.
                if writing.catch_unwind().await.is_err() {
                    tracing::error!("a group of writes panicked");
                }
            }
        });
        Self(sender)
    }

    /// Writes durably, alone or together with others.
    pub(crate) async fn write(&self, write: Write, now: Timestamp) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        let gone = || StoreError::unavailable("the database", sqlx::Error::WorkerCrashed);
        let written = async {
            self.0.send(Waiting { write, now, answer }).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        };
        // Each step has its deadline, but a queue of a thousand has many steps before this one.
        timeout(WRITE_MAX, written).await.unwrap_or_else(|_| {
            Err(StoreError::unavailable("the database", sqlx::Error::PoolTimedOut))
        })
    }
}

/// What came of a transaction.
enum Together {
    /// It was committed: the answers, in order.
    Written(Vec<bool>),
    /// One of its writes failed, and all were taken back.
    Failed(StoreError),
}

/// One transaction for all. If a write fails, each gets a transaction of its own, so that it takes
/// back only itself; if the commit fails, none of them happened.
async fn write_group(ground: &Ground, group: Vec<Waiting>) {
    match write_together(ground, &group).await {
        Ok(Together::Written(answers)) => {
            for (waiting, answer) in group.into_iter().zip(answers) {
                waiting.tell(Ok(answer));
            }
        }
        Ok(Together::Failed(error)) if error.is_unavailable() => {
            // Nor would each of them by itself be written.
            group.into_iter().for_each(|waiting| waiting.tell(Err(error.shared())));
        }
        Ok(Together::Failed(_)) if group.len() > 1 => {
            for waiting in group {
                Box::pin(write_group(ground, vec![waiting])).await;
            }
        }
        Ok(Together::Failed(error)) => {
            if let Some(alone) = group.into_iter().next() {
                alone.tell(Err(error));
            }
        }
        Err(error) => group.into_iter().for_each(|waiting| waiting.tell(Err(error.shared()))),
    }
}

async fn write_together(ground: &Ground, group: &[Waiting]) -> Result<Together, StoreError> {
    let Some(first) = group.first() else { return Ok(Together::Written(Vec::new())) };
    // Each write says for itself on whose behalf it acts.
    let Ground { database, witness, seal, limits } = ground;
    let context = WriteContext::new("", first.now);
    let mut tx = Tx::begin(database, witness, seal, limits, context).await?;
    let writes: Vec<_> = group.iter().map(|waiting| (&waiting.write, waiting.now)).collect();
    match apply(&mut tx, &writes).await {
        Ok(answers) => {
            tx.commit().await?;
            Ok(Together::Written(answers))
        }
        Err(error) => {
            // On a full disk SQLite has done so by itself, which makes this an error.
            let _ = tx.connection.rollback().await;
            Ok(Together::Failed(error))
        }
    }
}

impl Waiting {
    /// Whoever asked may have left, as after a crash: what is written is written.
    fn tell(self, result: Result<bool, StoreError>) {
        let _ = self.answer.send(result);
    }
}
