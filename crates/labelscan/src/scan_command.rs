//! `labelscan scan`: photos and folders of photos, without a service.

use crate::cli::ScanArgs;
use crate::desk::{Desk, Outcome, photos_of};
use crate::scan_object::{Scan, Status};
use crate::settings::Settings;
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::{
    io::{self, ErrorKind, IsTerminal as _, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Some photos were not accepted.
const NOT_ALL_ACCEPTED: u8 = 1;

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    photo: String,
    #[serde(flatten)]
    scan: &'a Scan,
}

/// Reads the photos and prints an answer each, in the order of the paths.
///
/// # Errors
/// If nothing could be read at all: no photo, no models, unusable settings.
pub(crate) fn run(args: &ScanArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (photos, others) = photos_of(&args.paths);
    if others > 0 {
        eprintln!("labelscan: {others} files that are no photos were passed over");
    }
    anyhow::ensure!(!photos.is_empty(), "there is no photo in these folders");
    let terminals: Vec<Vec<PathBuf>> = if args.together {
        vec![photos]
    } else {
        photos.into_iter().map(|photo| vec![photo]).collect()
    };
    let mut desk = Desk::open(settings, terminals.len())?;
    if let Some(file) = &args.estate {
        desk.expect(file, settings)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let all_accepted = runtime.block_on(read_all(&desk, &terminals, args.json));
    match all_accepted {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::from(NOT_ALL_ACCEPTED)),
        // `| head` has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

async fn read_all(desk: &Desk, terminals: &[Vec<PathBuf>], json: bool) -> io::Result<bool> {
    let bar = progress(terminals.len());
    let mut outcomes = stream::iter(terminals)
        .map(|paths| async move { (paths, desk.read(paths).await) })
        .buffered(desk.readers());
    let mut all_accepted = true;
    while let Some((paths, outcome)) = outcomes.next().await {
        all_accepted &= outcome.scan.status == Status::Accepted;
        bar.suspend(|| print(paths, &outcome, json))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all_accepted)
}

fn print(paths: &[PathBuf], outcome: &Outcome, json: bool) -> io::Result<()> {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let photo = names.join(" ");
    if let Some(problem) = &outcome.problem {
        eprintln!("labelscan: {photo}: {problem}");
    }
    let mut out = io::stdout().lock();
    if json {
        let line = serde_json::to_string(&Line { photo, scan: &outcome.scan })?;
        writeln!(out, "{line}")
    } else {
        writeln!(out, "{}", sentence(&photo, &outcome.scan))
    }
}

/// One line for a person: what was decided, the serial or what it may be, the photo, what to do.
fn sentence(photo: &str, scan: &Scan) -> String {
    let status = scan.status.as_str();
    let value = match (&scan.serial, scan.candidates.first()) {
        (Some(serial), _) => serial.value.clone(),
        (None, Some(candidate)) => format!("{}?", candidate.value),
        (None, None) => "-".into(),
    };
    let why: Vec<String> =
        scan.reasons.iter().map(|reason| format!("  {}: {}", reason.code, reason.hint)).collect();
    format!("{status:<10}  {value:<20}  {photo}{}", why.concat())
}

/// A bar on a terminal when there is something to wait for, else nothing.
fn progress(terminals: usize) -> ProgressBar {
    if terminals < 2 || !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} photos, {eta} left");
    ProgressBar::new(terminals as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
