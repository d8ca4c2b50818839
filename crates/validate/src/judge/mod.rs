//! The verdict: which value, if any, the evidence supports well enough to register.
//!
//! Pure and total. A label is asked three questions: which of its numbers is the serial, where does
//! it begin and end, which characters is it made of. The way of a judgement:
//!
//! - `sighting`: evidence to values, with who shows them under what name and between what ends.
//! - `correction`, `lattice`: print that a format or the list of expected serials forces.
//! - `context`: all of it, with the makers and formats that are to be expected here.
//! - `readings`: what two readings of print say together, and which characters stay open.
//! - `value_facts`: the facts about each value.
//! - `grounds`: **the table of what answers each question**.
//! - `contradictions`: **the table of what forbids to accept**.
//! - `answer`, `identifiers`, `explanation`: the verdict in words.
//! - `verdict`, `check`, `reason`: the shapes of the answer.
//!
//! A wrong serial is worse than a question, so every doubt is a question.

mod answer;
pub(crate) mod check;
mod comparisons;
mod context;
mod contradictions;
mod correction;
pub(crate) mod explanation;
pub(crate) mod grounds;
mod identifiers;
mod lattice;
mod readings;
pub(crate) mod reason;
mod rivalries;
pub(crate) mod sighting;
mod value_facts;
pub(crate) mod verdict;

use crate::estate::Estate;
use crate::evidence::Evidence;
use crate::formats::Formats;
use crate::judge::context::JudgeContext;
use crate::judge::contradictions::{Contradiction, Contradictions};
use crate::judge::sighting::Sighting;
use crate::judge::value_facts::ValueFacts;
use crate::judge::verdict::{Judgement, Verdict};
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
    let values = context.values(&by_value);
    Judgement {
        verdict: verdict(&context, &values),
        identifiers: identifiers::identifiers(&context, &by_value),
    }
}

fn verdict(context: &JudgeContext, values: &[ValueFacts]) -> Verdict {
    let (accepted, doubts) = standing(context, values);
    match accepted[..] {
        [only] if doubts.is_empty() => Verdict::Accepted { serial: answer::serial(only) },
        _ => answer::undecided(context, values, doubts),
    }
}

/// The values for which all three questions are answered and nothing of their own speaks against
/// them, and what other values say against the only one.
fn standing<'v>(
    context: &JudgeContext,
    values: &'v [ValueFacts<'v>],
) -> (Vec<&'v ValueFacts<'v>>, Contradictions) {
    let mut accepted: Vec<&ValueFacts> = values
        .iter()
        .filter(|value| value.contradictions.is_empty() && grounds::suffice(value.facts))
        .collect();
    drop_readings_of_one_barcode(&mut accepted);
    let doubts = match accepted[..] {
        [] => Contradictions::default(),
        [only] => values
            .iter()
            .filter_map(|rival| rivalries::between(context, only, rival))
            .map(|rivalry| rivalry.contradiction)
            .collect(),
        _ => Contradictions::from_iter([disagreement(context, &accepted)]),
    };
    (accepted, doubts)
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
        let whole = |it: &&Sighting| {
            it.named.is_none() && it.barcode().is_none_or(|own| meant.contains(&own))
        };
        value.sightings.iter().any(|it| it.is_barcode()) && value.sightings.iter().all(whole)
    };
    if accepted.len() > 1 {
        accepted.retain(|value| !only_whole(value));
    }
}

fn disagreement(context: &JudgeContext, accepted: &[&ValueFacts]) -> Contradiction {
    let surfaces: BTreeSet<_> = accepted.iter().flat_map(|value| context.surfaces(value)).collect();
    let apart = accepted.iter().all(|value| context.surfaces(value).len() == 1);
    match surfaces.len() > 1 && apart {
        true => Contradiction::LabelScreenMismatch,
        false => Contradiction::TwoSerials,
    }
}

#[cfg(test)]
mod tests;
