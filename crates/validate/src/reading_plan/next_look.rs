//! Which look at the photos is worth having next, judged once a round from the evidence so far.
//!
//! The reader obeys and knows no reasons: it reads, looks again, and asks once more. A plan
//! remembers the looks that it asked for, because most of them are worth having only once.

use crate::estate::Estate;
use crate::evidence::{Evidence, Place, Quad, Source, Surface};
use crate::formats::Formats;
use crate::formats::format::Standing;
use crate::judge::check::Check;
use crate::judge::judge;
use crate::judge::reason::ReasonCode;
use crate::judge::verdict::{Serial, Verdict};
use crate::print::place::size;
use crate::reading_plan::second_reading::{LineRef, wants_second_reading};
use crate::serial::fold::fold;

/// Fewer lines than this are no label.
const LABEL_LINES_MIN: usize = 2;
/// The serial of a second device is printed in a line of like size: within these factors of the
/// height and of the width of the first one's.
const LIKE_HEIGHT_FACTOR_MAX: f32 = 1.7;
const LIKE_WIDTH_FACTOR_MAX: f32 = 2.0;

/// What a reader should do next.
#[derive(Clone, Debug, PartialEq)]
pub enum NextLook {
    /// Nothing: the evidence is accepted, and nothing unread could speak against it.
    Enough,
    /// Read the next lines that were found and not read yet.
    ReadMore,
    /// Read these lines a second time, by another detection and another recogniser.
    ReadAgain(Vec<LineRef>),
    /// Look for print around this barcode, which no print confirms so far.
    Beside(Place),
    /// Look for print once more at a larger scale.
    Closer,
    /// Nothing: no look that is left could change the answer.
    Stop,
}

/// The looks at the photos of one terminal, one after the other.
pub struct ReadingPlan<'a> {
    formats: &'a Formats,
    /// Photo and place of the lines that were read a second time.
    read_again: Vec<(usize, Quad)>,
    looked_beside: bool,
    looked_closer: bool,
}

impl<'a> ReadingPlan<'a> {
    /// A plan for photos of which nothing was read yet.
    pub fn new(formats: &'a Formats) -> Self {
        Self { formats, read_again: Vec::new(), looked_beside: false, looked_closer: false }
    }

    /// The look that is worth having next. `unread` holds the places of the lines that were found
    /// and still wait to be read, in any photo.
    ///
    /// Every line is asked for a second reading at most once, [`NextLook::Beside`] and
    /// [`NextLook::Closer`] come at most once each: a reader that empties `unread` reaches
    /// [`NextLook::Enough`] or [`NextLook::Stop`].
    pub fn next_look(&mut self, evidence: &Evidence, unread: &[Quad]) -> NextLook {
        let verdict = judge(self.formats, evidence, &Estate::unknown()).verdict;
        match &verdict {
            Verdict::Accepted { serial } if is_settled(serial, evidence, unread) => {
                return NextLook::Enough;
            }
            _ if !unread.is_empty() => return NextLook::ReadMore,
            _ => {}
        }
        let lines = self.not_read_again(evidence);
        if !lines.is_empty() {
            return NextLook::ReadAgain(lines);
        }
        if !self.looked_beside
            && let Some(barcode) = lacks_print(&verdict)
        {
            self.looked_beside = true;
            return NextLook::Beside(barcode);
        }
        if !self.looked_closer && self.closer_look_may_help(&verdict, evidence) {
            // Print beside a barcode is found by the closer look too.
            (self.looked_beside, self.looked_closer) = (true, true);
            return NextLook::Closer;
        }
        NextLook::Stop
    }

    /// The lines that a second reading may settle, without those that had theirs.
    fn not_read_again(&mut self, evidence: &Evidence) -> Vec<LineRef> {
        let place =
            |line: &LineRef| (line.photo, evidence.photos[line.photo].lines[line.line].quad);
        let mut lines = wants_second_reading(self.formats, evidence);
        lines.retain(|line| !self.read_again.contains(&place(line)));
        self.read_again.extend(lines.iter().map(place));
        lines
    }

    /// Whether something is known to be there that was not found: print at all, print that agrees
    /// with a barcode, or a value that fits a format taught by the operator. A closer look costs
    /// more than the first one, so that mere hope is no reason.
    fn closer_look_may_help(&self, verdict: &Verdict, evidence: &Evidence) -> bool {
        let few_lines = evidence.photos.iter().all(|photo| photo.lines.len() < LABEL_LINES_MIN);
        let taught = self.formats.iter().any(|format| format.standing == Standing::Taught);
        let differ = match verdict {
            Verdict::Review { reasons, .. } => {
                reasons.iter().any(|reason| reason.0 == ReasonCode::BarcodeTextDiffer)
            }
            _ => false,
        };
        few_lines || taught || differ
    }
}

/// Whether nothing unread could speak against an accepted serial: nothing is unread, or the serial
/// was named as one, no unread line looks like the serial of another device, and where label and
/// screen were photographed to be compared, both show it.
fn is_settled(serial: &Serial, evidence: &Evidence, unread: &[Quad]) -> bool {
    if unread.is_empty() {
        return true;
    }
    let named = |check: &Check| matches!(check, Check::Keyword | Check::BarcodeIdentifier);
    let own = fold(&serial.printed);
    let lines = evidence.photos.iter().flat_map(|photo| &photo.lines);
    let printed: Vec<Quad> =
        lines.filter(|line| fold(&line.text()).contains(&own)).map(|line| line.quad).collect();
    let rival = || unread.iter().any(|line| printed.iter().any(|own| is_like(line, own)));
    serial.checks.iter().any(named)
        && !printed.is_empty()
        && !rival()
        && is_shown_on_each_surface(evidence, &own)
}

/// Whether two lines are of about the same size.
fn is_like(line: &Quad, other: &Quad) -> bool {
    let near = |a: f32, b: f32, factor: f32| a < b * factor && b < a * factor;
    let ((width, height), (other_width, other_height)) = (size(line), size(other));
    near(height, other_height, LIKE_HEIGHT_FACTOR_MAX)
        && near(width, other_width, LIKE_WIDTH_FACTOR_MAX)
}

/// Whether each surface that was photographed shows a canonical value.
fn is_shown_on_each_surface(evidence: &Evidence, value: &str) -> bool {
    let shown = |surface: Surface| {
        evidence.photos.iter().filter(|photo| photo.surface == surface).any(|photo| {
            let printed = photo.lines.iter().map(|line| fold(&line.text()));
            let encoded = photo.barcodes.iter().map(|barcode| fold(&barcode.payload));
            printed.chain(encoded).any(|text| text.contains(value))
        })
    };
    evidence.photos.iter().all(|photo| shown(photo.surface))
}

/// The barcode of the likeliest serial, if no print says the same.
fn lacks_print(verdict: &Verdict) -> Option<Place> {
    let Verdict::Review { candidates, .. } = verdict else { return None };
    candidates.first().filter(|likeliest| likeliest.source == Source::Barcode)?.place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Symbology::Code128;
    use crate::testing::{evidence, line, photo, quad};

    /// The looks at evidence that no look changes, with one unread line until the first
    /// [`NextLook::ReadMore`].
    fn looks(formats: &Formats, seen: &Evidence, unread: &[Quad]) -> Vec<NextLook> {
        let mut plan = ReadingPlan::new(formats);
        let mut unread = unread.to_vec();
        let mut looks = Vec::new();
        loop {
            let look = plan.next_look(seen, &unread);
            let last = matches!(look, NextLook::Enough | NextLook::Stop);
            if look == NextLook::ReadMore {
                unread.clear();
            }
            looks.push(look);
            if last {
                return looks;
            }
            assert!(looks.len() < 8, "the plan ends: {looks:?}");
        }
    }

    fn small(x: f32) -> Quad {
        quad(x, 500.0, 20.0, 20.0)
    }

    #[test]
    fn named_barcode_with_its_print_is_enough_although_other_lines_are_unread() {
        let formats = Formats::builtin();
        let seen = evidence(&[(Code128, "77987515")], &["S/N: 77987515"]);
        assert_eq!(looks(&formats, &seen, &[small(0.0)]), [NextLook::Enough]);
        let rival = quad(0.0, 500.0, 120.0, 22.0);
        assert_eq!(looks(&formats, &seen, &[rival]), [NextLook::ReadMore, NextLook::Enough]);
    }

    #[test]
    fn accepted_label_waits_for_the_screen_that_was_photographed_too() {
        let formats = Formats::builtin();
        let label = photo(&[(Code128, "77987515")], &["S/N: 77987515"]);
        let screen = crate::evidence::PhotoEvidence { surface: Surface::Screen, ..photo(&[], &[]) };
        let seen = Evidence { photos: vec![label, screen] };
        assert_eq!(looks(&formats, &seen, &[small(0.0)])[0], NextLook::ReadMore);
    }

    #[test]
    fn print_alone_is_read_again_once_and_never_twice() {
        let formats = Formats::builtin();
        let seen = evidence(&[], &["Model: X990", "S/N: 77987515"]);
        let again = NextLook::ReadAgain(vec![LineRef { photo: 0, line: 1 }]);
        assert_eq!(looks(&formats, &seen, &[]), [again, NextLook::Stop]);
        let mut differs = seen.clone();
        differs.photos[0].second_lines = vec![line(1, "S/N: 77987516")];
        let looks = looks(&formats, &differs, &[]);
        let second = looks.iter().filter(|look| matches!(look, NextLook::ReadAgain(_)));
        assert!(second.count() <= 1, "{looks:?}");
    }

    #[test]
    fn barcode_without_its_print_is_looked_beside_once() {
        let formats = Formats::builtin();
        let seen = evidence(&[(Code128, "0821032398")], &["Made in X", "230 V"]);
        let barcode = seen.photos[0].barcodes[0].quad;
        let beside = NextLook::Beside(Place { photo: 0, quad: barcode });
        assert_eq!(looks(&formats, &seen, &[]), [beside, NextLook::Stop]);
    }

    #[test]
    fn closer_look_needs_something_that_is_known_to_be_missing() {
        let formats = Formats::builtin();
        let none = evidence(&[], &[]);
        assert_eq!(looks(&formats, &none, &[]), [NextLook::Closer, NextLook::Stop]);
        let words = evidence(&[], &["Made in X", "230 V"]);
        assert_eq!(looks(&formats, &words, &[]), [NextLook::Stop]);
        let taught = "[[format]]\nname=\"meter\"\nshapes=[\"ddddddd\"]";
        let formats = Formats::builtin().with_operator_file(taught).expect("valid");
        assert_eq!(looks(&formats, &words, &[]), [NextLook::Closer, NextLook::Stop]);
    }
}
