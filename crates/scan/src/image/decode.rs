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

/// The kinds of picture that are told apart by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    WebP,
    Heic,
    /// A picture that is not decoded here, with its name for the error message.
    Other(&'static str),
}

/// Whether a file that begins like this is a picture that [`crate::Engine::read`] decodes. Needs
/// the first 12 bytes.
pub fn is_photo(head: &[u8]) -> bool {
    media_type(head).is_ok()
}

/// The media type of a picture that is decoded here, by its first 12 bytes, whatever its sender
/// calls it.
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

fn kind(bytes: &[u8]) -> Option<Kind> {
    let at = |from: usize, magic: &[u8]| bytes.get(from..from + magic.len()) == Some(magic);
    let kind = if at(0, b"\xff\xd8\xff") {
        Kind::Jpeg
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        Kind::Png
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Kind::WebP
    } else if at(4, b"ftypheic") || at(4, b"ftypheix") || at(4, b"ftypmif1") {
        Kind::Heic
    } else if at(4, b"ftypavif") {
        Kind::Other("AVIF")
    } else if at(0, b"GIF8") {
        Kind::Other("GIF")
    } else if at(0, b"BM") && bytes.len() > 26 {
        Kind::Other("BMP")
    } else if at(0, b"II*\0") || at(0, b"MM\0*") {
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

/// Decodes a photo to luminance and turns it upright by its EXIF orientation.
///
/// # Errors
/// Every [`UnreadableCode`]; never panics, never allocates more than the limits allow.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<GrayImage, Failure> {
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
            decode_by_image(decoder, limits)
        }
        Some(Kind::WebP) => {
            decode_by_image(WebPDecoder::new(Cursor::new(bytes)).map_err(from_image)?, limits)
        }
        Some(Kind::Heic) => decode_heic(bytes, limits),
        Some(Kind::Other(name)) => {
            Err(Failure::new(UnreadableCode::FormatUnsupported, format!("{name} is not supported")))
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
fn decode_jpeg(bytes: &[u8], limits: &Limits) -> Result<GrayImage, Failure> {
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
    let scans = scans(bytes).ok_or_else(|| {
        Failure::new(UnreadableCode::PhotoDamaged, "JPEG: cut off before its end")
    })?;
    if scans > JPEG_SCANS_MAX {
        let detail = format!("JPEG: {scans} scans, at most {JPEG_SCANS_MAX} are taken");
        return Err(Failure::new(UnreadableCode::PhotoDamaged, detail));
    }
    let luminance =
        matches!(decoder.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
    if !luminance {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::RGB));
    }
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let pixels = decoder.decode().map_err(damaged)?;
    let sized = || Failure::new(UnreadableCode::PhotoDamaged, "JPEG: fewer pixels than announced");
    let grey = if luminance {
        GrayImage::from_raw(width, height, pixels).ok_or_else(sized)?
    } else {
        let colour = image::RgbImage::from_raw(width, height, pixels).ok_or_else(sized)?;
        DynamicImage::ImageRgb8(colour).into_luma8()
    };
    Ok(upright(grey, orientation.unwrap_or(Orientation::NoTransforms)))
}

/// How many scans there are up to the end-of-image marker; none without it. Inside a scan 0xFF is
/// always escaped, so a file without the marker was cut off, and what it lost could be the serial.
/// The segments before the first scan are stepped over by their lengths: a thumbnail among them has
/// markers of its own.
fn scans(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xda => {
                let end = bytes[at..].windows(2).position(|pair| pair == [0xff, 0xd9])?;
                let starts = bytes[at..at + end].windows(2).filter(|pair| *pair == [0xff, 0xda]);
                return Some(starts.count());
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
        assert_eq!(code(b"GIF89a\x01\0\x01\0"), Some(UnreadableCode::FormatUnsupported));
        assert_eq!(code(b"\0\0\0\x18ftypheic"), Some(UnreadableCode::PhotoDamaged));
        assert_eq!(code(b"<svg xmlns='http://www.w3.org"), Some(UnreadableCode::FormatUnsupported));
        assert_eq!(code(b"II*\0\x08\0\0\0\0\0\0\0"), Some(UnreadableCode::FormatUnsupported));
        assert_eq!(code(b"PK\x03\x04\x14\0\0\0\x08\0\0\0"), Some(UnreadableCode::NotAPhoto));
        assert_eq!(code(b"\xff\xd8\xff"), Some(UnreadableCode::PhotoDamaged));
        assert!(is_photo(&jpeg(None)[..12]) && !is_photo(b"%PDF-1.7 and"));
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
        assert_eq!(scans(&whole), Some(1));
        let scan = whole.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan");
        let many = |count: usize| {
            let (head, rest) = whole.split_at(scan);
            let picture = &rest[..rest.len() - 2];
            [head, &picture.repeat(count), &[0xff, 0xd9]].concat()
        };
        assert_eq!(scans(&many(3)), Some(3));
        let failure = decode(&many(JPEG_SCANS_MAX + 1), &Limits::default()).expect_err("too many");
        assert_eq!(failure.code, UnreadableCode::PhotoDamaged);
        assert!(failure.detail.contains("65 scans"), "{}", failure.detail);
    }

    #[test]
    fn truncated_photos_are_damaged() {
        for whole in [jpeg(None), png(&picture(), ExtendedColorType::L8)] {
            assert_eq!(code(&whole), None);
            for length in 12..whole.len() - 12 {
                let code = code(&whole[..length]);
                assert_eq!(code, Some(UnreadableCode::PhotoDamaged), "{length} bytes");
            }
        }
    }

    #[test]
    fn heic_is_decoded_within_limits_and_truncations_are_damaged() {
        let whole = heic();
        assert_eq!(media_type(&whole[..12]), Ok("image/heic"));
        let grey = decode(&whole, &Limits::default()).expect("a plain picture");
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
        let grey = decode(&jpeg(Some(exif)), &Limits::default()).expect("a plain picture");
        assert_eq!(grey.dimensions(), (HEIGHT, WIDTH));
        assert!(grey.get_pixel(16, 4).0[0] < 60 && grey.get_pixel(16, 60).0[0] > 190);
    }

    #[test]
    fn transparent_pixels_show_white() {
        let clear: Vec<u8> = [0, 0].repeat((WIDTH * HEIGHT) as usize);
        let grey = decode(&png(&clear, ExtendedColorType::La8), &Limits::default());
        assert!(grey.expect("a plain picture").pixels().all(|pixel| pixel.0[0] == 255));
    }
}
