//! Readers: processes of our own program that look at photos, so that a photo can hang, crash or
//! exhaust one of them and nothing else.
//!
//! A thread cannot be killed and barcode decoders do hang on crafted pictures; a process can be
//! killed. A photo goes in over a pipe, evidence comes out; a reader has memory and CPU limits and,
//! once its models are loaded, neither network nor files. Nothing here judges, and no reader
//! outlives the pool that started it.

mod frame;
mod pool;
mod process;
mod sandbox;
mod supervisor;
pub mod worker;

pub use pool::{Counts, Pool, PoolError, PoolSettings};
pub use sandbox::{Confinement, confine};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use validate::Surface;

/// The photos of one terminal, to be read together.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// One entry a photo.
    pub photos: Vec<PhotoBytes>,
}

/// One photo as it was sent.
#[derive(Clone, Debug)]
pub struct PhotoBytes {
    /// The file: JPEG, HEIC, PNG or WebP.
    pub bytes: Bytes,
    /// What it was taken of.
    pub surface: Surface,
}

/// Why a request has no reading.
#[derive(Clone, Debug, Error)]
pub enum ReadFailure {
    /// A photo cannot be read at all.
    #[error(transparent)]
    Unreadable(#[from] scan::Unreadable),
    /// It took longer than `read_ms_max`; the reader was killed and replaced.
    #[error("not read within {after_ms} ms")]
    Timeout {
        /// The deadline.
        after_ms: u64,
    },
    /// The reader died of it and was replaced.
    #[error("the reader failed: {how}")]
    Crashed {
        /// Exit status or what was wrong with the answer.
        how: String,
    },
    /// No reader is free, or too many requests wait for one.
    #[error("no reader is free")]
    Busy,
    /// The pool is shutting down.
    #[error("the readers are shutting down")]
    Closed,
}

/// The first frame to a reader: what it has to load and how far it may go.
#[derive(Debug, Serialize, Deserialize)]
struct Start {
    models: std::path::PathBuf,
    /// Text of the operator's formats file.
    formats: Option<String>,
    limits: scan::Limits,
    threads: usize,
    memory_bytes_max: u64,
    read_ms_max: u64,
}

/// The reader's answer to [`Start`].
#[derive(Debug, Serialize, Deserialize)]
enum Started {
    Ready(Confinement),
    Failed(String),
}

/// Announces a request; the photos follow, a frame each.
#[derive(Debug, Serialize, Deserialize)]
struct RequestHeader {
    surfaces: Vec<Surface>,
    threads: scan::Threads,
}

/// What a reader sends back.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    outcome: Result<scan::Reading, scan::Unreadable>,
    /// The reader's largest resident size so far.
    resident_bytes_peak: u64,
}
