//! Everything that one judgement knows: the sightings of all photos and what they are judged by.

use crate::estate::Estate;
use crate::evidence::{Barcode, CharReading, Evidence, TextLine};
use crate::formats::Formats;
use crate::formats::format::{Format, Standing};
use crate::formats::shape::Shape;
use crate::identifier::IdentifierKind;
use crate::judge::correction;
use crate::judge::sighting::{self, Carrier, Sighting};
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::cmp::Ordering;

/// Shorter words are no maker's name.
const BRAND_LETTERS_MIN: usize = 3;

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
    pub(super) forcing: Vec<&'a Format>,
    /// A label in view is of several devices.
    pub(super) is_carton: bool,
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
        let is_carton = is_carton(evidence);
        Self { formats, evidence, estate, sightings, ambiguous, brands, forcing, is_carton }
    }

    /// Every sighting, by value, the best of each first.
    pub(super) fn by_value(&self) -> Vec<&Sighting<'a>> {
        let mut sightings: Vec<&Sighting<'a>> = self.sightings.iter().collect();
        sightings
            .sort_by(|one, other| one.value.cmp(other.value).then_with(|| best_first(one, other)));
        sightings
    }

    /// The format that names a value's maker: the operator taught it, it is like no other, or the
    /// maker's name stands in view; else one that names none.
    pub(super) fn format(&self, value: &str) -> Option<&'a Format> {
        let names = |format: &&Format| match format.standing {
            Standing::Taught | Standing::Permissive => true,
            Standing::Vendor => format.distinctive || self.is_in_view(format),
        };
        self.formats.matching(value).find(names)
    }

    /// Whether a name of the format's maker is printed in view.
    pub(super) fn is_in_view(&self, format: &Format) -> bool {
        format.brands.iter().any(|brand| self.brands.contains(&brand.as_str()))
    }

    /// Whether a value misses by one character, wrong, short or long, a form that is to be expected
    /// here, and has none: a repeated character is lost for both readers. Where nothing but the
    /// length speaks, of any format, the places of the characters tell: `is_spaced` if they do.
    pub(super) fn almost_has_a_form(&self, value: &str, is_spaced: bool) -> bool {
        let of_maker = |format: &&&Format| self.is_in_view(format);
        let almost = |format: &&Format| format.shapes.iter().any(|it| it.fits_but_for_one(value));
        // A maker whose name is in view decides before the others.
        if self.forcing.iter().filter(of_maker).any(almost) {
            return !self.forcing.iter().filter(of_maker).any(|format| format.fits(value));
        }
        let known = |format: &&Format| format.standing != Standing::Permissive;
        let other_length =
            |shape: &Shape| shape.classes().len() != value.len() && shape.fits_but_for_one(value);
        let of_any = |format: &Format| format.shapes.iter().any(other_length);
        let is_length_of_another = || {
            !self.formats.matching(value).any(|format| known(&format))
                && self.formats.iter().filter(known).any(of_any)
        };
        !self.forcing.iter().any(|format| format.fits(value))
            && (self.forcing.iter().any(almost) || !is_spaced && is_length_of_another())
    }

    /// Whether every barcode in view is one of these or surely another kind of number.
    pub(super) fn no_barcode_but(&self, these: &[(usize, usize)]) -> bool {
        self.sightings.iter().all(|sighting| {
            let is_other = |it: &Sighting| it.says_other().is_some() && it.value == sighting.value;
            sighting.barcode().is_none_or(|barcode| these.contains(&barcode))
                || self.sightings.iter().any(is_other)
        })
    }

    /// Product numbers in view without leading zeros: the same number is an EAN-13, a UPC-A and
    /// the digits printed below either.
    pub(super) fn products(&self) -> Vec<&str> {
        let product = |sighting: &&Sighting| {
            sighting.is_barcode() && sighting.says_other() == Some(IdentifierKind::Ean)
        };
        let values = self.sightings.iter().filter(product);
        values.map(|sighting| sighting.value.trim_start_matches('0')).collect()
    }
}

/// The order of one value's sightings: a barcode before print, a named one before others, as it
/// was read before corrected; then by what and where, so that the order of the evidence does not
/// matter.
fn best_first(one: &Sighting, other: &Sighting) -> Ordering {
    let rank = |sighting: &Sighting| {
        let carrier = match sighting.carrier {
            Carrier::Barcode { counts, role, .. } => (u8::from(!counts) * 2, role as usize, 0),
            Carrier::Print { joined, ends, reading, .. } => {
                let uncertain = usize::from(!ends.are_clear()) + joined as usize * 2;
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

/// Whether a label says that it is of several devices: `QTY: 10` in print, `Q10` in a barcode of its
/// own (ANSI MH10.8.2).
fn is_carton(evidence: &Evidence) -> bool {
    let several = |digits: &str| {
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        digits.len() <= 5 && digits.parse::<u32>().is_ok_and(|count| count > 1)
    };
    let printed = |line: &TextLine| {
        let text = line.text().to_ascii_uppercase();
        ["QTY", "QUANTITY", "\u{6570}\u{91cf}"].iter().any(|word| {
            let rest = text.split_once(word).map(|(_, rest)| rest);
            rest.is_some_and(|rest| {
                several(rest.trim_start_matches(|it: char| !it.is_alphanumeric()))
            })
        })
    };
    let encoded = |barcode: &Barcode| {
        let count = barcode.payload.strip_prefix('Q');
        count.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()) && several(it))
    };
    evidence
        .photos
        .iter()
        .any(|photo| photo.lines.iter().any(printed) || photo.barcodes.iter().any(encoded))
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
