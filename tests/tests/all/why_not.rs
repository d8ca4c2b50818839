//! A photo that cannot be accepted says why, with a code that stays and a hint to act on.

use render::{Code, Fonts, Layout, Photo, Recipe, Shot, photograph, side_by_side};
use serde_json::Value;
use tests::harness::labelscan;

/// A printed serial, photographed well but for what `spoil` does.
fn printed(fonts: &Fonts, layout: Layout, seed: u64, spoil: impl FnOnce(&mut Shot)) -> Photo {
    let mut recipe = Recipe { layout, ..Recipe::turned(Code::Code128, 0.0) };
    spoil(&mut recipe.shot);
    photograph(fonts, &recipe, seed).expect("a photo")
}

fn spoilt() -> Vec<(&'static str, Photo)> {
    let fonts = Fonts::load().expect("fonts");
    let text = |seed, spoil: fn(&mut Shot)| printed(&fonts, Layout::TextOnly, seed, spoil);
    let device = |seed| printed(&fonts, Layout::CodeAboveSerial, seed, |_| {});
    let bare = |layout| printed(&fonts, layout, 5, |_| {});
    vec![
        ("photo_blurred", text(1, |shot| shot.blur_px = 9.0)),
        ("photo_glare", text(GLARE_ON_SERIAL, |shot| shot.glare = 1.0)),
        ("photo_dark", text(3, |shot| (shot.exposure, shot.noise) = (0.06, 6.0))),
        ("text_too_small", text(4, |shot| shot.fill = 0.18)),
        ("cut_off", text(5, |shot| shot.shift = (0.42, 0.0))),
        ("two_serials", side_by_side(&device(6), &device(7)).expect("a photo")),
        ("part_number", bare(Layout::NoSerial)),
        ("no_label", bare(Layout::Bare)),
    ]
}

/// The lamp's place comes from the seed: here it hides the serial.
const GLARE_ON_SERIAL: u64 = 12;

#[tokio::test]
async fn each_fault_of_a_photo_has_its_code_and_a_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    let photos = spoilt();
    let names: Vec<String> = (0..photos.len()).map(|at| format!("{at}.jpg")).collect();
    for (name, (_, photo)) in names.iter().zip(&photos) {
        std::fs::write(folder.path().join(name), &photo.jpeg).expect("a file");
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ended = labelscan(folder.path(), &[&["scan", "--json"], &names[..]].concat()).await;
    let lines = ended.lines();
    assert_eq!(lines.len(), photos.len(), "{ended:?}");
    for ((code, _), line) in photos.iter().zip(&lines) {
        assert_ne!(line["status"], "accepted", "{code}: {line}");
        let reasons: Vec<&Value> = line["reasons"].as_array().expect("a list").iter().collect();
        let found = reasons.iter().find(|reason| reason["code"] == *code);
        let hint = found.and_then(|reason| reason["hint"].as_str());
        assert!(hint.is_some_and(|hint| hint.len() > 10), "{code} is not among {line}");
    }
}
