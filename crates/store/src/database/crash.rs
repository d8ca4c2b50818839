//! Where tests end the process: between two steps that must both survive a power cut, or neither.
//!
//! A build with debug assertions ends itself, without a word and without unwinding, when it comes
//! to the point that `LABELSCAN_CRASH_AT` names: `NAME`, or `NAME:N` for the Nth time. In a release
//! build nothing of this is left.

/// Every point, in the order in which an upload passes them.
pub const CRASH_POINTS: [&str; 13] = [
    "upload.received",
    "upload.photo_written",
    "upload.photos_written",
    "upload.row_written",
    "scan.claimed",
    "scan.read",
    "scan.finishing",
    "scan.finished",
    "decision.recording",
    "delivery.claimed",
    "delivery.answered",
    "delivery.settling",
    "delivery.settled",
];

/// Ends the process here if it was told to.
#[cfg(debug_assertions)]
pub fn crash_point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static TOLD: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    debug_assert!(CRASH_POINTS.contains(&name), "{name} is not listed");
    let told = TOLD.get_or_init(|| {
        let told = std::env::var("LABELSCAN_CRASH_AT").ok()?;
        let (name, n) = told.split_once(':').unwrap_or((&told, "1"));
        Some((name.to_owned(), n.parse().unwrap_or(1)))
    });
    if let Some((at, n)) = told
        && at == name
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *n
    {
        std::process::abort();
    }
}

/// Does nothing: only builds with debug assertions crash on demand.
#[cfg(not(debug_assertions))]
pub fn crash_point(_: &str) {}
