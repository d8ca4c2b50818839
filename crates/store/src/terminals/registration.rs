//! One device, one terminal: an operation is carried out on the terminal's row and owed to the
//! registry in the outbox, inside the transaction of the verdict or decision that brings it about.
//!
//! The rules are [`validate::terminal`]'s; here they are asked under the lock of every row they
//! concern, so that two who want the same terminal come one after the other. It must never leave
//! a row behind for an operation that was forbidden, nor owe the registry what changes nothing.

use crate::database::error::StoreError;
use crate::database::row::name_of;
use crate::database::tx::Tx;
use crate::seal::context::{IndexDomain, SealContext};
use crate::terminals::event::{EventKind, EventWriter, Told};
use crate::terminals::locked::{Locked, name};
use crate::terminals::nothing_new::NothingNew;
use crate::terminals::steps::{last_event, write_standing, write_step};
use jiff::Timestamp;
use serde::Serialize;
use validate::terminal::{Forbidden, Operation, Placement, Standing, State, Step, Transition};

/// A registration that is owed: what was done with a device, and who writes its event.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The event's id, constant over every attempt to deliver it.
    pub event_id: String,
    /// `vendor:serial`, the key of the device at the registry.
    pub device_key: String,
    /// What is done with the device.
    pub placement: Placement,
    /// What the registry is told was done, if that is something else.
    pub told_as: Option<Operation>,
    /// Whether a swap may name a terminal that nobody has seen.
    pub names_unseen: bool,
    /// Whether the registry is told as well that the terminal was seen and nothing changed.
    pub tells_sightings: bool,
    /// Before then the registry is not told, so that it can be undone.
    pub not_before: Option<Timestamp>,
    /// Writes the bytes that are signed and sent.
    pub event: EventWriter,
}

impl Registration {
    /// One that tells no sightings, names nothing unseen and is due at once.
    pub fn new(
        event_id: String,
        device_key: String,
        placement: Placement,
        event: EventWriter,
    ) -> Self {
        Self {
            event_id,
            device_key,
            placement,
            told_as: None,
            names_unseen: false,
            tells_sightings: false,
            not_before: None,
            event,
        }
    }
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Registered {
    /// It is in the outbox.
    Queued,
    /// The sighting is in the outbox, and nothing changed.
    Seen(NothingNew),
    /// Nothing changed: what stands, by this event.
    NothingNew(String, NothingNew),
    /// It may not happen, and nothing was written.
    Forbidden(Forbidden),
}

/// What the audit trail keeps of a step.
#[derive(Serialize)]
struct Stepped<'a> {
    scan: &'a str,
    event_id: &'a str,
    before: State,
    #[serde(flatten)]
    placed: Placed<'a>,
    /// Of a swap or a correction, the other terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<&'a str>,
}

/// Where it is from then on.
#[derive(Default, Serialize)]
struct Placed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
}

impl<'a> Placed<'a> {
    fn of(standing: &'a Standing) -> Self {
        Self {
            merchant: standing.merchant.as_deref(),
            tid: standing.tid.as_deref(),
            site: standing.site.as_deref(),
        }
    }
}

/// Carries out the operation that a scan brings about, and writes into the scan what came of it. An
/// operation that says too little is not carried out, and the terminal is registered all the same:
/// so there may be both a registration and what forbade the operation.
pub(crate) async fn register(
    tx: &mut Tx<'_>,
    registration: &Registration,
    scan: &str,
) -> Result<(Registered, Option<Forbidden>), StoreError> {
    let mut registered = carry_out(tx, registration, scan).await?;
    let forbidden = match registered {
        Registered::Forbidden(forbidden) => Some(forbidden),
        _ => None,
    };
    if forbidden.is_some_and(Forbidden::is_incomplete) {
        let placement =
            Placement { corrects: registration.placement.corrects.clone(), ..Placement::default() };
        let only = Registration { placement, told_as: None, ..registration.clone() };
        registered = carry_out(tx, &only, scan).await?;
    }
    let (event, nothing_new) = match &registered {
        Registered::Queued => (Some(&registration.event_id), None),
        Registered::Seen(nothing_new) => (Some(&registration.event_id), Some(nothing_new)),
        Registered::NothingNew(event, nothing_new) => (Some(event), Some(nothing_new)),
        Registered::Forbidden(_) => (None, None),
    };
    let cell = SealContext::new("scans", "nothing_new", scan);
    sqlx::query(
        "UPDATE scans SET device = $1, event_id = $2, forbidden = $3, nothing_new = $4 \
         WHERE id = $5",
    )
    .bind(event.map(|_| tx.seal.blind(IndexDomain::Device, &registration.device_key)))
    .bind(event)
    .bind(forbidden.map(Forbidden::code))
    .bind(nothing_new.map(|it| tx.seal.seal_json(cell, it)).transpose()?)
    .bind(scan)
    .execute(&mut *tx.connection)
    .await?;
    Ok((registered, forbidden))
}

/// Carries out an operation if it may follow what stands.
pub(crate) async fn carry_out(
    tx: &mut Tx<'_>,
    registration: &Registration,
    scan: &str,
) -> Result<Registered, StoreError> {
    let Placement { replaces, corrects, .. } = &registration.placement;
    let Some(other) = corrects.as_ref().or(replaces.as_ref()) else {
        return place(tx, registration, scan).await;
    };
    if *other == registration.device_key {
        return Ok(Registered::Forbidden(Forbidden::SwapWithItself));
    }
    // Rows that only the attempt brought about go with it.
    tx.attempt().await?;
    let registered = on_two(tx, registration, other, scan).await?;
    match registered {
        Registered::Queued => tx.keep_attempt().await?,
        _ => tx.take_attempt_back().await?,
    }
    Ok(registered)
}

/// A step that may happen.
struct Change<'a> {
    kind: EventKind,
    locked: &'a Locked,
    after: &'a Standing,
    /// The other terminal of a swap or a correction, and what it leaves of it.
    other: Option<(&'a Locked, Step)>,
}

/// An operation on one terminal.
async fn place(
    tx: &mut Tx<'_>,
    registration: &Registration,
    scan: &str,
) -> Result<Registered, StoreError> {
    let Registration { device_key, event_id, placement, .. } = registration;
    let locked = &name(tx, device_key, event_id, scan).await?;
    let is_register = placement.operation == Operation::Register;
    match locked.standing.after(placement, None) {
        Ok(Some(after)) => {
            let kind = match placement.operation {
                Operation::Withdraw => EventKind::Withdrawn,
                _ => EventKind::Registered,
            };
            let change = Change { kind, locked, after: &after, other: None };
            record(tx, registration, &change, scan).await?;
            Ok(Registered::Queued)
        }
        Ok(None) if is_register && registration.tells_sightings => {
            let kind = EventKind::Seen;
            let change = Change { kind, locked, after: &locked.standing, other: None };
            tell(tx, registration, &change, scan).await?;
            Ok(Registered::Seen(locked.nothing_new()))
        }
        // Nothing that stands could be linked.
        Ok(None) if locked.is_new => Err(StoreError::NotFound("terminal")),
        Ok(None) => Ok(Registered::NothingNew(locked.event_id.clone(), locked.nothing_new())),
        Err(forbidden) => Ok(Registered::Forbidden(forbidden)),
    }
}

/// An operation on two terminals: one takes the other's place, or was meant in place of the other.
/// Both rows are locked in the order of their keys, so that two swaps that cross do not wait for
/// each other.
async fn on_two(
    tx: &mut Tx<'_>,
    registration: &Registration,
    other: &str,
    scan: &str,
) -> Result<Registered, StoreError> {
    let Registration { device_key, event_id, placement, .. } = registration;
    let blind = |key: &str| tx.seal.blind(IndexDomain::Device, key);
    let (locked, other) = if blind(device_key) < blind(other) {
        let first = name(tx, device_key, event_id, scan).await?;
        (first, name(tx, other, event_id, scan).await?)
    } else {
        let first = name(tx, other, event_id, scan).await?;
        (name(tx, device_key, event_id, scan).await?, first)
    };
    let swaps = placement.corrects.is_none();
    let (kind, left) = match swaps {
        true => (EventKind::Registered, Step::Replace),
        false => (EventKind::Corrected, Step::Withdraw),
    };
    if swaps && other.is_new && !registration.names_unseen {
        return Ok(Registered::Forbidden(Forbidden::ReplacedUnknown));
    }
    let after = match swaps {
        true => locked.standing.after(placement, Some(&other.standing)),
        false => locked.standing.correcting(placement, &other.standing),
    };
    let after = match after {
        Ok(Some(after)) => after,
        Ok(None) => {
            return Ok(Registered::NothingNew(locked.event_id.clone(), locked.nothing_new()));
        }
        Err(forbidden) => return Ok(Registered::Forbidden(forbidden)),
    };
    // A swap may be said again with another merchant: the old terminal is gone already.
    let other = match other.standing.transition(left) {
        Ok(Transition::Applies) => Some((&other, left)),
        Err(_) if swaps && locked.standing.replaces == placement.replaces => None,
        Ok(Transition::NoChange) => None,
        Err(forbidden) => return Ok(Registered::Forbidden(forbidden)),
    };
    record(tx, registration, &Change { kind, locked: &locked, after: &after, other }, scan).await?;
    Ok(Registered::Queued)
}

/// Writes an operation that may happen: what stands, the outbox, the trail; of a second terminal
/// too.
async fn record(
    tx: &mut Tx<'_>,
    registration: &Registration,
    change: &Change<'_>,
    scan: &str,
) -> Result<(), StoreError> {
    let Registration { event_id, placement, device_key, .. } = registration;
    let Change { locked, after, .. } = change;
    tell(tx, registration, change, scan).await?;
    write_standing(tx, &locked.device, after, event_id, tx.now).await?;
    let other = placement.corrects.as_deref().or(placement.replaces.as_deref());
    let (before, placed) = (locked.state(), Placed::of(after));
    let stepped = Stepped { scan, event_id, before, placed, other };
    tx.audit(&told_as(Step::from(placement.operation))?, &locked.device, &stepped)?;
    let Some((other, left)) = &change.other else { return Ok(()) };
    let standing = Standing::of(*left);
    write_step(tx, other, event_id, &standing).await?;
    write_standing(tx, &other.device, &standing, event_id, tx.now).await?;
    let (before, placed) = (other.state(), Placed::default());
    let stepped = Stepped { scan, event_id, before, placed, other: Some(device_key) };
    tx.audit(&told_as(*left)?, &other.device, &stepped)
}

/// Puts the event of a step into the outbox.
async fn tell(
    tx: &mut Tx<'_>,
    registration: &Registration,
    change: &Change<'_>,
    scan: &str,
) -> Result<(), StoreError> {
    let Registration { event_id, device_key, placement, .. } = registration;
    let Change { kind, locked, after, other } = change;
    let mut follows: Vec<String> = last_event(tx, locked).await?.into_iter().collect();
    if let Some((other, _)) = other {
        follows.extend(last_event(tx, other).await?);
        follows.dedup();
    }
    let takes_place = matches!(other, Some((_, Step::Replace)));
    let operation = match registration.told_as.unwrap_or(placement.operation) {
        // The old terminal was gone before, and may be anywhere by now.
        Operation::Swap if !takes_place && *kind == EventKind::Registered => Operation::Bind,
        operation => operation,
    };
    let told = Told {
        kind: *kind,
        operation,
        standing: after,
        replaces: placement.replaces.as_deref().filter(|_| takes_place),
        corrects: placement.corrects.as_deref().filter(|_| *kind == EventKind::Corrected),
        sequence: locked.sequence + 1,
        follows: &follows,
    };
    let bytes = registration.event.bytes(&told).map_err(StoreError::Damaged)?;
    if bytes.len() > tx.limits.event_bytes_max {
        let most = tx.limits.event_bytes_max;
        return Err(StoreError::Invalid(format!("an event has at most {most} bytes")));
    }
    let sealed = |name, value| tx.seal.seal(SealContext::new("deliveries", name, event_id), value);
    sqlx::query(
        "INSERT INTO deliveries (event_id, device, device_key, scan_id, event, created_at, status,          attempts, fence, due_at, operation) VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, $7, $8)",
    )
    .bind(event_id)
    .bind(&locked.device)
    .bind(sealed("device_key", device_key.as_bytes())?)
    .bind(scan)
    .bind(sealed("event", &bytes)?)
    .bind(tx.now.as_millisecond())
    .bind(registration.not_before.unwrap_or(tx.now).as_millisecond())
    .bind(name_of(operation)?)
    .execute(&mut *tx.connection)
    .await?;
    sqlx::query("UPDATE terminals SET sequence = sequence + 1 WHERE device = $1")
        .bind(&locked.device)
        .execute(&mut *tx.connection)
        .await?;
    write_step(tx, locked, event_id, after).await?;
    tx.has_queued();
    Ok(())
}

/// How the audit trail names a step.
pub(crate) fn told_as(step: Step) -> Result<String, StoreError> {
    Ok(format!("terminal.{}", name_of(step)?))
}
