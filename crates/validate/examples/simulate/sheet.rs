//! A label while it is filled, from the top down, and the label that comes of it.

use crate::device::Device;
use crate::fill::{fill, imei, one_of, percent, product_number};
use rand::{RngExt, rngs::StdRng};
use validate::Symbology;

/// What is on one label and what is right about it.
pub(crate) struct Label {
    /// Its kind, for the breakdown.
    pub(crate) kind: String,
    /// The forms that may be accepted; the first is the serial as it is printed. Empty if nothing
    /// may be.
    pub(crate) right: Vec<String>,
    /// Whether an answer is expected. If not, what is in `right` is neither asked for nor held
    /// against.
    pub(crate) asked: bool,
    /// The maker that may be named, lower case.
    pub(crate) vendor: String,
    /// The print.
    pub(crate) lines: Vec<Line>,
    /// The barcodes.
    pub(crate) codes: Vec<Code>,
    /// The list of expected serials, if there is one.
    pub(crate) expected: Option<Vec<String>>,
}

/// A printed line; its top left corner in pixels.
pub(crate) struct Line {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) text: String,
}

/// A barcode; its top left corner in pixels.
pub(crate) struct Code {
    pub(crate) symbology: Symbology,
    pub(crate) payload: String,
    /// Whether it declares GS1 data.
    pub(crate) gs1: bool,
    /// Whether it is read for certain: where what is right depends on it.
    pub(crate) sure: bool,
    pub(crate) x: f32,
    pub(crate) y: f32,
}

pub(crate) const CHAR_WIDTH: f32 = 10.0;
pub(crate) const LINE_HEIGHT: f32 = 20.0;
pub(crate) const CODE_SIZE: (f32, f32) = (300.0, 50.0);
const LINE_PITCH: f32 = 30.0;
const MARGIN: f32 = 40.0;

/// Captions of a serial that everybody knows; how often each is printed is a guess.
const CAPTIONS: &[&str] = &[
    "S/N: ",
    "S/N:",
    "S/N: ",
    "S/N ",
    "SN: ",
    "SN:",
    "SN：",
    "S/N：",
    "Serial No. ",
    "Serial No.: ",
    "Serial Number: ",
    "SERIAL: ",
    "SERIAL NO: ",
    "Serial# ",
    "Ser. No. ",
    "序列号：",
    "机身号：",
    "序列号: ",
];

/// The other numbers of a label: caption and pattern.
pub(crate) const OTHERS: &[(&str, &str)] = &[
    ("P/N: ", "%4a-%6d"),
    ("P/N:", "%a%3d-%2d%a-%2d"),
    ("PN: ", "%9d"),
    ("Part No. ", "%3d-%5d-%2d"),
    ("MAC: ", "%12h"),
    ("MAC:", "%2h:%2h:%2h:%2h:%2h:%2h"),
    ("WLAN MAC ", "%2h-%2h-%2h-%2h-%2h-%2h"),
    ("DATE CODE: ", "%y%w"),
    ("DATE: ", "%Y-%m-%D"),
    ("DEVICE ID: ", "%16h"),
    ("TID: ", "%8d"),
    ("FCC ID: ", "%5x-%5x"),
    ("CMIIT ID: ", "%Y%a%a%4d"),
    ("HW: ", "V%d.%2d"),
    ("FW ", "%d.%d.%d"),
    ("LOT ", "%6d"),
    ("Material: ", "%8d"),
];

const FEET: &[&str] = &[
    "Made in China",
    "Input: 5V 2A",
    "Input: 100-240V~ 50/60Hz 0.5A",
    "CE 0560 RoHS",
    "IP54",
    "Designed in Berlin",
    "www.example.com",
    "Tel. 400-123-4567",
    "PCI PTS 5.x",
    "2022-11-03",
    "Battery 3.7V 5250mAh",
    "制造商：华宇支付技术有限公司",
    "Operating temp. -10 to 50 C",
];

/// A label while it is filled.
pub(crate) struct Sheet<'r> {
    pub(crate) random: &'r mut StdRng,
    pub(crate) device: Device,
    pub(crate) label: Label,
    left: f32,
    y: f32,
}

impl<'r> Sheet<'r> {
    pub(crate) fn new(kind: &str, random: &'r mut StdRng) -> Self {
        let device = Device::draw(random);
        let label = Label {
            kind: kind.to_owned(),
            right: vec![device.serial.clone()],
            asked: true,
            vendor: device.maker.vendor.to_owned(),
            lines: Vec::with_capacity(12),
            codes: Vec::new(),
            expected: None,
        };
        Self { random, device, label, left: MARGIN, y: MARGIN }
    }

    /// The label; on one in ten its batch is expected.
    pub(crate) fn finish(mut self) -> Label {
        if percent(self.random, 10) {
            self.label.expected = Some(self.device.batch(self.random));
        }
        self.label
    }

    pub(crate) fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        *one_of(self.random, from)
    }

    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self::percent(self.random, percent)
    }

    pub(crate) fn fill(&mut self, pattern: &str) -> String {
        fill(self.random, pattern)
    }

    /// A line at the left edge.
    pub(crate) fn line(&mut self, text: impl Into<String>) {
        self.row(&[(0.0, text.into())]);
    }

    /// Pieces side by side, each so many characters from the left edge.
    pub(crate) fn row(&mut self, pieces: &[(f32, String)]) {
        for (column, text) in pieces {
            let (x, text) = (self.left + column * CHAR_WIDTH, text.clone());
            self.label.lines.push(Line { x, y: self.y, text });
        }
        self.y += LINE_PITCH;
    }

    /// Space between two blocks.
    pub(crate) fn skip(&mut self, rows: f32) {
        self.y += rows * LINE_PITCH;
    }

    /// From here on the sheet goes on beside or below: another label in view.
    pub(crate) fn next_label(&mut self, beside: bool) {
        if beside {
            self.left += 600.0;
            self.y = MARGIN;
        } else {
            self.y += 6.0 * LINE_PITCH;
        }
    }

    pub(crate) fn code(&mut self, symbology: Symbology, payload: impl Into<String>) {
        self.push_code(symbology, payload.into(), false, false);
    }

    /// A symbol that every reader reads.
    pub(crate) fn sure_code(&mut self, symbology: Symbology, payload: impl Into<String>) {
        self.push_code(symbology, payload.into(), false, true);
    }

    /// A symbol that declares GS1 data.
    pub(crate) fn gs1_code(&mut self, symbology: Symbology, payload: impl Into<String>) {
        self.push_code(symbology, payload.into(), true, false);
    }

    fn push_code(&mut self, symbology: Symbology, payload: String, gs1: bool, sure: bool) {
        self.label.codes.push(Code { symbology, payload, gs1, sure, x: self.left, y: self.y });
        self.y += CODE_SIZE.1 + 10.0;
    }

    /// Nothing on the label may be accepted.
    pub(crate) fn nothing_right(&mut self) {
        self.label.right.clear();
        self.label.asked = false;
    }

    /// The serial is right, but nobody would blame a question.
    pub(crate) fn not_asked(&mut self) {
        self.label.asked = false;
    }

    pub(crate) fn caption(&mut self) -> &'static str {
        self.one_of(CAPTIONS)
    }

    pub(crate) fn serial(&self) -> String {
        self.device.serial.clone()
    }

    /// Brand, model and up to two other numbers.
    pub(crate) fn head(&mut self) {
        if self.percent(70) {
            self.line(self.device.maker.brand);
        }
        if self.percent(60) {
            let key = self.one_of(&["Model: ", "MODEL ", "Model No.: ", "型号：", "Type "]);
            self.line(format!("{key}{}", self.device.model));
        }
        for _ in 0..self.random.random_range(0..3) {
            self.other_number();
        }
    }

    pub(crate) fn foot(&mut self) {
        for _ in 0..self.random.random_range(0..3) {
            match self.random.random_range(0..8) {
                0 => self.other_number(),
                1 => {
                    let ean = product_number(self.random, "69%10d");
                    self.code(Symbology::Ean13, ean);
                }
                _ => {
                    let foot = self.one_of(FEET);
                    self.line(foot);
                }
            }
        }
    }

    /// Another number of the device after its caption, on one label in four with its barcode.
    fn other_number(&mut self) {
        let (caption, value) = if self.percent(20) {
            ("IMEI: ", imei(self.random))
        } else {
            let (caption, pattern) = self.one_of(OTHERS);
            (caption, self.fill(pattern))
        };
        self.line(format!("{caption}{value}"));
        if self.percent(25) {
            self.code(Symbology::Code128, value);
        }
    }

    /// The serial after a caption.
    pub(crate) fn captioned_serial(&mut self) {
        let text = format!("{}{}", self.caption(), self.device.serial);
        self.line(text);
    }

    /// The bare serial as a barcode, so many times in a hundred.
    pub(crate) fn serial_code(&mut self, percent: u32) {
        if self.percent(percent) {
            let symbology = self.linear_or_matrix();
            self.code(symbology, self.device.serial.clone());
        }
    }

    pub(crate) fn linear_or_matrix(&mut self) -> Symbology {
        match self.random.random_range(0..20) {
            0..10 => Symbology::Code128,
            10..14 => Symbology::Code39,
            14..17 => Symbology::QrCode,
            _ => Symbology::DataMatrix,
        }
    }

    pub(crate) fn matrix(&mut self) -> Symbology {
        self.one_of(&[Symbology::QrCode, Symbology::QrCode, Symbology::DataMatrix])
    }
}
