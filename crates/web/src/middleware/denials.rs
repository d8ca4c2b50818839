//! What callers were denied, for the audit trail. A caller who is denied without end may not fill the
//! disk: of one action of one caller a minute tells one entry, and the next entry how many there were
//! since.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long further denials of the same kind are only counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Callers and actions that are counted at once; more are in the log alone.
const WINDOWS_MAX: usize = 4096;

/// Denials of one action of one caller.
struct Window {
    /// When the last entry was made.
    told_at: Timestamp,
    /// Denials since.
    untold: u64,
}

/// The denials that were told lately.
#[derive(Default)]
pub(crate) struct Denials(Mutex<HashMap<(String, String), Window>>);

impl Denials {
    /// Counts a denial. Answers how many an entry has to tell of, none if it is too soon for one.
    pub(crate) fn count(&self, caller: &str, action: &str, now: Timestamp) -> Option<u64> {
        let is_over = |window: &Window| now.duration_since(window.told_at) >= WINDOW;
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (caller.to_owned(), action.to_owned());
        if let Some(window) = windows.get_mut(&key) {
            window.untold += 1;
            if !is_over(window) {
                return None;
            }
            window.told_at = now;
            return Some(std::mem::take(&mut window.untold));
        }
        if windows.len() >= WINDOWS_MAX {
            windows.retain(|_, window| !is_over(window));
        }
        if windows.len() >= WINDOWS_MAX {
            return None;
        }
        windows.insert(key, Window { told_at: now, untold: 0 });
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_minute_of_denials_is_one_entry_and_none_is_forgotten() {
        let denials = Denials::default();
        let told: Vec<_> =
            (0..60).filter_map(|s| denials.count("van 7", "GET /a", at(s))).collect();
        assert_eq!(told, [1]);
        assert_eq!(denials.count("van 7", "GET /a", at(60)), Some(60), "59 were not told of yet");
        assert_eq!(denials.count("van 7", "GET /a", at(61)), None);
        assert_eq!(denials.count("van 7", "GET /b", at(61)), Some(1), "another action");
        assert_eq!(denials.count("van 8", "GET /a", at(61)), Some(1), "another caller");
    }

    #[test]
    fn the_table_of_denials_is_bounded_and_empties_itself() {
        let denials = Denials::default();
        let names = 0..WINDOWS_MAX + 100;
        let told = names.filter_map(|n| denials.count(&n.to_string(), "GET /a", at(0))).count();
        assert_eq!(told, WINDOWS_MAX);
        assert_eq!(denials.count("late", "GET /a", at(59)), None);
        assert_eq!(denials.count("late", "GET /a", at(60)), Some(1));
        assert_eq!(denials.0.lock().unwrap().len(), 1);
    }
}
