//! What every engine that delivers has in common: the settings of a registry, the message that goes
//! out, and how its delivery ended.

use crate::outbox::signature::SecretError;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where registrations go and how far the operator trusts it.
#[derive(Clone)]
pub struct RegistrySettings {
    /// `https://HOST/PATH` or `tls://HOST/SUBJECT`; on the operator's own network also
    /// `http://HOST/PATH` or `nats://HOST/SUBJECT`.
    pub url: String,
    /// Signing secrets, `whsec_BASE64`, newest first, separated by spaces or commas. A webhook
    /// needs one; a JetStream message is signed if there is one.
    pub secret: String,
    /// Whether the registry may stand on a loopback or private address.
    pub allow_private: bool,
    /// The whole of one call, from the name look-up to the last byte of the answer, in
    /// milliseconds.
    pub deliver_ms_max: u64,
    /// How much of an answer is read, in bytes.
    pub answer_bytes_max: usize,
    /// How many events a webhook takes in one call. 1 sends each event by itself; more sends
    /// lists, also of one.
    pub batch_events_max: usize,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            secret: String::new(),
            allow_private: false,
            deliver_ms_max: 15_000,
            answer_bytes_max: 64 * 1024,
            batch_events_max: 1,
        }
    }
}

impl std::fmt::Debug for RegistrySettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may carry a password.
        out.debug_struct("RegistrySettings")
            .field("allow_private", &self.allow_private)
            .field("deliver_ms_max", &self.deliver_ms_max)
            .field("answer_bytes_max", &self.answer_bytes_max)
            .field("batch_events_max", &self.batch_events_max)
            .finish_non_exhaustive()
    }
}

/// Why a registry cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The setting is no URL.
    #[error("the registry must be a URL such as https://registry.example/hook: {0}")]
    NotAUrl(#[from] url::ParseError),
    /// No engine speaks that scheme.
    #[error(
        "registry scheme {0}:// is not known: use https:// or tls:// (NATS), \
         or on a private network http:// or nats://"
    )]
    UnknownScheme(String),
    /// The URL names no host.
    #[error("the registry's URL names no host")]
    NoHost,
    /// The URL's path is no subject to publish to.
    #[error("{0:?} is no NATS subject: letters, digits, - and _ in parts separated by dots")]
    Subject(String),
    /// The signing secrets cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The HTTP client cannot start, for example because the machine has no root certificates.
    #[error("the HTTP client cannot start: {0}")]
    Client(#[source] reqwest::Error),
}

/// What a registry says about a registration that it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerResult {
    /// It is registered, or the registry does not tell.
    #[default]
    Accepted,
    /// The registry decides later.
    Pending,
}

/// A registry's answer to a delivery that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Accepted or pending.
    pub result: AnswerResult,
    /// The registry's code, if it gave one.
    pub code: Option<String>,
    /// The registry's own number for the registration, if it gave one.
    pub registry_ref: Option<String>,
}

/// A registration on its way: what is sent, and the id under which it is sent at every attempt.
#[derive(Clone, Debug)]
pub struct Message {
    /// `webhook-id`: the same over all attempts, so that the registry can tell a repeat.
    pub event_id: String,
    /// The event's final bytes; exactly these are signed and sent.
    pub bytes: Bytes,
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The registry has it.
    Delivered(Answer),
    /// The registry has seen it and will not take it; trying again would change nothing.
    Refused {
        /// The registry's code, or `http_STATUS`.
        code: String,
        /// For people.
        why: String,
    },
    /// This attempt failed; another may not.
    Retry {
        /// How long the registry asked to be left alone.
        after: Option<Duration>,
        /// For people.
        why: String,
    },
    /// The registry has too much to do: nothing else should be sent for a while either.
    Throttled {
        /// How long the registry asked to be left alone.
        after: Option<Duration>,
        /// For people.
        why: String,
    },
    /// The endpoint does not serve us (401, 403, 404, 405 and their like): nothing is said about this
    /// message, and another would fare alike.
    Unserved {
        /// How long the registry asked to be left alone.
        after: Option<Duration>,
        /// For people.
        why: String,
    },
    /// The endpoint is gone for good (410): nothing should be sent there until an operator looks.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_show_no_secret() {
        let shown = format!(
            "{:?}",
            RegistrySettings {
                url: "https://user:hunter2@registry.example".into(),
                secret: "whsec_hunter2".into(),
                ..Default::default()
            }
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
