//! Backups of a store at work, restoring them, and photos whose time is over.

use crate::place::{Place, for_review, later, new_id, now, registration, serial, upload};
use jiff::Timestamp;
use store::{Action, Authority, Decision, Received, Settings, Settled, Store, StoreError, restore};

on_every_place! {
    photos_go_when_nobody_needs_them_any_more,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_of_a_store_at_work_is_whole() {
    let place = Place::sqlite_and_folder().await;
    let first = place.registered("first", "0821032398").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.tar");
    let writing = tokio::spawn({
        let store = place.store.clone();
        async move {
            for n in 0..200 {
                let received = store.receive(upload(&format!("key {n}"), b"p"), now()).await;
                assert!(matches!(received.unwrap(), Received::New(_)));
            }
        }
    });
    let backup = place.store.backup(&file).await.unwrap();
    writing.await.unwrap();
    assert!(backup.photos >= 1 && backup.bytes == file.metadata().unwrap().len());
    let left: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert_eq!(left.len(), 1, "only the backup is left: {left:?}");

    let elsewhere = folder.path().join("restored");
    let encryption = place.settings.encryption.clone();
    let settings = Settings { encryption, ..Settings::in_folder(&elsewhere) };
    let check = restore(&file, &settings).await.unwrap();
    assert!(check.is_sound() && check.photos == check.scans, "{check:?}");
    let restored = Store::open(&settings).await.unwrap();
    let (was, is) = (place.store.scan(first).await.unwrap(), restored.scan(first).await.unwrap());
    assert_eq!(was, is);
    assert_eq!(restored.photos(first).await.unwrap(), place.store.photos(first).await.unwrap());
    let again = restored.receive(upload("first", b"photo"), now()).await.unwrap();
    assert_eq!(again, Received::Repeat(first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_overwritten_and_nothing_else_is_restored() {
    let place = Place::sqlite_and_folder().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.tar");
    place.store.backup(&file).await.unwrap();
    let again = place.store.backup(&file).await.unwrap_err();
    assert!(matches!(again, StoreError::Settings(_)), "{again}");
    let over = restore(&file, &place.settings).await.unwrap_err();
    assert!(matches!(over, StoreError::Settings(_)), "{over}");

    let whole = std::fs::read(&file).unwrap();
    for (name, bytes) in
        [("cut", &whole[..whole.len() / 2]), ("text", b"no backup"), ("empty", b"")]
    {
        let broken = folder.path().join(name);
        std::fs::write(&broken, bytes).unwrap();
        let settings = Settings::in_folder(&folder.path().join(format!("from {name}")));
        let error = restore(&broken, &settings).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_) | StoreError::Backup(_)), "{error}");
        assert!(!folder.path().join(format!("from {name}/labelscan.db")).exists());
    }
}

async fn photos_go_when_nobody_needs_them_any_more(place: Place) {
    let queued = place.receive("queued").await;
    let review = place.claimed("review").await;
    place.store.finish(&review.claim, for_review(), now()).await.unwrap();
    let on_its_way = place.registered("on its way", "0821032398").await;
    let done = place.registered("done", "0821032399").await;
    for due in place.store.claim_deliveries(10, crate::place::lease(), now()).await.unwrap() {
        if due.device_key.ends_with("99") {
            let delivered = Settled::Delivered { answer: None };
            place.store.settle(&due.claim, delivered, now()).await.unwrap();
        }
    }
    let kept = async |id| place.store.photos(id).await.unwrap().len();
    assert_eq!(place.store.remove_photos(now(), later(1)).await.unwrap(), 0, "too young");
    assert_eq!(place.store.remove_photos(later(1), later(1)).await.unwrap(), 1);
    assert_eq!(kept(done).await, 0);
    for needed in [queued, review.id, on_its_way] {
        assert_eq!(kept(needed).await, 1);
    }
    let scan = place.store.scan(done).await.unwrap().unwrap();
    assert_eq!(scan.photos[0].removed_at, Some(later(1)));
    assert!(place.store.check(Timestamp::MAX).await.unwrap().is_sound());

    // The time of a scan that a person decided begins with the decision.
    let confirm = Action::Confirm { serial: serial("0821032397") };
    let decision = Decision {
        registration: Some(registration("0821032397", &new_id().to_string())),
        ..Decision::new(confirm, "eva", Authority::Operator)
    };
    place.store.decide(review.id, decision, later(5)).await.unwrap();
    assert_eq!(place.store.remove_photos(later(5), later(6)).await.unwrap(), 0);
}
