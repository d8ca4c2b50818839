//! The way out: events that the store owes to a registry are claimed, signed, sent and settled. And
//! [`Service`], the way from a folder of photos to a labelscan that runs elsewhere.
//!
//! The only HTTP and broker client of the workspace. It delivers at least once and always under the
//! same id, so a registry that knows the id has each registration exactly once. It must never lose
//! a claim without its lease bringing it back, never settle what another node has claimed since,
//! and never dial an address that the operator did not allow.

mod address;
mod answer;
mod batch;
mod dial;
mod endpoint;
mod event;
mod jetstream;
mod registry;
mod run;
mod schedule;
mod service;
mod signature;
mod webhook;

pub use answer::{Answer, AnswerResult};
pub use endpoint::{EndpointState, Health};
pub use event::*;
pub use jetstream::Jetstream;
pub use registry::{Message, Outcome, Registry, RegistryError, RegistrySettings};
pub use run::{ForwardSettings, Forwarder, Handle};
pub use schedule::{ATTEMPTS_MAX, next_wait};
pub use service::{Photo, Refusal, Service, ServiceError, ServiceSettings, SubmitError};
pub use signature::SecretError;
pub use webhook::Webhook;
