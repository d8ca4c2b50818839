//! The texts of the pages, one file a language. A missing text is an error when the file is read,
//! so a page can never show a hole.

use super::console::ConsoleTexts;
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The languages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English, where nothing else is asked for.
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// What a browser asks for: a choice made on the page (cookie `lang`) before its own settings.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let chosen = header(header::COOKIE).and_then(|cookies| {
            cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("lang="))
        });
        match chosen {
            Some("zh") => Self::Chinese,
            Some(_) => Self::English,
            None => Self::preferred(header(header::ACCEPT_LANGUAGE).unwrap_or_default()),
        }
    }

    /// The language with the highest weight in an Accept-Language header; the first among equals.
    fn preferred(accepted: &str) -> Self {
        let weighted = accepted.split(',').filter_map(|range| {
            let mut parts = range.split(';');
            let language = match parts.next()?.trim().split('-').next()? {
                "en" => Self::English,
                "zh" => Self::Chinese,
                _ => return None,
            };
            let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
            Some((weight.and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0), language))
        });
        let best = weighted.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map_or(Self::English, |(_, language)| language)
    }

    /// Its texts.
    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }
}

/// Every text. The field names are the keys of the files in `texts/`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub(crate) lang: String,
    pub(crate) other_lang: String,
    pub(crate) other_language: String,
    pub(crate) capture_title: String,
    pub(crate) capture_hint: String,
    pub(crate) take: String,
    pub(crate) choose: String,
    pub(crate) camera: String,
    pub(crate) viewfinder: String,
    pub(crate) close: String,
    pub(crate) shutter: String,
    pub(crate) torch: String,
    pub(crate) aim: String,
    pub(crate) no_camera: String,
    pub(crate) recent: String,
    pub(crate) waiting_count: String,
    pub(crate) retrying: String,
    pub(crate) offline: String,
    pub(crate) sign_in_needed: String,
    pub(crate) may_be_dropped: String,
    pub(crate) no_registry: String,
    pub(crate) needs_script: String,
    pub(crate) review_title: String,
    pub(crate) confirm: String,
    pub(crate) correct: String,
    pub(crate) reject: String,
    pub(crate) by_hand_title: String,
    pub(crate) by_hand: String,
    pub(crate) sign_in_title: String,
    pub(crate) sign_in_once: String,
    pub(crate) sign_in: String,
    pub(crate) sign_in_failed: String,
    pub(crate) sign_in_how: String,
    pub(crate) sign_out: String,
    pub(crate) company_sign_in: String,
    pub(crate) company_or_link: String,
    pub(crate) company_attempt_unknown: String,
    pub(crate) company_refused: String,
    pub(crate) company_no_role: String,
    pub(crate) company_unavailable: String,
    pub(crate) company_busy: String,
    pub(crate) signed_in: String,
    pub(crate) go_on: String,
    pub(crate) docs_hint: String,
    pub(crate) details_title: String,
    pub(crate) site: String,
    pub(crate) merchant: String,
    pub(crate) tid: String,
    pub(crate) operation: String,
    pub(crate) bind: String,
    pub(crate) stock_in: String,
    pub(crate) swap: String,
    pub(crate) unbind: String,
    pub(crate) replaces: String,
    pub(crate) note: String,
    pub(crate) position: String,
    pub(crate) expected: String,
    pub(crate) batch_start: String,
    /// Texts that only the technician's script shows.
    pub(crate) phone: BTreeMap<String, String>,
    pub(crate) next: BTreeMap<String, String>,
    pub(crate) registrations: BTreeMap<String, String>,
    pub(crate) refusals: BTreeMap<String, String>,
    pub(crate) states: BTreeMap<String, String>,
    pub(crate) checks: BTreeMap<String, String>,
    pub(crate) questions: BTreeMap<String, String>,
    pub(crate) reasons: BTreeMap<String, String>,
    pub(crate) problems: BTreeMap<String, String>,
    /// Only for operators, so no other page's script gets it.
    #[serde(skip_serializing)]
    pub(crate) console: ConsoleTexts,
}

impl Texts {
    /// The texts for a page's script, safe inside a `<script type="application/json">` element.
    pub(crate) fn json(&self) -> String {
        script_json(self)
    }
}

/// JSON for a page's script, safe inside a `<script type="application/json">` element.
pub(crate) fn script_json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    json.replace('<', "\\u003c")
}

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| parse(include_str!("../../texts/en.toml")));
static CHINESE: LazyLock<Texts> = LazyLock::new(|| parse(include_str!("../../texts/zh.toml")));

fn parse(file: &str) -> Texts {
    toml::from_str(file).expect("the files in texts/ are complete, a test reads both")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn both_languages_have_every_text() {
        let (english, chinese) = (Language::English.texts(), Language::Chinese.texts());
        for (one, other) in [
            (&english.phone, &chinese.phone),
            (&english.next, &chinese.next),
            (&english.registrations, &chinese.registrations),
            (&english.refusals, &chinese.refusals),
            (&english.states, &chinese.states),
            (&english.checks, &chinese.checks),
            (&english.console.kinds, &chinese.console.kinds),
        ] {
            assert!(one.keys().eq(other.keys()), "{one:?} {other:?}");
        }
    }

    #[test]
    fn the_browser_and_the_person_choose() {
        let asked = |name, value| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            Language::of(&headers)
        };
        assert_eq!(asked(header::ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(asked(header::ACCEPT_LANGUAGE, "de,en;q=0.5,zh;q=0.7"), Language::Chinese);
        assert_eq!(asked(header::ACCEPT_LANGUAGE, "fr"), Language::English);
        assert_eq!(asked(header::COOKIE, "a=b; lang=zh"), Language::Chinese);
    }
}
