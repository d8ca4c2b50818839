//! Labels as others print them, one row each: what stands there, and what is right about it.
//!
//! A label is text: a line of it is a printed line, whose tabs are columns; a line that starts with
//! a symbology in brackets is a barcode; a line of dashes begins another label beside the first.
//! Words in braces are numbers of the device.

use crate::Truth;
use crate::label::Element;
use crate::numbers::{Maker, Numbers};
use crate::print::Face;
use crate::sheet::{MARGIN_MM, Sheet};
use crate::symbol::Code;
use anyhow::Result;
use rand::{RngExt, rngs::StdRng};

/// What may be accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    /// The serial.
    Serial,
    /// The serial, with or without the letters `SN` before it.
    Prefixed,
    /// The serial, but nobody would blame a question.
    Perhaps,
    /// Each of two devices by itself.
    Each,
    /// Nothing.
    Nothing,
}

use Right::{Each, Nothing, Perhaps, Prefixed, Serial};

/// Kind, what is right, the label.
type Row = (&'static str, Right, &'static str);

const ROWS: &[Row] = &[
    ("inline", Serial, "S/N: {s}\nMade in China"),
    ("inline", Serial, "Serial No.: {s}\n[128]{s}"),
    ("inline", Serial, "P/N: {part}  S/N:{s}\n[39]{s}"),
    ("inline", Serial, "SN:{s}\n[qr]{s}\nMAC: {mac}\n[128]{mac}"),
    ("caption above", Serial, "S/N\n{s}\n[128]{s}"),
    ("caption above", Serial, "Serial Number\n{s}\nInput: 5V 2A"),
    ("captions left", Serial, "P/N\t{part}\nS/N\t{s}\nMAC\t{mac}\nDATE CODE\t2412"),
    ("captions left", Serial, "S/N\t{s}\n[128]{s}\nDEVICE ID\t{mac}0F\n[128]{mac}0F\nIMEI\t{imei}"),
    (
        "captions above",
        Serial,
        "P/N\n{part}\n[128]{part}\nS/N\n{s}\n[128]{s}\nMAC\n{mac}\n[128]{mac}",
    ),
    (
        "captions inline",
        Serial,
        "IMEI: {imei}\n[128]{imei}\nS/N: {s}\n[128]{s}\nMAC: {mac}\n[128]{mac}",
    ),
    ("table", Serial, "MODEL\tP/N\tS/N\n{model}\t{part}\t{s}"),
    ("table", Serial, "S/N\tREV\tDATE\n{s}\tB2\t12/2024\n[128]{s}"),
    ("other language", Serial, "Nomor Seri: {s}"),
    ("other language", Serial, "Sarjanumero: {s}"),
    ("other language", Serial, "Serijski broj: {s}"),
    ("other language", Serial, "Numer fabryczny: {s}"),
    ("other language", Serial, "Nº DE SÉRIE: {s}"),
    ("other language", Serial, "Fabr.-Nr. {s}"),
    ("other language", Serial, "Seriennummer\n{s}\n[128]{s}"),
    ("other language", Serial, "{cjk}出厂编号：{s}"),
    ("other language", Serial, "{cjk}製造番号：{s}\n[128]{s}"),
    ("head", Serial, "CE S/N: {s}"),
    ("head", Serial, "{model} S/N {s}\n[128]{s}"),
    ("head", Serial, "12/2024  S/N: {s}"),
    ("tail: date", Serial, "S/N: {s} 12/2024"),
    ("tail: date", Serial, "S/N: {s}  05.2024\n[128]{s}"),
    ("tail: date", Serial, "SN: {s} 2412"),
    ("tail: date", Serial, "S/N: {s}/2024"),
    ("tail: rating", Serial, "S/N: {s} 240V~"),
    ("tail: rating", Serial, "S/N: {s} 50Hz"),
    ("tail: rating", Serial, "S/N: {s} 1A"),
    ("tail: revision", Serial, "S/N: {s} REV 03"),
    ("tail: revision", Serial, "S/N: {s} V1.2\n[128]{s}"),
    ("tail: revision", Serial, "S/N: {s} C1"),
    ("tail: revision", Serial, "S/N: {s} -1"),
    ("tail: model", Serial, "S/N: {s}/{model}"),
    ("tail: model", Serial, "S/N: {s}|B2"),
    ("tail: model", Serial, "S/N: {s} ({model})"),
    ("tail: model", Serial, "S/N: {s} 3G/4G"),
    ("tail: quantity", Serial, "S/N: {s} 1/2"),
    ("tail: quantity", Serial, "S/N: {s} x10"),
    ("tail: field", Serial, "S/N: {s} P/N {part}"),
    ("tail: field", Serial, "S/N: {s} MAC: {mac}"),
    ("tail: field", Serial, "S/N: {s} PAT. 5123456"),
    ("two serials", Nothing, "S/N: {s}/{other}"),
    ("two serials", Nothing, "S/N: {s}, {other}"),
    ("two serials", Nothing, "S/N: {s} & {other}"),
    ("first and last", Perhaps, "S/N: {s} ~ {other}\nQTY: 10"),
    ("first and last", Perhaps, "S/N: {s} - {other}\nQTY: 10"),
    ("prefix", Prefixed, "SN{s}\n[128]SN{s}"),
    ("bare barcode", Perhaps, "[128]{s}\n{s}"),
    ("payload: pairs", Serial, "[qr]SN:{s} MODEL:{model}\nS/N: {s}"),
    ("payload: pairs", Serial, "[qr]SN:{s}/MAC:{mac}\nS/N: {s}"),
    ("payload: pairs", Serial, "[qr]PN={part}&SN={s}&REV=B2\nS/N: {s}"),
    ("payload: pairs", Serial, "[qr]SN:{s}#PN:{part}\n{s}"),
    ("payload: pairs", Serial, "[qr]SN:{s}_HW:1.02\nS/N: {s}"),
    ("payload: pairs", Serial, "[qr]{SN:{s},DT:{model},NC:11}"),
    ("payload: pairs", Perhaps, "[qr]SN:{s} Rev B2"),
    ("payload: pairs", Serial, "[dm]SN:{s};PN:{part};MAC:{mac}"),
    ("payload: json", Serial, "[qr]{\"model\":\"{model}\",\"sn\":\"{s}\"}"),
    ("payload: json", Serial, "[qr]{\"sn\":\"{s}\",\"battery\":{\"sn\":\"BT12345678\"}}"),
    ("payload: json", Nothing, "[qr]{\"sn\":1.70E+09,\"model\":\"{model}\"}"),
    ("payload: json", Nothing, "[qr][{\"sn\":\"{s}\"},{\"sn\":\"{other}\"}]"),
    ("payload: header row", Serial, "[qr]Model,SN{lf}{model},{s}\nS/N: {s}"),
    ("payload: header row", Serial, "[qr]P/N;S/N;MAC{lf}{part};{s};{mac}"),
    ("payload: list", Serial, "[qr]{model},{s},{imei}\nS/N: {s}"),
    ("payload: gs1", Serial, "[128]{fnc1}01{gtin}21{s}\nS/N: {s}"),
    ("payload: gs1", Serial, "[128]{fnc1}21{s}{fnc1}11240105\nS/N: {s}"),
    ("payload: gs1 broken", Perhaps, "[128](21){s}(11)090101"),
    ("payload: gs1 broken", Perhaps, "[128]21{s}11090101\nS/N: {s}"),
    ("payload: 15434", Serial, "[dm][)>{rs}06{gs}1P{part}{gs}S{s}{rs}{eot}"),
    ("payload: 15434", Serial, "[dm][)>06{gs}1P{part}{gs}S{s}\nS/N: {s}"),
    ("payload: hibc", Serial, "[128]+A999123456781G\nS/N: {s}"),
    ("payload: query", Serial, "[qr]https://q.example.com/?sn={s}&m=x"),
    ("payload: query", Serial, "[qr]sn={s}&pn={part}\nS/N: {s}"),
    ("payload: identifier", Serial, "[128]S{s}\nS/N: {s}"),
    ("code 39 check", Serial, "[39]{s}{check}\nS/N: {s}"),
    ("trap: port", Nothing, "SERIAL: RS-232"),
    ("trap: port", Nothing, "SERIAL: RS-232/RS-422/RS-485"),
    ("trap: port", Nothing, "Serial RS232C DB9-0001"),
    ("trap: chip", Nothing, "SN 74HC595N"),
    ("trap: chip", Nothing, "SN-65HVD1781"),
    ("trap: date", Nothing, "S/N: 24/11/2026"),
    ("trap: date", Nothing, "SN: 20241105"),
    ("trap: not filled", Nothing, "S/N: N/A 20241105"),
    ("trap: not filled", Nothing, "S/N: 00000000"),
    ("trap: not filled", Nothing, "S/N: 1234567890"),
    ("trap: not filled", Nothing, "S/N: SAMPLE1234"),
    ("trap: range", Nothing, "FOR SERIAL NO. 1200345 AND UP"),
    ("trap: range", Nothing, "S/N ABOVE 1200345"),
    ("trap: range", Nothing, "From S/N 1200345 to 1299999"),
    ("trap: other numbers", Nothing, "IMEI: {imei}\n[128]{imei}\nMAC: {mac}\n[128]{mac}"),
    ("trap: other numbers", Nothing, "P/N: {part}\n[dm]{part}\nAsset No. 004711"),
    ("trap: MAC barcode", Nothing, "S/N\n[128]{mac}\n{mac}"),
    ("trap: MAC barcode", Serial, "S/N\t{s}\n[128]{mac}\nMAC {mac}"),
    ("trap: asset", Nothing, "[128]{fnc1}80044711004711AB12"),
    ("trap: asset", Serial, "[128]{fnc1}80044711004711AB12\nS/N: {s}"),
    (
        "trap: carton",
        Nothing,
        "(P) {part}\n[128]P{part}\nQTY: 10\n[128]Q10\n(S) 100200300\n[128]S100200300",
    ),
    ("trap: carton", Nothing, "QTY: 3\nS/N:\n{s}\n{other}\n{third}"),
    ("trap: contradiction", Nothing, "[qr]SN:{other}\nS/N: {s}"),
    ("battery", Serial, "S/N: {s}\n[128]{s}\nBattery S/N: BT12345678"),
    ("two devices", Each, "S/N: {s}\n[128]{s}\n----\nS/N: {other}\n[128]{other}"),
    ("two devices", Each, "S/N: {s}\nMade in China\n----\nS/N: {other}\nMade in China"),
];

/// How many labels there are.
pub(super) const COUNT: usize = ROWS.len();

/// The kind of the label at a place of the table.
pub(super) fn kind(at: usize) -> &'static str {
    ROWS[at % ROWS.len()].0
}

/// Puts the label on the sheet.
///
/// # Errors
/// If a payload does not fit its symbology.
pub(super) fn compose(
    sheet: &mut Sheet<'_>,
    at: usize,
    maker: Maker,
    numbers: &Numbers,
    rng: &mut StdRng,
) -> Result<()> {
    let (_, right, text) = ROWS[at % ROWS.len()];
    let others: [String; 2] = std::array::from_fn(|_| another(maker, numbers, rng));
    sheet.text(Face::SansBold, 3.0, numbers.maker);
    if rng.random_bool(0.6) {
        sheet.line(&format!("Model: {}", numbers.model));
    }
    for line in text.lines() {
        let line = filled(line, numbers, &others);
        if line == "----" {
            beside(sheet, numbers);
        } else if let Some((code, payload)) = symbol(&line) {
            match code {
                Code::Qr | Code::DataMatrix => square(sheet, code, payload)?,
                _ => sheet.bars(code, payload, 5.0)?,
            }
        } else {
            columns(sheet, &line);
        }
    }
    for code in &mut sheet.label.truth.barcodes {
        code.text = code.text.trim_start_matches(FNC1).replace(FNC1, "\u{1d}");
    }
    truth(right, &mut sheet.label.truth, &numbers.serial, &others[0]);
    Ok(())
}

/// How the encoder of Code 128 is told of an FNC1.
const FNC1: char = '\u{f1}';

fn another(maker: Maker, numbers: &Numbers, rng: &mut StdRng) -> String {
    loop {
        let other = maker.serial(rng);
        if other != numbers.serial {
            return other;
        }
    }
}

fn filled(line: &str, numbers: &Numbers, others: &[String; 2]) -> String {
    let check = code_39_check(&numbers.serial);
    [
        ("{s}", numbers.serial.as_str()),
        ("{other}", &others[0]),
        ("{third}", &others[1]),
        ("{part}", &numbers.part),
        ("{mac}", &numbers.mac),
        ("{imei}", &numbers.imei),
        ("{model}", numbers.model),
        ("{gtin}", &format!("0{}", numbers.ean)),
        ("{check}", &check.to_string()),
        ("{fnc1}", &FNC1.to_string()),
        ("{gs}", "\u{1d}"),
        ("{rs}", "\u{1e}"),
        ("{eot}", "\u{4}"),
        ("{lf}", "\n"),
    ]
    .into_iter()
    .fold(line.to_owned(), |line, (name, value)| line.replace(name, value))
}

/// The check character of Code 39, modulo 43 (ISO/IEC 16388, annex A).
fn code_39_check(text: &str) -> char {
    const ORDER: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
    let sum: usize = text.chars().filter_map(|char| ORDER.find(char)).sum();
    ORDER.chars().nth(sum % 43).unwrap_or('0')
}

fn symbol(line: &str) -> Option<(Code, &str)> {
    let codes = [
        ("[qr]", Code::Qr),
        ("[dm]", Code::DataMatrix),
        ("[128]", Code::Code128),
        ("[39]", Code::Code39),
    ];
    codes.into_iter().find_map(|(mark, code)| Some((code, line.strip_prefix(mark)?)))
}

/// A matrix symbol at the left edge, with the free space that it needs.
fn square(sheet: &mut Sheet<'_>, code: Code, payload: &str) -> Result<()> {
    let modules = code.encode(payload)?.width();
    let module_mm = (14.0 / modules).max(0.35);
    let quiet_mm = code.quiet_modules() * module_mm;
    let (x_mm, y_mm, side_mm) =
        (sheet.left_mm + quiet_mm, sheet.y_mm + quiet_mm, modules * module_mm);
    sheet.symbol(x_mm, y_mm, module_mm, side_mm, code, payload);
    sheet.y_mm += side_mm + 2.0 * quiet_mm + 0.5;
    Ok(())
}

/// A line; tabs part it into columns of equal width.
fn columns(sheet: &mut Sheet<'_>, line: &str) {
    let (face, line) = match line.strip_prefix("{cjk}") {
        Some(line) => (Face::Cjk, line),
        None => (sheet.face, line),
    };
    let cells: Vec<&str> = line.split('\t').collect();
    let (left_mm, top_mm) = (sheet.left_mm, sheet.y_mm);
    let pitch_mm = sheet.room_mm() / cells.len() as f32;
    let cap_mm = sheet.cap_mm * if cells.len() > 2 { 0.75 } else { 1.0 };
    let mut bottom_mm = top_mm;
    for (at, cell) in cells.iter().enumerate() {
        sheet.left_mm = left_mm + at as f32 * pitch_mm;
        sheet.y_mm = top_mm;
        let fits = (pitch_mm - 1.0) / sheet.fonts.width_mm(face, cap_mm, cell).max(1.0);
        sheet.text(face, cap_mm * fits.min(1.0), cell);
        bottom_mm = bottom_mm.max(sheet.y_mm);
    }
    (sheet.left_mm, sheet.y_mm) = (left_mm, bottom_mm);
}

/// Frames what is there and goes on to the right of it: another label.
fn beside(sheet: &mut Sheet<'_>, numbers: &Numbers) {
    const GAP_MM: f32 = 12.0;
    let (width_mm, height_mm) = (sheet.label.width_mm, sheet.y_mm);
    for x_mm in [0.5, width_mm + GAP_MM + 0.5] {
        let (y_mm, width_mm) = (0.5, width_mm - 1.0);
        let frame = Element::Frame { x_mm, y_mm, width_mm, height_mm };
        sheet.label.elements.push(frame);
    }
    sheet.label.height_mm = height_mm + 1.0;
    sheet.edge_mm = width_mm + GAP_MM;
    sheet.left_mm = sheet.edge_mm + MARGIN_MM;
    sheet.label.width_mm = sheet.edge_mm + width_mm;
    sheet.y_mm = MARGIN_MM;
    sheet.text(Face::SansBold, 3.0, numbers.maker);
}

fn truth(right: Right, truth: &mut Truth, serial: &str, other: &str) {
    let serial = serial.to_owned();
    match right {
        Serial => truth.serial = Some(serial),
        Prefixed => {
            truth.serial_candidates = vec![serial.clone(), format!("SN{serial}")];
            truth.serial = Some(serial);
        }
        Perhaps => truth.serial_candidates = vec![serial],
        Each => {
            truth.serials = vec![serial.clone(), other.to_owned()];
            truth.serial_candidates = truth.serials.clone();
            truth.serial = Some(serial);
        }
        Nothing => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Fonts, Layout, Recipe};
    use rand::SeedableRng;

    fn label(at: usize, maker: Maker) -> (crate::Label, Numbers) {
        let fonts = Fonts::load().expect("fonts");
        let mut rng = StdRng::seed_from_u64(5);
        let layout = Layout::Others(at);
        let recipe = Recipe { layout, maker, ..Recipe::turned(Code::Code128, 0.0) };
        let numbers = Numbers::draw(maker, &mut rng);
        let label = layout.compose(&fonts, &recipe, &numbers, &mut rng).expect("a label");
        (label, numbers)
    }

    /// All that stands on a label.
    fn stands(label: &crate::Label) -> Vec<String> {
        let text = |element: &Element| match element {
            Element::Text { text, .. } => Some(text.clone()),
            Element::Symbol { payload, .. } => Some(payload.clone()),
            Element::Frame { .. } => None,
        };
        label.elements.iter().filter_map(text).collect()
    }

    #[test]
    fn every_row_stands_on_its_label_by_every_maker() {
        for maker in Maker::ALL.into_iter().chain(Maker::UNKNOWN) {
            for (at, (kind, right, row)) in ROWS.iter().enumerate() {
                let (label, numbers) = label(at, maker);
                let stands = stands(&label);
                let place = format!("{maker:?}, {kind}: {row}");
                for name in ["{s}", "{other}", "{third}", "{part}", "{mac}", "{imei}", "{model}"] {
                    assert!(!stands.iter().any(|text| text.contains(name)), "{place}");
                }
                let truth = &label.truth;
                for serial in truth.serials.iter().chain(&truth.serial) {
                    assert!(stands.iter().any(|text| text.contains(serial)), "{place}");
                }
                let serial = (*right != Nothing && *right != Perhaps).then_some(numbers.serial);
                assert_eq!(truth.serial, serial, "{place}");
            }
        }
    }

    #[test]
    fn nothing_stands_beyond_the_edge() {
        let fonts = Fonts::load().expect("fonts");
        for maker in Maker::ALL.into_iter().chain(Maker::UNKNOWN) {
            for (at, (kind, _, row)) in ROWS.iter().enumerate() {
                let (label, _) = label(at, maker);
                for element in &label.elements {
                    let (right_mm, bottom_mm) = match element {
                        Element::Text { x_mm, y_mm, cap_mm, face, text } => {
                            (x_mm + fonts.width_mm(*face, *cap_mm, text), y_mm + cap_mm)
                        }
                        Element::Symbol { x_mm, y_mm, module_mm, height_mm, code, payload } => {
                            let modules = code.encode(payload).expect("a symbol").width();
                            (x_mm + module_mm * modules, y_mm + height_mm)
                        }
                        Element::Frame { x_mm, y_mm, width_mm, height_mm } => {
                            (x_mm + width_mm, y_mm + height_mm)
                        }
                    };
                    let place = format!("{maker:?}, {kind}: {row}: {element:?}");
                    assert!(right_mm <= label.width_mm + 0.01, "{place}");
                    assert!(bottom_mm <= label.height_mm + 0.01, "{place}");
                }
            }
        }
    }

    #[test]
    fn check_character_of_code_39_is_that_of_the_standard() {
        // Samples that label programs document.
        assert_eq!(code_39_check("CODE39"), 'W');
        assert_eq!(code_39_check("159AZ"), 'H');
    }
}
