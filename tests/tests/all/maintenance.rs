//! Photos of maintenance over HTTP and in the console: taken in by content and within limits, served
//! as files that no browser runs, kept through backup and check.

use crate::clear_photo;
use render::tag;
use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{Answer, Browser, BrowserSettings, Caller, Installation};

const SERIAL: &str = "0821000001";

async fn sent(caller: &Caller, record: &str, kind: &str, photo: &[u8]) -> Answer {
    let request = caller.request(Method::POST, &format!("{record}/photos"));
    let request = request.header("Content-Type", kind).body(photo.to_vec());
    caller.send(request).await.expect("an answer")
}

/// The address of a new record of the terminal.
async fn recorded(operator: &Caller) -> String {
    let photo = tag(SERIAL).expect("a symbol");
    operator.upload("1", &[&photo]).await.expect("an answer");
    let work = json!({ "on": "2026-01-31", "kind": "repair", "note": "New hinge." });
    let path = format!("/v1/terminals/unknown:{SERIAL}/maintenance");
    let made = operator.post(&path, &work).await.expect("an answer");
    assert_eq!(made.status, 201, "{made:?}");
    made.headers["location"].to_str().expect("an address").to_owned()
}

#[tokio::test]
async fn a_photo_is_kept_with_a_record_of_maintenance() {
    let mut installation = Installation::new();
    installation.set("LABELSCAN_PHOTO_BYTES_MAX", "1000000");
    let server = installation.start().await;
    let operator = installation.caller("desk", "operator").await;
    let technician = installation.caller("van", "technician").await;
    let record = recorded(&operator).await;
    let jpeg = clear_photo(91).jpeg;

    let cases: [(&str, &[u8], u16, &str); 4] = [
        ("text/html", b"<script>alert(1)</script>", 415, "content_type_unsupported"),
        ("image/jpeg", b"<script>alert(1)</script>", 415, "not_a_photo"),
        ("image/png", b"", 422, "photo_empty"),
        ("image/jpeg", &[&jpeg[..], &[0; 1_000_000]].concat(), 413, "photo_too_large"),
    ];
    for (kind, bytes, status, code) in cases {
        let refused = sent(&operator, &record, kind, bytes).await;
        assert_eq!((refused.body["code"].as_str(), refused.status), (Some(code), status));
    }
    assert_eq!(sent(&technician, &record, "image/jpeg", &jpeg).await.status, 403);
    let nowhere = format!("/v1/terminals/{SERIAL}/maintenance/{}", uuid::Uuid::nil());
    assert_eq!(sent(&operator, &nowhere, "image/jpeg", &jpeg).await.status, 404);

    // A picture is what its bytes say, whatever its sender calls it.
    let added = sent(&operator, &record, "image/png", &jpeg).await;
    assert_eq!(added.status, 201, "{added:?}");
    let photo = &added.body["maintenance"][0]["photos"][0];
    assert_eq!(
        (&photo["content_type"], &photo["bytes"]),
        (&json!("image/jpeg"), &json!(jpeg.len()))
    );
    let path = format!("{record}/photos/{}", photo["id"].as_str().expect("an id"));
    let file = operator.get(&path).await.expect("an answer");
    assert_eq!((file.status, file.content_type.as_str()), (200, "image/jpeg"), "{file:?}");
    assert_eq!(file.headers["x-content-type-options"], "nosniff");
    let disposition = file.headers["content-disposition"].to_str().expect("a text");
    assert!(disposition.starts_with("inline; filename=\"") && disposition.ends_with(".jpeg\""));
    assert_eq!(file.headers["content-length"], jpeg.len().to_string());
    assert_eq!(technician.get(&path).await.expect("an answer").status, 403);

    let ended = installation.run(&["check"]).await;
    assert!(ended.stdout.contains("2 photos"), "{ended:?}");
    let backup = installation.folder().join("backup.tar").display().to_string();
    let ended = installation.run(&["backup", &backup]).await;
    assert!(ended.code == Some(0) && ended.stdout.contains("2 photos"), "{ended:?}");

    let delete = || operator.send(operator.request(Method::DELETE, &path));
    assert_eq!(delete().await.expect("an answer").status, 204);
    assert_eq!(delete().await.expect("an answer").status, 404);
    assert_eq!(operator.get(&path).await.expect("an answer").status, 404);
    let left = operator.get(&format!("/v1/terminals/{SERIAL}/maintenance")).await;
    let left = left.expect("an answer").body["maintenance"][0]["photos"].clone();
    assert_eq!(left, Value::Array(Vec::new()));
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}

#[tokio::test]
async fn a_photo_is_attached_to_a_record_in_the_console() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let operator = installation.caller("depot", "operator").await;
    recorded(&operator).await;
    let browser = Browser::start(BrowserSettings::desk(), installation.address()).await;
    browser.sign_in(&operator, "eva", "operator").await;
    browser.open(&format!("/console/terminals/{SERIAL}")).await;
    let photo = clear_photo(92).jpeg;

    // With a new record.
    let adding = "form.work:not([data-id])";
    browser.click(&format!("details:has(> {adding}) > summary")).await;
    browser
        .find(&format!("{adding} textarea"))
        .await
        .send_keys("New battery.")
        .await
        .expect("keys");
    browser.choose(&format!("{adding} input[type=file]"), "battery.jpg", &photo).await;
    browser.click(&format!("{adding} button[type=submit]")).await;
    let shown = |count: usize| {
        format!(
            "[...document.querySelectorAll('.records img')].filter((it) => \
             (it.loading = 'eager') && it.naturalWidth > 0).length === {count} && \
             document.querySelectorAll('.records img').length === {count}"
        )
    };
    let open = "document.querySelectorAll('.records details').forEach((it) => { it.open = true; })";
    browser.until("two records", "document.querySelectorAll('.records > li').length === 2").await;
    browser.run(open).await;
    browser.until("its picture", &shown(1)).await;
    browser.screenshot("terminal-work").await;
    assert_eq!(browser.barriers().await, [""; 0]);

    // With one that is there; what is no photo is refused and says so.
    let other = "form.work[data-id]:not(:has(img))";
    browser.choose(&format!("{other} input[type=file]"), "note.jpg", b"words").await;
    browser.click(&format!("{other} button[type=submit]")).await;
    browser.find("#notice").await;
    browser.choose(&format!("{other} input[type=file]"), "hinge.jpg", &photo).await;
    browser.click(&format!("{other} button[type=submit]")).await;
    browser
        .until("a second picture", "document.querySelectorAll('.records img').length === 2")
        .await;
    browser.run(open).await;
    browser.until("both pictures", &shown(2)).await;
    browser.click("button[data-remove]").await;
    browser.until("one is gone", "document.querySelectorAll('.records img').length === 1").await;
}
