//! One device, one registration: the terminal's row and the outbox row, inside the transaction of
//! the verdict or decision that owes them.

use crate::row::column;
use crate::seal::{Blind, Cell, Seal};
use crate::{DeliveryStatus, Limits, StoreError};
use jiff::Timestamp;
use sqlx::AnyConnection;

/// A registration that is owed: the final bytes of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The event's id, constant over every attempt to deliver it.
    pub event_id: String,
    /// `vendor:serial`, the key of the device at the registry.
    pub device_key: String,
    /// The bytes that are signed and sent.
    pub bytes: Vec<u8>,
}

/// Registers the device, or links the scan to the registration that stands. True if an outbox row
/// was written. A registration that the registry refused does not stand: the next scan of the
/// device owes a new one.
pub(crate) async fn register(
    connection: &mut AnyConnection,
    seal: &Seal,
    limits: &Limits,
    scan: &str,
    registration: &Registration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Registration { event_id, device_key, bytes } = registration;
    let Some((vendor, serial)) = device_key.split_once(':') else {
        return Err(StoreError::Invalid("a device key is vendor:serial".into()));
    };
    if bytes.len() > limits.event_bytes_max {
        let most = limits.event_bytes_max;
        return Err(StoreError::Invalid(format!("an event has at most {most} bytes")));
    }
    let device = seal.blind(Blind::Device, device_key);
    let inserted = sqlx::query(
        "INSERT INTO terminals (device, serial_key, vendor, serial, event_id, first_scan, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
         ON CONFLICT (device) DO NOTHING",
    )
    .bind(&device)
    .bind(seal.blind(Blind::Serial, serial))
    .bind(vendor)
    .bind(seal.seal(Cell::new("terminals", "serial", &device), serial.as_bytes())?)
    .bind(event_id)
    .bind(scan)
    .bind(now.as_millisecond())
    .execute(&mut *connection)
    .await?;
    let standing = match inserted.rows_affected() {
        0 => standing(connection, &device, event_id, now).await?,
        _ => None,
    };
    let queued = standing.is_none();
    if queued {
        enqueue(connection, seal, registration, &device, scan, now).await?;
    }
    sqlx::query("UPDATE scans SET device = $1, event_id = $2 WHERE id = $3")
        .bind(&device)
        .bind(standing.as_ref().unwrap_or(event_id))
        .bind(scan)
        .execute(&mut *connection)
        .await?;
    Ok(queued)
}

/// The event that registered a known device. `None` if the registry refused it; the device then
/// belongs to the new event.
async fn standing(
    connection: &mut AnyConnection,
    device: &str,
    event_id: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    // The update takes the row's lock, so that two scans of one refused device cannot both find
    // it free.
    sqlx::query("UPDATE terminals SET updated_at = $1 WHERE device = $2")
        .bind(now.as_millisecond())
        .bind(device)
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query(
        "SELECT d.event_id AS event_id, d.status AS status FROM terminals t \
         JOIN deliveries d ON d.event_id = t.event_id WHERE t.device = $1",
    )
    .bind(device)
    .fetch_one(&mut *connection)
    .await?;
    if crate::row::named::<DeliveryStatus>(&row, "status")? != DeliveryStatus::Refused {
        return Ok(Some(column(&row, "event_id")?));
    }
    sqlx::query("UPDATE terminals SET event_id = $1 WHERE device = $2")
        .bind(event_id)
        .bind(device)
        .execute(&mut *connection)
        .await?;
    Ok(None)
}

async fn enqueue(
    connection: &mut AnyConnection,
    seal: &Seal,
    registration: &Registration,
    device: &str,
    scan: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Registration { event_id, device_key, bytes } = registration;
    let sealed = |name, value| seal.seal(Cell::new("deliveries", name, event_id), value);
    sqlx::query(
        "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, status, \
         attempts, fence, due_at) VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, $6)",
    )
    .bind(event_id)
    .bind(device)
    .bind(sealed("device_key", device_key.as_bytes())?)
    .bind(scan)
    .bind(sealed("event", bytes)?)
    .bind(now.as_millisecond())
    .execute(&mut *connection)
    .await?;
    Ok(())
}
