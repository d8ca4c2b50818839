//! New serials that are given out: each to one caller alone, and expected from then on.
//!
//! The list of expected serials is what makes them unique: whoever writes a serial there first has it.

use crate::database::connection::Connection;
use crate::database::error::StoreError;
use crate::database::row::{column, places};
use crate::database::tx::WriteContext;
use crate::estate::expected::{Expected, Import, Row, insert_new};
use crate::seal::context::IndexDomain;
use crate::store::Store;
use jiff::Timestamp;
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};

/// Serials of one transaction.
pub const ISSUED_AT_ONCE_MAX: usize = 1_000;

impl Store {
    /// Gives new serials out: writes those on the list of expected ones that neither stand there nor
    /// belong to a terminal, and answers them. All at once or, after an error, none.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for more than [`ISSUED_AT_ONCE_MAX`]; if the database does not answer
    /// or is full.
    pub async fn issue_serials(
        &self,
        wanted: &[Expected],
        import: &Import,
        now: Timestamp,
    ) -> Result<BTreeSet<String>, StoreError> {
        if wanted.len() > ISSUED_AT_ONCE_MAX {
            return Err(StoreError::Invalid(format!("more than {ISSUED_AT_ONCE_MAX} serials")));
        }
        // In the order of the keys, so that two callers wait for each other and not in a circle.
        let mut rows: BTreeMap<String, Row<'_>> = wanted
            .iter()
            .zip(0..)
            .map(|(expected, place)| {
                (self.seal.blind(IndexDomain::Serial, &expected.serial), Row { expected, place })
            })
            .collect();
        let _turn = self.issuing.lock().await;
        let mut tx = self.begin(WriteContext::new(&import.by, now)).await?;
        let borne = borne(&mut tx.connection, &rows).await?;
        rows.retain(|key, _| !borne.contains(key));
        if rows.is_empty() {
            return Ok(BTreeSet::new());
        }
        let written = insert_new(&mut tx, &rows, &import.id).await?;
        let issued: BTreeSet<String> =
            written.iter().map(|key| rows[key].expected.serial.clone()).collect();
        let detail = json!({"issued": issued.len()});
        tx.audit("serials.issued", &import.id, &detail)?;
        tx.commit().await?;
        Ok(issued)
    }
}

/// The keys of those that belong to a terminal.
async fn borne(
    connection: &mut Connection,
    rows: &BTreeMap<String, Row<'_>>,
) -> Result<BTreeSet<String>, StoreError> {
    let places = places(rows.len());
    let sql = format!("SELECT serial_key FROM terminals WHERE serial_key IN ({places})");
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for key in rows.keys() {
        query = query.bind(key.clone());
    }
    let borne = query.fetch_all(connection).await?;
    borne.iter().map(|row| column(row, "serial_key")).collect()
}
