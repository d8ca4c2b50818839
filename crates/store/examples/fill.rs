//! Fills an outbox in bulk, past the store's own functions, so that a million events are there in a
//! minute, unsealed. What `outbound`'s example `deliveries` then works on.
//!
//! `cargo run --release -p store --example fill -- FOLDER EVENTS [DATABASE]`
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a program of its own")]

use jiff::Timestamp;
use sqlx::{AnyConnection, Connection};
use std::path::Path;
use store::{Encryption, Settings, Store};

/// Events written by one statement.
const AT_ONCE: i64 = 50_000;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let events: i64 = arguments.next().and_then(|text| text.parse().ok()).expect("how many events");
    let settings = Settings::in_folder(Path::new(&folder));
    let mut settings = Settings { encryption: Encryption::Off, ..settings };
    settings.database = arguments.next().unwrap_or(settings.database);
    Store::open(&settings).await.expect("the store opens").close().await;

    let mut connection = AnyConnection::connect(&settings.database).await.expect("the database");
    let now = Timestamp::now().as_millisecond();
    sqlx::query(
        "INSERT INTO scans (id, owner, idempotency_key, photos_sha256, details, created_at, \
         status, attempts, fence, due_at) VALUES ('01900000-0000-7000-8000-000000000000', 'fill', \
         'fill', '', $1, $2, 'accepted', 1, 1, $2)",
    )
    .bind(b"{}".to_vec())
    .bind(now)
    .execute(&mut connection)
    .await
    .expect("a scan");
    let filling = format!("{{\"filling\":\"{}\"}}", "x".repeat(1_200)).into_bytes();
    for from in (0..events).step_by(AT_ONCE as usize) {
        sqlx::query(
            "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, \
             status, attempts, fence, due_at) \
             WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2) \
             SELECT 'msg_' || CAST(1000000000 + i AS TEXT), 'pax:' || CAST(1000000000 + i AS TEXT), \
             $3, '01900000-0000-7000-8000-000000000000', $4, $5, 'queued', 0, 0, $5 FROM n",
        )
        .bind(from)
        .bind(events.min(from + AT_ONCE))
        .bind(b"pax:1000000000".to_vec())
        .bind(filling.clone())
        .bind(now)
        .execute(&mut connection)
        .await
        .expect("deliveries");
    }
    connection.close().await.expect("closed");
    println!("{events} events wait in {folder}");
}
