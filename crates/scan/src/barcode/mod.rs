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
mod plane;
mod row;
mod strip;
mod tensor;
#[cfg(test)]
mod tests;

pub use budget::WorkBudget;

use image::GrayImage;
use validate::{Barcode, Point, Quad, Symbology};

/// Smallest side of a photo in which a barcode is looked for.
pub const SIDE_PX_MIN: u32 = 24;

/// Longest payload that is handed on; the rest of a longer one is not evidence.
pub const PAYLOAD_BYTES_MAX: usize = 4096;

/// Short or without a check character, so that chance, glare or a part of another code can pass for
/// one: looked for only where a format asks, and believed only if a second decoder agrees.
pub const MISREAD_EASILY: [Symbology; 4] =
    [Symbology::Itf, Symbology::Codabar, Symbology::UpcE, Symbology::Ean8];

/// The barcodes of one photo.
#[derive(Clone, Debug, Default)]
pub struct BarcodeFindings {
    /// Every code that was decoded, in reading order of the label.
    pub barcodes: Vec<Barcode>,
    /// Places that look like a code and could not be decoded.
    pub located_unread: Vec<Quad>,
}

/// Which symbologies are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbologies(u16);

impl Symbologies {
    /// Those found on devices and their boxes, without [`MISREAD_EASILY`].
    pub const DEVICE: Self = Self(!0)
        .without(MISREAD_EASILY[0])
        .without(MISREAD_EASILY[1])
        .without(MISREAD_EASILY[2])
        .without(MISREAD_EASILY[3]);

    /// Nothing: codes are located and not read.
    pub const NONE: Self = Self(0);

    /// This set and one more.
    pub const fn with(self, symbology: Symbology) -> Self {
        Self(self.0 | 1 << symbology as u16)
    }

    /// This set without one of its members.
    pub const fn without(self, symbology: Symbology) -> Self {
        Self(self.0 & !(1 << symbology as u16))
    }

    /// Whether the set holds a symbology.
    pub const fn has(self, symbology: Symbology) -> bool {
        self.0 & 1 << symbology as u16 != 0
    }
}

impl Default for Symbologies {
    fn default() -> Self {
        Self::DEVICE
    }
}

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

fn centre(quad: &Quad) -> Point {
    let sum = quad.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.x, sum.1 + p.y));
    Point { x: sum.0 / 4.0, y: sum.1 / 4.0 }
}

/// Whether a point lies inside a convex quadrilateral, in either winding.
fn inside(quad: &Quad, p: Point) -> bool {
    let side = |i: usize| {
        let (a, b) = (quad[i], quad[(i + 1) % 4]);
        (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
    };
    (0..4).all(|i| side(i) >= 0.0) || (0..4).all(|i| side(i) <= 0.0)
}
