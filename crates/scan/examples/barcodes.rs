//! Reads the barcodes of every photo of a manifest and prints them, one JSON object a photo, with
//! the time it took: `cargo run --release -p scan --example barcodes -- MANIFEST.jsonl [ROUNDS]`.
//!
//! A manifest holds one object a line with `id`, `path` (relative to the manifest) and, if known,
//! `barcodes: [{"format", "text"}]`. The time is the shortest of `ROUNDS` (default 1) and leaves
//! out the decoding of the photo. A summary goes to stderr.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool that measures")]

use image::{DynamicImage, ImageDecoder, ImageReader};
use scan::barcode::{Symbologies, WorkBudget, read_barcodes};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::{error::Error, fs, path::Path, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let manifest = arguments.next().ok_or("usage: barcodes MANIFEST.jsonl [ROUNDS]")?;
    let rounds: u32 = arguments.next().map_or(Ok(1), |rounds| rounds.parse())?;
    let folder = Path::new(&manifest).parent().unwrap_or(Path::new("."));
    let mut tally: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut times = Vec::new();
    for line in fs::read_to_string(&manifest)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let path = folder.join(row["path"].as_str().ok_or("a row without a path")?);
        let grey = upright(&path)?.into_luma8();
        let mut best_ms = f64::INFINITY;
        let mut found = Default::default();
        for _ in 0..rounds.max(1) {
            let start = Instant::now();
            let mut budget = WorkBudget::for_photo(grey.width(), grey.height());
            found = read_barcodes(&grey, &mut budget, Symbologies::DEVICE);
            best_ms = best_ms.min(start.elapsed().as_secs_f64() * 1e3);
        }
        times.push(best_ms);
        for code in row["barcodes"].as_array().into_iter().flatten() {
            let text = code["text"].as_str().unwrap_or_default();
            let format = code["format"].as_str().unwrap_or("?").to_owned();
            let entry = tally.entry(format).or_default();
            entry.0 += 1;
            entry.1 += u32::from(found.barcodes.iter().any(|code| code.payload == text));
        }
        println!(
            "{}",
            json!({"id": row["id"], "ms": best_ms, "pixels": grey.width() * grey.height(),
                "barcodes": found.barcodes, "located_unread": found.located_unread})
        );
    }
    times.sort_by(f64::total_cmp);
    for (format, (expected, read)) in &tally {
        eprintln!("{format:16} {read:3} of {expected:3}");
    }
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    eprintln!("ms: mean {mean:.1}, p50 {:.1}, p95 {:.1}, max {:.1}", at(0.5), at(0.95), at(1.0));
    Ok(())
}

fn upright(path: &Path) -> Result<DynamicImage, Box<dyn Error>> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut photo = DynamicImage::from_decoder(decoder)?;
    photo.apply_orientation(orientation);
    Ok(photo)
}
