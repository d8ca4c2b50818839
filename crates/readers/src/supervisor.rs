//! Looks after the readers: one supervisor each, which never gives up on having a reader.

use crate::process::Process;
use crate::request::{ReadFailure, ReadRequest};
use crate::sandbox::Confinement;
use crate::settings::{Counts, PoolSettings};
use scan::{Reading, Threads};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc as std_mpsc,
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Pause before the next attempt to replace a reader doubles up to this.
const PAUSE_MS_MAX: u64 = 5000;

/// What the pool and its supervisors share.
pub(super) struct Shared {
    pub(super) settings: PoolSettings,
    pub(super) stop: CancellationToken,
    /// Process id of each reader that is up, by its number.
    up: Mutex<BTreeMap<usize, u32>>,
    answered: AtomicU64,
    timeouts: AtomicU64,
    crashes: AtomicU64,
    replaced: AtomicU64,
    resident_bytes_peak: AtomicU64,
    /// The same for every reader: it depends on the kernel alone.
    confinement: OnceLock<Confinement>,
}

impl Shared {
    pub(super) fn new(settings: PoolSettings) -> Self {
        Self {
            settings,
            stop: CancellationToken::new(),
            up: Mutex::default(),
            answered: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            crashes: AtomicU64::new(0),
            replaced: AtomicU64::new(0),
            resident_bytes_peak: AtomicU64::new(0),
            confinement: OnceLock::new(),
        }
    }

    /// Process ids of the readers that are up.
    pub(super) fn process_ids(&self) -> Vec<u32> {
        self.up().values().copied().collect()
    }

    fn up(&self) -> MutexGuard<'_, BTreeMap<usize, u32>> {
        // Nothing can panic while it is held.
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what the readers lack, and says so the first time.
    fn note_confinement(&self, confinement: Confinement) {
        if self.confinement.set(confinement).is_ok()
            && let Some(lacks) = confinement.lacks()
        {
            tracing::warn!("no {lacks} here: readers run with limits and a deadline only");
        }
    }

    pub(super) fn confinement(&self) -> Confinement {
        self.confinement.get().copied().unwrap_or_default()
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            answered: self.answered.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
            crashes: self.crashes.load(Relaxed),
            replaced: self.replaced.load(Relaxed),
            resident_bytes_peak: self.resident_bytes_peak.load(Relaxed),
        }
    }
}

/// One request on its way to a reader.
pub(super) struct Job {
    pub(super) request: ReadRequest,
    /// Every core if no other reader was busy when it began.
    pub(super) threads: Threads,
    pub(super) answer: oneshot::Sender<Result<Reading, ReadFailure>>,
    /// The right to a reader; given back once that reader is ready again, replaced if need be.
    pub(super) permit: OwnedSemaphorePermit,
}

type Jobs = Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Job>>>;
type Started = std_mpsc::Sender<Result<(), String>>;

/// Runs every supervisor until the pool is dropped. `started` gets one message a reader.
pub(super) async fn supervise(
    shared: Arc<Shared>,
    jobs: mpsc::UnboundedReceiver<Job>,
    started: Started,
) {
    let jobs = Arc::new(tokio::sync::Mutex::new(jobs));
    let mut supervisors = JoinSet::new();
    for number in 0..shared.settings.readers {
        let supervisor = Supervisor { shared: Arc::clone(&shared), number };
        let (jobs, started) = (Arc::clone(&jobs), started.clone());
        supervisors.spawn(supervisor.run(jobs, started));
    }
    drop(started);
    while supervisors.join_next().await.is_some() {}
}

struct Supervisor {
    shared: Arc<Shared>,
    number: usize,
}

impl Supervisor {
    async fn run(self, jobs: Jobs, started: Started) {
        let stop = &self.shared.stop;
        let first = stop.run_until_cancelled(Process::start(&self.shared.settings)).await;
        let mut process = match first {
            None => return,
            Some(Ok(process)) => process,
            Some(Err(why)) => {
                let _ = started.send(Err(why));
                return;
            }
        };
        self.shared.note_confinement(process.confinement);
        self.note_up(&process);
        let _ = started.send(Ok(()));
        drop(started);
        stop.run_until_cancelled(self.serve(&mut process, &jobs)).await;
        self.note_down();
        process.kill().await;
    }

    async fn serve(&self, process: &mut Process, jobs: &Jobs) {
        loop {
            let job = tokio::select! {
                job = async { jobs.lock().await.recv().await } => job,
                status = process.ended() => {
                    tracing::warn!(reader = self.number, ?status, "an idle reader ended");
                    self.note_down();
                    self.replace(process).await;
                    continue;
                }
            };
            let Some(Job { request, threads, answer, permit }) = job else { return };
            // Nobody waits for it any more.
            if answer.is_closed() {
                continue;
            }
            let (outcome, lost) = self.read(process, &request, threads).await;
            let spent = lost || process.answered >= self.shared.settings.requests_max;
            // Whoever hears the outcome must not find the spent reader among those that are up.
            if spent {
                self.note_down();
            }
            let _ = answer.send(outcome);
            if spent {
                self.replace(process).await;
            }
            drop(permit);
        }
    }

    /// One request, and whether the reader was lost over it.
    async fn read(
        &self,
        process: &mut Process,
        request: &ReadRequest,
        threads: Threads,
    ) -> (Result<Reading, ReadFailure>, bool) {
        let after_ms = self.shared.settings.read_ms_max;
        let answer = process.read(request, threads);
        match timeout(Duration::from_millis(after_ms), answer).await {
            Ok(Ok(answer)) => {
                self.shared.answered.fetch_add(1, Relaxed);
                self.shared.resident_bytes_peak.fetch_max(answer.resident_bytes_peak, Relaxed);
                (answer.outcome.map_err(ReadFailure::Unreadable), false)
            }
            Ok(Err(error)) => {
                self.shared.crashes.fetch_add(1, Relaxed);
                let how = process.post_mortem(&error).await;
                tracing::warn!(reader = self.number, how, "a reader died and is replaced");
                (Err(ReadFailure::Crashed { how }), true)
            }
            Err(_) => {
                self.shared.timeouts.fetch_add(1, Relaxed);
                process.kill().await;
                tracing::warn!(reader = self.number, after_ms, "a slow reader was killed");
                (Err(ReadFailure::Timeout { after_ms }), true)
            }
        }
    }

    /// Puts a new process in the place of a lost or worn one; tries until it succeeds.
    async fn replace(&self, process: &mut Process) {
        process.kill().await;
        let mut pause_ms = 100;
        loop {
            match Process::start(&self.shared.settings).await {
                Ok(started) => break *process = started,
                Err(why) => tracing::error!(reader = self.number, why, "no new reader yet"),
            }
            sleep(Duration::from_millis(pause_ms)).await;
            pause_ms = (pause_ms * 2).min(PAUSE_MS_MAX);
        }
        self.shared.replaced.fetch_add(1, Relaxed);
        self.note_up(process);
    }

    fn note_up(&self, process: &Process) {
        if let Some(id) = process.id() {
            self.shared.up().insert(self.number, id);
        }
    }

    fn note_down(&self) {
        self.shared.up().remove(&self.number);
    }
}
