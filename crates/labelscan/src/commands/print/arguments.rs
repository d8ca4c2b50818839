//! What a person types after `labelscan print`.

use clap::{ArgGroup, Args, ValueEnum};
use labels::symbol::Symbology;
use std::path::{Path, PathBuf};

/// Copies of one label at most.
const COPIES_MAX: u32 = 100;
/// The sheet that a PDF is made for if nothing is said.
pub(super) const DEFAULT_SHEET: &str = "L7160";
/// The label that a picture or a label printer gets if nothing is said, in millimetres.
pub(super) const DEFAULT_SIZE_MM: (f64, f64) = (62.0, 29.0);
/// Sides of a single label in millimetres.
const SIDE_MM_MIN: f64 = 6.0;
const SIDE_MM_MAX: f64 = 300.0;
/// Module widths that anybody may want, in millimetres.
const MODULE_MM: std::ops::RangeInclusive<f64> = 0.1..=2.0;
/// Characters of a title at most.
const TITLE_CHARS_MAX: usize = 40;

/// What `labelscan print --help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  labelscan print --out labels.pdf QW2F45K8T61XZWA9 QW2F45K8T61XZWB7   an A4 sheet of 63 x 38 mm labels
  labelscan generate --count 200 --batch b7 && labelscan print --batch b7 --out b7.pdf --sheet 5160
  labelscan print --out b7.pdf --file serials.csv --sheet L7651 --start 14 --title \"ACME A920\"
  labelscan print --out bars.pdf --code code128 --size 70x25 --batch b7   one label a page
  labelscan print --batch b7 --out - --as zpl --size 62x29 | nc printer 9100   to a label printer
  labelscan print --sheets                                             the sheets that are known

Print PDF files at 100 % (\"actual size\"), and one sheet on plain paper first: held against the
light, it must lie on the labels.";

/// `labelscan print`
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["serials", "file", "batch", "sheets"]))]
pub struct PrintArgs {
    /// Serials to print
    #[arg(value_name = "SERIAL")]
    pub serials: Vec<String>,
    /// Serials from a file, one a line or as CSV; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The serials of a batch, as `generate --batch` or `estate import` recorded it
    #[arg(long, value_name = "NAME")]
    pub batch: Option<String>,
    /// List the sheets that are known, and stop
    #[arg(long)]
    pub sheets: bool,
    /// The file to write: .pdf, .png or .zpl; - is standard output and needs --as
    #[arg(long, value_name = "FILE", required_unless_present = "sheets")]
    pub out: Option<PathBuf>,
    /// What to write, if the file's ending does not say it
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub kind: Option<Kind>,
    /// The sheet, by the number on its box; see --sheets [default of a PDF: L7160]
    #[arg(long, value_name = "NAME", conflicts_with = "size")]
    pub sheet: Option<String>,
    /// One label a page, of this width and height in millimetres [default of PNG and ZPL: 62x29]
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<(f64, f64)>,
    /// The first place to use of a sheet that was begun, from 1, along the rows
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub start: u32,
    /// The barcode
    #[arg(long, value_enum, default_value = "qr")]
    pub code: Symbology,
    /// What the barcode holds
    #[arg(long, value_enum, default_value = "serial")]
    pub content: Content,
    /// The word before the serial; it must be one that `labelscan scan` knows
    #[arg(long, value_name = "WORD", default_value = "S/N", value_parser = keyword)]
    pub keyword: String,
    /// A line above the serial, such as maker and model; letters, digits, common marks
    #[arg(long, value_name = "TEXT", value_parser = title)]
    pub title: Option<String>,
    /// Width of the barcode's narrowest part in millimetres [default: the largest that fits]
    #[arg(long, value_name = "MM", value_parser = module)]
    pub module: Option<f64>,
    /// Dots an inch of the printer [default: 203 of ZPL, 300 of PDF and PNG]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(150..=600))]
    pub dpi: Option<u32>,
    /// How often to print each label
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(COPIES_MAX)))]
    pub copies: u32,
    /// Replace the file if it is there
    #[arg(long)]
    pub overwrite: bool,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// For office printers and for label printers with a driver
    Pdf,
    /// A picture a page: NAME.png, or NAME-000001.png and so on if there are several
    Png,
    /// ZPL II, for Zebra's label printers and those that understand them
    Zpl,
}

/// What the barcode holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Content {
    /// The serial and nothing else, as any scanner should type it
    Serial,
    /// S/N: and the serial; then the barcode alone suffices to be accepted
    Named,
}

impl Kind {
    /// What a file of this name holds.
    pub(super) fn of(path: &Path) -> Option<Self> {
        Self::from_str(path.extension()?.to_str()?, true).ok()
    }
}

fn size(text: &str) -> Result<(f64, f64), String> {
    let sides = text.split_once(['x', 'X']);
    let sides = sides.and_then(|(width, height)| {
        Some((width.trim().parse::<f64>().ok()?, height.trim().parse::<f64>().ok()?))
    });
    let range = SIDE_MM_MIN..=SIDE_MM_MAX;
    sides.filter(|(width, height)| range.contains(width) && range.contains(height)).ok_or_else(
        || {
            format!(
                "give width and height in millimetres, {SIDE_MM_MIN} to {SIDE_MM_MAX}, as 62x29"
            )
        },
    )
}

fn module(text: &str) -> Result<f64, String> {
    let mm = text.parse().ok().filter(|mm| MODULE_MM.contains(mm));
    mm.ok_or_else(|| {
        format!("give millimetres, {} to {}, as 0.33", MODULE_MM.start(), MODULE_MM.end())
    })
}

fn keyword(text: &str) -> Result<String, String> {
    let word = text.trim().trim_end_matches(':').trim_end().to_owned();
    if !validate::is_serial_keyword(&word) {
        return Err("no keyword of a serial; try S/N, SN, \"Serial No.\"".into());
    }
    printable(word)
}

fn title(text: &str) -> Result<String, String> {
    let text = text.trim().to_owned();
    match text.chars().count() {
        1..=TITLE_CHARS_MAX => printable(text),
        _ => Err(format!("1 to {TITLE_CHARS_MAX} characters")),
    }
}

/// The text, if the font has its characters.
fn printable(text: String) -> Result<String, String> {
    match text.chars().find(|char| !labels::font::has(*char)) {
        Some(char) => Err(format!(
            "{char:?} cannot be printed: letters of English, digits and -./,:()+&#_'*=@% can"
        )),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_modules() {
        assert_eq!(size("62x29"), Ok((62.0, 29.0)));
        assert_eq!(size("25.4 X 10"), Ok((25.4, 10.0)));
        for wrong in ["62", "62x", "x", "5x20", "62x301", "NaNx20", "infx20", "-62x29"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(module("0.33"), Ok(0.33));
        for wrong in ["0", "0.05", "3", "NaN", "a"] {
            assert!(module(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_keyword_is_one_that_is_read() {
        for right in ["S/N", "SN", "S/N:", "Serial No.", "Serial Number"] {
            assert!(keyword(right).is_ok(), "{right}");
        }
        for wrong in ["P/N", "Number", "", "\u{5e8f}\u{5217}\u{53f7}"] {
            assert!(keyword(wrong).is_err(), "{wrong}");
        }
        assert!(title("ACME A920 (rev. B)").is_ok());
        assert!(title("").is_err() && title(&"x".repeat(41)).is_err() && title("\u{e9}").is_err());
    }

    #[test]
    fn the_ending_says_what_is_written() {
        for (name, kind) in [("a.pdf", Kind::Pdf), ("b.PNG", Kind::Png), ("c.zpl", Kind::Zpl)] {
            assert_eq!(Kind::of(Path::new(name)), Some(kind));
        }
        assert_eq!(Kind::of(Path::new("-")), None);
        assert_eq!(Kind::of(Path::new("labels.txt")), None);
    }
}
