//! The judge's words: the accepted serial with its grounds, or the candidates with what is missing.

use crate::evidence::Source;
use crate::formats::format::Standing;
use crate::identifier::IdentifierKind;
use crate::judge::correction::is_sure;
use crate::judge::reason::{Reason, ReasonCode};
use crate::judge::rules::{self, Fact, Veto, Vetoes};
use crate::judge::sighting::{Carrier, Sighting};
use crate::judge::values::{JudgeContext, ValueFacts};
use crate::judge::verdict::{Candidate, Serial, Verdict};
use crate::print::keyword::{Strength, is_serial_keyword};
use crate::print::label::Joined;
use crate::serial::fold::digits;
use std::collections::BTreeSet;

/// Candidates shown to a person: more would not be read.
const CANDIDATES_MAX: usize = 12;

/// The answer for a value that stands.
pub(super) fn serial(value: &ValueFacts) -> Serial {
    let best = value.sightings[0];
    let row = rules::accepting(value.facts);
    let print = value.sightings.iter().find(|sighting| !sighting.is_barcode());
    Serial {
        value: value.value.to_owned(),
        printed: print.map_or(best.printed, |print| print.printed).to_owned(),
        vendor: value.format.map_or("unknown", |format| &format.vendor).to_owned(),
        format: value.format.map_or("unknown", |format| &format.name).to_owned(),
        source: source(value.sightings.iter().copied()),
        symbology: value.sightings.iter().find_map(|sighting| match sighting.carrier {
            Carrier::Barcode { symbology, .. } => Some(symbology),
            Carrier::Print { .. } => None,
        }),
        confidence: row.map_or(0.0, |row| row.confidence),
        checks: rules::checks(value.facts),
        corrections: value.corrections.clone(),
        place: Some(best.place),
    }
}

/// The kind of evidence that several sightings are.
pub(super) fn source<'a>(sightings: impl Iterator<Item = &'a Sighting<'a>> + Clone) -> Source {
    let barcode = sightings.clone().any(Sighting::is_barcode);
    let print = sightings.clone().any(|sighting| !sighting.is_barcode());
    match (barcode, print) {
        (true, true) => Source::Both,
        (true, false) => Source::Barcode,
        _ => Source::Text,
    }
}

/// The answer when nothing stands: what it may be, and why a person must look.
pub(super) fn undecided(context: &JudgeContext, values: &[ValueFacts], doubts: Vetoes) -> Verdict {
    let candidates = candidates(context, values);
    let mut reasons: BTreeSet<ReasonCode> = doubts.iter().map(|veto| veto.reason()).collect();
    let faults = context.evidence.photos.iter().flat_map(|photo| &photo.faults);
    reasons.extend(faults.map(|&fault| ReasonCode::from(fault)));
    let sorted = |reasons: BTreeSet<ReasonCode>| reasons.into_iter().map(Reason).collect();
    let Some(first) = candidates.first() else {
        reasons.insert(match context.sightings.is_empty() {
            true => ReasonCode::NoLabel,
            false => ReasonCode::OnlyOtherNumbers,
        });
        return Verdict::Unreadable { reasons: sorted(reasons) };
    };
    if let Some(best) = values.iter().find(|value| value.value == first.value) {
        reasons.extend(best.vetoes.iter().map(|veto| veto.reason()));
        let ambiguous = |(read, choices): &(String, Vec<String>)| {
            read == best.value || choices.iter().any(|choice| choice == best.value)
        };
        if context.ambiguous.iter().any(ambiguous) {
            reasons.insert(ReasonCode::CorrectionAmbiguous);
        }
        if best.vetoes.is_empty() && doubts.is_empty() {
            reasons.extend(what_is_missing(best));
        }
    }
    Verdict::Review { candidates, reasons: sorted(reasons) }
}

/// Why the best value was not accepted, if nothing forbade it.
fn what_is_missing(best: &ValueFacts) -> BTreeSet<ReasonCode> {
    let barcode = best.sightings.iter().any(|sighting| sighting.is_barcode());
    let mut reasons = BTreeSet::from([match barcode {
        true => ReasonCode::BarcodeUnconfirmed,
        false => ReasonCode::TextUnconfirmed,
    }]);
    if best.format.is_none() {
        reasons.insert(ReasonCode::FormatUnknown);
    }
    reasons
}

fn candidates(context: &JudgeContext, values: &[ValueFacts]) -> Vec<Candidate> {
    let shown: Vec<&ValueFacts> = values.iter().filter(|value| is_candidate(value)).collect();
    let strong: Vec<&ValueFacts> = shown.iter().copied().filter(|value| is_strong(value)).collect();
    let shown = shown.iter().filter(|value| !is_leftover(value, &strong));
    let mut ranked: Vec<(f32, &ValueFacts)> =
        shown.map(|value| (likelihood(value), *value)).collect();
    ranked.sort_by(|(one, a), (other, b)| other.total_cmp(one).then_with(|| a.value.cmp(b.value)));
    let mut candidates: Vec<Candidate> = ranked
        .into_iter()
        .map(|(confidence, value)| candidate(context, value, confidence))
        .collect();
    with_choices(context, &mut candidates);
    candidates.truncate(CANDIDATES_MAX);
    candidates
}

/// Puts the valid corrections of an ambiguous value right behind it.
fn with_choices(context: &JudgeContext, candidates: &mut Vec<Candidate>) {
    for (read, choices) in &context.ambiguous {
        let Some(at) = candidates.iter().position(|candidate| candidate.value == *read) else {
            continue;
        };
        for (offset, choice) in choices.iter().take(4).enumerate() {
            if candidates.iter().any(|candidate| candidate.value == *choice) {
                continue;
            }
            let format = context.formats.matching(choice).next();
            let same = candidates[at].clone();
            let choice = Candidate {
                value: choice.clone(),
                format: format.map(|format| format.name.clone()),
                ..same
            };
            candidates.insert(at + 1 + offset.min(candidates.len() - at - 1), choice);
        }
    }
}

fn candidate(context: &JudgeContext, value: &ValueFacts, confidence: f32) -> Candidate {
    Candidate {
        value: value.value.to_owned(),
        format: value.format.map(|format| format.name.clone()),
        confidence,
        source: source(value.sightings.iter().copied()),
        doubtful: doubtful(context, value),
        place: Some(value.sightings[0].place),
    }
}

/// Positions of the value that the reader was unsure of, if only print carries it.
fn doubtful(context: &JudgeContext, value: &ValueFacts) -> Vec<usize> {
    let best = value.sightings[0];
    let chars = best.chars(context.evidence);
    let unsure = chars.iter().enumerate().filter(|(_, char)| !is_sure(char));
    let mut unsure: Vec<usize> = unsure.map(|(at, _)| at).collect();
    unsure.extend(best.corrections.iter().map(|correction| correction.at));
    unsure.sort();
    unsure.dedup();
    unsure
}

/// Whether a person should be shown this value: the serial must be among the candidates wherever a
/// person could read it, and what is surely another number must not.
fn is_candidate(value: &ValueFacts) -> bool {
    let keyed = value.facts.has(Fact::Keyword) || value.facts.has(Fact::KeywordNear);
    if value.vetoes.has(Veto::NamedOther) && !keyed {
        return false;
    }
    let barcode = value.sightings.iter().any(|sighting| sighting.is_barcode());
    let taught = value.facts.has(Fact::TaughtFormat);
    keyed || barcode || taught || digits(value.value) >= 4
}

/// Whether something says that a value is the serial, or that it is one.
fn is_strong(value: &ValueFacts) -> bool {
    value.facts.has(Fact::Keyword) || value.facts.has(Fact::BarcodeNamed) || value.has_form()
}

/// Whether a value is only in the way where there are strong ones: another number by its name, words
/// that happen to stand in a row, a strong value with its keyword glued on (`SN0826454853`).
fn is_leftover(value: &ValueFacts, strong: &[&ValueFacts]) -> bool {
    let print = value.sightings.iter().all(|sighting| !sighting.is_barcode());
    if strong.is_empty() || is_strong(value) || !print {
        return false;
    }
    let glued =
        |it: &&ValueFacts| value.value.strip_suffix(it.value).is_some_and(is_serial_keyword);
    value.vetoes.has(Veto::PartNumber) || is_joined(value) || strong.iter().any(glued)
}

/// Whether a value is only there if several words or lines are taken as one.
fn is_joined(value: &ValueFacts) -> bool {
    let joined = |sighting: &&Sighting| {
        matches!(sighting.carrier, Carrier::Print { joined: Joined::Words | Joined::Lines, .. })
    };
    value.sightings.iter().all(joined)
}

/// How likely a value is the serial, 0 to 1: a sum of weights of evidence through the logistic
/// function. Only good for ordering; the rule of acceptance never asks it.
fn likelihood(value: &ValueFacts) -> f32 {
    let facts = value.facts;
    let weights = [
        (Fact::Keyword, 2.0),
        (Fact::KeywordNear, 0.8),
        (Fact::BarcodeNamed, 2.0),
        (Fact::BarcodeCaptioned, 0.7),
        (Fact::Barcode, 1.0),
        (Fact::TwoReadings, 0.4),
        (Fact::Expected, 2.0),
        (Fact::VendorFormat, 0.8),
    ];
    let mut odds = -1.5;
    odds += weights
        .iter()
        .map(|(fact, weight)| if facts.has(*fact) { *weight } else { 0.0 })
        .sum::<f32>();
    odds += match value.format.map(|format| format.standing) {
        Some(Standing::Taught) if facts.has(Fact::TaughtFormat) => 1.6,
        Some(Standing::Taught) => 0.0,
        Some(Standing::Vendor) => 0.4,
        Some(Standing::Permissive) => 0.2,
        None => 0.0,
    };
    let all = |holds: fn(&Sighting) -> bool| value.sightings.iter().all(|sighting| holds(sighting));
    let weak = value.sightings.iter().any(|sighting| {
        sighting.named == Some((IdentifierKind::Serial, Strength::Weak)) && !sighting.is_barcode()
    });
    let both = facts.has(Fact::Printed) && facts.has(Fact::Barcode);
    let modifiers = [
        (both, 0.8),
        (weak, 0.5),
        (is_joined(value), -1.0),
        (all(|sighting| sighting.is_wrapped()), -0.5),
        (all(|sighting| !sighting.corrections.is_empty()), -0.3),
        (value.vetoes.has(Veto::InAddress), -1.0),
        (value.vetoes.has(Veto::PartNumber), -2.0),
        (value.vetoes.has(Veto::NamedOther), -2.0),
    ];
    odds += modifiers.iter().map(|(holds, weight)| if *holds { *weight } else { 0.0 }).sum::<f32>();
    1.0 / (1.0 + f32::exp(-odds))
}
