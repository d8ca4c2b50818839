//! A registry: the place that registrations are delivered to.
//!
//! The URL's scheme picks the engine, once, at start; after that a delivery always ends in an
//! [`Outcome`] and never in an error or a panic, because the queue has to settle it either way.

use crate::outbox::delivery::{Message, Outcome, RegistryError, RegistrySettings};
use crate::outbox::jetstream::Jetstream;
use crate::outbox::webhook::Webhook;
use futures_util::future::join_all;
use jiff::Timestamp;

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
}
