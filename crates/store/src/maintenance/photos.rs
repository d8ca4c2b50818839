//! Photos of work that was done: what broke, what was exchanged. They are objects like the photos of
//! scans, sealed, named and swept as those are, and never read by the program.

use crate::database::error::StoreError;
use crate::database::hash::sha256_hex;
use crate::database::row::{column, count, ensure_held, time};
use crate::database::tx::WriteContext;
use crate::photos::photo_name::photo_name;
use crate::seal::context::IndexDomain;
use crate::store::Store;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::any::AnyRow;
use std::collections::HashMap;
use uuid::Uuid;

/// A photo of a record of maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenancePhoto {
    /// Its id, made by the caller.
    pub id: Uuid,
    /// The media type, by content.
    pub content_type: String,
    /// How large the file is.
    pub bytes: u64,
    /// When it was added.
    pub added_at: Timestamp,
}

/// A photo to add.
#[derive(Clone, Debug)]
pub struct NewMaintenancePhoto {
    /// A new id.
    pub id: Uuid,
    /// The file.
    pub bytes: Bytes,
    /// Its media type, by content.
    pub content_type: String,
}

/// What the audit trail keeps.
#[derive(Serialize)]
struct Photographed<'a> {
    record: &'a str,
    photo: Uuid,
}

impl Store {
    /// Adds a photo to a record of maintenance. It is durable before its row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the terminal has no such record, [`StoreError::Invalid`] if the
    /// photo is too large or the record has as many as it may have.
    pub async fn add_maintenance_photo(
        &self,
        device_key: &str,
        record: &str,
        photo: NewMaintenancePhoto,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        if photo.bytes.len() > self.limits.photo_bytes_max {
            let why = format!("a photo has at most {} bytes", self.limits.photo_bytes_max);
            return Err(StoreError::Invalid(why));
        }
        let device = self.seal.blind(IndexDomain::Device, device_key);
        // Before anything is written: most refusals need no object.
        self.known_record(&device, record).await?;
        let name = photo_name(photo.id.into(), 0);
        let sha256 = self.photos.put(&name, photo.bytes.clone()).await?;
        let row = Row { device: &device, record, photo: &photo, name: &name, sha256: &sha256 };
        let written = self.insert_maintenance_photo(&row, context).await;
        if matches!(written, Err(StoreError::NotFound(_) | StoreError::Invalid(_)))
            && let Err(error) = self.photos.delete(&name).await
        {
            tracing::warn!(%error, "a photo without a row is left to the sweep");
        }
        written
    }

    pub(super) async fn known_record(&self, device: &str, record: &str) -> Result<(), StoreError> {
        let known = sqlx::query("SELECT 1 FROM maintenance WHERE id = $1 AND device = $2")
            .bind(record)
            .bind(device)
            .fetch_optional(self.database.reader())
            .await?;
        known.map(drop).ok_or(StoreError::NotFound("record of this terminal"))
    }

    async fn insert_maintenance_photo(
        &self,
        row: &Row<'_>,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(context).await?;
        // Holds the record, so that two photos at once do not both become the last that it may have.
        let held = sqlx::query(
            "UPDATE maintenance SET by_whom = $1, changed_at = $2 WHERE id = $3 AND device = $4",
        )
        .bind(context.by)
        .bind(tx.now.as_millisecond())
        .bind(row.record)
        .bind(row.device)
        .execute(&mut *tx.connection)
        .await?;
        ensure_held(&held).map_err(|_| StoreError::NotFound("record of this terminal"))?;
        let kept = sqlx::query(
            "SELECT COUNT(*) AS n FROM maintenance_photos \
             WHERE record_id = $1 AND removed_at IS NULL",
        )
        .bind(row.record)
        .fetch_one(&mut *tx.connection)
        .await?;
        if count::<u64>(&kept, "n")? >= self.limits.photos_max as u64 {
            let why = format!("a record has at most {} photos", self.limits.photos_max);
            return Err(StoreError::Invalid(why));
        }
        sqlx::query(
            "INSERT INTO maintenance_photos (id, record_id, name, sha256, bytes, content_type, \
             added_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(row.photo.id.to_string())
        .bind(row.record)
        .bind(row.name)
        .bind(row.sha256)
        .bind(row.photo.bytes.len() as i64)
        .bind(&row.photo.content_type)
        .bind(tx.now.as_millisecond())
        .execute(&mut *tx.connection)
        .await?;
        let what = Photographed { record: row.record, photo: row.photo.id };
        tx.audit("terminal.photographed", row.device, &what)?;
        tx.commit().await.map(drop)
    }

    /// A photo of a terminal's record, checked against what was added.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none or it was removed, [`StoreError::Damaged`] if its
    /// bytes are missing or others.
    pub async fn maintenance_photo(
        &self,
        device_key: &str,
        record: &str,
        photo: Uuid,
    ) -> Result<Bytes, StoreError> {
        let row = sqlx::query(
            "SELECT p.name AS name, p.sha256 AS sha256 FROM maintenance_photos p \
             JOIN maintenance m ON m.id = p.record_id \
             WHERE p.id = $1 AND m.id = $2 AND m.device = $3 AND p.removed_at IS NULL",
        )
        .bind(photo.to_string())
        .bind(record)
        .bind(self.seal.blind(IndexDomain::Device, device_key))
        .fetch_optional(self.database.reader())
        .await?
        .ok_or(StoreError::NotFound("photo"))?;
        let bytes = self.photos.get(&column::<String>(&row, "name")?).await?;
        if sha256_hex(&bytes) != column::<String>(&row, "sha256")? {
            let why = format!("a photo of maintenance record {record} has other bytes");
            return Err(StoreError::Damaged(why));
        }
        Ok(bytes)
    }

    /// Removes a photo from a terminal's record. First the row is marked, then the object goes: what
    /// a crash leaves between the two is an orphan and is swept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none or it was removed.
    pub async fn remove_maintenance_photo(
        &self,
        device_key: &str,
        record: &str,
        photo: Uuid,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let device = self.seal.blind(IndexDomain::Device, device_key);
        let mut tx = self.begin(context).await?;
        let row = sqlx::query(
            "UPDATE maintenance_photos SET removed_at = $1 WHERE id = $2 AND removed_at IS NULL \
             AND record_id IN (SELECT id FROM maintenance WHERE id = $3 AND device = $4) \
             RETURNING name",
        )
        .bind(tx.now.as_millisecond())
        .bind(photo.to_string())
        .bind(record)
        .bind(&device)
        .fetch_optional(&mut *tx.connection)
        .await?
        .ok_or(StoreError::NotFound("photo"))?;
        let name: String = column(&row, "name")?;
        let what = Photographed { record, photo };
        tx.audit("terminal.photo_removed", &device, &what)?;
        tx.commit().await?;
        self.photos.delete(&name).await
    }

    /// The kept photos of a terminal's records, oldest first, by record.
    pub(super) async fn maintenance_photos(
        &self,
        device: &str,
    ) -> Result<HashMap<String, Vec<MaintenancePhoto>>, StoreError> {
        let rows = sqlx::query(
            "SELECT p.* FROM maintenance_photos p JOIN maintenance m ON m.id = p.record_id \
             WHERE m.device = $1 AND p.removed_at IS NULL ORDER BY p.id",
        )
        .bind(device)
        .fetch_all(self.database.reader())
        .await?;
        let mut of_record: HashMap<String, Vec<MaintenancePhoto>> = HashMap::new();
        for row in &rows {
            of_record.entry(column(row, "record_id")?).or_default().push(photo_from(row)?);
        }
        Ok(of_record)
    }
}

/// What is written of a new photo.
struct Row<'a> {
    device: &'a str,
    record: &'a str,
    photo: &'a NewMaintenancePhoto,
    name: &'a str,
    sha256: &'a str,
}

fn photo_from(row: &AnyRow) -> Result<MaintenancePhoto, StoreError> {
    let id: String = column(row, "id")?;
    Ok(MaintenancePhoto {
        id: id.parse().map_err(|_| StoreError::Damaged("the id of a photo".into()))?,
        content_type: column(row, "content_type")?,
        bytes: count(row, "bytes")?,
        added_at: time(row, "added_at")?,
    })
}
