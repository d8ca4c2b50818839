//! Printed text: where lines are, what they say, and how sure that is.
//!
//! Lines are found in a reduced picture and read from the full one, the most promising first, a
//! few at a time, so that the engine can stop as soon as the judge has enough. A reading never
//! leaves anything out on its own judgement of meaning: that is the judge's.

mod bounds;
mod crop;
mod ctc;
mod detect;
mod graft;
mod line_box;
mod network;
mod order;
mod recognise;
mod second;

pub(crate) use crop::crop;
pub(crate) use detect::{Detector, resized};
pub(crate) use line_box::LineBox;
pub(crate) use network::RunFailure;
pub(crate) use recognise::Recogniser;
pub(crate) use second::SecondReader;

use image::GrayImage;
use rayon::prelude::*;
use rten::ThreadPool;
use std::sync::Arc;
use validate::{Quad, TextLine};

/// Longer side of the picture that lines are looked for in first: 158 of 174 real serials; 800 px
/// finds 163 and costs half as much again.
const FIRST_SIDE_PX: u32 = 640;
/// Longer side for the second look.
const CLOSER_SIDE_PX: u32 = 800;
/// How far beside a barcode print is looked for, in its widths, and at least its height.
const BESIDE: f32 = 0.25;
/// Width of the barcode in the picture for that, unless the picture were larger than a whole photo.
const BESIDE_CODE_PX: f32 = 400.0;
/// Lines that decide which end is up.
const DIRECTION_LINES: usize = 4;
/// Mean confidence below which the other end is tried: 2 of 174 real photos were upside down.
const DIRECTION_SURE: f32 = 0.75;
/// Boxes that share more than this are one line, found twice.
const SAME_LINE: f32 = 0.8;

/// The detector and recogniser of the first reading.
pub(crate) struct Reader {
    pub(crate) detector: Detector,
    pub(crate) recogniser: Recogniser,
}

/// The print of one photo, as far as it was read.
pub(crate) struct Page {
    /// Every box of text.
    found: Vec<LineBox>,
    /// Boxes that are still to be read, the most promising first.
    queue: Vec<LineBox>,
    /// What was read.
    lines: Vec<TextLine>,
    /// Lines that may still be read.
    lines_left: usize,
}

impl Page {
    /// Found lines of which at most so many are to be read, those beside barcodes first.
    pub(crate) fn new(found: Vec<LineBox>, barcodes: &[Quad], lines_max: usize) -> Self {
        let queue = order::by_promise(found.clone(), barcodes);
        Self { found, queue, lines: Vec::new(), lines_left: lines_max }
    }

    /// What was read, top to bottom.
    pub(crate) fn lines(&self) -> Vec<TextLine> {
        let mut lines = self.lines.clone();
        order::reading_order(&mut lines, |line| LineBox::around(&line.quad));
        lines
    }

    /// Whether nothing is left to read.
    pub(crate) fn is_read(&self) -> bool {
        self.queue.is_empty() || self.lines_left == 0
    }

    /// Whether an unread line is of the size of this one: a second device's serial would be.
    pub(crate) fn has_unread_like(&self, quad: &Quad) -> bool {
        let line = LineBox::around(quad);
        let near = |a: f32, b: f32, factor: f32| a < b * factor && b < a * factor;
        !self.is_read()
            && self.queue.iter().any(|other| {
                near(other.height, line.height, 1.7) && near(other.width, line.width, 2.0)
            })
    }

    /// Adds what was found later, as far as it is new, in the direction of the rest.
    fn add(&mut self, found: Vec<LineBox>, barcodes: &[Quad]) {
        let direction = self.found.first().map(|line| line.along);
        let new: Vec<LineBox> = found
            .into_iter()
            .filter(|line| self.found.iter().all(|known| known.likeness(line) < SAME_LINE))
            .map(|line| match direction {
                Some(along) if along.x * line.along.x + along.y * line.along.y < 0.0 => {
                    line.flipped()
                }
                _ => line,
            })
            .collect();
        self.found.extend(&new);
        self.queue.extend(order::by_promise(new, barcodes));
    }

    fn take(&mut self, count: usize) -> Vec<LineBox> {
        let count = count.min(self.lines_left).min(self.queue.len());
        self.lines_left -= count;
        self.queue.drain(..count).collect()
    }
}

impl Reader {
    /// Finds the lines of a photo; reads none yet.
    pub(crate) fn find(&self, photo: &GrayImage) -> Vec<LineBox> {
        self.detector.detect(photo, FIRST_SIDE_PX)
    }

    /// Reads the next lines: `count`, or the few that also show which end is up.
    pub(crate) fn read_more(
        &self,
        photo: &GrayImage,
        page: &mut Page,
        count: usize,
        threads: &Arc<ThreadPool>,
    ) -> Result<(), RunFailure> {
        if page.lines.is_empty() {
            return self.read_first(photo, page, threads);
        }
        let boxes = page.take(count);
        let lines = self.read_lines(photo, &boxes, &page.found, threads)?;
        page.lines.extend(lines);
        Ok(())
    }

    /// Reads the first lines; if they are hardly legible, the photo may be upside down, and they
    /// are read from their other end.
    fn read_first(
        &self,
        photo: &GrayImage,
        page: &mut Page,
        threads: &Arc<ThreadPool>,
    ) -> Result<(), RunFailure> {
        let boxes = page.take(DIRECTION_LINES);
        page.lines = self.read_lines(photo, &boxes, &page.found, threads)?;
        let sure = mean_confidence(&page.lines);
        if page.lines.is_empty() || sure >= DIRECTION_SURE {
            return Ok(());
        }
        let flip = |boxes: &[LineBox]| boxes.iter().map(|line| line.flipped()).collect::<Vec<_>>();
        let found = flip(&page.found);
        let turned = self.read_lines(photo, &flip(&boxes), &found, threads)?;
        if mean_confidence(&turned) > sure {
            page.queue = flip(&page.queue);
            page.found = found;
            page.lines = turned;
        }
        Ok(())
    }

    /// Looks again at a larger scale and queues what was not found before.
    pub(crate) fn look_closer(&self, photo: &GrayImage, page: &mut Page, barcodes: &[Quad]) {
        if photo.width().max(photo.height()) > FIRST_SIDE_PX {
            page.add(self.detector.detect(photo, CLOSER_SIDE_PX), barcodes);
        }
    }

    /// Looks at the surroundings of a barcode alone and queues what was not found before: what it
    /// encodes is mostly printed above or below it.
    pub(crate) fn look_beside(&self, photo: &GrayImage, page: &mut Page, barcode: &Quad) {
        let code = LineBox::around(barcode);
        let code = if code.height > code.width { code.turned() } else { code };
        let beyond = code.height.max(BESIDE * code.width);
        let part =
            LineBox { width: code.width + beyond, height: code.height + 2.0 * beyond, ..code };
        let longer = part.width.max(part.height).max(1.0);
        let scale = (BESIDE_CODE_PX / code.width.max(1.0)).min(FIRST_SIDE_PX as f32 / longer);
        page.add(self.detector.detect_within(photo, &part, scale), &[*barcode]);
    }

    /// Reads lines side by side: two lines on two threads gain more than one network on two.
    fn read_lines(
        &self,
        photo: &GrayImage,
        boxes: &[LineBox],
        found: &[LineBox],
        threads: &Arc<ThreadPool>,
    ) -> Result<Vec<TextLine>, RunFailure> {
        let read = |line: &LineBox| {
            self.recogniser.read(photo, line, bounds::bounds(photo, line, found), threads)
        };
        boxes.par_iter().map(read).collect()
    }
}

fn mean_confidence(lines: &[TextLine]) -> f32 {
    lines.iter().map(TextLine::confidence).sum::<f32>() / lines.len().max(1) as f32
}
