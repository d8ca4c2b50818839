//! One label as rectangles and lines of text in whole dots, the same for every kind of output.
//!
//! Dots because a module that is not a whole number of a printer's dots wide comes out uneven, and
//! uneven bars are what scanners fail on. Where a label leaves a choice, the largest module and the
//! largest print that fit beside each other are taken.

use crate::font;
use crate::legibility::{CAP_MM_SURE, DoesNotFit, Doubt, MODULE_MM_SURE, Measures};
use crate::sheets::INCH_MM;
use crate::symbol::{Modules, Symbology};

/// Nothing is gained beyond this: bars would only leave the camera's view.
const BAR_MODULE_MM_MAX: f64 = 0.5;
/// A module that is seen from arm's length; what is wider wins nothing against larger print.
const MODULE_MM_AMPLE: f64 = 0.8;
/// The widest module that label printers can be told of, in dots.
const MODULE_DOTS_MAX: u32 = 10;
/// Below this they are no barcode any more.
const BAR_MM_MIN: f64 = 2.0;
const BAR_MM_MAX: f64 = 20.0;
/// Height of capitals: people read no less.
const CAP_MM_MIN: f64 = 0.8;
const CAP_MM_MAX: f64 = 4.5;
/// The title's height as a part of the serial's.
const TITLE_SHARE: f64 = 0.8;
/// Space between lines, as a part of the line's height; descenders need a third.
const LEADING: f64 = 0.5;
/// Between bars and print, or a symbol's quiet zone and print.
const GAP_MM: f64 = 0.6;
/// Share of the height of a label with bars that its print takes.
const PRINT_SHARE: f64 = 0.2;
/// What it costs a label to have its keyword in a line of its own: the judge takes a serial in the
/// keyword's line at its word, and wants more proof of one below. Of the ten points for a sure label.
const TWO_LINES_COST: f64 = 5.0;
/// Free edge of a label, for sheets that were not fed straight: a part of the shorter side.
const MARGIN_SHARE: f64 = 0.05;
const MARGIN_MM: (f64, f64) = (0.8, 2.0);

/// Dots of an inch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution(pub u32);

impl Resolution {
    /// The nearest number of dots.
    pub fn dots(self, mm: f64) -> u32 {
        (mm * f64::from(self.0) / INCH_MM).round() as u32
    }

    /// A length in millimetres.
    pub fn mm(self, dots: u32) -> f64 {
        f64::from(dots) * INCH_MM / f64::from(self.0)
    }
}

/// What every label of a run has in common.
#[derive(Clone, Debug)]
pub struct Design {
    /// The barcode.
    pub code: Symbology,
    /// The word before the serial.
    pub keyword: String,
    /// A line above it, such as maker and model.
    pub title: Option<String>,
    /// Whether the symbol holds the keyword too.
    pub named: bool,
    /// A module of this width, whatever fits.
    pub module_mm: Option<f64>,
    /// Width and height of a label in millimetres.
    pub size_mm: (f64, f64),
    /// Dots an inch of what prints it.
    pub resolution: Resolution,
}

/// A label, ready to be drawn. All lengths are dots from its left upper corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Width in dots.
    pub width: u32,
    /// Height in dots.
    pub height: u32,
    /// The barcode.
    pub symbol: Placed,
    /// The print, from the top.
    pub lines: Vec<Line>,
}

/// A symbol in its place, without its quiet zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The symbology.
    pub code: Symbology,
    /// What it encodes.
    pub content: String,
    /// Its dark and light modules.
    pub modules: Modules,
    /// Left edge in dots.
    pub x: u32,
    /// Upper edge in dots.
    pub y: u32,
    /// Side of a module.
    pub module: u32,
    /// Height of the symbol.
    pub height: u32,
}

/// A line of print.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// Left edge in dots.
    pub x: u32,
    /// Upper edge of its capitals.
    pub y: u32,
    /// Height of its capitals.
    pub cap: u32,
}

/// A dark rectangle in dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Placed {
    /// The dark parts, runs of modules taken together.
    pub fn rectangles(&self) -> Vec<Rectangle> {
        match &self.modules {
            Modules::Linear(row) => self.runs(row, self.y, self.height),
            Modules::Matrix(rows) => (self.y..)
                .step_by(self.module as usize)
                .zip(rows)
                .flat_map(|(y, row)| self.runs(row, y, self.module))
                .collect(),
        }
    }

    fn runs(&self, row: &[bool], y: u32, height: u32) -> Vec<Rectangle> {
        let (mut found, mut x) = (Vec::new(), self.x);
        for run in row.chunk_by(|one, other| one == other) {
            let width = self.module * u32::try_from(run.len()).unwrap_or(0);
            if run[0] {
                found.push(Rectangle { x, y, width, height });
            }
            x += width;
        }
        found
    }
}

/// How symbol and print stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrangement {
    /// The serial below the symbol.
    Above,
    /// The serial at the right of the symbol.
    Beside,
    /// The same, the keyword in a line of its own.
    BesideInTwo,
}

/// One way to fill a label, in dots.
#[derive(Clone, Copy, Debug)]
struct Fit {
    arrangement: Arrangement,
    module: u32,
    /// Free space that is kept on each side of the symbol.
    quiet: u32,
    /// Height of the symbol.
    symbol: u32,
    cap: u32,
    title_cap: u32,
}

impl Design {
    /// Lays out the label of one serial, in canonical form, and says what may keep it from being
    /// read.
    ///
    /// # Errors
    /// If it cannot fit.
    pub fn compose(&self, serial: &str) -> anyhow::Result<(Label, Vec<Doubt>)> {
        let content = if self.named { format!("S/N:{serial}") } else { serial.to_owned() };
        let modules = self.code.encode(&content)?;
        let fit = self.best_fit(&modules, serial).ok_or_else(|| self.does_not_fit())?;
        let (symbol, lines) = self.place(&fit, modules, content, serial);
        let measures = Measures {
            code: self.code,
            module_mm: self.resolution.mm(fit.module),
            quiet_modules: self.free_modules(&fit),
            symbol_mm: (
                self.resolution.mm(symbol.modules.width() * fit.module),
                self.resolution.mm(fit.symbol),
            ),
            cap_mm: self.resolution.mm(fit.cap),
        };
        let doubts = measures.doubts();
        let (width, height) = self.size();
        Ok((Label { width, height, symbol, lines }, doubts))
    }

    /// Width and height in dots.
    pub fn size(&self) -> (u32, u32) {
        (self.resolution.dots(self.size_mm.0), self.resolution.dots(self.size_mm.1))
    }

    fn margin(&self) -> u32 {
        let shorter = self.size_mm.0.min(self.size_mm.1);
        self.resolution.dots((shorter * MARGIN_SHARE).clamp(MARGIN_MM.0, MARGIN_MM.1))
    }

    /// Width and height within the margins.
    fn room(&self) -> (u32, u32) {
        let ((width, height), margin) = (self.size(), self.margin());
        (width.saturating_sub(2 * margin), height.saturating_sub(2 * margin))
    }

    fn does_not_fit(&self) -> DoesNotFit {
        let hint = match (self.module_mm, self.code) {
            (Some(_), _) => ", or a smaller --module",
            (None, Symbology::Code128) => ", or --code qr or datamatrix, which are smaller",
            (None, Symbology::Qr) => ", or --code datamatrix, which is smaller",
            (None, Symbology::DataMatrix) => ", or leave out --title",
        };
        DoesNotFit { code: self.code.name(), size_mm: self.size_mm, hint }
    }

    /// The lines of print: the title if there is one, then what names and holds the serial.
    fn texts(&self, arrangement: Arrangement, serial: &str) -> Vec<String> {
        let title = self.title.iter().cloned();
        let named = match arrangement {
            Arrangement::Above | Arrangement::Beside => {
                vec![format!("{}: {serial}", self.keyword)]
            }
            Arrangement::BesideInTwo => vec![format!("{}:", self.keyword), serial.to_owned()],
        };
        title.chain(named).collect()
    }

    fn best_fit(&self, modules: &Modules, serial: &str) -> Option<Fit> {
        let arrangements: &[Arrangement] = match modules {
            Modules::Linear(_) => &[Arrangement::Above],
            Modules::Matrix(_) => {
                &[Arrangement::Beside, Arrangement::Above, Arrangement::BesideInTwo]
            }
        };
        let widths = match self.module_mm {
            Some(mm) => {
                let dots = self.resolution.dots(mm).clamp(1, MODULE_DOTS_MAX);
                dots..=dots
            }
            None => 1..=MODULE_DOTS_MAX,
        };
        let fits = arrangements.iter().flat_map(|&arrangement| {
            widths.clone().filter_map(move |module| self.fit(arrangement, module, modules, serial))
        });
        // The first of equals: beside before in two lines.
        fits.reduce(|best, fit| if self.worth(&fit) > self.worth(&best) { fit } else { best })
    }

    /// How well a label of this fit is read: what is sure first, what is comfortable then.
    fn worth(&self, fit: &Fit) -> f64 {
        let (module, cap) = (self.resolution.mm(fit.module), self.resolution.mm(fit.cap));
        let sure = (module / MODULE_MM_SURE).min(1.0) * (cap / CAP_MM_SURE).min(1.0);
        let two_lines = f64::from(u8::from(fit.arrangement == Arrangement::BesideInTwo));
        10.0 * sure + (module / MODULE_MM_AMPLE).min(1.0) + cap / CAP_MM_MAX
            - TWO_LINES_COST * two_lines
    }

    fn fit(
        &self,
        arrangement: Arrangement,
        module: u32,
        modules: &Modules,
        serial: &str,
    ) -> Option<Fit> {
        let (width, height) = self.room();
        let linear = matches!(modules, Modules::Linear(_));
        if linear && self.module_mm.is_none() && self.resolution.mm(module) > BAR_MODULE_MM_MAX {
            return None;
        }
        let side = modules.width() * module;
        let asked = self.code.quiet_modules() * module;
        let free = if arrangement == Arrangement::Above { width } else { height };
        let quiet = asked.min(free.checked_sub(side)? / 2);
        // Only who names a module gets one that cuts its quiet zone.
        if quiet < asked && self.module_mm.is_none() {
            return None;
        }
        let gap = self.resolution.dots(GAP_MM);
        let beside = arrangement != Arrangement::Above;
        let outer = side + 2 * quiet;
        let across = if beside { width.checked_sub(outer + gap)? } else { width };
        let texts = self.texts(arrangement, serial);
        let stack = self.stack(texts.len());
        let share = match (linear, beside) {
            (true, _) => f64::from(height) * PRINT_SHARE,
            (false, true) => f64::from(height),
            (false, false) => f64::from(height.checked_sub(outer + gap)?),
        };
        let titled = usize::from(self.title.is_some());
        let widest = texts[titled..].iter().map(|text| font::width(text)).fold(0.0, f64::max);
        let by_width = f64::from(across) * font::CAP_PRINTED / widest;
        let most = f64::from(self.resolution.dots(CAP_MM_MAX));
        let cap = by_width.min(share / stack).min(most).floor() as u32;
        let title = self.title.as_deref().map_or(0.0, font::width);
        let title_by_width =
            if title > 0.0 { f64::from(across) * font::CAP_PRINTED / title } else { most };
        let title_cap = (f64::from(cap) * TITLE_SHARE).min(title_by_width).floor() as u32;
        let least = self.resolution.dots(CAP_MM_MIN);
        if cap < least || (titled > 0 && title_cap < least) {
            return None;
        }
        let print = (f64::from(cap) * stack).ceil() as u32;
        let symbol = if linear {
            let bars = height.checked_sub(print + gap)?.min(self.resolution.dots(BAR_MM_MAX));
            if bars < self.resolution.dots(BAR_MM_MIN) {
                return None;
            }
            bars
        } else {
            side
        };
        Some(Fit { arrangement, module, quiet, symbol, cap, title_cap })
    }

    /// Height of the lines with what lies between them, in capitals of the serial.
    fn stack(&self, lines: usize) -> f64 {
        let titled = usize::from(self.title.is_some());
        let plain = (lines - titled) as f64;
        plain + titled as f64 * TITLE_SHARE + (lines - 1) as f64 * LEADING
    }

    /// Puts symbol and lines into the middle of the label.
    fn place(
        &self,
        fit: &Fit,
        modules: Modules,
        content: String,
        serial: &str,
    ) -> (Placed, Vec<Line>) {
        let (width, height) = self.size();
        let texts = self.texts(fit.arrangement, serial);
        let caps = |at: usize| {
            if at == 0 && self.title.is_some() { fit.title_cap } else { fit.cap }
        };
        let wide = |at: usize| {
            let units = font::width(&texts[at]);
            (units * f64::from(caps(at)) / font::CAP_PRINTED).ceil() as u32
        };
        let print = (f64::from(fit.cap) * self.stack(texts.len())).ceil() as u32;
        let leading = (f64::from(fit.cap) * LEADING).round() as u32;
        let gap = self.resolution.dots(GAP_MM);
        let side = modules.width() * fit.module;
        let linear = matches!(modules, Modules::Linear(_));
        let above = fit.arrangement == Arrangement::Above;
        // Beside: one block from the quiet zone's left edge to the longest line's end.
        let longest = (0..texts.len()).map(wide).max().unwrap_or(0);
        let block = side + 2 * fit.quiet + gap + longest;
        let left = width.saturating_sub(block) / 2;
        // Bars need free space at their ends only.
        let quiet = if linear { 0 } else { fit.quiet };
        let (x, y, first) = if above {
            let all = fit.symbol + 2 * quiet + gap + print;
            let top = height.saturating_sub(all) / 2 + quiet;
            ((width - side) / 2, top, top + fit.symbol + quiet + gap)
        } else {
            (left + fit.quiet, (height - side) / 2, height.saturating_sub(print) / 2)
        };
        let mut top = first;
        let mut lines = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            let x = if above {
                width.saturating_sub(wide(at)) / 2
            } else {
                left + side + 2 * fit.quiet + gap
            };
            lines.push(Line { text: text.clone(), x, y: top, cap: caps(at) });
            top += caps(at) + leading;
        }
        let symbol = Placed {
            code: self.code,
            content,
            modules,
            x,
            y,
            module: fit.module,
            height: fit.symbol,
        };
        (symbol, lines)
    }

    /// Modules beside the symbol that are surely free, the label's margin among them.
    fn free_modules(&self, fit: &Fit) -> u32 {
        let kept = fit.quiet / fit.module;
        if kept < self.code.quiet_modules() {
            (fit.quiet + self.margin()) / fit.module
        } else {
            kept
        }
    }
}
