//! What keeps a printed label from being read, and what to do about it.

use crate::symbol::Symbology;
use std::fmt;

/// Narrowest module that 300-dpi printers print evenly and that a phone resolves from a hand's
/// breadth; GS1 asks for as much of Code 128.
pub const MODULE_MM_SURE: f64 = 0.25;
/// Height of bars that a scanner in a hand still meets: 5 mm or 15 % of the symbol's width.
const BAR_MM_SURE: f64 = 5.0;
const BAR_SHARE_SURE: f64 = 0.15;
/// Height of capitals that the reader of photos needs.
pub const CAP_MM_SURE: f64 = 1.2;
/// A dot more or less is the printer's business.
const ROUNDING: f64 = 0.98;

/// A label's measures in millimetres, as far as reading depends on them.
#[derive(Clone, Copy, Debug)]
pub struct Measures {
    /// The symbology.
    pub code: Symbology,
    /// Width of the narrowest part.
    pub module_mm: f64,
    /// Free modules beside the symbol.
    pub quiet_modules: u32,
    /// Width and height of the symbol.
    pub symbol_mm: (f64, f64),
    /// Height of the serial's capitals.
    pub cap_mm: f64,
}

impl Measures {
    /// What falls short.
    pub fn doubts(self) -> Vec<Doubt> {
        let Self { code, module_mm, quiet_modules, symbol_mm: (width_mm, bar_mm), cap_mm } = self;
        let asked = code.quiet_modules();
        let sure_mm = BAR_MM_SURE.max(width_mm * BAR_SHARE_SURE);
        let doubts = [
            (module_mm < MODULE_MM_SURE * ROUNDING).then_some(Doubt::Narrow { module_mm, code }),
            (quiet_modules < asked).then_some(Doubt::QuietCut {
                modules: quiet_modules,
                asked,
                code,
            }),
            (code == Symbology::Code128 && bar_mm < sure_mm)
                .then_some(Doubt::Low { bar_mm, sure_mm }),
            (cap_mm < CAP_MM_SURE).then_some(Doubt::SmallPrint { cap_mm }),
        ];
        doubts.into_iter().flatten().collect()
    }
}

/// Why a label may not be read although it is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doubt {
    /// Its modules are narrower than is sure.
    Narrow {
        /// Width of a module in millimetres.
        module_mm: f64,
        /// The symbology.
        code: Symbology,
    },
    /// Less than the standard's free space stands around the symbol.
    QuietCut {
        /// Free modules beside the symbol.
        modules: u32,
        /// Modules that the standard asks for.
        asked: u32,
        /// The symbology.
        code: Symbology,
    },
    /// Its bars are lower than is sure.
    Low {
        /// Height of the bars in millimetres.
        bar_mm: f64,
        /// Height that is sure, in millimetres.
        sure_mm: f64,
    },
    /// Its print is smaller than is sure.
    SmallPrint {
        /// Height of the capitals in millimetres.
        cap_mm: f64,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Narrow { module_mm, code } => {
                let smaller = match code {
                    Symbology::Code128 => " or a smaller symbol (--code qr, --code datamatrix)",
                    Symbology::Qr => " or a smaller symbol (--code datamatrix)",
                    Symbology::DataMatrix => "",
                };
                write!(
                    out,
                    "the narrowest part of the {} is {module_mm:.2} mm wide, and 300-dpi printers \
                     and phones need {MODULE_MM_SURE} mm: take a larger label{smaller}",
                    code.name()
                )
            }
            Self::QuietCut { modules, asked, code } => write!(
                out,
                "only {modules} modules are free around the {}, and its standard asks for {asked}: \
                 take a smaller --module or a larger label",
                code.name()
            ),
            Self::Low { bar_mm, sure_mm } => write!(
                out,
                "the bars are {bar_mm:.1} mm high, and a scanner held by hand needs {sure_mm:.1} \
                 mm: take a higher label, or --code qr"
            ),
            Self::SmallPrint { cap_mm } => write!(
                out,
                "the print is {cap_mm:.1} mm high, and reading it from a photo needs \
                 {CAP_MM_SURE} mm: take a larger label or a shorter --title"
            ),
        }
    }
}

/// A label that cannot be printed at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "a {code} with its serial does not fit on a label of {} x {} mm: take a larger one{hint}",
    size_mm.0, size_mm.1
)]
pub struct DoesNotFit {
    /// Name of the symbology.
    pub code: &'static str,
    /// Width and height of the label in millimetres.
    pub size_mm: (f64, f64),
    /// What else may help; may be empty.
    pub hint: &'static str,
}
