//! Files of state that several processes may change: the seal keys, the formats, a certificate's key.
//!
//! A change reads the file under its lock, writes the new one beside it, waits for the disk, keeps the
//! former one under its name and `.former`, and puts the new one in place. At no time is there half a
//! file, and of changes made at once none is lost. The lock is the file's own and the system's, so it
//! ends with its process; a file system that has no locks refuses the change.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use tempfile::NamedTempFile;

/// How often the lock is tried, and the pause in between: ten seconds in all.
const LOCK_TRIES_MAX: u32 = 1_000;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A file that nobody else changes until this is dropped.
#[derive(Debug)]
pub struct LockedFile {
    path: PathBuf,
    file: File,
}

impl LockedFile {
    /// Waits for the file's lock, at most ten seconds.
    ///
    /// # Errors
    /// If there is no such file, it may not be written, or somebody holds the lock for too long.
    pub fn open(path: &Path) -> io::Result<Self> {
        for _ in 0..LOCK_TRIES_MAX {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            match file.try_lock() {
                // Whoever held the lock has put another file in the place of this one.
                Ok(()) if file.metadata()?.ino() == path.metadata()?.ino() => {
                    return Ok(Self { path: path.to_owned(), file });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::TimedOut, "another process is changing it"))
    }

    /// What it holds.
    ///
    /// # Errors
    /// If it cannot be read, is no text or longer than `bytes_max`: what is cut may not replace it.
    pub fn text(&self, bytes_max: u64) -> io::Result<String> {
        if self.file.metadata()?.len() > bytes_max {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "it is too long"));
        }
        let mut text = String::new();
        (&self.file).take(bytes_max).read_to_string(&mut text)?;
        Ok(text)
    }

    /// Puts a file with this text in its place, durably, and keeps the former one beside it.
    ///
    /// # Errors
    /// If the disk refuses; then the former one is in its place.
    pub fn replace(self, text: &str) -> io::Result<()> {
        let mode = self.file.metadata()?.permissions().mode() & 0o777;
        let part = write_part(&self.path, text, mode)?;
        keep_former(&self.path)?;
        part.persist(&self.path)?;
        sync_folder(&self.path)
    }
}

/// Makes a file with this text and these permissions, whole or not at all; false if there is one.
///
/// # Errors
/// If the disk refuses.
pub fn create_file(path: &Path, text: &str, mode: u32) -> io::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    // Of two that start at once, one makes the file.
    match write_part(path, text, mode)?.persist_noclobber(path) {
        Ok(_) => sync_folder(path).map(|()| true),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(refused) => Err(refused.error),
    }
}

/// The former file gets a second name; the place of the one before it is taken at one go.
fn keep_former(path: &Path) -> io::Result<()> {
    let mut former = path.as_os_str().to_owned();
    former.push(".former");
    let link = |beside: &Path| std::fs::hard_link(path, beside);
    let linked = tempfile::Builder::new().make_in(folder_of(path), link)?;
    linked.into_temp_path().persist(former)?;
    Ok(())
}

/// Writes the text beside the file, durably. Dropped, it is removed.
fn write_part(path: &Path, text: &str, mode: u32) -> io::Result<NamedTempFile> {
    let mode = Permissions::from_mode(mode);
    let mut part = tempfile::Builder::new().permissions(mode).tempfile_in(folder_of(path))?;
    part.write_all(text.as_bytes())?;
    part.as_file().sync_all()?;
    Ok(part)
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_come_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        assert!(create_file(&path, "", 0o600).unwrap());
        std::thread::scope(|scope| {
            for n in 0..16 {
                let path = &path;
                scope.spawn(move || {
                    let file = LockedFile::open(path).unwrap();
                    let text = format!("{}{n}\n", file.text(4096).unwrap());
                    file.replace(&text).unwrap();
                });
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 16, "{text}");
        let former = std::fs::read_to_string(folder.path().join("state.former")).unwrap();
        assert!(text.starts_with(&former) && former.lines().count() == 15);
        assert_eq!(folder.path().read_dir().unwrap().count(), 2, "nothing half written is left");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_there_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        assert!(create_file(&path, "first", 0o600).unwrap());
        assert!(!create_file(&path, "second", 0o600).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    }
}
