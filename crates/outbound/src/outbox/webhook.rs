//! Signed HTTP delivery in the shape of Standard Webhooks.
//!
//! One call has one deadline over everything: name look-up, connecting, TLS, sending, and every
//! byte of the answer. It must never tell an error from a panic: every end is an [`Outcome`].

use crate::net::address::{Peer, SystemLookup};
use crate::net::dial::Dialler;
use crate::net::response::{CappedResponse, clean};
use crate::outbox::delivery::{Message, Outcome, RegistryError, RegistrySettings};
use crate::outbox::signature::Secrets;
use crate::outbox::{answer, batch};
use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::dns::Resolve;
use reqwest::header::CONTENT_TYPE;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A registry that takes signed HTTP calls.
#[derive(Clone, Debug)]
pub struct Webhook {
    dialler: Dialler,
    url: Url,
    secrets: Secrets,
    deadline: Duration,
    batch_events_max: usize,
}

impl Webhook {
    pub(crate) fn open(url: Url, settings: &RegistrySettings) -> Result<Self, RegistryError> {
        Self::open_with(url, settings, Arc::new(SystemLookup))
    }

    fn open_with<L: Resolve + 'static>(
        url: Url,
        settings: &RegistrySettings,
        lookup: Arc<L>,
    ) -> Result<Self, RegistryError> {
        url.host().ok_or(RegistryError::NoHost)?;
        let secrets = Secrets::parse(&settings.secret)?;
        let dialler = Dialler::new(
            Peer::Registry,
            &url,
            settings.allow_private,
            settings.answer_bytes_max,
            lookup,
        )
        .map_err(RegistryError::Client)?;
        let webhook = Self {
            dialler,
            url,
            secrets,
            deadline: Duration::from_millis(settings.deliver_ms_max),
            batch_events_max: settings.batch_events_max,
        };
        if let Err(why) = webhook.dialler.check_literal(&webhook.url) {
            tracing::warn!(%why, "registrations will wait: the registry's address is refused");
        }
        Ok(webhook)
    }

    /// The longest that a delivery takes.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How many events go into one call.
    pub(crate) fn batch_events_max(&self) -> usize {
        self.batch_events_max
    }

    /// Sends messages and waits for the answers, in their order: one event as it is, or a list
    /// where the registry takes lists. A list that is refused whole is sent again event by event,
    /// so this takes up to two deadlines.
    pub(crate) async fn deliver(&self, messages: &[Message], now: Timestamp) -> Vec<Outcome> {
        if self.batch_events_max <= 1 {
            let each = messages.iter().map(|message| async {
                self.call(message, now).await.map_or_else(retry, |it| answer::outcome(&it, now))
            });
            return join_all(each).await;
        }
        match self.deliver_list(messages, now).await {
            Some(outcomes) => outcomes,
            None => {
                let each = messages.chunks(1).map(|one| self.deliver_list(one, now));
                join_all(each).await.into_iter().flatten().flatten().collect()
            }
        }
    }

    /// `None` if the registry refuses the list and does not say which of several events it means.
    async fn deliver_list(&self, messages: &[Message], now: Timestamp) -> Option<Vec<Outcome>> {
        let Some(list) = batch::list(messages) else {
            let refused = Outcome::Refused { code: "not_json".into(), why: String::new() };
            return (messages.len() == 1).then(|| vec![refused]);
        };
        match self.call(&list, now).await {
            Ok(response) => batch::outcomes(messages, &response, now),
            Err(why) => Some(vec![retry(why); messages.len()]),
        }
    }

    /// One call under one deadline; the error says for people why there is no complete answer.
    async fn call(&self, message: &Message, now: Timestamp) -> Result<CappedResponse, String> {
        match tokio::time::timeout(self.deadline, self.send(message, now)).await {
            Ok(ended) => ended,
            Err(_) => Err(format!("no complete answer within {} ms", self.deadline.as_millis())),
        }
    }

    async fn send(&self, message: &Message, now: Timestamp) -> Result<CappedResponse, String> {
        let timestamp_s = now.as_second();
        let signature = self.secrets.sign(&message.event_id, timestamp_s, &message.bytes);
        let request = self.dialler.request(Method::POST, &self.url)?;
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.event_id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", signature)
            .body(message.bytes.clone());
        self.dialler.call(request).await
    }
}

fn retry(why: String) -> Outcome {
    Outcome::Retry { after: None, why: clean(&why, 500) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::dns::{Addrs, Name, Resolving};
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A name whose owner changes its address between two look-ups.
    struct Rebinding {
        answers: Vec<SocketAddr>,
        asked: AtomicUsize,
    }

    impl Resolve for Rebinding {
        fn resolve(&self, _: Name) -> Resolving {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            let answer = self.answers[asked % self.answers.len()];
            Box::pin(async move { Ok(Box::new([answer].into_iter()) as Addrs) })
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_judged_at_each_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let trap = listener.local_addr().unwrap();
        // An address of no use to anybody, and then this machine.
        let answers = vec!["240.0.0.1:9".parse().unwrap(), trap, trap];
        let rebinding = Arc::new(Rebinding { answers, asked: AtomicUsize::new(0) });
        let settings = RegistrySettings {
            secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into(),
            deliver_ms_max: 500,
            ..Default::default()
        };
        let url = Url::parse("https://registry.example/").unwrap();
        let webhook = Webhook::open_with(url, &settings, rebinding.clone()).unwrap();
        let message = Message { event_id: "evt".into(), bytes: "{}".into() };
        for part in
            ["240.0.0.1 is a reserved", "127.0.0.1 is a loopback", "127.0.0.1 is a loopback"]
        {
            let why = webhook.call(&message, Timestamp::UNIX_EPOCH).await.err().unwrap();
            assert!(why.contains(part), "{why}");
        }
        assert_eq!(rebinding.asked.load(Ordering::SeqCst), 3, "one look-up a connection");
        let dialled = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(dialled.is_err(), "nobody may have dialled");
    }
}
