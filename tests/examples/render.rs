//! Writes a set of rendered label photos with the manifest that `labelscan eval` reads.

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use rand::{SeedableRng, rngs::StdRng};
use render::{Fonts, Ink, set};
use std::path::PathBuf;

/// Renders photos of terminal labels and their ground truth.
#[derive(Parser)]
struct Arguments {
    /// Which photos.
    #[arg(long, value_enum, default_value = "field")]
    set: Which,
    /// How many; `turned` and `matrix` have their own number.
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
    /// Printed serials at every angle in steps of 15 degrees; `count` at each angle.
    TurnedText,
    /// Labels as others print them: tails, tables, payloads, traps, two devices.
    Others,
    /// Labels and stickers without a serial.
    NoSerial,
    /// All layouts, with a reflection on the label.
    Glare,
    /// Serials printed in light letters on a dark label.
    Light,
    /// Serials printed in dots, by needles or ink jets.
    Dots,
    /// Serials engraved by a laser in dark plastic or brushed metal.
    Etched,
    /// Serials that go on in the next line.
    Wrapped,
    /// Devices' own pages about themselves, on their displays.
    Screen,
    /// QR Code, Data Matrix and Aztec at four sizes and twelve angles.
    Matrix,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut rng = StdRng::seed_from_u64(arguments.seed);
    let count = arguments.count;
    let recipes = match arguments.set {
        Which::Field => set::field(count, &mut rng),
        Which::Text => set::text(count, &mut rng),
        Which::Turned => set::turned(),
        Which::TurnedText => set::turned_text(count, &mut rng),
        Which::Others => set::others(count, &mut rng),
        Which::NoSerial => set::no_serial(count, &mut rng),
        Which::Glare => set::glare(count, &mut rng),
        Which::Light => set::printed(Ink::WhiteOnBlack, count, &mut rng),
        Which::Dots => set::printed(Ink::Dotted, count, &mut rng),
        Which::Etched => {
            let mut etched = set::printed(Ink::GreyOnBlack, count / 2, &mut rng);
            etched.extend(set::printed(Ink::EtchedMetal, count - count / 2, &mut rng));
            etched
        }
        Which::Wrapped => set::wrapped(count, &mut rng),
        Which::Screen => set::screen(count, &mut rng),
        Which::Matrix => set::matrix(&mut rng),
    };
    let fonts = Fonts::load()?;
    let written = set::write(&fonts, &recipes, arguments.seed, &arguments.out)
        .with_context(|| format!("writing to {}", arguments.out.display()))?;
    eprintln!("{written} photos and manifest.jsonl in {}", arguments.out.display());
    Ok(())
}
