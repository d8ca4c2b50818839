//! Prints new serials, photographs every label and reads it back: says how many were accepted with
//! the serial that they carry. Exits with an error if one was not.
//!
//! `cargo run --release -p tests --example printed -- --count 10000`

#![allow(clippy::disallowed_methods, reason = "a program that measures reads the clock")]
#![allow(clippy::print_stdout, reason = "its findings are what it was started for")]

use anyhow::{Result, ensure};
use clap::Parser;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;
use tests::harness::{Installation, labelscan};
use tests::printed::{Miss, Print, misses};

/// Photos that are made, read and thrown away together.
const AT_ONCE: usize = 300;
/// One symbology on a label that suits it.
#[derive(Clone, Copy)]
struct Kind {
    code: &'static str,
    size_mm: (f32, f32),
    /// Width and height of a photo: as little of a phone's picture as still shows the modules.
    photo_px: (u32, u32),
}

const KINDS: [Kind; 3] = [
    Kind { code: "code128", size_mm: (70.0, 25.0), photo_px: (1200, 900) },
    Kind { code: "qr", size_mm: (62.0, 29.0), photo_px: (640, 480) },
    Kind { code: "datamatrix", size_mm: (25.4, 10.0), photo_px: (640, 480) },
];

/// Prints, photographs and reads back.
#[derive(Parser)]
struct Arguments {
    /// Labels, a third of each symbology.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Another seed gives other photos.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Nobody expects the serials: the print has to confirm each barcode. Slower, and harder.
    #[arg(long)]
    unexpected: bool,
    /// Folder for the photos that were not read.
    #[arg(long)]
    misses: Option<PathBuf>,
}

/// Labels of one kind that were printed.
struct Batch {
    kind: Kind,
    folder: TempDir,
    serials: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let mut batches = Vec::new();
    for (at, kind) in KINDS.into_iter().enumerate() {
        let count = arguments.count / KINDS.len() + usize::from(at < arguments.count % KINDS.len());
        if count > 0 {
            let folder = tempfile::tempdir()?;
            let serials = print(folder.path(), kind, count).await?;
            batches.push(Batch { kind, folder, serials });
        }
    }
    let (mut read, mut missed, mut wrong) = (0, 0, 0);
    // In turns, so that a run that is ended early has seen all of them.
    for first in (0..arguments.count).step_by(AT_ONCE) {
        for batch in batches.iter().filter(|batch| first < batch.serials.len()) {
            let end = batch.serials.len().min(first + AT_ONCE);
            let photos = photograph(batch, first..end, arguments.seed)?;
            let inbox = tempfile::tempdir()?;
            let found = misses(inbox.path(), &photos, !arguments.unexpected).await?;
            read += photos.len() - found.len();
            missed += found.len();
            wrong += found.iter().filter(|miss| miss.is_wrong()).count();
            tell(&arguments, &photos, &found)?;
            let done = read + missed;
            let rate = done as f64 / began.elapsed().as_secs_f64();
            let left_s = (arguments.count - done) as f64 / rate;
            eprintln!(
                "{}: {done} of {}, {missed} not read, {rate:.1}/s, {left_s:.0} s left",
                batch.kind.code, arguments.count
            );
        }
    }
    let took_s = began.elapsed().as_secs();
    println!("{read} of {} read back right, {wrong} wrong, in {took_s} s", read + missed);
    ensure!(read == arguments.count, "{missed} labels were not read back");
    Ok(())
}

/// Makes new serials and prints them as pictures; gives them in the order of the pictures.
async fn print(folder: &Path, kind: Kind, count: usize) -> Result<Vec<String>> {
    let installation = Installation::new();
    let made = installation.run(&["generate", "--count", &count.to_string()]).await;
    ensure!(made.code == Some(0), "{}", made.stderr);
    let serials: Vec<String> = made.stdout.lines().map(str::to_owned).collect();
    ensure!(serials.len() == count, "{} serials instead of {count}", serials.len());
    std::fs::write(folder.join("serials.txt"), &made.stdout)?;
    let size = format!("{}x{}", kind.size_mm.0, kind.size_mm.1);
    let arguments = [
        "print",
        "--file",
        "serials.txt",
        "--out",
        "label.png",
        "--code",
        kind.code,
        "--size",
        &size,
    ];
    let printed = labelscan(folder, &arguments).await;
    ensure!(printed.code == Some(0), "{}", printed.stderr);
    Ok(serials)
}

/// Photographs some labels of a batch on every core; each photo comes with its serial.
fn photograph(batch: &Batch, range: Range<usize>, seed: u64) -> Result<Vec<(&str, Vec<u8>)>> {
    let shoot = |number: usize| -> Result<(&str, Vec<u8>)> {
        // A single picture has no number.
        let name = match batch.serials.len() {
            1 => "label.png".to_owned(),
            _ => format!("label-{:06}.png", number + 1),
        };
        let paper = image::open(batch.folder.path().join(name))?.into_luma8();
        let serial = &batch.serials[number];
        let print = Print { serial: serial.clone(), paper, size_mm: batch.kind.size_mm };
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        Ok((serial, print.photograph(seed, Some(batch.kind.photo_px))?))
    };
    let cores = std::thread::available_parallelism()?.get();
    let share = range.len().div_ceil(cores).max(1);
    let shoot = &shoot;
    std::thread::scope(|scope| {
        let parts = range.clone().step_by(share).map(|first| {
            let part = first..range.end.min(first + share);
            scope.spawn(move || part.map(shoot).collect::<Vec<_>>())
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().expect("no thread panics")).collect()
    })
}

/// Says what was not read, and keeps its photo if that is wanted.
fn tell(arguments: &Arguments, photos: &[(&str, Vec<u8>)], found: &[Miss]) -> Result<()> {
    for miss in found {
        println!("{}: {}", miss.serial, miss.answer);
        if let Some(folder) = &arguments.misses {
            std::fs::create_dir_all(folder)?;
            let photo = photos.iter().find(|(serial, _)| *serial == miss.serial);
            if let Some((serial, jpeg)) = photo {
                std::fs::write(folder.join(format!("{serial}.jpg")), jpeg)?;
            }
        }
    }
    Ok(())
}
