//! How often would a wrong serial be accepted? Labels are drawn, read with the errors that were
//! measured on real photos, and judged.
//!
//! ```text
//! cargo run --release -p validate --example simulate -- 1000000
//! ```
//!
//! The labels come from a grammar of their own, which decides what is right (`others`); with
//! `--former` from the formats that the product knows (`former`). The same seed draws the same
//! labels, however many threads there are. Exits with 1 if the upper end of the 95 % interval of
//! wrong answers is above one in 100,000. The model of the reader is in `reader`; its figures stand
//! beside their sources.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a program that measures reads the clock")]

mod device;
mod fill;
mod former;
mod others;
mod payloads;
mod print;
mod reader;
mod report;
mod sheet;
mod traps;

use clap::Parser;
use rand::{SeedableRng, rngs::StdRng};
use reader::Eyes;
use report::Outcome;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;
use validate::{Estate, EstateMode, Formats, Verdict, judge, learn, wants_second_reading};

/// Draws labels, reads them with errors, judges them and counts the answers.
#[derive(Parser)]
struct Arguments {
    /// How many labels.
    #[arg(default_value_t = 1_000_000)]
    labels: u64,
    /// The same seed draws the same labels.
    #[arg(default_value_t = 1)]
    seed: u64,
    /// The labels that were drawn before: known formats, nothing in the way.
    #[arg(long)]
    former: bool,
    /// The share of the first reading's errors that the second repeats.
    #[arg(long, default_value_t = reader::SHARED)]
    shared: f64,
    /// Prints the first labels whose answer is wrong.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    show_wrong: usize,
    /// Prints the first labels that have a serial and were not accepted.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    show_missed: usize,
    /// Counts only the kinds whose names start with this.
    #[arg(long)]
    kind: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let eyes = match arguments.former {
        true => Eyes::former(arguments.shared),
        false => Eyes::new(arguments.shared),
    };
    let formats = formats();
    let started = Instant::now();
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let outcome = thread::scope(|scope| {
        let part = |first: u64| {
            let (formats, eyes, arguments) = (&formats, &eyes, &arguments);
            scope.spawn(move || {
                let mut outcome = Outcome::new(arguments.show_wrong, arguments.show_missed);
                for index in (first..arguments.labels).step_by(threads as usize) {
                    one_label(formats, eyes, arguments, index, &mut outcome);
                }
                outcome
            })
        };
        let running: Vec<_> = (0..threads).map(part).collect();
        let mut all = Outcome::new(arguments.show_wrong, arguments.show_missed);
        for part in running {
            all.add(part.join().expect("no panic"));
        }
        all
    });
    let rate = arguments.labels as f64 / started.elapsed().as_secs_f64();
    outcome.report();
    println!("{rate:.0} labels a second on {threads} threads");
    if outcome.is_rare_enough() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The formats that ship, and two that an operator taught.
fn formats() -> Formats {
    let builtin = Formats::builtin();
    let taught = |name: &str, samples: [&str; 5]| {
        let samples = samples.map(str::to_owned);
        learn(&builtin, name, "own", &samples).expect("a format").toml
    };
    let file = taught("own-7", ["4471902", "2093817", "6650123", "5180044", "3392751"])
        + &taught(
            "own-11",
            ["SG150700048", "SG150700171", "SG160912345", "SG111223344", "SG199000001"],
        );
    builtin.with_operator_file(&file).expect("a formats file")
}

/// Draws, reads and judges one label as the engine does: a second reading only where it is asked
/// for.
fn one_label(
    formats: &Formats,
    eyes: &Eyes,
    arguments: &Arguments,
    index: u64,
    outcome: &mut Outcome,
) {
    let seed = arguments.seed.wrapping_mul(1 << 40) + index;
    let mut random = StdRng::seed_from_u64(seed);
    let label = match arguments.former {
        true => former::draw(formats, &mut random),
        false => others::draw(&mut random),
    };
    if arguments.kind.as_ref().is_some_and(|kind| !label.kind.starts_with(kind.as_str())) {
        return;
    }
    let estate = match &label.expected {
        Some(serials) => Estate::new(EstateMode::Helpful, serials.iter().cloned()),
        None => Estate::unknown(),
    };
    let mut reading = eyes.read(&label, &mut random);
    let mut verdict = judge(formats, reading.evidence(), &estate).verdict;
    if !matches!(verdict, Verdict::Accepted { .. }) {
        let wanted = wants_second_reading(formats, reading.evidence());
        if !wanted.is_empty() {
            eyes.read_again(&mut reading, &wanted, &mut random);
            verdict = judge(formats, reading.evidence(), &estate).verdict;
        }
    }
    outcome.count(seed, &label, &verdict, reading.evidence());
}
