//! What serials look like, as data: one row a format, shipped in `formats.toml`, an operator's own
//! file over it.
//!
//! A format is evidence, never a filter: makers change their serials without telling, so a serial
//! that fits none is a question to a person and never thrown away.

mod file;
mod learn;
mod shape;

pub use file::{FORMATS_BYTES_MAX, FormatsError};
pub use learn::{Explanation, LearnError, Proposal, explain, learn, misfit};
pub use shape::{Class, Shape};

use crate::canonical::{fold_char, half_width};
use crate::{CheckCharacter, IdentifierKind, Symbology};
use regex_lite::Regex;
use serde::Deserialize;

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
    pattern: Option<Regex>,
    /// Most values are refused by their length alone.
    lengths: Lengths,
    /// What the pattern begins with.
    prefix: String,
    digits_min: usize,
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
    fn fails_check(&self, canonical: &str) -> bool {
        self.check.is_some_and(|check| !check.is_right(canonical)) && self.has_form(canonical)
    }

    /// The same format with serials that end in a check character.
    pub fn with_check(mut self, check: CheckCharacter) -> Self {
        self.check = Some(check);
        self
    }

    /// Its shapes, pattern and check as a row of another name for the operator's formats file.
    ///
    /// # Errors
    /// A name or vendor that cannot stand there.
    pub fn operator_row(&self, name: &str, vendor: &str) -> Result<String, FormatsError> {
        let pattern = self.pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
        let row = learn::row(name, vendor, &self.shapes, &[], pattern, self.check);
        file::parse(&row, Standing::Taught).map(|_| row)
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
struct Lengths(u128);

impl Lengths {
    /// No value is as long as this.
    const END: usize = u128::BITS as usize;

    /// Those of the shapes, or all where only a pattern speaks.
    fn of(shapes: &[Shape]) -> Self {
        match shapes {
            [] => Self(u128::MAX),
            _ => Self(shapes.iter().fold(0, |all, shape| all | 1 << shape.classes().len())),
        }
    }

    fn admit(self, length: usize) -> bool {
        self.0.checked_shr(length as u32).is_some_and(|lengths| lengths & 1 == 1)
    }
}

/// Every format that is known, in the order of preference: taught, vendor, permissive.
#[derive(Clone, Debug)]
pub struct Formats {
    formats: Vec<Format>,
    /// Positions in `formats` by the length of a value: of most lengths there are few.
    of_length: Vec<Vec<usize>>,
    /// The makers' names, each once, in canonical form and order.
    brands: Vec<String>,
}

impl Formats {
    fn new(mut formats: Vec<Format>) -> Self {
        formats.sort_by_key(|format| match format.standing {
            Standing::Taught => 0,
            Standing::Vendor => 1,
            Standing::Permissive => 2,
        });
        let with_length = |length: usize| {
            let positions = formats.iter().enumerate();
            positions.filter(|(_, it)| it.has_length(length)).map(|(at, _)| at).collect()
        };
        let of_length = (0..Lengths::END).map(with_length).collect();
        let mut brands: Vec<String> =
            formats.iter().flat_map(|format| &format.brands).cloned().collect();
        brands.sort();
        brands.dedup();
        Self { formats, of_length, brands }
    }

    /// The formats that ship with the program.
    pub fn builtin() -> Self {
        file::parse(include_str!("formats.toml"), Standing::Vendor)
            .map(Self::new)
            .expect("the embedded file is checked by a test")
    }

    /// These formats with an operator's file over them: rows of the same name replace, others are
    /// added and count as taught unless they say otherwise.
    ///
    /// # Errors
    /// Names the row and what is wrong with it. Nothing is taken from a file with an error.
    pub fn with_operator_file(mut self, toml: &str) -> Result<Self, FormatsError> {
        for format in file::parse(toml, Standing::Taught)? {
            self.formats.retain(|known| known.name != format.name);
            self.formats.push(format);
        }
        Ok(Self::new(self.formats))
    }

    /// The makers' names that begin with a letter, in canonical form.
    pub(crate) fn brands(&self, initial: char) -> impl Iterator<Item = &str> {
        let start = self.brands.partition_point(|brand| brand.chars().next() < Some(initial));
        let brands = self.brands[start..].iter().map(String::as_str);
        brands.take_while(move |brand| brand.starts_with(initial))
    }

    /// Every format, in the order of preference.
    pub fn iter(&self) -> impl Iterator<Item = &Format> {
        self.formats.iter()
    }

    /// The serial formats that a canonical value fits, preferred first.
    pub fn matching(&self, canonical: &str) -> impl Iterator<Item = &Format> {
        let serial = |format: &&Format| format.kind == IdentifierKind::Serial;
        self.of_its_length(canonical).filter(serial).filter(move |format| format.fits(canonical))
    }

    /// Whether a canonical value looks like a format with a check character and does not end in it.
    pub(crate) fn any_check_fails(&self, canonical: &str) -> bool {
        self.of_its_length(canonical).any(|format| format.fails_check(canonical))
    }

    /// Whether a canonical value has the structure of a UnionPay terminal number.
    pub(crate) fn is_tusn(&self, canonical: &str) -> bool {
        let tusn = |format: &&Format| format.kind == IdentifierKind::Tusn;
        self.of_its_length(canonical).filter(tusn).any(|format| format.fits(canonical))
    }

    fn of_its_length(&self, canonical: &str) -> impl Iterator<Item = &Format> {
        let positions = self.of_length.get(canonical.len()).map_or(&[][..], Vec::as_slice);
        positions.iter().map(|&at| &self.formats[at])
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

/// How many ASCII digits a value has.
pub(crate) fn digits(value: &str) -> usize {
    value.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical;

    #[test]
    fn every_sample_of_the_domain_has_its_format() {
        let formats = Formats::builtin();
        for (printed, name) in [
            ("QW2F45K8T61XZWA9", "generic-16"),
            ("324-689-776", "verifone-9"),
            ("080020970", "verifone-9"),
            ("212857310045", "ingenico-12"),
            ("0821032398", "pax-10"),
            ("1170000652", "pax-10"),
            ("6A000001", "pax-8"),
            ("000158213605014", "castles-15"),
            ("C030UQ50550081", "clover-14"),
            ("WSC513105011295", "bbpos-15"),
            ("STRM26138003393", "bbpos-15"),
            ("U1DT3NA00-CN", "sumup-11"),
        ] {
            let value = canonical(printed);
            let first = formats.matching(&value).next().map(|format| format.name.as_str());
            assert_eq!(first, Some(name), "{printed}");
        }
        assert!(formats.is_tusn("00005702280117638929"));
    }

    #[test]
    fn what_no_row_allows_does_not_fit() {
        let formats = Formats::builtin();
        let first = |value| formats.matching(value).next().map(|format| format.name.clone());
        assert_eq!(first("6O000001").as_deref(), Some("fallback"), "PAX uses no letter O");
        assert_eq!(first("212 857"), None);
        assert_eq!(first("000158215405014").as_deref(), Some("fallback"), "week 54");
        assert_eq!(first("ABCDEFGH123"), None, "three digits only");
        assert_eq!(first(""), None);
        assert!(!formats.is_tusn("00005712280117638929"), "device type 12");
    }

    #[test]
    fn plausibility_is_a_note() {
        let formats = Formats::builtin();
        let ingenico = formats.matching("992857310045").next().expect("fits");
        assert_eq!(ingenico.implausible("992857310045"), ["year of manufacture 99 is not 5 to 40"]);
        assert!(ingenico.implausible("212857310045").is_empty());
    }
}
