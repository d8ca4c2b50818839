//! How many requests one caller may send, and how often one address may come without being
//! recognised. An address as such is not limited: a depot or a proxy may stand behind it. Entries
//! that have their full allowance again are forgotten, so the tables stay small.

use crate::problem::{Code, Problem};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

/// Requests between two clean-ups of the tables.
const CLEAN_EVERY: u32 = 4096;

/// The allowances of callers and of strangers.
pub(crate) struct Rate {
    callers: DefaultKeyedRateLimiter<String>,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
    since_cleaned: AtomicU32,
}

impl Rate {
    /// `per_second` requests of a caller, and as many failures of a stranger's address; ten seconds' worth at once.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(9));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            callers: RateLimiter::keyed(quota),
            strangers: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            since_cleaned: AtomicU32::new(0),
        }
    }

    /// Counts a request that named no valid key or session.
    pub(crate) fn count_stranger(&self, address: IpAddr) -> Result<(), Problem> {
        self.count(&self.strangers, &network(address))
    }

    /// Counts a request of a caller who was recognised.
    pub(crate) fn count_caller(&self, name: &str) -> Result<(), Problem> {
        self.count(&self.callers, &name.to_owned())
    }

    fn count<K: Clone + Eq + Hash>(
        &self,
        allowances: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), Problem> {
        if self.since_cleaned.fetch_add(1, Ordering::Relaxed) >= CLEAN_EVERY {
            self.since_cleaned.store(0, Ordering::Relaxed);
            self.callers.retain_recent();
            self.strangers.retain_recent();
        }
        allowances.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            Problem::from(Code::RateLimited).retry_after_s(wait.as_secs() as u32 + 1)
        })
    }
}

/// One subscriber commonly holds a whole /64, so that is what counts as one address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_and_one_network_have_one_allowance() {
        let rate = Rate::new(NonZeroU32::MIN);
        let allowed = |name: &str| (0..20).filter(|_| rate.count_caller(name).is_ok()).count();
        assert_eq!(allowed("van 7"), 10);
        assert_eq!(allowed("van 8"), 10);
        let from = |address: &str| rate.count_stranger(address.parse().unwrap()).is_ok();
        assert_eq!((0..20).filter(|_| from("2001:db8::1")).count(), 10);
        assert!(!from("2001:db8::2"), "the same /64");
        assert!(from("2001:db8:0:1::1"));
        assert_eq!((0..20).filter(|_| from("192.0.2.1")).count(), 10);
        assert!(!from("::ffff:192.0.2.1"), "the same address, mapped");
        assert!(from("192.0.2.2"));
    }
}
