//! Paper: a label's elements drawn in real fonts and modules, at [`PX_PER_MM`].

use crate::label::{Element, Ink, Label};
use crate::symbol::{Code, Modules};
use ab_glyph::{Font, FontVec, Glyph, PxScale, ScaleFont, point};
use anyhow::Result;
use image::{GrayImage, Luma};
use rand::{RngExt, rngs::StdRng};
use std::path::Path;

/// Resolution of the printed label, about 500 dpi: above what any of the photos resolves.
pub(super) const PX_PER_MM: f32 = 20.0;

/// The fonts that label printers and laser markers come close to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Like Helvetica.
    Sans,
    /// Its bold weight.
    SansBold,
    /// Its narrow cut.
    Narrow,
    /// Like Courier, slender.
    Mono,
    /// With a dotted zero.
    Dejavu,
    /// Fixed pitch, with a dotted zero.
    DejavuMono,
    /// Chinese.
    Cjk,
}

impl Face {
    /// Where Debian puts each face, and the package that brings it.
    const FILES: [(Self, &'static str, &'static str); 7] = [
        (Self::Sans, "liberation/LiberationSans-Regular.ttf", "fonts-liberation"),
        (Self::SansBold, "liberation/LiberationSans-Bold.ttf", "fonts-liberation"),
        (Self::Narrow, "liberation/LiberationSansNarrow-Regular.ttf", "fonts-liberation"),
        (Self::Mono, "liberation/LiberationMono-Bold.ttf", "fonts-liberation"),
        (Self::Dejavu, "dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
        (Self::DejavuMono, "dejavu/DejaVuSansMono.ttf", "fonts-dejavu-core"),
        (Self::Cjk, "wqy/wqy-zenhei.ttc", "fonts-wqy-zenhei"),
    ];
}

/// A font file is not on this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the font {path}: apt-get install {package}")]
pub struct FontsMissing {
    package: &'static str,
    path: String,
}

/// All faces, loaded.
#[derive(Debug)]
pub struct Fonts(Vec<FontVec>);

impl Fonts {
    /// Loads the faces from where Debian's packages put them.
    ///
    /// # Errors
    /// Names the package to install if a file is missing or unusable.
    pub fn load() -> Result<Self, FontsMissing> {
        let load = |(_, file, package): &(Face, &str, &'static str)| {
            let path = Path::new("/usr/share/fonts/truetype").join(file);
            std::fs::read(&path)
                .ok()
                .and_then(|bytes| FontVec::try_from_vec_and_index(bytes, 0).ok())
                .ok_or_else(|| FontsMissing { package, path: path.display().to_string() })
        };
        Face::FILES.iter().map(load).collect::<Result<_, _>>().map(Self)
    }

    fn face(&self, face: Face) -> &FontVec {
        let at = Face::FILES.iter().position(|(listed, ..)| *listed == face);
        &self.0[at.unwrap_or(0)]
    }

    /// The scale at which a capital letter is `cap_px` high.
    fn scale(&self, face: Face, cap_px: f32) -> PxScale {
        let font = self.face(face);
        let capital =
            Glyph { id: font.glyph_id('H'), scale: 100.0.into(), position: point(0., 0.) };
        let height = font.outline_glyph(capital).map_or(72.0, |glyph| glyph.px_bounds().height());
        PxScale::from(cap_px * 100.0 / height)
    }

    /// Width of a line whose capitals are `cap_mm` high, in mm.
    pub fn width_mm(&self, face: Face, cap_mm: f32, text: &str) -> f32 {
        let font = self.face(face).as_scaled(self.scale(face, cap_mm * PX_PER_MM));
        let width: f32 = text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum();
        width / PX_PER_MM
    }
}

/// Draws the label: 255 is bare paper, 0 is full ink.
///
/// # Errors
/// If a payload does not fit its symbology.
pub(super) fn print(fonts: &Fonts, label: &Label, rng: &mut StdRng) -> Result<GrayImage> {
    let size = |mm: f32| (mm * PX_PER_MM).ceil() as u32;
    let mut paper = GrayImage::from_pixel(size(label.width_mm), size(label.height_mm), Luma([255]));
    for element in &label.elements {
        match element {
            Element::Text { x_mm, y_mm, cap_mm, face, text } => {
                let at = (x_mm * PX_PER_MM, (y_mm + cap_mm) * PX_PER_MM);
                let cap_px = cap_mm * PX_PER_MM;
                if label.ink == Ink::Dotted {
                    draw_dots(&mut paper, fonts, *face, cap_px, at, text, rng);
                } else {
                    draw_text(&mut paper, fonts, *face, cap_px, at, text);
                }
            }
            Element::Symbol { x_mm, y_mm, module_mm, height_mm, code, payload } => {
                let at = (x_mm * PX_PER_MM, y_mm * PX_PER_MM);
                let (module, height) = (module_mm * PX_PER_MM, height_mm * PX_PER_MM);
                draw_symbol(&mut paper, *code, payload, at, module, height)?;
            }
            Element::Frame { x_mm, y_mm, width_mm, height_mm } => {
                let corner = (x_mm * PX_PER_MM, y_mm * PX_PER_MM);
                draw_frame(&mut paper, corner, width_mm * PX_PER_MM, height_mm * PX_PER_MM);
            }
        }
    }
    wear(&mut paper, rng);
    Ok(paper)
}

/// Draws a line with its baseline's start at `at`.
fn draw_text(
    paper: &mut GrayImage,
    fonts: &Fonts,
    face: Face,
    cap_px: f32,
    at: (f32, f32),
    text: &str,
) {
    let scale = fonts.scale(face, cap_px);
    let font = fonts.face(face).as_scaled(scale);
    let mut x = at.0;
    for c in text.chars() {
        let id = font.glyph_id(c);
        let glyph = id.with_scale_and_position(scale, point(x, at.1));
        x += font.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        outline.draw(|gx, gy, coverage| {
            let (px, py) = (bounds.min.x + gx as f32, bounds.min.y + gy as f32);
            darken(paper, px as i64, py as i64, coverage);
        });
    }
}

/// Draws a line from dots, as needles and ink jets do: each place of a coarse grid that the letter
/// covers gets one, a little off its place and smaller or larger than the next.
fn draw_dots(
    paper: &mut GrayImage,
    fonts: &Fonts,
    face: Face,
    cap_px: f32,
    at: (f32, f32),
    text: &str,
    rng: &mut StdRng,
) {
    const DOTS_HIGH: f32 = 9.0;
    let pitch = cap_px / DOTS_HIGH;
    let scale = fonts.scale(face, DOTS_HIGH);
    let font = fonts.face(face).as_scaled(scale);
    let mut column = 0.0;
    for c in text.chars() {
        let id = font.glyph_id(c);
        let glyph = id.with_scale_and_position(scale, point(column, 0.0));
        column += font.h_advance(id).ceil();
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        outline.draw(|gx, gy, coverage| {
            if coverage > 0.45 {
                let mut off = || rng.random_range(-0.12..0.12);
                let middle = (
                    at.0 + (bounds.min.x + gx as f32 + 0.5 + off()) * pitch,
                    at.1 + (bounds.min.y + gy as f32 + 0.5 + off()) * pitch,
                );
                draw_dot(paper, middle, pitch * (0.5 + 0.6 * off()));
            }
        });
    }
}

fn draw_dot(paper: &mut GrayImage, (x, y): (f32, f32), radius: f32) {
    for py in (y - radius) as i64 - 1..=(y + radius) as i64 + 1 {
        for px in (x - radius) as i64 - 1..=(x + radius) as i64 + 1 {
            let away = (px as f32 + 0.5 - x).hypot(py as f32 + 0.5 - y);
            darken(paper, px, py, radius - away + 0.5);
        }
    }
}

fn draw_symbol(
    paper: &mut GrayImage,
    code: Code,
    payload: &str,
    at: (f32, f32),
    module: f32,
    height: f32,
) -> Result<()> {
    match code.encode(payload)? {
        Modules::Linear(widths) => {
            let mut x = at.0;
            for (place, width) in widths.iter().enumerate() {
                if place % 2 == 0 {
                    fill(paper, (x, at.1), width * module, height);
                }
                x += width * module;
            }
        }
        Modules::Matrix(rows) => {
            for (y, row) in rows.iter().enumerate() {
                for x in (0..row.len()).filter(|&x| row[x]) {
                    let corner = (at.0 + x as f32 * module, at.1 + y as f32 * module);
                    fill(paper, corner, module, module);
                }
            }
        }
    }
    Ok(())
}

fn draw_frame(paper: &mut GrayImage, (x, y): (f32, f32), width: f32, height: f32) {
    let pen = 0.15 * PX_PER_MM;
    fill(paper, (x, y), width, pen);
    fill(paper, (x, y + height - pen), width, pen);
    fill(paper, (x, y), pen, height);
    fill(paper, (x + width - pen, y), pen, height);
}

/// Fills a rectangle whose corners may lie between pixels: an edge darkens by what it covers.
fn fill(paper: &mut GrayImage, (x, y): (f32, f32), width: f32, height: f32) {
    let covered = |at: i64, from: f32, to: f32| {
        ((at as f32 + 1.0).min(to) - (at as f32).max(from)).clamp(0.0, 1.0)
    };
    for py in y.floor() as i64..(y + height).ceil() as i64 {
        for px in x.floor() as i64..(x + width).ceil() as i64 {
            darken(paper, px, py, covered(px, x, x + width) * covered(py, y, y + height));
        }
    }
}

fn darken(paper: &mut GrayImage, x: i64, y: i64, coverage: f32) {
    let inside = |v: i64, end: u32| u32::try_from(v).ok().filter(|v| *v < end);
    if let (Some(x), Some(y)) = (inside(x, paper.width()), inside(y, paper.height())) {
        let pixel = &mut paper.get_pixel_mut(x, y).0[0];
        *pixel = (f32::from(*pixel) * (1.0 - coverage.clamp(0.0, 1.0))) as u8;
    }
}

/// A handled label: a few scratches through the ink and some specks of dirt, thin enough to read.
fn wear(paper: &mut GrayImage, rng: &mut StdRng) {
    let (width, height) = (paper.width() as f32, paper.height() as f32);
    for _ in 0..rng.random_range(0..3) {
        let (mut x, mut y) = (rng.random_range(0.0..width), rng.random_range(0.0..height));
        let slope: f32 = rng.random_range(-0.4..0.4);
        for _ in 0..rng.random_range(100..400) {
            (x, y) = (x + 1.0, y + slope);
            let (px, py) = (x as u32, y.max(0.0) as u32);
            if px < paper.width() && py < paper.height() {
                let pixel = &mut paper.get_pixel_mut(px, py).0[0];
                *pixel = pixel.saturating_add(90);
            }
        }
    }
    for _ in 0..rng.random_range(5..25) {
        let at = (rng.random_range(0.0..width), rng.random_range(0.0..height));
        let size = rng.random_range(1.0..2.5);
        fill(paper, at, size, size);
    }
}
