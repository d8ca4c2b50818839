//! What was expected, what was seen and what is registered, held against each other.
//!
//! Pure. A serial that stands in the place of one that it only looks like is told as that and not
//! as one too many and one missing; nothing is ever taken for another serial here.

use crate::estate::look;
use crate::serial::canonical::canonical;
use crate::serial::look_alike::look_alike_distance;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Look-alikes in which two serials may differ and still be told as one written in two ways.
const PLACES_MAX: usize = 2;

/// How a serial disagrees with the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disagreement {
    /// Expected, and not seen.
    Missing,
    /// Seen, and not expected.
    Unexpected,
    /// Seen in place of an expected one that is missing, from which look-alikes alone tell it.
    LookAlike,
    /// Seen beside an expected one that was seen too, from which look-alikes alone tell it: perhaps
    /// one device under two serials.
    PerhapsSame,
    /// Expected more than once.
    ExpectedTwice,
    /// Seen on more than one device.
    SeenTwice,
    /// Registered more than once.
    RegisteredTwice,
    /// Seen, and not registered.
    NotRegistered,
    /// Seen, and registered as another one, from which look-alikes alone tell it.
    RegisteredAs,
    /// Registered, and neither expected nor seen.
    OnlyRegistered,
}

impl Disagreement {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::Missing,
        Self::Unexpected,
        Self::LookAlike,
        Self::PerhapsSame,
        Self::ExpectedTwice,
        Self::SeenTwice,
        Self::RegisteredTwice,
        Self::NotRegistered,
        Self::RegisteredAs,
        Self::OnlyRegistered,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unexpected => "unexpected",
            Self::LookAlike => "look_alike",
            Self::PerhapsSame => "perhaps_same",
            Self::ExpectedTwice => "expected_twice",
            Self::SeenTwice => "seen_twice",
            Self::RegisteredTwice => "registered_twice",
            Self::NotRegistered => "not_registered",
            Self::RegisteredAs => "registered_as",
            Self::OnlyRegistered => "only_registered",
        }
    }
}

/// A serial that disagrees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disagreeing {
    /// How.
    pub what: Disagreement,
    /// The serial in canonical form.
    pub serial: String,
    /// The serial that it looks like, where that is what disagrees.
    pub other: Option<String>,
}

/// What came of holding the lists against each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Different serials that were expected.
    pub expected: usize,
    /// Different serials that were seen.
    pub seen: usize,
    /// Different serials that are registered, if a registry was asked.
    pub registered: Option<usize>,
    /// Serials that stand once on every list.
    pub agree: usize,
    /// The rest, by kind and serial.
    pub disagreeing: Vec<Disagreeing>,
}

/// Holds serials, in any spelling, against each other. `registered` is `None` if no registry was
/// asked. Seen twice means on two devices: whoever met one device several times names it once.
pub fn reconcile(
    expected: impl IntoIterator<Item = String>,
    seen: impl IntoIterator<Item = String>,
    registered: Option<Vec<String>>,
) -> Reconciliation {
    let expected = List::new(expected);
    let seen = List::new(seen);
    let registered = registered.map(List::new);
    let mut told: Vec<Disagreeing> = Vec::new();
    expected.doubled(Disagreement::ExpectedTwice, &mut told);
    seen.doubled(Disagreement::SeenTwice, &mut told);
    expected_and_seen(&expected, &seen, &mut told);
    if let Some(registered) = &registered {
        registered.doubled(Disagreement::RegisteredTwice, &mut told);
        registered_and_seen(registered, &expected, &seen, &mut told);
    }
    told.sort();
    let everywhere = |serial: &&String| {
        let once = |list: &List| list.counts.get(*serial) == Some(&1);
        once(&expected) && once(&seen) && registered.as_ref().is_none_or(once)
    };
    Reconciliation {
        expected: expected.counts.len(),
        seen: seen.counts.len(),
        registered: registered.as_ref().map(|list| list.counts.len()),
        agree: seen.counts.keys().filter(everywhere).count(),
        disagreeing: told,
    }
}

fn expected_and_seen(expected: &List, seen: &List, told: &mut Vec<Disagreeing>) {
    let mut missing = Alike::new(expected.not_in(seen));
    let there = Alike::new(expected.counts.keys().filter(|serial| seen.has(serial)));
    for serial in seen.not_in(expected) {
        // One that was seen and is nearer is the same device, whatever else is missing.
        let (what, other) = match (missing.nearest(serial), there.nearest(serial)) {
            (Some((far, _)), Some((near, other))) if near < far => {
                (Disagreement::PerhapsSame, Some(other))
            }
            (Some(_), _) => (Disagreement::LookAlike, missing.take(serial)),
            (None, Some((_, other))) => (Disagreement::PerhapsSame, Some(other)),
            (None, None) => (Disagreement::Unexpected, None),
        };
        let other = other.map(str::to_owned);
        told.push(Disagreeing { what, serial: serial.clone(), other });
    }
    told.extend(missing.rest().map(|serial| Disagreeing {
        what: Disagreement::Missing,
        serial: serial.to_owned(),
        other: None,
    }));
}

fn registered_and_seen(
    registered: &List,
    expected: &List,
    seen: &List,
    told: &mut Vec<Disagreeing>,
) {
    let mut unseen = Alike::new(registered.not_in(seen).filter(|serial| !expected.has(serial)));
    for serial in seen.not_in(registered) {
        let other = unseen.take(serial).map(str::to_owned);
        let what = match other {
            Some(_) => Disagreement::RegisteredAs,
            None => Disagreement::NotRegistered,
        };
        told.push(Disagreeing { what, serial: serial.clone(), other });
    }
    told.extend(unseen.rest().map(|serial| Disagreeing {
        what: Disagreement::OnlyRegistered,
        serial: serial.to_owned(),
        other: None,
    }));
}

/// The serials of one list and how often each stands there.
struct List {
    counts: BTreeMap<String, usize>,
}

impl List {
    fn new(serials: impl IntoIterator<Item = String>) -> Self {
        let mut counts = BTreeMap::new();
        for serial in serials.into_iter().filter_map(|serial| canonical(&serial).ok()) {
            *counts.entry(serial).or_default() += 1;
        }
        Self { counts }
    }

    fn has(&self, serial: &str) -> bool {
        self.counts.contains_key(serial)
    }

    fn not_in(&self, other: &Self) -> impl Iterator<Item = &String> {
        self.counts.keys().filter(|serial| !other.has(serial))
    }

    fn doubled(&self, what: Disagreement, told: &mut Vec<Disagreeing>) {
        let doubled = self.counts.iter().filter(|(_, count)| **count > 1);
        told.extend(doubled.map(|(serial, _)| Disagreeing {
            what,
            serial: serial.clone(),
            other: None,
        }));
    }
}

/// Serials by their look, so that those which look alike are found without walking the list.
struct Alike<'a>(BTreeMap<String, BTreeSet<&'a str>>);

impl<'a> Alike<'a> {
    fn new(serials: impl Iterator<Item = &'a String>) -> Self {
        let mut by_look: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for serial in serials {
            by_look.entry(look(serial)).or_default().insert(serial);
        }
        Self(by_look)
    }

    /// The one that differs in the fewest places, by look-alikes alone, and in how many.
    fn nearest(&self, serial: &str) -> Option<(usize, &'a str)> {
        let alike = self.0.get(&look(serial))?.iter();
        let near = alike.filter_map(|other| Some((look_alike_distance(serial, other)?, *other)));
        near.filter(|(places, _)| *places <= PLACES_MAX).min()
    }

    /// The same, which is then no longer there.
    fn take(&mut self, serial: &str) -> Option<&'a str> {
        let (_, nearest) = self.nearest(serial)?;
        self.0.get_mut(&look(serial))?.remove(nearest);
        Some(nearest)
    }

    fn rest(&self) -> impl Iterator<Item = &'a str> {
        self.0.values().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(serials: &[&str]) -> Vec<String> {
        serials.iter().map(|serial| serial.to_string()).collect()
    }

    fn told(expected: &[&str], seen: &[&str], registered: Option<&[&str]>) -> Vec<String> {
        let found = reconcile(strings(expected), strings(seen), registered.map(strings));
        let told = found.disagreeing.into_iter();
        told.map(|it| {
            let other = it.other.map(|other| format!(" {other}")).unwrap_or_default();
            format!("{} {}{other}", it.what.name(), it.serial)
        })
        .collect()
    }

    #[test]
    fn lists_that_agree_say_nothing_in_any_spelling() {
        let found = reconcile(
            strings(&["324-689-776", "6A000001"]),
            strings(&["6a000001", "324689776"]),
            Some(strings(&["S/N: 324 689 776", "6A000001"])),
        );
        let all = Reconciliation {
            expected: 2,
            seen: 2,
            registered: Some(2),
            agree: 2,
            disagreeing: Vec::new(),
        };
        assert_eq!(found, all);
        assert_eq!(reconcile([], [], None), Reconciliation::default());
    }

    #[test]
    fn each_way_to_disagree_is_told_once() {
        for (expected, seen, registered, told_so) in [
            (&["1170000652"][..], &[][..], None, &["missing 1170000652"][..]),
            (&[], &["1170000652"], None, &["unexpected 1170000652"]),
            (&["6A000001"], &["6AO00001"], None, &["look_alike 6AO00001 6A000001"]),
            (&["6A000001"], &["6A000001", "6AO00001"], None, &["perhaps_same 6AO00001 6A000001"]),
            (
                &["6A000001", "6a000001"],
                &["6A000001", "6A000001"],
                None,
                &["expected_twice 6A000001", "seen_twice 6A000001"],
            ),
            (&["6A000001"], &["6A000001"], Some(&[][..]), &["not_registered 6A000001"]),
            (
                &["6A000001"],
                &["6A000001"],
                Some(&["6AO00001"]),
                &["registered_as 6A000001 6AO00001"],
            ),
            (&[], &[], Some(&["77"]), &["only_registered 77"]),
            (&["77"], &[], Some(&["77", "77"]), &["missing 77", "registered_twice 77"]),
        ] {
            assert_eq!(told(expected, seen, registered), told_so, "{expected:?} {seen:?}");
        }
    }

    #[test]
    fn one_missing_serial_stands_for_one_that_looks_like_it() {
        assert_eq!(
            told(&["B0000001"], &["80000001", "30000001"], None),
            ["unexpected 30000001", "look_alike 80000001 B0000001"],
            "3 looks like 8, and not like B"
        );
        assert_eq!(
            told(&["1S000000"], &["I5000000", "15000000"], None),
            ["unexpected I5000000", "look_alike 15000000 1S000000"]
        );
    }

    #[test]
    fn the_nearest_look_alike_is_named() {
        assert_eq!(
            told(&["0821004325", "0821001325"], &["0821004325", "O821004325"], None),
            ["missing 0821001325", "perhaps_same O821004325 0821004325"]
        );
    }

    #[test]
    fn every_kind_has_the_name_that_it_is_written_with() {
        for what in Disagreement::ALL {
            assert_eq!(serde_json::to_value(what).unwrap(), what.name());
        }
    }
}
