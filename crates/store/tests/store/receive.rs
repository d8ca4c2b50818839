//! Uploads: durable, unique by owner and key, refused whole or taken whole.

use crate::place::{Place, now, upload};
use futures_util::future::join_all;
use serde_json::json;
use store::{Received, ScanFilter, ScanStatus, Store, StoreError};
use validate::Surface;

on_every_place! {
    a_scan_and_its_photos_survive_the_process,
    the_same_key_is_the_same_scan_or_a_conflict,
    sixty_four_duplicates_at_once_are_one_scan,
    what_breaks_a_limit_leaves_nothing,
    scans_are_listed_newest_first_page_by_page,
}

async fn a_scan_and_its_photos_survive_the_process(place: Place) {
    let mut sent = upload("one", b"label");
    sent.photos.push(sent.photos[0].clone());
    sent.photos[1].bytes = "screen".into();
    sent.photos[1].surface = Surface::Screen;
    let received = place.store.receive(sent.clone(), now()).await.unwrap();
    assert_eq!(received, Received::New(sent.id));

    let again = Store::open(&place.settings).await.unwrap();
    let scan = again.scan(sent.id).await.unwrap().expect("it is there");
    assert_eq!((scan.status, scan.owner.as_str()), (ScanStatus::Queued, "ana"));
    assert_eq!(scan.created_at, now());
    assert_eq!(scan.details, json!({"site": "Lisbon"}));
    let photos = again.photos(sent.id).await.unwrap();
    let seen: Vec<_> = photos.iter().map(|photo| (&photo.bytes[..], photo.surface)).collect();
    assert_eq!(seen, [(&b"label"[..], Surface::Label), (&b"screen"[..], Surface::Screen)]);
}

async fn the_same_key_is_the_same_scan_or_a_conflict(place: Place) {
    let first = place.receive("key").await;
    let repeat = place.store.receive(upload("key", b"photo"), now()).await.unwrap();
    assert_eq!(repeat, Received::Repeat(first));
    let other = place.store.receive(upload("key", b"another photo"), now()).await.unwrap();
    assert_eq!(other, Received::Conflict);
    let mut other = upload("key", b"photo");
    other.details = serde_json::json!({"site": "another"});
    let other = place.store.receive(other, now()).await.unwrap();
    assert_eq!(other, Received::Conflict, "the photos are the same, the details are not");

    let mut of_another_owner = upload("key", b"photo");
    of_another_owner.owner = "ben".into();
    let theirs = of_another_owner.id;
    let received = place.store.receive(of_another_owner, now()).await.unwrap();
    assert_eq!(received, Received::New(theirs));
}

async fn sixty_four_duplicates_at_once_are_one_scan(place: Place) {
    let uploads = (0..64).map(|n| {
        let photo: &[u8] = if n % 8 == 7 { b"other" } else { b"photo" };
        let (store, upload) = (place.store.clone(), upload("key", photo));
        tokio::spawn(async move { store.receive(upload, now()).await.unwrap() })
    });
    let received: Vec<_> = join_all(uploads).await.into_iter().map(Result::unwrap).collect();

    let new: Vec<_> = received.iter().filter(|r| matches!(r, Received::New(_))).collect();
    let [Received::New(id)] = new[..] else { panic!("one is new: {received:?}") };
    let conflicts = received.iter().filter(|r| **r == Received::Conflict).count();
    let repeats = received.iter().filter(|r| **r == Received::Repeat(*id)).count();
    assert_eq!(repeats + conflicts, 63);
    assert!(conflicts == 8 || conflicts == 56, "{conflicts}");
    assert_eq!(place.store.scans(&ScanFilter::default()).await.unwrap().items.len(), 1);
    let check = place.store.check(jiff::Timestamp::MAX).await.unwrap();
    assert!(check.is_sound() && check.photos == 1, "{check:?}");
}

async fn what_breaks_a_limit_leaves_nothing(place: Place) {
    let mut no_photo = upload("a", b"");
    no_photo.photos.clear();
    let mut many = upload("b", b"photo");
    many.photos = vec![many.photos[0].clone(); 17];
    let mut no_key = upload("", b"photo");
    no_key.details = json!({});
    let mut long_key = upload("c", b"photo");
    long_key.idempotency_key = "k".repeat(256);
    let mut no_object = upload("d", b"photo");
    no_object.details = json!([1]);
    for wrong in [no_photo, many, no_key, long_key, no_object] {
        let error = place.store.receive(wrong, now()).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    }
    assert_eq!(place.store.scans(&ScanFilter::default()).await.unwrap().items, []);
    place.assert_settled().await;
}

async fn scans_are_listed_newest_first_page_by_page(place: Place) {
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(place.receive(&format!("key {n}")).await);
    }
    ids.reverse();
    let mut filter = ScanFilter { most: 2, ..ScanFilter::default() };
    let mut listed = Vec::new();
    loop {
        let page = place.store.scans(&filter).await.unwrap();
        assert!(page.items.iter().all(|scan| scan.photos.len() == 1));
        listed.extend(page.items.iter().map(|scan| scan.id));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
    let by_status = ScanFilter { status: Some(ScanStatus::Review), ..ScanFilter::default() };
    assert_eq!(place.store.scans(&by_status).await.unwrap().items, []);
    let by_owner = ScanFilter { owner: Some("ben".into()), ..ScanFilter::default() };
    assert_eq!(place.store.scans(&by_owner).await.unwrap().items, []);
}
