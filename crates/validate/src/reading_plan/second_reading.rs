//! Which printed lines deserve a second, independent reading.
//!
//! A second reading costs as much as the first. It is spent where agreement would decide: beside a
//! serial keyword, or where a value fits a format that the operator taught.

use crate::evidence::Evidence;
use crate::formats::Formats;
use crate::formats::format::Standing;
use crate::identifier::IdentifierKind;
use crate::judge::sighting::{self, Carrier, Reading, Sighting, looks_like_serial};
use crate::print::captions::Caption;
use crate::print::label::Joined;
use bumpalo::Bump;
use std::collections::BTreeMap;

/// Lines read again at most: a label has one serial.
const LINES_MAX: usize = 8;

/// A line of the first reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineRef {
    /// Index of the photo.
    pub photo: usize,
    /// Index in the photo's `lines`.
    pub line: usize,
}

/// The lines whose second reading may lead to an accepted serial, the most promising first, of
/// evidence that is not accepted as it stands. Empty if no line can become enough: a value that was
/// read again already gains nothing from a third look.
pub fn wants_second_reading(formats: &Formats, evidence: &Evidence) -> Vec<LineRef> {
    let arena = Bump::new();
    let seen = sighting::sightings(evidence, &arena);
    let mut promise: BTreeMap<LineRef, u8> = BTreeMap::new();
    for sighting in &seen {
        let Carrier::Print { reading: Reading::First, line, joined, ends, caption, .. } =
            sighting.carrier
        else {
            continue;
        };
        let again = |other: &&Sighting| {
            matches!(other.carrier, Carrier::Print { reading: Reading::Second, .. })
                && (other.value == sighting.value || other.same_ink(sighting))
        };
        if joined == Joined::Lines
            || !looks_like_serial(sighting.value)
            || seen.iter().any(|it| again(&it))
        {
            continue;
        }
        let keyed = matches!(sighting.named, Some((IdentifierKind::Serial, _)));
        let taught = || {
            let mut fitting = formats.matching(sighting.value);
            sighting.named.is_none() && fitting.any(|it| it.standing == Standing::Taught)
        };
        let rank = match (keyed, ends.are_clear()) {
            (true, true) => u8::from(caption != Caption::Inline),
            (true, false) => 2,
            _ if taught() => 3,
            _ => continue,
        };
        let line = LineRef { photo: sighting.place.photo, line };
        let best = promise.entry(line).or_insert(rank);
        *best = rank.min(*best);
    }
    let mut lines: Vec<(u8, LineRef)> =
        promise.into_iter().map(|(line, rank)| (rank, line)).collect();
    lines.sort();
    lines.into_iter().take(LINES_MAX).map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::evidence;

    fn lines(evidence: &Evidence) -> Vec<usize> {
        let wanted = wants_second_reading(&Formats::builtin(), evidence);
        wanted.into_iter().map(|wanted| wanted.line).collect()
    }

    #[test]
    fn only_lines_that_may_decide_are_read_again() {
        assert_eq!(lines(&evidence(&[], &["Made in X", "S/N: 77987515", "P/N: 1234567"])), [1]);
        assert!(lines(&evidence(&[], &["1234567"])).is_empty());
        let taught = "[[format]]\nname=\"meter\"\nshapes=[\"ddddddd\"]";
        let formats = Formats::builtin().with_operator_file(taught).expect("valid");
        let mut seen = evidence(&[], &["1234567"]);
        assert_eq!(wants_second_reading(&formats, &seen).len(), 1);
        seen.photos[0].second_lines = vec![crate::testing::line(9, "1234567")];
        assert!(wants_second_reading(&formats, &seen).is_empty());
    }
}
