//! A real outbox, a clock that a test moves, and a registry that answers as a test wants.

#![allow(dead_code, unreachable_pub, missing_docs)] // Each test program uses its part.

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use outbound::{ForwardSettings, Forwarder, Handle, Registry, RegistrySettings};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{
    Delivery, DeliveryFilter, DeliveryStatus, EventWriter, Finding, Found, Lease, Registration,
    Settings, Store, Upload, UploadedPhoto, WriteContext,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use validate::terminal::{Operation, Placement};
use validate::{Judgement, Serial, Source, Surface, Verdict};

/// A clock that moves only when a test says so.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_772_000_000)))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(SeqCst)).unwrap()
    }

    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, SeqCst);
    }
}

/// A real outbox in a folder of its own.
pub struct Outbox {
    pub store: Store,
    pub clock: Clock,
    _folder: tempfile::TempDir,
}

impl Outbox {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Settings::in_folder(folder.path())).await.unwrap();
        Self { store, clock: Clock::new(), _folder: folder }
    }

    /// Takes a scan the whole way to an owed registration; says the event's id.
    pub async fn queue(&self, number: usize) -> String {
        let (now, id) = (self.clock.now(), Uuid::from_u128(1 + number as u128));
        let photo = UploadedPhoto {
            bytes: format!("photo {number}").into(),
            content_type: "image/jpeg".into(),
            surface: Surface::Label,
        };
        let upload = Upload {
            id: id.into(),
            idempotency_key: number.to_string(),
            owner: "technician".into(),
            photos: vec![photo],
            details: serde_json::json!({}),
        };
        self.store.receive(upload, now).await.unwrap();
        let lease = Lease::from_millis(60_000);
        let claimed = self.store.claim_scan(id.into(), lease, now).await.unwrap().unwrap();
        let serial = serial(number);
        let event_id = format!("evt_{number}");
        let bytes = format!(r#"{{"number":{number}}}"#).into_bytes();
        let event = EventWriter::new(move |_| Ok(bytes.clone()));
        let (id, key) = (event_id.clone(), serial.device_key());
        let registration = Registration::new(id, key, Placement::default(), event);
        let verdict = Verdict::Accepted { serial };
        let finding = Finding {
            found: Found::Judged(Judgement { verdict, identifiers: Vec::new() }),
            took_ms: serde_json::json!({}),
            registration: Some(registration),
        };
        self.store.finish(&claimed.claim, finding, now).await.unwrap();
        event_id
    }

    /// Queues the next operation on the terminal of [`Outbox::queue`]'s `number`: it is unbound and
    /// bound in turn.
    pub async fn operate(&self, number: usize, turn: usize) -> String {
        let event_id = format!("evt_{number}_{turn:03}");
        let operation = if turn.is_multiple_of(2) { Operation::Unbind } else { Operation::Bind };
        let bytes = format!(r#"{{"number":{number},"turn":{turn}}}"#).into_bytes();
        let event = EventWriter::new(move |_| Ok(bytes.clone()));
        let merchant = Some("Shop".to_owned());
        let placement = Placement { operation, merchant, ..Placement::default() };
        let (id, key) = (event_id.clone(), serial(number).device_key());
        let registration = Registration::new(id, key, placement, event);
        let scan = Uuid::from_u128(1 + number as u128).into();
        self.store
            .operate(scan, &registration, WriteContext::new("operator", self.clock.now()))
            .await
            .unwrap();
        event_id
    }

    pub async fn deliveries(&self) -> Vec<Delivery> {
        self.store
            .deliveries(&DeliveryFilter { most: 1_000, ..Default::default() })
            .await
            .unwrap()
            .items
    }

    /// Waits until the newest delivery's latest attempt is settled with a reason that begins so.
    pub async fn until_failed_with(&self, why: &str) {
        let failed = eventually(async || {
            self.deliveries().await[0].why.as_deref().is_some_and(|told| told.starts_with(why))
        });
        assert!(failed.await, "no failure with {why:?}: {:#?}", self.deliveries().await);
    }

    /// How many deliveries have this status.
    pub async fn count(&self, status: DeliveryStatus) -> usize {
        self.deliveries().await.iter().filter(|delivery| delivery.status == status).count()
    }

    /// Waits until so many deliveries have this status.
    pub async fn until(&self, status: DeliveryStatus, count: usize) {
        let reached = eventually(async || self.count(status).await == count);
        assert!(reached.await, "not {count} {status:?}: {:#?}", self.deliveries().await);
    }

    pub fn start(&self, registry: Registry, settings: ForwardSettings) -> Running {
        let forwarder = Forwarder::new(self.store.clone(), registry, settings);
        let (handle, stop, clock) =
            (forwarder.handle(), CancellationToken::new(), self.clock.clone());
        let task = tokio::spawn(forwarder.run(move || clock.now(), stop.clone()));
        Running { handle, stop, task }
    }
}

/// Whether something comes to be so within 10 s.
pub async fn eventually(is_so: impl AsyncFn() -> bool) -> bool {
    for _ in 0..1_000 {
        if is_so().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

fn serial(number: usize) -> Serial {
    Serial::vouched(&format!("{number:010}"), "pax", "pax-10", Source::Barcode)
}

pub struct Running {
    pub handle: Handle,
    pub stop: CancellationToken,
    pub task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap();
    }
}

pub type Answer = Box<dyn Fn(&str, usize) -> (Duration, Response) + Send + Sync>;

/// What a registry received: event ids with the bytes that came.
pub type Received = Vec<(String, Vec<u8>)>;

/// A registry that answers as a test wants: by event id and how often it has seen that before.
pub struct Hook {
    pub url: String,
    pub log: Arc<Mutex<Received>>,
    pub at_once_max: Arc<AtomicUsize>,
}

impl Hook {
    pub async fn serve(answer: Answer) -> Self {
        let log = Arc::new(Mutex::new(Received::new()));
        let at_once_max = Arc::new(AtomicUsize::new(0));
        let (seen, at_once, most) =
            (log.clone(), Arc::new(AtomicUsize::new(0)), at_once_max.clone());
        let answer = Arc::new(answer);
        let router =
            axum::Router::new().fallback(move |headers: HeaderMap, body: axum::body::Bytes| {
                let (seen, at_once, most) = (seen.clone(), at_once.clone(), most.clone());
                let answer = answer.clone();
                async move {
                    most.fetch_max(at_once.fetch_add(1, SeqCst) + 1, SeqCst);
                    let id = headers["webhook-id"].to_str().unwrap().to_owned();
                    let before = {
                        let mut seen = seen.lock().unwrap();
                        seen.push((id.clone(), body.to_vec()));
                        seen.iter().filter(|(other, _)| *other == id).count() - 1
                    };
                    let (wait, response) = answer(&id, before);
                    tokio::time::sleep(wait).await;
                    at_once.fetch_sub(1, SeqCst);
                    response
                }
            });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, log, at_once_max }
    }

    pub async fn taking() -> Self {
        Self::serve(Box::new(|_, _| (Duration::ZERO, StatusCode::OK.into_response()))).await
    }

    pub fn registry(&self) -> Registry {
        Registry::open(&RegistrySettings {
            url: self.url.clone(),
            secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into(),
            allow_private: true,
            deliver_ms_max: 5_000,
            ..Default::default()
        })
        .unwrap()
    }

    /// Waits until so many calls have come.
    pub async fn until(&self, calls: usize) {
        let came = eventually(async || self.ids().len() >= calls);
        assert!(came.await, "not {calls} calls: {:?}", self.ids());
    }

    pub fn ids(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }
}
