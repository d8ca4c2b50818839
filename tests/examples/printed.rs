//! Prints new serials, photographs every label and reads it back: says how many were accepted with
//! the serial that they carry. Exits with an error if one was not.
//!
//! `cargo run --release -p tests --example printed -- --count 10000`

#![allow(clippy::disallowed_methods, reason = "a program that measures reads the clock")]
#![allow(clippy::print_stdout, reason = "its findings are what it was started for")]

use anyhow::{Result, ensure};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tests::harness::{Installation, labelscan};
use tests::printed::{Miss, Print, misses};

/// Photos that are made, read and thrown away together.
const AT_ONCE: usize = 500;
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

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let (mut read, mut missed, mut wrong) = (0, 0, 0);
    for (at, kind) in KINDS.into_iter().enumerate() {
        let count = arguments.count / KINDS.len() + usize::from(at < arguments.count % KINDS.len());
        if count == 0 {
            continue;
        }
        let folder = tempfile::tempdir()?;
        let serials = print(folder.path(), kind, count).await?;
        for (chunk, part) in serials.chunks(AT_ONCE).enumerate() {
            let first = chunk * AT_ONCE;
            let seed = arguments.seed.wrapping_mul(1_000_003) + (at * 10_000_000 + first) as u64;
            let photos = photograph(folder.path(), kind, part, first, seed, count)?;
            let inbox = tempfile::tempdir()?;
            let found = misses(inbox.path(), &photos, !arguments.unexpected).await?;
            read += part.len() - found.len();
            missed += found.len();
            wrong += found.iter().filter(|miss| miss.is_wrong()).count();
            tell(&arguments, &photos, &found)?;
            let done = read + missed;
            let rate = done as f64 / began.elapsed().as_secs_f64();
            let left_s = (arguments.count - done) as f64 / rate;
            eprintln!(
                "{}: {done} of {}, {missed} not read, {rate:.1}/s, {left_s:.0} s left",
                kind.code, arguments.count
            );
        }
    }
    let took_s = began.elapsed().as_secs();
    println!("{read} of {} read back right, {wrong} wrong, in {took_s} s", read + missed);
    ensure!(missed == 0, "{missed} labels were not read back");
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

/// Photographs the labels of `serials`, the first of which is number `first`, on every core.
fn photograph<'s>(
    folder: &Path,
    kind: Kind,
    serials: &'s [String],
    first: usize,
    seed: u64,
    count: usize,
) -> Result<Vec<(&'s str, Vec<u8>)>> {
    let shoot = |at: usize, serial: &'s String| -> Result<(&'s str, Vec<u8>)> {
        // A single picture has no number.
        let name = match count {
            1 => "label.png".to_owned(),
            _ => format!("label-{:06}.png", first + at + 1),
        };
        let paper = image::open(folder.join(name))?.into_luma8();
        let print = Print { serial: serial.clone(), paper, size_mm: kind.size_mm };
        Ok((serial, print.photograph(seed + at as u64, Some(kind.photo_px))?))
    };
    let cores = std::thread::available_parallelism()?.get();
    let share = serials.len().div_ceil(cores).max(1);
    let shoot = &shoot;
    std::thread::scope(|scope| {
        let parts = serials.chunks(share).enumerate().map(|(part, serials)| {
            scope.spawn(move || {
                let numbered = serials.iter().enumerate();
                numbered.map(|(at, serial)| shoot(part * share + at, serial)).collect::<Vec<_>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        let done = parts.into_iter().flat_map(|part| part.join().expect("no thread panics"));
        done.collect()
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
