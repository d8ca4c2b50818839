//! The audit trail on its own: entries about what changed nothing else, and what is on record about
//! one subject.

use crate::database::audit::{AuditEntry, entry_from};
use crate::database::error::StoreError;
use crate::database::tx::WriteContext;
use crate::store::Store;
use serde::Serialize;

impl Store {
    /// Records what changed nothing else in the database: something was denied, exported, restored.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn record(
        &self,
        what: &str,
        subject: &str,
        detail: &impl Serialize,
        context: WriteContext<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(context).await?;
        tx.audit(what, subject, detail)?;
        tx.commit().await.map(drop)
    }

    /// What happened to one scan, delivery or key, oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn history(&self, subject: &str) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE subject = $1 ORDER BY seq LIMIT $2")
            .bind(subject)
            .bind(self.limits.rows(0))
            .fetch_all(self.database.reader())
            .await?;
        rows.iter().map(|row| entry_from(row, &self.seal)).collect()
    }
}
