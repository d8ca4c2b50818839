//! The JetStream engine against a real nats-server (Debian package `nats-server`).

mod outbox;

use async_nats::jetstream::{self, stream};
use futures_util::StreamExt;
use jiff::Timestamp;
use outbound::{ForwardSettings, Message, Outcome, Registry, RegistrySettings};
use outbox::Outbox;
use servers::DataServer;
use std::collections::HashSet;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use store::DeliveryStatus;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SUBJECT: &str = "terminal.registered";

fn settings(server: &DataServer) -> RegistrySettings {
    RegistrySettings {
        url: format!("nats://localhost:{}/{SUBJECT}", server.port()),
        secret: SECRET.into(),
        allow_private: true,
        deliver_ms_max: 2_000,
        ..Default::default()
    }
}

async fn open_stream(server: &DataServer) -> stream::Stream {
    let client = async_nats::connect(server.url()).await.unwrap();
    let config = stream::Config {
        name: "REGISTRATIONS".into(),
        subjects: vec!["terminal.>".into()],
        ..Default::default()
    };
    jetstream::new(client).get_or_create_stream(config).await.unwrap()
}

fn message(id: &str) -> Message {
    Message { event_id: id.into(), bytes: format!("{{\"id\":\"{id}\"}}").into() }
}

#[allow(clippy::disallowed_methods)] // The signature's verifier reads the real clock.
fn now() -> Timestamp {
    Timestamp::now()
}

async fn deliver_one(registry: &Registry, message: &Message) -> Outcome {
    registry.deliver(std::slice::from_ref(message), now()).await.remove(0)
}

fn reference(outcome: Outcome) -> String {
    let Outcome::Delivered(answer) = outcome else { panic!("{outcome:?}") };
    answer.registry_ref.unwrap()
}

#[track_caller]
fn retried(outcome: Outcome, part: &str) {
    let Outcome::Retry { why, .. } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains(part), "{why}");
}

#[tokio::test]
async fn a_message_is_stored_once_with_its_bytes_its_id_and_a_signature() {
    let server = DataServer::nats();
    let stream = open_stream(&server).await;
    let registry = Registry::open(&settings(&server)).unwrap();
    for _ in 0..3 {
        let outcome = deliver_one(&registry, &message("evt_1")).await;
        assert_eq!(reference(outcome), "REGISTRATIONS:1");
    }
    assert_eq!(reference(deliver_one(&registry, &message("evt_2")).await), "REGISTRATIONS:2");
    assert_eq!(stream.get_info().await.unwrap().state.messages, 2);

    let stored = stream.get_raw_message(1).await.unwrap();
    assert_eq!(stored.subject.as_str(), SUBJECT);
    assert_eq!(stored.payload, message("evt_1").bytes);
    assert_eq!(stored.headers.get("Nats-Msg-Id").unwrap().as_str(), "evt_1");
    let mut headers = axum::http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, stored.headers.get(name).unwrap().as_str().parse().unwrap());
    }
    standardwebhooks::Webhook::new(SECRET).unwrap().verify(&stored.payload, &headers).unwrap();
}

#[tokio::test]
#[allow(clippy::disallowed_methods)]
async fn a_server_that_dies_costs_retries_and_never_a_second_copy() {
    let server = DataServer::nats();
    open_stream(&server).await;
    let registry = Registry::open(&settings(&server)).unwrap();
    assert_eq!(reference(deliver_one(&registry, &message("evt_1")).await), "REGISTRATIONS:1");

    server.kill();
    let started = Instant::now();
    for id in ["evt_1", "evt_2"] {
        let outcome = deliver_one(&registry, &message(id)).await;
        assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());

    server.restart();
    let stream = open_stream(&server).await;
    for id in ["evt_1", "evt_2"] {
        let outcome = deliver_one(&registry, &message(id)).await;
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    }
    assert_eq!(stream.get_info().await.unwrap().state.messages, 2);
}

#[tokio::test]
async fn a_subject_that_no_stream_takes_is_tried_again() {
    let server = DataServer::nats();
    let registry = Registry::open(&settings(&server)).unwrap();
    let why = "no JetStream stream takes the subject terminal.registered";
    retried(deliver_one(&registry, &message("evt_1")).await, why);
    open_stream(&server).await;
    assert_eq!(reference(deliver_one(&registry, &message("evt_1")).await), "REGISTRATIONS:1");
}

#[tokio::test]
async fn a_listener_without_a_stream_is_no_delivery() {
    let server = DataServer::nats();
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut listener = client.subscribe(SUBJECT).await.unwrap();
    client.flush().await.unwrap();
    let registry = Registry::open(&settings(&server)).unwrap();
    let outcome = deliver_one(&registry, &message("evt_1")).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    assert!(listener.next().await.is_some(), "somebody heard it, nobody keeps it");
}

#[tokio::test]
async fn a_full_stream_is_tried_again() {
    let server = DataServer::nats();
    let client = async_nats::connect(server.url()).await.unwrap();
    let config = stream::Config {
        name: "SMALL".into(),
        subjects: vec![SUBJECT.into()],
        max_messages: 1,
        discard: stream::DiscardPolicy::New,
        ..Default::default()
    };
    jetstream::new(client).create_stream(config).await.unwrap();
    let registry = Registry::open(&settings(&server)).unwrap();
    assert_eq!(reference(deliver_one(&registry, &message("evt_1")).await), "SMALL:1");
    retried(deliver_one(&registry, &message("evt_2")).await, "maximum messages exceeded");
}

#[tokio::test]
async fn many_at_once_share_one_connection_and_all_arrive() {
    let server = DataServer::nats();
    let stream = open_stream(&server).await;
    let registry = Registry::open(&settings(&server)).unwrap();
    let deliveries = (0..500).map(|number| {
        let (registry, message) = (registry.clone(), message(&format!("evt_{number}")));
        tokio::spawn(async move { deliver_one(&registry, &message).await })
    });
    for delivery in deliveries.collect::<Vec<_>>() {
        reference(delivery.await.unwrap());
    }
    assert_eq!(stream.get_info().await.unwrap().state.messages, 500);
}

#[tokio::test]
async fn addresses_are_judged_here_too() {
    let server = DataServer::nats();
    let port = server.port();
    for host in ["127.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"] {
        for scheme in ["nats", "tls"] {
            let url = format!("{scheme}://{host}:{port}");
            let strict = RegistrySettings { url, allow_private: false, ..settings(&server) };
            let outcome = deliver_one(&Registry::open(&strict).unwrap(), &message("evt")).await;
            retried(outcome, " address: ");
        }
    }
    let plain = RegistrySettings { url: "nats://1.1.1.1".into(), ..settings(&server) };
    let outcome = deliver_one(&Registry::open(&plain).unwrap(), &message("evt")).await;
    retried(outcome, "use an encrypted scheme");
}

#[tokio::test]
#[allow(clippy::disallowed_methods)]
async fn a_server_that_never_speaks_ends_at_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = RegistrySettings {
        url: format!("nats://{}", silent.local_addr().unwrap()),
        secret: String::new(),
        allow_private: true,
        deliver_ms_max: 1_000,
        ..Default::default()
    };
    let registry = Registry::open(&settings).unwrap();
    let started = Instant::now();
    let outcome = deliver_one(&registry, &message("evt")).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_millis(2_000), "took {:?}", started.elapsed());
}

/// The whole way: a server that is killed in the middle, twice, and an outbox that goes on.
#[tokio::test]
async fn a_killed_server_loses_nothing_and_doubles_nothing() {
    const EVENTS: usize = 300;
    let server = DataServer::nats();
    open_stream(&server).await;
    let outbox = Outbox::open().await;
    let mut ids = HashSet::new();
    for number in 0..EVENTS {
        ids.insert(outbox.queue(number).await);
    }
    let quick = RegistrySettings { deliver_ms_max: 300, ..settings(&server) };
    let slow = ForwardSettings { in_flight_max: 4, poll_ms: 10, ..Default::default() };
    let running = outbox.start(Registry::open(&quick).unwrap(), slow);
    for delivered in [EVENTS / 3, 2 * EVENTS / 3] {
        while outbox.count(DeliveryStatus::Delivered).await < delivered {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.kill();
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.restart();
        // What failed comes back on its schedule, and the gate opens on its own.
        for _ in 0..50 {
            outbox.clock.pass(20);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    outbox.until(DeliveryStatus::Delivered, EVENTS).await;
    running.stop().await;
    let stream = open_stream(&server).await;
    let stored = stream.get_info().await.unwrap().state;
    let mut seen = HashSet::new();
    for sequence in stored.first_sequence..=stored.last_sequence {
        let message = stream.get_raw_message(sequence).await.unwrap();
        seen.insert(message.headers.get("Nats-Msg-Id").unwrap().as_str().to_owned());
    }
    assert_eq!((stored.messages, seen), (EVENTS as u64, ids));
}
