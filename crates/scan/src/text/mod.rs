//! Printed text: where lines are, what they say, and how sure that is.
//!
//! Lines are found in a reduced picture and read from the full one. A reading never leaves
//! anything out on its own judgement of meaning: that is the judge's.

mod bounds;
mod crop;
mod ctc;
mod detect;
mod line_box;
mod network;
mod order;
mod recognise;

pub(crate) use detect::Detector;
pub(crate) use line_box::LineBox;
pub(crate) use network::{Network, RunFailure};
pub(crate) use recognise::Recogniser;

use image::GrayImage;
use validate::{Quad, TextLine};

/// Longer side of the picture that lines are looked for in first.
const FIRST_SIDE_PX: u32 = 640;
/// Lines that decide which end is up.
const DIRECTION_LINES: usize = 4;
/// Mean confidence below which the other end is tried.
const DIRECTION_SURE: f32 = 0.75;

/// The detector and recogniser of the first reading.
pub(crate) struct Reader {
    pub(crate) detector: Detector,
    pub(crate) recogniser: Recogniser,
}

impl Reader {
    /// Reads the most promising `lines_max` lines of a photo, in reading order.
    pub(crate) fn read(
        &self,
        photo: &GrayImage,
        barcodes: &[Quad],
        lines_max: usize,
    ) -> Result<Vec<TextLine>, RunFailure> {
        let found = self.detector.detect(photo, FIRST_SIDE_PX)?;
        let mut boxes = order::by_promise(found.clone(), barcodes);
        boxes.truncate(lines_max);
        let mut lines = Vec::with_capacity(boxes.len());
        for line in &boxes {
            lines.push(self.read_line(photo, line, &found)?);
            if lines.len() == DIRECTION_LINES.min(boxes.len())
                && let Some(turned) = self.read_from_other_end(photo, &boxes, &lines, &found)?
            {
                return Ok(turned);
            }
        }
        order::reading_order(&mut lines, |line| LineBox::around(&line.quad));
        Ok(lines)
    }

    fn read_line(
        &self,
        photo: &GrayImage,
        line: &LineBox,
        found: &[LineBox],
    ) -> Result<TextLine, RunFailure> {
        self.recogniser.read(photo, line, bounds::bounds(photo, line, found))
    }

    /// If the first lines are hardly legible, the photo may be upside down: reads them from their
    /// other end and, if that is surer, all lines.
    fn read_from_other_end(
        &self,
        photo: &GrayImage,
        boxes: &[LineBox],
        lines: &[TextLine],
        found: &[LineBox],
    ) -> Result<Option<Vec<TextLine>>, RunFailure> {
        let sure = mean_confidence(lines);
        if sure >= DIRECTION_SURE {
            return Ok(None);
        }
        let found: Vec<LineBox> = found.iter().map(|line| line.flipped()).collect();
        let mut turned = Vec::with_capacity(boxes.len());
        for line in boxes {
            turned.push(self.read_line(photo, &line.flipped(), &found)?);
            if turned.len() == lines.len() && mean_confidence(&turned) <= sure {
                return Ok(None);
            }
        }
        order::reading_order(&mut turned, |line| LineBox::around(&line.quad));
        Ok(Some(turned))
    }
}

fn mean_confidence(lines: &[TextLine]) -> f32 {
    lines.iter().map(TextLine::confidence).sum::<f32>() / lines.len().max(1) as f32
}
