//! Whether a photo's file is all there, told from its container without decoding a pixel: a copy that
//! has stalled looks like a file, and what was read of it would be half a photo.

use crate::image::decode::{media_type, scans};

/// Whether a file ends where its container says, or after it. What is no photo is not whole.
pub fn is_whole(bytes: &[u8]) -> bool {
    match media_type(bytes) {
        Ok("image/jpeg") => scans(bytes).is_some_and(|scans| !scans.incomplete),
        Ok("image/png") => png_ends(bytes).is_some(),
        Ok("image/webp") => webp_ends(bytes).is_some_and(|end| end <= bytes.len() as u64),
        Ok(_) => boxes_end(bytes).is_some(),
        Err(_) => false,
    }
}

/// Goes through a PNG's chunks (ISO/IEC 15948, 5.3) to the one that ends it.
fn png_ends(bytes: &[u8]) -> Option<()> {
    let mut at = 8_usize;
    loop {
        let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize;
        let kind = bytes.get(at + 4..at + 8)?;
        // Length, kind and checksum are four bytes each.
        at = at.checked_add(length)?.checked_add(12)?;
        if at > bytes.len() {
            return None;
        }
        if kind == b"IEND" {
            return Some(());
        }
    }
}

/// Where a WebP file ends by its RIFF header.
fn webp_ends(bytes: &[u8]) -> Option<u64> {
    let size = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
    Some(u64::from(size) + 8)
}

/// Goes through a HEIC file's boxes (ISO/IEC 14496-12, 4.2) to its end; `None` if the last one is
/// cut off or none holds a picture.
fn boxes_end(bytes: &[u8]) -> Option<()> {
    let (mut at, mut has_picture) = (0_usize, false);
    while at < bytes.len() {
        let short = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        let kind = bytes.get(at + 4..at + 8)?;
        let size = match short {
            // The last box, up to the end of the file, wherever that is.
            0 => bytes.len() - at,
            1 => usize::try_from(u64::from_be_bytes(*bytes.get(at + 8..)?.first_chunk()?)).ok()?,
            size => size as usize,
        };
        has_picture |= kind == b"mdat";
        at = at.checked_add(size.max(8))?;
    }
    (has_picture && at == bytes.len()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage, ImageFormat};
    use std::io::Cursor;

    fn file(format: ImageFormat) -> Vec<u8> {
        let picture = GrayImage::from_fn(48, 40, |x, y| image::Luma([(x * 5 + y * 3) as u8]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageLuma8(picture).write_to(&mut bytes, format).expect("it is written");
        bytes.into_inner()
    }

    fn heic(media_bytes: usize) -> Vec<u8> {
        let mut bytes = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1\0\0\0\x08meta".to_vec();
        bytes.extend((media_bytes as u32 + 8).to_be_bytes());
        bytes.extend(b"mdat");
        bytes.resize(bytes.len() + media_bytes, 7);
        bytes
    }

    #[test]
    fn a_file_is_whole_at_its_end_and_nowhere_before() {
        let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
        for whole in formats.map(file).into_iter().chain([heic(500)]) {
            assert!(is_whole(&whole), "{:?}", media_type(&whole));
            for length in 0..whole.len() - 1 {
                assert!(!is_whole(&whole[..length]), "{:?}: {length}", media_type(&whole));
            }
        }
    }

    #[test]
    fn what_a_phone_appends_does_not_make_a_photo_unfinished() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let motion = [file(format), b"MotionPhoto_Data....ftypmp42".to_vec()].concat();
            assert!(is_whole(&motion), "{format:?}");
        }
    }

    #[test]
    fn lengths_that_lie_end_nothing() {
        for tail in [[0xff; 16], [0; 16]] {
            for head in [&b"\x89PNG\r\n\x1a\n"[..], b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"] {
                assert!(!is_whole(&[head, &tail].concat()), "{head:?} {tail:?}");
            }
        }
    }
}
