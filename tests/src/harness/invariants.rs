//! What must hold at the end of every play, however it went: the one checker that the crash tests,
//! the duplicates, the soak and the nodes share.
//!
//! It reads the final database and photos through the store, and the registry's log. What was
//! acknowledged is there, byte for byte; what the registry saw under one id was always the same
//! bytes, signed; what counts as delivered was seen, and nothing was seen that nobody owed; each
//! device has one terminal and nothing waits any more.

use super::Event;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use store::{Delivery, DeliveryFilter, DeliveryStatus, Settings, Store};

/// An upload that was answered with success.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The scan's id in the answer.
    pub id: String,
    /// The photo that was sent.
    pub photo: Vec<u8>,
    /// The serial that its label carries, if it is sure to be read.
    pub serial: Option<String>,
}

/// What the checker counted, and everything that must not be.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Uploads that were acknowledged.
    pub acknowledged: usize,
    /// Scans in the database.
    pub scans: u64,
    /// Events that are owed, by id.
    pub owed: usize,
    /// Different ids that the registry took.
    pub taken: usize,
    /// Calls beyond the first that the registry took under an id; allowed, an id makes them one.
    pub repeated: usize,
    /// Most readings and most attempts to deliver that anything needed.
    pub attempts_most: u32,
    /// Objects of uploads that died before their row, which the sweep took away.
    pub orphans_swept: u64,
    /// What must not be, in words; empty if all is well.
    pub faults: Vec<String>,
}

impl Account {
    fn fault(&mut self, what: String) {
        if self.faults.len() < 100 {
            self.faults.push(what);
        }
    }

    /// Ends the test if anything is wrong.
    ///
    /// # Panics
    /// If there is a fault.
    #[track_caller]
    pub fn assert_sound(&self) {
        assert!(self.faults.is_empty(), "{self:#?}");
    }
}

/// Looks at everything. The service must have ended.
///
/// # Panics
/// If the store cannot be read at all.
pub async fn account(
    settings: &Settings,
    acknowledged: impl IntoIterator<Item = Acknowledged>,
    events: &[Event],
) -> Account {
    let store = Store::open(settings).await.expect("the store opens");
    let orphans_swept = store.sweep_orphans(Timestamp::MAX).await.expect("the sweep runs");
    let mut account = Account { orphans_swept, ..Account::default() };
    let check = store.check(Timestamp::MAX).await.expect("the check runs");
    account.scans = check.scans;
    if !check.is_settled() {
        account.fault(format!("the store is not settled: {check:?}"));
    }
    let owed = deliveries(&store).await;
    account.owed = owed.len();
    for upload in acknowledged {
        account.acknowledged += 1;
        check_upload(&store, &upload, &mut account).await;
    }
    check_devices(&store, &owed, &mut account).await;
    check_events(&owed, events, &mut account);
    check_files(settings, &mut account);
    store.close().await;
    account
}

/// Every delivery there is.
async fn deliveries(store: &Store) -> BTreeMap<String, Delivery> {
    let mut found = BTreeMap::new();
    let mut filter = DeliveryFilter::default();
    loop {
        let page = store.deliveries(&filter).await.expect("deliveries are listed");
        let listed = page.items.into_iter();
        found.extend(listed.map(|delivery| (delivery.event_id.clone(), delivery)));
        filter.after = page.next;
        if filter.after.is_none() {
            return found;
        }
    }
}

async fn check_upload(store: &Store, upload: &Acknowledged, account: &mut Account) {
    let Acknowledged { id, photo, serial } = upload;
    let parsed = id.parse().expect("the service answers with UUIDs");
    let Some(scan) = store.scan(parsed).await.expect("scans are read") else {
        return account.fault(format!("lost: scan {id} was acknowledged and is not there"));
    };
    account.attempts_most = account.attempts_most.max(scan.attempts);
    match store.photos(parsed).await {
        Ok(photos) if photos.len() == 1 && photos[0].bytes == photo[..] => {}
        Ok(_) => account.fault(format!("scan {id} has other photos than were sent")),
        Err(error) => account.fault(format!("the photo of scan {id}: {error}")),
    }
    let registered = scan.registration.is_some() || scan.forbidden.is_some();
    if serial.is_some() && !registered {
        let why = (&scan.judgement, &scan.failure);
        account.fault(format!("scan {id} ended as {:?} and owes nothing: {why:?}", scan.status));
    }
}

/// One device is one terminal, and an operation on it is told once.
async fn check_devices(store: &Store, owed: &BTreeMap<String, Delivery>, account: &mut Account) {
    let mut terminals = BTreeSet::new();
    let mut after = None;
    loop {
        let page = store.find_terminals(after, 0, |_| true).await.expect("terminals are listed");
        for terminal in page.items.into_iter().map(|found| found.terminal) {
            if !owed.contains_key(&terminal.event_id) {
                account.fault(format!("terminal of scan {} owes nothing", terminal.first_scan));
            }
            if !terminals.insert(terminal.device_key) {
                account.fault(format!("two terminals of scan {}", terminal.first_scan));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut by_device: HashMap<&str, usize> = HashMap::new();
    for delivery in owed.values() {
        *by_device.entry(&delivery.device_key).or_default() += 1;
        if !terminals.contains(&delivery.device_key) {
            account.fault(format!("delivery {} of no terminal", delivery.event_id));
        }
    }
    let doubled = by_device.values().filter(|count| **count > 1).count();
    if doubled > 0 {
        account.fault(format!("{doubled} devices were registered twice"));
    }
}

/// What the registry saw is what was owed: at least once, always the same bytes, never anything
/// else.
fn check_events(owed: &BTreeMap<String, Delivery>, events: &[Event], account: &mut Account) {
    let mut bytes_by_id: HashMap<&str, &[u8]> = HashMap::new();
    let mut taken: HashMap<&str, usize> = HashMap::new();
    for event in events {
        let first = *bytes_by_id.entry(&event.id).or_insert(&event.bytes);
        if first != event.bytes {
            account.fault(format!("event {} came with other bytes", event.id));
        }
        if !event.verified {
            account.fault(format!("event {} came with a wrong signature", event.id));
        }
        if !owed.contains_key(&event.id) {
            account.fault(format!("event {} was owed by nobody", event.id));
        }
        if event.answered == 200 {
            *taken.entry(&event.id).or_default() += 1;
        }
    }
    account.taken = taken.len();
    account.repeated = taken.values().map(|times| times - 1).sum();
    for delivery in owed.values() {
        account.attempts_most = account.attempts_most.max(delivery.attempts);
        let id = &delivery.event_id;
        let was_taken = taken.contains_key(id.as_str());
        match delivery.status {
            DeliveryStatus::Delivered if !was_taken => {
                account.fault(format!("lost: event {id} counts as delivered and never came"));
            }
            DeliveryStatus::Delivered | DeliveryStatus::Refused => {}
            unsettled => account.fault(format!("event {id} is {unsettled:?}")),
        }
    }
}

/// No half-written file stays: the place of the photos holds photos only.
fn check_files(settings: &Settings, account: &mut Account) {
    let Some(folder) = settings.photos.strip_prefix("file://") else { return };
    let folders = std::fs::read_dir(Path::new(folder)).into_iter().flatten().flatten();
    for part in folders.map(|entry| entry.path()).filter(|path| path.is_dir()) {
        for file in std::fs::read_dir(part).into_iter().flatten().flatten() {
            if file.file_name().to_string_lossy().contains('#') {
                account.fault(format!("a temporary file stays: {}", file.path().display()));
            }
        }
    }
}
