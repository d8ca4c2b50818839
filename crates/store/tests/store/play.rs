//! A play of random operations on a few terminals, with a registry that takes, refuses and is asked
//! again: what labelscan says of each terminal is what a registry knows that heard the events in
//! order and nothing else.

use crate::place::{Place, accepted, for_review, later, lease, registration, serial};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{
    Action, Authority, Claim, Decision, DeliveryFilter, DeliveryStatus, EventWriter, Finding,
    Registration, Settled, StoreError, WriteContext,
};
use uuid::Uuid;
use validate::terminal::{Operation, Placement, Standing, Step};

/// Terminals that the play is about.
const DEVICES: u8 = 5;

#[derive(Clone, Debug)]
enum Act {
    /// A photo of a terminal, with what was said.
    Photo { device: u8, asked: Asked },
    /// A person decides about the newest photo that waits or was decided.
    Decide { device: u8, rejects: bool },
    /// The last decision is undone.
    Undo,
    /// The registry hears what is due.
    Deliver { takes: bool },
    /// An operator has something told again that was refused.
    Replay { which: prop::sample::Index },
    /// A moment, or more than a decision is held.
    Wait { long: bool },
}

#[derive(Clone, Debug)]
struct Asked {
    operation: Operation,
    merchant: Option<&'static str>,
    tid: Option<&'static str>,
    site: Option<&'static str>,
    old: u8,
}

fn act() -> impl Strategy<Value = Act> {
    let said = |words: [&'static str; 2]| prop::option::of(prop::sample::select(words.to_vec()));
    let operation = prop::sample::select(vec![
        Operation::Register,
        Operation::Bind,
        Operation::StockIn,
        Operation::Swap,
        Operation::Unbind,
    ]);
    let asked =
        (operation, said(["A", "B"]), said(["7", "8"]), said(["S", "T"]), 0..DEVICES).prop_map(
            |(operation, merchant, tid, site, old)| Asked { operation, merchant, tid, site, old },
        );
    prop_oneof![
        8 => (0..DEVICES, asked).prop_map(|(device, asked)| Act::Photo { device, asked }),
        3 => (0..DEVICES, any::<bool>()).prop_map(|(device, rejects)| Act::Decide { device, rejects }),
        1 => Just(Act::Undo),
        8 => prop::bool::weighted(0.7).prop_map(|takes| Act::Deliver { takes }),
        1 => any::<prop::sample::Index>().prop_map(|which| Act::Replay { which }),
        4 => any::<bool>().prop_map(|long| Act::Wait { long }),
    ]
}

/// What an event of the play says, as a registry reads it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Event {
    device: String,
    sequence: i64,
    follows: Vec<String>,
    standing: Standing,
    replaces: Option<String>,
    corrects: Option<String>,
}

fn key(device: u8) -> String {
    format!("pax:082100000{device}")
}

fn value(device: u8) -> String {
    key(device)[4..].to_owned()
}

fn owed(device: u8, placement: Placement) -> Registration {
    let id = format!("msg_{}", Uuid::now_v7().simple());
    let event = EventWriter::new(move |told| {
        let event = Event {
            device: key(device),
            sequence: told.sequence,
            follows: told.follows.to_vec(),
            standing: told.standing.clone(),
            replaces: told.replaces.map(str::to_owned),
            corrects: told.corrects.map(str::to_owned),
        };
        serde_json::to_vec(&event).map_err(|error| error.to_string())
    });
    let first = registration(&value(device), &id);
    Registration { placement, event, ..first }
}

struct Play {
    place: Place,
    now_ms: i64,
    scans: Vec<store::ScanId>,
    /// What the registry took, by its id.
    taken: BTreeMap<String, Event>,
    refused: Vec<String>,
}

impl Play {
    fn now(&self) -> Timestamp {
        later(self.now_ms)
    }

    async fn take(&mut self, act: Act) {
        self.now_ms += 1;
        match act {
            Act::Photo { device, asked } => self.photo(device, asked).await,
            Act::Decide { device, rejects } => self.decide(device, rejects).await,
            Act::Undo => {
                let Some(id) = self.scans.last().copied() else { return };
                let context = WriteContext::new("eva", self.now());
                let undone = self.place.store.undo(id, Authority::Operator, context).await;
                assert!(matches!(undone, Ok(_) | Err(StoreError::UndoOver)), "{undone:?}");
            }
            Act::Deliver { takes } => self.deliver(takes).await,
            Act::Replay { which } => self.replay(which).await,
            Act::Wait { long } => self.now_ms += if long { 9_000 } else { 100 },
        }
    }

    async fn photo(&mut self, device: u8, asked: Asked) {
        let text = |said: Option<&str>| said.map(str::to_owned);
        let swaps = asked.operation == Operation::Swap;
        let placement = Placement {
            operation: asked.operation,
            merchant: text(asked.merchant),
            tid: text(asked.tid),
            site: text(asked.site),
            replaces: swaps.then(|| key(asked.old)),
            corrects: None,
        };
        let claimed = self.place.claimed(&Uuid::now_v7().to_string()).await;
        let finding = Finding {
            registration: Some(owed(device, placement)),
            ..accepted(&value(device), "unused")
        };
        self.place.store.finish(&claimed.claim, finding, self.now()).await.expect("it is finished");
        self.scans.push(claimed.id);
    }

    /// The newest scan is a photo of `device`, whatever was read, or of nothing.
    async fn decide(&mut self, device: u8, rejects: bool) {
        if self.scans.is_empty() {
            let claimed = self.place.claimed("first").await;
            let store = &self.place.store;
            store.finish(&claimed.claim, for_review(), self.now()).await.expect("it is finished");
            self.scans.push(claimed.id);
        }
        let id = *self.scans.last().expect("there is one");
        let scan = self.place.store.scan(id).await.unwrap().expect("it is there");
        let held = Some(later(self.now_ms + 8_000));
        let stood = scan.serial().filter(|_| scan.registration.is_some());
        let wrong = stood.map(|serial| serial.value[9..].parse::<u8>().expect("a digit"));
        let wrong = wrong.filter(|wrong| rejects || *wrong != device);
        let withdraw = Placement { operation: Operation::Withdraw, ..Placement::default() };
        let action = match rejects {
            true => Action::Reject { why: None },
            false => Action::Correct { serial: serial(&value(device)) },
        };
        let register = (!rejects).then(|| owed(device, Placement::default()));
        let decision = Decision {
            registration: register.map(|owed| Registration { not_before: held, ..owed }),
            withdrawal: wrong
                .map(|wrong| Registration { not_before: held, ..owed(wrong, withdraw) }),
            ..Decision::new(action, "eva", Authority::Operator)
        };
        self.place.store.decide(id, decision, self.now()).await.expect("it is decided");
    }

    async fn deliver(&mut self, takes: bool) {
        let due = self.place.store.claim_deliveries(3, lease(), self.now()).await.unwrap();
        for claimed in due {
            let event: Event = serde_json::from_slice(&claimed.bytes).expect("an event");
            self.settle(&claimed.claim, &claimed.event_id, event, takes).await;
        }
    }

    async fn settle(&mut self, claim: &Claim, id: &str, event: Event, takes: bool) {
        let settled = match takes {
            true => Settled::Delivered { answer: None },
            false => Settled::Refused { code: "no".into(), why: String::new() },
        };
        self.place.store.settle(claim, settled, self.now()).await.expect("it is ours");
        match takes {
            true => drop(self.taken.insert(id.to_owned(), event)),
            false => self.refused.push(id.to_owned()),
        }
    }

    async fn replay(&mut self, which: prop::sample::Index) {
        if self.refused.is_empty() {
            return;
        }
        let at = which.index(self.refused.len());
        let context = WriteContext::new("eva", self.now());
        match self.place.store.replay(&self.refused[at], context).await {
            Ok(()) => drop(self.refused.swap_remove(at)),
            Err(StoreError::Invalid(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// The registry hears everything that is still owed, and then knows what labelscan says.
    async fn end(mut self) -> usize {
        loop {
            self.now_ms += 60_000;
            let before = self.taken.len();
            self.deliver(true).await;
            let filter = DeliveryFilter {
                status: Some(DeliveryStatus::Queued),
                ..DeliveryFilter::default()
            };
            let left = self.place.store.deliveries(&filter).await.unwrap().items.len();
            if left == 0 {
                break;
            }
            assert!(self.taken.len() > before, "{left} deliveries wait for nothing");
        }
        let known = self.known();
        for device in 0..DEVICES {
            let found = self.place.store.terminal(&value(device)).await.unwrap();
            let stands = found.first().map(|it| Standing {
                step: it.step,
                merchant: it.merchant.clone(),
                tid: it.tid.clone(),
                site: it.site.clone(),
                replaces: it.replaces.clone(),
            });
            let stands = stands.filter(|it| it.step != Step::See);
            assert_eq!(known.get(&key(device)), stands.as_ref(), "{}", key(device));
        }
        self.place.assert_settled().await;
        self.taken.len()
    }

    /// What a registry knows that applies each event after those that it follows.
    fn known(&self) -> BTreeMap<String, Standing> {
        let mut known = BTreeMap::new();
        let mut waiting: Vec<&String> = self.taken.keys().collect();
        while !waiting.is_empty() {
            let is_free =
                |id: &&String| !self.taken[*id].follows.iter().any(|it| waiting.contains(&it));
            let next = *waiting.iter().find(|id| is_free(id)).expect("no event follows itself");
            waiting.retain(|id| *id != next);
            let event = &self.taken[next];
            known.insert(event.device.clone(), event.standing.clone());
            if let Some(old) = &event.replaces {
                known.insert(old.clone(), Standing::of(Step::Replace));
            }
            if let Some(wrong) = &event.corrects {
                known.insert(wrong.clone(), Standing::of(Step::Withdraw));
            }
        }
        known
    }
}

async fn play(place: Place, seed: u8, acts: usize) -> usize {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let mut play =
        Play { place, now_ms: 0, scans: Vec::new(), taken: BTreeMap::new(), refused: Vec::new() };
    for _ in 0..acts {
        let next = act().new_tree(&mut runner).expect("an act").current();
        play.take(next).await;
    }
    play.end().await
}

/// How long a play is: `LABELSCAN_PLAY_ACTS` makes a long one.
fn acts() -> usize {
    std::env::var("LABELSCAN_PLAY_ACTS").ok().and_then(|acts| acts.parse().ok()).unwrap_or(120)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_knows_what_sqlite_says() {
    for seed in 0..8 {
        assert_ne!(play(Place::sqlite_and_folder().await, seed, acts()).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_knows_what_postgres_says() {
    for seed in 0..3 {
        assert_ne!(play(Place::postgres_and_folder().await, seed, acts()).await, 0);
    }
}
