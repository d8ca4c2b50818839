//! The one place that reads the time.
//!
//! Everything else takes the time as a parameter, so that a test can say what time it is; clippy
//! refuses the clocks of the standard library and of jiff anywhere but here.

#![allow(clippy::disallowed_methods, reason = "this is the place")]

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// The wall clock in UTC, in whole milliseconds: that is what a database keeps, and a time must be
/// the same before and after.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Measures how long something takes, unmoved by changes of the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts at zero.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Time since the start in milliseconds.
    pub fn elapsed_ms(&self) -> f64 {
        self.elapsed().as_secs_f64() * 1e3
    }
}
