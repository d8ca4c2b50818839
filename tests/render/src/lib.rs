//! Photographs of terminal labels that never existed, with their ground truth.
//!
//! A [`Label`] says what is printed and where, [`print`] puts it on paper in real fonts and real
//! symbologies, and [`Shot`] photographs it as a technician would: turned, tilted, out of focus,
//! in uneven light, as a JPEG. Everything is drawn from a seed: the same seed gives the same bytes
//! on every machine, so a photo that fails a test can be made again. Nothing here may use the
//! product's own code: a reader must not be measured with its own ruler.

mod camera;
mod label;
mod layout;
mod numbers;
mod others;
mod print;
pub mod set;
mod sheet;
mod symbol;
mod tag;

pub use camera::Shot;
pub use label::{Element, Ink, Label};
pub use layout::Layout;
pub use numbers::{Maker, Numbers};
pub use print::{Face, Fonts, FontsMissing};
pub use symbol::Code;
pub use tag::tag;

use anyhow::Result;
use image::GrayImage;
use image::imageops::{FilterType, resize};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Serialize;
use std::collections::BTreeMap;

/// A photo and what stands on the label in it.
#[derive(Clone, Debug)]
pub struct Photo {
    /// The file as a phone would send it.
    pub jpeg: Vec<u8>,
    /// What a perfect reader would return.
    pub truth: Truth,
}

/// What stands on a label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// The serial as it is printed; `None` where no answer is asked for.
    pub serial: Option<String>,
    /// Forms that count as right. Without a serial: neither asked for nor held against.
    pub serial_candidates: Vec<String>,
    /// The serial of each device in view, if there are several.
    pub serials: Vec<String>,
    /// Every barcode on the label.
    pub barcodes: Vec<TrueBarcode>,
    /// The other numbers, by the keyword they are printed with.
    pub other_ids: BTreeMap<String, String>,
}

/// A barcode that is on a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrueBarcode {
    /// The symbology's usual name, such as "Code 128".
    pub format: String,
    /// What it encodes.
    pub text: String,
}

/// Which label to make and how it is photographed; what is not fixed here comes from the seed.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// How the label is laid out.
    pub layout: Layout,
    /// The symbology of the serial's barcode, where the layout has a linear one.
    pub code: Code,
    /// Whose serial it carries.
    pub maker: Maker,
    /// Colours of print and paper.
    pub ink: Ink,
    /// The camera and the light.
    pub shot: Shot,
}

impl Recipe {
    /// Any label under field conditions, without glare.
    pub fn field(rng: &mut StdRng) -> Self {
        Self {
            layout: Layout::WITH_SERIAL[rng.random_range(0..Layout::WITH_SERIAL.len())],
            code: if rng.random_bool(0.75) { Code::Code128 } else { Code::Code39 },
            maker: Maker::ALL[rng.random_range(0..Maker::ALL.len())],
            ink: Ink::usual(rng),
            shot: Shot::field(rng),
        }
    }

    /// A label whose serial is printed and stands in no barcode.
    pub fn text_only(rng: &mut StdRng) -> Self {
        Self { layout: Layout::TextOnly, ..Self::field(rng) }
    }

    /// A matrix symbol beside text, `fill` of the photo wide, turned and leaning.
    pub fn matrix(layout: Layout, fill: f32, turn_deg: f32, rng: &mut StdRng) -> Self {
        let field = Self::field(rng);
        let shot = Shot {
            photo_px: (1600, 1200),
            fill,
            turn_deg,
            lean_deg: rng.random_range(0.0..40.0),
            ..field.shot
        };
        Self { layout, ink: Ink::BlackOnWhite, shot, ..field }
    }

    /// One barcode and its printed line, sharp and evenly lit, turned by `turn_deg`.
    pub fn turned(code: Code, turn_deg: f32) -> Self {
        Self {
            layout: Layout::CodeAboveSerial,
            code,
            maker: Maker::Pax,
            ink: Ink::BlackOnWhite,
            shot: Shot { turn_deg, ..Shot::steady() },
        }
    }
}

/// Two photos side by side: two devices in view. Nothing on either may be accepted.
///
/// # Errors
/// If a photo is no picture.
pub fn side_by_side(left: &Photo, right: &Photo) -> Result<Photo> {
    let halves = [left, right].map(|photo| image::load_from_memory(&photo.jpeg));
    let [left_half, right_half] = halves.map(|half| half.map(|half| half.into_rgb8()));
    let (left_half, right_half) = (left_half?, right_half?);
    let height = left_half.height().max(right_half.height());
    let mut both = image::RgbImage::new(left_half.width() + right_half.width(), height);
    image::imageops::replace(&mut both, &left_half, 0, 0);
    image::imageops::replace(&mut both, &right_half, i64::from(left_half.width()), 0);
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 88).encode_image(&both)?;
    let barcodes = [&left.truth, &right.truth].into_iter().flat_map(|it| it.barcodes.clone());
    let truth = Truth { serial: None, barcodes: barcodes.collect(), ..Truth::default() };
    Ok(Photo { jpeg, truth })
}

/// Photographs a label that somebody else printed: `paper` is its picture, in whatever resolution.
///
/// # Errors
/// If the shot puts the label behind the camera.
pub fn photograph_print(
    paper: &GrayImage,
    size_mm: (f32, f32),
    serial: &str,
    shot: &Shot,
    seed: u64,
) -> Result<Photo> {
    let mut rng = StdRng::seed_from_u64(seed);
    let px = |mm: f32| (mm * print::PX_PER_MM).round() as u32;
    let (width, height) = (px(size_mm.0), px(size_mm.1));
    let paper = resize(paper, width, height, FilterType::Triangle);
    let label = Label {
        width_mm: size_mm.0,
        height_mm: size_mm.1,
        elements: Vec::new(),
        ink: Ink::BlackOnWhite,
        truth: Truth { serial: Some(serial.to_owned()), ..Truth::default() },
    };
    let jpeg = camera::take(&paper, &label, shot, &mut rng)?;
    Ok(Photo { jpeg, truth: label.truth })
}

/// Makes the photo that `recipe` and `seed` determine.
///
/// # Errors
/// If a font package is missing, or a number cannot be encoded in the recipe's symbology.
pub fn photograph(fonts: &Fonts, recipe: &Recipe, seed: u64) -> Result<Photo> {
    let mut rng = StdRng::seed_from_u64(seed);
    let numbers = Numbers::draw(recipe.maker, &mut rng);
    let label = recipe.layout.compose(fonts, recipe, &numbers, &mut rng)?;
    let paper = print::print(fonts, &label, &mut rng)?;
    let jpeg = camera::take(&paper, &label, &recipe.shot, &mut rng)?;
    Ok(Photo { jpeg, truth: label.truth })
}
