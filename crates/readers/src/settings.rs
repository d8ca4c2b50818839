//! How a pool of readers is laid out, and what it has done.

use std::path::PathBuf;

/// How a pool is laid out and how far its readers may go.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The program whose hidden `reader` command is a reader.
    pub program: PathBuf,
    /// Number of reader processes.
    pub readers: usize,
    /// Threads that a reader may use while no other one is busy.
    pub threads: usize,
    /// Folder of the models.
    pub models: PathBuf,
    /// Text of the operator's formats file.
    pub formats: Option<String>,
    /// Limits of one read.
    pub limits: scan::Limits,
    /// Deadline of one read.
    pub read_ms_max: u64,
    /// Deadline of a start.
    pub start_ms_max: u64,
    /// Address space of one reader.
    pub memory_bytes_max: u64,
    /// Requests after which a reader is replaced.
    pub requests_max: u32,
    /// Requests that may wait for a reader.
    pub waiting_max: usize,
    /// Whether to start no pool where readers cannot be confined.
    pub must_be_confined: bool,
}

/// What a pool has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that got a reading or a code for their photo.
    pub answered: u64,
    /// Readers killed at their deadline.
    pub timeouts: u64,
    /// Readers that died.
    pub crashes: u64,
    /// Readers that were replaced, for whatever reason; a worn one is, too.
    pub replaced: u64,
    /// Largest resident size of any reader, in bytes.
    pub resident_bytes_peak: u64,
}
