//! Barcodes of a photo: where they are, what they say, and which of them stayed unread.
//!
//! One-dimensional codes are located by their gradients, sampled along their own axis and decoded
//! row by row; a value counts only when several rows agree. Two-dimensional symbols go through
//! rxing, each reader on its own, in a fixed order. The work is bounded in pixels, so that the same
//! photo gets the same answer on any machine. Nothing here judges a value, alters a payload, or
//! lets a panic of a reader out.

mod aztec;
mod budget;
mod cascade;
mod linear;
mod locate;
mod matrix;
mod row;
mod strip;
mod structure_tensor;
mod symbologies;
#[cfg(test)]
mod tests;

pub use budget::WorkBudget;
pub use cascade::BarcodeFindings;
pub use symbologies::{MISREAD_EASILY, Symbologies};

use crate::image::quad::centre;
use image::GrayImage;

/// Smallest side of a photo in which a barcode is looked for.
pub const SIDE_PX_MIN: u32 = 24;

/// Longest payload that is handed on; the rest of a longer one is not evidence.
pub const PAYLOAD_BYTES_MAX: usize = 4096;

/// Reads every barcode of an upright grey photo.
///
/// Positions are in pixels of `grey`. Stops when the budget is spent; what was found until then is
/// returned.
pub fn read_barcodes(
    grey: &GrayImage,
    budget: &mut WorkBudget,
    wanted: Symbologies,
) -> BarcodeFindings {
    if grey.width().min(grey.height()) < SIDE_PX_MIN {
        return BarcodeFindings::default();
    }
    let mut found = cascade::run(grey, budget, wanted);
    found.barcodes.retain(|code| code.payload.len() <= PAYLOAD_BYTES_MAX);
    found.barcodes.sort_by(|a, b| {
        let (a, b) = (centre(&a.quad), centre(&b.quad));
        a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x))
    });
    found
}
