//! Every value that the evidence shows, with who showed it and under what name.
//!
//! A sighting is a fact, not an opinion: the judge counts what several of them say about one value.

use crate::evidence::{
    Barcode, CharReading, Evidence, PhotoEvidence, Place, Quad, Symbology, TextLine,
};
use crate::identifier::IdentifierKind;
use crate::judge::verdict::Correction;
use crate::payload;
use crate::payload::field::Mark;
use crate::print::boundary::Boundaries;
use crate::print::keyword::Strength;
use crate::print::label::{self, Joined, Printed, VALUE_CHARS_MIN};
use crate::print::place::{Frame, same_spot};
use crate::serial::fold::{digits, fold, fold_char};
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

/// One value in one place. What it holds is in the arena of its judgement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting<'a> {
    /// Canonical form.
    pub(crate) value: &'a str,
    /// As printed or encoded.
    pub(crate) printed: &'a str,
    /// What carries it.
    pub(crate) carrier: Carrier,
    /// What it is said to be; `None` if nothing says so.
    pub(crate) named: Option<(IdentifierKind, Strength)>,
    /// Where.
    pub(crate) place: Place,
    /// Characters that were forced to their look-alikes; empty for the value as it was read.
    pub(crate) corrections: &'a [Correction],
}

/// What carries a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Carrier {
    /// A barcode.
    Barcode {
        /// Index in its photo.
        index: usize,
        symbology: Symbology,
        mark: Mark,
        /// A 1-D symbol needs two votes before it may count alone.
        counts: bool,
        /// A serial keyword without a value of its own stands next to it.
        captioned: bool,
        /// It is the first thing after such a keyword, in the keyword's row.
        after_keyword: bool,
    },
    /// A printed line.
    Print {
        /// Which reading saw it.
        reading: Reading,
        /// Index in its photo and reading.
        line: usize,
        /// Its characters in the line.
        span: (usize, usize),
        joined: Joined,
        /// What is known about its first and last character being its own.
        ends: Boundaries,
        /// The keyword that names it stands in another line.
        near: bool,
    },
}

/// Who read the print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reading {
    First,
    Second,
}

impl Sighting<'_> {
    pub(crate) fn is_barcode(&self) -> bool {
        matches!(self.carrier, Carrier::Barcode { .. })
    }

    /// Photo and index of the barcode that carries it.
    pub(crate) fn barcode(&self) -> Option<(usize, usize)> {
        match self.carrier {
            Carrier::Barcode { index, .. } => Some((self.place.photo, index)),
            Carrier::Print { .. } => None,
        }
    }

    /// Print of which nothing is cut off or glued on.
    pub(crate) fn is_whole_print(&self) -> bool {
        matches!(self.carrier, Carrier::Print { ends, .. } if ends.whole())
    }

    /// Print whose keyword stands in another line.
    pub(crate) fn is_near(&self) -> bool {
        matches!(self.carrier, Carrier::Print { near: true, .. })
    }

    /// Print that was put together from several lines: good only for comparing with a barcode.
    pub(crate) fn is_wrapped(&self) -> bool {
        matches!(self.carrier, Carrier::Print { joined: Joined::Lines, .. })
    }

    /// Whether two readings of print are of the same ink.
    pub(crate) fn same_ink(&self, other: &Self) -> bool {
        let (
            Carrier::Print { reading: one, line: line_of_one, span: a, .. },
            Carrier::Print { reading: two, line: line_of_two, span: b, .. },
        ) = (self.carrier, other.carrier)
        else {
            return false;
        };
        if self.place.photo != other.place.photo {
            return false;
        }
        match one == two {
            true => line_of_one == line_of_two && a.0 < b.1 && b.0 < a.1,
            false => same_spot(&self.place.quad, &other.place.quad),
        }
    }

    /// The line that it is printed in and its place there; `None` for a barcode and for a value of
    /// several lines.
    pub(crate) fn line<'e>(
        &self,
        evidence: &'e Evidence,
    ) -> Option<(&'e TextLine, (usize, usize))> {
        let Carrier::Print { reading, line, span, joined, .. } = self.carrier else { return None };
        let photo = evidence.photos.get(self.place.photo).filter(|_| joined != Joined::Lines)?;
        let lines = match reading {
            Reading::First => &photo.lines,
            Reading::Second => &photo.second_lines,
        };
        Some((lines.get(line)?, span))
    }

    /// The characters of its canonical form as they were read; none where [`Self::line`] is none.
    pub(crate) fn chars<'e>(&self, evidence: &'e Evidence) -> Vec<&'e CharReading> {
        let Some((line, span)) = self.line(evidence) else { return Vec::new() };
        let chars = line.chars.get(span.0..span.1).unwrap_or_default();
        chars.iter().filter(|char| fold_char(char.best).is_some()).collect()
    }

    /// Surely named a serial.
    pub(crate) fn says_serial(&self) -> bool {
        self.named == Some((IdentifierKind::Serial, Strength::Sure))
    }

    /// Surely named something that is not a serial.
    pub(crate) fn says_other(&self) -> Option<IdentifierKind> {
        match self.named {
            Some((kind, Strength::Sure)) if kind != IdentifierKind::Serial => Some(kind),
            _ => None,
        }
    }
}

/// Every sighting of the evidence, in an order that does not depend on the order of the evidence
/// within a photo.
pub(crate) fn sightings<'a>(evidence: &'a Evidence, arena: &'a Bump) -> ArenaVec<'a, Sighting<'a>> {
    let mut all = ArenaVec::new_in(arena);
    for (index, photo) in evidence.photos.iter().enumerate() {
        let first = label::read_label(&photo.lines, arena);
        let second = label::read_label(&photo.second_lines, arena);
        let fields = 2 * photo.barcodes.len();
        all.reserve(first.numbers.len() + second.numbers.len() + fields);
        barcodes(index, photo, &first.lone_serial_keywords, &mut all);
        print(index, &photo.lines, first.numbers, Reading::First, &mut all);
        print(index, &photo.second_lines, second.numbers, Reading::Second, &mut all);
    }
    all
}

fn barcodes<'a>(
    index: usize,
    photo: &PhotoEvidence,
    captions: &[Quad],
    all: &mut ArenaVec<'a, Sighting<'a>>,
) {
    let arena = all.bump();
    for (position, barcode) in photo.barcodes.iter().enumerate() {
        let counts = is_two_dimensional(barcode.symbology) || barcode.votes >= 2;
        let captioned = captions.iter().any(|caption| is_captioned(caption, barcode, photo));
        let after_keyword = captions.iter().any(|caption| is_next(caption, barcode, photo));
        for field in payload::parse_payload(&barcode.payload, barcode.symbology, barcode.gs1) {
            let value = fold(&field.value);
            let strength = match field.mark {
                Mark::Named => Strength::Sure,
                _ => Strength::Weak,
            };
            let named = match field.kind {
                IdentifierKind::Other if field.mark != Mark::Named => None,
                kind => Some((kind, strength)),
            };
            if value.len() < VALUE_CHARS_MIN {
                continue;
            }
            all.push(Sighting {
                value: arena.alloc_str(&value),
                printed: arena.alloc_str(&field.value),
                carrier: Carrier::Barcode {
                    index: position,
                    symbology: barcode.symbology,
                    mark: field.mark,
                    counts,
                    captioned,
                    after_keyword,
                },
                named,
                place: Place { photo: index, quad: barcode.quad },
                corrections: &[],
            });
        }
    }
}

/// Whether the barcode stands right below, above or after a lone keyword, nearer than any other
/// barcode.
fn is_captioned(caption: &Quad, barcode: &Barcode, photo: &PhotoEvidence) -> bool {
    let Some(frame) = Frame::of(caption) else { return false };
    let distance = |barcode: &Barcode| {
        let extent = frame.extent(&barcode.quad);
        let across = (extent.top - 1.0).max(-extent.bottom).max(0.0);
        let along = (extent.left - frame.length).max(-extent.right).max(0.0);
        across.hypot(along)
    };
    let own = distance(barcode);
    let near = |other: &&Barcode| other.payload != barcode.payload && distance(other) < own + 2.0;
    own < 3.0 && photo.barcodes.iter().find(near).is_none()
}

/// Whether the barcode is the first thing after a lone keyword in its row.
fn is_next(caption: &Quad, barcode: &Barcode, photo: &PhotoEvidence) -> bool {
    let Some(frame) = Frame::of(caption) else { return false };
    let gap = |quad: &Quad| {
        let extent = frame.extent(quad);
        let gap = extent.left - frame.length;
        let in_row = extent.top < 0.5 && extent.bottom > 0.5;
        (in_row && (-0.5..ROW_GAP_MAX).contains(&gap)).then_some(gap)
    };
    let Some(own) = gap(&barcode.quad) else { return false };
    let nearer = |quad: &Quad| gap(quad).is_some_and(|gap| gap < own);
    !photo.barcodes.iter().any(|other| nearer(&other.quad))
        && !photo.lines.iter().any(|line| nearer(&line.quad))
}

fn print<'a>(
    index: usize,
    lines: &[TextLine],
    numbers: ArenaVec<'a, Printed<'a>>,
    reading: Reading,
    all: &mut ArenaVec<'a, Sighting<'a>>,
) {
    for printed in numbers {
        all.push(Sighting {
            value: printed.value,
            printed: printed.text.trim(),
            carrier: Carrier::Print {
                reading,
                line: printed.line,
                span: printed.span,
                joined: printed.joined,
                ends: printed.ends,
                near: printed.near,
            },
            named: printed.named,
            place: Place { photo: index, quad: lines[printed.line].quad },
            corrections: &[],
        });
    }
}

/// Heights of a keyword that its barcode may stand off in its row.
const ROW_GAP_MAX: f32 = 5.0;

/// Whether a symbol's own error correction vouches for its payload.
pub(crate) fn is_two_dimensional(symbology: Symbology) -> bool {
    use Symbology::*;
    matches!(symbology, DataMatrix | QrCode | Pdf417 | Aztec)
}

/// Characters of the longest value that is taken for a serial.
pub(crate) const SERIAL_CHARS_MAX: usize = 32;

/// Whether a canonical value has a form that may be a serial at all: 6 to 32 characters, a digit
/// among them. Nothing else is ever accepted.
pub fn looks_like_serial(value: &str) -> bool {
    (VALUE_CHARS_MIN + 1..=SERIAL_CHARS_MAX).contains(&value.len()) && digits(value) >= 1
}
