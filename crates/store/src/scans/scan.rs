//! Scans as they are recorded, and how to find them.

use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::row::{column, count, from_json, name_of, named, time, time_or_none};
use crate::outbox::delivery::{DeliveryStatus, delivery_text};
use crate::scans::decision::{Decided, Proposal};
use crate::scans::finding::Failure;
use crate::scans::scan_id::{ScanId, id_in};
use crate::scans::status::ScanStatus;
use crate::seal::context::SealContext;
use crate::seal::sealing::Seal;
use crate::store::Store;
use crate::terminals::nothing_new::NothingNew;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::any::AnyRow;
use std::collections::HashMap;
use validate::terminal::Operation;
use validate::{Judgement, Serial, Surface, Verdict};

/// Everything that is recorded about a scan, without its photos' bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// Its id.
    pub id: ScanId,
    /// Who uploaded it.
    pub owner: String,
    /// When it was received.
    pub created_at: Timestamp,
    /// How far it is.
    pub status: ScanStatus,
    /// What was said with the upload, an object.
    pub details: Value,
    /// Its photos, in the order of the upload.
    pub photos: Vec<PhotoRecord>,
    /// How often reading it was begun.
    pub attempts: u32,
    /// The judge's answer, as it was, whatever a person said later.
    pub judgement: Option<Judgement>,
    /// Why it could not be read, if it could not.
    pub failure: Option<Failure>,
    /// How long reading took by step, an object; null before it was read.
    pub took_ms: Value,
    /// When it last got its verdict: the judge's, a failure, or a person's.
    pub finished_at: Option<Timestamp>,
    /// The last decision of a person, if there was one.
    pub decision: Option<Decided>,
    /// Why the operation of an accepted scan was not carried out, if it was not: a stable code of
    /// [`validate::terminal::Forbidden`].
    pub forbidden: Option<String>,
    /// A serial that somebody typed and somebody else is to look at.
    pub proposal: Option<Proposal>,
    /// What stood when this scan changed nothing, if it did not.
    pub nothing_new: Option<NothingNew>,
    /// The registration that this scan led to or linked to.
    pub registration: Option<RegistrationState>,
}

impl Scan {
    /// The serial that stands for it: a person's, else the judge's.
    pub fn serial(&self) -> Option<&Serial> {
        match &self.decision {
            Some(decided) => decided.action.serial(),
            None => match &self.judgement.as_ref()?.verdict {
                Verdict::Accepted { serial } => Some(serial),
                Verdict::Review { .. } | Verdict::Unreadable { .. } => None,
            },
        }
    }
}

/// How far a registration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationState {
    /// The event's id, also the delivery's.
    pub event_id: String,
    /// Where its delivery stands.
    pub status: DeliveryStatus,
    /// The registry's code, if it refused.
    pub code: Option<String>,
    /// The reason of a refusal or of the last failed attempt.
    pub why: Option<String>,
    /// The registry's answer, as it gave it.
    pub answer: Option<String>,
    /// True if another scan of the same terminal brought it about.
    pub linked: bool,
    /// What it tells; older ones do not say.
    pub operation: Option<Operation>,
    /// When it is told at the earliest, while nobody has tried to.
    pub not_before: Option<Timestamp>,
}

/// What is recorded about one photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoRecord {
    /// Its name in the photos' place.
    pub name: String,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The media type that the sender declared.
    pub content_type: String,
    /// What was photographed.
    pub surface: Surface,
    /// When its bytes were removed after their time, if they were.
    pub removed_at: Option<Timestamp>,
}

/// Which scans to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct ScanFilter {
    /// Only with this status.
    pub status: Option<ScanStatus>,
    /// Only of this owner.
    pub owner: Option<String>,
    /// Only those after this one in the listing, which are older: [`Page::next`].
    pub after: Option<String>,
    /// At most so many; 0 and too many mean the limit.
    pub most: u32,
}

/// Which scans a page of the listing holds. `$1` status, `$2` owner, `$3` after, `$4` most.
macro_rules! page {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM scans WHERE (CAST($1 AS TEXT) IS NULL OR status = $1) \
             AND (CAST($2 AS TEXT) IS NULL OR owner = $2) \
             AND (CAST($3 AS TEXT) IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
        )
    };
}

/// Scans with the state of their delivery.
macro_rules! with_delivery {
    ($from:expr) => {
        concat!(
            "SELECT s.*, d.status AS d_status, d.code AS d_code, d.why AS d_why, \
             d.answer AS d_answer, d.scan_id AS d_scan, d.operation AS d_operation, \
             d.due_at AS d_due, d.attempts AS d_attempts FROM ",
            $from
        )
    };
}

impl Store {
    /// A scan, or `None`.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn scan(&self, id: ScanId) -> Result<Option<Scan>, StoreError> {
        let sql = with_delivery!(
            "scans s LEFT JOIN deliveries d ON d.event_id = s.event_id WHERE s.id = $1"
        );
        let row = sqlx::query(sql).bind(id.to_string());
        let Some(row) = row.fetch_optional(self.database.reader()).await? else {
            return Ok(None);
        };
        let photos = self.photo_records(id).await?;
        Ok(Some(scan_from(&row, photos, &self.seal)?))
    }

    /// A page of scans, newest first.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    /// [`StoreError::Cursor`] for a filter with the `after` of another list.
    pub async fn scans(&self, filter: &ScanFilter) -> Result<Page<Scan>, StoreError> {
        let listed = with_delivery!(concat!(
            "(",
            page!("*"),
            ") s LEFT JOIN deliveries d ON d.event_id = s.event_id ORDER BY s.id DESC"
        ));
        let photos = concat!(
            "SELECT * FROM scan_photos WHERE scan_id IN (",
            page!("id"),
            ") ORDER BY scan_id, position"
        );
        let rows = self.page(listed, filter).await?;
        let mut of_scan: HashMap<String, Vec<PhotoRecord>> = HashMap::new();
        for row in self.page(photos, filter).await? {
            of_scan.entry(column(&row, "scan_id")?).or_default().push(photo_from(&row)?);
        }
        let scan = |row: &AnyRow| {
            let photos = of_scan.remove(&column::<String>(row, "id")?).unwrap_or_default();
            scan_from(row, photos, &self.seal)
        };
        let found = rows.iter().map(scan).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(found, self.limits.rows(filter.most), |scan| scan.id.to_string()))
    }

    /// Rows of a page and of the one scan behind it.
    async fn page(
        &self,
        sql: &'static str,
        filter: &ScanFilter,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let after = filter.after.as_deref().map(str::parse::<ScanId>).transpose();
        let after = after.map_err(|_| StoreError::Cursor)?;
        let query = sqlx::query(sql)
            .bind(filter.status.map(name_of).transpose()?)
            .bind(filter.owner.clone())
            .bind(after.map(|id| id.to_string()))
            .bind(self.limits.rows(filter.most) + 1);
        Ok(query.fetch_all(self.database.reader()).await?)
    }

    pub(crate) async fn photo_records(&self, scan: ScanId) -> Result<Vec<PhotoRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM scan_photos WHERE scan_id = $1 ORDER BY position")
            .bind(scan.to_string())
            .fetch_all(self.database.reader())
            .await?;
        rows.iter().map(photo_from).collect()
    }
}

fn scan_from(row: &AnyRow, photos: Vec<PhotoRecord>, seal: &Seal) -> Result<Scan, StoreError> {
    let text = |name| column::<Option<String>>(row, name);
    let id: ScanId = id_in(row, "id")?;
    let row_id = id.to_string();
    Ok(Scan {
        id,
        owner: column(row, "owner")?,
        created_at: time(row, "created_at")?,
        status: named(row, "status")?,
        details: sealed_json(row, &row_id, "details", seal)?.unwrap_or_default(),
        photos,
        attempts: count(row, "attempts")?,
        judgement: sealed_json(row, &row_id, "judgement", seal)?,
        failure: text("failure")?.map(|json| from_json(json.as_bytes())).transpose()?,
        took_ms: text("took_ms")?.map_or(Ok(Value::Null), |json| from_json(json.as_bytes()))?,
        finished_at: time_or_none(row, "finished_at")?,
        decision: sealed_json(row, &row_id, "decision", seal)?,
        forbidden: text("forbidden")?,
        proposal: sealed_json(row, &row_id, "proposal", seal)?,
        nothing_new: sealed_json(row, &row_id, "nothing_new", seal)?,
        registration: registration_from(row, id, seal)?,
    })
}

fn sealed_json<T: DeserializeOwned>(
    row: &AnyRow,
    id: &str,
    name: &'static str,
    seal: &Seal,
) -> Result<Option<T>, StoreError> {
    let stored = column::<Option<Vec<u8>>>(row, name)?;
    stored.map(|stored| seal.open_json(SealContext::new("scans", name, id), &stored)).transpose()
}

fn registration_from(
    row: &AnyRow,
    scan: ScanId,
    seal: &Seal,
) -> Result<Option<RegistrationState>, StoreError> {
    let Some(event_id) = column::<Option<String>>(row, "event_id")? else { return Ok(None) };
    let status = named(row, "d_status")?;
    let waits = status == DeliveryStatus::Queued && column::<i64>(row, "d_attempts")? == 0;
    let told = column::<Option<String>>(row, "d_operation")?;
    Ok(Some(RegistrationState {
        status,
        operation: told.map(|_| named(row, "d_operation")).transpose()?,
        not_before: waits.then(|| time(row, "d_due")).transpose()?,
        code: column(row, "d_code")?,
        why: delivery_text(row, "d_why", &event_id, "why", seal)?,
        answer: delivery_text(row, "d_answer", &event_id, "answer", seal)?,
        linked: id_in(row, "d_scan")? != scan,
        event_id,
    }))
}

fn photo_from(row: &AnyRow) -> Result<PhotoRecord, StoreError> {
    Ok(PhotoRecord {
        name: column(row, "name")?,
        sha256: column(row, "sha256")?,
        bytes: count(row, "bytes")?,
        content_type: column(row, "content_type")?,
        surface: named::<Surface>(row, "surface")?,
        removed_at: time_or_none(row, "removed_at")?,
    })
}
