//! Loads the service and says what it bore: synchronous scans a second beside what the bare readers
//! do over the same photos, then many connections for minutes. Exits with an error if an answer was
//! no success and no 429 or 503, if memory grew, or if `/healthz` was slow.
//!
//! `cargo run --release -p tests --example load -- --minutes 5`

#![allow(clippy::disallowed_methods, reason = "a program that measures reads the clock")]
#![allow(clippy::print_stdout, reason = "its findings are what it was started for")]

use anyhow::{Result, ensure};
use clap::Parser;
use render::{Code, Fonts, Recipe, photograph};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tests::harness::{Caller, Installation, Server, labelscan};
use tokio::task::JoinSet;

/// The slowest that one in a hundred `/healthz` may be, in milliseconds.
const HEALTH_P99_MS_MAX: f64 = 50.0;
/// What synchronous uploads reach at least of what the bare readers do.
const RATIO_MIN: f64 = 0.9;
/// How much the service may hold at the end of what it held after the first fifth.
const GROWTH_MAX: f64 = 1.15;

/// Loads the real program from the same machine.
#[derive(Parser)]
struct Arguments {
    /// How long all connections send.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Connections that send without a pause.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Photos, each sent again and again.
    #[arg(long, default_value_t = 100)]
    photos: usize,
}

/// How often each status was answered; 0: the connection failed.
type Statuses = BTreeMap<u16, usize>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let fonts = Fonts::load()?;
    let recipe = Recipe::turned(Code::Code128, 0.0);
    let photos = (0..arguments.photos as u64).map(|seed| photograph(&fonts, &recipe, seed));
    let photos: Vec<Vec<u8>> = photos.map(|photo| Ok(photo?.jpeg)).collect::<Result<_>>()?;
    let photos = Arc::new(photos);
    let mut installation = Installation::new();
    installation.set("LABELSCAN_LOG", "warn");
    let bare = bare_readers(&installation, &photos).await?;

    let server = installation.start().await;
    let caller = installation.caller("load", "operator").await;
    let served = synchronous(&caller, &photos).await?;
    let ratio = served / bare;
    println!("bare readers {bare:.2}/s, synchronous scans {served:.2}/s, ratio {ratio:.2}");

    let (statuses, health_ms, growth) = bear(&arguments, &caller, &server, &photos).await;
    let health_p99_ms = health_ms[health_ms.len() * 99 / 100];
    println!("answers {statuses:?}, /healthz p99 {health_p99_ms:.1} ms, memory x{growth:.2}");
    ensure!(server.stop().await == Some(0), "it does not end well: {}", installation.log());
    let others: Vec<_> =
        statuses.keys().filter(|status| ![200, 201, 202, 429, 503].contains(*status)).collect();
    ensure!(others.is_empty(), "answers {others:?}");
    ensure!(health_p99_ms < HEALTH_P99_MS_MAX, "/healthz is slow");
    ensure!(growth < GROWTH_MAX, "memory grows");
    ensure!(ratio >= RATIO_MIN, "the service keeps its readers waiting");
    Ok(())
}

/// Photos a second of `labelscan scan`, its start not counted.
async fn bare_readers(installation: &Installation, photos: &[Vec<u8>]) -> Result<f64> {
    let folder = installation.folder().join("photos");
    std::fs::create_dir(&folder)?;
    for (number, photo) in photos.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.jpg")), photo)?;
    }
    let mut seconds = Vec::new();
    for what in ["photos/0.jpg", "photos"] {
        let begun = Instant::now();
        let ended = labelscan(installation.folder(), &["scan", "--json", what]).await;
        ensure!(ended.code.is_some_and(|code| code < 2), "{}", ended.stderr);
        seconds.push(begun.elapsed().as_secs_f64());
    }
    Ok((photos.len() - 1) as f64 / (seconds[1] - seconds[0]))
}

/// Uploads a second, each waited for, with always one more under way than there are cores.
async fn synchronous(caller: &Caller, photos: &Arc<Vec<Vec<u8>>>) -> Result<f64> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..=cores {
        let (caller, photos, next) = (caller.clone(), photos.clone(), next.clone());
        senders.spawn(async move {
            while let Some(photo) = photos.get(next.fetch_add(1, Relaxed)) {
                let key = format!("sync-{}", uuid::Uuid::new_v4());
                let answer = caller.upload_raw(&key, photo).await;
                let status = answer.map_or(0, |answer| answer.status);
                ensure!(status == 201, "a synchronous upload was answered {status}");
            }
            Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    Ok(photos.len() as f64 / begun.elapsed().as_secs_f64())
}

/// All connections send for the time; the statuses, the sorted times of `/healthz`, and how many
/// times its memory the service held at the end.
async fn bear(
    arguments: &Arguments,
    caller: &Caller,
    server: &Server,
    photos: &Arc<Vec<Vec<u8>>>,
) -> (Statuses, Vec<f64>, f64) {
    let time = Duration::from_secs_f64(arguments.minutes * 60.0);
    let begun = Instant::now();
    let statuses = Arc::new(Mutex::new(Statuses::new()));
    let mut senders = JoinSet::new();
    for number in 0..arguments.connections {
        let (caller, photos, statuses) = (caller.clone(), photos.clone(), statuses.clone());
        senders.spawn(async move {
            for round in 0.. {
                if begun.elapsed() > time {
                    break;
                }
                let photo = &photos[(number + round) % photos.len()];
                let key = format!("{number}-{round}");
                let answer = caller.upload_raw(&key, photo).await;
                let status = answer.map_or(0, |answer| answer.status);
                let mut counted = statuses.lock().unwrap_or_else(PoisonError::into_inner);
                *counted.entry(status).or_default() += 1;
            }
        });
    }
    let (mut health_ms, mut settled_bytes) = (Vec::new(), None);
    while begun.elapsed() < time {
        let asked = Instant::now();
        let answer = caller.get("/healthz").await;
        let ms = if answer.is_some() { asked.elapsed().as_secs_f64() * 1e3 } else { f64::MAX };
        health_ms.push(ms);
        if settled_bytes.is_none() && begun.elapsed() > time / 5 {
            settled_bytes = Some(resident_bytes(server.process()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let at_end = resident_bytes(server.process());
    while senders.join_next().await.is_some() {}
    health_ms.sort_by(f64::total_cmp);
    let growth = at_end / settled_bytes.unwrap_or(at_end);
    let statuses = statuses.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (statuses, health_ms, growth)
}

/// What the process holds, its readers not counted.
fn resident_bytes(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or_default() * 1024.0
}
