//! `labelscan eval`: reads every photo of a manifest and counts what came out right.
//!
//! It measures the same way as `scan` works, reader processes and all; it knows the truth only
//! after the answer is made.

mod grade;
mod report;

use crate::cli::EvalArgs;
use crate::commands::local_scanner::{LocalScanner, Outcome};
use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use grade::{Answer, Truth, grades};
use pipeline::answer::Status;
use pipeline::settings::Settings;
use report::{Report, Row};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

/// One line of a manifest.
#[derive(Debug, Deserialize)]
struct Photo {
    id: String,
    /// Relative to the manifest.
    path: String,
    #[serde(flatten)]
    truth: Truth,
    #[serde(default)]
    barcodes: Option<Vec<ExpectedBarcode>>,
    /// Whatever else stands there, to group by.
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct ExpectedBarcode {
    text: String,
}

/// Reads the manifest's photos and prints the table or the JSON object.
///
/// # Errors
/// If the manifest cannot be read, with the line, or no reader could be started.
pub(crate) fn run(args: &EvalArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let photos = manifest(&args.manifest)?;
    let folder = args.manifest.parent().unwrap_or(Path::new("."));
    let desk = LocalScanner::open(settings, photos.len())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let rows: Vec<Row> = runtime.block_on(
        stream::iter(&photos)
            .map(|photo| async {
                let outcome = desk.read(&[folder.join(&photo.path)]).await;
                row(photo, outcome)
            })
            .buffered(desk.readers())
            .collect(),
    );
    let report = Report { rows, counts: desk.counts() };
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", report.json())?;
    } else {
        write!(out, "{}", report.table(&args.by))?;
        if args.misses {
            write!(out, "{}", report.misses())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn manifest(path: &Path) -> anyhow::Result<Vec<Photo>> {
    let place = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("manifest {place}"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let photos: Vec<Photo> = lines
        .map(|(index, line)| {
            serde_json::from_str(line).with_context(|| format!("{place}, line {}", index + 1))
        })
        .collect::<anyhow::Result<_>>()?;
    anyhow::ensure!(!photos.is_empty(), "manifest {place} is empty");
    Ok(photos)
}

fn row(photo: &Photo, outcome: Outcome) -> Row {
    let scan = outcome.scan;
    let read: Vec<String> = outcome
        .reading
        .iter()
        .flat_map(|reading| &reading.evidence.photos)
        .flat_map(|photo| &photo.barcodes)
        .map(|barcode| bare(&barcode.payload))
        .collect();
    let expected = photo.barcodes.as_deref().unwrap_or_default();
    let barcodes_read = expected.iter().filter(|code| read.contains(&bare(&code.text))).count();
    let accepted = scan.serial.filter(|_| scan.status == Status::Accepted).map(|it| it.value);
    let candidates: Vec<String> =
        scan.candidates.into_iter().map(|candidate| candidate.value).collect();
    let answer = Answer { accepted: accepted.as_deref(), candidates: &candidates };
    Row {
        id: photo.id.clone(),
        fields: photo.other.clone(),
        expected: photo.truth.serial.clone(),
        grades: grades(&photo.truth, answer),
        status: scan.status,
        accepted,
        candidates,
        reasons: scan.reasons.into_iter().map(|reason| reason.code).collect(),
        barcodes_expected: expected.len(),
        barcodes_read,
        ms: outcome.took_ms,
    }
}

/// A barcode's content without what one writes down differently: separators, brackets, and the
/// leading zero that makes a UPC-A an EAN-13.
fn bare(payload: &str) -> String {
    let bare: String = payload.chars().filter(char::is_ascii_alphanumeric).collect();
    let digits = bare.bytes().all(|byte| byte.is_ascii_digit());
    if bare.len() == 12 && digits { format!("0{bare}") } else { bare }
}
