//! How much a careful reading of a line may add to a hasty one.
//!
//! Most lines of a label are not the serial, and a small network that misreads a character now and
//! then still tells a sentence from a number. A line of no priority stays in evidence as the hasty
//! reader saw it: of 945 lines in 100 real photos none of these held a serial or the keyword of one.

use crate::evidence::TextLine;
use crate::identifier::IdentifierKind;
use crate::print::keyword::{self, Keyword};
use crate::print::line::{Line, PRINTED_DIGITS_MIN};
use crate::serial::fold::fold_char;
use bumpalo::Bump;

/// Mean probability of its characters from which a hasty reading is right about the kind of each.
const SURE_P: f32 = 0.9;
/// And from which it is right about most.
const LEGIBLE_P: f32 = 0.7;
/// Fewer letters than this, in a box for a line, are no text at all.
const LETTERS_MIN: usize = 3;
/// Letters of a keyword that is not another one, misread: `P/N` may be `S/N`.
const KEYWORD_LETTERS_MIN: usize = 4;

/// How urgent a careful reading of a line is, the most urgent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadPriority {
    /// A careful reading would not matter.
    Nothing,
    /// A number that may be a serial, or a keyword that may name one.
    Number,
    /// A serial's keyword.
    Serial,
}

/// How urgent a careful reading of a line is, by what a hasty one made of it.
pub fn read_priority(hasty: &TextLine) -> ReadPriority {
    let arena = Bump::new();
    let line = Line::new(hasty, (0, 0), &arena);
    let is_serial = |keyword: &Keyword| keyword.kind == IdentifierKind::Serial;
    if line.keywords.iter().any(is_serial) {
        return ReadPriority::Serial;
    }
    let p = hasty.confidence();
    let letters = line.chars.iter().filter(|&&char| fold_char(char).is_some()).count();
    let digits = line.chars.iter().filter(|char| char.is_ascii_digit()).count();
    let idle = match digits {
        0 if line.keywords.is_empty() => {
            p >= SURE_P
                || letters < LETTERS_MIN
                || p >= LEGIBLE_P && !keyword::may_hold_serial_keyword(line.chars)
        }
        _ if p < SURE_P || line.is_bare_number() => false,
        ..PRINTED_DIGITS_MIN => line.keywords.iter().all(|keyword| says_surely(&line, keyword)),
        _ => !line.keywords.is_empty() && line.keywords.iter().all(|it| says_little(&line, it)),
    };
    if idle { ReadPriority::Nothing } else { ReadPriority::Number }
}

/// Whether a keyword is long enough to be what it was read as.
fn says_surely(line: &Line, keyword: &Keyword) -> bool {
    let letters = line.chars[keyword.start..keyword.end].iter();
    letters.filter(|char| char.is_alphabetic()).count() >= KEYWORD_LETTERS_MIN
}

/// Whether a keyword surely names a number whose every digit nobody needs.
fn says_little(line: &Line, keyword: &Keyword) -> bool {
    use IdentifierKind::{Approval, Date, Model, Other};
    says_surely(line, keyword) && matches!(keyword.kind, Model | Approval | Date | Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::line;

    #[track_caller]
    fn check(text: &str, p: f32, expected: ReadPriority) {
        let mut read = line(0, text);
        read.chars.iter_mut().for_each(|char| char.p = p);
        assert_eq!(read_priority(&read), expected, "{text} at {p}");
    }

    #[test]
    fn possible_serials_and_their_keywords_are_read_with_care() {
        for text in ["S/N: 77987515", "Serial Number", "SN:029K", "终端序列号"] {
            check(text, 0.99, ReadPriority::Serial);
            check(text, 0.5, ReadPriority::Serial);
        }
        for text in ["77987515", "082 1032398", "029K", "IMEI: 357654062100956", "P/N: 12", "MAC"] {
            check(text, 0.99, ReadPriority::Number);
        }
        check("OOZBSI", 0.6, ReadPriority::Number);
        check("V 3x230/400", 0.6, ReadPriority::Number);
        check("GPON Seia umber", 0.86, ReadPriority::Number);
    }

    #[test]
    fn sentences_and_surely_other_numbers_have_no_priority() {
        let idle = ["Made in China", "Battery: 2x AAA 1.5V", "Modelo: D150", "FCC ID: V5PA920PRO"];
        for text in idle.into_iter().chain(["CNPJ: 07.637.620/0001-85", "Windows 95"]) {
            check(text, 0.99, ReadPriority::Nothing);
        }
        check("Made in Chjna", 0.75, ReadPriority::Nothing);
        check("N", 0.3, ReadPriority::Nothing);
    }
}
