//! A terminal's row while a transaction holds its lock.

use crate::database::error::StoreError;
use crate::database::row::{column, named, time_or_none};
use crate::database::tx::Tx;
use crate::outbox::delivery::DeliveryStatus;
use crate::seal::context::{IndexDomain, SealContext};
use crate::seal::sealing::Seal;
use crate::terminals::nothing_new::NothingNew;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use validate::terminal::{LastOperation, RegistryReply, Standing, State};

/// What a terminal's row says, and that nobody else changes it until the transaction ends.
#[derive(Clone, Debug)]
pub(crate) struct Locked {
    pub(crate) device: String,
    /// True if this transaction made the row.
    pub(crate) is_new: bool,
    pub(crate) standing: Standing,
    pub(crate) reply: RegistryReply,
    /// The event of the last operation.
    pub(crate) event_id: String,
    /// Events of its own so far.
    pub(crate) sequence: i64,
    /// Steps so far.
    pub(crate) steps: i64,
    /// Since when it stands so.
    pub(crate) since: Option<Timestamp>,
}

impl Locked {
    pub(crate) fn state(&self) -> State {
        State::of(self.standing.step, self.reply)
    }

    /// What is told to whoever asked for something that changes nothing.
    pub(crate) fn nothing_new(&self) -> NothingNew {
        NothingNew {
            state: self.state(),
            merchant: self.standing.merchant.clone(),
            tid: self.standing.tid.clone(),
            site: self.standing.site.clone(),
            since: self.since,
        }
    }
}

/// Makes the terminal's row if there is none, and takes its lock.
pub(crate) async fn name(
    tx: &mut Tx<'_>,
    device_key: &str,
    event_id: &str,
    scan: &str,
) -> Result<Locked, StoreError> {
    let Some((vendor, serial)) = device_key.split_once(':') else {
        return Err(StoreError::Invalid("a device key is vendor:serial".into()));
    };
    let device = tx.seal.blind(IndexDomain::Device, device_key);
    let inserted = sqlx::query(
        "INSERT INTO terminals (device, serial_key, vendor, serial, event_id, first_scan, \
         created_at, updated_at, since, step) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, 'see') \
         ON CONFLICT (device) DO NOTHING",
    )
    .bind(&device)
    .bind(tx.seal.blind(IndexDomain::Serial, serial))
    .bind(vendor)
    .bind(tx.seal.seal(SealContext::new("terminals", "serial", &device), serial.as_bytes())?)
    .bind(event_id)
    .bind(scan)
    .bind(tx.now.as_millisecond())
    .execute(&mut *tx.connection)
    .await?;
    let locked = lock(tx, &device).await?;
    Ok(Locked { is_new: inserted.rows_affected() == 1, ..locked })
}

/// Takes the lock of a terminal's row until the transaction ends: what stands, and by which event.
pub(crate) async fn lock(tx: &mut Tx<'_>, device: &str) -> Result<Locked, StoreError> {
    let row = sqlx::query(
        "UPDATE terminals SET step = step WHERE device = $1 RETURNING \
         step, merchant, tid, site, replaces, event_id, sequence, steps, since",
    )
    .bind(device)
    .fetch_optional(&mut *tx.connection)
    .await?
    .ok_or(StoreError::NotFound("terminal"))?;
    let event_id: String = column(&row, "event_id")?;
    let delivery = sqlx::query("SELECT status FROM deliveries WHERE event_id = $1")
        .bind(&event_id)
        .fetch_optional(&mut *tx.connection)
        .await?;
    let status = delivery.map(|delivery| named(&delivery, "status")).transpose()?;
    let LastOperation { standing, reply } = last_operation_from(&row, tx.seal, device, status)?;
    Ok(Locked {
        device: device.to_owned(),
        is_new: false,
        standing,
        reply,
        event_id,
        sequence: column(&row, "sequence")?,
        steps: column(&row, "steps")?,
        since: time_or_none(&row, "since")?,
    })
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
        Some(DeliveryStatus::Queued | DeliveryStatus::Exhausted | DeliveryStatus::Undone)
        | None => RegistryReply::Waiting,
    };
    let text = |name| {
        let sealed = column::<Option<Vec<u8>>>(row, name)?;
        sealed
            .map(|sealed| seal.open_text(SealContext::new("terminals", name, device), &sealed))
            .transpose()
    };
    let standing = Standing {
        step: named(row, "step")?,
        merchant: text("merchant")?,
        tid: text("tid")?,
        site: text("site")?,
        replaces: text("replaces")?,
    };
    Ok(LastOperation { standing, reply }.without_what_was_refused())
}
