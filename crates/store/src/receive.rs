//! An upload becomes a scan: photos first, then one row that is unique by owner and idempotency
//! key. When [`Store::receive`] has answered, power may fail.

use crate::crash_point;
use crate::hash::{hex, sha256_hex, sha256_parts};
use crate::photos::{blocking, photo_name};
use crate::row::{column, name_of, places_of_rows, to_json};
use crate::scans::id_in;
use crate::seal::{Blind, Cell, Seal};
use crate::writes::Write;
use crate::{Limits, ScanId, ScanStatus, Store, StoreError};
use bytes::Bytes;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe};
use std::collections::HashSet;
use std::sync::Arc;
use validate::Surface;

/// What a client sent about one terminal.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The id that the scan will have if this is no repetition. Never used twice, not even after
    /// an error.
    pub id: ScanId,
    /// The client's name for this upload; unique among its owner's.
    pub idempotency_key: String,
    /// Who uploads.
    pub owner: String,
    /// The photos, at least one.
    pub photos: Vec<UploadedPhoto>,
    /// What was said with it, an object that was validated.
    pub details: Value,
}

/// One photo of an upload.
#[derive(Clone, Debug)]
pub struct UploadedPhoto {
    /// The photo as it came.
    pub bytes: Bytes,
    /// The media type that the sender declared.
    pub content_type: String,
    /// What was photographed.
    pub surface: Surface,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is a new scan with the upload's id.
    New(ScanId),
    /// The same key came with the same photos before; this is the scan that it became.
    Repeat(ScanId),
    /// The same key came with other photos before. Nothing was recorded.
    Conflict,
}

/// An upload with what is computed from its bytes.
pub(crate) struct Prepared {
    pub(crate) upload: Upload,
    names: Vec<String>,
    sha256s: Vec<String>,
    photos_sha256: String,
}

/// What a key came with before.
struct Earlier {
    id: ScanId,
    photos_sha256: String,
}

impl Store {
    /// Records an upload. The photos are durable before the row, and the row before this returns.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if a limit is broken, [`StoreError::Full`],
    /// [`StoreError::Unavailable`]. After an error the same key may be sent again under a new id:
    /// it becomes a repetition if the row was written after all.
    pub async fn receive(&self, upload: Upload, now: Timestamp) -> Result<Received, StoreError> {
        check(&upload, &self.limits)?;
        if let Some(earlier) = self.earlier(&upload).await? {
            let sha256s = sha256s_of(&upload.photos).await?;
            return Ok(earlier.received(&photos_sha256(&upload.photos, &sha256s)?));
        }
        crash_point("upload.received");
        let names: Vec<_> = (0..upload.photos.len()).map(|n| photo_name(upload.id, n)).collect();
        let puts = upload.photos.iter().zip(&names).map(async |(photo, name)| {
            let sha256 = self.photos.put(name, photo.bytes.clone()).await?;
            crash_point("upload.photo_written");
            Ok::<_, StoreError>(sha256)
        });
        let sha256s = try_join_all(puts).await?;
        crash_point("upload.photos_written");
        let photos_sha256 = photos_sha256(&upload.photos, &sha256s)?;
        let prepared = Arc::new(Prepared { upload, names, sha256s, photos_sha256 });
        if self.write(Write::Receive(prepared.clone()), now).await? {
            crash_point("upload.row_written");
            return Ok(Received::New(prepared.upload.id));
        }
        // Another upload with this key was faster. What was written for this one has no row, so
        // it is taken away; if that fails, the sweep finds it.
        for name in &prepared.names {
            if let Err(error) = self.photos.delete(name).await {
                tracing::warn!(%error, "a photo without a row is left to the sweep");
            }
        }
        let earlier = self.earlier(&prepared.upload).await?;
        let earlier = earlier.ok_or(StoreError::Damaged("an upload vanished".into()))?;
        Ok(earlier.received(&prepared.photos_sha256))
    }

    /// What the key of this upload came with earlier.
    async fn earlier(&self, upload: &Upload) -> Result<Option<Earlier>, StoreError> {
        let row = sqlx::query(
            "SELECT id, photos_sha256 FROM scans WHERE owner = $1 AND idempotency_key = $2",
        )
        .bind(&upload.owner)
        .bind(self.seal.blind(Blind::IdempotencyKey, &upload.idempotency_key))
        .fetch_optional(self.database.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Earlier { id: id_in(&row, "id")?, photos_sha256: column(&row, "photos_sha256")? }))
    }
}

impl Earlier {
    /// What becomes of an upload under the same key, by its photos.
    fn received(&self, photos_sha256: &str) -> Received {
        if self.photos_sha256 == photos_sha256 {
            Received::Repeat(self.id)
        } else {
            Received::Conflict
        }
    }
}

/// Writes the rows of uploads that came together, each with its time. The ids of those that are new;
/// the others' keys are taken.
pub(crate) async fn insert_rows(
    connection: &mut AnyConnection,
    seal: &Seal,
    uploads: &[(&Prepared, Timestamp)],
) -> Result<HashSet<ScanId>, StoreError> {
    if uploads.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!(
        "INSERT INTO scans (id, owner, idempotency_key, photos_sha256, details, created_at, \
         status, attempts, fence, due_at) VALUES {} \
         ON CONFLICT (owner, idempotency_key) DO NOTHING RETURNING id",
        places_of_rows(uploads.len(), 10)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (Prepared { upload, photos_sha256, .. }, now) in uploads {
        let id = upload.id.to_string();
        let details = seal.seal_json(Cell::new("scans", "details", &id), &upload.details)?;
        query = query
            .bind(id)
            .bind(&upload.owner)
            .bind(seal.blind(Blind::IdempotencyKey, &upload.idempotency_key))
            .bind(photos_sha256)
            .bind(details)
            .bind(now.as_millisecond())
            .bind(name_of(ScanStatus::Queued)?)
            .bind(0_i64)
            .bind(0_i64)
            .bind(now.as_millisecond());
    }
    let written = query.fetch_all(&mut *connection).await?;
    let new = written.iter().map(|row| id_in(row, "id")).collect::<Result<HashSet<_>, _>>()?;
    let of_new = uploads.iter().map(|(prepared, _)| *prepared);
    insert_photos(connection, of_new.filter(|prepared| new.contains(&prepared.upload.id))).await?;
    Ok(new)
}

async fn insert_photos(
    connection: &mut AnyConnection,
    uploads: impl Iterator<Item = &Prepared> + Clone,
) -> Result<(), StoreError> {
    let rows = uploads.clone().map(|prepared| prepared.upload.photos.len()).sum();
    if rows == 0 {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO scan_photos (scan_id, position, name, sha256, bytes, content_type, surface) \
         VALUES {}",
        places_of_rows(rows, 7)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for Prepared { upload, names, sha256s, .. } in uploads {
        for (position, photo) in upload.photos.iter().enumerate() {
            query = query
                .bind(upload.id.to_string())
                .bind(position as i64)
                .bind(&names[position])
                .bind(&sha256s[position])
                .bind(photo.bytes.len() as i64)
                .bind(&photo.content_type)
                .bind(name_of(photo.surface)?);
        }
    }
    query.execute(connection).await?;
    Ok(())
}

fn check(upload: &Upload, limits: &Limits) -> Result<(), StoreError> {
    let invalid = |why: String| Err(StoreError::Invalid(why));
    if upload.photos.is_empty() || upload.photos.len() > limits.photos_max {
        return invalid(format!("a scan has 1 to {} photos", limits.photos_max));
    }
    if upload.photos.iter().any(|photo| photo.bytes.len() > limits.photo_bytes_max) {
        return invalid(format!("a photo has at most {} bytes", limits.photo_bytes_max));
    }
    let key_bytes = upload.idempotency_key.len();
    if key_bytes == 0 || key_bytes > limits.idempotency_key_bytes_max {
        let most = limits.idempotency_key_bytes_max;
        return invalid(format!("an idempotency key has 1 to {most} bytes"));
    }
    if !upload.details.is_object() || to_json(&upload.details)?.len() > limits.details_bytes_max {
        let most = limits.details_bytes_max;
        return invalid(format!("details are an object of at most {most} bytes"));
    }
    Ok(())
}

/// The SHA-256 of each photo.
async fn sha256s_of(photos: &[UploadedPhoto]) -> Result<Vec<String>, StoreError> {
    let photos: Vec<_> = photos.iter().map(|photo| photo.bytes.clone()).collect();
    let hash = move || Ok(photos.iter().map(|photo| sha256_hex(photo)).collect());
    blocking("hashing the photos", hash).await
}

/// The SHA-256 of all photos with their surfaces, in order: what makes a repetition the same.
fn photos_sha256(photos: &[UploadedPhoto], sha256s: &[String]) -> Result<String, StoreError> {
    let surfaces = photos.iter().map(|photo| name_of(photo.surface));
    let surfaces = surfaces.collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<_> = sha256s.iter().chain(&surfaces).map(|part| part.as_bytes()).collect();
    Ok(hex(&sha256_parts(&parts)))
}
