//! Every value that the evidence shows, with who showed it and under what name.
//!
//! A sighting is a fact, not an opinion: the judge counts what several of them say about one value.

use crate::evidence::{Barcode, CharReading, Evidence, PhotoEvidence, Place, Symbology, TextLine};
use crate::identifier::IdentifierKind;
use crate::judge::verdict::Correction;
use crate::payload;
use crate::payload::field::{Extent, Field, FieldRole};
use crate::print::boundary::Ends;
use crate::print::captions::{Caption, Code};
use crate::print::keyword::Strength;
use crate::print::label::{self, Joined, Printed};
use crate::print::line::{PRINTED_DIGITS_MIN, VALUE_CHARS_MIN};
use crate::print::place::same_spot;
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
        /// How the payload says what the value is.
        role: FieldRole,
        /// Whether the payload says where the value ends.
        extent: Extent,
        /// A 1-D symbol needs two votes before it may count alone.
        counts: bool,
        /// What the caption says that was assigned to it.
        caption: Option<(IdentifierKind, Caption)>,
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
        /// What stands at its two ends.
        ends: Ends,
        /// Where its caption stands.
        caption: Caption,
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

    /// Print, with what stands at its two ends and where its caption stands.
    pub(crate) fn print(&self) -> Option<(Ends, Caption)> {
        match self.carrier {
            Carrier::Print { ends, caption, .. } => Some((ends, caption)),
            Carrier::Barcode { .. } => None,
        }
    }

    /// Print that begins and ends clearly.
    pub(crate) fn is_clear_print(&self) -> bool {
        self.print().is_some_and(|(ends, _)| ends.are_clear())
    }

    /// Print whose caption stands in its own line.
    pub(crate) fn is_inline(&self) -> bool {
        self.print().is_some_and(|(_, caption)| caption == Caption::Inline)
    }

    /// Print of one word.
    pub(crate) fn is_one_word(&self) -> bool {
        matches!(self.carrier, Carrier::Print { joined: Joined::No, .. })
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

    /// Whether two readings are of the same ink and of about the same part of the line.
    pub(crate) fn same_place(&self, other: &Self, evidence: &Evidence) -> bool {
        let share = |it: &Self| {
            let (line, (from, to)) = it.line(evidence)?;
            let whole = line.chars.len().max(1) as f32;
            Some((from as f32 / whole, to as f32 / whole))
        };
        let overlap = |(a, b): ((f32, f32), (f32, f32))| a.0 < b.1 && b.0 < a.1;
        self.same_ink(other) && share(self).zip(share(other)).is_none_or(overlap)
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
            Some((kind, Strength::Sure | Strength::Disputed)) if kind != IdentifierKind::Serial => {
                Some(kind)
            }
            _ => None,
        }
    }

    /// Whether it has the digits of a number or the capitals of one: `S/N: 7x3hexa` is a sentence.
    pub(crate) fn is_number_like(&self) -> bool {
        let small = self.printed.chars().filter(|char| char.is_lowercase()).count();
        digits(self.value) >= PRINTED_DIGITS_MIN || small < 2
    }

    /// Print after a serial caption whose line says that it may be of another device.
    pub(crate) fn is_disputed(&self) -> bool {
        self.is_inline() && self.named.is_some_and(|(_, strength)| strength == Strength::Disputed)
    }
}

/// Every sighting of the evidence, in an order that does not depend on the order of the evidence
/// within a photo.
pub(crate) fn sightings<'a>(evidence: &'a Evidence, arena: &'a Bump) -> ArenaVec<'a, Sighting<'a>> {
    let mut all = ArenaVec::new_in(arena);
    for (index, photo) in evidence.photos.iter().enumerate() {
        let size = (photo.width_px, photo.height_px);
        let fields = payload::fields_of(&photo.barcodes);
        let codes: Vec<Code> = photo.barcodes.iter().zip(&fields).map(code).collect();
        let first = label::read_label(&photo.lines, &codes, size, arena);
        let second = label::read_label(&photo.second_lines, &[], size, arena);
        all.reserve(first.numbers.len() + second.numbers.len() + 2 * photo.barcodes.len());
        barcodes(index, photo, &fields, &first.of_codes, &mut all);
        print(index, &photo.lines, first.numbers, Reading::First, &mut all);
        print(index, &photo.second_lines, second.numbers, Reading::Second, &mut all);
    }
    all
}

/// A barcode as far as captions are concerned.
fn code<'e>((barcode, fields): (&'e Barcode, &Vec<Field>)) -> Code<'e> {
    Code { quad: &barcode.quad, values: fields.iter().map(|field| fold(&field.value)).collect() }
}

fn barcodes<'a>(
    index: usize,
    photo: &PhotoEvidence,
    fields: &[Vec<Field>],
    captions: &[Option<(IdentifierKind, Caption)>],
    all: &mut ArenaVec<'a, Sighting<'a>>,
) {
    let arena = all.bump();
    for (position, (barcode, fields)) in photo.barcodes.iter().zip(fields).enumerate() {
        let counts = is_two_dimensional(barcode.symbology) || barcode.votes >= 2;
        for field in fields {
            let value = fold(&field.value);
            let strength = match field.role {
                FieldRole::Named => Strength::Sure,
                _ => Strength::Weak,
            };
            let named = match field.kind {
                IdentifierKind::Other if field.role != FieldRole::Named => None,
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
                    role: field.role,
                    extent: field.extent,
                    counts,
                    caption: captions.get(position).copied().flatten(),
                },
                named,
                place: Place { photo: index, quad: barcode.quad },
                corrections: &[],
            });
        }
    }
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
                caption: printed.caption,
            },
            named: printed.named,
            place: Place { photo: index, quad: lines[printed.line].quad },
            corrections: &[],
        });
    }
}

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
