//! The judge's answer: accepted, for review, or unreadable, always with its grounds.

use crate::evidence::{Place, Source, Symbology};
use crate::identifier::Identifier;
use crate::judge::check::Check;
use crate::judge::reason::Reason;
use serde::{Deserialize, Serialize};

/// A verdict together with every number that was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What was decided.
    pub verdict: Verdict,
    /// Everything on the label that is not the serial, typed.
    pub identifiers: Vec<Identifier>,
}

/// What was decided about the photos of one terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verdict {
    /// The serial is certain enough to register.
    Accepted {
        /// The serial.
        serial: Serial,
    },
    /// A person has to look.
    Review {
        /// Which question is open.
        #[serde(default)]
        question: Question,
        /// What it might be, most likely first.
        candidates: Vec<Candidate>,
        /// Why nobody but a person may decide.
        reasons: Vec<Reason>,
    },
    /// Nothing that could be a serial was seen.
    Unreadable {
        /// Why not, and what to do about it.
        reasons: Vec<Reason>,
    },
}

/// What is asked about a label, one after the other.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which of the numbers in view is the serial?
    #[default]
    WhichNumber,
    /// Where does it begin and end?
    WhereDoesItEnd,
    /// Which characters is it made of?
    WhichCharacter,
}

impl Question {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::WhichNumber, Self::WhereDoesItEnd, Self::WhichCharacter];

    /// The question as a person is asked it.
    pub fn text(self) -> &'static str {
        match self {
            Self::WhichNumber => "Which of the numbers is the serial?",
            Self::WhereDoesItEnd => "Where does the serial begin and end?",
            Self::WhichCharacter => "Is each character right?",
        }
    }
}

/// The ground that answered a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// The ground by its name in the table of grounds.
    pub ground: String,
}

/// A serial that was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Serial {
    /// Canonical form: upper case, prefix and separators stripped. A string, never a number.
    pub value: String,
    /// As it stands on the label or in the barcode.
    pub printed: String,
    /// The maker, lower case, or "unknown".
    pub vendor: String,
    /// Name of the format that it fits.
    pub format: String,
    /// What kind of evidence carried it.
    pub source: Source,
    /// The barcode's symbology, if a barcode carried it.
    pub symbology: Option<Symbology>,
    /// 0 to 1.
    pub confidence: f32,
    /// The grounds of acceptance, by name.
    pub checks: Vec<Check>,
    /// The ground that answered each question; none for a serial that a person vouches for.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Characters of the text that the format forced to another of the same look.
    pub corrections: Vec<Correction>,
    /// Where it was found.
    pub place: Option<Place>,
}

impl Serial {
    /// A serial that somebody vouches for as it stands: printed like its value, certain, nothing
    /// checked, corrected or found in a photo. What is known beyond that is set on it.
    pub fn vouched(value: &str, vendor: &str, format: &str, source: Source) -> Self {
        Self {
            value: value.to_owned(),
            printed: value.to_owned(),
            vendor: vendor.to_owned(),
            format: format.to_owned(),
            source,
            symbology: None,
            confidence: 1.0,
            checks: Vec::new(),
            answers: Vec::new(),
            corrections: Vec::new(),
            place: None,
        }
    }

    /// The key of the device at the registry: `vendor:serial`.
    pub fn device_key(&self) -> String {
        format!("{}:{}", self.vendor, self.value)
    }
}

/// Something that may be the serial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Canonical form.
    pub value: String,
    /// The format that it fits, if any.
    pub format: Option<String>,
    /// 0 to 1; only good for ordering.
    pub confidence: f32,
    /// What kind of evidence carried it.
    pub source: Source,
    /// Positions in `value` that the reader was unsure of.
    pub doubtful: Vec<usize>,
    /// Positions in `value` where it may begin or end otherwise: before the character there, or
    /// after the last.
    #[serde(default)]
    pub boundaries: Vec<usize>,
    /// Where it was found.
    pub place: Option<Place>,
}

/// A character of printed text that a format forced to its look-alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Position in the canonical value, from 0.
    pub at: usize,
    /// What was read.
    pub read: char,
    /// What the format allows there.
    pub taken: char,
}
