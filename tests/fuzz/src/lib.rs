//! What the fuzz targets make their inputs of. Noise alone never gets past the first rule, so each
//! input is put together from pieces that the code under test knows.

mod labels;
mod pieces;

pub use labels::{PAYLOADS, WORDS, evidence, line, seen_in};
pub use pieces::{spliced, spliced_text};
