//! What a log may not hold: whole serials, keys, secrets.

use crate::{SOON, clear_photo, serial_of};
use tests::harness::{FakeRegistry, Installation, Reply, eventually};

#[tokio::test]
async fn no_log_line_holds_a_whole_serial_a_key_or_a_secret() {
    let registry = FakeRegistry::up().await;
    registry.reply(Reply::Status(503, String::new()));
    let installation = Installation::registering_at(&registry);
    let server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;
    let photo = clear_photo(81);
    let serial = serial_of(&photo);
    let scan = caller.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!(scan.serial(), serial, "{scan:?}");
    eventually("a failed attempt", SOON, || async { registry.events().first().cloned() }).await;
    registry.reply(Reply::Accept);
    eventually("a delivery", SOON, || async { registry.accepted().first().cloned() }).await;
    caller.get(&format!("/v1/terminals/{serial}")).await.expect("an answer");
    caller.get(&format!("/v1/terminals?q={serial}")).await.expect("an answer");
    server.stop().await;

    let log = installation.log();
    assert!(log.lines().count() > 5, "the server logs at all: {log}");
    let secret = registry.secret().trim_start_matches("whsec_");
    for (what, hidden) in [("serial", serial.as_str()), ("key", caller.key()), ("secret", secret)] {
        let line = log.lines().find(|line| line.contains(hidden));
        assert_eq!(line, None, "a log line holds a whole {what}");
    }
}
