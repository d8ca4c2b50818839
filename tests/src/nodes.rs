//! Several nodes on one PostgreSQL: scans that wait are read and delivered once, what a killed node
//! held goes on at the other within one lease, and nodes add up.

use crate::harness::invariants::{Account, Acknowledged, account};
use crate::harness::{FakeRegistry, Installation};
use crate::jetstream::{open_stream, stored};
use jiff::Timestamp;
use render::tag;
use serde_json::json;
use servers::{DataServer, S3};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use store::{
    DeliveryFilter, DeliveryStatus, Received, ScanFilter, ScanId, ScanStatus, Store, Upload,
    UploadedPhoto,
};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;
use validate::Surface;

/// Uploads under way at once while the queue is filled.
const FILLING: usize = 16;
/// The whole of it must not take longer.
const PLAY_S_MAX: u64 = 3600;
/// For how long a scan belongs to the node that reads it.
const LEASE: Duration = Duration::from_secs(15);

/// What the nodes did.
#[derive(Clone, Debug)]
pub struct Report {
    /// From the nodes' start until nothing waited any more.
    pub took: Duration,
    /// Scans and deliveries that the killed node held.
    pub held: usize,
    /// From the kill until the last of those was done by the other.
    pub taken_over_after: Duration,
    /// The longest lease.
    pub lease: Duration,
    /// Readings that were begun beyond one a scan.
    pub read_again: u64,
    /// What is there in the end.
    pub account: Account,
}

/// Queues `scans` scans, starts two nodes, kills one of them half way.
///
/// # Panics
/// If something cannot be started or the queue does not run empty.
#[allow(clippy::disallowed_methods, reason = "it measures real time")]
pub async fn nodes(scans: usize) -> Report {
    let registry = FakeRegistry::up().await;
    let postgres = DataServer::postgres();
    let mut pair =
        [Installation::registering_at(&registry), Installation::registering_at(&registry)];
    let photos = pair[0].store().photos;
    join(&mut pair, &postgres);
    pair.iter_mut().for_each(|node| node.set("LABELSCAN_PHOTOS", &photos));
    let settings = pair[0].store();
    let store = Store::open(&settings).await.expect("the store opens");
    let acknowledged = fill(&store, scans).await;

    let started = Instant::now();
    let (first, second) = (pair[0].start().await, pair[1].start().await);
    until(&store, scans / 2).await;
    first.kill().await;
    let killed = Instant::now();
    let mut held = held(&store).await;
    let held_count = held.len();
    while !held.is_empty() {
        sleep(Duration::from_millis(100)).await;
        held.retain_unfinished(&store).await;
    }
    let taken_over_after = killed.elapsed();
    until(&store, 0).await;
    while waiting(&store).await > 0 {
        sleep(Duration::from_millis(200)).await;
    }
    let took = started.elapsed();
    assert_eq!(second.stop().await, Some(0), "{}", pair[1].log());
    let read_again = read_again(&store, &acknowledged).await;
    store.close().await;
    let account = account(&settings, acknowledged, &registry.events()).await;
    Report { took, held: held_count, taken_over_after, lease: LEASE, read_again, account }
}

/// Photos a second that so many nodes, each with one reader, read, record and register. They share
/// PostgreSQL, an S3 server and JetStream.
///
/// # Panics
/// If something cannot be started or the queue does not run empty.
#[allow(clippy::disallowed_methods, reason = "it measures real time")]
pub async fn pace(nodes: usize, scans: usize) -> f64 {
    let registry = FakeRegistry::up().await;
    let (postgres, nats) = (DataServer::postgres(), DataServer::nats());
    let folder = tempfile::tempdir().expect("a folder");
    let s3 = S3::serve(folder.path()).await;
    let subject = open_stream(&nats).await;
    let mut fleet: Vec<Installation> =
        (0..nodes).map(|_| Installation::registering_at(&registry)).collect();
    join(&mut fleet, &postgres);
    for node in &mut fleet {
        node.set("LABELSCAN_REGISTRY", &subject);
        node.keep_photos_at(&s3);
    }
    let store = Store::open(&fleet[0].store()).await.expect("the store opens");
    fill(&store, scans).await;

    let mut up = Vec::with_capacity(nodes);
    for node in &fleet {
        up.push(node.start().await);
    }
    let (waiting_at_first, started) = (queued(&store).await.len(), Instant::now());
    until(&store, 0).await;
    while waiting(&store).await > 0 {
        sleep(Duration::from_millis(100)).await;
    }
    let per_s = waiting_at_first as f64 / started.elapsed().as_secs_f64();
    store.close().await;
    for (server, node) in up.into_iter().zip(&fleet) {
        assert_eq!(server.stop().await, Some(0), "{}", node.log());
    }
    assert_eq!(stored(&nats).await.len(), scans, "each is registered once");
    per_s
}

/// Makes installations the nodes of one service.
fn join(nodes: &mut [Installation], postgres: &DataServer) {
    let keys = nodes[0].seal_keys().display().to_string();
    for node in nodes {
        for (name, value) in [
            ("LABELSCAN_DATABASE", postgres.url().as_str()),
            ("LABELSCAN_SEAL_KEYS", keys.as_str()),
            ("LABELSCAN_LOG", "info"),
            ("LABELSCAN_READERS", "1"),
            ("LABELSCAN_READ_MS_MAX", "10000"),
            ("LABELSCAN_LEASE_MS", &LEASE.as_millis().to_string()),
            ("LABELSCAN_REGISTRY_DELIVER_MS_MAX", "5000"),
            ("LABELSCAN_REGISTRY_SETTLE_MS_MAX", "10000"),
        ] {
            node.set(name, value);
        }
    }
}

/// Puts scans into the queue, as nodes do that received them.
#[allow(clippy::disallowed_methods, reason = "uploads carry the real time, which leases go by")]
async fn fill(store: &Store, scans: usize) -> Vec<Acknowledged> {
    let mut filling = JoinSet::new();
    let mut acknowledged = Vec::with_capacity(scans);
    for number in 0..scans {
        if filling.len() >= FILLING {
            acknowledged.extend(filling.join_next().await.map(|filled| filled.expect("no panic")));
        }
        let store = store.clone();
        filling.spawn(async move {
            let serial = format!("082{number:07}");
            let photo = tag(&serial).expect("a symbol");
            let upload = Upload {
                id: Uuid::now_v7().into(),
                idempotency_key: serial.clone(),
                owner: "depot".into(),
                photos: vec![UploadedPhoto {
                    bytes: photo.clone().into(),
                    content_type: "image/jpeg".into(),
                    surface: Surface::Label,
                }],
                details: json!({}),
            };
            match store.receive(upload, Timestamp::now()).await {
                Ok(Received::New(id)) => {
                    Acknowledged { id: id.to_string(), photo, serial: Some(serial) }
                }
                other => panic!("an upload is new: {other:?}"),
            }
        });
    }
    while let Some(filled) = filling.join_next().await {
        acknowledged.push(filled.expect("no panic"));
    }
    acknowledged
}

/// Waits until at most so many scans are queued.
async fn until(store: &Store, queued_most: usize) {
    let running = async {
        while queued(store).await.len() > queued_most {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(PLAY_S_MAX), running).await;
    ended.expect("the queue runs empty");
}

/// The scans that wait: id and how often they were claimed.
async fn queued(store: &Store) -> Vec<(ScanId, u32)> {
    let mut filter = ScanFilter { status: Some(ScanStatus::Queued), ..ScanFilter::default() };
    let mut found = Vec::new();
    loop {
        let page = store.scans(&filter).await.expect("scans are listed");
        found.extend(page.items.iter().map(|scan| (scan.id, scan.attempts)));
        filter.after = page.next;
        if filter.after.is_none() {
            return found;
        }
    }
}

async fn waiting(store: &Store) -> usize {
    let queued = DeliveryFilter { status: Some(DeliveryStatus::Queued), ..Default::default() };
    store.deliveries(&queued).await.expect("deliveries are listed").items.len()
}

/// What was claimed and not finished at one moment.
struct Held {
    scans: BTreeSet<ScanId>,
    deliveries: BTreeSet<String>,
}

/// What either node holds; the living one is done with its own within moments.
async fn held(store: &Store) -> Held {
    let scans = queued(store).await;
    let scans = scans.into_iter().filter(|(_, attempts)| *attempts > 0).map(|(id, _)| id);
    let filter = DeliveryFilter { status: Some(DeliveryStatus::Queued), ..Default::default() };
    let deliveries = store.deliveries(&filter).await.expect("deliveries are listed");
    let begun = deliveries.items.into_iter().filter(|delivery| delivery.attempts > 0);
    Held { scans: scans.collect(), deliveries: begun.map(|it| it.event_id).collect() }
}

impl Held {
    fn len(&self) -> usize {
        self.scans.len() + self.deliveries.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    async fn retain_unfinished(&mut self, store: &Store) {
        let mut unfinished = BTreeSet::new();
        for id in &self.scans {
            let scan = store.scan(*id).await.expect("scans are read").expect("it is there");
            if scan.status == ScanStatus::Queued {
                unfinished.insert(*id);
            }
        }
        self.scans = unfinished;
        let filter = DeliveryFilter { status: Some(DeliveryStatus::Queued), ..Default::default() };
        let queued = store.deliveries(&filter).await.expect("deliveries are listed");
        let queued: BTreeSet<_> =
            queued.items.into_iter().map(|delivery| delivery.event_id).collect();
        self.deliveries.retain(|id| queued.contains(id));
    }
}

/// Readings that were begun beyond one a scan.
async fn read_again(store: &Store, acknowledged: &[Acknowledged]) -> u64 {
    let mut again = 0;
    for upload in acknowledged {
        let id = upload.id.parse().expect("a UUID");
        let scan = store.scan(id).await.expect("scans are read");
        again += u64::from(scan.map_or(0, |scan| scan.attempts.saturating_sub(1)));
    }
    again
}
