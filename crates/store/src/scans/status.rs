//! How far a scan is.

use serde::{Deserialize, Serialize};

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanStatus {
    /// Received; not read yet.
    Queued,
    /// Its serial stands: by the judge or by a person.
    Accepted,
    /// A person has to look.
    Review,
    /// Nothing was read that could be a serial.
    Unreadable,
    /// A person said that nothing here is to be registered.
    Rejected,
}
