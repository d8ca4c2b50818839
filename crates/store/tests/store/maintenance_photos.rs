//! Photos of maintenance: kept, sealed, checked, backed up, rotated, swept and removed like those of
//! scans.

use crate::place::{Place, later, now};
use bytes::Bytes;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use store::{
    Fault, NewMaintenancePhoto, PhotoOf, Settings, Store, StoreError, Work, WriteContext, restore,
};
use uuid::Uuid;

on_every_place! {
    a_photo_is_added_read_and_removed,
    a_record_has_so_many_photos_and_no_more,
    a_changed_a_missing_and_a_lost_photo_are_found,
    photos_of_maintenance_go_when_their_time_is_over,
    a_rotation_seals_photos_of_maintenance_anew,
}

const DEVICE: &str = "pax:0821032398";
const OTHER: &str = "pax:0821032399";
const RECORD: &str = "01990000-0000-7000-8000-0000000000aa";
const BROKEN: &[u8] = b"the photo of a broken hinge that nobody but its owner may see";

fn photo(bytes: &'static [u8]) -> NewMaintenancePhoto {
    let content_type = "image/jpeg".into();
    NewMaintenancePhoto { id: Uuid::now_v7(), bytes: Bytes::from_static(bytes), content_type }
}

/// Two terminals, the first with a record.
async fn maintained(place: &Place) {
    place.registered("a", "0821032398").await;
    place.registered("b", "0821032399").await;
    let work = Work { on: date(2026, 11, 3), kind: "repair".into(), note: "hinge".into() };
    place
        .store
        .record_maintenance(DEVICE, RECORD, &work, WriteContext::new("eva", now()))
        .await
        .unwrap();
}

/// Adds a photo that must be taken.
async fn added(place: &Place, bytes: &'static [u8]) -> Uuid {
    let new = photo(bytes);
    let id = new.id;
    place
        .store
        .add_maintenance_photo(DEVICE, RECORD, new, WriteContext::new("ben", later(5)))
        .await
        .unwrap();
    id
}

async fn a_photo_is_added_read_and_removed(place: Place) {
    maintained(&place).await;
    let store = &place.store;
    let one = added(&place, BROKEN).await;
    let two = added(&place, b"the new hinge").await;
    let record = store.service_history(DEVICE, None, 0).await.unwrap().records.items.remove(0);
    let ids: Vec<_> = record.photos.iter().map(|photo| photo.id).collect();
    assert_eq!(ids, [one, two]);
    assert_eq!((record.by.as_str(), record.changed_at), ("ben", later(5)));
    assert_eq!(record.photos[0].bytes, BROKEN.len() as u64);
    assert_eq!(store.maintenance_photo(DEVICE, RECORD, one).await.unwrap(), BROKEN);
    let stored = std::fs::read(place.photo(one)).unwrap();
    assert!(!stored.windows(12).any(|part| part == &BROKEN[..12]), "it is sealed");

    for (device, record) in [(OTHER, RECORD), (DEVICE, "another"), ("pax:1", RECORD)] {
        let foreign = store.maintenance_photo(device, record, one).await;
        assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
        let foreign = store
            .remove_maintenance_photo(device, record, one, WriteContext::new("x", now()))
            .await;
        assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
        let foreign = store
            .add_maintenance_photo(device, record, photo(b"x"), WriteContext::new("x", now()))
            .await;
        assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
    }
    store
        .remove_maintenance_photo(DEVICE, RECORD, one, WriteContext::new("eva", later(9)))
        .await
        .unwrap();
    assert!(!place.photo(one).exists());
    let gone = store.maintenance_photo(DEVICE, RECORD, one).await;
    assert!(matches!(gone, Err(StoreError::NotFound(_))), "{gone:?}");
    let again = store
        .remove_maintenance_photo(DEVICE, RECORD, one, WriteContext::new("eva", later(9)))
        .await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
    assert_eq!(store.maintenance_photo(DEVICE, RECORD, two).await.unwrap(), "the new hinge");
    let history = store.terminal_history(DEVICE, &[], None, 0).await.unwrap().items;
    let whats: Vec<_> = history.iter().map(|entry| entry.what.as_str()).collect();
    for what in ["terminal.photographed", "terminal.photo_removed"] {
        assert!(whats.contains(&what), "{whats:?}");
    }
    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    let check = store.check(soon).await.unwrap();
    assert!(check.is_sound() && check.photos == 3, "two of scans, one of work: {check:?}");
}

async fn a_record_has_so_many_photos_and_no_more(place: Place) {
    maintained(&place).await;
    let most = place.settings.limits.photos_max;
    let adding = (0..most + 3).map(|_| {
        place.store.add_maintenance_photo(
            DEVICE,
            RECORD,
            photo(b"p"),
            WriteContext::new("eva", now()),
        )
    });
    let outcomes = futures_util::future::join_all(adding).await;
    let refused = outcomes.iter().filter(|it| matches!(it, Err(StoreError::Invalid(_)))).count();
    assert_eq!((outcomes.iter().filter(|it| it.is_ok()).count(), refused), (most, 3));
    assert_eq!(
        place.store.service_history(DEVICE, None, 0).await.unwrap().records.items[0].photos.len(),
        most
    );
    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    assert!(place.store.check(soon).await.unwrap().is_sound(), "what was refused left nothing");
    let large = vec![0; place.settings.limits.photo_bytes_max + 1];
    let large = NewMaintenancePhoto { bytes: large.into(), ..photo(b"") };
    let refused = place
        .store
        .add_maintenance_photo(DEVICE, RECORD, large, WriteContext::new("eva", now()))
        .await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
}

async fn a_changed_a_missing_and_a_lost_photo_are_found(place: Place) {
    maintained(&place).await;
    let (changed, missing, kept) =
        (added(&place, b"one").await, added(&place, b"two").await, added(&place, b"three").await);
    // Sealed bytes open in their own place only.
    std::fs::copy(place.photo(kept), place.photo(changed)).unwrap();
    std::fs::remove_file(place.photo(missing)).unwrap();
    // What a crash between the photo and its row leaves behind.
    let lost = Uuid::now_v7();
    std::fs::create_dir_all(place.photo(lost).parent().unwrap()).unwrap();
    std::fs::copy(place.photo(kept), place.photo(lost)).unwrap();

    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    let faults = place.store.check(soon).await.unwrap().faults;
    let of = PhotoOf::Maintenance(RECORD.into());
    let [Fault::PhotoChanged(one), Fault::PhotoMissing(other), Fault::PhotoOrphaned(name)] =
        &faults[..]
    else {
        panic!("{faults:?}")
    };
    assert!(one == &of && other == &of && name.contains(&lost.to_string()), "{faults:?}");
    for id in [changed, missing] {
        let damaged = place.store.maintenance_photo(DEVICE, RECORD, id).await;
        assert!(matches!(damaged, Err(StoreError::Damaged(_))), "{damaged:?}");
    }
    assert_eq!(place.store.sweep_orphans(soon).await.unwrap(), 1);
    assert!(!place.photo(lost).exists());
    assert_eq!(place.store.maintenance_photo(DEVICE, RECORD, kept).await.unwrap(), "three");
}

async fn photos_of_maintenance_go_when_their_time_is_over(place: Place) {
    maintained(&place).await;
    let old = added(&place, BROKEN).await;
    let new = photo(b"new");
    let young = new.id;
    place
        .store
        .add_maintenance_photo(DEVICE, RECORD, new, WriteContext::new("eva", later(100)))
        .await
        .unwrap();
    assert_eq!(place.store.remove_photos(later(5), later(200)).await.unwrap(), 0, "not before");
    assert_eq!(place.store.remove_photos(later(6), later(200)).await.unwrap(), 1);
    assert!(!place.photo(old).exists());
    let record =
        place.store.service_history(DEVICE, None, 0).await.unwrap().records.items.remove(0);
    assert_eq!(record.photos.iter().map(|photo| photo.id).collect::<Vec<_>>(), [young]);
    assert_eq!(place.store.maintenance_photo(DEVICE, RECORD, young).await.unwrap(), "new");
    assert_eq!(record.work.note, "hinge", "the record stays");
    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    assert!(place.store.check(soon).await.unwrap().is_sound());
}

async fn a_rotation_seals_photos_of_maintenance_anew(place: Place) {
    maintained(&place).await;
    let id = added(&place, BROKEN).await;
    let before = std::fs::read(place.photo(id)).unwrap();
    let key = place.store.add_seal_key().await.unwrap();
    let rotated = place.store.reseal().await.unwrap();
    assert_eq!(rotated.photos, 3, "two of scans, one of work");
    assert_ne!(std::fs::read(place.photo(id)).unwrap(), before);
    let used = place.store.seal_use().await.unwrap().expect("encryption is on");
    assert!(used.current == key && used.is_settled(), "{used:?}");
    assert_eq!(place.store.maintenance_photo(DEVICE, RECORD, id).await.unwrap(), BROKEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn photos_of_maintenance_are_in_a_backup() {
    let place = Place::sqlite_and_folder().await;
    maintained(&place).await;
    let removed = added(&place, b"a mistake").await;
    let id = added(&place, BROKEN).await;
    let store = &place.store;
    store
        .remove_maintenance_photo(DEVICE, RECORD, removed, WriteContext::new("eva", now()))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.tar");
    assert_eq!(place.store.backup(&file).await.unwrap().photos, 3);
    let encryption = place.settings.encryption.clone();
    let settings = Settings { encryption, ..Settings::in_folder(&folder.path().join("restored")) };
    let check = restore(&file, &settings).await.unwrap();
    assert!(check.is_sound() && check.photos == 3, "{check:?}");
    let restored = Store::open(&settings).await.unwrap();
    assert_eq!(restored.maintenance_photo(DEVICE, RECORD, id).await.unwrap(), BROKEN);
}
