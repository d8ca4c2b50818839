//! Where a line of print or a barcode is: a rotated rectangle with a direction of reading.

use image::GrayImage;
use validate::{Point, Quad};

/// A rotated rectangle around a line of print or a barcode, in pixels of the upright photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OrientedBox {
    /// Its middle.
    pub(crate) centre: Point,
    /// Unit vector in the direction of reading.
    pub(crate) along: Point,
    /// Extent along the direction of reading, which runs across the bars of a barcode.
    pub(crate) width: f32,
    /// Extent across it.
    pub(crate) height: f32,
    /// How far the text detector's own region was grown on every side; the ink lies inside. 0 for
    /// a place that is known from elsewhere.
    pub(crate) grown: f32,
}

impl OrientedBox {
    /// Width over height.
    pub(crate) fn aspect(&self) -> f32 {
        self.width / self.height.max(1.0)
    }

    /// Unit vector from the top to the bottom.
    pub(crate) fn down(&self) -> Point {
        Point { x: -self.along.y, y: self.along.x }
    }

    /// The point `u` pixels along and `v` pixels below the middle.
    pub(crate) fn at(&self, u: f32, v: f32) -> Point {
        let down = self.down();
        Point {
            x: self.centre.x + u * self.along.x + v * down.x,
            y: self.centre.y + u * self.along.y + v * down.y,
        }
    }

    /// Where a point lies in the box's own frame: along it and below its middle.
    pub(crate) fn local(&self, point: Point) -> (f32, f32) {
        let (x, y) = (point.x - self.centre.x, point.y - self.centre.y);
        let down = self.down();
        (x * self.along.x + y * self.along.y, x * down.x + y * down.y)
    }

    /// The corners, top left first in the direction of reading.
    pub(crate) fn quad(&self) -> Quad {
        let (u, v) = (self.width / 2.0, self.height / 2.0);
        [self.at(-u, -v), self.at(u, -v), self.at(u, v), self.at(-u, v)]
    }

    /// The box around a quad, for print whose place is known from elsewhere.
    pub(crate) fn around(quad: &Quad) -> Self {
        let [a, b, c, d] = *quad;
        let width = (distance(a, b) + distance(d, c)) / 2.0;
        let height = (distance(a, d) + distance(b, c)) / 2.0;
        let length = distance(a, b).max(1e-3);
        Self {
            centre: Point { x: (a.x + b.x + c.x + d.x) / 4.0, y: (a.y + b.y + c.y + d.y) / 4.0 },
            along: Point { x: (b.x - a.x) / length, y: (b.y - a.y) / length },
            width,
            height,
            grown: 0.0,
        }
    }

    /// A box of a picture that was sampled from `frame`, in pixels of the photo; `scale` is photo
    /// pixels per pixel of the picture.
    pub(crate) fn seen_in(&self, frame: &Self, scale: f32) -> Self {
        let place = |point: Point| {
            frame.at(point.x * scale - frame.width / 2.0, point.y * scale - frame.height / 2.0)
        };
        let (start, end) = (place(self.at(-1.0, 0.0)), place(self.at(1.0, 0.0)));
        let length = distance(start, end).max(1e-3);
        Self {
            centre: place(self.centre),
            along: Point { x: (end.x - start.x) / length, y: (end.y - start.y) / length },
            width: self.width * scale,
            height: self.height * scale,
            grown: self.grown * scale,
        }
    }

    /// The same box read from its other end.
    pub(crate) fn flipped(self) -> Self {
        Self { along: Point { x: -self.along.x, y: -self.along.y }, ..self }
    }

    /// The same box read at a right angle.
    pub(crate) fn turned(self) -> Self {
        Self { along: self.down(), width: self.height, height: self.width, ..self }
    }

    /// Whether an end of the box, less a rim of it, lies within `gap` pixels of the edge of a
    /// picture.
    pub(crate) fn ends_at_frame(&self, picture: &GrayImage, rim: f32, gap: f32) -> bool {
        let half = self.width / 2.0 - rim;
        [-half, half].into_iter().any(|u| {
            let end = self.at(u, 0.0);
            let (right, bottom) = (picture.width() as f32 - gap, picture.height() as f32 - gap);
            end.x < gap || end.y < gap || end.x > right || end.y > bottom
        })
    }

    /// Area shared with another box that runs in about the same direction, square pixels.
    fn shared(&self, other: &Self) -> f32 {
        let corners = other.quad().map(|corner| self.local(corner));
        let span = |pick: fn(&(f32, f32)) -> f32, half: f32| {
            let low = corners.iter().map(pick).fold(f32::MAX, f32::min);
            let high = corners.iter().map(pick).fold(f32::MIN, f32::max);
            (high.min(half) - low.max(-half)).max(0.0)
        };
        span(|at| at.0, self.width / 2.0) * span(|at| at.1, self.height / 2.0)
    }

    /// Share of this box that lies in the other, about 0 to 1.
    pub(crate) fn within(&self, other: &Self) -> f32 {
        other.shared(self) / (self.width * self.height).max(1.0)
    }

    /// Intersection over union, about 0 to 1.
    pub(crate) fn likeness(&self, other: &Self) -> f32 {
        let shared = self.shared(other);
        let all = self.width * self.height + other.width * other.height - shared;
        shared / all.max(1.0)
    }
}

/// Distance of two points in pixels.
pub(crate) fn distance(a: Point, b: Point) -> f32 {
    (a.x - b.x).hypot(a.y - b.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: OrientedBox = OrientedBox {
        centre: Point { x: 100.0, y: 50.0 },
        along: Point { x: 1.0, y: 0.0 },
        width: 80.0,
        height: 20.0,
        grown: 4.0,
    };

    #[test]
    fn quad_gives_its_box_back_at_every_angle() {
        for degrees in (0..360).step_by(15) {
            let angle = (degrees as f32).to_radians();
            let line = OrientedBox { along: Point { x: angle.cos(), y: angle.sin() }, ..LINE };
            let again = OrientedBox::around(&line.quad());
            assert!((again.width - line.width).abs() < 0.01, "{degrees}°");
            assert!((again.height - line.height).abs() < 0.01, "{degrees}°");
            assert!(distance(again.along, line.along) < 0.01, "{degrees}°");
            let (u, v) = line.local(line.at(7.0, -3.0));
            assert!((u - 7.0).abs() < 0.01 && (v + 3.0).abs() < 0.01, "{degrees}°");
        }
    }

    #[test]
    fn line_seen_in_a_turned_part_has_its_place_in_the_photo() {
        let angle = 30_f32.to_radians();
        let part = OrientedBox { along: Point { x: angle.cos(), y: angle.sin() }, ..LINE };
        // The picture shows the part at twice its size; the line stands in its lower right quarter.
        let seen = OrientedBox { centre: Point { x: 120.0, y: 30.0 }, width: 40.0, ..LINE };
        let placed = seen.seen_in(&part, 0.5);
        assert!(distance(placed.centre, part.at(20.0, 5.0)) < 0.01);
        assert!(distance(placed.along, part.along) < 0.01);
        assert!((placed.width - 20.0).abs() < 0.01 && (placed.grown - 2.0).abs() < 0.01);
    }

    #[test]
    fn shared_area_gives_likeness_and_containment() {
        let half = OrientedBox { width: 40.0, ..LINE };
        assert!((LINE.likeness(&LINE) - 1.0).abs() < 0.01);
        assert!((half.within(&LINE) - 1.0).abs() < 0.01);
        assert!((LINE.within(&half) - 0.5).abs() < 0.01);
        let away = OrientedBox { centre: Point { x: 100.0, y: 90.0 }, ..LINE };
        assert!(away.within(&LINE) < 0.01 && away.likeness(&LINE) < 0.01);
    }
}
