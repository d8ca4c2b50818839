//! Sets of photos with a manifest, as `labelscan eval` reads them.

use crate::{Code, Fonts, Ink, Layout, Maker, Recipe, Shot, others, photograph};
use anyhow::Result;
use rand::{RngExt, rngs::StdRng};
use std::io::Write;
use std::path::Path;

/// Every layout that carries a serial, under field conditions.
pub fn field(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    (0..count).map(|_| Recipe::field(rng)).collect()
}

/// Labels whose serial is printed and stands in no barcode.
pub fn text(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    (0..count).map(|_| Recipe::text_only(rng)).collect()
}

/// Labels whose serial is only printed, in one kind of ink.
pub fn printed(ink: Ink, count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    (0..count).map(|_| Recipe { ink, ..Recipe::text_only(rng) }).collect()
}

/// Serials that go on in the next line.
pub fn wrapped(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    (0..count)
        .map(|_| {
            let mut recipe = Recipe { layout: Layout::Wrapped, ..Recipe::field(rng) };
            recipe.shot.fill *= 0.8;
            recipe
        })
        .collect()
}

/// A device's own page about itself, held upright before the camera.
pub fn screen(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    (0..count)
        .map(|at| {
            let ink = if at % 3 == 0 { Ink::DarkScreen } else { Ink::Screen };
            let mut recipe = Recipe { layout: Layout::AboutScreen, ink, ..Recipe::field(rng) };
            recipe.shot.turn_deg = rng.random_range(-8.0..8.0);
            recipe.shot.shade *= 0.3;
            recipe.shot.glare = if at % 4 == 0 { rng.random_range(0.05..0.3) } else { 0.0 };
            recipe
        })
        .collect()
}

/// QR Code, Data Matrix and Aztec at four sizes and at every angle in steps of 30 degrees, leaning
/// up to 40 degrees: 144 photos.
pub fn matrix(rng: &mut StdRng) -> Vec<Recipe> {
    let layouts = [Layout::QrBeside, Layout::DataMatrixBeside, Layout::AztecBeside];
    let mut out = Vec::new();
    for layout in layouts {
        for fill in [0.8, 0.4, 0.25, 0.18] {
            for angle in (0..360_u16).step_by(30) {
                out.push(Recipe::matrix(layout, fill, f32::from(angle) + 5.0, rng));
            }
        }
    }
    out
}

/// Code 128 and Code 39 at every angle in steps of 15 degrees: 48 photos.
pub fn turned() -> Vec<Recipe> {
    let angles = (0..360_u16).step_by(15);
    angles
        .flat_map(|angle| [Code::Code128, Code::Code39].map(|code| (code, f32::from(angle))))
        .map(|(code, angle)| Recipe::turned(code, angle))
        .collect()
}

/// Labels whose serial is only printed, sharp and evenly lit: `count` of them at every angle in steps
/// of 15 degrees.
pub fn turned_text(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    let mut out = Vec::new();
    for angle in (0..360_u16).step_by(15) {
        let shot = Shot { turn_deg: f32::from(angle), ..Shot::steady() };
        let label = |_| Recipe { ink: Ink::BlackOnWhite, shot, ..Recipe::text_only(rng) };
        out.extend((0..count).map(label));
    }
    out
}

/// Labels as others print them, one after the other, by makers that are known and that are not.
pub fn others(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    let makers: Vec<Maker> = Maker::ALL.into_iter().chain(Maker::UNKNOWN).collect();
    (0..others::COUNT)
        .cycle()
        .zip(0..count)
        .map(|(at, _)| Recipe {
            layout: Layout::Others(at),
            maker: makers[rng.random_range(0..makers.len())],
            ink: Ink::BlackOnWhite,
            ..Recipe::field(rng)
        })
        .collect()
}

/// Labels and stickers on which nothing may be accepted.
pub fn no_serial(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    (0..count)
        .map(|at| {
            let layout = if at % 2 == 0 { Layout::NoSerial } else { Layout::NoNumbers };
            Recipe { layout, ..Recipe::field(rng) }
        })
        .collect()
}

/// Every layout with a reflection on the label.
pub fn glare(count: u64, rng: &mut StdRng) -> Vec<Recipe> {
    (0..count)
        .map(|_| {
            let mut recipe = Recipe::field(rng);
            recipe.shot.glare = rng.random_range(0.4..1.0);
            recipe
        })
        .collect()
}

/// Writes the photos and `manifest.jsonl` into `folder`; gives their number.
///
/// # Errors
/// If a photo cannot be made or a file cannot be written.
pub fn write(fonts: &Fonts, recipes: &[Recipe], seed: u64, folder: &Path) -> Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut manifest = std::fs::File::create(folder.join("manifest.jsonl"))?;
    for (at, recipe) in recipes.iter().enumerate() {
        let photo =
            photograph(fonts, recipe, seed.wrapping_mul(1_000_003).wrapping_add(at as u64))?;
        let name = format!("{at:05}.jpg");
        std::fs::write(folder.join(&name), &photo.jpeg)?;
        let kind = match recipe.layout {
            Layout::Others(at) => others::kind(at),
            _ if photo.truth.serial.is_some() => "serial",
            _ => "negative",
        };
        let row = serde_json::json!({
            "id": format!("{:?}-{at}", recipe.layout),
            "path": name,
            "serial": photo.truth.serial,
            "serial_candidates": photo.truth.serial_candidates,
            "serials": photo.truth.serials,
            "barcodes": photo.truth.barcodes,
            "other_ids": photo.truth.other_ids,
            "kind": kind,
            "turn_deg": recipe.shot.turn_deg.round(),
        });
        writeln!(manifest, "{row}")?;
    }
    Ok(recipes.len())
}
