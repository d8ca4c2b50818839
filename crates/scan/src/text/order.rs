//! Which lines to read first, and in which order to hand them on.
//!
//! Recognition is a large part of a read and most lines on a label are not the serial, so the
//! promising ones come first and reading can stop early. Nothing is known yet but geometry.

use crate::image::oriented_box::{OrientedBox, distance};
use validate::{Point, Quad};

/// Narrower boxes hold a word or a digit, wider ones a sentence; no serial was found beyond.
const ASPECTS: std::ops::RangeInclusive<f32> = 2.5..=20.0;
/// Before a barcode a short keyword such as `S/N` may stand alone, in a box of at least this shape.
const ASPECT_OF_CAPTIONS_MIN: f32 = 1.2;
/// Heights of a value that its short keyword may stand before it, and above it.
const BEFORE: f32 = 8.0;
const ABOVE: f32 = 2.0;
/// Serials with their keyword are about this wide.
const ASPECTS_OF_SERIALS: std::ops::RangeInclusive<f32> = 4.0..=13.0;

/// Drops what cannot be a serial's line and puts the most promising first.
pub(crate) fn by_promise(mut lines: Vec<OrientedBox>, barcodes: &[Quad]) -> Vec<OrientedBox> {
    let barcodes: Vec<OrientedBox> = barcodes.iter().map(OrientedBox::around).collect();
    let values: Vec<OrientedBox> =
        lines.iter().filter(|line| ASPECTS.contains(&line.aspect())).copied().collect();
    lines.retain(|line| {
        let may_caption = || {
            barcodes.iter().any(|barcode| may_caption(line, barcode))
                || values.iter().any(|value| may_head(line, value))
        };
        ASPECTS.contains(&line.aspect()) || may_caption()
    });
    let mut scored: Vec<(f32, OrientedBox)> =
        lines.into_iter().map(|line| (promise(&line, &barcodes), line)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, line)| line).collect()
}

/// Whether a box stands where a barcode's keyword may: before it, in its row or in that of its print.
fn may_caption(line: &OrientedBox, barcode: &OrientedBox) -> bool {
    let (along, below) = barcode.local(line.centre);
    let gap = -along - (barcode.width + line.width) / 2.0;
    (ASPECT_OF_CAPTIONS_MIN..*ASPECTS.end()).contains(&line.aspect())
        && (-line.height..barcode.width / 2.0).contains(&gap)
        && below.abs() < barcode.height / 2.0 + 1.5 * line.height
}

/// Whether a box stands where the short keyword of a printed value may: before it in its row, or
/// right above it, as in a table.
fn may_head(line: &OrientedBox, value: &OrientedBox) -> bool {
    let (along, across) = value.local(line.centre);
    let gap = -along - (value.width + line.width) / 2.0;
    let before = across.abs() < 0.6 * value.height
        && (-0.5 * value.height..BEFORE * value.height).contains(&gap);
    let above = (-ABOVE * value.height..-0.5 * value.height).contains(&across)
        && along.abs() < value.width / 2.0;
    (ASPECT_OF_CAPTIONS_MIN..*ASPECTS.start()).contains(&line.aspect())
        && (0.6..1.6).contains(&(line.height / value.height))
        && (before || above)
}

/// Larger is more promising.
fn promise(line: &OrientedBox, barcodes: &[OrientedBox]) -> f32 {
    let nearness = barcodes
        .iter()
        .map(|barcode| {
            let reach = (barcode.width + barcode.height + line.width) / 2.0;
            1.0 - (distance(line.centre, barcode.centre) / (2.0 * reach)).min(1.0)
        })
        .fold(0.0, f32::max);
    let shape = if ASPECTS_OF_SERIALS.contains(&line.aspect()) { 1.0 } else { 0.0 };
    2.0 * nearness + shape
}

/// Top to bottom, and left to right where lines stand side by side, in a direction of reading.
pub(crate) fn reading_order<T>(lines: &mut [T], along: Point, place: impl Fn(&T) -> OrientedBox) {
    let at = |line: &T| {
        let centre = place(line).centre;
        (centre.x * along.x + centre.y * along.y, centre.y * along.x - centre.x * along.y)
    };
    lines.sort_by(|a, b| at(a).1.total_cmp(&at(b).1));
    // Neighbours on one row: within half the height of the row's first line.
    let mut start = 0;
    while start < lines.len() {
        let row = at(&lines[start]).1 + 0.5 * place(&lines[start]).height;
        let length = lines[start..].iter().take_while(|line| at(line).1 < row).count().max(1);
        lines[start..start + length].sort_by(|a, b| at(a).0.total_cmp(&at(b).0));
        start += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(x: f32, y: f32, width: f32) -> OrientedBox {
        let along = Point { x: 1.0, y: 0.0 };
        OrientedBox { centre: Point { x, y }, along, width, height: 20.0, grown: 4.0 }
    }

    #[test]
    fn line_beside_the_barcode_comes_first_and_single_words_are_dropped() {
        let (far, near, word) =
            (line(100.0, 900.0, 160.0), line(500.0, 130.0, 160.0), line(300.0, 300.0, 30.0));
        let barcode = line(500.0, 80.0, 300.0).quad();
        assert_eq!(by_promise(vec![far, word, near], &[barcode]), [near, far]);
    }

    #[test]
    fn short_word_before_a_barcode_is_read() {
        let barcode = line(500.0, 80.0, 300.0).quad();
        let (before, after) = (line(320.0, 84.0, 30.0), line(680.0, 84.0, 30.0));
        assert_eq!(by_promise(vec![before, after], &[barcode]), [before]);
    }

    #[test]
    fn a_short_word_is_read_before_a_value_and_above_one() {
        let value = line(500.0, 80.0, 160.0);
        let kept = |x: f32, y: f32| by_promise(vec![line(x, y, 40.0), value], &[]).len() == 2;
        assert!(kept(380.0, 82.0), "before it");
        assert!(kept(450.0, 50.0), "above it");
        assert!(!kept(620.0, 82.0) && !kept(450.0, 130.0) && !kept(100.0, 80.0));
    }

    #[test]
    fn rows_are_read_from_left_to_right() {
        let mut lines = [line(300.0, 54.0, 90.0), line(100.0, 90.0, 90.0), line(100.0, 50.0, 90.0)];
        let [right, below, left] = lines;
        reading_order(&mut lines, right.along, |line| *line);
        assert_eq!(lines, [left, right, below]);
    }
}
