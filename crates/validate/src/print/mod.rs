//! Printed lines to fields: which words are captions, which values they name, and where a value
//! begins and ends. It reports what is printed and never decides which value is the serial.
//!
//! - `keyword`: the words that name numbers, in the languages of labels.
//! - `line`: one line cut into captions and words, the gaps between them in character widths.
//! - `boundary`: what stands at the two ends of a value, and how clear an end that is.
//! - `meaning`, `rating`: values that are no serials by their form.
//! - `captions`: captions that stand alone, assigned one to one to numbers and barcodes.
//! - `label`: all of that for the lines of one photo.
//! - `place`: where things stand relative to a line.

pub(crate) mod boundary;
pub(crate) mod captions;
pub(crate) mod keyword;
pub(crate) mod label;
pub(crate) mod line;
pub(crate) mod meaning;
pub(crate) mod place;
mod rating;
