//! The grounds of acceptance, by name.

use serde::{Deserialize, Serialize};

/// A named ground of acceptance; the rule table in `judge` says which suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The value fits a vendor's format.
    Format,
    /// A barcode equals printed text.
    BarcodeEqualsText,
    /// The barcode itself says that it is a serial.
    BarcodeIdentifier,
    /// The value stands beside a serial keyword.
    Keyword,
    /// Two different barcodes carry the value.
    TwoBarcodes,
    /// Two independent text readings agree.
    TwoReadings,
    /// Several photos show the value.
    SeveralPhotos,
    /// The serial is expected.
    Estate,
    /// A person confirmed it.
    Person,
}
