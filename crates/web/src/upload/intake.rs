//! What an upload may cost while it arrives: memory is granted as the bytes come, and whoever sends
//! too slowly is sent away. So neither a declared length nor a dripping socket holds anything that
//! an honest upload needs.

use crate::problem::{Code, Problem};
use futures_util::{Stream, StreamExt};
use pipeline::clock::Stopwatch;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a sender may be silent, and how long its rate is not looked at.
const SENDER_SILENCE_MAX: Duration = Duration::from_secs(8);
/// The least mean rate after that; a bad mobile network gives ten times as much.
const BYTES_PER_SECOND_MIN: u64 = 1024;
/// How long an upload waits for memory before it is refused.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(5);
/// UploadBudget is granted in steps of this many bytes.
const STEP_BYTES: usize = 16 * 1024;

/// The memory that all uploads being received may fill together.
#[derive(Clone, Debug)]
pub(crate) struct UploadBudget(Arc<Semaphore>);

impl UploadBudget {
    /// So many bytes, in whole steps.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes_max / STEP_BYTES + 1).min(Semaphore::MAX_PERMITS))))
    }
}

/// One upload while it arrives.
#[derive(Debug)]
pub(crate) struct Intake {
    memory: UploadBudget,
    held: Option<OwnedSemaphorePermit>,
    received_bytes: usize,
    watch: Stopwatch,
}

impl Intake {
    /// Begins now, with nothing granted.
    pub(crate) fn begin(memory: &UploadBudget) -> Self {
        Self { memory: memory.clone(), held: None, received_bytes: 0, watch: Stopwatch::start() }
    }

    /// The next item of an upload's stream, if it comes in time.
    pub(crate) async fn next<T>(
        &self,
        stream: &mut (impl Stream<Item = T> + Unpin),
    ) -> Result<Option<T>, Problem> {
        self.in_time(stream.next()).await
    }

    /// What comes of waiting for the sender, if it comes in time.
    pub(crate) async fn in_time<T>(&self, coming: impl Future<Output = T>) -> Result<T, Problem> {
        timeout(SENDER_SILENCE_MAX, coming).await.map_err(|_| Code::RequestTimeout.into())
    }

    /// Grants room for more bytes that have come.
    pub(crate) async fn admit(&mut self, bytes: usize) -> Result<(), Problem> {
        self.received_bytes += bytes;
        let elapsed = self.watch.elapsed();
        if elapsed > SENDER_SILENCE_MAX
            && (self.received_bytes as u64) < elapsed.as_secs() * BYTES_PER_SECOND_MIN
        {
            let detail = format!("at least {BYTES_PER_SECOND_MIN} bytes a second");
            return Err(Problem::new(Code::RequestTimeout, detail));
        }
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = self.received_bytes.div_ceil(STEP_BYTES).saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let steps = u32::try_from(missing).map_err(|_| Code::BodyTooLarge)?;
        let granted = timeout(ROOM_WAIT_MAX, self.memory.0.clone().acquire_many_owned(steps));
        let Ok(Ok(granted)) = granted.await else { return Err(Code::Overloaded.into()) };
        match &mut self.held {
            Some(held) => held.merge(granted),
            None => self.held = Some(granted),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn memory_is_granted_as_bytes_come_and_given_back() {
        let memory = UploadBudget::new(4 * STEP_BYTES);
        let (mut one, mut other) = (Intake::begin(&memory), Intake::begin(&memory));
        one.admit(3 * STEP_BYTES).await.unwrap();
        other.admit(1).await.unwrap();
        other.admit(STEP_BYTES).await.unwrap();
        let full = other.admit(STEP_BYTES).await.unwrap_err();
        assert!(format!("{full:?}").contains("Overloaded"), "{full:?}");
        drop(one);
        let mut third = Intake::begin(&memory);
        third.admit(3 * STEP_BYTES).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_sender_is_sent_away() {
        let intake = Intake::begin(&UploadBudget::new(STEP_BYTES));
        let mut silent = futures_util::stream::pending::<()>();
        let late = intake.next(&mut silent).await.unwrap_err();
        assert!(format!("{late:?}").contains("RequestTimeout"), "{late:?}");
    }
}
