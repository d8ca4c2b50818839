//! When a delivery is tried again, and when it is given up.
//!
//! Pure: the randomness is a parameter. The steps are those that Standard Webhooks recommends; the
//! jitter keeps a thousand registrations that failed together from coming back together. A wait is
//! never shorter than the registry asked for.

use std::time::Duration;

/// The waits after the first, second, ... failed attempt, in seconds. After the last one has
/// failed as well the delivery is exhausted: eight attempts over a good 27 hours.
const WAITS_S: [u64; 7] = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600];

/// A wait is drawn from within this part of itself, above or below.
const JITTER: f64 = 0.2;

/// How many attempts a delivery has, the first included.
pub const ATTEMPTS_MAX: u32 = WAITS_S.len() as u32 + 1;

/// How long to wait after the `attempts`-th attempt (1 for the first) has failed; `None` when
/// that was the last. `random` is drawn evenly from 0 to 1; `asked` is what the registry's
/// Retry-After said, which can lengthen a wait but not shorten it.
pub fn next_wait(attempts: u32, random: f64, asked: Option<Duration>) -> Option<Duration> {
    let wait_s = *WAITS_S.get(attempts.saturating_sub(1) as usize)?;
    let factor = 1.0 + JITTER * (2.0 * random.clamp(0.0, 1.0) - 1.0);
    let wait = Duration::from_secs(wait_s).mul_f64(factor);
    Some(wait.max(asked.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_the_published_ones_and_then_it_ends() {
        let seconds: Vec<_> = (1..=9)
            .map(|attempts| next_wait(attempts, 0.5, None).map(|wait| wait.as_secs()))
            .collect();
        let steps = [5, 300, 1800, 7200, 18000, 36000, 36000].map(Some);
        assert_eq!(seconds[..7], steps);
        assert_eq!(seconds[7..], [None, None]);
        assert_eq!(ATTEMPTS_MAX, 8);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        assert_eq!(next_wait(2, 0.0, None), Some(Duration::from_secs(240)));
        assert_eq!(next_wait(2, 1.0, None), Some(Duration::from_secs(360)));
        for nonsense in [-5.0, 7.0, f64::INFINITY] {
            let wait = next_wait(2, nonsense, None).unwrap().as_secs();
            assert!((240..=360).contains(&wait), "{nonsense} gave {wait}");
        }
    }

    #[test]
    fn a_registry_can_lengthen_a_wait_but_not_shorten_it() {
        assert_eq!(next_wait(1, 0.5, Some(Duration::from_secs(60))), Some(Duration::from_secs(60)));
        assert_eq!(next_wait(2, 0.5, Some(Duration::from_secs(1))), Some(Duration::from_secs(300)));
        assert_eq!(next_wait(8, 0.5, Some(Duration::from_secs(1))), None, "given up is given up");
    }
}
