//! The three writes that come by the hundred, and how they share transactions.
//!
//! SQLite has one writer, PostgreSQL one end of the audit trail, and each commit waits for the disk.
//! While one commit waits, the writes that arrive queue up here, and the next transaction takes them
//! all: under load one wait for the disk serves dozens of uploads, and a single upload waits for
//! nobody.

use crate::audit::Trail;
use crate::database::Database;
use crate::deliveries::{Outcome, settle_rows};
use crate::receive::{Prepared, insert_rows};
use crate::scan_queue::{Finding, finish_rows};
use crate::seal::Seal;
use crate::{Claim, Limits, Store, StoreError};
use jiff::Timestamp;
use sqlx::AnyConnection;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Writes that may share one transaction.
const GROUP_MAX: usize = 128;
/// Writes that may wait; more wait outside.
const WAITING_MAX: usize = 1024;

/// A write, with everything that it needs.
pub(crate) enum Write {
    /// Answers true if the upload is new, false if its key is taken.
    Receive(Arc<Prepared>),
    /// Answers true if a delivery was queued.
    Finish(Claim, Box<Finding>),
    /// Answers true.
    Settle(Claim, Outcome),
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
    let mut transaction = database.begin().await?;
    let mut trail = Trail::default();
    match apply(&mut transaction, &mut trail, seal, limits, group).await {
        Ok(answers) => {
            trail.write(&mut transaction, seal).await?;
            transaction.commit().await?;
            Ok(Together::Written(answers))
        }
        Err(error) => {
            // On a full disk SQLite has done so by itself, which makes this an error.
            let _ = transaction.rollback().await;
            Ok(Together::Failed(error))
        }
    }
}

/// Uploads and settlements need nothing that is written beside them, so they come first and share
/// statements.
async fn apply(
    connection: &mut AnyConnection,
    trail: &mut Trail,
    seal: &Seal,
    limits: &Limits,
    group: &[Waiting],
) -> Result<Vec<bool>, StoreError> {
    let uploads = group.iter().filter_map(|waiting| match &waiting.write {
        Write::Receive(prepared) => Some((prepared.as_ref(), waiting.now)),
        Write::Finish(..) | Write::Settle(..) => None,
    });
    let settlements = group.iter().filter_map(|waiting| match &waiting.write {
        Write::Settle(claim, outcome) => Some((claim, outcome, waiting.now)),
        Write::Receive(..) | Write::Finish(..) => None,
    });
    let new = insert_rows(connection, seal, &uploads.collect::<Vec<_>>()).await?;
    settle_rows(connection, trail, seal, &settlements.collect::<Vec<_>>()).await?;
    let mut answers = Vec::with_capacity(group.len());
    for Waiting { write, now, .. } in group {
        answers.push(match write {
            Write::Receive(prepared) => new.contains(&prepared.upload.id),
            Write::Finish(claim, finding) => {
                finish_rows(connection, trail, seal, limits, claim, finding, *now).await?
            }
            Write::Settle(..) => true,
        });
    }
    Ok(answers)
}

impl Waiting {
    /// Whoever asked may have left, as after a crash: what is written is written.
    fn tell(self, result: Result<bool, StoreError>) {
        let _ = self.answer.send(result);
    }
}

impl Store {
    /// Writes durably, alone or together with others.
    pub(crate) async fn write(&self, write: Write, now: Timestamp) -> Result<bool, StoreError> {
        self.group.write(write, now).await
    }
}
