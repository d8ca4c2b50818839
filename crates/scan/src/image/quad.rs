//! Points and quadrilaterals, in pixels of the upright photo.

use validate::{Point, Quad};

/// The mean of the corners.
pub(crate) fn centre(quad: &Quad) -> Point {
    let sum = quad.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.x, sum.1 + p.y));
    Point { x: sum.0 / 4.0, y: sum.1 / 4.0 }
}

/// Whether a point lies inside a convex quadrilateral, in either winding.
pub(crate) fn inside(quad: &Quad, p: Point) -> bool {
    let side = |i: usize| {
        let (a, b) = (quad[i], quad[(i + 1) % 4]);
        (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
    };
    (0..4).all(|i| side(i) >= 0.0) || (0..4).all(|i| side(i) <= 0.0)
}
