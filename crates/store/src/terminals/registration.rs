//! One device, one terminal: an operation is carried out on the terminal's row and owed to the
//! registry in the outbox, inside the transaction of the verdict or decision that brings it about.
//!
//! The rules are [`validate::terminal`]'s; here they are asked under the lock of every row they
//! concern, so that two who want the same terminal come one after the other. It must never leave
//! a row behind for an operation that was forbidden.

use crate::database::audit::AuditBatch;
use crate::database::error::StoreError;
use crate::database::row::{column, name_of, named};
use crate::outbox::delivery::DeliveryStatus;
use crate::seal::context::{IndexDomain, SealContext};
use crate::seal::sealing::Seal;
use crate::settings::Limits;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection};
use validate::terminal::{Forbidden, Next, Placement, Standing, State, Step, Told};

/// A registration that is owed: what was done with a device, and the final bytes of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The event's id, constant over every attempt to deliver it.
    pub event_id: String,
    /// `vendor:serial`, the key of the device at the registry.
    pub device_key: String,
    /// What is done with the device.
    pub placement: Placement,
    /// The bytes that are signed and sent.
    pub bytes: Vec<u8>,
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// It is in the outbox.
    Queued,
    /// It had happened already: the event that stands.
    Linked(String),
    /// It may not happen, and nothing was written.
    Forbidden(Forbidden),
}

/// Who brings a registration about, by which scan, and with what it is written.
#[derive(Clone, Copy)]
pub(crate) struct Cause<'a> {
    pub(crate) seal: &'a Seal,
    pub(crate) limits: &'a Limits,
    pub(crate) by: &'a str,
    pub(crate) scan: &'a str,
    pub(crate) now: Timestamp,
}

/// What the audit trail keeps of a step.
#[derive(Serialize)]
struct Stepped<'a> {
    scan: &'a str,
    event_id: &'a str,
    before: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant: Option<&'a str>,
    /// Of a swap, the other terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<&'a str>,
}

/// Carries out the operation of a scan, and writes into the scan what came of it.
pub(crate) async fn register(
    connection: &mut AnyConnection,
    batch: &mut AuditBatch,
    registration: &Registration,
    cause: Cause<'_>,
) -> Result<Registered, StoreError> {
    let registered = carry_out(connection, batch, registration, cause).await?;
    let event = match &registered {
        Registered::Queued => Some(&registration.event_id),
        Registered::Linked(event) => Some(event),
        Registered::Forbidden(_) => None,
    };
    let forbidden = match &registered {
        Registered::Forbidden(forbidden) => Some(forbidden.code()),
        _ => None,
    };
    sqlx::query("UPDATE scans SET device = $1, event_id = $2, forbidden = $3 WHERE id = $4")
        .bind(event.map(|_| cause.seal.blind(IndexDomain::Device, &registration.device_key)))
        .bind(event)
        .bind(forbidden)
        .bind(cause.scan)
        .execute(&mut *connection)
        .await?;
    Ok(registered)
}

/// Carries out an operation if it may follow what stands.
pub(crate) async fn carry_out(
    connection: &mut AnyConnection,
    batch: &mut AuditBatch,
    registration: &Registration,
    cause: Cause<'_>,
) -> Result<Registered, StoreError> {
    check(cause.limits, registration)?;
    let Some(old) = &registration.placement.replaces else {
        return place(connection, batch, registration, cause).await;
    };
    if *old == registration.device_key {
        return Ok(Registered::Forbidden(Forbidden::SwapWithItself));
    }
    // Rows that only the attempt brought about go with it.
    let mut attempt = connection.begin().await?;
    let registered = swap(&mut attempt, batch, registration, old, cause).await?;
    match registered {
        Registered::Queued => attempt.commit().await?,
        Registered::Linked(_) | Registered::Forbidden(_) => attempt.rollback().await?,
    }
    Ok(registered)
}

/// An operation on one terminal.
async fn place(
    connection: &mut AnyConnection,
    batch: &mut AuditBatch,
    registration: &Registration,
    cause: Cause<'_>,
) -> Result<Registered, StoreError> {
    let Registration { device_key, event_id, .. } = registration;
    let device = cause.seal.blind(IndexDomain::Device, device_key);
    let before = match name(connection, device_key, &device, event_id, cause).await? {
        true => State::Seen,
        false => {
            let (standing, event) = lock(connection, cause.seal, &device).await?;
            match standing.follow_with(&registration.placement) {
                Ok(Next::Goes) => standing.state(),
                Ok(Next::Same) => return Ok(Registered::Linked(event)),
                Err(forbidden) => return Ok(Registered::Forbidden(forbidden)),
            }
        }
    };
    record(connection, batch, registration, &device, before, cause).await?;
    Ok(Registered::Queued)
}

/// An operation on two terminals: one takes the other's place. Both rows are locked in the order of
/// their keys, so that two swaps that cross do not wait for each other.
async fn swap(
    connection: &mut AnyConnection,
    batch: &mut AuditBatch,
    registration: &Registration,
    old: &String,
    cause: Cause<'_>,
) -> Result<Registered, StoreError> {
    let Registration { device_key: new, event_id, .. } = registration;
    let [new_device, old_device] = [new, old].map(|key| cause.seal.blind(IndexDomain::Device, key));
    let mut both = [(new, &new_device), (old, &old_device)];
    both.sort_by_key(|(_, device)| *device);
    for (key, device) in both {
        name(connection, key, device, event_id, cause).await?;
        lock(connection, cause.seal, device).await?;
    }
    let (of_new, event) = lock(connection, cause.seal, &new_device).await?;
    let (of_old, _) = lock(connection, cause.seal, &old_device).await?;
    match of_new.follow_with(&registration.placement) {
        Ok(Next::Goes) => {}
        Ok(Next::Same) => return Ok(Registered::Linked(event)),
        Err(forbidden) => return Ok(Registered::Forbidden(forbidden)),
    }
    if let Err(forbidden) = of_old.follow(Step::Replace) {
        return Ok(Registered::Forbidden(forbidden));
    }
    record(connection, batch, registration, &new_device, of_new.state(), cause).await?;
    let gone = Stepped {
        scan: cause.scan,
        event_id,
        before: of_old.state(),
        merchant: None,
        other: Some(new),
    };
    set_step(connection, &old_device, Step::Replace, Some(event_id), cause.now).await?;
    let what = told_as(Step::Replace)?;
    batch.add(cause.now, cause.by, &what, &old_device, &gone)?;
    Ok(Registered::Queued)
}

/// Makes the terminal's row if there is none; true if there was none.
async fn name(
    connection: &mut AnyConnection,
    device_key: &str,
    device: &str,
    event_id: &str,
    cause: Cause<'_>,
) -> Result<bool, StoreError> {
    let Some((vendor, serial)) = device_key.split_once(':') else {
        return Err(StoreError::Invalid("a device key is vendor:serial".into()));
    };
    let inserted = sqlx::query(
        "INSERT INTO terminals (device, serial_key, vendor, serial, event_id, first_scan, \
         created_at, updated_at, step) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 'see') \
         ON CONFLICT (device) DO NOTHING",
    )
    .bind(device)
    .bind(cause.seal.blind(IndexDomain::Serial, serial))
    .bind(vendor)
    .bind(cause.seal.seal(SealContext::new("terminals", "serial", device), serial.as_bytes())?)
    .bind(event_id)
    .bind(cause.scan)
    .bind(cause.now.as_millisecond())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Takes the lock of a terminal's row until the transaction ends: what stands, and by which event.
pub(crate) async fn lock(
    connection: &mut AnyConnection,
    seal: &Seal,
    device: &str,
) -> Result<(Standing, String), StoreError> {
    let row = sqlx::query(
        "UPDATE terminals SET step = step WHERE device = $1 \
         RETURNING step, merchant, replaces, event_id",
    )
    .bind(device)
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(StoreError::NotFound("terminal"))?;
    let event: String = column(&row, "event_id")?;
    let delivery = sqlx::query("SELECT status FROM deliveries WHERE event_id = $1")
        .bind(&event)
        .fetch_optional(connection)
        .await?;
    let status = delivery.map(|delivery| named(&delivery, "status")).transpose()?;
    Ok((standing_from(&row, seal, device, status)?, event))
}

/// What stands, from a terminal's row and the status of its event's delivery. A row that this very
/// transaction made has no delivery yet.
pub(crate) fn standing_from(
    row: &AnyRow,
    seal: &Seal,
    device: &str,
    delivery: Option<DeliveryStatus>,
) -> Result<Standing, StoreError> {
    let told = match delivery {
        Some(DeliveryStatus::Delivered) => Told::Taken,
        Some(DeliveryStatus::Refused) => Told::Refused,
        Some(DeliveryStatus::Queued | DeliveryStatus::Exhausted) | None => Told::Waiting,
    };
    let text = |name| {
        let sealed = column::<Option<Vec<u8>>>(row, name)?;
        sealed
            .map(|sealed| seal.open_text(SealContext::new("terminals", name, device), &sealed))
            .transpose()
    };
    Ok(Standing {
        step: named(row, "step")?,
        told,
        merchant: text("merchant")?,
        replaces: text("replaces")?,
    })
}

/// Writes an operation that may happen: the terminal's new standing, the outbox, the trail.
async fn record(
    connection: &mut AnyConnection,
    batch: &mut AuditBatch,
    registration: &Registration,
    device: &str,
    before: State,
    cause: Cause<'_>,
) -> Result<(), StoreError> {
    let Registration { event_id, placement, .. } = registration;
    let sealed = |name, value: Option<&str>| {
        let cell = SealContext::new("terminals", name, device);
        value.map(|value| cause.seal.seal(cell, value.as_bytes())).transpose()
    };
    let (merchant, other) = (placement.merchant.as_deref(), placement.replaces.as_deref());
    let step = Step::from(placement.operation);
    set_step(connection, device, step, Some(event_id), cause.now).await?;
    sqlx::query("UPDATE terminals SET merchant = $1, replaces = $2 WHERE device = $3")
        .bind(sealed("merchant", merchant)?)
        .bind(sealed("replaces", other)?)
        .bind(device)
        .execute(&mut *connection)
        .await?;
    enqueue(connection, registration, device, cause).await?;
    let stepped = Stepped { scan: cause.scan, event_id, before, merchant, other };
    batch.add(cause.now, cause.by, &told_as(step)?, device, &stepped)
}

/// The last step of a terminal from now on, with its event if it has one of its own.
pub(crate) async fn set_step(
    connection: &mut AnyConnection,
    device: &str,
    step: Step,
    event_id: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = sqlx::query(
        "UPDATE terminals SET step = $1, event_id = COALESCE($2, event_id), updated_at = $3 \
         WHERE device = $4",
    )
    .bind(name_of(step)?)
    .bind(event_id)
    .bind(now.as_millisecond())
    .bind(device)
    .execute(connection)
    .await?;
    match changed.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::NotFound("terminal")),
    }
}

/// How the audit trail names a step.
pub(crate) fn told_as(step: Step) -> Result<String, StoreError> {
    Ok(format!("terminal.{}", name_of(step)?))
}

async fn enqueue(
    connection: &mut AnyConnection,
    registration: &Registration,
    device: &str,
    cause: Cause<'_>,
) -> Result<(), StoreError> {
    let Registration { event_id, device_key, bytes, .. } = registration;
    let sealed =
        |name, value| cause.seal.seal(SealContext::new("deliveries", name, event_id), value);
    sqlx::query(
        "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, status, \
         attempts, fence, due_at) VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, $6)",
    )
    .bind(event_id)
    .bind(device)
    .bind(sealed("device_key", device_key.as_bytes())?)
    .bind(cause.scan)
    .bind(sealed("event", bytes)?)
    .bind(cause.now.as_millisecond())
    .execute(connection)
    .await?;
    Ok(())
}

fn check(limits: &Limits, registration: &Registration) -> Result<(), StoreError> {
    if registration.bytes.len() > limits.event_bytes_max {
        let most = limits.event_bytes_max;
        return Err(StoreError::Invalid(format!("an event has at most {most} bytes")));
    }
    let Placement { operation, replaces, .. } = &registration.placement;
    if (Step::from(*operation) == Step::Swap) != replaces.is_some() {
        return Err(StoreError::Invalid("a swap names the terminal that it replaces".into()));
    }
    Ok(())
}
