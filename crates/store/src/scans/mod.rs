//! Scans from the upload to the verdict: received, queued for reading, found, decided by people,
//! removed after their time. It must never answer before an upload is durable, nor let a finding
//! overwrite a decision.

pub(crate) mod decide;
pub(crate) mod decision;
pub(crate) mod finding;
mod locked_scan;
pub(crate) mod receive;
pub(crate) mod retention;
pub(crate) mod review;
pub(crate) mod scan;
pub(crate) mod scan_id;
pub(crate) mod scan_queue;
pub(crate) mod status;
mod undo;
pub(crate) mod upload;
