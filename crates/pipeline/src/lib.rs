//! The service without HTTP: from the stored photo to the owed registration, for the service, the
//! inbox and the command line alike. It never serves a request and never decides what a serial is.
//!
//! Where to find what:
//! - `lifecycle`: [`Pipeline`] opens and ends everything that records, together
//! - [`settings`]: what can be set, and its defaults
//! - [`reading`]: claims scans, has them read, judges and finishes them; whose turn it is, who reads
//! - [`registration`]: the event that an accepted terminal owes; [`decisions`] and
//!   [`terminal_operations`]: what a person's decision or an operation does
//! - [`answer`], [`stored`]: the Scan object that every door answers with
//! - [`details`]: what a person says beside the photo
//! - [`access`]: roles, keys and sign-in secrets
//! - [`formats`], [`lists`], [`issue`]: formats, lists of serials and new serials
//! - [`housekeeping`], [`metrics`], [`clock`]

pub mod access;
pub mod answer;
pub mod clock;
pub mod csv_cell;
pub mod decisions;
pub mod details;
pub mod formats;
pub mod hex;
pub mod housekeeping;
pub mod issue;
mod lifecycle;
pub mod lists;
pub mod metrics;
pub mod reading;
pub mod registration;
pub mod settings;
pub mod storage;
pub mod stored;
pub mod terminal_operations;

pub use lifecycle::{Handles, Pipeline, open_registry};
