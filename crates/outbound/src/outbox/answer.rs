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
pub(crate) fn outcome(response: &CappedResponse, now: Timestamp) -> Outcome {
    // Whatever is not the JSON object above says nothing: plain "OK" bodies are common.
    let body: Body = serde_json::from_slice(&response.body).unwrap_or_default();
    let asked = response.retry_after.as_deref().and_then(|header| asked_wait(header, now));
    let status = response.status;
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
