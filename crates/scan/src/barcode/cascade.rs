//! The order of the steps, cheapest and most telling first, under one budget.

use super::locate::{BarBox, bar_boxes};
use super::matrix::Bits;
use super::strip::{merge, read_box};
use super::{BarcodeFindings, Symbologies, WorkBudget, inside};
use image::GrayImage;
use image::imageops::{self, FilterType};
use validate::{Barcode, Point, Symbology};

/// Pixels up to which a photo is searched for two-dimensional symbols in one piece.
const MATRIX_PIXELS_MAX: u64 = 1_600_000;

pub(super) fn run(
    photo: &GrayImage,
    budget: &mut WorkBudget,
    wanted: Symbologies,
) -> BarcodeFindings {
    let mut found = BarcodeFindings::default();
    let halves = halves(photo);
    let mut unread: Vec<BarBox> = Vec::new();
    for (index, level) in std::iter::once(photo).chain(&halves).enumerate() {
        if !budget.take(u64::from(level.width()) * u64::from(level.height())) {
            break;
        }
        let scale = (1u32 << index) as f32;
        for place in bar_boxes(level, scale) {
            let known = |code: &Barcode| inside(&code.quad, place.centre);
            if found.barcodes.iter().any(known) {
                continue;
            }
            let reading = read_box(photo, &place, wanted);
            if !budget.take(reading.pixels) {
                break;
            }
            merge(&mut found.barcodes, reading.codes);
            if reading.looks_like_code {
                unread.push(place);
            }
        }
    }
    matrix_codes(photo, &halves, budget, wanted, &mut found.barcodes);
    unread.retain(|place| {
        !found.barcodes.iter().any(|code| {
            inside(&code.quad, place.centre) || inside(&place.quad(), super::centre(&code.quad))
        })
    });
    found.located_unread = unread.iter().map(BarBox::quad).collect();
    found
}

/// The photo at 1/2, 1/4 ... as long as it is large.
fn halves(photo: &GrayImage) -> Vec<GrayImage> {
    let mut out: Vec<GrayImage> = Vec::new();
    loop {
        let last = out.last().unwrap_or(photo);
        let (width, height) = (last.width() / 2, last.height() / 2);
        if u64::from(width) * u64::from(height) < 200_000 {
            return out;
        }
        out.push(imageops::resize(last, width, height, FilterType::Triangle));
    }
}

fn matrix_codes(
    photo: &GrayImage,
    halves: &[GrayImage],
    budget: &mut WorkBudget,
    wanted: Symbologies,
    out: &mut Vec<Barcode>,
) {
    let levels: Vec<(&GrayImage, f32)> = std::iter::once(photo)
        .chain(halves)
        .enumerate()
        .map(|(index, level)| (level, (1u32 << index) as f32))
        .collect();
    let pixels = |level: &GrayImage| u64::from(level.width()) * u64::from(level.height());
    let first = levels.iter().position(|(level, _)| pixels(level) <= MATRIX_PIXELS_MAX);
    for index in first.into_iter().chain((0..first.unwrap_or(0)).rev()) {
        let (level, scale) = levels[index];
        if !budget.take(pixels(level) * 3) {
            return;
        }
        let Some(mut bits) = Bits::of(level) else { continue };
        let before = out.len();
        let mut add =
            |codes: Vec<Barcode>| merge(out, codes.into_iter().map(|code| at(code, scale)));
        if wanted.has(Symbology::QrCode) {
            add(bits.qr());
        }
        if wanted.has(Symbology::DataMatrix) {
            add(bits.data_matrix());
        }
        if wanted.has(Symbology::Pdf417) {
            add(bits.pdf417());
        }
        if wanted.has(Symbology::Aztec) {
            add(bits.aztec());
        }
        if out.len() > before {
            return;
        }
    }
}

fn at(code: Barcode, scale: f32) -> Barcode {
    let quad = code.quad.map(|p| Point { x: p.x * scale, y: p.y * scale });
    Barcode { quad, ..code }
}
