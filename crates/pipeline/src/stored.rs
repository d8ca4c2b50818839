//! The Scan object of a scan that the store holds: what the judge found, what a person decided
//! since, and where the registration stands.

use crate::answer::{
    Earlier, NothingNewObject, ProposalObject, ReasonObject, Registration, RegistrationStatus,
    Scan, SerialObject, Status, TookMs,
};
use serde::Deserialize;
use store::{Action, DeliveryStatus, NothingNew, RegistrationState, ScanStatus, Store, StoreError};
use uuid::Uuid;

/// Builds the object; a person's decision stands over the judge's verdict.
pub fn scan_object(stored: store::Scan) -> Scan {
    let (id, created_at) = (Uuid::from(stored.id), stored.created_at);
    let took = TookMs::deserialize(&stored.took_ms).unwrap_or_default();
    let mut scan = match (stored.judgement, stored.failure) {
        (Some(judgement), _) => Scan::judged(id, created_at, judgement, took),
        (None, Some(failure)) => {
            let reason = ReasonObject { code: failure.code, hint: failure.hint };
            Scan::failed(id, created_at, reason)
        }
        (None, None) => Scan::queued(id, created_at),
    };
    scan.status = stored.status.into();
    scan.took_ms = took;
    let is_decided = stored.decision.is_some();
    if is_decided && stored.status != ScanStatus::Review {
        scan.question = None;
    }
    match stored.decision.map(|decided| decided.action) {
        Some(Action::Confirm { serial } | Action::Correct { serial }) => {
            scan.serial = Some(SerialObject::from(serial));
            scan.candidates.clear();
            scan.reasons.clear();
        }
        Some(Action::Reject { .. }) => scan.serial = None,
        None => {}
    }
    if stored.status == ScanStatus::Review {
        scan.serial = None;
    }
    scan.proposal = stored.proposal.map(|proposal| ProposalObject {
        serial: proposal.serial.value,
        by: proposal.by,
        at: proposal.at,
    });
    scan.registration =
        registration_object(stored.registration, stored.forbidden, stored.nothing_new, is_decided);
    scan
}

fn registration_object(
    registration: Option<RegistrationState>,
    forbidden: Option<String>,
    nothing_new: Option<NothingNew>,
    is_decided: bool,
) -> Registration {
    let nothing_new = nothing_new.map(NothingNewObject::from);
    let Some(registration) = registration else {
        let status = match forbidden {
            Some(_) => RegistrationStatus::Refused,
            None => RegistrationStatus::None,
        };
        return Registration { status, code: forbidden, nothing_new, ..Registration::default() };
    };
    Registration {
        status: registration.status.into(),
        delivery_id: Some(registration.event_id),
        code: registration.code.or(forbidden),
        operation: registration.operation,
        nothing_new,
        undo_until: registration.not_before.filter(|_| is_decided),
    }
}

impl From<NothingNew> for NothingNewObject {
    fn from(stood: NothingNew) -> Self {
        let NothingNew { state, merchant, tid, site, since } = stood;
        Self { state, merchant, tid, site, since }
    }
}

/// Says who showed the same terminal before, if anybody did.
///
/// # Errors
/// If the store does not answer.
pub async fn with_earlier(store: &Store, mut scan: Scan) -> Result<Scan, StoreError> {
    let Some(serial) = &scan.serial else { return Ok(scan) };
    let terminals = store.terminal(&serial.value).await?;
    let same = terminals.into_iter().find(|terminal| terminal.vendor == serial.vendor);
    let first = same.map(|terminal| terminal.first_scan).filter(|id| Uuid::from(*id) != scan.id);
    if let Some(first) = first {
        let first = store.scan(first).await?;
        scan.earlier = first.map(|first| Earlier { by: first.owner, at: first.created_at });
    }
    Ok(scan)
}

impl From<ScanStatus> for Status {
    fn from(status: ScanStatus) -> Self {
        match status {
            ScanStatus::Queued => Self::Queued,
            ScanStatus::Accepted => Self::Accepted,
            ScanStatus::Review => Self::Review,
            ScanStatus::Unreadable => Self::Unreadable,
            ScanStatus::Rejected => Self::Rejected,
        }
    }
}

impl From<Status> for ScanStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Accepted => Self::Accepted,
            Status::Review => Self::Review,
            Status::Unreadable => Self::Unreadable,
            Status::Rejected => Self::Rejected,
        }
    }
}

impl From<DeliveryStatus> for RegistrationStatus {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Queued => Self::Queued,
            DeliveryStatus::Delivered => Self::Delivered,
            DeliveryStatus::Refused => Self::Refused,
            DeliveryStatus::Exhausted => Self::Exhausted,
            DeliveryStatus::Undone => Self::Undone,
        }
    }
}
