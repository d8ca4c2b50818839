//! The verdict: which value, if any, the evidence supports well enough to register.
//!
//! Pure and total. It gathers the facts about each value in view (`values`), asks the table in
//! `rules`, and looks for whatever contradicts the answer. A wrong serial is worse than a question,
//! so every doubt is a question.

mod answer;
pub(crate) mod check;
mod correction;
mod identifiers;
mod lattice;
mod print_facts;
pub(crate) mod reason;
pub(crate) mod rules;
pub(crate) mod sighting;
mod values;
pub(crate) mod verdict;

use crate::estate::Estate;
use crate::evidence::Evidence;
use crate::formats::Formats;
use crate::formats::format::Standing;
use crate::identifier::IdentifierKind;
use crate::judge::rules::{Fact, Veto, Vetoes};
use crate::judge::sighting::Sighting;
use crate::judge::values::{JudgeContext, LOOK_ALIKES_MAX, ValueFacts};
use crate::judge::verdict::{Judgement, Verdict};
use crate::serial::look_alike::{edits, look_alike_distance};
use bumpalo::Bump;
use std::collections::BTreeSet;

/// Room for what is derived from the evidence of most photos. A judgement takes its memory at once
/// and gives it back at once: it makes a hundred short texts and keeps few.
const ARENA_BYTES: usize = 16 * 1024;

/// Judges the evidence of one terminal's photos. Total: any evidence gives a judgement, the same
/// one whatever the order of barcodes and lines.
pub fn judge(formats: &Formats, evidence: &Evidence, estate: &Estate) -> Judgement {
    let arena = Bump::with_capacity(ARENA_BYTES);
    let context = JudgeContext::new(formats, evidence, estate, &arena);
    let by_value = context.by_value();
    Judgement {
        verdict: verdict(&context, &by_value),
        identifiers: identifiers::identifiers(&context, &by_value),
    }
}

fn verdict(context: &JudgeContext, by_value: &[&Sighting<'_>]) -> Verdict {
    let values = context.values(by_value);
    let mut accepted: Vec<&ValueFacts> = values
        .iter()
        .filter(|value| value.vetoes.is_empty() && rules::accepting(value.facts).is_some())
        .collect();
    drop_readings_of_one_barcode(&mut accepted);
    let doubts: Vetoes = match accepted[..] {
        [] => Vetoes::default(),
        [only] => values.iter().filter_map(|rival| contradiction(context, only, rival)).collect(),
        _ => Vetoes::from_iter([disagreement(context, &accepted)]),
    };
    match accepted[..] {
        [only] if doubts.is_empty() => Verdict::Accepted { serial: answer::serial(only) },
        _ => answer::undecided(context, &values, doubts),
    }
}

/// A barcode `SPF0UFLRH` supports both itself and `PF0UFLRH`: the stripped reading, if it stands,
/// is the one that is meant.
fn drop_readings_of_one_barcode(accepted: &mut Vec<&ValueFacts>) {
    let meant: BTreeSet<(usize, usize)> = accepted
        .iter()
        .flat_map(|value| value.sightings)
        .filter(|sighting| sighting.named.is_some())
        .filter_map(|sighting| sighting.barcode())
        .collect();
    let only_whole = |value: &&ValueFacts| {
        value.sightings.iter().all(|sighting| {
            sighting.named.is_none() && sighting.barcode().is_some_and(|own| meant.contains(&own))
        })
    };
    if accepted.len() > 1 {
        accepted.retain(|value| !only_whole(value));
    }
}

fn disagreement(context: &JudgeContext, accepted: &[&ValueFacts]) -> Veto {
    let surfaces: BTreeSet<_> = accepted.iter().flat_map(|value| context.surfaces(value)).collect();
    let apart = accepted.iter().all(|value| context.surfaces(value).len() == 1);
    if surfaces.len() > 1 && apart { Veto::LabelScreenMismatch } else { Veto::TwoSerials }
}

/// What another value in view says against the one that would be accepted.
fn contradiction(context: &JudgeContext, only: &ValueFacts, rival: &ValueFacts) -> Option<Veto> {
    let from_barcode = only.facts.has(Fact::Barcode);
    let almost = || edits(only.value, rival.value, 2).is_some();
    // The print has the form that the barcode's value lacks and almost is: one of the two was
    // misread.
    let form_in_print = from_barcode && !only.has_form() && rival.has_form();
    let differs = only.value != rival.value && only.value.len() == rival.value.len();
    if form_in_print && differs && almost() {
        return Some(Veto::BarcodeTextDiffer);
    }
    if only.value == rival.value || same_thing(only, rival) {
        return None;
    }
    let rival_barcode = rival.facts.has(Fact::Barcode);
    let vetoed = rival.vetoes.iter().any(|veto| veto != Veto::NotInEstate);
    if rival.claims() && context.is_legible(rival) && !vetoed {
        let near = look_alike_distance(only.value, rival.value)
            .is_some_and(|places| places <= LOOK_ALIKES_MAX);
        // A barcode settles look-alikes, unless it is the print that has the maker's form.
        if from_barcode && near && !rival_barcode && (only.has_form() || !rival.has_form()) {
            return None;
        }
        if context.surfaces(only) != context.surfaces(rival) {
            return Some(Veto::LabelScreenMismatch);
        }
        return Some(match from_barcode != rival_barcode {
            true => Veto::BarcodeTextDiffer,
            false => Veto::TwoSerials,
        });
    }
    let same_format = only
        .format
        .is_some_and(|format| format.standing != Standing::Permissive && format.fits(rival.value));
    // Label and screen are photographed together to be compared. A screen has its keywords in lines
    // of their own, or far from their values.
    let called_serial = rival.facts.has(Fact::Keyword) || rival.facts.has(Fact::KeywordNear);
    let apart = || context.surfaces(only).is_disjoint(&context.surfaces(rival));
    if (called_serial || same_format) && !vetoed && apart() {
        return Some(Veto::LabelScreenMismatch);
    }
    // Another value of the same form that would stand but for its keyword: a second device.
    if same_format && rival_barcode && !vetoed {
        return Some(Veto::TwoSerials);
    }
    // The form of a maker's serial where the accepted value has none: one of the keywords was misread.
    let makers = rival.facts.has(Fact::VendorFormat) && context.stands_in_print(rival);
    if makers && !only.has_form() && !vetoed {
        return Some(Veto::TwoSerials);
    }
    // A taught form may be another number's too: two in view are a question.
    let taught = |value: &ValueFacts| value.facts.has(Fact::TaughtFormat);
    // What names the barcode otherwise may be a misread keyword.
    if same_format && taught(only) && rival_barcode && !only.facts.has(Fact::Keyword) {
        return Some(Veto::TwoSerials);
    }
    if same_format && taught(only) && taught(rival) && !vetoed && context.stands_in_print(rival) {
        return Some(Veto::TwoSerials);
    }
    // A keyword names another value: the serial may have lost its form to a misreading.
    let named =
        |value: &ValueFacts| value.facts.has(Fact::Keyword) || value.facts.has(Fact::KeywordNear);
    if taught(only) && !from_barcode && !named(only) && named(rival) && !vetoed {
        return Some(Veto::TwoSerials);
    }
    // One of a taught form that lost or caught a character is in view beside another.
    if taught(only) && !from_barcode && !vetoed && context.almost_is(only, rival) {
        return Some(Veto::TwoSerials);
    }
    // A barcode that is almost the print: one of the two was misread.
    (!from_barcode && rival_barcode && !vetoed && almost()).then_some(Veto::BarcodeTextDiffer)
}

/// Whether two values are two readings of one thing: the same barcode with and without its
/// identifier, or print that was cut, glued, joined or read differently.
fn same_thing(one: &ValueFacts, other: &ValueFacts) -> bool {
    // What a barcode names otherwise is not the serial that the same barcode may hold as a whole.
    let own_barcode = |sighting: &Sighting| match sighting.named {
        Some((kind, _)) if kind != IdentifierKind::Serial => None,
        _ => sighting.barcode(),
    };
    let has = |value: &ValueFacts, barcode| {
        value.sightings.iter().any(|sighting| own_barcode(sighting) == Some(barcode))
    };
    let mut barcodes = one.sightings.iter().filter_map(|sighting| own_barcode(sighting));
    if barcodes.any(|barcode| has(other, barcode)) {
        return true;
    }
    // A cut value is a part of the whole one; a longer one in a barcode, or printed in one piece and
    // named a serial, says that this one is cut.
    let contains = one.value.contains(other.value)
        || other.value.contains(one.value)
            && !other.claims_in_one_piece()
            && !other.facts.has(Fact::Barcode);
    let alike = || edits(one.value, other.value, 2).is_some();
    let same_ink = || {
        other
            .sightings
            .iter()
            .all(|sighting| one.sightings.iter().any(|own| own.same_ink(sighting)))
    };
    contains || same_ink() && alike()
}

#[cfg(test)]
mod tests;
