//! One format of serials: what fits, how it is printed, and how much a fit proves.

use crate::evidence::Symbology;
use crate::formats::shape::Shape;
use crate::identifier::IdentifierKind;
use crate::serial::check_digit::CheckCharacter;
use crate::serial::fold::{digits, fold_char, half_width};
use regex_lite::Regex;
use serde::Deserialize;

/// Given characters by which a serial is known for its maker's.
const MARKS_MIN: usize = 3;

/// How much a fit proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The operator taught it for the devices at hand.
    Taught,
    /// Published by the maker or observed on its devices.
    Vendor,
    /// Fits too much to prove anything.
    Permissive,
}

/// One format of serials.
#[derive(Clone, Debug)]
pub struct Format {
    /// Unique name.
    pub name: String,
    /// The maker, lower case, or "unknown".
    pub vendor: String,
    /// What a fitting number is: a serial, or a TUSN.
    pub kind: IdentifierKind,
    /// How much a fit proves.
    pub standing: Standing,
    /// Hardly anything else looks like it: the fit itself is evidence.
    pub distinctive: bool,
    /// Words on the label that name the maker, in canonical form.
    pub brands: Vec<String>,
    /// The character class of each position, one shape a length or prefix. Empty if only the
    /// pattern speaks.
    pub shapes: Vec<Shape>,
    /// How it is printed, as a shape with its separators.
    pub printed: Option<String>,
    /// Symbologies that misread easily (Interleaved 2 of 5, Codabar, EAN-8, UPC-E) and are looked
    /// for only because serials of this format are carried in them.
    pub barcodes: Vec<Symbology>,
    /// Digits with a meaning.
    pub plausibility: Vec<Plausibility>,
    /// The check character that it ends in, if any.
    pub check: Option<CheckCharacter>,
    /// Known serials of this format, as printed.
    pub samples: Vec<String>,
    /// One sentence about it and where it is from.
    pub note: String,
    pub(super) pattern: Option<Regex>,
    /// Most values are refused by their length alone.
    pub(super) lengths: Lengths,
    /// What the pattern begins with.
    pub(super) prefix: String,
    pub(super) digits_min: usize,
}

/// Digits of a serial that have a meaning. Outside their range is a note, never a rejection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plausibility {
    /// Position of the first digit in the canonical form.
    pub at: usize,
    /// How many digits.
    pub digits: usize,
    /// Least plausible value.
    pub least: u32,
    /// Greatest plausible value.
    pub most: u32,
    /// What the digits mean.
    pub says: String,
}

impl Format {
    /// Whether a canonical value has this format.
    pub fn fits(&self, canonical: &str) -> bool {
        self.has_form(canonical) && self.check.is_none_or(|check| check.is_right(canonical))
    }

    /// Whether a canonical value looks like this format but does not end in its check character.
    pub(super) fn fails_check(&self, canonical: &str) -> bool {
        self.check.is_some_and(|check| !check.is_right(canonical)) && self.has_form(canonical)
    }

    /// The same format with serials that end in a check character.
    pub fn with_check(mut self, check: CheckCharacter) -> Self {
        self.check = Some(check);
        self
    }

    /// Whether a value has so many characters that the format gives that no other maker's has them by
    /// chance.
    pub(crate) fn is_marked(&self, canonical: &str) -> bool {
        self.shapes.iter().any(|it| it.marks() >= MARKS_MIN && it.fits(canonical))
    }

    fn has_form(&self, canonical: &str) -> bool {
        self.has_length(canonical.len())
            && canonical.starts_with(&self.prefix)
            && (self.shapes.is_empty() || self.shapes.iter().any(|shape| shape.fits(canonical)))
            && (self.digits_min == 0 || digits(canonical) >= self.digits_min)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(canonical))
    }

    /// Whether values of this length have a shape of the format.
    pub(crate) fn has_length(&self, length: usize) -> bool {
        self.lengths.admit(length)
    }

    /// Whether a fitting value is printed as the format's `printed` form or one of its samples is:
    /// with separators at the same places, if any. A space and a dash are one to a reader. True if
    /// the row shows no printed form.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        let written = separators(text);
        let mut forms = self.samples.iter().chain(&self.printed).peekable();
        forms.peek().is_none() || forms.any(|form| separators(form).eq(&written))
    }

    /// The regular expression of the canonical form: the row's own, or what its shapes say.
    pub fn pattern(&self) -> String {
        match &self.pattern {
            Some(pattern) => pattern.as_str().to_owned(),
            None => {
                let shapes: Vec<String> = self.shapes.iter().map(Shape::pattern).collect();
                format!("^({})$", shapes.join("|"))
            }
        }
    }

    /// What is implausible about a fitting value, one phrase each; for a person, never a verdict.
    pub fn implausible(&self, canonical: &str) -> Vec<String> {
        let of = |note: &Plausibility| {
            let number = canonical.get(note.at..note.at + note.digits)?.parse::<u32>().ok()?;
            (!(note.least..=note.most).contains(&number))
                .then(|| format!("{} {number} is not {} to {}", note.says, note.least, note.most))
        };
        self.plausibility.iter().filter_map(of).collect()
    }
}

/// The lengths of a format's values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths(u128);

impl Lengths {
    /// No value is as long as this.
    pub(super) const END: usize = u128::BITS as usize;

    /// Those of the shapes, or all where only a pattern speaks.
    pub(super) fn of(shapes: &[Shape]) -> Self {
        match shapes {
            [] => Self(u128::MAX),
            _ => Self(shapes.iter().fold(0, |all, shape| all | 1 << shape.classes().len())),
        }
    }

    fn admit(self, length: usize) -> bool {
        self.0.checked_shr(length as u32).is_some_and(|lengths| lengths & 1 == 1)
    }
}

/// The separators within a printed value, each with the number of letters and digits before it.
fn separators(printed: &str) -> Vec<(usize, char)> {
    let mut found: Vec<(usize, char)> = Vec::new();
    let mut letters = 0;
    for char in printed.chars() {
        match fold_char(char) {
            Some(_) => letters += 1,
            None if letters > 0 => {
                let char = if matches!(half_width(char), '-' | '\u{2013}') { ' ' } else { char };
                if !(char.is_whitespace() && found.last() == Some(&(letters, ' '))) {
                    found.push((letters, if char.is_whitespace() { ' ' } else { char }));
                }
            }
            None => {}
        }
    }
    found.retain(|&(at, _)| at < letters);
    found
}
