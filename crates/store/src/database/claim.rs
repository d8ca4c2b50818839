//! Leases and claims: the right to work on a row, until when, and the token that proves it.

use jiff::Timestamp;

/// How long claimed work belongs to its claimer. When the time has passed it may be claimed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    ms: i64,
}

impl Lease {
    /// A lease of so many milliseconds.
    pub fn from_millis(ms: u64) -> Self {
        Self { ms: i64::try_from(ms).unwrap_or(i64::MAX) }
    }

    /// When a lease taken `now` ends, in milliseconds since 1970.
    pub(crate) fn end_ms(self, now: Timestamp) -> i64 {
        now.as_millisecond().saturating_add(self.ms)
    }
}

/// The latest time at which something can be due that waits at most so long or is leased: what is due
/// later was queued or claimed while the clock stood wrong, and does not wait for that day.
pub(crate) fn latest_due_ms(wait_max_ms: i64, lease: Lease, now: Timestamp) -> i64 {
    lease.end_ms(now).saturating_add(lease.ms).saturating_add(wait_max_ms)
}

/// Proof of a claim. Once the row was claimed again or settled, it proves nothing any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(crate) id: String,
    pub(crate) fence: i64,
}
