//! What a technician may say about a terminal beside its photo. Checked completely at the door, so
//! that whatever was stored can be forwarded without another look.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use utoipa::ToSchema;

/// Characters of a name such as a site, a merchant or a model.
const NAME_CHARS_MAX: usize = 200;
/// Characters of a note.
const NOTE_CHARS_MAX: usize = 2000;
/// Characters of a file's path.
pub const FILE_CHARS_MAX: usize = 1000;

/// Everything that is known about the terminal beside its photo; every field may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Where the terminal stands: a name or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Station Road 4, ground floor")]
    pub site: Option<String>,
    /// The merchant, by name or number (MID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "310100048140001")]
    pub merchant: Option<String>,
    /// The terminal number that the acquirer gave (TID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "10023456")]
    pub tid: Option<String>,
    /// The terminal's model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "A920")]
    pub model: Option<String>,
    /// What happens to the terminal. Without it the photo registers the terminal: the registry
    /// learns once that it exists, and nothing else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// The serial of the terminal that this one replaces, for a swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub replaces: Option<String>,
    /// The batch it belongs to, such as a consignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "pallet 7")]
    pub batch: Option<String>,
    /// The file that the photo came from, for one that was taken from a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, example = "Pier 3/pallet 7/IMG_0412.jpg")]
    pub file: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// When the photo was taken, by the phone's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Timestamp>,
    /// Where the photo was taken, by the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// What happens to the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It exists; nothing else changes.
    Register,
    /// It goes to a merchant: one of `merchant` and `tid` says where.
    Bind,
    /// It goes into stock.
    StockIn,
    /// It replaces another one.
    Swap,
    /// It leaves its merchant.
    Unbind,
}

/// A position in degrees (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Degrees north, -90 to 90.
    #[schema(minimum = -90, maximum = 90, example = 31.2304)]
    pub lat: f64,
    /// Degrees east, -180 to 180.
    #[schema(minimum = -180, maximum = 180, example = 121.4737)]
    pub lon: f64,
}

/// Why details are refused; the message names the field.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct DetailsError(String);

impl Details {
    /// Reads and checks the `details` part of an upload: a JSON object. A struct by itself would be
    /// read from a list of its fields' values, too, which is not what is documented.
    ///
    /// # Errors
    /// If it is none, or says what cannot be.
    pub fn parse(json: &[u8]) -> Result<Self, DetailsError> {
        let fields = serde_json::from_slice::<Map<String, Value>>(json);
        let details = fields.and_then(|fields| Self::deserialize(Value::Object(fields)));
        let details = details.map_err(|error| DetailsError(error.to_string()))?;
        details.check()?;
        Ok(details)
    }

    /// Whether every field is what it may be. A photo whose operation says too little is taken all
    /// the same, and whoever sent it is asked: see [`Details::check_complete`].
    ///
    /// # Errors
    /// Names the first field that is not.
    pub fn check(&self) -> Result<(), DetailsError> {
        let names = [
            ("site", &self.site),
            ("merchant", &self.merchant),
            ("tid", &self.tid),
            ("model", &self.model),
            ("replaces", &self.replaces),
            ("batch", &self.batch),
        ];
        for (field, text) in names {
            check_text(field, text.as_deref(), NAME_CHARS_MAX, char::is_control)?;
        }
        check_text("file", self.file.as_deref(), FILE_CHARS_MAX, char::is_control)?;
        let control_but_newline = |c: char| c.is_control() && c != '\n';
        check_text("note", self.note.as_deref(), NOTE_CHARS_MAX, control_but_newline)?;
        if self.replaces.is_some() && self.operation != Some(Operation::Swap) {
            let detail = "replaces: only a swap names a terminal that is replaced";
            return Err(DetailsError(detail.into()));
        }
        if let Some(written) = &self.replaces {
            let serial = written.rsplit_once(':').map_or(&**written, |(_, serial)| serial);
            validate::canonical(serial).map_err(|why| DetailsError(format!("replaces: {why}")))?;
        }
        let Some(Location { lat, lon }) = self.location else { return Ok(()) };
        if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) {
            Ok(())
        } else {
            Err(DetailsError("location: not a place on Earth".into()))
        }
    }
}

impl Details {
    /// Whether the operation is said completely, for where there is no photo to be kept.
    ///
    /// # Errors
    /// Names what is missing.
    pub fn check_complete(&self) -> Result<(), DetailsError> {
        if self.operation == Some(Operation::Swap) && self.replaces.is_none() {
            return Err(DetailsError(
                "replaces: a swap names the terminal that is replaced".into(),
            ));
        }
        self.check()
    }
}

fn check_text(
    field: &str,
    text: Option<&str>,
    chars_max: usize,
    refused: impl Fn(char) -> bool,
) -> Result<(), DetailsError> {
    let Some(text) = text else { return Ok(()) };
    if text.chars().count() > chars_max {
        let detail = format!("{field}: more than {chars_max} characters");
        return Err(DetailsError(detail));
    }
    if text.chars().any(refused) {
        return Err(DetailsError(format!("{field}: control characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_every_field_pass() {
        let json = br#"{"site":"S","merchant":"M","tid":"1","model":"A920","operation":"swap",
            "replaces":"0821032397","note":"a\nb","captured_at":"2026-11-23T01:00:00Z",
            "location":{"lat":31.2,"lon":-121.5}}"#;
        let details = Details::parse(json).unwrap();
        assert_eq!(details.operation, Some(Operation::Swap));
        assert_eq!(details.location, Some(Location { lat: 31.2, lon: -121.5 }));
    }

    #[test]
    fn a_photo_whose_swap_names_nothing_is_taken_and_an_operation_is_not() {
        let swap = Details::parse(br#"{"operation":"swap"}"#).unwrap();
        assert!(swap.check_complete().is_err());
    }

    #[test]
    fn details_that_lie_are_refused() {
        let long = format!(r#"{{"site":"{}"}}"#, "x".repeat(201));
        let refused: [&[u8]; 9] = [
            b"",
            b"[]",
            b"{\"unknown\":1}",
            b"{\"site\":7}",
            b"{\"site\":\"a\\u0000b\"}",
            b"{\"operation\":\"explode\"}",
            b"{\"operation\":\"bind\",\"replaces\":\"0821032397\"}",
            b"{\"location\":{\"lat\":91,\"lon\":0}}",
            long.as_bytes(),
        ];
        for json in refused {
            assert!(Details::parse(json).is_err(), "{}", String::from_utf8_lossy(json));
        }
    }
}
