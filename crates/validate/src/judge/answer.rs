//! The judge's words: the accepted serial with its grounds, or the candidates with what is missing.

use crate::evidence::Source;
use crate::formats::format::Standing;
use crate::identifier::IdentifierKind;
use crate::judge::context::JudgeContext;
use crate::judge::contradictions::{Contradiction, Contradictions};
use crate::judge::correction::is_sure;
use crate::judge::grounds::{self, Answers, Fact};
use crate::judge::readings::{form_of_print, may_be};
use crate::judge::reason::{Reason, ReasonCode};
use crate::judge::sighting::{Carrier, Sighting};
use crate::judge::value_facts::ValueFacts;
use crate::judge::verdict::{Answer, Candidate, Question, Serial, Verdict};
use crate::print::boundary::Clearness;
use crate::print::captions::Caption;
use crate::print::keyword::{Strength, is_serial_keyword};
use crate::serial::fold::{digits, fold_char};
use std::collections::BTreeSet;

/// Candidates shown to a person: more would not be read.
const CANDIDATES_MAX: usize = 4;

/// The answer for a value that stands.
pub(super) fn serial(value: &ValueFacts) -> Serial {
    let best = value.sightings[0];
    let print = value.sightings.iter().find(|sighting| !sighting.is_barcode());
    let answers = Answers::of(value.facts).iter();
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
        confidence: grounds::confidence(value.facts),
        checks: grounds::checks(value.facts),
        answers: answers
            .map(|it| Answer { question: it.question, ground: it.name.to_owned() })
            .collect(),
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

/// The answer when nothing stands: what it may be, which question is open, and why a person must
/// look.
pub(super) fn undecided(
    context: &JudgeContext,
    values: &[ValueFacts],
    doubts: Contradictions,
) -> Verdict {
    let candidates = candidates(context, values);
    let mut reasons: BTreeSet<ReasonCode> = doubts.iter().map(|it| it.reason()).collect();
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
    let best = values.iter().find(|value| value.value == first.value);
    let mut question = doubts.iter().map(Contradiction::question).next().unwrap_or_default();
    if let Some(best) = best {
        reasons.extend(best.contradictions.iter().map(|it| it.reason()));
        let ambiguous = |(read, choices): &(String, Vec<String>)| {
            read == best.value || choices.iter().any(|choice| choice == best.value)
        };
        if context.ambiguous.iter().any(ambiguous) {
            reasons.insert(ReasonCode::CorrectionAmbiguous);
        }
        if doubts.is_empty() {
            question = open_question(best);
            if best.contradictions.is_empty() {
                reasons.extend(what_is_missing(best, question));
            }
        }
    }
    Verdict::Review { question, candidates, reasons: sorted(reasons) }
}

/// The question that a value leaves open: the first without a ground, else what speaks against it.
fn open_question(value: &ValueFacts) -> Question {
    let of_contradiction = || value.contradictions.iter().map(Contradiction::question).next();
    Answers::of(value.facts).open().or_else(of_contradiction).unwrap_or(Question::WhichCharacter)
}

/// Why the best value was not accepted, if nothing forbade it.
fn what_is_missing(best: &ValueFacts, question: Question) -> BTreeSet<ReasonCode> {
    let barcode = best.sightings.iter().any(|sighting| sighting.is_barcode());
    let mut reasons = BTreeSet::from([match (barcode, question) {
        (true, _) => ReasonCode::BarcodeUnconfirmed,
        (false, Question::WhereDoesItEnd) => ReasonCode::ExtentUnclear,
        (false, _) => ReasonCode::TextUnconfirmed,
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
            let format = context.format(choice);
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
        boundaries: boundaries(value),
        place: Some(value.sightings[0].place),
    }
}

/// Positions of the value that the reader was unsure of, or that look like another character which
/// may as well stand there, if only print carries it.
fn doubtful(context: &JudgeContext, value: &ValueFacts) -> Vec<usize> {
    let best = value.sightings[0];
    let chars = best.chars(context.evidence);
    let form = form_of_print(context.formats, best.value, value.format);
    let open = |at: usize, char: char| {
        may_be(context.formats, best.value, at, form)
            .any(|other| matches!((char, other), ('0', 'O') | ('O', '0') | ('1', 'I') | ('I', '1')))
    };
    let read = chars.iter().enumerate().zip(best.value.chars());
    let unsure = read.filter(|&((at, char), own)| !is_sure(char) || open(at, own));
    let mut unsure: Vec<usize> = unsure.map(|((at, _), _)| at).collect();
    unsure.extend(best.corrections.iter().map(|correction| correction.at));
    unsure.sort();
    unsure.dedup();
    unsure
}

/// Positions of the value where it may begin or end otherwise, if only print carries it.
fn boundaries(value: &ValueFacts) -> Vec<usize> {
    let best = value.sightings[0];
    let Some((ends, _)) = best.print() else { return Vec::new() };
    let mut open = Vec::new();
    if ends.start.clearness() == Clearness::Open {
        open.push(0);
    }
    // Between the words of a joined value.
    let mut letters = 0;
    for word in best.printed.split_whitespace() {
        if letters > 0 && !best.is_one_word() {
            open.push(letters);
        }
        letters += word.chars().filter(|&char| fold_char(char).is_some()).count();
    }
    if ends.end.clearness() == Clearness::Open {
        open.push(value.value.len());
    }
    open
}

/// Whether a person should be shown this value: the serial must be among the candidates wherever a
/// person could read it, and what is surely another number must not.
fn is_candidate(value: &ValueFacts) -> bool {
    let keyed = value.facts.has_any(CAPTIONED);
    let is_no_serial = value.contradictions.has(Contradiction::NoSerial);
    if is_no_serial || value.contradictions.has(Contradiction::NamedOther) && !keyed {
        return false;
    }
    let barcode = value.sightings.iter().any(|sighting| sighting.is_barcode());
    let taught = value.facts.has(Fact::TaughtForm);
    keyed || barcode || taught || digits(value.value) >= 4
}

/// A caption names it.
const CAPTIONED: &[Fact] = &[Fact::CaptionInline, Fact::CaptionAssigned, Fact::CaptionNear];

/// Whether something says that a value is the serial, or that it is one.
fn is_strong(value: &ValueFacts) -> bool {
    value.facts.has_any(&[Fact::CaptionInline, Fact::CaptionAssigned, Fact::BarcodeNames])
        || value.has_form()
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
    value.contradictions.has(Contradiction::PartNumber)
        || value.is_joined()
        || strong.iter().any(glued)
}

/// How likely a value is the serial, 0 to 1: a sum of weights of evidence through the logistic
/// function. Only good for ordering; the rule of acceptance never asks it.
fn likelihood(value: &ValueFacts) -> f32 {
    let facts = value.facts;
    let weights = [
        (Fact::CaptionInline, 2.0),
        (Fact::CaptionAssigned, 1.5),
        (Fact::CaptionNear, 0.8),
        (Fact::BarcodeNames, 2.0),
        (Fact::BarcodeCaptioned, 1.0),
        (Fact::BarcodeCaptionNear, 0.5),
        (Fact::Barcode, 1.0),
        (Fact::ReadTwice, 0.4),
        (Fact::EndsClear, 0.4),
        (Fact::Expected, 2.0),
        (Fact::MakerForm, 0.8),
    ];
    let mut odds = -1.5;
    odds += weights
        .iter()
        .map(|(fact, weight)| if facts.has(*fact) { *weight } else { 0.0 })
        .sum::<f32>();
    odds += match value.format.map(|format| format.standing) {
        Some(Standing::Taught) if facts.has(Fact::TaughtForm) => 1.6,
        Some(Standing::Taught) => 0.0,
        Some(Standing::Vendor) => 0.4,
        Some(Standing::Permissive) => 0.2,
        None => 0.0,
    };
    let all = |holds: fn(&Sighting) -> bool| value.sightings.iter().all(|sighting| holds(sighting));
    let weak = value.sightings.iter().any(|sighting| {
        sighting.named == Some((IdentifierKind::Serial, Strength::Weak)) && !sighting.is_barcode()
    });
    let inline = |sighting: &Sighting| sighting.print().is_some_and(|(_, it)| it == Caption::None);
    let both = facts.has(Fact::Printed) && facts.has(Fact::Barcode);
    let modifiers = [
        (both, 0.8),
        (weak, 0.5),
        (all(inline), -0.2),
        (value.is_joined(), -1.2),
        (all(|sighting| sighting.is_wrapped()), -0.5),
        (all(|sighting| !sighting.corrections.is_empty()), -0.3),
        (value.contradictions.has(Contradiction::InAddress), -1.0),
        (value.contradictions.has(Contradiction::PerhapsMac), -1.0),
        (value.contradictions.has(Contradiction::PartNumber), -2.0),
        (value.contradictions.has(Contradiction::NamedOther), -2.0),
    ];
    odds += modifiers.iter().map(|(holds, weight)| if *holds { *weight } else { 0.0 }).sum::<f32>();
    1.0 / (1.0 + f32::exp(-odds))
}
