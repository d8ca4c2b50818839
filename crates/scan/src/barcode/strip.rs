//! Reads the rows of an oriented box one by one and lets them vote.

use crate::barcode::linear::{RowCode, read_row};
use crate::barcode::row;
use crate::barcode::symbologies::Symbologies;
use crate::image::oriented_box::OrientedBox;
use crate::image::plane::sample_line;
use crate::image::quad::{centre, inside};
use image::GrayImage;
use validate::{Barcode, Point, Quad, Symbology};

/// Most samples of a row.
const SAMPLES_MAX: usize = 4096;
/// Most rows of a box.
const ROWS_MAX: usize = 64;
/// Least distance of two rows, so that each has pixels of its own.
const ROW_PX: f32 = 2.0;
/// Rows that are read before the others are worth it.
const PROBE_ROWS: usize = 6;
/// Rows that must agree before a value counts.
const VOTES_MIN: u16 = 2;
/// White added before and after the box, as a part of its half length.
const QUIET_ZONE_SHARE: f32 = 0.3;
/// Lowest correlation of a code's rows.
const ROW_CORRELATION_MIN: f32 = 0.75;
/// Lowest ratio of a code's wide elements to its narrow ones.
const WIDTH_RATIO_MIN: f32 = 1.6;
/// Fewest edges of a row that may hold a code.
const EDGES_MIN: usize = 24;

/// What a box held.
#[derive(Debug)]
pub(super) struct BoxReading {
    pub(super) codes: Vec<Barcode>,
    /// Nothing was decoded, though most rows alternate like a code.
    pub(super) looks_like_code: bool,
    /// Pixels sampled.
    pub(super) pixels: u64,
}

/// Decodes every row of a box. Positions are in pixels of `photo`.
///
/// A few rows across the whole box come first; if none of them decodes or alternates like a code,
/// the others are not looked at.
pub(super) fn read_box(photo: &GrayImage, place: &OrientedBox, wanted: Symbologies) -> BoxReading {
    let mut rows = Rows::of(photo, place, wanted);
    let count = ((place.height / ROW_PX) as usize).clamp(1, ROWS_MAX);
    let at = |index: usize| ((index as f32 + 0.5) / count as f32 - 0.5) * place.height * 0.96;
    let stride = count.div_ceil(PROBE_ROWS);
    for index in (stride / 2..count).step_by(stride) {
        if rows.read(at(index)) {
            rows.compare();
        }
    }
    let like_bars = count > PROBE_ROWS && rows.like_bars();
    if rows.busy * 2 >= rows.done || !rows.seen.is_empty() {
        for index in (0..count).filter(|index| index % stride != stride / 2) {
            rows.read(at(index));
        }
    }
    let codes = elect(place, tallies(std::mem::take(&mut rows.seen)));
    let looks_like_code = codes.is_empty() && rows.busy * 3 > rows.done * 2 && like_bars;
    BoxReading { codes, looks_like_code, pixels: (rows.done * rows.grey.len() * 3) as u64 }
}

/// The rows of a box as they are read.
struct Rows<'a> {
    photo: &'a GrayImage,
    place: &'a OrientedBox,
    wanted: Symbologies,
    /// Half the length of a row and the distance of its samples, in pixels.
    half: f32,
    step: f32,
    grey: Vec<u8>,
    /// The last row that was compared.
    before: Vec<u8>,
    lines: [Vec<u8>; 3],
    edges: Vec<f32>,
    codes: Vec<RowCode>,
    seen: Vec<(Seen, RowCode)>,
    done: usize,
    /// Rows that alternate often enough for a code.
    busy: usize,
    /// Rows that are like the one before them, and that vary in their widths as codes do.
    alike: usize,
    varied: usize,
}

/// A row's distance along the bars, and a code's start and end across them.
#[derive(Clone, Copy)]
struct Seen {
    v: f32,
    from: f32,
    to: f32,
}

impl<'a> Rows<'a> {
    fn of(photo: &'a GrayImage, place: &'a OrientedBox, wanted: Symbologies) -> Self {
        let half = place.width / 2.0 * (1.0 + QUIET_ZONE_SHARE) + 8.0;
        let density = if half < 700.0 { 2.0 } else { 1.0 };
        let samples = ((half * 2.0 * density) as usize).clamp(32, SAMPLES_MAX);
        Self {
            photo,
            place,
            wanted,
            half,
            step: half * 2.0 / samples as f32,
            grey: vec![0; samples],
            before: Vec::new(),
            lines: [vec![0; samples], vec![0; samples], vec![0; samples]],
            edges: Vec::new(),
            codes: Vec::new(),
            seen: Vec::new(),
            done: 0,
            busy: 0,
            alike: 0,
            varied: 0,
        }
    }

    /// Reads the row at `v`; whether it alternates often enough for a code.
    fn read(&mut self, v: f32) -> bool {
        self.sample(v);
        self.done += 1;
        self.codes.clear();
        row::crossings(&self.grey, (40.0 / self.step.max(0.5)) as usize, &mut self.edges);
        let mut busy = self.edges.len() > EDGES_MIN;
        if busy {
            read_row(&self.edges, self.wanted, &mut self.codes);
        }
        if self.codes.is_empty() {
            row::steepest(&self.grey, 40, &mut self.edges);
            busy |= self.edges.len() > EDGES_MIN;
            read_row(&self.edges, self.wanted, &mut self.codes);
        }
        self.busy += usize::from(busy);
        for code in self.codes.drain(..) {
            let place = |sample: f32| sample * self.step - self.half;
            let seen = Seen { v, from: place(code.from), to: place(code.to) };
            self.seen.push((seen, code));
        }
        busy
    }

    /// Compares the busy row at hand with the one before it, which must be some way off.
    fn compare(&mut self) {
        self.alike += usize::from(likeness(&self.grey, &self.before) > ROW_CORRELATION_MIN);
        self.varied += usize::from(varied(&self.edges));
        self.before.clone_from(&self.grey);
    }

    /// Whether these are bars: the same in every row, which print and foliage are not, and of more
    /// than one width, which grilles and rulers are not.
    fn like_bars(&self) -> bool {
        self.alike * 3 >= self.done * 2 && self.varied * 3 >= self.done * 2
    }

    /// Samples a row at `v` along the bars: the mean of three lines next to each other.
    fn sample(&mut self, v: f32) {
        let along = self.place.along;
        let step = Point { x: along.x * self.step, y: along.y * self.step };
        let spread = (self.place.height / 32.0).clamp(0.3, 1.0);
        for (index, line) in self.lines.iter_mut().enumerate() {
            let start = self.place.at(-self.half, v + (index as f32 - 1.0) * spread);
            sample_line(self.photo, start, step, line);
        }
        let [above, here, below] = &self.lines;
        for (((out, a), b), c) in self.grey.iter_mut().zip(above).zip(here).zip(below) {
            *out = ((u16::from(*a) + u16::from(*b) + u16::from(*c)) / 3) as u8;
        }
    }
}

/// Correlation of two rows, -1 to 1; 0 if one is flat or missing.
fn likeness(a: &[u8], b: &[u8]) -> f32 {
    if a.len() != b.len() || a.is_empty() {
        return 0.0;
    }
    let (mut sums, mut squares, mut products) = ((0u64, 0u64), (0u64, 0u64), 0u64);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (u64::from(a), u64::from(b));
        sums = (sums.0 + a, sums.1 + b);
        squares = (squares.0 + a * a, squares.1 + b * b);
        products += a * b;
    }
    let count = a.len() as f32;
    let spread = |sum: u64, square: u64| square as f32 - sum as f32 * sum as f32 / count;
    let (one, other) = (spread(sums.0, squares.0), spread(sums.1, squares.1));
    let shared = products as f32 - sums.0 as f32 * sums.1 as f32 / count;
    if one < count || other < count { 0.0 } else { shared / (one * other).sqrt() }
}

/// Whether the widths between edges are of several sizes.
fn varied(edges: &[f32]) -> bool {
    let mut widths: Vec<f32> = edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
    widths.sort_by(f32::total_cmp);
    let at = |part: f32| widths[((widths.len() - 1) as f32 * part) as usize];
    !widths.is_empty() && at(0.85) > WIDTH_RATIO_MIN * at(0.2)
}

/// One value with the rows that gave it.
struct Tally {
    code: RowCode,
    votes: u16,
    first: Seen,
    last: Seen,
}

/// Counts the rows that agree on a value at the same place.
fn tallies(mut seen: Vec<(Seen, RowCode)>) -> Vec<Tally> {
    seen.sort_by(|a, b| a.0.v.total_cmp(&b.0.v));
    let mut out: Vec<Tally> = Vec::new();
    for (seen, code) in seen {
        let known = out.iter_mut().find(|tally| {
            tally.code.symbology == code.symbology
                && tally.code.payload == code.payload
                && (seen.from < seen.to) == (tally.first.from < tally.first.to)
                && overlap(&tally.last, &seen) > 0.5
        });
        match known {
            Some(tally) => {
                tally.votes += 1;
                tally.last = seen;
            }
            None => out.push(Tally { code, votes: 1, first: seen, last: seen }),
        }
    }
    out
}

/// Shared part of two spans across the bars, relative to the shorter one.
fn overlap(a: &Seen, b: &Seen) -> f32 {
    let order = |seen: &Seen| (seen.from.min(seen.to), seen.from.max(seen.to));
    let (a, b) = (order(a), order(b));
    let shared = (a.1.min(b.1) - a.0.max(b.0)).max(0.0);
    shared / (a.1 - a.0).min(b.1 - b.0).max(1.0)
}

/// The values with enough votes; where two differ at the same place, one must clearly outnumber
/// the other, else neither counts.
fn elect(place: &OrientedBox, tallies: Vec<Tally>) -> Vec<Barcode> {
    let contested = |index: usize, tally: &Tally| {
        tallies.iter().enumerate().any(|(other, rival)| {
            other != index
                && rival.votes * 3 > tally.votes
                && (rival.votes > 1 || tally.votes < 3)
                && overlap(&rival.first, &tally.first) > 0.2
                && tally.first.v <= rival.last.v
                && rival.first.v <= tally.last.v
        })
    };
    let elected = tallies.iter().enumerate().filter(|(index, tally)| {
        tally.votes >= votes_min(&tally.code) && tall_enough(tally) && !contested(*index, tally)
    });
    let barcode = |tally: &Tally| Barcode {
        symbology: tally.code.symbology,
        payload: tally.code.payload.clone(),
        gs1: tally.code.gs1,
        part: None,
        quad: quad(place, tally),
        votes: tally.votes,
    };
    elected.map(|(_, tally)| barcode(tally)).collect()
}

/// Rows that must agree: more for what is short or easily misread, where chance or glare can forge
/// a check character.
fn votes_min(code: &RowCode) -> u16 {
    match code.symbology {
        Symbology::UpcE | Symbology::Ean8 | Symbology::Itf | Symbology::Codabar => 4,
        Symbology::Ean13 | Symbology::UpcA => 3,
        Symbology::Code39 if code.payload.len() < 4 => 4,
        Symbology::Code128 if code.payload.len() < 5 => 4,
        _ => VOTES_MIN,
    }
}

/// Whether the agreeing rows span a part of the code's length, as bars do; chance agreement stays
/// within a line or two.
fn tall_enough(tally: &Tally) -> bool {
    let length = (tally.first.to - tally.first.from).abs();
    tally.last.v - tally.first.v > (0.02 * length).max(1.5)
}

/// Corners in the direction of reading, from the first to the last row that was decoded.
fn quad(place: &OrientedBox, tally: &Tally) -> Quad {
    let (first, last) = (tally.first, tally.last);
    let corners = [
        place.at(first.from, first.v),
        place.at(first.to, first.v),
        place.at(last.to, last.v),
        place.at(last.from, last.v),
    ];
    // A code read against the row runs the other way: its top is the row's bottom.
    if first.from > first.to { [corners[3], corners[2], corners[1], corners[0]] } else { corners }
}

/// Adds codes to those known; the same value at the same place is one code. A matrix symbol's place
/// is only as good as its few finder points, so there the same value is one code wherever it stands.
pub(super) fn merge(known: &mut Vec<Barcode>, codes: impl IntoIterator<Item = Barcode>) {
    for code in codes {
        let twin = known.iter_mut().find(|other| {
            other.symbology == code.symbology
                && other.payload == code.payload
                && (is_matrix(code.symbology)
                    || inside(&grown(&other.quad), centre(&code.quad))
                    || inside(&grown(&code.quad), centre(&other.quad)))
        });
        match twin {
            Some(twin) if twin.votes < code.votes => *twin = code,
            Some(_) => {}
            None => known.push(code),
        }
    }
}

/// Whether rxing read it from finder points instead of rows of bars.
fn is_matrix(symbology: Symbology) -> bool {
    matches!(
        symbology,
        Symbology::QrCode | Symbology::DataMatrix | Symbology::Aztec | Symbology::Pdf417
    )
}

/// A quad stretched along its shorter sides, so that thin codes still meet.
fn grown(quad: &Quad) -> Quad {
    let middle = centre(quad);
    quad.map(|p| Point {
        x: middle.x + (p.x - middle.x) * 1.5,
        y: middle.y + (p.y - middle.y) * 1.5,
    })
}
