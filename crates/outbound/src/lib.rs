//! The way out: events that the store owes to a registry are claimed, signed, sent and settled.
//!
//! It delivers at least once and always under the same id, so a registry that knows the id has each
//! registration exactly once. It must never lose a claim without its lease bringing it back, never
//! settle what another node has claimed since, and never dial an address that the operator did not
//! allow.
//!
//! As the only HTTP and broker client of the workspace it also asks a company's identity provider who
//! signs in ([`IdentityProvider`]), and hands photos to a labelscan elsewhere ([`Service`]).

mod address;
mod answer;
mod batch;
mod dial;
mod endpoint;
mod event;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod jetstream;
mod registry;
mod run;
mod schedule;
mod signature;
mod submission;
mod traces;
mod webhook;

pub use answer::{Answer, AnswerResult};
pub use endpoint::{EndpointState, Health};
pub use event::*;
pub use identity::{
    Attempt, Claims, IdTokenError, IdentityError, IdentityProvider, IdentitySettings,
};
pub use jetstream::Jetstream;
pub use registry::{Message, Outcome, Registry, RegistryError, RegistrySettings};
pub use run::{ForwardSettings, Forwarder, Handle};
pub use schedule::{ATTEMPTS_MAX, next_wait};
pub use signature::SecretError;
pub use submission::{Photo, Refusal, Service, ServiceError, ServiceSettings, SubmitError};
pub use traces::Traces;
pub use webhook::Webhook;
