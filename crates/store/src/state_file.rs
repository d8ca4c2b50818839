//! Files of state that several processes may change: the seal keys, the formats, a certificate's key.
//!
//! A change reads the file under its lock, writes the new one beside it, waits for the disk, keeps the
//! former one under its name and `.former`, and puts the new one in place. At no time is there half a
//! file, and of changes made at once none is lost. The lock is the file's own and the system's, so it
//! ends with its process; a file system that has no locks refuses the change.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use uuid::Uuid;

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
        let former = beside(&self.path, ".former");
        let kept = keep_former(&self.path, &former);
        let replaced = kept.and_then(|()| std::fs::rename(&part, &self.path));
        if replaced.is_err() {
            // What is left of it says nothing that the error does not.
            let _ = std::fs::remove_file(&part);
        }
        replaced.and_then(|()| sync_folder(&self.path))
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
    let part = write_part(path, text, mode)?;
    // A link fails where a rename would replace: of two that start at once, one makes the file.
    let linked = std::fs::hard_link(&part, path);
    std::fs::remove_file(&part)?;
    match linked {
        Ok(()) => sync_folder(path).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// The former file gets a second name; the place of the one before it is taken at one go.
fn keep_former(path: &Path, former: &Path) -> io::Result<()> {
    let link = beside(path, &format!(".{}", Uuid::new_v4().simple()));
    std::fs::hard_link(path, &link)?;
    std::fs::rename(&link, former)
}

/// Writes the text beside the file, durably.
fn write_part(path: &Path, text: &str, mode: u32) -> io::Result<PathBuf> {
    let part = beside(path, &format!(".{}", Uuid::new_v4().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&part)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written.map(|()| part)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(ending);
    path.with_file_name(name)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
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
