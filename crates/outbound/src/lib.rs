//! The only client of other hosts: events that the store owes to a registry are claimed, signed, sent
//! and settled.
//!
//! It delivers at least once and always under the same id, so a registry that knows the id has each
//! registration exactly once. It must never lose a claim without its lease bringing it back, never
//! settle what another node has claimed since, and never dial an address that the operator did not
//! allow.
//!
//! - `outbox`: deliveries to the registry, from the claim to what came of it ([`Forwarder`])
//! - `net`: which addresses may be dialled, the HTTP client, TLS, answers with a cap
//! - `identity`: who signs in, asked at a company's identity provider ([`IdentityProvider`])
//! - `remote`: photos handed to a labelscan elsewhere ([`RemoteLabelscan`])
//! - `traces`: spans sent to an OpenTelemetry collector, with the feature `otel`

#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod net;
mod outbox;
mod remote;
mod traces;

pub use identity::attempt::Attempt;
pub use identity::id_token::{Claims, IdTokenError};
pub use identity::provider::{IdentityError, IdentityProvider, IdentitySettings};
pub use outbox::circuit_breaker::{EndpointState, Health};
pub use outbox::delivery::{
    Answer, AnswerResult, Message, Outcome, RegistryError, RegistrySettings,
};
pub use outbox::event::*;
pub use outbox::jetstream::Jetstream;
pub use outbox::registry::Registry;
pub use outbox::run::{ForwardSettings, Forwarder, Handle};
pub use outbox::schedule::{ATTEMPTS_MAX, next_wait};
pub use outbox::signature::SecretError;
pub use outbox::webhook::Webhook;
pub use remote::{Photo, Refusal, RemoteLabelscan, ServiceError, ServiceSettings, SubmitError};
pub use traces::Traces;
