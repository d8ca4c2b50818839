//! New serials from many callers at once: says how long a million took and that none came twice.
//!
//! `cargo run --release -p tests --example numbers -- --count 1000000 --callers 8`

#![allow(clippy::disallowed_methods, reason = "a program that measures reads the clock")]

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;
use tests::harness::{Caller, Installation};
use tokio::task::JoinSet;

/// Serials of one call.
const AT_ONCE: usize = 10_000;

/// Asks one service for new serials from several callers at once.
#[derive(Parser)]
struct Arguments {
    /// Serials in all.
    #[arg(long, default_value_t = 1_000_000)]
    count: usize,
    /// Callers at once.
    #[arg(long, default_value_t = 8)]
    callers: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { count, callers } = Arguments::parse();
    let mut installation = Installation::new();
    installation.set("LABELSCAN_READERS", "1");
    let server = installation.start().await;
    let caller = installation.caller("desk", "operator").await;
    let (left, started) = (Arc::new(AtomicUsize::new(count)), Instant::now());
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        asking.spawn(ask(caller.clone(), left.clone()));
    }
    let mut serials = Vec::with_capacity(count);
    while let Some(issued) = asking.join_next().await {
        serials.extend(issued??);
    }
    let took = started.elapsed();
    let different: HashSet<&String> = serials.iter().collect();
    eprintln!("{} serials from {callers} callers: {took:.1?}", serials.len());
    eprintln!("different: {}", different.len());
    let estate = caller.get("/v1/estate?limit=1").await.context("no answer")?;
    eprintln!("on the list of expected serials: {}", estate.body["count"]);
    ensure!(server.stop().await == Some(0), "the service did not end well");
    ensure!(serials.len() == count && different.len() == count, "a serial is missing or doubled");
    ensure!(estate.body["count"] == count, "the list does not hold what was given out");
    Ok(())
}

/// Asks until none are left to ask for.
async fn ask(caller: Caller, left: Arc<AtomicUsize>) -> Result<Vec<String>> {
    let mut serials = Vec::new();
    loop {
        let take = |left: usize| Some(left.saturating_sub(AT_ONCE));
        let before = left.fetch_update(Relaxed, Relaxed, take).unwrap_or_default();
        let wanted = before.min(AT_ONCE);
        if wanted == 0 {
            return Ok(serials);
        }
        let answer = caller.post("/v1/serials", &json!({"count": wanted})).await;
        let answer = answer.context("no answer")?;
        ensure!(answer.status == 201, "{} {}", answer.status, answer.text);
        let issued = answer.body["serials"].as_array().context("no serials")?;
        serials.extend(issued.iter().filter_map(|serial| serial.as_str().map(str::to_owned)));
    }
}
