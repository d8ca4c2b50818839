//! Evidence for tests, in a few words.

use crate::evidence::{
    Barcode, CharReading, Evidence, Lattice, LineBounds, PhotoEvidence, Point, Quad, Symbology,
    TextLine,
};

/// Height of a test line in pixels; a character is half as wide.
const HEIGHT: f32 = 20.0;

/// A quad from its upper left corner and size.
pub(crate) fn quad(x: f32, y: f32, width: f32, height: f32) -> Quad {
    [(x, y), (x + width, y), (x + width, y + height), (x, y + height)].map(|(x, y)| Point { x, y })
}

/// A printed line that was read surely, in row `row` of a label.
pub(crate) fn line(row: usize, text: &str) -> TextLine {
    line_at(0.0, row as f32 * HEIGHT * 1.5, text)
}

/// A printed line at a position in pixels.
pub(crate) fn line_at(x: f32, y: f32, text: &str) -> TextLine {
    let read = |(step, best)| CharReading {
        best,
        p: 0.999,
        runner_up: None,
        runner_up_p: 0.0,
        step: step as u16,
    };
    TextLine {
        quad: quad(x, y, text.chars().count() as f32 * HEIGHT / 2.0, HEIGHT),
        chars: text.chars().enumerate().map(read).collect(),
        lattice: Lattice::default(),
        bounds: LineBounds::default(),
    }
}

/// A barcode that was read well, above the rows.
pub(crate) fn barcode(symbology: Symbology, payload: &str) -> Barcode {
    Barcode {
        symbology,
        payload: payload.to_owned(),
        gs1: false,
        part: None,
        quad: quad(0.0, -120.0, 300.0, 60.0),
        votes: 4,
    }
}

/// One photo's evidence.
pub(crate) fn photo(barcodes: &[(Symbology, &str)], lines: &[&str]) -> PhotoEvidence {
    PhotoEvidence {
        width_px: 1000,
        height_px: 1000,
        barcodes: barcodes
            .iter()
            .map(|&(symbology, payload)| barcode(symbology, payload))
            .collect(),
        lines: lines.iter().enumerate().map(|(row, text)| line(row, text)).collect(),
        ..PhotoEvidence::default()
    }
}

/// One photo's evidence as all there is.
pub(crate) fn evidence(barcodes: &[(Symbology, &str)], lines: &[&str]) -> Evidence {
    Evidence { photos: vec![photo(barcodes, lines)] }
}
