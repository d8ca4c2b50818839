//! A formats file: TOML, one `[[format]]` table a row. Everything in it is checked before any of
//! it counts, with limits on every part, because an operator's file is input like any other.

use crate::evidence::Symbology;
use crate::formats::format::{Format, Lengths, Plausibility, Standing, UNKNOWN};
use crate::formats::shape::Shape;
use crate::identifier::IdentifierKind;
use crate::serial::canonical::canonical;
use crate::serial::check_digit::CheckCharacter;
use crate::serial::fold::fold;
use regex_lite::RegexBuilder;
use serde::Deserialize;

/// A longer formats file is refused.
pub const FORMATS_BYTES_MAX: usize = 256 * 1024;
const FORMATS_MAX: usize = 500;
const SHAPES_MAX: usize = 200;
const SAMPLES_MAX: usize = 200;
const PATTERN_BYTES_MAX: usize = 500;
/// Memory of one compiled pattern: `(\d{60}){60}` is refused, every real one fits.
const PATTERN_MEMORY_BYTES_MAX: usize = 64 * 1024;
const PATTERN_NESTING_MAX: u32 = 20;

/// Why a formats file was refused.
#[derive(Debug, thiserror::Error)]
pub enum FormatsError {
    /// Larger than any list of formats needs.
    #[error("the formats file has {0} bytes; at most {FORMATS_BYTES_MAX} are read")]
    TooLarge(usize),
    /// More rows than are taken.
    #[error("the formats file has {0} formats; at most {FORMATS_MAX} are taken")]
    TooMany(usize),
    /// Not TOML, or a field that is not known.
    #[error("the formats file is not valid: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A row that contradicts itself.
    #[error("format \"{name}\": {problem}")]
    Row {
        /// The row's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    format: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    vendor: Option<String>,
    #[serde(default)]
    kind: Option<IdentifierKind>,
    #[serde(default)]
    standing: Option<Standing>,
    #[serde(default)]
    distinctive: bool,
    #[serde(default)]
    brands: Vec<String>,
    #[serde(default)]
    shapes: Vec<String>,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    printed: Option<String>,
    #[serde(default)]
    barcodes: Vec<Symbology>,
    #[serde(default)]
    digits_min: usize,
    #[serde(default)]
    check: Option<CheckCharacter>,
    #[serde(default)]
    plausibility: Vec<Plausibility>,
    #[serde(default)]
    samples: Vec<String>,
    #[serde(default)]
    note: String,
}

/// Reads a formats file; rows that do not say otherwise get `standing`.
pub(super) fn parse(toml: &str, standing: Standing) -> Result<Vec<Format>, FormatsError> {
    if toml.len() > FORMATS_BYTES_MAX {
        return Err(FormatsError::TooLarge(toml.len()));
    }
    let file: File = toml::from_str(toml)?;
    if file.format.len() > FORMATS_MAX {
        return Err(FormatsError::TooMany(file.format.len()));
    }
    let mut formats: Vec<Format> = Vec::with_capacity(file.format.len());
    for row in file.format {
        let name = row.name.clone();
        if formats.iter().any(|format| format.name == name) {
            return Err(FormatsError::Row { name, problem: "the name occurs twice".to_owned() });
        }
        formats.push(check(row, standing).map_err(|problem| FormatsError::Row { name, problem })?);
    }
    Ok(formats)
}

fn check(row: Row, standing: Standing) -> Result<Format, String> {
    let named = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    if row.name.is_empty() || row.name.len() > 40 || !row.name.chars().all(named) {
        return Err("a name has 1 to 40 lower case letters, digits and dashes".to_owned());
    }
    let vendor = row.vendor.unwrap_or_else(|| UNKNOWN.to_owned());
    if vendor.is_empty() || vendor.len() > 40 || !vendor.chars().all(named) {
        return Err("a vendor has 1 to 40 lower case letters, digits and dashes".to_owned());
    }
    if row.shapes.is_empty() && row.pattern.is_none() {
        return Err("it has neither shapes nor a pattern".to_owned());
    }
    if row.shapes.len() > SHAPES_MAX || row.samples.len() > SAMPLES_MAX || row.brands.len() > 20 {
        return Err(format!(
            "at most {SHAPES_MAX} shapes, {SAMPLES_MAX} samples and 20 brands are taken"
        ));
    }
    let shape = |written: &String| {
        Shape::parse(written).ok_or_else(|| {
            format!(
                "shape \"{written}\": 1 to {} of d, a, x, n, h, digits and capital letters",
                Shape::POSITIONS_MAX
            )
        })
    };
    let shapes = row.shapes.iter().map(shape).collect::<Result<Vec<_>, _>>()?;
    let format = Format {
        lengths: Lengths::of(&shapes),
        kind: row.kind.unwrap_or(IdentifierKind::Serial),
        standing: row.standing.unwrap_or(standing),
        shapes,
        pattern: row.pattern.as_deref().map(compile).transpose()?,
        prefix: row.pattern.as_deref().map_or_else(String::new, literal_prefix),
        brands: row.brands.iter().map(|brand| fold(brand)).collect(),
        name: row.name,
        vendor,
        distinctive: row.distinctive,
        printed: row.printed,
        barcodes: row.barcodes,
        digits_min: row.digits_min,
        check: row.check,
        plausibility: row.plausibility,
        samples: row.samples,
        note: row.note,
    };
    if format.plausibility.iter().any(|note| note.digits > 9 || note.at > Shape::POSITIONS_MAX) {
        return Err("a plausibility note covers at most 9 digits of the serial".to_owned());
    }
    match format
        .samples
        .iter()
        .find(|sample| !canonical(sample).is_ok_and(|value| format.fits(&value)))
    {
        Some(sample) => Err(format!("its own sample \"{sample}\" does not fit")),
        None => Ok(format),
    }
}

fn compile(pattern: &str) -> Result<regex_lite::Regex, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("a pattern has at most {PATTERN_BYTES_MAX} bytes"));
    }
    if !(pattern.starts_with('^') && pattern.ends_with('$')) {
        return Err("a pattern starts with ^ and ends with $: it describes the whole".to_owned());
    }
    RegexBuilder::new(pattern)
        .size_limit(PATTERN_MEMORY_BYTES_MAX)
        .nest_limit(PATTERN_NESTING_MAX)
        .build()
        .map_err(|error| format!("pattern: {error}"))
}

/// The letters and digits that every match of a pattern begins with, as far as that is plain.
fn literal_prefix(pattern: &str) -> String {
    let body = pattern.trim_start_matches('^');
    let literal = |char: &char| char.is_ascii_digit() || char.is_ascii_uppercase();
    let mut prefix: String = body.chars().take_while(literal).collect();
    // What follows may repeat the last character or be another choice.
    if body[prefix.len()..].starts_with(['?', '*', '+', '{']) {
        prefix.pop();
    }
    if has_alternatives(body) { String::new() } else { prefix }
}

/// Whether a pattern has a `|` outside of its groups.
fn has_alternatives(pattern: &str) -> bool {
    let (mut depth, mut in_class, mut escaped) = (0usize, false, false);
    for char in pattern.chars() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            _ if in_class => {}
            '[' => in_class = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::formats::Formats;
    use crate::formats::file::literal_prefix;
    use crate::formats::format::Standing;

    #[test]
    fn a_prefix_is_what_every_match_begins_with() {
        for (pattern, prefix) in [
            (r"^000\d{3}(0[1-9]|1[01])[0-9A-Z]{8,42}$", "000"),
            (r"^\d{9}$", ""),
            ("^AB?C$", "A"),
            ("^AB{2}C$", "A"),
            ("^A1|B2$", ""),
            ("^A1|(B2)$", ""),
            (r"^A1\(|B2[(]$", ""),
            ("^A(1|2)$", "A"),
        ] {
            assert_eq!(literal_prefix(pattern), prefix, "{pattern}");
        }
    }

    #[track_caller]
    fn refused(toml: &str, because: &str) {
        let error = Formats::builtin().with_operator_file(toml).expect_err("refused");
        assert!(error.to_string().contains(because), "{error}");
    }

    #[test]
    fn a_row_of_the_operator_comes_first_and_replaces() {
        let toml = r#"
            [[format]]
            name = "meter-7"
            vendor = "acme"
            shapes = ["ddddddd"]
            samples = ["1234567"]

            [[format]]
            name = "pax-8"
            vendor = "pax"
            shapes = ["dddddddd"]
        "#;
        let formats = Formats::builtin().with_operator_file(toml).expect("valid");
        let meter = formats.matching("7654321").next().expect("fits");
        assert_eq!((meter.name.as_str(), meter.standing), ("meter-7", Standing::Taught));
        assert_ne!(formats.matching("6A000001").next().expect("fallback").name, "pax-8");
        assert_eq!(formats.iter().filter(|format| format.name == "pax-8").count(), 1);
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        refused("[[format]]\nname = \"a\"", "neither shapes nor a pattern");
        refused("[[format]]\nname = \"A b\"\nshapes=[\"d\"]", "lower case");
        refused("[[format]]\nname = \"a\"\nshapes=[\"d-d\"]", "d-d");
        refused("[[format]]\nname = \"a\"\nshapes=[\"dd\"]\nsamples=[\"1\"]", "sample \"1\"");
        refused("[[format]]\nname = \"a\"\npattern='\\d+'", "starts with ^");
        refused("[[format]]\nname = \"a\"\npattern='^(\\d$'", "pattern");
        refused("[[format]]\nname = \"a\"\npattern='^(\\d{900}){900}$'", "pattern");
        refused("[[format]]\nname = \"a\"\nsurprise = 1", "surprise");
        refused("no toml", "not valid");
        refused(&" ".repeat(300_000), "bytes");
        let twice = "[[format]]\nname = \"a\"\nshapes=[\"d\"]\n".repeat(2);
        refused(&twice, "twice");
    }
}
