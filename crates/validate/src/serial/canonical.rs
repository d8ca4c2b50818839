//! The canonical form of a serial: what is compared, stored and sent.
//!
//! Labels print serials with dashes, spaces and stars that mean nothing. Canonical form keeps the
//! letters and digits, in upper case. It never guesses: a look-alike stays what it is, and a text
//! that holds anything else is refused, for what is dropped silently makes another serial.

use crate::print::keyword::is_serial_keyword;
use crate::serial::fold::{digits, fold, half_width};
use thiserror::Error;

/// Characters of the longest canonical form: that of a TUSN.
pub const CANONICAL_CHARS_MAX: usize = 64;

/// Why a text has no canonical form. Positions count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotCanonical {
    /// A letter of another script, such as a Cyrillic А: it looks like one that belongs there.
    #[error("character {at}, \"{char}\" (U+{:04X}), is a letter of another script", *.char as u32)]
    OtherLetter {
        /// Where it stands.
        at: usize,
        /// The letter.
        char: char,
    },
    /// A control or an invisible character between others.
    #[error("character {at} (U+{:04X}) is not printable", *.char as u32)]
    Control {
        /// Where it stands.
        at: usize,
        /// The character.
        char: char,
    },
    /// A mark that makes two values of one, or that no serial has.
    #[error(
        "character {at}, \"{char}\", is not part of a serial: write one serial with letters, digits, dashes and spaces only"
    )]
    Separator {
        /// Where it stands.
        at: usize,
        /// The mark.
        char: char,
    },
    /// More letters and digits than any known number.
    #[error("more than {CANONICAL_CHARS_MAX} letters and digits")]
    TooLong,
    /// No letter and no digit.
    #[error("no letters and digits")]
    Empty,
}

impl NotCanonical {
    /// A stable name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherLetter { .. } => "other_letter",
            Self::Control { .. } => "control_character",
            Self::Separator { .. } => "separator",
            Self::TooLong => "too_long",
            Self::Empty => "empty",
        }
    }
}

/// The canonical form of one serial as it is printed, typed or listed: letters and digits in upper
/// case. Dashes and spaces inside are dropped, full-width characters become ordinary ones. A keyword
/// in front (`S/N:`), a scanner's symbology identifier (`]C0`), the end of its line, the stars of
/// Code 39 and a spreadsheet's quotes are taken off.
///
/// # Errors
/// Anything else is refused, with the first character that is not understood.
///
/// ```
/// assert_eq!(validate::canonical("s/n: 324-689-776").as_deref(), Ok("324689776"));
/// assert!(validate::canonical("324689776;324689777").is_err());
/// ```
pub fn canonical(text: &str) -> Result<String, NotCanonical> {
    let value = without_surroundings(text);
    let before = text.get(..value.as_ptr() as usize - text.as_ptr() as usize).unwrap_or_default();
    let first = before.chars().count() + 1;
    let refused = value.chars().enumerate().find_map(|(at, char)| refused(first + at, char));
    if let Some(why) = refused {
        return Err(why);
    }
    let canonical = fold(value);
    match canonical.len() {
        0 => Err(NotCanonical::Empty),
        1..=CANONICAL_CHARS_MAX => Ok(canonical),
        _ => Err(NotCanonical::TooLong),
    }
}

fn refused(at: usize, char: char) -> Option<NotCanonical> {
    match half_width(char) {
        '0'..='9' | 'A'..='Z' | 'a'..='z' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => None,
        plain if plain.is_control() || is_invisible(plain) => {
            Some(NotCanonical::Control { at, char })
        }
        plain if plain.is_whitespace() => None,
        plain if plain.is_alphanumeric() => Some(NotCanonical::OtherLetter { at, char }),
        _ => Some(NotCanonical::Separator { at, char }),
    }
}

/// The value within what scanners, spreadsheets and people put around it.
fn without_surroundings(text: &str) -> &str {
    let text = trim(text);
    let text = match text.as_bytes() {
        [b']', code, modifier, _, ..]
            if code.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() =>
        {
            &text[3..]
        }
        _ => text,
    };
    let quoted = text.strip_prefix("=\"").or_else(|| text.strip_prefix('"'));
    let text = quoted.and_then(|it| it.strip_suffix('"')).unwrap_or(text);
    let text = text.strip_prefix('\'').unwrap_or(text);
    trim(without_keyword(text))
}

/// The text behind a serial keyword that a mark or a space ends. A digit before a space is the
/// value's.
fn without_keyword(text: &str) -> &str {
    let is_keyword =
        |(before, after): &(&str, &str)| is_serial_keyword(before) && !fold(after).is_empty();
    let marked = text.split_once([':', '\u{ff1a}', '#', '=']).filter(is_keyword);
    let spaces = text.rmatch_indices(char::is_whitespace);
    let mut spaced = spaces.map(|(at, space)| (&text[..at], &text[at + space.len()..]));
    marked
        .or_else(|| {
            spaced.find(|(before, after)| digits(before) == 0 && is_keyword(&(before, after)))
        })
        .map_or(text, |(_, after)| after)
}

fn trim(text: &str) -> &str {
    text.trim_matches(|char: char| {
        char.is_whitespace() || char.is_control() || is_invisible(char) || char == '*'
    })
}

/// Marks without width: byte order, direction, soft hyphens, joiners.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_serial_goes_and_nothing_else() {
        for (text, expected) in [
            ("082 1032398", "0821032398"),
            ("324-689-776", "324689776"),
            ("324–689–776", "324689776"),
            ("*6CAC000010*", "6CAC000010"),
            ("U1DT3NA00-CN", "U1DT3NA00CN"),
            ("qw2f45k8t61xzwa9", "QW2F45K8T61XZWA9"),
            ("S/N: 082 1032398", "0821032398"),
            ("SN：0821032398", "0821032398"),
            ("序列号：0821032398", "0821032398"),
            ("serial 0821032398", "0821032398"),
            ("Serial No. 0821032398", "0821032398"),
            ("Serial No. 082 1032398", "0821032398"),
            ("SN 1 2345678", "12345678"),
            ("序列号 0821032398", "0821032398"),
            ("０８２１０３２３９８", "0821032398"),
            ("SN133501010924", "SN133501010924"),
            ("0821032398\r\n", "0821032398"),
            ("\t0821032398\t", "0821032398"),
            ("]C00821032398\r", "0821032398"),
            ("\u{feff}0821032398\u{200b}", "0821032398"),
            ("'0821032398", "0821032398"),
            ("=\"0821032398\"", "0821032398"),
            ("0821\u{a0}032398", "0821032398"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        use NotCanonical::*;
        for (text, expected) in [
            ("6\u{410}000001", OtherLetter { at: 2, char: '\u{410}' }),
            ("S/N: 6\u{39f}000001", OtherLetter { at: 7, char: '\u{39f}' }),
            ("0821032398;0821032399", Separator { at: 11, char: ';' }),
            ("0821032398,0821032399", Separator { at: 11, char: ',' }),
            ("0821032398|A920", Separator { at: 11, char: '|' }),
            ("0821032398&pn=A920", Separator { at: 11, char: '&' }),
            ("0821032398/0821032399", Separator { at: 11, char: '/' }),
            ("0821032398 (box)", Separator { at: 12, char: '(' }),
            ("0821032398_2", Separator { at: 11, char: '_' }),
            ("0821032398，2", Separator { at: 11, char: '，' }),
            ("1.70E+09", Separator { at: 2, char: '.' }),
            ("821032398.0", Separator { at: 10, char: '.' }),
            ("2/1/2026", Separator { at: 2, char: '/' }),
            ("=SUM(1)", Separator { at: 1, char: '=' }),
            ("{\"serial\":\"0821032398\"}", Separator { at: 1, char: '{' }),
            ("0821032398\n0821032399", Control { at: 11, char: '\n' }),
            ("0821032398\u{1d}2", Control { at: 11, char: '\u{1d}' }),
            ("08\u{200b}21032398", Control { at: 3, char: '\u{200b}' }),
            ("", Empty),
            ("---", Empty),
        ] {
            assert_eq!(canonical(text), Err(expected), "{text:?}");
        }
        assert_eq!(canonical(&"7".repeat(65)), Err(TooLong));
        assert_eq!(canonical(&"7".repeat(64)), Ok("7".repeat(64)));
        let why = canonical("6\u{410}000001").unwrap_err();
        assert_eq!(why.to_string(), "character 2, \"А\" (U+0410), is a letter of another script");
        assert_eq!(why.code(), "other_letter");
    }
}
