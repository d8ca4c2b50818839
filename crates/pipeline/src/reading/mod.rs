//! How stored photos get their verdicts: the queue of scans, whose turn it is, and who looks at the
//! photos. It must never judge twice in two ways, nor lose a scan whose reader died.

pub mod fair_queue;
pub mod reader_settings;
pub mod reading_source;
pub mod scan_worker;
