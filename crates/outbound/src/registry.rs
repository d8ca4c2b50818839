//! A registry: the place that registrations are delivered to.
//!
//! The URL's scheme picks the engine, once, at start; after that a delivery always ends in an
//! [`Outcome`] and never in an error or a panic, because the queue has to settle it either way.

use crate::answer::Answer;
use crate::jetstream::Jetstream;
use crate::signature::SecretError;
use crate::webhook::Webhook;
use bytes::Bytes;
use futures_util::future::join_all;
use jiff::Timestamp;
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
    /// The endpoint is gone for good (410): nothing should be sent there until an operator looks.
    Gone,
}

/// An opened registry.
#[derive(Clone, Debug)]
pub enum Registry {
    /// Signed HTTP calls.
    Webhook(Webhook),
    /// A NATS JetStream subject.
    Jetstream(Jetstream),
}

impl Registry {
    /// Opens the engine that the URL's scheme names. Sends nothing yet.
    ///
    /// # Errors
    /// [`RegistryError`], whose text says what to change.
    pub fn open(settings: &RegistrySettings) -> Result<Self, RegistryError> {
        let url = url::Url::parse(settings.url.trim())?;
        match url.scheme() {
            "https" | "http" => Webhook::open(url, settings).map(Self::Webhook),
            "tls" | "nats" => Jetstream::open(url, settings).map(Self::Jetstream),
            other => Err(RegistryError::UnknownScheme(other.to_owned())),
        }
    }

    /// How many messages [`Registry::deliver`] sends in one call.
    pub fn batch_events_max(&self) -> usize {
        match self {
            Self::Webhook(webhook) => webhook.batch_events_max().max(1),
            Self::Jetstream(_) => 1,
        }
    }

    /// The longest that [`Registry::deliver`] takes, in milliseconds: one call, and a second where
    /// a list may have to be sent event by event.
    pub fn deliver_ms_max(&self) -> u64 {
        let deadline = match self {
            Self::Webhook(webhook) => webhook.deadline(),
            Self::Jetstream(jetstream) => jetstream.deadline(),
        };
        let calls = if self.batch_events_max() > 1 { 2 } else { 1 };
        u64::try_from(calls * deadline.as_millis()).unwrap_or(u64::MAX)
    }

    /// Sends messages and waits for what the registry says to each, in their order. Ends within
    /// [`Registry::deliver_ms_max`] whatever the registry does. `now` goes into the signature.
    pub async fn deliver(&self, messages: &[Message], now: Timestamp) -> Vec<Outcome> {
        match self {
            Self::Webhook(webhook) => webhook.deliver(messages, now).await,
            Self::Jetstream(jetstream) => {
                join_all(messages.iter().map(|message| jetstream.deliver(message, now))).await
            }
        }
    }
}

/// Installs the process's TLS provider unless the program already has one.
pub(crate) fn install_tls() {
    // An error only says that one is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(url: &str) -> String {
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into();
        Registry::open(&RegistrySettings { url: url.into(), secret, ..Default::default() })
            .expect_err(url)
            .to_string()
    }

    #[test]
    fn only_known_schemes_open() {
        assert_eq!(
            refused("ftp://registry.example/"),
            "registry scheme ftp:// is not known: use https:// or tls:// (NATS), or on a private \
             network http:// or nats://"
        );
        assert!(refused("file:///etc/passwd").contains("file:// is not known"));
        assert!(refused("registry.example").contains("must be a URL"));
        assert!(refused("").contains("must be a URL"));
        assert!(refused("https://").contains("must be a URL"));
        assert!(refused("nats://").contains("names no host"));
        assert!(refused("nats://registry.example/all.>").contains("is no NATS subject"));
    }

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
