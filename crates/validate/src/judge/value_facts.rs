//! Each value in view with the facts that speak for it and the contradictions that it carries
//! itself.

use crate::evidence::Symbology;
use crate::formats::format::{Format, Standing};
use crate::identifier::IdentifierKind;
use crate::judge::context::JudgeContext;
use crate::judge::contradictions::{self, Contradictions};
use crate::judge::correction::differences;
use crate::judge::grounds::{Fact, Facts};
use crate::judge::readings::{Agreement, agreement, is_spaced, is_sure, written_like};
use crate::judge::sighting::{Carrier, Reading, Sighting, looks_like_serial};
use crate::judge::verdict::Correction;
use crate::payload::field::{Extent, FieldRole};
use crate::print::boundary::{Boundary, Clearness};
use crate::print::captions::Caption;
use crate::print::label::Joined;
use crate::print::line::PRINTED_DIGITS_MIN;
use crate::serial::fold::digits;
use crate::serial::look_alike::look_alike_distance;
use std::collections::BTreeSet;

/// Look-alikes in one value that a barcode may settle.
pub(super) const LOOK_ALIKES_MAX: usize = 2;
/// Characters of a value with few digits that a barcode alone may name a serial.
const NAMED_CHARS_MIN: usize = 7;
/// Digits behind `SN` that make these letters a caption where barcode and print both have them.
const GLUED_DIGITS_MIN: usize = 8;

/// Everything that is known about one value.
pub(super) struct ValueFacts<'a> {
    pub(super) value: &'a str,
    /// Best first.
    pub(super) sightings: &'a [&'a Sighting<'a>],
    pub(super) facts: Facts,
    pub(super) contradictions: Contradictions,
    /// The format whose maker is known here, or one that names no maker.
    pub(super) format: Option<&'a Format>,
    /// Characters of print that were settled by a format, a list or a barcode.
    pub(super) corrections: Vec<Correction>,
}

impl ValueFacts<'_> {
    /// Whether it has a form that is to be expected here.
    pub(super) fn has_form(&self) -> bool {
        self.facts.has_any(&[Fact::MakerForm, Fact::TaughtForm])
    }

    /// Whether it is said to be the serial by the barcode itself, or by a caption in its own line in
    /// a reading that nothing was cut off; where it has the form or a barcode, by a caption nearby.
    pub(super) fn claims(&self) -> bool {
        let in_print = |sighting: &Sighting| {
            sighting.says_serial()
                && sighting.is_clear_print()
                && sighting.print().is_some_and(|(_, caption)| caption >= Caption::Assigned)
                && sighting.is_number_like()
        };
        self.facts.has_any(&[Fact::BarcodeNames, Fact::BarcodeCaptioned])
            || self.facts.has(Fact::CaptionNear)
                && (self.has_form() || self.facts.has(Fact::Barcode))
            || self.sightings.iter().any(|sighting| in_print(sighting))
    }

    /// Whether a caption in its own line names this value as one word, with nothing cut off.
    pub(super) fn claims_in_one_piece(&self) -> bool {
        let whole = |it: &Sighting| it.is_one_word() && it.is_clear_print() && it.is_inline();
        self.sightings.iter().any(|it| whole(it) && (it.says_serial() || it.is_disputed()))
    }

    /// Whether the value is only there if several words or lines are taken as one.
    pub(super) fn is_joined(&self) -> bool {
        self.sightings.iter().all(|it| !it.is_barcode() && !it.is_one_word())
    }
}

impl<'a> JudgeContext<'a> {
    /// Each value that may be a serial, with its facts and contradictions, in the order of the
    /// values. `by_value` is what [`Self::by_value`] gives.
    pub(super) fn values<'v>(&'v self, by_value: &'v [&'v Sighting]) -> Vec<ValueFacts<'v>> {
        let products = self.products();
        let values = by_value.chunk_by(|one, other| one.value == other.value);
        values
            .filter(|sightings| looks_like_serial(sightings[0].value))
            .map(|sightings| self.value(sightings, &products))
            .collect()
    }

    fn value<'v>(&'v self, sightings: &'v [&'v Sighting], products: &[&str]) -> ValueFacts<'v> {
        let value = sightings[0].value;
        let format = self.format(value);
        let mut facts = Facts::default();
        let barcodes = barcode_facts(sightings, &mut facts);
        facts.insert_if(Fact::LoneBarcode, self.no_barcode_but(&barcodes));
        self.print_facts(value, sightings, format, &mut facts);
        self.stripped(value, sightings, &mut facts);
        self.form_facts(value, sightings, format, &mut facts);
        let corrections = self.settled(value, sightings, &mut facts);
        let contradictions = contradictions::of_value(self, value, sightings, facts, products);
        ValueFacts { value, sightings, facts, contradictions, format, corrections }
    }

    /// What print says: captions, ends, readings.
    fn print_facts(
        &self,
        value: &str,
        sightings: &[&Sighting],
        format: Option<&Format>,
        facts: &mut Facts,
    ) {
        for sighting in sightings {
            let Carrier::Print { caption, .. } = sighting.carrier else { continue };
            // Print of several lines is good for comparing with a barcode.
            let compared = !sighting.is_wrapped() || facts.has(Fact::Barcode);
            facts.insert_if(Fact::Printed, compared);
            let starts = sighting.print().is_some_and(|(ends, _)| {
                matches!(ends.start, Boundary::LineEnd | Boundary::Ink | Boundary::Frame)
            });
            facts.insert_if(Fact::PrintedAlone, compared && starts);
            if sighting.says_serial() && compared {
                facts.insert_if(Fact::CaptionInline, caption == Caption::Inline);
                facts.insert_if(Fact::CaptionAssigned, caption == Caption::Assigned);
                facts.insert_if(Fact::CaptionNear, caption == Caption::Near);
                facts.insert_if(Fact::CaptionSecond, caption == Caption::Second);
            }
            facts.insert_if(Fact::CaptionDisputed, sighting.is_disputed());
        }
        let agreement = agreement(self.evidence, value, sightings);
        facts.insert_if(Fact::ReadTwice, agreement.is_some());
        let first = |it: &&&Sighting| matches!(it.carrier, Carrier::Print { reading: Reading::First, joined, .. } if joined != Joined::Lines);
        // A dot or a colon within a word parts numbers as well: `117199662511.2012`.
        let plain = |it: &Sighting| {
            !it.printed.contains(|char: char| {
                !char.is_alphanumeric() && !matches!(char, '-' | '*') && !char.is_whitespace()
            })
        };
        let ends = || {
            let of_print = sightings.iter().filter(first);
            of_print.filter_map(|it| Some((it.is_one_word() && plain(it), it.print()?.0)))
        };
        let clear = match agreement {
            Some(agreement) => agreement == Agreement::Whole,
            None => ends().any(|(_, ends)| ends.are_clear()),
        };
        // Words that are joined to one value have no clear end between them.
        let one_word = ends().any(|(one_word, _)| one_word);
        let printed_so = || {
            format.is_some_and(|it| {
                it.standing != Standing::Permissive && written_like(it, sightings)
            })
        };
        facts.insert_if(Fact::EndsClear, clear && one_word);
        let for_length = match agreement {
            Some(agreement) => agreement >= Agreement::EachEndOnce,
            None => ends().any(|(_, ends)| ends.least() != Clearness::Open),
        };
        facts.insert_if(Fact::EndsClearForLength, for_length && (one_word || printed_so()));
        let seen = |it: &&&Sighting| it.is_barcode() || it.is_clear_print();
        let several_photos = are_several(sightings.iter().filter(seen).map(|it| it.place.photo));
        facts.insert_if(Fact::SeveralPhotos, several_photos);
        let expected = self.estate.expects(value);
        facts.insert_if(Fact::Expected, expected);
        let ambiguous = self.ambiguous.iter().any(|(read, _)| read == value);
        let checked = format.is_some_and(|format| format.check.is_some());
        // One look at print accepts nothing, however sure it was.
        let looked_again = agreement.is_some() || several_photos || expected || checked;
        let sure = looked_again
            && !ambiguous
            && is_sure(self, format, sightings)
            && !self.almost_has_a_form(value, is_spaced(self.evidence, sightings));
        facts.insert_if(Fact::Sure, sure);
    }

    fn form_facts(
        &self,
        value: &str,
        sightings: &[&Sighting],
        format: Option<&Format>,
        facts: &mut Facts,
    ) {
        let Some(format) = format else { return };
        facts.insert_if(Fact::MakerForm, format.standing == Standing::Vendor);
        // A number within a sentence is what the sentence says.
        let in_sentence = |it: &&Sighting| {
            it.print().is_some_and(|(ends, _)| {
                matches!(ends.start, Boundary::KnownPrint | Boundary::OtherPrint)
            })
        };
        let taught = format.standing == Standing::Taught
            && written_like(format, sightings)
            && !sightings.iter().all(in_sentence);
        facts.insert_if(Fact::TaughtForm, taught);
        facts.insert_if(
            Fact::CheckCharacter,
            format.check.is_some_and(|check| check.is_right(value)),
        );
    }

    /// A barcode `SPF0UFLRH` is the serial `PF0UFLRH` under an identifier only if print says so or
    /// if the value fits a known format without its first letters and not with them.
    fn stripped(&self, value: &str, sightings: &[&Sighting], facts: &mut Facts) {
        let perhaps = sightings.iter().find(|sighting| {
            let bare = matches!(
                sighting.carrier,
                Carrier::Barcode { role: FieldRole::PerhapsNamed, counts: true, .. }
            );
            bare && matches!(sighting.named, Some((IdentifierKind::Serial, _)))
        });
        let Some(perhaps) = perhaps else { return };
        // Any ten digits are a serial of some maker.
        let specific = |value: &str| self.forcing.iter().any(|format| format.fits(value));
        let whole = self.sightings.iter().find(|other| {
            other.barcode() == perhaps.barcode()
                && matches!(other.carrier, Carrier::Barcode { role: FieldRole::Whole, .. })
        });
        let known = |format: &Format| format.standing != Standing::Permissive;
        let whole_is_specific =
            whole.is_some_and(|whole| self.formats.matching(whole.value).any(known));
        // `SN2599583` may be `2599583` and `N2599583`.
        let two_ways = whole.is_some_and(|whole| {
            whole.value.len() > value.len() + 1
                && whole.value.strip_prefix('S').is_some_and(specific)
        });
        // Print that shows more of the barcode's letters belongs to another identifier.
        let print_shows_more = self.sightings.iter().any(|print| {
            !print.is_barcode()
                && print.value.len() > value.len()
                && print.value.ends_with(value)
                && whole.is_some_and(|it| {
                    it.value.len() > print.value.len() && it.value.ends_with(print.value)
                })
        });
        // Print that lost its first letter looks like print without the identifier.
        let forms = |value: &str| self.formats.matching(value).map(|form| &form.name).collect();
        let (of_whole, own): (BTreeSet<_>, BTreeSet<_>) =
            (whole.map(|whole| forms(whole.value)).unwrap_or_default(), forms(value));
        let only_whole_has_it = own.is_subset(&of_whole) && own != of_whole;
        let is_keyed =
            facts.has_any(&[Fact::CaptionInline, Fact::CaptionAssigned, Fact::CaptionNear]);
        let glued = whole.is_some_and(|whole| self.is_glued(value, whole.value));
        let stripped = match (specific(value), whole_is_specific) {
            (_, true) => false,
            (true, false) => !print_shows_more && (is_keyed || !two_ways),
            (false, false) => glued || is_keyed && !print_shows_more && !only_whole_has_it,
        };
        if stripped {
            facts.insert(Fact::Barcode);
            facts.insert(Fact::BarcodeClosed);
            facts.insert(Fact::BarcodeNames);
            let checked = |it: &Sighting| it.barcode() == perhaps.barcode() && is_checked(it);
            facts.insert_if(Fact::BarcodeChecked, sightings.iter().any(|it| checked(it)));
        }
    }

    /// Whether the letters `SN` stand before a number in the barcode as well as in print: a caption
    /// that the label's maker encoded with its value.
    fn is_glued(&self, value: &str, whole: &str) -> bool {
        let printed = || self.sightings.iter().any(|it| !it.is_barcode() && it.value == whole);
        whole.strip_prefix("SN") == Some(value)
            && value.len() >= GLUED_DIGITS_MIN
            && value.bytes().all(|byte| byte.is_ascii_digit())
            && printed()
    }

    /// The corrections behind a value: of print that stands after a caption and differs from this
    /// barcode by look-alikes (only a symbol with a check of its own may settle them: Code 39 has
    /// none), or of print that a format or the list of expected serials forced.
    fn settled(&self, value: &str, sightings: &[&Sighting], facts: &mut Facts) -> Vec<Correction> {
        let checked = sightings.iter().any(|it| is_checked(it));
        if checked && !facts.has(Fact::CaptionInline) {
            let formed = |value: &str| self.forcing.iter().any(|format| format.fits(value));
            let near = self.sightings.iter().filter(|sighting| {
                sighting.is_inline()
                    && sighting.says_serial()
                    && look_alike_distance(sighting.value, value)
                        .is_some_and(|places| (1..=LOOK_ALIKES_MAX).contains(&places))
                    && (formed(value) || !formed(sighting.value))
            });
            if let Some(print) = near.min_by(|one, other| one.value.cmp(other.value)) {
                facts.insert(Fact::CaptionLookAlike);
                return differences(print.value, value);
            }
        }
        let mut prints = sightings.iter().filter(|sighting| !sighting.is_barcode());
        if prints.clone().any(|sighting| sighting.corrections.is_empty()) {
            return Vec::new();
        }
        prints.next().map_or_else(Vec::new, |print| print.corrections.to_vec())
    }
}

/// What barcodes say; returns which they are.
fn barcode_facts(sightings: &[&Sighting], facts: &mut Facts) -> Vec<(usize, usize)> {
    let mut barcodes: Vec<(usize, usize)> = Vec::new();
    for sighting in sightings {
        let Carrier::Barcode { role, extent, counts, caption, .. } = sighting.carrier else {
            continue;
        };
        facts.insert_if(Fact::BarcodePiece, counts && role == FieldRole::Unknown);
        let counts = counts && !matches!(role, FieldRole::InAddress | FieldRole::Unknown);
        let is_it = counts && role != FieldRole::PerhapsNamed;
        facts.insert_if(Fact::Barcode, is_it);
        facts.insert_if(Fact::BarcodeClosed, is_it && extent == Extent::Closed);
        let names = sighting.says_serial() && is_long_enough(sighting.value);
        facts.insert_if(Fact::BarcodeNames, is_it && names);
        facts.insert_if(Fact::BarcodeChecked, is_it && is_checked(sighting));
        if let Some((IdentifierKind::Serial, caption)) = caption {
            facts.insert_if(Fact::BarcodeCaptioned, is_it && caption >= Caption::Assigned);
            facts.insert_if(Fact::BarcodeCaptionNear, counts && caption == Caption::Near);
        }
        barcodes.extend(sighting.barcode().filter(|_| counts));
    }
    facts.insert_if(Fact::TwoBarcodes, are_several(barcodes.iter().copied()));
    barcodes
}

/// Whether a value is more than a mark on a piece of goods: those of a few letters are called serials
/// by GS1 as well.
fn is_long_enough(value: &str) -> bool {
    value.len() >= NAMED_CHARS_MIN || digits(value) >= PRINTED_DIGITS_MIN
}

/// Whether a sighting is of a symbol with a check of its own, as a whole or as a field of it.
fn is_checked(sighting: &Sighting) -> bool {
    use Symbology::{Codabar, Code39, Itf};
    matches!(sighting.carrier, Carrier::Barcode { symbology, counts: true, role, .. }
        if !matches!(symbology, Code39 | Codabar | Itf)
            && !matches!(role, FieldRole::InAddress | FieldRole::Unknown))
}

/// Whether not all are the same.
fn are_several<T: PartialEq>(mut these: impl Iterator<Item = T>) -> bool {
    let first = these.next();
    these.any(|other| Some(other) != first)
}
