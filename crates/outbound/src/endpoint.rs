//! How the registry is doing, and how much may therefore be sent to it.
//!
//! One registry's trouble must not burn the attempts of everything that waits for it: while it
//! asks for patience, or has failed many times in a row, nothing is claimed, and afterwards a
//! single delivery goes ahead to see. A state machine without clock or I/O: the time is a
//! parameter.

use crate::Outcome;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many failures in a row close the gate.
const FAILURES_IN_ROW_MAX: u32 = 10;
/// How long the gate closes first, in seconds; it doubles with each probe that fails.
const PAUSE_S_MIN: u32 = 5;
/// The longest that the gate closes unasked, in seconds.
const PAUSE_S_MAX: u32 = 5 * 60;

/// What the pages show of a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether deliveries go out.
    pub state: EndpointState,
    /// How many calls failed since the last one that the registry answered.
    pub failures_in_row: u32,
    /// How many deliveries are on their way.
    pub in_flight: usize,
    /// When the registry last took one.
    pub delivered_at: Option<Timestamp>,
    /// When an attempt last failed.
    pub failed_at: Option<Timestamp>,
    /// Why it did.
    pub failed_why: Option<String>,
}

/// Whether deliveries go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum EndpointState {
    /// As many as the settings allow.
    #[default]
    Ready,
    /// One, to see whether the registry is back.
    Probing,
    /// None until then: the registry asked for it, or failed too often.
    Paused {
        /// When one goes out again.
        until: Timestamp,
    },
    /// None until an operator says so: the registry answered 410.
    Gone,
}

/// The gate in front of a registry.
#[derive(Debug, Default)]
pub(crate) struct Endpoint(Mutex<Gate>);

#[derive(Debug, Default)]
struct Gate {
    health: Health,
    settled: BTreeMap<&'static str, u64>,
    pauses_in_row: u32,
}

impl Endpoint {
    /// How many deliveries may be sent now.
    pub(crate) fn room(&self, now: Timestamp, in_flight_max: usize) -> usize {
        let health = &mut self.lock().health;
        if let EndpointState::Paused { until } = health.state
            && until <= now
        {
            health.state = EndpointState::Probing;
        }
        match health.state {
            EndpointState::Ready => in_flight_max.saturating_sub(health.in_flight),
            EndpointState::Probing => 1_usize.saturating_sub(health.in_flight),
            EndpointState::Paused { .. } | EndpointState::Gone => 0,
        }
    }

    /// Counts deliveries that go out.
    pub(crate) fn depart(&self, count: usize) {
        self.lock().health.in_flight += count;
    }

    /// Counts deliveries back in.
    pub(crate) fn arrive(&self, count: usize) {
        let health = &mut self.lock().health;
        health.in_flight = health.in_flight.saturating_sub(count);
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.lock().health.in_flight == 0
    }

    /// Counts a delivery that was settled this way.
    pub(crate) fn settled(&self, how: &'static str) {
        *self.lock().settled.entry(how).or_default() += 1;
    }

    /// How many deliveries were settled in each way since the start.
    pub(crate) fn settlements(&self) -> BTreeMap<&'static str, u64> {
        self.lock().settled.clone()
    }

    /// Learns from how a call ended.
    pub(crate) fn learn(&self, outcome: &Outcome, now: Timestamp) {
        let gate = &mut *self.lock();
        match outcome {
            // A refusal is an answer: the registry works, it only does not want this one.
            Outcome::Delivered(_) | Outcome::Refused { .. } => {
                gate.health.failures_in_row = 0;
                // An answer to a call that began before a pause does not end the pause.
                if gate.health.state == EndpointState::Probing {
                    gate.health.state = EndpointState::Ready;
                }
                if gate.health.state == EndpointState::Ready {
                    gate.pauses_in_row = 0;
                }
                if matches!(outcome, Outcome::Delivered(_)) {
                    gate.health.delivered_at = Some(now);
                }
            }
            Outcome::Retry { after, why } => {
                gate.fail(now, why);
                if gate.health.failures_in_row >= FAILURES_IN_ROW_MAX
                    || gate.health.state == EndpointState::Probing
                {
                    gate.pause(now, *after);
                }
            }
            Outcome::Throttled { after, why } => {
                gate.fail(now, why);
                gate.pause(now, *after);
            }
            Outcome::Gone => {
                gate.fail(now, "answered 410 Gone: the endpoint is switched off");
                gate.health.state = EndpointState::Gone;
            }
        }
    }

    /// An operator says that the registry is back.
    pub(crate) fn reopen(&self) {
        let gate = &mut *self.lock();
        gate.health.state = EndpointState::Probing;
        gate.pauses_in_row = 0;
    }

    /// A copy for the pages.
    pub(crate) fn health(&self) -> Health {
        self.lock().health.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        // Nothing that holds the lock can panic half way, so a poisoned one is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    fn fail(&mut self, now: Timestamp, why: &str) {
        self.health.failures_in_row = self.health.failures_in_row.saturating_add(1);
        self.health.failed_at = Some(now);
        self.health.failed_why = Some(why.to_owned());
    }

    /// Closes the gate for as long as was asked, else for longer at each pause without an answer in
    /// between. The many calls that were under way together are one failure and one pause: only
    /// what the registry asks for can lengthen a pause that stands.
    fn pause(&mut self, now: Timestamp, asked: Option<Duration>) {
        let standing = match self.health.state {
            EndpointState::Gone => return,
            EndpointState::Paused { until } => Some(until),
            EndpointState::Ready | EndpointState::Probing => None,
        };
        if standing.is_some() && asked.is_none() {
            return;
        }
        let doublings = self.pauses_in_row.min(16);
        if standing.is_none() {
            self.pauses_in_row = self.pauses_in_row.saturating_add(1);
        }
        let unasked = Duration::from_secs((PAUSE_S_MIN << doublings).min(PAUSE_S_MAX).into());
        let pause = SignedDuration::try_from(asked.unwrap_or(unasked)).unwrap_or_default();
        let until = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        let until = standing.map_or(until, |standing| standing.max(until));
        self.health.state = EndpointState::Paused { until };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failed() -> Outcome {
        Outcome::Retry { after: None, why: "cannot connect".into() }
    }

    fn throttled(seconds: Option<u64>) -> Outcome {
        Outcome::Throttled { after: seconds.map(Duration::from_secs), why: "answered 429".into() }
    }

    fn delivered() -> Outcome {
        Outcome::Delivered(crate::Answer::default())
    }

    #[test]
    fn never_more_in_flight_than_allowed() {
        let endpoint = Endpoint::default();
        assert_eq!(endpoint.room(at(0), 8), 8);
        endpoint.depart(5);
        assert_eq!(endpoint.room(at(0), 8), 3);
        endpoint.depart(3);
        assert_eq!(endpoint.room(at(0), 8), 0);
        endpoint.arrive(1);
        assert_eq!(endpoint.room(at(0), 8), 1);
    }

    #[test]
    fn it_waits_as_long_as_the_registry_asks_and_then_sends_one() {
        let endpoint = Endpoint::default();
        endpoint.learn(&throttled(Some(60)), at(100));
        endpoint.learn(&throttled(Some(10)), at(101));
        endpoint.learn(&delivered(), at(102));
        assert_eq!(endpoint.room(at(159), 8), 0);
        assert_eq!(endpoint.room(at(160), 8), 1);
        endpoint.depart(1);
        assert_eq!(endpoint.room(at(160), 8), 0);
        endpoint.arrive(1);
        endpoint.learn(&delivered(), at(161));
        assert_eq!(endpoint.room(at(161), 8), 8);
        assert_eq!(endpoint.health().delivered_at, Some(at(161)));
    }

    #[test]
    fn many_failures_in_a_row_close_the_gate_for_longer_and_longer() {
        let endpoint = Endpoint::default();
        for _ in 0..9 {
            endpoint.learn(&failed(), at(0));
        }
        assert_eq!(endpoint.room(at(0), 8), 8, "a few failures are the schedule's business");
        let mut now = 0;
        for pause in [5, 10, 20, 40, 80, 160, 300, 300] {
            endpoint.learn(&failed(), at(now));
            assert_eq!(endpoint.room(at(now + pause - 1), 8), 0, "{pause}");
            assert_eq!(endpoint.room(at(now + pause), 8), 1, "{pause}");
            now += pause;
        }
        endpoint.learn(&delivered(), at(now));
        assert_eq!(endpoint.room(at(now), 8), 8);
        assert_eq!(endpoint.health().failures_in_row, 0);
    }

    #[test]
    fn calls_that_fail_together_close_the_gate_once() {
        let endpoint = Endpoint::default();
        for _ in 0..64 {
            endpoint.learn(&failed(), at(0));
        }
        assert_eq!(endpoint.room(at(4), 8), 0);
        assert_eq!(endpoint.room(at(5), 8), 1);
    }

    #[test]
    fn refusals_are_answers() {
        let endpoint = Endpoint::default();
        for _ in 0..100 {
            let refusal = Outcome::Refused { code: "http_422".into(), why: String::new() };
            endpoint.learn(&refusal, at(0));
        }
        assert_eq!(endpoint.room(at(0), 8), 8);
    }

    #[test]
    fn gone_stays_until_an_operator_reopens_it() {
        let endpoint = Endpoint::default();
        endpoint.learn(&Outcome::Gone, at(0));
        endpoint.learn(&throttled(None), at(1));
        endpoint.learn(&delivered(), at(2));
        assert_eq!(endpoint.room(at(1_000_000), 8), 0);
        assert_eq!(endpoint.health().state, EndpointState::Gone);
        endpoint.reopen();
        assert_eq!(endpoint.room(at(1_000_000), 8), 1);
    }
}
