//! Reads the rows of an oriented box one by one and lets them vote.

use super::linear::{RowCode, read_row};
use super::locate::BarBox;
use super::{Symbologies, inside, row};
use image::GrayImage;
use validate::{Barcode, Point, Quad};

/// Most samples of a row.
const SAMPLES_MAX: usize = 4096;
/// Most rows of a box.
const ROWS_MAX: usize = 32;
/// Rows that must agree before a value counts.
const VOTES_MIN: u16 = 2;
/// White added before and after the box, as a part of its half length.
const QUIET: f32 = 0.3;

/// What a box held.
#[derive(Debug, Default)]
pub(super) struct BoxReading {
    pub(super) codes: Vec<Barcode>,
    /// Nothing was decoded, though most rows alternate like a code.
    pub(super) looks_like_code: bool,
    /// Pixels sampled.
    pub(super) pixels: u64,
}

/// One value with the rows that gave it.
struct Tally {
    code: RowCode,
    votes: u16,
    /// First and last row: distance along the bars, start and end across them.
    first: (f32, f32, f32),
    last: (f32, f32, f32),
}

/// Decodes every row of a box. Positions are in pixels of `photo`.
pub(super) fn read_box(photo: &GrayImage, place: &BarBox, wanted: Symbologies) -> BoxReading {
    let half = place.half_u * (1.0 + QUIET) + 8.0;
    let density = if half < 700.0 { 2.0 } else { 1.0 };
    let samples = ((half * 2.0 * density) as usize).clamp(32, SAMPLES_MAX);
    let step = half * 2.0 / samples as f32;
    let rows = ((place.half_v * 2.0 / 3.0) as usize).clamp(5, ROWS_MAX);
    let mut out = BoxReading { pixels: (rows * samples) as u64 * 3, ..BoxReading::default() };
    let mut grey = vec![0; samples];
    let (mut edges, mut codes) = (Vec::new(), Vec::new());
    let mut tallies: Vec<Tally> = Vec::new();
    let mut busy_rows = 0;
    for index in 0..rows {
        let v = ((index as f32 + 0.5) / rows as f32 * 2.0 - 1.0) * place.half_v * 0.94;
        sample(photo, place, v, half, step, &mut grey);
        codes.clear();
        row::crossings(&grey, (40.0 / step.max(0.5)) as usize, &mut edges);
        read_row(&edges, wanted, &mut codes);
        if codes.is_empty() {
            row::steepest(&grey, 40, &mut edges);
            read_row(&edges, wanted, &mut codes);
        }
        busy_rows += usize::from(edges.len() > 36);
        for code in codes.drain(..) {
            let seen = (v, code.from * step - half, code.to * step - half);
            count(&mut tallies, code, seen);
        }
    }
    out.codes = elect(place, tallies);
    out.looks_like_code = out.codes.is_empty() && busy_rows * 3 > rows * 2;
    out
}

/// Samples a row at `v` along the bars: the mean of three lines next to each other.
fn sample(photo: &GrayImage, place: &BarBox, v: f32, half: f32, step: f32, out: &mut [u8]) {
    const ONE: i32 = 1 << 12;
    let (width, height) = (photo.width() as i32, photo.height() as i32);
    let pixels = photo.as_raw();
    let (sin, cos) = place.angle.sin_cos();
    let spread = (place.half_v / 16.0).clamp(0.4, 1.2);
    let fixed = |value: f32| (value * ONE as f32) as i32;
    let (dx, dy) = (fixed(cos * step), fixed(sin * step));
    let lines = [-1.0, 0.0, 1.0].map(|line| place.at(-half, v + line * spread));
    let mut points = lines.map(|p| (fixed(p.x), fixed(p.y)));
    for sample in out.iter_mut() {
        let mut sum = 0;
        for (x, y) in &mut points {
            let column = (*x >> 12).clamp(0, width - 2);
            let row = (*y >> 12).clamp(0, height - 2);
            let (fx, fy) = ((*x - (column << 12)).clamp(0, ONE), (*y - (row << 12)).clamp(0, ONE));
            let at = (row * width + column) as usize;
            let p = |offset: usize| i32::from(pixels[at + offset]);
            let top = p(0) * (ONE - fx) + p(1) * fx;
            let below = width as usize;
            let bottom = p(below) * (ONE - fx) + p(below + 1) * fx;
            sum += ((top >> 6) * (ONE - fy) + (bottom >> 6) * fy) >> 12;
            *x += dx;
            *y += dy;
        }
        *sample = (sum / (3 << 6)).min(255) as u8;
    }
}

fn count(tallies: &mut Vec<Tally>, code: RowCode, seen: (f32, f32, f32)) {
    let known = tallies.iter_mut().find(|tally| {
        tally.code.symbology == code.symbology
            && tally.code.payload == code.payload
            && (seen.1 < seen.2) == (tally.first.1 < tally.first.2)
            && overlap((tally.last.1, tally.last.2), (seen.1, seen.2)) > 0.5
    });
    match known {
        Some(tally) => {
            tally.votes += 1;
            tally.last = seen;
        }
        None => tallies.push(Tally { code, votes: 1, first: seen, last: seen }),
    }
}

/// Shared part of two spans, relative to the shorter one.
fn overlap(a: (f32, f32), b: (f32, f32)) -> f32 {
    let order = |(x, y): (f32, f32)| if x < y { (x, y) } else { (y, x) };
    let (a, b) = (order(a), order(b));
    let shared = (a.1.min(b.1) - a.0.max(b.0)).max(0.0);
    shared / (a.1 - a.0).min(b.1 - b.0).max(1.0)
}

/// The values with enough votes; where two differ at the same place, one must clearly outnumber
/// the other, else neither counts.
fn elect(place: &BarBox, mut tallies: Vec<Tally>) -> Vec<Barcode> {
    tallies.sort_by_key(|tally| std::cmp::Reverse(tally.votes));
    let mut out: Vec<Barcode> = Vec::new();
    for (index, tally) in tallies.iter().enumerate() {
        let span = (tally.first.1, tally.first.2);
        let rows = (tally.first.0, tally.last.0);
        let contested = tallies.iter().enumerate().any(|(other, rival)| {
            other != index
                && rival.votes * 3 > tally.votes
                && overlap((rival.first.1, rival.first.2), span) > 0.2
                && (rival.votes > 1 || tally.votes < 3)
                && rows.0 <= rival.last.0
                && rival.first.0 <= rows.1
        });
        if tally.votes >= VOTES_MIN && !contested {
            out.push(Barcode {
                symbology: tally.code.symbology,
                payload: tally.code.payload.clone(),
                gs1: tally.code.gs1,
                quad: quad(place, tally),
                votes: tally.votes,
            });
        }
    }
    out
}

/// Corners in the direction of reading: the rows that were decoded, a row's distance grown.
fn quad(place: &BarBox, tally: &Tally) -> Quad {
    let (first, last) = (tally.first, tally.last);
    let corners = [
        place.at(first.1, first.0),
        place.at(first.2, first.0),
        place.at(last.2, last.0),
        place.at(last.1, last.0),
    ];
    // A code read against the row runs the other way: its top is the row's bottom.
    if first.1 > first.2 { [corners[3], corners[2], corners[1], corners[0]] } else { corners }
}

/// Adds codes to those known; the same value at the same place is one code.
pub(super) fn merge(known: &mut Vec<Barcode>, codes: impl IntoIterator<Item = Barcode>) {
    for code in codes {
        let twin = known.iter_mut().find(|other| {
            other.symbology == code.symbology
                && other.payload == code.payload
                && (inside(&grown(&other.quad), super::centre(&code.quad))
                    || inside(&grown(&code.quad), super::centre(&other.quad)))
        });
        match twin {
            Some(twin) if twin.votes < code.votes => *twin = code,
            Some(_) => {}
            None => known.push(code),
        }
    }
}

/// A quad stretched along its shorter sides, so that thin codes still meet.
fn grown(quad: &Quad) -> Quad {
    let middle = super::centre(quad);
    quad.map(|p| Point {
        x: middle.x + (p.x - middle.x) * 1.5,
        y: middle.y + (p.y - middle.y) * 1.5,
    })
}
