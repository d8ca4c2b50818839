//! What a person's word on a scan does: which serial stands for it, or that none does, and what is
//! owed to the registry for it. The same for every door through which a decision comes.

pub mod typed;

use crate::registration::{Accepted, Registrar, UNKNOWN};
use jiff::Timestamp;
use outbound::{Provenance, Review};
use store::{Action, Authority, Decision, Proposal, Scan, StoreError};
use thiserror::Error;
use typed::{TypedVerdict, Typist};
use validate::{Candidate, Check, Judgement, Serial, Source, Standing, Verdict};

/// What a person says about a scan.
#[derive(Clone, Debug)]
pub enum Choice {
    /// One of the candidates is the serial.
    Confirm(String),
    /// The serial is another one, typed.
    Correct(Typed),
    /// None of it is a serial.
    Reject,
}

/// A serial as a person typed it.
#[derive(Clone, Debug)]
pub struct Typed {
    /// What was typed.
    pub serial: String,
    /// What was typed the second time, if it was.
    pub again: Option<String>,
}

/// Who decides.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The name of the key or session.
    pub name: &'a str,
    /// What the person may decide.
    pub typist: Typist,
}

/// What a person decides, knowing what was decided before.
#[derive(Clone, Debug)]
pub struct Choosing {
    /// What is decided.
    pub choice: Choice,
    /// The serial that somebody else decided on and that this replaces.
    pub instead_of: Option<String>,
}

/// Why a decision is not carried out.
#[derive(Debug, Error)]
pub enum DecisionError {
    /// It is none, or not about what was read; the message says what to send.
    #[error("{0}")]
    Invalid(String),
    /// The serial must be typed a second time: nothing that was read resembles it.
    #[error("nothing that was read resembles this serial: type it a second time")]
    TypeAgain,
    /// The store does not answer, or somebody has decided already.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries a decision out: the scan as it stands then. The same decision again changes nothing. What
/// a technician types and nobody read waits for somebody else, and so does what is not expected
/// where only what is expected may be registered.
///
/// # Errors
/// [`DecisionError`]; nothing is changed then.
pub async fn decide(
    registrar: &Registrar,
    scan: &Scan,
    choosing: &Choosing,
    by: Person<'_>,
    now: Timestamp,
) -> Result<Scan, DecisionError> {
    let authority = match by.typist {
        Typist::Technician => Authority::Technician,
        Typist::Operator => Authority::Operator,
    };
    let (mut action, is_for_others) = action(registrar, scan, &choosing.choice, by.typist)?;
    if let Action::Confirm { serial } | Action::Correct { serial } = &mut action {
        registrar.keep_maker(serial).await?;
        let waits = by.typist == Typist::Technician
            && (is_for_others.is_always()
                || is_for_others == ForOthers::IfKnown && registrar.knows(serial).await?
                || !registrar.may_be_registered(&serial.value).await?);
        if waits {
            let (serial, by) = (serial.clone(), by.name.to_owned());
            let proposal = Proposal { serial, by, at: now, authority };
            return Ok(registrar.store().propose(scan.id, proposal, now).await?);
        }
    }
    let accepted = |serial| Accepted {
        scan: scan.id,
        serial,
        identifiers: scan.judgement.as_ref().map_or(&[], |found| &found.identifiers),
        details: &scan.details,
        owner: &scan.owner,
        photos_sha256: scan.photos.iter().map(|photo| photo.sha256.as_str()).collect(),
        provenance: provenance(&choosing.choice),
        review: Some(Review { by: by.name.to_owned(), at: now }),
    };
    let stood = scan.serial().filter(|_| scan.registration.is_some());
    let mut registration = match action.serial() {
        Some(serial) => Some(registrar.owed(&accepted(serial), now).await?),
        None => None,
    };
    let wrong = stood.filter(|stood| {
        action.serial().is_none_or(|serial| serial.device_key() != stood.device_key())
    });
    let mut withdrawal = wrong.map(|wrong| registrar.withdrawal(&accepted(wrong), now));
    for owed in registration.iter_mut().chain(&mut withdrawal) {
        owed.not_before = registrar.undo_until(now);
    }
    let decision = Decision {
        action,
        by: by.name.to_owned(),
        authority,
        instead_of: choosing.instead_of.clone(),
        registration,
        withdrawal,
    };
    Ok(registrar.store().decide(scan.id, decision, now).await?)
}

fn provenance(choice: &Choice) -> Provenance {
    match choice {
        Choice::Correct(_) => Provenance::Corrected,
        Choice::Confirm(_) | Choice::Reject => Provenance::Confirmed,
    }
}

/// Whether somebody else looks at what a technician decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ForOthers {
    Always,
    /// If the terminal is known: it is not the typist's to change.
    IfKnown,
    Never,
}

impl ForOthers {
    fn is_always(self) -> bool {
        self == Self::Always
    }
}

fn action(
    registrar: &Registrar,
    scan: &Scan,
    choice: &Choice,
    typist: Typist,
) -> Result<(Action, ForOthers), DecisionError> {
    let typed = match choice {
        Choice::Reject => return Ok((Action::Reject { why: None }, ForOthers::Never)),
        Choice::Confirm(serial) => serial,
        Choice::Correct(typed) => &typed.serial,
    };
    let value = typed::serial(typed).map_err(DecisionError::Invalid)?;
    let serial = vouched_for(registrar, scan, typed, &value);
    let Choice::Correct(typed) = choice else {
        let is_proposed = scan.proposal.as_ref().is_some_and(|it| it.serial.value == value);
        let is_candidate = candidates(scan).any(|candidate| candidate == value);
        if is_candidate || is_proposed && typist == Typist::Operator {
            return Ok((Action::Confirm { serial }, ForOthers::Never));
        }
        let why = "serial: not among the candidates; send a correction";
        return Err(DecisionError::Invalid(why.into()));
    };
    let is_twice = match &typed.again {
        Some(again) if typed::serial(again).as_deref() == Ok(&*value) => true,
        Some(_) => {
            let why = "typed_again: it is not what was typed the first time";
            return Err(DecisionError::Invalid(why.into()));
        }
        None => false,
    };
    let rule = registrar.rules().typed_serials;
    let read = scan.judgement.as_ref();
    let for_others = match typed::verdict(&value, is_twice, read, typist, rule) {
        TypedVerdict::Taken if typed::resembles_a_reading(&value, read) => ForOthers::Never,
        TypedVerdict::Taken => ForOthers::IfKnown,
        TypedVerdict::Again => return Err(DecisionError::TypeAgain),
        TypedVerdict::Review => ForOthers::Always,
    };
    Ok((Action::Correct { serial }, for_others))
}

/// The serials that the judge put forward.
fn candidates(scan: &Scan) -> impl Iterator<Item = &str> {
    let (accepted, candidates) = put_forward(scan.judgement.as_ref());
    accepted.into_iter().chain(candidates.iter().map(|candidate| candidate.value.as_str()))
}

fn put_forward(judgement: Option<&Judgement>) -> (Option<&str>, &[Candidate]) {
    match judgement.map(|judgement| &judgement.verdict) {
        Some(Verdict::Accepted { serial }) => (Some(&serial.value), &[]),
        Some(Verdict::Review { candidates, .. }) => (None, candidates),
        _ => (None, &[]),
    }
}

/// The serial that a person vouches for, under the format that it fits. The judge chose the formats
/// of what was read by the whole label; the value alone may fit several makers'.
fn vouched_for(registrar: &Registrar, scan: &Scan, typed: &str, value: &str) -> Serial {
    let formats = registrar.formats();
    let judged = scan.judgement.as_ref().map(|judgement| &judgement.verdict);
    let (read, chosen) = match judged {
        Some(Verdict::Review { candidates, .. }) => {
            let read = candidates.iter().find(|it| it.value == value);
            let near = candidates.iter().filter_map(|it| it.format.as_deref());
            (read, read.and_then(|it| it.format.as_deref()).into_iter().chain(near).collect())
        }
        Some(Verdict::Accepted { serial }) => (None, vec![serial.format.as_str()]),
        _ => (None, Vec::new()),
    };
    let named = |name: &&str| formats.iter().find(|format| format.name == **name);
    let chosen = chosen.iter().filter_map(named).find(|format| format.fits(value));
    let format = chosen.or_else(|| typed::format_of(formats, value));
    let (vendor, name) =
        format.map_or((UNKNOWN, UNKNOWN), |format| (&*format.vendor, &*format.name));
    let of_maker = format.filter(|format| format.standing != Standing::Permissive);
    Serial {
        printed: typed.trim().to_owned(),
        checks: of_maker.map(|_| Check::Format).into_iter().chain([Check::Person]).collect(),
        place: read.and_then(|candidate| candidate.place),
        ..Serial::vouched(value, vendor, name, Source::Person)
    }
}
