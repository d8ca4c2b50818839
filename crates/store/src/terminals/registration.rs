//! One device, one terminal: an operation is carried out on the terminal's row and owed to the
//! registry in the outbox, inside the transaction of the verdict or decision that brings it about.
//!
//! The rules are [`validate::terminal`]'s; here they are asked under the lock of every row they
//! concern, so that two who want the same terminal come one after the other. It must never leave
//! a row behind for an operation that was forbidden.

use crate::database::error::StoreError;
use crate::database::row::{column, name_of, named};
use crate::database::tx::Tx;
use crate::outbox::delivery::DeliveryStatus;
use crate::seal::context::{IndexDomain, SealContext};
use crate::seal::sealing::Seal;
use crate::settings::Limits;
use serde::Serialize;
use sqlx::any::AnyRow;
use validate::terminal::{
    Forbidden, LastOperation, Placement, RegistryReply, State, Step, Transition,
};

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

/// Carries out the operation that a scan brings about, and writes into the scan what came of it.
pub(crate) async fn register(
    tx: &mut Tx<'_>,
    registration: &Registration,
    scan: &str,
) -> Result<Registered, StoreError> {
    let registered = carry_out(tx, registration, scan).await?;
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
        .bind(event.map(|_| tx.seal.blind(IndexDomain::Device, &registration.device_key)))
        .bind(event)
        .bind(forbidden)
        .bind(scan)
        .execute(&mut *tx.connection)
        .await?;
    Ok(registered)
}

/// Carries out an operation if it may follow what stands.
pub(crate) async fn carry_out(
    tx: &mut Tx<'_>,
    registration: &Registration,
    scan: &str,
) -> Result<Registered, StoreError> {
    check(tx.limits, registration)?;
    let Some(old) = &registration.placement.replaces else {
        return place(tx, registration, scan).await;
    };
    if *old == registration.device_key {
        return Ok(Registered::Forbidden(Forbidden::SwapWithItself));
    }
    // Rows that only the attempt brought about go with it.
    tx.attempt().await?;
    let registered = swap(tx, registration, old, scan).await?;
    match registered {
        Registered::Queued => tx.keep_attempt().await?,
        Registered::Linked(_) | Registered::Forbidden(_) => tx.take_attempt_back().await?,
    }
    Ok(registered)
}

/// An operation on one terminal.
async fn place(
    tx: &mut Tx<'_>,
    registration: &Registration,
    scan: &str,
) -> Result<Registered, StoreError> {
    let Registration { device_key, event_id, .. } = registration;
    let device = tx.seal.blind(IndexDomain::Device, device_key);
    let before = match name(tx, device_key, &device, event_id, scan).await? {
        true => State::Seen,
        false => {
            let (last, event) = lock(tx, &device).await?;
            match last.transition_to(&registration.placement) {
                Ok(Transition::Applies) => last.state(),
                Ok(Transition::NoChange) => return Ok(Registered::Linked(event)),
                Err(forbidden) => return Ok(Registered::Forbidden(forbidden)),
            }
        }
    };
    record(tx, registration, &device, before, scan).await?;
    Ok(Registered::Queued)
}

/// An operation on two terminals: one takes the other's place. Both rows are locked in the order of
/// their keys, so that two swaps that cross do not wait for each other.
async fn swap(
    tx: &mut Tx<'_>,
    registration: &Registration,
    old: &String,
    scan: &str,
) -> Result<Registered, StoreError> {
    let Registration { device_key: new, event_id, .. } = registration;
    let [new_device, old_device] = [new, old].map(|key| tx.seal.blind(IndexDomain::Device, key));
    let mut both = [(new, &new_device), (old, &old_device)];
    both.sort_by_key(|(_, device)| *device);
    for (key, device) in both {
        name(tx, key, device, event_id, scan).await?;
        lock(tx, device).await?;
    }
    let (of_new, event) = lock(tx, &new_device).await?;
    let (of_old, _) = lock(tx, &old_device).await?;
    match of_new.transition_to(&registration.placement) {
        Ok(Transition::Applies) => {}
        Ok(Transition::NoChange) => return Ok(Registered::Linked(event)),
        Err(forbidden) => return Ok(Registered::Forbidden(forbidden)),
    }
    if let Err(forbidden) = of_old.transition(Step::Replace) {
        return Ok(Registered::Forbidden(forbidden));
    }
    record(tx, registration, &new_device, of_new.state(), scan).await?;
    let gone = Stepped { scan, event_id, before: of_old.state(), merchant: None, other: Some(new) };
    set_step(tx, &old_device, Step::Replace, Some(event_id)).await?;
    tx.audit(&told_as(Step::Replace)?, &old_device, &gone)?;
    Ok(Registered::Queued)
}

/// Makes the terminal's row if there is none; true if there was none.
async fn name(
    tx: &mut Tx<'_>,
    device_key: &str,
    device: &str,
    event_id: &str,
    scan: &str,
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
    .bind(tx.seal.blind(IndexDomain::Serial, serial))
    .bind(vendor)
    .bind(tx.seal.seal(SealContext::new("terminals", "serial", device), serial.as_bytes())?)
    .bind(event_id)
    .bind(scan)
    .bind(tx.now.as_millisecond())
    .execute(&mut *tx.connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Takes the lock of a terminal's row until the transaction ends: what stands, and by which event.
pub(crate) async fn lock(
    tx: &mut Tx<'_>,
    device: &str,
) -> Result<(LastOperation, String), StoreError> {
    let row = sqlx::query(
        "UPDATE terminals SET step = step WHERE device = $1 \
         RETURNING step, merchant, replaces, event_id",
    )
    .bind(device)
    .fetch_optional(&mut *tx.connection)
    .await?
    .ok_or(StoreError::NotFound("terminal"))?;
    let event: String = column(&row, "event_id")?;
    let delivery = sqlx::query("SELECT status FROM deliveries WHERE event_id = $1")
        .bind(&event)
        .fetch_optional(&mut *tx.connection)
        .await?;
    let status = delivery.map(|delivery| named(&delivery, "status")).transpose()?;
    Ok((last_operation_from(&row, tx.seal, device, status)?, event))
}

/// What stands, from a terminal's row and the status of its event's delivery. A row that this very
/// transaction made has no delivery yet.
pub(crate) fn last_operation_from(
    row: &AnyRow,
    seal: &Seal,
    device: &str,
    delivery: Option<DeliveryStatus>,
) -> Result<LastOperation, StoreError> {
    let reply = match delivery {
        Some(DeliveryStatus::Delivered) => RegistryReply::Taken,
        Some(DeliveryStatus::Refused) => RegistryReply::Refused,
        Some(DeliveryStatus::Queued | DeliveryStatus::Exhausted) | None => RegistryReply::Waiting,
    };
    let text = |name| {
        let sealed = column::<Option<Vec<u8>>>(row, name)?;
        sealed
            .map(|sealed| seal.open_text(SealContext::new("terminals", name, device), &sealed))
            .transpose()
    };
    Ok(LastOperation {
        step: named(row, "step")?,
        reply,
        merchant: text("merchant")?,
        replaces: text("replaces")?,
    })
}

/// Writes an operation that may happen: the terminal's last operation, the outbox, the trail.
async fn record(
    tx: &mut Tx<'_>,
    registration: &Registration,
    device: &str,
    before: State,
    scan: &str,
) -> Result<(), StoreError> {
    let Registration { event_id, placement, .. } = registration;
    let sealed = |name, value: Option<&str>| {
        let cell = SealContext::new("terminals", name, device);
        value.map(|value| tx.seal.seal(cell, value.as_bytes())).transpose()
    };
    let (merchant, other) = (placement.merchant.as_deref(), placement.replaces.as_deref());
    let step = Step::from(placement.operation);
    set_step(tx, device, step, Some(event_id)).await?;
    sqlx::query("UPDATE terminals SET merchant = $1, replaces = $2 WHERE device = $3")
        .bind(sealed("merchant", merchant)?)
        .bind(sealed("replaces", other)?)
        .bind(device)
        .execute(&mut *tx.connection)
        .await?;
    enqueue(tx, registration, device, scan).await?;
    let stepped = Stepped { scan, event_id, before, merchant, other };
    tx.audit(&told_as(step)?, device, &stepped)
}

/// The last step of a terminal from now on, with its event if it has one of its own.
pub(crate) async fn set_step(
    tx: &mut Tx<'_>,
    device: &str,
    step: Step,
    event_id: Option<&str>,
) -> Result<(), StoreError> {
    let changed = sqlx::query(
        "UPDATE terminals SET step = $1, event_id = COALESCE($2, event_id), updated_at = $3 \
         WHERE device = $4",
    )
    .bind(name_of(step)?)
    .bind(event_id)
    .bind(tx.now.as_millisecond())
    .bind(device)
    .execute(&mut *tx.connection)
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
    tx: &mut Tx<'_>,
    registration: &Registration,
    device: &str,
    scan: &str,
) -> Result<(), StoreError> {
    let Registration { event_id, device_key, bytes, .. } = registration;
    let sealed = |name, value| tx.seal.seal(SealContext::new("deliveries", name, event_id), value);
    sqlx::query(
        "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, status, \
         attempts, fence, due_at) VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, $6)",
    )
    .bind(event_id)
    .bind(device)
    .bind(sealed("device_key", device_key.as_bytes())?)
    .bind(scan)
    .bind(sealed("event", bytes)?)
    .bind(tx.now.as_millisecond())
    .execute(&mut *tx.connection)
    .await?;
    tx.has_queued();
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
