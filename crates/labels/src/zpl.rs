//! Labels for printers that understand ZPL II: the printer draws the barcodes with its own commands,
//! in modules of whole dots; the print is sent as dots, because no two printers have the same fonts.

use crate::label::{Label, Line, Placed};
use crate::raster::Raster;
use crate::symbol::Symbology;
use std::fmt::Write as _;

/// The character that stands before two hexadecimal digits in a field.
const HEX: char = '_';

/// One label, from ^XA to ^XZ, printed `copies` times.
pub fn label(label: &Label, copies: u32) -> String {
    let mut out = format!("^XA^PW{}^LL{}^LH0,0\n", label.width, label.height);
    out.push_str(&symbol(&label.symbol));
    for line in &label.lines {
        out.push_str(&print(line));
    }
    out.push_str(&format!("^PQ{copies}\n^XZ\n"));
    out
}

fn symbol(placed: &Placed) -> String {
    let Placed { x, y, module, height, .. } = placed;
    let field = field(&placed.content);
    match placed.code {
        // Upright, no line of print, the printer chooses the code sets (mode A).
        Symbology::Code128 => {
            format!("^FO{x},{y}^BY{module},3,{height}^BCN,{height},N,N,N,A^FH{HEX}^FD{field}^FS\n")
        }
        // Model 2, error correction M, the printer chooses the mode (A). QR codes are moved down by
        // the height that ^BY keeps for bars: it is made as small as it can be.
        Symbology::Qr => format!(
            "^FO{x},{}^BY{module},3,1^BQN,2,{module}^FH{HEX}^FDMA,{field}^FS\n",
            y.saturating_sub(1)
        ),
        // ECC 200; rows and columns as the printer needs them.
        Symbology::DataMatrix => {
            format!("^FO{x},{y}^BXN,{module},200^FH{HEX}^FD{field}^FS\n")
        }
    }
}

/// A line of print as a picture.
fn print(line: &Line) -> String {
    let raster = Raster::of_line(line);
    let (bytes, row) = (raster.packed(), raster.row_bytes());
    let size = bytes.len();
    let mut out = format!("^FO{},{}^GFA,{size},{size},{row},", line.x, line.y);
    let mut before: Option<&[u8]> = None;
    for bits in bytes.chunks(row.max(1) as usize) {
        if before == Some(bits) {
            // The row above again.
            out.push(':');
        } else {
            // A comma fills the rest of a row with white.
            let ink = bits.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            for byte in &bits[..ink] {
                let _ = write!(out, "{byte:02X}");
            }
            if ink < bits.len() {
                out.push(',');
            }
        }
        before = Some(bits);
    }
    out.push_str("^FS\n");
    out
}

/// A field's data: whatever may be a command or a prefix to a printer is written as its bytes.
fn field(data: &str) -> String {
    let mut out = String::new();
    for byte in data.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'/' | b'-' | b'.' | b':' | b' ' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "{HEX}{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_holds_no_command_and_no_prefix() {
        assert_eq!(field("S/N:QW2F45K8"), "S/N:QW2F45K8");
        assert_eq!(field("^XZ~JR\\&_>;,é"), "_5EXZ_7EJR_5C_26_5F_3E_3B_2C_C3_A9");
    }

    #[test]
    fn a_picture_has_as_many_rows_as_it_says() {
        let line = Line { text: "S/N: 10".into(), x: 5, y: 7, cap: 23 };
        let written = print(&line);
        let raster = Raster::of_line(&line);
        let start = format!("^FO5,7^GFA,{0},{0},{1},", raster.packed().len(), raster.row_bytes());
        let data = written.strip_prefix(&start).and_then(|rest| rest.strip_suffix("^FS\n"));
        // Read it back by the published rules: hexadecimal pairs, comma, colon.
        let (mut rows, mut row): (Vec<Vec<u8>>, Vec<u8>) = (Vec::new(), Vec::new());
        let mut half = None;
        let wide = raster.row_bytes() as usize;
        for char in data.expect("a picture").chars() {
            match char {
                ':' => rows.push(rows.last().cloned().expect("a row above")),
                ',' => {
                    row.resize(wide, 0);
                    rows.push(std::mem::take(&mut row));
                }
                digit => {
                    let value = digit.to_digit(16).expect("a hexadecimal digit") as u8;
                    match half.take() {
                        None => half = Some(value),
                        Some(high) => row.push(high << 4 | value),
                    }
                    if row.len() == wide {
                        rows.push(std::mem::take(&mut row));
                    }
                }
            }
        }
        assert_eq!(rows.concat(), raster.packed());
    }
}
