//! Where things stand relative to a printed line, in the line's own direction and scale.

use crate::evidence::{Point, Quad};

/// A line's own axes: `along` points in the direction of reading, lengths count line heights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    origin: Point,
    along: Point,
    height: f32,
    /// Length of the line in its own heights.
    pub(crate) length: f32,
}

/// A part of a line, along it, in line heights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) left: f32,
    pub(crate) right: f32,
}

/// Something seen in a line's frame: its extent along and across, in line heights. The line itself
/// is `0..length` along and `0..1` across.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) left: f32,
    pub(crate) right: f32,
    pub(crate) top: f32,
    pub(crate) bottom: f32,
}

impl Frame {
    /// The frame of a quad; `None` if it has no area or is not made of numbers.
    pub(crate) fn of(quad: &Quad) -> Option<Self> {
        let (width, height) = (distance(quad[0], quad[1]), distance(quad[0], quad[3]));
        if !(width.is_finite() && height.is_finite() && width > 0.0 && height > 0.0) {
            return None;
        }
        let along =
            Point { x: (quad[1].x - quad[0].x) / width, y: (quad[1].y - quad[0].y) / width };
        Some(Self { origin: quad[0], along, height, length: width / height })
    }

    /// The corners of a part of the line.
    pub(crate) fn quad(&self, span: Span) -> Quad {
        let corners = [(span.left, 0.0), (span.right, 0.0), (span.right, 1.0), (span.left, 1.0)];
        corners.map(|(along, across)| Point {
            x: self.origin.x + (along * self.along.x - across * self.along.y) * self.height,
            y: self.origin.y + (along * self.along.y + across * self.along.x) * self.height,
        })
    }

    /// Where a quad stands in this frame.
    pub(crate) fn extent(&self, quad: &Quad) -> Extent {
        let mut extent = Extent {
            left: f32::INFINITY,
            right: f32::NEG_INFINITY,
            top: f32::INFINITY,
            bottom: f32::NEG_INFINITY,
        };
        for point in quad {
            let (x, y) = (point.x - self.origin.x, point.y - self.origin.y);
            let along = (x * self.along.x + y * self.along.y) / self.height;
            let across = (y * self.along.x - x * self.along.y) / self.height;
            extent.left = extent.left.min(along);
            extent.right = extent.right.max(along);
            extent.top = extent.top.min(across);
            extent.bottom = extent.bottom.max(across);
        }
        extent
    }
}

impl Extent {
    /// Middle between top and bottom.
    pub(crate) fn middle(&self) -> f32 {
        (self.top + self.bottom) / 2.0
    }

    /// Height in line heights.
    pub(crate) fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// How far the extent reaches into `left..right`, as a share of the shorter of the two.
    pub(crate) fn overlap(&self, left: f32, right: f32) -> f32 {
        let shared = self.right.min(right) - self.left.max(left);
        shared / (self.right - self.left).min(right - left).max(0.01)
    }
}

/// Mean width and mean height of a quad, in pixels.
pub(crate) fn size(quad: &Quad) -> (f32, f32) {
    let [a, b, c, d] = *quad;
    let mean = |one: f32, other: f32| (one + other) / 2.0;
    (mean(distance(a, b), distance(d, c)), mean(distance(a, d), distance(b, c)))
}

fn distance(a: Point, b: Point) -> f32 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// Whether two boxes show the same piece of the photo: the middle of each lies in the other.
pub(crate) fn same_spot(one: &Quad, other: &Quad) -> bool {
    let inside = |frame: &Quad, quad: &Quad| {
        Frame::of(frame).is_some_and(|frame| {
            let extent = frame.extent(quad);
            let middle = (extent.left + extent.right) / 2.0;
            (0.0..=1.0).contains(&extent.middle()) && (0.0..=frame.length).contains(&middle)
        })
    };
    inside(one, other) || inside(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quad(x: f32, y: f32, w: f32, h: f32) -> Quad {
        [(x, y), (x + w, y), (x + w, y + h), (x, y + h)].map(|(x, y)| Point { x, y })
    }

    #[test]
    fn positions_are_in_the_line_s_own_direction() {
        // A line that reads downwards: below it is to the left in the photo.
        let line =
            [(100.0, 0.0), (100.0, 80.0), (80.0, 80.0), (80.0, 0.0)].map(|(x, y)| Point { x, y });
        let frame = Frame::of(&line).expect("a frame");
        assert_eq!(frame.length, 4.0);
        let below = frame.extent(&quad(50.0, 0.0, 20.0, 80.0));
        assert!((1.0..=2.0).contains(&below.top), "{below:?}");
        assert!(below.overlap(0.0, 4.0) > 0.9);
    }

    #[test]
    fn degenerate_boxes_have_no_frame() {
        assert!(Frame::of(&quad(0.0, 0.0, 0.0, 0.0)).is_none());
        assert!(Frame::of(&quad(f32::NAN, 0.0, 1.0, 1.0)).is_none());
        assert!(Frame::of(&quad(0.0, 0.0, f32::INFINITY, 1.0)).is_none());
    }

    #[test]
    fn one_spot_seen_by_two_detections() {
        assert!(same_spot(&quad(0.0, 0.0, 100.0, 10.0), &quad(-3.0, -1.0, 98.0, 12.0)));
        assert!(!same_spot(&quad(0.0, 0.0, 100.0, 10.0), &quad(0.0, 15.0, 100.0, 10.0)));
    }
}
