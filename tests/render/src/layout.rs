//! How labels are laid out: what stands where, and the ground truth that follows from it.

use crate::numbers::Numbers;
use crate::print::{Face, Fonts};
use crate::symbol::Code;
use crate::{Recipe, TrueBarcode, Truth};
use anyhow::Result;
use rand::{RngExt, rngs::StdRng};

/// One printed thing; millimetres from the label's top left corner.
#[derive(Clone, Debug)]
pub enum Element {
    /// A line of text.
    Text {
        /// Left end.
        x_mm: f32,
        /// Top of the capitals.
        y_mm: f32,
        /// Height of the capitals.
        cap_mm: f32,
        /// Its font.
        face: Face,
        /// What it says.
        text: String,
    },
    /// A barcode, without its quiet zone.
    Symbol {
        /// Left edge.
        x_mm: f32,
        /// Top edge.
        y_mm: f32,
        /// Width of a narrow bar, or side of a module.
        module_mm: f32,
        /// Bar height; matrix codes are square.
        height_mm: f32,
        /// The symbology.
        code: Code,
        /// What it encodes.
        payload: String,
    },
    /// A thin frame.
    Frame {
        /// Left edge.
        x_mm: f32,
        /// Top edge.
        y_mm: f32,
        /// Width.
        width_mm: f32,
        /// Height.
        height_mm: f32,
    },
}

/// Colours of print and paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Thermal transfer on white polyester.
    BlackOnWhite,
    /// On silver film.
    BlackOnSilver,
    /// Light print on the dark housing.
    WhiteOnBlack,
    /// Laser marks in dark plastic: little contrast.
    GreyOnBlack,
    /// Laser marks in brushed metal: darker than the metal, and streaks across both.
    EtchedMetal,
    /// Needles or ink drops.
    Dotted,
    /// Dark letters on a lit display.
    Screen,
    /// Light letters on a display.
    DarkScreen,
}

impl Ink {
    /// One as often as it is seen: mostly black on white.
    pub fn usual(rng: &mut StdRng) -> Self {
        match rng.random_range(0..20) {
            0..12 => Self::BlackOnWhite,
            12..15 => Self::BlackOnSilver,
            15..18 => Self::WhiteOnBlack,
            18 => Self::GreyOnBlack,
            _ => Self::Dotted,
        }
    }

    /// Red, green and blue of the paper and of the ink.
    pub fn paper_and_ink(self) -> ([f32; 3], [f32; 3]) {
        match self {
            Self::BlackOnWhite | Self::Dotted => ([236., 235., 229.], [34., 32., 34.]),
            Self::BlackOnSilver => ([188., 190., 192.], [38., 38., 42.]),
            Self::WhiteOnBlack => ([44., 44., 47.], [222., 222., 218.]),
            Self::GreyOnBlack => ([50., 50., 53.], [158., 156., 150.]),
            Self::EtchedMetal => ([162., 163., 166.], [96., 94., 92.]),
            Self::Screen => ([228., 231., 238.], [38., 40., 48.]),
            Self::DarkScreen => ([22., 23., 28.], [214., 216., 222.]),
        }
    }
}

/// The arrangements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The serial's barcode with the printed serial under it.
    CodeAboveSerial,
    /// The printed serial with its barcode under it, then an IMEI with its own.
    SerialAboveCode,
    /// Part number and serial on one line under a barcode that holds only the serial.
    PartAndSerialOnOneLine,
    /// A barcode for each of part number, serial and network address.
    ManyCodes,
    /// Chinese label with two numbers: the maker's serial and UnionPay's.
    Chinese,
    /// A QR code of keys and values beside the text.
    QrBeside,
    /// A Data Matrix of the bare serial beside the text.
    DataMatrixBeside,
    /// The same with an Aztec symbol.
    AztecBeside,
    /// Text alone.
    TextOnly,
    /// Text alone, the serial broken over two or three lines.
    Wrapped,
    /// A device's own page about itself, on its display.
    AboutScreen,
    /// A product label without any serial: part number, network address, EAN.
    NoSerial,
    /// A sticker with a few words and no number.
    NoNumbers,
    /// The bare housing.
    Bare,
}

impl Layout {
    /// The arrangements that carry a serial on one line.
    pub const WITH_SERIAL: [Self; 8] = [
        Self::CodeAboveSerial,
        Self::SerialAboveCode,
        Self::PartAndSerialOnOneLine,
        Self::ManyCodes,
        Self::Chinese,
        Self::QrBeside,
        Self::DataMatrixBeside,
        Self::TextOnly,
    ];

    /// Puts the numbers on a label.
    ///
    /// # Errors
    /// If a payload does not fit its symbology.
    pub fn compose(
        self,
        fonts: &Fonts,
        recipe: &Recipe,
        numbers: &Numbers,
        rng: &mut StdRng,
    ) -> Result<Label> {
        let mut sheet = Sheet::new(fonts, recipe, rng);
        match self {
            Self::CodeAboveSerial => sheet.code_above_serial(numbers, rng)?,
            Self::SerialAboveCode => sheet.serial_above_code(numbers, rng)?,
            Self::PartAndSerialOnOneLine => sheet.part_and_serial(numbers)?,
            Self::ManyCodes => sheet.many_codes(numbers)?,
            Self::Chinese => sheet.chinese(numbers, rng)?,
            Self::QrBeside => sheet.beside(Code::Qr, numbers, rng)?,
            Self::DataMatrixBeside => sheet.beside(Code::DataMatrix, numbers, rng)?,
            Self::AztecBeside => sheet.beside(Code::Aztec, numbers, rng)?,
            Self::TextOnly => sheet.text_only(numbers, rng),
            Self::Wrapped => sheet.wrapped(numbers, rng),
            Self::AboutScreen => sheet.about_screen(numbers, rng),
            Self::NoSerial => sheet.no_serial(numbers)?,
            Self::NoNumbers => sheet.no_numbers(),
            Self::Bare => sheet.label.height_mm = 30.0,
        }
        Ok(sheet.finish())
    }
}

/// A label ready to print.
#[derive(Clone, Debug)]
pub struct Label {
    /// Width.
    pub width_mm: f32,
    /// Height.
    pub height_mm: f32,
    /// What is printed on it.
    pub elements: Vec<Element>,
    /// Its colours.
    pub ink: Ink,
    /// What a perfect reader returns.
    pub truth: Truth,
}

const KEYWORDS: [&str; 6] = ["S/N: ", "S/N:", "SN: ", "SN:", "Serial No.: ", "SERIAL NO. "];
const MARGIN_MM: f32 = 3.0;
/// Below this a phone at arm's length resolves no bars.
const MODULE_MM_MIN: f32 = 0.2;

/// A label while it is being filled, from the top down.
struct Sheet<'f> {
    fonts: &'f Fonts,
    label: Label,
    face: Face,
    code: Code,
    cap_mm: f32,
    left_mm: f32,
    y_mm: f32,
}

impl<'f> Sheet<'f> {
    fn new(fonts: &'f Fonts, recipe: &Recipe, rng: &mut StdRng) -> Self {
        let faces = [Face::Sans, Face::SansBold, Face::Narrow, Face::Mono, Face::Dejavu];
        Self {
            fonts,
            label: Label {
                width_mm: rng.random_range(58.0..70.0),
                height_mm: 0.0,
                elements: Vec::new(),
                ink: recipe.ink,
                truth: Truth::default(),
            },
            face: faces[rng.random_range(0..faces.len())],
            code: recipe.code,
            cap_mm: rng.random_range(1.9..2.4),
            left_mm: MARGIN_MM,
            y_mm: MARGIN_MM,
        }
    }

    fn finish(mut self) -> Label {
        self.label.height_mm = self.label.height_mm.max(self.y_mm) + MARGIN_MM - 1.0;
        self.label
    }

    fn room_mm(&self) -> f32 {
        self.label.width_mm - MARGIN_MM - self.left_mm
    }

    /// A line; type that is too wide for the room is set smaller.
    fn text(&mut self, face: Face, cap_mm: f32, text: &str) {
        let cap_mm = cap_mm * (self.room_mm() / self.fonts.width_mm(face, cap_mm, text)).min(1.0);
        let (x_mm, y_mm) = (self.left_mm, self.y_mm);
        let text = text.to_owned();
        self.label.elements.push(Element::Text { x_mm, y_mm, cap_mm, face, text });
        self.y_mm += cap_mm * 1.75;
    }

    fn line(&mut self, text: &str) {
        self.text(self.face, self.cap_mm, text);
    }

    fn small(&mut self, text: &str) {
        self.text(self.face, self.cap_mm * 0.75, text);
    }

    fn other(&mut self, key: &str, value: &str) {
        self.line(&format!("{key}: {value}"));
        self.label.truth.other_ids.insert(key.to_owned(), value.to_owned());
    }

    /// A linear barcode; the label grows if the narrowest printable bar needs more room.
    fn bars(&mut self, code: Code, payload: &str, height_mm: f32) -> Result<()> {
        let modules = code.encode(payload)?.width();
        let quiet = code.quiet_modules();
        let fits_mm = (self.label.width_mm - 2.0) / (modules + 2.0 * quiet);
        let module_mm = fits_mm.clamp(MODULE_MM_MIN, 0.32);
        self.label.width_mm = self.label.width_mm.max(module_mm * (modules + 2.0 * quiet) + 2.0);
        let (x_mm, y_mm) = (self.left_mm.max(1.0 + quiet * module_mm), self.y_mm);
        self.symbol(x_mm, y_mm, module_mm, height_mm, code, payload);
        self.y_mm += height_mm + 1.2;
        Ok(())
    }

    fn symbol(&mut self, x: f32, y: f32, module: f32, height: f32, code: Code, payload: &str) {
        let format = code.name().to_owned();
        self.label.truth.barcodes.push(TrueBarcode { format, text: payload.to_owned() });
        self.label.elements.push(Element::Symbol {
            x_mm: x,
            y_mm: y,
            module_mm: module,
            height_mm: height,
            code,
            payload: payload.to_owned(),
        });
    }

    fn head(&mut self, numbers: &Numbers) {
        self.text(Face::SansBold, 3.2, numbers.maker);
        self.y_mm += 0.6;
        self.line(&format!("Model: {}", numbers.model));
        self.small("Input: 5V === 2A   Battery: 3.7V 5250mAh");
    }

    fn foot(&mut self) {
        self.small("FCC ID: V5P-T8N20   Made in China");
        self.y_mm += 0.3;
    }

    fn serial(&mut self, keyword: &str, numbers: &Numbers) {
        self.line(&format!("{keyword}{}", numbers.serial));
        self.label.truth.serial = Some(numbers.serial.clone());
    }

    fn code_above_serial(&mut self, numbers: &Numbers, rng: &mut StdRng) -> Result<()> {
        self.head(numbers);
        self.other("P/N", &numbers.part);
        self.y_mm += 0.8;
        self.bars(self.code, &numbers.serial, 7.0)?;
        self.serial(KEYWORDS[rng.random_range(0..KEYWORDS.len())], numbers);
        self.foot();
        Ok(())
    }

    fn serial_above_code(&mut self, numbers: &Numbers, rng: &mut StdRng) -> Result<()> {
        self.head(numbers);
        self.serial(KEYWORDS[rng.random_range(0..KEYWORDS.len())], numbers);
        self.bars(self.code, &numbers.serial, 6.0)?;
        self.y_mm += 0.8;
        self.other("IMEI", &numbers.imei);
        self.bars(Code::Code128, &numbers.imei, 5.0)?;
        self.foot();
        Ok(())
    }

    fn part_and_serial(&mut self, numbers: &Numbers) -> Result<()> {
        self.head(numbers);
        self.foot();
        self.bars(self.code, &numbers.serial, 7.0)?;
        self.line(&format!("{}  S/N:{}", numbers.part, numbers.serial));
        self.label.truth.serial = Some(numbers.serial.clone());
        self.label.truth.other_ids.insert("P/N".to_owned(), numbers.part.clone());
        Ok(())
    }

    fn many_codes(&mut self, numbers: &Numbers) -> Result<()> {
        self.text(Face::SansBold, 3.0, &format!("{}  {}", numbers.maker, numbers.model));
        self.other("P/N", &numbers.part);
        self.bars(Code::Code128, &numbers.part, 4.5)?;
        self.y_mm += 0.8;
        self.serial("S/N: ", numbers);
        self.bars(self.code, &numbers.serial, 4.5)?;
        self.y_mm += 0.8;
        self.other("MAC", &numbers.mac);
        self.bars(Code::Code128, &numbers.mac, 4.5)
    }

    fn chinese(&mut self, numbers: &Numbers, rng: &mut StdRng) -> Result<()> {
        let keyword = ["序列号：", "机身号：", "终端序列号：", "S/N："][rng.random_range(0..4)];
        self.face = Face::Cjk;
        self.text(Face::Cjk, 2.8, "智能POS终端");
        self.line(&format!("型号：{}   电源：5V 2A", numbers.model));
        self.serial(keyword, numbers);
        self.bars(self.code, &numbers.serial, 5.5)?;
        self.y_mm += 0.8;
        self.line(&format!("银联TUSN：{}", numbers.tusn));
        self.label.truth.other_ids.insert("TUSN".to_owned(), numbers.tusn.clone());
        self.bars(Code::Code128, &numbers.tusn, 5.5)?;
        self.small(&format!("终端入网编号：{}  CMIIT ID：2019AJ4716", numbers.licence));
        self.small("华宇支付技术有限公司   中国制造");
        Ok(())
    }

    fn beside(&mut self, code: Code, numbers: &Numbers, rng: &mut StdRng) -> Result<()> {
        let payload = match code {
            Code::Qr if rng.random_bool(0.6) => {
                format!("SN:{};PN:{};MODEL:{}", numbers.serial, numbers.part, numbers.model)
            }
            _ => numbers.serial.clone(),
        };
        let side = if code == Code::Qr { 17.0 } else { 11.0 };
        let module_mm = side / code.encode(&payload)?.width();
        let x_mm = 1.0 + code.quiet_modules() * module_mm;
        self.symbol(x_mm, x_mm, module_mm, side, code, &payload);
        self.label.height_mm = side + 2.0 * x_mm;
        self.left_mm = side + 2.0 * x_mm;
        self.head(numbers);
        self.other("P/N", &numbers.part);
        self.serial(KEYWORDS[rng.random_range(0..KEYWORDS.len())], numbers);
        Ok(())
    }

    fn text_only(&mut self, numbers: &Numbers, rng: &mut StdRng) {
        self.head(numbers);
        self.other("P/N", &numbers.part);
        self.cap_mm *= 1.1;
        self.serial(KEYWORDS[rng.random_range(0..KEYWORDS.len())], numbers);
        self.cap_mm /= 1.1;
        if rng.random_bool(0.5) {
            self.other("IMEI", &numbers.imei);
        }
        self.foot();
    }

    /// Narrow stickers on boards and batteries: the serial goes on in the next line, under the
    /// keyword or under its own first character.
    fn wrapped(&mut self, numbers: &Numbers, rng: &mut StdRng) {
        self.label.width_mm = rng.random_range(26.0..36.0);
        self.line(numbers.model);
        let lines = if numbers.serial.len() > 11 { rng.random_range(2..=3) } else { 2 };
        let part = numbers.serial.len().div_ceil(lines);
        let (start, mut rest) = numbers.serial.split_at(part);
        let keyword = ["S/N:", "SN: ", "S/N "][rng.random_range(0..3)];
        self.line(&format!("{keyword}{start}"));
        let edge = self.left_mm;
        if rng.random_bool(0.5) {
            self.left_mm += self.fonts.width_mm(self.face, self.cap_mm, keyword);
        }
        while !rest.is_empty() {
            let (line, after) = rest.split_at(part.min(rest.len()));
            self.line(line);
            rest = after;
        }
        self.left_mm = edge;
        self.label.truth.serial = Some(numbers.serial.clone());
        self.small(if rng.random_bool(0.5) { "Made in China" } else { "RoHS" });
    }

    /// A list of names and values as Android shows it, or one line each as older displays do.
    fn about_screen(&mut self, numbers: &Numbers, rng: &mut StdRng) {
        self.face = [Face::Sans, Face::Dejavu][rng.random_range(0..2)];
        self.label.width_mm = 62.0;
        self.small("10:42                                                        LTE  85%");
        self.y_mm += 1.0;
        let title = ["About device", "Device info", "About phone", "Terminal information"];
        self.text(Face::SansBold, 2.6, title[rng.random_range(0..title.len())]);
        self.y_mm += 1.5;
        let name = ["Serial number", "SN", "S/N", "Serial No."][rng.random_range(0..4)];
        let stacked = rng.random_bool(0.6);
        let mut rows = vec![
            ("Model", numbers.model),
            (name, numbers.serial.as_str()),
            ("IMEI", &numbers.imei),
            ("Firmware", "V1.08.00_20210603"),
            ("Android version", "7.1.2"),
        ];
        let middle = rng.random_range(0..3);
        rows.rotate_right(middle);
        for (key, value) in rows {
            if stacked {
                self.line(key);
                self.y_mm -= 0.4;
                self.small(value);
            } else {
                self.line(&format!("{key}: {value}"));
            }
            self.y_mm += 1.0;
        }
        self.label.truth.other_ids.insert("IMEI".to_owned(), numbers.imei.clone());
        self.label.truth.serial = Some(numbers.serial.clone());
    }

    fn no_serial(&mut self, numbers: &Numbers) -> Result<()> {
        self.text(Face::SansBold, 3.2, numbers.maker);
        self.line(&format!("Model: {}", numbers.model));
        self.other("P/N", &numbers.part);
        self.other("MAC", &numbers.mac);
        self.bars(Code::Code128, &numbers.mac, 5.0)?;
        self.bars(Code::Ean13, &numbers.ean, 7.0)?;
        self.label.truth.other_ids.insert("EAN".to_owned(), numbers.ean.clone());
        self.foot();
        Ok(())
    }

    fn no_numbers(&mut self) {
        self.text(Face::SansBold, 3.5, "CAUTION");
        self.line("Do not open. No user parts inside.");
        self.line("Use the adapter that came with it.");
        self.label.elements.push(Element::Frame {
            x_mm: 1.0,
            y_mm: 1.0,
            width_mm: self.label.width_mm - 2.0,
            height_mm: self.y_mm + 0.5,
        });
    }
}
