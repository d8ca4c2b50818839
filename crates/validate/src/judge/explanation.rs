//! Why the judge decided as it did: value by value, with what answers each question and what speaks
//! against it, for a person.

use crate::estate::Estate;
use crate::evidence::Evidence;
use crate::formats::Formats;
use crate::judge::context::JudgeContext;
use crate::judge::grounds::Answers;
use crate::judge::rivalries;
use crate::judge::sighting::{Carrier, Reading, Sighting};
use crate::judge::value_facts::ValueFacts;
use crate::judge::verdict::{Answer, Question, Verdict};
use bumpalo::Bump;
use serde::Serialize;
use std::fmt;

/// Every value in view, the most likely first, and the verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// What was decided.
    pub verdict: Verdict,
    /// Each value that may be a serial.
    pub values: Vec<ExplainedValue>,
}

/// One value with all that is known about it.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedValue {
    /// Canonical form.
    pub value: String,
    /// Where it was seen, one sentence each.
    pub seen: Vec<String>,
    /// The ground that answers each question.
    pub answers: Vec<Answer>,
    /// The first question without an answer.
    pub open: Option<Question>,
    /// What speaks against it, by name.
    pub contradictions: Vec<String>,
}

/// Judges the evidence and says why, value by value.
pub fn explain_verdict(formats: &Formats, evidence: &Evidence, estate: &Estate) -> Explained {
    let arena = Bump::new();
    let context = JudgeContext::new(formats, evidence, estate, &arena);
    let by_value = context.by_value();
    let values = context.values(&by_value);
    let (accepted, _) = super::standing(&context, &values);
    let explained = values.iter().map(|value| {
        let answers = Answers::of(value.facts);
        let mut against: Vec<String> =
            value.contradictions.iter().map(|it| format!("{it:?}")).collect();
        if let [only] = accepted[..]
            && only.value == value.value
        {
            against.extend(values.iter().filter_map(|rival| {
                let rivalry = rivalries::between(&context, value, rival)?;
                Some(format!("{}: {}", rivalry.name, rival.value))
            }));
        }
        ExplainedValue {
            value: value.value.to_owned(),
            seen: seen(value),
            answers: answers
                .iter()
                .map(|it| Answer { question: it.question, ground: it.name.to_owned() })
                .collect(),
            open: answers.open(),
            contradictions: against,
        }
    });
    let mut explained: Vec<ExplainedValue> = explained.collect();
    explained.sort_by_key(|it| (std::cmp::Reverse(it.answers.len()), it.contradictions.len()));
    Explained { verdict: super::verdict(&context, &values), values: explained }
}

fn seen(value: &ValueFacts) -> Vec<String> {
    let mut seen: Vec<String> = value.sightings.iter().map(|it| sentence(it)).collect();
    seen.dedup();
    seen
}

fn sentence(sighting: &Sighting) -> String {
    let photo = sighting.place.photo + 1;
    let named = sighting.named.map(|(kind, strength)| format!(", {strength:?} {kind:?}"));
    let named = named.unwrap_or_default();
    match sighting.carrier {
        Carrier::Barcode { symbology, role, extent, caption, .. } => {
            let caption = caption.map(|(kind, how)| format!(", caption {kind:?} {how:?}"));
            let caption = caption.unwrap_or_default();
            format!("photo {photo}: {symbology:?} {role:?} {extent:?}{named}{caption}")
        }
        Carrier::Print { reading, ends, caption, joined, .. } => {
            let reading = if reading == Reading::First { "first" } else { "second" };
            let (start, end) = (ends.start, ends.end);
            format!(
                "photo {photo}: print `{}` in the {reading} reading, {joined:?}, begins after {start:?}, \
                 ends before {end:?}{named}, caption {caption:?}",
                sighting.printed
            )
        }
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Accepted { serial } => writeln!(out, "accepted {}", serial.value)?,
            Verdict::Review { question, .. } => writeln!(out, "a question: {question:?}")?,
            Verdict::Unreadable { .. } => writeln!(out, "nothing that may be a serial")?,
        }
        for value in &self.values {
            writeln!(out, "{}", value.value)?;
            value.seen.iter().try_for_each(|seen| writeln!(out, "  {seen}"))?;
            for answer in &value.answers {
                writeln!(out, "  {:?}: {}", answer.question, answer.ground)?;
            }
            if let Some(open) = value.open {
                writeln!(out, "  {open:?}: open")?;
            }
            for contradiction in &value.contradictions {
                writeln!(out, "  against it: {contradiction}")?;
            }
        }
        Ok(())
    }
}
