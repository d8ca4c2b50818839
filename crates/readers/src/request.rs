//! What a pool is asked, and why there may be no answer.

use bytes::Bytes;
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
