//! Data identifiers of ANSI MH10.8.2, inside an ISO/IEC 15434 envelope or in front of a value.

use crate::identifier::IdentifierKind::{self, *};
use crate::payload::field::{Field, FieldRole, push, push_unnamed, question_serials};
use crate::payload::gs1;

/// Data identifiers of device labels, the longest first. The number says how many characters of
/// the value name the issuer (18S: the CAGE code of five characters before the serial).
const IDENTIFIERS: &[(&str, IdentifierKind, usize)] = &[
    ("12S", Other, 0),
    ("13S", Seal, 0),
    ("18S", Serial, 5),
    ("22S", Imei, 0),
    ("23S", Mac, 0),
    ("25S", Other, 0),
    ("30S", Other, 0),
    ("1S", Other, 0),
    ("1P", PartNumber, 0),
    ("2P", Other, 0),
    ("30P", PartNumber, 0),
    ("1T", Other, 0),
    ("10D", Date, 0),
    ("16D", Date, 0),
    ("4L", Other, 0),
    ("17V", Other, 0),
    (QUANTITY, Other, 0),
    ("S", Serial, 0),
    ("P", PartNumber, 0),
    ("V", Other, 0),
    ("T", Other, 0),
    ("D", Date, 0),
    ("K", Other, 0),
    ("L", Other, 0),
];

/// How many pieces are in the package.
const QUANTITY: &str = "Q";

/// The identifiers that are also seen bare, without an envelope. The others are too short to tell
/// from a value's own first letter.
const SEEN_BARE: &[&str] = &["12S", "13S", "18S", "22S", "23S", "25S", "1S", "1P", "30P", "S", "P"];

const EOT: char = '\u{4}';
const FS: char = '\u{1c}';
const GS: char = '\u{1d}';
const RS: char = '\u{1e}';

/// The fields of an ISO/IEC 15434 envelope. Labels in the field lack its RS or its trailer, write
/// NUL or GS in place of RS, or put a `>` in front; any control character separates.
pub(super) fn envelope(payload: &str) -> Option<Vec<Field>> {
    let body = payload.strip_prefix('>').unwrap_or(payload).strip_prefix("[)>")?;
    let separates = |char: char| matches!(char, '\0' | EOT | FS | GS | RS | '\r' | '\n');
    if !body.contains(separates) {
        return None;
    }
    let mut pieces = body.split(separates).filter(|piece| !piece.is_empty()).peekable();
    let format = pieces.peek()?.get(..2)?.to_owned();
    if !format.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Without its separator the format's number is glued to the first field.
    let mut fields = Vec::new();
    let mut several = false;
    for (index, piece) in pieces.enumerate() {
        let piece = if index == 0 { &piece[2..] } else { piece };
        if piece.is_empty() {
            continue;
        }
        several |= is_several(piece);
        match format.as_str() {
            "05" => fields.extend(gs1::elements(piece)?),
            _ => push_identified(&mut fields, piece),
        }
    }
    if several {
        question_serials(&mut fields);
    }
    Some(fields)
}

/// Takes a value with its identifier in front, as a structure vouches for.
pub(super) fn push_identified(fields: &mut Vec<Field>, piece: &str) {
    match split(piece) {
        Some((_, kind, value)) => push(fields, kind, FieldRole::Named, value),
        None => push_unnamed(fields, FieldRole::Listed, piece),
    }
}

/// A value that may have an identifier in front, with nothing around it that says so.
pub(super) fn bare(value: &str) -> Option<(IdentifierKind, &str)> {
    let (identifier, kind, rest) = split(value)?;
    SEEN_BARE.contains(&identifier).then_some((kind, rest))
}

/// Whether a piece says that more than one thing is in the package: the serial is the package's.
fn is_several(piece: &str) -> bool {
    let number = piece.strip_prefix(QUANTITY).map(|text| {
        text.trim_start_matches('0').bytes().take_while(u8::is_ascii_digit).collect::<Vec<u8>>()
    });
    number.is_some_and(|number| !number.is_empty() && number != b"1")
}

fn split(piece: &str) -> Option<(&'static str, IdentifierKind, &str)> {
    IDENTIFIERS.iter().find_map(|&(identifier, kind, issuer)| {
        let value = piece.strip_prefix(identifier).filter(|value| !value.is_empty())?;
        let value = value.get(issuer..).filter(|rest| rest.len() >= 4).unwrap_or(value);
        Some((identifier, kind, value))
    })
}
