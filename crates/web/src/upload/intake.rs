//! What a body may cost while it arrives: memory is granted as the bytes come, and whoever sends too
//! slowly is sent away. So neither a declared length nor a dripping socket holds anything that an
//! honest upload needs.
//!
//! Half of the memory is anybody's. Of the other half no caller gets more than a share, so that
//! whoever fills all that can be had leaves room for everybody else.

use crate::problem::{Code, Problem};
use futures_util::{Stream, StreamExt};
use pipeline::clock::Stopwatch;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a sender may be silent, and how long its pace is measured.
const SENDER_SILENCE_MAX: Duration = Duration::from_secs(8);
/// The least pace in each such time; a bad mobile network gives ten times as much.
const BYTES_PER_SECOND_MIN: u64 = 1024;
/// How long an upload waits for memory before it is refused.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(5);
/// Memory is granted in steps of this many bytes.
const STEP_BYTES: usize = 16 * 1024;

/// The memory that all bodies being received may fill together.
#[derive(Clone, Debug)]
pub(crate) struct UploadBudget(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    /// Steps that anybody may take.
    common: Arc<Semaphore>,
    reserve: Mutex<Reserve>,
    /// Steps of the reserve were given back.
    freed: Notify,
    /// Steps of the reserve that one caller may hold.
    share_steps_max: usize,
}

/// Steps that are kept for callers who hold less than their share.
#[derive(Debug)]
struct Reserve {
    free_steps: usize,
    held_steps: HashMap<String, usize>,
}

impl UploadBudget {
    /// So many bytes, in whole steps: half of them anybody's, half of them in shares of
    /// `share_bytes` a caller.
    pub(crate) fn new(bytes_max: usize, share_bytes: usize) -> Self {
        let half = (bytes_max / 2).div_ceil(STEP_BYTES).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Budget {
            common: Arc::new(Semaphore::new(half)),
            reserve: Mutex::new(Reserve { free_steps: half, held_steps: HashMap::new() }),
            freed: Notify::new(),
            share_steps_max: share_bytes.div_ceil(STEP_BYTES),
        }))
    }
}

impl Budget {
    /// Takes steps of the owner's share, if there are as many.
    fn take_share(&self, owner: &str, steps: usize) -> bool {
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let held = reserve.held_steps.get(owner).copied().unwrap_or_default();
        if held + steps > self.share_steps_max || steps > reserve.free_steps {
            return false;
        }
        reserve.free_steps -= steps;
        reserve.held_steps.insert(owner.to_owned(), held + steps);
        true
    }

    fn give_back(&self, owner: &str, steps: usize) {
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        reserve.free_steps += steps;
        if let Some(held) = reserve.held_steps.get_mut(owner) {
            *held -= steps;
            if *held == 0 {
                reserve.held_steps.remove(owner);
            }
        }
        drop(reserve);
        self.freed.notify_waiters();
    }
}

/// One body while it arrives.
#[derive(Debug)]
pub(crate) struct Intake {
    memory: UploadBudget,
    owner: String,
    common: Option<OwnedSemaphorePermit>,
    share_steps: usize,
    received_bytes: usize,
    pace: Pace,
}

/// How much came since when.
#[derive(Debug)]
struct Pace {
    watch: Stopwatch,
    bytes: u64,
}

impl Pace {
    fn start() -> Self {
        Self { watch: Stopwatch::start(), bytes: 0 }
    }
}

impl Intake {
    /// Begins now, with nothing granted.
    pub(crate) fn begin(memory: &UploadBudget, owner: &str) -> Self {
        Self {
            memory: memory.clone(),
            owner: owner.to_owned(),
            common: None,
            share_steps: 0,
            received_bytes: 0,
            pace: Pace::start(),
        }
    }

    /// The next item of a body's stream, if it comes in time.
    pub(crate) async fn next<T>(
        &self,
        stream: &mut (impl Stream<Item = T> + Unpin),
    ) -> Result<Option<T>, Problem> {
        timeout(SENDER_SILENCE_MAX, stream.next()).await.map_err(|_| Code::RequestTimeout.into())
    }

    /// Grants room for more bytes that have come.
    pub(crate) async fn admit(&mut self, bytes: usize) -> Result<(), Problem> {
        self.received_bytes += bytes;
        self.measure_pace(bytes)?;
        let held = self.common.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = self.received_bytes.div_ceil(STEP_BYTES);
        let missing = wanted.saturating_sub(held + self.share_steps);
        if missing == 0 || self.take_now(missing) {
            return Ok(());
        }
        let granted = timeout(ROOM_WAIT_MAX, self.take_when_free(missing)).await;
        // Nobody could read on meanwhile: what did not come is not the sender's fault.
        self.pace = Pace::start();
        granted.map_err(|_| Code::Overloaded.into())
    }

    /// Each stretch of time is measured by itself: nobody drips on what was sent at the beginning.
    fn measure_pace(&mut self, bytes: usize) -> Result<(), Problem> {
        self.pace.bytes += bytes as u64;
        let elapsed = self.pace.watch.elapsed();
        if elapsed <= SENDER_SILENCE_MAX {
            return Ok(());
        }
        if self.pace.bytes < elapsed.as_secs() * BYTES_PER_SECOND_MIN {
            let detail = format!("at least {BYTES_PER_SECOND_MIN} bytes a second");
            return Err(Problem::new(Code::RequestTimeout, detail));
        }
        self.pace = Pace::start();
        Ok(())
    }

    /// Takes so many steps if they are free: of what is anybody's, else of the caller's share.
    fn take_now(&mut self, steps: usize) -> bool {
        let asked = u32::try_from(steps).unwrap_or(u32::MAX);
        if let Ok(granted) = self.memory.0.common.clone().try_acquire_many_owned(asked) {
            match &mut self.common {
                Some(common) => common.merge(granted),
                None => self.common = Some(granted),
            }
            return true;
        }
        let taken = self.memory.0.take_share(&self.owner, steps);
        if taken {
            self.share_steps += steps;
        }
        taken
    }

    async fn take_when_free(&mut self, steps: usize) {
        let budget = self.memory.0.clone();
        loop {
            let freed = budget.freed.notified();
            if self.take_now(steps) {
                return;
            }
            freed.await;
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.common = None;
        self.memory.0.give_back(&self.owner, self.share_steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn memory_is_granted_as_bytes_come_and_given_back() {
        let memory = UploadBudget::new(8 * STEP_BYTES, 0);
        let (mut one, mut other) = (Intake::begin(&memory, "a"), Intake::begin(&memory, "a"));
        one.admit(3 * STEP_BYTES).await.unwrap();
        other.admit(1).await.unwrap();
        other.admit(STEP_BYTES - 1).await.unwrap();
        let full = other.admit(STEP_BYTES).await.unwrap_err();
        assert!(format!("{full:?}").contains("Overloaded"), "{full:?}");
        drop(one);
        let mut third = Intake::begin(&memory, "a");
        third.admit(3 * STEP_BYTES).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_everything_leaves_the_others_their_share() {
        let memory = UploadBudget::new(16 * STEP_BYTES, 2 * STEP_BYTES);
        let mut greedy: Vec<_> = (0..12).map(|_| Intake::begin(&memory, "greedy")).collect();
        let mut taken = 0;
        for one in &mut greedy {
            taken += usize::from(one.admit(STEP_BYTES).await.is_ok());
        }
        assert_eq!(taken, 10, "the half that is anybody's and one share");
        for caller in ["ann", "bob", "eve"] {
            let mut honest = Intake::begin(&memory, caller);
            honest.admit(2 * STEP_BYTES).await.unwrap();
            assert!(honest.admit(STEP_BYTES).await.is_err());
        }
        drop(greedy);
        let reserve = memory.0.reserve.lock().unwrap();
        assert_eq!((reserve.free_steps, reserve.held_steps.len()), (8, 0), "all is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_waits_for_memory_that_becomes_free() {
        let memory = UploadBudget::new(2 * STEP_BYTES, 0);
        let mut one = Intake::begin(&memory, "ann");
        one.admit(STEP_BYTES).await.unwrap();
        let mut other = Intake::begin(&memory, "bob");
        let (waited, ()) = tokio::join!(other.admit(STEP_BYTES), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(one);
        });
        waited.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_sender_is_sent_away() {
        let intake = Intake::begin(&UploadBudget::new(STEP_BYTES, 0), "a");
        let mut silent = futures_util::stream::pending::<()>();
        let late = intake.next(&mut silent).await.unwrap_err();
        assert!(format!("{late:?}").contains("RequestTimeout"), "{late:?}");
    }
}
