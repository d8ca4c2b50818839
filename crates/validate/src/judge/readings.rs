//! What print alone says about a value: whether two readings agree on it, whether it is written like
//! its format, whether every character is beyond doubt. A reader of print is wrong at full
//! confidence more often than any barcode is, so each of these is asked before print is accepted.

use crate::evidence::{CharReading, Evidence, Quad, TextLine};
use crate::formats::Formats;
use crate::formats::format::{Format, Standing};
use crate::judge::context::JudgeContext;
use crate::judge::sighting::{Carrier, Reading, Sighting};
use crate::print::boundary::{Boundary, Clearness, Ends};
use crate::print::label::Joined;
use crate::print::line::{PRINTED_DIGITS_MIN, at_frame};
use crate::print::place::{Frame, same_spot};
use crate::serial::fold::{digits, fold_char};
use crate::serial::look_alike::{look_alike, look_alikes};

/// Steps from one character to the next, as a multiple of the usual: on 52 real serials none had
/// more than 1.5, and where a character was lost it is about 2.
const PITCH_MAX: f32 = 1.6;
/// Probability that suffices where the runner-up does not look like the character.
const UNLIKE_P_MIN: f32 = 0.97;
/// Probability that suffices in any case for a character that has no look-alike: print alone is
/// trusted only beyond what makes a character doubtful to a person.
const SURE_ALONE_P: f32 = 0.99;
/// A character that may be another of its look is what it was read as from this probability on: of
/// 449 right ones on real labels 96 in 100 reach it.
const SURE_OF_LOOK_P: f32 = 0.995;
/// The same for a character and its repetition: none of 203 stood closer than 0.66, and where one
/// character was read twice it is about 0.5.
const REPEATED_PITCH_MIN: f32 = 0.6;
/// The same from a character over its repetition to the next, or from the one before: about 1 where
/// one character was read twice, else about 2.
const REPEATED_ROOM_MIN: f32 = 1.4;
/// Neighbouring characters that show what is usual.
const PITCHES_MIN: usize = 4;

/// Line heights that a box is longer than another at an end, so that it holds what the other cuts.
const WIDER_MIN: f32 = 0.1;

/// How well two independent readings of the same spot agree on a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agreement {
    /// They agree on its characters.
    Characters,
    /// Each end is clear for at least one of them, which suffices for a value of known length.
    EachEndOnce,
    /// Both saw it begin and end clearly.
    Whole,
}

/// Whether two independent readings of the same spot agree on something that is written like a
/// serial.
pub(super) fn agreement(
    evidence: &Evidence,
    value: &str,
    sightings: &[&Sighting],
) -> Option<Agreement> {
    if digits(value) < PRINTED_DIGITS_MIN {
        return None;
    }
    let of = |wanted: Reading| {
        sightings.iter().filter_map(move |sighting| match sighting.carrier {
            Carrier::Print { reading, ends, joined, .. }
                if reading == wanted && joined != Joined::Lines =>
            {
                let lower = sighting.printed.chars().filter(|char| char.is_lowercase()).count();
                (lower < 2).then_some((sighting, ends))
            }
            _ => None,
        })
    };
    let pairs = of(Reading::First).flat_map(|first| of(Reading::Second).map(move |it| (first, it)));
    // Where both read the same wrong character, they agree on it and not on its correction.
    let read = |sighting: &Sighting| sighting.corrections.is_empty();
    let same_ink = pairs.filter(|((first, _), (second, _))| {
        first.same_ink(second) && (read(first) || read(second))
    });
    // A space that only one of them saw within the value may be where it ends.
    let as_values = same_ink.map(|((first, one), (second, other))| {
        match first.is_one_word() == second.is_one_word() {
            true => {
                let (one, other) = wider((one, &first.place.quad), (other, &second.place.quad));
                grade(one, other)
            }
            false => Agreement::Characters,
        }
    });
    let in_lines = of(Reading::First).flat_map(|(sighting, ends)| {
        second_lines(evidence, sighting).filter_map(move |second| {
            let (read, spaced) = seen_in_line(evidence, value, sighting, second, ends)?;
            let parted = spaced && sighting.is_one_word();
            let (one, other) = wider((ends, &sighting.place.quad), (read, &second.quad));
            Some(if parted { Agreement::Characters } else { grade(one, other) })
        })
    });
    as_values.chain(in_lines).max()
}

/// The ends of two readings of one value, where ink beyond the one box that lies within the other's
/// is read there for what it is: the wider box knows.
fn wider((one, a): (Ends, &Quad), (other, b): (Ends, &Quad)) -> (Ends, Ends) {
    let beyond = |narrow: &Quad, wide: &Quad| {
        let frame = Frame::of(narrow)?;
        let extent = frame.extent(wide);
        Some((extent.left < -WIDER_MIN, extent.right > frame.length + WIDER_MIN))
    };
    let resolved = |own: Ends, sees: Ends, (start, end): (bool, bool)| {
        let of = |own: Boundary, sees: Boundary, is_wider: bool| {
            let clear = sees.clearness() == Clearness::Clear;
            let within = is_wider || sees == Boundary::Caption;
            if own == Boundary::Ink && clear && within { sees } else { own }
        };
        Ends { start: of(own.start, sees.start, start), end: of(own.end, sees.end, end) }
    };
    let none = (false, false);
    (
        resolved(one, other, beyond(a, b).unwrap_or(none)),
        resolved(other, one, beyond(b, a).unwrap_or(none)),
    )
}

fn grade(one: Ends, other: Ends) -> Agreement {
    match one.or(other).least() {
        _ if one.are_clear() && other.are_clear() => Agreement::Whole,
        Clearness::Open => Agreement::Characters,
        _ => Agreement::EachEndOnce,
    }
}

/// The lines of the second reading where the first saw a value.
fn second_lines<'e>(
    evidence: &'e Evidence,
    sighting: &Sighting,
) -> impl Iterator<Item = &'e TextLine> {
    let quad = sighting.place.quad;
    let photo = evidence.photos.get(sighting.place.photo);
    let lines = photo.into_iter().flat_map(|photo| &photo.second_lines);
    lines.filter(move |line| same_spot(&line.quad, &quad))
}

/// Where a second reading of a line has the characters of a value that the first saw in it, and
/// beside them what the first saw beside them: the second reading drops the spaces that tell where
/// a value ends, so that its own words say less than its characters. `ends` are the first's. Also
/// whether the second saw a space within the value.
fn seen_in_line(
    evidence: &Evidence,
    value: &str,
    sighting: &Sighting,
    second: &TextLine,
    ends: Ends,
) -> Option<(Ends, bool)> {
    let (line, (from, to)) = sighting.line(evidence)?;
    let folded = |chars: &[CharReading]| -> Vec<char> {
        chars.iter().filter_map(|char| fold_char(char.best)).collect()
    };
    let (before, after) = (folded(line.chars.get(..from)?), folded(line.chars.get(to..)?));
    let raw: Vec<char> = second.chars.iter().map(|char| char.best).collect();
    // A letter of another script beside the value may be the look-alike of one of its own.
    let own = |char: char| match fold_char(char) {
        None if char.is_alphanumeric() && !is_ideograph(char) => Some(char),
        own => own,
    };
    let places: Vec<usize> = (0..raw.len()).filter(|&at| own(raw[at]).is_some()).collect();
    let read: Vec<char> = places.iter().filter_map(|&at| own(raw[at])).collect();
    let value: Vec<char> = value.chars().collect();
    let start = (0..read.len()).find(|&at| {
        let end = at + value.len();
        let is_it = read.get(at..end) == Some(&value[..]);
        let free = |left: usize, right: usize| places[right] - places[left] > 1;
        is_it
            && (at == 0 || before.last() == Some(&read[at - 1]) || free(at - 1, at))
            && (end == read.len() || after.first() == Some(&read[end]) || free(end - 1, end))
    })?;
    let bounds = second.bounds;
    let photo = evidence.photos.get(sighting.place.photo)?;
    let at_frame = match bounds.touches_frame {
        true => at_frame(&second.quad, (photo.width_px, photo.height_px)),
        false => (false, false),
    };
    let at_end =
        |is_end: bool, at_frame: bool, ink: bool, first: Boundary| match (is_end, at_frame, ink) {
            (false, ..) => first,
            (_, true, _) => Boundary::Frame,
            (_, _, true) => Boundary::Ink,
            _ => Boundary::LineEnd,
        };
    // What only the second reading lost beside the value says nothing against its ends.
    let is_start = start == 0 && before.is_empty();
    let is_end = start + value.len() == read.len() && after.is_empty();
    let within = &raw[places[start]..places[start + value.len() - 1]];
    let spaced = within.iter().any(|char| char.is_whitespace());
    let start = at_end(is_start, at_frame.0, bounds.ink_before, ends.start);
    let end = at_end(is_end, at_frame.1, bounds.ink_after, ends.end);
    Some((Ends { start, end }, spaced))
}

/// A character of Chinese, Japanese or Korean words: no Latin letter looks like it.
fn is_ideograph(char: char) -> bool {
    char > '\u{2e80}'
}

/// Whether a value stands in a barcode, or in print with the separators of the format's samples:
/// `4,631,603` is no serial of a maker who prints seven digits in one piece.
pub(super) fn written_like(format: &Format, sightings: &[&Sighting]) -> bool {
    sightings.iter().any(|sighting| {
        sighting.is_barcode() || !sighting.is_wrapped() && format.is_written(sighting.printed)
    })
}

/// Whether one reading of print was sure of every character. Of 38 characters that were read wrong
/// on labels, 32 had a probability below the limit; the other six were O for 0 and I for 1, which
/// no reader can tell by their looks: these must be settled by the format's class or by the shape
/// of serials. Any other character with a look-alike that may stand there must be read more surely
/// than one without.
pub(super) fn is_sure(
    context: &JudgeContext,
    format: Option<&Format>,
    sightings: &[&Sighting],
) -> bool {
    let evidence = context.evidence;
    let mut first = sightings.iter().filter(|sighting| {
        matches!(sighting.carrier, Carrier::Print { reading: Reading::First, .. })
    });
    first.any(|sighting| {
        let value = sighting.value;
        let form = form_of_print(context.formats, value, format);
        let may_be = |at| may_be(context.formats, value, at, form);
        let chars = sighting.chars(evidence);
        let corrected = |at| sighting.corrections.iter().any(|correction| correction.at == at);
        let sure = |(at, char): (usize, &&CharReading)| {
            let is_read = match may_be(at).next() {
                Some(_) => char.p >= SURE_OF_LOOK_P,
                None => char.p >= SURE_ALONE_P || is_unlike_runner_up(char),
            };
            is_read || corrected(at)
        };
        let settled =
            |(at, char): (usize, char)| may_be(at).all(|other| !is_same_look(char, other));
        !chars.is_empty()
            && chars.iter().enumerate().all(sure)
            && value.char_indices().all(settled)
            && is_evenly_spaced(evidence, sighting) != Some(false)
    })
}

/// Whether the places of the characters show that none was lost or read twice.
pub(super) fn is_spaced(evidence: &Evidence, sightings: &[&Sighting]) -> bool {
    let first =
        |it: &&Sighting| matches!(it.carrier, Carrier::Print { reading: Reading::First, .. });
    let mut spacings = sightings.iter().copied().filter(first);
    spacings.any(|it| is_evenly_spaced(evidence, it) == Some(true))
}

/// The format whose classes decide look-alikes: the value's own, or one whose given characters it has,
/// whoever's label this is.
pub(super) fn form_of_print<'a>(
    formats: &'a Formats,
    value: &str,
    format: Option<&'a Format>,
) -> Option<&'a Format> {
    let known = format.filter(|format| format.standing != Standing::Permissive);
    known.or_else(|| formats.matching(value).find(|format| format.is_marked(value))).or(format)
}

/// Whether no reader can tell two characters by their looks.
fn is_same_look(one: char, other: char) -> bool {
    matches!((one, other), ('0', 'O') | ('O', '0') | ('1', 'I') | ('I', '1'))
}

/// Whether a character is so much likelier than another that does not look like it, which readers
/// seldom confuse.
fn is_unlike_runner_up(char: &CharReading) -> bool {
    let read = char.best.to_ascii_uppercase();
    let unlike = |other: char| !look_alike(read, other.to_ascii_uppercase());
    char.p >= UNLIKE_P_MIN && char.runner_up.is_some_and(unlike)
}

/// Whether no gap between two characters has room for a third and no two are one: of `33` a
/// recogniser may keep one `3` and be sure of it, but the place of the other stays empty. `None` if
/// too few characters show what is usual.
fn is_evenly_spaced(evidence: &Evidence, sighting: &Sighting) -> Option<bool> {
    let Some((line, (from, to))) = sighting.line(evidence) else { return Some(false) };
    let letter = |char: &CharReading| fold_char(char.best).is_some();
    let chars = line.chars.get(from..to).unwrap_or_default();
    let pitch = |chars: &[CharReading]| match chars {
        [first, .., last] if chars.iter().all(letter) => Some(last.step.saturating_sub(first.step)),
        _ => None,
    };
    let mut pitches: Vec<u16> = chars.windows(2).filter_map(pitch).collect();
    if pitches.len() < PITCHES_MIN {
        return None;
    }
    pitches.sort_unstable();
    let usual = f32::from(pitches[pitches.len() / 2]).max(1.0);
    let is_within = |chars: &[CharReading], least: f32, most: f32| {
        pitch(chars).is_none_or(|it| (least * usual..=most * usual).contains(&f32::from(it)))
    };
    let repeats = |pair: &[CharReading]| pair[0].best == pair[1].best;
    let none_lost = chars.windows(2).all(|pair| {
        is_within(pair, if repeats(pair) { REPEATED_PITCH_MIN } else { 0.0 }, PITCH_MAX)
    });
    let none_twice = chars
        .windows(3)
        .filter(|three| three.windows(2).any(repeats))
        .all(|three| is_within(three, REPEATED_ROOM_MIN, f32::INFINITY));
    Some(none_lost && none_twice)
}

/// The characters that one of a value may be instead: its look-alikes, but for those that the
/// format's class or check character excludes, or the shape of serials.
pub(super) fn may_be<'a>(
    formats: &'a Formats,
    value: &'a str,
    at: usize,
    format: Option<&'a Format>,
) -> impl Iterator<Item = char> + 'a {
    let known = format.filter(|format| format.standing != Standing::Permissive);
    let class = known.and_then(|format| {
        let shape = format.shapes.iter().find(|shape| shape.fits(value))?;
        shape.classes().get(at)
    });
    let is_checked = known.is_some_and(|format| format.check.is_some());
    let char = char::from(value.as_bytes()[at]);
    let is_shaped = look_alikes(char).next().is_some() && formats.shape_prior().decides(value, at);
    let possible = move |other: &char| {
        let same_kind = other.is_ascii_digit() == char.is_ascii_digit();
        !is_checked && (same_kind || !is_shaped) && class.is_none_or(|it| it.admits(*other))
    };
    look_alikes(char).filter(possible)
}
