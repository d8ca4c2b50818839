//! What a client hears when there is no room or no database, and that it passes by itself.

use crate::{SOON, clear_photo, serial_of};
use servers::DataServer;
use tests::harness::{Answer, FakeRegistry, Installation, eventually};

fn retry_after_s(answer: &Answer) -> u64 {
    let header = answer.headers.get("retry-after").expect("Retry-After");
    header.to_str().expect("text").parse().expect("seconds")
}

#[tokio::test]
async fn a_full_disk_is_507_until_there_is_room() {
    let installation = Installation::new();
    let server = installation.start_on_small_disk(2_000);
    installation.ready().await;
    let caller = installation.caller("depot", "operator").await;
    let photos = installation.data().join("photos");
    let photos = server.root().join(photos.strip_prefix("/").expect("an absolute path"));
    let ballast = photos.join("ballast");
    std::fs::write(&ballast, vec![0; 1_900_000]).expect("room at first");

    let photo = clear_photo(411);
    assert!(photo.jpeg.len() > 100_000, "the photo would fit");
    let full = caller.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!((full.status, full.body["code"].as_str()), (507, Some("storage_full")), "{full:?}");
    assert!(retry_after_s(&full) > 0);
    assert_eq!(caller.get("/healthz").await.expect("an answer").status, 200);

    std::fs::remove_file(&ballast).expect("room again");
    let taken = caller.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!((taken.status, taken.serial()), (201, serial_of(&photo).as_str()), "{taken:?}");
}

#[tokio::test]
async fn a_database_that_is_gone_is_503_until_it_is_back() {
    let postgres = DataServer::postgres();
    let registry = FakeRegistry::up().await;
    let mut installation = Installation::registering_at(&registry);
    installation.set("LABELSCAN_DATABASE", &postgres.url());
    let _server = installation.start().await;
    let caller = installation.caller("depot", "operator").await;

    let photo = clear_photo(412);
    postgres.kill();
    let gone = caller.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!(gone.status, 503, "{gone:?}");
    assert!(retry_after_s(&gone) > 0);
    assert_eq!(caller.get("/readyz").await.expect("an answer").status, 503);
    assert_eq!(caller.get("/healthz").await.expect("an answer").status, 200);

    postgres.restart();
    installation.ready().await;
    let taken = caller.upload("k", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!((taken.status, taken.serial()), (201, serial_of(&photo).as_str()), "{taken:?}");
    eventually("its registration", SOON, || async { (registry.events().len() == 1).then_some(()) })
        .await;
}
