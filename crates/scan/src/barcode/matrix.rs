//! Two-dimensional symbols, decoded by rxing.
//!
//! Each symbology has its own call, in a fixed order (rxing's multi reader walks a hash set), and
//! each call is fenced: some pictures make the library panic. QR detection can take time that
//! grows with the cube of the finder patterns, so its steps are driven from here, with a limit on
//! their number.

use crate::barcode::aztec;
use crate::image::plane::threshold;
use image::GrayImage;
use rxing::common::cpp_essentials::StructuredAppendInfo;
use rxing::common::{BitArray, BitMatrix, LineOrientation};
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::{decoder, detector};
use rxing::{
    Binarizer, BinaryBitmap, DecodeHints, Luma8Source, LuminanceSource, RXingResult,
    RXingResultMetadataType, RXingResultMetadataValue, Reader,
};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use validate::{Barcode, Point, Quad, SymbolPart, Symbology};

/// Most places where a row may run through a finder pattern; a picture with more is a pattern that
/// the detector would compare with itself for seconds.
const FINDER_ROWS_MAX: usize = 10_000;
/// Most finder patterns that are combined to QR symbols.
const FINDERS_MAX: usize = 60;
/// Most combinations that are sampled.
const FINDER_SETS_MAX: usize = 120;

/// A grey picture, thresholded once for all readers.
pub(super) struct Bits<'a> {
    bitmap: BinaryBitmap<Thresholded<'a>>,
}

impl<'a> Bits<'a> {
    /// `None` for a picture without room for a symbol.
    pub(super) fn of(grey: &'a GrayImage) -> Option<Self> {
        let source =
            Luma8Source::new_with_slice(grey.as_raw(), grey.width(), grey.height()).ok()?;
        let bits = threshold(grey)?;
        Some(Self { bitmap: BinaryBitmap::new(Thresholded { source, bits }) })
    }

    /// The symbols of one kind; none for a one-dimensional symbology.
    pub(super) fn read(&mut self, symbology: Symbology) -> Vec<Barcode> {
        match symbology {
            Symbology::QrCode => self.qr(),
            Symbology::DataMatrix => self.data_matrix(),
            Symbology::Aztec => self.aztec(),
            Symbology::Pdf417 => self.pdf417(),
            _ => Vec::new(),
        }
    }

    /// Whether rxing reads a linear code with this content.
    pub(super) fn confirms(&mut self, code: &Barcode) -> bool {
        let hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
        let bitmap = &mut self.bitmap;
        let result = fenced(|| match code.symbology {
            Symbology::Itf => {
                rxing::oned::ITFReader::default().decode_with_hints(bitmap, &hints).ok()
            }
            Symbology::Codabar => {
                rxing::oned::CodaBarReader::default().decode_with_hints(bitmap, &hints).ok()
            }
            Symbology::Ean8 => rxing::oned::EAN8Reader.decode_with_hints(bitmap, &hints).ok(),
            Symbology::UpcE => rxing::oned::UPCEReader.decode_with_hints(bitmap, &hints).ok(),
            _ => None,
        });
        result.flatten().is_some_and(|result| result.getText() == code.payload)
    }

    /// All QR codes.
    fn qr(&mut self) -> Vec<Barcode> {
        let bits = self.bitmap.get_black_matrix();
        fenced(|| qr_codes(bits)).unwrap_or_default()
    }

    /// A Data Matrix symbol.
    fn data_matrix(&mut self) -> Vec<Barcode> {
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

    /// All Aztec symbols.
    fn aztec(&mut self) -> Vec<Barcode> {
        let bits = self.bitmap.get_black_matrix();
        fenced(|| aztec::symbols(bits)).unwrap_or_default()
    }

    /// All PDF417 symbols.
    fn pdf417(&mut self) -> Vec<Barcode> {
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

/// rxing's seam for a threshold of one's own.
struct Thresholded<'a> {
    source: Luma8Source<'a>,
    bits: BitMatrix,
}

impl<'a> Binarizer for Thresholded<'a> {
    type Source = Luma8Source<'a>;

    fn get_luminance_source(&self) -> &Self::Source {
        &self.source
    }

    fn get_black_row(&self, y: usize) -> rxing::common::Result<Cow<'_, BitArray>> {
        Ok(Cow::Owned(self.bits.getRow(y as u32)))
    }

    fn get_black_row_from_matrix(&self, y: usize) -> rxing::common::Result<Cow<'_, BitArray>> {
        self.get_black_row(y)
    }

    fn get_black_matrix(&self) -> rxing::common::Result<&BitMatrix> {
        Ok(&self.bits)
    }

    fn get_black_line(
        &self,
        line: usize,
        orientation: LineOrientation,
    ) -> rxing::common::Result<Cow<'_, BitArray>> {
        match orientation {
            LineOrientation::Row => self.get_black_row(line),
            LineOrientation::Column => Ok(Cow::Owned(self.bits.getCol(line as u32))),
        }
    }

    fn create_binarizer(&self, source: Self::Source) -> Self {
        let (width, height) = (source.get_width() as u32, source.get_height() as u32);
        let grey = GrayImage::from_raw(width, height, source.get_matrix().into_owned());
        let bits = grey.and_then(|grey| threshold(&grey)).unwrap_or_else(|| self.bits.clone());
        Self { source, bits }
    }

    fn get_width(&self) -> usize {
        self.bits.width() as usize
    }

    fn get_height(&self) -> usize {
        self.bits.height() as usize
    }
}

/// Runs a reader; a panic inside it counts as nothing found.
fn fenced<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}

fn qr_codes(bits: &BitMatrix) -> Vec<Barcode> {
    if finder_rows(bits) > FINDER_ROWS_MAX {
        return Vec::new();
    }
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
        // One symbol of several (Structured Append) ends wherever the symbol was full.
        if decoded.isValid() && decoded.structuredAppend().index < 0 {
            used.extend(corners);
            let points = rxing::common::DetectorRXingResult::getPoints(&sampled);
            let part = part(decoded.structuredAppend());
            let result =
                RXingResult::with_decoder_result(decoded, points, rxing::BarcodeFormat::QR_CODE);
            let found = barcode(&result, Symbology::QrCode);
            out.extend(found.map(|found| Barcode { part, ..found }));
        }
    }
    out
}

/// Counts the places where every third row shows the runs 1:1:3:1:1 of a finder pattern, each
/// within half a module.
fn finder_rows(bits: &BitMatrix) -> usize {
    let mut count = 0;
    for y in (2..bits.height()).step_by(3) {
        let row = bits.getRow(y);
        let (mut runs, mut from) = ([0usize; 5], row.getNextSet(0));
        while from < row.get_size() {
            let black_end = row.getNextUnset(from);
            let white_end = row.getNextSet(black_end);
            // After a black run the last five runs begin and end with black.
            runs = [runs[1], runs[2], runs[3], runs[4], black_end - from];
            let modules = [1, 1, 3, 1, 1];
            let total: usize = runs.iter().sum();
            let close = |(&run, &modules): (&usize, &usize)| {
                (2 * 7 * run).abs_diff(2 * modules * total) <= total * modules
            };
            count += usize::from(runs[0] > 0 && runs.iter().zip(&modules).all(close));
            runs = [runs[1], runs[2], runs[3], runs[4], white_end - black_end];
            from = white_end;
        }
    }
    count
}

/// Which of several symbols of one message it is (ISO/IEC 18004, Structured Append).
fn part(append: &StructuredAppendInfo) -> Option<SymbolPart> {
    let [index, count] = [append.index, append.count].map(|it| u8::try_from(it).ok());
    let message = append.id.parse().unwrap_or_default();
    count.filter(|&count| count > 1).zip(index).map(|(count, index)| SymbolPart {
        index,
        count,
        message,
    })
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
    (!payload.is_empty()).then_some(Barcode { symbology, payload, gs1, part: None, quad, votes: 1 })
}

/// The corners of a symbol from the points of its detector.
fn quad(points: &[rxing::Point], symbology: Symbology) -> Option<Quad> {
    let at = |i: usize| points.get(i).map(|p| Point { x: p.x, y: p.y });
    match symbology {
        // Outer corners first: top left, bottom left, top right, bottom right.
        Symbology::Pdf417 => Some([at(0)?, at(2)?, at(3)?, at(1)?]),
        // Row by row: top left, top right, bottom left, bottom right.
        Symbology::QrCode => Some([at(0)?, at(1)?, at(3)?, at(2)?]),
        _ => Some([at(0)?, at(1)?, at(2)?, at(3)?]),
    }
}
