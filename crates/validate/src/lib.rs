//! What a serial is, and whether the evidence for one is good enough to register it.
//!
//! Pure: no I/O, no clock, no randomness. `judge` is total: any evidence gives a judgement.

mod canonical;
mod check_digit;
mod correction;
mod ends;
mod estate;
mod evidence;
mod formats;
mod generate;
mod identifier;
mod judge;
mod keyword;
mod label;
mod lattice;
mod look_alike;
mod payload;
mod place;
mod promise;
mod rating;
mod reason;
mod reconcile;
mod rules;
mod second_reading;
mod sighting;
pub mod terminal;
#[cfg(test)]
mod testing;
mod tusn;
mod verdict;

pub use canonical::canonical;
pub use estate::{Estate, EstateMode, look, values_in_view};
pub use evidence::*;
pub use formats::{
    Class, Explanation, FORMATS_BYTES_MAX, Format, Formats, FormatsError, LearnError, Plausibility,
    Proposal, Shape, Standing, explain, learn, misfit,
};
pub use generate::{CheckCharacter, GenerateError, generate};
pub use identifier::*;
pub use judge::judge;
pub use keyword::is_serial_keyword;
pub use look_alike::look_alike;
pub use payload::{Field, Mark, PAYLOAD_BYTES_MAX, parse_payload};
pub use promise::{Promise, promise};
pub use reason::*;
pub use reconcile::{Disagreeing, Disagreement, Reconciliation, reconcile};
pub use rules::acceptance_rules;
pub use second_reading::{LineRef, wants_second_reading};
pub use sighting::looks_like_serial;
pub use tusn::Tusn;
pub use verdict::*;

use serde::{Deserialize, Serialize};

/// A named ground of acceptance; the rule table in `judge` says which suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The value fits a vendor's format.
    Format,
    /// A barcode equals printed text.
    BarcodeEqualsText,
    /// The barcode itself says that it is a serial.
    BarcodeIdentifier,
    /// The value stands beside a serial keyword.
    Keyword,
    /// Two different barcodes carry the value.
    TwoBarcodes,
    /// Two independent text readings agree.
    TwoReadings,
    /// Several photos show the value.
    SeveralPhotos,
    /// The serial is expected.
    Estate,
    /// A person confirmed it.
    Person,
}
