//! Moves a photo's file to where it ends, with its JSON file beside it. Nothing is ever overwritten.

use pipeline::answer::{Scan, Status};
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Where a photo's file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its serial was accepted.
    Done,
    /// A person has to look.
    Review,
    /// No serial can be read from it.
    Failed,
}

impl Place {
    pub(crate) const ALL: [Self; 3] = [Self::Done, Self::Review, Self::Failed];

    /// The folder's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Review => "review",
            Self::Failed => "failed",
        }
    }

    pub(super) fn of(status: Status) -> Option<Self> {
        match status {
            Status::Queued => None,
            Status::Accepted => Some(Self::Done),
            Status::Review => Some(Self::Review),
            Status::Unreadable | Status::Rejected => Some(Self::Failed),
        }
    }
}

/// What the JSON file says: the answer, and the earlier file of the same content.
#[derive(Serialize)]
pub(super) struct Filed {
    #[serde(flatten)]
    pub(super) scan: Scan,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duplicate_of: Option<String>,
}

impl Filed {
    /// Moves `root/relative` to the same sub-folder of the place; first the JSON file, so that a
    /// photo that arrived has one.
    pub(super) fn file(&self, root: &Path, place: Place, relative: &Path) -> io::Result<()> {
        let to = free(root.join(place.name()).join(relative));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        let note = beside(&to, "json");
        let unfinished = beside(&to, "json.part");
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &note)?;
        move_to(&root.join(relative), &to)
    }
}

/// The path itself, or with a number if there is a file.
fn free(path: PathBuf) -> PathBuf {
    if !path.exists() {
        return path;
    }
    let (stem, ending) = (path.file_stem().unwrap_or_default(), path.extension());
    let numbered = |number: u32| {
        let mut name = stem.to_owned();
        name.push(format!("-{number}"));
        if let Some(ending) = ending {
            name.push(".");
            name.push(ending);
        }
        path.with_file_name(name)
    };
    (2..).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| path.clone())
}

/// The path of a file beside another: its name with one more ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// Renames; onto another file system copies, and removes the file once its copy is durable.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let unfinished = beside(to, "part");
            fs::copy(from, &unfinished)?;
            File::open(&unfinished)?.sync_all()?;
            fs::rename(&unfinished, to)?;
            fs::remove_file(from)
        }
        renamed => renamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        assert_eq!(free(path.clone()), path);
        fs::write(&path, "").unwrap();
        assert_eq!(free(path.clone()), folder.path().join("a-2.jpg"));
        fs::write(folder.path().join("a-2.jpg"), "").unwrap();
        assert_eq!(free(path), folder.path().join("a-3.jpg"));
        let plain = folder.path().join("label");
        fs::write(&plain, "").unwrap();
        assert_eq!(free(plain), folder.path().join("label-2"));
    }
}
