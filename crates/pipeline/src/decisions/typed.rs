//! The one rule of what a person may type: for decisions, swaps, the API and the command line alike.
//!
//! What resembles a reading of the same photo, place by place, is taken: look-alikes, and one or two
//! characters that the reader itself was unsure of. Anything else is typed
//! twice, and what a technician invents is looked at by somebody else. It must never take what is no
//! serial, nor name a maker whose name is not known.

use crate::settings::TypedSerials;
use validate::{Format, Formats, Judgement, Standing, Verdict, canonical};

/// Characters of a canonical serial: the longest known identifier has 50.
const SERIAL_CHARS: std::ops::RangeInclusive<usize> = 4..=50;
/// Characters that a person types, separators included.
const TYPED_CHARS_MAX: usize = 64;

/// Characters that the reader was unsure of and that may be anything.
const UNSURE_MAX: usize = 2;

/// Who types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typist {
    /// A technician, about an own scan.
    Technician,
    /// Somebody who answers for every terminal.
    Operator,
}

/// What becomes of a typed serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedVerdict {
    /// It is taken.
    Taken,
    /// It must be typed a second time.
    Again,
    /// Somebody else looks at it.
    Review,
}

/// The canonical form of what a person typed.
///
/// # Errors
/// Says what to send instead.
pub fn serial(typed: &str) -> Result<String, String> {
    let value = canonical(typed).map_err(|why| format!("serial: {why}"))?;
    if typed.chars().count() <= TYPED_CHARS_MAX && SERIAL_CHARS.contains(&value.len()) {
        return Ok(value);
    }
    let (least, most) = (SERIAL_CHARS.start(), SERIAL_CHARS.end());
    Err(format!("serial: {least} to {most} letters and digits"))
}

/// Whether `value` may stand, by who types it, what was read, and whether it was typed twice.
pub fn verdict(
    value: &str,
    is_typed_twice: bool,
    read: Option<&Judgement>,
    typist: Typist,
    rule: TypedSerials,
) -> TypedVerdict {
    if resembles_a_reading(value, read) {
        return TypedVerdict::Taken;
    }
    match (is_typed_twice, typist, rule) {
        (false, ..) => TypedVerdict::Again,
        (true, Typist::Technician, TypedSerials::Review) => TypedVerdict::Review,
        (true, ..) => TypedVerdict::Taken,
    }
}

/// Whether a value differs from something that was read as a serial by look-alikes alone, or where
/// the reader said that it was unsure.
pub(super) fn resembles_a_reading(value: &str, judgement: Option<&Judgement>) -> bool {
    match judgement.map(|judgement| &judgement.verdict) {
        Some(Verdict::Accepted { serial }) => resembles(value, &serial.value, &[]),
        Some(Verdict::Review { candidates, .. }) => {
            candidates.iter().any(|it| resembles(value, &it.value, &it.doubtful))
        }
        Some(Verdict::Unreadable { .. }) | None => false,
    }
}

fn resembles(value: &str, read: &str, doubtful: &[usize]) -> bool {
    let pairs = || read.chars().zip(value.chars()).enumerate();
    let other = pairs().filter(|(_, (a, b))| a != b && !validate::look_alike(*a, *b));
    let other: Vec<usize> = other.map(|(at, _)| at).collect();
    read.len() == value.len()
        && other.len() <= UNSURE_MAX
        && other.iter().all(|at| doubtful.contains(at))
}

/// The format that names the maker of a serial by itself, as the judge has it where no maker's name
/// is in view: the operator taught it, or it is like no other; else one that names none.
pub fn format_of<'a>(formats: &'a Formats, value: &str) -> Option<&'a Format> {
    formats.matching(value).find(|format| match format.standing {
        Standing::Taught | Standing::Permissive => true,
        Standing::Vendor => format.distinctive,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use validate::{Serial, Source};

    fn read(value: &str) -> Judgement {
        let serial = Serial::vouched(value, "pax", "pax-10", Source::Text);
        Judgement { verdict: Verdict::Accepted { serial }, identifiers: Vec::new() }
    }

    #[test]
    fn what_resembles_a_reading_is_taken_and_nothing_else_at_once() {
        use TypedVerdict::*;
        let near = read("O821032398");
        for (value, twice, read, typist, expected) in [
            ("0821032398", false, Some(&near), Typist::Technician, Taken),
            ("0821032399", false, Some(&near), Typist::Technician, Again),
            ("0821032399", true, Some(&near), Typist::Technician, Review),
            ("0821032399", true, Some(&near), Typist::Operator, Taken),
            ("HELLOWORLD", false, None, Typist::Operator, Again),
            ("HELLOWORLD", true, None, Typist::Technician, Review),
            ("HELLOWORLD", true, None, Typist::Operator, Taken),
        ] {
            let came = verdict(value, twice, read, typist, TypedSerials::Review);
            assert_eq!(came, expected, "{value} {twice} {typist:?}");
        }
        let allowed = verdict("HELLOWORLD", true, None, Typist::Technician, TypedSerials::Allow);
        assert_eq!(allowed, Taken);
    }

    #[test]
    fn one_or_two_characters_that_were_unsure_may_be_anything() {
        for (value, doubtful, expected) in [
            ("115824589", &[3][..], true),
            ("115824589", &[4], false),
            ("119824580", &[2, 3, 8], false),
            ("11502458", &[3], false),
        ] {
            assert_eq!(resembles(value, "115024589", doubtful), expected, "{value} {doubtful:?}");
        }
    }

    #[test]
    fn what_scanners_put_around_a_serial_goes() {
        for typed in ["]C00821032398\r\n", "0821032398\t", "S/N: 082 1032398\r"] {
            assert_eq!(serial(typed).as_deref(), Ok("0821032398"), "{typed:?}");
        }
        for typed in ["0O1", "0821032398;0821032399", "", "7".repeat(51).as_str()] {
            assert!(serial(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn a_maker_is_named_only_by_a_form_like_no_other() {
        let formats = Formats::builtin();
        let maker = |value| format_of(&formats, value).map(|format| format.vendor.clone());
        assert_ne!(maker("0821032398").as_deref(), Some("pax"), "any ten digits");
        assert_eq!(maker("C030UQ50550081").as_deref(), Some("clover"));
    }
}
