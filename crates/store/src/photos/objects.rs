//! The photos: one object each, written once, named by scan and position or by an id of its own,
//! sealed, checked by SHA-256.
//!
//! A photo is durable when `put` returns. It is never overwritten by another: a name that is taken is
//! an error, and only a rotation of the keys replaces an object, by the same photo. A local folder is
//! read through the same client as S3 and written by `folder`.

use crate::database::error::StoreError;
use crate::database::hash::sha256_hex;
use crate::photos::folder::{self, Folder};
use crate::seal::context::SealContext;
use crate::seal::header::HEADER_BYTES;
use crate::seal::sealing::Seal;
use crate::settings::Settings;
use bytes::Bytes;
use jiff::Timestamp;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    ClientConfigKey, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes that are written to see whether there is room for any.
const PING_BYTES: usize = 16 * 1024;
/// How often a request to S3 is repeated, and until when.
const S3_RETRIES_MAX: usize = 3;
const S3_RETRY_TIME_MAX: Duration = Duration::from_secs(15);
/// How long connecting to S3 may take, and one request.
const S3_DEADLINES: [(ClientConfigKey, &str); 2] =
    [(ClientConfigKey::ConnectTimeout, "3s"), (ClientConfigKey::Timeout, "20s")];

/// Where the photos are.
#[derive(Clone)]
pub(crate) struct Photos {
    objects: Arc<dyn ObjectStore>,
    /// The folder that the objects are files of, if they are. It is what writes them.
    folder: Option<Folder>,
    seal: Seal,
    /// How long each request may take, its repetitions included.
    request_max: Duration,
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
        let request_max = Duration::from_millis(settings.limits.object_ms_max);
        Ok(Self { objects, folder, seal, request_max })
    }

    /// Keeps a photo under a name that nothing has and nobody asks for yet. Its SHA-256, 64
    /// hexadecimal digits.
    pub(crate) async fn put(&self, name: &str, photo: Bytes) -> Result<String, StoreError> {
        let (seal, owned, folder) = (self.seal.clone(), name.to_owned(), self.folder.clone());
        // Hashing and sealing some megabytes would hold up everybody else on this thread. All that
        // blocks is done at one go: each change of the thread costs two wake-ups.
        let (sha256, sealed) = blocking("writing a photo", move || {
            let sha256 = sha256_hex(&photo);
            let sealed = seal.seal_bytes(SealContext::photo(&owned), photo)?;
            let Some(folder) = folder else { return Ok((sha256, Some(sealed))) };
            folder.create(&owned, &sealed)?;
            Ok((sha256, None))
        })
        .await?;
        if let Some(sealed) = sealed {
            let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            self.in_time(self.objects.put_opts(&Path::from(name), sealed.into(), create)).await?;
        }
        Ok(sha256)
    }

    /// Puts stored bytes in the place of those that have this name, if any: at no time is there
    /// a part of them.
    pub(crate) async fn replace_sealed(&self, name: &str, stored: Bytes) -> Result<(), StoreError> {
        let Some(folder) = self.folder.clone() else {
            self.in_time(self.objects.put(&Path::from(name), stored.into())).await?;
            return Ok(());
        };
        let name = name.to_owned();
        blocking("writing a photo", move || folder.replace(&name, &stored)).await
    }

    /// Seals a photo anew under the name that it has.
    pub(crate) async fn replace(&self, name: &str, photo: Bytes) -> Result<(), StoreError> {
        let (seal, owned) = (self.seal.clone(), name.to_owned());
        let sealing = move || seal.seal_bytes(SealContext::photo(&owned), photo);
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
        let opening = move || seal.open_bytes(SealContext::photo(&name), Vec::from(stored));
        blocking("opening a photo", opening).await
    }

    /// What is stored of a photo, for a backup.
    pub(crate) async fn get_sealed(&self, name: &str) -> Result<Bytes, StoreError> {
        let whole = async { self.objects.get(&Path::from(name)).await?.bytes().await };
        self.in_time(whole).await
    }

    /// The first stored bytes of a photo, which tell its key. `None` if it is gone.
    pub(crate) async fn start_of(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let start = 0..HEADER_BYTES as u64;
        let path = Path::from(name);
        let part = async { Ok(found(self.objects.get_range(&path, start).await)) };
        self.in_time(part).await?
    }

    /// A photo that is gone already is as good as deleted.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let deletion = async { Ok(found(self.objects.delete(&Path::from(name)).await)) };
        self.in_time(deletion).await?.map(|_| ())
    }

    /// What comes of a request, if it comes in time.
    async fn in_time<T>(
        &self,
        request: impl Future<Output = Result<T, object_store::Error>>,
    ) -> Result<T, StoreError> {
        let ended = timeout(self.request_max, request).await;
        Ok(ended.map_err(|_| StoreError::late("the photos' place"))??)
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
        self.replace_sealed("ping", Bytes::from_static(&[0; PING_BYTES])).await?;
        self.delete("ping").await
    }
}

/// What was asked of an object, none if there is no such object.
fn found<T>(asked: Result<T, object_store::Error>) -> Result<Option<T>, StoreError> {
    match asked {
        Ok(done) => Ok(Some(done)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
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
    for (key, most) in S3_DEADLINES {
        builder = builder.with_config(AmazonS3ConfigKey::Client(key), most);
    }
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
