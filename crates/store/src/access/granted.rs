//! What keys and sign-in links have in common for whoever looks into the audit trail.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the audit trail keeps of a new key or sign-in link.
#[derive(Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) name: String,
    pub(crate) role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
}
