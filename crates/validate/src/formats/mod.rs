//! What serials look like, as data: one row a format, shipped in `formats.toml`, an operator's own
//! file over it.
//!
//! A format is evidence, never a filter: makers change their serials without telling, so a serial
//! that fits none is a question to a person and never thrown away.

pub(crate) mod file;
pub(crate) mod format;
pub(crate) mod learn;
pub(crate) mod shape;
pub(crate) mod shape_prior;

use crate::formats::file::FormatsError;
use crate::formats::format::{Format, Lengths, Standing};
use crate::formats::shape_prior::ShapePrior;
use crate::identifier::IdentifierKind;
use crate::serial::fold::fold;

/// Every format that is known, in the order of preference: taught, vendor, permissive.
#[derive(Clone, Debug)]
pub struct Formats {
    formats: Vec<Format>,
    /// Positions in `formats` by the length of a value: of most lengths there are few.
    of_length: Vec<Vec<usize>>,
    /// The makers' names, each once, in canonical form and order.
    brands: Vec<String>,
    /// How serials change between letters and digits.
    shape_prior: ShapePrior,
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
        let samples = formats.iter().filter(|it| it.standing != Standing::Permissive);
        let samples: Vec<String> =
            samples.flat_map(|it| &it.samples).map(|sample| fold(sample)).collect();
        let shape_prior = ShapePrior::of(samples.iter().map(String::as_str));
        Self { formats, of_length, brands, shape_prior }
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

    /// How serials are shaped, counted over the samples of all formats.
    pub(crate) fn shape_prior(&self) -> &ShapePrior {
        &self.shape_prior
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serial::canonical::canonical;

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
            ("PB04204S60977", "sunmi-13"),
            ("N860W173397", "nexgo-11"),
            ("N96N960WC05078", "mypos-14"),
            ("N950NCB801293324", "newland-16"),
            ("13364WL21273323", "ingenico-15"),
            ("203357303131155318426517", "ingenico-24"),
            ("V1E0207420", "verifone-x990"),
            ("WPOSQT2070000091", "wizarpos-16"),
        ] {
            let value = canonical(printed).expect("a serial");
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
