//! Backups of a store that is at work: one tar file with the database as it was at one moment and
//! every photo that it names. A photo is durable before its row, so whatever the copy of the
//! database names is there to be read.
//!
//! A backup appears under its name when it is whole and on the disk, never before. What is sealed
//! stays sealed in it, and the keys are never part of it. Restoring goes into an empty place and never
//! over anything.

use crate::database::engine::{Database, Engine};
use crate::database::error::StoreError;
use crate::operate::check::Check;
use crate::photos::objects::Photos;
use crate::photos::photo_name::is_photo_name;
use crate::seal::sealing::Seal;
use crate::settings::Settings;
use crate::store::Store;
use bytes::Bytes;
use jiff::Timestamp;
use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

const DATABASE_ENTRY: &str = "labelscan.db";
const PHOTOS_FOLDER: &str = "photos/";
/// Photos that wait in memory on their way into or out of the file.
const PHOTOS_WAITING_MAX: usize = 2;
/// Larger than any photo that was ever taken in.
const PHOTO_BYTES_MAX: u64 = 1 << 30;

/// What is in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// How many photos.
    pub photos: u64,
    /// How large the file is.
    pub bytes: u64,
}

impl Store {
    /// Writes a backup to `file`, which must not exist. Work goes on meanwhile; what is recorded
    /// after the first moment is not in it.
    ///
    /// # Errors
    /// [`StoreError::Settings`] on PostgreSQL, which has tools of its own for this, or if the file
    /// exists; [`StoreError::Damaged`] if a photo is missing; [`StoreError::Backup`].
    pub async fn backup(&self, file: &Path) -> Result<Backup, StoreError> {
        if self.database.engine() == Engine::Postgres {
            let advice =
                "back PostgreSQL up with pg_dump, then the photos with their place's tools";
            return Err(StoreError::Settings(advice.into()));
        }
        if file.exists() {
            return Err(StoreError::Settings(format!("{} exists already", file.display())));
        }
        let (copy, part) = (beside(file, "db"), beside(file, "part"));
        let written = self.write_backup(&copy, &part).await;
        // Both are gone in the good case as well: the copy is inside, the part was renamed.
        let _ = std::fs::remove_file(&copy);
        let written = written.and_then(|photos| publish(&part, file).map(|bytes| (photos, bytes)));
        let _ = std::fs::remove_file(&part);
        written.map(|(photos, bytes)| Backup { photos, bytes })
    }

    async fn write_backup(&self, copy: &Path, part: &Path) -> Result<u64, StoreError> {
        // A leftover of a backup that was interrupted. SQLite refuses to write into it.
        let _ = std::fs::remove_file(copy);
        sqlx::query("VACUUM INTO $1")
            .bind(copy.display().to_string())
            .execute(self.database.writer().without_deadlines())
            .await?;
        let (sender, mut photos) = mpsc::channel::<(String, Bytes)>(PHOTOS_WAITING_MAX);
        let (copy, part) = (copy.to_owned(), part.to_owned());
        let writing = tokio::task::spawn_blocking(move || -> Result<u64, StoreError> {
            let mut archive = tar::Builder::new(File::create(&part)?);
            archive.append_path_with_name(&copy, DATABASE_ENTRY)?;
            let mut count = 0;
            while let Some((name, bytes)) = photos.blocking_recv() {
                let mut header = tar::Header::new_gnu();
                header.set_size(bytes.len() as u64);
                header.set_mode(0o600);
                let path = format!("{PHOTOS_FOLDER}{name}");
                archive.append_data(&mut header, path, Cursor::new(bytes))?;
                count += 1;
            }
            archive.into_inner()?.sync_all()?;
            Ok(count)
        });
        let read = self.read_photos(sender).await;
        let count = writing.await.map_err(|_| StoreError::interrupted("the backup"))??;
        read.map(|()| count)
    }

    /// Sends every photo that is kept, sealed as it is. Rows that are newer than the copy do no harm;
    /// a photo whose time ended meanwhile is missing in the copy's sense too, so it is looked up
    /// again.
    async fn read_photos(&self, to: mpsc::Sender<(String, Bytes)>) -> Result<(), StoreError> {
        let mut after = String::new();
        while let Some(names) = self.photo_names(&mut after).await? {
            for name in names {
                match self.photos.get_sealed(&name).await {
                    // A closed channel means that writing failed; that error is the one to tell.
                    Ok(bytes) => {
                        if to.send((name, bytes)).await.is_err() {
                            return Ok(());
                        }
                    }
                    Err(StoreError::Damaged(_)) if !self.is_kept(&name).await? => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// Restores a backup into an empty place, checks every row and photo of it, and says what it found.
///
/// # Errors
/// [`StoreError::Settings`] if there is a database already, or the settings name no SQLite file;
/// [`StoreError::Backup`] for a file that is no backup.
pub async fn restore(file: &Path, settings: &Settings) -> Result<Check, StoreError> {
    let Some(path) = settings.database.strip_prefix("sqlite://").map(PathBuf::from) else {
        return Err(StoreError::Settings("a backup is restored into sqlite://PATH".into()));
    };
    if path.exists() {
        return Err(StoreError::Settings(format!("{} exists already", path.display())));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = beside(&path, "part");
    let restored = restore_into(file, &part, settings).await;
    let restored = restored.and_then(|()| publish(&part, &path));
    // Gone in the good case as well: it was renamed.
    let _ = std::fs::remove_file(&part);
    restored?;
    let store = Store::open(settings).await?;
    // What was recorded after the backup is gone, and no longer missed.
    store.witness.begin_at(store.trail_end().await?)?;
    let check = store.check(Timestamp::MIN).await;
    store.close().await;
    check
}

/// The database comes first, so that its keys are known to be there before a photo is written.
async fn restore_into(file: &Path, part: &Path, settings: &Settings) -> Result<(), StoreError> {
    let (sender, mut found) = mpsc::channel(PHOTOS_WAITING_MAX);
    let (file, database) = (file.to_owned(), part.to_owned());
    let unpacking = tokio::task::spawn_blocking(move || unpack(&file, &database, &sender));
    let writing = async {
        let mut photos = None;
        while let Some(found) = found.recv().await {
            match (found, &photos) {
                (Unpacked::Database, _) => photos = Some(photos_of(part, settings).await?),
                (Unpacked::Photo(name, bytes), Some(photos)) => {
                    put_again(photos, &name, bytes).await?;
                }
                (Unpacked::Photo(..), None) => return Err(no_backup()),
            }
        }
        photos.map(drop).ok_or_else(no_backup)
    };
    let written = writing.await;
    drop(found);
    let unpacked = unpacking.await.map_err(|_| StoreError::interrupted("restoring"))?;
    match (unpacked, written) {
        // The channel was closed because of the error on the other side: that is the one to tell.
        (Err(StoreError::Backup(error)), Err(other)) if error.kind() == ErrorKind::BrokenPipe => {
            Err(other)
        }
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(())) => Ok(()),
    }
}

/// Where the photos of a restored database go. Fails without the keys that it was sealed with.
async fn photos_of(part: &Path, settings: &Settings) -> Result<Photos, StoreError> {
    let address = format!("sqlite://{}", part.display());
    let database = Database::open(&address, &settings.limits).await?;
    let seal = Seal::open(&database, &settings.encryption).await;
    database.close().await;
    Photos::open(settings, seal?.0)
}

/// Puts a photo where nothing is, or where the same one is from a restoration that was interrupted.
async fn put_again(photos: &Photos, name: &str, stored: Bytes) -> Result<(), StoreError> {
    match photos.get_sealed(name).await {
        Ok(there) if there == stored => Ok(()),
        Ok(_) => {
            let why = format!("photo {name} exists already: restore into an empty place");
            Err(StoreError::Settings(why))
        }
        Err(StoreError::Damaged(_)) => photos.replace_sealed(name, stored).await,
        Err(error) => Err(error),
    }
}

/// What a backup holds, in its order.
enum Unpacked {
    Database,
    Photo(String, Bytes),
}

fn no_backup() -> StoreError {
    StoreError::Invalid("this is no backup of labelscan".into())
}

fn unpack(file: &Path, database: &Path, found: &mpsc::Sender<Unpacked>) -> Result<(), StoreError> {
    let hand_over = |unpacked| {
        let closed = |_| StoreError::Backup(ErrorKind::BrokenPipe.into());
        found.blocking_send(unpacked).map_err(closed)
    };
    let mut archive = tar::Archive::new(File::open(file)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if name == DATABASE_ENTRY {
            let mut out = File::create(database)?;
            std::io::copy(&mut entry, &mut out)?;
            out.sync_all()?;
            hand_over(Unpacked::Database)?;
            continue;
        }
        let photo = name.strip_prefix(PHOTOS_FOLDER).filter(|photo| is_photo_name(photo));
        let photo = photo.filter(|_| entry.size() <= PHOTO_BYTES_MAX).ok_or_else(no_backup)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        hand_over(Unpacked::Photo(photo.to_owned(), bytes.into()))?;
    }
    Ok(())
}

/// The same name with another ending, in the same folder, so that renaming is atomic.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    file.with_file_name(name)
}

/// Gives a finished file its name, durably; how large it is.
fn publish(part: &Path, file: &Path) -> Result<u64, StoreError> {
    std::fs::rename(part, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(std::fs::metadata(file)?.len())
}
