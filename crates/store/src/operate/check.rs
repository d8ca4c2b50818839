//! The checks behind `labelscan check`: every photo is there and unchanged, nothing is orphaned,
//! every registration that is owed is queued or settled, and the audit trail's chain holds. It only
//! reads.

use crate::database::audit::entry_from;
use crate::database::audit_witness::TrailEnd;
use crate::database::error::StoreError;
use crate::database::row::column;
use crate::photos::photo_name::is_photo_name;
use crate::scans::scan_id::{ScanId, id_in};
use crate::seal::columns::{SEALED, Walked};
use crate::seal::context::SealContext;
use crate::store::Store;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use std::fmt;

/// Audit entries that are read at once.
const ENTRIES_AT_ONCE: i64 = 1_000;
/// Faults that are listed; the rest is only counted.
const FAULTS_MAX: usize = 1_000;

/// What a check looked at and what it found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// Scans in the database.
    pub scans: u64,
    /// Photos whose bytes were compared.
    pub photos: u64,
    /// Audit entries whose hashes were compared.
    pub audit_entries: u64,
    /// Scans that wait to be read or are being read.
    pub scans_queued: u64,
    /// Deliveries that wait or are under way.
    pub deliveries_queued: u64,
    /// What is wrong, at most a thousand.
    pub faults: Vec<Fault>,
    /// How many faults there are in all.
    pub faults_found: u64,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A photo that is recorded is missing.
    PhotoMissing(PhotoOf),
    /// A photo has other bytes than were uploaded.
    PhotoChanged(PhotoOf),
    /// An object without a row, older than an upload can take.
    PhotoOrphaned(String),
    /// An accepted scan of a known device without a delivery.
    RegistrationMissing(ScanId),
    /// A terminal whose delivery is missing: its first scan.
    DeliveryMissing(ScanId),
    /// A value that does not open: it was changed or moved, or its key is missing. Names its place.
    Sealed(String),
    /// The chain of the audit trail breaks at this entry.
    AuditBroken(i64),
    /// The audit trail had more entries than it has.
    AuditCut {
        /// How many there were.
        entries: i64,
        /// How many there are.
        found: i64,
    },
    /// The record of the audit trail's end, beside the seal keys, was changed.
    AuditUnwitnessed,
    /// A row says something else than the audit trail does: its table and id.
    Unaudited(String),
}

/// What a photo belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhotoOf {
    /// A scan.
    Scan(ScanId),
    /// The record of maintenance with this id.
    Maintenance(String),
}

impl From<ScanId> for PhotoOf {
    fn from(scan: ScanId) -> Self {
        Self::Scan(scan)
    }
}

impl fmt::Display for PhotoOf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan(scan) => write!(out, "scan {scan}"),
            Self::Maintenance(record) => write!(out, "maintenance record {record}"),
        }
    }
}

impl Check {
    /// True if nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults_found == 0
    }

    /// True if besides nothing waits any more.
    pub fn is_settled(&self) -> bool {
        self.is_sound() && self.scans_queued == 0 && self.deliveries_queued == 0
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.faults_found += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}

impl Store {
    /// Looks at every row and every photo. An object without a row counts as orphaned if it was
    /// written before `orphaned_before`: younger ones may belong to an upload that is under way.
    ///
    /// # Errors
    /// If the database or the photos' place does not answer.
    pub async fn check(&self, orphaned_before: Timestamp) -> Result<Check, StoreError> {
        let mut check = Check::default();
        self.count_rows(&mut check).await?;
        self.check_photos(&mut check).await?;
        self.check_maintenance_photos(&mut check).await?;
        for name in self.orphans(orphaned_before).await? {
            check.add(Fault::PhotoOrphaned(name));
        }
        for file in self.photos.halves(orphaned_before).await? {
            check.add(Fault::PhotoOrphaned(file.display().to_string()));
        }
        self.check_registrations(&mut check).await?;
        self.check_sealed(&mut check).await?;
        self.check_audit(&mut check).await?;
        self.check_audited_rows(&mut check).await?;
        Ok(check)
    }

    /// Removes objects without a row, and files that were never finished, that were written before
    /// `before`, and says how many.
    ///
    /// # Errors
    /// If the database or the photos' place does not answer.
    pub async fn sweep_orphans(&self, before: Timestamp) -> Result<u64, StoreError> {
        let orphans = self.orphans(before).await?;
        for name in &orphans {
            self.photos.delete(name).await?;
        }
        let halves = self.photos.halves(before).await?;
        for file in &halves {
            std::fs::remove_file(file)?;
        }
        Ok((orphans.len() + halves.len()) as u64)
    }

    async fn count_rows(&self, check: &mut Check) -> Result<(), StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM scans) AS scans, \
             (SELECT COUNT(*) FROM scans WHERE status = 'queued') AS scans_queued, \
             (SELECT COUNT(*) FROM deliveries WHERE status = 'queued') AS deliveries_queued",
        )
        .fetch_one(self.database.reader())
        .await?;
        check.scans = crate::database::row::count(&row, "scans")?;
        check.scans_queued = crate::database::row::count(&row, "scans_queued")?;
        check.deliveries_queued = crate::database::row::count(&row, "deliveries_queued")?;
        Ok(())
    }

    async fn check_photos(&self, check: &mut Check) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let rows = sqlx::query("SELECT id FROM scans WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(&after)
                .bind(self.limits.rows(0))
                .fetch_all(self.database.reader())
                .await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = column(last, "id")?;
            for row in &rows {
                self.check_scan_photos(id_in(row, "id")?, check).await?;
            }
        }
    }

    async fn check_scan_photos(&self, scan: ScanId, check: &mut Check) -> Result<(), StoreError> {
        let records = self.photo_records(scan).await?;
        if records.is_empty() {
            check.add(Fault::PhotoMissing(scan.into()));
        }
        for record in records.into_iter().filter(|record| record.removed_at.is_none()) {
            self.check_photo(&record.name, &record.sha256, &scan.into(), check).await?;
        }
        Ok(())
    }

    async fn check_maintenance_photos(&self, check: &mut Check) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let rows = sqlx::query(
                "SELECT id, record_id, name, sha256 FROM maintenance_photos \
                 WHERE removed_at IS NULL AND id > $1 ORDER BY id LIMIT $2",
            )
            .bind(&after)
            .bind(self.limits.rows(0))
            .fetch_all(self.database.reader())
            .await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = column(last, "id")?;
            for row in &rows {
                let (name, sha256): (String, String) =
                    (column(row, "name")?, column(row, "sha256")?);
                let of = PhotoOf::Maintenance(column(row, "record_id")?);
                self.check_photo(&name, &sha256, &of, check).await?;
            }
        }
    }

    async fn check_photo(
        &self,
        name: &str,
        sha256: &str,
        of: &PhotoOf,
        check: &mut Check,
    ) -> Result<(), StoreError> {
        check.photos += 1;
        let stored = match self.photos.get_sealed(name).await {
            Ok(stored) => stored,
            Err(StoreError::Damaged(_)) => {
                check.add(Fault::PhotoMissing(of.clone()));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        match self.photos.opened(name, stored).await {
            Ok(bytes) if crate::database::hash::sha256_hex(&bytes) == sha256 => {}
            Ok(_) | Err(StoreError::Damaged(_)) => check.add(Fault::PhotoChanged(of.clone())),
            Err(StoreError::KeyMissing { .. }) => check.add(Fault::Sealed(name.to_owned())),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Opens every sealed value.
    async fn check_sealed(&self, check: &mut Check) -> Result<(), StoreError> {
        for table in &SEALED {
            let mut walked = Walked::default();
            loop {
                let rows = table.next(&self.database, &mut walked, self.limits.rows(0)).await?;
                if rows.is_empty() {
                    break;
                }
                for row in &rows {
                    for (name, value) in &row.values {
                        let cell = SealContext::new(table.table, name, &row.row);
                        match self.seal.open_value(cell, value) {
                            Ok(_) => {}
                            Err(StoreError::Damaged(_) | StoreError::KeyMissing { .. }) => {
                                check.add(Fault::Sealed(cell.to_string()));
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn orphans(&self, before: Timestamp) -> Result<Vec<String>, StoreError> {
        let mut objects = self.photos.objects().list(None);
        let mut orphans = Vec::new();
        while let Some(object) = objects.try_next().await? {
            let young = object.last_modified.timestamp_millis() >= before.as_millisecond();
            let name = object.location.to_string();
            // What is not named like a photo was put there by somebody else: it is left alone.
            if young || !is_photo_name(&name) || self.is_kept(&name).await? {
                continue;
            }
            orphans.push(name);
        }
        Ok(orphans)
    }

    async fn check_registrations(&self, check: &mut Check) -> Result<(), StoreError> {
        let scans = sqlx::query(
            "SELECT id FROM scans s WHERE device IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM deliveries d WHERE d.event_id = s.event_id) LIMIT $1",
        );
        let rows = scans.bind(self.limits.rows(0)).fetch_all(self.database.reader()).await?;
        for row in &rows {
            check.add(Fault::RegistrationMissing(id_in(row, "id")?));
        }
        let terminals = sqlx::query(
            "SELECT first_scan FROM terminals t WHERE NOT EXISTS \
             (SELECT 1 FROM deliveries d WHERE d.event_id = t.event_id) LIMIT $1",
        );
        let rows = terminals.bind(self.limits.rows(0)).fetch_all(self.database.reader()).await?;
        for row in &rows {
            check.add(Fault::DeliveryMissing(id_in(row, "first_scan")?));
        }
        Ok(())
    }

    async fn check_audit(&self, check: &mut Check) -> Result<(), StoreError> {
        // Before the walk: what is added meanwhile is not missed.
        let witnessed = match self.witness.known() {
            Ok(witnessed) => witnessed.unwrap_or_default(),
            Err(StoreError::Damaged(_)) => {
                check.add(Fault::AuditUnwitnessed);
                TrailEnd::default()
            }
            Err(error) => return Err(error),
        };
        let (mut seq, mut hash) = (0_i64, Vec::new());
        loop {
            let rows = sqlx::query("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
                .bind(seq)
                .bind(ENTRIES_AT_ONCE)
                .fetch_all(self.database.reader())
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let (number, its_hash): (i64, Vec<u8>) =
                    (column(row, "seq")?, column(row, "hash")?);
                // An entry that does not open is a break like any other.
                let follows = entry_from(row, &self.seal).is_ok_and(|entry| {
                    number == seq + 1 && its_hash == entry.hash_behind(&self.seal, &hash)
                });
                let is_witnessed = number != witnessed.seq || its_hash == witnessed.hash;
                if !follows || !is_witnessed {
                    check.add(Fault::AuditBroken(number));
                }
                check.audit_entries += 1;
                (seq, hash) = (number, its_hash);
            }
        }
        if witnessed.seq > seq {
            check.add(Fault::AuditCut { entries: witnessed.seq, found: seq });
        }
        // The head was written with the last entry: entries cut off from the end show here.
        let head = self.trail_end().await?;
        let end = if head.seq >= seq { head } else { TrailEnd::default() };
        if end != (TrailEnd { seq, hash }) {
            check.add(Fault::AuditBroken(seq + 1));
        }
        Ok(())
    }

    /// Where the trail ends by its own head.
    pub(crate) async fn trail_end(&self) -> Result<TrailEnd, StoreError> {
        let head = sqlx::query("SELECT seq, hash FROM audit_head")
            .fetch_optional(self.database.reader())
            .await?;
        let end = |row| Ok(TrailEnd { seq: column(&row, "seq")?, hash: column(&row, "hash")? });
        head.map_or_else(|| Ok(TrailEnd::default()), end)
    }
}
