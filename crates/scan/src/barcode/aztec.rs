//! Aztec symbols at any place, angle and tilt.
//!
//! rxing looks for the bull's eye in the middle of an upright picture only. Here it is found by its
//! rings (ISO/IEC 24778: concentric squares of one module each), its outline is measured along
//! rays, and the symbol is drawn anew, straight and in the middle, for rxing to decode. The search
//! is a pass over the picture's rows, with limits on what is looked at more closely.

use imageproc::geometric_transformations::Projection;
use rxing::aztec::{decoder, detector::Detector};
use rxing::common::BitMatrix;
use std::f32::consts::{FRAC_PI_2, TAU};
use validate::{Barcode, Point, Quad, Symbology};

/// Smallest module in pixels.
const MODULE_PX_MIN: f32 = 1.8;
/// Most rows of equal runs whose surroundings are looked at.
const CANDIDATES_MAX: usize = 2_000;
/// Most bull's eyes that are decoded.
const EYES_MAX: usize = 4;
/// Directions in which the rings are measured.
const RAYS: usize = 64;
/// The outline that is measured: the white ring ends so many modules from the middle.
const OUTLINE_MODULES: f32 = 3.5;
/// Side of a module in the picture for rxing.
const DRAWN_PX: u32 = 4;
/// White around the symbol there, in modules.
const DRAWN_QUIET_MODULES: u32 = 4;

/// The Aztec symbols of a thresholded picture.
pub(super) fn symbols(bits: &BitMatrix) -> Vec<Barcode> {
    eyes(bits).into_iter().filter_map(|eye| symbol(bits, eye)).collect()
}

/// Middles of bull's eyes.
fn eyes(bits: &BitMatrix) -> Vec<Point> {
    let mut found: Vec<(Point, f32)> = Vec::new();
    let mut candidates = 0;
    let mut edges: Vec<usize> = Vec::new();
    for y in (1..bits.height()).step_by(2) {
        let row = bits.getRow(y);
        edges.clear();
        let mut at = row.getNextSet(0);
        while at < row.get_size() {
            let end = row.getNextUnset(at);
            edges.extend([at, end]);
            at = row.getNextSet(end);
        }
        // A white run begins at each odd edge; the middle one of seven is black.
        for runs in edges.windows(8).skip(1).step_by(2) {
            let Some(x) = middle_of_seven(runs) else { continue };
            candidates += 1;
            let at = Point { x, y: y as f32 + 0.5 };
            let known =
                |(eye, module): &(Point, f32)| (eye.x - at.x).hypot(eye.y - at.y) < 3.0 * module;
            if candidates > CANDIDATES_MAX || found.len() >= EYES_MAX {
                return found.into_iter().map(|(eye, _)| eye).collect();
            }
            if !found.iter().any(known) {
                found.extend(centred(bits, at));
            }
        }
    }
    found.into_iter().map(|(eye, _)| eye).collect()
}

/// The middle of seven runs of like length.
fn middle_of_seven(edges: &[usize]) -> Option<f32> {
    let module = (edges[7] - edges[0]) as f32 / 7.0;
    let like = |pair: &[usize]| ((pair[1] - pair[0]) as f32 - module).abs() < 0.35 * module + 0.7;
    (module >= MODULE_PX_MIN && edges.windows(2).all(like))
        .then(|| (edges[3] + edges[4]) as f32 / 2.0)
}

/// The middle of the rings around a point and the size of a module, if there are rings.
fn centred(bits: &BitMatrix, near: Point) -> Option<(Point, f32)> {
    let mut middle = near;
    let mut modules = [0.0; 2];
    for (x, y) in [(0.0, 1.0), (1.0, 0.0), (0.0, 1.0)] {
        let (ahead, behind) = (rings(bits, middle, (x, y))?, rings(bits, middle, (-x, -y))?);
        let module = (ahead[3] + behind[3]) / (2.0 * OUTLINE_MODULES);
        let shift = (ahead[3] - behind[3]) / 2.0;
        let ring = |ring: usize| (ahead[ring] + behind[ring]) / 2.0 - (ring as f32 + 0.5) * module;
        if module < MODULE_PX_MIN * 0.8
            || shift.abs() > module
            || (0..3).any(|at| ring(at).abs() > 0.3 * module + 0.4)
        {
            return None;
        }
        middle = Point { x: middle.x + x * shift, y: middle.y + y * shift };
        modules[usize::from(x > 0.5)] = module;
    }
    let [high, wide] = modules;
    (high < 2.5 * wide && wide < 2.5 * high).then_some((middle, (high + wide) / 2.0))
}

/// Distances from the middle at which the colour changes along a ray: four rings.
fn rings(bits: &BitMatrix, from: Point, (dx, dy): (f32, f32)) -> Option<[f32; 4]> {
    const STEP: f32 = 0.5;
    let longest = (bits.width().max(bits.height()) as f32 / STEP) as usize;
    let mut out = [0.0; 4];
    let (mut ring, mut black) = (0, true);
    for step in 0..longest {
        let far = step as f32 * STEP;
        let here = bit(bits, Point { x: from.x + far * dx, y: from.y + far * dy })?;
        if here != black {
            if step == 0 {
                return None;
            }
            out[ring] = far - STEP / 2.0;
            (ring, black) = (ring + 1, here);
            if ring == out.len() {
                return Some(out);
            }
        }
    }
    None
}

/// The colour of a pixel; `None` outside the picture.
fn bit(bits: &BitMatrix, at: Point) -> Option<bool> {
    let inside =
        at.x >= 0.0 && at.y >= 0.0 && at.x < bits.width() as f32 && at.y < bits.height() as f32;
    inside.then(|| bits.get(at.x as u32, at.y as u32))
}

fn symbol(bits: &BitMatrix, eye: Point) -> Option<Barcode> {
    let corners = outline(bits, eye)?;
    let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    let modules = square.map(|(x, y): (f32, f32)| (x * OUTLINE_MODULES, y * OUTLINE_MODULES));
    let grid =
        Projection::from_control_points(modules, corners.map(|corner| (corner.x, corner.y)))?;
    let module = |x: f32, y: f32| {
        let (x, y) = grid * (x, y);
        bit(bits, Point { x, y }).unwrap_or(false)
    };
    let (white, black) = (blacks_of_ring(&module, 5), blacks_of_ring(&module, 6));
    let full = white < 4 && black > 44;
    let sides: Vec<u32> = if full {
        (1..=12).map(|layers| 4 * layers + 2 * ((2 * layers + 6) / 15) + 15).collect()
    } else {
        (1..=4).map(|layers| 4 * layers + 11).collect()
    };
    sides.into_iter().find_map(|side| {
        let (payload, gs1) = decoded(&drawn(&module, side)?)?;
        let half = side as f32 / 2.0;
        let quad: Quad = square.map(|(x, y)| {
            let (x, y) = grid * (x * half, y * half);
            Point { x, y }
        });
        Some(Barcode { symbology: Symbology::Aztec, payload, gs1, part: None, quad, votes: 1 })
    })
}

/// Corners of the outline at [`OUTLINE_MODULES`], clockwise, from a line fitted to each side.
fn outline(bits: &BitMatrix, eye: Point) -> Option<Quad> {
    let mut rays: Vec<(f32, f32)> = Vec::with_capacity(RAYS);
    for ray in 0..RAYS {
        let angle = ray as f32 / RAYS as f32 * TAU;
        rays.extend(rings(bits, eye, (angle.cos(), angle.sin())).map(|found| (angle, found[3])));
    }
    if rays.len() * 8 < RAYS * 7 {
        return None;
    }
    // A square's outline is farthest away in four directions: the phase of the fourth harmonic.
    let sum = |wave: fn(f32) -> f32| rays.iter().map(|(angle, far)| far * wave(4.0 * angle)).sum();
    let (cos, sin): (f32, f32) = (sum(f32::cos), sum(f32::sin));
    let first = sin.atan2(cos) / 4.0;
    let mut corners: [f32; 4] = std::array::from_fn(|corner| first + corner as f32 * FRAC_PI_2);
    let mut quad = None;
    for _ in 0..3 {
        let mut lines = [[0.0; 3]; 4];
        for (side, line) in lines.iter_mut().enumerate() {
            let (from, to) = (corners[side], corners[(side + 1) % 4]);
            let wide = (to - from).rem_euclid(TAU);
            let within = |angle: f32| {
                let part = (angle - from).rem_euclid(TAU) / wide;
                (0.1..0.9).contains(&part)
            };
            let points = rays.iter().filter(|(angle, _)| within(*angle));
            *line =
                line_through(points.map(|(angle, far)| (far * angle.cos(), far * angle.sin())))?;
        }
        let mut at = [(0.0, 0.0); 4];
        for corner in 0..4 {
            at[corner] = crossing(lines[(corner + 3) % 4], lines[corner])?;
            corners[corner] = at[corner].1.atan2(at[corner].0);
        }
        quad = Some(at.map(|(x, y)| Point { x: eye.x + x, y: eye.y + y }));
    }
    quad
}

/// The line nearest to points, as `a x + b y = c`.
fn line_through(points: impl Iterator<Item = (f32, f32)> + Clone) -> Option<[f32; 3]> {
    let count = points.clone().count() as f32;
    if count < 5.0 {
        return None;
    }
    let (sum_x, sum_y) = points.clone().fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
    let (x, y) = (sum_x / count, sum_y / count);
    let (mut xx, mut yy, mut xy) = (0.0f32, 0.0f32, 0.0f32);
    for (px, py) in points {
        let (dx, dy) = (px - x, py - y);
        (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
    }
    let along = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (a, b) = (-along.sin(), along.cos());
    Some([a, b, a * x + b * y])
}

fn crossing([a, b, c]: [f32; 3], [d, e, f]: [f32; 3]) -> Option<(f32, f32)> {
    let det = a * e - b * d;
    (det.abs() > 0.2).then(|| ((c * e - b * f) / det, (a * f - c * d) / det))
}

/// Black modules of the square ring at a distance from the middle.
fn blacks_of_ring(module: &impl Fn(f32, f32) -> bool, far: i32) -> usize {
    let (edge, side) = (far as f32, -far..far);
    side.map(|at| at as f32)
        .flat_map(|at| [(at, -edge), (edge, at), (-at, edge), (-edge, -at)])
        .filter(|&(x, y)| module(x, y))
        .count()
}

/// The symbol's modules as a clean picture.
fn drawn(module: &impl Fn(f32, f32) -> bool, side: u32) -> Option<BitMatrix> {
    let mut picture =
        BitMatrix::with_single_dimension((side + 2 * DRAWN_QUIET_MODULES) * DRAWN_PX).ok()?;
    let middle = side as f32 / 2.0 - 0.5;
    for row in 0..side {
        for column in 0..side {
            if module(column as f32 - middle, row as f32 - middle) {
                let place = |at: u32| (at + DRAWN_QUIET_MODULES) * DRAWN_PX;
                picture.setRegion(place(column), place(row), DRAWN_PX, DRAWN_PX).ok()?;
            }
        }
    }
    Some(picture)
}

/// Content, and whether it is marked as GS1.
fn decoded(picture: &BitMatrix) -> Option<(String, bool)> {
    let found = Detector::new(picture).detect(false).ok()?;
    let content = decoder::decode(&found).ok()?;
    Some((content.getText().to_owned(), content.getSymbologyModifier() == 1))
}
