//! The second, independent reading: another detector finds the line anew, another recogniser reads
//! it. Print without a barcode may only be accepted when both readings agree.
//!
//! Readers of one family that see the same cut-out agree on the same mistakes: a box that lost a
//! character loses it for both. On real photos, PP-OCRv6 on the boxes of PP-OCRv5 and PP-OCRv5 on
//! the boxes of PP-OCRv6 agreed 151 times and were never wrong together. The recogniser runs under
//! ocrs, which also decodes it; it gives characters without probabilities.

use crate::image::crop::crop;
use crate::image::oriented_box::OrientedBox;
use crate::onnx::{self, rewrite};
use crate::text::bounds;
use crate::text::detect::Detector;
use crate::text::network::RunFailure;
use image::GrayImage;
use ocrs::{ImageSource, OcrEngine, OcrEngineParams};
use rten::ModelOptions;
use rten_imageproc::{PointF, RotatedRect, Vec2};
use validate::{CharReading, Lattice, Quad, TextLine};

/// Height of the recogniser's lines.
const LINE_HEIGHT_PX: i64 = 48;
/// Height that the line gets in the picture for the detector: about what it has in a photo of a
/// label that is 960 pixels wide.
const LOOK_LINE_PX: f32 = 26.0;
/// How much of the surroundings the detector sees, in line heights to each side.
const SURROUNDINGS_HEIGHTS: f32 = 2.5;
/// Longest side of that picture.
const LOOK_SIDE_MAX_PX: f32 = 960.0;
/// A box is the line's if so much of it lies within the line.
const WITHIN_SHARE_MIN: f32 = 0.5;

/// PP-OCRv6 finds, PP-OCRv5 reads.
pub(crate) struct SecondReader {
    detector: Detector,
    recogniser: OcrEngine,
}

impl SecondReader {
    /// `keys` is the recogniser's alphabet, one entry a line, the blank first.
    pub(crate) fn new(detector: Detector, recogniser: &[u8], keys: &str) -> Result<Self, String> {
        let onnx = rewrite::for_ocrs(onnx::parse(recogniser)?, LINE_HEIGHT_PX)
            .ok_or("not a recogniser")?;
        let model = ModelOptions::with_all_ops().load(onnx).map_err(|error| error.to_string())?;
        let alphabet: String =
            keys.lines().skip(1).map(|entry| entry.chars().next().unwrap_or(' ')).collect();
        let recogniser = OcrEngine::new(OcrEngineParams {
            recognition_model: Some(model),
            alphabet: Some(alphabet),
            ..OcrEngineParams::default()
        })
        .map_err(|error| error.to_string())?;
        Ok(Self { detector, recogniser })
    }

    /// Finds and reads anew what stands where the first reading saw a line.
    pub(crate) fn read(
        &self,
        photo: &GrayImage,
        first: &Quad,
    ) -> Result<Vec<TextLine>, RunFailure> {
        let line = OrientedBox::around(first);
        let around = OrientedBox {
            width: line.width + 2.0 * SURROUNDINGS_HEIGHTS * line.height,
            height: (1.0 + 2.0 * SURROUNDINGS_HEIGHTS) * line.height,
            ..line
        };
        let scale = (LOOK_LINE_PX / line.height).min(LOOK_SIDE_MAX_PX / around.width);
        let found = self.detector.detect_within(photo, &around, scale);
        let own = found.iter().filter(|found| found.within(&line) >= WITHIN_SHARE_MIN);
        own.map(|found_line| self.read_line(photo, found_line, &found)).collect()
    }

    fn read_line(
        &self,
        photo: &GrayImage,
        line: &OrientedBox,
        found: &[OrientedBox],
    ) -> Result<TextLine, RunFailure> {
        let cut = crop(photo, line, 1.0);
        let (width, height) = (cut.width() as f32, cut.height() as f32);
        let source =
            ImageSource::from_bytes(cut.as_raw(), cut.dimensions()).map_err(RunFailure::new)?;
        let input = self.recogniser.prepare_input(source).map_err(RunFailure::new)?;
        let middle = PointF::from_yx(height / 2.0, width / 2.0);
        let whole = RotatedRect::new(middle, Vec2::from_yx(-1.0, 0.0), width, height);
        let read =
            self.recogniser.recognize_text(&input, &[vec![whole]]).map_err(RunFailure::new)?;
        let text = read.into_iter().flatten().map(|line| line.to_string()).collect::<String>();
        Ok(TextLine {
            quad: line.quad(),
            chars: text.chars().map(certain).collect(),
            lattice: Lattice::default(),
            bounds: bounds::bounds(photo, line, found),
        })
    }
}

/// ocrs tells the characters, not how sure it is of them.
fn certain(best: char) -> CharReading {
    CharReading { best, p: 1.0, runner_up: None, runner_up_p: 0.0, step: 0 }
}
