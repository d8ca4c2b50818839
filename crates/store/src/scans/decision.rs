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
    /// On whose authority.
    pub authority: Authority,
    /// The canonical serial that somebody else decided on and that this replaces, as the person saw
    /// it; empty if that was none. An own decision is replaced without it.
    pub instead_of: Option<String>,
    /// The registration that is owed for the serial; none when rejecting.
    pub registration: Option<Registration>,
    /// What is owed for the terminal that the scan stood for until now, if it does no more.
    pub withdrawal: Option<Registration>,
}

impl Decision {
    /// A decision that owes nothing and replaces nobody's.
    pub fn new(action: Action, by: &str, authority: Authority) -> Self {
        let (instead_of, registration, withdrawal) = (None, None, None);
        Self { action, by: by.to_owned(), authority, instead_of, registration, withdrawal }
    }
}

/// On whose authority something is decided. Nobody overrides somebody with more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Whoever took the photo.
    Technician,
    /// Somebody who answers for every terminal. What does not say counts as this.
    #[default]
    Operator,
}

/// A serial that somebody typed and somebody else is to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The serial, its source a person.
    pub serial: Serial,
    /// Who typed it.
    pub by: String,
    /// On whose authority.
    pub authority: Authority,
    /// When.
    pub at: Timestamp,
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
    /// On whose authority.
    #[serde(default)]
    pub authority: Authority,
    /// When.
    pub at: Timestamp,
}

impl Decided {
    /// What was decided, in a sentence without a whole serial.
    pub fn told(&self) -> String {
        let by = &self.by;
        let ending = self.action.serial().map(|serial| {
            let (at, _) = serial.value.char_indices().rev().take(4).last().unwrap_or_default();
            &serial.value[at..]
        });
        match (&self.action, ending) {
            (Action::Confirm { .. }, Some(ending)) => {
                format!("{by} confirmed the serial that ends in {ending}")
            }
            (_, Some(ending)) => format!("{by} typed the serial that ends in {ending}"),
            (_, None) => format!("{by} said that there is nothing to register"),
        }
    }

    /// Whether `next` may replace it: a confirmation never does, nobody overrides somebody with
    /// more authority, and another person's word only by who has seen it.
    pub(crate) fn may_be_replaced_by(&self, next: &Decision) -> bool {
        let seen = self.action.serial().map_or("", |serial| &serial.value);
        let is_known = self.by == next.by
            || next.authority > self.authority
            || next.instead_of.as_deref() == Some(seen);
        let changes = !matches!(next.action, Action::Confirm { .. });
        changes && next.authority >= self.authority && is_known
    }
}
