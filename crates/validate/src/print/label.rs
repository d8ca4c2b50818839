//! The printed lines of one photo as fields: numbers with what their captions say.
//!
//! A caption says what the number after it is. The number stands on the caption's own line, or the
//! caption stands alone, and then captions and numbers are assigned to each other one to one
//! ([`super::captions`]). What stands nowhere near a caption is a number all the same, only
//! unnamed. Nothing is corrected here.

use crate::evidence::TextLine;
use crate::identifier::IdentifierKind;
use crate::print::boundary::{Boundary, Ends};
use crate::print::captions::{self, Caption, Code, Lone, Thing};
use crate::print::keyword::{Keyword, Strength};
use crate::print::line::{Line, PRINTED_DIGITS_MIN, VALUE_CHARS_MIN};
use crate::print::meaning::{Meaning, is_chip, meaning};
use crate::print::place::Frame;
use crate::serial::fold::{digits, fold, fold_char};
use bumpalo::Bump;
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};

/// More lines than any label has; a photo of a newspaper is cut here.
const LINES_MAX: usize = 300;
/// Words that are joined to one value at most: `082 1032398`, `324 689 776`.
const JOIN_WORDS_MAX: usize = 4;
/// Lines that one value may go on over.
const JOIN_LINES_MAX: usize = 3;
/// Line heights that the next line of a value may stand off from where the value or its keyword
/// begins.
const ALIGNED: f32 = 1.5;
/// Letters and digits behind a caption that are a value, if too short a one.
const SHORT_VALUE_CHARS: usize = 3;
/// Numbers of a line for which there is room from the start.
const NUMBERS_A_LINE: usize = 4;

/// A number as it is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Printed<'a> {
    /// Canonical form.
    pub(crate) value: &'a str,
    /// As printed.
    pub(crate) text: &'a str,
    /// What its caption says; `None` without one.
    pub(crate) named: Option<(IdentifierKind, Strength)>,
    /// Where its caption stands.
    pub(crate) caption: Caption,
    /// How it was put together.
    pub(crate) joined: Joined,
    /// Index of the line where it starts.
    pub(crate) line: usize,
    /// Positions of its characters in that line, if it is of one line.
    pub(crate) span: (usize, usize),
    /// What stands at its two ends.
    pub(crate) ends: Ends,
}

/// How a value was put together from what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Joined {
    /// One word.
    No,
    /// Several words of a line.
    Words,
    /// Several lines.
    Lines,
}

/// What is printed on one photo.
pub(crate) struct Label<'a> {
    /// Every number.
    pub(crate) numbers: Found<'a>,
    /// What the caption of each barcode says.
    pub(crate) of_codes: Vec<Option<(IdentifierKind, Caption)>>,
}

/// The numbers of one photo, in the order in which they are found.
type Found<'a> = ArenaVec<'a, Printed<'a>>;

/// Reads the lines of one photo of this size into an arena. Their order does not matter: they are
/// taken from top to bottom.
pub(crate) fn read_label<'a>(
    lines: &'a [TextLine],
    codes: &[Code],
    photo: (u32, u32),
    arena: &'a Bump,
) -> Label<'a> {
    let order = in_order(lines);
    let sorted: Vec<Line> =
        order.iter().map(|&index| Line::new(&lines[index], photo, arena)).collect();
    let mut reader = Reader {
        lines: &sorted,
        arena,
        found: ArenaVec::with_capacity_in(NUMBERS_A_LINE * sorted.len(), arena),
    };
    let mut lone = Vec::new();
    for (index, line) in sorted.iter().enumerate() {
        reader.unnamed(index);
        for (position, keyword) in line.keywords.iter().enumerate() {
            let end = line.keywords.get(position + 1).map_or(line.chars.len(), |next| next.start);
            if !reader.inline(index, keyword, end) {
                lone.extend(Lone::of(line, keyword));
            }
            reader.continued(index, keyword, end);
        }
    }
    let of_codes = reader.assigned(&lone, codes);
    let mut numbers = reader.found;
    for printed in &mut numbers {
        printed.line = order[printed.line];
    }
    Label { numbers, of_codes }
}

/// The positions of lines from top to bottom, the same whatever order they came in.
fn in_order(lines: &[TextLine]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len().min(LINES_MAX)).collect();
    let flags = |line: &TextLine| {
        (line.bounds.touches_frame, line.bounds.ink_before, line.bounds.ink_after)
    };
    fn text(line: &TextLine) -> impl Iterator<Item = char> {
        line.chars.iter().map(|char| char.best)
    }
    order.sort_by(|&one, &other| {
        let (one, other) = (&lines[one], &lines[other]);
        let (a, b) = (one.quad[0], other.quad[0]);
        let place = a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x));
        place.then_with(|| text(one).cmp(text(other))).then(flags(one).cmp(&flags(other)))
    });
    order
}

/// Collects the numbers of a photo's lines.
struct Reader<'l, 'a> {
    lines: &'l [Line<'a>],
    arena: &'a Bump,
    found: Found<'a>,
}

impl<'a> Reader<'_, 'a> {
    /// The numbers after a keyword in its own line; false if there are none, and the keyword stands
    /// alone.
    fn inline(&mut self, index: usize, keyword: &Keyword, end: usize) -> bool {
        let line = &self.lines[index];
        let rest = line.text((keyword.end.min(end), end));
        let mut words = line.words(keyword.end, end);
        let Some(first) = words.next() else { return false };
        if is_left_out(&rest) {
            return true;
        }
        let named = match () {
            () if keyword.kind != IdentifierKind::Serial => (keyword.kind, keyword.strength),
            () if line.names_a_part(keyword.start) => (IdentifierKind::Other, Strength::Sure),
            () if is_of_another(line, keyword, first) => {
                (IdentifierKind::Other, Strength::Disputed)
            }
            () => (keyword.kind, keyword.strength),
        };
        let before = self.found.len();
        self.values(index, (keyword.end, end), Some(named), Caption::Inline);
        let letters = rest.chars().filter(|&char| fold_char(char).is_some()).count();
        self.found.len() > before || letters >= SHORT_VALUE_CHARS
    }

    /// The numbers of a part of a line, the likeliest first: the first word that is long enough,
    /// then runs of words.
    fn values(
        &mut self,
        index: usize,
        (start, end): (usize, usize),
        named: Option<(IdentifierKind, Strength)>,
        caption: Caption,
    ) {
        let line = &self.lines[index];
        let words: Vec<(usize, usize)> = line.words(start, end).take(2 + JOIN_WORDS_MAX).collect();
        let Some(first) = words.iter().position(|&word| line.has_digit(word)) else { return };
        // Only what stands right after the keyword is its value; `Serial No. see back 12345` has
        // none, `Serial No. (S) 12345` has, and `S/N AB 123456` begins with its letters.
        let letters = |word: (usize, usize)| {
            let word = &line.chars[word.0..word.1];
            word.len() <= 3 && !word.iter().any(|char| char.is_lowercase())
        };
        let begins = match first {
            0 => 0..1,
            1 if letters(words[0]) => 0..2,
            // `PROPERTY OF ACME 40510323` is the owner's number.
            _ if named.is_some_and(|(kind, _)| kind == IdentifierKind::Other) => first..first + 1,
            _ => return,
        };
        for first in begins {
            let most = words.len().min(first + JOIN_WORDS_MAX);
            for last in first..most {
                let tagged = line.is_tagged(words[last].0);
                let goes_on = line.has_digit(words[last]) || letters(words[last]);
                if last > first && (tagged || !goes_on) {
                    break;
                }
                let joined = if last == first { Joined::No } else { Joined::Words };
                let span = (words[first].0, words[last].1);
                let scope = if first == 0 || is_bracketed(line, words[0]) { start } else { 0 };
                let start = line.boundary_before(
                    span.0,
                    if first == 0 || scope == start { span.0.max(scope) } else { 0 },
                );
                let start = match (first, caption) {
                    (0, Caption::Inline) => Boundary::Caption,
                    (1, Caption::Inline) if is_bracketed(line, words[0]) => Boundary::Caption,
                    _ => start,
                };
                self.push(index, span, start, named, caption, joined);
            }
        }
        self.second_values(index, &words, first, named, caption);
    }

    /// Further numbers of the form of a serial behind a mark that parts: `0821032398, 1170000652`.
    fn second_values(
        &mut self,
        index: usize,
        words: &[(usize, usize)],
        first: usize,
        named: Option<(IdentifierKind, Strength)>,
        caption: Caption,
    ) {
        let line = &self.lines[index];
        for pair in words[first..].windows(2) {
            if !line.are_two_values(pair[0], pair[1]) {
                return;
            }
            let start = line.boundary_before(pair[1].0, 0);
            if caption == Caption::Inline {
                self.push(index, pair[1], start, named, Caption::Second, Joined::No);
            }
        }
    }

    /// Every word with digits and every run of such words, whatever is printed around them.
    fn unnamed(&mut self, index: usize) {
        let line = &self.lines[index];
        let words = line.words(0, line.chars.len()).filter_map(|word| line.after_caption(word));
        let words: Vec<(usize, usize)> = words.filter(|&word| line.has_digit(word)).collect();
        let of_others = line.tells_of_others();
        let (named, caption) = match of_others {
            true => (Some((IdentifierKind::Other, Strength::Sure)), Caption::Inline),
            false => (None, Caption::None),
        };
        for first in 0..words.len() {
            let most = (first + JOIN_WORDS_MAX).min(words.len());
            for last in first..most {
                let joined = if last == first { Joined::No } else { Joined::Words };
                let span = (words[first].0, words[last].1);
                let start = line.boundary_before(span.0, 0);
                self.push(index, span, start, named, caption, joined);
            }
        }
    }

    fn push(
        &mut self,
        index: usize,
        span: (usize, usize),
        start: Boundary,
        named: Option<(IdentifierKind, Strength)>,
        caption: Caption,
        joined: Joined,
    ) {
        let line = &self.lines[index];
        let chars = &line.chars[span.0..span.1];
        // A letter of another script may be the look-alike of a Latin one: nothing is left out.
        let foreign = |&char: &char| char.is_alphanumeric() && fold_char(char).is_none();
        if chars.len() < VALUE_CHARS_MIN || chars.iter().any(foreign) {
            return;
        }
        let mut value = ArenaString::with_capacity_in(chars.len(), self.arena);
        value.extend(chars.iter().filter_map(|&char| fold_char(char)));
        if value.len() < VALUE_CHARS_MIN || digits(&value) == 0 {
            return;
        }
        let mut text = ArenaString::with_capacity_in(chars.len(), self.arena);
        text.extend(chars);
        let ends = Ends { start, end: line.boundary_after(span.1) };
        let (value, text) = (value.into_bump_str(), text.into_bump_str());
        self.found.push(Printed { value, text, named, caption, joined, line: index, span, ends });
    }

    /// Assigns the captions that stand alone to numbers and barcodes, adds the named numbers and
    /// returns what the captions of the barcodes are.
    fn assigned(
        &mut self,
        lone: &[Lone],
        codes: &[Code],
    ) -> Vec<Option<(IdentifierKind, Caption)>> {
        let mut of_codes = vec![None; codes.len()];
        if lone.is_empty() {
            return of_codes;
        }
        // What another caption in its own line explains, or stands behind other words, is no caption's.
        let of_others = self.found.iter().filter(|it| {
            let other = it.named.is_some_and(|(kind, _)| kind != IdentifierKind::Serial);
            let alone =
                matches!(it.ends.start, Boundary::LineEnd | Boundary::Ink | Boundary::Frame);
            other || it.caption == Caption::None && !alone
        });
        let explained: Vec<&str> = of_others.map(|it| it.value).collect();
        let things = captions::things(self.lines, codes, &explained);
        let assignments = captions::assign(lone, &things);
        for assignment in &assignments {
            let named = (assignment.kind, assignment.strength);
            match *assignment.thing {
                Thing { code: Some(code), .. } => {
                    of_codes[code] = Some((named.0, assignment.caption))
                }
                Thing { line, word, .. } => {
                    let before = self.found.len();
                    let others = assignments
                        .iter()
                        .filter(|it| it.thing.code.is_none() && it.thing.line == line);
                    let others: Vec<(usize, usize)> = others.map(|it| it.thing.word).collect();
                    let next = others.iter().map(|it| it.0).filter(|&from| from > word.0).min();
                    let end = next.unwrap_or(self.lines[line].chars.len());
                    self.values(line, (word.0, end), Some(named), assignment.caption);
                    // Words beside it that another caption explains are not joined to it.
                    let only_space = |from: usize, to: usize| {
                        self.lines[line].chars[from..to].iter().all(|char| char.is_whitespace())
                    };
                    for printed in &mut self.found[before..] {
                        let (from, to) = printed.span;
                        if others.iter().any(|it| it.0 >= to && only_space(to, it.0)) {
                            printed.ends.end = Boundary::Caption;
                        }
                        if others.iter().any(|it| it.1 <= from && only_space(it.1, from)) {
                            printed.ends.start = Boundary::Caption;
                        }
                    }
                }
            }
        }
        of_codes
    }

    /// A serial that goes on in the lines below: each join is a value of its own, good only for
    /// comparing with a barcode.
    fn continued(&mut self, index: usize, keyword: &Keyword, end: usize) {
        let line = &self.lines[index];
        if keyword.kind != IdentifierKind::Serial || end < line.chars.len() {
            return;
        }
        let mut text: String = line.text((keyword.end.min(end), end));
        let caption = if fold(&text).is_empty() { Caption::Near } else { Caption::Inline };
        let Some(mut frame) = Frame::of(line.quad) else { return };
        let value_at = keyword.end as f32 / line.chars.len().max(1) as f32 * frame.length;
        let mut from = index;
        for _ in 1..JOIN_LINES_MAX {
            let Some(next) = self.line_below(&frame, from) else { return };
            let below = &self.lines[next];
            let left = frame.extent(below.quad).left;
            let aligned = left.abs() < ALIGNED || (left - value_at).abs() < ALIGNED;
            if from == index && aligned && below.is_bare_number() {
                let last = line.chars.len();
                let here = self.found.iter_mut().filter(|it| it.line == index && it.span.1 == last);
                here.for_each(|printed| {
                    printed.ends.end = printed.ends.end.min(Boundary::NumberBelow)
                });
            }
            text.extend(below.chars);
            let value = fold(&text);
            if value.len() >= VALUE_CHARS_MIN && digits(&value) > 0 {
                self.found.push(Printed {
                    value: self.arena.alloc_str(&value),
                    text: self.arena.alloc_str(&text),
                    named: Some((keyword.kind, keyword.strength)),
                    caption,
                    joined: Joined::Lines,
                    line: index,
                    span: (0, 0),
                    ends: Ends::default(),
                });
            }
            from = next;
            match Frame::of(below.quad) {
                Some(next) => frame = next,
                None => return,
            }
        }
    }

    /// The nearest line right below one, without a keyword.
    fn line_below(&self, frame: &Frame, from: usize) -> Option<usize> {
        let below = self.lines.iter().enumerate().filter(|&(other, next)| {
            let extent = frame.extent(next.quad);
            other != from
                && next.keywords.is_empty()
                && (-0.4..1.0).contains(&(extent.top - 1.0))
                && (0.5..1.8).contains(&extent.height())
                && extent.overlap(0.0, frame.length) > 0.3
        });
        let nearest = below.min_by(|one, other| {
            frame.extent(one.1.quad).top.total_cmp(&frame.extent(other.1.quad).top)
        });
        nearest.map(|(next, _)| next)
    }
}

/// Whether a word stands in brackets.
fn is_bracketed(line: &Line, (from, to): (usize, usize)) -> bool {
    let at = |at: Option<usize>| at.and_then(|at| line.chars.get(at));
    matches!(at(from.checked_sub(1)), Some('(' | '[' | '\u{ff08}'))
        && matches!(at(Some(to)), Some(')' | ']' | '\u{ff09}'))
}

/// Whether the place after a keyword was left empty: `N/A 20241105`, `........ 2024`.
fn is_left_out(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', ':']).to_ascii_uppercase();
    let word = rest.split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
    ["N/A", "N.A.", "...", "___", "\u{2026}"].iter().any(|it| rest.starts_with(it))
        || ["NONE", "NIL", "SEE"].contains(&word)
}

/// Whether what a serial keyword says may not be said of this device's serial: the line tells of
/// others' serials, the letters `SN` are the series of a chip, or the word stands before what is no
/// serial by its form.
fn is_of_another(line: &Line, keyword: &Keyword, first: (usize, usize)) -> bool {
    let word = line.text((keyword.start, keyword.end));
    let plain = fold(&word);
    let value = fold(&line.text(first));
    let bare_letters = plain == "SN" && !word.contains(['/', ':', '.', '\u{ff1a}']);
    line.tells_of_others()
        || bare_letters && is_chip(&value)
        || meaning(&line.text(first)).is_some_and(|it| it == Meaning::Standard)
        || digits(&value) == 0 && value.len() >= PRINTED_DIGITS_MIN && meaning(&value).is_some()
}
