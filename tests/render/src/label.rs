//! A label as it is printed: its elements, its colours and its ground truth.

use crate::Truth;
use crate::print::Face;
use crate::symbol::Code;
use rand::{RngExt, rngs::StdRng};

/// A label ready to print.
#[derive(Clone, Debug)]
pub struct Label {
    /// Width.
    pub width_mm: f32,
    /// Height.
    pub height_mm: f32,
    /// What is printed on it.
    pub elements: Vec<Element>,
    /// Its colours.
    pub ink: Ink,
    /// What a perfect reader returns.
    pub truth: Truth,
}

/// One printed thing; millimetres from the label's top left corner.
#[derive(Clone, Debug)]
pub enum Element {
    /// A line of text.
    Text {
        /// Left end.
        x_mm: f32,
        /// Top of the capitals.
        y_mm: f32,
        /// Height of the capitals.
        cap_mm: f32,
        /// Its font.
        face: Face,
        /// What it says.
        text: String,
    },
    /// A barcode, without its quiet zone.
    Symbol {
        /// Left edge.
        x_mm: f32,
        /// Top edge.
        y_mm: f32,
        /// Width of a narrow bar, or side of a module.
        module_mm: f32,
        /// Bar height; matrix codes are square.
        height_mm: f32,
        /// The symbology.
        code: Code,
        /// What it encodes.
        payload: String,
    },
    /// A thin frame.
    Frame {
        /// Left edge.
        x_mm: f32,
        /// Top edge.
        y_mm: f32,
        /// Width.
        width_mm: f32,
        /// Height.
        height_mm: f32,
    },
}

/// Colours of print and paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Thermal transfer on white polyester.
    BlackOnWhite,
    /// On silver film.
    BlackOnSilver,
    /// Light print on the dark housing.
    WhiteOnBlack,
    /// Laser marks in dark plastic: little contrast.
    GreyOnBlack,
    /// Laser marks in brushed metal: darker than the metal, and streaks across both.
    EtchedMetal,
    /// Needles or ink drops.
    Dotted,
    /// Dark letters on a lit display.
    Screen,
    /// Light letters on a display.
    DarkScreen,
}

impl Ink {
    /// One as often as it is seen: mostly black on white.
    pub fn usual(rng: &mut StdRng) -> Self {
        match rng.random_range(0..20) {
            0..12 => Self::BlackOnWhite,
            12..15 => Self::BlackOnSilver,
            15..18 => Self::WhiteOnBlack,
            18 => Self::GreyOnBlack,
            _ => Self::Dotted,
        }
    }

    /// Red, green and blue of the paper and of the ink.
    pub fn paper_and_ink(self) -> ([f32; 3], [f32; 3]) {
        match self {
            Self::BlackOnWhite | Self::Dotted => ([236., 235., 229.], [34., 32., 34.]),
            Self::BlackOnSilver => ([188., 190., 192.], [38., 38., 42.]),
            Self::WhiteOnBlack => ([44., 44., 47.], [222., 222., 218.]),
            Self::GreyOnBlack => ([50., 50., 53.], [158., 156., 150.]),
            Self::EtchedMetal => ([162., 163., 166.], [96., 94., 92.]),
            Self::Screen => ([228., 231., 238.], [38., 40., 48.]),
            Self::DarkScreen => ([22., 23., 28.], [214., 216., 222.]),
        }
    }
}
