//! Two-dimensional symbols, decoded by rxing.
//!
//! Each symbology has its own call, in a fixed order (rxing's multi reader walks a hash set), and
//! each call is fenced: some pictures make the library panic. QR detection can take time that
//! grows with the cube of the finder patterns, so its steps are driven from here, with a limit on
//! their number.

use image::GrayImage;
use rxing::common::{BitMatrix, HybridBinarizer};
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::{decoder, detector};
use rxing::{
    Binarizer, BinaryBitmap, DecodeHints, Luma8Source, RXingResult, RXingResultMetadataType,
    RXingResultMetadataValue, Reader,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use validate::{Barcode, Point, Quad, Symbology};

/// Most finder patterns that are combined to QR symbols.
const FINDERS_MAX: usize = 60;
/// Most combinations that are sampled.
const FINDER_SETS_MAX: usize = 120;

/// A grey picture, thresholded once for all readers.
pub(super) struct Bits<'a> {
    bitmap: BinaryBitmap<HybridBinarizer<Luma8Source<'a>>>,
}

impl<'a> Bits<'a> {
    /// `None` for a picture without contrast.
    pub(super) fn of(grey: &'a GrayImage) -> Option<Self> {
        let source =
            Luma8Source::new_with_slice(grey.as_raw(), grey.width(), grey.height()).ok()?;
        let binarizer = HybridBinarizer::new(source);
        fenced(|| binarizer.get_black_matrix().is_ok()).filter(|&ok| ok)?;
        Some(Self { bitmap: BinaryBitmap::new(binarizer) })
    }

    /// All QR codes.
    pub(super) fn qr(&mut self) -> Vec<Barcode> {
        let bits = self.bitmap.get_black_matrix();
        fenced(|| qr_codes(bits)).unwrap_or_default()
    }

    /// A Data Matrix symbol.
    pub(super) fn data_matrix(&mut self) -> Vec<Barcode> {
        let hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
        let result = fenced(|| {
            rxing::datamatrix::DataMatrixReader.decode_with_hints(&mut self.bitmap, &hints).ok()
        });
        result
            .flatten()
            .and_then(|result| barcode(&result, Symbology::DataMatrix))
            .into_iter()
            .collect()
    }

    /// An Aztec symbol.
    pub(super) fn aztec(&mut self) -> Vec<Barcode> {
        let result = fenced(|| rxing::aztec::AztecReader.decode(&mut self.bitmap).ok());
        result.flatten().and_then(|result| barcode(&result, Symbology::Aztec)).into_iter().collect()
    }

    /// All PDF417 symbols.
    pub(super) fn pdf417(&mut self) -> Vec<Barcode> {
        let hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
        let results = fenced(|| {
            rxing::pdf417::PDF417Reader
                .decode_multiple_with_hints(&mut self.bitmap, &hints)
                .unwrap_or_default()
        });
        let results = results.unwrap_or_default();
        results.iter().filter_map(|result| barcode(result, Symbology::Pdf417)).collect()
    }
}

/// Runs a reader; a panic inside it counts as nothing found.
fn fenced<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}

fn qr_codes(bits: &BitMatrix) -> Vec<Barcode> {
    let mut finders = detector::FindFinderPatterns(bits, true, 0);
    finders.sort_by_key(|finder| std::cmp::Reverse(finder.size));
    finders.truncate(FINDERS_MAX);
    let mut used = Vec::new();
    let mut out = Vec::new();
    for set in detector::GenerateFinderPatternSets(&mut finders).iter().take(FINDER_SETS_MAX) {
        let corners = [set.bl, set.tl, set.tr];
        if corners.iter().any(|corner| used.contains(corner)) {
            continue;
        }
        let Ok(sampled) = detector::SampleQR(bits, set) else { continue };
        let Ok(decoded) = decoder::Decode(rxing::common::DetectorRXingResult::getBits(&sampled))
        else {
            continue;
        };
        if decoded.isValid() {
            used.extend(corners);
            let points = rxing::common::DetectorRXingResult::getPoints(&sampled);
            let result =
                RXingResult::with_decoder_result(decoded, points, rxing::BarcodeFormat::QR_CODE);
            out.extend(barcode(&result, Symbology::QrCode));
        }
    }
    out
}

fn barcode(result: &RXingResult, symbology: Symbology) -> Option<Barcode> {
    let payload = result.getText().to_owned();
    let quad = quad(result.getPoints(), symbology)?;
    let identifier =
        result.getRXingResultMetadata().get(&RXingResultMetadataType::SYMBOLOGY_IDENTIFIER);
    let gs1 = match identifier {
        Some(RXingResultMetadataValue::SymbologyIdentifier(identifier)) => {
            ["]d2", "]d5", "]Q3", "]Q4", "]z1"].contains(&identifier.as_str())
        }
        _ => false,
    };
    (!payload.is_empty()).then_some(Barcode { symbology, payload, gs1, quad, votes: 1 })
}

/// The corners of a symbol from the points of its detector.
fn quad(points: &[rxing::Point], symbology: Symbology) -> Option<Quad> {
    let at = |i: usize| points.get(i).map(|p| Point { x: p.x, y: p.y });
    match symbology {
        // Outer corners first: top left, bottom left, top right, bottom right.
        Symbology::Pdf417 => Some([at(0)?, at(2)?, at(3)?, at(1)?]),
        _ => Some([at(0)?, at(1)?, at(2)?, at(3)?]),
    }
}
