//! Barcodes as modules: what a label printer would draw, without a quiet zone.

use anyhow::{Context, Result};
use rxing::{
    BarcodeFormat, EncodeHints, MultiFormatWriter, Writer, datamatrix::encoder::SymbolShapeHint,
};

/// The symbologies that labels carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// ISO/IEC 15417.
    Code128,
    /// ISO/IEC 16388, wide elements 2.5 times the narrow ones.
    Code39,
    /// ISO/IEC 15420.
    Ean13,
    /// ISO/IEC 18004.
    Qr,
    /// ISO/IEC 16022, square.
    DataMatrix,
    /// ISO/IEC 24778.
    Aztec,
}

/// Widths of bars and spaces in turn (linear), or rows of modules (matrix).
#[derive(Clone, Debug)]
pub(super) enum Modules {
    /// A bar first, then a space, in modules.
    Linear(Vec<f32>),
    /// True is dark; all rows are equally long.
    Matrix(Vec<Vec<bool>>),
}

impl Code {
    /// The name that manifests use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code128 => "Code 128",
            Self::Code39 => "Code 39",
            Self::Ean13 => "EAN-13",
            Self::Qr => "QR Code",
            Self::DataMatrix => "Data Matrix",
            Self::Aztec => "Aztec",
        }
    }

    /// Free space that the standard asks for on each side, in modules.
    pub(super) fn quiet_modules(self) -> f32 {
        match self {
            Self::Code128 | Self::Code39 => 10.0,
            Self::Ean13 => 11.0,
            Self::Qr => 4.0,
            Self::DataMatrix => 2.0,
            // None is asked for; label programs leave some all the same.
            Self::Aztec => 2.0,
        }
    }

    /// Encodes `payload`.
    ///
    /// # Errors
    /// If the symbology cannot hold it.
    pub(super) fn encode(self, payload: &str) -> Result<Modules> {
        let format = match self {
            Self::Code128 => BarcodeFormat::CODE_128,
            Self::Code39 => BarcodeFormat::CODE_39,
            Self::Ean13 => BarcodeFormat::EAN_13,
            Self::Qr => BarcodeFormat::QR_CODE,
            Self::DataMatrix => BarcodeFormat::DATA_MATRIX,
            Self::Aztec => BarcodeFormat::AZTEC,
        };
        let hints = EncodeHints {
            Margin: Some("0".to_owned()),
            ErrorCorrection: (self == Self::Qr).then(|| "M".to_owned()),
            DataMatrixShape: Some(SymbolShapeHint::FORCE_SQUARE),
            ..EncodeHints::default()
        };
        let matrix = MultiFormatWriter
            .encode_with_hints(payload, &format, 0, 0, &hints)
            .with_context(|| format!("{} cannot hold {payload:?}", self.name()))?;
        let row = |y: u32| (0..matrix.width()).map(|x| matrix.get(x, y)).collect::<Vec<_>>();
        Ok(match self {
            Self::Code128 | Self::Ean13 => Modules::Linear(runs(&row(0), 1.0)),
            Self::Code39 => Modules::Linear(runs(&row(0), 1.25)),
            Self::Qr | Self::DataMatrix | Self::Aztec => {
                Modules::Matrix((0..matrix.height()).map(row).collect())
            }
        })
    }
}

impl Modules {
    /// Width in modules.
    pub(super) fn width(&self) -> f32 {
        match self {
            Self::Linear(widths) => widths.iter().sum(),
            Self::Matrix(rows) => rows.len() as f32,
        }
    }
}

/// Run lengths from the first bar to the last; runs of two and more are stretched by `wide`.
fn runs(row: &[bool], wide: f32) -> Vec<f32> {
    let Some(first) = row.iter().position(|&dark| dark) else { return Vec::new() };
    let last = row.iter().rposition(|&dark| dark).unwrap_or(first);
    row[first..=last]
        .chunk_by(|a, b| a == b)
        .map(|run| if run.len() > 1 { run.len() as f32 * wide } else { 1.0 })
        .collect()
}
