//! A stream of JetStream as the registry of an installation.

use crate::harness::{Event, FakeRegistry};
use async_nats::jetstream::stream;
use servers::DataServer;
use std::time::Duration;

const SUBJECT: &str = "terminal.registered";
const STREAM: &str = "REGISTRY";

/// Makes a stream that knows an id for longer than any play lasts; the registry's URL in the settings.
///
/// # Panics
/// If the server does not answer.
pub async fn open_stream(nats: &DataServer) -> String {
    let client = async_nats::connect(nats.url()).await.expect("a connection");
    let config = stream::Config {
        name: STREAM.into(),
        subjects: vec![SUBJECT.into()],
        duplicate_window: Duration::from_secs(6 * 3600),
        ..stream::Config::default()
    };
    async_nats::jetstream::new(client).create_stream(config).await.expect("a stream");
    format!("{}/{SUBJECT}", nats.url())
}

/// What the stream holds, in the registry's terms.
///
/// # Panics
/// If the server does not answer.
pub async fn stored(nats: &DataServer) -> Vec<Event> {
    let client = async_nats::connect(nats.url()).await.expect("a connection");
    let stream = async_nats::jetstream::new(client).get_stream(STREAM).await.expect("the stream");
    let state = stream.get_info().await.expect("its state").state;
    let webhook = standardwebhooks::Webhook::new(FakeRegistry::SECRET).expect("a secret");
    let mut events = Vec::new();
    for sequence in state.first_sequence..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await.expect("a message");
        let header = |name: &str| message.headers.get(name).map(|value| value.as_str());
        // Signed anew and compared: the verifier itself refuses what is older than minutes.
        let signed = header("webhook-timestamp")
            .and_then(|at| at.parse().ok())
            .map(|at| webhook.sign(header("webhook-id").unwrap_or_default(), at, &message.payload));
        let verified =
            matches!(signed, Some(Ok(signed)) if header("webhook-signature") == Some(&signed));
        let id = message.headers.get("Nats-Msg-Id").map(|id| id.as_str().to_owned());
        events.push(Event {
            id: id.unwrap_or_default(),
            verified,
            bytes: message.payload.to_vec(),
            answered: 200,
        });
    }
    events
}
