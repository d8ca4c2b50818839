//! `labelscan`: see `labelscan --help`.

use clap::Parser as _;
use labelscan::cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // First of all and before any thread: a reader's confinement covers what it starts later.
    if matches!(cli.command, Command::Reader) {
        let watch = pipeline::clock::Stopwatch::start();
        return readers::worker::run(|| watch.elapsed());
    }
    labelscan::run(cli)
}
