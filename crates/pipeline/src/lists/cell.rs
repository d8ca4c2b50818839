//! Whether a cell holds a serial, and if not, what a spreadsheet program made of it. Nothing is put
//! right here: a number that was rounded, a date or a formula has lost what the serial was.

use crate::lists::row::{Cell, CellKind};
use std::borrow::Cow;
use validate::{Formats, Standing, canonical, looks_like_serial};

/// Why a cell holds no serial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing stands there.
    Empty,
    /// It may have been a serial.
    Damaged(Cow<'static, str>),
    /// It is something else.
    Foreign(Cow<'static, str>),
}

impl Refusal {
    pub(super) fn why(self) -> String {
        match self {
            Self::Empty => "no serial in this line".to_owned(),
            Self::Damaged(why) | Self::Foreign(why) => why.into_owned(),
        }
    }
}

const ROUNDED: &str = "a spreadsheet made a rounded number of this serial: \
     give the column the type text and enter the serials again";
const DECIMAL: &str = "a spreadsheet made a number with decimals or groups of this serial: \
     give the column the type text and enter the serials again";
const DATE: &str = "a spreadsheet made a date of this serial, or it is one";
const FORMULA: &str = "a formula, not a serial: save the list with values";
const FAULT: &str = "an error stands in the place of the value";
const SHAPE: &str = "not a serial: it needs 6 to 32 letters and digits, a digit among them";
const WORDS: &str = "words, not a serial";

/// Letters of a word that no serial has between its groups.
const WORD_LETTERS_MIN: usize = 3;
/// Beginnings of formulas, also in the width of Chinese and Japanese characters.
const FORMULA_STARTS: [char; 8] =
    ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
/// The first letters of the months' names in the languages whose spreadsheet programs write them.
const MONTHS: [&str; 31] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mai",
    "okt", "dez", "mrz", "mär", "fév", "avr", "jui", "aoû", "déc", "ene", "abr", "ago", "dic",
    "fev", "set", "out", "янв", "мая",
];

/// The canonical serial that a cell holds.
pub(super) fn serial_of(cell: &Cell<'_>, formats: &Formats) -> Result<String, Refusal> {
    let text = cell.trimmed();
    let damaged = match cell.kind {
        _ if text.is_empty() => return Err(Refusal::Empty),
        CellKind::RoundedNumber => Some(ROUNDED),
        CellKind::Date => Some(DATE),
        CellKind::Fault => Some(FAULT),
        CellKind::Text | CellKind::Number => damage(text),
    };
    if let Some(why) = damaged {
        return Err(Refusal::Damaged(why.into()));
    }
    let serial = canonical(text).map_err(|why| {
        let says = Cow::Owned(format!("not a serial: {why}"));
        match why {
            validate::NotCanonical::OtherLetter { .. } | validate::NotCanonical::Control { .. } => {
                Refusal::Damaged(says)
            }
            _ => Refusal::Foreign(says),
        }
    })?;
    if !looks_like_serial(&serial) {
        return Err(Refusal::Foreign(SHAPE.into()));
    }
    if holds_words(text, &serial) && !fits_a_maker(&serial, formats) {
        return Err(Refusal::Foreign(WORDS.into()));
    }
    Ok(serial)
}

/// Whether a maker's format fits, and not only one that admits nearly anything.
pub(super) fn fits_a_maker(serial: &str, formats: &Formats) -> bool {
    formats.matching(serial).any(|format| format.standing != Standing::Permissive)
}

/// What a spreadsheet program made of the serial that stood here.
fn damage(text: &str) -> Option<&'static str> {
    if is_scientific(text) {
        Some(ROUNDED)
    } else if is_date(text) {
        Some(DATE)
    } else if is_decimal(text) {
        Some(DECIMAL)
    } else {
        let is_text = text.starts_with("=\"") && text.ends_with('"');
        (text.starts_with(FORMULA_STARTS) && !is_text).then_some(FORMULA)
    }
}

/// `8.21032E+09`, `1,70E+09`: what spreadsheet programs make of a long number.
fn is_scientific(text: &str) -> bool {
    text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        let is_number = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b','))
        };
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let is_marked = mantissa.contains(['.', ',']) || exponent.starts_with('+');
        is_number(mantissa.trim_start_matches(['+', '-'])) && is_number(digits) && is_marked
    })
}

/// `821032398.0`, `821,032,398`: digits with marks of decimals or of thousands.
fn is_decimal(text: &str) -> bool {
    let is_digit_or_mark = |byte: u8| matches!(byte, b'0'..=b'9' | b'.' | b',' | b'\'');
    let text = text.trim_start_matches(['+', '-']);
    text.bytes().all(is_digit_or_mark)
        && text.starts_with(|char: char| char.is_ascii_digit())
        && text.contains(['.', ',', '\''])
}

/// `2026-11-01`, `2/1/2026 10:00`, `10-Sep`, `Sep 2026`, `2026年11月1日`.
fn is_date(text: &str) -> bool {
    let date = text.split(['T', ' ']).next().filter(|_| text.contains(':')).unwrap_or(text);
    let parts: Vec<&str> = date.split(['-', '/', '.', ' ', '年', '月', '日']).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let number = |part: &str| {
        let digits = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u16>().unwrap_or(0))
    };
    let is_month = |part: &str| {
        let name = part.to_lowercase();
        number(part).is_none()
            && MONTHS.iter().any(|month| name.starts_with(month))
            && name.chars().all(char::is_alphabetic)
    };
    let numbers: Vec<u16> = parts.iter().filter_map(|part| number(part)).collect();
    let months = parts.iter().filter(|part| is_month(part)).count();
    match (parts.len(), numbers.len(), months) {
        (2, 1, 1) | (3, 2, 1) => true,
        (3, 3, 0) => {
            let [first, second, third] = [numbers[0], numbers[1], numbers[2]];
            let is_year = |part: &str, year: u16| {
                part.len() == 4 && (1900..2100).contains(&year) || part.len() == 2
            };
            let day = |number: u16| (1..=31).contains(&number);
            let month = |number: u16| (1..=12).contains(&number);
            let leads = is_year(parts[0], first) && month(second) && day(third);
            let short = parts.iter().take(2).all(|part| part.len() <= 2);
            let ends = is_year(parts[2], third)
                && short
                && (month(first) && day(second) || day(first) && month(second));
            leads && parts[1].len() <= 2 && parts[2].len() <= 2 || ends
        }
        _ => false,
    }
}

/// Whether words stand among what became the serial: `printed 2026-11`, `Estate list 2026`.
fn holds_words(text: &str, serial: &str) -> bool {
    let words = || text.split_whitespace();
    words().count() > 1
        && words().any(|word| {
            let is_word = word.len() >= WORD_LETTERS_MIN
                && word.bytes().all(|byte| byte.is_ascii_alphabetic());
            is_word && serial.contains(&word.to_ascii_uppercase())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Refusal> {
        serial_of(&Cell::text(text.into()), &Formats::builtin())
    }

    #[test]
    fn what_a_spreadsheet_made_of_a_serial_never_becomes_one() {
        for (text, why) in [
            ("1.70E+09", ROUNDED),
            ("1,70E+09", ROUNDED),
            ("8.21032E08", ROUNDED),
            ("8E+9", ROUNDED),
            ("-1,2e+10", ROUNDED),
            ("821032398.0", DECIMAL),
            ("821032398,00", DECIMAL),
            ("821,032,398", DECIMAL),
            ("821'032'398", DECIMAL),
            ("2026-11-01", DATE),
            ("01-02-26", DATE),
            ("2/1/2026", DATE),
            ("31.12.2026", DATE),
            ("2026-11-01 10:00", DATE),
            ("2026-11-01T10:00:00", DATE),
            ("SEP-10", DATE),
            ("10-Sep", DATE),
            ("1 March 2026", DATE),
            ("01-déc-2026", DATE),
            ("2026年11月1日", DATE),
            ("=SUM(A1)", FORMULA),
            ("=A2", FORMULA),
            ("+0821032398", FORMULA),
            ("-0821032398", FORMULA),
            ("@SUM(1+1)0821032398", FORMULA),
            ("\u{ff1d}A2", FORMULA),
            ("\u{ff0b}0821032398", FORMULA),
        ] {
            assert_eq!(read(text), Err(Refusal::Damaged(why.into())), "{text:?}");
        }
        assert!(matches!(read("6\u{410}000001"), Err(Refusal::Damaged(_))), "a Cyrillic letter");
    }

    #[test]
    fn a_serial_is_read_however_it_is_written() {
        for (text, serial) in [
            ("08E210323", "08E210323"),
            ("8E9123456", "8E9123456"),
            ("324-689-776", "324689776"),
            ("082 1032398", "0821032398"),
            ("N86-0W1-73397", "N860W173397"),
            ("=\"0821032398\"", "0821032398"),
            ("'0821032398", "0821032398"),
            ("Serial No. 99887766", "99887766"),
            ("MAR-123456", "MAR123456"),
            ("DEC12345-01", "DEC1234501"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(serial), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_serial_is_told_from_a_damaged_one() {
        for text in
            ["A920", "Pier 3", "Estate list 2026", "printed 2026-110-01", "x", "a@b.example"]
        {
            assert!(matches!(read(text), Err(Refusal::Foreign(_))), "{text:?} {:?}", read(text));
        }
        assert_eq!(read(" "), Err(Refusal::Empty));
        for (kind, text) in [
            (CellKind::Date, "46327"),
            (CellKind::Fault, "#N/A"),
            (CellKind::RoundedNumber, "1e20"),
        ] {
            let cell = Cell { text: text.into(), kind };
            let read = serial_of(&cell, &Formats::builtin());
            assert!(matches!(read, Err(Refusal::Damaged(_))), "{text:?}");
        }
    }
}
