//! A folder as an inbox: every file ends in one place, every serial at the registry once, whatever
//! is killed in between.

use crate::SOON;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::harness::{Installation, Sink, eventually};
use tests::render::tag;

const PHOTOS: usize = 24;
const KILLS: usize = 3;

fn serial(number: usize) -> String {
    format!("0823{number:06}")
}

/// Photos in sub-folders, one of them twice, one that shows no label, one that is none.
fn fill(folder: &Path) {
    for number in 0..PHOTOS {
        let pallet = folder.join("Pier 3").join(format!("pallet {}", number % 4));
        std::fs::create_dir_all(&pallet).expect("a folder");
        let photo = tag(&serial(number)).expect("a symbol");
        std::fs::write(pallet.join(format!("{number}.jpg")), photo).expect("a file");
    }
    std::fs::write(folder.join("again.jpg"), tag(&serial(0)).expect("a symbol")).expect("a file");
    let blank = image::GrayImage::from_pixel(320, 240, image::Luma([200]));
    blank.save(folder.join("blank.png")).expect("a file");
    std::fs::write(folder.join("notes.txt"), "not a photo").expect("a file");
    std::fs::write(folder.join("9.jpg.part"), tag("0829999999").expect("a symbol"))
        .expect("a file");
}

/// The files below a folder, but for the notes beside them.
fn files(folder: &Path) -> Vec<PathBuf> {
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

fn note(photo: &Path) -> serde_json::Value {
    let path = format!("{}.json", photo.display());
    serde_json::from_slice(&std::fs::read(path).expect("a note")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_photo_ends_in_one_place_though_the_program_is_killed() {
    let sink = Sink::up().await;
    let mut installation = Installation::registering_at(&sink);
    installation.set("LABELSCAN_INBOX_SETTLE_MS", "200");
    installation.set("LABELSCAN_LEASE_MS", "3000");
    installation.set("LABELSCAN_READ_MS_MAX", "2000");
    let folder = installation.folder().join("inbox");
    std::fs::create_dir(&folder).expect("a folder");
    fill(&folder);
    let inbox = folder.to_str().expect("UTF-8");
    for kill in 1..=KILLS {
        let program = installation.start_command(&["watch", inbox], &[]);
        let some_filed = || async {
            (files(&folder.join("done")).len() >= kill * PHOTOS / (KILLS + 2)).then_some(())
        };
        let made = folder.join("done");
        eventually("its places", SOON, || async { made.is_dir().then_some(()) }).await;
        eventually("some photos filed", Duration::from_secs(60), some_filed).await;
        program.kill().await;
    }
    let ended = installation.run(&["watch", inbox, "--once"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let done = files(&folder.join("done"));
    assert_eq!(done.len(), PHOTOS + 1, "{done:?}");
    assert_eq!(files(&folder.join("failed")), [PathBuf::from("blank.png")]);
    assert_eq!(note(&folder.join("failed/blank.png"))["reasons"][0]["code"], "no_label");
    assert!(files(&folder.join("review")).is_empty());
    let left: Vec<_> = files(&folder).into_iter().filter(|file| file.iter().count() == 1).collect();
    assert_eq!(left, ["9.jpg.part", "notes.txt"].map(PathBuf::from));
    let first = note(&folder.join("done/Pier 3/pallet 1/1.jpg"));
    assert_eq!(first["serial"]["value"], serial(1), "{first}");
    // Whichever of the two came first, the other names it.
    let twins =
        [note(&folder.join("done/again.jpg")), note(&folder.join("done/Pier 3/pallet 0/0.jpg"))];
    assert_eq!(
        twins.iter().filter(|note| note["duplicate_of"].is_string()).count(),
        1,
        "{twins:?}"
    );
    assert_eq!(twins[0]["id"], twins[1]["id"]);

    let server = installation.start().await;
    let all_told = || async { (sink.accepted().len() >= PHOTOS).then_some(()) };
    eventually("every registration", SOON, all_told).await;
    let told: Vec<_> = sink.events().iter().map(|event| event.json()["data"].clone()).collect();
    let serials: BTreeSet<_> =
        told.iter().map(|data| data["serial"]["value"].to_string()).collect();
    assert_eq!(serials.len(), PHOTOS);
    let ids: BTreeSet<_> = sink.events().iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids.len(), PHOTOS, "one registration each");
    let site =
        &told.iter().find(|data| data["serial"]["value"] == serial(5)).expect("told")["site"];
    assert_eq!(site["address"], "Pier 3");
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_takes_photos_from_the_folders_of_its_settings() {
    let mut installation = Installation::new();
    let folder = installation.folder().join("depot");
    std::fs::create_dir(&folder).expect("a folder");
    let inbox = format!("[{{folder=\"{}\",duplicates=\"refuse\"}}]", folder.display());
    installation.set("LABELSCAN_INBOX", &inbox);
    installation.set("LABELSCAN_INBOX_SETTLE_MS", "200");
    let server = installation.start().await;
    let photo = tag(&serial(1)).expect("a symbol");
    std::fs::write(folder.join("1.jpg"), &photo).expect("a file");
    let filed = |name: &'static str| {
        let path = folder.join(name);
        move || {
            let path = path.clone();
            async move { path.exists().then_some(()) }
        }
    };
    eventually("the photo is filed", SOON, filed("done/1.jpg")).await;
    std::fs::write(folder.join("copy.jpg"), &photo).expect("a file");
    eventually("the copy is refused", SOON, filed("failed/copy.jpg")).await;
    let refused = note(&folder.join("failed/copy.jpg"));
    assert_eq!(refused["reasons"][0]["code"], "photo_duplicate", "{refused}");
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}
