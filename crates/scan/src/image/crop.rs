//! Cuts a line out of the full-resolution photo, upright and at the height the recognisers take.

use crate::image::oriented_box::OrientedBox;
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
pub(crate) fn crop(photo: &GrayImage, line: &OrientedBox, stretch: f32) -> GrayImage {
    let height = LINE_HEIGHT_PX;
    let width = (stretch * line.aspect() * height as f32).round() as u32;
    let width = width.clamp(LINE_WIDTH_MIN_PX, LINE_WIDTH_MAX_PX);
    sample(photo, line, width, height)
}

/// Resamples the box into `width` x `height` pixels, averaging where that reduces it.
pub(crate) fn sample(photo: &GrayImage, line: &OrientedBox, width: u32, height: u32) -> GrayImage {
    let step = (line.width / width as f32, line.height / height as f32);
    let samples = |step: f32| (step.round() as u32).clamp(1, SAMPLES_MAX);
    let (across, down) = (samples(step.0), samples(step.1));
    let step = (step.0 / across as f32, step.1 / down as f32);
    // Pixel centres lie at halves.
    let first = line.at((step.0 - line.width) / 2.0, (step.1 - line.height) / 2.0);
    let (first, along, below) = ((first.x - 0.5, first.y - 0.5), line.along, line.down());
    let share = 1.0 / (across * down) as f32;
    GrayImage::from_fn(width, height, |column, row| {
        let mut sum = 0.0;
        for v in row * down..(row + 1) * down {
            let v = v as f32 * step.1;
            let (x, y) = (first.0 + v * below.x, first.1 + v * below.y);
            for u in column * across..(column + 1) * across {
                let u = u as f32 * step.0;
                sum += bilinear(photo, x + u * along.x, y + u * along.y);
            }
        }
        image::Luma([(sum * share + 0.5) as u8])
    })
}

/// Interpolates between pixel centres; outside the photo its edge goes on.
fn bilinear(photo: &GrayImage, x: f32, y: f32) -> f32 {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let x = x.clamp(0.0, (width - 1) as f32);
    let y = y.clamp(0.0, (height - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let bottom = (top + 1).min(height - 1);
    let pixels = photo.as_raw();
    let between = |row: usize| {
        let row = &pixels[row * width..][..width];
        let (one, other) = (f32::from(row[left]), f32::from(row[(left + 1).min(width - 1)]));
        one + fx * (other - one)
    };
    let upper = between(top);
    upper + fy * (between(bottom) - upper)
}
