//! The serials that are expected: what an operator imported before the devices came.
//!
//! The list makes a reading more certain or holds it back; it never adds a serial that no photo
//! shows.

use crate::evidence::Evidence;
use crate::judge::sighting::{self, SERIAL_CHARS_MAX};
use crate::serial::canonical::canonical;
use crate::serial::fold::fold;
use crate::serial::look_alike::{self, look_alike_distance};
use bumpalo::Bump;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What the list of expected serials is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EstateMode {
    /// It is not looked at.
    Off,
    /// A serial on the list is more certain; one that is not on it is judged as if there were none.
    #[default]
    Helpful,
    /// A serial that is not on the list always goes to a person.
    Required,
}

/// The serials that are expected.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    mode: EstateMode,
    serials: BTreeSet<String>,
    /// The expected serials by their form with all look-alikes made one, so that a reading finds
    /// its few possible originals without walking the list.
    by_look: BTreeMap<String, Vec<String>>,
    part_numbers: BTreeSet<String>,
    /// The maker of each value that a known terminal has for its serial.
    makers: BTreeMap<String, String>,
}

impl Estate {
    /// No list: nothing is expected, everything is possible.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// A list of expected serials, in any spelling. What has no canonical form is never expected:
    /// whoever reads a list names such lines.
    pub fn new(mode: EstateMode, serials: impl IntoIterator<Item = String>) -> Self {
        let serials: BTreeSet<String> = serials
            .into_iter()
            .filter(|_| mode != EstateMode::Off)
            .filter_map(|serial| canonical(&serial).ok())
            .collect();
        let mut by_look: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for serial in &serials {
            by_look.entry(look(serial)).or_default().push(serial.clone());
        }
        Self { mode, serials, by_look, ..Self::default() }
    }

    /// Values known to be part numbers, because they were seen on two different devices. They are
    /// never accepted as a serial.
    pub fn with_part_numbers(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.part_numbers.extend(values.into_iter().map(|value| fold(&value)));
        self
    }

    /// The makers of known terminals, by their canonical serials. Who a device is does not change with
    /// the table of formats: a value that names another maker than the terminal known by it is a
    /// question.
    pub fn with_makers(mut self, makers: impl IntoIterator<Item = (String, String)>) -> Self {
        self.makers.extend(makers);
        self
    }

    /// The maker of the one known terminal that has this canonical value for its serial.
    pub fn maker(&self, value: &str) -> Option<&str> {
        self.makers.get(value).map(String::as_str)
    }

    /// Whether a value that is not on the list always goes to a person.
    pub fn is_required(&self) -> bool {
        self.mode == EstateMode::Required
    }

    /// Whether this canonical value is expected.
    pub fn expects(&self, value: &str) -> bool {
        self.serials.contains(value)
    }

    /// Whether this canonical value is known as a part number.
    pub fn is_part_number(&self, value: &str) -> bool {
        self.part_numbers.contains(value)
    }

    /// The expected serials that a reading may be a misreading of, by look-alikes only and at most
    /// two of them. An exact hit is its only answer.
    pub fn resembling(&self, value: &str) -> Vec<&str> {
        if self.serials.is_empty() {
            return Vec::new();
        }
        if let Some(exact) = self.serials.get(value) {
            return vec![exact];
        }
        let near = self.by_look.get(&look(value)).into_iter().flatten();
        near.filter(|serial| look_alike_distance(serial, value).is_some_and(|places| places <= 2))
            .map(String::as_str)
            .collect()
    }
}

/// The values that a judgement of this evidence may ask an estate about. Whoever keeps a long list
/// elsewhere looks up these and what has their [`look`], and hands over no more than that.
pub fn values_in_view(evidence: &Evidence) -> BTreeSet<String> {
    let arena = Bump::new();
    let values = sighting::sightings(evidence, &arena).into_iter().map(|sighting| sighting.value);
    values.filter(|value| value.len() <= SERIAL_CHARS_MAX).map(str::to_owned).collect()
}

/// A serial with every class of look-alikes written as its smallest member. Two serials of one
/// look need not be look-alikes themselves (the relation is not transitive): an [`Estate`] checks.
pub fn look(serial: &str) -> String {
    static SMALLEST: LazyLock<[char; 128]> =
        LazyLock::new(|| std::array::from_fn(|code| representative(code as u8 as char)));
    serial.chars().map(|char| SMALLEST.get(char as usize).copied().unwrap_or(char)).collect()
}

/// The smallest of all characters that can be reached over look-alikes.
fn representative(char: char) -> char {
    let mut reached = vec![char];
    let mut next = 0;
    while let Some(&from) = reached.get(next) {
        for like in look_alike::look_alikes(from) {
            if !reached.contains(&like) {
                reached.push(like);
            }
        }
        next += 1;
    }
    reached.into_iter().min().unwrap_or(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estate(serials: &[&str]) -> Estate {
        Estate::new(EstateMode::Helpful, serials.iter().map(|serial| serial.to_string()))
    }

    #[test]
    fn a_reading_finds_what_it_resembles() {
        let estate = estate(&["324-689-776", "6A000001", "6A0000O1"]);
        assert!(estate.expects("324689776"));
        assert_eq!(estate.resembling("324689776"), ["324689776"]);
        assert_eq!(estate.resembling("3246B9776"), ["324689776"]);
        assert_eq!(estate.resembling("6A0000D1").len(), 2, "two are as near");
        assert_eq!(estate.resembling("6A000001"), ["6A000001"], "an exact hit is the only one");
        assert!(estate.resembling("999999999").is_empty());
    }

    #[test]
    fn every_pair_of_look_alikes_shares_its_look() {
        for one in ('0'..='9').chain('A'..='Z') {
            for other in look_alike::look_alikes(one) {
                assert_eq!(representative(one), representative(other), "{one} {other}");
            }
        }
    }
}
