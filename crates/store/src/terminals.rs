//! Terminals: one row a device, and what happened to it.

use crate::deliveries::text;
use crate::row::{column, named, time};
use crate::scans::id_in;
use crate::{DeliveryStatus, ScanId, Store, StoreError};
use jiff::Timestamp;
use sqlx::any::AnyRow;

/// A device whose registration is owed or stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// `vendor:serial`.
    pub device_key: String,
    /// The maker, lower case, or "unknown".
    pub vendor: String,
    /// The serial in canonical form.
    pub serial: String,
    /// The event that registers it.
    pub event_id: String,
    /// Where that event's delivery stands.
    pub delivery: DeliveryStatus,
    /// The registry's code, if it refused.
    pub code: Option<String>,
    /// The scan that first showed it.
    pub first_scan: ScanId,
    /// Every scan that shows it, oldest first.
    pub scans: Vec<ScanId>,
    /// When it was first recorded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which terminals to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct TerminalFilter {
    /// Only those whose canonical serial contains this.
    pub q: Option<String>,
    /// Only those after this device key in the listing, which are older.
    pub after: Option<String>,
    /// At most so many; 0 and too many mean the limit.
    pub most: u32,
}

macro_rules! terminals {
    ($tail:literal) => {
        concat!(
            "SELECT t.device AS device, t.vendor AS vendor, t.serial AS serial, \
             t.event_id AS event_id, t.first_scan AS first_scan, t.created_at AS created_at, \
             t.updated_at AS updated_at, d.status AS status, d.code AS code \
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
            .bind(serial)
            .fetch_all(self.database.reader())
            .await?;
        let mut found = rows.iter().map(terminal_from).collect::<Result<Vec<_>, _>>()?;
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

    /// A page of terminals, newest first, without the list of their scans.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn terminals(&self, filter: &TerminalFilter) -> Result<Vec<Terminal>, StoreError> {
        let q = filter.q.as_deref().map(like_pattern);
        let rows = sqlx::query(terminals!(
            "WHERE (CAST($1 AS TEXT) IS NULL OR t.serial_key LIKE $1 ESCAPE '!') \
             AND (CAST($2 AS TEXT) IS NULL OR (t.created_at, t.device) < \
             (SELECT a.created_at, a.device FROM terminals a WHERE a.device = $2)) \
             ORDER BY t.created_at DESC, t.device DESC LIMIT $3"
        ))
        .bind(q)
        .bind(filter.after.clone())
        .bind(self.limits.rows(filter.most))
        .fetch_all(self.database.reader())
        .await?;
        rows.iter().map(terminal_from).collect()
    }
}

/// A pattern for LIKE in which nothing of the text is special.
fn like_pattern(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

fn terminal_from(row: &AnyRow) -> Result<Terminal, StoreError> {
    let (vendor, serial): (String, _) = (column(row, "vendor")?, text(row, "serial")?);
    Ok(Terminal {
        device_key: format!("{vendor}:{serial}"),
        vendor,
        serial,
        event_id: column(row, "event_id")?,
        delivery: named(row, "status")?,
        code: column(row, "code")?,
        first_scan: id_in(row, "first_scan")?,
        scans: Vec::new(),
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
