//! A folder as an inbox: each photo that is put there becomes a scan, and its file ends in `done/`,
//! `review/` or `failed/`, with a small JSON file beside it that says why.
//!
//! A file is only ever moved, never changed or deleted, and it is moved after its verdict is durable. A
//! crash in between repeats the step: the scan is found again by the hash of the photo. The folder is
//! looked at when the system says that it changed, and also from time to time, because network shares
//! tell nobody of changes; of 100,000 waiting files only a batch is known at a time.

mod changes;
mod filing;

use anyhow::Context as _;
use bytes::Bytes;
use changes::Changes;
use filing::Filed;
pub(crate) use filing::Place;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use pipeline::Pipeline;
use pipeline::answer::{ReasonObject, Scan, new_id};
use pipeline::clock::{Clock, Stopwatch};
use pipeline::details::{Details, FILE_CHARS_MAX};
use pipeline::hex::hex;
use pipeline::reading::scan_worker::ScanWorker;
use pipeline::settings::{Duplicates, InboxSettings, Settings};
use pipeline::stored::scan_object;
use scan::UnreadableCode;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::{Received, Store, Upload, UploadedPhoto};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use validate::Surface;
use walkdir::WalkDir;

/// Whose uploads they are.
const OWNER: &str = "inbox";
/// Files that are known at a time.
const BATCH_FILES: usize = 256;
/// How long a verdict is waited for before the folder's end is looked for again.
const VERDICT_WAIT_MAX: Duration = Duration::from_secs(5);
/// A photo that is not whole is taken all the same when nothing has come of it for so long: copies over
/// poor lines stall, and cameras lose the end of a file.
const SILENCE: Duration = Duration::from_secs(60);
/// Endings of files that somebody is still writing.
const UNFINISHED: [&str; 4] = ["part", "partial", "tmp", "crdownload"];

/// A folder with its three places, there and writable.
pub(crate) struct Folder {
    path: PathBuf,
    duplicates: Duplicates,
}

impl Folder {
    /// Makes the three places.
    ///
    /// # Errors
    /// If the folder is not there or not writable.
    pub(crate) fn open(settings: &InboxSettings) -> anyhow::Result<Self> {
        let path = &settings.folder;
        anyhow::ensure!(path.is_dir(), "inbox {}: there is no such folder", path.display());
        for place in Place::ALL {
            let made = fs::create_dir_all(path.join(place.name()));
            made.with_context(|| format!("inbox {}: cannot be written", path.display()))?;
        }
        Ok(Self { path: path.clone(), duplicates: settings.duplicates })
    }
}

/// A folder and what its photos go through.
pub(crate) struct Inbox {
    folder: Folder,
    changes: Changes,
    store: Store,
    work: Arc<ScanWorker>,
    clock: Clock,
    photo_bytes_max: u64,
    at_once: usize,
    poll: Duration,
    settle: Duration,
}

/// A file as it was seen.
struct Seen {
    /// Below the folder.
    relative: PathBuf,
    bytes: u64,
    changed: Option<SystemTime>,
}

/// What one walk through the folder did.
#[derive(Default)]
struct Pass {
    filed: usize,
    left: usize,
}

impl Inbox {
    /// An inbox whose photos take the way of `pipeline`.
    pub(crate) fn new(folder: Folder, pipeline: &Pipeline, settings: &Settings) -> Self {
        Self {
            folder,
            changes: Changes::new(),
            store: pipeline.handles.store.clone(),
            at_once: 2 * pipeline.handles.work.readers_up().max(1),
            work: pipeline.handles.work.clone(),
            clock: pipeline.handles.clock.clone(),
            photo_bytes_max: settings.uploads.photo_bytes_max.get() as u64,
            poll: Duration::from_millis(settings.inbox.poll_ms.get()),
            settle: Duration::from_millis(settings.inbox.settle_ms.get()),
        }
    }

    /// Takes photos until `stop`; `filed` hears of each file that was moved, by its path below the
    /// folder.
    pub(crate) async fn watch(&self, stop: &CancellationToken, filed: impl Fn(&Path, Place)) {
        while !stop.is_cancelled() {
            self.pass(stop, &filed).await;
            stop.run_until_cancelled(self.rest()).await;
        }
    }

    /// Until something was put into the folder, or until it is time to look at it anyway.
    async fn rest(&self) {
        // A thousand files that come one after the other are not a thousand walks.
        let least = self.settle.min(self.poll);
        sleep(least).await;
        // That nothing was heard is as good a reason to look.
        let _ = timeout(self.poll - least, self.changes.next()).await;
    }

    /// Takes photos until none is left that could be taken; the number of those left behind, which
    /// cannot be read or recorded now.
    pub(crate) async fn empty(
        &self,
        stop: &CancellationToken,
        filed: impl Fn(&Path, Place),
    ) -> usize {
        loop {
            let pass = self.pass(stop, &filed).await;
            if pass.filed == 0 || stop.is_cancelled() {
                return pass.left;
            }
        }
    }

    /// One walk through the folder. While a batch is read the next one settles.
    async fn pass(&self, stop: &CancellationToken, filed: &impl Fn(&Path, Place)) -> Pass {
        let mut pass = Pass::default();
        let mut walk = self.photos();
        let mut batch = next_batch(&mut walk);
        let mut seen_since = Stopwatch::start();
        while !batch.is_empty() && !stop.is_cancelled() {
            let settling = self.settle.saturating_sub(seen_since.elapsed());
            stop.run_until_cancelled(sleep(settling)).await;
            let next = next_batch(&mut walk);
            let next_since = Stopwatch::start();
            let mut taken = stream::iter(batch)
                .map(|seen| async move { (self.take(&seen, stop).await, seen) })
                .buffer_unordered(self.at_once);
            while let Some((outcome, seen)) = taken.next().await {
                match outcome {
                    Ok(Some(place)) => {
                        pass.filed += 1;
                        filed(&seen.relative, place);
                    }
                    Ok(None) => pass.left += 1,
                    Err(error) => {
                        pass.left += 1;
                        // The name may hold a serial, so it is not named.
                        tracing::warn!(%error, "a file of an inbox stays where it is for now");
                    }
                }
            }
            drop(taken);
            (batch, seen_since) = (next, next_since);
        }
        pass
    }

    /// The photos that wait, as they are found.
    fn photos(&self) -> impl Iterator<Item = Seen> {
        let root = self.folder.path.clone();
        self.changes.listen_at(&root);
        let places = Place::ALL.map(|place| root.join(place.name()));
        let entries = WalkDir::new(&root).min_depth(1).into_iter().filter_entry(move |entry| {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            !hidden && !places.iter().any(|place| place == entry.path())
        });
        entries.filter_map(Result::ok).filter_map(move |entry| {
            let path = entry.path();
            if entry.file_type().is_dir() {
                self.changes.listen_at(path);
            }
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            let unfinished = ending.is_some_and(|ending| UNFINISHED.contains(&&*ending));
            if !entry.file_type().is_file() || unfinished || !is_photo(path) {
                return None;
            }
            let metadata = entry.metadata().ok()?;
            let relative = path.strip_prefix(&root).ok()?.to_owned();
            Some(Seen { relative, bytes: metadata.len(), changed: metadata.modified().ok() })
        })
    }

    /// Reads, records and files one photo; `None` if it is to be looked at again later.
    async fn take(&self, seen: &Seen, stop: &CancellationToken) -> anyhow::Result<Option<Place>> {
        let path = self.folder.path.join(&seen.relative);
        let Some(metadata) = fs::metadata(&path).ok() else { return Ok(None) };
        if metadata.len() != seen.bytes || metadata.modified().ok() != seen.changed {
            return Ok(None);
        }
        if seen.bytes > self.photo_bytes_max {
            let code = UnreadableCode::PhotoTooLarge;
            return self.refuse(seen, "photo_too_large", code.hint()).map(Some);
        }
        let mut bytes = Vec::with_capacity(seen.bytes as usize);
        File::open(&path)?.take(self.photo_bytes_max).read_to_end(&mut bytes)?;
        let Ok(content_type) = scan::media_type(&bytes) else { return Ok(None) };
        if !scan::is_whole(&bytes) && !self.is_silent(&metadata) {
            tracing::info!("a photo whose end has not come is left for now");
            return Ok(None);
        }
        let photo = UploadedPhoto {
            bytes: Bytes::from(bytes),
            content_type: content_type.to_owned(),
            surface: Surface::Label,
        };
        let (scan, earlier) = self.record(seen, photo).await?;
        if earlier.is_some() && self.folder.duplicates == Duplicates::Refuse {
            let hint = "A file with the same content was taken before.";
            return self.refuse(seen, "photo_duplicate", hint).map(Some);
        }
        while !stop.is_cancelled() {
            self.work.wait_for(OWNER, scan, VERDICT_WAIT_MAX).await;
            let stored = self.store.scan(scan).await?.context("a scan vanished")?;
            let scan = scan_object(stored);
            if let Some(place) = Place::of(scan.status) {
                let filed = Filed { scan, duplicate_of: earlier };
                filed.file(&self.folder.path, place, &seen.relative)?;
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Whether nothing has come of a file for so long that nothing more will. A time in the future is a
    /// clock that differs, and no news.
    fn is_silent(&self, metadata: &Metadata) -> bool {
        let changed = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        changed.is_none_or(|at| self.clock.now().duration_since(at).unsigned_abs() >= SILENCE)
    }

    /// Records the photo; its scan, and the earlier file with the same content if there was one.
    async fn record(
        &self,
        seen: &Seen,
        photo: UploadedPhoto,
    ) -> anyhow::Result<(store::ScanId, Option<String>)> {
        let now = self.clock.now();
        let details = details_of(&seen.relative);
        let file = details.file.clone();
        let upload = Upload {
            id: new_id(now).into(),
            idempotency_key: hex(&Sha256::digest(&photo.bytes)),
            owner: OWNER.into(),
            photos: vec![photo],
            details: serde_json::to_value(details)?,
        };
        match self.store.receive(upload, now).await? {
            Received::New(scan) => Ok((scan, None)),
            // The key is the content's: only what its folders say of it can differ.
            Received::Repeat(scan) | Received::Conflict(scan) => {
                let stored = self.store.scan(scan).await?.context("a scan vanished")?;
                let first = stored.details["file"].as_str().map(str::to_owned);
                // The same file again is one whose move a crash prevented.
                Ok((scan, first.filter(|first| Some(first) != file.as_ref())))
            }
        }
    }

    /// Files a photo that becomes no scan.
    fn refuse(&self, seen: &Seen, code: &str, hint: &str) -> anyhow::Result<Place> {
        let now = self.clock.now();
        let reason = ReasonObject { code: code.to_owned(), hint: hint.to_owned() };
        let filed = Filed { scan: Scan::failed(new_id(now), now, reason), duplicate_of: None };
        filed.file(&self.folder.path, Place::Failed, &seen.relative)?;
        Ok(Place::Failed)
    }
}

fn next_batch(walk: &mut impl Iterator<Item = Seen>) -> Vec<Seen> {
    // Short reads of directories and first bytes; the pace is set by reading the photos.
    tokio::task::block_in_place(|| walk.take(BATCH_FILES).collect())
}

fn is_photo(path: &Path) -> bool {
    let head = || -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        File::open(path)?.take(scan::HEAD_BYTES).read_to_end(&mut head)?;
        Ok(head)
    };
    head().is_ok_and(|head| scan::is_photo(&head))
}

/// What a file's place says: its first folder is the site, its second the batch. Names that are no
/// such thing say nothing.
fn details_of(relative: &Path) -> Details {
    let names: Vec<String> =
        relative.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let folders = &names[..names.len().saturating_sub(1)];
    let path: String = names.join("/").chars().filter(|char| !char.is_control()).collect();
    let over = path.chars().count().saturating_sub(FILE_CHARS_MAX);
    let file = Some(path.chars().skip(over).collect());
    let named = Details {
        site: folders.first().cloned(),
        batch: folders.get(1).cloned(),
        file,
        ..Details::default()
    };
    match named.check() {
        Ok(()) => named,
        Err(_) => Details { site: None, batch: None, ..named },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_name_the_site_and_the_batch() {
        let details = details_of(Path::new("Pier 3/pallet 7/box/IMG_1.jpg"));
        assert_eq!(details.site.as_deref(), Some("Pier 3"));
        assert_eq!(details.batch.as_deref(), Some("pallet 7"));
        assert_eq!(details.file.as_deref(), Some("Pier 3/pallet 7/box/IMG_1.jpg"));
        let bare = details_of(Path::new("IMG_1.jpg"));
        assert_eq!((bare.site, bare.batch), (None, None));
        let long = details_of(&Path::new(&"x".repeat(201)).join("y".repeat(1000)));
        assert_eq!((long.site.as_deref(), long.file.map(|file| file.len())), (None, Some(1000)));
    }
}
