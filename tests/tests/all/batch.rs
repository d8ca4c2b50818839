//! A folder of photos read without a service: resumed after an interruption, grouped, as CSV.

use std::path::Path;
use tests::harness::{Ended, labelscan};
use tests::render::tag;

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
    let pair = "T1-1.jpg T1-2.jpg,accepted,0820000001,pax,";
    assert!(lines.iter().any(|line| line.starts_with(pair)), "{lines:?}");
    assert!(read.stderr.contains("3 in all: 2 accepted, 1 unreadable"), "{}", read.stderr);
}
