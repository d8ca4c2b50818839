//! A store in a temporary folder, and what tests put into it.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use servers::{DataServer, S3};
use sqlx::Connection;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use store::{
    AuditEntry, Claim, ClaimedScan, Encryption, EventWriter, Finding, Found, Lease, Limits,
    Received, Registration, ScanId, Settings, Store, Upload, UploadedPhoto,
};
use tempfile::TempDir;
use uuid::Uuid;
use validate::terminal::{Operation, Placement};
use validate::{Check, Judgement, Reason, ReasonCode, Serial, Source, Surface, Verdict};

/// The PostgreSQL that tests share while any of them runs, started if there is none.
pub(crate) fn shared_postgres() -> Arc<DataServer> {
    static SHARED: Mutex<Weak<DataServer>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let new = Arc::new(DataServer::postgres());
    *shared = Arc::downgrade(&new);
    new
}

/// The address of a new, empty database.
async fn new_database(postgres: &DataServer) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let mut admin = loop {
        // It listens some moments before it takes queries.
        match sqlx::PgConnection::connect(&postgres.url()).await {
            Ok(admin) => break admin,
            Err(sqlx::Error::Database(early)) if early.code().as_deref() == Some("57P03") => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Err(error) => panic!("postgres: {error}"),
        }
    };
    let name = format!("t{}", MADE.fetch_add(1, Ordering::Relaxed));
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut admin).await.expect("a database is made");
    format!("postgres://postgres@127.0.0.1:{}/{name}", postgres.port())
}

/// A store and the folder it lives in.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    /// Where the photos lie as files, whatever engine keeps them.
    pub(crate) photos: PathBuf,
    /// What keeps the photos, if it is no folder.
    pub(crate) s3: Option<S3>,
    folder: TempDir,
    postgres: Option<Arc<DataServer>>,
}

impl Place {
    pub(crate) async fn sqlite_and_folder() -> Self {
        Self::open(None, false).await
    }

    pub(crate) async fn sqlite_and_s3() -> Self {
        Self::open(None, true).await
    }

    pub(crate) async fn postgres_and_folder() -> Self {
        Self::open(Some(shared_postgres()), false).await
    }

    pub(crate) async fn postgres_and_s3() -> Self {
        Self::open(Some(shared_postgres()), true).await
    }

    pub(crate) async fn open(postgres: Option<Arc<DataServer>>, s3: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut settings = Settings { limits: patient(), ..Settings::in_folder(folder.path()) };
        if let Some(postgres) = &postgres {
            settings.database = new_database(postgres).await;
            // Tests that end the server wait for what it takes to notice.
            settings.limits = Limits::default();
        }
        let mut photos = folder.path().join("photos");
        let s3 = if s3 { Some(S3::serve(folder.path()).await) } else { None };
        if let Some(s3) = &s3 {
            let options = [
                ("aws_endpoint", format!("http://{}", s3.address())),
                ("aws_allow_http", "true".into()),
                ("aws_skip_signature", "true".into()),
            ];
            settings.photos = "s3://photos/of/labels".into();
            settings.photos_options = options.map(|(name, value)| (name.into(), value)).into();
            photos = photos.join("of/labels");
        }
        let store = Store::open(&settings).await.expect("the store opens");
        Self { store, settings, photos, s3, folder, postgres }
    }

    /// Every folder that rows and photos are kept in.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let postgres = self.postgres.iter().map(|postgres| postgres.files().to_owned());
        postgres.chain([self.folder.path().to_owned()]).collect()
    }

    /// The file of the seal keys.
    pub(crate) fn keys(&self) -> PathBuf {
        match &self.settings.encryption {
            Encryption::On { keys } => keys.clone(),
            Encryption::Off => panic!("encryption is off"),
        }
    }

    /// The file of a scan's first photo, or of a photo with an id of its own.
    pub(crate) fn photo(&self, id: impl ToString) -> PathBuf {
        let id = id.to_string();
        self.photos.join(&id[34..]).join(format!("{id}-0"))
    }

    /// Receives an upload that must be new.
    pub(crate) async fn receive(&self, key: &str) -> ScanId {
        match self.store.receive(upload(key, b"photo"), now()).await.expect("it is received") {
            Received::New(id) => id,
            other => panic!("{key} should be new, was {other:?}"),
        }
    }

    /// Receives and claims.
    pub(crate) async fn claimed(&self, key: &str) -> ClaimedScan {
        let id = self.receive(key).await;
        let claimed = self.store.claim_scan(id, lease(), now()).await.expect("it is claimed");
        claimed.expect("nobody else has it")
    }

    /// Receives, claims and accepts; the claim of its delivery.
    pub(crate) async fn registered(&self, key: &str, serial: &str) -> ScanId {
        let claimed = self.claimed(key).await;
        let finding = accepted(serial, &format!("msg_{}", Uuid::now_v7().simple()));
        self.store.finish(&claimed.claim, finding, now()).await.expect("it is finished");
        claimed.id
    }

    /// The only delivery that is due.
    pub(crate) async fn claim_delivery(&self, at: Timestamp) -> Claim {
        let mut due = self.store.claim_deliveries(10, lease(), at).await.expect("they are claimed");
        assert_eq!(due.len(), 1);
        due.remove(0).claim
    }

    /// Nothing is left over: no fault, no orphan, nothing unsettled.
    /// What is on record about a subject, oldest first.
    pub(crate) async fn told(&self, subject: &str) -> Vec<AuditEntry> {
        let mut told = self.store.history(&[subject], None, 0).await.unwrap().items;
        told.reverse();
        told
    }

    pub(crate) async fn assert_settled(&self) {
        let check = self.store.check(Timestamp::MAX).await.expect("the check runs");
        assert!(check.is_settled(), "{check:?}");
    }
}

/// Machines that run tests may be busy with others; waiting is no failure here.
fn patient() -> Limits {
    Limits { connection_wait_ms_max: 120_000, ..Limits::default() }
}

/// A fixed time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("in range")
}

/// Some milliseconds after [`now`].
pub(crate) fn later(ms: i64) -> Timestamp {
    now() + SignedDuration::from_millis(ms)
}

/// A lease of a minute.
pub(crate) fn lease() -> Lease {
    Lease::from_millis(60_000)
}

pub(crate) fn new_id() -> ScanId {
    Uuid::now_v7().into()
}

/// One photo of so many bytes' content.
pub(crate) fn upload(key: &str, photo: &[u8]) -> Upload {
    Upload {
        id: new_id(),
        idempotency_key: key.into(),
        owner: "ana".into(),
        photos: vec![UploadedPhoto {
            bytes: Bytes::copy_from_slice(photo),
            content_type: "image/jpeg".into(),
            surface: Surface::Label,
        }],
        details: json!({"site": "Lisbon"}),
    }
}

pub(crate) fn serial(value: &str) -> Serial {
    Serial {
        checks: vec![Check::BarcodeEqualsText],
        ..Serial::vouched(value, "pax", "pax-10", Source::Both)
    }
}

pub(crate) fn registration(value: &str, event_id: &str) -> Registration {
    let bytes = format!("{{\"serial\":\"{value}\"}}").into_bytes();
    let event = EventWriter::new(move |_| Ok(bytes.clone()));
    let key = format!("pax:{value}");
    let registration = Registration::new(event_id.into(), key, Placement::default(), event);
    Registration { names_unseen: true, ..registration }
}

/// A registration of a terminal that was a mistake.
pub(crate) fn withdrawn(value: &str, event_id: &str) -> Registration {
    let placement = Placement { operation: Operation::Withdraw, ..Placement::default() };
    Registration { placement, ..registration(value, event_id) }
}

pub(crate) fn accepted(value: &str, event_id: &str) -> Finding {
    let verdict = Verdict::Accepted { serial: serial(value) };
    Finding {
        found: Found::Judged(Judgement { verdict, identifiers: Vec::new() }),
        took_ms: json!({"total": 12.5}),
        registration: Some(registration(value, event_id)),
    }
}

pub(crate) fn for_review() -> Finding {
    let reasons = vec![Reason(ReasonCode::TextUnconfirmed)];
    let question = validate::Question::WhichCharacter;
    let verdict = Verdict::Review { question, candidates: Vec::new(), reasons };
    Finding {
        found: Found::Judged(Judgement { verdict, identifiers: Vec::new() }),
        took_ms: json!({}),
        registration: None,
    }
}
