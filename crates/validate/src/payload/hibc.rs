//! The Health Industry Bar Code (ANSI/HIBC 2.6): `+`, the supplier and the product, and behind `/`
//! or in a symbol of its own what the piece is, its serial among it. A check character ends it.

use crate::identifier::IdentifierKind::{self, *};
use crate::payload::code39::ends_in_check;
use crate::payload::field::{Field, FieldRole, push};

/// Characters that name the supplier.
const SUPPLIER_CHARS: usize = 4;

/// The fields of a message whose check character is right.
pub(super) fn message(payload: &str) -> Option<Vec<Field>> {
    let payload = payload.trim_matches('*');
    let body = payload.strip_prefix('+').filter(|_| ends_in_check(payload))?;
    let body = body.get(..body.len() - 1)?;
    let mut parts = body.split('/');
    let mut fields = Vec::new();
    let first = parts.next()?;
    if first.starts_with(|char: char| char.is_ascii_alphabetic()) {
        // The last digit is the unit of measure.
        let product = first.get(SUPPLIER_CHARS..first.len().checked_sub(1)?)?;
        push(&mut fields, PartNumber, FieldRole::Named, product);
    } else {
        // A second symbol repeats the check character of the first as its link.
        secondary(&mut fields, first.get(..first.len().checked_sub(1)?)?);
    }
    parts.for_each(|part| secondary(&mut fields, part));
    Some(fields)
}

fn secondary(fields: &mut Vec<Field>, part: &str) {
    let (kind, value): (IdentifierKind, &str) = if let Some(rest) = part.strip_prefix("$$+") {
        (Serial, behind_date(behind_quantity(rest)))
    } else if let Some(rest) = part.strip_prefix("$+") {
        (Serial, rest)
    } else if part.starts_with('$') {
        (Other, part)
    } else if let Some(rest) = part.strip_prefix('S') {
        (Serial, rest)
    } else if part.starts_with("14D") || part.starts_with("16D") {
        (Date, &part[3..])
    } else {
        (Other, part)
    };
    push(fields, kind, FieldRole::Named, value);
}

/// What stands behind a quantity of two (`8`) or five (`9`) digits.
fn behind_quantity(text: &str) -> &str {
    let digits = match text.as_bytes().first() {
        Some(b'8') => 3,
        Some(b'9') => 6,
        _ => 0,
    };
    text.get(digits..).unwrap_or_default()
}

/// What stands behind a date, whose first digit says how it is written.
fn behind_date(text: &str) -> &str {
    let chars = match text.as_bytes().first() {
        Some(b'0' | b'1') => 4,
        Some(b'2' | b'3') => 7,
        Some(b'4') => 9,
        Some(b'5') => 6,
        Some(b'6') => 8,
        Some(b'7') => 1,
        _ => 0,
    };
    text.get(chars..).unwrap_or_default()
}
