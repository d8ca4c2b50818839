//! The one place that reads the time.
//!
//! Whatever needs to know what time it is holds a [`Clock`] that it was given, so that a test can say
//! what time it is; clippy refuses the clocks of the standard library and of jiff anywhere but here.
//! How long something takes is measured with a [`Stopwatch`]: no answer and no row depends on it.

#![allow(clippy::disallowed_methods, reason = "this is the place")]

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// What time it is, in UTC and in whole milliseconds: that is what a database keeps, and a time must
/// be the same before and after. A clone is the same clock.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's own, which a program makes in `main` or in a command and nowhere else.
    System,
    /// One that stands still until somebody turns it; milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start`, cut to the millisecond.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(start.as_millisecond().into()))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => whole_milliseconds(Timestamp::now().as_millisecond()),
            Self::Manual(ms) => whole_milliseconds(ms.load(Ordering::SeqCst)),
        }
    }

    /// Turns a manual clock on, or back; the machine's clock is not to be turned.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Manual(ms) = self {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            let turned = ms.load(Ordering::SeqCst).saturating_add(by);
            ms.store(turned, Ordering::SeqCst);
        }
    }
}

/// The time that is so many milliseconds after 1970, or the nearest that there is.
fn whole_milliseconds(ms: i64) -> Timestamp {
    let beyond = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(beyond)
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

/// Holds the clock against the time that really goes by.
#[derive(Clone, Copy, Debug)]
pub struct ClockWatch {
    seen: Timestamp,
    since: Stopwatch,
}

impl ClockWatch {
    /// Begins at what the clock shows now.
    pub fn start(now: Timestamp) -> Self {
        Self { seen: now, since: Stopwatch::start() }
    }

    /// How far the clock jumped since the last look, ahead or back. Small steps add up to none: the
    /// next look begins here.
    pub fn jump(&mut self, now: Timestamp) -> SignedDuration {
        let shown = now.duration_since(self.seen);
        let passed = SignedDuration::try_from(self.since.elapsed()).unwrap_or_default();
        *self = Self::start(now);
        shown.saturating_sub(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_moves_only_when_it_is_turned() {
        let start = Timestamp::from_microsecond(1_700_000_000_000_999).unwrap();
        let clock = Clock::manual(start);
        let same = clock.clone();
        assert_eq!(clock.now(), Timestamp::from_millisecond(1_700_000_000_000).unwrap());
        clock.advance(SignedDuration::from_mins(1));
        assert_eq!(same.now(), Timestamp::from_millisecond(1_700_000_060_000).unwrap());
        clock.advance(SignedDuration::from_mins(-1));
        assert_eq!(same.now(), Timestamp::from_millisecond(1_700_000_000_000).unwrap());
        clock.advance(SignedDuration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX, "there is no later time");
    }

    #[test]
    fn system_clock_tells_whole_milliseconds() {
        let now = Clock::System.now();
        assert_eq!(now.subsec_nanosecond() % 1_000_000, 0);
        assert!(now > Timestamp::from_millisecond(1_700_000_000_000).unwrap());
    }

    #[test]
    fn a_jump_of_the_clock_is_noticed_once() {
        let clock = Clock::manual(Timestamp::from_second(1_700_000_000).unwrap());
        let mut watch = ClockWatch::start(clock.now());
        assert!(watch.jump(clock.now()).abs() < SignedDuration::from_secs(60));
        for hours in [9_000, -9_000] {
            let by = SignedDuration::from_hours(hours);
            clock.advance(by);
            assert!((watch.jump(clock.now()) - by).abs() < SignedDuration::from_secs(60));
            assert!(watch.jump(clock.now()).abs() < SignedDuration::from_secs(60));
        }
    }
}
