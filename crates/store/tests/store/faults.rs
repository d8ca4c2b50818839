//! Every single input and output fails once, and a disk is full: what was acknowledged is there, what
//! was not can be sent again, and nothing half done is left.
//!
//! The faults are the kernel's: a process of its own does the work, and strace lets its nth system
//! call of a kind fail, or its folder lies on a file system of one megabyte.
#![allow(clippy::print_stdout, reason = "a child tells its parent what it acknowledged")]

use crate::place::{Place, accepted, claim_scans, lease, now, upload};
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output};
use store::{Received, ScanId, ScanStatus, Settings, Settled, Store, StoreError};

/// Names the folder that the child works in.
const FOLDER: &str = "STORE_TEST_FOLDER";
/// The calls by which the store's data gets onto the disk.
const CALLS: [&str; 6] = ["pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "mkdir"];
/// More of one kind than one scan's way needs.
const CALLS_MAX: u32 = 200;

const KEY: &str = "the key";
const PHOTO: &[u8] = &[7; 40_000];

/// This test binary again, running one test that is a child of others.
fn child(wrapper: &[&str], test: &str, folder: &Path) -> Output {
    let program = std::env::current_exe().expect("this program");
    let (first, rest) = wrapper.split_first().expect("a wrapper");
    Command::new(first)
        .args(rest)
        .arg(program)
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .output()
        .unwrap_or_else(|error| panic!("{first}: install the Debian package of that name: {error}"))
}

fn settings_of_child() -> Settings {
    let folder = std::env::var_os(FOLDER).expect("the parent names a folder");
    let mut settings = Settings::in_folder(Path::new(&folder));
    // strace counts the calls of each thread, so that each new connection fails like the last.
    settings.limits.connection_wait_ms_max = 500;
    settings
}

/// One scan from the upload to the delivery. Says after each step what it acknowledged.
async fn one_scan(store: &Store) -> Result<(), StoreError> {
    let (Received::New(id) | Received::Repeat(id)) =
        store.receive(upload(KEY, PHOTO), now()).await?
    else {
        panic!("the same photo is no conflict");
    };
    println!("acknowledged: received {id}");
    if let Some(claimed) = store.claim_scan(id, lease(), now()).await? {
        store.finish(&claimed.claim, accepted("0821032398", "msg_1"), now()).await?;
        println!("acknowledged: finished {id}");
    }
    for due in store.claim_deliveries(1, lease(), now()).await? {
        store.settle(&due.claim, Settled::Delivered { answer: None }, now()).await?;
        println!("acknowledged: settled {id}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "started by a_failed_call_loses_nothing_that_was_acknowledged"]
async fn child_that_does_one_scan() {
    match Store::open(&settings_of_child()).await {
        Ok(store) => println!("{:?}", one_scan(&store).await.map_err(|error| error.to_string())),
        Err(error) => println!("not opened: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_call_loses_nothing_that_was_acknowledged() {
    let mut failed = 0;
    for call in CALLS {
        for n in 1..=CALLS_MAX {
            let folder = tempfile::tempdir().unwrap();
            // The tables are there: what fails is the work of every day.
            Store::open(&Settings::in_folder(folder.path())).await.unwrap().close().await;
            let log = folder.path().join("strace.log");
            let log = log.to_str().unwrap();
            let inject = format!("inject={call}:error=EIO:when={n}");
            let strace = [
                "strace",
                "--seccomp-bpf",
                "-f",
                "-qq",
                "-o",
                log,
                "-e",
                &format!("trace={call}"),
                "-e",
                &inject,
            ];
            let ended = child(&strace, "faults::child_that_does_one_scan", folder.path());
            let calls = std::fs::read_to_string(log).expect("strace may trace: its log is there");
            if !calls.contains("(INJECTED)") {
                assert!(ended.status.success(), "{ended:?}");
                break;
            }
            assert!(n < CALLS_MAX, "{call} is called more often than that");
            failed += 1;
            assert_consistent(folder.path(), &ended, &format!("{call} {n}")).await;
        }
    }
    assert!(failed > 20, "only {failed} calls failed");
}

/// What the child acknowledged is so, the same upload may be sent again, and nothing is left over.
async fn assert_consistent(folder: &Path, ended: &Output, fault: &str) {
    let said = String::from_utf8_lossy(&ended.stdout);
    let acknowledged = |what: &str| -> Option<ScanId> {
        let line = said.lines().find_map(|line| line.split_once(&format!("acknowledged: {what} ")));
        line.map(|(_, id)| id.parse().expect("an id"))
    };
    let store = Store::open(&Settings::in_folder(folder)).await.expect("it opens again");
    if let Some(id) = acknowledged("received") {
        let repeat = store.receive(upload(KEY, PHOTO), now()).await.unwrap();
        assert_eq!(repeat, Received::Repeat(id), "{fault}");
        assert_eq!(store.photos(id).await.unwrap()[0].bytes, PHOTO, "{fault}");
    }
    if let Some(id) = acknowledged("finished") {
        let scan = store.scan(id).await.unwrap().unwrap();
        assert_eq!(scan.status, ScanStatus::Accepted, "{fault}");
    }
    // A claim of the child's may still hold, so its lease has to pass.
    let after = now() + jiff::SignedDuration::from_mins(2);
    store.receive(upload(KEY, PHOTO), now()).await.unwrap();
    for claimed in claim_scans(&store, 2, lease(), after).await {
        store.finish(&claimed.claim, accepted("0821032398", "msg_2"), after).await.unwrap();
    }
    let due = store.claim_deliveries(2, lease(), after).await.unwrap();
    let settled = acknowledged("settled").is_some();
    assert!(due.is_empty() || !settled, "{fault}: delivered, and due again");
    for due in due {
        store.settle(&due.claim, Settled::Delivered { answer: None }, after).await.unwrap();
    }
    store.sweep_orphans(jiff::Timestamp::MAX).await.unwrap();
    let check = store.check(jiff::Timestamp::MAX).await.unwrap();
    assert!(check.is_settled() && check.scans == 1, "{fault}: {check:?}\n{said}");
    store.close().await;
}

/// The photo store stops answering at the nth request, for every n: what was acknowledged is there,
/// the same upload is taken afterwards, and nothing is left over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_store_that_stops_answering_loses_nothing() {
    let place = Place::sqlite_and_s3().await;
    let (store, s3) = (&place.store, place.s3.as_ref().expect("photos are in S3"));
    let mut failed = 0;
    for n in 0..CALLS_MAX {
        let key = format!("key {n}");
        s3.fail_after(n);
        let first = store.receive(upload(&key, PHOTO), now()).await;
        if let Err(error) = &first {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{n}: {error}");
            failed += 1;
        }
        let fell_ill = s3.heal();
        let again = store.receive(upload(&key, PHOTO), now()).await.expect("it answers again");
        let (Received::New(id) | Received::Repeat(id)) = again else { panic!("no conflict") };
        if let Ok(Received::New(acknowledged)) = first {
            assert_eq!(again, Received::Repeat(acknowledged), "{n}");
        }
        assert_eq!(store.photos(id).await.unwrap()[0].bytes, PHOTO, "{n}");
        if !fell_ill {
            break;
        }
        assert!(n + 1 < CALLS_MAX, "an upload takes more requests than that");
    }
    assert!(failed > 0, "no request failed");
    store.sweep_orphans(jiff::Timestamp::MAX).await.unwrap();
    let check = store.check(jiff::Timestamp::MAX).await.unwrap();
    assert!(check.is_sound(), "{check:?}");
}

/// Runs the child on a file system of its own that holds one megabyte and a bit; the mount ends with
/// the child.
#[tokio::test]
async fn a_full_disk_is_said_leaves_no_halves_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let mount =
        format!("mount -t tmpfs -o size=1200k tmpfs '{}' && exec \"$@\"", folder.path().display());
    let root = std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own));
    let alone: &[&str] =
        if root.unwrap() == 0 { &["--mount"] } else { &["--mount", "--map-root-user"] };
    let wrapper = [&["unshare"][..], alone, &["sh", "-c", &mount, "sh"]].concat();
    let ended = child(&wrapper, "faults::child_on_a_full_disk", folder.path());
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("healthy again"), "{ended:?}");
}

#[tokio::test]
#[ignore = "started by a_full_disk_is_said_leaves_no_halves_and_passes"]
async fn child_on_a_full_disk() {
    let settings = settings_of_child();
    let folder = Path::new(settings.photos.trim_start_matches("file://")).parent().unwrap();
    std::fs::write(folder.join("ballast"), vec![0; 300_000]).unwrap();
    let store = Store::open(&settings).await.unwrap();
    let mut kept = Vec::new();
    let full = loop {
        match store.receive(upload(&format!("key {}", kept.len()), PHOTO), now()).await {
            Ok(Received::New(id)) => kept.push(id),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
        assert!(kept.len() < 100, "the disk is never full");
    };
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert!(!kept.is_empty());
    let photos = walk(&folder.join("photos")).into_iter();
    let sizes: HashSet<_> = photos.map(|file| std::fs::metadata(file).unwrap().len()).collect();
    assert_eq!(sizes.len(), 1, "half a photo was left");
    for id in &kept {
        assert_eq!(store.photos(*id).await.unwrap()[0].bytes, PHOTO);
    }
    // The same store, once there is room: the same key is taken.
    std::fs::remove_file(folder.join("ballast")).unwrap();
    let again = upload(&format!("key {}", kept.len()), PHOTO);
    assert!(matches!(store.receive(again, now()).await.unwrap(), Received::New(_)));
    store.sweep_orphans(jiff::Timestamp::MAX).await.unwrap();
    let check = store.check(jiff::Timestamp::MAX).await.unwrap();
    assert!(check.is_sound() && check.scans == kept.len() as u64 + 1, "{check:?}");
    println!("healthy again after {} scans", kept.len());
}

fn walk(folder: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path.display().to_string()] })
        .collect()
}
