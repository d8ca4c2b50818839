//! A folder as an inbox: every file ends in one place, every serial at the registry once, whatever
//! is killed in between.

use crate::SOON;
use render::tag;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tests::harness::{FakeRegistry, Installation, eventually};
use tests::inbox::{Plan, files, path_of, play, serial};

const PLAN: Plan = Plan { photos: 24, kills: 3 };

fn note(photo: &Path) -> serde_json::Value {
    let path = format!("{}.json", photo.display());
    serde_json::from_slice(&std::fs::read(path).expect("a note")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_photo_ends_in_one_place_though_the_program_is_killed() {
    let registry = FakeRegistry::up().await;
    let mut installation = Installation::registering_at(&registry);
    let folder = installation.folder().join("inbox");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("again.jpg"), tag(&serial(0)).expect("a symbol")).expect("a file");
    let blank = image::GrayImage::from_pixel(320, 240, image::Luma([200]));
    blank.save(folder.join("blank.png")).expect("a file");
    std::fs::write(folder.join("notes.txt"), "not a photo").expect("a file");
    let growing = tag("0829999999").expect("a symbol");
    std::fs::write(folder.join("9.jpg.part"), growing).expect("a file");

    let report = play(&mut installation, &registry, &folder, PLAN).await;
    assert!(report.faults.is_empty(), "{report:#?}");
    assert_eq!((report.serials, report.events), (PLAN.photos, PLAN.photos), "{report:#?}");
    assert_eq!(report.done, PLAN.photos + 1, "{report:#?}");
    assert_eq!(files(&folder.join("failed")), [PathBuf::from("blank.png")]);
    assert_eq!(note(&folder.join("failed/blank.png"))["reasons"][0]["code"], "no_label");
    assert!(files(&folder.join("review")).is_empty());
    let left: Vec<_> = files(&folder).into_iter().filter(|file| file.iter().count() == 1).collect();
    assert_eq!(left, ["9.jpg.part", "notes.txt"].map(PathBuf::from));
    let first = note(&folder.join("done").join(path_of(1)));
    assert_eq!(first["serial"]["value"], serial(1), "{first}");
    // Whichever of the two came first, the other names it.
    let twins =
        [PathBuf::from("again.jpg"), path_of(0)].map(|path| note(&folder.join("done").join(path)));
    let named = twins.iter().filter(|note| note["duplicate_of"].is_string()).count();
    assert_eq!(named, 1, "{twins:?}");
    assert_eq!(twins[0]["id"], twins[1]["id"]);
    let events = registry.events();
    let fifth = events.iter().map(|event| event.json()["data"].clone());
    let fifth = fifth.into_iter().find(|data| data["serial"]["value"] == serial(5));
    assert_eq!(fifth.expect("told")["site"]["address"], "Pier 3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_takes_photos_from_the_folders_of_its_settings() {
    let mut installation = Installation::new();
    let folder = installation.folder().join("depot");
    std::fs::create_dir(&folder).expect("a folder");
    let inbox = format!("[{{folder=\"{}\",duplicates=\"refuse\"}}]", folder.display());
    installation.set("LABELSCAN_INBOX", &inbox);
    installation.set("LABELSCAN_INBOX_SETTLE_MS", "200");
    // What came is heard of, or this test takes an hour.
    installation.set("LABELSCAN_INBOX_POLL_MS", "3600000");
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
    let stalled = tag(&serial(2)).expect("a symbol");
    let (beginning, rest) = stalled.split_at(stalled.len() / 2);
    std::fs::write(folder.join("2.jpg"), beginning).expect("a file");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(folder.join("2.jpg").exists(), "half a photo is left until the rest has come");
    let file = std::fs::OpenOptions::new().append(true).open(folder.join("2.jpg"));
    file.expect("a file").write_all(rest).expect("the rest");
    eventually("the whole photo is filed", SOON, filed("done/2.jpg")).await;
    let cut = std::fs::File::create(folder.join("cut.part")).expect("a file");
    (&cut).write_all(beginning).expect("half of it");
    cut.set_modified(SystemTime::UNIX_EPOCH).expect("its time");
    std::fs::rename(folder.join("cut.part"), folder.join("cut.jpg")).expect("it is there");
    let taken = || async { (!folder.join("cut.jpg").exists()).then_some(()) };
    eventually("what nobody goes on with is taken", SOON, taken).await;
    assert!(!folder.join("done/cut.jpg").exists(), "half a photo is no proof");
    std::fs::create_dir(folder.join("Pier 3")).expect("a folder");
    tokio::time::sleep(Duration::from_secs(1)).await;
    std::fs::write(folder.join("Pier 3/copy.jpg"), &photo).expect("a file");
    eventually("the copy is refused", SOON, filed("failed/Pier 3/copy.jpg")).await;
    let refused = note(&folder.join("failed/Pier 3/copy.jpg"));
    assert_eq!(refused["reasons"][0]["code"], "photo_duplicate", "{refused}");
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}
