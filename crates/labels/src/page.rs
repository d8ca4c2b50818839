//! Labels on pages: a sheet of many, or a page that is one label.

use crate::label::{Label, Resolution};
use crate::sheets::Sheet;

/// What the labels are printed on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stock {
    /// A sheet of labels.
    Sheet(&'static Sheet),
    /// Single labels of this width and height in millimetres.
    Single((f64, f64)),
}

impl Stock {
    /// Size of one label.
    pub fn label_mm(self) -> (f64, f64) {
        match self {
            Self::Sheet(sheet) => sheet.label_mm,
            Self::Single(size) => size,
        }
    }

    /// Labels on one page.
    pub fn capacity(self) -> u32 {
        match self {
            Self::Sheet(sheet) => sheet.capacity(),
            Self::Single(_) => 1,
        }
    }

    fn page_mm(self) -> (f64, f64) {
        match self {
            Self::Sheet(sheet) => sheet.page_mm,
            Self::Single(size) => size,
        }
    }

    fn corner_mm(self, place: u32) -> (f64, f64) {
        match self {
            Self::Sheet(sheet) => sheet.corner_mm(place),
            Self::Single(_) => (0.0, 0.0),
        }
    }

    /// A page with these labels from the place `first` on, counted from 0.
    pub fn page(self, resolution: Resolution, first: u32, labels: Vec<Label>) -> Page {
        let dots = |(x, y): (f64, f64)| (resolution.dots(x), resolution.dots(y));
        let (width, height) = dots(self.page_mm());
        let placed = (first..).zip(labels);
        let labels = placed.map(|(place, label)| (dots(self.corner_mm(place)), label)).collect();
        Page { width, height, labels }
    }
}

/// One page, in dots.
#[derive(Clone, Debug)]
pub struct Page {
    /// Width of the page.
    pub width: u32,
    /// Height of the page.
    pub height: u32,
    /// Each label with its left upper corner.
    pub labels: Vec<((u32, u32), Label)>,
}
