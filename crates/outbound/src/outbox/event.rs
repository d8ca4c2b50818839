//! The registration event: what a registry is told about a terminal, as final bytes.
//!
//! Pure: typed input in, bytes out. The bytes are made once, stored with the verdict, and those
//! same bytes are signed and sent at every attempt; nothing after this module may rewrite them.
//! Photos go by reference, so that an event stays small enough for any broker.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::EventKind;
use validate::terminal::Operation;
use validate::{Check, Correction, Identifier, IdentifierKind, Serial, Source, Symbology};

/// The largest event in bytes. Standard Webhooks asks for less than 20 kB.
pub const EVENT_BYTES_MAX: usize = 20_000;

/// What a registry is told: the type, when, and all that stands of a terminal from then on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: EventData,
}

/// What the event says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventData {
    /// The scan that led here.
    pub scan_id: String,
    /// The device at the registry, `vendor:serial`: one key is one terminal.
    pub device_key: String,
    /// The serial with the grounds on which it was accepted.
    pub serial: EventSerial,
    /// UnionPay's terminal number, if the label carries one.
    pub tusn: Option<String>,
    /// The other numbers on the label, typed.
    pub identifiers: Vec<EventIdentifier>,
    /// How many identifiers were left out, longest first, because the event would not fit. They
    /// stand in the scan.
    #[serde(skip_serializing_if = "is_zero")]
    pub identifiers_omitted: usize,
    /// Model name or code.
    pub model: Option<String>,
    /// UnionPay's two-digit device type: 02 POS, 04 smart POS ...
    pub device_type: Option<String>,
    /// Where the terminal stands after this event.
    pub site: Option<Site>,
    /// The merchant that has it after this event; null if none has.
    pub merchant: Option<Merchant>,
    /// Terminal number given by the acquirer, as it stands after this event.
    pub tid: Option<String>,
    /// What was done.
    pub operation: Operation,
    /// The device key of the terminal that this one takes the place of; only of a swap.
    pub replaces: Option<String>,
    /// The device key of the terminal that was a mistake for this one, and is withdrawn with it;
    /// only of `terminal.corrected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<String>,
    /// The number of the event among those of its device, from 1, without gaps.
    pub sequence: i64,
    /// The ids of the events that this one depends on: the last of each terminal that it tells of.
    pub follows: Vec<String>,
    /// Who took the photo, by the name of the key or session.
    pub technician: Option<String>,
    /// The photos, by reference.
    pub evidence: Vec<PhotoReference>,
    /// How the serial came to stand: `accepted` by the judge, or `confirmed` or `corrected` by a
    /// person.
    pub status: Provenance,
    /// The person's decision, if one was needed.
    pub review: Option<Review>,
}

/// A serial as the registry sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventSerial {
    /// Canonical form.
    pub value: String,
    /// As it stands on the label.
    pub printed: String,
    /// The maker, lower case, or `unknown`.
    pub vendor: String,
    /// Name of the format that it fits.
    pub format: String,
    /// What kind of evidence carried it.
    pub source: Source,
    /// The barcode's symbology, if a barcode carried it.
    pub symbology: Option<Symbology>,
    /// 0 to 1.
    pub confidence: f32,
    /// The grounds of acceptance.
    pub checks: Vec<Check>,
    /// Characters that were taken for their look-alikes.
    pub corrections: Vec<Correction>,
}

/// A number on the label that is not the serial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventIdentifier {
    /// What it is.
    pub kind: IdentifierKind,
    /// Its value.
    pub value: String,
    /// What kind of evidence carried it.
    pub source: Source,
}

/// Where a terminal stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Postal address or name of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Degrees north, WGS 84.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Degrees east, WGS 84.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
}

/// Whom a terminal belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merchant {
    /// Merchant number given by the acquirer, 15 digits in China.
    pub mid: String,
}

/// A photo that the store holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhotoReference {
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Where someone with a key can fetch it.
    pub url: Option<String>,
}

/// How a serial came to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The judge accepted it.
    Accepted,
    /// A person confirmed a candidate.
    Confirmed,
    /// A person typed it.
    Corrected,
}

/// A person's decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// Who decided, by the name of the key or session.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The event is too large even without its identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registration event has {bytes} bytes, at most {EVENT_BYTES_MAX} may be sent")]
pub struct EventTooLarge {
    /// Its size.
    pub bytes: usize,
}

impl Event {
    /// The event of what happened at `timestamp`.
    pub fn new(kind: EventKind, timestamp: Timestamp, data: EventData) -> Self {
        let kind = match kind {
            EventKind::Registered => "terminal.registered",
            EventKind::Seen => "terminal.seen",
            EventKind::Corrected => "terminal.corrected",
            EventKind::Withdrawn => "terminal.withdrawn",
        };
        Self { kind, timestamp, data }
    }

    /// The final bytes: JSON without white space. A label full of long barcodes must not keep its
    /// serial from being registered, so the longest identifiers are left out until the event fits.
    ///
    /// # Errors
    /// [`EventTooLarge`] if what remains is still over [`EVENT_BYTES_MAX`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, EventTooLarge> {
        let mut bytes = json(self);
        if bytes.len() <= EVENT_BYTES_MAX {
            return Ok(bytes);
        }
        let mut event = self.clone();
        let mut by_length: Vec<_> = (0..event.data.identifiers.len()).collect();
        by_length.sort_by_key(|at| event.data.identifiers[*at].value.len());
        while bytes.len() > EVENT_BYTES_MAX {
            let Some(longest) = by_length.pop() else {
                return Err(EventTooLarge { bytes: bytes.len() });
            };
            by_length.iter_mut().filter(|at| **at > longest).for_each(|at| *at -= 1);
            event.data.identifiers.remove(longest);
            event.data.identifiers_omitted += 1;
            bytes = json(&event);
        }
        Ok(bytes)
    }
}

impl From<&Serial> for EventSerial {
    fn from(serial: &Serial) -> Self {
        Self {
            value: serial.value.clone(),
            printed: serial.printed.clone(),
            vendor: serial.vendor.clone(),
            format: serial.format.clone(),
            source: serial.source,
            symbology: serial.symbology,
            confidence: serial.confidence,
            checks: serial.checks.clone(),
            corrections: serial.corrections.clone(),
        }
    }
}

impl From<&Identifier> for EventIdentifier {
    fn from(identifier: &Identifier) -> Self {
        Self { kind: identifier.kind, value: identifier.value.clone(), source: identifier.source }
    }
}

fn json(event: &Event) -> Vec<u8> {
    // Writing to memory cannot fail, every key above is a string, and a number that JSON does not
    // have becomes null.
    serde_json::to_vec(event).expect("an event is always JSON")
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event::new(
            EventKind::Registered,
            "2026-03-01T09:30:00.250Z".parse().unwrap(),
            EventData {
                scan_id: "0195b0c4-6b6e-7c3a-9a51-3f6f0c2d8e11".into(),
                device_key: "pax:0821032398".into(),
                serial: EventSerial {
                    value: "0821032398".into(),
                    printed: "082 1032398".into(),
                    vendor: "pax".into(),
                    format: "pax-10".into(),
                    source: Source::Both,
                    symbology: Some(Symbology::Code128),
                    confidence: 0.998,
                    checks: vec![Check::Format, Check::BarcodeEqualsText],
                    corrections: vec![Correction { at: 3, read: 'I', taken: '1' }],
                },
                tusn: Some("00005702280117638929".into()),
                identifiers: vec![EventIdentifier {
                    kind: IdentifierKind::PartNumber,
                    value: "A920-0AW-RD5".into(),
                    source: Source::Text,
                }],
                identifiers_omitted: 0,
                model: Some("A920".into()),
                device_type: Some("04".into()),
                site: Some(Site {
                    address: Some("1 Harbour Street".into()),
                    lat: Some(31.230416),
                    lon: Some(121.473701),
                }),
                merchant: Some(Merchant { mid: "310100048140001".into() }),
                tid: Some("10000001".into()),
                operation: Operation::Swap,
                replaces: Some("pax:0821000001".into()),
                corrects: None,
                sequence: 3,
                follows: vec!["msg_0195b0c46b6e7c3a9a513f6f0c2d8e10".into()],
                technician: Some("van 7".into()),
                evidence: vec![PhotoReference {
                    sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                        .into(),
                    url: Some("https://labels.example/v1/scans/0195b0c4/photo".into()),
                }],
                status: Provenance::Confirmed,
                review: Some(Review {
                    by: "depot".into(),
                    at: "2026-03-01T09:30:00Z".parse().unwrap(),
                }),
            },
        )
    }

    #[test]
    fn the_whole_event_as_registries_see_it() {
        let bytes = event().to_bytes().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        insta::assert_json_snapshot!(value);
    }

    #[test]
    fn the_same_event_gives_the_same_bytes() {
        assert_eq!(event().to_bytes().unwrap(), event().to_bytes().unwrap());
        let text = String::from_utf8(event().to_bytes().unwrap()).unwrap();
        let head =
            r#"{"type":"terminal.registered","timestamp":"2026-03-01T09:30:00.25Z","data":{"#;
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains(r#""confidence":0.998,"#), "no float noise: {text}");
    }

    #[test]
    fn the_longest_identifiers_give_way_and_are_counted() {
        let mut event = event();
        let with = |length: usize| EventIdentifier {
            kind: IdentifierKind::Other,
            value: "é".repeat(length / 2),
            source: Source::Barcode,
        };
        event.data.identifiers.splice(0..0, [4000, 10, 4096, 4090, 4092, 4094, 20].map(with));
        let bytes = event.to_bytes().unwrap();
        assert!(bytes.len() <= EVENT_BYTES_MAX);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let kept: Vec<_> = value["data"]["identifiers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|identifier| identifier["value"].as_str().unwrap().len())
            .collect();
        assert_eq!(kept, [4000, 10, 4090, 4092, 4094, 20, 12][..kept.len()]);
        assert_eq!(value["data"]["identifiers_omitted"], 1);
        assert_eq!(value["data"]["serial"]["value"], "0821032398");
    }

    #[test]
    fn an_event_that_cannot_fit_says_so() {
        let mut event = event();
        event.data.replaces = Some("x".repeat(EVENT_BYTES_MAX));
        let error = event.to_bytes().unwrap_err();
        assert!(error.bytes > EVENT_BYTES_MAX);
    }

    #[test]
    fn the_largest_event_that_fits_is_sent_whole() {
        let mut event = event();
        let room = EVENT_BYTES_MAX - event.to_bytes().unwrap().len();
        event.data.tid = event.data.tid.map(|tid| tid + &"0".repeat(room));
        assert_eq!(event.to_bytes().unwrap().len(), EVENT_BYTES_MAX);
        event.data.tid = event.data.tid.map(|tid| tid + "0");
        let value: serde_json::Value = serde_json::from_slice(&event.to_bytes().unwrap()).unwrap();
        assert_eq!(value["data"]["identifiers_omitted"], 1);
    }
}
