//! The open store: its connections, its photos, its keys. What it does stands in the folders, by
//! subject.

use crate::database::audit_witness::{AuditWitness, TrailEnd};
use crate::database::commit_group::CommitGroup;
use crate::database::engine::{Database, Engine};
use crate::database::error::StoreError;
use crate::database::tx::{Tx, WriteContext};
use crate::database::writes::Write;
use crate::outbox::listen::Listening;
use crate::photos::objects::{Photos, blocking};
use crate::seal::sealing::Seal;
use crate::settings::{Limits, Settings};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

/// How long the parts of the store may take to show that they work.
const PING_MAX: Duration = Duration::from_millis(900);

/// The open store. Cloning is cheap; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) witness: AuditWitness,
    pub(crate) photos: Photos,
    pub(crate) seal: Seal,
    pub(crate) limits: Limits,
    pub(crate) queued: Arc<Notify>,
    pub(crate) listening: Option<Arc<Listening>>,
    pub(crate) commit_group: CommitGroup,
    /// Whoever gives serials out: many at once would wait for SQLite's one writer longer than a
    /// connection is waited for.
    pub(crate) issuing: Arc<Mutex<()>>,
}

impl Store {
    /// Connects to the database and the photos, and brings the tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Settings`] for an address that cannot be used, [`StoreError::Newer`] if a
    /// newer program has been at the database, [`StoreError::Unavailable`] if it does not answer.
    /// Sealed data is refused without its keys, and open data with encryption on.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let database = Database::open(&settings.database, &settings.limits).await?;
        let (seal, is_new) = Seal::open(&database, &settings.encryption).await?;
        let witness = AuditWitness::of(&settings.database, &seal);
        if is_new {
            witness.begin_at(TrailEnd::default())?;
        }
        let photos = Photos::open(settings, seal.clone())?;
        let queued = Arc::new(Notify::new());
        let limits = settings.limits.clone();
        let commit_group =
            CommitGroup::start(database.clone(), witness.clone(), seal.clone(), limits.clone());
        let listening = (database.engine() == Engine::Postgres)
            .then(|| Arc::new(Listening::start(settings.database.clone(), queued.clone())));
        let issuing = Arc::default();
        Ok(Self {
            database,
            witness,
            photos,
            seal,
            limits,
            queued,
            listening,
            commit_group,
            issuing,
        })
    }

    /// The key file, if opening this store made it: somebody should keep a copy of it.
    pub fn keys_made(&self) -> Option<&std::path::Path> {
        self.seal.made()
    }

    /// Is notified after each commit that put a delivery into the queue or back into it, on
    /// PostgreSQL by any node. A hint: look into the queue every now and then as well.
    pub fn delivery_queued(&self) -> Arc<Notify> {
        self.queued.clone()
    }

    /// Answers within a second whether an upload could be taken now: writes a row the way that every
    /// row goes, reads it, and writes an object where the photos are.
    ///
    /// # Errors
    /// The reason why not.
    pub async fn ping(&self, now: Timestamp) -> Result<(), StoreError> {
        let rows = async {
            self.commit_group.write(Write::Probe, now).await?;
            sqlx::query("SELECT n FROM probe").fetch_one(self.database.reader()).await?;
            Ok(())
        };
        let rows = async {
            timeout(PING_MAX, rows).await.unwrap_or(Err(StoreError::late("the database")))
        };
        let photos = timeout(PING_MAX, self.photos.ping());
        let photos = async { photos.await.unwrap_or(Err(StoreError::late("the photos' place"))) };
        let (rows, photos) = tokio::join!(rows, photos);
        rows.and(photos)
    }

    /// Begins a transaction on somebody's behalf.
    pub(crate) async fn begin(&self, context: WriteContext<'_>) -> Result<Tx<'_>, StoreError> {
        Tx::begin(&self.database, &self.witness, &self.seal, &self.limits, context).await
    }

    /// Closes the connections after what is under way; SQLite's log is merged into its file.
    pub async fn close(&self) {
        let witness = self.witness.clone();
        // What it has not written is told by the next check, at worst.
        let _ = blocking("witnessing the audit trail", move || {
            witness.finish();
            Ok(())
        })
        .await;
        self.database.close().await;
    }
}
