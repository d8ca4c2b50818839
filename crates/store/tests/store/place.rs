//! A store in a temporary folder, and what tests put into it.

use crate::servers::{Postgres, serve_s3};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use store::{
    Claim, ClaimedScan, Encryption, Finding, Found, Lease, Limits, Received, Registration, ScanId,
    Settings, Store, Upload, UploadedPhoto,
};
use tempfile::TempDir;
use uuid::Uuid;
use validate::terminal::Placement;
use validate::{Check, Judgement, Reason, ReasonCode, Serial, Source, Surface, Verdict};

/// A store and the folder it lives in.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    /// Where the photos lie as files, whatever engine keeps them.
    pub(crate) photos: PathBuf,
    folder: TempDir,
    postgres: Option<Arc<Postgres>>,
}

impl Place {
    pub(crate) async fn sqlite_and_folder() -> Self {
        Self::open(None, false).await
    }

    pub(crate) async fn sqlite_and_s3() -> Self {
        Self::open(None, true).await
    }

    pub(crate) async fn postgres_and_folder() -> Self {
        Self::open(Some(Postgres::shared()), false).await
    }

    pub(crate) async fn postgres_and_s3() -> Self {
        Self::open(Some(Postgres::shared()), true).await
    }

    pub(crate) async fn open(postgres: Option<Arc<Postgres>>, s3: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut settings = Settings { limits: patient(), ..Settings::in_folder(folder.path()) };
        if let Some(postgres) = &postgres {
            settings.database = postgres.database().await;
            // Tests that end the server wait for what it takes to notice.
            settings.limits = Limits::default();
        }
        let mut photos = folder.path().join("photos");
        if s3 {
            let options = [
                ("aws_endpoint", format!("http://{}", serve_s3(folder.path()).await)),
                ("aws_allow_http", "true".into()),
                ("aws_skip_signature", "true".into()),
            ];
            settings.photos = "s3://photos/of/labels".into();
            settings.photos_options = options.map(|(name, value)| (name.into(), value)).into();
            photos = photos.join("of/labels");
        }
        let store = Store::open(&settings).await.expect("the store opens");
        Self { store, settings, photos, folder, postgres }
    }

    /// Every folder that rows and photos are kept in.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let postgres = self.postgres.iter().map(|postgres| postgres.files());
        postgres.chain([self.folder.path().to_owned()]).collect()
    }

    /// The file of the seal keys.
    pub(crate) fn keys(&self) -> PathBuf {
        match &self.settings.encryption {
            Encryption::On { keys } => keys.clone(),
            Encryption::Off => panic!("encryption is off"),
        }
    }

    /// The file of a scan's first photo.
    pub(crate) fn photo(&self, scan: ScanId) -> PathBuf {
        let id = scan.to_string();
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
        value: value.into(),
        printed: value.into(),
        vendor: "pax".into(),
        format: "pax-10".into(),
        source: Source::Both,
        symbology: None,
        confidence: 0.99,
        checks: vec![Check::BarcodeEqualsText],
        corrections: Vec::new(),
        place: None,
    }
}

pub(crate) fn registration(value: &str, event_id: &str) -> Registration {
    Registration {
        event_id: event_id.into(),
        device_key: format!("pax:{value}"),
        placement: Placement::default(),
        bytes: format!("{{\"serial\":\"{value}\"}}").into_bytes(),
    }
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
    let verdict = Verdict::Review { candidates: Vec::new(), reasons };
    Finding {
        found: Found::Judged(Judgement { verdict, identifiers: Vec::new() }),
        took_ms: json!({}),
        registration: None,
    }
}
