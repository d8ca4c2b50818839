//! Reads what was received: the queue of scans, and the wait of a client for its own. Both go the
//! same way, claim with a lease, read in a reader process, judge, finish in one transaction, so a
//! scan that was taken up by a handler and one that was found after a crash cannot differ.
//!
//! Few more scans are claimed than there are readers, and no caller has all of those while others
//! come. A stop lets what is claimed finish.

use crate::answer::{ReasonObject, TookMs};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::reading::fair_queue::{FairPermit, FairQueue, FairQueueLimits};
use crate::reading::reading_source::ReadingSource;
use crate::registration::{Accepted, Registrar};
use crate::settings::Settings;
use jiff::Timestamp;
use outbound::Provenance;
use readers::{Counts, PhotoBytes, ReadFailure, ReadRequest};
use scan::Reading;
use std::sync::Arc;
use std::time::Duration;
use store::{
    ClaimedScan, Failure, Finding, Found, Lease, ScanId, ScanStatus, Store, StoreError, StoredPhoto,
};
use tokio::sync::{Notify, broadcast};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use validate::{EstateMode, Formats, Judgement, Verdict};

/// How often the queue is looked at when nobody says that something was queued: for leases that
/// expired and for other nodes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Scans that are claimed for each reader: one is read while the photos of the next are fetched and
/// the verdict on the last is recorded.
const CLAIMED_PER_READER: usize = 2;
/// Whose turn it is when the queue is worked on: what nobody waits for is one caller among others.
const QUEUE: &str = "";
/// Scans whose end may go unheard before a waiting handler looks for itself.
const ENDS_REMEMBERED: usize = 1024;

/// The queue of scans and everything that working on it needs.
pub struct ScanWorker {
    store: Store,
    source: ReadingSource,
    clock: Clock,
    registrar: Registrar,
    estate_mode: EstateMode,
    lease: Lease,
    attempts_max: u32,
    /// Whoever has a turn may claim a scan.
    turns: Arc<FairQueue>,
    queued: Notify,
    ended: broadcast::Sender<ScanId>,
    running: TaskTracker,
    metrics: Arc<Metrics>,
}

impl ScanWorker {
    /// Nothing runs until [`ScanWorker::run`].
    pub fn new(
        store: Store,
        source: ReadingSource,
        clock: Clock,
        formats: Formats,
        settings: &Settings,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            turns: FairQueue::new(FairQueueLimits {
                turns_max: CLAIMED_PER_READER * source.readers(),
                beside_others_max: source.readers().saturating_sub(1).max(1),
                waiting_max: settings.queue.reads_waiting_max.get(),
            }),
            registrar: Registrar::new(store.clone(), formats, settings),
            store,
            source,
            clock,
            estate_mode: settings.judging.estate,
            lease: Lease::from_millis(settings.queue.lease_ms),
            attempts_max: settings.queue.attempts_max.get(),
            queued: Notify::new(),
            ended: broadcast::channel(ENDS_REMEMBERED).0,
            running: TaskTracker::new(),
            metrics,
        }
    }

    /// Works on the queue until `stop`, then waits for what is being read.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let turn = tokio::select! {
                () = stop.cancelled() => break,
                turn = self.turns.take(QUEUE) => turn,
            };
            if let Some(turn) = turn {
                match self.store.claim_scans(1, self.lease, self.clock.now()).await {
                    Ok(claimed) => {
                        if let Some(claimed) = claimed.into_iter().next() {
                            self.begin(turn, claimed);
                            continue;
                        }
                    }
                    Err(error) => tracing::error!(%error, "the queue of scans cannot be read"),
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.queued.notified() => {}
                () = sleep(LOOK_EVERY) => {}
            }
        }
        self.running.close();
        self.running.wait().await;
    }

    /// Says that a scan waits which nobody is waiting for.
    pub fn queued(&self) {
        self.queued.notify_one();
    }

    /// Waits until the caller's scan has its verdict, at most `wait`. It is read at once if a reader
    /// is free, and in turn if not.
    pub async fn wait_for(self: &Arc<Self>, caller: &str, id: ScanId, wait: Duration) {
        let mut ended = self.ended.subscribe();
        let verdict = async {
            tokio::select! {
                turn = self.turns.take(caller) => {
                    let Some(turn) = turn else { return self.queued() };
                    match self.store.claim_scan(id, self.lease, self.clock.now()).await {
                        Ok(Some(claimed)) => self.begin(turn, claimed),
                        // Another has it, or it was read long ago.
                        Ok(None) => drop(turn),
                        Err(error) => return tracing::error!(%error, "a scan cannot be claimed"),
                    }
                }
                () = heard(&mut ended, id) => return,
            }
            if self.is_queued(id).await {
                heard(&mut ended, id).await;
            }
        };
        if timeout(wait, verdict).await.is_err() {
            self.queued();
        }
    }

    async fn is_queued(&self, id: ScanId) -> bool {
        let scan = self.store.scan(id).await;
        matches!(scan, Ok(Some(scan)) if scan.status == ScanStatus::Queued)
    }

    /// The formats that serials are judged by.
    pub fn formats(&self) -> &Formats {
        self.registrar.formats()
    }

    /// Makes what an accepted terminal owes the registry.
    pub fn registrar(&self) -> &Registrar {
        &self.registrar
    }

    /// Reader processes that are up now.
    pub fn readers_up(&self) -> usize {
        self.source.ready()
    }

    /// What the readers have done so far.
    pub fn readers_counts(&self) -> Counts {
        self.source.counts()
    }

    /// Reads a caller's photos, of which nothing is recorded.
    pub async fn read_for(
        &self,
        caller: &str,
        request: ReadRequest,
    ) -> Result<Reading, ReadFailure> {
        let mut turn = self.turns.take(caller).await.ok_or(ReadFailure::Busy)?;
        turn.use_it();
        self.read(request).await
    }

    async fn read(&self, request: ReadRequest) -> Result<Reading, ReadFailure> {
        let read = self.source.read(request).await;
        if let Ok(reading) = &read {
            self.metrics.read(&reading.took);
        }
        read
    }

    /// The verdict on a reading, by what the list of expected serials and the numbers seen before
    /// say of the values in view.
    pub async fn judge(&self, reading: &Reading) -> Result<Judgement, StoreError> {
        let in_view = validate::values_in_view(&reading.evidence);
        let estate = self.store.estate_for(self.estate_mode, &in_view).await?;
        let mut judgement = validate::judge(self.formats(), &reading.evidence, &estate);
        if let Verdict::Accepted { serial } = &mut judgement.verdict {
            self.registrar.keep_maker(serial).await?;
        }
        Ok(judgement)
    }

    fn begin(self: &Arc<Self>, mut turn: FairPermit, claimed: ClaimedScan) {
        turn.use_it();
        let work = self.clone();
        let id = claimed.id;
        let span = tracing::info_span!("read_scan", %id);
        let reading = async move {
            match work.finish(&claimed).await {
                Ok(()) => {}
                Err(StoreError::LeaseLost) => {
                    tracing::warn!(scan = %id, "somebody decided, or reading outlasted the lease");
                }
                // The lease expires and the scan is read again.
                Err(error) => tracing::error!(scan = %id, %error, "a scan cannot be finished"),
            }
            drop(turn);
            // Nobody may be waiting, which is no error.
            let _ = work.ended.send(id);
        };
        self.running.spawn(reading.instrument(span));
    }

    /// Reads, judges and records one scan.
    async fn finish(&self, claimed: &ClaimedScan) -> Result<(), StoreError> {
        let photos = self.store.photos(claimed.id).await?;
        let read = if claimed.attempts > self.attempts_max {
            Err(ReadFailure::Crashed { how: "no attempt survived".into() })
        } else {
            self.read(request(&photos)).await
        };
        let now = self.clock.now();
        let finding = match read {
            Ok(reading) => self.judged(claimed, &photos, &reading, now).await?,
            // Not the photo's fault, as far as is known: it is read again.
            Err(ReadFailure::Crashed { .. } | ReadFailure::Busy | ReadFailure::Closed)
                if claimed.attempts < self.attempts_max =>
            {
                return self.store.release(&claimed.claim, now).await;
            }
            Err(failure) => failed(&failure),
        };
        let (verdict, format) = verdict_and_format(&finding);
        let status = self.store.finish(&claimed.claim, finding, now).await?.status;
        self.metrics.judged(verdict, format);
        tracing::info!(scan = %claimed.id, ?status, "read");
        Ok(())
    }

    /// The finding of a reading, with the registration that it brings about.
    async fn judged(
        &self,
        claimed: &ClaimedScan,
        photos: &[StoredPhoto],
        reading: &Reading,
        now: Timestamp,
    ) -> Result<Finding, StoreError> {
        let judgement = self.judge(reading).await?;
        let registration = match &judgement.verdict {
            Verdict::Accepted { serial } => {
                let accepted = Accepted {
                    scan: claimed.id,
                    serial,
                    identifiers: &judgement.identifiers,
                    details: &claimed.details,
                    owner: &claimed.owner,
                    photos_sha256: photos.iter().map(|photo| photo.sha256.as_str()).collect(),
                    provenance: Provenance::Accepted,
                    review: None,
                };
                Some(self.registrar.owed(&accepted, now).await?)
            }
            _ => None,
        };
        let took_ms = serde_json::to_value(TookMs::from(&reading.took)).unwrap_or_default();
        Ok(Finding { found: Found::Judged(judgement), took_ms, registration })
    }
}

fn request(photos: &[StoredPhoto]) -> ReadRequest {
    let photo =
        |stored: &StoredPhoto| PhotoBytes { bytes: stored.bytes.clone(), surface: stored.surface };
    ReadRequest { photos: photos.iter().map(photo).collect() }
}

fn failed(failure: &ReadFailure) -> Finding {
    let ReasonObject { code, hint } = ReasonObject::from(failure);
    let took_ms = serde_json::to_value(TookMs::default()).unwrap_or_default();
    Finding { found: Found::Failed(Failure { code, hint }), took_ms, registration: None }
}

/// The verdict's name, and the format of the serial or of what may be one.
fn verdict_and_format(finding: &Finding) -> (&'static str, Option<String>) {
    match &finding.found {
        Found::Judged(Judgement { verdict: Verdict::Accepted { serial }, .. }) => {
            ("accepted", Some(serial.format.clone()))
        }
        Found::Judged(Judgement { verdict: Verdict::Review { candidates, .. }, .. }) => {
            ("review", candidates.first().and_then(|candidate| candidate.format.clone()))
        }
        Found::Judged(_) | Found::Failed(_) => ("unreadable", None),
    }
}

/// Returns when the scan's end was announced, or when announcements were missed.
async fn heard(ended: &mut broadcast::Receiver<ScanId>, id: ScanId) {
    while let Ok(other) = ended.recv().await {
        if other == id {
            return;
        }
    }
}
