//! A scan's row while a transaction holds its lock.

use crate::database::error::StoreError;
use crate::database::row::column;
use crate::database::tx::Tx;
use crate::scans::scan_id::ScanId;
use crate::seal::context::SealContext;
use crate::seal::sealing::Seal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;

/// A scan's row under its lock.
pub(super) struct LockedScan {
    pub(super) id: String,
    pub(super) row: AnyRow,
}

/// Taking the row's lock first lets two people decide one after the other.
pub(super) async fn lock(tx: &mut Tx<'_>, id: ScanId) -> Result<LockedScan, StoreError> {
    let id = id.to_string();
    let row = sqlx::query(
        "UPDATE scans SET fence = fence + 1 WHERE id = $1 RETURNING status, decision, judgement, \
         device, event_id, forbidden, nothing_new, proposal, undo",
    )
    .bind(&id)
    .fetch_optional(&mut *tx.connection)
    .await?
    .ok_or(StoreError::NotFound("scan"))?;
    Ok(LockedScan { id, row })
}

impl LockedScan {
    /// A sealed value of the row.
    pub(super) fn open<T: DeserializeOwned>(
        &self,
        seal: &Seal,
        name: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let stored = column::<Option<Vec<u8>>>(&self.row, name)?;
        let cell = SealContext::new("scans", name, &self.id);
        stored.map(|stored| seal.open_json(cell, &stored)).transpose()
    }

    /// Writes a sealed value of the row.
    pub(super) async fn set(
        &self,
        tx: &mut Tx<'_>,
        name: &'static str,
        value: Option<&impl Serialize>,
    ) -> Result<(), StoreError> {
        let cell = SealContext::new("scans", name, &self.id);
        let sealed = value.map(|value| tx.seal.seal_json(cell, value)).transpose()?;
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE scans SET {name} = $1 WHERE id = $2")))
            .bind(sealed)
            .bind(&self.id)
            .execute(&mut *tx.connection)
            .await?;
        Ok(())
    }
}
