//! Data of the first release: its tables, made by its own first migration and filled as it filled
//! them, are opened by this program; nothing of them is lost and what was owed is still owed.

use crate::place::{lease, now, registration, shared_postgres};
use jiff::Timestamp;
use sqlx::any::install_default_drivers;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, SqlSafeStr};
use store::{
    Encryption, Presented, Registration, ScanStatus, Settings, Settled, Store, StoreError,
    WriteContext,
};
use validate::terminal::{Operation, Placement, Step};

const FIRST: &str = include_str!("../../migrations/0001_first.sql");
/// A scan that was accepted and is owed to the registry, and one that was never read.
const ROWS: [&str; 5] = [
    "INSERT INTO terminals VALUES ('pax:0821032398', '0821032398', 'pax', DEVICE, 'msg_1', \
     '01990000-0000-7000-8000-000000000001', NOW, NOW)",
    "INSERT INTO scans (id, owner, idempotency_key, photos_sha256, details, created_at, status, \
     attempts, fence, due_at, device, event_id, finished_at) VALUES \
     ('01990000-0000-7000-8000-000000000001', 'ana', 'k1', 'aa', EMPTY, NOW, 'accepted', 1, 1, 0, \
     'pax:0821032398', 'msg_1', NOW)",
    "INSERT INTO scans (id, owner, idempotency_key, photos_sha256, details, created_at, status, \
     attempts, fence, due_at) VALUES ('01990000-0000-7000-8000-000000000002', 'ana', 'k2', 'bb', \
     EMPTY, NOW, 'queued', 0, 0, NOW)",
    "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, status, \
     attempts, fence, due_at) VALUES ('msg_1', 'pax:0821032398', DEVICE, \
     '01990000-0000-7000-8000-000000000001', EMPTY, NOW, 'queued', 0, 0, NOW)",
    "INSERT INTO keys (id, name, role, hash, created_at) VALUES ('k', 'depot', 'technician', \
     '0707070707070707070707070707070707070707070707070707070707070707', NOW)",
];

async fn first_release(address: &str, bytes: fn(&str) -> String) {
    install_default_drivers();
    let mut connection = AnyConnection::connect(address).await.unwrap();
    let postgres = address.starts_with("postgres");
    let tables = if postgres { FIRST.replace("BLOB", "BYTEA") } else { FIRST.to_owned() };
    let tables = AssertSqlSafe(tables).into_sql_str();
    let first = Migration::new(1, "first".into(), MigrationType::Simple, tables, false);
    Migrator::with_migrations(vec![first]).run(&mut connection).await.unwrap();
    for row in ROWS {
        let row = row
            .replace("NOW", &now().as_millisecond().to_string())
            .replace("EMPTY", &bytes("{}"))
            .replace("DEVICE", &bytes("0821032398"));
        sqlx::query(AssertSqlSafe(row)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

async fn is_taken_up(settings: &Settings) {
    // It knew no sealing: whoever forgets that is told so, and nothing is spoilt by it.
    let sealed = Settings {
        encryption: Encryption::On { keys: std::env::temp_dir().join("labelscan-no-such.keys") },
        ..settings.clone()
    };
    let refused = Store::open(&sealed).await.err().expect("it is refused");
    assert!(matches!(&refused, StoreError::Settings(why) if why.contains("off")), "{refused}");

    let store = Store::open(settings).await.unwrap();
    let found = store.terminal("0821032398").await.unwrap();
    assert_eq!(found.len(), 1);
    let scans = store.scan(found[0].first_scan).await.unwrap().expect("the scan is kept");
    assert_eq!(scans.status, ScanStatus::Accepted);
    let waiting = store.claim_scans(10, lease(), now()).await.unwrap();
    assert_eq!(waiting.len(), 1, "what was not read is read now");
    let key = store.key_by_hash(&[7; 32], now()).await.unwrap();
    let Presented::InForce(key) = key else { panic!("keys go on: {key:?}") };
    assert_eq!((key.name.as_str(), key.role.as_str()), ("depot", "technician"));
    let owed = store.claim_deliveries(10, lease(), now()).await.unwrap();
    assert_eq!(owed.len(), 1, "what was owed is owed");
    assert_eq!(owed[0].bytes, b"{}", "the same bytes");
    let delivered = Settled::Delivered { answer: None };
    store.settle(&owed[0].claim, delivered, Timestamp::MAX).await.unwrap();
    assert_eq!(store.queues().await.unwrap().deliveries.count, 0);
    store.close().await;
}

#[tokio::test]
async fn data_of_the_first_release_goes_on_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { encryption: Encryption::Off, ..Settings::in_folder(folder.path()) };
    let file = format!("{}?mode=rwc", settings.database);
    first_release(&file, |text| format!("CAST('{text}' AS BLOB)")).await;
    is_taken_up(&settings).await;
}

#[tokio::test]
async fn data_of_the_first_release_goes_on_in_postgres() {
    let postgres = shared_postgres();
    let place = crate::place::Place::open(Some(postgres.clone()), false).await;
    let mut admin = AnyConnection::connect(&postgres.url()).await.unwrap();
    sqlx::query("CREATE DATABASE first_release").execute(&mut admin).await.unwrap();
    let database = format!("postgres://postgres@127.0.0.1:{}/first_release", postgres.port());
    let settings = Settings { database, encryption: Encryption::Off, ..place.settings.clone() };
    first_release(&settings.database, |text| format!("convert_to('{text}', 'UTF8')")).await;
    is_taken_up(&settings).await;
}

/// Every change of the tables that the release before this one knew.
const FORMER: [(i64, &str, &str); 9] = [
    (1, "first", FIRST),
    (2, "operations", include_str!("../../migrations/0002_operations.sql")),
    (3, "sealed", include_str!("../../migrations/0003_sealed.sql")),
    (4, "console", include_str!("../../migrations/0004_console.sql")),
    (5, "estate", include_str!("../../migrations/0005_estate.sql")),
    (6, "identity", include_str!("../../migrations/0006_identity.sql")),
    (7, "first come", include_str!("../../migrations/0007_first_come.sql")),
    (8, "sign-in at the company", include_str!("../../migrations/0008_oidc.sql")),
    (9, "maintenance photos", include_str!("../../migrations/0009_maintenance_photos.sql")),
];
/// A terminal that a photo without an operation bound to nobody, as that release wrote it: told and
/// taken; and one at a merchant.
const FORMER_ROWS: [&str; 7] = [
    "INSERT INTO sealing (only_row, mark) VALUES (1, 'off')",
    "INSERT INTO scans (id, owner, idempotency_key, photos_sha256, details, created_at, status, \
     attempts, fence, due_at, device, event_id, finished_at) VALUES \
     ('01990000-0000-7000-8000-000000000001', 'ana', 'k1', 'aa', EMPTY, NOW, 'accepted', 1, 1, 0, \
     'pax:0821032398', 'msg_1', NOW)",
    "INSERT INTO scan_photos (scan_id, position, name, sha256, bytes, content_type, surface) VALUES \
     ('01990000-0000-7000-8000-000000000001', 0, 'gone', 'aa', 1, 'image/jpeg', 'label')",
    "INSERT INTO terminals (device, serial_key, vendor, serial, event_id, first_scan, created_at, \
     updated_at, step) VALUES ('pax:0821032398', '0821032398', 'pax', DEVICE, 'msg_1', \
     '01990000-0000-7000-8000-000000000001', NOW, NOW, 'bind')",
    "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, status, \
     attempts, fence, due_at, settled_at) VALUES ('msg_1', 'pax:0821032398', DEVICE, \
     '01990000-0000-7000-8000-000000000001', EMPTY, NOW, 'delivered', 1, 1, NOW, NOW)",
    "INSERT INTO terminals (device, serial_key, vendor, serial, event_id, first_scan, created_at, \
     updated_at, step, merchant) VALUES ('pax:0821032399', '0821032399', 'pax', OTHER, 'msg_2', \
     '01990000-0000-7000-8000-000000000001', NOW, NOW, 'bind', MERCHANT)",
    "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, status, \
     attempts, fence, due_at, settled_at) VALUES ('msg_2', 'pax:0821032399', OTHER, \
     '01990000-0000-7000-8000-000000000001', EMPTY, NOW, 'delivered', 1, 1, NOW, NOW)",
];

async fn former_release(address: &str, bytes: fn(&str) -> String) {
    install_default_drivers();
    let mut connection = AnyConnection::connect(address).await.unwrap();
    let postgres = address.starts_with("postgres");
    let changes = FORMER.map(|(version, name, sql)| {
        let sql = if postgres { sql.replace("BLOB", "BYTEA") } else { sql.to_owned() };
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(changes.into()).run(&mut connection).await.unwrap();
    for row in FORMER_ROWS {
        let row = row
            .replace("NOW", &now().as_millisecond().to_string())
            .replace("EMPTY", &bytes("{}"))
            .replace("DEVICE", &bytes("0821032398"))
            .replace("OTHER", &bytes("0821032399"))
            .replace("MERCHANT", &bytes("A"));
        sqlx::query(AssertSqlSafe(row)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// What was bound to nobody counts as registered, so that the bind that follows is news; and what
/// the registry refuses of it leaves what the former release had said.
async fn goes_on_where_it_was(settings: &Settings) {
    let store = Store::open(settings).await.unwrap();
    let step = async |value: &str| store.terminal(value).await.unwrap()[0].step;
    assert_eq!(step("0821032398").await, Step::Register);
    assert_eq!(step("0821032399").await, Step::Bind);
    let scan = store.terminal("0821032398").await.unwrap()[0].first_scan;
    for (value, merchant) in [("0821032398", "Café Anna"), ("0821032399", "B")] {
        let placement = Placement {
            operation: Operation::Bind,
            merchant: Some(merchant.into()),
            ..Placement::default()
        };
        let owed = Registration { placement, ..registration(value, &format!("msg_{merchant}")) };
        let context = WriteContext::new("eva", now());
        assert_eq!(store.operate(scan, &owed, context).await.unwrap(), None, "it is news");
    }
    for due in store.claim_deliveries(10, lease(), now()).await.unwrap() {
        let refused = Settled::Refused { code: "no".into(), why: String::new() };
        store.settle(&due.claim, refused, now()).await.unwrap();
    }
    let stood = store.terminal("0821032399").await.unwrap().remove(0);
    assert_eq!((stood.step, stood.merchant.as_deref()), (Step::Bind, Some("A")));
    assert_eq!(step("0821032398").await, Step::Register);
    store.close().await;
}

#[tokio::test]
async fn data_of_the_former_release_goes_on_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { encryption: Encryption::Off, ..Settings::in_folder(folder.path()) };
    let file = format!("{}?mode=rwc", settings.database);
    former_release(&file, |text| format!("CAST('{text}' AS BLOB)")).await;
    goes_on_where_it_was(&settings).await;
}

#[tokio::test]
async fn data_of_the_former_release_goes_on_in_postgres() {
    let postgres = shared_postgres();
    let place = crate::place::Place::open(Some(postgres.clone()), false).await;
    let mut admin = AnyConnection::connect(&postgres.url()).await.unwrap();
    sqlx::query("CREATE DATABASE former_release").execute(&mut admin).await.unwrap();
    let database = format!("postgres://postgres@127.0.0.1:{}/former_release", postgres.port());
    let settings = Settings { database, encryption: Encryption::Off, ..place.settings.clone() };
    former_release(&settings.database, |text| format!("convert_to('{text}', 'UTF8')")).await;
    goes_on_where_it_was(&settings).await;
}
