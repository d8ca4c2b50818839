//! The audit trail on its own: entries about what changed nothing else, and what is on record about
//! one subject.

use crate::database::audit::{AuditEntry, audit, entry_from};
use crate::database::error::StoreError;
use crate::store::Store;
use jiff::Timestamp;
use serde::Serialize;

impl Store {
    /// Records what changed nothing else in the database: something was denied, exported, restored.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn record(
        &self,
        who: &str,
        what: &str,
        subject: &str,
        detail: &impl Serialize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        audit(&mut transaction, &self.seal, now, who, what, subject, detail).await?;
        transaction.commit().await?;
        Ok(())
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
