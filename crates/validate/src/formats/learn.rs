//! Teaching a format from a few serials, and explaining which formats a value fits.
//!
//! Three samples are enough to propose, never to decide: the proposal shows what it would and would
//! not accept, and a person puts it into the formats file.

use crate::formats::Formats;
use crate::formats::file::{self, FormatsError};
use crate::formats::format::{Format, Standing};
use crate::formats::shape::{Class, Shape};
use crate::serial::canonical::canonical;
use crate::serial::check_digit::{CheckCharacter, gtin, luhn};
use crate::serial::fold::fold;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Samples that a proposal needs of one length.
const SAMPLES_MIN: usize = 3;
/// Samples taken at most.
const SAMPLES_MAX: usize = 200;
/// Characters that all samples must share at their start before the start is taken as fixed: two
/// shared digits are chance or a batch, a shared letter is a prefix.
const FIXED_DIGITS_MIN: usize = 3;

/// A format that a few samples suggest.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The format, ready for use.
    pub format: Format,
    /// The same as a row for the operator's formats file.
    pub toml: String,
    /// Made-up serials that it would take.
    pub would_accept: Vec<String>,
    /// Made-up values near the samples that it would not take, each with the reason.
    pub would_refuse: Vec<(String, String)>,
    /// What a person should know before using it.
    pub warnings: Vec<String>,
}

/// Why no format can be proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LearnError {
    /// A format needs several samples, or chance looks like a rule.
    #[error("{found} different samples of {length} characters: at least {SAMPLES_MIN} are needed")]
    TooFew {
        /// How many there are.
        found: usize,
        /// Their length.
        length: usize,
    },
    /// More than are taken.
    #[error("{0} samples: at most {SAMPLES_MAX} are taken")]
    TooMany(usize),
    /// Too short or too long for a serial.
    #[error("\"{0}\" is no serial: one has 5 to {max} letters and digits", max = Shape::POSITIONS_MAX)]
    NoSerial(String),
    /// The name or the vendor cannot stand in a formats file.
    #[error("{0}")]
    Name(String),
}

/// Proposes a format from samples as printed. Samples of several lengths give one shape each;
/// lengths with too few samples are left out with a warning.
///
/// # Errors
/// Says what is missing; nothing is proposed from too little.
pub fn learn(
    known: &Formats,
    name: &str,
    vendor: &str,
    samples: &[String],
) -> Result<Proposal, LearnError> {
    if samples.len() > SAMPLES_MAX {
        return Err(LearnError::TooMany(samples.len()));
    }
    let mut by_length: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for sample in samples {
        let value = canonical(sample).map_err(|_| LearnError::NoSerial(sample.clone()))?;
        if !(5..=Shape::POSITIONS_MAX).contains(&value.len()) {
            return Err(LearnError::NoSerial(sample.clone()));
        }
        by_length.entry(value.len()).or_default().insert(value);
    }
    let (enough, too_few): (BTreeMap<_, _>, BTreeMap<_, _>) =
        by_length.into_iter().partition(|(_, values)| values.len() >= SAMPLES_MIN);
    if enough.is_empty() {
        let most = too_few.iter().max_by_key(|(_, values)| values.len());
        let (length, found) = most.map_or((0, 0), |(length, values)| (*length, values.len()));
        return Err(LearnError::TooFew { found, length });
    }
    let shapes: Vec<Shape> = enough.values().map(shape_of).collect();
    let taken: Vec<String> = samples
        .iter()
        .filter(|sample| canonical(sample).is_ok_and(|value| enough.contains_key(&value.len())))
        .cloned()
        .collect();
    let toml = row(name, vendor, &shapes, &taken, None, None);
    let format = file::parse(&toml, Standing::Taught)
        .map_err(|error| LearnError::Name(error.to_string()))?
        .remove(0);
    let values: Vec<&String> = enough.values().flatten().collect();
    let mut warnings = warnings(known, &shapes, &values);
    warnings.extend(too_few.values().flatten().map(|value| {
        format!("{value} was left out: at least {SAMPLES_MIN} samples of its length are needed")
    }));
    Ok(Proposal {
        would_accept: shapes.iter().flat_map(made_up).collect(),
        would_refuse: refused(&format, values[0]),
        warnings,
        toml,
        format,
    })
}

/// The narrowest shape that all values of one length share.
fn shape_of(values: &BTreeSet<String>) -> Shape {
    let columns = columns(values);
    let fixed = columns.iter().take_while(|column| column.len() == 1).count();
    let start: String = columns[..fixed].iter().flat_map(|column| column.first()).collect();
    let is_prefix = start.contains(|char: char| char.is_ascii_uppercase());
    let keep = if is_prefix || fixed >= FIXED_DIGITS_MIN { fixed } else { 0 };
    let class = |(at, column): (usize, &BTreeSet<char>)| {
        let only = column.first().copied().filter(|_| column.len() == 1);
        match only {
            Some(char) if at < keep || char.is_ascii_uppercase() => Class::Exactly(char),
            _ if column.iter().all(char::is_ascii_digit) => Class::Digit,
            _ if column.iter().all(char::is_ascii_uppercase) => Class::Letter,
            _ => Class::LetterOrDigit,
        }
    };
    let classes = columns.iter().enumerate().map(class).collect();
    Shape::new(classes).expect("the length was checked")
}

/// The characters that occur at each position.
fn columns(values: &BTreeSet<String>) -> Vec<BTreeSet<char>> {
    let length = values.first().map_or(0, String::len);
    let mut columns = vec![BTreeSet::new(); length];
    for value in values {
        for (column, char) in columns.iter_mut().zip(value.chars()) {
            column.insert(char);
        }
    }
    columns
}

impl Format {
    /// Its shapes, pattern and check as a row of another name for the operator's formats file.
    ///
    /// # Errors
    /// A name or vendor that cannot stand there.
    pub fn operator_row(&self, name: &str, vendor: &str) -> Result<String, FormatsError> {
        let pattern = self.pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
        let row = row(name, vendor, &self.shapes, &[], pattern, self.check);
        file::parse(&row, Standing::Taught).map(|_| row)
    }
}

/// The row as it stands in a formats file.
fn row(
    name: &str,
    vendor: &str,
    shapes: &[Shape],
    samples: &[String],
    pattern: Option<String>,
    check: Option<CheckCharacter>,
) -> String {
    let list = |items: Vec<String>| {
        let quoted = items.into_iter().map(|item| toml::Value::String(item).to_string());
        quoted.collect::<Vec<_>>().join(", ")
    };
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut row = String::from("[[format]]\n");
    let shapes = shapes.iter().map(Shape::to_string).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(row, "name = {}\nvendor = {}", quoted(name), quoted(vendor));
    let _ = writeln!(row, "shapes = [{}]\nsamples = [{}]", list(shapes), list(samples.to_vec()));
    if let Some(pattern) = pattern {
        let _ = writeln!(row, "pattern = {}", quoted(&pattern));
    }
    if let Some(CheckCharacter::Mod37Of36) = check {
        row.push_str("check = \"mod_37_36\"\n");
    }
    row
}

/// Two values of a shape that are no samples: low and high in every class.
fn made_up(shape: &Shape) -> [String; 2] {
    let low = |(at, class): (usize, &Class)| match class {
        Class::Digit | Class::Hexadecimal => char::from(b'0' + (at % 10) as u8),
        Class::Letter | Class::LetterOrDigit | Class::NoLookAlike => 'A',
        Class::Exactly(only) => *only,
    };
    let high = |(at, class): (usize, &Class)| match class {
        Class::Digit => char::from(b'9' - (at % 10) as u8),
        Class::LetterOrDigit | Class::NoLookAlike => '7',
        Class::Letter => 'X',
        Class::Hexadecimal => 'F',
        Class::Exactly(only) => *only,
    };
    let classes = || shape.classes().iter().enumerate();
    [classes().map(low).collect(), classes().map(high).collect()]
}

/// Values like a sample that the format does not take.
fn refused(format: &Format, sample: &str) -> Vec<(String, String)> {
    let shorter = sample[..sample.len() - 1].to_owned();
    let longer = format!("{sample}0");
    let mut near = vec![shorter, longer];
    let swapped = |at: usize| -> String {
        let other = |char: char| if char.is_ascii_digit() { 'A' } else { '7' };
        let chars = sample.chars().enumerate();
        chars.map(|(index, char)| if index == at { other(char) } else { char }).collect()
    };
    near.extend([swapped(0), swapped(sample.len() - 1)]);
    near.into_iter().filter_map(|value| Some((value.clone(), misfit(format, &value)?))).collect()
}

fn warnings(known: &Formats, shapes: &[Shape], values: &[&String]) -> Vec<String> {
    let mut warnings = Vec::new();
    let only_digits =
        |shape: &Shape| shape.classes().iter().all(|class| matches!(class, Class::Digit));
    for shape in shapes.iter().filter(|shape| only_digits(shape)) {
        warnings.push(format!(
            "{shape}: any number of {} digits fits, so a meter reading or a phone number may too",
            shape.classes().len()
        ));
    }
    let other = known.matching(values[0]).find(|format| format.standing != Standing::Permissive);
    if let Some(other) = other {
        warnings.push(format!("the samples also fit \"{}\" ({})", other.name, other.vendor));
    }
    if values.iter().all(|value| luhn(value)) {
        warnings.push("every sample passes the Luhn check: are these IMEIs?".to_owned());
    }
    if values.iter().all(|value| gtin(value)) {
        warnings
            .push("every sample passes the EAN/UPC check: are these product numbers?".to_owned());
    }
    warnings
}

/// Why a canonical value does not have a format; `None` if it has.
pub fn misfit(format: &Format, canonical: &str) -> Option<String> {
    if format.fits(canonical) {
        return None;
    }
    if format.fails_check(canonical) {
        return Some("the last character is not the check character of the others".to_owned());
    }
    let same_length = format.shapes.iter().filter(|shape| shape.classes().len() == canonical.len());
    let first_wrong = |shape: &Shape| {
        canonical.chars().zip(shape.classes()).position(|(char, class)| !class.admits(char))
    };
    let furthest = same_length.max_by_key(|shape| first_wrong(shape).unwrap_or(usize::MAX));
    Some(match furthest {
        Some(shape) => match first_wrong(shape) {
            Some(at) => {
                let char = canonical.chars().nth(at).unwrap_or(' ');
                format!("position {}: {char} where {shape} has {}", at + 1, shape.classes()[at])
            }
            None => format!("the pattern {} does not match", format.pattern()),
        },
        None if !format.shapes.is_empty() => {
            let lengths: BTreeSet<usize> =
                format.shapes.iter().map(|shape| shape.classes().len()).collect();
            let listed: Vec<String> = lengths.iter().map(usize::to_string).collect();
            let lengths = match &listed[..] {
                [least, .., most] if listed.len() > 3 => format!("{least} to {most}"),
                few => few.join(" or "),
            };
            format!("{} characters, not {lengths}", canonical.len())
        }
        None => format!("the pattern {} does not match", format.pattern()),
    })
}

/// What a value is by its form alone.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Canonical form.
    pub canonical: String,
    /// The formats that it fits, preferred first, with what is implausible about it.
    pub fits: Vec<(String, Vec<String>)>,
    /// The formats that it does not fit, with the reason.
    pub misses: Vec<(String, String)>,
    /// What else it may be: a form that another kind of number has too.
    pub may_be: Vec<&'static str>,
}

/// Explains a value: which formats it fits and why not the others, and what else has that form.
pub fn explain(formats: &Formats, printed: &str) -> Explanation {
    let canonical = fold(printed);
    let mut fits = Vec::new();
    let mut misses = Vec::new();
    for format in formats.iter() {
        match misfit(format, &canonical) {
            None => fits.push((format.name.clone(), format.implausible(&canonical))),
            Some(why) => misses.push((format.name.clone(), why)),
        }
    }
    let may_be = other_forms(formats, &canonical);
    Explanation { canonical, fits, misses, may_be }
}

fn other_forms(formats: &Formats, canonical: &str) -> Vec<&'static str> {
    let digits = !canonical.is_empty() && canonical.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = canonical.bytes().all(|byte| byte.is_ascii_hexdigit());
    let forms = [
        (digits && canonical.len() == 15 && luhn(canonical), "an IMEI (15 digits, Luhn)"),
        (digits && canonical.len() == 15, "a merchant number, 商户号 (15 digits)"),
        (digits && canonical.len() == 8, "a terminal number, 终端号 (8 digits)"),
        (digits && gtin(canonical), "an EAN, UPC or GTIN (check digit)"),
        (hexadecimal && canonical.len() == 12, "a MAC address (12 hexadecimal digits)"),
        (digits && matches!(canonical.len(), 10 | 11), "a telephone number"),
        (formats.is_tusn(canonical), "a UnionPay TUSN"),
        (
            digits && matches!(canonical.len(), 19 | 20) && canonical.starts_with("89"),
            "a SIM card number, ICCID",
        ),
    ];
    forms.into_iter().filter_map(|(holds, form)| holds.then_some(form)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(samples: &[&str]) -> Result<Proposal, LearnError> {
        let samples: Vec<String> = samples.iter().map(|sample| sample.to_string()).collect();
        learn(&Formats::builtin(), "acme", "acme", &samples)
    }

    #[test]
    fn three_samples_make_a_format() {
        let learnt = proposal(&["SG-150700048", "SG-150700171", "SG-160912345"]).expect("proposed");
        assert_eq!(learnt.format.shapes[0].to_string(), "SG1dddddddd");
        let formats = Formats::builtin().with_operator_file(&learnt.toml).expect("valid");
        assert_eq!(formats.matching("SG199999999").next().map(|f| f.name.as_str()), Some("acme"));
        for made_up in &learnt.would_accept {
            assert!(learnt.format.fits(made_up), "{made_up}");
        }
        assert_eq!(learnt.would_refuse.len(), 4, "{:?}", learnt.would_refuse);
        for (value, _) in &learnt.would_refuse {
            assert!(!learnt.format.fits(value), "{value}");
        }
    }

    #[test]
    fn digits_stay_digits_and_are_warned_about() {
        let learnt = proposal(&["4471902", "2093817", "6650123"]).expect("proposed");
        assert_eq!(learnt.format.shapes[0].to_string(), "ddddddd");
        assert!(learnt.warnings[0].contains("any number of 7 digits"), "{:?}", learnt.warnings);
    }

    #[test]
    fn an_odd_one_is_left_out() {
        let learnt = proposal(&["4471902", "L6486984", "2093817", "6650123"]).expect("proposed");
        assert_eq!(learnt.format.shapes.len(), 1);
        assert_eq!(learnt.format.samples.len(), 3);
        assert!(learnt.warnings.iter().any(|warning| warning.starts_with("L6486984 was left out")));
    }

    #[test]
    fn too_little_teaches_nothing() {
        assert_eq!(proposal(&[]).unwrap_err(), LearnError::TooFew { found: 0, length: 0 });
        let same = proposal(&["77987515", "77987515", "7798-7515"]).unwrap_err();
        assert_eq!(same, LearnError::TooFew { found: 1, length: 8 });
        assert!(matches!(proposal(&["1", "2", "3"]), Err(LearnError::NoSerial(_))));
        let samples = ["77987515", "77362976", "77000001"].map(str::to_owned);
        let bad = learn(&Formats::builtin(), "No Name!", "acme", &samples);
        assert!(matches!(bad, Err(LearnError::Name(_))));
    }

    #[test]
    fn an_explanation_names_what_fits_and_where_the_rest_fails() {
        let explained = explain(&Formats::builtin(), "082 1032398");
        assert_eq!(explained.canonical, "0821032398");
        assert_eq!(explained.fits[0].0, "pax-10");
        assert!(explained.may_be.contains(&"a telephone number"));
        let castles = explained.misses.iter().find(|(name, _)| name == "castles-15");
        assert_eq!(castles.expect("listed").1, "10 characters, not 15");
        let clover = misfit(
            Formats::builtin().iter().find(|format| format.name == "clover-14").expect("known"),
            "C03OUQ50550081",
        );
        assert_eq!(clover.as_deref(), Some("position 4: O where C0ddUadddddddd has a digit"));
    }
}
