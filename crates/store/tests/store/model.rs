//! The two queues against a model that is small enough to be right: any order of uploads, claims,
//! endings, crashes and clock jumps gives what the model says, and in the end everything is
//! settled and each accepted device was registered exactly once.

use crate::place::{Place, accepted, claim_scans, for_review, later, upload};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, HashMap, HashSet};
use store::{
    Claim, DeliveryFilter, DeliveryStatus, Lease, Received, ScanId, Settled, Store, StoreError,
};

const LEASE_MS: i64 = 1_000;

#[derive(Clone, Debug)]
enum Step {
    Upload { key: u8, photo: u8 },
    ClaimScans { most: u8 },
    ClaimScan { which: prop::sample::Index },
    Finish { which: prop::sample::Index, serial: Option<u8> },
    Release { which: prop::sample::Index },
    ClaimDeliveries { most: u8 },
    Settle { which: prop::sample::Index, how: How },
    Clock { jump_ms: i64 },
    Crash,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Delivered,
    Retry,
    Postponed,
    Refused,
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<prop::sample::Index>;
    let how = prop_oneof![
        3 => Just(How::Delivered),
        2 => Just(How::Retry),
        1 => Just(How::Postponed),
        1 => Just(How::Refused)
    ];
    prop_oneof![
        4 => (0..12_u8, 0..2_u8).prop_map(|(key, photo)| Step::Upload { key, photo }),
        2 => (1..4_u8).prop_map(|most| Step::ClaimScans { most }),
        2 => which().prop_map(|which| Step::ClaimScan { which }),
        4 => (which(), prop::option::weighted(0.8, 0..4_u8))
            .prop_map(|(which, serial)| Step::Finish { which, serial }),
        1 => which().prop_map(|which| Step::Release { which }),
        3 => (1..4_u8).prop_map(|most| Step::ClaimDeliveries { most }),
        4 => (which(), how).prop_map(|(which, how)| Step::Settle { which, how }),
        3 => prop_oneof![
            0..=LEASE_MS,
            Just(LEASE_MS),
            Just(10 * LEASE_MS),
            -3 * LEASE_MS..0
        ].prop_map(|jump_ms| Step::Clock { jump_ms }),
        1 => Just(Step::Crash),
    ]
}

/// A row of either queue, as the model sees it.
#[derive(Clone, Debug)]
struct Waiting {
    due_ms: i64,
    attempts: u32,
    /// Which of the claims handed out is the last; nobody may end it with another.
    claim: usize,
    over: bool,
}

/// A delivery's place in its device's order, and the rest.
#[derive(Clone, Debug)]
struct Owed {
    serial: u8,
    created_ms: i64,
    refused: bool,
    row: Waiting,
}

struct Held<Id> {
    id: Id,
    number: usize,
    claim: Claim,
}

struct Model {
    store: Store,
    settings: store::Settings,
    now_ms: i64,
    claims: usize,
    keys: HashMap<u8, (ScanId, u8)>,
    scans: BTreeMap<ScanId, Waiting>,
    deliveries: BTreeMap<String, Owed>,
    /// The event that stands for a device.
    standing: HashMap<u8, String>,
    scans_held: Vec<Held<ScanId>>,
    deliveries_held: Vec<Held<String>>,
    events: u32,
}

impl Model {
    fn new(place: &Place) -> Self {
        Self {
            store: place.store.clone(),
            settings: place.settings.clone(),
            now_ms: 0,
            claims: 0,
            keys: HashMap::new(),
            scans: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            standing: HashMap::new(),
            scans_held: Vec::new(),
            deliveries_held: Vec::new(),
            events: 0,
        }
    }

    fn now(&self) -> Timestamp {
        later(self.now_ms)
    }

    fn lease() -> Lease {
        Lease::from_millis(LEASE_MS as u64)
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Upload { key, photo } => self.upload(key, photo).await,
            Step::ClaimScans { most } => self.claim_scans(most).await,
            Step::ClaimScan { which } => {
                if !self.scans.is_empty() {
                    let id = *self.scans.keys().nth(which.index(self.scans.len())).unwrap();
                    self.claim_scan(id).await;
                }
            }
            Step::Finish { which, serial } => {
                if !self.scans_held.is_empty() {
                    self.finish(which.index(self.scans_held.len()), serial).await;
                }
            }
            Step::Release { which } => {
                if !self.scans_held.is_empty() {
                    self.release(which.index(self.scans_held.len())).await;
                }
            }
            Step::ClaimDeliveries { most } => self.claim_deliveries(most).await,
            Step::Settle { which, how } => {
                if !self.deliveries_held.is_empty() {
                    self.settle(which.index(self.deliveries_held.len()), how).await;
                }
            }
            Step::Clock { jump_ms } => self.now_ms = (self.now_ms + jump_ms).max(0),
            Step::Crash => self.crash().await,
        }
    }

    async fn upload(&mut self, key: u8, photo: u8) {
        let upload = upload(&format!("key {key}"), &[photo]);
        let id = upload.id;
        let received = self.store.receive(upload, self.now()).await.unwrap();
        let expected = match self.keys.get(&key) {
            None => Received::New(id),
            Some((first, same)) if *same == photo => Received::Repeat(*first),
            Some((first, _)) => Received::Conflict(*first),
        };
        assert_eq!(received, expected);
        if expected == Received::New(id) {
            self.keys.insert(key, (id, photo));
            let row = Waiting { due_ms: self.now_ms, attempts: 0, claim: 0, over: false };
            self.scans.insert(id, row);
        }
    }

    fn hand_out(claims: &mut usize, now_ms: i64, row: &mut Waiting) -> usize {
        *claims += 1;
        row.claim = *claims;
        row.attempts += 1;
        row.due_ms = now_ms + LEASE_MS;
        *claims
    }

    async fn claim_scans(&mut self, most: u8) {
        let got = claim_scans(&self.store, most.into(), Self::lease(), self.now()).await;
        let mut due: Vec<_> = self
            .scans
            .iter()
            .filter(|(_, row)| !row.over && row.due_ms <= self.now_ms)
            .map(|(id, _)| *id)
            .collect();
        due.sort();
        let expected: HashSet<_> = due.into_iter().take(most.into()).collect();
        assert_eq!(got.iter().map(|got| got.id).collect::<HashSet<_>>(), expected);
        for got in got {
            let row = self.scans.get_mut(&got.id).unwrap();
            let number = Self::hand_out(&mut self.claims, self.now_ms, row);
            assert_eq!(got.attempts, row.attempts);
            self.scans_held.push(Held { id: got.id, number, claim: got.claim });
        }
    }

    async fn claim_scan(&mut self, id: ScanId) {
        let got = self.store.claim_scan(id, Self::lease(), self.now()).await.unwrap();
        let now_ms = self.now_ms;
        let row = self.scans.get_mut(&id).unwrap();
        assert_eq!(got.is_some(), !row.over && row.due_ms <= now_ms);
        if let Some(got) = got {
            let number = Self::hand_out(&mut self.claims, now_ms, row);
            assert_eq!(got.attempts, row.attempts);
            self.scans_held.push(Held { id, number, claim: got.claim });
        }
    }

    async fn finish(&mut self, which: usize, serial: Option<u8>) {
        let held = self.scans_held.swap_remove(which);
        self.events += 1;
        let event = format!("msg_{:05}", self.events);
        let finding = match serial {
            Some(serial) => accepted(&format!("082103239{serial}"), &event),
            None => for_review(),
        };
        let ended = self.store.finish(&held.claim, finding, self.now()).await;
        let row = self.scans.get_mut(&held.id).unwrap();
        if row.over || row.claim != held.number {
            assert!(matches!(ended, Err(StoreError::LeaseLost)), "{ended:?}");
            return;
        }
        row.over = true;
        let scan = ended.unwrap();
        let Some(serial) = serial else { return };
        let standing = self.standing.get(&serial).filter(|event| !self.deliveries[*event].refused);
        let expected = standing.cloned().unwrap_or_else(|| event.clone());
        assert_eq!(scan.registration.unwrap().event_id, expected);
        if expected == event {
            self.standing.insert(serial, event.clone());
            let row = Waiting { due_ms: self.now_ms, attempts: 0, claim: 0, over: false };
            let owed = Owed { serial, created_ms: self.now_ms, refused: false, row };
            self.deliveries.insert(event, owed);
        }
    }

    async fn release(&mut self, which: usize) {
        let held = self.scans_held.swap_remove(which);
        let released = self.store.release(&held.claim, self.now()).await;
        let row = self.scans.get_mut(&held.id).unwrap();
        if row.over || row.claim != held.number {
            assert!(matches!(released, Err(StoreError::LeaseLost)), "{released:?}");
            return;
        }
        released.unwrap();
        (row.due_ms, row.claim) = (self.now_ms, 0);
    }

    async fn claim_deliveries(&mut self, most: u8) {
        let got =
            self.store.claim_deliveries(most.into(), Self::lease(), self.now()).await.unwrap();
        let first_of_device = |event: &String, owed: &Owed| {
            let place = (owed.created_ms, event);
            !self.deliveries.iter().any(|(other, o)| {
                o.serial == owed.serial && !o.row.over && (o.created_ms, other) < place
            })
        };
        let mut due: Vec<_> = self
            .deliveries
            .iter()
            .filter(|(event, owed)| {
                !owed.row.over && owed.row.due_ms <= self.now_ms && first_of_device(event, owed)
            })
            .map(|(event, owed)| (owed.row.due_ms, event.clone()))
            .collect();
        due.sort();
        let expected: HashSet<_> =
            due.into_iter().take(most.into()).map(|(_, event)| event).collect();
        assert_eq!(got.iter().map(|got| got.event_id.clone()).collect::<HashSet<_>>(), expected);
        for got in got {
            let owed = self.deliveries.get_mut(&got.event_id).unwrap();
            let number = Self::hand_out(&mut self.claims, self.now_ms, &mut owed.row);
            assert_eq!(got.attempts, owed.row.attempts);
            self.deliveries_held.push(Held { id: got.event_id, number, claim: got.claim });
        }
    }

    async fn settle(&mut self, which: usize, how: How) {
        let held = self.deliveries_held.swap_remove(which);
        let at_ms = self.now_ms + 500;
        let why = String::new();
        let settled = match how {
            How::Delivered => Settled::Delivered { answer: None },
            How::Retry => Settled::RetryAt { at: later(at_ms), why },
            How::Postponed => Settled::Postponed { at: later(at_ms), why },
            How::Refused => Settled::Refused { code: "no".into(), why },
        };
        let ended = self.store.settle(&held.claim, settled, self.now()).await;
        let owed = self.deliveries.get_mut(&held.id).unwrap();
        if owed.row.over || owed.row.claim != held.number {
            assert!(matches!(ended, Err(StoreError::LeaseLost)), "{ended:?}");
            return;
        }
        ended.unwrap();
        match how {
            How::Retry | How::Postponed => {
                (owed.row.due_ms, owed.row.claim) = (at_ms, 0);
                owed.row.attempts -= u32::from(matches!(how, How::Postponed));
            }
            How::Delivered => owed.row.over = true,
            How::Refused => (owed.row.over, owed.refused) = (true, true),
        }
    }

    /// Everything that was held is forgotten; the tables are opened anew.
    async fn crash(&mut self) {
        self.scans_held.clear();
        self.deliveries_held.clear();
        self.store = Store::open(&self.settings).await.unwrap();
    }

    /// What is left is done by a program that works, and then nothing is left.
    async fn drain(&mut self) {
        self.crash().await;
        while self.scans.values().any(|row| !row.over) {
            self.now_ms += 10 * LEASE_MS;
            self.claim_scans(5).await;
            while !self.scans_held.is_empty() {
                self.finish(0, None).await;
            }
        }
        while self.deliveries.values().any(|owed| !owed.row.over) {
            self.now_ms += 10 * LEASE_MS;
            self.claim_deliveries(5).await;
            while !self.deliveries_held.is_empty() {
                self.settle(0, How::Delivered).await;
            }
        }
        let listed = self.store.deliveries(&DeliveryFilter::default()).await.unwrap().items;
        assert_eq!(listed.len(), self.deliveries.len());
        for (serial, event) in &self.standing {
            let of_device = listed.iter().filter(|delivery| {
                delivery.device_key == format!("pax:082103239{serial}")
                    && delivery.status == DeliveryStatus::Delivered
            });
            let delivered: Vec<_> = of_device.map(|delivery| &delivery.event_id).collect();
            let expected = if self.deliveries[event].refused { vec![] } else { vec![event] };
            assert_eq!(delivered, expected);
        }
    }
}

fn run(cases: u32, place: impl AsyncFn() -> Place) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let steps = prop::collection::vec(step(), 1..120);
    let result = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let place = place().await;
            let mut model = Model::new(&place);
            for step in steps {
                model.take(step).await;
            }
            model.drain().await;
            place.assert_settled().await;
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn sqlite_does_what_the_model_says() {
    run(24, Place::sqlite_and_folder);
}

#[test]
fn postgres_does_what_the_model_says() {
    let _kept_up = crate::place::shared_postgres();
    run(12, Place::postgres_and_s3);
}
