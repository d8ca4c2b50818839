//! Printed lines and their neighbourhood, as typed numbers.
//!
//! A keyword says what the number after it is; the number may stand on the same line, beside the
//! keyword, below it, or go on over several lines. What stands nowhere near a keyword is a number
//! all the same, only unnamed. Nothing is corrected here.

use crate::evidence::{Quad, TextLine};
use crate::identifier::IdentifierKind;
use crate::print::boundary::{Boundaries, Boundary};
use crate::print::keyword::{self, Keyword, Strength};
use crate::print::place::Frame;
use crate::print::rating::is_rating;
use crate::serial::fold::{digits, fold, fold_char};
use bumpalo::Bump;
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};

/// More lines than any label has; a photo of a newspaper is cut here.
const LINES_MAX: usize = 300;
/// Longer lines are cut: no serial is there.
const LINE_CHARS_MAX: usize = 200;
/// Probability of the first letter below which a short keyword says little.
const KEYWORD_P_MIN: f32 = 0.97;
/// Letters below which a keyword is short: one wrong letter makes another of it.
const SHORT_WORD_LETTERS: usize = 4;
/// Words that are joined to one value at most: `082 1032398`, `324 689 776`.
const JOIN_WORDS_MAX: usize = 4;
/// Lines that one value may go on over.
const JOIN_LINES_MAX: usize = 3;
/// Line heights that the next line of a value may stand off from where the value or its keyword
/// begins.
const ALIGNED: f32 = 1.5;
/// Line heights between two boxes of one line at most.
const WIDE_SPACE: f32 = 2.0;
/// Letters before a colon that are a keyword, known or not.
const TAG_LETTERS_MAX: usize = 4;
/// Numbers of a line for which there is room from the start.
const NUMBERS_A_LINE: usize = 4;
/// The shortest value that may be a serial.
pub(crate) const VALUE_CHARS_MIN: usize = 5;
/// Digits that print alone must have to be taken for a serial: `S/N: 7x3hexa` is a sentence.
pub(crate) const PRINTED_DIGITS_MIN: usize = 4;

/// A number as it is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Printed<'a> {
    /// Canonical form.
    pub(crate) value: &'a str,
    /// As printed.
    pub(crate) text: &'a str,
    /// What its keyword says; `None` without one.
    pub(crate) named: Option<(IdentifierKind, Strength)>,
    /// How it was put together.
    pub(crate) joined: Joined,
    /// Index of the line where it starts.
    pub(crate) line: usize,
    /// Positions of its characters in that line, if it is of one line.
    pub(crate) span: (usize, usize),
    /// What is known about its first and last character being its own.
    pub(crate) ends: Boundaries,
    /// The keyword stands in another line, and not right before this one.
    pub(crate) near: bool,
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

/// One line, cut into keywords and words.
pub(crate) struct Line<'a> {
    quad: &'a Quad,
    pub(crate) chars: &'a [char],
    pub(crate) keywords: ArenaVec<'a, Keyword>,
    /// Where each stretch of characters without a space between them starts and ends.
    pieces: ArenaVec<'a, (usize, usize)>,
    source: &'a TextLine,
    arena: &'a Bump,
}

/// What is printed on one photo.
pub(crate) struct Label<'a> {
    /// Every number.
    pub(crate) numbers: Found<'a>,
    /// Where serial keywords stand that have no value of their own in their line: a barcode beside
    /// one is the value.
    pub(crate) lone_serial_keywords: Vec<Quad>,
}

/// Reads the lines of one photo into an arena. Their order does not matter: they are taken from top
/// to bottom.
pub(crate) fn read_label<'a>(lines: &'a [TextLine], arena: &'a Bump) -> Label<'a> {
    let mut order: Vec<usize> = (0..lines.len().min(LINES_MAX)).collect();
    order.sort_by(|&one, &other| {
        let (one, other) = (&lines[one], &lines[other]);
        let flags = |line: &TextLine| {
            (line.bounds.touches_frame, line.bounds.ink_before, line.bounds.ink_after)
        };
        let corner = |line: &TextLine| (line.quad[0].y, line.quad[0].x);
        fn text(line: &TextLine) -> impl Iterator<Item = char> {
            line.chars.iter().map(|char| char.best)
        }
        corner(one)
            .0
            .total_cmp(&corner(other).0)
            .then(corner(one).1.total_cmp(&corner(other).1))
            .then_with(|| text(one).cmp(text(other)))
            .then(flags(one).cmp(&flags(other)))
    });
    let sorted: Vec<Line> = order.iter().map(|&index| Line::new(&lines[index], arena)).collect();
    let mut numbers = read_sorted(&sorted, arena);
    for printed in &mut numbers {
        printed.line = order[printed.line];
    }
    let lone = |line: &&Line| {
        line.keywords.last().is_some_and(|keyword| {
            let named = keyword.kind == IdentifierKind::Serial;
            let rest =
                line.chars.iter().skip(keyword.end).filter(|char| fold_char(**char).is_some());
            named && keyword.strength == Strength::Sure && rest.count() < VALUE_CHARS_MIN
        })
    };
    let lone_serial_keywords = sorted.iter().filter(lone).map(|line| *line.quad).collect();
    Label { numbers, lone_serial_keywords }
}

/// The numbers of one photo, in the order in which they are found.
type Found<'a> = ArenaVec<'a, Printed<'a>>;

fn read_sorted<'a>(lines: &[Line<'a>], arena: &'a Bump) -> Found<'a> {
    let mut found = ArenaVec::with_capacity_in(NUMBERS_A_LINE * lines.len(), arena);
    for (index, line) in lines.iter().enumerate() {
        line.unnamed(index, &mut found);
        for (position, keyword) in line.keywords.iter().enumerate() {
            let end = line.keywords.get(position + 1).map_or(line.chars.len(), |next| next.start);
            let named = (keyword.kind, keyword.strength);
            let before = found.len();
            line.values(index, keyword.end, end, Some(named), &mut found);
            if found.len() == before && end == line.chars.len() {
                neighbours(lines, index, named, &mut found);
            }
            continued(lines, index, keyword, end, &mut found);
        }
    }
    found
}

impl<'a> Line<'a> {
    pub(crate) fn new(source: &'a TextLine, arena: &'a Bump) -> Self {
        let read = source.chars.iter().take(LINE_CHARS_MAX).map(|char| char.best);
        let chars: &[char] = arena.alloc_slice_fill_iter(read);
        let mut keywords = keyword::keywords(chars, arena);
        // `P/N` with a misread first letter is `S/N`: a short word must be read surely.
        for keyword in &mut keywords {
            let first = source.chars.get(keyword.start).is_some_and(|char| char.p < KEYWORD_P_MIN);
            let letters = chars[keyword.start..keyword.end].iter();
            if first && letters.filter(|char| char.is_alphabetic()).count() < SHORT_WORD_LETTERS {
                keyword.strength = Strength::Weak;
            }
        }
        // A line names one serial: of two such keywords one is a misread `P/N`.
        let named = |keyword: &&mut Keyword| keyword.kind == IdentifierKind::Serial;
        if keywords.iter_mut().filter(named).count() > 1 {
            keywords.iter_mut().filter(named).for_each(|it| it.strength = Strength::Weak);
        }
        let pieces = pieces(chars, arena);
        Self { quad: &source.quad, chars, keywords, pieces, source, arena }
    }

    /// Whether the line is one word of capital letters and digits.
    pub(crate) fn is_bare_number(&self) -> bool {
        let plain = |char: &char| char.is_ascii_digit() || char.is_ascii_uppercase();
        self.chars.iter().all(|char| plain(char) || matches!(char, '-' | '/' | ' '))
            && self.chars.iter().any(char::is_ascii_digit)
            && self.words(0, self.chars.len()).count() == 1
    }

    /// Where the number of a word starts: after the few letters and the colon of a keyword that is not
    /// known or was misread, `SK:6219248629` or `S/K:6219248629`.
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

    /// The words of a part of the line: where they start and end.
    fn words(&self, start: usize, end: usize) -> impl Iterator<Item = (usize, usize)> {
        let pieces = self.pieces.iter().map(move |&(from, to)| (from.max(start), to.min(end)));
        let words = pieces.filter(|(from, to)| from < to);
        words.map(|(from, to)| (self.after_tag(from, to), to))
    }

    /// The last word of the line up to a position.
    fn word_before(&self, end: usize) -> Option<(usize, usize)> {
        let &(from, to) = self.pieces.iter().rev().find(|&&(from, _)| from < end)?;
        let to = to.min(end);
        Some((self.after_tag(from, to), to))
    }

    fn has_digit(&self, (from, to): (usize, usize)) -> bool {
        self.chars[from..to].iter().any(char::is_ascii_digit)
    }

    /// The numbers that stand after a keyword, the likeliest first: the first word that is long
    /// enough, then runs of words.
    fn values(
        &self,
        index: usize,
        start: usize,
        end: usize,
        named: Option<(IdentifierKind, Strength)>,
        found: &mut Found<'a>,
    ) {
        // One word may be passed over.
        let mut words = ArenaVec::with_capacity_in(1 + JOIN_WORDS_MAX, self.arena);
        words.extend(self.words(start, end).take(1 + JOIN_WORDS_MAX));
        let first = words.iter().position(|&word| self.has_digit(word));
        // Only what stands right after the keyword is its value; `Serial No. see back 12345` has
        // none, `Serial No. (S) 12345` has.
        let passed = |&first: &usize| match first {
            0 => true,
            1 => {
                let word = &self.chars[words[0].0..words[0].1];
                word.len() <= 3 && !word.iter().any(|char| char.is_lowercase())
            }
            _ => false,
        };
        let Some(first) = first.filter(passed) else { return };
        let mut last = first;
        while last < words.len() && last < first + JOIN_WORDS_MAX {
            let from = words[last].0;
            // A tag begins another number.
            let tagged = from > 0 && is_colon(self.chars[from - 1]);
            if last > first && (tagged || !self.has_digit(words[last])) {
                break;
            }
            let joined = if last == first { Joined::No } else { Joined::Words };
            let span = (words[first].0, words[last].1);
            found.extend(self.printed(index, span, end, named, joined));
            last += 1;
        }
    }

    fn printed(
        &self,
        index: usize,
        span: (usize, usize),
        end: usize,
        named: Option<(IdentifierKind, Strength)>,
        joined: Joined,
    ) -> Option<Printed<'a>> {
        let chars = &self.chars[span.0..span.1];
        if chars.len() < VALUE_CHARS_MIN {
            return None;
        }
        let mut value = ArenaString::with_capacity_in(chars.len(), self.arena);
        value.extend(chars.iter().filter_map(|&char| fold_char(char)));
        if value.len() < VALUE_CHARS_MIN || digits(&value) == 0 {
            return None;
        }
        let mut text = ArenaString::with_capacity_in(chars.len(), self.arena);
        text.extend(chars);
        let (value, text) = (value.into_bump_str(), text.into_bump_str());
        let bounds = self.source.bounds;
        let at_start = || self.chars[..span.0].iter().all(|char| fold_char(*char).is_none());
        let at_end = span.1 >= self.chars.len();
        let at_frame = bounds.touches_frame && (at_end || at_start());
        let beside = |(from, to): (usize, usize)| Boundary::beside(&self.chars[from..to]);
        let after = self.words(span.1, end).next().map_or(Boundary::Own, beside);
        let before = match named {
            None => self.word_before(span.0).map_or(Boundary::Own, beside),
            Some(_) => Boundary::Own,
        };
        let ends = Boundaries {
            start: if at_frame || bounds.ink_before && at_start() {
                Boundary::Open
            } else {
                before
            },
            end: if at_frame || bounds.ink_after && at_end { Boundary::Open } else { after },
        };
        Some(Printed { value, text, named, joined, line: index, span, ends, near: false })
    }

    /// Every word with digits and every run of such words, whatever is printed around them, but for
    /// ratings.
    fn unnamed(&self, index: usize, found: &mut Found<'a>) {
        let mut words = ArenaVec::with_capacity_in(self.pieces.len(), self.arena);
        words.extend(self.words(0, self.chars.len()).filter(|&word| self.has_digit(word)));
        for first in 0..words.len() {
            let most = (first + JOIN_WORDS_MAX).min(words.len());
            for last in first..most {
                let joined = if last == first { Joined::No } else { Joined::Words };
                let span = (words[first].0, words[last].1);
                let printed = self.printed(index, span, self.chars.len(), None, joined);
                found.extend(printed.filter(|printed| !is_rating(printed.text)));
            }
        }
    }
}

/// Where each stretch of characters that do not split words starts and ends.
fn pieces<'a>(chars: &[char], arena: &'a Bump) -> ArenaVec<'a, (usize, usize)> {
    let mut pieces = ArenaVec::with_capacity_in(chars.len() / 2 + 1, arena);
    let mut from = 0;
    for piece in chars.split(|&char| splits_words(char)) {
        let to = from + piece.len();
        if !piece.is_empty() {
            pieces.push((from, to));
        }
        from = to + 1;
    }
    pieces
}

/// Whether a character stands between words.
fn splits_words(char: char) -> bool {
    !char.is_ascii_alphanumeric()
        && (char.is_whitespace()
            || matches!(char, ',' | ';' | '|' | '(' | ')' | '[' | ']' | '<' | '>')
            || char > '\u{2e80}' && fold_char(char).is_none())
}

fn is_colon(char: char) -> bool {
    matches!(char, ':' | '\u{ff1a}')
}

/// The value of a keyword that ends its line: beside it, else below it.
fn neighbours<'a>(
    lines: &[Line<'a>],
    index: usize,
    named: (IdentifierKind, Strength),
    found: &mut Found<'a>,
) {
    let Some(frame) = Frame::of(lines[index].quad) else { return };
    let mut nearest: Option<(f32, usize)> = None;
    for (other, line) in lines.iter().enumerate() {
        let Some(distance) = (other != index).then(|| reach(&frame, line)).flatten() else {
            continue;
        };
        if nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, other));
        }
    }
    if let Some((_, other)) = nearest {
        let line = &lines[other];
        let before = found.len();
        line.values(other, 0, line.chars.len(), Some(named), found);
        let goes_on = goes_on(&frame, line);
        for printed in &mut found[before..] {
            printed.near = !goes_on;
        }
    }
}

/// Whether a line is the rest of the one in `frame`: in the same row, of about the same size, no
/// further off than a wide space. A detector parts a line there.
fn goes_on(frame: &Frame, line: &Line) -> bool {
    let extent = frame.extent(line.quad);
    (extent.middle() - 0.5).abs() < 0.3
        && (0.6..1.7).contains(&extent.height())
        && (-0.7..WIDE_SPACE).contains(&(extent.left - frame.length))
}

/// How far a line is from being the value of the keyword in `frame`; `None` if it cannot be: it
/// must stand beside or below, without a keyword of its own.
fn reach(frame: &Frame, line: &Line) -> Option<f32> {
    let has_value = || {
        line.chars.iter().any(char::is_ascii_digit)
            && line.chars.iter().filter_map(|char| fold_char(*char)).count() >= VALUE_CHARS_MIN
    };
    if !line.keywords.is_empty() || !has_value() {
        return None;
    }
    let extent = frame.extent(line.quad);
    let gap = extent.left - frame.length;
    let beside = (extent.middle() - 0.5).abs() < 0.6 && (-0.7..8.0).contains(&gap);
    let drop = extent.top - 1.0;
    let below = (-0.4..1.5).contains(&drop) && extent.overlap(0.0, frame.length) > 0.3;
    if beside {
        Some(gap.max(0.0) * 0.3)
    } else if below {
        Some(1.0 + drop.max(0.0))
    } else {
        None
    }
}

/// A serial that goes on in the lines below: each join is a value of its own, good only for
/// comparing with a barcode.
fn continued<'a>(
    lines: &[Line<'a>],
    index: usize,
    keyword: &Keyword,
    end: usize,
    found: &mut Found<'a>,
) {
    let line = &lines[index];
    if keyword.kind != IdentifierKind::Serial || end < line.chars.len() {
        return;
    }
    let mut text: String = line.chars[keyword.end.min(end)..end].iter().collect();
    let near = fold(&text).is_empty();
    let Some(mut frame) = Frame::of(line.quad) else { return };
    let value_at = keyword.end as f32 / line.chars.len().max(1) as f32 * frame.length;
    let mut from = index;
    for _ in 1..JOIN_LINES_MAX {
        let below = lines.iter().enumerate().filter(|&(other, next)| {
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
        let Some((next, below)) = nearest else { return };
        let left = frame.extent(below.quad).left;
        let aligned = left.abs() < ALIGNED || (left - value_at).abs() < ALIGNED;
        if from == index && aligned && below.is_bare_number() {
            let last = line.chars.len();
            let here = found.iter_mut().filter(|it| it.line == index && it.span.1 == last);
            here.for_each(|printed| {
                printed.ends.end = printed.ends.end.min(Boundary::OfKnownLength)
            });
        }
        text.extend(below.chars);
        let value = fold(&text);
        if value.len() >= VALUE_CHARS_MIN && digits(&value) > 0 {
            found.push(Printed {
                value: line.arena.alloc_str(&value),
                text: line.arena.alloc_str(&text),
                named: Some((keyword.kind, keyword.strength)),
                joined: Joined::Lines,
                line: index,
                span: (0, 0),
                ends: Boundaries::default(),
                near,
            });
        }
        from = next;
        match Frame::of(below.quad) {
            Some(next) => frame = next,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{line, line_at};
    use IdentifierKind::*;

    fn named(lines: &[TextLine]) -> Vec<(IdentifierKind, String)> {
        let arena = Bump::new();
        read_label(lines, &arena)
            .numbers
            .into_iter()
            .filter_map(|printed| Some((printed.named?.0, printed.value.to_owned())))
            .collect()
    }

    #[track_caller]
    fn check(lines: &[TextLine], kind: IdentifierKind, value: &str) {
        let found = named(lines);
        assert!(found.contains(&(kind, value.to_owned())), "{found:?}");
    }

    #[test]
    fn the_value_on_the_keyword_s_line() {
        check(&[line(0, "S/N: 082 1032398")], Serial, "0821032398");
        check(&[line(0, "S/N:77987515")], Serial, "77987515");
        let both = [line(0, "P/N:D150-0B0-024-02E0  S/N:77987515")];
        check(&both, Serial, "77987515");
        check(&both, PartNumber, "D1500B002402E0");
        check(&[line(0, "终端序列号：0821032398")], Serial, "0821032398");
        check(&[line(0, "MAC: 38:3A:21:27:CF:16")], Mac, "383A2127CF16");
    }

    #[test]
    fn the_value_beside_or_below_its_keyword() {
        let beside = [line_at(0.0, 0.0, "S/N:"), line_at(60.0, 0.0, "77987515")];
        check(&beside, Serial, "77987515");
        let below = [line(0, "Serial Number"), line(1, "77987515"), line(2, "12345678")];
        assert_eq!(named(&below).first(), Some(&(Serial, "77987515".to_owned())));
        let far = [line(0, "S/N:"), line(9, "77987515")];
        assert!(named(&far).is_empty());
    }

    #[test]
    fn a_value_over_several_lines() {
        let wrapped = [line(0, "SN:029K"), line(1, "NU6RM1"), line(2, "016758")];
        check(&wrapped, Serial, "029KNU6RM1016758");
    }

    #[test]
    fn a_cut_or_glued_value_is_not_whole() {
        let mut cut = line(0, "S/N: 77987515");
        cut.bounds.ink_after = true;
        let arena = Bump::new();
        assert!(read_label(&[cut], &arena).numbers.iter().all(|printed| !printed.ends.whole()));
        let line_that_goes_on = [line(0, "S/N: 77987515 2019")];
        let goes_on = read_label(&line_that_goes_on, &arena);
        assert!(
            !goes_on
                .numbers
                .iter()
                .any(|printed| printed.value == "77987515" && printed.ends.whole())
        );
        let mut before = line(0, "S/N: 77987515");
        before.bounds.ink_before = true;
        assert!(read_label(&[before], &arena).numbers.iter().any(|printed| printed.ends.whole()));
    }
}
