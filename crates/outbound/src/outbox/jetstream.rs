//! Delivery into a NATS JetStream subject.
//!
//! The event's id is the `Nats-Msg-Id`, so the stream itself drops a repeat, and a message counts
//! as delivered only once the stream has acknowledged it. A publish to a server that is away would
//! otherwise wait for it to come back: every step here is under the delivery's own deadline. It
//! must never create a stream; how long registrations are kept there is the operator's decision.

use crate::net::address::{AddressRefused, Allowed, Peer};
use crate::net::response::clean;
use crate::net::tls::install_tls;
use crate::outbox::delivery::{Answer, Message, Outcome, RegistryError, RegistrySettings};
use crate::outbox::signature::Secrets;
use async_nats::jetstream::{self, context::PublishErrorKind, message::PublishMessage};
use async_nats::{Client, ConnectOptions, ServerAddr, connection::State};
use jiff::Timestamp;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use url::Url;

/// The subject if the URL's path names none.
const SUBJECT: &str = "terminal.registered";
/// The port if the URL names none.
const PORT: u16 = 4222;

/// How often the server is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(5);

/// A registry that listens on a JetStream subject.
#[derive(Clone)]
pub struct Jetstream {
    url: Url,
    subject: String,
    secrets: Option<Secrets>,
    allowed: Allowed,
    deadline: Duration,
    connected: Arc<Mutex<Option<Client>>>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Unconnected {
    #[error(transparent)]
    Refused(#[from] AddressRefused),
    #[error("cannot resolve the registry's name: {0}")]
    Lookup(#[source] std::io::Error),
    #[error("cannot connect: {0}")]
    Connect(#[from] async_nats::ConnectError),
    #[error("the registry's URL is no NATS address: {0}")]
    Address(#[source] std::io::Error),
}

impl Jetstream {
    pub(crate) fn open(url: Url, settings: &RegistrySettings) -> Result<Self, RegistryError> {
        url.host().ok_or(RegistryError::NoHost)?;
        let subject = match url.path().trim_matches('/') {
            "" => SUBJECT,
            path => path,
        };
        let plain = subject.split('.').all(|token| {
            !token.is_empty()
                && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        });
        if !plain {
            return Err(RegistryError::Subject(subject.to_owned()));
        }
        install_tls();
        Ok(Self {
            subject: subject.to_owned(),
            secrets: match settings.secret.trim() {
                "" => None,
                secret => Some(Secrets::parse(secret)?),
            },
            allowed: Allowed {
                peer: Peer::Registry,
                private: settings.allow_private,
                public: url.scheme() == "tls",
            },
            deadline: Duration::from_millis(settings.deliver_ms_max),
            connected: Arc::default(),
            url,
        })
    }

    /// The longest that a delivery takes.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Publishes one message and waits for the stream's acknowledgement.
    pub(crate) async fn deliver(&self, message: &Message, now: Timestamp) -> Outcome {
        match tokio::time::timeout(self.deadline, self.publish(message, now)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                // A connection that let a deadline pass is not trusted with the next message.
                self.disconnect();
                let why = format!("no acknowledgement within {} ms", self.deadline.as_millis());
                Outcome::Retry { after: None, why }
            }
        }
    }

    async fn publish(&self, message: &Message, now: Timestamp) -> Outcome {
        let client = match self.client().await {
            Ok(client) => client,
            Err(error) => return retry(error),
        };
        let mut context = jetstream::new(client);
        context.set_timeout(self.deadline);
        let mut publish = PublishMessage::build()
            .message_id(&message.event_id)
            .header("Content-Type", "application/json")
            .payload(message.bytes.clone());
        if let Some(secrets) = &self.secrets {
            let timestamp_s = now.as_second();
            publish = publish
                .header("webhook-id", message.event_id.as_str())
                .header("webhook-timestamp", timestamp_s.to_string())
                .header(
                    "webhook-signature",
                    secrets.sign(&message.event_id, timestamp_s, &message.bytes),
                );
        }
        let acknowledged = match context.send_publish(self.subject.clone(), publish).await {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            // A duplicate is the acknowledgement that an earlier attempt did not get to see.
            Ok(ack) => Outcome::Delivered(Answer {
                registry_ref: Some(format!("{}:{}", ack.stream, ack.sequence)),
                ..Answer::default()
            }),
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                Outcome::Refused { code: "too_large".into(), why: clean(&error.to_string(), 500) }
            }
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                retry(format!("no JetStream stream takes the subject {}", self.subject))
            }
            Err(error) => retry(error),
        }
    }

    /// The connection, made anew where the last one is gone. Whoever finds none makes it while the
    /// others wait for it, each under its own deadline.
    async fn client(&self) -> Result<Client, Unconnected> {
        let mut connected = self.connected.lock().await;
        if let Some(client) = connected.as_ref()
            && client.connection_state() == State::Connected
        {
            return Ok(client.clone());
        }
        let client = self.connect().await?;
        *connected = Some(client.clone());
        Ok(client)
    }

    /// Connects to an address that was judged. Without TLS the judged address itself is dialled;
    /// with TLS the name is, and its certificate vouches that no other address answered.
    async fn connect(&self) -> Result<Client, Unconnected> {
        let server = ServerAddr::from_url(self.url.clone()).map_err(Unconnected::Address)?;
        let port = self.url.port().unwrap_or(PORT);
        let found = tokio::net::lookup_host((server.host(), port)).await;
        let judged = self.allowed.filter(found.map_err(Unconnected::Lookup)?)?;
        let options = ConnectOptions::new()
            .name("labelscan")
            .ignore_discovered_servers()
            .max_reconnects(1)
            // A connection that was cut silently shows within two of these, not within minutes.
            .ping_interval(PING_EVERY)
            .connection_timeout(self.deadline / 2);
        let servers = match server.tls_required() {
            true => vec![server],
            false => {
                let dialled = judged.iter().map(|address| self.dialled(*address));
                dialled.collect::<Result<_, _>>().map_err(Unconnected::Address)?
            }
        };
        Ok(options.connect(servers).await?)
    }

    /// The URL with its user and password, and the judged address in place of the name.
    fn dialled(&self, address: SocketAddr) -> std::io::Result<ServerAddr> {
        let mut url = self.url.clone();
        let set = url.set_ip_host(address.ip()).and_then(|()| url.set_port(Some(address.port())));
        set.map_err(|()| std::io::Error::other("its host cannot be an address"))?;
        ServerAddr::from_url(url)
    }

    /// Forgets the connection. If somebody holds the lock, a new one is being made already.
    fn disconnect(&self) {
        if let Ok(mut connected) = self.connected.try_lock() {
            *connected = None;
        }
    }
}

impl std::fmt::Debug for Jetstream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Jetstream").field("subject", &self.subject).finish_non_exhaustive()
    }
}

fn retry(why: impl ToString) -> Outcome {
    Outcome::Retry { after: None, why: clean(&why.to_string(), 500) }
}
