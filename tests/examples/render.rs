//! Writes a set of rendered label photos with the manifest that `labelscan eval` reads.

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use rand::{SeedableRng, rngs::StdRng};
use std::path::PathBuf;
use tests::render::{Fonts, set};

/// Renders photos of terminal labels and their ground truth.
#[derive(Parser)]
struct Arguments {
    /// Which photos.
    #[arg(long, value_enum, default_value = "field")]
    set: Which,
    /// How many; `turned` has its own number.
    #[arg(long, default_value_t = 60)]
    count: u64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the photos and manifest.jsonl.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    /// All layouts that carry a serial, as photographed in the field.
    Field,
    /// Labels whose serial is only printed.
    Text,
    /// Code 128 and Code 39 at every angle in steps of 15 degrees.
    Turned,
    /// Labels and stickers without a serial.
    NoSerial,
    /// All layouts, with a reflection on the label.
    Glare,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut rng = StdRng::seed_from_u64(arguments.seed);
    let count = arguments.count;
    let recipes = match arguments.set {
        Which::Field => set::field(count, &mut rng),
        Which::Text => set::text(count, &mut rng),
        Which::Turned => set::turned(),
        Which::NoSerial => set::no_serial(count, &mut rng),
        Which::Glare => set::glare(count, &mut rng),
    };
    let fonts = Fonts::load()?;
    let written = set::write(&fonts, &recipes, arguments.seed, &arguments.out)
        .with_context(|| format!("writing to {}", arguments.out.display()))?;
    eprintln!("{written} photos and manifest.jsonl in {}", arguments.out.display());
    Ok(())
}
