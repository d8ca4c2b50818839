//! Photos go when their time is over; rows stay. Never a photo that somebody may still need: one
//! that waits to be read, is under review, or belongs to a registration on its way. Photos of
//! maintenance go by their age alone.

use crate::database::connection::Connection;
use crate::database::error::StoreError;
use crate::database::row::column;
use crate::database::tx::{Tx, WriteContext};
use crate::scans::scan_id::{ScanId, id_in};
use crate::store::Store;
use jiff::Timestamp;

/// Scans whose photos, or photos of maintenance, are removed in one transaction.
const ROWS_AT_ONCE: i64 = 100;

impl Store {
    /// Removes the photos of scans that got their verdict or decision before `before` and the photos
    /// of maintenance that were added before it, and says how many that were. First the rows are marked, then the objects go: what a crash leaves
    /// between the two is an orphan and is swept.
    ///
    /// # Errors
    /// If the database or the photos' place does not answer; what was removed by then stays so.
    pub async fn remove_photos(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let mut tx = self.begin(WriteContext::new("retention", now)).await?;
            let scans = outlived(&mut tx.connection, before).await?;
            let mut names = mark_old(&mut tx, before).await?;
            for scan in &scans {
                names.extend(mark_removed(&mut tx, *scan).await?);
            }
            tx.commit().await?;
            if names.is_empty() {
                return Ok(removed);
            }
            for name in &names {
                self.photos.delete(name).await?;
                removed += 1;
            }
        }
    }
}

/// Scans whose photos are no longer needed.
async fn outlived(
    connection: &mut Connection,
    before: Timestamp,
) -> Result<Vec<ScanId>, StoreError> {
    let rows = sqlx::query(
        "SELECT s.id AS id FROM scans s WHERE s.status IN ('accepted', 'unreadable', 'rejected') \
         AND s.finished_at < $1 \
         AND EXISTS (SELECT 1 FROM scan_photos p WHERE p.scan_id = s.id AND p.removed_at IS NULL) \
         AND NOT EXISTS (SELECT 1 FROM deliveries d \
         WHERE d.event_id = s.event_id AND d.status = 'queued') \
         ORDER BY s.id LIMIT $2",
    )
    .bind(before.as_millisecond())
    .bind(ROWS_AT_ONCE)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| id_in(row, "id")).collect()
}

async fn mark_removed(tx: &mut Tx<'_>, scan: ScanId) -> Result<Vec<String>, StoreError> {
    let scan = scan.to_string();
    let rows = sqlx::query(
        "UPDATE scan_photos SET removed_at = $1 WHERE scan_id = $2 AND removed_at IS NULL \
         RETURNING name",
    )
    .bind(tx.now.as_millisecond())
    .bind(&scan)
    .fetch_all(&mut *tx.connection)
    .await?;
    tx.audit("photos.removed", &scan, &rows.len())?;
    rows.iter().map(|row| column(row, "name")).collect()
}

/// Marks photos of maintenance that were added before `before`.
async fn mark_old(tx: &mut Tx<'_>, before: Timestamp) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "UPDATE maintenance_photos SET removed_at = $1 WHERE removed_at IS NULL AND id IN \
         (SELECT id FROM maintenance_photos WHERE removed_at IS NULL AND added_at < $2 \
         ORDER BY added_at LIMIT $3) RETURNING name, record_id",
    )
    .bind(tx.now.as_millisecond())
    .bind(before.as_millisecond())
    .bind(ROWS_AT_ONCE)
    .fetch_all(&mut *tx.connection)
    .await?;
    for row in &rows {
        let record: String = column(row, "record_id")?;
        tx.audit("photos.removed", &record, &1)?;
    }
    rows.iter().map(|row| column(row, "name")).collect()
}
