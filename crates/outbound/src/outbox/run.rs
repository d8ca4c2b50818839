//! The loop that empties the outbox: claim with a lease, deliver, settle with the claim's token.
//!
//! No transaction is open while a registry is called. A crash anywhere lets the lease run out, and
//! the delivery is claimed again under the same id with the same bytes. At most `in_flight_max`
//! calls are under way; while the registry is in trouble nothing is claimed, so nothing in the
//! queue spends its attempts. It must never settle twice, and never settle what it no longer holds:
//! the store refuses a token that has moved on.

use crate::outbox::circuit_breaker::{CircuitBreaker, Health};
use crate::outbox::delivery::{Message, Outcome};
use crate::outbox::registry::Registry;
use crate::outbox::schedule::{ATTEMPTS_MAX, next_wait};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::{ClaimedDelivery, Lease, Settled, Store, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// The first wait before settling is tried again, in milliseconds; it doubles.
const SETTLE_AGAIN_MS: u64 = 50;
/// How long a delivery that the registry's 410 met waits, in hours. An operator's `reopen` does not
/// have to wait for it: replaying brings it forward.
const GONE_WAIT_H: i64 = 1;

/// How the outbox is emptied.
#[derive(Clone, Debug)]
pub struct ForwardSettings {
    /// How many deliveries may be under way at once.
    pub in_flight_max: usize,
    /// How often the queue is looked at when nobody says that there is something, in milliseconds.
    pub poll_ms: u64,
    /// How long settling may take once a registry has answered, in milliseconds. The lease covers
    /// it beside the call, so that a database that stumbles does not bring on a second call.
    pub settle_ms_max: u64,
}

impl Default for ForwardSettings {
    fn default() -> Self {
        Self { in_flight_max: 64, poll_ms: 1_000, settle_ms_max: 30_000 }
    }
}

/// Empties the outbox into one registry.
pub struct Forwarder {
    store: Store,
    registry: Registry,
    settings: ForwardSettings,
    breaker: Arc<CircuitBreaker>,
}

/// What the rest of the program holds of a running [`Forwarder`].
#[derive(Clone)]
pub struct Handle {
    breaker: Arc<CircuitBreaker>,
    queued: Arc<Notify>,
}

impl Handle {
    /// How the registry is doing.
    pub fn health(&self) -> Health {
        self.breaker.health()
    }

    /// How many attempts ended in each way since the start: `delivered`, `retry`, `refused`,
    /// `exhausted` or `postponed`.
    pub fn settlements(&self) -> [(&'static str, u64); 5] {
        let counted = self.breaker.settlements();
        ["delivered", "retry", "refused", "exhausted", "postponed"]
            .map(|how| (how, counted.get(how).copied().unwrap_or_default()))
    }

    /// An operator says that a registry which answered 410 is back.
    pub fn reopen(&self) {
        self.breaker.reopen();
        self.queued.notify_one();
    }
}

impl Forwarder {
    /// Prepares; [`Forwarder::run`] begins.
    pub fn new(store: Store, registry: Registry, settings: ForwardSettings) -> Self {
        Self { store, registry, settings, breaker: Arc::default() }
    }

    /// What the rest of the program keeps.
    pub fn handle(&self) -> Handle {
        Handle { breaker: self.breaker.clone(), queued: self.store.delivery_queued() }
    }

    /// Runs until `stop`: then nothing new is claimed, what is under way may end and be settled,
    /// and what outlasts its deadline is left to its lease.
    pub async fn run<C>(self, clock: C, stop: CancellationToken)
    where
        C: Fn() -> Timestamp + Clone + Send + Sync + 'static,
    {
        let this = Arc::new(self);
        let queued = this.store.delivery_queued();
        let mut under_way = JoinSet::new();
        let mut look = Look::Now;
        let mut poll = tokio::time::interval(Duration::from_millis(this.settings.poll_ms.max(1)));
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            let claimed = this.claim(&mut look, clock()).await;
            for calls in claimed.chunks(this.registry.batch_events_max()) {
                this.breaker.begin(calls.len());
                under_way.spawn(this.clone().forward(calls.to_vec(), clock.clone()));
            }
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = under_way.join_next() => report(ended),
                () = queued.notified() => look = look.max(Look::WithRoom),
                _ = poll.tick() => look = Look::Now,
            }
            while let Some(ended) = under_way.try_join_next() {
                report(ended);
            }
        }
        let last = async {
            while let Some(ended) = under_way.join_next().await {
                report(ended);
            }
        };
        if tokio::time::timeout(this.work(), last).await.is_err() {
            tracing::warn!("deliveries were left to their leases");
        }
    }

    /// Claims what there is room for.
    async fn claim(&self, look: &mut Look, now: Timestamp) -> Vec<ClaimedDelivery> {
        let most = self.settings.in_flight_max;
        let room = self.breaker.room(now, most);
        let worth = match *look {
            Look::Later => return Vec::new(),
            // Each claim is a transaction: slots that come free one by one are filled in groups.
            Look::WithRoom => room >= most.div_ceil(4) || room > 0 && self.breaker.is_idle(),
            Look::Now => room > 0,
        };
        if !worth {
            return Vec::new();
        }
        let asked = u32::try_from(room).unwrap_or(u32::MAX);
        let lease_ms = u64::try_from(self.work().as_millis()).unwrap_or(u64::MAX);
        match self.store.claim_deliveries(asked, Lease::from_millis(lease_ms), now).await {
            Ok(claimed) => {
                // There may be more behind a claim that got much of what it asked for.
                let more = claimed.len() * 2 > room;
                *look = if more { Look::WithRoom } else { Look::Later };
                claimed
            }
            Err(error) => {
                tracing::warn!(%error, "cannot claim deliveries");
                *look = Look::Later;
                Vec::new()
            }
        }
    }

    /// The longest that claimed work takes: its lease, and the patience at the end.
    fn work(&self) -> Duration {
        Duration::from_millis(self.registry.deliver_ms_max() + self.settings.settle_ms_max)
    }

    /// Delivers and settles what goes into one call.
    async fn forward<C>(self: Arc<Self>, deliveries: Vec<ClaimedDelivery>, clock: C)
    where
        C: Fn() -> Timestamp + Clone,
    {
        let _in_flight = InFlight { breaker: self.breaker.clone(), count: deliveries.len() };
        // An attempt that never came back may have killed its process: it is not made for ever.
        let (deliveries, spent): (Vec<_>, Vec<_>) =
            deliveries.into_iter().partition(|delivery| delivery.attempts <= ATTEMPTS_MAX);
        for delivery in &spent {
            let why = format!("given up: {ATTEMPTS_MAX} attempts were begun and did not end");
            self.settle(delivery, Settled::Exhausted { why }, &clock).await;
        }
        if deliveries.is_empty() {
            return;
        }
        let messages: Vec<_> = deliveries
            .iter()
            .map(|delivery| Message {
                event_id: delivery.event_id.clone(),
                bytes: delivery.bytes.clone().into(),
            })
            .collect();
        let span = tracing::info_span!("deliver", events = messages.len());
        let outcomes = self.registry.deliver(&messages, clock()).instrument(span).await;
        // The events of a list that failed whole are one failure of the registry, not many.
        let mut distinct = outcomes.clone();
        distinct.dedup();
        distinct.iter().for_each(|outcome| self.breaker.record(outcome, clock()));
        let settle = deliveries.iter().zip(outcomes).map(|(delivery, outcome)| {
            let settled = settled(outcome, delivery.attempts, rand::random(), clock());
            self.settle(delivery, settled, &clock)
        });
        join_all(settle).await;
    }

    /// Settles, again and again while the lease holds: a database that is away for a moment must
    /// not turn an answer into a second call.
    async fn settle(
        &self,
        delivery: &ClaimedDelivery,
        settled: Settled,
        clock: &impl Fn() -> Timestamp,
    ) {
        let event = &delivery.event_id;
        let mut wait_ms = SETTLE_AGAIN_MS;
        loop {
            match self.store.settle(&delivery.claim, settled.clone(), clock()).await {
                Ok(()) => {
                    let to = name(&settled);
                    tracing::info!(event, delivery.attempts, to, "settled");
                    self.breaker.settled(to);
                    return;
                }
                Err(StoreError::LeaseLost) => {
                    tracing::warn!(event, "the lease ran out before settling");
                    return;
                }
                Err(error) if wait_ms > self.settings.settle_ms_max / 4 => {
                    tracing::error!(event, %error, "cannot settle; the lease brings it back");
                    return;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(wait_ms)).await,
            }
            wait_ms *= 2;
        }
    }
}

/// When to look into the queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// Nothing is known to be there: at the next poll or word.
    Later,
    /// Something is there: as soon as a look fills a good part of the slots.
    WithRoom,
    /// The poll is due: with any room at all.
    Now,
}

/// Counts deliveries back in, also if their task panics.
struct InFlight {
    breaker: Arc<CircuitBreaker>,
    count: usize,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.breaker.end(self.count);
    }
}

/// What an outcome means for the queue. `random` is drawn evenly from 0 to 1.
fn settled(outcome: Outcome, attempts: u32, random: f64, now: Timestamp) -> Settled {
    let (after, why) = match outcome {
        Outcome::Delivered(answer) => {
            return Settled::Delivered { answer: serde_json::to_string(&answer).ok() };
        }
        Outcome::Refused { code, why } => return Settled::Refused { code, why },
        Outcome::Gone => {
            let at = now + SignedDuration::from_hours(GONE_WAIT_H);
            return Settled::Postponed { at, why: "the registry's endpoint is gone (410)".into() };
        }
        Outcome::Retry { after, why }
        | Outcome::Throttled { after, why }
        | Outcome::Unserved { after, why } => (after, why),
    };
    match next_wait(attempts, random, after) {
        Some(wait) => {
            let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
            Settled::RetryAt { at: now.saturating_add(wait).unwrap_or(Timestamp::MAX), why }
        }
        None => {
            tracing::error!(attempts, "a delivery is exhausted: the registry never took it");
            Settled::Exhausted { why }
        }
    }
}

fn name(settled: &Settled) -> &'static str {
    match settled {
        Settled::Delivered { .. } => "delivered",
        Settled::RetryAt { .. } => "retry",
        Settled::Refused { .. } => "refused",
        Settled::Exhausted { .. } => "exhausted",
        Settled::Postponed { .. } => "postponed",
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a delivery's task ended early; its lease brings it back");
    }
}
