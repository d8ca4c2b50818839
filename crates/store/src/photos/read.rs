//! The photos of a scan with their bytes.

use crate::database::error::StoreError;
use crate::database::hash::sha256_hex;
use crate::scans::scan::PhotoRecord;
use crate::scans::scan_id::ScanId;
use crate::store::Store;
use bytes::Bytes;
use futures_util::future::try_join_all;
use validate::Surface;

/// A photo as it was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPhoto {
    /// The bytes that were uploaded, checked against their SHA-256.
    pub bytes: Bytes,
    /// What was photographed.
    pub surface: Surface,
    /// SHA-256 of the bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// The media type that the sender declared.
    pub content_type: String,
}

impl Store {
    /// Whether an object's name belongs to a photo that is kept.
    pub(crate) async fn is_kept(&self, name: &str) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM photos_kept WHERE name = $1")
            .bind(name)
            .fetch_optional(self.database.reader())
            .await?;
        Ok(row.is_some())
    }

    /// The photos of a scan with their bytes, in the order of the upload. None are returned of a
    /// scan whose photos were removed after their time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown scan, [`StoreError::Damaged`] if bytes are missing
    /// or differ from what was uploaded.
    pub async fn photos(&self, scan: ScanId) -> Result<Vec<StoredPhoto>, StoreError> {
        let records = self.photo_records(scan).await?;
        if records.is_empty() {
            return Err(StoreError::NotFound("scan"));
        }
        let kept = records.into_iter().filter(|record| record.removed_at.is_none());
        try_join_all(kept.map(|record| self.photo(scan, record))).await
    }

    pub(crate) async fn photo(
        &self,
        scan: ScanId,
        record: PhotoRecord,
    ) -> Result<StoredPhoto, StoreError> {
        let bytes = self.photos.get(&record.name).await?;
        if sha256_hex(&bytes) != record.sha256 {
            return Err(StoreError::Damaged(format!("a photo of scan {scan} has other bytes")));
        }
        let PhotoRecord { surface, sha256, content_type, .. } = record;
        Ok(StoredPhoto { bytes, surface, sha256, content_type })
    }
}
