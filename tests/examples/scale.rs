//! A day of scans, simulated with measured figures: how busy each part is in the busiest hour, and how
//! long a photo waits for a reader.
//!
//! `cargo run --release -p tests --example scale -- --scans 1000000 --cores 24`
//!
//! Photos arrive at random around the shape of a working day and wait in one queue for the cores of
//! all nodes, as they do in the database. How long one takes is drawn from a lognormal distribution
//! through the measured median and 95th percentile. The other parts have so much room that how busy
//! they are says enough.

#![allow(clippy::print_stdout, reason = "its findings are what it was started for")]

use clap::Parser;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::f64::consts::TAU;

/// The part of a day's scans that arrives in each hour, in thousandths: depots and technicians
/// begin at seven, and the busiest hour has three times the average one.
const HOURS: [u32; 24] =
    [2, 2, 2, 2, 3, 8, 25, 65, 105, 125, 115, 95, 65, 80, 95, 85, 60, 30, 15, 8, 5, 3, 3, 2];
/// Of a lognormal distribution, between its median and its 95th percentile.
const SIGMAS_TO_P95: f64 = 1.645;
const HOUR_S: f64 = 3600.0;

/// Simulates one day.
#[derive(Parser)]
struct Arguments {
    /// Scans of the day.
    #[arg(long, default_value_t = 1_000_000)]
    scans: u32,
    /// Cores that read, of all nodes together.
    #[arg(long, default_value_t = 24)]
    cores: usize,
    /// Median time of a photo on one core, in milliseconds.
    #[arg(long, default_value_t = 366.0)]
    read_ms_p50: f64,
    /// Its 95th percentile.
    #[arg(long, default_value_t = 796.0)]
    read_ms_p95: f64,
    /// Uploads a second that the database takes.
    #[arg(long, default_value_t = 1_100.0)]
    uploads_per_s: f64,
    /// Verdicts with a registration that it takes.
    #[arg(long, default_value_t = 620.0)]
    verdicts_per_s: f64,
    /// Deliveries a second of one node.
    #[arg(long, default_value_t = 3_000.0)]
    deliveries_per_s: f64,
    /// Bytes of a photo.
    #[arg(long, default_value_t = 200_000)]
    photo_bytes: u64,
    /// Another seed gives another day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() {
    let arguments = Arguments::parse();
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let day = day(&arguments, &mut random);
    let peak_share = f64::from(HOURS.iter().copied().max().unwrap_or_default())
        / f64::from(HOURS.iter().sum::<u32>());
    let peak_per_s = f64::from(arguments.scans) * peak_share / HOUR_S;
    println!("{} scans a day, {peak_per_s:.1} a second in the busiest hour", arguments.scans);
    let mut waits = day.waits_s;
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!(
        "readers on {} cores: {:.0} % busy in the busiest hour; waits p50 {:.2} s, p95 {:.2} s, \
         p99 {:.2} s, longest {:.0} s",
        arguments.cores,
        100.0 * day.busy_s_of_peak / (arguments.cores as f64 * HOUR_S),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
    let database = 1.0 / arguments.uploads_per_s + 1.0 / arguments.verdicts_per_s;
    println!("database: {:.0} % busy in the busiest hour", 100.0 * peak_per_s * database);
    println!("deliveries: {:.1} % busy", 100.0 * peak_per_s / arguments.deliveries_per_s);
    let stored = arguments.photo_bytes as f64 * f64::from(arguments.scans);
    println!(
        "photos: {:.0} GB a day, {:.1} MB a second in the busiest hour",
        stored / 1e9,
        peak_per_s * arguments.photo_bytes as f64 / 1e6
    );
}

/// What happened to the readers.
struct Day {
    /// From a photo's arrival until its reading begins, of each.
    waits_s: Vec<f64>,
    /// Reading that arrived in the busiest hour.
    busy_s_of_peak: f64,
}

fn day(arguments: &Arguments, random: &mut StdRng) -> Day {
    let all: u32 = HOURS.iter().sum();
    let peak = HOURS.iter().copied().max().unwrap_or_default();
    let mut arrivals: Vec<f64> = Vec::with_capacity(arguments.scans as usize);
    for (hour, share) in HOURS.iter().enumerate() {
        let photos = u64::from(arguments.scans) * u64::from(*share) / u64::from(all);
        arrivals.extend((0..photos).map(|_| (hour as f64 + random.random::<f64>()) * HOUR_S));
    }
    arrivals.sort_by(f64::total_cmp);
    // The times at which cores become free, in milliseconds, the next one on top.
    let mut free: BinaryHeap<Reverse<u64>> = vec![Reverse(0); arguments.cores].into();
    let (mut waits_s, mut busy_s_of_peak) = (Vec::with_capacity(arrivals.len()), 0.0);
    for arrival_s in arrivals {
        let arrival_ms = (arrival_s * 1_000.0) as u64;
        let read_ms = read_ms(arguments, random);
        let Reverse(free_ms) = free.pop().expect("a core");
        let begins_ms = free_ms.max(arrival_ms);
        free.push(Reverse(begins_ms + read_ms as u64));
        waits_s.push((begins_ms - arrival_ms) as f64 / 1_000.0);
        if HOURS[(arrival_s / HOUR_S) as usize % HOURS.len()] == peak {
            busy_s_of_peak += read_ms / 1_000.0;
        }
    }
    Day { waits_s, busy_s_of_peak }
}

/// The time of one photo: lognormal, its normal part by Box and Muller (1958).
fn read_ms(arguments: &Arguments, random: &mut StdRng) -> f64 {
    let sigma = (arguments.read_ms_p95 / arguments.read_ms_p50).ln() / SIGMAS_TO_P95;
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    let normal = radius * (TAU * random.random::<f64>()).cos();
    arguments.read_ms_p50 * (sigma * normal).exp()
}
