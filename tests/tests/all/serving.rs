//! The HTTP API: from an upload to one signed event at the registry.

use crate::{SOON, clear_photo, serial_of};
use serde_json::json;
use tests::harness::{Answer, Caller, FakeRegistry, Installation, eventually};

/// Waits until the scan's registration has the given status.
async fn registered(caller: &Caller, id: &str, status: &str) -> Answer {
    let path = format!("/v1/scans/{id}");
    let probe = || async {
        caller.get(&path).await.filter(|scan| scan.body["registration"]["status"] == status)
    };
    eventually(&format!("registration of {id} is {status}"), SOON, probe).await
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.content_type, "application/problem+json", "{answer:?}");
    assert_eq!(answer.body["code"], code, "{answer:?}");
    assert_eq!(answer.body["status"], status, "{answer:?}");
}

#[tokio::test]
async fn one_upload_makes_one_scan_and_one_signed_event() {
    let registry = FakeRegistry::up().await;
    let installation = Installation::registering_at(&registry);
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    let photo = clear_photo(51);

    let details = json!({"site": "Pier 3", "operation": "stock_in"});
    let first =
        caller.upload_with("key-1", &[&photo.jpeg], Some(&details)).await.expect("an answer");
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.body["status"], "accepted", "{first:?}");
    assert_eq!(first.serial(), serial_of(&photo));
    let location = first.headers["location"].to_str().expect("a location");
    assert_eq!(location, format!("/v1/scans/{}", first.id()));

    let again = caller.upload_with("key-1", &[&photo.jpeg], Some(&details)).await;
    assert_eq!(again.expect("an answer").id(), first.id());
    let other = caller.upload("key-1", &[&clear_photo(52).jpeg]).await.expect("an answer");
    assert_problem(&other, 422, "idempotency_key_reused");

    let scan = registered(&caller, &first.id(), "delivered").await;
    let events = registry.events();
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].verified, "the signature is right");
    let event = events[0].json();
    assert_eq!(event["type"], "terminal.registered");
    assert_eq!(event["data"]["scan_id"], first.id());
    assert_eq!(event["data"]["serial"]["value"], serial_of(&photo));
    assert_eq!(event["data"]["operation"], "stock_in");
    assert_eq!(scan.body["registration"]["delivery_id"], events[0].id);

    let deliveries = caller.get("/v1/deliveries?status=delivered").await.expect("an answer");
    assert_eq!(deliveries.body["deliveries"].as_array().map(Vec::len), Some(1));
    let terminal = caller.get(&format!("/v1/terminals/{}", serial_of(&photo))).await;
    let terminal = terminal.expect("an answer");
    assert_eq!(terminal.status, 200, "{terminal:?}");
    assert!(terminal.text.contains(&first.id()), "{terminal:?}");
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}
