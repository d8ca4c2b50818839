//! What callers were denied, for the audit trail. A caller who is denied without end may not fill the
//! disk: of one action of one caller a minute tells one entry, and the next entry how many there were
//! since. What nobody was recognised for is in the log alone: strangers are without number.

use crate::app::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How long further denials of the same kind are only counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Callers and actions that are counted at once; more are in the log alone.
const WINDOWS_MAX: usize = 4096;

/// Whom a request comes from. The handler's side of the service finds out; what wraps it has to know.
#[derive(Clone, Default)]
pub(crate) struct Recognised(Arc<OnceLock<String>>);

impl Recognised {
    /// Notes the caller. The first word stands: a request has one caller.
    pub(crate) fn is(&self, name: &str) {
        let _ = self.0.set(name.to_owned());
    }
}

/// What the audit trail keeps of a denial.
#[derive(Serialize)]
struct Denial {
    /// The status of the answer.
    status: u16,
    /// Denials since the entry before, this one included.
    count: u64,
}

/// Adds what a recognised caller was denied to the audit trail, before the answer goes out.
pub(crate) async fn audit_denied(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    // The pattern, not the path, which holds serials.
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let action =
        format!("{} {}", crate::middleware::guard::known(request.method()), route.unwrap_or("/"));
    let recognised = Recognised::default();
    request.extensions_mut().insert(recognised.clone());
    let response = next.run(request).await;
    let status = response.status();
    let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let Some(name) = recognised.0.get().filter(|_| denied) else { return response };
    let now = app.now();
    if let Some(count) = app.denials().count(name, &action, now) {
        let denial = Denial { status: status.as_u16(), count };
        let told = app.store().record(name, "denied", &action, &denial, now).await;
        if let Err(error) = told {
            tracing::error!(%error, "a denial is not in the audit trail");
        }
    }
    response
}

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
    fn count(&self, caller: &str, action: &str, now: Timestamp) -> Option<u64> {
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
