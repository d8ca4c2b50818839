//! Printed text: where lines are, what they say, and how sure that is.
//!
//! Lines are found in a reduced picture and skimmed: a small network reads each from the full one.
//! What the judge then calls promising is read with care, the most promising first, a few at a
//! time, so that the engine can stop as soon as the judge has enough.

mod bounds;
mod ctc;
pub(crate) mod detect;
pub(crate) mod network;
mod order;
pub(crate) mod recognise;
pub(crate) mod second;

use crate::image::oriented_box::OrientedBox;
use crate::text::detect::Detector;
use crate::text::network::RunFailure;
use crate::text::recognise::Recogniser;
use image::GrayImage;
use rten::ThreadPool;
use std::cmp::Reverse;
use std::sync::Arc;
use validate::{Point, Quad, ReadPriority, TextLine};

/// Longer side of the picture that lines are looked for in first: 158 of 174 real serials; 800 px
/// finds 163 and costs half as much again.
const FIRST_SIDE_PX: u32 = 640;
/// Longer side for the second look.
const CLOSER_SIDE_PX: u32 = 800;
/// How far beside a barcode print is looked for, in its widths, and at least its height.
const BESIDE_WIDTHS: f32 = 0.25;
/// Width of the barcode in the picture for that, unless the picture were larger than a whole photo.
const BESIDE_CODE_PX: f32 = 400.0;
/// Mean confidence below which the other end is tried: 2 of 174 real photos were upside down.
const DIRECTION_CONFIDENCE_MIN: f32 = 0.75;
/// Boxes that share more than this are one line, found twice.
const SAME_LINE_LIKENESS_MIN: f32 = 0.8;

/// The detector and recognisers of the first reading.
pub(crate) struct Reader {
    pub(crate) detector: Detector,
    /// For a hasty look at every line.
    pub(crate) skimmer: Recogniser,
    pub(crate) recogniser: Recogniser,
}

/// The print of one photo, as far as it was read.
pub(crate) struct Page {
    /// Every box of text.
    found: Vec<OrientedBox>,
    /// Boxes that are still to be skimmed, the most promising first.
    unseen: Vec<OrientedBox>,
    /// Boxes that are still to be read, the most promising first.
    queue: Vec<(ReadPriority, OrientedBox)>,
    /// Lines that may still be skimmed.
    lines_left: usize,
    /// Lines were skimmed, so that it is known which way is up.
    skimmed: bool,
    /// Direction of reading of the first line, in which all are put in order.
    along: Option<Point>,
}

impl Page {
    /// Found lines of which at most so many are to be read, those beside barcodes first.
    pub(crate) fn new(found: Vec<OrientedBox>, barcodes: &[Quad], lines_max: usize) -> Self {
        let unseen = order::by_promise(found.clone(), barcodes);
        Self {
            found,
            unseen,
            queue: Vec::new(),
            lines_left: lines_max,
            skimmed: false,
            along: None,
        }
    }

    /// Adds lines to those that were read, top to bottom.
    pub(crate) fn put_in_order(&mut self, new: Vec<TextLine>, lines: &mut Vec<TextLine>) {
        lines.extend(new);
        let Some(first) = lines.first() else { return };
        let along = *self.along.get_or_insert_with(|| OrientedBox::around(&first.quad).along);
        order::reading_order(lines, along, |line| OrientedBox::around(&line.quad));
    }

    /// The places of the lines that were skimmed and wait to be read.
    pub(crate) fn unread(&self) -> impl Iterator<Item = Quad> {
        self.queue.iter().map(|(_, line)| line.quad())
    }

    /// Adds what was found later, as far as it is new, in the direction of the rest.
    fn add(&mut self, found: Vec<OrientedBox>, barcodes: &[Quad]) {
        let direction = self.found.first().map(|line| line.along);
        let new: Vec<OrientedBox> = found
            .into_iter()
            .filter(|line| {
                self.found.iter().all(|known| known.likeness(line) < SAME_LINE_LIKENESS_MIN)
            })
            .map(|line| match direction {
                Some(along) if along.x * line.along.x + along.y * line.along.y < 0.0 => {
                    line.flipped()
                }
                _ => line,
            })
            .collect();
        self.found.extend(&new);
        self.unseen.extend(order::by_promise(new, barcodes));
    }

    /// The boxes to skim now.
    fn take_unseen(&mut self) -> Vec<OrientedBox> {
        let count = self.lines_left.min(self.unseen.len());
        self.lines_left -= count;
        self.unseen.drain(..).take(count).collect()
    }
}

impl Reader {
    /// Finds the lines of a photo; reads none yet.
    pub(crate) fn find(&self, photo: &GrayImage) -> Vec<OrientedBox> {
        self.detector.detect(photo, FIRST_SIDE_PX)
    }

    /// Skims what was found since the last time: lines of no priority are done with and returned,
    /// the others are queued.
    pub(crate) fn skim(
        &self,
        photo: &GrayImage,
        page: &mut Page,
        threads: &Arc<ThreadPool>,
    ) -> Result<Vec<TextLine>, RunFailure> {
        let mut boxes = page.take_unseen();
        let mut lines = self.skimmer.read_all(photo, &boxes, &page.found, threads)?;
        let sure = mean_confidence(&lines);
        // What is hardly legible may be upside down, and is skimmed from its other end.
        if !page.skimmed && !lines.is_empty() && sure < DIRECTION_CONFIDENCE_MIN {
            let (turned, found) = (flipped(&boxes), flipped(&page.found));
            let other = self.skimmer.read_all(photo, &turned, &found, threads)?;
            if mean_confidence(&other) > sure {
                (boxes, lines, page.found) = (turned, other, found);
            }
        }
        page.skimmed |= !lines.is_empty();
        let mut done = Vec::new();
        for (line, at) in lines.into_iter().zip(boxes) {
            match validate::read_priority(&line) {
                ReadPriority::Nothing => done.push(line),
                priority => page.queue.push((priority, at)),
            }
        }
        page.queue.sort_by_key(|(priority, _)| Reverse(*priority));
        Ok(done)
    }

    /// Reads the next lines, up to `count`.
    pub(crate) fn read_more(
        &self,
        photo: &GrayImage,
        page: &mut Page,
        count: usize,
        threads: &Arc<ThreadPool>,
    ) -> Result<Vec<TextLine>, RunFailure> {
        let count = count.min(page.queue.len());
        let boxes: Vec<OrientedBox> = page.queue.drain(..count).map(|(_, line)| line).collect();
        self.recogniser.read_all(photo, &boxes, &page.found, threads)
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
        let code = OrientedBox::around(barcode);
        let code = if code.height > code.width { code.turned() } else { code };
        let beyond = code.height.max(BESIDE_WIDTHS * code.width);
        let part =
            OrientedBox { width: code.width + beyond, height: code.height + 2.0 * beyond, ..code };
        let longer = part.width.max(part.height).max(1.0);
        let scale = (BESIDE_CODE_PX / code.width.max(1.0)).min(FIRST_SIDE_PX as f32 / longer);
        page.add(self.detector.detect_within(photo, &part, scale), &[*barcode]);
    }
}

fn flipped(boxes: &[OrientedBox]) -> Vec<OrientedBox> {
    boxes.iter().map(|line| line.flipped()).collect()
}

fn mean_confidence(lines: &[TextLine]) -> f32 {
    lines.iter().map(TextLine::confidence).sum::<f32>() / lines.len().max(1) as f32
}
