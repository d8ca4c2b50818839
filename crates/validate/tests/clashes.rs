//! Numbers of one form and different meaning: the clashes that a label sets for its reader.

use validate::*;

fn quad(row: usize, width: f32) -> Quad {
    let y = row as f32 * 30.0;
    [(0.0, y), (width, y), (width, y + 20.0), (0.0, y + 20.0)].map(|(x, y)| Point { x, y })
}

fn line(row: usize, text: &str) -> TextLine {
    let chars = text.chars().enumerate().map(|(step, best)| CharReading {
        best,
        p: 0.999,
        runner_up: None,
        runner_up_p: 0.0,
        step: step as u16,
    });
    TextLine {
        quad: quad(row, text.chars().count() as f32 * 10.0),
        chars: chars.collect(),
        lattice: Lattice::default(),
        bounds: LineBounds::default(),
    }
}

fn evidence(barcodes: &[(Symbology, &str)], lines: &[&str]) -> Evidence {
    let barcode = |(row, &(symbology, payload)): (usize, &(Symbology, &str))| Barcode {
        symbology,
        payload: payload.to_owned(),
        gs1: false,
        part: None,
        quad: quad(20 + row * 4, 200.0),
        votes: 3,
    };
    let photo = PhotoEvidence {
        width_px: 800,
        height_px: 800,
        barcodes: barcodes.iter().enumerate().map(barcode).collect(),
        lines: lines.iter().enumerate().map(|(row, text)| line(row, text)).collect(),
        ..PhotoEvidence::default()
    };
    Evidence { photos: vec![photo] }
}

/// What must come of a row.
enum Expect {
    /// Accepted under this format.
    Accepted(&'static str, &'static str),
    /// Not accepted, for this reason.
    Not(ReasonCode),
    /// Not accepted, and returned as this kind of identifier.
    Identified(IdentifierKind),
}

use Expect::*;
use Symbology::*;

type Row = (&'static str, &'static [(Symbology, &'static str)], &'static [&'static str], Expect);

/// Each number in the context that says what it is. Every form occurs as a serial and as the other
/// number that has the same form.
const ROWS: &[Row] = &[
    // 15 digits: Castles serial, IMEI, merchant number.
    (
        "15 digits with the maker's prefix are a Castles serial",
        &[(Code128, "000158213605014")],
        &["000158213605014"],
        Accepted("000158213605014", "castles-15"),
    ),
    (
        "15 digits beside IMEI are an IMEI",
        &[(Code128, "357654062100956")],
        &["IMEI: 357654062100956"],
        Identified(IdentifierKind::Imei),
    ),
    (
        "15 digits that pass Luhn and have no keyword are nothing for sure",
        &[(Code128, "357654062100956")],
        &["357654062100956"],
        Not(ReasonCode::BarcodeUnconfirmed),
    ),
    (
        "15 digits beside 商户号 are a merchant number, though they pass Luhn",
        &[],
        &["商户号：310100048140001"],
        Identified(IdentifierKind::Mid),
    ),
    // 12 characters: Ingenico serial, UPC, MAC of digits only.
    (
        "12 digits with the maker's name are an Ingenico serial, though they pass the UPC check",
        &[(Code128, "212857310045")],
        &["INGENICO", "212857310045"],
        Accepted("212857310045", "ingenico-12"),
    ),
    (
        "12 digits beside S/N are a serial of a maker that nothing names",
        &[(Code128, "212857310045")],
        &["S/N: 212857310045"],
        Accepted("212857310045", "fallback"),
    ),
    (
        "12 digits in a UPC symbol are a product, whatever stands beside them",
        &[(UpcA, "212857310045")],
        &["INGENICO", "S/N: 212857310045"],
        Identified(IdentifierKind::Ean),
    ),
    (
        "12 digits in a UPC symbol are a product in another symbol too",
        &[(Ean13, "0212857310045"), (Code128, "212857310045")],
        &["INGENICO", "212857310045"],
        Not(ReasonCode::OnlyOtherNumbers),
    ),
    (
        "12 digits beside MAC are a hardware address",
        &[(Code128, "212857310045")],
        &["INGENICO", "MAC: 21:28:57:31:00:45"],
        Identified(IdentifierKind::Mac),
    ),
    // 10 digits: PAX serial, telephone.
    (
        "10 digits beside the maker's name are a PAX serial",
        &[(Code128, "0821032398")],
        &["PAX A920", "082 1032398"],
        Accepted("0821032398", "pax-10"),
    ),
    (
        "10 digits beside Tel are a telephone number",
        &[],
        &["PAX A920", "Tel: 0821032398"],
        Identified(IdentifierKind::Other),
    ),
    (
        "10 digits without maker or keyword are a question",
        &[(Code128, "0821032398")],
        &["0821032398"],
        Not(ReasonCode::BarcodeUnconfirmed),
    ),
    // 9 digits: Verifone serial, part number.
    (
        "9 digits beside S/N are a Verifone serial where the maker is named",
        &[(Code128, "324689776")],
        &["Verifone", "S/N 324-689-776"],
        Accepted("324689776", "verifone-9"),
    ),
    (
        "9 digits beside S/N are a serial of a maker that nothing names",
        &[(Code128, "324689776")],
        &["S/N 324-689-776"],
        Accepted("324689776", "fallback"),
    ),
    (
        "9 digits beside P/N are a part number",
        &[(Code128, "324689776")],
        &["VERIFONE", "P/N 324-689-776"],
        Not(ReasonCode::PartNumber),
    ),
    (
        "the serial is found beside the part number of its form",
        &[(Code128, "324689776"), (Code128, "080020970")],
        &["VERIFONE", "P/N 324-689-776", "S/N 080-020-970"],
        Accepted("080020970", "verifone-9"),
    ),
    // 8 digits: PAX serial, terminal number of the acquirer.
    (
        "8 characters beside S/N are a PAX serial where the maker is named",
        &[(Code39, "6A000001")],
        &["PAX", "S/N: 6A000001"],
        Accepted("6A000001", "pax-8"),
    ),
    (
        "8 digits beside 终端号 are the acquirer's number",
        &[(Code128, "12345678")],
        &["PAX", "终端号：12345678"],
        Identified(IdentifierKind::Tid),
    ),
    (
        "终端序列号 is the serial, 终端号 is not",
        &[(Code128, "6A000001"), (Code128, "12345678")],
        &["终端号：12345678", "终端序列号：6A000001"],
        Accepted("6A000001", "fallback"),
    ),
    // Chinese labels carry two numbers.
    (
        "the TUSN is returned beside the serial",
        &[(Code128, "00005702280117638929"), (Code128, "80117638929")],
        &["银联 TUSN：00005702280117638929", "SN：80117638929"],
        Accepted("80117638929", "fallback"),
    ),
    (
        "a TUSN alone is no serial",
        &[(QrCode, "00005702280117638929")],
        &["00005702280117638929"],
        Identified(IdentifierKind::Tusn),
    ),
];

#[test]
fn every_clash_is_decided_by_what_stands_around_it() {
    for (name, barcodes, lines, expected) in ROWS {
        let seen = evidence(barcodes, lines);
        let judgement = judge(&Formats::builtin(), &seen, &Estate::unknown());
        match (expected, &judgement.verdict) {
            (Accepted(value, format), Verdict::Accepted { serial }) => {
                assert_eq!(
                    (serial.value.as_str(), serial.format.as_str()),
                    (*value, *format),
                    "{name}"
                );
            }
            (Not(code), Verdict::Review { reasons, .. } | Verdict::Unreadable { reasons }) => {
                assert!(reasons.contains(&Reason(*code)), "{name}: {reasons:?}");
            }
            (Identified(kind), Verdict::Review { .. } | Verdict::Unreadable { .. }) => {
                let kinds: Vec<_> =
                    judgement.identifiers.iter().map(|identifier| identifier.kind).collect();
                assert!(kinds.contains(kind), "{name}: {kinds:?}");
            }
            (_, verdict) => panic!("{name}: {verdict:?}"),
        }
    }
}

#[test]
fn a_tusn_has_a_structure() {
    let tusn = Tusn::parse("00005702280117638929").expect("a TUSN");
    assert_eq!((tusn.vendor_code, tusn.device_type), ("000057", 2));
    assert_eq!(tusn.serial, "280117638929");
    assert_eq!(Tusn::parse("000158213605014"), None, "a Castles serial");
    assert_eq!(Tusn::parse("0000571228011763"), None, "no such device type");
}
