//! What is wrong with a photo itself, measured from its pixels, so that a technician can be told
//! what to do. A fault never decides anything: a photo that reads well is accepted with faults.

use crate::image::crop::crop;
use crate::image::oriented_box::OrientedBox;
use crate::image::resize::resized;
use image::GrayImage;
use std::ops::Range;
use validate::{Fault, Point, Quad, TextLine};

/// Longer side of the picture in which light is measured.
const LIGHT_SIDE_PX: u32 = 320;
/// A picture whose brightest 5 % are below this was taken without light.
const DARK_LEVEL_MAX: u8 = 70;
/// Print that differs less from its ground is seen by nobody.
const CONTRAST_MIN: u8 = 8;
/// From here on a pixel holds no print any more.
const BLOWN_LEVEL_MIN: u8 = 252;
/// Share of the print's surroundings that is blown out when a reflection covers a part of a label.
const BLOWN_SHARE_MAX: f32 = 0.03;
/// Level just beyond the blown-out part of a reflection: it fades, while a white thing has an edge.
const HALO_LEVEL_MIN: u8 = 205;
/// Ends of lines this close to the frame, in line heights, are cut off: detection ends a little
/// before the print does.
const FRAME_GAP_HEIGHTS_MAX: f32 = 0.5;
/// Paper from this level on is white by exposure, not by a reflection.
const WHITE_PAPER_LEVEL_MIN: u8 = 240;
/// Height of a line's box, in pixels, below which its characters run together: a box is about
/// twice as high as its capitals, and the recognisers need 10 pixels for those.
const LINE_HEIGHT_MIN_PX: f32 = 18.0;
/// Below this height lines are enlarged by half or more before they are read: legible perhaps, but
/// a step closer settles what is in doubt.
const LINE_HEIGHT_GOOD_PX: f32 = 32.0;
/// Lines that are read this surely are sharp and large enough.
const LEGIBLE_CONFIDENCE_MIN: f32 = 0.9;
/// Steepest edge across a cut-out line, as a share of its contrast, below which it is smeared:
/// in a sharp line print turns to paper within 3 of its 48 rows.
const STEEPNESS_MIN: f32 = 0.16;
/// Lines that are looked at.
const LINES_MAX: usize = 8;

/// The faults of one photo with what was read in it.
pub(crate) fn faults(photo: &GrayImage, lines: &[TextLine], unread: &[Quad]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let light = reduced(photo);
    let dark = quantile(light.as_raw(), 0.95) < DARK_LEVEL_MAX;
    let illegible: Vec<&TextLine> = lines
        .iter()
        .filter(|line| line.confidence() < LEGIBLE_CONFIDENCE_MIN && line.chars.len() > 2)
        .take(LINES_MAX)
        .collect();
    let mostly_illegible = 2 * illegible.len() > lines.len() || lines.is_empty();
    let lower_than = |line: &TextLine, px| OrientedBox::around(&line.quad).height < px;
    let tiny = illegible.iter().filter(|line| lower_than(line, LINE_HEIGHT_MIN_PX)).count();
    let too_small = mostly_illegible && 2 * tiny > illegible.len();
    let low = lines.iter().filter(|line| lower_than(line, LINE_HEIGHT_GOOD_PX)).count();
    let smeared = if illegible.is_empty() {
        lines.is_empty() && !dark && steepest(&light) < 12.0
    } else {
        mostly_illegible && !too_small && median_steepness(photo, &illegible) < STEEPNESS_MIN
    };
    let cut = lines.iter().any(|line| {
        line.chars.len() > 4 && line.confidence() > 0.5 && {
            let place = OrientedBox::around(&line.quad);
            place.ends_at_frame(photo, 0.0, FRAME_GAP_HEIGHTS_MAX * place.height)
        }
    });
    let mut add = |fault, holds: bool| holds.then(|| faults.push(fault));
    add(Fault::Blurred, smeared);
    add(Fault::Glare, glare(&light, photo, lines));
    add(Fault::Dark, dark);
    add(Fault::TextTooSmall, too_small || 2 * low > lines.len());
    add(Fault::CutOff, cut);
    add(Fault::BarcodeUnreadable, !unread.is_empty());
    faults
}

/// Whether the whole picture is of one colour, so that there is nothing to look for. Small files can
/// be large pictures of that kind.
pub(crate) fn is_blank(photo: &GrayImage) -> bool {
    let (mut darkest, mut brightest) = (u8::MAX, u8::MIN);
    // In parts, because most photos show in the first that they are not.
    photo.as_raw().chunks(4096).all(|part| {
        darkest = part.iter().fold(darkest, |least, &level| least.min(level));
        brightest = part.iter().fold(brightest, |most, &level| most.max(level));
        brightest - darkest < CONTRAST_MIN
    })
}

fn reduced(photo: &GrayImage) -> GrayImage {
    let longer = photo.width().max(photo.height());
    let fit = |side: u32| (side * LIGHT_SIDE_PX / longer).clamp(1, side);
    resized(photo, fit(photo.width()), fit(photo.height()))
}

/// The level below which a share of all values lies.
pub(crate) fn quantile(values: &[u8], share: f32) -> u8 {
    let mut counts = [0usize; 256];
    for &value in values {
        counts[usize::from(value)] += 1;
    }
    let wanted = (values.len() as f32 * share) as usize;
    let mut seen = 0;
    (0u8..=255)
        .find(|&level| {
            seen += counts[usize::from(level)];
            seen > wanted
        })
        .unwrap_or(255)
}

/// The steepest 1 % of steps between neighbours, grey levels a pixel.
fn steepest(picture: &GrayImage) -> f32 {
    let width = picture.width() as usize;
    let steps: Vec<u8> = picture
        .as_raw()
        .chunks_exact(width)
        .flat_map(|row| row.windows(2).map(|pair| pair[0].abs_diff(pair[1])))
        .collect();
    f32::from(quantile(&steps, 0.99))
}

/// Over the lines, the median of the steepest edge as a share of the line's contrast.
fn median_steepness(photo: &GrayImage, lines: &[&TextLine]) -> f32 {
    let mut all: Vec<f32> = lines
        .iter()
        .map(|line| {
            let cut = crop(photo, &OrientedBox::around(&line.quad), 1.0);
            let (dark, light) = (quantile(cut.as_raw(), 0.05), quantile(cut.as_raw(), 0.95));
            steepest(&cut) / f32::from(light.saturating_sub(dark)).max(1.0)
        })
        .collect();
    all.sort_by(f32::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(1.0)
}

/// Whether a reflection covers what should be read. Paper that is white all over is none, nor is
/// anything white with an edge: a page from a scanner, a device before a white wall, a part that
/// was painted over.
fn glare(light: &GrayImage, photo: &GrayImage, lines: &[TextLine]) -> bool {
    let (width, height) = light.dimensions();
    if !fades(light) {
        return false;
    }
    if lines.is_empty() {
        let middle = blown_share(light, width / 4..width * 3 / 4, height / 4..height * 3 / 4);
        let rim = blown_share(light, 0..width, 0..(height / 10).max(1));
        return middle > BLOWN_SHARE_MAX && rim < BLOWN_SHARE_MAX / 2.0;
    }
    let mut paper: Vec<u8> = lines
        .iter()
        .take(LINES_MAX)
        .map(|line| quantile(crop(photo, &OrientedBox::around(&line.quad), 1.0).as_raw(), 0.75))
        .collect();
    paper.sort_unstable();
    let scale = width as f32 / photo.width() as f32;
    let span = |pick: fn(Point) -> f32, end: u32| {
        let corners = lines.iter().flat_map(|line| line.quad).map(pick);
        let low = corners.clone().fold(f32::MAX, f32::min);
        let high = corners.fold(f32::MIN, f32::max);
        let from = ((low * scale).max(0.0) as u32).min(end - 1);
        from..((high * scale).ceil() as u32).clamp(from + 1, end)
    };
    let around_print = blown_share(light, span(|at| at.x, width), span(|at| at.y, height));
    paper[paper.len() / 2] < WHITE_PAPER_LEVEL_MIN && around_print > BLOWN_SHARE_MAX
}

/// Whether the blown-out parts fade into their surroundings.
fn fades(light: &GrayImage) -> bool {
    let mut rim = Vec::new();
    for row in light.as_raw().chunks_exact(light.width() as usize) {
        for four in row.windows(4) {
            let blown: [bool; 4] = std::array::from_fn(|at| four[at] >= BLOWN_LEVEL_MIN);
            match blown {
                [true, true, false, false] => rim.push(four[3]),
                [false, false, true, true] => rim.push(four[0]),
                _ => {}
            }
        }
    }
    !rim.is_empty() && quantile(&rim, 0.5) >= HALO_LEVEL_MIN
}

/// Share of blown-out pixels in an upright rectangle.
fn blown_share(light: &GrayImage, columns: Range<u32>, rows: Range<u32>) -> f32 {
    let area = columns.len() * rows.len();
    let blown = rows
        .flat_map(|row| columns.clone().map(move |column| light.get_pixel(column, row).0[0]))
        .filter(|&level| level >= BLOWN_LEVEL_MIN)
        .count();
    blown as f32 / area.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn photo_without_light_is_dark_and_without_edges_is_blurred() {
        let dark = GrayImage::from_pixel(640, 480, Luma([20]));
        assert_eq!(faults(&dark, &[], &[]), [Fault::Dark]);
        let smooth = GrayImage::from_fn(640, 480, |x, _| Luma([(60 + x / 5) as u8]));
        assert_eq!(faults(&smooth, &[], &[]), [Fault::Blurred]);
        let sharp = GrayImage::from_fn(640, 480, |x, _| Luma([if x % 40 < 20 { 30 } else { 200 }]));
        assert_eq!(faults(&sharp, &[], &[]), []);
    }

    #[test]
    fn fading_spot_is_glare_and_white_paper_is_not() {
        let lit = GrayImage::from_fn(640, 480, |x, y| {
            let far = (x as f32 - 320.0).hypot(y as f32 - 240.0);
            Luma([(130.0 + 300.0 * (-(far / 150.0).powi(2)).exp()).min(255.0) as u8])
        });
        assert!(faults(&lit, &[], &[]).contains(&Fault::Glare));
        let patch = |x: u32, y: u32| (160..480).contains(&x) && (120..360).contains(&y);
        let box_on_paper =
            GrayImage::from_fn(640, 480, |x, y| Luma([if patch(x, y) { 255 } else { 190 }]));
        assert!(!faults(&box_on_paper, &[], &[]).contains(&Fault::Glare));
        let page = GrayImage::from_pixel(640, 480, Luma([255]));
        assert!(!faults(&page, &[], &[]).contains(&Fault::Glare));
    }

    #[test]
    fn picture_of_one_colour_is_blank() {
        let mut picture = GrayImage::from_fn(640, 480, |x, _| Luma([60 + (x % 8) as u8]));
        assert!(is_blank(&picture));
        picture.put_pixel(639, 479, Luma([68]));
        assert!(!is_blank(&picture), "one pixel stands out");
    }

    #[test]
    fn an_unread_barcode_is_a_fault() {
        let photo = GrayImage::from_fn(640, 480, |x, _| Luma([if x % 4 < 2 { 30 } else { 200 }]));
        let corner = |x, y| Point { x, y };
        let quad = [corner(9.0, 9.0), corner(90.0, 9.0), corner(90.0, 40.0), corner(9.0, 40.0)];
        assert!(faults(&photo, &[], &[quad]).contains(&Fault::BarcodeUnreadable));
    }
}
