//! Print that was misread by look-alikes, read as what it must be.
//!
//! Two things can force a character: a format with one class at that place, and the list of
//! expected serials. Nothing else corrects, a barcode's value never is, and where more than one
//! correction is valid none is made. The value as read stays in evidence beside the corrected one,
//! with every character that was changed.

use crate::estate::Estate;
use crate::evidence::{CharReading, Evidence};
use crate::formats::format::{Format, Standing};
use crate::formats::shape::Shape;
use crate::judge::lattice;
use crate::judge::sighting::Sighting;
use crate::judge::verdict::Correction;
use crate::serial::fold::fold_char;
use crate::serial::look_alike::{look_alike, look_alikes};
use bumpalo::collections::Vec as ArenaVec;

/// Characters of one value that may be corrected.
const CORRECTIONS_MAX: usize = 2;

/// A character read with this probability is what it is read as: below it are most wrong ones.
const SURE_P: f32 = 0.98;

/// Whether the reader was sure of a character. A probability that is no number is not sure.
pub(crate) fn is_sure(char: &CharReading) -> bool {
    char.p >= SURE_P
}

/// What the attempt to correct a value came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Corrected {
    /// One valid correction.
    To(String, Vec<Correction>),
    /// Several: a person must choose among these.
    Ambiguous(Vec<String>),
}

/// Adds the corrected reading of each printed value that a format or the list of expected serials
/// forces. `formats` are those that may force: taught ones, and makers' whose label this is.
/// Returns the values whose correction is ambiguous with their choices.
pub(crate) fn correct<'a>(
    formats: &[&Format],
    estate: &Estate,
    evidence: &Evidence,
    sightings: &mut ArenaVec<'a, Sighting<'a>>,
) -> Vec<(String, Vec<String>)> {
    let arena = sightings.bump();
    let mut corrected = Vec::new();
    let mut ambiguous = Vec::new();
    for sighting in sightings.iter().filter(|sighting| !sighting.is_barcode()) {
        if sighting.says_other().is_some() {
            continue;
        }
        let answer =
            expected(estate, evidence, sighting).or_else(|| forced(formats, evidence, sighting));
        match answer {
            Some(Corrected::To(value, corrections)) => {
                let value = arena.alloc_str(&value);
                let corrections = arena.alloc_slice_fill_iter(corrections);
                corrected.push(Sighting { value, corrections, ..*sighting });
            }
            Some(Corrected::Ambiguous(choices)) => {
                ambiguous.push((sighting.value.to_owned(), choices));
            }
            None => {}
        }
    }
    sightings.extend(corrected);
    ambiguous.sort();
    ambiguous.dedup();
    ambiguous
}

/// The one expected serial that differs by look-alikes alone. A digit is taken for another digit
/// only if the reader itself was unsure of it and held that one next likely: serials of one batch
/// differ by just that.
fn expected(estate: &Estate, evidence: &Evidence, sighting: &Sighting) -> Option<Corrected> {
    let value = sighting.value;
    match estate.resembling(value)[..] {
        [] => None,
        [only] if only == value => None,
        [only] => {
            let corrections = differences(value, only);
            let chars = sighting.chars(evidence);
            let possible = |correction: &Correction| {
                let same_class =
                    correction.read.is_ascii_digit() == correction.taken.is_ascii_digit();
                let held_next = |char: &&CharReading| {
                    !is_sure(char) && char.runner_up.and_then(fold_char) == Some(correction.taken)
                };
                !same_class || chars.get(correction.at).is_some_and(held_next)
            };
            corrections.iter().all(possible).then(|| Corrected::To(only.to_owned(), corrections))
        }
        ref several => {
            Some(Corrected::Ambiguous(several.iter().map(|&serial| serial.to_owned()).collect()))
        }
    }
}

/// What the formats force, if the value fits none of them as it stands.
fn forced(formats: &[&Format], evidence: &Evidence, sighting: &Sighting) -> Option<Corrected> {
    if formats.iter().any(|format| format.fits(sighting.value)) {
        return None;
    }
    let mut choices: Vec<String> = Vec::new();
    for format in formats.iter().filter(|format| format.has_length(sighting.value.len())) {
        for shape in &format.shapes {
            let valid = under_shape(shape, sighting.value);
            choices.extend(valid.into_iter().filter(|value| format.fits(value)));
        }
    }
    choices.sort();
    choices.dedup();
    match &choices[..] {
        [] => None,
        [only] => decodes_to(formats, evidence, sighting, only)
            .then(|| Corrected::To(only.clone(), differences(sighting.value, only))),
        _ => Some(Corrected::Ambiguous(choices)),
    }
}

/// Every value of a shape that differs from `value` only where the shape forbids what was read, by
/// look-alikes and in at most [`CORRECTIONS_MAX`] places.
pub(crate) fn under_shape(shape: &Shape, value: &str) -> Vec<String> {
    let classes = shape.classes();
    if value.len() != classes.len() {
        return Vec::new();
    }
    let wrong = value.chars().zip(classes).filter(|(char, class)| !class.admits(*char));
    if !(1..=CORRECTIONS_MAX).contains(&wrong.take(CORRECTIONS_MAX + 1).count()) {
        return Vec::new();
    }
    let mut valid = vec![String::with_capacity(value.len())];
    for (char, class) in value.chars().zip(classes) {
        let options: Vec<char> = match class.admits(char) {
            true => vec![char],
            false => look_alikes(char).filter(|like| class.admits(*like)).collect(),
        };
        valid = valid
            .iter()
            .flat_map(|start| options.iter().map(move |option| format!("{start}{option}")))
            .collect();
    }
    valid
}

/// Whether the recogniser's own alternatives, read under the format, come to the same value: a
/// second opinion on what the table of look-alikes says.
fn decodes_to(formats: &[&Format], evidence: &Evidence, sighting: &Sighting, value: &str) -> bool {
    let Some((line, span)) = sighting.line(evidence) else { return false };
    let steps = lattice::steps(&line.lattice, &line.chars, span.0, span.1);
    let shapes = formats.iter().flat_map(|format| &format.shapes);
    let mut fitting = shapes.filter(|shape| shape.fits(value));
    fitting.any(|shape| lattice::decode(shape, &steps).is_some_and(|found| found.value == value))
}

/// The places where two values of one length differ by look-alikes.
pub(crate) fn differences(read: &str, taken: &str) -> Vec<Correction> {
    let places = read.chars().zip(taken.chars()).enumerate();
    places
        .filter(|(_, (read, taken))| read != taken && look_alike(*read, *taken))
        .map(|(at, (read, taken))| Correction { at, read, taken })
        .collect()
}

/// Whether a format may force characters: the operator taught it, or it is unlike any other
/// number, or its maker's name stands on the label.
pub(crate) fn may_force(format: &Format, named: bool) -> bool {
    match format.standing {
        Standing::Taught => true,
        Standing::Vendor => format.distinctive || named,
        Standing::Permissive => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_class_forces_is_corrected() {
        let digits = Shape::parse("ddddd").expect("a shape");
        assert_eq!(under_shape(&digits, "1O3S5"), ["10355"]);
        assert_eq!(under_shape(&digits, "12345"), Vec::<String>::new(), "nothing to correct");
        assert_eq!(under_shape(&digits, "OOO45"), Vec::<String>::new(), "three are too many");
        assert_eq!(under_shape(&digits, "1234A"), Vec::<String>::new(), "A is no look-alike");
        assert_eq!(under_shape(&digits, "123I5"), ["12315", "12395"], "two are valid");
        assert_eq!(under_shape(&digits, "123O"), Vec::<String>::new(), "another length");
    }
}
