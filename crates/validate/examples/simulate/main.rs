//! How often would a wrong serial be accepted? Labels are drawn from the known formats, read with
//! the errors that were measured on real photos, and judged.
//!
//! ```text
//! cargo run --release -p validate --example simulate -- [LABELS [SEED [SHARED]]]
//! ```
//!
//! Exits with 1 if the upper end of the 95 % interval of wrong acceptances is above one in 100,000.
//! The same seed draws the same labels, however many threads there are. `SHARED` is the share of
//! the first reading's errors that the second repeats. The model is in `label` and `reader`; its
//! figures stand beside their sources.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod label;
mod reader;

use label::Label;
use rand::{SeedableRng, rngs::StdRng};
use reader::Eyes;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::{env, thread};
use validate::{
    Estate, EstateMode, Formats, Serial, Verdict, acceptance_grounds, judge, learn,
    wants_second_reading,
};

const LABELS: u64 = 1_000_000;
const WRONG_RATE_MAX: f64 = 1e-5;

/// What came of the labels of one kind.
#[derive(Clone, Copy, Default)]
struct Tally {
    right: u64,
    wrong: u64,
    review: u64,
    /// Of those in review: the serial stands among the candidates.
    offered: u64,
}

#[derive(Default)]
struct Outcome {
    by_format: BTreeMap<String, Tally>,
    /// By the grounds of acceptance.
    by_checks: BTreeMap<String, Tally>,
    /// The first wrong ones, for a person to learn from.
    wrong: Vec<String>,
}

const WRONG_SHOWN_MAX: usize = 40;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut number =
        |default: f64| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let (labels, seed) = (number(LABELS as f64) as u64, number(1.0) as u64);
    let eyes = Eyes { shared: number(reader::SHARED) };
    let formats = formats();
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let parts = thread::scope(|scope| {
        let part = |first: u64| {
            let (formats, eyes) = (&formats, &eyes);
            scope.spawn(move || {
                let mut outcome = Outcome::default();
                for index in (first..labels).step_by(threads as usize) {
                    one_label(formats, eyes, seed.wrapping_mul(1 << 40) + index, &mut outcome);
                }
                outcome
            })
        };
        let running: Vec<_> = (0..threads).map(part).collect();
        running.into_iter().map(|part| part.join().expect("no panic")).collect::<Vec<_>>()
    });
    report(&together(parts))
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
fn one_label(formats: &Formats, eyes: &Eyes, seed: u64, outcome: &mut Outcome) {
    let mut random = StdRng::seed_from_u64(seed);
    let label = Label::draw(formats, &mut random);
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
    let tally = outcome.by_format.entry(label.format.clone()).or_default();
    match verdict {
        Verdict::Accepted { serial } => {
            let right = serial.value == label.serial;
            let by_checks = outcome.by_checks.entry(format!("{:?}", serial.checks)).or_default();
            for tally in [tally, by_checks] {
                *(if right { &mut tally.right } else { &mut tally.wrong }) += 1;
            }
            if !right && outcome.wrong.len() < WRONG_SHOWN_MAX {
                outcome.wrong.push(wrong(seed, &label, &serial, &reading));
            }
        }
        Verdict::Review { candidates, .. } => {
            tally.review += 1;
            tally.offered +=
                u64::from(candidates.iter().any(|candidate| candidate.value == label.serial));
        }
        Verdict::Unreadable { .. } => tally.review += 1,
    }
}

fn wrong(seed: u64, label: &Label, serial: &Serial, reading: &reader::Reading) -> String {
    let photo = &reading.evidence().photos[0];
    let lines = |lines: &[validate::TextLine]| -> Vec<String> {
        lines.iter().map(validate::TextLine::text).collect()
    };
    let barcodes: Vec<&str> = photo.barcodes.iter().map(|code| code.payload.as_str()).collect();
    format!(
        "{seed}: {} is {}, accepted {} on {:?}; barcodes {barcodes:?}; read {:?}; again {:?}",
        label.format,
        label.serial,
        serial.value,
        serial.checks,
        lines(&photo.lines),
        lines(&photo.second_lines),
    )
}

fn together(parts: Vec<Outcome>) -> Outcome {
    let mut all = Outcome::default();
    for part in parts {
        for (from, into) in
            [(part.by_format, &mut all.by_format), (part.by_checks, &mut all.by_checks)]
        {
            for (name, tally) in from {
                let sum: &mut Tally = into.entry(name).or_default();
                sum.right += tally.right;
                sum.wrong += tally.wrong;
                sum.review += tally.review;
                sum.offered += tally.offered;
            }
        }
        all.wrong.extend(part.wrong);
    }
    all
}

fn report(outcome: &Outcome) -> ExitCode {
    println!("{} rules of acceptance", acceptance_grounds().count());
    println!("{:<52} {:>8} {:>6} {:>8} {:>8}", "", "right", "wrong", "review", "offered");
    let mut all = Tally::default();
    for (name, tally) in &outcome.by_format {
        row(name, tally);
        all.right += tally.right;
        all.wrong += tally.wrong;
        all.review += tally.review;
        all.offered += tally.offered;
    }
    outcome.by_checks.iter().for_each(|(name, tally)| row(name, tally));
    outcome.wrong.iter().take(WRONG_SHOWN_MAX).for_each(|line| println!("wrong {line}"));
    row("all", &all);
    let labels = (all.right + all.wrong + all.review) as f64;
    let (least, most) = poisson_interval(all.wrong);
    println!(
        "accepted {:.1} % of {labels}; wrong {:.2} in 100,000, 95 % interval {:.2} to {:.2}",
        100.0 * (all.right + all.wrong) as f64 / labels,
        1e5 * all.wrong as f64 / labels,
        1e5 * least / labels,
        1e5 * most / labels,
    );
    if most / labels <= WRONG_RATE_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn row(name: &str, tally: &Tally) {
    let Tally { right, wrong, review, offered } = tally;
    println!("{name:<52} {right:>8} {wrong:>6} {review:>8} {offered:>8}");
}

/// The 95 % interval of a rate of which `events` were counted (Garwood 1936): the means at which
/// as few, or as many, would be seen one time in 40.
fn poisson_interval(events: u64) -> (f64, f64) {
    let at_most = |mean: f64, most: u64| {
        let mut term = (-mean).exp();
        let mut sum = term;
        for count in 1..=most {
            term *= mean / count as f64;
            sum += term;
        }
        sum
    };
    let solve = |holds: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0, 10.0 + 3.0 * events as f64);
        for _ in 0..100 {
            let middle = (low + high) / 2.0;
            if holds(middle) { low = middle } else { high = middle }
        }
        low
    };
    let most = solve(&|mean| at_most(mean, events) > 0.025);
    let least = match events.checked_sub(1) {
        Some(fewer) => solve(&|mean| 1.0 - at_most(mean, fewer) < 0.025),
        None => 0.0,
    };
    (least, most)
}
