//! Power cuts: nothing that was acknowledged is lost, nothing is told twice under two names.

use crate::{SOON, clear_photo, serial_of};
use std::path::Path;
use std::time::Duration;
use tests::harness::{FakeRegistry, Installation, Reply, eventually};

#[tokio::test]
async fn a_registration_survives_kill_9_under_its_old_name() {
    let registry = FakeRegistry::down();
    let installation = Installation::registering_at(&registry);
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    let photo = clear_photo(71);
    let scan = caller.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!(scan.status, 201, "{scan:?}");
    let tried = || async {
        let queued = caller.get("/v1/deliveries").await?;
        queued.body["deliveries"][0]["why"].as_str().map(str::to_owned)
    };
    eventually("an attempt that found nobody", SOON, tried).await;
    server.kill().await;

    // The next attempts are due after seconds and then after minutes: the registry is back in time.
    registry.open().await;
    let _server = installation.start().await;
    let path = format!("/v1/scans/{}", scan.id());
    let after = caller.get(&path).await.expect("an answer");
    assert_eq!(after.serial(), serial_of(&photo), "{after:?}");
    let events = eventually("an event", SOON, || async {
        Some(registry.events()).filter(|events| !events.is_empty())
    });
    let events = events.await;
    assert_eq!(scan.body["registration"]["delivery_id"], events[0].id, "{scan:?}");
    assert!(events[0].verified);
    let repeated = caller.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!(repeated.id(), scan.id());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(registry.events().len(), 1, "{:?}", registry.events());
}

#[tokio::test]
async fn an_attempt_that_died_is_repeated_with_the_same_bytes() {
    let registry = FakeRegistry::up().await;
    registry.reply(Reply::Status(503, String::new()));
    let mut installation = Installation::registering_at(&registry);
    installation.set("LABELSCAN_REGISTRY_DELIVER_MS_MAX", "5000");
    installation.set("LABELSCAN_REGISTRY_SETTLE_MS_MAX", "5000");
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    caller.upload("k", &[&clear_photo(72).jpeg]).await.expect("an answer");
    eventually("an attempt", SOON, || async { registry.events().first().cloned() }).await;
    server.kill().await;
    registry.reply(Reply::Accept);
    let _server = installation.start().await;
    // The dead attempt's lease has to run out first.
    let lease = Duration::from_secs(120);
    eventually("a delivery", lease, || async { registry.accepted().first().cloned() }).await;
    let events = registry.events();
    for event in &events {
        assert_eq!((&event.id, &event.bytes), (&events[0].id, &events[0].bytes));
        assert!(event.verified);
    }
}

#[tokio::test]
async fn a_photo_that_was_taken_is_read_after_kill_9() {
    let mut installation = Installation::new();
    installation.set("LABELSCAN_READ_MS_MAX", "10000");
    installation.set("LABELSCAN_LEASE_MS", "15000");
    let server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    let photo = clear_photo(73);
    let form = reqwest::multipart::Form::new()
        .part("photo", reqwest::multipart::Part::bytes(photo.jpeg.clone()));
    let request = caller.request(reqwest::Method::POST, "/v1/scans").multipart(form);
    let queued = caller.send(request.header("Prefer", "respond-async")).await.expect("an answer");
    assert_eq!(queued.status, 202, "{queued:?}");
    server.kill().await;

    let _server = installation.start().await;
    let path = format!("/v1/scans/{}", queued.id());
    let probe = || async { caller.get(&path).await.filter(|scan| scan.body["status"] != "queued") };
    // The dead server's lease has to run out first.
    let scan = eventually("the scan is read", Duration::from_secs(120), probe).await;
    assert_eq!(scan.serial(), serial_of(&photo), "{scan:?}");
}

/// Gone, or dead and waiting for its parent to notice.
fn ended(process: u32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    let state = stat.ok().and_then(|stat| stat.rsplit(')').next().map(str::to_owned));
    state.is_none_or(|state| state.trim_start().starts_with(['Z', 'X']))
}

#[tokio::test]
async fn readers_end_with_their_server() {
    for stopped_politely in [true, false] {
        let installation = Installation::new();
        let server = installation.start().await;
        let readers = server.children();
        assert!(!readers.is_empty(), "the server has readers");
        if stopped_politely {
            assert_eq!(server.stop().await, Some(0), "{}", installation.log());
        } else {
            server.kill().await;
        }
        eventually("the readers end", Duration::from_secs(10), || async {
            readers.iter().all(|reader| ended(*reader)).then_some(())
        })
        .await;
    }
}
