//! Everything durable: scans, photos, terminals, the outbox, the audit trail, keys and sessions.
//!
//! A photo is durable before its row, a row is durable before [`Store::receive`] answers, and an
//! outbox row exists exactly if a registration is owed. Work is claimed with a lease and settled
//! with the claim's fencing token, so a crash anywhere means that a step repeats, never that it is
//! lost. The store must never await anything but its database while a transaction is open, never
//! read a clock, and never put a whole serial into an error or a log line. Photos and every column
//! that may hold a serial are sealed.
//!
//! - `store`: [`Store`], opened and closed; every folder adds its own methods to it
//! - `scans`: an upload, its reading, its verdict, people's decisions, its end
//! - `terminals`: one row a device, the operations on it, and what is owed to the registry for them
//! - `outbox`: deliveries that wait for the registry, and how each was settled
//! - `estate`: the serials that are expected or were given out
//! - `maintenance`: a terminal's warranty and service history
//! - `photos`: the photos' bytes in a folder or an S3 store
//! - `seal`: encryption at rest, blind indexes, rotation of the keys
//! - `access`: keys, sign-in links, sessions
//! - `operate`: backup, check, statistics
//! - `database`: the engine, transactions, the commit group, the audit trail, errors, claims
//! - `state_file`: files that several processes may change, under a lock
//! - `settings`: where the store lives, and its limits

mod access;
mod database;
mod estate;
mod maintenance;
mod operate;
mod outbox;
mod photos;
mod scans;
mod seal;
mod settings;
mod state_file;
mod store;
mod terminals;

pub use access::keys::{Key, NewKey, Presented};
pub use access::sessions::{NewSignIn, OpenSession, Session};
pub use database::audit::AuditEntry;
pub use database::claim::{Claim, Lease};
pub use database::crash::{CRASH_POINTS, crash_point};
pub use database::error::StoreError;
pub use database::page::Page;
pub use database::tx::WriteContext;
pub use estate::differences::EstateDifferences;
pub use estate::expected::{Awaited, Expected, Import, Imported};
pub use estate::issue::ISSUED_AT_ONCE_MAX;
pub use maintenance::photos::{MaintenancePhoto, NewMaintenancePhoto};
pub use maintenance::service_history::{MaintenanceRecord, ServiceHistory, Work};
pub use operate::backup::{Backup, restore};
pub use operate::check::{Check, Fault, PhotoOf};
pub use operate::statistics::{DeliveriesOf, Queues, ScansOfDay, Waiting};
pub use outbox::delivery::{ClaimedDelivery, Delivery, DeliveryFilter, DeliveryStatus, Settled};
pub use photos::read::StoredPhoto;
pub use scans::decision::{Action, Authority, Decided, Decision, Proposal};
pub use scans::finding::{Failure, Finding, Found};
pub use scans::receive::Received;
pub use scans::scan::{PhotoRecord, RegistrationState, Scan, ScanFilter};
pub use scans::scan_id::ScanId;
pub use scans::scan_queue::ClaimedScan;
pub use scans::status::ScanStatus;
pub use scans::upload::{Upload, UploadedPhoto};
pub use seal::header::{SealHeader, SealHeaderError};
pub use seal::rotate::{Rotated, SealUse};
pub use settings::{Encryption, Limits, Settings};
pub use state_file::{LockedFile, create_file};
pub use store::Store;
pub use terminals::event::{EventKind, EventWriter, Told};
pub use terminals::find::FoundTerminal;
pub use terminals::nothing_new::NothingNew;
pub use terminals::registration::Registration;
pub use terminals::same_devices::SameDevice;
pub use terminals::terminal::Terminal;
