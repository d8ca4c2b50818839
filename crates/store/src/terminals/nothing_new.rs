//! The answer to whoever asked for what has happened already.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validate::terminal::State;

/// What stands of a terminal that a scan or an operation changed nothing of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NothingNew {
    /// Where it is in its life.
    pub state: State,
    /// The merchant that has it.
    pub merchant: Option<String>,
    /// The terminal number that it works under.
    pub tid: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// Since when that is so.
    pub since: Option<Timestamp>,
}
