//! Everything durable: scans, photos, terminals, the outbox, the audit trail, keys and sessions.
//!
//! A photo is durable before its row, a row is durable before [`Store::receive`] answers, and an
//! outbox row exists exactly if a registration is owed. Work is claimed with a lease and settled
//! with the claim's fencing token, so a crash anywhere means that a step repeats, never that it is
//! lost. The store must never await anything but its database while a transaction is open, never
//! read a clock, and never put a whole serial into an error or a log line. Photos and every column
//! that may hold a serial are sealed (`seal`).

mod access;
mod audit;
mod backup;
mod beside;
mod check;
mod claim;
mod crash;
mod database;
mod decision;
mod deliveries;
mod differences;
mod error;
mod estate;
mod figures;
mod find;
mod hash;
mod issue;
mod listen;
mod maintenance;
mod operations;
mod photos;
mod receive;
mod registration;
mod retention;
mod review;
mod row;
mod scan_queue;
mod scans;
mod seal;
mod settings;
mod terminals;
mod writes;

pub use access::{Key, NewKey, NewSignIn, Presented, Session};
pub use audit::AuditEntry;
pub use backup::{Backup, restore};
pub use beside::SameDevice;
pub use check::{Check, Fault, PhotoOf};
pub use claim::{Claim, Lease};
pub use crash::{CRASH_POINTS, crash_point};
pub use decision::{Action, Decided, Decision};
pub use deliveries::{ClaimedDelivery, Delivery, DeliveryFilter, DeliveryStatus, Settled};
pub use differences::EstateDifferences;
pub use error::StoreError;
pub use estate::{Awaited, Expected, Import, Imported};
pub use figures::{DeliveriesOf, Queues, ScansOfDay, Waiting};
pub use find::FoundTerminal;
pub use issue::ISSUED_AT_ONCE_MAX;
pub use maintenance::{MaintenancePhoto, MaintenanceRecord, NewMaintenancePhoto, Upkeep, Work};
pub use photos::StoredPhoto;
pub use receive::{Received, Upload, UploadedPhoto};
pub use registration::Registration;
pub use scan_queue::{ClaimedScan, Failure, Finding, Found};
pub use scans::{PhotoRecord, Scan, ScanFilter, ScanId, ScanStatus};
pub use seal::{Rotated, SealHeader, SealHeaderError, SealUse};
pub use settings::{Encryption, Limits, Settings};
pub use terminals::Terminal;

use database::{Database, Engine};
use listen::Listening;
use photos::Photos;
use seal::Seal;
use std::sync::Arc;
use tokio::sync::{Mutex, Notify};
use writes::Group;

/// The open store. Cloning is cheap; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    database: Database,
    photos: Photos,
    seal: Seal,
    limits: Limits,
    queued: Arc<Notify>,
    listening: Option<Arc<Listening>>,
    group: Group,
    /// Whoever gives serials out: many at once would wait for SQLite's one writer longer than a
    /// connection is waited for.
    issuing: Arc<Mutex<()>>,
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
        let seal = Seal::open(&database, &settings.encryption).await?;
        let photos = Photos::open(settings, seal.clone())?;
        let queued = Arc::new(Notify::new());
        let limits = settings.limits.clone();
        let group = Group::start(database.clone(), seal.clone(), limits.clone());
        let listening = (database.engine() == Engine::Postgres)
            .then(|| Arc::new(Listening::start(settings.database.clone(), queued.clone())));
        let issuing = Arc::default();
        Ok(Self { database, photos, seal, limits, queued, listening, group, issuing })
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

    /// Answers if the database and the place of the photos do.
    ///
    /// # Errors
    /// The reason why not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(self.database.reader()).await?;
        self.photos.ping().await
    }

    /// Closes the connections after what is under way; SQLite's log is merged into its file.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
