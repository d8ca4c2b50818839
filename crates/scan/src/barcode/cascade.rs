//! The order of the steps, cheapest and most telling first, under one budget.

use crate::barcode::budget::WorkBudget;
use crate::barcode::locate::{Scored, bar_boxes, patches, same_patch};
use crate::barcode::matrix::Bits;
use crate::barcode::strip::{merge, read_box};
use crate::barcode::structure_tensor::Grid;
use crate::barcode::symbologies::{MISREAD_EASILY, Symbologies};
use crate::image::faults::quantile;
use crate::image::oriented_box::OrientedBox;
use crate::image::plane::{cut, halve};
use crate::image::quad::{centre, inside};
use image::GrayImage;
use std::f32::consts::FRAC_PI_4;
use validate::{Barcode, Point, Quad, Symbology};

/// The barcodes of one photo.
#[derive(Clone, Debug, Default)]
pub struct BarcodeFindings {
    /// Every code that was decoded, in reading order of the label.
    pub barcodes: Vec<Barcode>,
    /// Places that look like a code and could not be decoded.
    pub located_unread: Vec<Quad>,
}

/// Pixels up to which a photo is searched for two-dimensional symbols in one piece.
const WHOLE_PIXELS_MAX: u64 = 1_600_000;
/// Pixels up to which a photo without any code is searched once more.
const LAST_PIXELS_MAX: u64 = 1_000_000;
/// Pixels of the coarsest level.
const LEVEL_PIXELS_MIN: u32 = 100_000;
/// Most patches of a photo that are looked at.
const PATCHES_MAX: usize = 16;
/// Darkest and brightest part of a cut-out that its contrast is measured without.
const CONTRAST_TAIL_SHARE: f32 = 0.02;
/// Side of a cut-out around a patch, in pixels.
const CUT_PX: std::ops::RangeInclusive<f32> = 160.0..=440.0;
/// Longest side of a cut-out around a stacked code, in pixels.
const STACKED_PX_MAX: f32 = 1400.0;
/// White around a patch, as a part of its side.
const CUT_MARGIN: f32 = 0.3;

pub(super) fn run(
    photo: &GrayImage,
    budget: &mut WorkBudget,
    wanted: Symbologies,
) -> BarcodeFindings {
    let mut search = Search { levels: levels(photo), budget, wanted, found: Vec::new() };
    let grids = search.grids();
    let unread = search.bars(&grids);
    search.matrix(&grids);
    if search.found.is_empty() {
        search.whole();
    }
    let found = search.found;
    let located_unread = unread
        .iter()
        .filter(|place| {
            !found.iter().any(|code| {
                inside(&code.quad, place.centre) || inside(&place.quad(), centre(&code.quad))
            })
        })
        .map(OrientedBox::quad)
        .collect();
    BarcodeFindings { barcodes: found, located_unread }
}

/// A picture and the photo's pixels per pixel of it.
struct Level<'a> {
    picture: std::borrow::Cow<'a, GrayImage>,
    scale: f32,
}

impl Level<'_> {
    fn pixels(&self) -> u64 {
        u64::from(self.picture.width()) * u64::from(self.picture.height())
    }
}

/// The photo at 1, 1/2, 1/4 ... as long as it is large.
fn levels(photo: &GrayImage) -> Vec<Level<'_>> {
    let mut out = vec![Level { picture: std::borrow::Cow::Borrowed(photo), scale: 1.0 }];
    loop {
        let last = &out[out.len() - 1];
        if last.picture.width() / 2 * (last.picture.height() / 2) < LEVEL_PIXELS_MIN {
            return out;
        }
        let picture = std::borrow::Cow::Owned(halve(&last.picture));
        let scale = last.scale * 2.0;
        out.push(Level { picture, scale });
    }
}

struct Search<'a, 'b> {
    levels: Vec<Level<'a>>,
    budget: &'b mut WorkBudget,
    wanted: Symbologies,
    found: Vec<Barcode>,
}

impl Search<'_, '_> {
    fn grids(&mut self) -> Vec<Grid> {
        let budget = &mut *self.budget;
        let affordable = self.levels.iter().take_while(|level| budget.take(level.pixels()));
        affordable.map(|level| Grid::of(&level.picture)).collect()
    }

    fn photo(&self) -> &GrayImage {
        &self.levels[0].picture
    }

    /// Reads the boxes of bars; returns those that look like a code but stayed unread.
    fn bars(&mut self, grids: &[Grid]) -> Vec<OrientedBox> {
        let mut unread: Vec<OrientedBox> = Vec::new();
        for (index, grid) in grids.iter().enumerate() {
            for place in bar_boxes(grid, self.levels[index].scale) {
                if self.is_read(&place) {
                    continue;
                }
                let reading = read_box(self.photo(), &place, self.wanted);
                if !self.budget.take(reading.pixels) {
                    return unread;
                }
                let nothing = reading.codes.is_empty();
                let mut codes = reading.codes;
                codes.retain(|code| self.confirmed(&place, code));
                merge(&mut self.found, codes);
                if nothing && reading.looks_like_code && !self.stacked(&place) {
                    unread.push(place);
                }
            }
        }
        unread
    }

    /// Whether a code that may be a misreading is read by another decoder too.
    fn confirmed(&self, place: &OrientedBox, code: &Barcode) -> bool {
        let side = |side: f32| (side * (1.0 + CUT_MARGIN) + 16.0) as u32;
        if !MISREAD_EASILY.contains(&code.symbology) {
            return true;
        }
        let size = (side(place.width), side(place.height));
        let picture = cut(self.photo(), place.centre, place.along, 1.0, size);
        Bits::of(&picture).is_some_and(|mut bits| bits.confirms(code))
    }

    /// Reads a box whose rows differ from each other as PDF417.
    fn stacked(&mut self, place: &OrientedBox) -> bool {
        let longest = place.width.max(place.height) * (1.0 + CUT_MARGIN);
        let scale = (longest / STACKED_PX_MAX).max(1.0);
        let size = |side: f32| ((side * (1.0 + CUT_MARGIN) + 16.0) / scale) as u32;
        let (width, height) = (size(place.width), size(place.height));
        if !self.wanted.has(Symbology::Pdf417)
            || place.height * 12.0 < place.width
            || !self.budget.take(u64::from(width * height) * 3)
        {
            return false;
        }
        let picture = cut(self.photo(), place.centre, place.along, scale, (width, height));
        let Some(mut bits) = Bits::of(&picture) else { return false };
        let (u, v) = (width as f32 / 2.0, height as f32 / 2.0);
        let back = |p: Point| place.at((p.x - u) * scale, (p.y - v) * scale);
        let codes = bits.read(Symbology::Pdf417);
        let any = !codes.is_empty();
        merge(&mut self.found, placed(codes, back));
        any
    }

    fn matrix(&mut self, grids: &[Grid]) {
        let whole = self.levels.iter().position(|level| level.pixels() <= WHOLE_PIXELS_MAX);
        let whole = whole.unwrap_or(self.levels.len() - 1);
        if self.budget.take(self.levels[whole].pixels()) {
            let level = &self.levels[whole];
            if let Some(mut bits) = Bits::of(&level.picture) {
                let scale = level.scale;
                let place = |p: Point| Point { x: p.x * scale, y: p.y * scale };
                for symbology in [Symbology::QrCode, Symbology::Aztec] {
                    if self.wanted.has(symbology) {
                        merge(&mut self.found, placed(bits.read(symbology), place));
                    }
                }
            }
        }
        let mut places: Vec<Scored> = Vec::new();
        for (grid, level) in grids.iter().zip(&self.levels) {
            for patch in patches(grid, level.scale) {
                if !places.iter().any(|known| same_patch(&known.place, &patch.place)) {
                    places.push(patch);
                }
            }
        }
        places.sort_by(|a, b| b.score.total_cmp(&a.score));
        for Scored { place, .. } in places.iter().take(PATCHES_MAX) {
            if !self.is_read(place) {
                self.patch(place);
            }
        }
    }

    /// Whether a code was read at a place.
    fn is_read(&self, place: &OrientedBox) -> bool {
        self.found.iter().any(|code| inside(&code.quad, place.centre))
    }

    /// Looks for a symbol that no patch showed, in the photo as a whole.
    fn whole(&mut self) {
        let level = self.levels.iter().find(|level| level.pixels() <= LAST_PIXELS_MAX);
        let Some(level) = level else { return };
        let Some(mut bits) = Bits::of(&level.picture) else { return };
        let scale = level.scale;
        for symbology in [Symbology::DataMatrix, Symbology::Pdf417] {
            if !self.wanted.has(symbology) || !self.budget.take(level.pixels() * 4) {
                continue;
            }
            let codes = bits.read(symbology);
            if !codes.is_empty() {
                let place = |p: Point| Point { x: p.x * scale, y: p.y * scale };
                merge(&mut self.found, placed(codes, place));
                return;
            }
        }
    }

    /// Cuts a patch out and reads it, upright and turned.
    fn patch(&mut self, patch: &OrientedBox) {
        for angle in [0.0f32, FRAC_PI_4] {
            let side = patch.width.max(patch.height) * (1.0 + 2.0 * CUT_MARGIN);
            let target = side.clamp(*CUT_PX.start(), *CUT_PX.end()).min(side * 3.0);
            let level = self.levels.iter().rev().find(|level| side / level.scale >= target * 0.9);
            let level = level.unwrap_or(&self.levels[0]);
            let scale = side / target;
            let inner = Point { x: patch.centre.x / level.scale, y: patch.centre.y / level.scale };
            let size = target as u32;
            if !self.budget.take(u64::from(size * size) * 6) {
                return;
            }
            let turned = OrientedBox { along: Point { x: angle.cos(), y: angle.sin() }, ..*patch };
            let step = scale / level.scale;
            let picture = cut(&level.picture, inner, turned.along, step, (size, size));
            let half = size as f32 / 2.0;
            let place = |p: Point| turned.at((p.x - half) * scale, (p.y - half) * scale);
            let mut codes = matrix_codes(&picture, self.wanted);
            if codes.is_empty() {
                codes = matrix_codes(&stretched(&picture), self.wanted);
            }
            if !codes.is_empty() {
                merge(&mut self.found, placed(codes, place));
                return;
            }
        }
    }
}

/// The symbols of a cut-out, the first kind that reads.
fn matrix_codes(picture: &GrayImage, wanted: Symbologies) -> Vec<Barcode> {
    let Some(mut bits) = Bits::of(picture) else { return Vec::new() };
    [Symbology::QrCode, Symbology::Aztec, Symbology::DataMatrix, Symbology::Pdf417]
        .into_iter()
        .filter(|&symbology| wanted.has(symbology))
        .map(|symbology| bits.read(symbology))
        .find(|codes| !codes.is_empty())
        .unwrap_or_default()
}

/// The picture with its grey levels stretched to all that there are, so that a faint symbol has the
/// contrast that the threshold asks for.
fn stretched(picture: &GrayImage) -> GrayImage {
    let low = quantile(picture.as_raw(), CONTRAST_TAIL_SHARE);
    let high = quantile(picture.as_raw(), 1.0 - CONTRAST_TAIL_SHARE);
    let span = u16::from(high.saturating_sub(low).max(1));
    let mut out = picture.clone();
    for level in out.iter_mut() {
        *level = (u16::from(level.saturating_sub(low)) * 255 / span).min(255) as u8;
    }
    out
}

fn placed(codes: Vec<Barcode>, place: impl Fn(Point) -> Point) -> impl Iterator<Item = Barcode> {
    codes.into_iter().map(move |code| Barcode { quad: code.quad.map(&place), ..code })
}
