//! Who queues a delivery says so, here and to other nodes.

use crate::outbox::listen::CHANNEL;
use crate::store::Store;

impl Store {
    /// Tells who delivers that there is something, here and on other nodes. After the commit, so
    /// that commits do not wait for each other's announcements.
    pub(crate) async fn announce(&self, queued: bool) {
        if !queued {
            return;
        }
        self.queued.notify_one();
        if self.listening.is_some() {
            let said = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL);
            if let Err(error) = said.execute(self.database.writer()).await {
                tracing::debug!(%error, "other nodes will find the delivery at their next look");
            }
        }
    }
}
