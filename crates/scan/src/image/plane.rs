//! Grey pictures: halving, thresholding, and sampling along lines of any direction.

use image::GrayImage;
use rxing::common::{BitArray, BitMatrix};
use validate::Point;

/// The picture at half its width and height, each pixel the mean of four.
pub(crate) fn halve(picture: &GrayImage) -> GrayImage {
    let (width, height) = ((picture.width() / 2) as usize, (picture.height() / 2) as usize);
    let stride = picture.width() as usize;
    let mut out = vec![0; width * height];
    let pairs = picture.as_raw().chunks_exact(stride * 2);
    for (line, pair) in out.chunks_exact_mut(width.max(1)).zip(pairs) {
        let (above, below) = pair.split_at(stride);
        let above = above.as_chunks::<2>().0;
        let below = below.as_chunks::<2>().0;
        for ((out, a), b) in line.iter_mut().zip(above).zip(below) {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            *out = ((sum + 2) >> 2) as u8;
        }
    }
    GrayImage::from_raw(width as u32, height as u32, out).expect("width x height pixels")
}

/// Fraction bits of a position along a line.
const FRACTION: u32 = 12;
const ONE: i32 = 1 << FRACTION;

/// Samples `out.len()` grey values from `start` on, `step` apart, linear between pixels.
///
/// Beyond the picture its border goes on. The picture must be at least 2x2.
pub(crate) fn sample_line(picture: &GrayImage, start: Point, step: Point, out: &mut [u8]) {
    let (width, height) = (picture.width() as i32, picture.height() as i32);
    let stride = width as usize;
    let pixels = picture.as_raw();
    let fixed = |value: f32| (value * ONE as f32) as i32;
    let (mut x, mut y) = (fixed(start.x - 0.5), fixed(start.y - 0.5));
    let (dx, dy) = (fixed(step.x), fixed(step.y));
    let last = out.len() as i64;
    let (x_end, y_end) = (i64::from(x) + last * i64::from(dx), i64::from(y) + last * i64::from(dy));
    let within = |a: i32, b: i64, side: i32| {
        let end = i64::from(side - 1) << FRACTION;
        a >= 0 && i64::from(a) < end && b >= 0 && b < end
    };
    if within(x, x_end, width) && within(y, y_end, height) {
        for sample in out {
            let at = (y >> FRACTION) as usize * stride + (x >> FRACTION) as usize;
            *sample = between(&pixels[at..at + stride + 2], stride, x & (ONE - 1), y & (ONE - 1));
            x += dx;
            y += dy;
        }
        return;
    }
    for sample in out {
        let column = (x >> FRACTION).clamp(0, width - 2);
        let row = (y >> FRACTION).clamp(0, height - 2);
        let fx = (x - (column << FRACTION)).clamp(0, ONE);
        let fy = (y - (row << FRACTION)).clamp(0, ONE);
        let at = (row * width + column) as usize;
        *sample = between(&pixels[at..at + stride + 2], stride, fx, fy);
        x = x.saturating_add(dx);
        y = y.saturating_add(dy);
    }
}

/// The value between four pixels: the first two and the last two of `square`.
fn between(square: &[u8], stride: usize, fx: i32, fy: i32) -> u8 {
    let p = |offset: usize| i32::from(square[offset]);
    let above = (p(0) * (ONE - fx) + p(1) * fx) >> 6;
    let below = (p(stride) * (ONE - fx) + p(stride + 1) * fx) >> 6;
    ((above * (ONE - fy) + below * fy) >> (2 * FRACTION - 6)) as u8
}

/// A turned, scaled cut-out: `width` x `height` pixels around `centre`, `scale` pixels of the
/// picture each, its x axis along a unit vector.
pub(crate) fn cut(
    picture: &GrayImage,
    centre: Point,
    along: Point,
    scale: f32,
    (width, height): (u32, u32),
) -> GrayImage {
    let (cos, sin) = (along.x, along.y);
    let step = Point { x: cos * scale, y: sin * scale };
    let mut out = vec![0; (width * height) as usize];
    let u = (0.5 - width as f32 / 2.0) * scale;
    for (row, line) in out.chunks_exact_mut(width.max(1) as usize).enumerate() {
        let v = (row as f32 + 0.5 - height as f32 / 2.0) * scale;
        let start = Point { x: centre.x + u * cos - v * sin, y: centre.y + u * sin + v * cos };
        sample_line(picture, start, step, line);
    }
    GrayImage::from_raw(width, height, out).expect("width x height pixels")
}

/// Side of the blocks of the threshold, in pixels.
const BLOCK_PX: usize = 8;
/// Lowest contrast of a block that has a threshold of its own, grey levels.
const CONTRAST_MIN: u8 = 24;

/// Black where a pixel is at most as bright as the mean of the 40x40 pixels around its block.
///
/// `None` if the picture is smaller than a block.
pub(crate) fn threshold(picture: &GrayImage) -> Option<BitMatrix> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (columns, rows) = (width.div_ceil(BLOCK_PX), height.div_ceil(BLOCK_PX));
    if width < BLOCK_PX || height < BLOCK_PX {
        return None;
    }
    let levels = local_means(&block_means(picture, columns, rows), columns, rows);
    let mut out = BitMatrix::new(picture.width(), picture.height()).ok()?;
    let mut bits = BitArray::with_size(width);
    for (y, line) in picture.as_raw().chunks_exact(width).enumerate() {
        let levels = &levels[y / BLOCK_PX * columns..][..columns];
        for (word, (pixels, levels)) in line.chunks(64).zip(levels.chunks(8)).enumerate() {
            let mut black = 0u64;
            for (block, (pixels, &level)) in pixels.chunks(8).zip(levels).enumerate() {
                let mut byte = 0u64;
                for (i, &pixel) in pixels.iter().enumerate() {
                    byte |= u64::from(pixel <= level) << i;
                }
                black |= byte << (block * 8);
            }
            bits.setBulk(word * 64, black as _);
        }
        out.setRow(y as u32, &bits);
    }
    Some(out)
}

/// The mean of each block; for one without contrast a level that makes it white, unless its
/// neighbours say that it is dark.
fn block_means(picture: &GrayImage, columns: usize, rows: usize) -> Vec<u8> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = picture.as_raw();
    let mut out = vec![0u8; columns * rows];
    for row in 0..rows {
        let top = (row * BLOCK_PX).min(height - BLOCK_PX);
        for column in 0..columns {
            let left = (column * BLOCK_PX).min(width - BLOCK_PX);
            let (mut sum, mut low, mut high) = (0u32, u8::MAX, u8::MIN);
            for line in pixels[top * width..].chunks(width).take(BLOCK_PX) {
                let line: &[u8; BLOCK_PX] = line[left..].first_chunk().expect("a whole block");
                for &pixel in line {
                    sum += u32::from(pixel);
                    low = low.min(pixel);
                    high = high.max(pixel);
                }
            }
            let at = row * columns + column;
            out[at] = if high - low > CONTRAST_MIN {
                (sum / (BLOCK_PX * BLOCK_PX) as u32) as u8
            } else if row > 0 && column > 0 {
                let near = |index: usize| u32::from(out[index]);
                let around = near(at - columns) + 2 * near(at - 1) + near(at - columns - 1);
                let around = (around / 4) as u8;
                if low < around { around } else { low / 2 }
            } else {
                low / 2
            };
        }
    }
    out
}

/// Means over 5x5 blocks.
fn local_means(means: &[u8], columns: usize, rows: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(means.len());
    for row in 0..rows {
        let (top, bottom) = span(row, rows);
        for column in 0..columns {
            let (left, right) = span(column, columns);
            let mut sum = 0u32;
            for line in means[top * columns..bottom * columns].chunks_exact(columns) {
                sum += line[left..right].iter().map(|&mean| u32::from(mean)).sum::<u32>();
            }
            out.push((sum / ((bottom - top) * (right - left)) as u32) as u8);
        }
    }
    out
}

/// Five blocks around `at`, shifted inwards at the ends.
fn span(at: usize, count: usize) -> (usize, usize) {
    let start = at.saturating_sub(2).min(count.saturating_sub(5));
    (start, (start + 5).min(count))
}
