//! Why something was not accepted: stable codes, each with a hint that a technician can follow.

use crate::evidence::Fault;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

/// Why a photo or a value was not accepted. The code is stable; clients may act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(from = "CodeOnly")]
pub struct Reason(pub ReasonCode);

/// The codes. Their spelling on the wire is snake_case and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// Two different serials are in view.
    TwoSerials,
    /// The barcode and the printed serial differ.
    BarcodeTextDiffer,
    /// The label and the device's screen show different serials.
    LabelScreenMismatch,
    /// Only one reading of printed text, nothing that confirms it.
    TextUnconfirmed,
    /// Nothing tells where the printed value begins or ends.
    ExtentUnclear,
    /// A barcode that nothing marks as the serial.
    BarcodeUnconfirmed,
    /// No known format fits the value.
    FormatUnknown,
    /// More than one correction of look-alike characters is possible.
    CorrectionAmbiguous,
    /// The value has a format whose check character it fails.
    CheckCharacterWrong,
    /// The value is known as a part number.
    PartNumber,
    /// The serial is not on the list of expected serials.
    NotInEstate,
    /// A terminal is known by this serial, of another maker.
    OtherMaker,
    /// Numbers were found, but none that is a serial.
    OnlyOtherNumbers,
    /// No label was found in the photo.
    NoLabel,
    /// Out of focus or moved.
    PhotoBlurred,
    /// Blown out by a reflection.
    PhotoGlare,
    /// Too little light.
    PhotoDark,
    /// Text is too small in the photo.
    TextTooSmall,
    /// The label is cut off by the frame.
    CutOff,
    /// A barcode was located but could not be decoded.
    BarcodeUnreadable,
    /// The photo's file lost its end, and a part of the picture with it.
    PhotoIncomplete,
    /// The reader did not finish in time.
    ReaderTimeout,
    /// The reader failed on this photo.
    ReaderFailed,
}

impl ReasonCode {
    /// What a person can do about it, one sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::TwoSerials => "Two serials are in view: photograph one label at a time.",
            Self::BarcodeTextDiffer => {
                "Barcode and printed serial differ: compare both with the device."
            }
            Self::LabelScreenMismatch => {
                "Label and screen show different serials: the label may have been changed."
            }
            Self::TextUnconfirmed => "Compare each character with the label, then confirm.",
            Self::ExtentUnclear => "See where the serial ends: choose the right length.",
            Self::BarcodeUnconfirmed => {
                "Nothing marks this barcode as the serial: compare it with the label."
            }
            Self::FormatUnknown => "No known format fits: check it, or teach the format.",
            Self::CorrectionAmbiguous => {
                "Several look-alike characters are possible: choose the right one."
            }
            Self::CheckCharacterWrong => {
                "The check character is wrong: compare each character with the label."
            }
            Self::PartNumber => "This is a part number: look for the value beside S/N.",
            Self::NotInEstate => "This serial is not on the list of expected serials.",
            Self::OtherMaker => {
                "A terminal of another maker has this serial: see whose name is on the label."
            }
            Self::OnlyOtherNumbers => "Only other numbers were found: show the line with S/N.",
            Self::NoLabel => "No label was found: fill the frame with the label.",
            Self::PhotoBlurred => "Hold still and tap to focus.",
            Self::PhotoGlare => "Tilt the device or the phone until the reflection is gone.",
            Self::PhotoDark => "More light: switch on the torch.",
            Self::TextTooSmall => "Move closer: the serial should fill half the width.",
            Self::CutOff => "Show the whole label, with some space around it.",
            Self::BarcodeUnreadable => "The barcode cannot be read: move closer and hold level.",
            Self::PhotoIncomplete => "The photo's file lost its end: send it again.",
            Self::ReaderTimeout => "Reading took too long: take the photo again, closer.",
            Self::ReaderFailed => "This photo could not be read: take it again.",
        }
    }
}

impl From<Fault> for ReasonCode {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Blurred => Self::PhotoBlurred,
            Fault::Glare => Self::PhotoGlare,
            Fault::Dark => Self::PhotoDark,
            Fault::TextTooSmall => Self::TextTooSmall,
            Fault::CutOff => Self::CutOff,
            Fault::BarcodeUnreadable => Self::BarcodeUnreadable,
            Fault::Incomplete => Self::PhotoIncomplete,
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Reason", 2)?;
        object.serialize_field("code", &self.0)?;
        object.serialize_field("hint", self.0.hint())?;
        object.end()
    }
}

#[derive(Deserialize)]
struct CodeOnly {
    code: ReasonCode,
}

impl From<CodeOnly> for Reason {
    fn from(object: CodeOnly) -> Self {
        Self(object.code)
    }
}
