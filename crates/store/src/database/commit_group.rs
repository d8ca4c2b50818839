//! How writes that come by the hundred share transactions.
//!
//! SQLite has one writer, PostgreSQL one end of the audit trail, and each commit waits for the disk.
//! While one commit waits, the writes that arrive queue up here, and the next transaction takes them
//! all: under load one wait for the disk serves dozens of uploads, and a single upload waits for
//! nobody.

use crate::database::engine::Database;
use crate::database::error::StoreError;
use crate::database::tx::{Tx, WriteContext};
use crate::database::writes::{Write, apply};
use crate::seal::sealing::Seal;
use crate::settings::Limits;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

/// Writes that may share one transaction.
const GROUP_MAX: usize = 128;
/// Writes that may wait; more wait outside.
const WAITING_MAX: usize = 1024;

/// A write that waits for its transaction.
struct Waiting {
    write: Write,
    now: Timestamp,
    answer: oneshot::Sender<Result<bool, StoreError>>,
}

/// Where writes are handed in that share transactions.
#[derive(Clone)]
pub(crate) struct CommitGroup(mpsc::Sender<Waiting>);

impl CommitGroup {
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

    /// Writes durably, alone or together with others.
    pub(crate) async fn write(&self, write: Write, now: Timestamp) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        let gone = |_| StoreError::unavailable("the database", sqlx::Error::WorkerCrashed);
        self.0.send(Waiting { write, now, answer }).await.map_err(|_| gone(()))?;
        answered.await.map_err(|_| gone(()))?
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
async fn write_group(database: &Database, seal: &Seal, limits: &Limits, group: Vec<Waiting>) {
    match write_together(database, seal, limits, &group).await {
        Ok(Together::Written(answers)) => {
            for (waiting, answer) in group.into_iter().zip(answers) {
                waiting.tell(Ok(answer));
            }
        }
        Ok(Together::Failed(_)) if group.len() > 1 => {
            for waiting in group {
                Box::pin(write_group(database, seal, limits, vec![waiting])).await;
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

async fn write_together(
    database: &Database,
    seal: &Seal,
    limits: &Limits,
    group: &[Waiting],
) -> Result<Together, StoreError> {
    let Some(first) = group.first() else { return Ok(Together::Written(Vec::new())) };
    // Each write says for itself on whose behalf it acts.
    let mut tx = Tx::begin(database, seal, limits, WriteContext::new("", first.now)).await?;
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
