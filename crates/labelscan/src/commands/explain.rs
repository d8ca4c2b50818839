//! `labelscan explain`: reads the photos of one terminal and says why they were judged as they were.

use crate::cli::ExplainArgs;
use crate::commands::local_scanner::LocalScanner;
use pipeline::settings::Settings;
use std::io::{self, Write};
use std::process::ExitCode;

/// Exits 0 if the photos were read, whatever came of it.
pub(crate) fn run(args: &ExplainArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let scanner = LocalScanner::open(settings, 1)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let outcome = runtime.block_on(scanner.read(&args.photos));
    let Some(reading) = outcome.reading else {
        anyhow::bail!(outcome.problem.unwrap_or_default());
    };
    let explained = scanner.explain(&reading.evidence);
    let mut out = io::stdout().lock();
    match args.json {
        true => writeln!(out, "{}", serde_json::to_string(&explained)?)?,
        false => write!(out, "{explained}")?,
    }
    Ok(ExitCode::SUCCESS)
}
