//! Plays the cases of a table and holds what came of them against a snapshot.

use crate::case::Case;
use crate::service::{Answer, Call, Service};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Plays every case and holds the whole against the snapshot `name`.
pub(crate) async fn assert_table(name: &str, cases: Vec<Case>) {
    let (mut text, mut wrong) = (String::new(), Vec::new());
    for case in &cases {
        match played(case).await {
            Ok(came) => {
                text.push_str(&came);
                text.push('\n');
            }
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

/// The request of a case, to be made by whoever it says or by somebody else.
pub(crate) fn call_of(case: &Case) -> Call {
    Call {
        by: case.by,
        method: case.method.clone(),
        path: case.path.to_owned(),
        headers: case.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        body: case.body.clone(),
    }
}

/// What came of a case, to be read: the call, the answer, the rows that changed. Or what came that
/// should not.
async fn played(case: &Case) -> Result<String, String> {
    let service = Service::where_all(&case.given).await;
    let is_gone = case.given.iter().any(|step| matches!(step, crate::given::Given::StoreGone));
    let before = service.rows().await;
    let answer = service.call(&call_of(case)).await;
    let after = service.rows().await;
    // An answer to HEAD has no body to hold a code.
    let code = case.code.filter(|_| !answer.body.is_empty()).unwrap_or_default();
    if answer.status != case.status || answer.code() != code {
        return Err(format!("{}: {} {:?}", case.says, answer.status, answer.body));
    }
    let changed = after.since(&before, service.store()).await;
    if !case.succeeds() && !is_gone && !is_nothing_but_a_denial(&changed) {
        return Err(format!("{} is refused and changes {changed:#?}", case.says));
    }
    let by = case.by.name().unwrap_or("nobody who is known");
    let mut text = format!("## {}\n{} {} by {by}\n", case.says, case.method, case.path);
    text.push_str(&told(&answer));
    for row in changed {
        writeln!(text, "{row}").expect("a string");
    }
    Ok(readable(&text))
}

/// Whether nothing changed but the audit trail, where a known caller's denial stands.
pub(crate) fn is_nothing_but_a_denial(changed: &[String]) -> bool {
    let is_denial = |row: &String| row.starts_with("+ audit: ") && row.contains("what \"denied\"");
    changed.iter().all(is_denial)
}

/// An answer: its status, the headers that are part of it, its body.
fn told(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in [
        "content-type",
        "location",
        "retry-after",
        "www-authenticate",
        "upload-offset",
        "upload-length",
        "upload-complete",
        "content-disposition",
    ] {
        // JSON is what nearly every answer is.
        if !["", "application/json", "application/problem+json"].contains(&answer.header(name)) {
            writeln!(text, "{name}: {}", answer.header(name)).expect("a string");
        }
    }
    let body = answer.json();
    if answer.status >= 400 && body["code"].is_string() {
        let detail = body["detail"].as_str().unwrap_or("without detail");
        writeln!(text, "{}: {detail}", answer.code()).expect("a string");
    } else if !body.is_null() {
        let mut body = body;
        leave_chance_out(&mut body);
        writeln!(text, "{}", serde_json::to_string_pretty(&body).expect("JSON")).expect("a string");
    } else if answer.header("content-type").starts_with("text/html") {
        writeln!(text, "a page").expect("a string");
    } else if answer.header("content-type").starts_with("image/") {
        writeln!(text, "{} bytes", answer.body.len()).expect("a string");
    } else if !answer.body.is_empty() {
        writeln!(text, "{}", String::from_utf8_lossy(&answer.body)).expect("a string");
    }
    text
}

/// Takes out what another play would draw otherwise, and where on a photo something was found and
/// how sure the judge is: `validate` has tests of that.
fn leave_chance_out(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            for name in ["place", "confidence", "took_ms"] {
                fields.remove(name);
            }
            for (name, drawn) in fields.iter_mut() {
                match (name.as_str(), drawn) {
                    ("qr_svg", drawn) => *drawn = "a picture of the link".into(),
                    ("serials", Value::Array(serials)) if serials.iter().all(Value::is_string) => {
                        serials.fill("drawn at random".into());
                    }
                    (_, other) => leave_chance_out(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(leave_chance_out),
        _ => {}
    }
}

/// The text with ids numbered as they come, secrets left out, and what is sealed as such. Everything
/// else is the same at every play: the clock is turned by hand.
fn readable(text: &str) -> String {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut out = String::new();
    let mut word = String::new();
    for char in text.chars().chain(['\n']) {
        if char.is_ascii_alphanumeric() || char == '-' || char == '_' {
            word.push(char);
            continue;
        }
        out.push_str(&shown(&word, &mut numbers));
        word.clear();
        out.push(char);
    }
    let out = out.trim_end().to_owned() + "\n";
    without_sums(&out)
}

fn shown(word: &str, numbers: &mut HashMap<String, usize>) -> String {
    let digits = word.strip_prefix("msg_").unwrap_or(word).replace('-', "");
    let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        let next = numbers.len() + 1;
        let number = *numbers.entry(digits).or_insert(next);
        let prefix = if word.starts_with("msg_") { "msg_" } else { "" };
        return format!("{prefix}#{number}");
    }
    if word.len() >= 40 && word.bytes().any(|byte| byte.is_ascii_digit()) {
        return "SECRET".to_owned();
    }
    word.to_owned()
}

/// `sealed:SUM` tells two values apart within a play, and is another at the next.
fn without_sums(text: &str) -> String {
    let mut parts = text.split("sealed:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("sealed");
        out.push_str(part.trim_start_matches(|char: char| char.is_ascii_hexdigit()));
    }
    out
}
