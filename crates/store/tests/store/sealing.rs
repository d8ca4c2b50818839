//! What lies on the disk tells nothing, what was changed or moved does not open, and keys can be
//! rotated while everybody works.

use crate::place::{
    Place, accepted, for_review, lease, now, registration, serial, upload, withdrawn,
};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{
    Action, Authority, Decision, Encryption, Expected, Fault, FoundTerminal, Import, Received,
    Rotated, Settings, Settled, Store, StoreError, restore,
};
use tempfile::tempdir;
use uuid::Uuid;

on_every_place! {
    no_serial_and_no_photo_lies_on_the_disk_in_clear,
    what_was_moved_to_another_row_or_column_does_not_open,
    a_flipped_bit_is_refused_and_named,
    keys_rotate_while_everybody_works,
}

/// Every sealed column, with the primary key of its table.
const SEALED: [(&str, &str, &str); 10] = [
    ("scans", "id", "details"),
    ("scans", "id", "judgement"),
    ("scans", "id", "decision"),
    ("terminals", "device", "serial"),
    ("deliveries", "event_id", "device_key"),
    ("deliveries", "event_id", "event"),
    ("deliveries", "event_id", "why"),
    ("deliveries", "event_id", "answer"),
    ("estate", "serial_key", "entry"),
    ("audit", "seq", "detail"),
];

/// A serial that stands nowhere by chance, and stands everywhere that a serial can stand.
const SERIAL: &str = "ZQ93847561XKWV";
/// Enough for two rotations, and few enough for a slow machine.
const UPLOADS_MAX: u64 = 20;
const PHOTO: &[u8] = b"the photo of a label that nobody but its owner may see";

/// Puts the serial wherever a serial can get to.
async fn told_everything(store: &Store) -> store::ScanId {
    let mut told = upload(&format!("key-{SERIAL}"), PHOTO);
    told.details = json!({"note": format!("swapped {SERIAL}"), "replaces": SERIAL});
    let id = told.id;
    store.receive(told, now()).await.unwrap();
    let claimed = store.claim_scan(id, lease(), now()).await.unwrap().unwrap();
    store.finish(&claimed.claim, accepted(SERIAL, "msg_1"), now()).await.unwrap();
    let due = store.claim_deliveries(1, lease(), now()).await.unwrap().remove(0);
    let why = format!("{SERIAL} is busy");
    store.settle(&due.claim, Settled::RetryAt { at: now(), why }, now()).await.unwrap();
    let due = store.claim_deliveries(1, lease(), now()).await.unwrap().remove(0);
    let answer = Some(format!("{{\"registered\":\"{SERIAL}\"}}"));
    store.settle(&due.claim, Settled::Delivered { answer }, now()).await.unwrap();
    let other = format!("{SERIAL}9");
    let correct = Action::Correct { serial: serial(&other) };
    let corrected = Decision {
        registration: Some(registration(&other, "msg_2")),
        withdrawal: Some(withdrawn(SERIAL, "msg_3")),
        ..Decision::new(correct, "eva", Authority::Operator)
    };
    store.decide(id, corrected, now()).await.unwrap();
    let list = [Expected { serial: SERIAL.into(), said: Default::default() }];
    let import = Import { id: "1".into(), replace: false, by: "eva".into() };
    store.import_estate(&list, &import, now()).await.unwrap();
    let due = store.claim_deliveries(1, lease(), now()).await.unwrap().remove(0);
    let why = format!("{SERIAL} is unknown");
    store
        .settle(&due.claim, Settled::Refused { code: "unknown".into(), why }, now())
        .await
        .unwrap();
    id
}

/// Files below the folder that hold the bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).is_ok_and(|all| all.windows(bytes.len()).any(|w| w == bytes))
        {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn no_serial_and_no_photo_lies_on_the_disk_in_clear(place: Place) {
    let id = told_everything(&place.store).await;
    if place.settings.database.starts_with("postgres") {
        sql(&place, "CHECKPOINT".into()).await;
    }
    for folder in place.folders() {
        assert_eq!(holding(&folder, SERIAL.as_bytes()), Vec::<String>::new());
        assert_eq!(holding(&folder, &PHOTO[..20]), Vec::<String>::new());
    }
    // And yet everything is found.
    assert_eq!(place.store.photos(id).await.unwrap()[0].bytes, PHOTO);
    assert_eq!(place.store.terminal(SERIAL).await.unwrap().len(), 1);
    let part = |found: &FoundTerminal| found.terminal.serial.contains(&SERIAL[4..9]);
    assert_eq!(place.store.find_terminals(None, 0, part).await.unwrap().items.len(), 2);
    assert_eq!(place.store.estate(&SERIAL[4..9], None, 0).await.unwrap().items.len(), 1);
    let mut again = upload(&format!("key-{SERIAL}"), PHOTO);
    again.details = json!({"note": format!("swapped {SERIAL}"), "replaces": SERIAL});
    assert_eq!(place.store.receive(again, now()).await.unwrap(), Received::Repeat(id));
    let history = place.told(&id.to_string()).await;
    assert!(history.iter().any(|entry| holds(&entry.detail, SERIAL)));
    place.assert_settled().await;
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The same with encryption off: shows that the search above would find what lies in clear.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_encryption_off_everything_lies_in_clear() {
    let folder = tempdir().unwrap();
    let settings = Settings { encryption: Encryption::Off, ..Settings::in_folder(folder.path()) };
    let store = Store::open(&settings).await.unwrap();
    let id = told_everything(&store).await;
    assert_eq!(store.photos(id).await.unwrap()[0].bytes, PHOTO);
    assert_eq!(store.seal_use().await.unwrap(), None);
    assert!(store.check(jiff::Timestamp::MAX).await.unwrap().is_settled());
    store.close().await;
    assert!(!holding(folder.path(), SERIAL.as_bytes()).is_empty());
    assert_eq!(holding(folder.path(), &PHOTO[..20]).len(), 1);
    assert!(!folder.path().join("seal.keys").exists());
}

async fn sql(place: &Place, statement: String) {
    let mut connection = AnyConnection::connect(&place.settings.database).await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn what_was_moved_to_another_row_or_column_does_not_open(place: Place) {
    let one = place.registered("one", "0821032398").await;
    let two = place.registered("two", "0821032399").await;
    let review = place.claimed("review").await;
    place.store.finish(&review.claim, for_review(), now()).await.unwrap();
    sql(
        &place,
        format!(
            "UPDATE scans SET judgement = (SELECT judgement FROM scans WHERE id = '{one}') \
             WHERE id = '{two}'"
        ),
    )
    .await;
    sql(&place, format!("UPDATE scans SET judgement = details WHERE id = '{}'", review.id)).await;
    std::fs::copy(place.photo(one), place.photo(two)).unwrap();
    for id in [two, review.id] {
        let error = place.store.scan(id).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    }
    assert!(matches!(place.store.photos(two).await, Err(StoreError::Damaged(_))));
    let faults = place.store.check(jiff::Timestamp::MIN).await.unwrap().faults;
    let moved = [two, review.id].map(|id| Fault::Sealed(format!("scans.judgement of {id}")));
    assert!(faults.contains(&Fault::PhotoChanged(two.into())), "{faults:?}");
    assert!(moved.iter().all(|fault| faults.contains(fault)) && faults.len() == 3, "{faults:?}");
}

async fn a_flipped_bit_is_refused_and_named(place: Place) {
    let id = told_everything(&place.store).await;
    let mut connection = AnyConnection::connect(&place.settings.database).await.unwrap();
    for (table, key, name) in SEALED {
        let read = format!(
            "SELECT CAST({key} AS TEXT) AS row_key, {name} FROM {table} WHERE {name} IS NOT NULL LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(read)).fetch_one(&mut connection).await.unwrap();
        let (row_key, whole): (String, Vec<u8>) = (row.get("row_key"), row.get(name));
        let write = format!("UPDATE {table} SET {name} = $1 WHERE CAST({key} AS TEXT) = $2");
        // In the header's key, in its nonce, in the text, in the tag; and cut off.
        for place_of_bit in [4, 8, 32, whole.len() - 1, whole.len()] {
            let mut changed = whole.clone();
            match changed.get_mut(place_of_bit) {
                Some(byte) => *byte ^= 1,
                None => changed.truncate(40),
            }
            let update = sqlx::query(AssertSqlSafe(write.clone())).bind(changed).bind(&row_key);
            update.execute(&mut connection).await.unwrap();
            let faults = place.store.check(jiff::Timestamp::MIN).await.unwrap().faults;
            let named = Fault::Sealed(format!("{table}.{name} of {row_key}"));
            assert!(faults.contains(&named), "{named:?}, bit {place_of_bit}: {faults:?}");
        }
        let update = sqlx::query(AssertSqlSafe(write)).bind(whole).bind(&row_key);
        update.execute(&mut connection).await.unwrap();
    }
    let whole = std::fs::read(place.photo(id)).unwrap();
    for place_of_bit in [8, 32, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[place_of_bit] ^= 1;
        std::fs::write(place.photo(id), changed).unwrap();
        let faults = place.store.check(jiff::Timestamp::MIN).await.unwrap().faults;
        assert_eq!(faults, [Fault::PhotoChanged(id.into())]);
    }
    std::fs::write(place.photo(id), whole).unwrap();
    place.assert_settled().await;
}

async fn keys_rotate_while_everybody_works(place: Place) {
    let before = place.registered("before", "0821032398").await;
    let stop = Arc::new(AtomicBool::new(false));
    let working = (0..4).map(|worker| {
        let (store, stop) = (place.store.clone(), stop.clone());
        tokio::spawn(async move {
            let mut done = 0;
            while !stop.load(Ordering::Relaxed) && done < UPLOADS_MAX {
                let upload = upload(&format!("key {worker} {done}"), PHOTO);
                let id = upload.id;
                store.receive(upload, now()).await.unwrap();
                let claimed = store.claim_scan(id, lease(), now()).await.unwrap().unwrap();
                let event = format!("msg_{}", Uuid::now_v7().simple());
                let finding = accepted(&format!("{worker:02}{done:08}"), &event);
                store.finish(&claimed.claim, finding, now()).await.unwrap();
                assert_eq!(store.photos(id).await.unwrap()[0].bytes, PHOTO);
                done += 1;
            }
            done
        })
    });
    let working: Vec<_> = working.collect();
    // The command is another process: it has its own connections and reads the key file itself.
    let command = Store::open(&place.settings).await.unwrap();
    for number in [2, 3] {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!(command.add_seal_key().await.unwrap(), number);
        let first = command.reseal().await.unwrap();
        assert!(first.values > 0 && first.photos > 0, "{first:?}");
    }
    stop.store(true, Ordering::Relaxed);
    let mut uploads = 1;
    for worker in working {
        uploads += worker.await.unwrap();
    }
    while command.reseal().await.unwrap() != Rotated::default() {}
    let used = command.seal_use().await.unwrap().unwrap();
    assert!(used.is_settled() && used.current == 3, "{used:?}");
    assert_eq!(used.keys.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);

    let check = place.store.check(jiff::Timestamp::MAX).await.unwrap();
    assert!(check.is_sound() && check.photos == uploads, "{check:?}");
    // Nothing needs the old keys: their lines may go.
    let file = place.keys();
    let text = std::fs::read_to_string(&file).unwrap();
    let kept: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("key 1 ") && !line.starts_with("key 2 "))
        .collect();
    std::fs::write(&file, kept.join("\n")).unwrap();
    let alone = Store::open(&place.settings).await.unwrap();
    assert!(alone.check(jiff::Timestamp::MAX).await.unwrap().is_sound());
    assert_eq!(alone.photos(before).await.unwrap()[0].bytes, &b"photo"[..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rotation_that_was_interrupted_goes_on() {
    let place = Place::sqlite_and_folder().await;
    for n in 0..40 {
        place.registered(&format!("key {n}"), &format!("{n:010}")).await;
    }
    place.store.add_seal_key().await.unwrap();
    // Ends wherever it has come to after a moment, as a killed process does.
    for ms in [1, 2, 5, 10, 20] {
        let cut = std::time::Duration::from_millis(ms);
        let _ = tokio::time::timeout(cut, place.store.reseal()).await;
        assert!(place.store.check(jiff::Timestamp::MAX).await.unwrap().is_sound());
    }
    while place.store.reseal().await.unwrap() != Rotated::default() {}
    assert!(place.store.seal_use().await.unwrap().unwrap().is_settled());
    assert!(place.store.check(jiff::Timestamp::MAX).await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_its_keys_nothing_is_opened() {
    let place = Place::sqlite_and_folder().await;
    let id = place.receive("key").await;
    let elsewhere = tempdir().unwrap();
    let keys = elsewhere.path().join("seal.keys");
    let with = |encryption| Settings { encryption, ..place.settings.clone() };
    let refused = async |settings: Settings, expected: &str| {
        let error = Store::open(&settings).await.err().expect("it is refused");
        assert!(matches!(&error, StoreError::Settings(why) if why.contains(expected)), "{error}");
    };
    refused(with(Encryption::Off), "the data is sealed").await;
    refused(with(Encryption::On { keys: keys.clone() }), "its keys are not at").await;
    assert!(!keys.exists(), "no new keys are made for old data");
    let other = Settings {
        encryption: Encryption::On { keys: keys.clone() },
        ..Settings::in_folder(elsewhere.path())
    };
    let others = Store::open(&other).await.unwrap();
    assert_eq!(others.keys_made(), Some(keys.as_path()));
    refused(with(Encryption::On { keys }), "sealed with other keys").await;

    let open = Settings {
        encryption: Encryption::Off,
        ..Settings::in_folder(&elsewhere.path().join("open"))
    };
    Store::open(&open).await.unwrap().receive(upload("key", PHOTO), now()).await.unwrap();
    let on = Encryption::On { keys: elsewhere.path().join("none.keys") };
    refused(Settings { encryption: on, ..open }, "recorded with encryption off").await;
    assert!(!elsewhere.path().join("none.keys").exists());

    // A key file from before the last rotation opens what it can, and says what it cannot.
    let old = std::fs::read(place.keys()).unwrap();
    place.store.add_seal_key().await.unwrap();
    let newer = place.receive("newer").await;
    std::fs::write(place.keys(), old).unwrap();
    let store = Store::open(&place.settings).await.unwrap();
    assert_eq!(store.photos(id).await.unwrap().len(), 1);
    assert!(matches!(store.photos(newer).await, Err(StoreError::KeyMissing { key: 2, .. })));
    let check = store.check(jiff::Timestamp::MIN).await.unwrap();
    assert!(check.faults.iter().all(|fault| matches!(fault, Fault::Sealed(_))), "{check:?}");
    assert_eq!(check.faults_found, 2, "its details and its photo: {check:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_holds_no_key_and_opens_only_with_it() {
    let place = Place::sqlite_and_folder().await;
    let id = told_everything(&place.store).await;
    let folder = tempdir().unwrap();
    let file = folder.path().join("backup.tar");
    place.store.backup(&file).await.unwrap();
    let text = std::fs::read_to_string(place.keys()).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for secret in lines.filter_map(|line| line.split_whitespace().last()) {
        let raw: Vec<u8> = (0..secret.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&secret[at..at + 2], 16).unwrap())
            .collect();
        let in_clear = whole.windows(raw.len()).any(|window| window == raw);
        assert!(!in_clear && !holds(&whole, secret), "a key is in the backup");
    }
    assert!(!holds(&whole, SERIAL));

    let elsewhere = folder.path().join("restored");
    let without = Settings::in_folder(&elsewhere);
    let error = restore(&file, &without).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Settings(why) if why.contains("keys are not at")),
        "{error}"
    );
    assert!(!elsewhere.join("labelscan.db").exists(), "nothing half restored is left");
    // Rotated meanwhile: the file still has the key of the backup.
    place.store.add_seal_key().await.unwrap();
    let with = Settings { encryption: Encryption::On { keys: place.keys() }, ..without };
    assert!(restore(&file, &with).await.unwrap().is_sound());
    let restored = Store::open(&with).await.unwrap();
    assert_eq!(restored.photos(id).await.unwrap()[0].bytes, PHOTO);
}
