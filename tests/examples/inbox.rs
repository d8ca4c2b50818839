//! Thousands of photos in an inbox whose program is killed again and again.
//!
//! `cargo run --release -p tests --example inbox -- --photos 10000 --kills 5`

use anyhow::{Result, ensure};
use clap::Parser;
use tests::harness::{FakeRegistry, Installation};
use tests::inbox::{Plan, play};

/// Puts photos into a folder, kills the program that takes them, and counts at the end.
#[derive(Parser)]
struct Arguments {
    /// Photos that are put into the folder.
    #[arg(long, default_value_t = 10_000)]
    photos: usize,
    /// How often the program is killed while it works on them.
    #[arg(long, default_value_t = 5)]
    kills: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { photos, kills } = Arguments::parse();
    let registry = FakeRegistry::up().await;
    let mut installation = Installation::registering_at(&registry);
    let folder = installation.folder().join("inbox");
    std::fs::create_dir(&folder)?;
    let report = play(&mut installation, &registry, &folder, Plan { photos, kills }).await;
    eprintln!("{photos} photos, killed {kills} times: {:.1?}", report.took);
    eprintln!("in done/: {}; in review/ and failed/: {}", report.done, report.others);
    eprintln!("serials at the registry: {}, events: {}", report.serials, report.events);
    eprintln!("faults: {:#?}", report.faults);
    ensure!(report.faults.is_empty(), "something was lost or doubled");
    Ok(())
}
