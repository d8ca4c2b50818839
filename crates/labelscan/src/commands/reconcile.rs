//! `labelscan reconcile`: what was expected, what was seen, what is registered, held against each
//! other. It reads lists and the database and changes nothing.

use crate::cli::ReconcileArgs;
use anyhow::Context as _;
use pipeline::answer::Status;
use pipeline::formats;
use pipeline::lists::{self, ListOptions, ReadList};
use pipeline::settings::Settings;
use pipeline::storage::with_store;
use serde::Deserialize;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;
use store::Store;
use validate::{Formats, Reconciliation};

/// Something disagrees.
const DISAGREE: u8 = 1;
/// Terminals that are fetched at once.
const ROWS_AT_ONCE: u32 = 1_000;

/// Runs `labelscan reconcile`.
///
/// # Errors
/// If a list or the database cannot be read.
pub(crate) fn run(args: &ReconcileArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (formats, _) = formats::load(settings)?;
    let expected = serials(&args.estate, &formats, settings)?;
    let registered = args.registry.as_deref().map(|file| serials(file, &formats, settings));
    let registered = registered.transpose()?;
    match &args.scans {
        Some(file) => {
            let found = validate::reconcile(expected, accepted(file)?, registered);
            tell(&found, args)
        }
        None => with_store(settings, async |store| {
            let found = validate::reconcile(expected, terminals(&store).await?, registered);
            tell(&found, args)
        }),
    }
}

/// The serials of a list, those of doubled lines again.
fn serials(file: &Path, formats: &Formats, settings: &Settings) -> anyhow::Result<Vec<String>> {
    let options = ListOptions::new(settings.judging.estate_serials_max.get());
    let list = lists::read_file(file, formats, &options)?;
    let ReadList { expected, doubled, refused, .. } = list;
    let unread = refused.count - doubled.len();
    if unread > 0 {
        eprintln!("labelscan: {}: {unread} lines hold no serial", file.display());
    }
    Ok(expected.into_iter().map(|one| one.serial).chain(doubled).collect())
}

/// The serials of every terminal that was recorded.
async fn terminals(store: &Store) -> anyhow::Result<Vec<String>> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.find_terminals(after, ROWS_AT_ONCE, |_| true).await?;
        seen.extend(page.items.into_iter().map(|found| found.terminal.serial));
        after = page.next;
        if after.is_none() {
            return Ok(seen);
        }
    }
}

/// What is needed of a line that `labelscan scan --json` wrote.
#[derive(Deserialize)]
struct ScanLine {
    status: Status,
    serial: Option<SerialLine>,
}

#[derive(Deserialize)]
struct SerialLine {
    value: String,
}

/// The serials that were accepted.
fn accepted(file: &Path) -> anyhow::Result<Vec<String>> {
    let place = || file.display().to_string();
    let lines = BufReader::new(File::open(file).with_context(place)?).lines();
    let mut seen = Vec::new();
    for (at, line) in lines.enumerate() {
        let line = line.with_context(place)?;
        if line.trim().is_empty() {
            continue;
        }
        let scan: ScanLine = serde_json::from_str(&line).with_context(|| {
            format!("{}, line {}: not written by `scan --json`", place(), at + 1)
        })?;
        let serial = scan.serial.filter(|_| scan.status == Status::Accepted);
        seen.extend(serial.map(|serial| serial.value));
    }
    Ok(seen)
}

fn tell(found: &Reconciliation, args: &ReconcileArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(found)?)?;
    } else if args.csv {
        let mut file = csv::Writer::from_writer(&mut out);
        file.write_record(["what", "serial", "other"])?;
        for row in &found.disagreeing {
            let other = row.other.as_deref().unwrap_or_default();
            file.write_record([row.what.name(), &row.serial, other])?;
        }
        file.flush()?;
    } else {
        for row in &found.disagreeing {
            let other = row.other.as_deref().unwrap_or_default();
            let line = format!("{:<17} {:<32} {other}", row.what.name(), row.serial);
            writeln!(out, "{}", line.trim_end())?;
        }
        let Reconciliation { expected, seen, agree, .. } = found;
        write!(out, "{expected} expected, {seen} seen")?;
        if let Some(registered) = found.registered {
            write!(out, ", {registered} registered")?;
        }
        writeln!(out, ": {agree} agree, {} differences", found.disagreeing.len())?;
    }
    Ok(if found.disagreeing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DISAGREE) })
}
