//! What goes into a read and what comes out of it: photos, limits, evidence, and the codes for a
//! photo that cannot be read at all. These types cross the pipe to a reader process, so they hold
//! plain data and never a handle.

use serde::{Deserialize, Serialize};
use validate::{Evidence, Surface};

/// One photo of a terminal, as it was uploaded.
#[derive(Clone, Copy, Debug)]
pub struct Photo<'a> {
    /// The file's bytes: JPEG, HEIC, PNG or WebP.
    pub bytes: &'a [u8],
    /// What was photographed, as far as the sender said.
    pub surface: Surface,
}

/// What one read may cost at most. All of it is counted in work, never in time, so that the same
/// photo gives the same answer on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Size of one photo's file.
    pub photo_bytes_max: usize,
    /// Width times height, from the header, before a pixel is allocated. 64 million hold the photos
    /// of 50-megapixel phones.
    pub pixels_max: u64,
    /// Width or height.
    pub side_px_max: u32,
    /// Width or height below this cannot hold a label; smaller photos are refused as unreadable.
    pub side_px_min: u32,
    /// Text lines that are recognised in one photo, the most promising first: of 153 real serials
    /// 149 are among the first 12.
    pub lines_max: usize,
    /// Photos of one terminal that are read together.
    pub photos_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            photo_bytes_max: 25_000_000,
            pixels_max: 64_000_000,
            side_px_max: 16_384,
            side_px_min: 16,
            lines_max: 24,
            photos_max: 8,
        }
    }
}

/// How many threads a read may use. The answer is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threads {
    /// One: other photos are read meanwhile.
    One,
    /// All that the engine has: this photo is alone.
    All,
}

/// The outcome of one read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What was seen, for the judge.
    pub evidence: Evidence,
    /// Where the time went.
    pub took: Took,
}

/// Wall time by stage, over all photos of the read, in milliseconds. On several threads, barcodes
/// are read while lines are found, so that the stages may add up to more than the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Took {
    /// From bytes to pixels.
    pub decode_ms: f64,
    /// Locating and decoding barcodes.
    pub barcode_ms: f64,
    /// Locating and recognising text.
    pub text_ms: f64,
    /// Everything, judging in between included.
    pub total_ms: f64,
}

/// A photo that cannot be read at all, which fails the whole read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("photo {}: {detail}", photo + 1)]
pub struct Unreadable {
    /// Index of the photo.
    pub photo: usize,
    /// The stable code.
    pub code: UnreadableCode,
    /// What exactly is wrong, in words; holds no content of the photo.
    pub detail: String,
}

/// Why a photo cannot be read at all. The spelling is stable; clients may act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadableCode {
    /// No bytes, or no photo at all.
    PhotoEmpty,
    /// The bytes are not a picture.
    NotAPhoto,
    /// A picture of a kind that is not decoded here: AVIF, JPEG XL, GIF, BMP, TIFF, SVG.
    FormatUnsupported,
    /// More bytes than allowed, or more photos than allowed.
    PhotoTooLarge,
    /// More pixels than allowed, or a side that is too long or too short.
    TooManyPixels,
    /// The picture's data is cut short or broken.
    PhotoDamaged,
}

impl UnreadableCode {
    /// What a technician can do about it, one sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::PhotoEmpty => "The photo is empty: take it again.",
            Self::NotAPhoto => {
                "This file is not a photo: choose a JPEG, HEIC, PNG or WebP picture."
            }
            Self::FormatUnsupported => {
                "This kind of picture is not supported: save it as JPEG, HEIC, PNG or WebP."
            }
            Self::PhotoTooLarge => "The upload is too large: send fewer or smaller photos.",
            Self::TooManyPixels => "The picture's dimensions are out of bounds: use a plain photo.",
            Self::PhotoDamaged => "The photo is damaged or incomplete: take or send it again.",
        }
    }
}
