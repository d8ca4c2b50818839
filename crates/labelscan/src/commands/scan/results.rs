//! A file of answers that a long batch is resumed from: one JSON object a line, as `--json` prints them.
//! What a kill left of the last line is cut off, and its photo read again.

use anyhow::Context as _;
use pipeline::answer::{ReasonObject, Status};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;

/// Bytes of a line at most; an answer has a few thousand.
const LINE_BYTES_MAX: usize = 1 << 20;

/// The file, open for more, and what it holds.
pub(super) struct Results {
    file: File,
    photos: HashSet<String>,
    earlier: Vec<(Status, Vec<String>)>,
}

/// What of a line matters here.
#[derive(Deserialize)]
struct Answered {
    photo: String,
    status: Status,
    #[serde(default)]
    reasons: Vec<ReasonObject>,
}

impl Results {
    /// Reads what is there; a file that is not there is made.
    ///
    /// # Errors
    /// If it cannot be read or written, or a whole line is no answer: it may be another file.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let place = path.display();
        let file = File::options().read(true).append(true).create(true).open(path);
        let file = file.with_context(|| format!("results {place}"))?;
        let (mut photos, mut earlier) = (HashSet::new(), Vec::new());
        let (mut lines, mut whole_bytes) = (BufReader::new(&file), 0u64);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = lines.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            anyhow::ensure!(length <= LINE_BYTES_MAX, "results {place}: a line is too long");
            let answered: Answered = serde_json::from_slice(&line).with_context(|| {
                format!("results {place}, line {}: no answer of labelscan scan", photos.len() + 1)
            })?;
            whole_bytes += length as u64;
            let reasons = answered.reasons.into_iter().map(|reason| reason.code).collect();
            earlier.push((answered.status, reasons));
            photos.insert(answered.photo);
        }
        file.set_len(whole_bytes).with_context(|| format!("results {place}"))?;
        Ok(Self { file, photos, earlier })
    }

    /// Whether these photos were answered before.
    pub(super) fn hold(&self, photo: &str) -> bool {
        self.photos.contains(photo)
    }

    /// What was answered before.
    pub(super) fn earlier(&self) -> &[(Status, Vec<String>)] {
        &self.earlier
    }

    /// Adds an answer, with one write.
    pub(super) fn add(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_torn_line_is_cut_off_and_its_photo_is_not_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let mut results = Results::open(&path).unwrap();
        results.add(&json!({"photo": "a.jpg", "status": "accepted"})).unwrap();
        results.add(&json!({"photo": "b.jpg", "status": "review", "reasons": []})).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        let mut torn = Results::open(&path).unwrap();
        assert!(torn.hold("a.jpg") && !torn.hold("b.jpg"));
        torn.add(&json!({"photo": "b.jpg", "status": "review"})).unwrap();
        let again = Results::open(&path).unwrap();
        assert!(again.hold("b.jpg"));
        assert_eq!(again.earlier().len(), 2);
    }

    #[test]
    fn a_file_of_something_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "my notes\n").unwrap();
        let Err(error) = Results::open(&path) else { panic!("it was taken") };
        assert!(error.to_string().contains("line 1"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "my notes\n");
    }
}
