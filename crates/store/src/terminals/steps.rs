//! The steps of terminals that the registry is told of, each with all that it left.
//!
//! What the registry refused did not happen: then what the step before left stands again. It must
//! never bring a retired terminal back, whatever becomes of its last event.

use crate::database::error::StoreError;
use crate::database::row::{column, name_of, time};
use crate::database::tx::Tx;
use crate::seal::context::SealContext;
use crate::terminals::locked::{Locked, lock};
use jiff::Timestamp;
use validate::terminal::{Standing, Step};

/// Writes down what an event made of a terminal. What an earlier release left of it comes first.
pub(crate) async fn write_step(
    tx: &mut Tx<'_>,
    locked: &Locked,
    event_id: &str,
    standing: &Standing,
) -> Result<(), StoreError> {
    let mut number = locked.steps + 1;
    if locked.steps == 0 && locked.standing.step != Step::See {
        let since = locked.since.unwrap_or(tx.now);
        insert(tx, locked, number, &locked.event_id, &locked.standing, since).await?;
        number += 1;
    }
    insert(tx, locked, number, event_id, standing, tx.now).await?;
    sqlx::query("UPDATE terminals SET steps = $1 WHERE device = $2")
        .bind(number)
        .bind(&locked.device)
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

async fn insert(
    tx: &mut Tx<'_>,
    locked: &Locked,
    number: i64,
    event_id: &str,
    standing: &Standing,
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = format!("{}:{number}", locked.device);
    sqlx::query(
        "INSERT INTO steps (id, device, number, event_id, standing, at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&id)
    .bind(&locked.device)
    .bind(number)
    .bind(event_id)
    .bind(tx.seal.seal_json(SealContext::new("steps", "standing", &id), standing)?)
    .bind(at.as_millisecond())
    .execute(&mut *tx.connection)
    .await?;
    Ok(())
}

/// The last event that told of a terminal, if one did.
pub(crate) async fn last_event(
    tx: &mut Tx<'_>,
    locked: &Locked,
) -> Result<Option<String>, StoreError> {
    if locked.steps == 0 && locked.standing.step == Step::See {
        return Ok(None);
    }
    let row = sqlx::query("SELECT event_id FROM steps WHERE device = $1 AND number = $2")
        .bind(&locked.device)
        .bind(locked.steps)
        .fetch_optional(&mut *tx.connection)
        .await?;
    // A terminal of an earlier release has no steps: its last operation's event is in its row.
    row.map_or(Ok(locked.event_id.clone()), |row| column(&row, "event_id")).map(Some)
}

/// The devices that events tell of and whose last event is one of them, in the order of their locks.
pub(crate) async fn devices_of(
    tx: &mut Tx<'_>,
    events: &[&str],
) -> Result<Vec<String>, StoreError> {
    let mut devices = Vec::new();
    for event in events {
        let rows = sqlx::query("SELECT device FROM steps WHERE event_id = $1")
            .bind(*event)
            .fetch_all(&mut *tx.connection)
            .await?;
        for row in &rows {
            devices.push(column(row, "device")?);
        }
    }
    devices.sort();
    devices.dedup();
    Ok(devices)
}

/// Whether the registry was told, or is being told, something of the same terminals after an event.
pub(crate) async fn is_outdated(tx: &mut Tx<'_>, event_id: &str) -> Result<bool, StoreError> {
    let newer = sqlx::query(
        "SELECT 1 FROM steps mine JOIN steps newer ON newer.device = mine.device \
         AND newer.number > mine.number JOIN deliveries d ON d.event_id = newer.event_id \
         WHERE mine.event_id = $1 AND d.status <> 'refused' \
         AND (d.status <> 'queued' OR d.attempts > 0) LIMIT 1",
    )
    .bind(event_id)
    .fetch_optional(&mut *tx.connection)
    .await?;
    Ok(newer.is_some())
}

/// Lets the last step stand that was not refused; if there is none, the terminal is only named.
pub(crate) async fn restand(tx: &mut Tx<'_>, device: &str) -> Result<(), StoreError> {
    let locked = lock(tx, device).await?;
    let row = sqlx::query(
        "SELECT s.id, s.event_id, s.standing, s.at FROM steps s \
         JOIN deliveries d ON d.event_id = s.event_id WHERE s.device = $1 \
         AND d.status <> 'refused' ORDER BY s.number DESC LIMIT 1",
    )
    .bind(device)
    .fetch_optional(&mut *tx.connection)
    .await?;
    // What owes no event is not the registry's to undo.
    if matches!(locked.standing.step, Step::Retire | Step::Verify) {
        return Ok(());
    }
    let (standing, event, since) = match row {
        Some(row) => {
            let id: String = column(&row, "id")?;
            let cell = SealContext::new("steps", "standing", &id);
            let standing = tx.seal.open_json(cell, &column::<Vec<u8>>(&row, "standing")?)?;
            (standing, column(&row, "event_id")?, time(&row, "at")?)
        }
        None => (Standing::of(Step::See), locked.event_id.clone(), tx.now),
    };
    write_standing(tx, device, &standing, &event, since).await
}

/// Takes back an event that the registry was not told of, and with it what it made of its terminals;
/// one that it alone brought about is gone.
///
/// # Errors
/// [`StoreError::UndoOver`] if an attempt was begun, or something came after it.
pub(crate) async fn take_back(tx: &mut Tx<'_>, event_id: &str) -> Result<(), StoreError> {
    let devices = devices_of(tx, &[event_id]).await?;
    for device in &devices {
        lock(tx, device).await?;
    }
    let row = sqlx::query(
        "UPDATE deliveries SET status = 'undone', settled_at = $1, fence = fence + 1 \
         WHERE event_id = $2 AND status = 'queued' AND attempts = 0 AND due_at > $1 \
         RETURNING device",
    )
    .bind(tx.now.as_millisecond())
    .bind(event_id)
    .fetch_optional(&mut *tx.connection)
    .await?
    .ok_or(StoreError::UndoOver)?;
    let own: String = column(&row, "device")?;
    for device in devices {
        let last = sqlx::query(
            "DELETE FROM steps WHERE device = $1 AND event_id = $2 \
             AND number = (SELECT steps FROM terminals WHERE device = $1)",
        )
        .bind(&device)
        .bind(event_id)
        .execute(&mut *tx.connection)
        .await?;
        if last.rows_affected() != 1 {
            return Err(StoreError::UndoOver);
        }
        sqlx::query(
            "UPDATE terminals SET steps = steps - 1, sequence = sequence - $1 WHERE device = $2",
        )
        .bind(i64::from(device == own))
        .bind(&device)
        .execute(&mut *tx.connection)
        .await?;
        restand(tx, &device).await?;
        forget_if_unseen(tx, &device).await?;
    }
    Ok(())
}

/// Removes a terminal that no event tells of and no scan shows.
async fn forget_if_unseen(tx: &mut Tx<'_>, device: &str) -> Result<(), StoreError> {
    let gone = sqlx::query(
        "DELETE FROM terminals WHERE device = $1 AND steps = 0 AND step = 'see' \
         AND NOT EXISTS (SELECT 1 FROM scans WHERE device = $1) \
         AND NOT EXISTS (SELECT 1 FROM maintenance WHERE device = $1)",
    )
    .bind(device)
    .execute(&mut *tx.connection)
    .await?;
    if gone.rows_affected() == 1 {
        sqlx::query("DELETE FROM beside WHERE device = $1")
            .bind(device)
            .execute(&mut *tx.connection)
            .await?;
    }
    Ok(())
}

/// Writes what stands of a terminal into its row.
pub(crate) async fn write_standing(
    tx: &mut Tx<'_>,
    device: &str,
    standing: &Standing,
    event_id: &str,
    since: Timestamp,
) -> Result<(), StoreError> {
    let sealed = |name, value: &Option<String>| {
        let cell = SealContext::new("terminals", name, device);
        value.as_ref().map(|value| tx.seal.seal(cell, value.as_bytes())).transpose()
    };
    let changed = sqlx::query(
        "UPDATE terminals SET step = $1, merchant = $2, tid = $3, site = $4, replaces = $5, \
         event_id = $6, since = $7, updated_at = $8 WHERE device = $9",
    )
    .bind(name_of(standing.step)?)
    .bind(sealed("merchant", &standing.merchant)?)
    .bind(sealed("tid", &standing.tid)?)
    .bind(sealed("site", &standing.site)?)
    .bind(sealed("replaces", &standing.replaces)?)
    .bind(event_id)
    .bind(since.as_millisecond())
    .bind(tx.now.as_millisecond())
    .bind(device)
    .execute(&mut *tx.connection)
    .await?;
    match changed.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::NotFound("terminal")),
    }
}
