//! From an owed event to a settled delivery: the loop that claims, the event's form, its signature,
//! the webhook and JetStream engines, the schedule of attempts, the circuit breaker. It must never
//! lose a claim without its lease bringing it back, never settle what another node has claimed
//! since, and never change an event's id or bytes between attempts.

pub(crate) mod answer;
pub(crate) mod batch;
pub(crate) mod circuit_breaker;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod jetstream;
pub(crate) mod registry;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod signature;
pub(crate) mod webhook;
