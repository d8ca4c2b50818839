//! Turns an accepted scan into the registration event that the registry will see: the final bytes,
//! made once and stored with the verdict.

use crate::answer::new_id;
use crate::details::{Details, Operation};
use jiff::Timestamp;
use outbound::{
    Event, EventData, EventIdentifier, EventSerial, Merchant, PhotoReference, Provenance, Review,
    Site,
};
use serde::Deserialize;
use std::sync::Arc;
use store::{Registration, ScanId, Store, StoreError};
use validate::terminal::{self, Placement};
use validate::{Formats, Identifier, IdentifierKind, Serial};

/// The maker of a serial that nothing names.
pub(crate) const UNKNOWN: &str = "unknown";

/// What the event is made of.
pub struct Accepted<'a> {
    /// The scan whose photos show it.
    pub scan: ScanId,
    /// The serial that was accepted or that a person gave.
    pub serial: &'a Serial,
    /// The other numbers on the label.
    pub identifiers: &'a [Identifier],
    /// What a person said beside the photo, as it was checked at the door.
    pub details: &'a serde_json::Value,
    /// Whose scan it is.
    pub owner: &'a str,
    /// Hashes of the photos, hexadecimal, in the order sent.
    pub photos_sha256: Vec<&'a str>,
    /// Whether the judge or a person decided.
    pub provenance: Provenance,
    /// A person's decision, if there was one.
    pub review: Option<Review>,
}

/// Makes what an accepted terminal owes the registry: for the judge's verdict, a person's decision and
/// an operation alike.
#[derive(Clone)]
pub struct Registrar {
    store: Store,
    formats: Arc<Formats>,
    /// Where the photos can be fetched, if that is known.
    public_url: Option<String>,
}

impl Registrar {
    /// A registrar that asks `store` for known terminals and `formats` for unknown ones.
    pub fn new(store: Store, formats: Formats, public_url: Option<String>) -> Self {
        Self { store, formats: Arc::new(formats), public_url }
    }

    /// The formats that serials are judged by.
    pub fn formats(&self) -> &Formats {
        &self.formats
    }

    /// Everything durable.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Gives a serial the maker of the one terminal that is known by it, where one of the two says
    /// none: half of a device's key is its maker, and the same device must not become two when a
    /// label, or the table of formats, names its maker and another does not.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn keep_maker(&self, serial: &mut Serial) -> Result<(), StoreError> {
        if let [known] = &self.store.terminal(&serial.value).await?[..]
            && (known.vendor == UNKNOWN || serial.vendor == UNKNOWN)
        {
            serial.vendor.clone_from(&known.vendor);
        }
        Ok(())
    }

    /// The registration that is owed, with the event's final bytes.
    ///
    /// # Errors
    /// If the store does not answer. [`StoreError::Damaged`] if the stored details are not what was
    /// checked at the door, or the event is too large to be sent, which the limits on details rule
    /// out.
    pub async fn owed(
        &self,
        accepted: &Accepted<'_>,
        now: Timestamp,
    ) -> Result<Registration, StoreError> {
        let damaged = |why: String| StoreError::Damaged(why);
        let details = Details::deserialize(accepted.details);
        let details = details.map_err(|error| damaged(error.to_string()))?;
        let replaces = match &details.replaces {
            Some(written) => Some(self.device_key(written).await?),
            None => None,
        };
        let placement = Placement {
            operation: details.operation.unwrap_or(Operation::Bind).into(),
            merchant: details.merchant.clone(),
            replaces,
        };
        let event = Event::registered(now, self.event_data(accepted, &details, &placement));
        let bytes = event.to_bytes().map_err(|error| damaged(error.to_string()))?;
        Ok(Registration {
            event_id: format!("msg_{}", new_id(now).simple()),
            device_key: accepted.serial.device_key(),
            placement,
            bytes,
        })
    }

    fn event_data(
        &self,
        accepted: &Accepted<'_>,
        details: &Details,
        placement: &Placement,
    ) -> EventData {
        let first = |kind| {
            let found = accepted.identifiers.iter().find(|identifier| identifier.kind == kind);
            found.map(|identifier| identifier.value.clone())
        };
        let photo = |(n, sha256): (usize, &&str)| PhotoReference {
            sha256: (*sha256).to_owned(),
            url: self
                .public_url
                .as_ref()
                .map(|base| format!("{base}/v1/scans/{}/photo?n={n}", accepted.scan)),
        };
        let tusn = first(IdentifierKind::Tusn);
        EventData {
            scan_id: accepted.scan.to_string(),
            device_key: accepted.serial.device_key(),
            serial: EventSerial::from(accepted.serial),
            device_type: tusn.as_ref().and_then(|tusn| tusn.get(6..8).map(str::to_owned)),
            tusn,
            identifiers: accepted.identifiers.iter().map(EventIdentifier::from).collect(),
            identifiers_omitted: 0,
            model: details.model.clone().or_else(|| first(IdentifierKind::Model)),
            site: site(details),
            merchant: details.merchant.clone().map(|mid| Merchant { mid }),
            tid: details.tid.clone().or_else(|| first(IdentifierKind::Tid)),
            operation: placement.operation,
            replaces: placement.replaces.clone(),
            technician: Some(accepted.owner.to_owned()),
            evidence: accepted.photos_sha256.iter().enumerate().map(photo).collect(),
            status: accepted.provenance,
            review: accepted.review.clone(),
        }
    }

    /// The device key of what a person wrote: a known terminal's if one alone has this serial, else
    /// that of the maker whose format it fits. [`Details::check`] has refused what is no serial.
    async fn device_key(&self, written: &str) -> Result<String, StoreError> {
        if let Some((vendor, serial)) = written.split_once(':')
            && self.formats.iter().any(|format| format.vendor == vendor)
        {
            return Ok(format!("{vendor}:{}", validate::fold(serial)));
        }
        let serial = validate::fold(written);
        if let [known] = &self.store.terminal(&serial).await?[..] {
            return Ok(known.device_key.clone());
        }
        let format = self.formats.matching(&serial).next();
        let vendor = format.map_or(UNKNOWN, |format| format.vendor.as_str());
        Ok(format!("{vendor}:{serial}"))
    }
}

fn site(details: &Details) -> Option<Site> {
    let (lat, lon) = details.location.map(|location| (location.lat, location.lon)).unzip();
    let site = Site { address: details.site.clone(), lat, lon };
    (site != Site::default()).then_some(site)
}

impl From<Operation> for terminal::Operation {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Bind => Self::Bind,
            Operation::StockIn => Self::StockIn,
            Operation::Swap => Self::Swap,
            Operation::Unbind => Self::Unbind,
        }
    }
}
