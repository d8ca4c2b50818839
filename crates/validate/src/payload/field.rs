//! A field of a payload: one number, what it is, and how the payload says so.

use crate::identifier::IdentifierKind;
use crate::serial::check_digit::luhn;
use crate::serial::fold::fold;

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
    /// Whether the payload says where the value ends.
    pub extent: Extent,
}

/// Whether a payload says where a value ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Exactly here.
    Closed,
    /// Not for sure: what follows may belong to it, or a part of it may not.
    Open,
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
    /// The payload has no grammar that is known: nothing of it may be accepted.
    Unknown,
}

/// The kind of an unnamed value by its form alone.
pub(super) fn kind_by_form(value: &str) -> IdentifierKind {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = || {
        let folded = fold(value);
        folded.len() == 12 && folded.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if digits && value.len() == 15 && luhn(value) {
        IdentifierKind::Imei
    } else if value.matches([':', '-']).count() == 5 && hexadecimal() {
        IdentifierKind::Mac
    } else if digits && matches!(value.len(), 19 | 20) && value.starts_with("89") {
        IdentifierKind::Iccid
    } else {
        IdentifierKind::Other
    }
}
