//! Which serial formats are known: the built-in ones and an operator's own file over them. What a
//! format is, `validate` knows.

use crate::settings::Settings;
use anyhow::{Context as _, ensure};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use validate::{FORMATS_BYTES_MAX, Formats};

/// The formats, and the text of the operator's file for the readers.
///
/// # Errors
/// If the operator's file cannot be read or has an error; names both.
pub fn load(settings: &Settings) -> anyhow::Result<(Formats, Option<String>)> {
    let Some(path) = &settings.judging.formats else { return Ok((Formats::builtin(), None)) };
    let text = read(path)?;
    Ok((with_file(path, &text)?, Some(text)))
}

/// The built-in formats with this file's over them.
pub fn with_file(path: &Path, text: &str) -> anyhow::Result<Formats> {
    let formats = Formats::builtin().with_operator_file(text);
    formats.with_context(|| format!("formats file {}", path.display()))
}

/// The text of a formats file, or of a list of samples, up to just beyond what is taken.
pub fn read(path: &Path) -> anyhow::Result<String> {
    let place = || format!("formats file {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(place)?;
    file.take(FORMATS_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).with_context(place)?;
    ensure!(
        bytes.len() <= FORMATS_BYTES_MAX,
        "{}: more than {FORMATS_BYTES_MAX} bytes",
        path.display()
    );
    String::from_utf8(bytes).with_context(place)
}
