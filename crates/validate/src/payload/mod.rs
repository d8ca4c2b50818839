//! What a barcode's payload says: one number, or several with their meaning.
//!
//! Everything is data and comes from strangers: nothing is fetched, nothing is executed, the length
//! and the number of fields are capped, and every input gives an answer.

pub(crate) mod field;
mod gs1;
mod identifiers;
mod pairs;

use crate::evidence::Symbology;
use crate::identifier::IdentifierKind;
use crate::payload::field::{Extent, FIELDS_MAX, Field, FieldRole};
use crate::serial::fold::fold_char;

/// Longer payloads are cut: no serial stands behind 4 KiB of other data.
pub const PAYLOAD_BYTES_MAX: usize = 4096;
/// The fields of a payload. `gs1` says that the symbol declares GS1 data.
pub fn parse_payload(payload: &str, symbology: Symbology, gs1: bool) -> Vec<Field> {
    let payload = cut(payload);
    let mut fields = match symbology {
        Symbology::Ean13 | Symbology::Ean8 | Symbology::UpcA | Symbology::UpcE => {
            vec![Field {
                kind: IdentifierKind::Ean,
                value: payload.to_owned(),
                role: FieldRole::Named,
                extent: Extent::Closed,
            }]
        }
        _ => structured(payload, gs1).unwrap_or_else(|| identifiers::plain(payload)),
    };
    for field in &mut fields {
        if field.value.contains(char::is_control) {
            field.value.retain(|char| !char.is_control());
        }
        if field.value.trim().len() < field.value.len() {
            field.value = field.value.trim().to_owned();
        }
    }
    fields.retain(|field| field.value.chars().any(|char| fold_char(char).is_some()));
    fields.truncate(FIELDS_MAX);
    fields
}

fn structured(payload: &str, gs1: bool) -> Option<Vec<Field>> {
    // Most payloads are one number, and every structure has its marks.
    if !gs1 && payload.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    identifiers::envelope(payload)
        .or_else(|| gs1::digital_link(payload))
        .or_else(|| gs1::element_string(payload, gs1))
        .or_else(|| pairs::address(payload))
        .or_else(|| pairs::json(payload))
        .or_else(|| pairs::list(payload))
}

/// The payload up to the limit, cut at a character.
fn cut(payload: &str) -> &str {
    let mut end = payload.len().min(PAYLOAD_BYTES_MAX);
    while !payload.is_char_boundary(end) {
        end -= 1;
    }
    &payload[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::*;

    /// `kind mark value` of each field.
    #[track_caller]
    fn check(payload: &str, gs1: bool, expected: &[(IdentifierKind, FieldRole, &str)]) {
        let fields = parse_payload(payload, Symbology::QrCode, gs1);
        let fields: Vec<_> =
            fields.iter().map(|field| (field.kind, field.role, field.value.as_str())).collect();
        assert_eq!(fields, expected, "{payload:?}");
    }

    #[test]
    fn plain_values_and_prefixes() {
        check("77987515", false, &[(Other, FieldRole::Whole, "77987515")]);
        check("SN: 7B890026", false, &[(Serial, FieldRole::Named, "7B890026")]);
        check("S/N:7B890026", false, &[(Serial, FieldRole::Named, "7B890026")]);
        check("SN=7B890026", false, &[(Serial, FieldRole::Named, "7B890026")]);
        check(
            "SN133501010924",
            false,
            &[
                (Serial, FieldRole::PerhapsNamed, "133501010924"),
                (Other, FieldRole::Whole, "SN133501010924"),
            ],
        );
        check(
            "SPF0UFLRH",
            false,
            &[
                (Serial, FieldRole::PerhapsNamed, "PF0UFLRH"),
                (Other, FieldRole::Whole, "SPF0UFLRH"),
            ],
        );
        check(
            "1S80WK00F9USPF0UFLRH",
            false,
            &[
                (Other, FieldRole::PerhapsNamed, "80WK00F9USPF0UFLRH"),
                (Other, FieldRole::Whole, "1S80WK00F9USPF0UFLRH"),
            ],
        );
        check(
            "1P12345",
            false,
            &[(PartNumber, FieldRole::PerhapsNamed, "12345"), (Other, FieldRole::Whole, "1P12345")],
        );
        check(
            "23S383A2127CF16",
            false,
            &[
                (Mac, FieldRole::PerhapsNamed, "383A2127CF16"),
                (Other, FieldRole::Whole, "23S383A2127CF16"),
            ],
        );
    }

    #[test]
    fn envelopes_and_their_field_defects() {
        let expected: &[(IdentifierKind, FieldRole, &str)] =
            &[(PartNumber, FieldRole::Named, "D150-0B0"), (Serial, FieldRole::Named, "77987515")];
        for payload in [
            "[)>\u{1e}06\u{1d}1PD150-0B0\u{1d}S77987515\u{1e}\u{4}",
            "[)>06\u{1d}1PD150-0B0\u{1d}S77987515\u{1e}\u{4}",
            "[)>\u{1e}06\u{1d}1PD150-0B0\u{1d}S77987515",
            "[)>\0 06\u{1d}1PD150-0B0\u{1d}S77987515\0\u{4}".replace("\0 ", "\0").as_str(),
            "[)>\u{1d}06\u{1d}1PD150-0B0\u{1d}S77987515\u{1d}\u{4}",
            ">[)>\u{1e}06\u{1d}1PD150-0B0\u{1d}S77987515\u{1e}\u{4}",
        ] {
            check(payload, false, expected);
        }
        check(
            "[)>\u{1e}06\u{1d}18S1A2B3SN77\u{1e}\u{4}",
            false,
            &[(Serial, FieldRole::Named, "SN77")],
        );
        check(
            "[)>\u{1e}05\u{1d}0104035999001512\u{1d}217404313\u{1e}\u{4}",
            false,
            &[(Ean, FieldRole::Named, "04035999001512"), (Serial, FieldRole::Named, "7404313")],
        );
    }

    #[test]
    fn gs1_with_and_without_its_marks() {
        let expected: &[(IdentifierKind, FieldRole, &str)] = &[
            (Ean, FieldRole::Named, "04035999001512"),
            (Other, FieldRole::Named, "89209876"),
            (Date, FieldRole::Named, "171231"),
            (Serial, FieldRole::Named, "3300004532"),
        ];
        check("(01)04035999001512(10)89209876(15)171231(21)3300004532", false, expected);
        check(
            "010403599900151210 89209876\u{1d}15171231213300004532".replace(' ', "").as_str(),
            true,
            expected,
        );
        check(
            "]d2010403599900151210 89209876\u{1d}15171231213300004532".replace(' ', "").as_str(),
            false,
            expected,
        );
        check("(21)7404313", false, &[(Serial, FieldRole::Named, "7404313")]);
        check(
            "https://id.example.com/01/04035999001512/21/77987515?x=1",
            false,
            &[(Ean, FieldRole::Named, "04035999001512"), (Serial, FieldRole::Named, "77987515")],
        );
        // A piece of food by weight is no device, whatever its carton's number is called.
        let carton =
            parse_payload("01906641589574681121102531020003402152731515", Symbology::Code128, true);
        assert!(carton.iter().all(|field| field.kind != Serial), "{carton:?}");
    }

    #[test]
    fn pairs_lists_json_and_addresses() {
        check(
            "model:A920;sn:0821032398;imei:357654062100956",
            false,
            &[
                (Model, FieldRole::Named, "A920"),
                (Serial, FieldRole::Named, "0821032398"),
                (Imei, FieldRole::Named, "357654062100956"),
            ],
        );
        check(
            "502867,AC50OXP,16GB,SG150700048,357654062100956",
            false,
            &[
                (Other, FieldRole::Listed, "502867"),
                (Other, FieldRole::Listed, "AC50OXP"),
                (Other, FieldRole::Listed, "16GB"),
                (Other, FieldRole::Listed, "SG150700048"),
                (Imei, FieldRole::Listed, "357654062100956"),
            ],
        );
        check(
            r#"{"model":"A920","dev":{"sn":"0821032398"},"n":7}"#,
            false,
            &[
                (Serial, FieldRole::Named, "0821032398"),
                (Model, FieldRole::Named, "A920"),
                (Other, FieldRole::Listed, "7"),
            ],
        );
        check(
            "https://example.com/d?sn=0821032398&x=99",
            false,
            &[
                (Serial, FieldRole::Named, "0821032398"),
                (Other, FieldRole::InAddress, "d"),
                (Other, FieldRole::InAddress, "99"),
            ],
        );
        check(
            "(S)SN\rSPF0UFLRH\rSN.MO\rPF0UFLRHPF9XB7625009",
            false,
            &[
                (Serial, FieldRole::Named, "PF0UFLRH"),
                (Other, FieldRole::Listed, "PF0UFLRHPF9XB7625009"),
            ],
        );
    }

    #[test]
    fn product_numbers_are_known_by_their_symbology() {
        let fields = parse_payload("212857310045", Symbology::UpcA, false);
        assert_eq!((fields.len(), fields[0].kind), (1, Ean));
    }

    #[test]
    fn hostile_payloads_are_cut() {
        assert!(parse_payload(&"€".repeat(100_000), Symbology::QrCode, false).is_empty());
        assert_eq!(
            parse_payload(&"1,".repeat(100_000), Symbology::QrCode, false).len(),
            FIELDS_MAX
        );
        let deep = "[".repeat(4000);
        parse_payload(&format!("{{\"a\":{deep}"), Symbology::QrCode, false);
        assert!(parse_payload("", Symbology::QrCode, true).is_empty());
    }
}
