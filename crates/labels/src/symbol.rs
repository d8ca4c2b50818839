//! Barcodes as modules, and what their standards ask for around them.

use anyhow::Context as _;
use clap::ValueEnum;
use rxing::datamatrix::encoder::SymbolShapeHint;
use rxing::{BarcodeFormat, EncodeHints, MultiFormatWriter, Writer as _};

/// The symbologies that can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Symbology {
    /// Bars, for every scanner there is; about 40 to 60 mm wide (ISO/IEC 15417)
    #[value(name = "code128")]
    Code128,
    /// A square that every phone reads without an app (ISO/IEC 18004)
    Qr,
    /// The smallest square, for small labels (ISO/IEC 16022)
    #[value(name = "datamatrix")]
    DataMatrix,
}

/// A symbol without its quiet zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modules {
    /// One row: true is a bar.
    Linear(Vec<bool>),
    /// Rows of equal length: true is dark.
    Matrix(Vec<Vec<bool>>),
}

impl Modules {
    /// Width in modules.
    pub fn width(&self) -> u32 {
        let row = match self {
            Self::Linear(row) => row,
            Self::Matrix(rows) => rows.first().map_or(&[][..], Vec::as_slice),
        };
        u32::try_from(row.len()).unwrap_or(u32::MAX)
    }
}

impl Symbology {
    /// The name that people use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code128 => "Code 128",
            Self::Qr => "QR code",
            Self::DataMatrix => "Data Matrix",
        }
    }

    /// Free modules on each side. ISO/IEC 15417 asks for ten, left and right; ISO/IEC 18004 for
    /// four, all around; ISO/IEC 16022 for one. A Data Matrix gets a second one, because ink
    /// spreads and a printer of labels may choose the next larger symbol.
    pub fn quiet_modules(self) -> u32 {
        match self {
            Self::Code128 => 10,
            Self::Qr => 4,
            Self::DataMatrix => 2,
        }
    }

    /// Encodes `content`, whose characters are letters, digits, `/` and `:`.
    ///
    /// # Errors
    /// If the symbology cannot hold it.
    pub fn encode(self, content: &str) -> anyhow::Result<Modules> {
        let format = match self {
            Self::Code128 => BarcodeFormat::CODE_128,
            Self::Qr => BarcodeFormat::QR_CODE,
            Self::DataMatrix => BarcodeFormat::DATA_MATRIX,
        };
        let hints = EncodeHints {
            Margin: Some("0".to_owned()),
            // A scratch may cost 15 % of the symbol.
            ErrorCorrection: (self == Self::Qr).then(|| "M".to_owned()),
            DataMatrixShape: Some(SymbolShapeHint::FORCE_SQUARE),
            ..EncodeHints::default()
        };
        let matrix = MultiFormatWriter
            .encode_with_hints(content, &format, 0, 0, &hints)
            .with_context(|| format!("a {} cannot hold this serial", self.name()))?;
        let row = |y| (0..matrix.width()).map(|x| matrix.get(x, y)).collect::<Vec<_>>();
        Ok(match self {
            Self::Code128 => {
                let bars = row(0);
                let first = bars.iter().position(|&bar| bar).unwrap_or(0);
                let end = bars.iter().rposition(|&bar| bar).map_or(0, |last| last + 1);
                Modules::Linear(bars[first.min(end)..end].to_vec())
            }
            Self::Qr | Self::DataMatrix => Modules::Matrix((0..matrix.height()).map(row).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_have_the_sizes_of_their_standards() {
        let width = |code: Symbology| code.encode("QW2F45K8T61XZWA9").map(|it| it.width());
        // Start, sixteen characters, check: eleven modules each; stop: thirteen.
        assert_eq!(width(Symbology::Code128).ok(), Some(18 * 11 + 13));
        // Version 1 holds twenty letters and digits at level M.
        assert_eq!(width(Symbology::Qr).ok(), Some(21));
        let data_matrix = width(Symbology::DataMatrix).expect("a symbol");
        assert!((16..=18).contains(&data_matrix), "{data_matrix}");
        // Digits go in pairs.
        let digits = Symbology::Code128.encode("0821032398").map(|it| it.width());
        assert_eq!(digits.ok(), Some(7 * 11 + 13));
    }

    #[test]
    fn a_linear_symbol_begins_and_ends_with_a_bar() {
        let Ok(Modules::Linear(row)) = Symbology::Code128.encode("A1B2C3D4") else {
            panic!("bars")
        };
        assert!(row[0] && row[1] && row[row.len() - 1] && row[row.len() - 2]);
    }
}
