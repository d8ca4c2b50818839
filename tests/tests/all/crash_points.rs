//! The process dies at every point between two steps: what was acknowledged is there, what is owed
//! arrives, the registry sees each id with the same bytes. And a crowd that sends the same thing at
//! once is one scan and one registration. On what one machine has (SQLite, a folder, a webhook) and
//! on what several share (PostgreSQL, S3, JetStream).

use crate::SOON;
use render::tag;
use serde_json::json;
use servers::{DataServer, S3};
use std::time::Duration;
use store::CRASH_POINTS;
use tests::harness::invariants::{Acknowledged, account};
use tests::harness::{Answer, Caller, Event, FakeRegistry, Installation, eventually};
use tests::jetstream::{open_stream, stored};

/// An upload as its sender remembers it until it is acknowledged.
struct Sent {
    key: String,
    serial: String,
    photo: Vec<u8>,
    id: Option<String>,
}

impl Sent {
    fn new(number: usize) -> Self {
        let serial = format!("082{number:07}");
        let photo = tag(&serial).expect("a symbol");
        Self { key: format!("key-{number}"), serial, photo, id: None }
    }

    /// Sends it, again if need be; what was acknowledged once keeps its id.
    async fn send(&mut self, caller: &Caller) -> Option<Answer> {
        let answer = caller.upload(&self.key, &[&self.photo]).await?;
        if answer.status < 300 {
            let id = self.id.get_or_insert_with(|| answer.id());
            assert_eq!(*id, answer.id(), "{answer:?}");
        }
        Some(answer)
    }

    fn acknowledged(self) -> Acknowledged {
        let id = self.id.expect("it was acknowledged in the end");
        Acknowledged { id, photo: self.photo, serial: Some(self.serial) }
    }
}

/// What several machines share.
struct Shared {
    postgres: DataServer,
    nats: DataServer,
    s3: S3,
    // Holds what is in S3.
    _objects: tempfile::TempDir,
}

impl Shared {
    async fn up() -> Self {
        let objects = tempfile::tempdir().expect("a folder");
        let s3 = S3::serve(objects.path()).await;
        Self { postgres: DataServer::postgres(), nats: DataServer::nats(), s3, _objects: objects }
    }
}

/// What stands around a service.
struct Surroundings {
    registry: FakeRegistry,
    /// `None` for what one machine has.
    shared: Option<Shared>,
}

impl Surroundings {
    async fn of_one_machine() -> Self {
        Self { registry: FakeRegistry::up().await, shared: None }
    }

    async fn of_several_machines() -> Self {
        Self { registry: FakeRegistry::up().await, shared: Some(Shared::up().await) }
    }

    async fn installation(&self) -> Installation {
        let mut installation = impatient(&self.registry);
        if let Some(shared) = &self.shared {
            installation.set("LABELSCAN_DATABASE", &shared.postgres.url());
            installation.set("LABELSCAN_REGISTRY", &open_stream(&shared.nats).await);
            installation.keep_photos_at(&shared.s3);
        }
        installation
    }

    /// What the registry holds.
    async fn events(&self) -> Vec<Event> {
        match &self.shared {
            Some(shared) => stored(&shared.nats).await,
            None => self.registry.events(),
        }
    }
}

/// An installation whose dead claims come back within seconds.
fn impatient(registry: &FakeRegistry) -> Installation {
    let mut installation = Installation::registering_at(registry);
    for (name, value) in [
        // Each crash may cost an attempt of every scan that is being read.
        ("LABELSCAN_ATTEMPTS_MAX", "100"),
        ("LABELSCAN_READERS", "1"),
        ("LABELSCAN_READ_MS_MAX", "8000"),
        ("LABELSCAN_LEASE_MS", "9000"),
        ("LABELSCAN_REGISTRY_DELIVER_MS_MAX", "3000"),
        ("LABELSCAN_REGISTRY_SETTLE_MS_MAX", "3000"),
        ("LABELSCAN_LOG", "info"),
    ] {
        installation.set(name, value);
    }
    installation
}

/// Nothing waits any more.
async fn drained(caller: &Caller) {
    let empty = async |path: &str, list: &str| {
        let answer = caller.get(path).await?;
        (answer.body[list].as_array()?.is_empty()).then_some(())
    };
    eventually("the queues are empty", SOON, || async {
        empty("/v1/scans?status=queued", "scans").await?;
        empty("/v1/deliveries?status=queued", "deliveries").await
    })
    .await;
}

async fn a_crash_at_every_point_loses_nothing(around: Surroundings) {
    let installation = around.installation().await;
    let caller = installation.caller("depot", "operator").await;
    let mut uploads: Vec<Sent> = Vec::new();
    for (number, point) in CRASH_POINTS.into_iter().enumerate() {
        let mut server = installation.start_with(&[("LABELSCAN_CRASH_AT", point)]);
        uploads.push(Sent::new(number));
        for _ in 0..600 {
            if server.has_ended() {
                break;
            }
            for upload in &mut uploads {
                // What has its answer is not sent again, except what this crash is about.
                if upload.id.is_none() && upload.send(&caller).await.is_none() {
                    break;
                }
            }
            if let Some(id) = uploads[number].id.as_ref().filter(|_| point.starts_with("decision"))
            {
                let body = json!({"action": "confirm", "serial": uploads[number].serial});
                // The answer is what the crash takes away.
                let _ = caller.post(&format!("/v1/scans/{id}/decision"), &body).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(server.has_ended(), "{point} was never passed: {}", installation.log());
    }
    let server = installation.start().await;
    for upload in &mut uploads {
        let answer = upload.send(&caller).await.expect("an answer");
        assert!(answer.status < 300, "{answer:?}");
    }
    drained(&caller).await;
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
    let acknowledged = uploads.into_iter().map(Sent::acknowledged);
    let events = around.events().await;
    let account = account(&installation.store(), acknowledged, &events).await;
    account.assert_sound();
    assert_eq!((account.owed, account.taken), (CRASH_POINTS.len(), CRASH_POINTS.len()));
}

#[tokio::test]
async fn a_crash_at_every_point_loses_nothing_on_one_machine() {
    a_crash_at_every_point_loses_nothing(Surroundings::of_one_machine().await).await;
}

#[tokio::test]
async fn a_crash_at_every_point_loses_nothing_on_several_machines() {
    a_crash_at_every_point_loses_nothing(Surroundings::of_several_machines().await).await;
}

async fn a_crowd_is_one_scan_and_one_registration(around: Surroundings) {
    const CROWD: usize = 64;
    let installation = around.installation().await;
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    let sent = Sent::new(1);
    let crowd = (0..CROWD).map(|n| {
        // Half of them repeat one key, half come with keys of their own.
        let key = if n.is_multiple_of(2) { sent.key.clone() } else { format!("other-{n}") };
        let (caller, photo) = (caller.clone(), sent.photo.clone());
        tokio::spawn(async move { caller.upload(&key, &[&photo]).await.expect("an answer") })
    });
    let mut ids = Vec::new();
    for answered in crowd.collect::<Vec<_>>() {
        let answer = answered.await.expect("no panic");
        assert!(answer.status < 300, "{answer:?}");
        ids.push(answer.id());
    }
    drained(&caller).await;
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), CROWD / 2 + 1, "one key is one scan");
    let acknowledged = ids.into_iter().map(|id| Acknowledged {
        id,
        photo: sent.photo.clone(),
        serial: Some(sent.serial.clone()),
    });
    let events = around.events().await;
    let account = account(&installation.store(), acknowledged, &events).await;
    account.assert_sound();
    assert_eq!((account.owed, account.taken, account.repeated), (1, 1, 0), "{account:?}");
}

#[tokio::test]
async fn a_crowd_is_one_scan_and_one_registration_on_one_machine() {
    a_crowd_is_one_scan_and_one_registration(Surroundings::of_one_machine().await).await;
}

#[tokio::test]
async fn a_crowd_is_one_scan_and_one_registration_on_several_machines() {
    a_crowd_is_one_scan_and_one_registration(Surroundings::of_several_machines().await).await;
}
