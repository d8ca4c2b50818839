//! `labelscan scan` and `labelscan eval`: photos read without a service.

use crate::{clear_photo, photo_without_numbers, serial_of};
use serde_json::Value;
use std::path::Path;
use tests::decompression_bombs::png_of_claims;
use tests::harness::{Ended, labelscan};

async fn scan_json(folder: &Path, names: &[&str]) -> Ended {
    let arguments = [&["scan", "--json"], names].concat();
    labelscan(folder, &arguments).await
}

fn code(line: &Value) -> &str {
    line["reasons"][0]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_label_gives_one_object_with_its_serial() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = clear_photo(1);
    std::fs::write(folder.path().join("label.jpg"), &photo.jpeg).expect("a file");
    let ended = scan_json(folder.path(), &["label.jpg"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = ended.lines();
    assert_eq!(lines.len(), 1, "{ended:?}");
    assert_eq!(lines[0]["photo"], "label.jpg");
    assert_eq!(lines[0]["status"], "accepted");
    assert_eq!(lines[0]["serial"]["value"], serial_of(&photo));
    assert_eq!(lines[0]["serial"]["symbology"], "code_128");
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_the_others_are_still_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = clear_photo(2);
    let cut = &photo.jpeg[..photo.jpeg.len() / 2];
    let files: [(&str, &[u8], &[&str]); 6] = [
        ("words.jpg", b"this is no photo", &["not_a_photo"]),
        ("empty.jpg", b"", &["photo_empty"]),
        ("claims.png", &png_of_claims(), &["too_many_pixels"]),
        (
            "vector.jpg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            &["format_unsupported", "not_a_photo"],
        ),
        ("cut.jpg", cut, &["photo_damaged"]),
        ("label.jpg", &photo.jpeg, &[""]),
    ];
    for (name, bytes, _) in &files {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    }
    let ended = scan_json(folder.path(), &files.each_ref().map(|file| file.0)).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines = ended.lines();
    assert_eq!(lines.len(), files.len(), "{ended:?}");
    for ((name, _, codes), line) in files.iter().zip(&lines) {
        assert_eq!(line["photo"], *name);
        if *name == "label.jpg" {
            assert_eq!(line["serial"]["value"], serial_of(&photo), "{line}");
        } else if *name == "cut.jpg" && line["status"] == "review" {
            // A decoder may give the upper half of a photo; then a person decides.
        } else {
            assert_eq!(line["status"], "unreadable", "{line}");
            assert!(codes.contains(&code(line)), "{line}");
            assert_ne!(line["reasons"][0]["hint"], "", "{line}");
        }
    }
}

#[tokio::test]
async fn a_photo_without_a_label_is_unreadable_with_reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("sticker.jpg"), photo_without_numbers(3).jpeg)
        .expect("a file");
    let ended = scan_json(folder.path(), &["sticker.jpg"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines = ended.lines();
    assert_eq!(lines[0]["status"], "unreadable", "{ended:?}");
    assert!(!code(&lines[0]).is_empty(), "{ended:?}");
}

#[tokio::test]
async fn two_photos_of_one_terminal_give_one_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = clear_photo(4);
    std::fs::write(folder.path().join("back.jpg"), &photo.jpeg).expect("a file");
    std::fs::write(folder.path().join("front.jpg"), photo_without_numbers(4).jpeg).expect("a file");
    let ended =
        labelscan(folder.path(), &["scan", "--json", "--together", "front.jpg", "back.jpg"]);
    let lines = ended.await.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["serial"]["value"], serial_of(&photo), "{lines:?}");
}
