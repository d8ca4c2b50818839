//! Whether a line's box may have missed a part of the line, or caught a part of its neighbour.
//! Such a box gives a serial with a character too few or too many at full confidence, and every
//! recogniser agrees on it; only the geometry shows it.

use crate::image::crop::sample;
use crate::image::oriented_box::OrientedBox;
use image::GrayImage;
use validate::LineBounds;

/// A neighbour's ink that stands closer than this many line heights may be the same line.
const NEIGHBOUR_GAP_HEIGHTS_MAX: f32 = 0.7;
/// Neighbours whose middle is further off than this share of the line's height are other lines.
const NEIGHBOUR_OFFSET_HEIGHTS_MAX: f32 = 0.4;
/// A box of print that runs out of the photo ends up to so many line heights short of its edge,
/// because lines are found in a reduced picture.
const FRAME_GAP_HEIGHTS_MAX: f32 = 0.5;
/// How far beyond the grown box pixels are looked at, in line heights.
const MARGIN_HEIGHTS: f32 = 0.25;
/// Height in pixels at which margins are sampled.
const MARGIN_PX: u32 = 16;
/// A column counts as ink when this share of its rows is as dark as the line's print.
const COLUMN_INK_SHARE_MIN: f32 = 0.3;

/// Looks at the frame, at the other boxes and at the pixels beyond both ends.
pub(crate) fn bounds(photo: &GrayImage, line: &OrientedBox, others: &[OrientedBox]) -> LineBounds {
    let (mut before, mut after) = (false, false);
    let ink_half = line.width / 2.0 - line.grown;
    let ink_height = line.height - 2.0 * line.grown;
    for other in others.iter().filter(|other| *other != line) {
        let (u, v) = line.local(other.centre);
        let reach = other.width / 2.0 - other.grown;
        let gap = u.abs() - ink_half - reach;
        let beside = v.abs() < NEIGHBOUR_OFFSET_HEIGHTS_MAX * line.height
            && gap < NEIGHBOUR_GAP_HEIGHTS_MAX * ink_height;
        before |= beside && u < 0.0;
        after |= beside && u > 0.0;
    }
    let (ink_before, ink_after) = ink_beyond(photo, line);
    LineBounds {
        // The grown rim may lie outside.
        touches_frame: line.ends_at_frame(
            photo,
            0.5 * line.grown,
            FRAME_GAP_HEIGHTS_MAX * line.height,
        ),
        ink_before: before || ink_before,
        ink_after: after || ink_after,
    }
}

/// Whether print goes on beyond the grown box: the margin beyond each end is compared with the
/// levels of paper and print inside the box.
fn ink_beyond(photo: &GrayImage, line: &OrientedBox) -> (bool, bool) {
    let margin = MARGIN_HEIGHTS * line.height;
    let wide = OrientedBox { width: line.width + 2.0 * margin, ..*line };
    let columns = (wide.aspect() * MARGIN_PX as f32).ceil() as u32;
    let beyond = (MARGIN_HEIGHTS * MARGIN_PX as f32).round() as u32;
    let strip = sample(photo, &wide, columns.clamp(4 * beyond, 1600), MARGIN_PX);
    let level = |rows: std::ops::Range<u32>, share: f32| {
        let columns = beyond..strip.width() - beyond;
        let mut levels: Vec<u8> = rows
            .flat_map(|row| columns.clone().map(move |column| (column, row)))
            .map(|(column, row)| strip.get_pixel(column, row).0[0])
            .collect();
        levels.sort_unstable();
        f32::from(levels[((levels.len() - 1) as f32 * share) as usize])
    };
    // The middle rows hold the print; with the rim above and below, most of a box is paper.
    let rows = MARGIN_PX / 4..MARGIN_PX * 3 / 4;
    let (dark, light) = (level(rows.clone(), 0.08), level(rows.clone(), 0.92));
    let median = level(0..MARGIN_PX, 0.5);
    // Paper is what most of the box is; print is the other extreme.
    let dark_print = median - dark >= light - median;
    let (print, paper) = if dark_print { (dark, light) } else { (light, dark) };
    let threshold = (print + paper) / 2.0;
    if (print - paper).abs() < 20.0 {
        return (false, false);
    }
    let is_ink = |column: u32| {
        let inked = rows
            .clone()
            .filter(|&row| (f32::from(strip.get_pixel(column, row).0[0]) < threshold) == dark_print)
            .count();
        inked as f32 >= COLUMN_INK_SHARE_MIN * rows.len() as f32
    };
    let width = strip.width();
    ((0..beyond).any(is_ink), (width - beyond..width).any(is_ink))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;
    use validate::Point;

    const LINE: OrientedBox = OrientedBox {
        centre: Point { x: 100.0, y: 50.0 },
        along: Point { x: 1.0, y: 0.0 },
        width: 100.0,
        height: 30.0,
        grown: 6.0,
    };

    /// Strokes of so many pixels every 10 px on white paper, from one column to another, 20 px
    /// high.
    fn strokes(stroke: u32, from: u32, to: u32) -> GrayImage {
        GrayImage::from_fn(200, 100, |x, y| {
            let ink = (from..to).contains(&x) && (40..60).contains(&y) && x % 10 < stroke;
            Luma([if ink { 20 } else { 240 }])
        })
    }

    fn print(from: u32, to: u32) -> GrayImage {
        strokes(4, from, to)
    }

    #[test]
    fn bold_print_dark_or_light_is_whole() {
        let mut bold = strokes(6, 56, 144);
        assert!(bounds(&bold, &LINE, &[LINE]).whole());
        image::imageops::invert(&mut bold);
        assert!(bounds(&bold, &LINE, &[LINE]).whole());
    }

    #[test]
    fn print_within_the_box_is_whole() {
        assert!(bounds(&print(56, 144), &LINE, &[LINE]).whole());
    }

    #[test]
    fn print_beyond_the_box_is_seen_at_either_end() {
        let after = bounds(&print(56, 190), &LINE, &[LINE]);
        assert!(after.ink_after && !after.ink_before);
        let before = bounds(&print(10, 144), &LINE, &[LINE]);
        assert!(before.ink_before && !before.ink_after);
    }

    #[test]
    fn close_neighbour_on_the_row_counts_as_ink_and_one_below_does_not() {
        let beside = OrientedBox { centre: Point { x: 195.0, y: 52.0 }, ..LINE };
        assert!(bounds(&print(56, 144), &LINE, &[LINE, beside]).ink_after);
        let below = OrientedBox { centre: Point { x: 110.0, y: 85.0 }, ..LINE };
        assert!(bounds(&print(56, 144), &LINE, &[LINE, below]).whole());
    }

    #[test]
    fn line_at_the_edge_of_the_photo_may_be_cut() {
        let line = OrientedBox { centre: Point { x: 45.0, y: 50.0 }, ..LINE };
        assert!(bounds(&print(0, 90), &line, &[line]).touches_frame);
        let short_of_it = OrientedBox { centre: Point { x: 60.0, y: 50.0 }, ..LINE };
        assert!(bounds(&print(0, 104), &short_of_it, &[short_of_it]).touches_frame);
        assert!(!bounds(&print(56, 144), &LINE, &[LINE]).touches_frame);
    }
}
