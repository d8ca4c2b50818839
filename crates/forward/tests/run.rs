//! The loop between a real outbox and a real registry: crashes, stops, limits, clock jumps.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use forward::{EndpointState, ForwardSettings, Forwarder, Handle, Registry, RegistrySettings};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{
    Delivery, DeliveryFilter, DeliveryStatus, Finding, Found, Lease, Registration, Settings, Store,
    Upload, UploadedPhoto,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use validate::{Judgement, Serial, Source, Surface, Verdict};

/// A clock that moves only when a test says so.
#[derive(Clone)]
struct Clock(Arc<AtomicI64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_772_000_000)))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(SeqCst)).unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, SeqCst);
    }
}

/// A real outbox in a folder of its own.
struct Outbox {
    store: Store,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Outbox {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Settings::in_folder(folder.path())).await.unwrap();
        Self { store, clock: Clock::new(), _folder: folder }
    }

    /// Takes a scan the whole way to an owed registration; says the event's id.
    async fn queue(&self, number: usize) -> String {
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
        let registration = Registration {
            event_id: event_id.clone(),
            device_key: serial.device_key(),
            bytes: format!(r#"{{"number":{number}}}"#).into_bytes(),
        };
        let verdict = Verdict::Accepted { serial };
        let finding = Finding {
            found: Found::Judged(Judgement { verdict, identifiers: Vec::new() }),
            took_ms: serde_json::json!({}),
            registration: Some(registration),
        };
        self.store.finish(&claimed.claim, finding, now).await.unwrap();
        event_id
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.store.deliveries(&DeliveryFilter { most: 1_000, ..Default::default() }).await.unwrap()
    }

    /// Waits until so many deliveries have this status.
    async fn until(&self, status: DeliveryStatus, count: usize) {
        for _ in 0..1_000 {
            let found = self.deliveries().await;
            if found.iter().filter(|delivery| delivery.status == status).count() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not {count} {status:?}: {:#?}", self.deliveries().await);
    }

    fn start(&self, registry: &Hook, settings: ForwardSettings) -> Running {
        let forwarder = Forwarder::new(self.store.clone(), registry.registry(), settings);
        let (handle, stop, clock) =
            (forwarder.handle(), CancellationToken::new(), self.clock.clone());
        let task = tokio::spawn(forwarder.run(move || clock.now(), stop.clone()));
        Running { handle, stop, task }
    }
}

fn serial(number: usize) -> Serial {
    Serial {
        value: format!("{number:010}"),
        printed: format!("{number:010}"),
        vendor: "pax".into(),
        format: "pax-10".into(),
        source: Source::Barcode,
        symbology: None,
        confidence: 1.0,
        checks: Vec::new(),
        corrections: Vec::new(),
        place: None,
    }
}

struct Running {
    handle: Handle,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap();
    }
}

type Answer = Box<dyn Fn(&str, usize) -> (Duration, Response) + Send + Sync>;

/// A registry that answers as a test wants: by event id and how often it has seen that before.
struct Hook {
    url: String,
    log: Arc<Mutex<Vec<(String, Vec<u8>)>>>,
    at_once_max: Arc<AtomicUsize>,
}

impl Hook {
    async fn serve(answer: Answer) -> Self {
        let log = Arc::new(Mutex::new(Vec::<(String, Vec<u8>)>::new()));
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

    async fn taking() -> Self {
        Self::serve(Box::new(|_, _| (Duration::ZERO, StatusCode::OK.into_response()))).await
    }

    fn registry(&self) -> Registry {
        Registry::open(&RegistrySettings {
            url: self.url.clone(),
            secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into(),
            allow_private: true,
            deliver_ms_max: 2_000,
            ..Default::default()
        })
        .unwrap()
    }

    fn ids(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }
}

fn fast() -> ForwardSettings {
    ForwardSettings { poll_ms: 20, ..Default::default() }
}

#[tokio::test]
async fn what_is_queued_goes_out_at_once_and_once() {
    let (outbox, hook) = (Outbox::open().await, Hook::taking().await);
    let slow_poll = ForwardSettings { poll_ms: 3_600_000, ..Default::default() };
    let running = outbox.start(&hook, slow_poll);
    tokio::time::sleep(Duration::from_millis(50)).await;
    for number in 0..20 {
        outbox.queue(number).await;
    }
    outbox.until(DeliveryStatus::Delivered, 20).await;
    running.stop().await;
    let ids: HashSet<_> = hook.ids().into_iter().collect();
    assert_eq!((ids.len(), hook.ids().len()), (20, 20));
    assert!(outbox.deliveries().await.iter().all(|delivery| delivery.attempts == 1));
}

#[tokio::test]
async fn a_registry_that_was_down_gets_the_same_id_and_bytes_later() {
    let failing = Hook::serve(Box::new(|_, before| {
        let status = if before < 3 { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
        (Duration::ZERO, status.into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, failing.await);
    outbox.queue(1).await;
    let running = outbox.start(&hook, fast());
    for (attempts, wait_s) in [(1, 6), (2, 360), (3, 2160)] {
        for _ in 0..500 {
            if hook.ids().len() == attempts {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(hook.ids().len(), attempts, "not before its time");
        outbox.clock.pass(wait_s);
    }
    outbox.until(DeliveryStatus::Delivered, 1).await;
    running.stop().await;
    let log = hook.log.lock().unwrap();
    assert!(log.iter().all(|seen| *seen == log[0]) && log.len() == 4, "{log:?}");
}

#[tokio::test]
async fn after_its_last_attempt_a_delivery_is_exhausted() {
    let down =
        Hook::serve(Box::new(|_, _| (Duration::ZERO, StatusCode::BAD_GATEWAY.into_response())));
    let (outbox, hook) = (Outbox::open().await, down.await);
    outbox.queue(1).await;
    let running = outbox.start(&hook, fast());
    for _ in 0..forward::ATTEMPTS_MAX {
        tokio::time::sleep(Duration::from_millis(150)).await;
        outbox.clock.pass(12 * 3600);
    }
    outbox.until(DeliveryStatus::Exhausted, 1).await;
    running.stop().await;
    assert_eq!(hook.ids().len(), forward::ATTEMPTS_MAX as usize);
    assert_eq!(outbox.deliveries().await[0].why.as_deref(), Some("answered 502 Bad Gateway"));
}

#[tokio::test]
async fn never_more_under_way_than_allowed() {
    let slow =
        Hook::serve(Box::new(|_, _| (Duration::from_millis(30), StatusCode::OK.into_response())));
    let (outbox, hook) = (Outbox::open().await, slow.await);
    for number in 0..40 {
        outbox.queue(number).await;
    }
    let running = outbox.start(&hook, ForwardSettings { in_flight_max: 4, poll_ms: 20 });
    outbox.until(DeliveryStatus::Delivered, 40).await;
    running.stop().await;
    assert_eq!(hook.at_once_max.load(SeqCst), 4);
    assert_eq!(hook.ids().len(), 40);
}

#[tokio::test]
async fn a_claim_that_died_is_taken_over_after_its_lease() {
    let (outbox, hook) = (Outbox::open().await, Hook::taking().await);
    outbox.queue(1).await;
    let lease = Lease::from_millis(60_000);
    let dead = outbox.store.claim_deliveries(1, lease, outbox.clock.now()).await.unwrap();
    assert_eq!(dead.len(), 1);
    let running = outbox.start(&hook, fast());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(hook.ids().is_empty(), "the lease holds");
    outbox.clock.pass(61);
    outbox.until(DeliveryStatus::Delivered, 1).await;
    running.stop().await;
    assert_eq!(outbox.deliveries().await[0].attempts, 2, "the attempt that died counts");
}

#[tokio::test]
async fn who_lost_the_lease_settles_nothing() {
    // The first call is refused, but so late that another has delivered in the meantime.
    let racing = Hook::serve(Box::new(|_, before| match before {
        0 => (Duration::from_millis(800), StatusCode::UNPROCESSABLE_ENTITY.into_response()),
        _ => (Duration::ZERO, StatusCode::OK.into_response()),
    }));
    let (outbox, hook) = (Outbox::open().await, racing.await);
    outbox.queue(1).await;
    let first = outbox.start(&hook, fast());
    tokio::time::sleep(Duration::from_millis(200)).await;
    outbox.clock.pass(3600);
    let second = outbox.start(&hook, fast());
    outbox.until(DeliveryStatus::Delivered, 1).await;
    first.stop().await;
    second.stop().await;
    let settled = &outbox.deliveries().await[0];
    assert_eq!((settled.status, &settled.code), (DeliveryStatus::Delivered, &None));
}

#[tokio::test]
async fn a_graceful_stop_settles_what_is_under_way_and_begins_nothing() {
    let slow =
        Hook::serve(Box::new(|_, _| (Duration::from_millis(400), StatusCode::OK.into_response())));
    let (outbox, hook) = (Outbox::open().await, slow.await);
    for number in 0..3 {
        outbox.queue(number).await;
    }
    let running = outbox.start(&hook, ForwardSettings { in_flight_max: 2, poll_ms: 20 });
    tokio::time::sleep(Duration::from_millis(200)).await;
    running.stop().await;
    outbox.until(DeliveryStatus::Delivered, 2).await;
    let left: Vec<_> = outbox.deliveries().await;
    let left: Vec<_> = left.iter().filter(|it| it.status == DeliveryStatus::Queued).collect();
    assert_eq!((left.len(), left[0].attempts), (1, 0));
}

#[tokio::test]
async fn a_refusal_is_final_and_keeps_its_code() {
    let refusing = Hook::serve(Box::new(|_, _| {
        (Duration::ZERO, (StatusCode::CONFLICT, r#"{"code":"already_registered"}"#).into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, refusing.await);
    outbox.queue(1).await;
    let running = outbox.start(&hook, fast());
    outbox.until(DeliveryStatus::Refused, 1).await;
    running.stop().await;
    assert_eq!(outbox.deliveries().await[0].code.as_deref(), Some("already_registered"));
}

#[tokio::test]
async fn a_throttled_registry_is_left_alone_for_as_long_as_it_asks() {
    let throttling = Hook::serve(Box::new(|id, before| {
        let patience = (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "90")]).into_response();
        let busy = before == 0 && id == "evt_0";
        (Duration::ZERO, if busy { patience } else { StatusCode::OK.into_response() })
    }));
    let (outbox, hook) = (Outbox::open().await, throttling.await);
    outbox.queue(0).await;
    let running = outbox.start(&hook, fast());
    tokio::time::sleep(Duration::from_millis(200)).await;
    for number in 1..10 {
        outbox.queue(number).await;
    }
    outbox.clock.pass(80);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(hook.ids(), ["evt_0"], "nothing else spends an attempt");
    assert!(matches!(running.handle.health().state, EndpointState::Paused { .. }));
    outbox.clock.pass(15);
    outbox.until(DeliveryStatus::Delivered, 10).await;
    running.stop().await;
    assert_eq!(hook.ids().len(), 11);
}

#[tokio::test]
async fn a_registry_that_is_gone_gets_nothing_until_it_is_reopened() {
    let leaving = Hook::serve(Box::new(|_, before| {
        let status = if before == 0 { StatusCode::GONE } else { StatusCode::OK };
        (Duration::ZERO, status.into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, leaving.await);
    outbox.queue(1).await;
    let running = outbox.start(&hook, fast());
    tokio::time::sleep(Duration::from_millis(200)).await;
    outbox.clock.pass(100 * 3600);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(hook.ids().len(), 1);
    assert_eq!(running.handle.health().state, EndpointState::Gone);
    running.handle.reopen();
    outbox.until(DeliveryStatus::Delivered, 1).await;
    running.stop().await;
    assert_eq!(outbox.deliveries().await[0].attempts, 1, "the 410 was no attempt of its own");
}

#[tokio::test]
async fn events_that_hang_do_not_hold_up_the_others() {
    let hanging = Hook::serve(Box::new(|id, _| {
        let hangs = ["evt_0", "evt_1", "evt_2"].contains(&id);
        (Duration::from_secs(if hangs { 60 } else { 0 }), StatusCode::OK.into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, hanging.await);
    for number in 0..40 {
        outbox.queue(number).await;
    }
    let running = outbox.start(&hook, ForwardSettings { in_flight_max: 4, poll_ms: 20 });
    let others = tokio::time::timeout(
        Duration::from_millis(1_900),
        outbox.until(DeliveryStatus::Delivered, 37),
    );
    others.await.expect("before the hanging ones reach their deadline");
    running.stop().await;
}

/// A seeded play: registries that fail in every way, loops that are killed at any point, leases
/// that run out, a clock that leaps. Whatever happens, each event arrives or is settled otherwise,
/// under one id with one content, and never more often than its attempts allow.
#[tokio::test]
async fn a_seeded_play_of_crashes_and_clock_jumps_always_settles() {
    for seed in 0..4 {
        let random = Arc::new(Mutex::new(StdRng::seed_from_u64(seed)));
        let dice = random.clone();
        let moody = Hook::serve(Box::new(move |_, _| {
            let roll = dice.lock().unwrap().random_range(0..100);
            let wait = Duration::from_millis(dice.lock().unwrap().random_range(0..30));
            let status = match roll {
                0..50 => StatusCode::OK,
                50..60 => StatusCode::UNPROCESSABLE_ENTITY,
                60..70 => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (wait, status.into_response())
        }));
        let (outbox, hook) = (Outbox::open().await, moody.await);
        const EVENTS: usize = 30;
        for number in 0..EVENTS {
            outbox.queue(number).await;
        }
        for _ in 0..400 {
            let running = outbox.start(&hook, ForwardSettings { in_flight_max: 8, poll_ms: 5 });
            let (sleep, kill, leap) = {
                let mut random = random.lock().unwrap();
                (
                    random.random_range(0..40),
                    random.random_bool(0.7),
                    random.random_range(0..20_000),
                )
            };
            tokio::time::sleep(Duration::from_millis(sleep)).await;
            if kill {
                running.task.abort()
            } else {
                running.stop().await
            }
            outbox.clock.pass(leap);
            let found = outbox.deliveries().await;
            if found.iter().all(|delivery| delivery.status != DeliveryStatus::Queued) {
                break;
            }
        }
        check_invariants(&outbox, &hook, EVENTS, seed).await;
    }
}

async fn check_invariants(outbox: &Outbox, hook: &Hook, events: usize, seed: u64) {
    let deliveries = outbox.deliveries().await;
    assert_eq!(deliveries.len(), events, "seed {seed}");
    let mut calls = HashMap::<_, HashSet<_>>::new();
    let mut counts = HashMap::<_, u32>::new();
    for (id, body) in hook.log.lock().unwrap().iter() {
        calls.entry(id.clone()).or_default().insert(body.clone());
        *counts.entry(id.clone()).or_default() += 1;
    }
    for delivery in &deliveries {
        let id = &delivery.event_id;
        assert_ne!(delivery.status, DeliveryStatus::Queued, "seed {seed}: {id} is not settled");
        assert_eq!(calls.get(id).map(HashSet::len), Some(1), "seed {seed}: {id} changed");
        assert!(counts[id] <= delivery.attempts, "seed {seed}: {id} was called uncounted");
        assert!(counts[id] <= forward::ATTEMPTS_MAX, "seed {seed}: {id} broke the cap");
    }
    let done = outbox.clock.now() + SignedDuration::from_hours(1000);
    let left = outbox.store.claim_deliveries(100, Lease::from_millis(1), done).await.unwrap();
    assert!(left.is_empty(), "seed {seed}: something is left over");
}
