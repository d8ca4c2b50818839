//! The photos: one object each, written once, named by scan and position or by an id of its own,
//! sealed, checked by SHA-256.
//!
//! A photo is durable when `put` returns. It is never overwritten by another: a name that is taken is
//! an error, and only a rotation of the keys replaces an object, by the same photo. A local folder is
//! read through the same client as S3 and written by `folder`.

mod folder;

use crate::hash::sha256_hex;
use crate::seal::{Cell, HEADER_BYTES, Seal};
use crate::{PhotoRecord, ScanId, Settings, Store, StoreError};
use bytes::Bytes;
use folder::Folder;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig};
use std::path::PathBuf;
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
    /// The folder that the objects are files of, if they are. It is what writes them.
    folder: Option<Folder>,
    seal: Seal,
}

impl Photos {
    pub(crate) fn open(settings: &Settings, seal: Seal) -> Result<Self, StoreError> {
        let (objects, folder) = match settings.photos.split_once("://") {
            Some(("file", folder)) if !folder.is_empty() => {
                (folder::objects(folder)?, Some(Folder::new(folder)))
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

    /// Keeps a photo under a name that nothing has and nobody asks for yet. Its SHA-256, 64
    /// hexadecimal digits.
    pub(crate) async fn put(&self, name: &str, photo: Bytes) -> Result<String, StoreError> {
        let (seal, owned, folder) = (self.seal.clone(), name.to_owned(), self.folder.clone());
        // Hashing and sealing some megabytes would hold up everybody else on this thread. All that
        // blocks is done at one go: each change of the thread costs two wake-ups.
        let (sha256, sealed) = blocking("writing a photo", move || {
            let sha256 = sha256_hex(&photo);
            let sealed = seal.seal_bytes(Cell::photo(&owned), photo)?;
            let Some(folder) = folder else { return Ok((sha256, Some(sealed))) };
            folder.create(&owned, &sealed)?;
            Ok((sha256, None))
        })
        .await?;
        if let Some(sealed) = sealed {
            let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            self.objects.put_opts(&Path::from(name), sealed.into(), create).await?;
        }
        Ok(sha256)
    }

    /// Puts stored bytes in the place of those that have this name, if any: at no time is there
    /// a part of them.
    pub(crate) async fn replace_sealed(&self, name: &str, stored: Bytes) -> Result<(), StoreError> {
        let Some(folder) = self.folder.clone() else {
            self.objects.put(&Path::from(name), stored.into()).await?;
            return Ok(());
        };
        let name = name.to_owned();
        blocking("writing a photo", move || folder.replace(&name, &stored)).await
    }

    /// Seals a photo anew under the name that it has.
    pub(crate) async fn replace(&self, name: &str, photo: Bytes) -> Result<(), StoreError> {
        let (seal, owned) = (self.seal.clone(), name.to_owned());
        let sealing = move || seal.seal_bytes(Cell::photo(&owned), photo);
        self.replace_sealed(name, blocking("sealing a photo", sealing).await?).await
    }

    /// A photo's bytes.
    pub(crate) async fn get(&self, name: &str) -> Result<Bytes, StoreError> {
        let stored = self.get_sealed(name).await?;
        self.opened(name, stored).await
    }

    /// The photo behind stored bytes.
    pub(crate) async fn opened(&self, name: &str, stored: Bytes) -> Result<Bytes, StoreError> {
        let (seal, name) = (self.seal.clone(), name.to_owned());
        let opening = move || seal.open_bytes(Cell::photo(&name), Vec::from(stored));
        blocking("opening a photo", opening).await
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

    /// Files that a crash left half written beside the photo that they were to replace, older than
    /// `before`. The object store neither lists nor deletes them. An S3 store has none: there a photo
    /// is written by one request.
    pub(crate) async fn halves(&self, before: Timestamp) -> Result<Vec<PathBuf>, StoreError> {
        let Some(folder) = self.folder.clone() else { return Ok(Vec::new()) };
        blocking("looking for files", move || Ok(folder.halves(before)?)).await
    }

    /// Writes an object and takes it away again.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.replace_sealed("ping", Bytes::new()).await?;
        self.delete("ping").await
    }
}

/// Does what would hold up everybody else on this thread.
pub(crate) async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::interrupted(what))?
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
