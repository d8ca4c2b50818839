//! What a registry's HTTP answer means for a delivery.
//!
//! Pure: status, headers and body in, outcome out. A registry is somebody else's program: its
//! words are data, cut short and stripped of control characters before anyone sees them, and
//! nothing it says can keep a delivery from ending.

use crate::Outcome;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest wait that a registry can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// How much of a registry's code and reference is kept.
const CODE_CHARS_MAX: usize = 100;
/// How much of a registry's explanation is kept.
const WHY_CHARS_MAX: usize = 500;

/// What a registry says about a registration that it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerResult {
    /// It is registered, or the registry does not tell.
    #[default]
    Accepted,
    /// The registry decides later.
    Pending,
}

/// A registry's answer to a delivery that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Accepted or pending.
    pub result: AnswerResult,
    /// The registry's code, if it gave one.
    pub code: Option<String>,
    /// The registry's own number for the registration, if it gave one.
    pub registry_ref: Option<String>,
}

/// An answer as it came, its body complete or cut to nothing.
pub(crate) struct Heard {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
    /// True if the body was longer than is read.
    pub(crate) cut: bool,
}

/// The body that a registry may send with any status.
#[derive(Default, Deserialize)]
pub(crate) struct Body {
    result: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    code: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    registry_ref: Option<String>,
    #[serde(alias = "detail", alias = "error", alias = "title")]
    message: Option<serde_json::Value>,
}

/// The outcome that an answer stands for.
pub(crate) fn outcome(heard: &Heard, now: Timestamp) -> Outcome {
    // Whatever is not the JSON object above says nothing: plain "OK" bodies are common.
    let body: Body = serde_json::from_slice(&heard.body).unwrap_or_default();
    let asked = heard.retry_after.as_deref().and_then(|header| asked_wait(header, now));
    let status = heard.status;
    match status.as_u16() {
        200..=299 => taken(body),
        410 => Outcome::Gone,
        429 | 503 => Outcome::Throttled { after: asked, why: format!("answered {status}") },
        408 | 425 | 500..=599 => Outcome::Retry { after: asked, why: format!("answered {status}") },
        // The address is the operator's setting: following would send a serial somewhere else.
        300..=399 => Outcome::Retry {
            after: asked,
            why: format!("answered {status}: redirects are not followed, set the final address"),
        },
        400..=499 => refused(body, &format!("http_{}", status.as_u16()), &status.to_string()),
        _ => Outcome::Retry { after: asked, why: format!("answered {status}") },
    }
}

/// The outcome of a message that the registry took, or says that it did not.
pub(crate) fn taken(body: Body) -> Outcome {
    let result = match body.result.as_deref() {
        Some("rejected") => return refused(body, "rejected", "the registry rejected it"),
        Some("pending") => AnswerResult::Pending,
        _ => AnswerResult::Accepted,
    };
    Outcome::Delivered(Answer {
        result,
        code: body.code.map(|code| clean(&code, CODE_CHARS_MAX)),
        registry_ref: body.registry_ref.map(|number| clean(&number, CODE_CHARS_MAX)),
    })
}

fn refused(body: Body, code: &str, why: &str) -> Outcome {
    let code = body.code.as_deref().filter(|code| !code.trim().is_empty()).unwrap_or(code);
    let why = match &body.message {
        Some(serde_json::Value::String(message)) => message,
        _ => why,
    };
    Outcome::Refused { code: clean(code, CODE_CHARS_MAX), why: clean(why, WHY_CHARS_MAX) }
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

/// A registry's words without control characters, cut to `chars_max`.
pub(crate) fn clean(text: &str, chars_max: usize) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

/// Codes are numbers at some registries.
fn text_or_number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<serde_json::Value>::deserialize(from)? {
        Some(serde_json::Value::String(text)) => Some(text),
        Some(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-01T12:00:00Z";

    fn of(status: u16, retry_after: Option<&str>, body: &str) -> Outcome {
        let heard = Heard {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: retry_after.map(String::from),
            body: body.into(),
            cut: false,
        };
        outcome(&heard, NOW.parse().unwrap())
    }

    fn delivered(result: AnswerResult, code: Option<&str>, registry_ref: Option<&str>) -> Outcome {
        let [code, registry_ref] = [code, registry_ref].map(|text| text.map(String::from));
        Outcome::Delivered(Answer { result, code, registry_ref })
    }

    #[test]
    fn any_success_is_delivered_unless_its_body_rejects() {
        for body in
            ["", "OK", "[]", "{}", "{\"result\":7}", "null", "\u{0}", "{\"result\":\"odd\"}"]
        {
            assert_eq!(
                of(200, None, body),
                delivered(AnswerResult::Accepted, None, None),
                "{body}"
            );
        }
        assert_eq!(of(204, None, ""), delivered(AnswerResult::Accepted, None, None));
        assert_eq!(
            of(202, None, r#"{"result":"pending","registry_ref":"R-17"}"#),
            delivered(AnswerResult::Pending, None, Some("R-17"))
        );
        assert_eq!(
            of(200, None, r#"{"result":"accepted","code":0,"registry_ref":4711}"#),
            delivered(AnswerResult::Accepted, Some("0"), Some("4711"))
        );
        assert_eq!(
            of(200, None, r#"{"result":"rejected","code":"already_registered"}"#),
            Outcome::Refused {
                code: "already_registered".into(),
                why: "the registry rejected it".into()
            }
        );
        assert_eq!(
            of(200, None, r#"{"result":"rejected","code":" ","detail":"not in\nthe estate"}"#),
            Outcome::Refused { code: "rejected".into(), why: "not inthe estate".into() }
        );
    }

    #[test]
    fn each_status_has_its_outcome() {
        for status in [408, 425, 500, 502, 504, 507, 599, 301, 302, 307, 308, 304] {
            assert!(matches!(of(status, None, ""), Outcome::Retry { after: None, .. }), "{status}");
        }
        for status in [429, 503] {
            assert!(matches!(of(status, None, ""), Outcome::Throttled { .. }), "{status}");
        }
        for status in [400, 401, 403, 404, 405, 409, 413, 415, 422, 451] {
            let Outcome::Refused { code, .. } = of(status, None, "") else { panic!("{status}") };
            assert_eq!(code, format!("http_{status}"));
        }
        assert_eq!(of(410, None, ""), Outcome::Gone);
        assert_eq!(
            of(422, None, r#"{"code":"mid_inactive","message":"merchant is not active"}"#),
            Outcome::Refused { code: "mid_inactive".into(), why: "merchant is not active".into() }
        );
    }

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
        let Outcome::Throttled { after, .. } = of(429, Some("30"), "") else { panic!() };
        assert_eq!(after, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_registrys_words_are_cut_and_cleaned() {
        let body = format!(
            r#"{{"code":"{}","message":"\u001b[31m{}"}}"#,
            "c".repeat(9999),
            "ü".repeat(9999)
        );
        let Outcome::Refused { code, why } = of(400, None, &body) else { panic!() };
        assert_eq!((code.chars().count(), why.chars().count()), (CODE_CHARS_MAX, WHY_CHARS_MAX));
        assert!(!why.contains('\u{1b}'));
    }
}
