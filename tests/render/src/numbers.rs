//! The numbers on a label, drawn from a seed in the forms that makers use.

use rand::{RngExt, rngs::StdRng};

/// Whose label it is: the serial's form, the model names, the usual keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Ten digits that start with the model's code.
    Pax,
    /// Two characters and six digits, without O and I.
    PaxShort,
    /// Nine digits printed in groups of three.
    Verifone,
    /// Twelve digits: year, day of the year, number.
    Ingenico,
    /// Fifteen digits from 0001.
    Castles,
    /// `C0` and a model mark.
    Clover,
    /// A five-character product prefix and ten more.
    Bbpos,
    /// Nine characters, a dash, a country.
    SumUp,
    /// Sixteen letters and digits.
    Generic,
    /// `PB0` and a model, ten more.
    Sunmi,
    /// `N860W`, a letter or digit and five digits.
    Nexgo,
    /// Year, day of the year, two letters, eight digits.
    Telium,
    /// A maker that nobody knows, with twelve digits.
    Orvano,
    /// A maker that nobody knows, with a letter and ten digits.
    Meridia,
    /// A maker that nobody knows, with letters among the digits.
    Lumiq,
}

impl Maker {
    /// Every maker.
    pub const ALL: [Self; 9] = [
        Self::Pax,
        Self::PaxShort,
        Self::Verifone,
        Self::Ingenico,
        Self::Castles,
        Self::Clover,
        Self::Bbpos,
        Self::SumUp,
        Self::Generic,
    ];

    /// Makers whose serials have no published form, or that do not exist.
    pub const UNKNOWN: [Self; 6] =
        [Self::Sunmi, Self::Nexgo, Self::Telium, Self::Orvano, Self::Meridia, Self::Lumiq];

    fn name_and_models(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Pax => ("PAX", &["A920"]),
            Self::PaxShort => ("PAX", &["S90", "D210", "S920"]),
            Self::Verifone => ("Verifone", &["VX 520", "VX 680", "P400 Plus"]),
            Self::Ingenico => ("ingenico", &["iWL250", "iCT220", "Move/5000"]),
            Self::Castles => ("CASTLES TECHNOLOGY", &["VEGA 3000", "SATURN 1000"]),
            Self::Clover => ("clover", &["Flex", "Mini"]),
            Self::Bbpos => ("BBPOS", &["WisePOS E", "WisePad 3"]),
            Self::SumUp => ("SumUp", &["Air", "Solo"]),
            Self::Generic => ("HUAYU", &["HP-60", "N5 Smart", "Q7"]),
            Self::Sunmi => ("SUNMI", &["P2", "V2 PRO"]),
            Self::Nexgo => ("NEXGO", &["N86", "N96"]),
            Self::Telium => ("Telium", &["EFT930"]),
            Self::Orvano => ("ORVANO", &["KT-20", "KT-31X"]),
            Self::Meridia => ("Meridia", &["M5", "M7 Lite"]),
            Self::Lumiq => ("lumiq", &["L1", "Q-Dock"]),
        }
    }

    pub(super) fn serial(self, rng: &mut StdRng) -> String {
        match self {
            Self::Pax => format!("082{}", digits(rng, 7)),
            Self::PaxShort => format!("{}{}", letters_digits(rng, 2), digits(rng, 6)),
            Self::Verifone => {
                format!("{}-{}-{}", digits(rng, 3), digits(rng, 3), digits(rng, 3))
            }
            Self::Ingenico => {
                let (year, day) = (rng.random_range(16..25), rng.random_range(1..=365));
                format!("{year}{day:03}{}", digits(rng, 7))
            }
            Self::Castles => {
                let (year, week) = (rng.random_range(16..25), rng.random_range(1..=52));
                format!("0001{}{year}{week:02}{}", digits(rng, 2), digits(rng, 5))
            }
            Self::Clover => {
                let model = [("30", 'Q'), ("42", 'G'), ("45", 'L')][rng.random_range(0..3)];
                format!("C0{}U{}{}", model.0, model.1, digits(rng, 8))
            }
            Self::Bbpos => {
                let prefix = ["WSC51", "WPC32", "WPS33"][rng.random_range(0..3)];
                format!("{prefix}{}", digits(rng, 10))
            }
            Self::SumUp => {
                let country = ["CN", "MY", "PL"][rng.random_range(0..3)];
                format!("{}-{country}", letters_digits(rng, 9))
            }
            Self::Generic => letters_digits(rng, 16),
            Self::Sunmi => format!("PB04{}S{}", digits(rng, 3), digits(rng, 5)),
            Self::Nexgo => format!("N860W{}{}", letters_digits(rng, 1), digits(rng, 5)),
            Self::Telium => {
                let (year, day) = (rng.random_range(13..25), rng.random_range(1..=365));
                format!("{year}{day:03}WL{}", digits(rng, 8))
            }
            Self::Orvano => digits(rng, 12),
            Self::Meridia => format!("M{}", digits(rng, 10)),
            Self::Lumiq => format!("LQ{}A{}", digits(rng, 4), digits(rng, 6)),
        }
    }
}

/// Everything that may be printed on one label.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// The maker's name as printed.
    pub maker: &'static str,
    /// The model's name.
    pub model: &'static str,
    /// The serial as printed.
    pub serial: String,
    /// The part number, the same on every unit of a batch.
    pub part: String,
    /// Fifteen digits with their Luhn digit.
    pub imei: String,
    /// Twelve hexadecimal digits.
    pub mac: String,
    /// UnionPay's number: six digits of the maker, two of the device type, the serial.
    pub tusn: String,
    /// The registry's licence of the model, such as P3100.
    pub licence: String,
    /// A product number with its check digit, 13 digits.
    pub ean: String,
}

impl Numbers {
    /// Draws all numbers of one label.
    pub fn draw(maker: Maker, rng: &mut StdRng) -> Self {
        let (name, models) = maker.name_and_models();
        let serial = maker.serial(rng);
        let bare: String = serial.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            maker: name,
            model: models[rng.random_range(0..models.len())],
            part: format!(
                "{}{}-{}-{}",
                ['A', 'D', 'M', 'S'][rng.random_range(0..4)],
                digits(rng, 3),
                letters_digits(rng, 3),
                letters_digits(rng, 5)
            ),
            imei: with_luhn(&format!("86{}", digits(rng, 12))),
            mac: (0..12).map(|_| b"0123456789ABCDEF"[rng.random_range(0..16)] as char).collect(),
            tusn: format!("000{}0{}{bare}", digits(rng, 3), rng.random_range(2..=4)),
            licence: format!("P3{}", digits(rng, 3)),
            ean: with_ean_check(&format!("69{}", digits(rng, 10))),
            serial,
        }
    }
}

fn digits(rng: &mut StdRng, n: usize) -> String {
    (0..n).map(|_| char::from(b'0' + rng.random_range(0..10u8))).collect()
}

/// Letters and digits as makers choose them: without O and I; at least one digit in any three.
fn letters_digits(rng: &mut StdRng, n: usize) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    (0..n)
        .map(|at| {
            let range = if at % 3 == 1 { 0..10 } else { 0..ALPHABET.len() };
            ALPHABET[rng.random_range(range)] as char
        })
        .collect()
}

/// Appends the Luhn digit (ISO/IEC 7812-1, annex B).
fn with_luhn(number: &str) -> String {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}

/// Appends the check digit of EAN-13 (GS1 General Specifications, 7.9.1).
fn with_ean_check(number: &str) -> String {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| u32::from(byte - b'0') * if at % 2 == 0 { 3 } else { 1 })
        .sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}
