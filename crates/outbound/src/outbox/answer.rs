//! What a registry's HTTP answer means for a delivery.
//!
//! Pure: status, headers and body in, outcome out. A registry is somebody else's program: its
//! words are data, cut short and stripped of control characters before anyone sees them, and
//! nothing it says can keep a delivery from ending.

use crate::net::response::{CappedResponse, asked_wait, clean};
use crate::outbox::delivery::{Answer, AnswerResult, Outcome};
use jiff::Timestamp;
use serde::Deserialize;

/// How much of a registry's code and reference is kept.
const CODE_CHARS_MAX: usize = 100;
/// How much of a registry's explanation is kept.
const WHY_CHARS_MAX: usize = 500;

/// The words by which a registry says what it did, in any case.
const ACCEPTED: [&str; 2] = ["accepted", "ok"];
const PENDING: &str = "pending";
const REJECTED: &str = "rejected";

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

impl Body {
    /// What a body says: the JSON object above, or one word, alone or in quotes. `None` for what is
    /// neither.
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        if text.starts_with('{') {
            return serde_json::from_str(text).ok();
        }
        let word = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        Some(Self { result: Some(word.unwrap_or(text).to_owned()), ..Self::default() })
    }
}

/// The outcome that an answer stands for.
pub(crate) fn outcome(response: &CappedResponse, now: Timestamp) -> Outcome {
    let asked = response.retry_after.as_deref().and_then(|header| asked_wait(header, now));
    let status = response.status;
    match status.as_u16() {
        200..=299 if response.cut => not_understood("is longer than is read"),
        200..=299 if response.body.trim_ascii().is_empty() => Outcome::Delivered(Answer::default()),
        200..=299 => match Body::read(&response.body) {
            Some(body) => taken(body),
            None => not_understood("is no JSON object that is known"),
        },
        410 => Outcome::Gone,
        429 | 503 => Outcome::Throttled { after: asked, why: format!("answered {status}") },
        408 | 425 | 500..=599 => Outcome::Retry { after: asked, why: format!("answered {status}") },
        // The address is the operator's setting: following would send a serial somewhere else.
        300..=399 => Outcome::Retry {
            after: asked,
            why: format!("answered {status}: redirects are not followed, set the final address"),
        },
        // These are about the event.
        400 | 409 | 413 | 422 => {
            let body = Body::read(&response.body).unwrap_or_default();
            refused(body, &format!("http_{}", status.as_u16()), &status.to_string())
        }
        // And all others about the endpoint: its address, its secret, what it takes.
        400..=499 => Outcome::Unserved {
            after: asked,
            why: format!("answered {status}: look at the registry's address, secret and settings"),
        },
        _ => Outcome::Retry { after: asked, why: format!("answered {status}") },
    }
}

/// The outcome of a message that the registry took, or says that it did not. Who does not say either
/// has not taken it: a login page is a success to HTTP too.
pub(crate) fn taken(body: Body) -> Outcome {
    let word = body.result.as_deref().map(|word| word.trim().to_ascii_lowercase());
    let result = match word.as_deref() {
        Some(REJECTED) => return refused(body, REJECTED, "the registry rejected it"),
        Some(PENDING) => AnswerResult::Pending,
        Some(word) if ACCEPTED.contains(&word) => AnswerResult::Accepted,
        Some(_) => return not_understood("has an unknown result"),
        None => return not_understood("has no result"),
    };
    Outcome::Delivered(Answer {
        result,
        code: body.code.map(|code| clean(&code, CODE_CHARS_MAX)),
        registry_ref: body.registry_ref.map(|number| clean(&number, CODE_CHARS_MAX)),
    })
}

fn not_understood(why: &str) -> Outcome {
    let known = "an empty body, or a result of accepted, ok, pending or rejected";
    Outcome::Retry {
        after: None,
        why: format!("not understood: the answer {why}; known is {known}"),
    }
}

fn refused(body: Body, code: &str, why: &str) -> Outcome {
    let code = body.code.as_deref().filter(|code| !code.trim().is_empty()).unwrap_or(code);
    let why = match &body.message {
        Some(serde_json::Value::String(message)) => message,
        _ => why,
    };
    Outcome::Refused { code: clean(code, CODE_CHARS_MAX), why: clean(why, WHY_CHARS_MAX) }
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
    use reqwest::StatusCode;
    use std::time::Duration;

    const NOW: &str = "2026-03-01T12:00:00Z";

    fn of(status: u16, retry_after: Option<&str>, body: &str) -> Outcome {
        let response = CappedResponse {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: retry_after.map(String::from),
            body: body.into(),
            cut: false,
        };
        outcome(&response, NOW.parse().unwrap())
    }

    fn delivered(result: AnswerResult, code: Option<&str>, registry_ref: Option<&str>) -> Outcome {
        let [code, registry_ref] = [code, registry_ref].map(|text| text.map(String::from));
        Outcome::Delivered(Answer { result, code, registry_ref })
    }

    #[test]
    fn a_success_counts_only_if_it_is_understood() {
        let long = format!("{{\"result\":\"accepted\",\"a\":\"{}", "x".repeat(99));
        for body in [
            "<!DOCTYPE html><title>Sign in</title>",
            "[]",
            "{}",
            "null",
            "\u{0}",
            "Welcome",
            r#"{"result":7}"#,
            r#"{"result":null}"#,
            r#"{"result":"odd"}"#,
            r#"{"result":["accepted"]}"#,
            r#"{"result":"accepted","result":"rejected"}"#,
            r#"{"status":"error"}"#,
            r#"{"registry_ref":"R-17"}"#,
            r#"{"result":"accepted""#,
            &long,
        ] {
            let Outcome::Retry { after: None, why } = of(200, None, body) else { panic!("{body}") };
            assert!(why.starts_with("not understood"), "{why}");
        }
        let gzip = CappedResponse {
            status: StatusCode::OK,
            retry_after: None,
            body: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
            cut: false,
        };
        assert!(matches!(outcome(&gzip, NOW.parse().unwrap()), Outcome::Retry { .. }));
        let cut = CappedResponse { body: Vec::new(), cut: true, ..gzip };
        assert!(matches!(outcome(&cut, NOW.parse().unwrap()), Outcome::Retry { .. }));
        for body in ["", "\n", "OK", "ok\n", "\"Accepted\"", r#"{"result":"ACCEPTED"}"#] {
            let expected = delivered(AnswerResult::Accepted, None, None);
            assert_eq!(of(200, None, body), expected, "{body}");
        }
        for body in [
            "Rejected",
            r#"{"result":"REJECTED"}"#,
            "\u{feff}{\"result\":\"rejected\"}",
            r#" {"result": " Rejected "} "#,
        ] {
            assert!(matches!(of(200, None, body), Outcome::Refused { .. }), "{body}");
        }
    }

    #[test]
    fn what_a_registry_says_beside_its_word_is_kept() {
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
        for status in [401, 402, 403, 404, 405, 406, 407, 411, 414, 415, 421, 431, 451, 499] {
            assert!(matches!(of(status, None, ""), Outcome::Unserved { .. }), "{status}");
            let said = of(status, Some("7"), r#"{"result":"rejected","code":"no"}"#);
            let after = Some(Duration::from_secs(7));
            assert!(matches!(said, Outcome::Unserved { after: it, .. } if it == after), "{status}");
        }
        for status in [400, 409, 413, 422] {
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
    fn a_throttling_registry_is_left_alone_as_long_as_it_asks() {
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
