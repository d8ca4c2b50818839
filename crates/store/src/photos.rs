//! The photos: one object each, written once, named by scan and position, checked by SHA-256.
//!
//! A photo is durable when `put` returns. It is never overwritten: a name that is taken is an
//! error.

use crate::hash::sha256_hex;
use crate::{PhotoRecord, ScanId, Settings, Store, StoreError};
use bytes::Bytes;
use futures_util::future::try_join_all;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use std::sync::Arc;
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

/// Where the photos are.
#[derive(Clone)]
pub(crate) struct Photos {
    objects: Arc<dyn ObjectStore>,
}

impl Photos {
    pub(crate) fn open(settings: &Settings) -> Result<Self, StoreError> {
        let objects = match settings.photos.split_once("://") {
            Some(("file", folder)) if !folder.is_empty() => open_folder(folder)?,
            _ => return Err(StoreError::Settings("photos must be file:///FOLDER".into())),
        };
        Ok(Self { objects })
    }

    pub(crate) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), StoreError> {
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.objects.put_opts(&Path::from(name), bytes.into(), create).await?;
        Ok(())
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Bytes, StoreError> {
        Ok(self.objects.get(&Path::from(name)).await?.bytes().await?)
    }

    /// A photo that is gone already is as good as deleted.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.objects.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn objects(&self) -> &dyn ObjectStore {
        &*self.objects
    }

    /// Writes an object and takes it away again.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let name = Path::from("ping");
        self.objects.put(&name, Bytes::new().into()).await?;
        self.delete(name.as_ref()).await
    }
}

fn open_folder(folder: &str) -> Result<Arc<dyn ObjectStore>, StoreError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| StoreError::Settings(format!("{folder} cannot be created: {error}")))?;
    Ok(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)))
}

/// The name of a scan's photo. The folder is the last two digits of the id, which are random in
/// a UUID of version 4 or 7: no folder grows without limit.
pub(crate) fn photo_name(scan: ScanId, position: usize) -> String {
    let id = scan.to_string();
    format!("{}/{id}-{position}", &id[id.len() - 2..])
}

/// The scan that a photo's name belongs to, if it is such a name.
pub(crate) fn scan_of(name: &str) -> Option<ScanId> {
    let (_, file) = name.split_once('/')?;
    let (id, position) = file.rsplit_once('-')?;
    position.parse::<usize>().ok()?;
    id.parse().ok()
}

impl Store {
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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_photo_name_tells_its_scan() {
        let scan = ScanId::from(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_00ab));
        let name = photo_name(scan, 3);
        assert_eq!(name, "ab/018f0000-0000-7000-8000-0000000000ab-3");
        assert_eq!(scan_of(&name), Some(scan));
        assert_eq!(scan_of("ping"), None);
        assert_eq!(scan_of("ab/readme-1"), None);
    }
}
