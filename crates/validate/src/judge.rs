//! The verdict: which value, if any, the evidence supports well enough to register.
//!
//! Pure and total. It counts facts about each value in view, asks the table in `rules`, and looks
//! for whatever contradicts the answer. A wrong serial is worse than a question, so every doubt is
//! a question.

use crate::formats::{Standing, digits};
use crate::keyword::Strength;
use crate::label::Joined;
use crate::look_alike::look_alike_distance;
use crate::payload::Mark;
use crate::rules::{self, Bar, Fact, Facts};
use crate::sighting::{self, Carrier, Sighting, looks_like_serial};
use crate::*;
use std::collections::{BTreeMap, BTreeSet};

/// Candidates shown to a person: more would not be read.
const CANDIDATES_MAX: usize = 12;
/// Identifiers returned: more than any label carries.
const IDENTIFIERS_MAX: usize = 32;
/// Look-alikes in one value that a barcode may settle.
const LOOK_ALIKES_MAX: usize = 2;
/// Below this probability a character is shown as doubtful: it flags most wrong ones.
const DOUBTFUL_P: f32 = 0.98;

/// Judges the evidence of one terminal's photos. Total: any evidence gives a judgement, the same
/// one whatever the order of barcodes and lines.
pub fn judge(formats: &Formats, evidence: &Evidence, estate: &Estate) -> Judgement {
    let case = Case::new(formats, evidence, estate);
    let identifiers = case.identifiers();
    let verdict = case.verdict();
    Judgement { verdict, identifiers }
}

/// Everything that is known about one value.
struct Value<'a> {
    value: &'a str,
    sightings: Vec<&'a Sighting>,
    facts: Facts,
    bars: BTreeSet<Bar>,
    format: Option<&'a Format>,
}

/// The values in view.
struct Case<'a> {
    formats: &'a Formats,
    evidence: &'a Evidence,
    estate: &'a Estate,
    sightings: Vec<Sighting>,
}

impl<'a> Case<'a> {
    fn new(formats: &'a Formats, evidence: &'a Evidence, estate: &'a Estate) -> Self {
        Self { formats, evidence, estate, sightings: sighting::sightings(evidence) }
    }

    fn verdict(&self) -> Verdict {
        let brands = self.brands();
        let values = self.values(&brands);
        let mut accepted: Vec<&Value> = values
            .iter()
            .filter(|value| value.bars.is_empty() && rules::accepting(value.facts).is_some())
            .collect();
        drop_readings_of_one_barcode(&mut accepted);
        let mut doubts: BTreeSet<Bar> = BTreeSet::new();
        if accepted.len() > 1 {
            doubts.insert(self.disagreement(&accepted));
        }
        if let [only] = accepted[..] {
            doubts.extend(values.iter().filter_map(|rival| self.contradiction(only, rival)));
            let serial = serial(only);
            if doubts.is_empty() {
                return Verdict::Accepted { serial };
            }
        }
        self.undecided(&values, &doubts)
    }

    /// Each value that may be a serial, with its facts and bars, in the order of the values.
    fn values(&self, brands: &BTreeSet<&str>) -> Vec<Value<'_>> {
        let mut by_value: BTreeMap<&str, Vec<&Sighting>> = BTreeMap::new();
        for sighting in &self.sightings {
            by_value.entry(&sighting.value).or_default().push(sighting);
        }
        let products = self.products();
        by_value
            .into_iter()
            .filter(|(value, _)| looks_like_serial(value))
            .map(|(value, mut sightings)| {
                sightings.sort_by(|one, other| preference(one).total_cmp(&preference(other)));
                let format = self.formats.matching(value).next();
                let mut bars = self.bars(value, &sightings);
                if products.contains(value.trim_start_matches('0')) {
                    bars.insert(Bar::NamedOther);
                }
                let facts = self.facts(value, &sightings, format, brands);
                if facts.has(Fact::BarcodeNamed) || facts.has(Fact::Keyword) {
                    bars.remove(&Bar::InAddress);
                }
                Value { value, sightings, facts, bars, format }
            })
            .collect()
    }

    fn facts(
        &self,
        value: &str,
        sightings: &[&Sighting],
        format: Option<&Format>,
        brands: &BTreeSet<&str>,
    ) -> Facts {
        let mut facts = Facts::default();
        let mut places: Vec<(usize, usize, Symbology)> = Vec::new();
        let mut photos = BTreeSet::new();
        for sighting in sightings {
            photos.insert(sighting.place.photo);
            match sighting.carrier {
                Carrier::Barcode { index, symbology, mark, counts, captioned } => {
                    let named = sighting.says_serial();
                    let counts = counts && mark != Mark::InAddress;
                    facts.insert_if(Fact::Barcode, counts && mark != Mark::PerhapsNamed);
                    facts.insert_if(Fact::BarcodeNamed, counts && named);
                    facts.insert_if(Fact::BarcodeCaptioned, counts && captioned);
                    if counts {
                        places.push((sighting.place.photo, index, symbology));
                    }
                }
                Carrier::Print { twice, .. } => {
                    facts.insert(Fact::Printed);
                    facts.insert_if(Fact::Keyword, sighting.says_serial());
                    facts.insert_if(Fact::TwoReadings, twice);
                }
            }
        }
        places.dedup_by_key(|place| (place.0, place.1));
        facts.insert_if(Fact::TwoBarcodes, places.len() > 1);
        facts.insert_if(Fact::SeveralPhotos, photos.len() > 1);
        facts.insert_if(Fact::Expected, self.estate.expects(value));
        self.stripped(value, sightings, &mut facts);
        self.look_alike_keyword(value, sightings, &mut facts);
        if let Some(format) = format {
            let named = format.brands.iter().any(|brand| brands.contains(brand.as_str()));
            let vendor = format.standing == Standing::Vendor && (format.distinctive || named);
            facts.insert_if(Fact::VendorFormat, vendor);
            facts.insert_if(Fact::TaughtFormat, format.standing == Standing::Taught);
        }
        facts
    }

    /// A barcode `SPF0UFLRH` is the serial `PF0UFLRH` under an identifier only if print says so or
    /// if the value fits a maker's format without its first letters and not with them.
    fn stripped(&self, value: &str, sightings: &[&Sighting], facts: &mut Facts) {
        let perhaps = sightings.iter().find(|sighting| {
            matches!(
                sighting.carrier,
                Carrier::Barcode { mark: Mark::PerhapsNamed, counts: true, .. }
            ) && matches!(sighting.named, Some((IdentifierKind::Serial, _)))
        });
        let Some(perhaps) = perhaps else { return };
        let specific = |value: &str| {
            self.formats.matching(value).any(|format| format.standing != Standing::Permissive)
        };
        let whole = self.sightings.iter().find(|other| {
            matches!((other.carrier, perhaps.carrier), (
                Carrier::Barcode { index: one, mark: Mark::Whole, .. },
                Carrier::Barcode { index: another, .. },
            ) if one == another && other.place.photo == perhaps.place.photo)
        });
        let only_stripped = specific(value) && whole.is_none_or(|whole| !specific(&whole.value));
        if facts.has(Fact::Printed) || only_stripped {
            facts.insert(Fact::Barcode);
            facts.insert(Fact::BarcodeNamed);
        }
    }

    /// Print beside a serial keyword that is this barcode's value but for look-alikes. Only a
    /// symbol with a check of its own may settle them: Code 39 has none.
    fn look_alike_keyword(&self, value: &str, sightings: &[&Sighting], facts: &mut Facts) {
        let checked = sightings.iter().any(|sighting| {
            matches!(sighting.carrier, Carrier::Barcode { symbology, counts: true, mark, .. }
                if symbology != Symbology::Code39 && matches!(mark, Mark::Whole | Mark::Named))
        });
        if !checked || facts.has(Fact::Keyword) {
            return;
        }
        let near = self.sightings.iter().any(|sighting| {
            !sighting.is_barcode()
                && sighting.says_serial()
                && look_alike_distance(&sighting.value, value)
                    .is_some_and(|places| (1..=LOOK_ALIKES_MAX).contains(&places))
        });
        facts.insert_if(Fact::KeywordLookAlike, near);
    }

    fn bars(&self, value: &str, sightings: &[&Sighting]) -> BTreeSet<Bar> {
        let mut bars = BTreeSet::new();
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
                Some(IdentifierKind::PartNumber) => drop(bars.insert(Bar::PartNumber)),
                Some(_) => drop(bars.insert(Bar::NamedOther)),
                None => {}
            }
            if matches!(sighting.carrier, Carrier::Barcode { mark: Mark::InAddress, .. }) {
                bars.insert(Bar::InAddress);
            }
        }
        if self.estate.is_part_number(value) {
            bars.insert(Bar::PartNumber);
        }
        if self.estate.is_required() && !self.estate.expects(value) {
            bars.insert(Bar::NotInEstate);
        }
        bars
    }

    /// Product numbers in view without leading zeros: the same number is an EAN-13, a UPC-A and
    /// the digits printed below either.
    fn products(&self) -> BTreeSet<&str> {
        let product = |sighting: &&Sighting| {
            sighting.is_barcode() && sighting.says_other() == Some(IdentifierKind::Ean)
        };
        let values = self.sightings.iter().filter(product);
        values.map(|sighting| sighting.value.trim_start_matches('0')).collect()
    }

    /// The makers' names that are printed in view.
    fn brands(&self) -> BTreeSet<&str> {
        let text: BTreeSet<String> = self
            .evidence
            .photos
            .iter()
            .flat_map(|photo| photo.lines.iter().chain(&photo.second_lines))
            .flat_map(|line| {
                let text = line.text().to_ascii_uppercase();
                let words = text.split(|char: char| !char.is_ascii_alphanumeric());
                words.map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        let brands = self.formats.iter().flat_map(|format| &format.brands);
        brands.filter(|brand| text.contains(*brand)).map(String::as_str).collect()
    }

    fn disagreement(&self, accepted: &[&Value]) -> Bar {
        let surfaces: BTreeSet<_> =
            accepted.iter().flat_map(|value| self.surfaces(value)).collect();
        let apart = accepted.iter().all(|value| self.surfaces(value).len() == 1);
        if surfaces.len() > 1 && apart { Bar::LabelScreenMismatch } else { Bar::TwoSerials }
    }

    /// Whether a value was seen on a label (false) and on a screen (true).
    fn surfaces(&self, value: &Value) -> BTreeSet<bool> {
        let surface = |sighting: &&Sighting| {
            let photo = self.evidence.photos.get(sighting.place.photo);
            photo.is_some_and(|photo| photo.surface == Surface::Screen)
        };
        value.sightings.iter().map(surface).collect()
    }

    /// What another value in view says against the one that would be accepted.
    fn contradiction(&self, only: &Value, rival: &Value) -> Option<Bar> {
        if only.value == rival.value || same_thing(only, rival) {
            return None;
        }
        let claims = rival.facts.has(Fact::BarcodeNamed)
            || rival.sightings.iter().any(|sighting| {
                sighting.says_serial()
                    && matches!(
                        sighting.carrier,
                        Carrier::Print { joined: Joined::No | Joined::Words, whole: true, .. }
                    )
            });
        let from_barcode = only.facts.has(Fact::Barcode);
        if claims && rival.bars.is_subset(&BTreeSet::from([Bar::NotInEstate])) {
            let near = look_alike_distance(only.value, rival.value)
                .is_some_and(|places| places <= LOOK_ALIKES_MAX);
            if from_barcode && near && !rival.facts.has(Fact::Barcode) {
                return None;
            }
            if self.surfaces(only) != self.surfaces(rival) {
                return Some(Bar::LabelScreenMismatch);
            }
            return Some(match from_barcode != rival.facts.has(Fact::Barcode) {
                true => Bar::BarcodeTextDiffer,
                false => Bar::TwoSerials,
            });
        }
        // Another barcode of the same form: a second device, whose keyword was not read.
        let same_format = only.format.is_some_and(|format| {
            format.standing != Standing::Permissive && format.fits(rival.value)
        });
        let other_barcode = rival.facts.has(Fact::Barcode) && rival.bars.is_empty();
        if same_format && other_barcode {
            return Some(Bar::TwoSerials);
        }
        // A barcode that is almost the print: one of the two was misread.
        let almost = look_alike_distance(only.value, rival.value).is_some();
        (!from_barcode && other_barcode && almost).then_some(Bar::BarcodeTextDiffer)
    }

    fn undecided(&self, values: &[Value], doubts: &BTreeSet<Bar>) -> Verdict {
        let candidates = self.candidates(values);
        let mut reasons: BTreeSet<ReasonCode> = doubts.iter().map(|bar| bar.reason()).collect();
        let faults = self.evidence.photos.iter().flat_map(|photo| &photo.faults);
        reasons.extend(faults.map(|&fault| ReasonCode::from(fault)));
        if candidates.is_empty() {
            let anything = !self.sightings.is_empty();
            if reasons.is_empty() || anything {
                reasons.insert(match anything {
                    true => ReasonCode::OnlyOtherNumbers,
                    false => ReasonCode::NoLabel,
                });
            }
            return Verdict::Unreadable { reasons: reasons.into_iter().map(Reason).collect() };
        }
        if let Some(best) = values.iter().find(|value| value.value == candidates[0].value) {
            reasons.extend(best.bars.iter().map(|bar| bar.reason()));
            if best.bars.is_empty() && doubts.is_empty() {
                reasons.extend(what_is_missing(best));
            }
        }
        Verdict::Review { candidates, reasons: reasons.into_iter().map(Reason).collect() }
    }

    fn candidates(&self, values: &[Value]) -> Vec<Candidate> {
        let mut ranked: Vec<(f32, &Value)> = values
            .iter()
            .filter(|value| is_candidate(value))
            .map(|value| (likelihood(value), value))
            .collect();
        ranked.sort_by(|(one, a), (other, b)| {
            other.total_cmp(one).then_with(|| a.value.cmp(b.value))
        });
        ranked.truncate(CANDIDATES_MAX);
        ranked.into_iter().map(|(confidence, value)| self.candidate(value, confidence)).collect()
    }

    fn candidate(&self, value: &Value, confidence: f32) -> Candidate {
        let best = value.sightings[0];
        Candidate {
            value: value.value.to_owned(),
            format: value.format.map(|format| format.name.clone()),
            confidence,
            source: source(&value.sightings),
            doubtful: self.doubtful(value),
            place: Some(best.place),
        }
    }

    /// Positions of the value that the reader was unsure of, if only print carries it.
    fn doubtful(&self, value: &Value) -> Vec<usize> {
        let Carrier::Print { line, joined: Joined::No, .. } = value.sightings[0].carrier else {
            return Vec::new();
        };
        let photo = self.evidence.photos.get(value.sightings[0].place.photo);
        let Some(line) = photo.and_then(|photo| photo.lines.get(line)) else { return Vec::new() };
        let folded: Vec<(char, f32)> = line
            .chars
            .iter()
            .filter_map(|char| Some((canonical::fold_char(char.best)?, char.p)))
            .collect();
        let wanted: Vec<char> = value.value.chars().collect();
        let found = folded
            .windows(wanted.len())
            .find(|window| window.iter().map(|(char, _)| char).eq(&wanted));
        let doubtful = found.into_iter().flatten().enumerate();
        doubtful.filter(|(_, (_, p))| *p < DOUBTFUL_P).map(|(at, _)| at).collect()
    }

    /// Every number with a meaning, each once, in a fixed order.
    fn identifiers(&self) -> Vec<Identifier> {
        let mut seen: BTreeMap<(IdentifierKind, &str), Vec<&Sighting>> = BTreeMap::new();
        for sighting in &self.sightings {
            let kind = match sighting.named {
                Some((IdentifierKind::Serial, _)) => continue,
                Some((kind, Strength::Sure)) => kind,
                Some((kind @ (IdentifierKind::Imei | IdentifierKind::Mac), _)) => kind,
                _ if self.formats.is_tusn(&sighting.value) => IdentifierKind::Tusn,
                _ => continue,
            };
            let joined = |sighting: &&Sighting| {
                matches!(
                    sighting.carrier,
                    Carrier::Print { joined: Joined::Words | Joined::Lines, .. }
                )
            };
            // Of several words after a keyword the first is its value, unless one number is in
            // several words.
            if joined(&sighting) && kind != IdentifierKind::Mac && kind != IdentifierKind::Imei {
                continue;
            }
            seen.entry((kind, &sighting.value)).or_default().push(sighting);
        }
        let identifier = |((kind, _), mut sightings): ((_, &str), Vec<&Sighting>)| {
            sightings.sort_by(|one, other| preference(one).total_cmp(&preference(other)));
            Identifier {
                kind,
                value: sightings[0].printed.clone(),
                source: source(&sightings),
                place: Some(sightings[0].place),
            }
        };
        seen.into_iter().map(identifier).take(IDENTIFIERS_MAX).collect()
    }
}

/// The sightings of one value, best first: a barcode before print, a named one before others.
fn preference(sighting: &Sighting) -> f32 {
    let carrier = match sighting.carrier {
        Carrier::Barcode { mark, counts, .. } => {
            (if counts { 0.0 } else { 2.0 }) + mark as u8 as f32 * 0.1
        }
        Carrier::Print { joined, whole, .. } => {
            1.0 + joined as u8 as f32 * 0.2 + if whole { 0.0 } else { 0.1 }
        }
    };
    // Positions break ties, so that the order of the evidence does not matter.
    let point = sighting.place.quad[0];
    let tie = (point.x + point.y * 3.0) * 1e-7;
    carrier
        + if sighting.says_serial() { 0.0 } else { 0.05 }
        + if tie.is_finite() { tie.clamp(0.0, 0.01) } else { 0.0 }
}

/// A barcode `SPF0UFLRH` supports both itself and `PF0UFLRH`: the stripped reading, if it stands,
/// is the one that is meant.
fn drop_readings_of_one_barcode(accepted: &mut Vec<&Value>) {
    let meant: Vec<(usize, usize)> = accepted
        .iter()
        .flat_map(|value| &value.sightings)
        .filter(|sighting| sighting.named.is_some())
        .filter_map(|sighting| barcode_of(sighting))
        .collect();
    let only_whole = |value: &&Value| {
        value.sightings.iter().all(|sighting| {
            sighting.named.is_none() && barcode_of(sighting).is_some_and(|own| meant.contains(&own))
        })
    };
    if accepted.len() > 1 {
        accepted.retain(|value| !only_whole(value));
    }
}

/// Photo and index of the barcode that carries a sighting.
fn barcode_of(sighting: &Sighting) -> Option<(usize, usize)> {
    match sighting.carrier {
        Carrier::Barcode { index, .. } => Some((sighting.place.photo, index)),
        Carrier::Print { .. } => None,
    }
}

/// Whether two values are two readings of one thing: the same barcode with and without its
/// identifier, or print that was cut, glued or joined differently.
fn same_thing(one: &Value, other: &Value) -> bool {
    let barcodes = |value: &Value| -> BTreeSet<(usize, usize)> {
        value.sightings.iter().filter_map(|sighting| barcode_of(sighting)).collect()
    };
    let (barcodes_of_one, barcodes_of_other) = (barcodes(one), barcodes(other));
    if barcodes_of_one.intersection(&barcodes_of_other).next().is_some() {
        return true;
    }
    one.value.contains(other.value) || other.value.contains(one.value)
}

fn source<'a>(sightings: impl IntoIterator<Item = &'a &'a Sighting>) -> Source {
    let (mut barcode, mut print) = (false, false);
    for sighting in sightings {
        barcode |= sighting.is_barcode();
        print |= !sighting.is_barcode();
    }
    match (barcode, print) {
        (true, true) => Source::Both,
        (true, false) => Source::Barcode,
        _ => Source::Text,
    }
}

/// The answer for a value that stands.
fn serial(value: &Value) -> Serial {
    let best = value.sightings[0];
    let row = rules::accepting(value.facts);
    let printed = value
        .sightings
        .iter()
        .find(|sighting| !sighting.is_barcode())
        .map_or(&best.printed, |sighting| &sighting.printed);
    Serial {
        value: value.value.to_owned(),
        printed: printed.clone(),
        vendor: value.format.map_or("unknown", |format| &format.vendor).to_owned(),
        format: value.format.map_or("unknown", |format| &format.name).to_owned(),
        source: source(&value.sightings),
        symbology: value.sightings.iter().find_map(|sighting| match sighting.carrier {
            Carrier::Barcode { symbology, .. } => Some(symbology),
            Carrier::Print { .. } => None,
        }),
        confidence: row.map_or(0.0, |row| row.confidence),
        checks: rules::checks(value.facts),
        corrections: Vec::new(),
        place: Some(best.place),
    }
}

/// Whether a person should be shown this value: the serial must be among the candidates wherever a
/// person could read it, and what is surely another number must not.
fn is_candidate(value: &Value) -> bool {
    if value.bars.contains(&Bar::NamedOther) && !value.facts.has(Fact::Keyword) {
        return false;
    }
    let marked = value.facts.has(Fact::Keyword)
        || value.facts.has(Fact::BarcodeNamed)
        || value.facts.has(Fact::Barcode)
        || value.facts.has(Fact::TaughtFormat);
    let barcode = value.sightings.iter().any(|sighting| sighting.is_barcode());
    marked || barcode || digits(value.value) >= 4
}

/// How likely a value is the serial; only good for ordering.
fn likelihood(value: &Value) -> f32 {
    let facts = value.facts;
    let standing = value.format.map(|format| format.standing);
    let weak = value.sightings.iter().any(|sighting| {
        sighting.named == Some((IdentifierKind::Serial, Strength::Weak)) && !sighting.is_barcode()
    });
    let joined = value.sightings.iter().all(|sighting| {
        matches!(sighting.carrier, Carrier::Print { joined: Joined::Words | Joined::Lines, .. })
    });
    let in_address = value.bars.contains(&Bar::InAddress);
    let mut odds = -1.5;
    odds += if facts.has(Fact::Keyword) { 2.0 } else { 0.0 };
    odds += if facts.has(Fact::BarcodeNamed) { 2.0 } else { 0.0 };
    odds += if facts.has(Fact::BarcodeCaptioned) { 0.7 } else { 0.0 };
    odds += if facts.has(Fact::Barcode) && !in_address { 1.0 } else { 0.0 };
    odds += if facts.has(Fact::Printed) && facts.has(Fact::Barcode) { 0.8 } else { 0.0 };
    odds += if facts.has(Fact::TwoReadings) { 0.4 } else { 0.0 };
    odds += if facts.has(Fact::Expected) { 2.0 } else { 0.0 };
    odds += if facts.has(Fact::VendorFormat) { 0.8 } else { 0.0 };
    odds += match standing {
        Some(Standing::Taught) => 1.6,
        Some(Standing::Vendor) => 0.4,
        Some(Standing::Permissive) => 0.2,
        None => 0.0,
    };
    odds += if weak { 0.5 } else { 0.0 };
    odds -= if joined { 1.0 } else { 0.0 };
    odds -= if value.bars.contains(&Bar::PartNumber) { 2.0 } else { 0.0 };
    odds -= if value.bars.contains(&Bar::NamedOther) { 2.0 } else { 0.0 };
    1.0 / (1.0 + f32::exp(-odds))
}

/// Why the best value was not accepted, if nothing forbade it.
fn what_is_missing(best: &Value) -> BTreeSet<ReasonCode> {
    let mut reasons = BTreeSet::new();
    let barcode = best.sightings.iter().any(|sighting| sighting.is_barcode());
    reasons.insert(match barcode {
        true => ReasonCode::BarcodeUnconfirmed,
        false => ReasonCode::TextUnconfirmed,
    });
    if best.format.is_none() {
        reasons.insert(ReasonCode::FormatUnknown);
    }
    reasons
}

#[cfg(test)]
mod tests;
