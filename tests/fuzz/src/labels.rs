//! Evidence of pieces of real labels and of noise.

use arbitrary::{Result, Unstructured};
use validate::*;

/// What stands on labels.
pub const WORDS: &[&str] = &[
    "S/N:",
    "SN",
    "Serial No.",
    "P/N:",
    "IMEI:",
    "MAC",
    "TUSN:",
    "序列号：",
    "终端号",
    "PAX",
    "No.",
    "Made in",
    "77987515",
    "77362976",
    "6A000001",
    "0821032398",
    "082 1032398",
    "6A00O001",
    "6527155",
    "652715",
    "65271550",
    "357654062100956",
    "00005702280117638929",
    "000158213605014",
    "2022",
    "D150-0B0",
    "7798-7515",
    "C030UQ50550081",
    "2,131,415",
    "8A000001",
];

/// What barcodes are made of.
pub const PAYLOADS: &[&str] = &[
    "S",
    "SN:",
    "1S",
    "1P",
    "[)>\u{1e}06\u{1d}S",
    "\u{1d}",
    "\u{1e}\u{4}",
    "(01)04035999001512(21)",
    "https://x.example/",
    "?sn=",
    ",",
    ";",
    "\n",
    "{\"sn\":\"",
    "\"}",
    "77987515",
    "77362976",
    "6A000001",
    "0821032398",
    "6527155",
    "357654062100956",
    "0212857310045",
    "D150-0B0",
];

const SYMBOLOGIES: &[Symbology] = &[
    Symbology::Code128,
    Symbology::Code39,
    Symbology::QrCode,
    Symbology::DataMatrix,
    Symbology::Ean13,
    Symbology::UpcA,
];

/// A line that was read surely, its upper left corner at a place in pixels.
pub fn line(text: &str, x: f32, y: f32) -> TextLine {
    let read = |(step, best): (usize, char)| CharReading {
        best,
        p: 0.999,
        runner_up: None,
        runner_up_p: 0.0,
        step: step.min(usize::from(u16::MAX)) as u16,
    };
    TextLine {
        quad: quad(x, y, text.chars().count() as f32 * 10.0, 20.0),
        chars: text.chars().enumerate().map(read).collect(),
        lattice: Lattice::default(),
        bounds: LineBounds::default(),
    }
}

/// Whether a barcode or a line carries the serial, as it was before its corrections.
pub fn seen_in(evidence: &Evidence, serial: &Serial) -> bool {
    let mut raw: Vec<char> = serial.value.chars().collect();
    for correction in &serial.corrections {
        raw[correction.at] = correction.read;
    }
    let raw: String = raw.into_iter().collect();
    let letters = |text: &str| -> String {
        text.chars().filter_map(|char| fold(&char.to_string()).chars().next()).collect()
    };
    evidence.photos.iter().any(|photo| {
        let printed = photo.lines.iter().chain(&photo.second_lines).map(TextLine::text);
        let encoded = photo.barcodes.iter().flat_map(|barcode| {
            let fields = parse_payload(&barcode.payload, barcode.symbology, barcode.gs1);
            fields.into_iter().map(|field| field.value)
        });
        let mut all = printed.chain(encoded).map(|text| letters(&text));
        all.any(|text| text.contains(&serial.value) || text.contains(&raw))
    })
}

/// Photos of one terminal.
pub fn evidence(choices: &mut Unstructured) -> Result<Evidence> {
    let photos =
        (0..choices.int_in_range(0..=3usize)?).map(|_| photo(choices)).collect::<Result<_>>()?;
    Ok(Evidence { photos })
}

fn photo(choices: &mut Unstructured) -> Result<PhotoEvidence> {
    let lines: Vec<TextLine> = (0..choices.int_in_range(0..=6usize)?)
        .map(|_| label_line(choices))
        .collect::<Result<_>>()?;
    // The second reading mostly sees what the first saw.
    let mut second_lines = if choices.arbitrary()? { lines.clone() } else { Vec::new() };
    if choices.arbitrary()? {
        second_lines.push(label_line(choices)?);
    }
    Ok(PhotoEvidence {
        width_px: choices.arbitrary()?,
        height_px: choices.arbitrary()?,
        surface: if choices.ratio(1u8, 4u8)? { Surface::Screen } else { Surface::Label },
        barcodes: (0..choices.int_in_range(0..=4usize)?)
            .map(|_| barcode(choices))
            .collect::<Result<_>>()?,
        lines,
        second_lines,
        faults: if choices.arbitrary()? { vec![Fault::Blurred] } else { Vec::new() },
    })
}

fn label_line(choices: &mut Unstructured) -> Result<TextLine> {
    let text = joined(choices, WORDS, " ")?;
    let mut line = line(&text, 0.0, 0.0);
    line.quad = place(choices, line.chars.len() as f32 * 10.0)?;
    line.bounds = LineBounds {
        touches_frame: choices.ratio(1u8, 8u8)?,
        ink_before: choices.ratio(1u8, 8u8)?,
        ink_after: choices.ratio(1u8, 8u8)?,
    };
    for char in &mut line.chars {
        if choices.ratio(1u8, 16u8)? {
            char.p = choices.arbitrary()?;
            char.runner_up = choices.arbitrary()?;
            char.runner_up_p = choices.arbitrary()?;
            char.step = choices.arbitrary()?;
        }
    }
    if choices.ratio(1u8, 8u8)? {
        line.lattice = Lattice { steps: choices.arbitrary()? };
    }
    Ok(line)
}

fn barcode(choices: &mut Unstructured) -> Result<Barcode> {
    Ok(Barcode {
        symbology: *choices.choose(SYMBOLOGIES)?,
        payload: joined(choices, PAYLOADS, "")?,
        gs1: choices.ratio(1u8, 8u8)?,
        part: None,
        quad: place(choices, 200.0)?,
        votes: choices.int_in_range(0..=4u16)?,
    })
}

/// Up to four pieces, each from the list or noise.
fn joined(choices: &mut Unstructured, pieces: &[&str], between: &str) -> Result<String> {
    let mut all = Vec::new();
    for _ in 0..choices.int_in_range(0..=4usize)? {
        all.push(match choices.ratio(1u8, 8u8)? {
            true => choices.arbitrary::<String>()?,
            false => (*choices.choose(pieces)?).to_owned(),
        });
    }
    Ok(all.join(between))
}

/// A place in a grid as labels have one; sometimes a box that makes no sense.
fn place(choices: &mut Unstructured, width: f32) -> Result<Quad> {
    if choices.ratio(1u8, 16u8)? {
        let [x, y, w, h] = choices.arbitrary::<[f32; 4]>()?;
        return Ok(quad(x, y, w, h));
    }
    let (column, row) = (choices.int_in_range(0..=3u8)?, choices.int_in_range(0..=20u8)?);
    Ok(quad(f32::from(column) * 150.0, f32::from(row) * 15.0, width, 20.0))
}

fn quad(x: f32, y: f32, width: f32, height: f32) -> Quad {
    [(x, y), (x + width, y), (x + width, y + height), (x, y + height)].map(|(x, y)| Point { x, y })
}
