//! Between nodes on one PostgreSQL: who queues a delivery says so, and whoever forwards hears it
//! within a millisecond instead of at its next look. Only a hint: what is said may be lost, so the
//! queue is looked at every now and then as well.

use sqlx::postgres::PgListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Where deliveries are announced.
pub(crate) const CHANNEL: &str = "labelscan_deliveries";
/// How long to wait before listening is tried again.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Listens as long as it lives.
pub(crate) struct Listening(JoinHandle<()>);

impl Listening {
    pub(crate) fn start(address: String, queued: Arc<Notify>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                if let Err(error) = listen(&address, &queued).await {
                    tracing::debug!(%error, "listening for deliveries was interrupted");
                }
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        }))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(address: &str, queued: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(address).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // None: the connection was lost and made anew, and something may have been missed.
        listener.try_recv().await?;
        queued.notify_one();
    }
}
