//! The pool: as many readers as the settings say, each with a supervisor that hands it requests,
//! kills it at the deadline and puts another in its place.
//!
//! The pool lives on one thread of its own with its own small runtime. Readers die with the thread
//! that started them, so that thread must be one that lasts; and any caller, in whatever runtime or
//! none, can use the same pool. It must never lose a request: each gets a reading or a failure.

use crate::request::{ReadFailure, ReadRequest};
use crate::sandbox::Confinement;
use crate::settings::{Counts, PoolSettings};
use crate::supervisor::{self, Job, Shared};
use scan::{Reading, Threads};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc as std_mpsc,
    },
    thread::{self, JoinHandle},
};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Why no pool could be started; the message says what to do.
#[derive(Debug, Error)]
pub enum PoolError {
    /// A reader did not come up.
    #[error("{0}")]
    Reader(String),
    /// The kernel lacks what is required.
    #[error("no {0} here, and `sandbox = \"required\"`: take a kernel that has it")]
    Unconfined(&'static str),
    /// The pool's thread could not be started.
    #[error("cannot start the readers' thread: {0}")]
    Thread(#[from] std::io::Error),
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
        if pool.shared.settings.must_be_confined
            && let Some(lacks) = pool.confinement().lacks()
        {
            return Err(PoolError::Unconfined(lacks));
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
