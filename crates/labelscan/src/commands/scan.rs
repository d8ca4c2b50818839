//! `labelscan scan`: photos and folders of photos, read here or handed to a service.

mod results;
mod submission;

use crate::cli::{Grouping, ScanArgs};
use crate::commands::local_scanner::{LocalScanner, Outcome, photos_of};
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pipeline::answer::{Scan, Status};
use pipeline::csv_cell::guarded;
use pipeline::settings::Settings;
use results::Results;
use serde::Serialize;
use std::collections::BTreeMap;
use std::{
    io::{self, ErrorKind, IsTerminal as _, Write},
    path::PathBuf,
    process::ExitCode,
};
use submission::Submission;

/// Some photos were not accepted.
const NOT_ALL_ACCEPTED: u8 = 1;

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    photo: &'a str,
    #[serde(flatten)]
    scan: &'a Scan,
}

/// How answers are written to stdout.
#[derive(Clone, Copy)]
enum Form {
    Sentence,
    Json,
    Csv,
}

/// What all answers together come to.
#[derive(Default)]
struct Summary {
    /// Scans by status.
    statuses: BTreeMap<&'static str, usize>,
    /// Scans that were not accepted by reason.
    reasons: BTreeMap<String, usize>,
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
    let mut terminals = terminals(photos, args);
    let mut results = args.resume.as_deref().map(Results::open).transpose()?;
    let mut summary = Summary::default();
    if let Some(results) = &results {
        let all = terminals.len();
        terminals.retain(|paths| !results.hold(&name_of(paths)));
        eprintln!("labelscan: {} of {all} were answered before", all - terminals.len());
        summary.count_earlier(results);
    }
    let form = match (args.json, args.csv) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Sentence,
    };
    let read = if terminals.is_empty() {
        Ok(())
    } else {
        let reads = Reads::open(args, settings, terminals.len())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(read_all(&reads, &terminals, form, &mut results, &mut summary))
    };
    summary.tell();
    match read {
        Ok(()) => {}
        // `| head` has seen enough.
        Err(error) if is_broken_pipe(&error) => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error),
    }
    Ok(if summary.all_accepted() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL_ACCEPTED) })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Where photos are read.
enum Reads {
    Here(LocalScanner),
    There(Submission),
}

impl Reads {
    fn open(args: &ScanArgs, settings: &Settings, terminals: usize) -> anyhow::Result<Self> {
        if let Some(url) = &args.submit {
            return Ok(Self::There(Submission::open(url, args.jobs, settings)?));
        }
        let mut desk = LocalScanner::open(settings, terminals)?;
        if let Some(file) = &args.estate {
            desk.expect(file, settings)?;
        }
        Ok(Self::Here(desk))
    }

    /// How many terminals are read at the same time.
    fn at_once(&self) -> usize {
        match self {
            Self::Here(desk) => desk.readers(),
            Self::There(submission) => submission.at_once(),
        }
    }

    /// Reads the photos of one terminal; an error concerns all that are still to come.
    async fn read(&self, paths: &[PathBuf]) -> anyhow::Result<Outcome> {
        match self {
            Self::Here(desk) => Ok(desk.read(paths).await),
            Self::There(submission) => submission.read(paths).await,
        }
    }
}

/// Which photos show one terminal each.
fn terminals(photos: Vec<PathBuf>, args: &ScanArgs) -> Vec<Vec<PathBuf>> {
    if args.together {
        return vec![photos];
    }
    let Some(grouping) = args.group else {
        return photos.into_iter().map(|photo| vec![photo]).collect();
    };
    let mut groups: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for photo in photos {
        let key = match grouping {
            Grouping::Folder => photo.parent().map(PathBuf::from).unwrap_or_default(),
            Grouping::Name => photo.with_file_name(stem_of(&photo)),
        };
        groups.entry(key).or_default().push(photo);
    }
    groups.into_values().collect()
}

/// A file's name without its ending and without the number of the photo: `T7-2.jpg`, `T7_b.jpg` and
/// `T7 (3).jpg` are photos of `T7`.
fn stem_of(photo: &std::path::Path) -> String {
    let stem = photo.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let bare = stem.trim_end_matches(')');
    let number = bare.rfind(['-', '_', '(', ' ']).filter(|&at| {
        let after = &bare[at + 1..];
        let digits = !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit());
        digits && after.len() <= 2
            || after.len() == 1 && after.bytes().all(|it| it.is_ascii_alphabetic())
    });
    number.map_or(stem.clone(), |at| bare[..at].trim_end().to_owned())
}

fn name_of(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(" ")
}

async fn read_all(
    reads: &Reads,
    terminals: &[Vec<PathBuf>],
    form: Form,
    results: &mut Option<Results>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let bar = progress(terminals.len());
    if let Form::Csv = form {
        writeln!(io::stdout(), "photo,status,serial,vendor,format,confidence,candidate,reasons")?;
    }
    let mut outcomes = stream::iter(terminals)
        .map(|paths| async move { (paths, reads.read(paths).await) })
        .buffered(reads.at_once());
    while let Some((paths, outcome)) = outcomes.next().await {
        let (photo, outcome) = (name_of(paths), outcome?);
        summary.count(outcome.scan.status, outcome.scan.reasons.iter().map(|it| &*it.code));
        // What still waits at a service is asked for again next time.
        if let Some(results) = results.as_mut().filter(|_| outcome.scan.status != Status::Queued) {
            results.add(&Line { photo: &photo, scan: &outcome.scan })?;
        }
        bar.suspend(|| print(&photo, &outcome, form))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn print(photo: &str, outcome: &Outcome, form: Form) -> io::Result<()> {
    if let Some(problem) = &outcome.problem {
        eprintln!("labelscan: {photo}: {problem}");
    }
    let scan = &outcome.scan;
    let mut out = io::stdout().lock();
    match form {
        Form::Sentence => writeln!(out, "{}", sentence(photo, scan)),
        Form::Json => writeln!(out, "{}", serde_json::to_string(&Line { photo, scan })?),
        Form::Csv => out.write_all(&record(photo, scan)?),
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
    let question = scan.question.map_or_else(String::new, |it| format!("  {}", it.text()));
    format!("{status:<10}  {value:<20}  {photo}{question}{}", why.concat())
}

/// One line of `--csv`.
fn record(photo: &str, scan: &Scan) -> io::Result<Vec<u8>> {
    let serial = scan.serial.as_ref();
    let cell = |text: Option<&String>| text.cloned().unwrap_or_default();
    let reasons: Vec<&str> = scan.reasons.iter().map(|reason| &*reason.code).collect();
    let cells = [
        photo.to_owned(),
        scan.status.as_str().to_owned(),
        cell(serial.map(|serial| &serial.value)),
        cell(serial.map(|serial| &serial.vendor)),
        cell(serial.map(|serial| &serial.format)),
        serial.map_or_else(String::new, |serial| serial.confidence.to_string()),
        cell(scan.candidates.first().map(|candidate| &candidate.value)),
        reasons.join(" "),
    ];
    let mut line = csv::Writer::from_writer(Vec::new());
    line.write_record(cells.iter().map(|cell| guarded(cell)))?;
    line.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

impl Summary {
    fn count<'a>(&mut self, status: Status, reasons: impl Iterator<Item = &'a str>) {
        *self.statuses.entry(status.as_str()).or_default() += 1;
        for reason in reasons {
            *self.reasons.entry(reason.to_owned()).or_default() += 1;
        }
    }

    fn count_earlier(&mut self, results: &Results) {
        for (status, reasons) in results.earlier() {
            self.count(*status, reasons.iter().map(String::as_str));
        }
    }

    fn all_accepted(&self) -> bool {
        self.statuses.keys().all(|status| *status == Status::Accepted.as_str())
    }

    /// On stderr, where there is more than one answer to sum up.
    fn tell(&self) {
        let all: usize = self.statuses.values().sum();
        if all < 2 {
            return;
        }
        let parts: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
        eprintln!("labelscan: {all} in all: {}", parts.join(", "));
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in reasons {
            eprintln!("labelscan: {count:>6}  {reason}");
        }
    }
}

/// A bar on a terminal when there is something to wait for, else nothing.
fn progress(terminals: usize) -> ProgressBar {
    if terminals < 2 || !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let template = "{bar:30} {pos}/{len} photos, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(terminals as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn numbers_and_letters_at_the_end_are_photos_of_one_terminal() {
        for name in ["T7-1.jpg", "T7_2.jpg", "T7 (3).jpg", "T7_b.png", "T7.jpg"] {
            assert_eq!(stem_of(Path::new(name)), "T7", "{name}");
        }
        assert_eq!(stem_of(Path::new("IMG_20261123.jpg")), "IMG_20261123");
        assert_eq!(stem_of(Path::new("082-1032398.jpg")), "082-1032398");
    }
}
