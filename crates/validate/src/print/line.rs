//! One printed line, cut into captions and words, with the gaps between them measured in the width
//! of its own characters.

use crate::evidence::{CharReading, Quad, TextLine};
use crate::identifier::IdentifierKind;
use crate::print::boundary::Boundary;
use crate::print::keyword::{self, Keyword, Strength};
use crate::print::meaning::{YEARS, ends_a_value};
use crate::print::place::{Frame, Span};
use crate::serial::fold::fold_char;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

/// Longer lines are cut: no serial is there.
const LINE_CHARS_MAX: usize = 200;
/// Probability of the first letter below which a short keyword says little.
const KEYWORD_P_MIN: f32 = 0.97;
/// First letters of other short keywords: `P/N`, `M/N`, `F/N` for `PN`.
const OTHER_INITIALS: [char; 3] = ['P', 'M', 'F'];
/// Letters below which a keyword is short: one wrong letter makes another of it.
const SHORT_WORD_LETTERS: usize = 4;
/// Letters before a colon that are a keyword, known or not.
const TAG_LETTERS_MAX: usize = 4;
/// A gap of so many characters is no space within a number: one space is 0.5 to 1 of them.
const WIDE_GAP: f32 = 2.4;
/// How near, in line heights, the end of a line that touches the frame stands to the frame.
const FRAME_GAP: f32 = 1.0;
/// The shortest value that may be a serial.
pub(crate) const VALUE_CHARS_MIN: usize = 5;
/// Digits that print alone must have to be taken for a serial: `S/N: 7x3hexa` is a sentence.
pub(crate) const PRINTED_DIGITS_MIN: usize = 4;
/// Letters from which a word is known with one of them read wrong.
const SLIPPED_LETTERS_MIN: usize = 5;
/// Digits of a number that needs no more behind a slash.
const LONG_NUMBER_DIGITS: usize = 8;
/// Characters of a model's name behind a slash.
const MODEL_CHARS_MIN: usize = 4;
const MODEL_CHARS_MAX: usize = 8;
/// Words that tell of other devices' serials: `FOR SERIAL NO. 1200345 AND UP`.
const OF_OTHERS: &[&str] = &[
    "FOR",
    "FROM",
    "ABOVE",
    "BELOW",
    "PREFIX",
    "RANGE",
    "UP",
    "ONWARDS",
    "THRU",
    "THROUGH",
    "STARTING",
    "BEFORE",
    "AFTER",
    "UNTIL",
    "BEGINNING",
    "BETWEEN",
    "LATER",
    "EARLIER",
    "HIGHER",
    "LOWER",
    "GREATER",
    "LESS",
    "PRIOR",
    "TO",
];

/// Parts of a device that have serials of their own.
const PARTS: &[&str] = &[
    "BATTERY", "BATT", "PSU", "ADAPTER", "ADAPTOR", "CHARGER", "CRADLE", "DOCK", "MODEM", "SIM",
    "SAM", "AKKU", "BATERIA", "BATTERIE", "SUPPLY", "PRINTER", "DISPLAY", "HDD", "SSD", "DISK",
    "MODULE",
];

/// One line, cut into keywords and words.
pub(crate) struct Line<'a> {
    pub(crate) quad: &'a Quad,
    pub(crate) chars: &'a [char],
    pub(crate) keywords: ArenaVec<'a, Keyword>,
    /// Where each stretch of characters without a mark that parts words starts and ends.
    pieces: ArenaVec<'a, (usize, usize)>,
    /// Whether its start and its end run out of the photo.
    at_frame: (bool, bool),
    /// The usual number of steps from one character to the next; 0 if the reading has none.
    pitch: f32,
    pub(crate) source: &'a TextLine,
}

impl<'a> Line<'a> {
    /// A line of a photo of this size in pixels.
    pub(crate) fn new(source: &'a TextLine, photo: (u32, u32), arena: &'a Bump) -> Self {
        let read = source.chars.iter().take(LINE_CHARS_MAX).map(|char| char.best);
        let chars: &[char] = arena.alloc_slice_fill_iter(read);
        let mut keywords = keyword::keywords(chars, arena);
        weaken(&mut keywords, chars, source);
        let pieces = pieces(chars, arena);
        let at_frame = if source.bounds.touches_frame {
            at_frame(&source.quad, photo)
        } else {
            (false, false)
        };
        Self { quad: &source.quad, chars, keywords, pieces, at_frame, pitch: pitch(source), source }
    }

    /// Whether the line is one word of capital letters and digits.
    pub(crate) fn is_bare_number(&self) -> bool {
        let plain = |char: &char| char.is_ascii_digit() || char.is_ascii_uppercase();
        self.chars.iter().all(|char| plain(char) || matches!(char, '-' | '/' | ' '))
            && self.chars.iter().any(char::is_ascii_digit)
            && self.words(0, self.chars.len()).count() == 1
    }

    /// The words of a part of the line: where they start and end.
    pub(crate) fn words(&self, start: usize, end: usize) -> impl Iterator<Item = (usize, usize)> {
        let pieces = self.pieces.iter().map(move |&(from, to)| (from.max(start), to.min(end)));
        let words = pieces.filter(|(from, to)| from < to);
        words.map(|(from, to)| (self.after_tag(from, to), to))
    }

    /// The last word that ends before a position.
    fn word_before(&self, end: usize) -> Option<(usize, usize)> {
        self.pieces.iter().rev().find(|piece| piece.1 <= end).copied()
    }

    pub(crate) fn has_digit(&self, (from, to): (usize, usize)) -> bool {
        self.chars[from..to].iter().any(char::is_ascii_digit)
    }

    /// The text of a part of the line.
    pub(crate) fn text(&self, (from, to): (usize, usize)) -> String {
        self.chars[from..to.max(from)].iter().collect()
    }

    /// Where a number starts in a word: after the few letters and the colon of a keyword that is
    /// not known or was misread, `SK:6219248629` or `S/K:6219248629`.
    fn after_tag(&self, from: usize, to: usize) -> usize {
        let word = &self.chars[from..to];
        let colon = word.iter().take(TAG_LETTERS_MAX + 1).position(|&char| is_colon(char));
        let Some(colon) = colon.filter(|&colon| colon > 0) else { return from };
        let (tag, number) = (&word[..colon], &word[colon + 1..]);
        let is_word = tag.iter().any(|char| char.is_alphabetic())
            && tag.iter().all(|&char| char.is_alphanumeric() || char == '/');
        let one_number = number.len() >= VALUE_CHARS_MIN && !number.contains(&':');
        if is_word && one_number { from + colon + 1 } else { from }
    }

    /// What is left of a word behind the caption that it begins in: `CM/L-4471902`.
    pub(crate) fn after_caption(&self, (from, to): (usize, usize)) -> Option<(usize, usize)> {
        let mut captions = self.keywords.iter().filter(|it| it.strength == Strength::Sure);
        let within = captions.find(|it| it.start <= from && from < it.end);
        let from = within.map_or(from, |caption| caption.end);
        (from < to).then_some((from, to))
    }

    /// Whether a number of the line begins after a tag.
    pub(crate) fn is_tagged(&self, from: usize) -> bool {
        from > 0 && is_colon(self.chars[from - 1])
    }

    /// Whether a part of the device is named before its caption: `Battery S/N:`.
    pub(crate) fn names_a_part(&self, before: usize) -> bool {
        let text = self.text((0, before)).to_ascii_uppercase();
        text.split(|char: char| !char.is_ascii_alphanumeric()).any(|word| PARTS.contains(&word))
    }

    /// Whether the line speaks of serials, and of other devices': `S/N >= 5455670`, `Serial numbers
    /// 3908232 and later`.
    pub(crate) fn tells_of_others(&self) -> bool {
        let is_serial = |keyword: &Keyword| keyword.kind == IdentifierKind::Serial;
        let text: String = self.chars.iter().collect::<String>().to_ascii_uppercase();
        let words = || text.split(|char: char| !char.is_ascii_alphanumeric());
        let speaks =
            self.keywords.iter().any(is_serial) || words().any(|word| word.starts_with("SERIAL"));
        let compares =
            || self.chars.iter().any(|char| matches!(char, '>' | '<' | '\u{2265}' | '\u{2264}'));
        speaks && (words().any(tells_of_others) || compares())
    }

    /// What stands before a position where a value begins. `scope` is where its caption ends.
    pub(crate) fn boundary_before(&self, from: usize, scope: usize) -> Boundary {
        if self.keywords.iter().any(|keyword| keyword.end == from) || self.is_tagged(from) {
            return Boundary::Caption;
        }
        let is_own = |char: &char| char.is_alphanumeric();
        let Some(last) = self.chars[..from].iter().rposition(is_own) else {
            return match (self.at_frame.0, self.source.bounds.ink_before) {
                (true, _) => Boundary::Frame,
                (_, true) => Boundary::Ink,
                _ => Boundary::LineEnd,
            };
        };
        if last < scope && self.keywords.iter().any(|keyword| keyword.end == scope) {
            return Boundary::Caption;
        }
        if self.keywords.iter().any(|keyword| keyword.start <= last && last < keyword.end) {
            return Boundary::Caption;
        }
        if self.chars[last + 1..from].iter().any(|&char| is_colon(char)) {
            return Boundary::Caption;
        }
        let is_second = || self.word_before(from).is_some_and(|word| self.is_serial_like(word));
        let mark = self.mark(&self.chars[last + 1..from], is_second);
        if self.gap(last, from) >= WIDE_GAP && !(mark.is_some() && is_second()) {
            return Boundary::WideGap;
        }
        if let Some(boundary) = mark {
            return boundary;
        }
        let start = self.chars[..=last].iter().rposition(|char| char.is_whitespace());
        let word = self.text((start.map_or(0, |at| at + 1), last + 1));
        match () {
            () if ends_a_value(&word) => Boundary::KnownPrint,
            () if is_year(&word) => Boundary::Year,
            () => Boundary::OtherPrint,
        }
    }

    /// What stands after a position where a value ends.
    pub(crate) fn boundary_after(&self, to: usize) -> Boundary {
        let is_own = |char: &char| char.is_alphanumeric();
        let Some(next) = self.chars[to..].iter().position(is_own).map(|at| to + at) else {
            return match (self.at_frame.1, self.source.bounds.ink_after) {
                (true, _) => Boundary::Frame,
                (_, true) => Boundary::Ink,
                _ => Boundary::LineEnd,
            };
        };
        if self.keywords.iter().any(|keyword| keyword.start == next) {
            return Boundary::Caption;
        }
        if is_range_word(self.chars[next]) {
            return Boundary::UnclearMark;
        }
        let rest = self.text((next, self.chars.len()));
        let second_value = || {
            self.words(next, self.chars.len()).next().is_some_and(|word| self.is_serial_like(word))
        };
        let mark = self.mark(&self.chars[to..next], second_value);
        if self.gap(to - 1, next) >= WIDE_GAP && !(mark.is_some() && second_value()) {
            return Boundary::WideGap;
        }
        let word = rest.split_whitespace().next().unwrap_or_default();
        if let Some(boundary) = mark {
            let is_slash = self.chars[to] == '/' && next == to + 1;
            let goes_on = is_slash && self.is_long_number(to) && (is_year(word) || is_model(word));
            return if goes_on { Boundary::Mark } else { boundary };
        }
        match () {
            () if ends_a_value(&rest) => Boundary::KnownPrint,
            () if is_year(word) => Boundary::Year,
            () => Boundary::OtherPrint,
        }
    }

    /// Whether the word that ends at a position is a long run of digits alone.
    fn is_long_number(&self, to: usize) -> bool {
        let word = self.chars[..to].iter().rev().take_while(|char| char.is_ascii_alphanumeric());
        let digits = word.clone().take_while(|char| char.is_ascii_digit()).count();
        digits >= LONG_NUMBER_DIGITS && digits == word.count()
    }

    /// What the marks between two words say; `None` if there is only space.
    fn mark(&self, between: &[char], second_value: impl Fn() -> bool) -> Option<Boundary> {
        let marks = || between.iter().filter(|char| !char.is_whitespace());
        marks().next()?;
        let ends = |char: &char| {
            matches!(
                char,
                ',' | ';'
                    | '|'
                    | '('
                    | ')'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | '{'
                    | '}'
                    | '*'
                    | '"'
                    | '\u{ff0c}'
                    | '\u{ff1b}'
                    | '\u{ff5c}'
                    | '\u{ff08}'
                    | '\u{ff09}'
                    | '\u{3001}'
                    | '\u{3002}'
            )
        };
        Some(match marks().all(ends) && !second_value() {
            true => Boundary::Mark,
            false => Boundary::UnclearMark,
        })
    }

    /// The clear space between two characters in the width of the line's characters, as far as the
    /// reading tells where they stand.
    fn gap(&self, left: usize, right: usize) -> f32 {
        let step = |at: usize| f32::from(self.source.chars[at].step);
        match self.pitch > 0.0 {
            true => (step(right) - step(left)) / self.pitch - 1.0,
            false => 0.0,
        }
    }

    /// Whether two words of a line are two numbers of the form of a serial rather than the parts of one:
    /// a mark parts them, or they are equally long.
    pub(crate) fn are_two_values(&self, one: (usize, usize), two: (usize, usize)) -> bool {
        let between = &self.chars[one.1..two.0];
        let parted = between.iter().any(|char| !char.is_whitespace());
        let words = between.iter().any(|char| char.is_alphanumeric() && !is_range_word(*char));
        self.is_serial_like(one)
            && self.is_serial_like(two)
            && !words
            && (parted || one.1 - one.0 == two.1 - two.0)
    }

    /// Whether a word has the form of a serial: long enough and with enough digits.
    pub(crate) fn is_serial_like(&self, (from, to): (usize, usize)) -> bool {
        let own = self.chars[from..to].iter().filter_map(|&char| fold_char(char));
        let (mut all, mut digits) = (0, 0);
        own.for_each(|char| {
            all += 1;
            digits += usize::from(char.is_ascii_digit());
        });
        all > VALUE_CHARS_MIN && digits >= PRINTED_DIGITS_MIN
    }

    /// Where a part of the line stands along it, from 0 to its length in its own heights.
    pub(crate) fn place(&self, (from, to): (usize, usize)) -> Option<(Frame, Span)> {
        let frame = Frame::of(self.quad)?;
        let steps = self.source.lattice.steps.len();
        let share = |at: usize, side: f32| match (self.source.chars.get(at), steps) {
            (Some(char), 1..) if self.pitch > 0.0 => {
                (f32::from(char.step) + 0.5 + side * self.pitch / 2.0) / steps as f32
            }
            _ => (at as f32 + 0.5 + side / 2.0) / self.chars.len().max(1) as f32,
        };
        let (left, right) = (share(from, -1.0), share(to.max(from + 1) - 1, 1.0));
        Some((
            frame,
            Span { left: left.max(0.0) * frame.length, right: right.min(1.0) * frame.length },
        ))
    }
}

/// Whether a word tells of other devices' serials, also with a letter that was read wrong or with the
/// word before it: `ABDVE`, `ANDUP`.
fn tells_of_others(word: &str) -> bool {
    let almost = |other: &&str| {
        let wrong = || word.bytes().zip(other.bytes()).filter(|(one, other)| one != other);
        other.len() >= SLIPPED_LETTERS_MIN && word.len() == other.len() && wrong().count() == 1
    };
    OF_OTHERS.contains(&word)
        || ["ANDUP", "UPTO", "ANDLATER", "ANDABOVE", "ANDBELOW"].contains(&word)
        || OF_OTHERS.iter().any(almost)
}

/// `P/N` with a misread first letter is `S/N`: a short word must be read surely, unless what it may
/// be instead begins no other keyword.
fn weaken(keywords: &mut [Keyword], chars: &[char], source: &TextLine) {
    for keyword in keywords.iter_mut() {
        let unsure = source.chars.get(keyword.start).is_some_and(|char| {
            let other = char.runner_up.map(|it| it.to_ascii_uppercase());
            char.p < KEYWORD_P_MIN
                && other.is_none_or(|it| OTHER_INITIALS.contains(&it) || char.p < 0.9)
        });
        let letters = chars[keyword.start..keyword.end].iter();
        if unsure && letters.filter(|char| char.is_alphabetic()).count() < SHORT_WORD_LETTERS {
            keyword.strength = Strength::Weak;
        }
    }
    // A line names one serial: of two such keywords one is a misread `P/N`, unless they are one
    // caption in two languages.
    let named = |keyword: &Keyword| keyword.kind == IdentifierKind::Serial;
    let has_value = |at: usize| {
        let end = keywords.get(at + 1).map_or(chars.len(), |next| next.start);
        let between = chars.get(keywords[at].end..end).unwrap_or_default();
        between.iter().any(|&char| fold_char(char).is_some())
    };
    let captions = (0..keywords.len()).filter(|&at| named(&keywords[at]) && has_value(at));
    if captions.count() > 1 {
        keywords.iter_mut().filter(|it| named(it)).for_each(|it| it.strength = Strength::Disputed);
    }
}

/// Which ends of a line that touches the frame do so.
pub(crate) fn at_frame(quad: &Quad, photo: (u32, u32)) -> (bool, bool) {
    let height = (quad[0].x - quad[3].x).hypot(quad[0].y - quad[3].y);
    let near = |one: usize, other: usize| {
        let (x, y) = ((quad[one].x + quad[other].x) / 2.0, (quad[one].y + quad[other].y) / 2.0);
        let gap = FRAME_GAP * height;
        x <= gap || y <= gap || x >= photo.0 as f32 - gap || y >= photo.1 as f32 - gap
    };
    match (near(0, 3), near(1, 2)) {
        (false, false) => (true, true),
        ends => ends,
    }
}

/// The usual number of steps between neighbouring letters and digits.
fn pitch(source: &TextLine) -> f32 {
    let own = |char: &CharReading| fold_char(char.best).is_some();
    let pairs = source.chars.windows(2).filter(|pair| pair.iter().all(own));
    let mut steps: Vec<u16> =
        pairs.map(|pair| pair[1].step.saturating_sub(pair[0].step)).filter(|&it| it > 0).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied().map_or(0.0, f32::from)
}

/// Whether a word begins with a letter, ends otherwise and is no longer than a model's name: behind a
/// slash it is none of a long number's digits.
fn is_model(word: &str) -> bool {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    plain
        && (MODEL_CHARS_MIN..=MODEL_CHARS_MAX).contains(&word.len())
        && word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.contains(|char: char| char.is_ascii_digit())
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse::<u32>().is_ok_and(|year| YEARS.contains(&year))
}

/// Where each stretch of characters that do not part words starts and ends.
fn pieces<'a>(chars: &[char], arena: &'a Bump) -> ArenaVec<'a, (usize, usize)> {
    let mut pieces = ArenaVec::with_capacity_in(chars.len() / 2 + 1, arena);
    let mut from = None;
    for at in 0..=chars.len() {
        let parts = at == chars.len() || parts_words(chars, at);
        match (from, parts) {
            (None, false) => from = Some(at),
            (Some(start), true) => {
                pieces.push((start, at));
                from = None;
            }
            _ => {}
        }
    }
    pieces
}

/// Whether the character at a position stands between words.
fn parts_words(chars: &[char], at: usize) -> bool {
    let char = chars[at];
    if char.is_ascii_alphanumeric() {
        return false;
    }
    let space =
        |at: Option<usize>| at.and_then(|at| chars.get(at)).is_none_or(|it| it.is_whitespace());
    let alone = space(at.checked_sub(1)) || space(Some(at + 1));
    let again = |at: Option<usize>| at.and_then(|at| chars.get(at)) == Some(&char);
    let alone = alone || again(at.checked_sub(1)) || again(Some(at + 1));
    char.is_whitespace()
        || matches!(
            char,
            ',' | ';'
                | '|'
                | '('
                | ')'
                | '['
                | ']'
                | '<'
                | '>'
                | '{'
                | '}'
                | '/'
                | '&'
                | '#'
                | '_'
                | '='
                | '~'
                | '\\'
                | '"'
                | '\u{2026}'
                | '+'
        )
        || matches!(char, '-' | '\u{2013}' | '\u{2014}' | '.' | '*') && alone
        || char > '\u{2e80}' && fold_char(char).is_none() && !is_colon(char)
}

/// `A to B` and `A and B` in one character.
fn is_range_word(char: char) -> bool {
    matches!(char, '\u{81f3}' | '\u{5230}' | '\u{548c}' | '\u{53ca}' | '\u{4e0e}')
}

pub(crate) fn is_colon(char: char) -> bool {
    matches!(char, ':' | '\u{ff1a}')
}
