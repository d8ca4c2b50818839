//! The local folder's own way of writing: photos as files, each on the shelf that its name begins
//! with.
//!
//! A new photo is written under its own name, without another name before: nobody looks for it
//! until its row is there, and what a crash leaves of it has no row and is swept like every orphan.
//! That spares each upload the linking, the unlinking and a wait for the disk. When writing returns,
//! file and name are on the disk; when it fails, nothing half written is left.

use crate::database::error::StoreError;
use jiff::Timestamp;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// What reads, lists and deletes. It passes over files whose name ends with `#` and a number.
pub(crate) fn objects(folder: &str) -> Result<Arc<dyn ObjectStore>, StoreError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| StoreError::Settings(format!("{folder} cannot be created: {error}")))?;
    Ok(Arc::new(LocalFileSystem::new_with_prefix(folder)?))
}

/// What writes.
#[derive(Clone)]
pub(crate) struct Folder {
    root: PathBuf,
    /// Shelves whose names are known to be on the disk, a few hundred. That one is there says little:
    /// who made it may still wait for the disk.
    shelves: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Folder {
    pub(crate) fn new(root: &str) -> Self {
        Self { root: root.into(), shelves: Arc::default() }
    }

    /// Writes a file under a name that nothing has.
    pub(crate) fn create(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.root.join(name);
        let file = self.new_file(&path).map_err(refused)?;
        write(&file, bytes)
            .and_then(|()| sync_folder(shelf_of(&path)))
            .map_err(|error| taken_back(&path, error))
    }

    /// Writes a file beside the one of this name, if there is one, and puts it in its place.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.root.join(name);
        let half = self.root.join(format!("{name}#{}", Uuid::new_v4().as_u128()));
        let file = self.new_file(&half).map_err(refused)?;
        write(&file, bytes)
            .and_then(|()| std::fs::rename(&half, &path))
            .map_err(|error| taken_back(&half, error))?;
        sync_folder(shelf_of(&path)).map_err(refused)
    }

    /// An empty file that was not there before, on a shelf that is on the disk.
    fn new_file(&self, path: &Path) -> Result<File, Error> {
        let create = || OpenOptions::new().write(true).create_new(true).open(path);
        if !self.shelves.lock().unwrap_or_else(PoisonError::into_inner).contains(shelf_of(path)) {
            self.make_shelf_of(path)?;
        }
        match create() {
            // Somebody has tidied up.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_shelf_of(path)?;
                create()
            }
            created => created,
        }
    }

    fn make_shelf_of(&self, path: &Path) -> Result<(), Error> {
        let shelf = shelf_of(path);
        // Never the folder itself: where that is gone, so is everything that was acknowledged.
        let made = if shelf == self.root { Ok(()) } else { std::fs::create_dir(shelf) };
        match made {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        sync_folder(&self.root)?;
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.insert(shelf.to_owned());
        Ok(())
    }

    /// Files that a crash left beside what they were to replace, written before `before`.
    pub(crate) fn halves(&self, before: Timestamp) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        for shelf in std::fs::read_dir(&self.root)? {
            let shelf = shelf?.path();
            if !shelf.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(shelf)? {
                let file = file?;
                // Whatever is gone by now was renamed: it was being written.
                let Ok(metadata) = file.metadata() else { continue };
                if file.file_name().to_str().is_some_and(is_half)
                    && metadata.mtime() < before.as_second()
                {
                    found.push(file.path());
                }
            }
        }
        Ok(found)
    }
}

fn is_half(name: &str) -> bool {
    let number = name.split_once('#').map(|(_, number)| number);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn shelf_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn write(file: &File, bytes: &[u8]) -> Result<(), Error> {
    file.write_all_at(bytes, 0)?;
    file.sync_all()?;
    // The system need not keep a copy in memory: a photo is read once, later, and photos that come
    // faster than they are read would push out the database. The next photo is then written into
    // the pages that are still warm, at a fraction of the time. A system that declines loses nothing.
    let _ = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    Ok(())
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder)?.sync_all()
}

/// Removes what was begun. If that fails too, the sweep finds it.
fn taken_back(path: &Path, error: Error) -> StoreError {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, "a photo without a row is left to the sweep");
    }
    refused(error)
}

fn refused(error: Error) -> StoreError {
    if error.kind() == ErrorKind::NotFound {
        return StoreError::unavailable("the photos' folder", error);
    }
    object_store::Error::Generic { store: "LocalFileSystem", source: error.into() }.into()
}
