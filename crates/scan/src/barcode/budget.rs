//! How much work a photo may cost, counted in work and not in time.

/// Pixels that the readers may still look at; a step that costs more a pixel charges more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkBudget {
    pixels_left: u64,
}

impl WorkBudget {
    /// A budget of so many pixels.
    pub fn pixels(pixels: u64) -> Self {
        Self { pixels_left: pixels }
    }

    /// The budget for a photo of this size: enough for every step on a photo of some megapixels,
    /// growing more slowly than the photo beyond.
    pub fn for_photo(width: u32, height: u32) -> Self {
        let pixels = u64::from(width) * u64::from(height);
        Self { pixels_left: 4_000_000 + pixels * 6 }
    }

    /// Pixels left.
    pub fn left(&self) -> u64 {
        self.pixels_left
    }

    /// Takes the cost of a step, or refuses it and takes nothing.
    pub(super) fn take(&mut self, pixels: u64) -> bool {
        let enough = pixels <= self.pixels_left;
        if enough {
            self.pixels_left -= pixels;
        }
        enough
    }
}
