//! Measures what the store takes: acknowledged uploads a second at 1 and at 64 at once, against
//! what the disk could do at best, measured in the same run; then the outbox.
//!
//! `cargo run --release -p store --example uploads -- FOLDER [DATABASE]`: FOLDER decides which
//! disk is measured, DATABASE may be `postgres://…`; without it SQLite in FOLDER. Some minutes after
//! gigabytes were deleted from the disk both rates are lower: its file system looks for free inodes
//! that were not in use just now.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and prints"
)]

use bytes::Bytes;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use store::{
    Claim, EventWriter, Finding, Found, Lease, Registration, Settings, Settled, Store, Upload,
    UploadedPhoto,
};
use uuid::Uuid;
use validate::terminal::Placement;
use validate::{Judgement, Serial, Source, Surface, Verdict};

const PHOTO_BYTES: usize = 200_000;
/// The disk's rate changes from one second to the next where others use it too, so the two are
/// measured in turns.
const TURNS: usize = 6;
const TURN: Duration = Duration::from_secs(1);
/// Where the raw files lie.
const RAW: &str = "raw";
const DELIVERIES: usize = 4_000;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder on the disk to measure");
    let folder = Path::new(&folder);
    let mut settings = Settings::in_folder(folder);
    if let Some(database) = arguments.next() {
        settings.database = database;
    }
    let store = Store::open(&settings).await.expect("the store opens");
    for at_once in [1, 64] {
        let (mut raw, mut uploads) = (0.0, 0.0);
        for turn in 0..TURNS {
            uploads += upload_rate(&store, at_once).await / TURNS as f64;
            raw += raw_rate(folder, at_once, turn) / TURNS as f64;
        }
        println!(
            "{at_once:>3} at once: {uploads:>7.0} uploads/s, raw {raw:>7.0}/s (a {PHOTO_BYTES}-byte \
             file with fsync, its folder, a 1 kB append with fsync), ratio {:.2}",
            uploads / raw
        );
    }
    deliveries(&store).await;
    // Only now: a disk that frees gigabytes is a slow one.
    std::fs::remove_dir_all(folder.join(RAW)).expect("removed");
}

/// What each upload must make durable, done by hand: a new file, its folder's entry, a log entry.
/// Threads that share the waits of one log, as commits do, or that spread their files over folders, as
/// photos are, come to the same rate: the files are what it takes. Nothing is hashed or sealed here.
fn raw_rate(folder: &Path, at_once: usize, turn: usize) -> f64 {
    let raw = folder.join(RAW).join(format!("{at_once}-{turn}"));
    std::fs::create_dir_all(&raw).expect("a folder");
    let (started, done) = (Instant::now(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..at_once {
            let (raw, done) = (&raw, &done);
            scope.spawn(move || {
                let photo = vec![7_u8; PHOTO_BYTES];
                let mut log = std::fs::File::create(raw.join(format!("log{thread}"))).expect("log");
                while started.elapsed() < TURN {
                    let n = done.fetch_add(1, Ordering::Relaxed);
                    let mut file = std::fs::File::create(raw.join(n.to_string())).expect("a file");
                    file.write_all(&photo).expect("written");
                    file.sync_all().expect("synced");
                    std::fs::File::open(raw).expect("a folder").sync_all().expect("synced");
                    log.write_all(&photo[..1_000]).expect("written");
                    log.sync_data().expect("synced");
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

async fn upload_rate(store: &Store, at_once: usize) -> f64 {
    let photo = Bytes::from(vec![7_u8; PHOTO_BYTES]);
    let (started, done) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let clients = (0..at_once).map(|_| {
        let (store, photo, done) = (store.clone(), photo.clone(), done.clone());
        tokio::spawn(async move {
            while started.elapsed() < TURN {
                store.receive(upload(photo.clone()), Timestamp::now()).await.expect("received");
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    join_all(clients).await;
    done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

/// Reads and accepts scans, then claims and settles their deliveries, 64 at once.
async fn deliveries(store: &Store) {
    let lease = Lease::from_millis(600_000);
    let (started, mut finished) = (Instant::now(), 0);
    while finished < DELIVERIES {
        let claimed = store.claim_scans(64, lease, Timestamp::now()).await.expect("claimed");
        if claimed.is_empty() {
            store.receive(upload("photo".into()), Timestamp::now()).await.expect("received");
        }
        finished += claimed.len();
        let ends = claimed.iter().map(|claimed| finish(store, &claimed.claim));
        join_all(ends).await;
    }
    let rate = finished as f64 / started.elapsed().as_secs_f64();
    println!("verdicts with registration, 64 at once: {rate:.0}/s");
    let (started, mut settled) = (Instant::now(), 0);
    loop {
        let claimed = store.claim_deliveries(64, lease, Timestamp::now()).await.expect("claimed");
        if claimed.is_empty() {
            break;
        }
        settled += claimed.len();
        let delivered = || Settled::Delivered { answer: Some("{\"result\":\"accepted\"}".into()) };
        let ends = claimed
            .iter()
            .map(|claimed| store.settle(&claimed.claim, delivered(), Timestamp::now()));
        for end in join_all(ends).await {
            end.expect("settled");
        }
    }
    let rate = settled as f64 / started.elapsed().as_secs_f64();
    println!("deliveries claimed and settled, 64 at once: {rate:.0}/s");
}

async fn finish(store: &Store, claim: &Claim) {
    let value = Uuid::new_v4().simple().to_string().to_uppercase();
    let (id, key) = (format!("msg_{}", Uuid::now_v7().simple()), format!("unknown:{value}"));
    let event = EventWriter::new(|_| Ok(vec![b' '; 1_500]));
    let registration = Registration::new(id, key, Placement::default(), event);
    let serial = Serial::vouched(&value, "unknown", "generic", Source::Both);
    let judgement = Judgement { verdict: Verdict::Accepted { serial }, identifiers: Vec::new() };
    let finding = Finding {
        found: Found::Judged(judgement),
        took_ms: json!({}),
        registration: Some(registration),
    };
    store.finish(claim, finding, Timestamp::now()).await.expect("finished");
}

fn upload(bytes: Bytes) -> Upload {
    let photo = UploadedPhoto { bytes, content_type: "image/jpeg".into(), surface: Surface::Label };
    Upload {
        id: Uuid::now_v7().into(),
        idempotency_key: Uuid::new_v4().to_string(),
        owner: "bench".into(),
        photos: vec![photo],
        details: json!({}),
    }
}
