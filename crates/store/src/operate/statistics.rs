//! Counts and times over many scans and deliveries, for the overview. It only reads, and reads
//! nothing that is sealed.

use crate::database::error::StoreError;
use crate::database::row::{column, count, named, time, time_or_none};
use crate::outbox::delivery::DeliveryStatus;
use crate::scans::status::ScanStatus;
use crate::store::Store;
use jiff::Timestamp;

/// Milliseconds of a day without leap seconds, as the database counts.
const DAY_MS: i64 = 86_400_000;

/// How many scans of one day are in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScansOfDay {
    /// Days since 1970 in UTC.
    pub day: i64,
    /// Where they stand now.
    pub status: ScanStatus,
    /// Whether a person decided.
    pub by_person: bool,
    /// How many.
    pub scans: u64,
}

/// How many deliveries are in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveriesOf {
    /// Where they stand.
    pub status: DeliveryStatus,
    /// How many.
    pub deliveries: u64,
    /// When the oldest of them was queued.
    pub oldest: Timestamp,
}

/// How much waits in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub count: u64,
    /// When the oldest of them came, if there is one.
    pub oldest: Option<Timestamp>,
}

/// What waits: for a reader, for a person, for the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queues {
    /// Scans without a verdict.
    pub scans: Waiting,
    /// Scans that a person has to look at.
    pub reviews: Waiting,
    /// Deliveries that are still owed.
    pub deliveries: Waiting,
}

impl Store {
    /// What waits. It reads the indexes of what waits and not the tables, so that it may be asked
    /// often.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn queues(&self) -> Result<Queues, StoreError> {
        Ok(Queues {
            scans: self.waiting("scans WHERE status = 'queued'").await?,
            reviews: self.waiting("scans WHERE status = 'review'").await?,
            deliveries: self.waiting("deliveries WHERE status = 'queued'").await?,
        })
    }

    async fn waiting(&self, of: &'static str) -> Result<Waiting, StoreError> {
        let text = format!("SELECT COUNT(*) AS waiting, MIN(created_at) AS oldest FROM {of}");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_one(self.database.reader()).await?;
        Ok(Waiting { count: count(&row, "waiting")?, oldest: time_or_none(&row, "oldest")? })
    }

    /// The scans received since a time, counted by day, state and who decided, oldest day first.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn scans_by_day(&self, since: Timestamp) -> Result<Vec<ScansOfDay>, StoreError> {
        let rows = sqlx::query(
            "SELECT created_at / $2 AS day, status, \
             CAST(CASE WHEN decision IS NULL THEN 0 ELSE 1 END AS BIGINT) AS by_person, \
             COUNT(*) AS scans FROM scans WHERE created_at >= $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        )
        .bind(since.as_millisecond())
        .bind(DAY_MS)
        .fetch_all(self.database.reader())
        .await?;
        let of_day = |row| {
            Ok(ScansOfDay {
                day: column(row, "day")?,
                status: named(row, "status")?,
                by_person: column::<i64>(row, "by_person")? == 1,
                scans: count(row, "scans")?,
            })
        };
        rows.iter().map(of_day).collect()
    }

    /// How long the registrations that were queued since a time took, from the upload of the scan
    /// to the registry's yes, in milliseconds, the newest first and at most `rows_max`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn registration_ms(&self, since: Timestamp) -> Result<Vec<i64>, StoreError> {
        let rows = sqlx::query(
            "SELECT d.settled_at - s.created_at AS ms FROM deliveries d \
             JOIN scans s ON s.id = d.scan_id WHERE d.status = 'delivered' AND d.created_at >= $1 \
             ORDER BY d.created_at DESC LIMIT $2",
        )
        .bind(since.as_millisecond())
        .bind(self.limits.rows(0))
        .fetch_all(self.database.reader())
        .await?;
        rows.iter().map(|row| column(row, "ms")).collect()
    }

    /// All deliveries counted by their state; states without any are left out.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn deliveries_by_status(&self) -> Result<Vec<DeliveriesOf>, StoreError> {
        let rows = sqlx::query(
            "SELECT status, COUNT(*) AS deliveries, MIN(created_at) AS oldest FROM deliveries \
             GROUP BY status ORDER BY status",
        )
        .fetch_all(self.database.reader())
        .await?;
        let of_status = |row| {
            Ok(DeliveriesOf {
                status: named(row, "status")?,
                deliveries: count(row, "deliveries")?,
                oldest: time(row, "oldest")?,
            })
        };
        rows.iter().map(of_status).collect()
    }
}
