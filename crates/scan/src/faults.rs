//! What is wrong with a photo itself, measured from its pixels, so that a technician can be told
//! what to do. A fault never decides anything: a photo that reads well is accepted with faults.

use crate::text::{LineBox, crop, resized};
use image::GrayImage;
use validate::{Fault, Point, Quad, TextLine};

/// Longer side of the picture in which light is measured.
const LIGHT_SIDE_PX: u32 = 320;
/// A picture whose brightest 5 % are below this was taken without light.
const DARK_BELOW: u8 = 70;
/// From here on a pixel holds no print any more.
const BLOWN_FROM: u8 = 252;
/// Share of the print's surroundings that is blown out when a reflection covers a label. White
/// labels in good light stay below.
const BLOWN_SHARE: f32 = 0.3;
/// Height of a line's box, in pixels, below which its characters run together: a box is about
/// twice as high as its capitals, and the recognisers need 10 pixels for those.
const LINE_HEIGHT_MIN_PX: f32 = 18.0;
/// Lines that are read this surely are sharp and large enough.
const LEGIBLE: f32 = 0.9;
/// Steepest edge across a cut-out line, as a share of its contrast, below which it is smeared:
/// in a sharp line print turns to paper within 3 of its 48 rows.
const STEEPNESS_MIN: f32 = 0.16;
/// Lines that are looked at.
const LINES_MAX: usize = 8;

/// The faults of one photo with what was read in it.
pub(crate) fn faults(photo: &GrayImage, lines: &[TextLine], unread: &[Quad]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let light = reduced(photo);
    let dark = quantile(light.as_raw(), 0.95) < DARK_BELOW;
    let illegible: Vec<&TextLine> = lines
        .iter()
        .filter(|line| line.confidence() < LEGIBLE && line.chars.len() > 2)
        .take(LINES_MAX)
        .collect();
    let mostly_illegible = 2 * illegible.len() > lines.len() || lines.is_empty();
    let small = |line: &&&TextLine| LineBox::around(&line.quad).height < LINE_HEIGHT_MIN_PX;
    let too_small =
        mostly_illegible && 2 * illegible.iter().filter(small).count() > illegible.len();
    let smeared = if illegible.is_empty() {
        lines.is_empty() && !dark && steepest(&light) < 12.0
    } else {
        mostly_illegible && !too_small && median_steepness(photo, &illegible) < STEEPNESS_MIN
    };
    let cut = lines.iter().any(|line| line.bounds.touches_frame && line.chars.len() > 4)
        || unread.iter().any(|quad| touches_frame(photo, quad));
    let mut add = |fault, holds: bool| holds.then(|| faults.push(fault));
    add(Fault::Blurred, smeared);
    add(Fault::Glare, blown_share(&light, photo, lines) > BLOWN_SHARE);
    add(Fault::Dark, dark);
    add(Fault::TextTooSmall, too_small);
    add(Fault::CutOff, cut);
    add(Fault::BarcodeUnreadable, !unread.is_empty());
    faults
}

fn reduced(photo: &GrayImage) -> GrayImage {
    let longer = photo.width().max(photo.height());
    let fit = |side: u32| (side * LIGHT_SIDE_PX / longer).clamp(1, side);
    resized(photo, fit(photo.width()), fit(photo.height()))
}

fn quantile(values: &[u8], share: f32) -> u8 {
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
            let cut = crop(photo, &LineBox::around(&line.quad));
            let (dark, light) = (quantile(cut.as_raw(), 0.05), quantile(cut.as_raw(), 0.95));
            steepest(&cut) / f32::from(light.saturating_sub(dark)).max(1.0)
        })
        .collect();
    all.sort_by(f32::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(1.0)
}

/// Share of blown-out pixels in the upright rectangle around all print; the whole photo if there
/// is none.
fn blown_share(light: &GrayImage, photo: &GrayImage, lines: &[TextLine]) -> f32 {
    let scale = light.width() as f32 / photo.width() as f32;
    let corners = || lines.iter().flat_map(|line| line.quad);
    let span = |pick: fn(Point) -> f32, end: u32| {
        let low = corners().map(pick).fold(f32::MAX, f32::min);
        let high = corners().map(pick).fold(f32::MIN, f32::max);
        if low > high {
            return 0..end;
        }
        let from = ((low * scale).max(0.0) as u32).min(end - 1);
        from..((high * scale).ceil() as u32).clamp(from + 1, end)
    };
    let (columns, rows) = (span(|at| at.x, light.width()), span(|at| at.y, light.height()));
    let area = columns.len() * rows.len();
    let blown = rows
        .flat_map(|row| columns.clone().map(move |column| light.get_pixel(column, row).0[0]))
        .filter(|&level| level >= BLOWN_FROM)
        .count();
    blown as f32 / area.max(1) as f32
}

fn touches_frame(photo: &GrayImage, quad: &Quad) -> bool {
    let (right, bottom) = (photo.width() as f32 - 2.0, photo.height() as f32 - 2.0);
    quad.iter().any(|at| at.x < 1.0 || at.y < 1.0 || at.x > right || at.y > bottom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn a_photo_without_light_is_dark_and_one_without_edges_is_blurred() {
        let dark = GrayImage::from_pixel(640, 480, Luma([20]));
        assert_eq!(faults(&dark, &[], &[]), [Fault::Dark]);
        let smooth = GrayImage::from_fn(640, 480, |x, _| Luma([(60 + x / 5) as u8]));
        assert_eq!(faults(&smooth, &[], &[]), [Fault::Blurred]);
        let sharp = GrayImage::from_fn(640, 480, |x, _| Luma([if x % 40 < 20 { 30 } else { 200 }]));
        assert_eq!(faults(&sharp, &[], &[]), []);
    }

    #[test]
    fn a_white_patch_over_everything_is_glare() {
        let photo =
            GrayImage::from_fn(640, 480, |x, _| Luma([if x < 400 { 255 } else { x as u8 }]));
        assert!(faults(&photo, &[], &[]).contains(&Fault::Glare));
    }

    #[test]
    fn an_unread_barcode_at_the_edge_is_cut_off() {
        let photo = GrayImage::from_fn(640, 480, |x, _| Luma([if x % 4 < 2 { 30 } else { 200 }]));
        let corner = |x, y| Point { x, y };
        let quad = [corner(-3.0, 9.0), corner(90.0, 9.0), corner(90.0, 40.0), corner(-3.0, 40.0)];
        let found = faults(&photo, &[], &[quad]);
        assert!(found.contains(&Fault::CutOff) && found.contains(&Fault::BarcodeUnreadable));
    }
}
