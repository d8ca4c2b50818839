//! The file of seal keys: text, one key a line, readable by nobody but the service. It lies outside
//! of the data folder, so that a copy of the data alone tells nothing, and is never part of a backup.
//!
//! ```text
//! index HEX          names rows without showing serials; never changes
//! key 1 HEX          opens what was sealed with it
//! key 2 HEX          the last one seals
//! ```
//!
//! A key is never shown: not in an error, a log line or a debug print.

use crate::database::error::StoreError;
use crate::database::hash::hex;
use crate::state_file::{LockedFile, create_file};
use rand::TryRng;
use rand::rngs::SysRng;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

const PREAMBLE: &str = "\
# Seal keys of labelscan. Whoever has this file and the data can read it; without this file nobody can.
# Keep a copy of it away from the data and its backups. The last key seals, the others only open.
";
/// Bytes of a key file; it holds a few keys.
const FILE_BYTES_MAX: u64 = 64 * 1024;

type Secret = [u8; 32];

/// What a key file holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    index: Secret,
    seal: BTreeMap<u32, Secret>,
    current: u32,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keys({:?})", self.seal.keys())
    }
}

impl Keys {
    /// Reads the text of a key file. The error says what is wrong in which line, without its words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut index, mut seal, mut current) = (None, BTreeMap::new(), None);
        for (number, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<_> = line.split_whitespace().collect();
            let wrong = || format!("line {number} is neither `index HEX` nor `key NUMBER HEX`");
            match words[..] {
                ["index", secret] if index.is_none() => {
                    index = Some(secret_from(secret).ok_or_else(wrong)?);
                }
                ["key", id, secret] => {
                    let id = id.parse().map_err(|_| wrong())?;
                    let secret = secret_from(secret).ok_or_else(wrong)?;
                    if seal.insert(id, secret).is_some() {
                        return Err(format!("line {number} has the number of another key"));
                    }
                    current = Some(id);
                }
                _ => return Err(wrong()),
            }
        }
        match (index, current) {
            (Some(index), Some(current)) => Ok(Self { index, seal, current }),
            (None, _) => Err("it has no line `index HEX`".into()),
            (_, None) => Err("it has no line `key NUMBER HEX`".into()),
        }
    }

    /// The number of the key that seals.
    pub(crate) fn current(&self) -> u32 {
        self.current
    }

    /// A key by its number.
    pub(crate) fn get(&self, id: u32) -> Option<&Secret> {
        self.seal.get(&id)
    }

    /// The secret behind the blind index.
    pub(crate) fn index(&self) -> &Secret {
        &self.index
    }

    /// Whether they may take the place of the keys before them: the same index, and no number stands
    /// for another key than before.
    fn is_of_the_same_data(&self, before: &Self) -> bool {
        let same = |(number, secret): (&u32, &Secret)| {
            before.get(*number).is_none_or(|known| known == secret)
        };
        self.index == before.index && self.seal.iter().all(same)
    }

    /// The numbers of all keys.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.seal.keys().copied()
    }
}

fn secret_from(hexadecimal: &str) -> Option<Secret> {
    if hexadecimal.len() != 64 || !hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut secret = Secret::default();
    for (byte, digits) in secret.iter_mut().zip(hexadecimal.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(secret)
}

/// A new secret in hexadecimal digits, from the operating system.
fn new_secret() -> io::Result<String> {
    let mut secret = Secret::default();
    SysRng.try_fill_bytes(&mut secret).map_err(io::Error::other)?;
    Ok(hex(&secret))
}

/// A key file and what it held when it was last looked at.
#[derive(Debug)]
pub(crate) struct KeyFile {
    path: PathBuf,
    made: bool,
    loaded: RwLock<Loaded>,
}

#[derive(Clone, Debug)]
struct Loaded {
    keys: Arc<Keys>,
    version: Version,
}

/// Tells one version of a file from the next: it is replaced as a whole, so its inode changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    inode: u64,
    bytes: u64,
    modified_ns: i128,
}

impl From<Metadata> for Version {
    fn from(metadata: Metadata) -> Self {
        let modified_ns =
            i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self { inode: metadata.ino(), bytes: metadata.len(), modified_ns }
    }
}

impl KeyFile {
    /// Reads the file, which must be there.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let loaded = load(path)?;
        Ok(Self { path: path.to_owned(), made: false, loaded: RwLock::new(loaded) })
    }

    /// Reads the file, or makes one with new keys.
    pub(crate) fn open_or_make(path: &Path) -> Result<Self, StoreError> {
        let made = make(path).map_err(|error| cannot("made", path, &error))?;
        Ok(Self { made, ..Self::open(path)? })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// True if it was made when it was opened.
    pub(crate) fn was_made(&self) -> bool {
        self.made
    }

    /// The keys as the file holds them now: a key that was added is used from the next value on. A
    /// file that went away, cannot be read or belongs to other data changes nothing.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone();
        let version = std::fs::metadata(&self.path).map(Version::from).ok();
        if version.is_none_or(|version| version == loaded.version) {
            return loaded.keys;
        }
        match load(&self.path) {
            Ok(new) if new.keys.is_of_the_same_data(&loaded.keys) => {
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
                new.keys
            }
            Ok(_) => {
                tracing::warn!("the key file holds other keys now: those of before are used on");
                loaded.keys
            }
            Err(error) => {
                tracing::warn!(%error, "the seal keys of before are used on");
                loaded.keys
            }
        }
    }

    /// Locks the file for a key to be added. Takes up to ten seconds.
    pub(crate) fn lock(&self) -> Result<LockedKeys, StoreError> {
        let file = LockedFile::open(&self.path);
        let file = file.map_err(|error| cannot("changed", &self.path, &error))?;
        let text = file.text(FILE_BYTES_MAX);
        let text = text.map_err(|error| cannot("read", &self.path, &error))?;
        let keys = Keys::parse(&text).map_err(|why| unusable(&self.path, &why))?;
        Ok(LockedKeys { path: self.path.clone(), file, text, keys })
    }
}

/// A key file that nobody else changes meanwhile, read after it was locked.
pub(crate) struct LockedKeys {
    path: PathBuf,
    file: LockedFile,
    text: String,
    keys: Keys,
}

impl LockedKeys {
    /// The first number that no key of the file has, nor any smaller one.
    pub(crate) fn free_number(&self) -> u32 {
        self.keys.numbers().max().unwrap_or_default().saturating_add(1)
    }

    /// Adds a key of this number, which seals from now on.
    pub(crate) fn add(self, number: u32) -> Result<(), StoreError> {
        let Self { path, file, text, .. } = self;
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let written = new_secret()
            .and_then(|secret| file.replace(&format!("{text}{end}key {number} {secret}\n")));
        written.map_err(|error| cannot("written", &path, &error))
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    let at = path.display();
    StoreError::Settings(match error.kind() {
        ErrorKind::NotFound => format!(
            "the data is sealed and its keys are not at {at}: put the copy of the key file there, \
             or say with `seal_keys` (LABELSCAN_SEAL_KEYS) where it is"
        ),
        _ => format!("the seal keys at {at} cannot be {what}: {error}"),
    })
}

fn unusable(path: &Path, why: &str) -> StoreError {
    StoreError::Settings(format!("the seal keys at {} cannot be used: {why}", path.display()))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn load(path: &Path) -> Result<Loaded, StoreError> {
    // The version first: if the file is replaced in between, the next look finds it changed.
    let version = std::fs::metadata(path).map(Version::from);
    let read = version.and_then(|version| Ok((version, read(path)?)));
    let (version, text) = read.map_err(|error| cannot("read", path, &error))?;
    let keys = Keys::parse(&text).map_err(|why| unusable(path, &why))?;
    Ok(Loaded { keys: Arc::new(keys), version })
}

/// Makes a file with new keys, whole or not at all; false if there is one.
fn make(path: &Path) -> io::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let text = format!("{PREAMBLE}index {}\nkey 1 {}\n", new_secret()?, new_secret()?);
    create_file(path, &text, 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_wrong_file_is_refused_without_showing_a_key() {
        let secret = "ab".repeat(32);
        for (text, expected) in [
            (format!("index {secret}"), "no line `key"),
            (format!("key 1 {secret}"), "no line `index"),
            (format!("index {secret}\nkey one {secret}"), "line 2"),
            (format!("index {secret}\nkey 1 {secret}\nkey 1 {secret}"), "line 3"),
            (format!("index {secret}0\n"), "line 1"),
            (format!("index {secret}\nindex {secret}"), "line 2"),
            ("\u{fc}ber".into(), "line 1"),
        ] {
            let error = Keys::parse(&text).unwrap_err();
            assert!(error.contains(expected) && !error.contains("abab"), "{error}");
        }
    }

    #[test]
    fn a_made_file_is_private_and_the_same_for_all_who_start_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/seal.keys");
        let opened: Vec<_> = std::thread::scope(|scope| {
            let starting: Vec<_> =
                (0..8).map(|_| scope.spawn(|| KeyFile::open_or_make(&path).unwrap())).collect();
            starting.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(opened.iter().all(|file| file.keys() == opened[0].keys()));
        assert_eq!(opened.iter().filter(|file| file.was_made()).count(), 1);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.path().join("deep").read_dir().unwrap().count(), 1);
    }

    #[test]
    fn keys_that_are_added_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal.keys");
        let file = KeyFile::open_or_make(&path).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let locked = KeyFile::open(&path).unwrap().lock().unwrap();
                    let number = locked.free_number();
                    locked.add(number).unwrap();
                });
            }
        });
        assert_eq!(file.keys().numbers().collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    }

    #[test]
    fn an_added_key_is_heard_of_and_a_strangers_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal.keys");
        let file = KeyFile::open_or_make(&path).unwrap();
        let before = file.keys();
        let locked = KeyFile::open(&path).unwrap().lock().unwrap();
        assert_eq!((before.current(), locked.free_number()), (1, 2));
        locked.add(2).unwrap();
        let after = file.keys();
        assert_eq!((after.current(), after.get(1)), (2, before.get(1)));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

        let other = after.seal.values().map(|secret| hex(secret)).collect::<String>();
        let swapped = std::fs::read_to_string(&path).unwrap().replace(&other[64..], &other[..64]);
        std::fs::write(&path, swapped).unwrap();
        assert_eq!(file.keys(), after, "a number that stands for another key");
        std::fs::write(&path, "nothing").unwrap();
        assert_eq!(file.keys(), after);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.keys(), after);
        KeyFile::open_or_make(&path).unwrap();
        assert_eq!(file.keys(), after);
    }
}
