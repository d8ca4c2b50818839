//! Data identifiers of ANSI MH10.8.2, inside an ISO/IEC 15434 envelope or in front of a value.

use crate::identifier::IdentifierKind::{self, *};
use crate::payload::field::{Extent, Field, FieldRole, kind_by_form};
use crate::payload::gs1;
use crate::print::keyword;
use crate::serial::fold::fold;

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
    ("S", Serial, 0),
    ("P", PartNumber, 0),
    ("V", Other, 0),
    ("T", Other, 0),
    ("Q", Other, 0),
    ("D", Date, 0),
    ("K", Other, 0),
    ("L", Other, 0),
];

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
    for (index, piece) in pieces.enumerate() {
        let piece = if index == 0 { &piece[2..] } else { piece };
        if piece.is_empty() {
            continue;
        }
        match format.as_str() {
            "05" => fields.extend(gs1::elements(piece)?),
            _ => fields.push(identified(piece).unwrap_or_else(|| listed(piece))),
        }
    }
    Some(fields)
}

/// A value with its identifier in front, as a structure vouches for.
pub(super) fn identified(piece: &str) -> Option<Field> {
    let &(_, kind, issuer, value) = &split(piece)?;
    let value = value.get(issuer..).filter(|rest| !rest.is_empty()).unwrap_or(value);
    Some(Field { kind, value: value.to_owned(), role: FieldRole::Named, extent: Extent::Closed })
}

/// An unnamed value among others.
pub(super) fn listed(piece: &str) -> Field {
    Field {
        kind: kind_by_form(piece.trim()),
        value: piece.to_owned(),
        role: FieldRole::Listed,
        extent: Extent::Closed,
    }
}

/// A payload without structure: a value, perhaps with an identifier or a keyword in front.
pub(super) fn plain(payload: &str) -> Vec<Field> {
    // Code 39 labels print and sometimes encode the stars around the value.
    let value = payload.trim().trim_matches('*');
    // A barcode spells its keywords right: `5RN0` begins a value.
    let chars: Vec<char> = match value.starts_with(|first: char| first.is_ascii_digit()) {
        true => Vec::new(),
        false => value.chars().collect(),
    };
    let mut fields = Vec::new();
    let spelled = |end: usize| !chars[..end].iter().any(char::is_ascii_digit);
    let keyword = keyword::leading(&chars).filter(|keyword| spelled(keyword.end));
    if let Some(keyword) = keyword {
        let rest: String = chars[keyword.end..].iter().collect();
        match keyword.strength {
            keyword::Strength::Sure if !fold(&rest).is_empty() => {
                return vec![Field {
                    kind: keyword.kind,
                    value: rest,
                    role: FieldRole::Named,
                    extent: Extent::Closed,
                }];
            }
            _ => fields.push(Field {
                kind: keyword.kind,
                value: rest,
                role: FieldRole::PerhapsNamed,
                extent: Extent::Closed,
            }),
        }
    } else if let Some((identifier, kind, issuer, rest)) = split(value)
        && SEEN_BARE.contains(&identifier)
        && rest.len() >= 4
        && rest.bytes().any(|byte| byte.is_ascii_digit())
    {
        let rest = rest.get(issuer..).filter(|rest| rest.len() >= 4).unwrap_or(rest);
        fields.push(Field {
            kind,
            value: rest.to_owned(),
            role: FieldRole::PerhapsNamed,
            extent: Extent::Closed,
        });
    }
    fields.push(Field {
        kind: kind_by_form(value),
        value: value.to_owned(),
        role: FieldRole::Whole,
        extent: Extent::Closed,
    });
    fields
}

fn split(piece: &str) -> Option<(&'static str, IdentifierKind, usize, &str)> {
    IDENTIFIERS.iter().find_map(|&(identifier, kind, issuer)| {
        let value = piece.strip_prefix(identifier).filter(|value| !value.is_empty())?;
        Some((identifier, kind, issuer, value))
    })
}
