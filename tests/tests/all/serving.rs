//! The HTTP API: from an upload to one signed event at the registry.

use crate::{SOON, clear_photo, photo_without_numbers, serial_of};
use serde_json::json;
use tests::bombs::png_of_claims;
use tests::harness::{Answer, Caller, Installation, Sink, eventually};

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
    let sink = Sink::up().await;
    let installation = Installation::registering_at(&sink);
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
    let events = sink.events();
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

#[tokio::test]
async fn a_raw_body_is_taken_and_a_known_terminal_is_not_registered_twice() {
    let sink = Sink::up().await;
    let installation = Installation::registering_at(&sink);
    let _server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    let photo = clear_photo(53);

    let first = caller.upload_raw("raw-1", &photo.jpeg).await.expect("an answer");
    assert_eq!((first.status, first.serial()), (201, serial_of(&photo).as_str()), "{first:?}");
    registered(&caller, &first.id(), "delivered").await;
    let second = caller.upload_raw("raw-2", &photo.jpeg).await.expect("an answer");
    assert_eq!(second.status, 201, "{second:?}");
    assert_ne!(second.id(), first.id());
    registered(&caller, &second.id(), "delivered").await;
    assert_eq!(sink.events().len(), 1, "the same terminal is one registration");

    let stored = caller.get(&format!("/v1/scans/{}/photo", first.id())).await.expect("an answer");
    assert_eq!(stored.content_type, "image/jpeg");
    assert_eq!(stored.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn reading_without_recording_leaves_nothing_behind() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let caller = installation.caller("viewfinder", "technician").await;
    let photo = clear_photo(54);
    let request = caller.request(reqwest::Method::POST, "/v1/read");
    let request = request.header("Content-Type", "image/jpeg").body(photo.jpeg.clone());
    let answer = caller.send(request).await.expect("an answer");
    assert_eq!((answer.status, answer.serial()), (200, serial_of(&photo).as_str()), "{answer:?}");
    let scans = caller.get("/v1/scans").await.expect("an answer");
    assert_eq!(scans.body["scans"].as_array().map(Vec::len), Some(0), "{scans:?}");
}

#[tokio::test]
async fn what_is_no_photo_is_refused_and_a_photo_without_a_label_is_recorded() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    for (key, bytes, code) in [
        ("words", b"no photo at all".to_vec(), "not_a_photo"),
        ("empty", Vec::new(), "photo_empty"),
        ("claims", png_of_claims(), "too_many_pixels"),
    ] {
        let answer = caller.upload(key, &[&bytes]).await.expect("an answer");
        let found = answer.body["code"].as_str().or(answer.body["reasons"][0]["code"].as_str());
        assert_eq!(found, Some(code), "{answer:?}");
        assert_ne!(answer.body["status"], "accepted", "{answer:?}");
    }
    let sticker = photo_without_numbers(55);
    let answer = caller.upload("sticker", &[&sticker.jpeg]).await.expect("an answer");
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["status"], "unreadable", "{answer:?}");
    assert!(answer.body["reasons"][0]["hint"].is_string(), "{answer:?}");
    assert_eq!(answer.body["registration"]["status"], "none", "{answer:?}");
}

#[tokio::test]
async fn only_a_key_opens_the_api_and_technicians_see_their_own() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let ann = installation.caller("ann", "technician").await;
    let bob = installation.caller("bob", "technician").await;
    let nobody = ann.with_key("ls_not_a_key");
    let photo = clear_photo(56);
    let refused = nobody.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_problem(&refused, 401, "not_signed_in");

    let scan = ann.upload("k", &[&photo.jpeg]).await.expect("an answer");
    let path = format!("/v1/scans/{}", scan.id());
    assert_eq!(ann.get(&path).await.expect("an answer").status, 200);
    assert_problem(&bob.get(&path).await.expect("an answer"), 404, "not_found");
    let same_key = bob.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_ne!(same_key.id(), scan.id(), "an Idempotency-Key belongs to whoever sent it");
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(nobody.get(path).await.expect("an answer").status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_registry_reaches_the_technician() {
    let sink = Sink::up().await;
    let body = r#"{"result":"rejected","code":"not_in_estate"}"#;
    sink.reply(tests::harness::Reply::Status(422, body.to_owned()));
    let installation = Installation::registering_at(&sink);
    let _server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    let scan = caller.upload("k", &[&clear_photo(57).jpeg]).await.expect("an answer");
    let refused = registered(&caller, &scan.id(), "refused").await;
    assert_eq!(refused.body["registration"]["code"], "not_in_estate", "{refused:?}");
    assert_eq!(sink.events().len(), 1, "a refusal is not tried again");
}

#[tokio::test]
async fn the_page_is_served() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let nobody = installation.caller("x", "technician").await.with_key("");
    let page = nobody.get("/").await.expect("an answer");
    assert!(page.content_type.starts_with("text/html"), "{page:?}");
}
