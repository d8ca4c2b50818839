//! A folder as an inbox while the program is killed: thousands of photos are put there, and at the
//! end each file is in one place and each serial at the registry once.

use crate::harness::{FakeRegistry, Installation, eventually};
use render::tag;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between one kill and the next, and from the last one to the end.
const PLAY_S_MAX: u64 = 3600;
/// How long the registry may take to hear of the last serials.
const TOLD_S_MAX: u64 = 300;
/// Sub-folders that the photos are spread over.
const PALLETS: usize = 4;

/// What a play did.
#[derive(Clone, Debug)]
pub struct Report {
    /// From the first start until every file was filed and told.
    pub took: Duration,
    /// Files in `done/`.
    pub done: usize,
    /// Files in `review/` and `failed/`.
    pub others: usize,
    /// Different serials that the registry took.
    pub serials: usize,
    /// Different events that the registry took.
    pub events: usize,
    /// What must not be, in words; empty if all is well.
    pub faults: Vec<String>,
}

/// The serial on the photo of this number.
pub fn serial(number: usize) -> String {
    format!("082{number:07}")
}

/// The photo of this number, below the inbox.
pub fn path_of(number: usize) -> PathBuf {
    PathBuf::from(format!("Pier 3/pallet {}/{number}.jpg", number % PALLETS))
}

/// The files below a folder, but for the notes beside them.
///
/// # Panics
/// If a folder cannot be read.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|ending| ending == "json") => {}
                path => found.push(path.strip_prefix(folder).expect("below").to_owned()),
            }
        }
    }
    found.sort();
    found
}

/// Puts `photos` photos into `folder`, has `labelscan watch` take them, kills it `kills` times, and
/// lets it come to an end.
///
/// # Panics
/// If the program does not get on.
#[allow(clippy::disallowed_methods, reason = "it measures real time")]
pub async fn play(
    installation: &mut Installation,
    registry: &FakeRegistry,
    folder: &Path,
    plan: Plan,
) -> Report {
    let Plan { photos, kills } = plan;
    for (name, value) in [("INBOX_SETTLE_MS", "200"), ("LEASE_MS", "3000"), ("READ_MS_MAX", "2000")]
    {
        installation.set(&format!("LABELSCAN_{name}"), value);
    }
    fill(folder, photos);
    let inbox = folder.to_str().expect("UTF-8");
    let started = Instant::now();
    let done = folder.join("done");
    for kill in 1..=kills {
        let program = installation.start_command(&["watch", inbox], &[]);
        let filed = || async {
            let enough = done.is_dir() && files(&done).len() >= kill * photos / (kills + 2);
            enough.then_some(())
        };
        eventually("some photos filed", Duration::from_secs(PLAY_S_MAX), filed).await;
        program.kill().await;
    }
    let mut last = installation.start_command(&["watch", inbox, "--once"], &[]);
    let over = Duration::from_secs(PLAY_S_MAX);
    eventually("the end", over, || std::future::ready(last.has_ended().then_some(()))).await;
    let server = installation.start().await;
    // Different events: one whose answer a kill cut off is sent twice.
    let told = || async {
        let events: BTreeSet<String> =
            registry.accepted().into_iter().map(|event| event.id).collect();
        (events.len() >= photos).then_some(())
    };
    eventually("every registration", Duration::from_secs(TOLD_S_MAX), told).await;
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
    account(folder, registry, photos, started.elapsed())
}

/// How large a play is.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Photos that are put into the folder.
    pub photos: usize,
    /// How often the program is killed while it works on them.
    pub kills: usize,
}

fn fill(folder: &Path, photos: usize) {
    for number in 0..photos {
        let path = folder.join(path_of(number));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, tag(&serial(number)).expect("a symbol")).expect("a file");
    }
}

fn account(folder: &Path, registry: &FakeRegistry, photos: usize, took: Duration) -> Report {
    let mut faults = Vec::new();
    let mut fault = |what: String| {
        if faults.len() < 100 {
            faults.push(what);
        }
    };
    let [done, review, failed] =
        ["done", "review", "failed"].map(|place| files(&folder.join(place)));
    let found: BTreeSet<&PathBuf> = done.iter().collect();
    for number in 0..photos {
        let path = path_of(number);
        if !found.contains(&path) {
            fault(format!("{} is not in done/", path.display()));
        }
        if folder.join(&path).exists() {
            fault(format!("{} is still where it was put", path.display()));
        }
    }
    let mut told = BTreeSet::new();
    let mut events = BTreeSet::new();
    for event in registry.events() {
        let new = events.insert(event.id.clone());
        let serial = event.json()["data"]["serial"]["value"].as_str().map(str::to_owned);
        if new && serial.is_none_or(|serial| !told.insert(serial)) {
            fault(format!("a serial was registered twice: {}", event.id));
        }
    }
    for number in 0..photos {
        if !told.contains(&serial(number)) {
            fault(format!("the serial of photo {number} was not registered"));
        }
    }
    Report {
        took,
        done: done.len(),
        others: review.len() + failed.len(),
        serials: told.len(),
        events: events.len(),
        faults,
    }
}
