//! The quickest label there is: a square symbol that names its serial, for tests that need many
//! photos and not the camera's weather.

use crate::Code;
use crate::symbol::Modules;
use anyhow::{Context, Result, bail};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma};

const MODULE_PX: u32 = 8;
const QUIET_MODULES: u32 = 5;

/// A JPEG of a QR code that holds `S/N:` and the serial. It is read in a moment and accepted on the
/// symbol's own word.
///
/// # Errors
/// If the symbol cannot hold the serial.
pub fn tag(serial: &str) -> Result<Vec<u8>> {
    let Modules::Matrix(rows) = Code::Qr.encode(&format!("S/N:{serial}"))? else {
        bail!("a QR code is a matrix");
    };
    let side = (u32::try_from(rows.len())? + 2 * QUIET_MODULES) * MODULE_PX;
    let dark = |x: u32, y: u32| {
        let at =
            |px: u32| (px / MODULE_PX).checked_sub(QUIET_MODULES).map(|module| module as usize);
        let (row, column) = (at(y).and_then(|y| rows.get(y)), at(x));
        row.zip(column).and_then(|(row, column)| row.get(column)).copied().unwrap_or(false)
    };
    let picture = GrayImage::from_fn(side, side, |x, y| Luma([if dark(x, y) { 24 } else { 232 }]));
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&picture).context("a JPEG")?;
    Ok(jpeg)
}
