//! How labels are laid out: what stands where, and the ground truth that follows from it.

use crate::Recipe;
use crate::label::{Element, Label};
use crate::numbers::Numbers;
use crate::others;
use crate::print::{Face, Fonts};
use crate::sheet::Sheet;
use crate::symbol::Code;
use anyhow::Result;
use rand::{RngExt, rngs::StdRng};

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
    /// A label as others print them, by its place in the table of those.
    Others(usize),
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
            Self::Others(at) => others::compose(&mut sheet, at, recipe.maker, numbers, rng)?,
        }
        Ok(sheet.finish())
    }
}

const KEYWORDS: [&str; 6] = ["S/N: ", "S/N:", "SN: ", "SN:", "Serial No.: ", "SERIAL NO. "];
impl Sheet<'_> {
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
