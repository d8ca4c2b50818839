//! What is kept and how it is looked after: backup and restore of a service at work, the check, and
//! keys that are rotated beside it.

use crate::{clear_photo, serial_of};
use std::path::{Path, PathBuf};
use tests::harness::{Caller, Installation};

/// Uploads a photo that is accepted; the scan's id.
async fn accepted(caller: &Caller, key: &str, seed: u64) -> String {
    let photo = clear_photo(seed);
    let scan = caller.upload(key, &[&photo.jpeg]).await.expect("an answer");
    assert_eq!(scan.serial(), serial_of(&photo), "{scan:?}");
    scan.id()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { files(&path) } else { vec![path] }
        })
        .collect()
}

fn holds(file: &Path, bytes: &[u8]) -> bool {
    std::fs::read(file).is_ok_and(|all| all.windows(bytes.len()).any(|window| window == bytes))
}

#[tokio::test]
async fn a_backup_of_a_running_service_is_restored_elsewhere() {
    let installation = Installation::new();
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    let photo = clear_photo(301);
    let id = accepted(&caller, "k", 301).await;
    let file = installation.folder().join("backup.tar");
    let file = file.to_str().expect("UTF-8");
    let made = installation.run(&["backup", file]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert!(made.stdout.contains("1 photos") && made.stdout.contains("seal.keys"), "{made:?}");
    let again = installation.run(&["backup", file]).await;
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("exists already"), "{again:?}");
    server.stop().await;

    // Nothing at rest shows the serial or the photo, in the data as little as in the backup.
    let at_rest = files(&installation.data()).into_iter().chain([PathBuf::from(file)]);
    for file in at_rest {
        assert!(!holds(&file, serial_of(&photo).as_bytes()), "{}", file.display());
        assert!(!holds(&file, &photo.jpeg[..64]), "{}", file.display());
    }

    let mut elsewhere = Installation::new();
    let without = elsewhere.run(&["restore", file]).await;
    assert_eq!(without.code, Some(2), "{without:?}");
    assert!(without.stderr.contains("its keys are not at"), "{without:?}");
    elsewhere.set("LABELSCAN_SEAL_KEYS", installation.seal_keys().to_str().expect("UTF-8"));
    let restored = elsewhere.run(&["restore", file]).await;
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(restored.stdout.contains("restored and sound: 1 scans, 1 photos"), "{restored:?}");
    let over = elsewhere.run(&["restore", file]).await;
    assert_eq!(over.code, Some(2), "{over:?}");

    let _server = elsewhere.start().await;
    let caller = elsewhere.caller("eva", "operator").await;
    let scan = caller.get(&format!("/v1/scans/{id}")).await.expect("an answer");
    assert_eq!(scan.serial(), serial_of(&photo), "{scan:?}");
    let kept = caller.request(reqwest::Method::GET, &format!("/v1/scans/{id}/photo"));
    let kept = kept.send().await.expect("an answer").bytes().await.expect("a body");
    assert_eq!(kept, photo.jpeg);
}

#[tokio::test]
async fn the_check_names_what_is_damaged() {
    let installation = Installation::new();
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    let (whole, damaged) = (accepted(&caller, "a", 302).await, accepted(&caller, "b", 303).await);
    server.stop().await;
    let sound = installation.run(&["check"]).await;
    assert_eq!(sound.code, Some(0), "{sound:?}");
    assert!(sound.stdout.contains("2 scans, 2 photos"), "{sound:?}");
    assert!(sound.stdout.contains("are sound, sealed"), "{sound:?}");

    let photos = files(&installation.data().join("photos"));
    let photo = photos.iter().find(|file| file.display().to_string().contains(&damaged));
    let photo = photo.expect("its photo");
    let mut bytes = std::fs::read(photo).expect("a photo");
    *bytes.last_mut().expect("not empty") ^= 1;
    std::fs::write(photo, bytes).expect("written");
    let faulty = installation.run(&["check"]).await;
    assert_eq!(faulty.code, Some(1), "{faulty:?}");
    assert!(faulty.stdout.contains(&damaged) && !faulty.stdout.contains(&whole), "{faulty:?}");
}

#[tokio::test]
async fn keys_are_rotated_beside_a_running_service() {
    let installation = Installation::new();
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    let before = accepted(&caller, "before", 304).await;
    let rotated = installation.run(&["seal", "rotate"]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(rotated.stdout.contains("key 2 seals from now on"), "{rotated:?}");
    let after = accepted(&caller, "after", 305).await;
    for id in [&before, &after] {
        let photo = caller.get(&format!("/v1/scans/{id}/photo")).await.expect("an answer");
        assert_eq!(photo.status, 200, "{photo:?}");
    }
    let status = installation.run(&["seal", "status"]).await;
    assert!(status.stdout.contains("key 1: nothing here needs it"), "{status:?}");
    assert!(status.stdout.contains("key 2: seals"), "{status:?}");
    server.stop().await;
    let check = installation.run(&["check"]).await;
    assert_eq!(check.code, Some(0), "{check:?}");
}
