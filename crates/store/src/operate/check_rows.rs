//! Whether the rows that matter most say what the audit trail says: who may do what, whose scan it
//! is, what was decided, and that nothing was taken out.

use crate::access::keys::Granted;
use crate::database::audit::{AuditEntry, entry_from};
use crate::database::error::StoreError;
use crate::database::row::column;
use crate::operate::check::{Check, Fault};
use crate::scans::finding::Finished;
use crate::store::Store;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

/// Rows that are read at once.
const ROWS_AT_ONCE: i64 = 500;

impl Store {
    /// Compares rows with the entries about them.
    pub(crate) async fn check_audited_rows(&self, check: &mut Check) -> Result<(), StoreError> {
        self.check_each("keys", "id, name, role", check, async |row, entries| {
            let made = entries.iter().find(|entry| entry.what == "key.created");
            let Some(made) = made else { return Ok(false) };
            let granted: Granted = serde_json::from_slice(&made.detail).map_err(damaged)?;
            Ok(granted.name == column::<String>(row, "name")?
                && granted.role == column::<String>(row, "role")?)
        })
        .await?;
        self.check_each("scans", "id, owner, status", check, async |row, entries| {
            let status: String = column(row, "status")?;
            let said = entries.iter().rev().find_map(status_by);
            let Some(finished) = entries.iter().find(|entry| entry.what == "scan.finished") else {
                // Not read yet, or decided by a person before it was.
                return Ok(said.is_none_or(|said| said == status));
            };
            let owner: String = column(row, "owner")?;
            let named = serde_json::from_slice::<Finished>(&finished.detail).ok();
            // An entry of before owners were recorded is a status alone.
            let is_owner = named.is_none_or(|finished| finished.owner == owner);
            Ok(is_owner && said.is_none_or(|said| said == status))
        })
        .await?;
        self.check_deleted(check).await
    }

    async fn check_each(
        &self,
        table: &'static str,
        columns: &'static str,
        check: &mut Check,
        agrees: impl AsyncFn(&AnyRow, &[AuditEntry]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let sql = format!("SELECT {columns} FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(&after)
                .bind(ROWS_AT_ONCE)
                .fetch_all(self.database.reader())
                .await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = column(last, "id")?;
            for row in &rows {
                let id: String = column(row, "id")?;
                let entries = self.entries_about(&id).await?;
                if !agrees(row, &entries).await? {
                    check.add(Fault::Unaudited(format!("{table} {id}")));
                }
            }
        }
    }

    /// The entries about one subject that open; those that do not are faults of their own.
    async fn entries_about(&self, subject: &str) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM audit WHERE subject = $1 AND (what LIKE 'scan.%' OR what LIKE 'key.%') \
             ORDER BY seq",
        )
        .bind(subject)
        .fetch_all(self.database.reader())
        .await?;
        Ok(rows.iter().filter_map(|row| entry_from(row, &self.seal).ok()).collect())
    }

    /// No scan and no key is ever deleted.
    async fn check_deleted(&self, check: &mut Check) -> Result<(), StoreError> {
        for (table, what) in [("scans", "scan.finished"), ("keys", "key.created")] {
            let sql = format!(
                "SELECT subject FROM audit a WHERE what = $1 AND NOT EXISTS \
                 (SELECT 1 FROM {table} t WHERE t.id = a.subject) ORDER BY seq LIMIT $2"
            );
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(what)
                .bind(self.limits.rows(0))
                .fetch_all(self.database.reader())
                .await?;
            for row in &rows {
                let id: String = column(row, "subject")?;
                check.add(Fault::Unaudited(format!("{table} {id}, which is gone")));
            }
        }
        Ok(())
    }
}

/// The status that a scan has after an entry.
fn status_by(entry: &AuditEntry) -> Option<String> {
    match entry.what.as_str() {
        "scan.confirmed" | "scan.corrected" => Some("accepted".into()),
        "scan.rejected" => Some("rejected".into()),
        "scan.finished" => serde_json::from_slice::<Finished>(&entry.detail)
            .map(|finished| finished.status)
            .or_else(|_| serde_json::from_slice(&entry.detail))
            .ok(),
        _ => None,
    }
}

fn damaged(_: serde_json::Error) -> StoreError {
    StoreError::Damaged("an audit entry is none of ours".into())
}
