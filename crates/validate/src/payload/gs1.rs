//! GS1 element strings (General Specifications, section 3) and Digital Link addresses.

use crate::identifier::IdentifierKind::{self, *};
use crate::payload::field::{Extent, Field, FieldRole, push, question_serials};
use crate::serial::check_digit::gtin;

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
    ai("00", 2, Exactly(18), Other),
    ai("01", 2, Exactly(14), Ean),
    ai("02", 2, Exactly(14), Ean),
    ai("03", 2, Exactly(14), Ean),
    ai("10", 2, AtMost(20), Other),
    ai("11", 2, Exactly(6), Date),
    ai("12", 2, Exactly(6), Date),
    ai("13", 2, Exactly(6), Date),
    ai("15", 2, Exactly(6), Date),
    ai("16", 2, Exactly(6), Date),
    ai("17", 2, Exactly(6), Date),
    ai("20", 2, Exactly(2), Other),
    ai("21", 2, AtMost(20), Serial),
    ai("22", 2, AtMost(20), Other),
    ai("235", 3, AtMost(28), Other),
    ai("240", 3, AtMost(30), PartNumber),
    ai("241", 3, AtMost(30), PartNumber),
    ai("242", 3, AtMost(6), Other),
    ai("243", 3, AtMost(20), Other),
    // The serial of a component beside the device's own.
    ai("250", 3, AtMost(30), Other),
    ai("251", 3, AtMost(30), Other),
    ai("253", 3, AtMost(30), Other),
    ai("254", 3, AtMost(20), Other),
    ai("255", 3, AtMost(25), Other),
    ai("30", 2, AtMost(8), Other),
    ai("31", 4, Exactly(6), Other),
    ai("32", 4, Exactly(6), Other),
    ai("33", 4, Exactly(6), Other),
    ai("34", 4, Exactly(6), Other),
    ai("35", 4, Exactly(6), Other),
    ai("36", 4, Exactly(6), Other),
    ai("37", 2, AtMost(8), Other),
    ai("39", 4, AtMost(18), Other),
    ai("400", 3, AtMost(30), Other),
    ai("401", 3, AtMost(30), Other),
    ai("402", 3, Exactly(17), Other),
    ai("403", 3, AtMost(30), Other),
    ai("41", 3, Exactly(13), Other),
    ai("420", 3, AtMost(20), Other),
    ai("421", 3, AtMost(12), Other),
    ai("422", 3, Exactly(3), Other),
    ai("7001", 4, Exactly(13), Other),
    ai("7003", 4, Exactly(10), Date),
    ai("710", 3, AtMost(20), Approval),
    ai("8001", 4, Exactly(14), Other),
    ai("8002", 4, AtMost(20), Imei),
    // An owner's assets: a returnable one (8003), an individual one (8004).
    ai("8003", 4, AtMost(30), Other),
    ai("8004", 4, AtMost(30), Other),
    ai("8005", 4, Exactly(6), Other),
    ai("8006", 4, Exactly(18), Other),
    ai("8008", 4, AtMost(12), Date),
    ai("8010", 4, AtMost(30), PartNumber),
    ai("8011", 4, AtMost(12), Other),
    ai("8020", 4, AtMost(25), Other),
    ai("8200", 4, AtMost(70), Other),
    ai("9", 2, AtMost(90), Other),
];

const fn ai(prefix: &'static str, digits: usize, length: Length, kind: IdentifierKind) -> Ai {
    Ai { prefix, digits, length, kind }
}

/// Digits of a product number behind its identifier.
const GTIN_DIGITS: usize = 14;
/// Characters of a serial before a batch number that is glued to it.
const GLUED_CHARS_MIN: usize = 4;

/// The elements of a GS1 payload: declared by the symbol, written out with parentheses, or begun by
/// a product number that checks.
pub(super) fn element_string(payload: &str, declared: bool) -> Option<Vec<Field>> {
    if let Some(fields) = in_parentheses(payload) {
        return Some(fields);
    }
    let declared = declared || payload.starts_with(GS);
    let body = payload.trim_matches(|char| char == GS || matches!(char, '\r' | '\n'));
    if !declared && !begins_with_product(body) {
        return None;
    }
    let Some(elements) = split(body) else {
        // A symbol that declares what it does not hold is read by no other structure.
        let mut fields = Vec::new();
        push(&mut fields, Other, FieldRole::Unknown, body);
        return declared.then_some(fields);
    };
    let is_glued = |(ai, value): &(&Ai, &str)| {
        let separated = body.contains(GS);
        matches!(ai.length, AtMost(_))
            && ends_before_another(value, declared, separated).next().is_some()
    };
    let glued = elements.iter().any(is_glued);
    let mut fields = fields(&elements);
    if glued {
        for (ai, value) in elements.iter().filter(|(ai, _)| ai.kind == Serial) {
            let ends = ends_before_another(value, declared, body.contains(GS));
            ends.for_each(|end| push(&mut fields, ai.kind, FieldRole::Named, &value[..end]));
        }
        fields.iter_mut().for_each(|field| field.extent = Extent::Open);
    }
    Some(fields)
}

/// The elements of a string that an envelope declares; `None` if it is not made of known ones.
pub(super) fn elements(body: &str) -> Option<Vec<Field>> {
    Some(fields(&split(body)?))
}

/// The elements of the path of a Digital Link.
pub(super) fn linked(segments: &[String]) -> Option<Vec<Field>> {
    let start = segments.windows(2).position(
        |pair| matches!(pair, [key, value] if matches!(key.as_str(), "01" | "gtin") && gtin(value)),
    )?;
    let mut elements = Vec::new();
    for pair in segments[start..].chunks(2) {
        let [key, value] = pair else { continue };
        let key = if key == "gtin" { "01" } else { key };
        elements.extend(known(key).map(|ai| (ai, value.as_str())));
    }
    Some(fields(&elements))
}

/// Undeclared data must at least begin with a product number that checks.
fn begins_with_product(body: &str) -> bool {
    let number = body.strip_prefix("01").and_then(|rest| rest.get(..GTIN_DIGITS));
    body.len() > 2 + GTIN_DIGITS && number.is_some_and(gtin)
}

/// Where a value that nothing but its separator ends may end before another element, whose separator
/// its writer forgot: `12345AB` and the date `11090101`.
fn ends_before_another(
    value: &str,
    declared: bool,
    separated: bool,
) -> impl Iterator<Item = usize> {
    let begins_another = move |at: &usize| {
        let at = *at;
        let Some(rest) = value.get(at..).filter(|rest| rest.len() > 2) else { return false };
        let Some(next) = AIS.iter().find(|ai| rest.starts_with(ai.prefix)) else { return false };
        if !declared {
            return split(rest).is_some();
        }
        let glued = match next.prefix {
            "01" => rest.get(2..2 + GTIN_DIGITS).is_some_and(gtin),
            "10" => !separated && at >= GLUED_CHARS_MIN,
            _ if next.kind == Date => rest.get(2..8).is_some_and(is_date),
            _ => false,
        };
        glued && split(rest).is_some()
    };
    (1..value.len()).filter(begins_another)
}

/// A date as GS1 writes it, year, month and day; day 00 is a month's end.
fn is_date(digits: &str) -> bool {
    let number = |range| digits.get(range).and_then(|part: &str| part.parse::<u8>().ok());
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && number(2..4).is_some_and(|month| (1..=12).contains(&month))
        && number(4..6).is_some_and(|day| day <= 31)
}

/// The elements one after the other; `None` if they are not all known.
fn split(body: &str) -> Option<Vec<(&'static Ai, &str)>> {
    let mut elements = Vec::new();
    let mut rest = body;
    loop {
        rest = rest.trim_start_matches(GS);
        if rest.is_empty() {
            return (!elements.is_empty()).then_some(elements);
        }
        let ai = AIS.iter().find(|ai| rest.starts_with(ai.prefix))?;
        let number = rest.get(..ai.digits)?;
        let value =
            rest.get(ai.digits..).filter(|_| number.bytes().all(|it| it.is_ascii_digit()))?;
        let end = value.find(GS).unwrap_or(value.len());
        let length = match ai.length {
            Exactly(length) => length,
            AtMost(most) if end <= most => end,
            AtMost(_) => return None,
        };
        elements.push((ai, value.get(..length)?));
        rest = value.get(length..)?;
    }
}

fn known(number: &str) -> Option<&'static Ai> {
    AIS.iter().find(|ai| number.starts_with(ai.prefix) && number.len() == ai.digits)
}

/// The fields of elements. A serial is no device's if its product is sold by weight (its number
/// starts with 9: food, and the serial is the carton's) or if it stands for several pieces (30, 37).
fn fields(elements: &[(&Ai, &str)]) -> Vec<Field> {
    let mut fields = Vec::new();
    for (ai, value) in elements {
        push(&mut fields, ai.kind, FieldRole::Named, value);
    }
    let no_device = |(ai, value): &(&Ai, &str)| match ai.prefix {
        "01" => value.starts_with('9'),
        "30" | "37" => value.trim_start_matches('0') != "1",
        _ => false,
    };
    if elements.iter().any(no_device) {
        question_serials(&mut fields);
    }
    fields
}

/// `(01)…(21)…` as text: what is printed under the symbol, or encoded by mistake.
fn in_parentheses(payload: &str) -> Option<Vec<Field>> {
    let mut rest = payload.trim().strip_prefix('(')?;
    let mut elements = Vec::new();
    loop {
        let (number, after) = rest.split_once(')')?;
        let ai = known(number).filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        let end = after.find('(').unwrap_or(after.len());
        elements.push((ai, &after[..end]));
        match after.get(end + 1..) {
            Some(next) if end < after.len() => rest = next,
            _ => return Some(fields(&elements)),
        }
    }
}
