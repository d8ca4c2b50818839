//! Opening, checking, sweeping: what happens around the work.

use crate::place::{Place, accepted, later, now, upload};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AnyConnection, Connection};
use store::{Fault, Settings, Store, StoreError};

on_every_place! {
    every_change_of_the_audit_trail_shows,
    opening_twice_changes_nothing_and_a_newer_database_is_refused,
    photos_without_a_row_are_swept_and_others_are_not,
    a_changed_and_a_missing_photo_are_found,
    a_lost_delivery_is_found,
    the_photos_of_an_unknown_scan_are_an_error,
}

async fn sql(place: &Place, statement: &'static str) {
    let mut connection = AnyConnection::connect(&place.settings.database).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn opening_twice_changes_nothing_and_a_newer_database_is_refused(place: Place) {
    Store::open(&place.settings).await.unwrap().ping(now()).await.unwrap();
    sql(
        &place,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 99, 'from the future', success, checksum, 0 FROM _sqlx_migrations \
         WHERE version = 1",
    )
    .await;
    let refused = Store::open(&place.settings).await.err().expect("it is refused");
    assert!(matches!(refused, StoreError::Newer { found: 99 }), "{refused}");
}

#[tokio::test]
async fn unknown_schemes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = Settings::in_folder(folder.path());
    for database in ["mysql://x/y", "labelscan.db", "sqlite://", "sqlite://:memory:"] {
        let settings = Settings { database: database.into(), ..good.clone() };
        let error = Store::open(&settings).await.err().expect("it is refused");
        assert!(matches!(error, StoreError::Settings(_)), "{database}: {error}");
    }
    let settings = Settings { photos: "ftp://photos".into(), ..good };
    assert!(matches!(Store::open(&settings).await, Err(StoreError::Settings(_))));
}

async fn photos_without_a_row_are_swept_and_others_are_not(place: Place) {
    let kept = place.receive("key").await;
    // What a crash between the photo and its row leaves behind.
    let lost = upload("lost", b"").id.to_string();
    let folder = place.photos.join(&lost[34..]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{lost}-0")), b"photo").unwrap();
    std::fs::write(place.photos.join("README"), b"somebody's").unwrap();
    // What a crash within the writing of a photo leaves behind in a folder.
    let in_folder = place.settings.photos.starts_with("file://");
    if in_folder {
        std::fs::write(folder.join(format!("{lost}-0#1")), b"pho").unwrap();
    }

    let an_hour_ago = Timestamp::now() - SignedDuration::from_hours(1);
    assert_eq!(place.store.sweep_orphans(an_hour_ago).await.unwrap(), 0, "it may be an upload");
    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    let check = place.store.check(soon).await.unwrap();
    let orphaned = |fault: &Fault| matches!(fault, Fault::PhotoOrphaned(it) if it.contains(&lost));
    let left = 1 + usize::from(in_folder);
    assert!(check.faults.len() == left && check.faults.iter().all(orphaned), "{check:?}");
    assert_eq!(place.store.sweep_orphans(soon).await.unwrap(), left as u64);
    assert!(place.store.check(soon).await.unwrap().is_sound());
    assert_eq!(place.store.photos(kept).await.unwrap().len(), 1);
    assert!(place.photos.join("README").exists());
}

async fn a_changed_and_a_missing_photo_are_found(place: Place) {
    let (changed, missing) = (place.receive("a").await, place.receive("b").await);
    std::fs::write(place.photo(changed), b"phota").unwrap();
    std::fs::remove_file(place.photo(missing)).unwrap();
    for id in [changed, missing] {
        let error = place.store.photos(id).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    }
    let faults = place.store.check(Timestamp::MIN).await.unwrap().faults;
    assert_eq!(faults, [Fault::PhotoChanged(changed.into()), Fault::PhotoMissing(missing.into())]);
}

async fn a_lost_delivery_is_found(place: Place) {
    let id = place.registered("key", "0821032398").await;
    sql(&place, "DELETE FROM deliveries").await;
    let faults = place.store.check(Timestamp::MIN).await.unwrap().faults;
    assert_eq!(faults, [Fault::RegistrationMissing(id), Fault::DeliveryMissing(id)]);
}

async fn every_change_of_the_audit_trail_shows(place: Place) {
    for n in 0..3 {
        let claimed = place.claimed(&format!("key {n}")).await;
        let finding = accepted(&format!("082103239{n}"), &format!("msg_{n}"));
        place.store.finish(&claimed.claim, finding, later(n)).await.unwrap();
    }
    let check = place.store.check(Timestamp::MIN).await.unwrap();
    assert!(check.is_sound() && check.audit_entries == 6, "{check:?}");
    sql(&place, "CREATE TABLE kept AS SELECT * FROM audit").await;
    for tampering in [
        "UPDATE audit SET who = 'nobody' WHERE seq = 2",
        "UPDATE audit SET detail = hash WHERE seq = 2",
        "UPDATE audit SET at = at + 1 WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
    ] {
        sql(&place, tampering).await;
        let check = place.store.check(Timestamp::MIN).await.unwrap();
        let broken = check.faults.iter().any(|fault| matches!(fault, Fault::AuditBroken(_)));
        assert!(broken, "{tampering}: {check:?}");
        sql(&place, "DELETE FROM audit").await;
        sql(&place, "INSERT INTO audit SELECT * FROM kept").await;
    }
    assert!(place.store.check(Timestamp::MIN).await.unwrap().is_sound());
}

/// Changes that leave the chain of the audit trail whole.
const TAMPERINGS: [&str; 8] = [
    "UPDATE keys SET role = 'admin' WHERE id = 'key 1'",
    "UPDATE keys SET name = 'van 8' WHERE id = 'key 1'",
    "UPDATE scans SET owner = 'somebody else'",
    "UPDATE scans SET status = 'rejected'",
    "DELETE FROM keys WHERE id = 'key 1'",
    "UPDATE scans SET id = 'f' || SUBSTR(id, 2)",
    "DELETE FROM audit WHERE seq > 3; \
     UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)",
    "DELETE FROM audit; DELETE FROM audit_head",
];

async fn rows_that_say_otherwise_are_found(new: impl AsyncFn() -> Place) {
    for tampering in TAMPERINGS {
        let place = new().await;
        let key = store::NewKey {
            id: "key 1".into(),
            name: "van 7".into(),
            role: "technician".into(),
            hash: [7; 32],
            expires_at: None,
        };
        place.store.create_key(key, now()).await.unwrap();
        for n in 0..2 {
            let claimed = place.claimed(&format!("key {n}")).await;
            let finding = accepted(&format!("082103239{n}"), &format!("msg_{n}"));
            place.store.finish(&claimed.claim, finding, later(n)).await.unwrap();
        }
        // Whatever the service has not written down yet it writes at its end.
        let last = Store::open(&place.settings).await.unwrap();
        let context = store::WriteContext::new("eva", later(9));
        last.record("noted", "nothing", &(), context).await.unwrap();
        last.close().await;
        assert!(place.store.check(Timestamp::MIN).await.unwrap().is_sound());
        let mut connection = AnyConnection::connect(&place.settings.database).await.unwrap();
        let unbound = match place.settings.database.starts_with("postgres") {
            true => "SET session_replication_role = replica",
            false => "PRAGMA foreign_keys = OFF",
        };
        sqlx::raw_sql(unbound).execute(&mut connection).await.unwrap();
        sqlx::raw_sql(tampering).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let check = place.store.check(Timestamp::MIN).await.unwrap();
        let found = |fault: &Fault| {
            matches!(fault, Fault::Unaudited(_) | Fault::AuditCut { .. } | Fault::AuditBroken(_))
        };
        assert!(check.faults.iter().any(found), "{tampering}: {check:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_rows_that_say_otherwise_than_the_audit_trail_are_found() {
    rows_that_say_otherwise_are_found(Place::sqlite_and_folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_rows_that_say_otherwise_than_the_audit_trail_are_found() {
    rows_that_say_otherwise_are_found(Place::postgres_and_folder).await;
}

async fn the_photos_of_an_unknown_scan_are_an_error(place: Place) {
    let error = place.store.photos(upload("x", b"").id).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound(_)));
    assert!(place.store.scan(upload("x", b"").id).await.unwrap().is_none());
    assert_eq!(place.store.claim_scans(5, crate::place::lease(), now()).await.unwrap().len(), 0);
}
