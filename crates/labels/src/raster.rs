//! Labels as dots, black or white: what a picture holds and what a label printer is sent.

use crate::font;
use crate::label::{Label, Line, Rectangle, Resolution};
use crate::page::Page;
use crate::sheets::INCH_MM;

/// A picture of black and white dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Width in dots.
    pub width: u32,
    /// Height in dots.
    pub height: u32,
    /// Row by row from the top; true is black.
    dots: Vec<bool>,
}

impl Raster {
    /// A white picture of this size in dots.
    pub fn new(width: u32, height: u32) -> Self {
        Self { width, height, dots: vec![false; width as usize * height as usize] }
    }

    /// A page with its labels.
    pub fn of_page(page: &Page) -> Self {
        let mut raster = Self::new(page.width, page.height);
        for (corner, label) in &page.labels {
            raster.draw(*corner, label);
        }
        raster
    }

    /// One line of print and nothing else, its left upper corner in the picture's.
    pub fn of_line(line: &Line) -> Self {
        let unit = f64::from(line.cap) / font::CAP_PRINTED;
        let width = (font::width(&line.text) * unit).ceil() as u32;
        let height = (f64::from(line.cap) + font::DESCENT * unit).ceil() as u32;
        let mut raster = Self::new(width, height);
        raster.write(&Line { x: 0, y: 0, ..line.clone() }, (0, 0));
        raster
    }

    fn draw(&mut self, (left, top): (u32, u32), label: &Label) {
        for dark in label.symbol.rectangles() {
            self.fill(Rectangle { x: left + dark.x, y: top + dark.y, ..dark });
        }
        for line in &label.lines {
            self.write(line, (left, top));
        }
    }

    fn fill(&mut self, dark: Rectangle) {
        for y in dark.y..(dark.y + dark.height).min(self.height) {
            for x in dark.x..(dark.x + dark.width).min(self.width) {
                self.blacken(x, y);
            }
        }
    }

    fn blacken(&mut self, x: u32, y: u32) {
        let at = y as usize * self.width as usize + x as usize;
        self.dots[at] = true;
    }

    /// Moves the pen along the strokes of each character.
    fn write(&mut self, line: &Line, (left, top): (u32, u32)) {
        let unit = f64::from(line.cap) / font::CAP_PRINTED;
        let (mut x, y) = (f64::from(left + line.x), f64::from(top + line.y));
        // Thinner than a dot and a half, a pen leaves gaps.
        let pen = (font::PEN * unit).max(1.5) / 2.0;
        for char in line.text.chars() {
            for way in font::strokes(char) {
                for ends in way.windows(2) {
                    let on_paper = |(u, v): font::Point| (x + u * unit, y + v * unit);
                    self.stroke(on_paper(ends[0]), on_paper(ends[1]), pen);
                }
            }
            x += font::ADVANCE * unit;
        }
    }

    /// Blackens the dots whose middle is at most `pen` from the way between two points.
    fn stroke(&mut self, from: (f64, f64), to: (f64, f64), pen: f64) {
        let (along_x, along_y) = (to.0 - from.0, to.1 - from.1);
        let length2 = along_x * along_x + along_y * along_y;
        let span = |one: f64, other: f64, end: u32| {
            let low = (one.min(other) - pen).floor().max(0.0) as u32;
            low..((one.max(other) + pen).ceil().max(0.0) as u32).min(end)
        };
        for py in span(from.1, to.1, self.height) {
            for px in span(from.0, to.0, self.width) {
                let (x, y) = (f64::from(px) + 0.5 - from.0, f64::from(py) + 0.5 - from.1);
                let at = ((x * along_x + y * along_y) / length2.max(1e-9)).clamp(0.0, 1.0);
                if (x - at * along_x).hypot(y - at * along_y) <= pen {
                    self.blacken(px, py);
                }
            }
        }
    }

    /// Bytes of one row in [`Raster::packed`].
    pub fn row_bytes(&self) -> u32 {
        self.width.div_ceil(8)
    }

    /// Eight dots a byte, the leftmost in the highest bit, each row in whole bytes; a set bit is
    /// black.
    pub fn packed(&self) -> Vec<u8> {
        let rows = self.dots.chunks(self.width.max(1) as usize);
        rows.flat_map(|row| {
            row.chunks(8).map(|eight| {
                let bits = eight.iter().enumerate();
                bits.fold(0, |byte, (at, black)| byte | (u8::from(*black) << (7 - at)))
            })
        })
        .collect()
    }

    /// The picture as PNG, which says how large it is to be printed.
    ///
    /// # Errors
    /// If it has no dots.
    pub fn png(&self, resolution: Resolution) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let per_metre = (f64::from(resolution.0) * 1000.0 / INCH_MM).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        let white: Vec<u8> = self.packed().iter().map(|byte| !byte).collect();
        encoder.write_header()?.write_image_data(&white)?;
        Ok(bytes)
    }
}
