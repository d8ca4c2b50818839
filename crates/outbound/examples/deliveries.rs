//! How many deliveries a second reach a sink on loopback.
//!
//!     cargo run --release -p outbound --example deliveries -- [DELIVERIES] [IN_FLIGHT] [DATABASE]
//!     cargo run --release -p outbound --example deliveries -- [DELIVERIES] [IN_FLIGHT] --filled FOLDER
//!        [DATABASE]
//!
//! Prints one line for the calls alone (sign, send, hear) and one for the whole way out of a real
//! outbox (claim, call, settle with fsync), which is what a registry gets to see. The sink runs in
//! the same process and takes its share of the cores. DATABASE is `postgres://...`; without it a
//! SQLite file in a temporary folder. With `--filled`, DELIVERIES of the events that store's example
//! `fill` queued in FOLDER are delivered, and the memory is told as they go.

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use outbound::{ForwardSettings, Forwarder, Message, Registry, RegistrySettings};
use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use store::{
    Encryption, EventWriter, Finding, Found, Lease, Registration, Settings, Store, Upload,
    UploadedPhoto,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use validate::terminal::Placement;
use validate::{Judgement, Serial, Source, Surface, Verdict};

/// How many registrations are queued at once while the outbox is filled.
const FILLING: usize = 8;
/// About what a registration event of a label with five numbers weighs.
const EVENT_BYTES: usize = 1_200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let deliveries = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let in_flight = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let mut database = arguments.next();
    let filled = (database.as_deref() == Some("--filled")).then(|| arguments.next()).flatten();
    if filled.is_some() {
        database = arguments.next();
    }

    let taken = Arc::new(AtomicUsize::new(0));
    let registry = Registry::open(&RegistrySettings {
        url: sink(taken.clone()).await?,
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into(),
        allow_private: true,
        ..Default::default()
    })?;

    let took = calls_alone(&registry, deliveries, in_flight).await;
    report("calls alone", deliveries, took)?;

    taken.store(0, Relaxed);
    let folder = tempfile::tempdir()?;
    let place = filled.as_ref().map_or(folder.path(), std::path::Path::new);
    let mut settings = Settings::in_folder(place);
    if filled.is_some() {
        settings.encryption = Encryption::Off;
    }
    settings.database = database.unwrap_or(settings.database);
    let store = Store::open(&settings).await?;
    match filled {
        Some(_) => report("opened", 0, Duration::from_secs(1))?,
        None => fill(&store, deliveries).await?,
    }
    let took = outbox_to_sink(store, registry, in_flight, &taken, deliveries).await;
    report("out of the outbox", deliveries, took)
}

/// A registry that takes everything and counts it.
async fn sink(taken: Arc<AtomicUsize>) -> Result<String, std::io::Error> {
    let router = axum::Router::new().fallback(move |_: axum::body::Bytes| {
        taken.fetch_add(1, Relaxed);
        std::future::ready(r#"{"result":"accepted"}"#)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn calls_alone(registry: &Registry, deliveries: usize, in_flight: usize) -> Duration {
    let started = now();
    stream::iter(0..deliveries)
        .for_each_concurrent(in_flight, async |number| {
            let message =
                Message { event_id: format!("evt_{number}"), bytes: event(number).into() };
            registry.deliver(&[message], Timestamp::UNIX_EPOCH).await;
        })
        .await;
    started.elapsed()
}

async fn outbox_to_sink(
    store: Store,
    registry: Registry,
    in_flight_max: usize,
    taken: &AtomicUsize,
    deliveries: usize,
) -> Duration {
    let settings = ForwardSettings { in_flight_max, ..Default::default() };
    let stop = CancellationToken::new();
    let started = now();
    let forwarder = Forwarder::new(store, registry, settings);
    let running = tokio::spawn(forwarder.run(clock, stop.clone()));
    let mut told = 0;
    while taken.load(Relaxed) < deliveries {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let tenths = taken.load(Relaxed) * 10 / deliveries.max(1);
        if tenths > told {
            told = tenths;
            // The figures are of interest, not whether somebody reads them.
            let _ = report("so far", taken.load(Relaxed), started.elapsed());
        }
    }
    stop.cancel();
    running.await.unwrap_or_default();
    started.elapsed()
}

async fn fill(store: &Store, deliveries: usize) -> Result<(), store::StoreError> {
    let queued = stream::iter(0..deliveries).map(|number| queue(store, number));
    let ended: Vec<_> = queued.buffer_unordered(FILLING).collect().await;
    ended.into_iter().collect()
}

async fn queue(store: &Store, number: usize) -> Result<(), store::StoreError> {
    let (now, id) = (clock(), Uuid::now_v7());
    let photo = UploadedPhoto {
        bytes: number.to_string().into(),
        content_type: "image/jpeg".into(),
        surface: Surface::Label,
    };
    let upload = Upload {
        id: id.into(),
        idempotency_key: id.to_string(),
        owner: "deliveries".into(),
        photos: vec![photo],
        details: serde_json::json!({}),
    };
    store.receive(upload, now).await?;
    let claimed = store.claim_scan(id.into(), Lease::from_millis(60_000), now).await?;
    let Some(claimed) = claimed else { return Ok(()) };
    let serial = Serial::vouched(&format!("{number:010}"), "pax", "pax-10", Source::Barcode);
    let (placement, written) = (Placement::default(), EventWriter::new(move |_| Ok(event(number))));
    let registration = Registration::new(id.to_string(), serial.device_key(), placement, written);
    let verdict = Verdict::Accepted { serial };
    let finding = Finding {
        found: Found::Judged(Judgement { verdict, identifiers: Vec::new() }),
        took_ms: serde_json::json!({}),
        registration: Some(registration),
    };
    store.finish(&claimed.claim, finding, now).await.map(drop)
}

fn event(number: usize) -> Vec<u8> {
    let filling = "x".repeat(EVENT_BYTES);
    format!(r#"{{"number":{number},"filling":"{filling}"}}"#).into_bytes()
}

fn report(what: &str, deliveries: usize, took: Duration) -> Result<(), Box<dyn Error>> {
    let rate = deliveries as f64 / took.as_secs_f64();
    let resident_mb = resident_kb().unwrap_or_default() / 1024;
    writeln!(
        std::io::stdout(),
        "{what}: {deliveries} deliveries in {:.2} s, {rate:.0} a second, {resident_mb} MB resident",
        took.as_secs_f64()
    )?;
    Ok(())
}

fn resident_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[allow(clippy::disallowed_methods)] // It measures real time.
fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods)] // The outbox needs times that move on.
fn clock() -> Timestamp {
    Timestamp::now()
}
