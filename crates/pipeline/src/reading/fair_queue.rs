//! Whose turn it is at the readers. Whoever comes alone may have them all; while others come too,
//! nobody has the last one, so that an upload is read at once beside a folder of thousands or
//! somebody's bombs. It decides when something is read, never what.

use crate::clock::Stopwatch;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long after its last turn somebody is still reckoned with.
const REMEMBERED: Duration = Duration::from_secs(30);

/// The turns that there are.
#[derive(Debug)]
pub struct FairQueue {
    limits: FairQueueLimits,
    state: Mutex<State>,
}

/// How many turns there are.
#[derive(Clone, Copy, Debug)]
pub struct FairQueueLimits {
    /// FairQueue at a time.
    pub turns_max: usize,
    /// FairQueue of one caller at a time while others come too.
    pub beside_others_max: usize,
    /// Callers that wait for theirs.
    pub waiting_max: usize,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    callers: HashMap<String, Share>,
    waiting: VecDeque<(String, oneshot::Sender<FairPermit>)>,
}

/// What one caller has and had.
#[derive(Debug, Default)]
struct Share {
    taken: usize,
    last_used: Option<Stopwatch>,
}

/// The right to have something read; the next one's when it is dropped.
#[derive(Debug)]
pub struct FairPermit {
    turns: Arc<FairQueue>,
    caller: String,
    used: bool,
}

impl FairQueue {
    /// Nobody has a turn yet.
    pub fn new(limits: FairQueueLimits) -> Arc<Self> {
        Arc::new(Self { limits, state: Mutex::default() })
    }

    /// The caller's next turn; none if too many wait already.
    pub async fn take(self: &Arc<Self>, caller: &str) -> Option<FairPermit> {
        let (sender, turn) = oneshot::channel();
        {
            let mut state = self.state();
            state.forget_who_left();
            if state.waiting.len() == self.limits.waiting_max {
                return None;
            }
            state.waiting.push_back((caller.to_owned(), sender));
        }
        self.grant();
        turn.await.ok()
    }

    /// Hands out what is free, to whoever waits longest and may have it.
    fn grant(self: &Arc<Self>) {
        // Those that nobody waits for any more are given back once the state is not held.
        let mut unwanted = Vec::new();
        let mut state = self.state();
        state.forget_who_left();
        while let Some((caller, sender)) = state.next(self.limits) {
            let turn = FairPermit { turns: self.clone(), caller, used: false };
            unwanted.extend(sender.send(turn).err());
        }
        drop(state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_who_left(&mut self) {
        let lately = |watch: Stopwatch| watch.elapsed() < REMEMBERED;
        self.callers.retain(|_, share| share.taken > 0 || share.last_used.is_some_and(lately));
        self.waiting.retain(|(_, sender)| !sender.is_closed());
    }

    /// Takes the longest waiting who may have a turn off the queue.
    fn next(&mut self, limits: FairQueueLimits) -> Option<(String, oneshot::Sender<FairPermit>)> {
        if self.taken == limits.turns_max {
            return None;
        }
        let most = if self.is_crowded() { limits.beside_others_max } else { limits.turns_max };
        let may = |caller: &String| self.callers.get(caller).is_none_or(|it| it.taken < most);
        let at = self.waiting.iter().position(|(caller, _)| may(caller))?;
        let next = self.waiting.remove(at)?;
        self.taken += 1;
        self.callers.entry(next.0.clone()).or_default().taken += 1;
        Some(next)
    }

    /// Whether there is more than one caller.
    fn is_crowded(&self) -> bool {
        let waiting = self.waiting.iter().map(|(caller, _)| caller);
        let mut present = self.callers.keys().chain(waiting);
        present.next().is_some_and(|one| present.any(|other| other != one))
    }
}

impl FairPermit {
    /// Says that something is read in it; a turn that found nothing to read does not count.
    pub fn use_it(&mut self) {
        self.used = true;
    }
}

impl Drop for FairPermit {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        state.taken -= 1;
        if let Some(share) = state.callers.get_mut(&self.caller) {
            share.taken -= 1;
            if self.used {
                share.last_used = Some(Stopwatch::start());
            }
        }
        drop(state);
        self.turns.grant();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn turns() -> Arc<FairQueue> {
        FairQueue::new(FairQueueLimits { turns_max: 4, beside_others_max: 1, waiting_max: 3 })
    }

    fn at_once(turns: &Arc<FairQueue>, caller: &str) -> Option<FairPermit> {
        turns.take(caller).now_or_never().flatten()
    }

    #[tokio::test]
    async fn who_is_alone_has_every_turn_and_then_waits() {
        let turns = turns();
        let mut all: Vec<FairPermit> = (0..4).filter_map(|_| at_once(&turns, "depot")).collect();
        assert_eq!(all.len(), 4);
        let (fifth, _) = tokio::join!(turns.take("depot"), async { drop(all.pop()) });
        assert!(fifth.is_some());
    }

    #[tokio::test]
    async fn beside_others_nobody_has_the_last_reader() {
        let turns = turns();
        let mut phone = at_once(&turns, "phone").expect("it is free");
        phone.use_it();
        let bomber = at_once(&turns, "bomber").expect("it is free");
        assert!(at_once(&turns, "bomber").is_none(), "one is enough beside the phone");
        drop(phone);
        assert!(at_once(&turns, "bomber").is_none(), "the phone was there a moment ago");
        assert!(at_once(&turns, "phone").is_some());
        let (second, _) = tokio::join!(turns.take("bomber"), async { drop(bomber) });
        assert!(second.is_some());
    }

    #[tokio::test]
    async fn a_look_that_finds_nothing_is_no_company() {
        let turns = turns();
        drop(at_once(&turns, "queue"));
        let all: Vec<FairPermit> = (0..4).filter_map(|_| at_once(&turns, "depot")).collect();
        assert_eq!(all.len(), 4);
    }

    #[tokio::test]
    async fn too_many_do_not_wait_and_who_left_gets_nothing() {
        let turns = turns();
        let all: Vec<FairPermit> = (0..4).filter_map(|_| at_once(&turns, "depot")).collect();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(turns.take("depot"))).collect();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none(), "it waits");
        }
        assert!(turns.take("depot").now_or_never().expect("it does not wait").is_none());
        drop(waiting);
        drop(all);
        let again: Vec<FairPermit> = (0..4).filter_map(|_| at_once(&turns, "depot")).collect();
        assert_eq!(again.len(), 4);
    }
}
