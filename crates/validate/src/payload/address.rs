//! Addresses, with and without their scheme. None is ever fetched.

use crate::identifier::IdentifierKind::Other;
use crate::payload::field::{Field, FieldRole, push};
use crate::payload::gs1;
use crate::print::keyword;

/// The values of an address: named by its query's keys, else a part of the address.
pub(super) fn address(payload: &str) -> Option<Vec<Field>> {
    let payload = payload.trim();
    let (path, query) = payload.split_once(['?', '#']).unwrap_or((payload, ""));
    let path = match path.split_once("://") {
        Some((scheme, path)) if is_scheme(scheme) => path,
        // Without its scheme it is an address if it has a host and a query.
        None if path.contains('.') && query.contains('=') && !path.contains([' ', ':']) => path,
        _ => return None,
    };
    let mut named = Vec::new();
    let mut unnamed = Vec::new();
    for segment in path.split('/').skip(1).filter(|segment| !segment.is_empty()) {
        push(&mut unnamed, Other, FieldRole::InAddress, &unescape(segment));
    }
    let query = query.replace("&amp;", "&");
    for pair in query.split(['&', ';', '#']).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or(("", pair));
        match keyword::keyword_kind(&unescape(key)) {
            Some(kind) => push(&mut named, kind, FieldRole::Named, &unescape(value)),
            None => push(&mut unnamed, Other, FieldRole::InAddress, &unescape(value)),
        }
    }
    named.append(&mut unnamed);
    Some(named)
}

/// `https://…/01/GTIN/21/SERIAL` (GS1 Digital Link 1.2): key and value alternate in the path.
pub(super) fn digital_link(payload: &str) -> Option<Vec<Field>> {
    let (scheme, rest) = payload.split_once("://")?;
    if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) {
        return None;
    }
    let path = rest.split(['?', '#']).next()?;
    let segments: Vec<String> = path.split('/').skip(1).map(unescape).collect();
    gs1::linked(&segments)
}

fn is_scheme(scheme: &str) -> bool {
    (1..=10).contains(&scheme.len()) && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
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
