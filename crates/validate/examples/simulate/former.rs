//! The distribution that was drawn before: a serial of a known format among the other numbers of a
//! device, each where the judge looks for it.

use crate::fill::imei;
use crate::sheet::{Code, Label, Line};
use rand::{RngExt, rngs::StdRng};
use validate::{Class, Format, Formats, IdentifierKind, Standing, Symbology};

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
const KEYWORDS: &[&str] =
    &["S/N: ", "S/N ", "SN:", "SN: ", "Serial No. ", "Serial Number: ", "序列号："];

fn one_of<'a>(random: &mut StdRng, from: &[&'a str]) -> &'a str {
    from[random.random_range(0..from.len())]
}

fn characters(random: &mut StdRng, from: &[u8], count: usize) -> String {
    (0..count).map(|_| char::from(from[random.random_range(0..from.len())])).collect()
}

/// A label while it is filled.
struct Former {
    serial: String,
    /// Printed lines from top to bottom, each with its column.
    lines: Vec<(u8, String)>,
    /// Barcodes, all below the lines.
    barcodes: Vec<(Symbology, String)>,
}

/// Draws a label.
pub(crate) fn draw(formats: &Formats, random: &mut StdRng) -> Label {
    let drawn: Vec<&Format> = formats
        .iter()
        .filter(|format| format.kind == IdentifierKind::Serial && format.name != "fallback")
        .collect();
    let format = drawn[random.random_range(0..drawn.len())];
    let serial = serial(format, random);
    let expected = random.random_bool(0.1).then(|| batch(format, &serial, random));
    let mut label = Former { serial, lines: Vec::new(), barcodes: Vec::new() };
    if random.random_bool(0.8)
        && let Some(brand) = format.brands.first()
    {
        label.print(brand.clone());
    }
    label.others(random);
    label.serial_line(format, random);
    label.look_alike_number(format, random);
    label.serial_barcode(random);
    label.finish(format, expected)
}

impl Former {
    fn finish(self, format: &Format, expected: Option<Vec<String>>) -> Label {
        let line = |(row, (column, text)): (usize, (u8, String))| Line {
            x: 40.0 + f32::from(column) * 400.0,
            y: row as f32 * 30.0,
            text,
        };
        let code = |(row, (symbology, payload)): (usize, (Symbology, String))| Code {
            symbology,
            payload,
            gs1: false,
            sure: false,
            x: 40.0,
            y: 500.0 + row as f32 * 90.0,
        };
        Label {
            kind: format.name.clone(),
            right: vec![self.serial],
            asked: true,
            vendor: format.vendor.clone(),
            lines: self.lines.into_iter().enumerate().map(line).collect(),
            codes: self.barcodes.into_iter().enumerate().map(code).collect(),
            expected,
        }
    }

    fn print(&mut self, text: String) {
        self.lines.push((0, text));
    }

    /// The serial: after its keyword, below it, or bare.
    fn serial_line(&mut self, format: &Format, random: &mut StdRng) {
        let printed = printed(format, &self.serial, random);
        let keyword = one_of(random, KEYWORDS);
        match random.random_range(0..20) {
            0..12 => self.print(format!("{keyword}{printed}")),
            12..14 => {
                let part = characters(random, DIGITS, 8);
                self.print(format!("P/N:D150-{part} S/N:{printed}"));
            }
            14..16 => {
                self.print(keyword.trim().to_owned());
                self.print(printed);
            }
            _ => self.print(printed),
        }
    }

    /// The other numbers that a label carries.
    fn others(&mut self, random: &mut StdRng) {
        self.print("Model: A920".to_owned());
        if random.random_bool(0.5) {
            let part =
                format!("{}-{}", characters(random, LETTERS, 4), characters(random, DIGITS, 6));
            if random.random_bool(0.2) {
                self.barcodes.push((Symbology::Code128, part.clone()));
            }
            self.print(format!("P/N: {part}"));
        }
        if random.random_bool(0.4) {
            let imei = imei(random);
            if random.random_bool(0.4) {
                self.barcodes.push((Symbology::Code128, imei.clone()));
            }
            self.print(format!("IMEI: {imei}"));
        }
        if random.random_bool(0.3) {
            self.print(format!("MAC: {}", characters(random, b"0123456789ABCDEF", 12)));
        }
        if random.random_bool(0.3) {
            self.barcodes.push((Symbology::Ean13, characters(random, DIGITS, 13)));
        }
        self.print(one_of(random, &["Made in China", "Input: 5V 2A", "2022-11-03"]).to_owned());
    }

    /// On one label in 25 (2 of 54 real ones), another number of the serial's own form: a seal's, a
    /// licence's, another device's.
    fn look_alike_number(&mut self, format: &Format, random: &mut StdRng) {
        if !random.random_bool(0.04) {
            return;
        }
        let other = serial(format, random);
        match random.random_range(0..4) {
            0 => self.print(format!("P/N: {other}")),
            1 => self.print(format!("Seal {other}")),
            2 => self.barcodes.push((Symbology::QrCode, other)),
            _ => self.lines.push((2, other)),
        }
    }

    /// Six labels in ten carry the serial as a barcode.
    fn serial_barcode(&mut self, random: &mut StdRng) {
        if !random.random_bool(0.6) {
            return;
        }
        let symbology = match random.random_range(0..20) {
            0..10 => Symbology::Code128,
            10..14 => Symbology::Code39,
            14..17 => Symbology::QrCode,
            _ => Symbology::DataMatrix,
        };
        let serial = &self.serial;
        let payload = match random.random_range(0..20) {
            // Code 39 has no colon and no brackets.
            _ if symbology == Symbology::Code39 => serial.clone(),
            0..15 => serial.clone(),
            15 => format!("S/N:{serial}"),
            16 => format!("S{serial}"),
            17 => format!("[)>\u{1e}06\u{1d}1PD150\u{1d}S{serial}\u{1e}\u{4}"),
            18 => format!("A920,{serial},{}", imei(random)),
            _ => format!("{{\"sn\":\"{serial}\"}}"),
        };
        self.barcodes.push((symbology, payload));
    }
}

/// A serial of a format, as the pattern has it.
fn serial(format: &Format, random: &mut StdRng) -> String {
    loop {
        let shape = &format.shapes[random.random_range(0..format.shapes.len())];
        let character = |class: &Class| {
            loop {
                let any = random.random_range(0..36u32);
                let char = char::from_digit(any, 36).unwrap_or('0').to_ascii_uppercase();
                match class {
                    Class::Exactly(only) => return *only,
                    class if class.admits(char) => return char,
                    _ => {}
                }
            }
        };
        let drawn: String = shape.classes().iter().map(character).collect();
        let digits = drawn.bytes().filter(u8::is_ascii_digit).count();
        if format.fits(&drawn) && (format.standing != Standing::Permissive || digits >= 4) {
            return drawn;
        }
    }
}

/// The serial with the separators of the format's printed form.
fn printed(format: &Format, serial: &str, random: &mut StdRng) -> String {
    let forms: Vec<&String> = format.samples.iter().chain(&format.printed).collect();
    let form = forms[random.random_range(0..forms.len())];
    let letters = form.chars().filter(char::is_ascii_alphanumeric).count();
    if letters != serial.len() {
        return serial.to_owned();
    }
    let mut rest = serial.chars();
    let place = |char: char| if char.is_ascii_alphanumeric() { rest.next() } else { Some(char) };
    form.chars().filter_map(place).collect()
}

/// Expected serials: the truth and nineteen of its batch, which differ in the last two digits.
fn batch(format: &Format, serial: &str, random: &mut StdRng) -> Vec<String> {
    let mut serials = vec![serial.to_owned()];
    while serials.len() < 20 {
        let start = &serial[..serial.len() - 2];
        let neighbour = format!("{start}{}", characters(random, DIGITS, 2));
        match format.fits(&neighbour) {
            true => serials.push(neighbour),
            false => serials.push(self::serial(format, random)),
        }
    }
    serials
}
