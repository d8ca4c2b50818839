//! Uploads in parts over the API: what arrived is kept, for its owner alone, and becomes one scan.

use crate::{clear_photo, serial_of};
use reqwest::Method;
use tests::harness::{Answer, Caller, Installation};

async fn begin(caller: &Caller, key: &str, photo: &[u8]) -> Answer {
    let request = caller.request(Method::POST, "/v1/scans");
    let request = request
        .header("Idempotency-Key", key)
        .header("Content-Type", "image/jpeg")
        .header("Upload-Complete", "?0")
        .header("Upload-Length", photo.len());
    caller.send(request).await.expect("an answer")
}

async fn part(caller: &Caller, upload: &str, offset: usize, last: bool, bytes: &[u8]) -> Answer {
    let request = caller.request(Method::PATCH, upload);
    let request = request
        .header("Content-Type", "application/partial-upload")
        .header("Upload-Offset", offset)
        .header("Upload-Complete", if last { "?1" } else { "?0" })
        .body(bytes.to_vec());
    caller.send(request).await.expect("an answer")
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn parts_become_one_scan_however_often_the_last_is_sent() {
    let mut installation = Installation::new();
    installation.set("LABELSCAN_RESUMABLE_UPLOADS_MAX", "2");
    let _server = installation.start().await;
    let ann = installation.caller("ann", "technician").await;
    let bob = installation.caller("bob", "technician").await;
    let photo = clear_photo(81);
    let half = photo.jpeg.len() / 2;

    let begun = begin(&ann, "k", &photo.jpeg).await;
    assert_eq!((begun.status, header(&begun, "upload-offset")), (201, "0"), "{begun:?}");
    let upload = header(&begun, "location").to_owned();
    let first = part(&ann, &upload, 0, false, &photo.jpeg[..half]).await;
    assert_eq!(first.status, 204, "{first:?}");
    let elsewhere = part(&ann, &upload, 0, false, &photo.jpeg[..half]).await;
    assert_eq!(elsewhere.status, 409, "{elsewhere:?}");
    assert_eq!(header(&elsewhere, "upload-offset"), half.to_string());
    assert_eq!(part(&bob, &upload, half, true, &photo.jpeg[half..]).await.status, 404);
    let early = part(&ann, &upload, half, true, &[]).await;
    assert_eq!(early.status, 400, "not all of it has arrived: {early:?}");

    let looked = ann.send(ann.request(Method::HEAD, &upload)).await.expect("an answer");
    assert_eq!((looked.status, header(&looked, "upload-complete")), (204, "?0"), "{looked:?}");
    let last = part(&ann, &upload, half, true, &photo.jpeg[half..]).await;
    assert_eq!((last.status, last.serial()), (201, serial_of(&photo).as_str()), "{last:?}");
    let again = part(&ann, &upload, photo.jpeg.len(), true, &[]).await;
    assert_eq!((again.status, again.id()), (201, last.id()), "{again:?}");
    let at_once = ann.upload_raw("k", &photo.jpeg).await.expect("an answer");
    assert_eq!(at_once.id(), last.id(), "the key is the same scan's, however it was sent");

    begin(&ann, "k2", &photo.jpeg).await;
    begin(&ann, "k3", &photo.jpeg).await;
    let gone = ann.send(ann.request(Method::HEAD, &upload)).await.expect("an answer");
    assert_eq!(gone.status, 404, "two uploads at a time: the one idle longest made room");
    let large = ann
        .request(Method::POST, "/v1/scans")
        .header("Content-Type", "image/jpeg")
        .header("Upload-Complete", "?0")
        .header("Upload-Length", "99999999999");
    let large = ann.send(large).await.expect("an answer");
    assert_eq!((large.status, &large.body["code"]), (413, &"body_too_large".into()), "{large:?}");
}
