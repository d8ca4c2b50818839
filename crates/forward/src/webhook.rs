//! Signed HTTP delivery in the shape of Standard Webhooks.
//!
//! One call has one deadline over everything: name look-up, connecting, TLS, sending, and every
//! byte of the answer. It follows no redirect, uses no proxy from the environment, keeps no cookie,
//! reads only a capped part of the answer, and dials only addresses that were judged after
//! resolution. It must never tell an error from a panic: every end is an [`Outcome`].

use crate::address::{AddressRefused, Allowed, GuardedResolver, SystemLookup};
use crate::registry::{Message, Outcome, RegistryError, RegistrySettings};
use crate::{answer, signature::Secrets};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, dns::Resolve};
use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// How long an idle connection is kept for the next delivery.
const IDLE_S: u64 = 30;

/// A registry that takes signed HTTP calls.
#[derive(Clone, Debug)]
pub struct Webhook {
    client: Client,
    url: Url,
    secrets: Secrets,
    allowed: Allowed,
    deadline: Duration,
    answer_bytes_max: usize,
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
        let encrypted = url.scheme() == "https";
        let allowed = Allowed { private: settings.allow_private, public: encrypted };
        url.host().ok_or(RegistryError::NoHost)?;
        let secrets = Secrets::parse(&settings.secret)?;
        crate::registry::install_tls();
        let client = Client::builder()
            .user_agent("labelscan")
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .pool_idle_timeout(Duration::from_secs(IDLE_S))
            .dns_resolver(GuardedResolver { allowed, lookup });
        // Loading the machine's root certificates takes time and can fail: only where they are used.
        let client = if encrypted { client } else { client.tls_certs_only([]) };
        let webhook = Self {
            client: client.build().map_err(RegistryError::Client)?,
            url,
            secrets,
            allowed,
            deadline: Duration::from_millis(settings.deliver_ms_max),
            answer_bytes_max: settings.answer_bytes_max,
        };
        if let Err(why) = webhook.check_literal() {
            tracing::warn!(%why, "registrations will wait: the registry's address is refused");
        }
        Ok(webhook)
    }

    /// Sends one message and waits for the answer.
    pub(crate) async fn deliver(&self, message: &Message, now: Timestamp) -> Outcome {
        match tokio::time::timeout(self.deadline, self.call(message, now)).await {
            Ok(outcome) => outcome,
            Err(_) => retry(format!("no complete answer within {} ms", self.deadline.as_millis())),
        }
    }

    async fn call(&self, message: &Message, now: Timestamp) -> Outcome {
        // A host that is an address never reaches the resolver.
        if let Err(why) = self.check_literal() {
            return retry(why.to_string());
        }
        let timestamp_s = now.as_second();
        let signature = self.secrets.sign(&message.event_id, timestamp_s, &message.bytes);
        let sent = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.event_id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", signature)
            .body(message.bytes.clone())
            .send()
            .await;
        match sent {
            Ok(response) => self.hear(response, now).await,
            Err(error) => retry(cause(error)),
        }
    }

    /// Reads at most `answer_bytes_max` of the answer. What is longer is no answer that a registry
    /// gives, so its status alone counts; what breaks off early may have been about to say
    /// "rejected", so it is asked again.
    async fn hear(&self, mut response: Response, now: Timestamp) -> Outcome {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).cloned();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= self.answer_bytes_max => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    body.clear();
                    break;
                }
                Ok(None) => break,
                Err(error) if status.is_success() => return retry(cause(error)),
                Err(_) => break,
            }
        }
        let retry_after = retry_after.as_ref().and_then(|header| header.to_str().ok());
        answer::outcome(status, retry_after, &body, now)
    }

    fn check_literal(&self) -> Result<(), AddressRefused> {
        match self.url.host() {
            Some(Host::Ipv4(address)) => self.allowed.check(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => self.allowed.check(IpAddr::V6(address)),
            _ => Ok(()),
        }
    }
}

fn retry(why: String) -> Outcome {
    Outcome::Retry { after: None, why: answer::clean(&why, 500) }
}

/// The innermost cause of a failed call, without the URL, which may carry a password.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let stage = match () {
        () if error.is_connect() => "cannot connect",
        () if error.is_timeout() => "timed out",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the call failed",
    };
    format!("{stage}: {innermost}")
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
            let outcome = webhook.deliver(&message, Timestamp::UNIX_EPOCH).await;
            let Outcome::Retry { why, .. } = outcome else { panic!("{outcome:?}") };
            assert!(why.contains(part), "{why}");
        }
        assert_eq!(rebinding.asked.load(Ordering::SeqCst), 3, "one look-up a connection");
        let dialled = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(dialled.is_err(), "nobody may have dialled");
    }
}
