//! What an owner keeps about a terminal beside its registrations: how long its warranty lasts, and
//! what was repaired, exchanged or inspected and when. A record may be edited; what it said before
//! stays in the audit trail.

use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::row::{column, count, ensure_held, time};
use crate::database::tx::{Tx, WriteContext};
use crate::maintenance::photos::MaintenancePhoto;
use crate::seal::context::{IndexDomain, SealContext};
use crate::seal::sealing::Seal;
use crate::store::Store;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::cmp::Reverse;

/// What a person writes about one piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The day it was done.
    pub on: Date,
    /// What kind of work it was, one of the caller's words.
    pub kind: String,
    /// What was done.
    pub note: String,
}

/// A record of maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceRecord {
    /// Its id, made by the caller.
    pub id: String,
    /// What it says.
    pub work: Work,
    /// Its photos that are kept, oldest first.
    pub photos: Vec<MaintenancePhoto>,
    /// Who wrote it last.
    pub by: String,
    /// When it was written first.
    pub created_at: Timestamp,
    /// When it was written last.
    pub changed_at: Timestamp,
}

/// A terminal's warranty and maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceHistory {
    /// The last day of the warranty, if it is known.
    pub warranty_until: Option<Date>,
    /// The newest work first.
    pub records: Page<MaintenanceRecord>,
}

/// What the audit trail keeps of an edit.
#[derive(Serialize)]
struct Edited<'a> {
    record: &'a str,
    before: Option<&'a Work>,
    now: &'a Work,
}

impl Store {
    /// The warranty of a terminal and a page of its maintenance.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal, [`StoreError::Cursor`] for the `after` of
    /// another list.
    pub async fn service_history(
        &self,
        device_key: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<ServiceHistory, StoreError> {
        let device = self.seal.blind(IndexDomain::Device, device_key);
        let row = sqlx::query("SELECT warranty_until FROM terminals WHERE device = $1")
            .bind(&device)
            .fetch_optional(self.database.reader())
            .await?
            .ok_or(StoreError::NotFound("terminal"))?;
        let until = column::<Option<String>>(&row, "warranty_until")?;
        let until = until.map(|date| date.parse::<Date>()).transpose();
        let warranty_until = until.map_err(|_| StoreError::Damaged("a date".into()))?;
        let records = self.records_page(&device, after, most).await?;
        Ok(ServiceHistory { warranty_until, records })
    }

    /// The day of the work is sealed, so that only here, where it is open, can it order the records;
    /// `record_maintenance` bounds how many there are.
    async fn records_page(
        &self,
        device: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Page<MaintenanceRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM maintenance WHERE device = $1")
            .bind(device)
            .fetch_all(self.database.reader())
            .await?;
        let mut records =
            rows.iter().map(|row| record_from(row, &self.seal)).collect::<Result<Vec<_>, _>>()?;
        let order = |it: &MaintenanceRecord| Reverse((it.work.on, it.created_at, it.id.clone()));
        records.sort_by_cached_key(order);
        if let Some(after) = after {
            let at = records.iter().position(|record| record.id == after);
            records.drain(..=at.ok_or(StoreError::Cursor)?);
        }
        let most = self.limits.rows(most);
        let mut page = Page::of(records, most, |record| record.id.clone());
        let mut photos = self.maintenance_photos(device).await?;
        for record in &mut page.items {
            record.photos = photos.remove(&record.id).unwrap_or_default();
        }
        Ok(page)
    }

    /// Sets the last day of a terminal's warranty, or that it is not known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal.
    pub async fn set_warranty(
        &self,
        device_key: &str,
        until: Option<Date>,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let device = self.seal.blind(IndexDomain::Device, device_key);
        let mut tx = self.begin(context).await?;
        let changed = sqlx::query("UPDATE terminals SET warranty_until = $1 WHERE device = $2")
            .bind(until.map(|date| date.to_string()))
            .bind(&device)
            .execute(&mut *tx.connection)
            .await?;
        ensure_held(&changed).map_err(|_| StoreError::NotFound("terminal"))?;
        tx.audit("terminal.warranty", &device, &until)?;
        tx.commit().await.map(drop)
    }

    /// Edits a record of work on a terminal.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the terminal has no such record.
    pub async fn edit_maintenance(
        &self,
        device_key: &str,
        id: &str,
        work: &Work,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let device = self.seal.blind(IndexDomain::Device, device_key);
        // No record is ever removed, so what is known here is known when it is written.
        self.known_record(&device, id).await?;
        self.record_maintenance(device_key, id, work, context).await
    }

    /// Records work on a terminal, or edits the record with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown terminal, or if the record is another terminal's;
    /// [`StoreError::Invalid`] if the terminal has as many records as it may have.
    pub async fn record_maintenance(
        &self,
        device_key: &str,
        id: &str,
        work: &Work,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let device = self.seal.blind(IndexDomain::Device, device_key);
        let entry = self.seal.seal_json(SealContext::new("maintenance", "entry", id), work)?;
        let mut tx = self.begin(context).await?;
        let known = sqlx::query("SELECT 1 FROM terminals WHERE device = $1")
            .bind(&device)
            .fetch_optional(&mut *tx.connection)
            .await?;
        known.ok_or(StoreError::NotFound("terminal"))?;
        let before = sqlx::query("SELECT * FROM maintenance WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *tx.connection)
            .await?;
        let before =
            before.map(|row| record_from(&row, &self.seal)).transpose()?.map(|record| record.work);
        if before.is_none() {
            self.ensure_room(&mut tx, &device).await?;
        }
        let changed = sqlx::query(
            "INSERT INTO maintenance (id, device, entry, by_whom, created_at, changed_at) \
             VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (id) DO UPDATE \
             SET entry = excluded.entry, by_whom = excluded.by_whom, \
             changed_at = excluded.changed_at WHERE maintenance.device = excluded.device",
        )
        .bind(id)
        .bind(&device)
        .bind(entry)
        .bind(context.by)
        .bind(tx.now.as_millisecond())
        .execute(&mut *tx.connection)
        .await?;
        ensure_held(&changed).map_err(|_| StoreError::NotFound("record of this terminal"))?;
        let edited = Edited { record: id, before: before.as_ref(), now: work };
        tx.audit("terminal.maintained", &device, &edited)?;
        tx.commit().await.map(drop)
    }

    async fn ensure_room(&self, tx: &mut Tx<'_>, device: &str) -> Result<(), StoreError> {
        let kept = sqlx::query("SELECT COUNT(*) AS n FROM maintenance WHERE device = $1")
            .bind(device)
            .fetch_one(&mut *tx.connection)
            .await?;
        let most = self.limits.rows_max;
        if count::<u64>(&kept, "n")? >= u64::from(most) {
            return Err(StoreError::Invalid(format!("a terminal has at most {most} records")));
        }
        Ok(())
    }
}

fn record_from(row: &AnyRow, seal: &Seal) -> Result<MaintenanceRecord, StoreError> {
    let id: String = column(row, "id")?;
    Ok(MaintenanceRecord {
        work: seal.open_json(
            SealContext::new("maintenance", "entry", &id),
            &column::<Vec<u8>>(row, "entry")?,
        )?,
        id,
        photos: Vec::new(),
        by: column(row, "by_whom")?,
        created_at: time(row, "created_at")?,
        changed_at: time(row, "changed_at")?,
    })
}
