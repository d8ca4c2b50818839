//! Labels that `labelscan print` made, photographed and read back by `labelscan scan`.

use crate::harness::labelscan;
use anyhow::{Context, Result, ensure};
use image::GrayImage;
use rand::{SeedableRng, rngs::StdRng};
use render::{Shot, photograph_print};
use std::path::Path;

/// One printed label.
#[derive(Clone, Debug)]
pub struct Print {
    /// The serial that it must carry.
    pub serial: String,
    /// Its picture.
    pub paper: GrayImage,
    /// Its size in millimetres.
    pub size_mm: (f32, f32),
}

impl Print {
    /// A JPEG of it as a careful person takes it: upright, sharp, in even light.
    ///
    /// # Errors
    /// Not for a shot like this.
    pub fn careful(&self, seed: u64) -> Result<Vec<u8>> {
        let shot = Shot::steady();
        Ok(photograph_print(&self.paper, self.size_mm, &self.serial, &shot, seed)?.jpeg)
    }

    /// A JPEG of it as a technician takes it: leaning, out of focus, in uneven light, in a third of
    /// the cases sideways or upside down. `photo_px` are its width and height, if they matter.
    ///
    /// # Errors
    /// If the shot puts the label behind the camera.
    pub fn photograph(&self, seed: u64, photo_px: Option<(u32, u32)>) -> Result<Vec<u8>> {
        let mut rng = StdRng::seed_from_u64(seed);
        let field = Shot::field(&mut rng);
        let shot = Shot { photo_px: photo_px.unwrap_or(field.photo_px), ..field };
        Ok(photograph_print(&self.paper, self.size_mm, &self.serial, &shot, seed)?.jpeg)
    }
}

/// A label that was not accepted with its own serial.
#[derive(Clone, Debug)]
pub struct Miss {
    /// What it carries.
    pub serial: String,
    /// The answer, as `scan --json` gives it.
    pub answer: serde_json::Value,
}

impl Miss {
    /// Whether another serial was accepted, which must never be.
    pub fn is_wrong(&self) -> bool {
        self.answer["status"] == "accepted"
    }
}

/// Reads photos in `folder`, which it fills, and gives those that were not accepted with the serial
/// that stands beside them. `expected` says that the serials are on the list of expected ones, as
/// those of `generate --batch` are.
///
/// # Errors
/// If the program cannot run, or passes over a photo.
pub async fn misses(
    folder: &Path,
    photos: &[(&str, Vec<u8>)],
    expected: bool,
) -> Result<Vec<Miss>> {
    for (number, (_, jpeg)) in photos.iter().enumerate() {
        std::fs::write(folder.join(format!("{number:06}.jpg")), jpeg)?;
    }
    let list: Vec<&str> = photos.iter().map(|(serial, _)| *serial).collect();
    std::fs::write(folder.join("expected.csv"), list.join("\n"))?;
    let estate: &[&str] = if expected { &["--estate", "expected.csv"] } else { &[] };
    let ended = labelscan(folder, &[&["scan", "--json", "."], estate].concat()).await;
    ensure!(matches!(ended.code, Some(0 | 1)), "{}", ended.stderr);
    let lines = ended.lines();
    ensure!(lines.len() == photos.len(), "{} answers to {} photos", lines.len(), photos.len());
    let mut misses = Vec::new();
    for answer in lines {
        let name = answer["photo"].as_str().unwrap_or_default();
        let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str());
        let number: usize = stem.and_then(|stem| stem.parse().ok()).context("a numbered photo")?;
        let (serial, _) = photos.get(number).context("a photo of ours")?;
        if answer["status"] != "accepted" || answer["serial"]["value"] != **serial {
            misses.push(Miss { serial: (*serial).to_owned(), answer });
        }
    }
    Ok(misses)
}
