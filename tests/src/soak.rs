//! A soak: the real program under load while its processes are killed one after the other, and an
//! account at the end of what was acknowledged and what the registry got.
//!
//! The load is a part of what the machine was measured to read just before, so that the same
//! program soaks a laptop and a server. Everything it starts it also ends, and it ends by itself.

use crate::harness::invariants::{Account, Acknowledged, account};
use crate::harness::{Caller, FakeRegistry, Installation, Server};
use crate::jetstream::{open_stream, stored};
use rand::seq::IndexedRandom;
use rand::{SeedableRng, rngs::StdRng};
use render::tag;
use servers::DataServer;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Uploads under way at once: phones do not wait for each other, but memory ends.
const UNDER_WAY_MAX: usize = 64;
/// How long a killed server stays away.
const AWAY: Duration = Duration::from_secs(2);
/// How long one sender tries before the soak says that it cannot get through.
const SENDER_S_MAX: u64 = 300;
/// How long the queues may take to run empty at the end.
const DRAIN_S_MAX: u64 = 300;

/// Which registry the events go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryKind {
    /// A signed webhook on loopback; it is not killed but closed.
    Webhook,
    /// JetStream on a real nats-server.
    Nats,
}

/// Which database the service uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// The file in the data folder.
    Sqlite,
    /// A real PostgreSQL server.
    Postgres,
}

/// What a soak does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long processes are killed.
    pub lasting: Duration,
    /// How long the machine is measured before.
    pub measuring: Duration,
    /// From one kill to the next.
    pub kill_every: Duration,
    /// The part of the measured capacity that is sent, 0 to 1.
    pub load: f64,
    /// What is killed follows from it.
    pub seed: u64,
    /// Where events go.
    pub registry: RegistryKind,
    /// Where rows are.
    pub database: DatabaseKind,
}

/// What a soak came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Scans a second that the machine read when it had nothing else to do.
    pub capacity_per_s: f64,
    /// What was killed, and how often.
    pub killed: BTreeMap<&'static str, u32>,
    /// Requests that failed and were sent again.
    pub sent_again: usize,
    /// What is there in the end.
    pub account: Account,
}

/// A process that a soak kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Server,
    Reader,
    Registry,
    Database,
}

impl Victim {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Reader => "reader",
            Self::Registry => "registry",
            Self::Database => "database",
        }
    }
}

/// Everything that runs.
struct World {
    installation: Installation,
    server: Option<Server>,
    registry: FakeRegistry,
    nats: Option<DataServer>,
    postgres: Option<DataServer>,
}

/// What senders share.
struct Sending {
    caller: Caller,
    under_way: Arc<Semaphore>,
    next: AtomicUsize,
    again: AtomicUsize,
    acknowledged: Mutex<Vec<(String, String)>>,
}

/// Runs a soak to its end.
///
/// # Panics
/// If something cannot be started, or a sender cannot get through for minutes.
pub async fn soak(plan: &Plan) -> Report {
    let mut world = World::start(plan).await;
    let caller = world.installation.caller("soak", "operator").await;
    let sending = Arc::new(Sending {
        caller: caller.clone(),
        under_way: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
        next: AtomicUsize::new(0),
        again: AtomicUsize::new(0),
        acknowledged: Mutex::default(),
    });
    let capacity_per_s = sending.measure(plan.measuring).await;
    let mut killed = BTreeMap::new();
    let (sender, per_s, lasting) = (sending.clone(), capacity_per_s * plan.load, plan.lasting);
    let load = tokio::spawn(async move { sender.load(per_s, lasting).await });
    world.kill_until_over(plan, &mut killed).await;
    load.await.expect("every sender gets through");
    world.drain(&caller).await;
    if let Some(server) = world.server.take() {
        let code = server.stop().await;
        assert_eq!(code, Some(0), "the server ends when asked: {}", world.installation.log());
    }
    let events = match &world.nats {
        Some(nats) => stored(nats).await,
        None => world.registry.events(),
    };
    let acknowledged = std::mem::take(&mut *sending.acknowledged.lock().expect("no panic"));
    let acknowledged = acknowledged.into_iter().map(|(id, serial)| {
        let photo = tag(&serial).expect("a symbol");
        Acknowledged { id, photo, serial: Some(serial) }
    });
    let account = account(&world.installation.store(), acknowledged, &events).await;
    Report { capacity_per_s, killed, sent_again: sending.again.load(Relaxed), account }
}

impl Sending {
    /// How many photos a second are read when as many are sent as go through.
    async fn measure(self: &Arc<Self>, measuring: Duration) -> f64 {
        let before = self.next.load(Relaxed);
        let mut senders = JoinSet::new();
        for _ in 0..8 {
            let this = self.clone();
            senders.spawn(async move {
                loop {
                    this.send(true).await;
                }
            });
        }
        sleep(measuring).await;
        senders.shutdown().await;
        (self.next.load(Relaxed) - before) as f64 / measuring.as_secs_f64()
    }

    /// Sends so many photos a second for so long, whatever happens to those under way.
    async fn load(self: &Arc<Self>, per_s: f64, lasting: Duration) {
        let mut arrivals = interval(Duration::from_secs_f64(1.0 / per_s.max(0.1)));
        arrivals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut senders = JoinSet::new();
        let arriving = async {
            loop {
                arrivals.tick().await;
                let permit = self.under_way.clone().acquire_owned().await;
                let this = self.clone();
                senders.spawn(async move {
                    this.send(false).await;
                    drop(permit);
                });
                while let Some(ended) = senders.try_join_next() {
                    ended.expect("a sender gets through");
                }
            }
        };
        // The time that ends it is the only way out.
        let _: Result<(), _> = timeout(lasting, arriving).await;
        while let Some(ended) = senders.join_next().await {
            ended.expect("a sender gets through");
        }
    }

    /// Sends one photo until it is acknowledged, as a phone does.
    async fn send(&self, wait: bool) {
        let number = self.next.fetch_add(1, Relaxed);
        let serial = format!("082{number:07}");
        let photo = tag(&serial).expect("a symbol");
        let sending = async {
            loop {
                match self.upload(&serial, &photo, wait).await {
                    Some(id) => return id,
                    None => self.again.fetch_add(1, Relaxed),
                };
                sleep(Duration::from_millis(300)).await;
            }
        };
        let id = timeout(Duration::from_secs(SENDER_S_MAX), sending).await;
        let id = id.unwrap_or_else(|_| panic!("no acknowledgement within {SENDER_S_MAX} s"));
        self.acknowledged.lock().expect("no panic").push((id, serial));
    }

    /// The scan's id, if the upload was acknowledged.
    async fn upload(&self, key: &str, photo: &[u8], wait: bool) -> Option<String> {
        let request = self.caller.request(reqwest::Method::POST, "/v1/scans");
        let request = request.header("Idempotency-Key", key).header("Content-Type", "image/jpeg");
        let request = if wait { request } else { request.header("Prefer", "respond-async") };
        let answer = self.caller.send(request.body(photo.to_vec())).await?;
        let refused = (400..500).contains(&answer.status) && ![408, 429].contains(&answer.status);
        assert!(!refused, "a good photo was refused: {answer:?}");
        (answer.status < 300).then(|| answer.id())
    }
}

impl World {
    async fn start(plan: &Plan) -> Self {
        let registry = FakeRegistry::up().await;
        let mut installation = Installation::registering_at(&registry);
        let postgres = (plan.database == DatabaseKind::Postgres).then(DataServer::postgres);
        if let Some(postgres) = &postgres {
            installation.set("LABELSCAN_DATABASE", &postgres.url());
        }
        let nats = (plan.registry == RegistryKind::Nats).then(DataServer::nats);
        if let Some(nats) = &nats {
            installation.set("LABELSCAN_REGISTRY", &open_stream(nats).await);
        }
        for (name, value) in [
            ("LABELSCAN_LOG", "warn"),
            ("LABELSCAN_REQUESTS_PER_SECOND_MAX", "1000"),
            ("LABELSCAN_READ_MS_MAX", "10000"),
            ("LABELSCAN_LEASE_MS", "15000"),
            ("LABELSCAN_REGISTRY_DELIVER_MS_MAX", "5000"),
            ("LABELSCAN_REGISTRY_SETTLE_MS_MAX", "10000"),
        ] {
            installation.set(name, value);
        }
        let server = Some(installation.start().await);
        Self { installation, server, registry, nats, postgres }
    }

    /// Kills one process after the other until the time is over.
    async fn kill_until_over(&mut self, plan: &Plan, killed: &mut BTreeMap<&'static str, u32>) {
        let mut victims = vec![Victim::Server, Victim::Reader, Victim::Registry];
        if self.postgres.is_some() {
            victims.push(Victim::Database);
        }
        let mut rng = StdRng::seed_from_u64(plan.seed);
        let killing = async {
            loop {
                sleep(plan.kill_every).await;
                let victim = *victims.choose(&mut rng).expect("there are victims");
                self.kill(victim).await;
                *killed.entry(victim.name()).or_default() += 1;
            }
        };
        // The time that ends it is the only way out. What it leaves half done, `drain` mends.
        let _: Result<(), _> = timeout(plan.lasting, killing).await;
    }

    async fn kill(&mut self, victim: Victim) {
        match victim {
            Victim::Server => {
                if let Some(server) = self.server.take() {
                    server.kill().await;
                }
                self.server = Some(self.installation.start_unready());
            }
            Victim::Reader => {
                let readers = self.server.as_ref().map(Server::children).unwrap_or_default();
                if let Some(reader) = readers.first() {
                    let mut kill = tokio::process::Command::new("kill");
                    kill.args(["-9", &reader.to_string()]).stderr(std::process::Stdio::null());
                    // It may have been replaced this moment.
                    let _ = kill.status().await;
                }
            }
            Victim::Registry => match &mut self.nats {
                Some(nats) => restart(nats).await,
                None => {
                    self.registry.close();
                    sleep(AWAY).await;
                    self.registry.open().await;
                }
            },
            Victim::Database => {
                if let Some(postgres) = &mut self.postgres {
                    restart(postgres).await;
                }
            }
        }
    }

    /// Everything runs again, and is left alone until nothing waits. What waits for its next attempt
    /// is brought forward, as an operator would.
    async fn drain(&mut self, caller: &Caller) {
        for server in [&mut self.nats, &mut self.postgres].into_iter().flatten() {
            server.revive();
        }
        if self.nats.is_none() {
            self.registry.close();
            sleep(Duration::from_millis(200)).await;
            self.registry.open().await;
        }
        if self.server.as_mut().is_none_or(Server::has_ended) {
            self.server = Some(self.installation.start_unready());
        }
        self.installation.ready().await;
        let draining = async {
            while !is_empty(caller).await {
                sleep(Duration::from_secs(2)).await;
            }
        };
        let drained = timeout(Duration::from_secs(DRAIN_S_MAX), draining).await;
        drained.unwrap_or_else(|_| panic!("still queued: {}", self.installation.log()));
    }
}

async fn restart(server: &DataServer) {
    tokio::task::block_in_place(|| server.kill());
    sleep(AWAY).await;
    tokio::task::block_in_place(|| server.restart());
}

/// Whether nothing waits; deliveries that do are made due.
async fn is_empty(caller: &Caller) -> bool {
    let scans = caller.get("/v1/scans?status=queued&most=1").await;
    let deliveries = caller.get("/v1/deliveries?status=queued&most=200").await;
    let (Some(scans), Some(deliveries)) = (scans, deliveries) else { return false };
    let waiting = deliveries.body["deliveries"].as_array().cloned().unwrap_or_default();
    for id in waiting.iter().filter_map(|delivery| delivery["id"].as_str()) {
        let path = format!("/v1/deliveries/{id}/replay");
        // It may arrive at this moment, which is as good.
        let _ = caller.send(caller.request(reqwest::Method::POST, &path)).await;
    }
    let read = scans.body["scans"].as_array().is_some_and(Vec::is_empty);
    read && deliveries.status == 200 && waiting.is_empty()
}
