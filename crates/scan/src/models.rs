//! The model weights: read once, each file checked against the hash that is compiled in.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The hashes that `models/fetch` pins, one `HASH  NAME` a line.
const SHA256SUMS: &str = include_str!("../../../models/SHA256SUMS");

pub(crate) const DETECT_V5: &str = "ppocrv5_det.onnx";
pub(crate) const RECOGNISE_V6: &str = "PP-OCRv6_rec_small.onnx";
pub(crate) const DETECT_V6: &str = "PP-OCRv6_det_small.onnx";
pub(crate) const RECOGNISE_V5: &str = "ppocrv5_rec.onnx";
const KEYS_V5: &str = "ppocr_keys_v5.txt";
pub(crate) const SKIM_V6: &str = "PP-OCRv6_rec_tiny.onnx";
const KEYS_SKIM: &str = "ppocrv6_tiny_dict.txt";

/// The weights' bytes, checked. Made before a reader process gives up its files, turned into an
/// [`crate::Engine`] after.
pub struct Weights {
    pub(crate) detect_v5: Vec<u8>,
    pub(crate) recognise_v6: Vec<u8>,
    pub(crate) detect_v6: Vec<u8>,
    pub(crate) recognise_v5: Vec<u8>,
    pub(crate) keys_v5: Vec<u8>,
    pub(crate) skim_v6: Vec<u8>,
    pub(crate) keys_skim: Vec<u8>,
}

impl Weights {
    /// Reads and checks the model files in a folder.
    ///
    /// # Errors
    /// Names the file that is missing or has another SHA-256 than it must.
    pub fn read(models: &Path) -> Result<Self, LoadError> {
        Ok(Self {
            detect_v5: checked(models, DETECT_V5)?,
            recognise_v6: checked(models, RECOGNISE_V6)?,
            detect_v6: checked(models, DETECT_V6)?,
            recognise_v5: checked(models, RECOGNISE_V5)?,
            keys_v5: checked(models, KEYS_V5)?,
            skim_v6: checked(models, SKIM_V6)?,
            keys_skim: checked(models, KEYS_SKIM)?,
        })
    }
}

fn checked(models: &Path, name: &'static str) -> Result<Vec<u8>, LoadError> {
    let path = models.join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(LoadError::Missing { path, source }),
    };
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = SHA256SUMS
        .lines()
        .filter_map(|line| line.split_once("  "))
        .find_map(|(digest, file)| (file == name).then_some(digest));
    if expected == Some(digest.as_str()) { Ok(bytes) } else { Err(LoadError::Altered { path }) }
}

/// Why the models could not be loaded. Each message says what to run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("model file {}: {source}; run models/fetch", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A file is not the one that was pinned.
    #[error("model file {} has another SHA-256 than models/SHA256SUMS names; run models/fetch", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
    },
    /// The runtime does not take a file although its hash is right.
    #[error("model file {name}: {detail}")]
    Refused {
        /// The file's name.
        name: &'static str,
        /// The runtime's word.
        detail: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_altered_files_are_named_with_the_command_to_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let said = |folder: &Path| Weights::read(folder).err().map(|error| error.to_string());
        let missing = said(folder.path()).expect("nothing is there");
        assert!(missing.contains(DETECT_V5) && missing.contains("models/fetch"), "{missing}");
        std::fs::write(folder.path().join(DETECT_V5), b"altered").expect("a file");
        let altered = said(folder.path()).expect("altered");
        assert!(altered.contains("SHA-256") && altered.contains("models/fetch"), "{altered}");
    }

    #[test]
    fn every_model_is_pinned() {
        let all = [DETECT_V5, RECOGNISE_V6, DETECT_V6, RECOGNISE_V5, KEYS_V5, SKIM_V6, KEYS_SKIM];
        for name in all {
            assert!(SHA256SUMS.lines().any(|line| line.ends_with(&format!("  {name}"))), "{name}");
        }
    }
}
