//! Turns an accepted scan into the registration event that the registry will see: the final bytes,
//! made once and stored with the verdict.

use crate::answer::new_id;
use crate::decisions::typed;
use crate::details::{Details, Operation};
use crate::settings::sections::RegisteringSettings;
use crate::settings::{DefaultOperation, Settings, Switch, TypedSerials};
use jiff::{SignedDuration, Timestamp};
use outbound::{
    Event, EventData, EventIdentifier, EventSerial, Merchant, PhotoReference, Provenance, Review,
    Site,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{EventWriter, Registration, ScanId, Store, StoreError, Told};
use validate::terminal::{self, Placement};
use validate::{EstateMode, Formats, Identifier, IdentifierKind, Serial};

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
    rules: RegisteringSettings,
    estate_mode: EstateMode,
}

impl Registrar {
    /// A registrar that asks `store` for known terminals and `formats` for unknown ones.
    pub fn new(store: Store, formats: Formats, settings: &Settings) -> Self {
        Self {
            store,
            formats: Arc::new(formats),
            public_url: settings.http.public_url.clone(),
            rules: settings.registering,
            estate_mode: settings.judging.estate,
        }
    }

    /// Whether a terminal with this serial is known.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn knows(&self, serial: &Serial) -> Result<bool, StoreError> {
        Ok(!self.store.terminal(&serial.value).await?.is_empty())
    }

    /// Whether a serial may be registered without anybody's word: where only what is expected may
    /// be, it must be on the list.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn may_be_registered(&self, serial: &str) -> Result<bool, StoreError> {
        if self.estate_mode != EstateMode::Required {
            return Ok(true);
        }
        let values = BTreeSet::from([serial.to_owned()]);
        Ok(self.store.estate_for(self.estate_mode, &values).await?.expects(serial))
    }

    /// What a photo and a person's word do to a terminal.
    pub fn rules(&self) -> &RegisteringSettings {
        &self.rules
    }

    /// Until when a decision that is made now can be undone; none if it cannot.
    pub fn undo_until(&self, now: Timestamp) -> Option<Timestamp> {
        let ms = i64::try_from(self.rules.undo_ms).unwrap_or(i64::MAX);
        let until = now.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX);
        (ms > 0).then_some(until)
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

    /// The registration that is owed, with what writes the event's final bytes.
    ///
    /// # Errors
    /// If the store does not answer. [`StoreError::Damaged`] if the stored details are not what was
    /// checked at the door.
    pub async fn owed(
        &self,
        accepted: &Accepted<'_>,
        now: Timestamp,
    ) -> Result<Registration, StoreError> {
        let details = Details::deserialize(accepted.details);
        let details = details.map_err(|error| StoreError::Damaged(error.to_string()))?;
        let (placement, told_as) = self.placement(accepted, &details).await?;
        Ok(Registration { told_as, ..self.registration(accepted, &details, placement, now) })
    }

    /// The registration of a terminal that turned out to be a mistake.
    pub fn withdrawal(&self, accepted: &Accepted<'_>, now: Timestamp) -> Registration {
        let operation = terminal::Operation::Withdraw;
        let placement = Placement { operation, ..Placement::default() };
        self.registration(accepted, &Details::default(), placement, now)
    }

    fn registration(
        &self,
        accepted: &Accepted<'_>,
        details: &Details,
        placement: Placement,
        now: Timestamp,
    ) -> Registration {
        let data = self.event_data(accepted, details);
        let event = EventWriter::new(move |told| {
            let event = Event::new(told.kind, now, filled(data.clone(), told));
            event.to_bytes().map_err(|error| error.to_string())
        });
        let event_id = format!("msg_{}", new_id(now).simple());
        Registration {
            names_unseen: self.rules.typed_serials == TypedSerials::Allow,
            tells_sightings: self.rules.sighting_event == Switch::On,
            ..Registration::new(event_id, accepted.serial.device_key(), placement, event)
        }
    }

    /// What was said to be done, and what a register is told as where it is to be the bind that it
    /// was once.
    async fn placement(
        &self,
        accepted: &Accepted<'_>,
        details: &Details,
    ) -> Result<(Placement, Option<terminal::Operation>), StoreError> {
        let replaces = match &details.replaces {
            Some(written) => self.device_key(written).await?,
            None => None,
        };
        let label_tid = accepted.identifiers.iter().find(|it| it.kind == IdentifierKind::Tid);
        let tid = details.tid.clone().or_else(|| label_tid.map(|it| it.value.clone()));
        let was_bind = self.rules.default_operation == DefaultOperation::Bind;
        let said = details.operation.or(was_bind.then_some(Operation::Bind));
        let says_nobody = details.merchant.is_none() && tid.is_none();
        let told_as_bind = was_bind && said == Some(Operation::Bind) && says_nobody;
        let operation = said.filter(|_| !told_as_bind).unwrap_or(Operation::Register);
        let serves = matches!(operation, Operation::Bind | Operation::Swap);
        let placement = Placement {
            operation: operation.into(),
            merchant: details.merchant.clone().filter(|_| serves),
            tid: tid.filter(|_| serves),
            site: details.site.clone(),
            replaces,
            corrects: None,
        };
        Ok((placement, told_as_bind.then_some(terminal::Operation::Bind)))
    }

    /// What the event says of the evidence; what stands is filled in when it is known.
    fn event_data(&self, accepted: &Accepted<'_>, details: &Details) -> EventData {
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
        let (lat, lon) = details.location.map(|location| (location.lat, location.lon)).unzip();
        EventData {
            scan_id: accepted.scan.to_string(),
            device_key: accepted.serial.device_key(),
            serial: EventSerial::from(accepted.serial),
            device_type: tusn.as_ref().and_then(|tusn| tusn.get(6..8).map(str::to_owned)),
            tusn,
            identifiers: accepted.identifiers.iter().map(EventIdentifier::from).collect(),
            identifiers_omitted: 0,
            model: details.model.clone().or_else(|| first(IdentifierKind::Model)),
            site: Some(Site { address: None, lat, lon }),
            merchant: None,
            tid: None,
            operation: terminal::Operation::Register,
            replaces: None,
            corrects: None,
            sequence: 0,
            follows: Vec::new(),
            technician: Some(accepted.owner.to_owned()),
            evidence: accepted.photos_sha256.iter().enumerate().map(photo).collect(),
            status: accepted.provenance,
            review: accepted.review.clone(),
        }
    }

    /// The device key of what a person wrote: the one known terminal's, else that of the maker
    /// whose format it names. None if several terminals are meant, or it is no serial.
    async fn device_key(&self, written: &str) -> Result<Option<String>, StoreError> {
        let named = written.split_once(':');
        let maker = |vendor: &&str| {
            *vendor == UNKNOWN || self.formats.iter().any(|format| format.vendor == **vendor)
        };
        let (vendor, serial) = match named.filter(|(vendor, _)| maker(vendor)) {
            Some((vendor, serial)) => (Some(vendor), serial),
            None => (None, written),
        };
        let Ok(serial) = validate::canonical(serial) else { return Ok(None) };
        let mut known = self.store.terminal(&serial).await?;
        known.retain(|terminal| vendor.is_none_or(|vendor| terminal.vendor == vendor));
        Ok(match &known[..] {
            [known] => Some(known.device_key.clone()),
            [] => {
                let format = typed::format_of(&self.formats, &serial);
                let maker = vendor.or(format.map(|format| format.vendor.as_str()));
                Some(format!("{}:{serial}", maker.unwrap_or(UNKNOWN)))
            }
            _ => None,
        })
    }
}

/// An event's data with all that stands.
fn filled(mut data: EventData, told: &Told<'_>) -> EventData {
    let standing = told.standing;
    let mut site = data.site.take().unwrap_or_default();
    site.address.clone_from(&standing.site);
    EventData {
        site: (site != Site::default()).then_some(site),
        merchant: standing.merchant.clone().map(|mid| Merchant { mid }),
        tid: standing.tid.clone(),
        operation: told.operation,
        replaces: told.replaces.map(str::to_owned),
        corrects: told.corrects.map(str::to_owned),
        sequence: told.sequence,
        follows: told.follows.to_vec(),
        ..data
    }
}

impl From<Operation> for terminal::Operation {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Register => Self::Register,
            Operation::Bind => Self::Bind,
            Operation::StockIn => Self::StockIn,
            Operation::Swap => Self::Swap,
            Operation::Unbind => Self::Unbind,
        }
    }
}
