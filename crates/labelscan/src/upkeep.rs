//! What the service does about its storage while it runs: photos whose time is over go, and so does
//! what a crash left behind. It never touches a photo that somebody may still need; the store decides
//! which those are.

use crate::check::ORPHAN_AGE;
use crate::clock;
use crate::settings::Settings;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use store::{Store, StoreError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Looks again and again until `stop`.
pub(crate) async fn run(store: Store, settings: Settings, stop: CancellationToken) {
    let pause = Duration::from_millis(settings.upkeep_every_ms);
    loop {
        match once(&store, settings.photo_days_max, clock::now()).await {
            Ok(Upkeep { removed: 0, swept: 0 }) => {}
            Ok(Upkeep { removed, swept }) => tracing::info!(removed, swept, "photos went"),
            // Whatever was not done is done next time.
            Err(error) => tracing::error!(%error, "upkeep of the photos was interrupted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

/// How many photos went.
#[derive(Debug, PartialEq, Eq)]
struct Upkeep {
    /// Because their time was over.
    removed: u64,
    /// Because they had no row.
    swept: u64,
}

async fn once(store: &Store, photo_days_max: u32, now: Timestamp) -> Result<Upkeep, StoreError> {
    let before = |age: SignedDuration| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
    let removed = match photo_days_max {
        0 => 0,
        days => {
            let kept = SignedDuration::from_hours(24 * i64::from(days));
            store.remove_photos(before(kept), now).await?
        }
    };
    Ok(Upkeep { removed, swept: store.sweep_orphans(before(ORPHAN_AGE)).await? })
}
