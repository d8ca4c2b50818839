//! The audit trail on its own: entries about what changed nothing else, and what is on record about
//! one subject.

use crate::database::audit::{AuditEntry, entry_from};
use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::row::places;
use crate::database::tx::WriteContext;
use crate::store::Store;
use serde::Serialize;
use sqlx::AssertSqlSafe;

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

    /// A page of what happened to scans, deliveries, terminals or keys, the newest first.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data; [`StoreError::Cursor`] for the `after`
    /// of another list.
    pub async fn history(
        &self,
        subjects: &[&str],
        after: Option<&str>,
        most: u32,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let after = after.map(|after| after.parse().map_err(|_| StoreError::Cursor)).transpose()?;
        let most = self.limits.rows(most);
        let count = subjects.len();
        let sql = format!(
            "SELECT * FROM audit WHERE subject IN ({}) AND seq < ${} ORDER BY seq DESC LIMIT ${}",
            places(count),
            count + 1,
            count + 2
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for subject in subjects {
            query = query.bind(*subject);
        }
        let query = query.bind(after.unwrap_or(i64::MAX)).bind(most + 1);
        let rows = query.fetch_all(self.database.reader()).await?;
        let entries = rows.iter().map(|row| entry_from(row, &self.seal));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(entries, most, |entry| entry.seq.to_string()))
    }
}
