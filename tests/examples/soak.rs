//! Soaks the service: load, and `kill -9` of one process after the other, then the account.
//!
//! `cargo run -p tests --example soak -- --minutes 20 --database postgres --registry nats`

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use std::time::Duration;
use tests::soak::{DatabaseKind, Plan, RegistryKind, soak};

/// Runs the real program under load while its processes are killed, and says what was lost: nothing,
/// or it exits with an error.
#[derive(Parser)]
struct Arguments {
    /// How long processes are killed.
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,
    /// From one kill to the next, in seconds.
    #[arg(long, default_value_t = 20.0)]
    kill_every_s: f64,
    /// The part of what the machine can read that is sent.
    #[arg(long, default_value_t = 0.7)]
    load: f64,
    /// What is killed follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where events go.
    #[arg(long, value_enum, default_value = "webhook")]
    registry: Registry,
    /// Where rows are.
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
}

#[derive(Clone, Copy, ValueEnum)]
enum Registry {
    Webhook,
    Nats,
}

#[derive(Clone, Copy, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let plan = Plan {
        lasting: Duration::from_secs_f64(arguments.minutes * 60.0),
        measuring: Duration::from_secs(20),
        kill_every: Duration::from_secs_f64(arguments.kill_every_s),
        load: arguments.load,
        seed: arguments.seed,
        registry: match arguments.registry {
            Registry::Webhook => RegistryKind::Webhook,
            Registry::Nats => RegistryKind::Nats,
        },
        database: match arguments.database {
            Database::Sqlite => DatabaseKind::Sqlite,
            Database::Postgres => DatabaseKind::Postgres,
        },
    };
    let report = soak(&plan).await;
    let account = &report.account;
    eprintln!("capacity: {:.1} scans a second", report.capacity_per_s);
    eprintln!("killed: {:?}; requests sent again: {}", report.killed, report.sent_again);
    eprintln!("uploads acknowledged: {}", account.acknowledged);
    eprintln!("events owed: {}; at the registry, by id: {}", account.owed, account.taken);
    eprintln!("calls beyond the first under an id: {}", account.repeated);
    eprintln!("most attempts at anything: {}", account.attempts_most);
    eprintln!("orphans swept: {}; faults: {}", account.orphans_swept, account.faults.len());
    for fault in &account.faults {
        eprintln!("  {fault}");
    }
    ensure!(account.faults.is_empty(), "something was lost or doubled");
    Ok(())
}
