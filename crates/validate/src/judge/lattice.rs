//! Reading a line again under a format: of everything the recogniser held possible, the value of
//! the right form that is most probable, its runner-up, and how far apart the two are.
//!
//! The search is a prefix beam over the recogniser's time steps (CTC: Graves et al. 2006; prefix
//! beam: Hannun et al. 2014), cut to the character classes of one shape. A character that the
//! shape forbids may stand for its look-alike at a price, because a recogniser that is sure of `O`
//! often keeps no `0` at all.

use crate::evidence::{CharReading, Lattice};
use crate::formats::shape::{Class, Shape};
use crate::serial::fold::fold_char;
use crate::serial::look_alike::look_alikes;

/// Values kept at each step. Shapes leave few choices; 8 lost nothing against 64.
const BEAM: usize = 8;
/// Natural logarithm of the price of a look-alike: about 1 in 50.
const LOOK_ALIKE_LOG_P: f32 = -4.0;
/// Steps read at most: a line of 48 by 1600 pixels has 200.
const STEPS_MAX: usize = 400;
/// Classes taken of one step.
const CLASSES_MAX: usize = 8;

/// A value of the right form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decoded {
    /// The most probable value.
    pub(crate) value: String,
    /// The next most probable one.
    pub(crate) runner_up: Option<String>,
    /// Natural logarithm of how many times more probable the best is; infinite without runner-up.
    pub(crate) margin: f32,
}

#[derive(Clone)]
struct Hypothesis {
    value: String,
    /// The character as it was read that ended the value: a repeat of it is the same character.
    last: Option<char>,
    /// Log-probability of ending in a blank, and of ending in `last`.
    blank: f32,
    open: f32,
}

impl Hypothesis {
    fn total(&self) -> f32 {
        log_add(self.blank, self.open)
    }
}

/// Decodes a part of a line under one shape; `None` if nothing of that form is possible.
pub(crate) fn decode(shape: &Shape, steps: &[Step]) -> Option<Decoded> {
    let classes = shape.classes();
    let mut beam =
        vec![Hypothesis { value: String::new(), last: None, blank: 0.0, open: f32::NEG_INFINITY }];
    for step in steps.iter().take(STEPS_MAX) {
        let mut next: Vec<Hypothesis> = Vec::with_capacity(BEAM * 4);
        for hypothesis in &beam {
            extend(hypothesis, step, classes, &mut next);
        }
        next.sort_by(|one, other| {
            other.total().total_cmp(&one.total()).then_with(|| one.value.cmp(&other.value))
        });
        next.truncate(BEAM);
        beam = next;
    }
    let mut whole = beam.into_iter().filter(|hypothesis| hypothesis.value.len() == classes.len());
    let best = whole.next()?;
    let second = whole.next();
    Some(Decoded {
        margin: second.as_ref().map_or(f32::INFINITY, |second| best.total() - second.total()),
        runner_up: second.map(|second| second.value),
        value: best.value,
    })
}

fn extend(from: &Hypothesis, step: &Step, classes: &[Class], next: &mut Vec<Hypothesis>) {
    for &(read, log_p) in step.iter().take(CLASSES_MAX) {
        // A separator ends a character as a blank does and adds nothing.
        let Some(char) = read.and_then(fold_char) else {
            let entry = entry(next, &from.value, from.last);
            entry.blank = log_add(entry.blank, from.total() + log_p);
            continue;
        };
        if from.last == Some(char) {
            let entry = entry(next, &from.value, from.last);
            entry.open = log_add(entry.open, from.open + log_p);
        }
        // The same character again is a new one only after a blank.
        let base = if from.last == Some(char) { from.blank } else { from.total() };
        let Some(class) = classes.get(from.value.len()).filter(|_| base > f32::NEG_INFINITY) else {
            continue;
        };
        let mut push = |taken: char, price: f32| {
            let mut value = from.value.clone();
            value.push(taken);
            let entry = entry(next, &value, Some(char));
            entry.open = log_add(entry.open, base + log_p + price);
        };
        if class.admits(char) {
            push(char, 0.0);
        } else {
            look_alikes(char)
                .filter(|like| class.admits(*like))
                .for_each(|like| push(like, LOOK_ALIKE_LOG_P));
        }
    }
}

fn entry<'a>(next: &'a mut Vec<Hypothesis>, value: &str, last: Option<char>) -> &'a mut Hypothesis {
    let found = next.iter().position(|known| known.last == last && known.value == value);
    let index = found.unwrap_or_else(|| {
        next.push(Hypothesis {
            value: value.to_owned(),
            last,
            blank: f32::NEG_INFINITY,
            open: f32::NEG_INFINITY,
        });
        next.len() - 1
    });
    &mut next[index]
}

fn log_add(one: f32, other: f32) -> f32 {
    let (most, least) = if one >= other { (one, other) } else { (other, one) };
    if least == f32::NEG_INFINITY { most } else { most + (least - most).exp().ln_1p() }
}

/// What one time step holds possible, with natural-log probabilities.
pub(crate) type Step = Vec<(Option<char>, f32)>;

/// The time steps of a part of a line: the recogniser's own between the characters before and
/// after, or, if it kept none, its characters with their runners-up.
pub(crate) fn steps(lattice: &Lattice, chars: &[CharReading], from: usize, to: usize) -> Vec<Step> {
    let edge = |at: usize| chars.get(at).map(|char| usize::from(char.step));
    let first = match from {
        0 => 0,
        _ => edge(from - 1).map_or(0, |step| step + 1),
    };
    let last = edge(to).unwrap_or(lattice.steps.len()).min(lattice.steps.len());
    let sound = |step: &Step| step.iter().all(|(_, log_p)| log_p.is_finite() && *log_p <= 0.1);
    match lattice.steps.get(first..last) {
        Some(steps) if !steps.is_empty() && steps.iter().all(sound) => steps.to_vec(),
        _ => chars.get(from..to).unwrap_or_default().iter().flat_map(of_char).collect(),
    }
}

fn of_char(char: &CharReading) -> [Step; 2] {
    let log = |p: f32| if p.is_finite() { p.clamp(1e-6, 1.0).ln() } else { -14.0 };
    let mut step = vec![(Some(char.best), log(char.p))];
    step.extend(char.runner_up.map(|runner_up| (Some(runner_up), log(char.runner_up_p))));
    [step, vec![(None, 0.0)]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(written: &str) -> Shape {
        Shape::parse(written).expect("a shape")
    }

    /// A lattice of one character a step with its alternatives, a blank between each.
    fn spelled(characters: &[&[(char, f32)]]) -> Vec<Step> {
        let step = |options: &&[(char, f32)]| {
            let options = options.iter().map(|&(char, p)| (Some(char), p.ln())).collect();
            [options, vec![(None, 0.99f32.ln())]]
        };
        characters.iter().flat_map(step).collect()
    }

    #[test]
    fn the_form_decides_between_look_alikes() {
        let steps = spelled(&[&[('1', 0.9)], &[('O', 0.95), ('0', 0.04)], &[('S', 0.999)]]);
        let decoded = decode(&shape("ddd"), &steps).expect("decoded");
        assert_eq!(decoded.value, "105");
        assert_eq!(decode(&shape("dxa"), &steps).expect("decoded").value, "1OS");
        assert_eq!(decode(&shape("dddd"), &steps), None);
    }

    #[test]
    fn the_margin_says_how_close_the_runner_up_is() {
        let steps = spelled(&[&[('3', 0.6), ('8', 0.3)], &[('1', 0.99)]]);
        let decoded = decode(&shape("dd"), &steps).expect("decoded");
        assert_eq!((decoded.value.as_str(), decoded.runner_up.as_deref()), ("31", Some("81")));
        assert!((decoded.margin - 2f32.ln()).abs() < 0.01, "{}", decoded.margin);
    }

    #[test]
    fn repeats_need_a_blank_between_them() {
        let seven = || vec![(Some('7'), -0.01f32)];
        let blank = || vec![(None, -0.01f32)];
        let glued = [seven(), seven(), seven()];
        assert_eq!(decode(&shape("dd"), &glued), None);
        assert_eq!(decode(&shape("d"), &glued).expect("decoded").value, "7");
        let apart = [seven(), blank(), seven()];
        assert_eq!(decode(&shape("dd"), &apart).expect("decoded").value, "77");
    }

    #[test]
    fn separators_and_lower_case_do_not_matter() {
        let steps = spelled(&[&[('c', 0.9)], &[('-', 0.9)], &[(' ', 0.9)], &[('1', 0.9)]]);
        assert_eq!(decode(&shape("ad"), &steps).expect("decoded").value, "C1");
    }

    #[test]
    fn a_line_without_a_lattice_gives_its_characters() {
        let line = crate::testing::line(0, "S/N: 0821O32398");
        let steps = steps(&line.lattice, &line.chars, 5, 15);
        assert_eq!(decode(&shape("dddddddddd"), &steps).expect("decoded").value, "0821032398");
    }
}
