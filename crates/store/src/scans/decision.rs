//! What a person can say about a scan.

use crate::terminals::registration::Registration;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validate::Serial;

/// A decision that is to be recorded.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What was decided.
    pub action: Action,
    /// Who decided.
    pub by: String,
    /// The registration that is owed for the serial; none when rejecting.
    pub registration: Option<Registration>,
}

/// What a person can decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// One of the candidates is the serial.
    Confirm {
        /// The serial, its source a person.
        serial: Serial,
    },
    /// The serial is another one, also after an earlier acceptance or decision.
    Correct {
        /// The serial, its source a person.
        serial: Serial,
    },
    /// Nothing here is to be registered.
    Reject {
        /// Why, in the person's words.
        why: Option<String>,
    },
}

impl Action {
    /// The serial that stands after it.
    pub fn serial(&self) -> Option<&Serial> {
        match self {
            Self::Confirm { serial } | Self::Correct { serial } => Some(serial),
            Self::Reject { .. } => None,
        }
    }

    pub(crate) fn audited_as(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "scan.confirmed",
            Self::Correct { .. } => "scan.corrected",
            Self::Reject { .. } => "scan.rejected",
        }
    }
}

/// A decision that was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// What was decided.
    pub action: Action,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
