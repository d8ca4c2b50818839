//! Terminals: one row a device, and what happened to it.

use crate::database::error::StoreError;
use crate::database::row::{column, named, time, time_or_none};
use crate::outbox::delivery::DeliveryStatus;
use crate::scans::scan_id::{ScanId, id_in};
use crate::seal::context::{IndexDomain, SealContext};
use crate::seal::sealing::Seal;
use crate::store::Store;
use crate::terminals::locked::last_operation_from;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use validate::terminal::{State, Step};

/// A device whose registration is owed or stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// `vendor:serial`.
    pub device_key: String,
    /// The maker, lower case, or "unknown".
    pub vendor: String,
    /// The serial in canonical form.
    pub serial: String,
    /// Where it is in its life.
    pub state: State,
    /// The last step.
    pub step: Step,
    /// The merchant that has it.
    pub merchant: Option<String>,
    /// The terminal number that it works under.
    pub tid: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// Since when that is so.
    pub since: Option<Timestamp>,
    /// The device key of the terminal whose place it took, if it took one.
    pub replaces: Option<String>,
    /// The event of its last operation.
    pub event_id: String,
    /// Where that event's delivery stands.
    pub delivery: DeliveryStatus,
    /// The registry's code, if it refused.
    pub code: Option<String>,
    /// The scan that first showed or named it.
    pub first_scan: ScanId,
    /// Every scan that shows it, oldest first.
    pub scans: Vec<ScanId>,
    /// When it was first recorded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

macro_rules! terminals {
    ($tail:literal) => {
        concat!(
            "SELECT t.device AS device, t.vendor AS vendor, t.serial AS serial, \
             t.event_id AS event_id, t.first_scan AS first_scan, t.created_at AS created_at, \
             t.updated_at AS updated_at, t.step AS step, t.merchant AS merchant, \
             t.tid AS tid, t.site AS site, t.since AS since, t.replaces AS replaces, d.status AS status, d.code AS code \
             FROM terminals t JOIN deliveries d ON d.event_id = t.event_id ",
            $tail
        )
    };
}

impl Store {
    /// The terminals with this canonical serial: one for each vendor that has it.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn terminal(&self, serial: &str) -> Result<Vec<Terminal>, StoreError> {
        let rows = sqlx::query(terminals!("WHERE t.serial_key = $1 ORDER BY t.device"))
            .bind(self.seal.blind(IndexDomain::Serial, serial))
            .fetch_all(self.database.reader())
            .await?;
        let found = rows.iter().map(|row| terminal_from(row, &self.seal));
        let mut found = found.collect::<Result<Vec<_>, _>>()?;
        for (terminal, row) in found.iter_mut().zip(&rows) {
            let scans = sqlx::query("SELECT id FROM scans WHERE device = $1 ORDER BY id LIMIT $2")
                .bind(column::<String>(row, "device")?)
                .bind(self.limits.rows(0))
                .fetch_all(self.database.reader())
                .await?;
            terminal.scans = scans.iter().map(|row| id_in(row, "id")).collect::<Result<_, _>>()?;
        }
        Ok(found)
    }

    /// The newest terminals after the one with the device key `after`, at most as many as a listing
    /// may return, without the list of their scans.
    pub(crate) async fn terminals(&self, after: Option<&str>) -> Result<Vec<Terminal>, StoreError> {
        let rows = sqlx::query(terminals!(
            "WHERE (CAST($1 AS TEXT) IS NULL OR (t.created_at, t.device) < \
             (SELECT a.created_at, a.device FROM terminals a WHERE a.device = $1)) \
             ORDER BY t.created_at DESC, t.device DESC LIMIT $2"
        ))
        .bind(after.map(|key| self.seal.blind(IndexDomain::Device, key)))
        .bind(self.limits.rows(0))
        .fetch_all(self.database.reader())
        .await?;
        rows.iter().map(|row| terminal_from(row, &self.seal)).collect()
    }
}

fn terminal_from(row: &AnyRow, seal: &Seal) -> Result<Terminal, StoreError> {
    let (vendor, device): (String, String) = (column(row, "vendor")?, column(row, "device")?);
    let cell = SealContext::new("terminals", "serial", &device);
    let serial = seal.open_text(cell, &column::<Vec<u8>>(row, "serial")?)?;
    let delivery = named(row, "status")?;
    let last = last_operation_from(row, seal, &device, Some(delivery))?;
    Ok(Terminal {
        device_key: format!("{vendor}:{serial}"),
        vendor,
        serial,
        event_id: column(row, "event_id")?,
        state: last.state(),
        step: last.standing.step,
        merchant: last.standing.merchant,
        tid: last.standing.tid,
        site: last.standing.site,
        since: time_or_none(row, "since")?,
        replaces: last.standing.replaces,
        delivery,
        code: column(row, "code")?,
        first_scan: id_in(row, "first_scan")?,
        scans: Vec::new(),
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
