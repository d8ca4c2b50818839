//! All end-to-end tests in one binary: they link once and share the harness.
#![forbid(unsafe_code)]

mod batch;
mod crash;
mod crash_points;
mod desk;
mod estate;
mod inbox;
mod numbering;
mod phone;
mod reading;
mod rendering;
mod resumable;
mod secrecy;
mod serving;
mod soaking;
mod storage;
mod structure;
mod terminals;
mod why_not;

use std::time::Duration;
use tests::render::{Code, Fonts, Layout, Photo, Recipe, photograph};

/// How long a test waits for something that takes a moment on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A photo that no reader has an excuse to miss.
fn clear_photo(seed: u64) -> Photo {
    let fonts = Fonts::load().expect("fonts");
    photograph(&fonts, &Recipe::turned(Code::Code128, 0.0), seed).expect("a photo")
}

/// A photo of a sticker with a few words and no number.
fn photo_without_numbers(seed: u64) -> Photo {
    let fonts = Fonts::load().expect("fonts");
    let recipe = Recipe { layout: Layout::NoNumbers, ..Recipe::turned(Code::Code128, 0.0) };
    photograph(&fonts, &recipe, seed).expect("a photo")
}

/// The serial that a photo's label carries, without separators.
fn serial_of(photo: &Photo) -> String {
    let printed = photo.truth.serial.as_deref().unwrap_or_default();
    printed.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// A PNG that claims 65,535 by 65,535 pixels and holds hardly any of them.
fn png_of_claims() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 8, 2, 0, 0, 0];
    let pixels = [0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1];
    for (name, content) in [(b"IHDR", header.as_slice()), (b"IDAT", &pixels), (b"IEND", &[])] {
        let chunk = [name.as_slice(), content].concat();
        png.extend((content.len() as u32).to_be_bytes());
        png.extend(&chunk);
        png.extend(crc32(&chunk).to_be_bytes());
    }
    png
}

/// The checksum of PNG chunks (ISO/IEC 15948, annex D), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let fold = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    };
    !bytes.iter().fold(u32::MAX, fold)
}
