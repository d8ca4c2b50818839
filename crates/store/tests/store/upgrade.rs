//! Data of the first release: its tables, made by its own first migration and filled as it filled
//! them, are opened by this program; nothing of them is lost and what was owed is still owed.

use crate::place::{lease, now, shared_postgres};
use jiff::Timestamp;
use sqlx::any::install_default_drivers;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, SqlSafeStr};
use store::{Encryption, Presented, ScanStatus, Settings, Settled, Store, StoreError};

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
