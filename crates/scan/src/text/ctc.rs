//! From a recogniser's output to characters: connectionist temporal classification (Graves et al.
//! 2006). Each time step gives a probability for every class and for the blank; equal classes in a
//! row are one character, and a blank parts repeated ones.

use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;
use validate::{CharReading, Lattice};

/// Classes below this probability never decide a character.
const P_MIN: f32 = 1e-4;
/// Classes that are looked at together.
const CHUNK: usize = 64;
/// Classes kept a step, the blank included.
const CLASSES_MAX: usize = 8;

/// The characters of a recogniser's classes; class 0 is the blank.
pub(crate) struct Alphabet(Vec<char>);

impl Alphabet {
    /// One entry a line, from class 1 on.
    pub(crate) fn from_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        // An entry of several code points (none is a letter or digit) reads as its first.
        Self(lines.map(|line| line.chars().next().unwrap_or(' ')).collect())
    }

    /// Number of classes, the blank included.
    pub(crate) fn classes(&self) -> usize {
        self.0.len() + 1
    }

    fn char(&self, class: usize) -> Option<char> {
        class.checked_sub(1).and_then(|index| self.0.get(index)).copied()
    }
}

/// Decodes `[steps, classes]` probabilities into the best characters and the pruned lattice.
pub(crate) fn decode(
    probabilities: NdTensorView<f32, 2>,
    alphabet: &Alphabet,
) -> (Vec<CharReading>, Lattice) {
    let mut chars: Vec<CharReading> = Vec::new();
    let mut lattice = Lattice { steps: Vec::with_capacity(probabilities.size(0)) };
    let mut last = 0;
    for step in 0..probabilities.size(0) {
        let kept = most_probable(probabilities.slice(step));
        let (best, p) = kept.first().copied().unwrap_or((0, 0.0));
        if let Some(char) = alphabet.char(best) {
            let reading = reading(char, p, &kept, alphabet, step);
            match chars.last_mut() {
                Some(peak) if last == best => {
                    if p > peak.p {
                        *peak = reading;
                    }
                }
                _ => chars.push(reading),
            }
        }
        last = best;
        lattice.steps.push(
            kept.iter().map(|&(class, p)| (alphabet.char(class), p.max(P_MIN).ln())).collect(),
        );
    }
    (chars, lattice)
}

fn reading(
    best: char,
    p: f32,
    kept: &[(usize, f32)],
    alphabet: &Alphabet,
    step: usize,
) -> CharReading {
    let runner_up = kept[1..].iter().find_map(|&(class, p)| Some((alphabet.char(class)?, p)));
    CharReading {
        best,
        p,
        runner_up: runner_up.map(|(char, _)| char),
        runner_up_p: runner_up.map_or(0.0, |(_, p)| p),
        step: step as u16,
    }
}

/// The classes worth keeping of one step, best first.
fn most_probable(classes: NdTensorView<f32, 1>) -> Vec<(usize, f32)> {
    let mut kept: Vec<(usize, f32)> = Vec::with_capacity(CLASSES_MAX + 1);
    let classes = classes.to_slice();
    for (chunk, values) in classes.chunks(CHUNK).enumerate() {
        // Nearly all are near zero: a look at many at once passes over them.
        if values.iter().fold(0.0, |most: f32, &p| if p > most { p } else { most }) <= P_MIN {
            continue;
        }
        for (at, &p) in values.iter().enumerate() {
            if p <= P_MIN || kept.len() == CLASSES_MAX && p <= kept[CLASSES_MAX - 1].1 {
                continue;
            }
            let place = kept.partition_point(|&(_, other)| other >= p);
            kept.insert(place, (chunk * CHUNK + at, p));
            kept.truncate(CLASSES_MAX);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_tensor::NdTensor;

    fn decoded(rows: &[[f32; 4]]) -> (String, Lattice) {
        let alphabet = Alphabet::from_lines("A\nB\n8".lines());
        let data = rows.iter().flatten().copied().collect::<Vec<_>>();
        let output = NdTensor::from_data([rows.len(), 4], data);
        let (chars, lattice) = decode(output.view(), &alphabet);
        (chars.iter().map(|char| char.best).collect(), lattice)
    }

    #[test]
    fn equal_steps_are_one_character_and_a_blank_separates_two() {
        let (a, blank) = ([0.1, 0.9, 0.0, 0.0], [0.9, 0.1, 0.0, 0.0]);
        assert_eq!(decoded(&[a, a]).0, "A");
        assert_eq!(decoded(&[a, blank, a]).0, "AA");
        assert_eq!(decoded(&[blank, blank]).0, "");
        assert_eq!(decoded(&[]).0, "");
    }

    #[test]
    fn runner_up_is_a_character_and_lattice_is_sorted_and_pruned() {
        let alphabet = Alphabet::from_lines("A\nB\n8".lines());
        let output = NdTensor::from_data([1, 4], vec![0.25, 0.000_05, 0.55, 0.2]);
        let (chars, lattice) = decode(output.view(), &alphabet);
        assert_eq!((chars[0].best, chars[0].runner_up), ('B', Some('8')));
        let classes: Vec<_> = lattice.steps[0].iter().map(|&(class, _)| class).collect();
        assert_eq!(classes, [Some('B'), None, Some('8')]);
    }
}
