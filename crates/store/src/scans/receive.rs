//! An upload becomes a scan: photos first, then one row that is unique by owner and idempotency
//! key. When [`Store::receive`] has answered, power may fail.

use crate::database::crash::crash_point;
use crate::database::error::StoreError;
use crate::database::row::column;
use crate::database::writes::Write;
use crate::photos::photo_name::photo_name;
use crate::scans::scan_id::{ScanId, id_in};
use crate::scans::upload::{Prepared, Upload, photos_sha256, sha256s_of};
use crate::seal::context::{IndexDomain, SealContext};
use crate::store::Store;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is a new scan with the upload's id.
    New(ScanId),
    /// The same key came with the same photos and details before; this is the scan that it became.
    Repeat(ScanId),
    /// The same key came with other photos or details before. Nothing was recorded.
    Conflict,
}

/// What a key came with before.
struct Earlier {
    id: ScanId,
    photos_sha256: String,
    details: Value,
}

impl Store {
    /// Records an upload. The photos are durable before the row, and the row before this returns.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if a limit is broken, [`StoreError::Full`],
    /// [`StoreError::Unavailable`]. After an error the same key may be sent again under a new id:
    /// it becomes a repetition if the row was written after all.
    pub async fn receive(&self, upload: Upload, now: Timestamp) -> Result<Received, StoreError> {
        upload.check(&self.limits)?;
        if let Some(earlier) = self.earlier(&upload).await? {
            let sha256s = sha256s_of(&upload.photos).await?;
            return Ok(earlier.received(&photos_sha256(&upload.photos, &sha256s)?, &upload.details));
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
        if self.commit_group.write(Write::Receive(prepared.clone()), now).await? {
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
        Ok(earlier.received(&prepared.photos_sha256, &prepared.upload.details))
    }

    /// What the key of this upload came with earlier.
    async fn earlier(&self, upload: &Upload) -> Result<Option<Earlier>, StoreError> {
        let row = sqlx::query(
            "SELECT id, photos_sha256, details FROM scans WHERE owner = $1 AND idempotency_key = $2",
        )
        .bind(&upload.owner)
        .bind(self.seal.blind(IndexDomain::IdempotencyKey, &upload.idempotency_key))
        .fetch_optional(self.database.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: String = column(&row, "id")?;
        let cell = SealContext::new("scans", "details", &id);
        let details = self.seal.open_json(cell, &column::<Vec<u8>>(&row, "details")?)?;
        let photos_sha256 = column(&row, "photos_sha256")?;
        Ok(Some(Earlier { id: id_in(&row, "id")?, photos_sha256, details }))
    }
}

impl Earlier {
    /// What becomes of an upload under the same key, by its photos and what is said with them.
    fn received(&self, photos_sha256: &str, details: &Value) -> Received {
        if self.photos_sha256 == photos_sha256 && self.details == *details {
            Received::Repeat(self.id)
        } else {
            Received::Conflict
        }
    }
}
