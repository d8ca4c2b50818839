//! The other numbers on a label, typed.

use crate::evidence::{Place, Source};
use serde::{Deserialize, Serialize};

/// A number on a label that has a known meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identifier {
    /// What it is.
    pub kind: IdentifierKind,
    /// Its value, trimmed.
    pub value: String,
    /// What kind of evidence carried it.
    pub source: Source,
    /// Where it was found.
    pub place: Option<Place>,
}

/// What a number on a label can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// The maker's serial number.
    Serial,
    /// The same on every unit of a batch.
    PartNumber,
    /// Model name.
    Model,
    /// International mobile equipment identity, 15 digits.
    Imei,
    /// Mobile equipment identifier, 14 hexadecimal digits.
    Meid,
    /// Network hardware address.
    Mac,
    /// SIM card number.
    Iccid,
    /// UnionPay terminal unique serial number.
    Tusn,
    /// Terminal number given by the acquirer.
    Tid,
    /// Merchant number given by the acquirer.
    Mid,
    /// Product number: EAN, UPC or GTIN.
    Ean,
    /// Seal or tamper bag.
    Seal,
    /// Type approval: FCC ID, CMIIT ID, Anatel and the like.
    Approval,
    /// A date.
    Date,
    /// A number whose meaning is not known.
    Other,
}
