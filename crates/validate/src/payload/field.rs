//! A field of a payload: one number, what it is, how the payload says so, and where it ends.

use crate::identifier::IdentifierKind::{self, *};
use crate::serial::check_digit::luhn;
use crate::serial::fold::{fold, half_width};

/// More fields than any label carries.
pub(crate) const FIELDS_MAX: usize = 64;

/// One number of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub kind: IdentifierKind,
    /// As it stands in the payload, without its identifier.
    pub value: String,
    /// How the payload says so.
    pub role: FieldRole,
    /// Whether the payload says where it ends.
    pub extent: Extent,
}

/// How certain the meaning of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldRole {
    /// An identifier or key of a known structure names it.
    Named,
    /// Its first letters may be an identifier (`S`, `SN`, `1P`) or belong to the value: it needs
    /// print or a format that says which.
    PerhapsNamed,
    /// One of several unnamed values.
    Listed,
    /// The payload is this value and nothing else.
    Whole,
    /// A part of an address, unnamed: whatever it is, it is the address's.
    InAddress,
    /// It stands where the grammar knows no structure, or the structure says that it is not one
    /// device's: a person may be shown it, and that is all.
    Unknown,
}

/// Whether a field's end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// The grammar says exactly where the value ends.
    Closed,
    /// More may belong to the value, or less: something else must say where it ends.
    Open,
}

/// Digits that stand in one group of a number that is written in groups.
const GROUP_DIGITS: std::ops::RangeInclusive<usize> = 2..=4;

/// Takes what stands where a structure has a value. It is one value if nothing in it may separate
/// two; else its first piece may be the value, and the others are not known.
pub(super) fn push(fields: &mut Vec<Field>, kind: IdentifierKind, role: FieldRole, text: &str) {
    let text = trim(text);
    let mut push = |kind, role, extent, value: &str| {
        if !value.is_empty() {
            fields.push(Field { kind, value: value.to_owned(), role, extent });
        }
    };
    if is_one_value(kind, text) {
        push(kind, role, Extent::Closed, text);
    } else if is_free_text(kind) || role == FieldRole::InAddress {
        push(kind, role, Extent::Open, text);
    } else if in_groups(text) {
        push(kind, role, Extent::Open, &text.replace(' ', ""));
    } else {
        let mut pieces = text.split(|char| !is_inside_value(char)).map(trim_dashes);
        let first = pieces.find(|piece| !piece.is_empty()).unwrap_or_default();
        // A letter of another script may be the look-alike of a Latin one: no piece is the value.
        let is_named = role == FieldRole::Named && !text.contains(is_foreign_letter);
        let role = if is_named { role } else { FieldRole::Unknown };
        push(kind, role, Extent::Open, first);
        pieces.for_each(|piece| push(Other, FieldRole::Unknown, Extent::Open, piece));
    }
}

/// Takes a value without a name.
pub(super) fn push_unnamed(fields: &mut Vec<Field>, role: FieldRole, text: &str) {
    push(fields, kind_by_form(trim(text)), role, text);
}

/// Says of every serial that something in the payload makes it less than one device's: a quantity
/// (a carton's number), a part of a symbol.
pub(super) fn question_serials(fields: &mut [Field]) {
    for field in fields.iter_mut().filter(|field| !matches!(field.kind, Ean | PartNumber | Model)) {
        field.role = FieldRole::Unknown;
    }
}

/// A text without what readers and writers leave around it: space, controls, a byte order mark and
/// the stars of Code 39.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|char: char| {
        char.is_whitespace() || char.is_control() || matches!(char, '*' | '\u{feff}')
    })
}

/// A text without what readers leave in front of it.
pub(super) fn trim_start(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

fn trim_dashes(piece: &str) -> &str {
    piece.trim_matches(is_dash)
}

fn is_one_value(kind: IdentifierKind, text: &str) -> bool {
    let ends_in_dash = || text.starts_with(is_dash) || text.ends_with(is_dash);
    let inside = |char| is_inside_value(char) || kind == Mac && char == ':';
    text.chars().all(inside) && !ends_in_dash()
}

/// Numbers that are written as their makers like: names with spaces, dates with points.
fn is_free_text(kind: IdentifierKind) -> bool {
    matches!(kind, Model | PartNumber | Approval | Date | Mac)
}

/// What a value is made of; anything else may separate two values.
fn is_inside_value(char: char) -> bool {
    half_width(char).is_ascii_alphanumeric() || is_dash(char)
}

/// A letter that the canonical form does not know and that no words are written in which Latin values
/// stand without a space.
fn is_foreign_letter(char: char) -> bool {
    char.is_alphanumeric() && !half_width(char).is_ascii_alphanumeric() && char < '\u{2e80}'
}

fn is_dash(char: char) -> bool {
    matches!(char, '-' | '\u{2010}'..='\u{2014}' | '\u{2212}' | '\u{ff0d}')
}

/// Whether a text is one number in groups of as many digits each, the last perhaps shorter.
fn in_groups(text: &str) -> bool {
    let mut groups = text.split(' ').map(str::len);
    let Some(first) = groups.next().filter(|first| GROUP_DIGITS.contains(first)) else {
        return false;
    };
    let mut last = first;
    let is_even = groups.all(|length| {
        let goes_on = last == first && (1..=first).contains(&length);
        last = length;
        goes_on
    });
    is_even && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ')
}

/// The kind of an unnamed value by its form alone.
pub(super) fn kind_by_form(value: &str) -> IdentifierKind {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = || {
        let folded = fold(value);
        folded.len() == 12 && folded.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if digits && value.len() == 15 && luhn(value) {
        Imei
    } else if value.matches([':', '-']).count() == 5 && hexadecimal() {
        Mac
    } else if digits && matches!(value.len(), 19 | 20) && value.starts_with("89") {
        Iccid
    } else {
        Other
    }
}
