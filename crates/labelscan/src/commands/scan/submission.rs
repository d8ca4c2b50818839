//! `labelscan scan --submit`: the photos are read, recorded and registered by a service. Photos are
//! known there by their content, so that handing them over twice makes one scan.

use crate::commands::local_scanner::{Outcome, file_unreadable, photo_bytes};
use anyhow::Context as _;
use outbound::{Photo, RemoteLabelscan, ServiceSettings, SubmitError};
use pipeline::answer::{ReasonObject, Scan, new_id};
use pipeline::clock::{Clock, Stopwatch};
use pipeline::hex::hex;
use pipeline::settings::Settings;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

/// Where the key of the service's API stands. Not a flag: everybody on a machine sees those.
const KEY: &str = "LABELSCAN_SUBMIT_KEY";
/// Terminals that are under way at once unless asked otherwise.
const AT_ONCE: usize = 4;
/// Bytes of an answer; one has a few thousand.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Deadline of one call; a photo takes its time over a bad line.
const CALL_MS_MAX: u64 = 120_000;
/// How long a scan is waited for that waits for a reader.
const READ_MS_MAX: u64 = 120_000;

/// A service and what is needed to hand photos to it.
pub(super) struct Submission {
    service: RemoteLabelscan,
    at_once: usize,
    photo_bytes_max: u64,
}

impl Submission {
    /// Nothing is dialled yet.
    ///
    /// # Errors
    /// If the address or the key is missing or wrong.
    pub(super) fn open(
        url: &str,
        jobs: Option<usize>,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let key = std::env::var(KEY).ok().filter(|key| !key.trim().is_empty());
        let key = key.with_context(|| {
            format!(
                "set {KEY} to a key of the service, which `labelscan keys create --name depot \
                 --role technician` makes there"
            )
        })?;
        let service = RemoteLabelscan::open(&ServiceSettings {
            url: url.into(),
            key: key.trim().into(),
            call_ms_max: CALL_MS_MAX,
            read_ms_max: READ_MS_MAX,
            answer_bytes_max: ANSWER_BYTES_MAX,
        })?;
        let photo_bytes_max = settings.uploads.photo_bytes_max.get() as u64;
        Ok(Self { service, at_once: jobs.unwrap_or(AT_ONCE).max(1), photo_bytes_max })
    }

    /// How many terminals are under way at once.
    pub(super) fn at_once(&self) -> usize {
        self.at_once
    }

    /// Hands over the photos of one terminal.
    ///
    /// # Errors
    /// If the service takes none, now or from this caller.
    pub(super) async fn read(&self, paths: &[PathBuf]) -> anyhow::Result<Outcome> {
        let (now, watch) = (Clock::System.now(), Stopwatch::start());
        let outcome =
            |scan, problem| Outcome { scan, reading: None, problem, took_ms: watch.elapsed_ms() };
        let failed =
            |reason, problem| Ok(outcome(Scan::failed(new_id(now), now, reason), Some(problem)));
        let (mut photos, mut content) = (Vec::with_capacity(paths.len()), Sha256::new());
        for path in paths {
            let bytes = match photo_bytes(path, self.photo_bytes_max) {
                Ok(bytes) => bytes,
                Err(error) => return failed(file_unreadable(), error.to_string()),
            };
            content.update(Sha256::digest(&bytes));
            // What is no photo is the service's to refuse, with its code.
            let content_type = scan::media_type(&bytes).unwrap_or("application/octet-stream");
            photos.push(Photo { bytes: bytes.into(), content_type: content_type.into() });
        }
        let key = hex(&content.finalize());
        match self.service.submit(&photos, &json!({}), &key, now).await {
            Ok(answer) => {
                let scan = serde_json::from_value(answer).context("the service's answer")?;
                Ok(outcome(scan, None))
            }
            Err(SubmitError::Refused(refusal)) => {
                let why = refusal.explanation().to_owned();
                failed(ReasonObject { code: refusal.code, hint: why.clone() }, why)
            }
            Err(SubmitError::Service(why)) => anyhow::bail!(
                "the service takes no photos: {why}; run the same command again when it does, what \
                 it has is not taken twice"
            ),
        }
    }
}
