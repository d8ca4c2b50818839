//! Between nodes on one PostgreSQL: who queues a delivery says so, and whoever forwards hears it
//! within a millisecond instead of at its next look. Only a hint: what is said may be lost, so the
//! queue is looked at every now and then as well.

use sqlx::postgres::PgListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Where deliveries are announced.
pub(crate) const CHANNEL: &str = "labelscan_deliveries";
/// How long connecting may take, and how long nobody says anything before it is done again.
const CONNECT_MAX: Duration = Duration::from_secs(5);
const SILENCE_MAX: Duration = Duration::from_secs(60);
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
    let mut listener = within(CONNECT_MAX, PgListener::connect(address)).await?;
    within(CONNECT_MAX, listener.listen(CHANNEL)).await?;
    loop {
        // A connection that was cut silently says nothing for ever: one that says nothing for a
        // while is made anew.
        // None: the connection was lost and made anew, and something may have been missed.
        within(SILENCE_MAX, listener.try_recv()).await?;
        queued.notify_one();
    }
}

async fn within<T>(
    longest: Duration,
    step: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(longest, step).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
