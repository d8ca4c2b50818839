//! What a client uploads, and the rows that it is written into.

use crate::database::connection::Connection;
use crate::database::error::StoreError;
use crate::database::hash::{hex, sha256_hex, sha256_parts};
use crate::database::row::{name_of, places_of_rows, to_json};
use crate::database::tx::Tx;
use crate::photos::objects::blocking;
use crate::scans::scan_id::{ScanId, id_in};
use crate::scans::status::ScanStatus;
use crate::seal::context::{IndexDomain, SealContext};
use crate::settings::Limits;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use std::collections::HashSet;
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

/// An upload with what is computed from its bytes.
pub(crate) struct Prepared {
    pub(crate) upload: Upload,
    pub(crate) names: Vec<String>,
    pub(crate) sha256s: Vec<String>,
    pub(crate) photos_sha256: String,
}

impl Upload {
    /// Whether it keeps to the limits.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), StoreError> {
        let invalid = |why: String| Err(StoreError::Invalid(why));
        if self.photos.is_empty() || self.photos.len() > limits.photos_max {
            return invalid(format!("a scan has 1 to {} photos", limits.photos_max));
        }
        if self.photos.iter().any(|photo| photo.bytes.len() > limits.photo_bytes_max) {
            return invalid(format!("a photo has at most {} bytes", limits.photo_bytes_max));
        }
        let key_bytes = self.idempotency_key.len();
        if key_bytes == 0 || key_bytes > limits.idempotency_key_bytes_max {
            let most = limits.idempotency_key_bytes_max;
            return invalid(format!("an idempotency key has 1 to {most} bytes"));
        }
        if !self.details.is_object() || to_json(&self.details)?.len() > limits.details_bytes_max {
            let most = limits.details_bytes_max;
            return invalid(format!("details are an object of at most {most} bytes"));
        }
        Ok(())
    }
}

/// Writes the rows of uploads that came together, each with its time. The ids of those that are new;
/// the others' keys are taken.
pub(crate) async fn insert_rows(
    tx: &mut Tx<'_>,
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
        let details =
            tx.seal.seal_json(SealContext::new("scans", "details", &id), &upload.details)?;
        query = query
            .bind(id)
            .bind(&upload.owner)
            .bind(tx.seal.blind(IndexDomain::IdempotencyKey, &upload.idempotency_key))
            .bind(photos_sha256)
            .bind(details)
            .bind(now.as_millisecond())
            .bind(name_of(ScanStatus::Queued)?)
            .bind(0_i64)
            .bind(0_i64)
            .bind(now.as_millisecond());
    }
    let written = query.fetch_all(&mut *tx.connection).await?;
    let new = written.iter().map(|row| id_in(row, "id")).collect::<Result<HashSet<_>, _>>()?;
    let of_new = uploads.iter().map(|(prepared, _)| *prepared);
    let of_new = of_new.filter(|prepared| new.contains(&prepared.upload.id));
    insert_photos(&mut tx.connection, of_new).await?;
    Ok(new)
}

async fn insert_photos(
    connection: &mut Connection,
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

/// The SHA-256 of each photo.
pub(crate) async fn sha256s_of(photos: &[UploadedPhoto]) -> Result<Vec<String>, StoreError> {
    let photos: Vec<_> = photos.iter().map(|photo| photo.bytes.clone()).collect();
    let hash = move || Ok(photos.iter().map(|photo| sha256_hex(photo)).collect());
    blocking("hashing the photos", hash).await
}

/// The SHA-256 of all photos with their surfaces, in order: what makes a repetition the same.
pub(crate) fn photos_sha256(
    photos: &[UploadedPhoto],
    sha256s: &[String],
) -> Result<String, StoreError> {
    let surfaces = photos.iter().map(|photo| name_of(photo.surface));
    let surfaces = surfaces.collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<_> = sha256s.iter().chain(&surfaces).map(|part| part.as_bytes()).collect();
    Ok(hex(&sha256_parts(&parts)))
}
