//! What the program and a reader say to each other, in frames.

use crate::sandbox::Confinement;
use serde::{Deserialize, Serialize};
use validate::Surface;

/// The first frame to a reader: what it has to load and how far it may go.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) models: std::path::PathBuf,
    /// Text of the operator's formats file.
    pub(crate) formats: Option<String>,
    pub(crate) limits: scan::Limits,
    pub(crate) threads: usize,
    pub(crate) memory_bytes_max: u64,
    pub(crate) read_ms_max: u64,
}

/// The reader's answer to [`Start`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Started {
    Ready(Confinement),
    Failed(String),
}

/// Announces a request; the photos follow, a frame each.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RequestHeader {
    pub(crate) surfaces: Vec<Surface>,
    pub(crate) threads: scan::Threads,
}

/// What a reader sends back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) outcome: Result<scan::Reading, scan::Unreadable>,
    /// The reader's largest resident size so far.
    pub(crate) resident_bytes_peak: u64,
}
