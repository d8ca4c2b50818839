//! One-dimensional symbologies, decoded from the widths of bars and spaces along one row.
//!
//! Widths are fractions of a pixel, and patterns are matched by the distances between like edges
//! (bar plus the space after it, and space plus the bar after it), which ink spread and blur leave
//! unchanged; this is the reference decode of ISO/IEC 15417 and its kin. A row can hold several
//! codes, in either direction. A single row proves nothing: the caller counts votes.

mod codabar;
mod code128;
mod code39;
mod code93;
mod ean;
mod itf;
mod pattern;

use crate::barcode::linear::pattern::Symbol;
use crate::barcode::symbologies::Symbologies;
use validate::Symbology;

/// A code read along one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RowCode {
    pub(super) symbology: Symbology,
    pub(super) payload: String,
    /// FNC1 in first position.
    pub(super) gs1: bool,
    /// Where its first bar begins and its last bar ends, in samples of the row; `from > to` if the
    /// code runs against the row.
    pub(super) from: f32,
    pub(super) to: f32,
}

/// Every code of a row given by its edges: even entries begin a bar, odd ones end it.
pub(super) fn read_row(edges: &[f32], wanted: Symbologies, out: &mut Vec<RowCode>) {
    if edges.len() < 20 {
        return;
    }
    let bars = edges.len() & !1;
    let edges = &edges[..bars];
    scan(edges, wanted, |from, to| (from, to), out);
    let end = edges[bars - 1];
    let mirrored: Vec<f32> = edges.iter().rev().map(|edge| end - edge).collect();
    scan(&mirrored, wanted, |from, to| (end - from, end - to), out);
}

fn scan(
    edges: &[f32],
    wanted: Symbologies,
    place: impl Fn(f32, f32) -> (f32, f32),
    out: &mut Vec<RowCode>,
) {
    let widths: Vec<f32> = edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut at = 0;
    while at + 18 < widths.len() {
        let before = if at == 0 { f32::INFINITY } else { widths[at - 1] };
        match symbol_at(&widths[at..], before, wanted) {
            Some(symbol) => {
                let (from, to) = place(edges[at], edges[at + symbol.widths]);
                let Symbol { symbology, payload, gs1, .. } = symbol;
                out.push(RowCode { symbology, payload, gs1, from, to });
                at += symbol.widths + 1;
            }
            None => at += 2,
        }
    }
}

/// The symbol whose first bar is `widths[0]`; `before` is the white in front of it.
fn symbol_at(widths: &[f32], before: f32, wanted: Symbologies) -> Option<Symbol> {
    let code128 = || wanted.has(Symbology::Code128).then(|| code128::read(widths, before));
    let code39 = || wanted.has(Symbology::Code39).then(|| code39::read(widths, before));
    let code93 = || wanted.has(Symbology::Code93).then(|| code93::read(widths, before));
    let itf = || wanted.has(Symbology::Itf).then(|| itf::read(widths, before));
    let codabar = || wanted.has(Symbology::Codabar).then(|| codabar::read(widths, before));
    code128()
        .flatten()
        .or_else(|| code39().flatten())
        .or_else(|| code93().flatten())
        .or_else(|| ean::read(widths, before, wanted))
        .or_else(|| itf().flatten())
        .or_else(|| codabar().flatten())
}

#[cfg(test)]
mod tests {
    use crate::barcode::linear::{RowCode, read_row};
    use crate::barcode::symbologies::Symbologies;
    use rxing::{BarcodeFormat, Writer, oned};
    use validate::Symbology;

    /// Edges of a code as the writer of another implementation draws it, 1.7 px a module.
    fn edges(writer: &impl Writer, text: &str, format: BarcodeFormat) -> Vec<f32> {
        let drawn = writer.encode(text, &format, 0, 1).expect("the text can be encoded");
        let bit = |x: u32| x < drawn.width() && drawn.get(x, 0);
        let changes = (0..=drawn.width()).filter(|&x| bit(x) != (x > 0 && bit(x - 1)));
        changes.map(|x| x as f32 * 1.7).collect()
    }

    fn read(edges: &[f32]) -> Vec<RowCode> {
        let wanted = Symbologies::DEVICE.with(Symbology::Ean8).with(Symbology::UpcE);
        let mut out = Vec::new();
        read_row(edges, wanted, &mut out);
        out
    }

    fn assert_reads(writer: &impl Writer, text: &str, format: BarcodeFormat, symbology: Symbology) {
        let edges = edges(writer, text, format);
        let codes = read(&edges);
        assert_eq!(codes.len(), 1, "{text}: {codes:?}");
        assert_eq!((codes[0].symbology, codes[0].payload.as_str()), (symbology, text));
        assert!(codes[0].from < codes[0].to);
        let end = edges[edges.len() - 1];
        let turned: Vec<f32> = edges.iter().rev().map(|edge| end - edge).collect();
        let codes = read(&turned);
        assert_eq!(codes.len(), 1, "{text} against the row: {codes:?}");
        assert_eq!(codes[0].payload, text);
        assert!(codes[0].from > codes[0].to);
    }

    #[test]
    fn every_character_of_each_symbology_reads_as_another_implementation_wrote_it() {
        let ascii: String = (32..127u8).map(char::from).collect();
        let control: String = (0..32u8).map(char::from).collect();
        let writer = oned::Code128Writer;
        for text in [&ascii[..45], &ascii[45..], &control, "0123456789", "SN12345678ab", "A\u{1}b"]
        {
            assert_reads(&writer, text, BarcodeFormat::CODE_128, Symbology::Code128);
        }
        let pairs: Vec<String> = (0..100).map(|pair| format!("{pair:02}")).collect();
        for text in pairs.chunks(25).map(|some| some.concat()) {
            assert_reads(&writer, &text, BarcodeFormat::CODE_128, Symbology::Code128);
        }
        let writer = oned::Code39Writer;
        for text in ["0123456789ABCDEFGHIJ", "KLMNOPQRSTUVWXYZ-. $/+%", "77987515"] {
            assert_reads(&writer, text, BarcodeFormat::CODE_39, Symbology::Code39);
        }
        let writer = oned::Code93Writer;
        for text in ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. ", "$/+%", "Serial abz;<[{"] {
            assert_reads(&writer, text, BarcodeFormat::CODE_93, Symbology::Code93);
        }
    }

    #[test]
    fn product_numbers_read_as_such() {
        let writer = oned::EAN13Writer;
        for first in 0..10u64 {
            let digits = format!("{first}12345678901");
            let sum: u32 = digits
                .bytes()
                .zip([1, 3].into_iter().cycle())
                .map(|(digit, weight)| u32::from(digit - b'0') * weight)
                .sum();
            let text = format!("{digits}{}", (10 - sum % 10) % 10);
            let codes = read(&edges(&writer, &text, BarcodeFormat::EAN_13));
            assert_eq!(codes.len(), 1, "{text}: {codes:?}");
            let expected = match first {
                0 => (Symbology::UpcA, &text[1..]),
                _ => (Symbology::Ean13, &text[..]),
            };
            assert_eq!((codes[0].symbology, codes[0].payload.as_str()), expected);
        }
        let ean8 = oned::EAN8Writer;
        assert_reads(&ean8, "96385074", BarcodeFormat::EAN_8, Symbology::Ean8);
        let upc_e = oned::UPCEWriter;
        for text in ["01234565", "04252614", "12345670"] {
            assert_reads(&upc_e, text, BarcodeFormat::UPC_E, Symbology::UpcE);
        }
    }

    #[test]
    fn product_numbers_read_whatever_the_ink_did_to_their_bars() {
        let text = "8011642115887";
        for spread in [-0.6f32, -0.3, 0.3, 0.6] {
            let mut edges = edges(&oned::EAN13Writer, text, BarcodeFormat::EAN_13);
            // The spread grows along the code, as where one side of it is out of focus.
            let end = edges[edges.len() - 1];
            for (at, edge) in edges.iter_mut().enumerate() {
                let wider = 0.5 * 1.7 * spread * (0.6 + 0.4 * *edge / end);
                *edge += if at % 2 == 0 { -wider } else { wider };
            }
            let codes = read(&edges);
            let payloads: Vec<_> = codes.iter().map(|code| code.payload.as_str()).collect();
            assert_eq!(payloads, [text], "bars wider by {spread} modules");
        }
    }

    #[test]
    fn symbologies_that_misread_are_read_only_when_asked_for() {
        let wanted = Symbologies::DEVICE.with(Symbology::Codabar).with(Symbology::Itf);
        let itf = edges(&oned::ITFWriter, "0053681549", BarcodeFormat::ITF);
        let codabar = edges(&oned::CodaBarWriter, "A12-34:56B", BarcodeFormat::CODABAR);
        let expected =
            [(&itf, Symbology::Itf, "0053681549"), (&codabar, Symbology::Codabar, "12-34:56")];
        for (edges, symbology, text) in expected {
            let mut codes = Vec::new();
            read_row(edges, Symbologies::DEVICE.without(symbology), &mut codes);
            assert_eq!(codes, []);
            let mut codes = Vec::new();
            read_row(edges, wanted, &mut codes);
            assert_eq!(codes.len(), 1, "{text}: {codes:?}");
            assert_eq!((codes[0].symbology, codes[0].payload.as_str()), (symbology, text));
        }
    }

    #[test]
    fn function_1_marks_gs1_and_separates_fields() {
        let writer = oned::Code128Writer;
        let text = "\u{f1}2112345678\u{f1}10AB";
        let codes = read(&edges(&writer, text, BarcodeFormat::CODE_128));
        assert_eq!(codes.len(), 1);
        assert!(codes[0].gs1);
        assert_eq!(codes[0].payload, "2112345678\u{1d}10AB");
    }
}
