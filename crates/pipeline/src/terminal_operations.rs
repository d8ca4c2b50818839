//! What happens to a terminal without a photo: an operation and what it owes the registry, and what
//! speaks against a terminal that somebody meets.

use crate::answer::ReasonObject;
use crate::details::Details;
use crate::registration::{Accepted, Registrar};
use jiff::Timestamp;
use outbound::{Provenance, Review};
use serde_json::Value;
use store::{Registration, StoreError, Terminal, WriteContext};
use validate::terminal::State;
use validate::{Serial, Source, Verdict};

/// Carries out an operation on a terminal; the same operation again changes nothing.
///
/// # Errors
/// [`StoreError::Forbidden`] if it may not follow what stands; nothing is changed then.
pub async fn operate(
    registrar: &Registrar,
    terminal: &Terminal,
    details: &Details,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let owed = owed(registrar, terminal, details, by, now).await?;
    registrar.store().operate(terminal.first_scan, &owed, WriteContext::new(by, now)).await?;
    Ok(())
}

/// What speaks against a terminal that is met at a merchant.
pub fn objections(terminal: &Terminal, merchant: Option<&str>) -> Vec<ReasonObject> {
    let state = match terminal.state {
        State::Retired => Some(("terminal_retired", "It is retired: keep it.")),
        State::Swapped => Some(("terminal_swapped", "Another terminal took its place.")),
        State::Unbound => Some(("terminal_unbound", "It left its merchant.")),
        State::Refused => Some(("terminal_refused", "The registry refused it.")),
        State::Seen | State::Verified | State::Submitted | State::Registered => None,
    };
    let elsewhere = matches!((merchant, &terminal.merchant), (Some(a), Some(b)) if a != b);
    let place =
        elsewhere.then_some(("merchant_differs", "It is recorded at another merchant: ask there."));
    state.into_iter().chain(place).map(|(code, hint)| reason(code, hint)).collect()
}

fn reason(code: &str, hint: &str) -> ReasonObject {
    ReasonObject { code: code.into(), hint: hint.into() }
}

/// The registration that an operation owes: the serial as the terminal's first scan showed it.
async fn owed(
    registrar: &Registrar,
    terminal: &Terminal,
    details: &Details,
    by: &str,
    now: Timestamp,
) -> Result<Registration, StoreError> {
    let scan = registrar.store().scan(terminal.first_scan).await?;
    let scan = scan.ok_or(StoreError::NotFound("scan"))?;
    let shown = shown(&scan).filter(|serial| serial.device_key() == terminal.device_key);
    let photos = if shown.is_some() { &scan.photos[..] } else { &[] };
    let identifiers = scan.judgement.as_ref().map_or(&[][..], |found| &found.identifiers);
    let serial = shown.cloned().unwrap_or_else(|| named(terminal));
    let details = serde_json::to_value(details).unwrap_or(Value::Null);
    let accepted = Accepted {
        scan: scan.id,
        serial: &serial,
        identifiers: if shown.is_some() { identifiers } else { &[] },
        details: &details,
        owner: by,
        photos_sha256: photos.iter().map(|photo| photo.sha256.as_str()).collect(),
        provenance: Provenance::Confirmed,
        review: Some(Review { by: by.to_owned(), at: now }),
    };
    registrar.owed(&accepted, now).await
}

/// The serial that stands for a scan.
fn shown(scan: &store::Scan) -> Option<&Serial> {
    match &scan.decision {
        Some(decided) => decided.action.serial(),
        None => match &scan.judgement.as_ref()?.verdict {
            Verdict::Accepted { serial } => Some(serial),
            _ => None,
        },
    }
}

/// The serial of a terminal that no photo shows: somebody wrote it.
fn named(terminal: &Terminal) -> Serial {
    Serial {
        checks: vec![validate::Check::Person],
        ..Serial::vouched(&terminal.serial, &terminal.vendor, "unknown", Source::Person)
    }
}
