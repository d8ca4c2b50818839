//! What a serial is, and whether the evidence for one is good enough to register it.
//!
//! Pure: no I/O, no clock, no randomness. [`judge()`] is total: any evidence gives a judgement.
//!
//! - `evidence`, `identifier`: the facts that a reader reports, and the kinds of number on a label.
//! - `serial/`: the characters of a serial: canonical form, look-alikes, check digits, new serials.
//! - `formats/`: what the serials of each maker look like; an operator's formats file, learning.
//! - `payload/`: the fields of a barcode's payload.
//! - `print/`: printed lines to fields: keywords, values, where a value ends.
//! - `judge/`: evidence to verdict: sightings, facts, the table of acceptance, reasons.
//! - `reading_plan/`: which look at the photos a reader has next, and which lines it reads again.
//! - `estate`, `reconcile`: expected serials, and how two lists of serials differ.
//! - [`terminal`]: what may be done to a terminal after what.

mod estate;
mod evidence;
mod formats;
mod identifier;
mod judge;
mod payload;
mod print;
mod reading_plan;
mod reconcile;
mod serial;
pub mod terminal;
#[cfg(test)]
mod testing;

pub use estate::{Estate, EstateMode, look, values_in_view};
pub use evidence::*;
pub use formats::Formats;
pub use formats::file::{FORMATS_BYTES_MAX, FormatsError};
pub use formats::format::{Format, Plausibility, Standing, UNKNOWN};
pub use formats::learn::{Explanation, LearnError, Proposal, explain, learn, misfit};
pub use formats::shape::{Class, Shape};
pub use identifier::*;
pub use judge::check::Check;
pub use judge::explanation::{Explained, explain_verdict};
pub use judge::grounds::acceptance_grounds;
pub use judge::judge;
pub use judge::reason::*;
pub use judge::sighting::looks_like_serial;
pub use judge::verdict::*;
pub use payload::field::{Extent, Field, FieldRole};
pub use payload::{PAYLOAD_BYTES_MAX, parse_payload};
pub use print::keyword::{is_serial_keyword, keyword_kind};
pub use reading_plan::next_look::{NextLook, ReadingPlan};
pub use reading_plan::read_priority::{ReadPriority, read_priority};
pub use reading_plan::second_reading::{LineRef, wants_second_reading};
pub use reconcile::{Disagreeing, Disagreement, Reconciliation, reconcile};
pub use serial::canonical::{CANONICAL_CHARS_MAX, NotCanonical, canonical};
pub use serial::check_digit::CheckCharacter;
pub use serial::fold::fold;
pub use serial::generate::{GenerateError, generate};
pub use serial::look_alike::look_alike;
pub use serial::tusn::Tusn;
