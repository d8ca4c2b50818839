//! Small files that ask for much: more pixels than there is memory, more scans than anybody waits
//! for, text that unpacks without end, more barcodes than anybody prints. A server that survives them
//! answers with a code.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// Scans of a progressive picture: cameras write about ten.
const SCANS: usize = 10_000;
/// Chunks of packed text; each unpacks to some 49 MB.
const TEXT_CHUNKS: usize = 40;

/// Every bomb with its name.
pub fn decompression_bombs() -> Vec<(&'static str, Vec<u8>)> {
    let blank = large_png(|_| 0);
    vec![
        ("PNG header of 65,535 x 65,535", png_of_claims()),
        ("JPEG header of 65,535 x 65,535", jpeg_of_claims()),
        ("WebP header of 16,384 x 16,384", webp_of_claims()),
        ("JPEG of 10,000 scans", jpeg_of_scans()),
        ("PNG whose text unpacks to 2 GB", png_of_text(&blank)),
        ("PNG of 49 million blank pixels in 50 kB", blank),
        ("PNG of 49 million pixels that are all bars", large_png(bar)),
    ]
}

/// A PNG that claims 65,535 by 65,535 pixels and holds hardly any of them.
pub fn png_of_claims() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 8, 2, 0, 0, 0];
    let pixels = [0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1];
    for (name, content) in [(b"IHDR", header.as_slice()), (b"IDAT", &pixels), (b"IEND", &[])] {
        png.extend(png_chunk(name, content));
    }
    png
}

/// A chunk: length, name, content, checksum (ISO/IEC 15948, 5.3).
fn png_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [name.as_slice(), content].concat();
    let length = (content.len() as u32).to_be_bytes();
    [length.as_slice(), &named, &crc32(&named).to_be_bytes()].concat()
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

/// 7,000 equal rows, which pack well; the level of each of their pixels.
fn large_png(level: impl Fn(u32) -> u8) -> Vec<u8> {
    const SIDE_PX: u32 = 7_000;
    let mut png = Vec::new();
    let row: Vec<u8> = (0..SIDE_PX).map(level).collect();
    PngEncoder::new(&mut png)
        .write_image(&row.repeat(SIDE_PX as usize), SIDE_PX, SIDE_PX, ExtendedColorType::L8)
        .expect("a plain picture");
    png
}

/// Bars and spaces of 3 to about 12 pixels without any order.
fn bar(x: u32) -> u8 {
    let scattered = (x / 3).wrapping_mul(2_654_435_761) >> 16;
    if scattered.is_multiple_of(2) { 255 } else { 0 }
}

/// The packed pixels of `blank` as packed text (zTXt) before them, again and again.
fn png_of_text(blank: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: usize = 8 + 25;
    let mut packed = b"k\0\0".to_vec();
    let mut at = HEADER_BYTES;
    while let Some(length) = blank.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        if &blank[at + 4..at + 8] == b"IDAT" {
            packed.extend(&blank[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut png = blank[..HEADER_BYTES].to_vec();
    let text = png_chunk(b"zTXt", &packed);
    (0..TEXT_CHUNKS).for_each(|_| png.extend(&text));
    png.extend(&blank[HEADER_BYTES..]);
    png
}

/// A marker segment: its length counts itself (ITU-T T.81, B.1.1.4).
fn jpeg_segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker], length.as_slice(), content].concat()
}

/// Start, quantisation, and a frame of one component: baseline (0xc0) or progressive (0xc2).
fn jpeg_head(frame: u8, side_px: u16) -> Vec<u8> {
    let [high, low] = side_px.to_be_bytes();
    let mut jpeg = vec![0xff, 0xd8];
    jpeg.extend(jpeg_segment(0xdb, &[[0].as_slice(), &[1; 64]].concat()));
    jpeg.extend(jpeg_segment(frame, &[8, high, low, high, low, 1, 1, 0x11, 0]));
    // One code of one bit in each table: 0 is "no difference", and the end of 2^14 blocks.
    let lengths = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    jpeg.extend(jpeg_segment(0xc4, &[[0].as_slice(), &lengths, &[0]].concat()));
    jpeg.extend(jpeg_segment(0xc4, &[[0x10].as_slice(), &lengths, &[0xe0]].concat()));
    jpeg
}

fn jpeg_of_claims() -> Vec<u8> {
    let mut jpeg = jpeg_head(0xc0, 0xffff);
    jpeg.extend(jpeg_segment(0xda, &[1, 1, 0, 0, 63, 0]));
    jpeg.extend([0, 0xff, 0xd9]);
    jpeg
}

/// Each scan names 49 million pixels in a few bytes of runs of empty blocks.
fn jpeg_of_scans() -> Vec<u8> {
    let mut jpeg = jpeg_head(0xc2, 7_000);
    let scan = jpeg_segment(0xda, &[1, 1, 0, 1, 63, 0]);
    for _ in 0..SCANS {
        jpeg.extend(&scan);
        // 875 x 875 blocks in runs of 2^14: one bit of code and 14 zero bits each.
        jpeg.extend([0; 90]);
    }
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

/// The lossless header packs both sides less one into 28 bits (RFC 9649, 3.4).
fn webp_of_claims() -> Vec<u8> {
    let mut webp = b"RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0\x2f".to_vec();
    webp.extend([0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0]);
    webp
}
