//! Photos on this machine's disk, read and judged without a service: what `scan` and `eval` share.
//!
//! It looks at files and never changes one, and nothing it learns is recorded.

use pipeline::answer::{ReasonObject, Scan, TookMs, new_id};
use pipeline::clock::{Clock, Stopwatch};
use pipeline::formats;
use pipeline::lists::{self, ListOptions};
use pipeline::reading::reader_settings::pool_settings_for;
use pipeline::settings::Settings;
use readers::{Counts, PhotoBytes, Pool, ReadFailure, ReadRequest};
use scan::Reading;
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};
use validate::{Estate, Evidence, Explained, Formats, Surface, explain_verdict};
use walkdir::WalkDir;

/// Readers and formats, ready for photos.
pub(crate) struct LocalScanner {
    pool: Pool,
    formats: Formats,
    estate: Estate,
    photo_bytes_max: u64,
}

/// What came of the photos of one terminal.
pub(crate) struct Outcome {
    /// The answer.
    pub(crate) scan: Scan,
    /// What was seen; none if a photo could not be read.
    pub(crate) reading: Option<Reading>,
    /// What went wrong, for a person; none if the photos were read.
    pub(crate) problem: Option<String>,
    /// From the file to the judgement, in milliseconds.
    pub(crate) took_ms: f64,
}

impl LocalScanner {
    /// Starts the readers, no more than there is work for: a single photo gets one reader with
    /// every core.
    ///
    /// # Errors
    /// If the formats file or the models are not usable; the message says what to do.
    pub(crate) fn open(settings: &Settings, requests: usize) -> anyhow::Result<Self> {
        let (formats, text) = formats::load(settings)?;
        Ok(Self {
            pool: Pool::start(pool_settings_for(settings, text, requests))?,
            formats,
            estate: Estate::unknown(),
            photo_bytes_max: settings.uploads.photo_bytes_max.get() as u64,
        })
    }

    /// Judges by a list of expected serials from now on, which is taken for what the settings say.
    ///
    /// # Errors
    /// If the file is no list.
    pub(crate) fn expect(&mut self, file: &Path, settings: &Settings) -> anyhow::Result<()> {
        let options = ListOptions::new(settings.judging.estate_serials_max.get());
        let list = lists::read_file(file, &self.formats, &options)?;
        if list.refused.count > 0 {
            let (file, n) = (file.display(), list.refused.count);
            eprintln!("labelscan: {file}: {n} lines hold no serial: see `labelscan estate import`");
        }
        let serials = list.expected.into_iter().map(|expected| expected.serial);
        self.estate = Estate::new(settings.judging.estate, serials);
        Ok(())
    }

    /// How many terminals can be read at the same time.
    pub(crate) fn readers(&self) -> usize {
        self.pool.readers()
    }

    /// What the readers have done so far.
    pub(crate) fn counts(&self) -> Counts {
        self.pool.counts()
    }

    /// Why evidence is judged as it is.
    pub(crate) fn explain(&self, evidence: &Evidence) -> Explained {
        explain_verdict(&self.formats, evidence, &self.estate)
    }

    /// Reads and judges the photos of one terminal.
    pub(crate) async fn read(&self, paths: &[PathBuf]) -> Outcome {
        let (created_at, watch) = (Clock::System.now(), Stopwatch::start());
        let id = new_id(created_at);
        let failed = |reason: ReasonObject, problem: String| Outcome {
            scan: Scan::failed(id, created_at, reason),
            reading: None,
            problem: Some(problem),
            took_ms: watch.elapsed_ms(),
        };
        let mut photos = Vec::with_capacity(paths.len());
        for path in paths {
            match photo_bytes(path, self.photo_bytes_max) {
                Ok(bytes) => {
                    photos.push(PhotoBytes { bytes: bytes.into(), surface: Surface::Label });
                }
                Err(error) => return failed(file_unreadable(), error.to_string()),
            }
        }
        match self.pool.read(ReadRequest { photos }).await {
            Ok(reading) => {
                let judgement = validate::judge(&self.formats, &reading.evidence, &self.estate);
                let took = TookMs::from(&reading.took);
                Outcome {
                    scan: Scan::judged(id, created_at, judgement, took),
                    reading: Some(reading),
                    problem: None,
                    took_ms: watch.elapsed_ms(),
                }
            }
            Err(failure) => {
                let problem = match &failure {
                    ReadFailure::Unreadable(unreadable) => unreadable.detail.clone(),
                    other => other.to_string(),
                };
                failed(ReasonObject::from(&failure), problem)
            }
        }
    }
}

/// A file's bytes; of one that is too large only as many as show that it is.
pub(crate) fn photo_bytes(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The reason of a photo whose file cannot be read.
pub(crate) fn file_unreadable() -> ReasonObject {
    let hint = "Check that the file is there and may be read.".to_owned();
    ReasonObject { code: "file_unreadable".into(), hint }
}

/// The files that paths stand for: each file as named, the photos of each folder in the order of
/// their names, subfolders included. Files of a folder that are no photos, judged by their first
/// bytes, are left out and counted.
pub(crate) fn photos_of(paths: &[PathBuf]) -> (Vec<PathBuf>, usize) {
    let (mut photos, mut others) = (Vec::new(), 0);
    for path in paths {
        if !path.is_dir() {
            photos.push(path.clone());
            continue;
        }
        let entries = WalkDir::new(path).sort_by_file_name().into_iter();
        for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
            if is_photo(entry.path()) {
                photos.push(entry.into_path());
            } else {
                others += 1;
            }
        }
    }
    (photos, others)
}

/// A file that cannot be read counts as a photo, so that it is reported.
fn is_photo(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(scan::HEAD_BYTES).read_to_end(&mut head));
    read.is_err() || scan::is_photo(&head)
}
