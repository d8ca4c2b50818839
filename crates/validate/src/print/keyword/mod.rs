//! The words on a label that say what the number after them is, in the languages that labels use.
//!
//! A reader mangles these words as it mangles anything, so long words match with a wrong letter or
//! two and with their spaces dropped. Short ones are matched strictly: `SN` stands inside many
//! values, and a number that is wrongly called a serial is the error that must not happen.

mod words;

use crate::identifier::IdentifierKind::{self, *};
use crate::serial::fold::half_width;
use crate::serial::look_alike::edits_within;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::sync::LazyLock;
use words::{MANGLED, NEEDS_COLON, WEAK, WORDS};

/// A keyword found in a line. Positions count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keyword {
    /// What the number after it is.
    pub(crate) kind: IdentifierKind,
    /// How much the word says.
    pub(crate) strength: Strength,
    /// Position of its first character.
    pub(crate) start: usize,
    /// Position after the word and the marks that follow it: where a value may start.
    pub(crate) end: usize,
}

/// How much a keyword says about the number after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// It names the number.
    Sure,
    /// It may: `No.` stands before anything, and `SN` glued to digits may be part of the value.
    Weak,
    /// It is a serial caption, and its line says that the number after it may not be this device's:
    /// it tells of a range, or has two such captions.
    Disputed,
}

/// Letters after a dash that may end a value.
const SUFFIX_LETTERS_MAX: usize = 3;
/// Letters of a keyword that is known when it was read badly, and for each slip that it may have.
const LONG_LETTERS_MIN: usize = 6;
const LETTERS_A_SLIP: usize = 4;
/// Digits of a number that `S/N` may be glued to.
const GLUED_DIGITS_MIN: usize = 5;
/// Letters between two marks of which one may be wrong.
const RUN_FORGIVEN_MIN: usize = 4;

struct Entry {
    letters: Vec<char>,
    /// The letters as a reader may see them.
    blurred: Vec<char>,
    begins: Beginning,
    kind: IdentifierKind,
    /// Wrong letters that are forgiven.
    slips: usize,
}

impl Entry {
    /// Whether a word may stand where a line goes on with these letters, which begin like `read`:
    /// most do not.
    fn may_be(&self, ahead: &[char], read: Beginning) -> bool {
        let mut forgiven = 0;
        self.begins.may_be(read, self.slips)
            && self.blurred.len() <= ahead.len()
            && self.blurred[0] == ahead[0]
            && self.blurred.iter().zip(ahead).all(|(letter, read)| {
                forgiven += usize::from(letter != read);
                forgiven <= self.slips
            })
    }
}

/// The low bytes of the first four letters of a word, so that one comparison refuses most words.
#[derive(Clone, Copy)]
struct Beginning {
    letters: u32,
    /// The bytes of `letters` that the word has.
    mask: u32,
}

impl Beginning {
    fn of(letters: &[char]) -> Self {
        let mut own = Self { letters: 0, mask: 0 };
        for (at, &letter) in letters.iter().take(4).enumerate() {
            own.letters |= u32::from(letter as u8) << (8 * at);
            own.mask |= 0xff << (8 * at);
        }
        own
    }

    /// Whether a word may begin like this where `read` was read, with so many wrong letters after
    /// the first.
    fn may_be(self, read: Self, slips: usize) -> bool {
        let wrong = (self.letters ^ read.letters) & self.mask;
        let wrong_letters = || wrong.to_le_bytes().iter().filter(|&&byte| byte != 0).count();
        wrong == 0 || slips > 0 && wrong & 0xff == 0 && wrong_letters() <= slips
    }
}

/// Buckets of the table: those of Latin letters and digits are all different.
const BUCKETS: usize = 64;

/// The words by the code of their first letter, modulo [`BUCKETS`], the longest first.
static TABLE: LazyLock<[Vec<Entry>; BUCKETS]> = LazyLock::new(|| {
    let mut table = [const { Vec::new() }; BUCKETS];
    for &(word, kind) in WORDS {
        let blurred: Vec<char> = word.chars().map(blur).collect();
        let slips = match blurred.len() {
            _ if !word.is_ascii() => 0,
            ..8 => 0,
            8..12 => 1,
            _ => 2,
        };
        let letters = if blurred.len() < 4 { word.chars().collect() } else { blurred.clone() };
        let begins = Beginning::of(&blurred);
        table[blurred[0] as usize % BUCKETS].push(Entry { letters, blurred, begins, kind, slips });
    }
    for entries in &mut table {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.letters.len()));
    }
    table
});

/// The words that may stand where a line goes on with these letters, the longest first.
fn words_from(ahead: &[char]) -> impl Iterator<Item = &'static Entry> {
    let bucket = ahead.first().map_or(&[][..], |&first| &TABLE[first as usize % BUCKETS]);
    let read = Beginning::of(ahead);
    bucket.iter().filter(move |entry| entry.may_be(ahead, read))
}

/// The characters of a line in upper case, half width and without their accents.
fn plain_line<'a>(line: &[char], arena: &'a Bump) -> &'a [char] {
    arena.alloc_slice_fill_iter(line.iter().map(|&char| plain(char)))
}

/// The letters of a line as a reader may see them, without the marks between them.
fn letters<'a>(line: &[char], arena: &'a Bump) -> &'a [char] {
    let mut letters = ArenaVec::with_capacity_in(line.len(), arena);
    letters.extend(line.iter().filter(|&&char| !is_mark(char)).map(|&char| blur(char)));
    letters.into_bump_slice()
}

/// Every keyword of a line, left to right, not overlapping.
pub(crate) fn keywords<'a>(line: &[char], arena: &'a Bump) -> ArenaVec<'a, Keyword> {
    let line = plain_line(line, arena);
    let mut ahead = letters(line, arena);
    let mut found: ArenaVec<Keyword> = ArenaVec::new_in(arena);
    let mut at = 0;
    while at < line.len() {
        // `S/N: SN9VMNZ8`, `S/N: 55ID0000`: after a keyword, letters glued to a number are the
        // number's, and digits are no misread letters.
        let begins_value = |keyword: &Keyword| {
            let after = found.last().is_some_and(|before| before.end == keyword.start);
            let has_digit = || line[keyword.start..keyword.end].iter().any(char::is_ascii_digit);
            let is_glued = || {
                let goes_on = line.get(keyword.end).is_some_and(char::is_ascii_digit);
                goes_on && line[keyword.end - 1].is_ascii_alphanumeric()
            };
            after && (keyword.strength == Strength::Weak || has_digit() || is_glued())
        };
        let keyword = match may_begin(line, at) {
            true => keyword_at(line, at, ahead).filter(|keyword| !begins_value(keyword)),
            false => None,
        };
        let next = keyword.map_or(at + 1, |keyword| keyword.end.max(at + 1));
        let passed = line[at..next].iter().filter(|&&char| !is_mark(char)).count();
        ahead = &ahead[passed..];
        at = next;
        found.extend(keyword);
    }
    found
}

/// The keyword that a text begins with.
pub(crate) fn leading(text: &[char]) -> Option<Keyword> {
    let arena = Bump::new();
    let line = plain_line(text, &arena);
    (!line.is_empty()).then(|| keyword_at(line, 0, letters(line, &arena))).flatten()
}

/// Whether a line that was read badly may hold a long serial keyword, with one letter in
/// [`LETTERS_A_SLIP`] wrong, lost or added.
pub(crate) fn may_hold_serial_keyword(line: &[char]) -> bool {
    let arena = Bump::new();
    let read = letters(plain_line(line, &arena), &arena);
    WORDS.iter().filter(|(_, kind)| *kind == Serial).any(|(word, _)| {
        let word: Vec<char> = word.chars().map(blur).collect();
        word.len() >= LONG_LETTERS_MIN && edits_within(&word, read) <= word.len() / LETTERS_A_SLIP
    })
}

/// Whether a text is a serial keyword and nothing else.
pub fn is_serial_keyword(text: &str) -> bool {
    keyword_kind(text) == Some(Serial)
}

/// What a key of a `key:value` pair says, if it is a known keyword and nothing else.
pub fn keyword_kind(text: &str) -> Option<IdentifierKind> {
    let chars: Vec<char> = text.trim().trim_end_matches([':', '\u{ff1a}']).chars().collect();
    let keyword = match chars.len() {
        41.. => None,
        _ => leading(&chars),
    };
    // `IMEI1`, `MAC2`: a numbered key is the same key.
    let rest_is_number =
        |keyword: &Keyword| chars[keyword.end..].iter().all(|char| char.is_ascii_digit());
    keyword
        .filter(|keyword| rest_is_number(keyword) && chars.len() - keyword.end <= 1)
        .map(|keyword| keyword.kind)
}

/// Whether a keyword may begin at a position. Most characters stand within a word, where only `S/N`
/// and the like do: a reader drops the space before them.
fn may_begin(line: &[char], at: usize) -> bool {
    starts_word(line, at) || line.get(at + 1) == Some(&'/')
}

fn starts_word(line: &[char], at: usize) -> bool {
    at == 0 || !line[at - 1].is_alphanumeric() || !line[at].is_ascii()
}

/// The keyword at a position where one may begin; `ahead` are the letters from there on.
fn keyword_at(line: &[char], at: usize, ahead: &[char]) -> Option<Keyword> {
    if !(line[at].is_alphanumeric() || line[at] == '№') {
        return None;
    }
    if let Some(keyword) = slashed_at(line, at) {
        return Some(keyword);
    }
    if !starts_word(line, at) {
        return None;
    }
    // `U1DT3NA00-BT` ends in a country.
    let is_suffix = at > 1 && line[at - 1] == '-' && line[at - 2].is_ascii_alphanumeric();
    let words = words_from(ahead);
    let words = words.filter(|entry| !is_suffix || entry.letters.len() > SUFFIX_LETTERS_MAX);
    let whole = words.filter_map(|entry| word_at(line, at, entry)).next();
    whole.or_else(|| colon_at(line, at)).or_else(|| weak_at(line, at))
}

/// `S/N` and `P/N`, also in the middle of a word.
fn slashed_at(line: &[char], at: usize) -> Option<Keyword> {
    // Each of these words has its slash in the second place.
    if line.get(at + 1) != Some(&'/') {
        return None;
    }
    let whole_word = |word: &str| {
        let after = spelled(line, at, word)?;
        let goes_on = line.get(after).is_some_and(|next| next.is_ascii_alphabetic());
        (!goes_on).then(|| skip_marks(line, after))
    };
    // `S/NJ0340737843`: a reader drops the space behind it.
    let before_number = || {
        let after = spelled(line, at, "S/N")?;
        let number = line[after..].iter().take_while(|char| char.is_ascii_alphanumeric());
        let digits = number.filter(|char| char.is_ascii_digit()).count();
        let strength = Strength::Disputed;
        let keyword = Keyword { kind: Serial, strength, start: at, end: after };
        (digits >= GLUED_DIGITS_MIN).then_some(keyword)
    };
    let sure = [("S/N", Serial), ("N/S", Serial), ("P/N", PartNumber), ("M/N", Model)];
    let found = sure.iter().find_map(|&(word, kind)| Some((whole_word(word)?, kind)));
    let in_word = at > 0 && line[at - 1].is_ascii_alphanumeric();
    let mangled = || {
        let mut words = MANGLED.iter().filter(|_| !in_word);
        words.find_map(|&(word, kind)| Some((whole_word(word)?, kind)))
    };
    // A letter before the slash makes it another word: `D/PN`, `M/S/N`.
    let keyword = |(end, kind)| Keyword { kind, strength: Strength::Sure, start: at, end };
    found.or_else(mangled).map(keyword).or_else(before_number)
}

fn word_at(line: &[char], at: usize, entry: &Entry) -> Option<Keyword> {
    let exact = entry.letters.len() < 4;
    let mut position = at;
    let mut slips = 0;
    // Where the run of letters since the last mark began, and the slips before it.
    let mut run = (0, 0);
    for (index, &letter) in entry.letters.iter().enumerate() {
        if index > 0 {
            let gap = line[position.min(line.len())..].iter().take_while(|&&char| is_mark(char));
            let gap = gap.count();
            let split = &line[position..position + gap];
            // A word that is matched strictly may be split by a slash, a dot or a dash, no more,
            // and none by what ends a keyword: `SN:R4737970` is not `SNR`.
            let splits = |char: &char| match exact {
                true => matches!(char, '/' | '.' | '-'),
                false => !matches!(char, ':' | '=' | '#'),
            };
            if gap > if exact { 2 } else { 3 } || !split.iter().all(splits) {
                return None;
            }
            if gap > 0 {
                if is_slipped_short_run(run, index, slips) {
                    return None;
                }
                run = (index, slips);
            }
            position += gap;
            // A digit may be a misread letter within a run of letters; after a mark it begins the
            // value: `SIN:0600` is `S/N:` and a zero, not `Si.No`.
            if gap > 0 && line.get(position).is_some_and(char::is_ascii_digit) {
                return None;
            }
        }
        let &read = line.get(position)?;
        let same = if exact { read == letter } else { blur(read) == letter };
        if !same {
            slips += 1;
            if slips > entry.slips || !read.is_alphabetic() {
                return None;
            }
        }
        position += 1;
    }
    if is_slipped_short_run(run, entry.letters.len(), slips) {
        return None;
    }
    let next = line.get(position).copied();
    // `Serial No. SN24MUTX`: the second keyword is glued to the value, or the value's own.
    let is_double = entry.letters.len() > 4 && entry.letters.ends_with(&['S', 'N']);
    if is_double && next.is_some_and(|char| char.is_ascii_digit()) {
        return None;
    }
    let latin = entry.letters[0].is_alphabetic() && entry.letters[0] < '\u{2e80}';
    if latin && next.is_some_and(|char| char.is_alphabetic() && char < '\u{2e80}') {
        return None;
    }
    let glued = exact && next.is_some_and(|char| char.is_ascii_digit());
    // `PO 12`, `IC 5` are words of a sentence as often as keywords: they are no serials anyway.
    let strength = if glued { Strength::Weak } else { Strength::Sure };
    Some(Keyword { kind: entry.kind, strength, start: at, end: skip_marks(line, position) })
}

/// Whether a short run of letters within a long word holds a slip. `Serial Number QP` is not
/// `Serial Number SN`: two letters that are read wrong are two letters of the value.
fn is_slipped_short_run((start, before): (usize, usize), end: usize, slips: usize) -> bool {
    start > 0 && end - start < RUN_FORGIVEN_MIN && slips > before
}

fn colon_at(line: &[char], at: usize) -> Option<Keyword> {
    NEEDS_COLON.iter().find_map(|&(word, kind)| {
        let after = spelled(line, at, word)?;
        let ended =
            line.get(after) == Some(&':') || line.get(after..after + 2) == Some(&['.', ':']);
        ended.then(|| Keyword {
            kind,
            strength: Strength::Sure,
            start: at,
            end: skip_marks(line, after),
        })
    })
}

fn weak_at(line: &[char], at: usize) -> Option<Keyword> {
    WEAK.iter().find_map(|word| {
        let after = spelled(line, at, word)?;
        let ended = !word.is_ascii()
            || matches!(line.get(after), Some('.' | ':' | '\u{b0}' | '\u{ba}' | '#'));
        ended.then(|| Keyword {
            kind: Serial,
            strength: Strength::Weak,
            start: at,
            end: skip_marks(line, after),
        })
    })
}

/// Where a word ends that stands at this position letter by letter.
fn spelled(line: &[char], at: usize, word: &str) -> Option<usize> {
    let mut end = at;
    for char in word.chars() {
        if line.get(end) != Some(&char) {
            return None;
        }
        end += 1;
    }
    Some(end)
}

fn skip_marks(line: &[char], from: usize) -> usize {
    let marks = line[from.min(line.len())..].iter().take_while(|&&char| is_mark(char)).count();
    from.min(line.len()) + marks
}

/// What may stand inside a keyword or between it and its value.
fn is_mark(char: char) -> bool {
    match char {
        _ if char.is_ascii_alphanumeric() => false,
        '.' | ':' | '#' | '=' | '-' | '_' | '/' | '*' | ')' | '(' | ']' | '[' | '>' | '|' | ','
        | ';' | '\'' | '\u{2013}' | '\u{b0}' | '\u{ba}' | '\u{b7}' => true,
        _ => char.is_whitespace(),
    }
}

/// A character in upper case, half width and without its accent.
fn plain(char: char) -> char {
    if char.is_ascii() {
        return char.to_ascii_uppercase();
    }
    match half_width(char) {
        'à'..='å' | 'À'..='Å' | 'Ā'..='ą' | 'Ạ'..='ặ' => 'A',
        'è'..='ë' | 'È'..='Ë' | 'Ē'..='ě' | 'Ẹ'..='ệ' => 'E',
        'ì'..='ï' | 'Ì'..='Ï' | 'Ĩ'..='ı' | 'Ỉ'..='ị' => 'I',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'Ō'..='ő' | 'Ơ' | 'ơ' | 'Ọ'..='ợ' => 'O',
        'ù'..='ü' | 'Ù'..='Ü' | 'Ũ'..='ų' | 'Ư' | 'ư' | 'Ụ'..='ự' => 'U',
        'ý' | 'Ý' | 'ÿ' => 'Y',
        'Ć'..='č' | 'ç' | 'Ç' => 'C',
        'Ď'..='đ' => 'D',
        'ñ' | 'Ñ' | 'Ń'..='ň' => 'N',
        'Ĺ'..='ł' => 'L',
        'Ŕ'..='ř' => 'R',
        'ß' | 'Ś'..='š' | 'Ș' | 'ș' => 'S',
        'Ţ'..='ť' | 'Ț' | 'ț' => 'T',
        'Ź'..='ž' => 'Z',
        other => other.to_uppercase().next().unwrap_or(other),
    }
}

/// A letter with the digits and marks that a reader takes for it.
fn blur(char: char) -> char {
    match char {
        '1' | '|' | '!' | 'L' => 'I',
        '0' | 'Q' => 'O',
        '5' | '$' => 'S',
        '8' => 'B',
        '6' => 'G',
        '2' => 'Z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keywords of a line as `kind:value` with the text up to the next keyword.
    fn read(line: &str) -> Vec<String> {
        let chars: Vec<char> = line.chars().collect();
        let arena = Bump::new();
        let found = keywords(&chars, &arena);
        let mut out = Vec::new();
        for (index, keyword) in found.iter().enumerate() {
            let end = found.get(index + 1).map_or(chars.len(), |next| next.start);
            let value: String = chars[keyword.end..end].iter().collect();
            let weak = if keyword.strength == Strength::Weak { "?" } else { "" };
            out.push(format!("{:?}{weak}={}", keyword.kind, value.trim()));
        }
        out
    }

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        assert_eq!(read(line), expected, "{line}");
    }

    #[test]
    fn serial_keywords_of_every_language() {
        for keyword in [
            "S/N",
            "S/N:",
            "SN:",
            "SN：",
            "SN",
            "S.N.:",
            "Serial No.",
            "Serial Number",
            "SERIAL #:",
            "SERIAL",
            "SER.-NR.:",
            "Ser.No.",
            "Sr. No.",
            "SL. NO.",
            "Meter Sl. No.",
            "Service Tag:",
            "Fabr.-Nr.",
            "Número de série",
            "Numéro de série :",
            "N° de série",
            "Seriennummer:",
            "Serien-Nr.",
            "Matricola",
            "序列号：",
            "机身号",
            "机身码:",
            "机身编号：",
            "终端序列号",
            "机具序列号:",
            "設備 S/N:",
            "(S)Serial Number:",
            "Серийный номер",
            "製造番号",
        ] {
            check(&format!("{keyword} 77987515"), &["Serial=77987515"]);
        }
    }

    #[test]
    fn mangled_serial_keywords() {
        for keyword in [
            "SIN:",
            "S1N:",
            "5/N:",
            "8/N",
            "Seria1 No",
            "SeriaI Number:",
            "SerialNo.",
            "SERIALNUMBER",
            "Numero de sene:",
            "NumerodeserIe",
            "SlNo.",
            "ServiceTag",
            "S/N：",
            "s/n",
        ] {
            check(&format!("{keyword}77987515"), &["Serial=77987515"]);
        }
        check("Serial Numbor: 77987515", &["Serial=77987515"]);
    }

    #[test]
    fn a_keyword_never_eats_the_zero_that_begins_the_value() {
        check("SIN:060049180001", &["Serial=060049180001"]);
        check("SR.NO 077987515", &["Serial=077987515"]);
        check("Serial N0. 77987515", &["Serial=77987515"]);
    }

    #[test]
    fn a_keyword_never_eats_the_letters_that_begin_the_value() {
        check("Serial Number: SG176991280", &["Serial=SG176991280"]);
        check("Serial Number: QP5WTOR43RWSK3MT", &["Serial=QP5WTOR43RWSK3MT"]);
        check("Serial Number KU335118", &["Serial=KU335118"]);
        check("SN:R4737970", &["Serial=R4737970"]);
        check("SN R4737970", &["Serial=R4737970"]);
        check("SN:207KBVQF9-BT", &["Serial=207KBVQF9-BT"]);
        check("S/N:R4737970", &["Serial=R4737970"]);
        check("Serial No. SX123456", &["Serial=SX123456"]);
        check("Serial No. SN24MUTXQ6CH3TRC", &["Serial=SN24MUTXQ6CH3TRC"]);
        check("Serial Number SN: 77987515", &["Serial=77987515"]);
        check("SNR 77987515", &["Serial=77987515"]);
        check("S/N:SN9VMNZ8T5DKIDU7", &["Serial=SN9VMNZ8T5DKIDU7"]);
    }

    #[test]
    fn several_numbers_in_one_line() {
        check("P/N:D150-0B0 S/N:77987515", &["PartNumber=D150-0B0", "Serial=77987515"]);
        check("D150-0B0-024-02E0  S/N:77987515", &["Serial=77987515"]);
        check("D150-0B0-024-02E0S/N:77987515", &["Serial=77987515"]);
        check("IMEI: 357654062100956 SN: 1A2", &["Imei=357654062100956", "Serial=1A2"]);
        check(
            "Model: S64A36 CNPJ: 07.637.620/0001-85",
            &["Model=S64A36", "Other=07.637.620/0001-85"],
        );
    }

    #[test]
    fn other_numbers_are_not_serials() {
        check("TUSN: 00005702280117638929", &["Tusn=00005702280117638929"]);
        check("终端号：12345678", &["Tid=12345678"]);
        check("商户号 310100048140001", &["Mid=310100048140001"]);
        check("MAC: 38:3A:21:27:CF:16", &["Mac=38:3A:21:27:CF:16"]);
        check("PON-SN: HWTC12345678", &["Other=HWTC12345678"]);
        check("FCC ID: 2AB12", &["Approval=2AB12"]);
        check("No. 123456", &["Serial?=123456"]);
        check("SN133501010924", &["Serial?=133501010924"]);
    }

    #[test]
    fn words_and_values_are_not_keywords() {
        for line in
            ["SNOW 123456", "PARTY", "D150SN77", "SINGLE 123", "5N123456", "MACHINE 1", "INPUT"]
        {
            check(line, &[]);
        }
    }

    #[test]
    fn keys_of_pairs() {
        assert_eq!(keyword_kind("sn"), Some(Serial));
        assert_eq!(keyword_kind("Serial Number"), Some(Serial));
        assert_eq!(keyword_kind("IMEI2"), Some(Imei));
        assert_eq!(keyword_kind("mac"), Some(Mac));
        assert_eq!(keyword_kind("session"), None);
        assert_eq!(keyword_kind(""), None);
    }
}
