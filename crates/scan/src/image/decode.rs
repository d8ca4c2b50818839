//! From the bytes of an upload to an upright grey picture.
//!
//! Nothing is trusted: the kind comes from the magic bytes, the dimensions from the header and
//! are checked before a pixel is allocated, and a decoder that panics is a damaged photo. Colour
//! is dropped here: barcodes never need it, and text is read as well from the luminance, which a
//! JPEG carries as a channel of its own.

use crate::photo::{Limits, Unreadable, UnreadableCode};
use heifer::heifer_isobmff::HeifFile;
use image::codecs::{png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Progressive JPEGs may repeat scans without end; cameras write about ten.
const JPEG_SCANS_MAX: usize = 64;
/// What zune-jpeg puts where a file has no pixels any more.
const JPEG_MISSING_LEVEL: u8 = 128;
/// Rows that the decoder works on together: two rows of 16-pixel blocks where colour is sampled at
/// half the height.
const JPEG_BLOCK_ROWS_MAX: u32 = 32;

/// The kinds of picture that are told apart by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    WebP,
    Heic,
    /// A picture that is not decoded here, with the name of its format.
    Other(&'static str),
}

/// Bytes of a file that tell its kind.
pub const HEAD_BYTES: u64 = 64;

/// Whether a file that begins like this is a picture that [`crate::Engine::read`] decodes. Needs
/// the first [`HEAD_BYTES`].
pub fn is_photo(head: &[u8]) -> bool {
    media_type(head).is_ok()
}

/// The media type of a picture that is decoded here, by its first [`HEAD_BYTES`], whatever its
/// sender calls it.
///
/// # Errors
/// The code of a file that [`crate::Engine::read`] would refuse for its kind.
pub fn media_type(head: &[u8]) -> Result<&'static str, UnreadableCode> {
    match kind(head) {
        Some(Kind::Jpeg) => Ok("image/jpeg"),
        Some(Kind::Png) => Ok("image/png"),
        Some(Kind::WebP) => Ok("image/webp"),
        Some(Kind::Heic) => Ok("image/heic"),
        Some(Kind::Other(_)) => Err(UnreadableCode::FormatUnsupported),
        None if head.is_empty() => Err(UnreadableCode::PhotoEmpty),
        None => Err(UnreadableCode::NotAPhoto),
    }
}

/// What to do about a picture whose format is told apart but not decoded here, with the name of the
/// format; `None` for every other file.
pub fn unsupported_detail(head: &[u8]) -> Option<String> {
    match kind(head) {
        Some(Kind::Other(name)) => {
            Some(format!("{name} is not read: save the picture as JPEG, HEIC, PNG or WebP"))
        }
        _ => None,
    }
}

fn kind(bytes: &[u8]) -> Option<Kind> {
    let at = |from: usize, magic: &[u8]| bytes.get(from..from + magic.len()) == Some(magic);
    // A file of the ISO base media format names its brands: the major one, then others it fits.
    let brand = |name: &[u8]| {
        let length = bytes.first_chunk().map_or(0, |&length| u32::from_be_bytes(length) as usize);
        let brands = bytes.get(8..length.min(bytes.len())).unwrap_or_default();
        at(4, b"ftyp") && brands.as_chunks::<4>().0.iter().any(|brand| brand == name)
    };
    let kind = if at(0, b"\xff\xd8\xff") {
        Kind::Jpeg
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        Kind::Png
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Kind::WebP
    } else if brand(b"avif") || brand(b"avis") {
        Kind::Other("AVIF")
    } else if at(4, b"ftypheic") || at(4, b"ftypheix") || at(4, b"ftypmif1") {
        Kind::Heic
    } else if at(0, b"\xff\x0a") || at(0, b"\0\0\0\x0cJXL \r\n\x87\n") {
        Kind::Other("JPEG XL")
    } else if at(0, b"GIF8") {
        Kind::Other("GIF")
    } else if at(0, b"BM") && bytes.len() > 26 {
        Kind::Other("BMP")
    } else if at(0, b"II*\0") || at(0, b"MM\0*") || at(0, b"II+\0") || at(0, b"MM\0+") {
        Kind::Other("TIFF")
    } else if at(0, b"<svg") || at(0, b"<?xml") {
        Kind::Other("SVG")
    } else {
        return None;
    };
    Some(kind)
}

/// A failure without the index of its photo.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    code: UnreadableCode,
    detail: String,
}

impl Failure {
    pub(crate) fn new(code: UnreadableCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    pub(crate) fn of_photo(self, photo: usize) -> Unreadable {
        Unreadable { photo, code: self.code, detail: self.detail }
    }
}

/// A photo's luminance.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// Upright, `[H, W]`.
    pub(crate) grey: GrayImage,
    /// The file ends before its picture does: the rows that it lacks are cut off.
    pub(crate) incomplete: bool,
}

impl From<GrayImage> for Decoded {
    fn from(grey: GrayImage) -> Self {
        Self { grey, incomplete: false }
    }
}

/// Decodes a photo to luminance and turns it upright by its EXIF orientation.
///
/// # Errors
/// Every [`UnreadableCode`]; never panics, never allocates more than the limits allow.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, Failure> {
    if bytes.is_empty() {
        return Err(Failure::new(UnreadableCode::PhotoEmpty, "no bytes"));
    }
    if bytes.len() > limits.photo_bytes_max {
        return Err(Failure::new(
            UnreadableCode::PhotoTooLarge,
            format!("{} bytes, at most {} are taken", bytes.len(), limits.photo_bytes_max),
        ));
    }
    let decoded = catch_unwind(AssertUnwindSafe(|| match kind(bytes) {
        Some(Kind::Jpeg) => decode_jpeg(bytes, limits),
        Some(Kind::Png) => {
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), image_limits(limits))
                .map_err(from_image)?;
            decode_by_image(decoder, limits).map(Decoded::from)
        }
        Some(Kind::WebP) => {
            let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(from_image)?;
            decode_by_image(decoder, limits).map(Decoded::from)
        }
        Some(Kind::Heic) => decode_heic(bytes, limits).map(Decoded::from),
        Some(Kind::Other(_)) => {
            let detail = unsupported_detail(bytes).unwrap_or_default();
            Err(Failure::new(UnreadableCode::FormatUnsupported, detail))
        }
        None => Err(Failure::new(UnreadableCode::NotAPhoto, "not a JPEG, HEIC, PNG or WebP file")),
    }));
    decoded.unwrap_or_else(|_| {
        Err(Failure::new(UnreadableCode::PhotoDamaged, "the decoder gave up on this file"))
    })
}

fn check_dimensions(width: u32, height: u32, limits: &Limits) -> Result<(), Failure> {
    let pixels = u64::from(width) * u64::from(height);
    let too = |what: String| Err(Failure::new(UnreadableCode::TooManyPixels, what));
    if width.max(height) > limits.side_px_max {
        too(format!("{width} x {height} pixels, at most {} a side", limits.side_px_max))
    } else if pixels > limits.pixels_max {
        too(format!("{width} x {height} pixels, at most {} in all", limits.pixels_max))
    } else if width.min(height) < limits.side_px_min {
        too(format!("{width} x {height} pixels, at least {} a side", limits.side_px_min))
    } else {
        Ok(())
    }
}

/// JPEG is decoded straight to its luminance channel: a third of the memory, no colour conversion.
/// A file that lost its end is read as far as it goes.
fn decode_jpeg(bytes: &[u8], limits: &Limits) -> Result<Decoded, Failure> {
    let damaged = |error| Failure::new(UnreadableCode::PhotoDamaged, format!("JPEG: {error:?}"));
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_max_scans(JPEG_SCANS_MAX)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let (width, height) = (width as u32, height as u32);
    check_dimensions(width, height, limits)?;
    let cut_off = || Failure::new(UnreadableCode::PhotoDamaged, "JPEG: cut off before its end");
    let Scans { count, incomplete } = scans(bytes).ok_or_else(cut_off)?;
    if count > JPEG_SCANS_MAX {
        let detail = format!("JPEG: {count} scans, at most {JPEG_SCANS_MAX} are taken");
        return Err(Failure::new(UnreadableCode::PhotoDamaged, detail));
    }
    // What a progressive file lost is detail in rows that nobody can tell from the others.
    if incomplete && (count > 1 || decoder.info().is_some_and(|info| info.sof.is_progressive())) {
        return Err(cut_off());
    }
    let luminance =
        matches!(decoder.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
    if !luminance {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::RGB));
    }
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let pixels = decoder.decode().map_err(damaged)?;
    let sized = || Failure::new(UnreadableCode::PhotoDamaged, "JPEG: fewer pixels than announced");
    let mut grey = if luminance {
        GrayImage::from_raw(width, height, pixels).ok_or_else(sized)?
    } else {
        let colour = image::RgbImage::from_raw(width, height, pixels).ok_or_else(sized)?;
        DynamicImage::ImageRgb8(colour).into_luma8()
    };
    if incomplete {
        grey = without_missing_rows(grey, limits).ok_or_else(cut_off)?;
    }
    let grey = upright(grey, orientation.unwrap_or(Orientation::NoTransforms));
    Ok(Decoded { grey, incomplete })
}

/// The rows of a picture whose file ends too early that were decoded whole: so that a line of print
/// that lost its lower half is seen to touch the frame. The decoder fills what is missing with one
/// level; the row of blocks before that may hold anything.
fn without_missing_rows(grey: GrayImage, limits: &Limits) -> Option<GrayImage> {
    let width = grey.width() as usize;
    let missing = |row: &&[u8]| row.iter().all(|&level| level == JPEG_MISSING_LEVEL);
    let filled = grey.as_raw().rchunks_exact(width).take_while(missing).count() as u32;
    let height = grey.height().checked_sub(filled + JPEG_BLOCK_ROWS_MAX)?;
    let mut rows = grey.into_raw();
    rows.truncate(width * height as usize);
    GrayImage::from_raw(width as u32, height, rows).filter(|_| height >= limits.side_px_min)
}

/// The scans of a JPEG file.
#[derive(Debug, PartialEq)]
pub(super) struct Scans {
    count: usize,
    /// The end-of-image marker is missing.
    pub(super) incomplete: bool,
}

/// Counts the scans up to the end-of-image marker; `None` if the file ends before the first. Inside
/// a scan 0xFF is always escaped, so a file without the marker was cut off. The segments before the
/// first scan are stepped over by their lengths: a thumbnail among them has markers of its own.
pub(super) fn scans(bytes: &[u8]) -> Option<Scans> {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xda => {
                let end = bytes[at..].windows(2).position(|pair| pair == [0xff, 0xd9]);
                let scanned = &bytes[at..at + end.unwrap_or(bytes.len() - at)];
                let count = scanned.windows(2).filter(|pair| *pair == [0xff, 0xda]).count();
                return Some(Scans { count, incomplete: end.is_none() });
            }
            0xff => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    None
}

/// HEIC carries its orientation as transforms of its own, which are applied; the EXIF beside them
/// repeats it and is not looked at (ISO/IEC 23008-12, 6.5.10).
fn decode_heic(bytes: &[u8], limits: &Limits) -> Result<GrayImage, Failure> {
    let file = HeifFile::parse(bytes).map_err(|error| from_heif(error.into()))?;
    let size = file.image_size(file.primary_id).map_err(|error| from_heif(error.into()))?;
    if let Some((width, height)) = size {
        check_dimensions(width, height, limits)?;
    }
    let options = heifer::Options { max_threads: 1, max_pixels: limits.pixels_max };
    let image = heifer::decode_rgba8(bytes, &options).map_err(from_heif)?;
    check_dimensions(image.width, image.height, limits)?;
    let colour = image::RgbaImage::from_raw(image.width, image.height, image.data)
        .ok_or_else(|| Failure::new(UnreadableCode::PhotoDamaged, "HEIC: too few pixels"))?;
    let picture = DynamicImage::ImageRgba8(colour);
    Ok(if image.has_alpha { over_white(&picture) } else { picture.into_luma8() })
}

fn from_heif(error: heifer::Error) -> Failure {
    let code = match &error {
        heifer::Error::Unsupported(_) => UnreadableCode::FormatUnsupported,
        _ => UnreadableCode::PhotoDamaged,
    };
    Failure::new(code, format!("HEIC: {error}"))
}

fn image_limits(limits: &Limits) -> image::Limits {
    let mut of_image = image::Limits::default();
    // Eight bytes a pixel is the widest PNG; the same again for the decoder's own buffers.
    of_image.max_alloc = Some(limits.pixels_max.saturating_mul(16));
    of_image
}

fn decode_by_image(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<GrayImage, Failure> {
    let (width, height) = decoder.dimensions();
    check_dimensions(width, height, limits)?;
    decoder.set_limits(image_limits(limits)).map_err(from_image)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(from_image)?;
    let grey =
        if picture.color().has_alpha() { over_white(&picture) } else { picture.into_luma8() };
    Ok(upright(grey, orientation))
}

/// Transparent pixels carry any colour, often black: shown as a viewer would, on white.
fn over_white(picture: &DynamicImage) -> GrayImage {
    let mut layers = picture.to_luma_alpha8();
    let mut grey = GrayImage::new(layers.width(), layers.height());
    for (out, pixel) in grey.pixels_mut().zip(layers.pixels_mut()) {
        let [luminance, alpha] = pixel.0.map(u16::from);
        out.0[0] = ((luminance * alpha + 255 * (255 - alpha)) / 255) as u8;
    }
    grey
}

fn upright(grey: GrayImage, orientation: Orientation) -> GrayImage {
    if orientation == Orientation::NoTransforms {
        return grey;
    }
    let mut turned = DynamicImage::ImageLuma8(grey);
    turned.apply_orientation(orientation);
    turned.into_luma8()
}

fn from_image(error: ImageError) -> Failure {
    let code = match &error {
        ImageError::Limits(_) => UnreadableCode::TooManyPixels,
        ImageError::Unsupported(_) => UnreadableCode::FormatUnsupported,
        _ => UnreadableCode::PhotoDamaged,
    };
    Failure::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
    use image::{ExtendedColorType, ImageEncoder};

    const WIDTH: u32 = 64;
    const HEIGHT: u32 = 32;

    /// Dark on the left, light on the right.
    fn picture() -> Vec<u8> {
        (0..WIDTH * HEIGHT).map(|at| if at % WIDTH < WIDTH / 2 { 20 } else { 230 }).collect()
    }

    fn jpeg(exif: Option<Vec<u8>>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).expect("JPEG carries EXIF");
        }
        encoder
            .write_image(&picture(), WIDTH, HEIGHT, ExtendedColorType::L8)
            .expect("a plain picture");
        bytes
    }

    fn png(pixels: &[u8], color: ExtendedColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(pixels, WIDTH, HEIGHT, color)
            .expect("a plain picture");
        bytes
    }

    /// As a telephone sends it, but small.
    fn heic() -> Vec<u8> {
        let rgb: Vec<u8> = picture().into_iter().flat_map(|grey| [grey; 3]).collect();
        heifer::encode_rgb8(WIDTH, HEIGHT, &rgb, &heifer::EncodeOptions::default())
            .expect("a plain picture")
    }

    fn code(bytes: &[u8]) -> Option<UnreadableCode> {
        decode(bytes, &Limits::default()).err().map(|failure| failure.code)
    }

    #[test]
    fn each_kind_of_other_file_gets_its_code() {
        assert_eq!(code(b""), Some(UnreadableCode::PhotoEmpty));
        assert_eq!(code(b"serial: 77987515"), Some(UnreadableCode::NotAPhoto));
        assert_eq!(code(b"\0\0\0\x18ftypheic"), Some(UnreadableCode::PhotoDamaged));
        assert_eq!(code(b"PK\x03\x04\x14\0\0\0\x08\0\0\0"), Some(UnreadableCode::NotAPhoto));
        assert_eq!(code(b"\xff\xd8\xff"), Some(UnreadableCode::PhotoDamaged));
        assert!(is_photo(&jpeg(None)[..12]) && !is_photo(b"%PDF-1.7 and"));
    }

    #[test]
    fn unsupported_pictures_are_named_with_what_to_do() {
        let named: [(&[u8], &str); 10] = [
            (b"GIF89a\x01\0\x01\0\0\0", "GIF"),
            (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0", "BMP"),
            (b"II*\0\x08\0\0\0\0\0\0\0", "TIFF"),
            (b"MM\0*\0\0\0\x08\0\0\0\0", "TIFF"),
            (b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf", "AVIF"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
            (b"\0\0\0\x18ftypavis\0\0\0\0msf1miaf", "AVIF"),
            (b"\xff\x0a\xfa\x1f\x01\x90\x08\x06\x01\0\0\0", "JPEG XL"),
            (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "JPEG XL"),
            (b"<svg xmlns='http://www.w3.org", "SVG"),
        ];
        for (bytes, name) in named {
            let failure = decode(bytes, &Limits::default()).expect_err("not decoded here");
            assert_eq!(failure.code, UnreadableCode::FormatUnsupported, "{name}");
            assert!(failure.detail.starts_with(name) && failure.detail.contains("save"), "{name}");
            assert_eq!(unsupported_detail(bytes), Some(failure.detail));
            assert!(!is_photo(bytes));
        }
        assert_eq!(unsupported_detail(&jpeg(None)), None);
        assert_eq!(media_type(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"), Ok("image/heic"));
    }

    #[test]
    fn limits_hold_before_a_pixel_is_allocated() {
        let mut huge = png(&picture(), ExtendedColorType::L8);
        huge[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        // The header's checksum follows its 13 bytes of data.
        let crc = crc32(&huge[12..29]);
        huge[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(code(&huge), Some(UnreadableCode::TooManyPixels));

        let mut huge = jpeg(None);
        let frame = huge.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame header");
        huge[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
        assert_eq!(code(&huge), Some(UnreadableCode::TooManyPixels));

        let small = Limits { photo_bytes_max: 100, ..Limits::default() };
        let failure = decode(&jpeg(None), &small).expect_err("larger than 100 bytes");
        assert_eq!(failure.code, UnreadableCode::PhotoTooLarge);
    }

    /// The checksum of PNG chunks, bit by bit (ISO 3309).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }

    #[test]
    fn scans_are_counted_before_one_is_decoded() {
        let whole = jpeg(None);
        assert_eq!(scans(&whole), Some(Scans { count: 1, incomplete: false }));
        let scan = whole.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan");
        let many = |count: usize| {
            let (head, rest) = whole.split_at(scan);
            let picture = &rest[..rest.len() - 2];
            [head, &picture.repeat(count), &[0xff, 0xd9]].concat()
        };
        assert_eq!(scans(&many(3)), Some(Scans { count: 3, incomplete: false }));
        let failure = decode(&many(JPEG_SCANS_MAX + 1), &Limits::default()).expect_err("too many");
        assert_eq!(failure.code, UnreadableCode::PhotoDamaged);
        assert!(failure.detail.contains("65 scans"), "{}", failure.detail);
    }

    #[test]
    fn truncated_pictures_are_damaged() {
        // The JPEG picture is not higher than the rows that are given up with the missing ones.
        for whole in [jpeg(None), png(&picture(), ExtendedColorType::L8)] {
            assert_eq!(code(&whole), None);
            for length in 12..whole.len() - 12 {
                let code = code(&whole[..length]);
                assert_eq!(code, Some(UnreadableCode::PhotoDamaged), "{length} bytes");
            }
        }
    }

    /// Rows that differ from each other, so that it shows which were decoded.
    fn steps(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| image::Luma([((x * 3 + y) % 200) as u8 + 20]))
    }

    #[test]
    fn jpeg_without_its_end_is_read_as_far_as_it_goes_and_flagged() {
        let whole_picture = steps(160, 400);
        for color in [ExtendedColorType::L8, ExtendedColorType::Rgb8] {
            let pixels: Vec<u8> = match color {
                ExtendedColorType::L8 => whole_picture.as_raw().clone(),
                _ => whole_picture.iter().flat_map(|&level| [level; 3]).collect(),
            };
            let mut bytes = Vec::new();
            JpegEncoder::new_with_quality(&mut bytes, 95)
                .write_image(&pixels, 160, 400, color)
                .expect("a plain picture");
            let limits = Limits::default();
            let whole = decode(&bytes, &limits).expect("a plain picture");
            assert!(!whole.incomplete && whole.grey.height() == 400);
            let scan = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan");
            let mut heights = Vec::new();
            for cut in (1..bytes.len() - scan).step_by(97) {
                let length = bytes.len() - cut;
                let Ok(found) = decode(&bytes[..length], &limits) else {
                    heights.push(0);
                    continue;
                };
                assert!(found.incomplete, "{length} of {} bytes", bytes.len());
                let kept = found.grey.as_raw().iter().zip(whole.grey.as_raw());
                assert!(kept.clone().all(|(one, other)| one == other), "{length}: rows are whole");
                heights.push(found.grey.height());
            }
            assert!(heights.is_sorted_by(|more, less| more >= less), "{heights:?}");
            assert!(heights[0] >= 400 - 2 * JPEG_BLOCK_ROWS_MAX, "{heights:?}");
        }
    }

    #[test]
    fn progressive_jpeg_without_its_end_is_damaged() {
        let mut bytes = jpeg(None);
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame");
        bytes[frame + 1] = 0xc2;
        bytes.truncate(bytes.len() - 2);
        assert_eq!(code(&bytes), Some(UnreadableCode::PhotoDamaged));
    }

    #[test]
    fn heic_is_decoded_within_limits_and_truncations_are_damaged() {
        let whole = heic();
        assert_eq!(media_type(&whole[..12]), Ok("image/heic"));
        let grey = decode(&whole, &Limits::default()).expect("a plain picture").grey;
        assert_eq!(grey.dimensions(), (WIDTH, HEIGHT));
        assert!(grey.get_pixel(4, 16).0[0] < 60 && grey.get_pixel(60, 16).0[0] > 190);
        for length in 12..whole.len() - 1 {
            assert_eq!(code(&whole[..length]), Some(UnreadableCode::PhotoDamaged), "{length}");
        }
        let small = Limits { side_px_max: WIDTH - 1, ..Limits::default() };
        let failure = decode(&whole, &small).expect_err("wider than that");
        assert_eq!(failure.code, UnreadableCode::TooManyPixels);
        let narrow = whole.windows(4).position(|name| name == b"ispe").expect("a size") + 8;
        let mut huge = whole;
        huge[narrow..narrow + 8].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        assert_eq!(code(&huge), Some(UnreadableCode::TooManyPixels));
    }

    #[test]
    fn exif_turns_the_photo_upright() {
        // A TIFF header and one entry: tag 0x0112, SHORT, one value, 6: turn right.
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        let grey = decode(&jpeg(Some(exif)), &Limits::default()).expect("a plain picture").grey;
        assert_eq!(grey.dimensions(), (HEIGHT, WIDTH));
        assert!(grey.get_pixel(16, 4).0[0] < 60 && grey.get_pixel(16, 60).0[0] > 190);
    }

    #[test]
    fn transparent_pixels_show_white() {
        let clear: Vec<u8> = [0, 0].repeat((WIDTH * HEIGHT) as usize);
        let grey = decode(&png(&clear, ExtendedColorType::La8), &Limits::default());
        assert!(grey.expect("a plain picture").grey.pixels().all(|pixel| pixel.0[0] == 255));
    }
}
