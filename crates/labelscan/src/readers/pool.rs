//! The pool: as many readers as the settings say, each with a supervisor that hands it requests,
//! kills it at the deadline and puts another in its place.
//!
//! The pool lives on one thread of its own with its own small runtime. Readers die with the thread
//! that started them, so that thread must be one that lasts; and any caller, in whatever runtime or
//! none, can use the same pool. It must never lose a request: each gets a reading or a failure.

use super::supervisor::{self, Job, Shared};
use super::{Confinement, ReadFailure, ReadRequest};
use crate::settings::Settings;
use scan::{Reading, Threads};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc as std_mpsc,
    },
    thread::{self, JoinHandle},
};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// How a pool is laid out and how far its readers may go.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The program whose hidden `reader` command is a reader.
    pub program: PathBuf,
    /// Number of reader processes.
    pub readers: usize,
    /// Threads that a reader may use while no other one is busy.
    pub threads: usize,
    /// Folder of the models.
    pub models: PathBuf,
    /// Text of the operator's formats file.
    pub formats: Option<String>,
    /// Limits of one read.
    pub limits: scan::Limits,
    /// Deadline of one read.
    pub read_ms_max: u64,
    /// Deadline of a start.
    pub start_ms_max: u64,
    /// Address space of one reader.
    pub memory_bytes_max: u64,
    /// Requests after which a reader is replaced.
    pub requests_max: u32,
    /// Requests that may wait for a reader.
    pub waiting_max: usize,
}

impl PoolSettings {
    /// The layout that the settings ask for; `formats` is the text of the operator's formats file.
    pub fn new(settings: &Settings, formats: Option<String>) -> Self {
        Self::for_requests(settings, formats, usize::MAX)
    }

    /// The same with no more readers than there will be requests, so that one photo alone gets one
    /// reader with every core.
    pub fn for_requests(settings: &Settings, formats: Option<String>, requests: usize) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let readers = if settings.readers == 0 { cores } else { settings.readers };
        let readers = readers.min(requests).max(1);
        let threads = match settings.reader_threads {
            0 => cores,
            threads => threads,
        };
        Self {
            program: own_program(),
            readers,
            threads,
            models: settings.models_folder(),
            formats,
            limits: scan::Limits {
                photo_bytes_max: settings.photo_bytes_max,
                pixels_max: settings.photo_pixels_max,
                side_px_max: settings.photo_side_px_max,
                photos_max: settings.photos_max,
                ..scan::Limits::default()
            },
            read_ms_max: settings.read_ms_max,
            start_ms_max: settings.reader_start_ms_max,
            memory_bytes_max: settings.reader_memory_bytes_max,
            requests_max: settings.reader_requests_max,
            waiting_max: settings.reads_waiting_max,
        }
    }
}

/// This very program, even if its file was replaced by a newer one since.
fn own_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().unwrap_or_else(|_| "labelscan".into())
    }
}

/// Why no pool could be started; the message says what to do.
#[derive(Debug, Error)]
pub enum PoolError {
    /// A reader did not come up.
    #[error("{0}")]
    Reader(String),
    /// The pool's thread could not be started.
    #[error("cannot start the readers' thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// What a pool has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that got a reading or a code for their photo.
    pub answered: u64,
    /// Readers killed at their deadline.
    pub timeouts: u64,
    /// Readers that died.
    pub crashes: u64,
    /// Readers that were replaced, for whatever reason; a worn one is, too.
    pub replaced: u64,
    /// Largest resident size of any reader, in bytes.
    pub resident_bytes_peak: u64,
}

/// The reader processes. Dropping it ends them all.
pub struct Pool {
    jobs: mpsc::UnboundedSender<Job>,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Pool {
    /// Starts the readers and waits until all of them have loaded their models. Blocks the calling
    /// thread for as long.
    ///
    /// # Errors
    /// The first reader's reason, such as a model file that is missing.
    pub fn start(settings: PoolSettings) -> Result<Self, PoolError> {
        // Never more jobs in it than permits of `free`, so it needs no bound of its own.
        let (jobs, receiver) = mpsc::unbounded_channel();
        let free = Arc::new(Semaphore::new(settings.readers));
        let shared = Arc::new(Shared::new(settings));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (started, starts) = std_mpsc::channel();
        let supervised = Arc::clone(&shared);
        let thread = thread::Builder::new().name("readers".into()).spawn(move || {
            runtime.block_on(supervisor::supervise(supervised, receiver, started));
        })?;
        let pool = Self { jobs, free, waiting: AtomicUsize::new(0), shared, thread: Some(thread) };
        for _ in 0..pool.readers() {
            match starts.recv() {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Err(PoolError::Reader(why)),
                Err(_) => return Err(PoolError::Reader("the readers' thread ended".into())),
            }
        }
        Ok(pool)
    }

    /// Reads the photos of one terminal as soon as a reader is free.
    ///
    /// # Errors
    /// [`ReadFailure::Busy`] if `waiting_max` requests wait already; else what became of the read.
    pub async fn read(&self, request: ReadRequest) -> Result<Reading, ReadFailure> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _place = self.queue()?;
                let free = Arc::clone(&self.free);
                free.acquire_owned().await.map_err(|_| ReadFailure::Closed)?
            }
        };
        self.hand_over(request, permit).await
    }

    /// Reads the photos of one terminal if a reader is free now.
    ///
    /// # Errors
    /// [`ReadFailure::Busy`] at once if none is; else what became of the read.
    pub async fn try_read(&self, request: ReadRequest) -> Result<Reading, ReadFailure> {
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| ReadFailure::Busy)?;
        self.hand_over(request, permit).await
    }

    /// How many readers the pool has.
    pub fn readers(&self) -> usize {
        self.shared.settings.readers
    }

    /// How many readers are up at this moment.
    pub fn ready(&self) -> usize {
        self.shared.process_ids().len()
    }

    /// Process ids of the readers that are up, for measuring them.
    pub fn process_ids(&self) -> Vec<u32> {
        self.shared.process_ids()
    }

    /// What the pool has done so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// What the readers have given up.
    pub fn confinement(&self) -> Confinement {
        self.shared.confinement()
    }

    fn queue(&self) -> Result<Place<'_>, ReadFailure> {
        let before = self.waiting.fetch_add(1, Relaxed);
        let place = Place(&self.waiting);
        if before < self.shared.settings.waiting_max { Ok(place) } else { Err(ReadFailure::Busy) }
    }

    async fn hand_over(
        &self,
        request: ReadRequest,
        permit: OwnedSemaphorePermit,
    ) -> Result<Reading, ReadFailure> {
        let (answer, outcome) = oneshot::channel();
        // The others are idle: their cores are free for this one.
        let alone = self.free.available_permits() + 1 == self.readers();
        let threads = if alone { Threads::All } else { Threads::One };
        let job = Job { request, threads, answer, permit };
        self.jobs.send(job).map_err(|_| ReadFailure::Closed)?;
        outcome.await.unwrap_or(Err(ReadFailure::Closed))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the readers' thread panicked");
        }
    }
}

/// A place in the queue, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
