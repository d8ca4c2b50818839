//! Cuts a line out of the full-resolution photo, upright and at the height the recognisers take.

use super::line_box::LineBox;
use image::GrayImage;

/// Height of a recogniser's input, fixed by the networks.
const LINE_HEIGHT_PX: u32 = 48;
/// Longer lines are compressed into this; a serial is never that long.
const LINE_WIDTH_MAX_PX: u32 = 1600;
/// Shorter ones leave the network no step to read.
const LINE_WIDTH_MIN_PX: u32 = 16;
/// Samples across one output pixel: beyond it a strongly reduced line is only undersampled.
const SAMPLES_MAX: u32 = 4;

/// The line's pixels, deskewed, [`LINE_HEIGHT_PX`] high and so many times as wide as they should be,
/// in the direction of reading.
pub(crate) fn crop(photo: &GrayImage, line: &LineBox, stretch: f32) -> GrayImage {
    let height = LINE_HEIGHT_PX;
    let width = (stretch * line.aspect() * height as f32).round() as u32;
    let width = width.clamp(LINE_WIDTH_MIN_PX, LINE_WIDTH_MAX_PX);
    sample(photo, line, width, height)
}

/// Resamples the box into `width` x `height` pixels, averaging where that reduces it.
pub(crate) fn sample(photo: &GrayImage, line: &LineBox, width: u32, height: u32) -> GrayImage {
    let step = (line.width / width as f32, line.height / height as f32);
    let samples = |step: f32| (step.round() as u32).clamp(1, SAMPLES_MAX);
    let (across, down) = (samples(step.0), samples(step.1));
    GrayImage::from_fn(width, height, |column, row| {
        let mut sum = 0.0;
        for j in 0..down {
            let v = (row as f32 + (j as f32 + 0.5) / down as f32) * step.1 - line.height / 2.0;
            for i in 0..across {
                let u =
                    (column as f32 + (i as f32 + 0.5) / across as f32) * step.0 - line.width / 2.0;
                let point = line.at(u, v);
                sum += bilinear(photo, point.x - 0.5, point.y - 0.5);
            }
        }
        image::Luma([(sum / (across * down) as f32 + 0.5) as u8])
    })
}

/// Interpolates between pixel centres; outside the photo its edge goes on.
fn bilinear(photo: &GrayImage, x: f32, y: f32) -> f32 {
    let x = x.clamp(0.0, (photo.width() - 1) as f32);
    let y = y.clamp(0.0, (photo.height() - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let stride = photo.width() as usize;
    let right = (left + 1).min(stride - 1);
    let bottom = (top + 1).min(photo.height() as usize - 1);
    let pixels = photo.as_raw();
    let at = |x: usize, y: usize| f32::from(pixels[y * stride + x]);
    let upper = at(left, top) + fx * (at(right, top) - at(left, top));
    let lower = at(left, bottom) + fx * (at(right, bottom) - at(left, bottom));
    upper + fy * (lower - upper)
}
