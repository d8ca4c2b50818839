//! The photo: a label on a terminal's back, seen through a phone's camera.
//!
//! A pinhole looks at the label's plane; around the label lie the housing (matt plastic with a
//! seam and screws) and a table. Then come light, lens, sensor and JPEG, in that order.

use crate::label::{Ink, Label};
use crate::print::PX_PER_MM;
use anyhow::{Context, Result};
use image::{GrayImage, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use imageproc::geometric_transformations::Projection;
use rand::{RngExt, rngs::StdRng};

/// Camera and light.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    /// Width and height of the photo.
    pub photo_px: (u32, u32),
    /// Share of the photo that the label's bounding box fills, on its tighter axis.
    pub fill: f32,
    /// How far the label's middle lies from the photo's, as parts of the photo's width and height.
    pub shift: (f32, f32),
    /// Turn in the picture's plane; 0 is upright, 180 upside down.
    pub turn_deg: f32,
    /// How far the label leans away from the camera.
    pub lean_deg: f32,
    /// The axis that it leans around, in the picture's plane.
    pub lean_axis_deg: f32,
    /// Defocus, as the sigma of a Gaussian.
    pub blur_px: f32,
    /// Length of the way the picture moved during the exposure.
    pub motion_px: f32,
    /// Its direction.
    pub motion_deg: f32,
    /// Strength of one reflection on the label: 0 none, 1 washes print out.
    pub glare: f32,
    /// Light that reaches the sensor: 1 is well exposed, 0.1 is a cellar.
    pub exposure: f32,
    /// How much darker the darkest corner is than the brightest, 0 to 1.
    pub shade: f32,
    /// Sensor noise: standard deviation in grey levels of 255.
    pub noise: f32,
    /// As libjpeg counts it, 1 to 100.
    pub jpeg_quality: u8,
}

impl Shot {
    /// A careful photo: straight, sharp, even light.
    pub fn steady() -> Self {
        Self {
            photo_px: (1600, 1200),
            fill: 0.85,
            shift: (0.0, 0.0),
            turn_deg: 0.0,
            lean_deg: 0.0,
            lean_axis_deg: 0.0,
            blur_px: 0.6,
            motion_px: 0.0,
            motion_deg: 0.0,
            glare: 0.0,
            exposure: 1.0,
            shade: 0.15,
            noise: 2.0,
            jpeg_quality: 88,
        }
    }

    /// What technicians send: a third of the photos sideways or upside down, none with glare.
    pub fn field(rng: &mut StdRng) -> Self {
        let upright = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 90.0, 180.0, 270.0];
        Self {
            photo_px: [(1280, 960), (1600, 1200), (1200, 1600)][rng.random_range(0..3)],
            fill: rng.random_range(0.7..0.95),
            shift: (0.0, 0.0),
            turn_deg: upright[rng.random_range(0..upright.len())] + rng.random_range(-8.0..8.0),
            lean_deg: rng.random_range(0.0..25.0),
            lean_axis_deg: rng.random_range(0.0..360.0),
            blur_px: rng.random_range(0.5..1.1),
            motion_px: if rng.random_bool(0.2) { rng.random_range(0.5..2.0) } else { 0.0 },
            motion_deg: rng.random_range(0.0..180.0),
            glare: 0.0,
            exposure: 1.0,
            shade: rng.random_range(0.1..0.5),
            noise: rng.random_range(1.0..5.0),
            jpeg_quality: rng.random_range(65..93),
        }
    }
}

/// Photographs the printed label.
///
/// # Errors
/// If the shot puts the label behind the camera.
pub(super) fn take(
    paper: &GrayImage,
    label: &Label,
    shot: &Shot,
    rng: &mut StdRng,
) -> Result<Vec<u8>> {
    let to_photo = projection(label, shot).context("the label cannot be seen from there")?;
    let scene = Scene::new(paper, label, rng);
    let mut photo = expose(&scene, &to_photo.invert(), shot, rng);
    if shot.blur_px > 0.05 {
        photo = imageproc::filter::gaussian_blur_f32(&photo, shot.blur_px);
    }
    if shot.motion_px > 0.0 {
        photo = smear(&photo, shot.motion_px, shot.motion_deg);
    }
    let mut grain = Grain::new(rng);
    for pixel in photo.pixels_mut() {
        let luma = grain.next() * shot.noise;
        pixel.0 = pixel.0.map(|v| (f32::from(v) + luma + grain.next() * shot.noise * 0.4) as u8);
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, shot.jpeg_quality).encode_image(&photo)?;
    Ok(jpeg)
}

/// From millimetres on the label's plane (origin in the label's middle) to pixels of the photo.
fn projection(label: &Label, shot: &Shot) -> Option<Projection> {
    let (half_w, half_h) = (label.width_mm / 2.0, label.height_mm / 2.0);
    let corners = [(-half_w, -half_h), (half_w, -half_h), (half_w, half_h), (-half_w, half_h)];
    let (turn_sin, turn_cos) = shot.turn_deg.to_radians().sin_cos();
    let (axis_sin, axis_cos) = shot.lean_axis_deg.to_radians().sin_cos();
    let (lean_sin, lean_cos) = shot.lean_deg.to_radians().sin_cos();
    let distance = 2.2 * label.width_mm.hypot(label.height_mm);
    let seen = corners.map(|(x, y)| {
        let (x, y) = (x * turn_cos - y * turn_sin, x * turn_sin + y * turn_cos);
        let (along, across) = (x * axis_cos + y * axis_sin, y * axis_cos - x * axis_sin);
        let (across, depth) = (across * lean_cos, across * lean_sin);
        let (x, y) = (along * axis_cos - across * axis_sin, along * axis_sin + across * axis_cos);
        let nearer = distance / (distance + depth);
        (x * nearer, y * nearer)
    });
    let span = |pick: fn(&(f32, f32)) -> f32| {
        let (low, high) = seen
            .iter()
            .map(pick)
            .fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
        (high - low, (high + low) / 2.0)
    };
    let ((wide, mid_x), (high, mid_y)) = (span(|p| p.0), span(|p| p.1));
    let (photo_w, photo_h) = (shot.photo_px.0 as f32, shot.photo_px.1 as f32);
    let px_per_mm = shot.fill * (photo_w / wide).min(photo_h / high);
    let (centre_x, centre_y) = (photo_w * (0.5 + shot.shift.0), photo_h * (0.5 + shot.shift.1));
    let placed =
        seen.map(|(x, y)| ((x - mid_x) * px_per_mm + centre_x, (y - mid_y) * px_per_mm + centre_y));
    Projection::from_control_points(corners, placed)
}

/// What lies in the label's plane.
struct Scene<'p> {
    paper: &'p GrayImage,
    half_mm: (f32, f32),
    ink: Ink,
    housing: Housing,
    texture: Texture,
}

/// The terminal's back: left, top, right, bottom edge in mm from the label's middle.
struct Housing {
    edges: [f32; 4],
    rgb: [f32; 3],
    seam_y: f32,
    table_rgb: [f32; 3],
}

impl<'p> Scene<'p> {
    fn new(paper: &'p GrayImage, label: &Label, rng: &mut StdRng) -> Self {
        let half_mm = (label.width_mm / 2.0, label.height_mm / 2.0);
        let side = rng.random_range(6.0..14.0);
        let grey = if rng.random_bool(0.8) {
            rng.random_range(30.0..70.0)
        } else {
            rng.random_range(150.0..200.0)
        };
        let tables = [[146., 112., 80.], [188., 186., 180.], [92., 98., 108.], [214., 208., 196.]];
        Self {
            paper,
            half_mm,
            ink: label.ink,
            housing: Housing {
                edges: [
                    -half_mm.0 - side,
                    -half_mm.1 - rng.random_range(15.0..40.0),
                    half_mm.0 + side,
                    half_mm.1 + rng.random_range(15.0..60.0),
                ],
                rgb: [grey, grey * 1.01, grey * 1.05],
                seam_y: half_mm.1 + rng.random_range(3.0..9.0),
                table_rgb: tables[rng.random_range(0..tables.len())],
            },
            texture: Texture::new(rng),
        }
    }

    /// Colour at a point of the plane.
    fn at(&self, x: f32, y: f32) -> [f32; 3] {
        if self.on_label(x, y) {
            let ink =
                self.ink_at((x + self.half_mm.0) * PX_PER_MM, (y + self.half_mm.1) * PX_PER_MM);
            let (paper_rgb, ink_rgb) = self.ink.paper_and_ink();
            let grain = self.grain(x, y);
            let mixed = |c: usize| paper_rgb[c] * (1.0 - ink) + ink_rgb[c] * ink;
            return match self.ink {
                Ink::Screen | Ink::DarkScreen => std::array::from_fn(|c| mixed(c) * lit(c, x, y)),
                _ => std::array::from_fn(|c| mixed(c) + grain),
            };
        }
        let [left, top, right, bottom] = self.housing.edges;
        let inside = (x - left).min(right - x).min(y - top).min(bottom - y);
        if inside < 0.0 {
            let wood = self.texture.at(x * 0.12, y * 0.9) * 16.0;
            let shadow = (1.0 + inside / 12.0).clamp(0.0, 1.0) * 0.45;
            return self.housing.table_rgb.map(|c| (c + wood) * (1.0 - shadow));
        }
        let rim = if inside < 1.2 { 22.0 } else { 0.0 };
        let seam = if (y - self.housing.seam_y).abs() < 0.3 { -24.0 } else { 0.0 };
        let corner = (x.abs() - right + 5.0, y - self.housing.seam_y - 6.0);
        let screw = match corner.0.hypot(corner.1) {
            0.0..1.3 => 70.0 + 50.0 * self.texture.at(x * 2.0, y * 0.3),
            1.3..2.2 => -26.0,
            _ => 0.0,
        };
        let matt = self.texture.at(x * 5.0, y * 5.0) * 9.0;
        self.housing.rgb.map(|c| (c + rim + seam + screw + matt).max(4.0))
    }

    /// The unevenness of the surface that carries the print, in grey levels.
    fn grain(&self, x: f32, y: f32) -> f32 {
        match self.ink {
            // Metal is brushed along the label; the streaks are longer than any character.
            Ink::EtchedMetal => {
                self.texture.at(x * 0.5, y * 11.0) * 13.0 + self.texture.at(x * 2.0, y * 37.0) * 7.0
            }
            Ink::GreyOnBlack => self.texture.at(x * 5.0, y * 5.0) * 6.0,
            _ => self.texture.at(x * 3.0, y * 3.0) * 3.0,
        }
    }

    /// Labels are cut with round corners.
    fn on_label(&self, x: f32, y: f32) -> bool {
        const ROUND_MM: f32 = 1.5;
        let (over_x, over_y) =
            (x.abs() - self.half_mm.0 + ROUND_MM, y.abs() - self.half_mm.1 + ROUND_MM);
        over_x < ROUND_MM
            && over_y < ROUND_MM
            && (over_x < 0.0 || over_y < 0.0 || over_x.hypot(over_y) < ROUND_MM)
    }

    /// Share of ink at a point of the paper, between its pixels.
    fn ink_at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - 0.5, y - 0.5);
        let (x0, y0) = (x.max(0.0) as u32, y.max(0.0) as u32);
        let (x1, y1) =
            ((x0 + 1).min(self.paper.width() - 1), (y0 + 1).min(self.paper.height() - 1));
        let (x0, y0) = (x0.min(x1), y0.min(y1));
        let (fx, fy) = (x.max(0.0).fract(), y.max(0.0).fract());
        let grey = |x, y| f32::from(self.paper.get_pixel(x, y).0[0]);
        let top = grey(x0, y0) * (1.0 - fx) + grey(x1, y0) * fx;
        let bottom = grey(x0, y1) * (1.0 - fx) + grey(x1, y1) * fx;
        1.0 - (top * (1.0 - fy) + bottom * fy) / 255.0
    }
}

/// How bright a display shines in one colour at a point: three stripes a pixel, black lines between
/// the rows. A camera turns that grid into moiré.
fn lit(colour: usize, x: f32, y: f32) -> f32 {
    const PIXEL_MM: f32 = 0.1;
    let stripe = (x / PIXEL_MM).rem_euclid(1.0) * 3.0;
    let own = if stripe as usize == colour { 1.35 } else { 0.82 };
    let row = if (y / PIXEL_MM).rem_euclid(1.0) < 0.15 { 0.7 } else { 1.05 };
    own * row
}

/// Casts nine rays a pixel on the label and one elsewhere, in the light of the shot.
fn expose(scene: &Scene, to_plane: &Projection, shot: &Shot, rng: &mut StdRng) -> RgbImage {
    let (width, height) = shot.photo_px;
    let (sun_sin, sun_cos) = rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
    let tint: [f32; 3] = std::array::from_fn(|_| rng.random_range(0.95..1.03));
    let glare = Glare::new(scene, rng);
    RgbImage::from_fn(width, height, |px, py| {
        let (x, y) = (px as f32, py as f32);
        let middle = *to_plane * (x + 0.5, y + 0.5);
        let near = middle.0.abs() < scene.half_mm.0 + 1.0 && middle.1.abs() < scene.half_mm.1 + 1.0;
        let colour = if near {
            let mut sum = [0.0; 3];
            for ray in 0..9_u8 {
                let (dx, dy) = (f32::from(ray % 3) / 3.0, f32::from(ray / 3) / 3.0);
                let (u, v) = *to_plane * (x + dx + 1.0 / 6.0, y + dy + 1.0 / 6.0);
                let seen = scene.at(u, v);
                sum = std::array::from_fn(|c| sum[c] + seen[c] / 9.0);
            }
            sum
        } else {
            scene.at(middle.0, middle.1)
        };
        let (cx, cy) = (x / width as f32 - 0.5, y / height as f32 - 0.5);
        let across = (cx * sun_cos + cy * sun_sin) / 1.4 + 0.5;
        let falloff = (1.0 - shot.shade * across) * (1.0 - 0.25 * (cx * cx + cy * cy));
        let light = shot.exposure * falloff;
        let shine = shot.glare * glare.at(middle);
        Rgb(std::array::from_fn(|c| (colour[c] * light * tint[c] + shine * 330.0) as u8))
    })
}

/// A lamp mirrored in the label's surface: a bright core in a wide halo.
struct Glare {
    middle: (f32, f32),
    core_mm: f32,
}

impl Glare {
    fn new(scene: &Scene, rng: &mut StdRng) -> Self {
        let (half_w, half_h) = scene.half_mm;
        Self {
            middle: (rng.random_range(-0.6..0.6) * half_w, rng.random_range(-0.6..0.6) * half_h),
            core_mm: rng.random_range(3.0..7.0),
        }
    }

    fn at(&self, (x, y): (f32, f32)) -> f32 {
        let away = (x - self.middle.0).hypot((y - self.middle.1) * 1.5) / self.core_mm;
        0.8 * (-away * away).exp() + 0.2 * (-away * 0.5).exp()
    }
}

/// Averages along the way that the picture moved.
fn smear(photo: &RgbImage, length_px: f32, direction_deg: f32) -> RgbImage {
    let steps = (length_px * 1.5).ceil().max(8.0) as i32;
    let (sin, cos) = direction_deg.to_radians().sin_cos();
    let (width, height) = photo.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let mut sum = [0.0; 3];
        for step in 0..=steps {
            let away = (step as f32 / steps as f32 - 0.5) * length_px;
            let at = |v: u32, d: f32, end: u32| (v as f32 + d).round().clamp(0.0, end as f32 - 1.0);
            let seen = photo
                .get_pixel(at(x, away * cos, width) as u32, at(y, away * sin, height) as u32)
                .0;
            sum = std::array::from_fn(|c| sum[c] + f32::from(seen[c]) / (steps + 1) as f32);
        }
        Rgb(sum.map(|v| v as u8))
    })
}

/// Smooth noise in -1..1 that repeats after [`Texture::SIDE`] units.
struct Texture(Vec<f32>);

impl Texture {
    const SIDE: usize = 128;

    fn new(rng: &mut StdRng) -> Self {
        Self((0..Self::SIDE * Self::SIDE).map(|_| rng.random_range(-1.0..1.0)).collect())
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let side = Self::SIDE as f32;
        let (x, y) = (x.rem_euclid(side), y.rem_euclid(side));
        let (x0, y0) = (x as usize % Self::SIDE, y as usize % Self::SIDE);
        let (x1, y1) = ((x0 + 1) % Self::SIDE, (y0 + 1) % Self::SIDE);
        let (fx, fy) = (x.fract(), y.fract());
        let value = |x: usize, y: usize| self.0[y * Self::SIDE + x];
        (value(x0, y0) * (1.0 - fx) + value(x1, y0) * fx) * (1.0 - fy)
            + (value(x0, y1) * (1.0 - fx) + value(x1, y1) * fx) * fy
    }
}

/// Normally distributed noise from a table: one draw a sample would cost more than the picture.
struct Grain {
    samples: Vec<f32>,
    at: usize,
    stride: usize,
}

impl Grain {
    fn new(rng: &mut StdRng) -> Self {
        let normal =
            |rng: &mut StdRng| (0..12).map(|_| rng.random_range(0.0..1.0_f32)).sum::<f32>() - 6.0;
        Self { samples: (0..8191).map(|_| normal(rng)).collect(), at: 0, stride: 1 }
    }

    /// The next sample. The table's length is prime and the stride changes at each wrap, so that
    /// rows of the picture do not repeat.
    fn next(&mut self) -> f32 {
        self.at += self.stride;
        if self.at >= self.samples.len() {
            self.at -= self.samples.len();
            self.stride = self.stride % 97 + 1;
        }
        self.samples[self.at]
    }
}
