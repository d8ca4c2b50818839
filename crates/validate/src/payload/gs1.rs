//! GS1 element strings (General Specifications, section 3) and Digital Link addresses.

use crate::identifier::IdentifierKind::{self, *};
use crate::payload::field::{Extent, Field, FieldRole};

const GS: char = '\u{1d}';

/// Application identifiers: first digits, how many digits the identifier has in all, length of
/// the value (exact, or at most for those that a separator ends), and what it is.
struct Ai {
    prefix: &'static str,
    digits: usize,
    length: Length,
    kind: IdentifierKind,
}

enum Length {
    Exactly(usize),
    AtMost(usize),
}

use Length::{AtMost, Exactly};

const AIS: &[Ai] = &[
    Ai { prefix: "00", digits: 2, length: Exactly(18), kind: Other },
    Ai { prefix: "01", digits: 2, length: Exactly(14), kind: Ean },
    Ai { prefix: "02", digits: 2, length: Exactly(14), kind: Ean },
    Ai { prefix: "10", digits: 2, length: AtMost(20), kind: Other },
    Ai { prefix: "11", digits: 2, length: Exactly(6), kind: Date },
    Ai { prefix: "12", digits: 2, length: Exactly(6), kind: Date },
    Ai { prefix: "13", digits: 2, length: Exactly(6), kind: Date },
    Ai { prefix: "15", digits: 2, length: Exactly(6), kind: Date },
    Ai { prefix: "16", digits: 2, length: Exactly(6), kind: Date },
    Ai { prefix: "17", digits: 2, length: Exactly(6), kind: Date },
    Ai { prefix: "20", digits: 2, length: Exactly(2), kind: Other },
    Ai { prefix: "21", digits: 2, length: AtMost(20), kind: Serial },
    Ai { prefix: "22", digits: 2, length: AtMost(20), kind: Other },
    Ai { prefix: "240", digits: 3, length: AtMost(30), kind: PartNumber },
    Ai { prefix: "241", digits: 3, length: AtMost(30), kind: PartNumber },
    Ai { prefix: "242", digits: 3, length: AtMost(6), kind: Other },
    Ai { prefix: "250", digits: 3, length: AtMost(30), kind: Serial },
    Ai { prefix: "251", digits: 3, length: AtMost(30), kind: Other },
    Ai { prefix: "30", digits: 2, length: AtMost(8), kind: Other },
    Ai { prefix: "31", digits: 4, length: Exactly(6), kind: Other },
    Ai { prefix: "32", digits: 4, length: Exactly(6), kind: Other },
    Ai { prefix: "33", digits: 4, length: Exactly(6), kind: Other },
    Ai { prefix: "34", digits: 4, length: Exactly(6), kind: Other },
    Ai { prefix: "35", digits: 4, length: Exactly(6), kind: Other },
    Ai { prefix: "36", digits: 4, length: Exactly(6), kind: Other },
    Ai { prefix: "37", digits: 2, length: AtMost(8), kind: Other },
    Ai { prefix: "400", digits: 3, length: AtMost(30), kind: Other },
    Ai { prefix: "401", digits: 3, length: AtMost(30), kind: Other },
    Ai { prefix: "410", digits: 3, length: Exactly(13), kind: Other },
    Ai { prefix: "414", digits: 3, length: Exactly(13), kind: Other },
    Ai { prefix: "8004", digits: 4, length: AtMost(30), kind: Serial },
    Ai { prefix: "90", digits: 2, length: AtMost(30), kind: Other },
    Ai { prefix: "91", digits: 2, length: AtMost(90), kind: Other },
];

/// The elements of a GS1 payload: declared by the symbol, by a symbology identifier in front, or
/// written out with parentheses.
pub(super) fn element_string(payload: &str, declared: bool) -> Option<Vec<Field>> {
    if let Some(fields) = in_parentheses(payload) {
        return Some(device_only(fields));
    }
    let marked = ["]C1", "]d2", "]Q3", "]e0", "]J1"];
    let stripped = marked.iter().find_map(|mark| payload.strip_prefix(mark));
    let starts_with_separator = payload.starts_with(GS);
    let body = stripped.unwrap_or(payload);
    // Undeclared data must at least begin with a product number that checks.
    let product = body.len() > 16
        && body.starts_with("01")
        && body.get(2..16).is_some_and(crate::serial::check_digit::gtin)
        && body.contains(GS);
    if !(declared || stripped.is_some() || starts_with_separator || product) {
        return None;
    }
    elements(body.trim_matches(GS))
}

/// The elements of a string without parentheses; `None` if it is not made of known ones.
pub(super) fn elements(body: &str) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(GS);
        if rest.is_empty() {
            break;
        }
        let ai = AIS.iter().find(|ai| rest.starts_with(ai.prefix))?;
        let value = rest.get(ai.digits..)?;
        let end = value.find(GS).unwrap_or(value.len());
        let length = match ai.length {
            Exactly(length) => length,
            AtMost(most) if end <= most => end,
            AtMost(_) => return None,
        };
        let (value, after) = (value.get(..length)?, value.get(length..)?);
        fields.push(field(ai, value));
        rest = after;
    }
    (!fields.is_empty()).then(|| device_only(fields))
}

fn field(ai: &Ai, value: &str) -> Field {
    // Trade measures have four digits; they are how goods by weight are known.
    Field { kind: ai.kind, value: value.to_owned(), role: FieldRole::Named, extent: Extent::Closed }
}

/// A product of variable measure (its number starts with 9) is sold by weight: food, not a device.
/// Its serial is the carton's.
fn device_only(mut fields: Vec<Field>) -> Vec<Field> {
    let by_weight = |field: &Field| {
        field.kind == Ean && field.value.len() == 14 && field.value.starts_with('9')
    };
    if fields.iter().any(by_weight) {
        for field in fields.iter_mut().filter(|field| field.kind == Serial) {
            field.kind = Other;
        }
    }
    fields
}

/// `(01)…(21)…` as text: what is printed under the symbol, or encoded by mistake.
fn in_parentheses(payload: &str) -> Option<Vec<Field>> {
    let mut rest = payload.trim().strip_prefix('(')?;
    let mut fields = Vec::new();
    loop {
        let (number, after) = rest.split_once(')')?;
        if !(2..=4).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let ai =
            AIS.iter().find(|ai| number.starts_with(ai.prefix) && number.len() == ai.digits)?;
        let end = after.find('(').unwrap_or(after.len());
        fields.push(field(ai, &after[..end]));
        match after.get(end + 1..) {
            Some(next) if end < after.len() => rest = next,
            _ => return Some(fields),
        }
    }
}

/// `https://…/01/GTIN/21/SERIAL` (GS1 Digital Link 1.2): key and value alternate in the path.
pub(super) fn digital_link(payload: &str) -> Option<Vec<Field>> {
    let (scheme, rest) = payload.split_once("://")?;
    if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) {
        return None;
    }
    let path = rest.split(['?', '#']).next()?;
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let start = segments.windows(2).position(
        |pair| matches!(pair, ["01" | "gtin", gtin] if crate::serial::check_digit::gtin(gtin)),
    )?;
    let mut fields = Vec::new();
    for pair in segments[start..].chunks(2) {
        let [key, value] = pair else { continue };
        let key = if *key == "gtin" { "01" } else { key };
        let known = AIS.iter().find(|ai| ai.prefix == key && key.len() == ai.digits);
        fields.extend(known.map(|ai| field(ai, value)));
    }
    Some(device_only(fields))
}
