//! What happens to a terminal without a photo: an operation and what it owes the registry, and what
//! speaks against a terminal that somebody meets.

use crate::answer::ReasonObject;
use crate::details::Details;
use crate::registration::{Accepted, Registrar};
use jiff::Timestamp;
use outbound::{Provenance, Review};
use serde_json::Value;
use store::{NothingNew, Registration, Scan, ScanId, StoreError, Terminal, WriteContext};
use validate::terminal::State;
use validate::{Serial, Source};

/// Carries out an operation on a terminal. What changes nothing is answered with what stands.
///
/// # Errors
/// [`StoreError::Forbidden`] if it may not follow what stands; nothing is changed then.
pub async fn operate(
    registrar: &Registrar,
    terminal: &Terminal,
    details: &Details,
    by: &str,
    now: Timestamp,
) -> Result<Option<NothingNew>, StoreError> {
    let (scan, owed) = owed(registrar, terminal, Some(details), by, now).await?;
    registrar.store().operate(scan, &owed, WriteContext::new(by, now)).await
}

/// Withdraws a terminal whose serial was wrong.
///
/// # Errors
/// [`StoreError::Forbidden`] if it is retired; nothing is changed then.
pub async fn withdraw(
    registrar: &Registrar,
    terminal: &Terminal,
    by: &str,
    now: Timestamp,
) -> Result<Option<NothingNew>, StoreError> {
    let (scan, owed) = owed(registrar, terminal, None, by, now).await?;
    registrar.store().operate(scan, &owed, WriteContext::new(by, now)).await
}

/// Carries out an operation on the terminal that a scan stands for, as if it had been said with the
/// photo. The scan as it stands then.
///
/// # Errors
/// [`StoreError::NotFound`] if the scan stands for none, [`StoreError::Forbidden`] if the operation
/// may not follow what stands; nothing is changed then.
pub async fn operate_on_shown(
    registrar: &Registrar,
    scan: &Scan,
    details: &Details,
    by: &str,
    now: Timestamp,
) -> Result<Scan, StoreError> {
    let serial = scan.serial().filter(|_| scan.registration.is_some());
    let serial = serial.ok_or(StoreError::NotFound("terminal"))?;
    let details = serde_json::to_value(details).unwrap_or(Value::Null);
    let accepted = Accepted {
        scan: scan.id,
        serial,
        identifiers: scan.judgement.as_ref().map_or(&[], |found| &found.identifiers),
        details: &details,
        owner: &scan.owner,
        photos_sha256: scan.photos.iter().map(|photo| photo.sha256.as_str()).collect(),
        provenance: Provenance::Confirmed,
        review: Some(Review { by: by.to_owned(), at: now }),
    };
    let owed = registrar.owed(&accepted, now).await?;
    registrar.store().operate_on_shown(scan.id, &owed, WriteContext::new(by, now)).await
}

/// What speaks against a terminal that is met at a merchant.
pub fn objections(terminal: &Terminal, merchant: Option<&str>) -> Vec<ReasonObject> {
    let state = match terminal.state {
        State::Retired => Some(("terminal_retired", "It is retired: keep it.")),
        State::Swapped => Some(("terminal_swapped", "Another terminal took its place.")),
        State::Unbound => Some(("terminal_unbound", "It left its merchant.")),
        State::Refused => Some(("terminal_refused", "The registry refused it.")),
        State::Withdrawn => {
            Some(("terminal_withdrawn", "This serial was wrong: read the label again."))
        }
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

/// The registration that an operation owes, or a withdrawal without details: the serial as the
/// terminal's first scan showed it.
async fn owed(
    registrar: &Registrar,
    terminal: &Terminal,
    details: Option<&Details>,
    by: &str,
    now: Timestamp,
) -> Result<(ScanId, Registration), StoreError> {
    let scan = registrar.store().scan(terminal.first_scan).await?;
    let scan = scan.ok_or(StoreError::NotFound("scan"))?;
    let shown = scan.serial().filter(|serial| serial.device_key() == terminal.device_key);
    let photos = if shown.is_some() { &scan.photos[..] } else { &[] };
    let identifiers = scan.judgement.as_ref().map_or(&[][..], |found| &found.identifiers);
    let serial = shown.cloned().unwrap_or_else(|| named(terminal));
    let said = serde_json::to_value(details).unwrap_or(Value::Null);
    let accepted = Accepted {
        scan: scan.id,
        serial: &serial,
        identifiers: if shown.is_some() { identifiers } else { &[] },
        details: &said,
        owner: by,
        photos_sha256: photos.iter().map(|photo| photo.sha256.as_str()).collect(),
        provenance: Provenance::Confirmed,
        review: Some(Review { by: by.to_owned(), at: now }),
    };
    let owed = match details {
        Some(_) => registrar.owed(&accepted, now).await?,
        None => registrar.withdrawal(&accepted, now),
    };
    Ok((scan.id, owed))
}

/// The serial of a terminal that no photo shows: somebody wrote it.
fn named(terminal: &Terminal) -> Serial {
    Serial {
        checks: vec![validate::Check::Person],
        ..Serial::vouched(&terminal.serial, &terminal.vendor, "unknown", Source::Person)
    }
}
