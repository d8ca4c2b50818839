//! Each value in view with the facts that speak for it and the vetoes that stand against it.

use crate::estate::Estate;
use crate::evidence::{CharReading, Evidence, Surface, Symbology};
use crate::formats::Formats;
use crate::formats::format::{Format, Standing};
use crate::formats::shape::{Class, Shape};
use crate::identifier::IdentifierKind;
use crate::judge::correction::{self, differences};
use crate::judge::print_facts::{Agreement, is_sure, read_twice, written_like};
use crate::judge::rules::{Fact, Facts, Veto, Vetoes};
use crate::judge::sighting::{self, Carrier, Reading, Sighting, looks_like_serial};
use crate::judge::verdict::Correction;
use crate::payload::field::Mark;
use crate::print::label::{Joined, PRINTED_DIGITS_MIN};
use crate::serial::fold::digits;
use crate::serial::look_alike::look_alike_distance;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Look-alikes in one value that a barcode may settle.
pub(super) const LOOK_ALIKES_MAX: usize = 2;

/// Shorter words are no maker's name.
const BRAND_LETTERS_MIN: usize = 3;

/// Everything that is known about one value.
pub(super) struct ValueFacts<'a> {
    pub(super) value: &'a str,
    /// Best first.
    pub(super) sightings: &'a [&'a Sighting<'a>],
    pub(super) facts: Facts,
    pub(super) vetoes: Vetoes,
    pub(super) format: Option<&'a Format>,
    /// Characters of print that were settled by a format, a list or a barcode.
    pub(super) corrections: Vec<Correction>,
}

impl ValueFacts<'_> {
    /// Whether it has a form that is to be expected here.
    pub(super) fn has_form(&self) -> bool {
        self.facts.has(Fact::VendorFormat) || self.facts.has(Fact::TaughtFormat)
    }

    /// Whether it is said to be the serial by the barcode itself, or by a keyword in its own line in
    /// a reading that nothing was cut off; where it has the form or a barcode, by a keyword nearby.
    pub(super) fn claims(&self) -> bool {
        self.facts.has(Fact::BarcodeNamed)
            || self.facts.has(Fact::KeywordNear)
                && (self.has_form() || self.facts.has(Fact::Barcode))
            || self.sightings.iter().any(|sighting| {
                sighting.says_serial()
                    && sighting.is_whole_print()
                    && !sighting.is_near()
                    && digits(self.value) >= PRINTED_DIGITS_MIN
            })
    }

    /// Whether a keyword in its own line names this value as one word, with nothing cut off.
    pub(super) fn claims_in_one_piece(&self) -> bool {
        self.sightings.iter().any(|sighting| {
            let one_word = matches!(sighting.carrier, Carrier::Print { joined: Joined::No, .. });
            one_word && sighting.says_serial() && sighting.is_whole_print() && !sighting.is_near()
        })
    }
}

/// All sightings of one terminal's photos, and what they are judged by.
pub(super) struct JudgeContext<'a> {
    pub(super) formats: &'a Formats,
    pub(super) evidence: &'a Evidence,
    pub(super) estate: &'a Estate,
    pub(super) sightings: ArenaVec<'a, Sighting<'a>>,
    /// Printed values that have several valid corrections.
    pub(super) ambiguous: Vec<(String, Vec<String>)>,
    /// The makers' names that are printed in view.
    brands: Vec<&'a str>,
    /// The formats that are to be expected here: taught ones, forms like no other, and those of
    /// makers whose name is in view.
    forcing: Vec<&'a Format>,
}

impl<'a> JudgeContext<'a> {
    pub(super) fn new(
        formats: &'a Formats,
        evidence: &'a Evidence,
        estate: &'a Estate,
        arena: &'a Bump,
    ) -> Self {
        let brands = brands(formats, evidence);
        let named =
            |format: &Format| format.brands.iter().any(|brand| brands.contains(&brand.as_str()));
        let serials = formats.iter().filter(|format| format.kind == IdentifierKind::Serial);
        let forcing: Vec<&Format> =
            serials.filter(|format| correction::may_force(format, named(format))).collect();
        let mut sightings = sighting::sightings(evidence, arena);
        let ambiguous = correction::correct(&forcing, estate, evidence, &mut sightings);
        Self { formats, evidence, estate, sightings, ambiguous, brands, forcing }
    }

    /// Every sighting, by value, the best of each first.
    pub(super) fn by_value(&self) -> Vec<&Sighting<'a>> {
        let mut sightings: Vec<&Sighting<'a>> = self.sightings.iter().collect();
        sightings
            .sort_by(|one, other| one.value.cmp(other.value).then_with(|| best_first(one, other)));
        sightings
    }

    /// Each value that may be a serial, with its facts and vetoes, in the order of the values.
    /// `by_value` is what [`Self::by_value`] gives.
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
        let format = self.formats.matching(value).next();
        let (facts, corrections) = self.facts(value, sightings, format);
        let mut vetoes = self.vetoes(value, sightings);
        if products.contains(&value.trim_start_matches('0')) {
            vetoes.insert(Veto::NamedOther);
        }
        if facts.has(Fact::BarcodeNamed) || facts.has(Fact::Keyword) {
            vetoes.remove(Veto::InAddress);
        } else if self.formats.is_tusn(value) {
            vetoes.insert(Veto::NamedOther);
        }
        ValueFacts { value, sightings, facts, vetoes, format, corrections }
    }

    fn facts(
        &self,
        value: &str,
        sightings: &[&Sighting],
        format: Option<&Format>,
    ) -> (Facts, Vec<Correction>) {
        let mut facts = Facts::default();
        let mut barcodes: Vec<(usize, usize)> = Vec::new();
        for sighting in sightings {
            match sighting.carrier {
                Carrier::Barcode { mark, counts, captioned, after_keyword, .. } => {
                    let counts = counts && mark != Mark::InAddress;
                    let is_it = counts && mark != Mark::PerhapsNamed;
                    facts.insert_if(Fact::Barcode, is_it);
                    facts.insert_if(Fact::BarcodeNamed, is_it && sighting.says_serial());
                    facts.insert_if(Fact::BarcodeCaptioned, counts && captioned);
                    facts.insert_if(Fact::BarcodeAfterKeyword, is_it && after_keyword);
                    barcodes.extend(sighting.barcode().filter(|_| counts));
                }
                Carrier::Print { near, .. } => {
                    facts.insert(Fact::Printed);
                    // A barcode comes before all print here, if there is one to compare with.
                    let compared = !sighting.is_wrapped() || !barcodes.is_empty();
                    facts.insert_if(Fact::Keyword, sighting.says_serial() && !near && compared);
                    facts.insert_if(Fact::KeywordNear, sighting.says_serial() && near);
                }
            }
        }
        let whole = |sighting: &&&Sighting| sighting.is_barcode() || sighting.is_whole_print();
        let photos = sightings.iter().filter(whole).map(|sighting| sighting.place.photo);
        let several_photos = are_several(photos);
        facts.insert_if(Fact::LoneBarcode, self.no_barcode_but(&barcodes));
        facts.insert_if(Fact::TwoBarcodes, are_several(barcodes.iter().copied()));
        facts.insert_if(Fact::SeveralPhotos, several_photos);
        let read_twice = read_twice(value, sightings);
        facts.insert_if(Fact::TwoReadings, read_twice >= Some(Agreement::EachEndOnce));
        facts.insert_if(Fact::TwoWholeReadings, read_twice == Some(Agreement::Whole));
        let expected = self.estate.expects(value);
        facts.insert_if(Fact::Expected, expected);
        let ambiguous = self.ambiguous.iter().any(|(read, _)| read == value);
        // One look at print accepts nothing, however sure it was.
        let looked_again = read_twice.is_some() || several_photos;
        let sure = (looked_again || expected)
            && !ambiguous
            && is_sure(self.evidence, format, sightings)
            && !self.almost_has_a_form(value);
        facts.insert_if(Fact::Sure, sure);
        self.stripped(value, sightings, &mut facts);
        if let Some(format) = format {
            let named = format.distinctive || self.is_in_view(format);
            let vendor = format.standing == Standing::Vendor && named;
            facts.insert_if(Fact::VendorFormat, vendor);
            let taught = format.standing == Standing::Taught && written_like(format, sightings);
            facts.insert_if(Fact::TaughtFormat, taught);
        }
        let corrections = self.settled(value, sightings, &mut facts);
        (facts, corrections)
    }

    /// Whether a name of the format's maker is printed in view.
    fn is_in_view(&self, format: &Format) -> bool {
        format.brands.iter().any(|brand| self.brands.contains(&brand.as_str()))
    }

    /// Whether a value misses by one character, wrong, short or long, a form that is to be expected here, and has
    /// none: a repeated character is lost without a trace, and for both readers.
    fn almost_has_a_form(&self, value: &str) -> bool {
        let of_maker = |format: &&&Format| self.is_in_view(format);
        let almost = |format: &&Format| format.shapes.iter().any(|it| it.fits_but_for_one(value));
        // A maker whose name is in view decides before the others.
        if self.forcing.iter().filter(of_maker).any(almost) {
            return !self.forcing.iter().filter(of_maker).any(|format| format.fits(value));
        }
        let known = |format: &&Format| format.standing != Standing::Permissive;
        let is_known = self.formats.matching(value).any(|format| known(&format));
        let other_length =
            |shape: &Shape| shape.classes().len() != value.len() && shape.fits_but_for_one(value);
        let of_any = |format: &Format| format.shapes.iter().any(other_length);
        !self.forcing.iter().any(|format| format.fits(value))
            && (self.forcing.iter().any(almost)
                || !is_known && self.formats.iter().filter(known).any(of_any))
    }

    /// Whether every barcode in view is one of these or surely another kind of number.
    fn no_barcode_but(&self, these: &[(usize, usize)]) -> bool {
        self.sightings.iter().all(|sighting| {
            let is_other = |it: &Sighting| it.says_other().is_some() && it.value == sighting.value;
            sighting.barcode().is_none_or(|barcode| these.contains(&barcode))
                || self.sightings.iter().any(is_other)
        })
    }

    /// A barcode `SPF0UFLRH` is the serial `PF0UFLRH` under an identifier only if print says so or
    /// if the value fits a known format without its first letters and not with them.
    fn stripped(&self, value: &str, sightings: &[&Sighting], facts: &mut Facts) {
        let perhaps = sightings.iter().find(|sighting| {
            let bare = matches!(
                sighting.carrier,
                Carrier::Barcode { mark: Mark::PerhapsNamed, counts: true, .. }
            );
            bare && matches!(sighting.named, Some((IdentifierKind::Serial, _)))
        });
        let Some(perhaps) = perhaps else { return };
        // Any ten digits are a serial of some maker.
        let specific = |value: &str| self.forcing.iter().any(|format| format.fits(value));
        let whole = self.sightings.iter().find(|other| {
            other.barcode() == perhaps.barcode()
                && matches!(other.carrier, Carrier::Barcode { mark: Mark::Whole, .. })
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
        let is_keyed = facts.has(Fact::Keyword) || facts.has(Fact::KeywordNear);
        let stripped = match (specific(value), whole_is_specific) {
            (_, true) => false,
            (true, false) => !print_shows_more && (is_keyed || !two_ways),
            (false, false) => is_keyed && !print_shows_more && !only_whole_has_it,
        };
        if stripped {
            facts.insert(Fact::Barcode);
            facts.insert(Fact::BarcodeNamed);
        }
    }

    /// The corrections behind a value: of print that stands beside a keyword and differs from this
    /// barcode by look-alikes (only a symbol with a check of its own may settle them: Code 39 has
    /// none), or of print that a format or the list of expected serials forced.
    fn settled(&self, value: &str, sightings: &[&Sighting], facts: &mut Facts) -> Vec<Correction> {
        let checked = sightings.iter().any(|sighting| {
            matches!(sighting.carrier, Carrier::Barcode { symbology, counts: true, mark, .. }
                if symbology != Symbology::Code39 && matches!(mark, Mark::Whole | Mark::Named))
        });
        if checked && !facts.has(Fact::Keyword) {
            let formed = |value: &str| self.forcing.iter().any(|format| format.fits(value));
            let near = self.sightings.iter().filter(|sighting| {
                !sighting.is_near()
                    && !sighting.is_barcode()
                    && sighting.says_serial()
                    && look_alike_distance(sighting.value, value)
                        .is_some_and(|places| (1..=LOOK_ALIKES_MAX).contains(&places))
                    && (formed(value) || !formed(sighting.value))
            });
            if let Some(print) = near.min_by(|one, other| one.value.cmp(other.value)) {
                facts.insert(Fact::KeywordLookAlike);
                return differences(print.value, value);
            }
        }
        let mut prints = sightings.iter().filter(|sighting| !sighting.is_barcode());
        if prints.clone().any(|sighting| sighting.corrections.is_empty()) {
            return Vec::new();
        }
        prints.next().map_or_else(Vec::new, |print| print.corrections.to_vec())
    }

    fn vetoes(&self, value: &str, sightings: &[&Sighting]) -> Vetoes {
        let mut vetoes = Vetoes::default();
        let keyed_here = sightings.iter().any(|sighting| {
            sighting.says_serial() && !matches!(sighting.carrier, Carrier::Print { near: true, .. })
        });
        for sighting in sightings {
            let other = match sighting.carrier {
                // A keyword in another line loses to one in the value's own.
                Carrier::Print { near: true, .. } => sighting.says_other().filter(|_| !keyed_here),
                _ => sighting.says_other(),
            };
            match other {
                Some(IdentifierKind::PartNumber) => vetoes.insert(Veto::PartNumber),
                Some(_) => vetoes.insert(Veto::NamedOther),
                None => {}
            }
            if matches!(sighting.carrier, Carrier::Barcode { mark: Mark::InAddress, .. }) {
                vetoes.insert(Veto::InAddress);
            }
        }
        // A format with a check says nothing about another maker's serials of the same length.
        let known = |format: &Format| format.standing != Standing::Permissive;
        if self.formats.any_check_fails(value) && !self.formats.matching(value).any(known) {
            vetoes.insert(Veto::CheckFailed);
        }
        if self.estate.is_part_number(value) {
            vetoes.insert(Veto::PartNumber);
        }
        if self.estate.is_required() && !self.estate.expects(value) {
            vetoes.insert(Veto::NotInEstate);
        }
        vetoes
    }

    /// Whether the first reading, which keeps spaces, saw a value as a whole where nothing names it
    /// as another number.
    pub(super) fn stands_in_print(&self, value: &ValueFacts) -> bool {
        let other = |sighting: &Sighting| {
            let same = |it: &&Sighting| it.says_other().is_some() && it.same_ink(sighting);
            self.sightings.iter().any(|it| same(&it))
        };
        let first =
            |it: &Sighting| matches!(it.carrier, Carrier::Print { reading: Reading::First, .. });
        let mut whole = value.sightings.iter().filter(|it| first(it) && it.is_whole_print());
        whole.any(|sighting| !other(sighting))
    }

    /// Whether a barcode or a reading that was sure of at least every other character has a value:
    /// what was guessed of blurred print says nothing about what stands there.
    pub(super) fn is_legible(&self, value: &ValueFacts) -> bool {
        value.sightings.iter().any(|sighting| {
            let chars = sighting.chars(self.evidence);
            let unsure = chars.iter().filter(|char| !correction::is_sure(char)).count();
            sighting.is_barcode() || 2 * unsure <= chars.len()
        })
    }

    /// Whether a value may be another of one's format, misread: it has the form with one of several
    /// corrections or but for one character, and it has letters or the format has, or it is said to be
    /// a serial. A number of digits that nothing names is any number: meters show readings.
    pub(super) fn almost_is(&self, one: &ValueFacts, value: &ValueFacts) -> bool {
        let letter = |class: &Class| matches!(class, Class::Exactly('A'..='Z'));
        let lettered = |shape: &Shape| shape.classes().iter().any(letter);
        let named = value.sightings.iter().any(|sighting| sighting.says_serial());
        let ambiguous = self.ambiguous.iter().any(|(read, _)| read == value.value);
        let number = value.value.bytes().all(|byte| byte.is_ascii_digit());
        let mut shapes = one.format.into_iter().flat_map(|format| &format.shapes);
        shapes.any(|shape| {
            (named || lettered(shape) || !number)
                && (ambiguous || shape.fits_but_for_one(value.value))
        })
    }

    /// Product numbers in view without leading zeros: the same number is an EAN-13, a UPC-A and
    /// the digits printed below either.
    fn products(&self) -> Vec<&str> {
        let product = |sighting: &&Sighting| {
            sighting.is_barcode() && sighting.says_other() == Some(IdentifierKind::Ean)
        };
        let values = self.sightings.iter().filter(product);
        values.map(|sighting| sighting.value.trim_start_matches('0')).collect()
    }

    /// Whether a value was seen on a label (false) and on a screen (true).
    pub(super) fn surfaces(&self, value: &ValueFacts) -> BTreeSet<bool> {
        let surface = |sighting: &&Sighting| {
            let photo = self.evidence.photos.get(sighting.place.photo);
            photo.is_some_and(|photo| photo.surface == Surface::Screen)
        };
        value.sightings.iter().map(surface).collect()
    }
}

/// The order of one value's sightings: a barcode before print, a named one before others, as it
/// was read before corrected; then by what and where, so that the order of the evidence does not
/// matter.
fn best_first(one: &Sighting, other: &Sighting) -> Ordering {
    let rank = |sighting: &Sighting| {
        let carrier = match sighting.carrier {
            Carrier::Barcode { counts, mark, .. } => (u8::from(!counts) * 2, mark as usize, 0),
            Carrier::Print { joined, ends, reading, .. } => {
                let uncertain = usize::from(!ends.whole()) + joined as usize * 2;
                (1, uncertain + sighting.corrections.len() * 3, reading as u8)
            }
        };
        (carrier, !sighting.says_serial())
    };
    let corner = |sighting: &Sighting| sighting.place.quad[0];
    rank(one)
        .cmp(&rank(other))
        .then_with(|| one.place.photo.cmp(&other.place.photo))
        .then_with(|| corner(one).y.total_cmp(&corner(other).y))
        .then_with(|| corner(one).x.total_cmp(&corner(other).x))
        .then_with(|| one.printed.cmp(other.printed))
}

/// Whether not all are the same.
fn are_several<T: PartialEq>(mut these: impl Iterator<Item = T>) -> bool {
    let first = these.next();
    these.any(|other| Some(other) != first)
}

/// Whether a word of letters and digits is this name.
fn is_printed(brand: &str, word: &[CharReading]) -> bool {
    let same = |(name, read): (u8, &CharReading)| char::from(name).eq_ignore_ascii_case(&read.best);
    brand.len() == word.len() && brand.bytes().zip(word).all(same)
}

/// The makers' names that are printed in view.
fn brands<'a>(formats: &'a Formats, evidence: &Evidence) -> Vec<&'a str> {
    let mut found = Vec::new();
    for photo in &evidence.photos {
        for line in photo.lines.iter().chain(&photo.second_lines) {
            let words = line.chars.split(|char| !char.best.is_ascii_alphanumeric());
            for word in words.filter(|word| word.len() >= BRAND_LETTERS_MIN) {
                let brands = formats.brands(word[0].best.to_ascii_uppercase());
                found.extend(brands.filter(|brand| is_printed(brand, word)));
            }
        }
    }
    found
}
