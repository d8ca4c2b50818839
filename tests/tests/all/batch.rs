//! A folder of photos, read here or handed to a service: resumed after an interruption, grouped, as
//! CSV.

use crate::SOON;
use render::tag;
use std::path::Path;
use tests::harness::{Ended, FakeRegistry, Installation, eventually, labelscan, labelscan_with};

async fn scanned(folder: &Path, arguments: &[&str]) -> Ended {
    let mut all = vec!["scan"];
    all.extend(arguments);
    labelscan(folder, &all).await
}

fn put(folder: &Path, name: &str, serial: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, tag(serial).expect("a symbol")).expect("a file");
}

#[tokio::test]
async fn a_batch_that_was_interrupted_reads_no_photo_twice_and_misses_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..6 {
        put(folder.path(), &format!("photos/{number}.jpg"), &format!("082000000{number}"));
    }
    let first = scanned(folder.path(), &["photos", "--resume", "out.jsonl"]).await;
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let results = folder.path().join("out.jsonl");
    let whole = std::fs::read_to_string(&results).expect("results");
    assert_eq!(whole.lines().count(), 6);
    // What a kill in the middle of the fifth answer leaves.
    let four: usize = whole.lines().take(4).map(|line| line.len() + 1).sum();
    std::fs::write(&results, &whole[..four + 20]).expect("a file");
    let again = scanned(folder.path(), &["photos", "--resume", "out.jsonl", "--json"]).await;
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("4 of 6 were answered before"), "{}", again.stderr);
    assert!(again.stderr.contains("6 in all: 6 accepted"), "{}", again.stderr);
    let read: Vec<_> = again.lines().iter().map(|line| line["photo"].clone()).collect();
    assert_eq!(read, ["photos/4.jpg", "photos/5.jpg"]);
    let ended = std::fs::read_to_string(&results).expect("results");
    assert_eq!(ended.lines().count(), 6);
    let nothing = scanned(folder.path(), &["photos", "--resume", "out.jsonl"]).await;
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn photos_of_one_terminal_are_grouped_and_cells_are_no_formulas() {
    let folder = tempfile::tempdir().expect("a folder");
    put(folder.path(), "T1-1.jpg", "0820000001");
    put(folder.path(), "T1-2.jpg", "0820000001");
    put(folder.path(), "T2.jpg", "0820000002");
    let blank = image::GrayImage::from_pixel(320, 240, image::Luma([200]));
    blank.save(folder.path().join("=blank.png")).expect("a file");
    let read = scanned(
        folder.path(),
        &["T1-1.jpg", "T1-2.jpg", "T2.jpg", "=blank.png", "--group", "name", "--csv"],
    )
    .await;
    assert_eq!(read.code, Some(1), "{}", read.stderr);
    let lines: Vec<&str> = read.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[0], "photo,status,serial,vendor,format,confidence,candidate,reasons");
    assert!(lines.iter().any(|line| line.starts_with("'=blank.png,unreadable,")), "{lines:?}");
    let pair = "T1-1.jpg T1-2.jpg,accepted,0820000001,unknown,";
    assert!(lines.iter().any(|line| line.starts_with(pair)), "{lines:?}");
    assert!(read.stderr.contains("3 in all: 2 accepted, 1 unreadable"), "{}", read.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_handed_over_twice_is_registered_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..3 {
        put(folder.path(), &format!("photos/{number}.jpg"), &format!("082000000{number}"));
    }
    std::fs::write(folder.path().join("photos.txt"), "no photo").expect("a file");
    let registry = FakeRegistry::up().await;
    let installation = Installation::registering_at(&registry);
    let url = format!("http://{}", installation.address());
    let submit = ["scan", "--json", "photos", "photos.txt", "--submit", &url];
    let without_key = labelscan(folder.path(), &submit).await;
    assert_eq!(without_key.code, Some(2));
    assert!(without_key.stderr.contains("LABELSCAN_SUBMIT_KEY"), "{}", without_key.stderr);

    let server = installation.start().await;
    let made = installation.run(&["keys", "create", "--name", "depot", "--role", "technician"]);
    let key = made.await.stdout.trim().to_owned();
    let with = |key: &str| [("LABELSCAN_SUBMIT_KEY".to_owned(), key.to_owned())];
    let stranger = labelscan_with(folder.path(), &with("nobody's"), &submit).await;
    assert_eq!(stranger.code, Some(2));
    assert!(stranger.stderr.contains("401"), "{}", stranger.stderr);

    let mut ids = Vec::new();
    for _ in 0..2 {
        let ended = labelscan_with(folder.path(), &with(&key), &submit).await;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let lines = ended.lines();
        let codes: Vec<_> = lines.iter().map(|line| line["status"].clone()).collect();
        assert_eq!(codes, ["accepted", "accepted", "accepted", "unreadable"]);
        assert_eq!(lines[1]["serial"]["value"], "0820000001");
        let reason = &lines[3]["reasons"][0];
        assert_eq!(reason["code"], "not_a_photo");
        assert_ne!(reason["hint"], "");
        ids.push(lines[..3].iter().map(|line| line["id"].clone()).collect::<Vec<_>>());
    }
    assert_eq!(ids[0], ids[1], "the same photos are the same scans");
    let told = || async { (registry.accepted().len() >= 3).then_some(()) };
    eventually("every registration", SOON, told).await;
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
    assert_eq!(registry.accepted().len(), 3);
}
