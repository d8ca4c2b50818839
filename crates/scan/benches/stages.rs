//! How long each stage of a read takes, on a label drawn here: `cargo bench -p scan`.
//!
//! Needs the models (`models/fetch`). The engine itself says where its time went, so each stage is
//! measured inside a whole read, with warm networks and real inputs.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(missing_docs, reason = "criterion's macros make public items")]

use criterion::{Criterion, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma};
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
        let stages: [(&str, Share); 3] = [
            ("decode", |took| took.decode_ms),
            ("print", |took| took.text_ms),
            ("whole read", |took| took.total_ms),
        ];
        for (stage, milliseconds) in stages {
            group.bench_function(stage, |bencher| {
                bencher.iter_custom(|rounds| {
                    (0..rounds)
                        .map(|_| {
                            let start = Instant::now();
                            let photo = Photo { bytes: &bytes, surface: Surface::Label };
                            let reading =
                                engine.read(&[photo], &Limits::default(), Threads::All, &|| {
                                    start.elapsed()
                                });
                            let took = reading.expect("a plain picture is read").took;
                            Duration::from_secs_f64(milliseconds(took) / 1e3)
                        })
                        .sum()
                });
            });
        }
        group.bench_function("barcodes", |bencher| {
            bencher.iter(|| {
                let mut budget = WorkBudget::for_photo(width, height);
                read_barcodes(&picture, &mut budget, Symbologies::DEVICE)
            });
        });
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
