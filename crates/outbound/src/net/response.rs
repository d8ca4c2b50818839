//! An answer as another host gave it, and what is common to all of them: the wait that it asks for,
//! and words that are cut short and stripped of control characters before anyone sees them.

use jiff::Timestamp;
use reqwest::StatusCode;
use std::time::Duration;

/// The longest wait that a host can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// An answer as it came, its body complete or cut to nothing.
pub(crate) struct CappedResponse {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
    /// True if the body was longer than is read.
    pub(crate) cut: bool,
}

/// Retry-After in either of its two forms (RFC 9110, 10.2.3), capped; nothing for what is neither.
pub(crate) fn asked_wait(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let wait = match header.bytes().all(|byte| byte.is_ascii_digit()) && !header.is_empty() {
        true => header.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs),
        false => {
            let at = Timestamp::try_from(httpdate::parse_http_date(header).ok()?).ok()?;
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// Somebody else's words without control characters, cut to `chars_max`.
pub(crate) fn clean(text: &str, chars_max: usize) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-01T12:00:00Z";

    #[test]
    fn retry_after_is_honoured_in_both_forms_and_capped() {
        for (header, seconds) in [
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("0", Some(0)),
            ("Sun, 01 Mar 2026 12:10:00 GMT", Some(600)),
            ("Sunday, 01-Mar-26 12:10:00 GMT", Some(600)),
            ("Sun, 01 Mar 2026 11:00:00 GMT", Some(0)),
            ("99999999999999999999999999", Some(86400)),
            ("31536000", Some(86400)),
            ("Tue, 01 Mar 2033 12:00:00 GMT", Some(86400)),
            ("", None),
            ("-5", None),
            ("soon", None),
            ("1.5", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(asked_wait(header, NOW.parse().unwrap()), expected, "{header}");
        }
    }
}
