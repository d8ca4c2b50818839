//! Finds lines of print: a segmentation network marks the pixels of text in a reduced picture,
//! each connected region becomes a rotated box. The boxes are in pixels of the full photo, from
//! which the lines are then cut.
//!
//! The network and its post-processing are "differentiable binarization" (Liao et al. 2020,
//! arXiv:1911.08947): it predicts shrunk text regions, which are grown again by
//! `area * UNCLIP_RATIO / perimeter`.

use crate::convnet::ConvNet;
use crate::convnet::maps::Maps;
use crate::image::crop::sample;
use crate::image::oriented_box::OrientedBox;
use crate::image::resize::resized;
use image::GrayImage;
use rten_imageproc::{BoundingRect, Polygon, RetrievalMode, find_contours, min_area_rect};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use validate::Point;

/// A pixel is text from this probability on.
const PIXEL_P_MIN: f32 = 0.3;
/// A region counts from this mean probability on.
const REGION_P_MIN: f32 = 0.5;
/// How far a shrunk region is grown again.
const UNCLIP_RATIO: f32 = 1.6;
/// Regions thinner than this in the reduced picture are noise.
const THICKNESS_MIN_PX: f32 = 2.0;
/// More regions than this are texture, not a label.
const REGIONS_MAX: usize = 400;
/// The network halves its input five times.
const SIDE_STEP: u32 = 32;

/// A text detector with the way it wants its input.
pub(crate) struct Detector {
    network: ConvNet,
    /// Mean and standard deviation per channel, blue first, of values from 0 to 1.
    mean: [f32; 3],
    deviation: [f32; 3],
}

impl Detector {
    /// PP-OCRv5 was trained on inputs normalised by ImageNet's statistics.
    pub(crate) fn pp_ocr_v5(network: ConvNet) -> Self {
        Self { network, mean: [0.406, 0.456, 0.485], deviation: [0.225, 0.224, 0.229] }
    }

    /// PP-OCRv6 takes values from -1 to 1.
    pub(crate) fn pp_ocr_v6(network: ConvNet) -> Self {
        Self { network, mean: [0.5; 3], deviation: [0.5; 3] }
    }

    /// The boxes of all text, looking at the photo reduced to `side` pixels on its longer side.
    pub(crate) fn detect(&self, photo: &GrayImage, side: u32) -> Vec<OrientedBox> {
        let reduced = reduce(photo, side);
        let map = self.network.run(self.input(&reduced));
        let map = NdTensor::from_data([map.height, map.width], map.into_values());
        let scale = (
            photo.width() as f32 / reduced.width() as f32,
            photo.height() as f32 / reduced.height() as f32,
        );
        let mut boxes = boxes(map.view(), scale);
        share_direction(&mut boxes);
        boxes
    }

    /// The boxes of the text in a part of the photo, in pixels of the photo; `scale` is pixels that
    /// the detector sees per pixel of the photo.
    pub(crate) fn detect_within(
        &self,
        photo: &GrayImage,
        part: &OrientedBox,
        scale: f32,
    ) -> Vec<OrientedBox> {
        let side = |length: f32| ((length * scale).round() as u32).max(SIDE_STEP);
        let look = sample(photo, part, side(part.width), side(part.height));
        let found = self.detect(&look, look.width().max(look.height()));
        found.iter().map(|found| found.seen_in(part, 1.0 / scale)).collect()
    }

    /// The luminance as blue, green and red: `[3, H, W]`, normalised as the network was trained.
    fn input(&self, picture: &GrayImage) -> Maps {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut values = Vec::with_capacity(3 * width * height);
        for channel in 0..3 {
            let scale = 1.0 / (255.0 * self.deviation[channel]);
            let shift = self.mean[channel] / self.deviation[channel];
            values.extend(picture.as_raw().iter().map(|&grey| f32::from(grey) * scale - shift));
        }
        Maps::new(3, height, width, values)
    }
}

/// Reduces to at most `side` pixels, each side a multiple of what the network halves. Small
/// pictures are not enlarged beyond that.
fn reduce(photo: &GrayImage, side: u32) -> GrayImage {
    let (width, height) = photo.dimensions();
    let scale = (side as f32 / width.max(height) as f32).min(1.0);
    let fit = |length: u32| {
        ((length as f32 * scale / SIDE_STEP as f32).round() as u32).max(1) * SIDE_STEP
    };
    resized(photo, fit(width), fit(height))
}

/// Boxes from the probability map `[H, W]`; `scale` is photo pixels per map pixel, across and down.
fn boxes(map: NdTensorView<f32, 2>, scale: (f32, f32)) -> Vec<OrientedBox> {
    let mask = map.map(|&p| p > PIXEL_P_MIN);
    let contours = find_contours(mask.view(), RetrievalMode::External);
    contours.iter().filter_map(|contour| line_box(contour, map, scale)).take(REGIONS_MAX).collect()
}

fn line_box(
    contour: &[rten_imageproc::Point],
    map: NdTensorView<f32, 2>,
    scale: (f32, f32),
) -> Option<OrientedBox> {
    if contour.len() < 4 || mean_probability(contour, map) < REGION_P_MIN {
        return None;
    }
    let points: Vec<_> = contour.iter().map(|point| point.to_f32()).collect();
    let rect = min_area_rect(&points)?;
    let (long, short) = (rect.width().max(rect.height()), rect.width().min(rect.height()));
    if short < THICKNESS_MIN_PX {
        return None;
    }
    let up = rect.up_axis();
    // `up` runs along the rectangle's height.
    let mut along = if rect.width() >= rect.height() {
        Point { x: -up.y, y: up.x }
    } else {
        Point { x: up.x, y: up.y }
    };
    if along.x < 0.0 {
        along = Point { x: -along.x, y: -along.y };
    }
    // The contour runs through pixel centres, the region reaches half a pixel further.
    let (long, short) = (long + 1.0, short + 1.0);
    let grown = long * short * UNCLIP_RATIO / (2.0 * (long + short));
    let mean_scale = (scale.0 + scale.1) / 2.0;
    let centre = rect.center();
    Some(OrientedBox {
        centre: Point { x: (centre.x + 0.5) * scale.0, y: (centre.y + 0.5) * scale.1 },
        along,
        width: (long + 2.0 * grown) * mean_scale,
        height: (short + 2.0 * grown) * mean_scale,
        grown: grown * mean_scale,
    })
}

/// Mean over the text pixels in the contour's bounding box.
fn mean_probability(contour: &[rten_imageproc::Point], map: NdTensorView<f32, 2>) -> f32 {
    let bounds = Polygon::new(contour).bounding_rect();
    let (mut sum, mut count) = (0.0, 0u32);
    for y in bounds.top()..=bounds.bottom() {
        for x in bounds.left()..=bounds.right() {
            let p = map[[y as usize, x as usize]];
            if p > PIXEL_P_MIN {
                sum += p;
                count += 1;
            }
        }
    }
    sum / count.max(1) as f32
}

/// Turns all boxes towards the direction that the long ones agree on, up to 180°. A nearly square
/// box does not show which of its sides runs along the print.
fn share_direction(boxes: &mut [OrientedBox]) {
    let (mut x, mut y) = (0.0f32, 0.0f32);
    for line in boxes.iter().filter(|line| line.aspect() > 2.5) {
        let twice = 2.0 * line.along.y.atan2(line.along.x);
        x += twice.cos() * line.width;
        y += twice.sin() * line.width;
    }
    let angle = y.atan2(x) / 2.0;
    let common = Point { x: angle.cos(), y: angle.sin() };
    let agrees = |line: &OrientedBox| line.along.x * common.x + line.along.y * common.y;
    for line in boxes {
        if line.aspect() < 2.0 && agrees(line).abs() < 0.7 {
            *line = line.turned();
        }
        if agrees(line) < 0.0 {
            *line = line.flipped();
        }
    }
}
