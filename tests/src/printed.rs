//! Labels that `labelscan print` made, photographed and read back by `labelscan scan`.

use crate::harness::labelscan;
use crate::render::{Shot, photograph_print};
use anyhow::{Context, Result, ensure};
use image::GrayImage;
use rand::{SeedableRng, rngs::StdRng};
use std::path::Path;

/// About the share of a phone's picture that a label is cut out with: 0.6 megapixels.
const PHOTO_PX: (u32, u32) = (900, 680);

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
    /// A JPEG of it as a technician takes it: leaning, out of focus, in uneven light, in a third of
    /// the cases sideways or upside down.
    ///
    /// # Errors
    /// If the shot puts the label behind the camera.
    pub fn photograph(&self, seed: u64) -> Result<Vec<u8>> {
        let mut rng = StdRng::seed_from_u64(seed);
        let shot = Shot { photo_px: PHOTO_PX, ..Shot::field(&mut rng) };
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
/// that stands beside them.
///
/// # Errors
/// If the program cannot run, or passes over a photo.
pub async fn misses(folder: &Path, photos: &[(&str, Vec<u8>)]) -> Result<Vec<Miss>> {
    for (number, (_, jpeg)) in photos.iter().enumerate() {
        std::fs::write(folder.join(format!("{number:06}.jpg")), jpeg)?;
    }
    let ended = labelscan(folder, &["scan", "--json", "."]).await;
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
