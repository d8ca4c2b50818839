//! The circuit breaker: how the registry is doing, and how much may therefore be sent to it.
//!
//! One registry's trouble must not burn the attempts of everything that waits for it: while it
//! asks for patience, or has failed many times in a row, nothing is claimed, and afterwards a
//! single delivery goes ahead to see. A state machine without clock or I/O: the time is a
//! parameter.

use crate::outbox::delivery::Outcome;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many failures in a row close the circuit.
const FAILURES_IN_ROW_MAX: u32 = 10;
/// And how many if they say that the endpoint does not serve us: nothing but an operator ends that.
const UNSERVED_IN_ROW_MAX: u32 = 3;
/// How long the circuit first stays open, in seconds; it doubles with each probe that fails.
const PAUSE_S_MIN: u32 = 5;
/// The longest that the circuit stays open unasked, in seconds.
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

/// What stands between the queue and a registry, shared by all deliveries.
#[derive(Debug, Default)]
pub(crate) struct CircuitBreaker(Mutex<Circuit>);

/// What the breaker knows of its registry.
#[derive(Debug, Default)]
struct Circuit {
    health: Health,
    settled: BTreeMap<&'static str, u64>,
    pauses_in_row: u32,
}

impl CircuitBreaker {
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
    pub(crate) fn begin(&self, count: usize) {
        self.lock().health.in_flight += count;
    }

    /// Counts deliveries back in.
    pub(crate) fn end(&self, count: usize) {
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

    /// Records how a call ended.
    pub(crate) fn record(&self, outcome: &Outcome, now: Timestamp) {
        let circuit = &mut *self.lock();
        match outcome {
            // A refusal is an answer: the registry works, it only does not want this one.
            Outcome::Delivered(_) | Outcome::Refused { .. } => {
                circuit.health.failures_in_row = 0;
                // An answer to a call that began before a pause does not end the pause.
                if circuit.health.state == EndpointState::Probing {
                    circuit.health.state = EndpointState::Ready;
                }
                if circuit.health.state == EndpointState::Ready {
                    circuit.pauses_in_row = 0;
                }
                if matches!(outcome, Outcome::Delivered(_)) {
                    circuit.health.delivered_at = Some(now);
                }
            }
            Outcome::Retry { after, why } => {
                circuit.fail(now, why);
                if circuit.health.failures_in_row >= FAILURES_IN_ROW_MAX
                    || circuit.health.state == EndpointState::Probing
                {
                    circuit.pause(now, *after);
                }
            }
            Outcome::Unserved { after, why } => {
                circuit.fail(now, why);
                if circuit.health.failures_in_row >= UNSERVED_IN_ROW_MAX
                    || circuit.health.state == EndpointState::Probing
                {
                    circuit.pause(now, *after);
                }
            }
            Outcome::Throttled { after, why } => {
                circuit.fail(now, why);
                circuit.pause(now, *after);
            }
            Outcome::Gone => {
                circuit.fail(now, "answered 410 Gone: the endpoint is switched off");
                circuit.health.state = EndpointState::Gone;
            }
        }
    }

    /// An operator says that the registry is back.
    pub(crate) fn reopen(&self) {
        let circuit = &mut *self.lock();
        circuit.health.state = EndpointState::Probing;
        circuit.pauses_in_row = 0;
    }

    /// A copy for the pages.
    pub(crate) fn health(&self) -> Health {
        self.lock().health.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        // Nothing that holds the lock can panic half way, so a poisoned one is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuit {
    fn fail(&mut self, now: Timestamp, why: &str) {
        self.health.failures_in_row = self.health.failures_in_row.saturating_add(1);
        self.health.failed_at = Some(now);
        self.health.failed_why = Some(why.to_owned());
    }

    /// Opens the circuit for as long as was asked, else for longer at each pause without an answer in
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
        Outcome::Delivered(crate::outbox::delivery::Answer::default())
    }

    #[test]
    fn never_more_in_flight_than_allowed() {
        let breaker = CircuitBreaker::default();
        assert_eq!(breaker.room(at(0), 8), 8);
        breaker.begin(5);
        assert_eq!(breaker.room(at(0), 8), 3);
        breaker.begin(3);
        assert_eq!(breaker.room(at(0), 8), 0);
        breaker.end(1);
        assert_eq!(breaker.room(at(0), 8), 1);
    }

    #[test]
    fn it_waits_as_long_as_the_registry_asks_and_then_sends_one() {
        let breaker = CircuitBreaker::default();
        breaker.record(&throttled(Some(60)), at(100));
        breaker.record(&throttled(Some(10)), at(101));
        breaker.record(&delivered(), at(102));
        assert_eq!(breaker.room(at(159), 8), 0);
        assert_eq!(breaker.room(at(160), 8), 1);
        breaker.begin(1);
        assert_eq!(breaker.room(at(160), 8), 0);
        breaker.end(1);
        breaker.record(&delivered(), at(161));
        assert_eq!(breaker.room(at(161), 8), 8);
        assert_eq!(breaker.health().delivered_at, Some(at(161)));
    }

    #[test]
    fn many_failures_in_a_row_open_the_circuit_for_longer_and_longer() {
        let breaker = CircuitBreaker::default();
        for _ in 0..9 {
            breaker.record(&failed(), at(0));
        }
        assert_eq!(breaker.room(at(0), 8), 8, "a few failures are the schedule's business");
        let mut now = 0;
        for pause in [5, 10, 20, 40, 80, 160, 300, 300] {
            breaker.record(&failed(), at(now));
            assert_eq!(breaker.room(at(now + pause - 1), 8), 0, "{pause}");
            assert_eq!(breaker.room(at(now + pause), 8), 1, "{pause}");
            now += pause;
        }
        breaker.record(&delivered(), at(now));
        assert_eq!(breaker.room(at(now), 8), 8);
        assert_eq!(breaker.health().failures_in_row, 0);
    }

    #[test]
    fn calls_that_fail_together_open_the_circuit_once() {
        let breaker = CircuitBreaker::default();
        for _ in 0..64 {
            breaker.record(&failed(), at(0));
        }
        assert_eq!(breaker.room(at(4), 8), 0);
        assert_eq!(breaker.room(at(5), 8), 1);
    }

    #[test]
    fn an_endpoint_that_serves_nobody_opens_the_circuit_soon() {
        let breaker = CircuitBreaker::default();
        let unserved = Outcome::Unserved { after: None, why: "answered 401".into() };
        breaker.record(&unserved, at(0));
        breaker.record(&unserved, at(0));
        assert_eq!(breaker.room(at(0), 8), 8);
        breaker.record(&unserved, at(0));
        assert_eq!(breaker.room(at(4), 8), 0);
        assert_eq!(breaker.room(at(5), 8), 1);
        breaker.record(&delivered(), at(5));
        assert_eq!(breaker.room(at(5), 8), 8);
    }

    #[test]
    fn refusals_are_answers() {
        let breaker = CircuitBreaker::default();
        for _ in 0..100 {
            let refusal = Outcome::Refused { code: "http_422".into(), why: String::new() };
            breaker.record(&refusal, at(0));
        }
        assert_eq!(breaker.room(at(0), 8), 8);
    }

    #[test]
    fn gone_stays_until_an_operator_reopens_it() {
        let breaker = CircuitBreaker::default();
        breaker.record(&Outcome::Gone, at(0));
        breaker.record(&throttled(None), at(1));
        breaker.record(&delivered(), at(2));
        assert_eq!(breaker.room(at(1_000_000), 8), 0);
        assert_eq!(breaker.health().state, EndpointState::Gone);
        breaker.reopen();
        assert_eq!(breaker.room(at(1_000_000), 8), 1);
    }
}
