//! How long each stage of a read takes, on a label drawn here: `cargo bench -p scan`.
//!
//! Needs the models (`models/fetch`). The engine itself says where its time went, so what needs a
//! network is measured inside a whole read: `detection` may read no line, `print of 8 lines` may
//! read eight, `print` all. The faults are the last step of each of them. The barcode reader is
//! called by itself: without any symbology it only locates, and the plain label costs it most,
//! because nothing is found.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(missing_docs, reason = "criterion's macros make public items")]

use criterion::{Criterion, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma};
use rxing::oned::Code128Writer;
use rxing::qrcode::QRCodeWriter;
use rxing::{BarcodeFormat, Writer};
use scan::barcode::{Symbologies, WorkBudget, read_barcodes};
use scan::{Engine, Limits, Photo, Threads, Took};
use std::path::Path;
use std::time::{Duration, Instant};
use validate::{Formats, Surface};

/// A light label on a dark device with eight rows of strokes that look like print, and a ruler
/// that looks like a barcode but is none: nothing may stop the read early.
fn label(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let (u, v) = (x * 960 / width, y * 720 / height);
        let on_label = (160..800).contains(&u) && (120..600).contains(&v);
        let print = (200..640).contains(&u)
            && v % 56 < 24
            && (v > 230)
            && ((u * 7 + (u / 20) * 13) % 20 < 9) != (v % 24 < 3);
        let ruler = (200..600).contains(&u) && (140..200).contains(&v) && u % 6 < 3;
        Luma([if !on_label {
            70
        } else if print || ruler {
            30
        } else {
            225
        }])
    })
}

fn jpeg(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 85)
        .encode_image(picture)
        .expect("a plain picture is encoded");
    bytes
}

/// The label with a code on its lower half, a twelfth of its height.
fn with_code(label: &GrayImage, writer: &impl Writer, format: BarcodeFormat) -> GrayImage {
    let code = writer.encode("0821032398", &format, 0, 0).expect("digits can be encoded");
    let module = label.height() / 300;
    let rows = if code.height() == 1 { label.height() / 12 } else { code.height() * module };
    let (left, top) = (label.width() / 3, label.height() * 3 / 5);
    let mut out = label.clone();
    for y in 0..rows + 40 * module {
        for x in 0..(code.width() + 40) * module {
            let (u, v) = (x.wrapping_sub(20 * module), y.wrapping_sub(20 * module));
            let row = if code.height() == 1 { 0 } else { v / module };
            let dark = u < code.width() * module && v < rows && code.get(u / module, row);
            out.put_pixel(left + x, top + y, Luma([if dark { 30 } else { 225 }]));
        }
    }
    out
}

/// A stage's share of a read, in milliseconds.
type Share = fn(Took) -> f64;

fn stages(criterion: &mut Criterion) {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let engine = Engine::load(&models, Formats::builtin()).expect("run models/fetch first");
    for (name, width, height) in [("1 MP", 1152, 864), ("12 MP", 4000, 3000)] {
        let picture = label(width, height);
        let bytes = jpeg(&picture);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        let all = Limits::default().lines_max;
        let stages: [(&str, usize, Share); 5] = [
            ("decode", 0, |took| took.decode_ms),
            ("detection", 0, |took| took.text_ms),
            ("print of 8 lines", 8, |took| took.text_ms),
            ("print", all, |took| took.text_ms),
            ("whole read", all, |took| took.total_ms),
        ];
        for (stage, lines_max, milliseconds) in stages {
            let limits = Limits { lines_max, ..Limits::default() };
            group.bench_function(stage, |bencher| {
                bencher.iter_custom(|rounds| {
                    (0..rounds)
                        .map(|_| {
                            let start = Instant::now();
                            let photo = Photo { bytes: &bytes, surface: Surface::Label };
                            let elapsed = || start.elapsed();
                            let reading = engine.read(&[photo], &limits, Threads::One, &elapsed);
                            let took = reading.expect("a plain picture is read").took;
                            Duration::from_secs_f64(milliseconds(took) / 1e3)
                        })
                        .sum()
                });
            });
        }
        let bars = with_code(&picture, &Code128Writer, BarcodeFormat::CODE_128);
        let matrix = with_code(&picture, &QRCodeWriter, BarcodeFormat::QR_CODE);
        let barcodes = [
            ("locating bars and symbols", &picture, Symbologies::NONE),
            ("barcodes, none there", &picture, Symbologies::DEVICE),
            ("barcodes, a Code 128", &bars, Symbologies::DEVICE),
            ("barcodes, a QR Code", &matrix, Symbologies::DEVICE),
        ];
        for (name, photo, wanted) in barcodes {
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let mut budget = WorkBudget::for_photo(width, height);
                    read_barcodes(photo, &mut budget, wanted)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
