//! The photos: one object each, written once, named by scan and position or by an id of its own,
//! sealed, checked by SHA-256.
//!
//! A photo is durable when `put` returns. It is never overwritten by another: a name that is taken is
//! an error, and only a rotation of the keys replaces an object, by the same photo.

use crate::hash::sha256_hex;
use crate::seal::{Cell, HEADER_BYTES, Seal};
use crate::{PhotoRecord, ScanId, Settings, Store, StoreError};
use bytes::Bytes;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig};
use std::os::unix::fs::MetadataExt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use validate::Surface;

/// How often a request to S3 is repeated, and until when.
const S3_RETRIES_MAX: usize = 3;
const S3_RETRY_TIME_MAX: Duration = Duration::from_secs(15);

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
    /// The folder that the objects are files of, if they are.
    folder: Option<PathBuf>,
    seal: Seal,
}

impl Photos {
    pub(crate) fn open(settings: &Settings, seal: Seal) -> Result<Self, StoreError> {
        let (objects, folder) = match settings.photos.split_once("://") {
            Some(("file", folder)) if !folder.is_empty() => {
                (open_folder(folder)?, Some(PathBuf::from(folder)))
            }
            Some(("s3", place)) if !place.is_empty() => {
                (open_s3(place, &settings.photos_options)?, None)
            }
            _ => {
                let wanted = "photos must be file:///FOLDER or s3://BUCKET/PREFIX";
                return Err(StoreError::Settings(wanted.into()));
            }
        };
        Ok(Self { objects, folder, seal })
    }

    /// Keeps a photo under a name that nothing has.
    pub(crate) async fn put(&self, name: &str, photo: Bytes) -> Result<(), StoreError> {
        self.put_sealed(name, self.sealed(name, photo).await?).await
    }

    /// The same for bytes that were sealed before, from a backup.
    pub(crate) async fn put_sealed(&self, name: &str, stored: Bytes) -> Result<(), StoreError> {
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.objects.put_opts(&Path::from(name), stored.into(), create).await?;
        Ok(())
    }

    /// Seals a photo anew under the name that it has.
    pub(crate) async fn replace(&self, name: &str, photo: Bytes) -> Result<(), StoreError> {
        let stored = self.sealed(name, photo).await?;
        self.objects.put(&Path::from(name), stored.into()).await?;
        Ok(())
    }

    /// Sealing some megabytes would hold up everybody else on this thread, as would opening them.
    async fn sealed(&self, name: &str, photo: Bytes) -> Result<Bytes, StoreError> {
        if matches!(self.seal, Seal::Off) {
            return Ok(photo);
        }
        let (seal, name) = (self.seal.clone(), name.to_owned());
        let sealing = tokio::task::spawn_blocking(move || seal.seal(Cell::photo(&name), &photo));
        Ok(sealing.await.map_err(|_| StoreError::interrupted("sealing a photo"))??.into())
    }

    /// A photo's bytes.
    pub(crate) async fn get(&self, name: &str) -> Result<Bytes, StoreError> {
        let stored = self.get_sealed(name).await?;
        self.opened(name, stored).await
    }

    /// The photo behind stored bytes.
    pub(crate) async fn opened(&self, name: &str, stored: Bytes) -> Result<Bytes, StoreError> {
        let (seal, name) = (self.seal.clone(), name.to_owned());
        let opening = tokio::task::spawn_blocking(move || {
            seal.open_bytes(Cell::photo(&name), Vec::from(stored))
        });
        opening.await.map_err(|_| StoreError::interrupted("opening a photo"))?
    }

    /// What is stored of a photo, for a backup.
    pub(crate) async fn get_sealed(&self, name: &str) -> Result<Bytes, StoreError> {
        Ok(self.objects.get(&Path::from(name)).await?.bytes().await?)
    }

    /// The first stored bytes of a photo, which tell its key. `None` if it is gone.
    pub(crate) async fn start_of(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let start = 0..HEADER_BYTES as u64;
        match self.objects.get_range(&Path::from(name), start).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
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

    /// Files that a crash left half written, older than `before`. The object store neither lists nor
    /// deletes them. An S3 store has none: there a photo is written by one request.
    pub(crate) async fn halves(&self, before: Timestamp) -> Result<Vec<PathBuf>, StoreError> {
        let Some(folder) = self.folder.clone() else { return Ok(Vec::new()) };
        let looking = tokio::task::spawn_blocking(move || halves_in(&folder, before));
        Ok(looking.await.map_err(|_| StoreError::interrupted("looking for files"))??)
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

/// `NAME#NUMBER` is how the local object store calls what it has not finished writing.
fn halves_in(folder: &FilePath, before: Timestamp) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for shelf in std::fs::read_dir(folder)? {
        let shelf = shelf?.path();
        if !shelf.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(shelf)? {
            let file = file?;
            let name = file.file_name();
            let half =
                name.to_str().and_then(|name| name.split_once('#')).is_some_and(|(_, number)| {
                    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                });
            // Whatever is gone by now was renamed: it was being written.
            let Ok(metadata) = file.metadata() else { continue };
            if half && metadata.mtime() < before.as_second() {
                found.push(file.path());
            }
        }
    }
    Ok(found)
}

/// What is not among the options comes from the environment, by the names that the AWS tools use.
fn open_s3(place: &str, options: &[(String, String)]) -> Result<Arc<dyn ObjectStore>, StoreError> {
    // The HTTP client below takes whatever provider of cryptography the process has. An error
    // means that there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    for (name, value) in options {
        let key: AmazonS3ConfigKey = name
            .parse()
            .map_err(|_| StoreError::Settings(format!("{name} is no option of an S3 store")))?;
        builder = builder.with_config(key, value);
    }
    // An upload's client waits: whether the store answers shows within seconds, and a later try is
    // the client's.
    let retry = RetryConfig {
        max_retries: S3_RETRIES_MAX,
        retry_timeout: S3_RETRY_TIME_MAX,
        ..RetryConfig::default()
    };
    let bucket = builder
        .with_retry(retry)
        .build()
        .map_err(|error| StoreError::Settings(format!("photos cannot be kept in S3: {error}")))?;
    Ok(match prefix.trim_matches('/') {
        "" => Arc::new(bucket),
        prefix => Arc::new(PrefixStore::new(bucket, prefix)),
    })
}

/// The name of a scan's photo. The folder is the last two digits of the id, which are random in
/// a UUID of version 4 or 7: no folder grows without limit.
pub(crate) fn photo_name(scan: ScanId, position: usize) -> String {
    let id = scan.to_string();
    format!("{}/{id}-{position}", &id[id.len() - 2..])
}

/// Whether an object is named as a photo is.
pub(crate) fn is_photo_name(name: &str) -> bool {
    let parts = name.split_once('/').and_then(|(_, file)| file.rsplit_once('-'));
    parts.is_some_and(|(id, position)| {
        id.parse::<ScanId>().is_ok() && position.parse::<usize>().is_ok()
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_photo_is_known_by_its_name() {
        let scan = ScanId::from(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_00ab));
        let name = photo_name(scan, 3);
        assert_eq!(name, "ab/018f0000-0000-7000-8000-0000000000ab-3");
        assert!(is_photo_name(&name));
        assert!(!is_photo_name("ping"));
        assert!(!is_photo_name("ab/readme-1"));
    }
}
