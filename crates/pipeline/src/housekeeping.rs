//! What the service does about its storage while it runs: photos whose time is over go, and so does
//! what a crash left behind. It never touches a photo that somebody may still need; the store decides
//! which those are.

use crate::clock::{Clock, ClockWatch};
use crate::metrics::CLOCK_JUMPS;
use crate::settings::Settings;
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::{Store, StoreError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// A photo without a row is an upload under way until it is this old.
pub const ORPHAN_AGE: SignedDuration = SignedDuration::from_hours(24);

/// A clock that jumped further than this is not believed at once.
const JUMP_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How often the clock is looked at, and the smallest jump that is told.
const CLOCK_LOOK_EVERY: Duration = Duration::from_secs(5);
const JUMP_TOLD_MIN: SignedDuration = SignedDuration::from_secs(2);

/// Looks again and again until `stop`.
pub async fn run(store: Store, settings: Settings, clock: Clock, stop: CancellationToken) {
    let pause = Duration::from_millis(settings.storage.upkeep_every_ms.get());
    let mut watch = ClockWatch::start(clock.now());
    loop {
        let now = clock.now();
        let days_max = settings.storage.photo_days_max;
        // Whoever believes a clock that jumped a year ahead removes what has a year left.
        let looked = match watch.jump(now).abs() > JUMP_MAX {
            true => Ok(Housekeeping { removed: 0, swept: 0 }),
            false => once(&store, days_max, now).await,
        };
        match looked {
            Ok(Housekeeping { removed: 0, swept: 0 }) => {}
            Ok(Housekeeping { removed, swept }) => tracing::info!(removed, swept, "photos went"),
            // Whatever was not done is done next time.
            Err(error) => tracing::error!(%error, "upkeep of the photos was interrupted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

/// Tells of each jump of the clock until `stop`.
pub async fn watch_clock(clock: Clock, stop: CancellationToken) {
    let mut watch = ClockWatch::start(clock.now());
    while stop.run_until_cancelled(sleep(CLOCK_LOOK_EVERY)).await.is_some() {
        let jump = watch.jump(clock.now());
        if jump.abs() >= JUMP_TOLD_MIN {
            CLOCK_JUMPS.fetch_add(1, Ordering::Relaxed);
            tracing::error!(seconds = jump.as_secs(), "the clock jumped");
        }
    }
}

/// How many photos went.
#[derive(Debug, PartialEq, Eq)]
struct Housekeeping {
    /// Because their time was over.
    removed: u64,
    /// Because they had no row.
    swept: u64,
}

async fn once(
    store: &Store,
    photo_days_max: u32,
    now: Timestamp,
) -> Result<Housekeeping, StoreError> {
    let before = |age: SignedDuration| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
    let removed = match photo_days_max {
        0 => 0,
        days => {
            let kept = SignedDuration::from_hours(24 * i64::from(days));
            store.remove_photos(before(kept), now).await?
        }
    };
    Ok(Housekeeping { removed, swept: store.sweep_orphans(before(ORPHAN_AGE)).await? })
}
