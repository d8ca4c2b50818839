//! Free forms: addresses, JSON, `key:value` pairs and plain lists.

use crate::identifier::IdentifierKind::{self, Other, Serial};
use crate::payload::field::{Extent, FIELDS_MAX, Field, FieldRole};
use crate::payload::identifiers;
use crate::print::keyword;

/// An address: named by its query's keys, else a part of the address. It is never fetched.
pub(super) fn address(payload: &str) -> Option<Vec<Field>> {
    let (scheme, rest) = payload.trim().split_once("://")?;
    if scheme.len() > 10 || !scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let (path, query) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
    let mut named = Vec::new();
    let mut unnamed = Vec::new();
    for segment in path.split('/').skip(1).filter(|segment| !segment.is_empty()) {
        unnamed.push(in_address(segment));
    }
    for pair in query.split(['&', ';', '#']).filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((key, value)) => match keyword::key_kind(key) {
                Some(kind) => named.push(Field {
                    kind,
                    value: unescape(value),
                    role: FieldRole::Named,
                    extent: Extent::Closed,
                }),
                None => unnamed.push(in_address(value)),
            },
            None => unnamed.push(in_address(pair)),
        }
    }
    named.append(&mut unnamed);
    named.truncate(FIELDS_MAX);
    Some(named)
}

fn in_address(value: &str) -> Field {
    Field {
        kind: Other,
        value: unescape(value),
        role: FieldRole::InAddress,
        extent: Extent::Closed,
    }
}

/// Percent escapes as the bytes they stand for; what is no escape stays.
fn unescape(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = || {
            let digits = after.get(..2).filter(|_| *first == b'%')?;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        };
        match escaped() {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A JSON object: every text and number in it, named by its key. The parser's own limit keeps a
/// deep one from exhausting the stack.
pub(super) fn json(payload: &str) -> Option<Vec<Field>> {
    let payload = payload.trim();
    if !payload.starts_with('{') {
        return None;
    }
    let object: serde_json::Value = serde_json::from_str(payload).ok()?;
    let mut fields = Vec::new();
    let mut open = vec![(None, &object)];
    while let Some((key, value)) = open.pop() {
        if fields.len() == FIELDS_MAX {
            break;
        }
        match value {
            serde_json::Value::Object(object) => {
                open.extend(object.iter().rev().map(|(key, value)| (Some(key.as_str()), value)));
            }
            serde_json::Value::Array(items) => {
                open.extend(items.iter().rev().map(|value| (key, value)));
            }
            serde_json::Value::String(text) => fields.push(keyed(key, text)),
            serde_json::Value::Number(number) => fields.push(keyed(key, &number.to_string())),
            serde_json::Value::Bool(_) | serde_json::Value::Null => {}
        }
    }
    Some(fields)
}

fn keyed(key: Option<&str>, value: &str) -> Field {
    match key.and_then(keyword::key_kind) {
        Some(kind) => {
            Field { kind, value: value.to_owned(), role: FieldRole::Named, extent: Extent::Closed }
        }
        None => identifiers::listed(value),
    }
}

/// Several values by `,` `;` `|`, tabs or lines, each perhaps with its key, or under a caption of
/// its own line such as `(S)SN`.
pub(super) fn list(payload: &str) -> Option<Vec<Field>> {
    let separates = |char: char| matches!(char, ',' | ';' | '|' | '\t' | '\r' | '\n');
    let pieces: Vec<&str> =
        payload.split(separates).map(str::trim).filter(|piece| !piece.is_empty()).collect();
    if pieces.len() < 2 {
        return None;
    }
    let mut fields = Vec::new();
    let mut caption = None;
    for piece in pieces.into_iter().take(FIELDS_MAX * 2) {
        if let Some(next) = caption_of(piece) {
            caption = Some(next);
            continue;
        }
        fields.push(match (caption.take(), pair(piece)) {
            (_, Some((kind, value))) => Field {
                kind,
                value: value.to_owned(),
                role: FieldRole::Named,
                extent: Extent::Closed,
            },
            (Some(Caption::Identifier), None) => {
                identifiers::identified(piece).unwrap_or_else(|| identifiers::listed(piece))
            }
            (Some(Caption::Kind(kind)), None) => Field {
                kind,
                value: piece.to_owned(),
                role: FieldRole::Named,
                extent: Extent::Closed,
            },
            (Some(Caption::Mixed) | None, None) => identifiers::listed(piece),
        });
    }
    Some(fields)
}

fn pair(piece: &str) -> Option<(IdentifierKind, &str)> {
    let (key, value) = piece.split_once([':', '=', '\u{ff1a}'])?;
    Some((keyword::key_kind(key)?, value.trim()))
}

enum Caption {
    /// `(S)SN`: the next value carries the data identifier in parentheses.
    Identifier,
    /// `SN`: the next value is that.
    Kind(IdentifierKind),
    /// `SN.MO`, `(1S)MTM.SN`: the next value is several things in one.
    Mixed,
}

/// A piece that is no value but names the next one.
fn caption_of(piece: &str) -> Option<Caption> {
    let (identifier, words) = match piece.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((identifier, words)) => (Some(identifier), words),
        None => (None, piece),
    };
    let mut kinds = words.split('.').filter(|word| !word.is_empty());
    let first = kinds.next()?;
    if first.len() > 20 || words.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let known = keyword::key_kind(first);
    match (identifier, kinds.next(), known) {
        (Some("S"), None, Some(Serial)) => Some(Caption::Identifier),
        (Some(_), _, _) => Some(Caption::Mixed),
        (None, Some(_), Some(_)) => Some(Caption::Mixed),
        (None, None, Some(kind)) => Some(Caption::Kind(kind)),
        (None, _, None) => None,
    }
}
