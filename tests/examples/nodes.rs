//! Two nodes on one PostgreSQL, one of them killed half way; or how nodes add up.
//!
//! `cargo run -p tests --example nodes -- --scans 10000`
//! `cargo run -p tests --example nodes -- --scans 2000 --pace 1,2,4`

use anyhow::{Result, ensure};
use clap::Parser;
use tests::nodes::nodes;

/// Queues scans, lets two nodes read and deliver them, kills one half way, and counts.
///
/// With `--pace` nothing is killed: so many nodes with one reader each work on PostgreSQL, S3 and
/// JetStream, and their pace is told.
#[derive(Parser)]
struct Arguments {
    /// How many scans wait when the nodes start.
    #[arg(long, default_value_t = 10_000)]
    scans: usize,
    /// Numbers of nodes, one after the other.
    #[arg(long, value_delimiter = ',')]
    pace: Vec<usize>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { scans, pace } = Arguments::parse();
    if !pace.is_empty() {
        for nodes in pace {
            eprintln!(
                "{nodes} nodes: {:.1} photos a second",
                tests::nodes::pace(nodes, scans).await
            );
        }
        return Ok(());
    }
    let report = nodes(scans).await;
    let account = &report.account;
    eprintln!("{scans} scans by two nodes, one killed half way: {:.1?}", report.took);
    eprintln!(
        "held at the kill: {}; done by the other after {:.1?} (lease {:.0?})",
        report.held, report.taken_over_after, report.lease
    );
    eprintln!("readings begun again: {}", report.read_again);
    eprintln!("events owed: {}; at the registry, by id: {}", account.owed, account.taken);
    eprintln!("calls beyond the first under an id: {}", account.repeated);
    eprintln!("faults: {:#?}", account.faults);
    ensure!(account.faults.is_empty(), "something was lost or doubled");
    ensure!(report.read_again as usize <= report.held, "more was read again than was held");
    Ok(())
}
