//! What print alone says about a value: whether two readings agree on it, whether it is written like
//! its format, whether every character is beyond doubt. A reader of print is wrong at full
//! confidence more often than any barcode is, so each of these is asked before print is accepted.

use crate::evidence::{CharReading, Evidence};
use crate::formats::format::{Format, Standing};
use crate::judge::sighting::{Carrier, Reading, Sighting};
use crate::print::label::{Joined, PRINTED_DIGITS_MIN};
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
/// Neighbours of its own kind, itself among them, that settle what a character of two looks is.
const RUN_MIN: usize = 4;

/// How well two independent readings of the same spot agree on a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agreement {
    /// Each end is its own for at least one of them, which suffices for a value of known length.
    EachEndOnce,
    /// Neither saw anything cut off or glued on.
    Whole,
}

/// Whether two independent readings of the same spot agree on something that is written like a
/// serial.
pub(super) fn read_twice(value: &str, sightings: &[&Sighting]) -> Option<Agreement> {
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
    let agreed = same_ink.filter_map(|((_, one), (_, other))| match one.or(other) {
        _ if one.whole() && other.whole() => Some(Agreement::Whole),
        together if together.whole_for_its_length() => Some(Agreement::EachEndOnce),
        _ => None,
    });
    agreed.max()
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
/// no reader can tell by their looks: these must be settled by the format's class or by the run of
/// digits or letters that they stand in. Any other character with a look-alike that may stand there
/// must be read more surely than one without.
pub(super) fn is_sure(
    evidence: &Evidence,
    format: Option<&Format>,
    sightings: &[&Sighting],
) -> bool {
    let mut first = sightings.iter().filter(|sighting| {
        matches!(sighting.carrier, Carrier::Print { reading: Reading::First, .. })
    });
    first.any(|sighting| {
        let chars = sighting.chars(evidence);
        let corrected = |at| sighting.corrections.iter().any(|correction| correction.at == at);
        let sure = |(at, char): (usize, &&CharReading)| {
            let is_read = match may_be(sighting.value, at, format).next() {
                Some(_) => char.p >= SURE_OF_LOOK_P,
                None => char.p >= SURE_ALONE_P || is_unlike_runner_up(char),
            };
            is_read || corrected(at)
        };
        !chars.is_empty()
            && chars.iter().enumerate().all(sure)
            && every_look_is_settled(sighting.value, format)
            && is_evenly_spaced(evidence, sighting)
    })
}

/// Whether a character is so much likelier than another that does not look like it, which readers
/// seldom confuse.
fn is_unlike_runner_up(char: &CharReading) -> bool {
    let read = char.best.to_ascii_uppercase();
    let unlike = |other: char| !look_alike(read, other.to_ascii_uppercase());
    char.p >= UNLIKE_P_MIN && char.runner_up.is_some_and(unlike)
}

/// Whether no gap between two characters has room for a third and no two are one: of `33` a
/// recogniser may keep one `3` and be sure of it, but the place of the other stays empty.
fn is_evenly_spaced(evidence: &Evidence, sighting: &Sighting) -> bool {
    let Some((line, (from, to))) = sighting.line(evidence) else { return false };
    let letter = |char: &CharReading| fold_char(char.best).is_some();
    let chars = line.chars.get(from..to).unwrap_or_default();
    let pitch = |chars: &[CharReading]| match chars {
        [first, .., last] if chars.iter().all(letter) => Some(last.step.saturating_sub(first.step)),
        _ => None,
    };
    let mut pitches: Vec<u16> = chars.windows(2).filter_map(pitch).collect();
    if pitches.len() < PITCHES_MIN {
        return true;
    }
    pitches.sort_unstable();
    let usual = f32::from(pitches[pitches.len() / 2]).max(1.0);
    let is_within = |chars: &[CharReading], least: f32, most: f32| {
        pitch(chars).is_none_or(|it| (least * usual..=most * usual).contains(&f32::from(it)))
    };
    let repeats = |pair: &[CharReading]| pair[0].best == pair[1].best;
    chars.windows(2).all(|pair| {
        is_within(pair, if repeats(pair) { REPEATED_PITCH_MIN } else { 0.0 }, PITCH_MAX)
    }) && chars
        .windows(3)
        .filter(|three| three.windows(2).any(repeats))
        .all(|three| is_within(three, REPEATED_ROOM_MIN, f32::INFINITY))
}

/// Whether no character of a value may as well be its counterpart of the other class that no reader
/// can tell from it.
fn every_look_is_settled(value: &str, format: Option<&Format>) -> bool {
    value.char_indices().all(|(at, char)| {
        may_be(value, at, format).all(|other| {
            !matches!((char, other), ('0', 'O') | ('O', '0') | ('1', 'I') | ('I', '1'))
        })
    })
}

/// The characters that one of a value may be instead: its look-alikes, but for those that the
/// format's class or check character excludes, or the run of digits or letters that it stands in.
fn may_be<'a>(
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
    let bytes = value.as_bytes();
    let run = {
        let same = |other: &&u8| other.is_ascii_digit() == bytes[at].is_ascii_digit();
        let after = bytes[at..].iter().take_while(same).count();
        after + bytes[..at].iter().rev().take_while(same).count()
    };
    let possible = move |other: &char| {
        let same_kind = other.is_ascii_digit() == bytes[at].is_ascii_digit();
        !is_checked
            && (same_kind || run < RUN_MIN)
            && class.is_none_or(|class| class.admits(*other))
    };
    look_alikes(char::from(bytes[at])).filter(possible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Formats;

    #[test]
    fn a_character_of_two_looks_is_settled_by_its_run_or_its_format() {
        let formats = Formats::builtin();
        let settled = |value: &str| every_look_is_settled(value, formats.matching(value).next());
        assert!(settled("77087510") && settled("GPON22070112") && settled("XQB447AK22"));
        assert!(settled("C030UQ50550081"), "the format says what C0 is");
        assert!(!settled("A9A9G0ABAAM0034") && !settled("4K1AB2F7"), "nothing says that 0 is no O");
    }
}
