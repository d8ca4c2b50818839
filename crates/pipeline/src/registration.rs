//! Turns an accepted scan into the registration event that the registry will see: the final bytes,
//! made once and stored with the verdict.

use crate::answer::new_id;
use crate::details::Details;
use crate::details::Operation;
use jiff::Timestamp;
use outbound::{
    Event, EventData, EventIdentifier, EventSerial, Merchant, PhotoReference, Review, Site,
    Standing,
};
use serde::Deserialize;
use store::{Registration, ScanId, Store, StoreError};
use validate::terminal::{self, Placement};
use validate::{Formats, Identifier, IdentifierKind, Serial};

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
    /// The device key of the terminal that a swap replaces.
    pub replaces: Option<String>,
    /// Whose scan it is.
    pub owner: &'a str,
    /// Hashes of the photos, hexadecimal, in the order sent.
    pub photos_sha256: Vec<&'a str>,
    /// Whether the judge or a person decided.
    pub standing: Standing,
    /// A person's decision, if there was one.
    pub review: Option<Review>,
}

/// Builds the registration that is owed for an accepted scan. `public_url` is where the photos
/// can be fetched, if that is known.
///
/// # Errors
/// If the stored details are not what was checked at the door, or the event is too large to be
/// sent, which the limits on details rule out.
pub fn registration(
    accepted: &Accepted<'_>,
    public_url: Option<&str>,
    now: Timestamp,
) -> anyhow::Result<Registration> {
    let details = Details::deserialize(accepted.details)?;
    let first = |kind| {
        let found = accepted.identifiers.iter().find(|identifier| identifier.kind == kind);
        found.map(|identifier| identifier.value.clone())
    };
    let photo = |(n, sha256): (usize, &&str)| PhotoReference {
        sha256: (*sha256).to_owned(),
        url: public_url.map(|base| format!("{base}/v1/scans/{}/photo?n={n}", accepted.scan)),
    };
    let placement = Placement {
        operation: details.operation.unwrap_or(Operation::Bind).into(),
        merchant: details.merchant.clone(),
        replaces: accepted.replaces.clone(),
    };
    let data = EventData {
        scan_id: accepted.scan.to_string(),
        device_key: accepted.serial.device_key(),
        serial: EventSerial::from(accepted.serial),
        tusn: first(IdentifierKind::Tusn),
        identifiers: accepted.identifiers.iter().map(EventIdentifier::from).collect(),
        identifiers_omitted: 0,
        model: details.model.clone().or_else(|| first(IdentifierKind::Model)),
        device_type: first(IdentifierKind::Tusn).and_then(|tusn| tusn.get(6..8).map(str::to_owned)),
        site: site(&details),
        merchant: details.merchant.clone().map(|mid| Merchant { mid }),
        tid: details.tid.clone().or_else(|| first(IdentifierKind::Tid)),
        operation: placement.operation,
        replaces: placement.replaces.clone(),
        technician: Some(accepted.owner.to_owned()),
        evidence: accepted.photos_sha256.iter().enumerate().map(photo).collect(),
        status: accepted.standing,
        review: accepted.review.clone(),
    };
    Ok(Registration {
        event_id: format!("msg_{}", new_id(now).simple()),
        device_key: accepted.serial.device_key(),
        placement,
        bytes: Event::registered(now, data).to_bytes()?,
    })
}

fn site(details: &Details) -> Option<Site> {
    let (lat, lon) = details.location.map(|location| (location.lat, location.lon)).unzip();
    let site = Site { address: details.site.clone(), lat, lon };
    (site != Site::default()).then_some(site)
}

/// The device key of the terminal that a swap replaces, from what a person wrote: a known
/// terminal's if one alone has this serial, else that of the maker whose format it fits.
///
/// # Errors
/// If the store does not answer.
pub async fn replaced(
    store: &Store,
    formats: &Formats,
    written: &str,
) -> Result<String, StoreError> {
    if let Some((vendor, serial)) = written.split_once(':')
        && formats.iter().any(|format| format.vendor == vendor)
    {
        return Ok(format!("{vendor}:{}", validate::canonical(serial)));
    }
    let serial = validate::canonical(written);
    if let [known] = &store.terminal(&serial).await?[..] {
        return Ok(known.device_key.clone());
    }
    let format = formats.matching(&serial).next();
    let vendor = format.map_or("unknown", |format| format.vendor.as_str());
    Ok(format!("{vendor}:{serial}"))
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
