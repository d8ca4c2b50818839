//! What a person's word on a scan does: which serial stands for it, or that none does, and what is
//! owed to the registry for it. The same for every door through which a decision comes.

use crate::registration::{Accepted, Registrar, UNKNOWN};
use jiff::Timestamp;
use outbound::{Provenance, Review};
use store::{Action, Decision, Scan, StoreError};
use thiserror::Error;
use validate::{Candidate, Check, Serial, Source, Verdict};

/// Characters of a serial that a person types, separators included.
const TYPED_CHARS_MAX: usize = 64;
/// Characters of a canonical serial: the longest known identifier has 50.
const SERIAL_CHARS: std::ops::RangeInclusive<usize> = 4..=50;

/// What a person says about a scan.
#[derive(Clone, Debug)]
pub enum Choice {
    /// One of the candidates is the serial.
    Confirm(String),
    /// The serial is another one, typed.
    Correct(String),
    /// None of it is a serial.
    Reject,
}

/// Why a decision is not carried out.
#[derive(Debug, Error)]
pub enum DecisionError {
    /// It is none, or not about what was read; the message says what to send.
    #[error("{0}")]
    Invalid(String),
    /// The store does not answer, or somebody has decided already.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries a decision out: the scan as it stands then. The same decision again changes nothing.
///
/// # Errors
/// [`DecisionError`]; nothing is changed then.
pub async fn decide(
    registrar: &Registrar,
    scan: &Scan,
    choice: &Choice,
    by: &str,
    now: Timestamp,
) -> Result<Scan, DecisionError> {
    let mut action = action(registrar, scan, choice)?;
    if let Action::Confirm { serial } | Action::Correct { serial } = &mut action {
        registrar.keep_maker(serial).await?;
    }
    let registration = match action.serial() {
        Some(serial) => {
            let accepted = Accepted {
                scan: scan.id,
                serial,
                identifiers: scan.judgement.as_ref().map_or(&[], |found| &found.identifiers),
                details: &scan.details,
                owner: &scan.owner,
                photos_sha256: scan.photos.iter().map(|photo| photo.sha256.as_str()).collect(),
                provenance: provenance(choice),
                review: Some(Review { by: by.to_owned(), at: now }),
            };
            Some(registrar.owed(&accepted, now).await?)
        }
        None => None,
    };
    let decision = Decision { action, by: by.to_owned(), registration };
    Ok(registrar.store().decide(scan.id, decision, now).await?)
}

fn provenance(choice: &Choice) -> Provenance {
    match choice {
        Choice::Correct(_) => Provenance::Corrected,
        Choice::Confirm(_) | Choice::Reject => Provenance::Confirmed,
    }
}

fn action(registrar: &Registrar, scan: &Scan, choice: &Choice) -> Result<Action, DecisionError> {
    match choice {
        Choice::Reject => Ok(Action::Reject { why: None }),
        Choice::Correct(typed) => {
            Ok(Action::Correct { serial: vouched_for(registrar, scan, typed)? })
        }
        Choice::Confirm(typed) => {
            let serial = vouched_for(registrar, scan, typed)?;
            if candidates(scan).any(|candidate| candidate == serial.value) {
                return Ok(Action::Confirm { serial });
            }
            let why = "serial: not among the candidates; send a correction";
            Err(DecisionError::Invalid(why.into()))
        }
    }
}

/// The serials that the judge put forward.
fn candidates(scan: &Scan) -> impl Iterator<Item = &str> {
    let (accepted, candidates): (Option<&str>, &[Candidate]) =
        match scan.judgement.as_ref().map(|judgement| &judgement.verdict) {
            Some(Verdict::Accepted { serial }) => (Some(&serial.value), &[]),
            Some(Verdict::Review { candidates, .. }) => (None, candidates),
            _ => (None, &[]),
        };
    accepted.into_iter().chain(candidates.iter().map(|candidate| candidate.value.as_str()))
}

/// The serial that a person vouches for, under the format that it fits.
fn vouched_for(registrar: &Registrar, scan: &Scan, typed: &str) -> Result<Serial, DecisionError> {
    let value = validate::canonical(typed)
        .map_err(|why| DecisionError::Invalid(format!("serial: {why}")))?;
    let fits = typed.chars().count() <= TYPED_CHARS_MAX && SERIAL_CHARS.contains(&value.len());
    if !fits {
        let (least, most) = (SERIAL_CHARS.start(), SERIAL_CHARS.end());
        let why = format!("serial: {least} to {most} letters and digits");
        return Err(DecisionError::Invalid(why));
    }
    let read = match scan.judgement.as_ref().map(|judgement| &judgement.verdict) {
        Some(Verdict::Review { candidates, .. }) => candidates.iter().find(|it| it.value == value),
        _ => None,
    };
    // The judge chose the format by the whole label; the value alone may fit several makers'.
    let formats = registrar.formats();
    let chosen = read.and_then(|candidate| candidate.format.as_ref());
    let format = match chosen {
        Some(name) => formats.iter().find(|format| format.name == *name),
        None => formats.matching(&value).next(),
    };
    let (vendor, name) =
        format.map_or((UNKNOWN, UNKNOWN), |format| (&*format.vendor, &*format.name));
    Ok(Serial {
        printed: typed.trim().to_owned(),
        checks: format.map(|_| Check::Format).into_iter().chain([Check::Person]).collect(),
        place: read.and_then(|candidate| candidate.place),
        ..Serial::vouched(&value, vendor, name, Source::Person)
    })
}
