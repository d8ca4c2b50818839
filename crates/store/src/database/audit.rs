//! The audit trail: who did what to which scan, delivery or key, and when. Entries are only ever
//! added, in the transaction of what they tell of. Each holds the hash of the one before it, so a
//! changed or missing entry shows in [`Store::check`](crate::Store::check). The particulars are
//! sealed, and the hashes keyed over what is sealed, so that rotating the keys leaves the chain as
//! it is.

use crate::database::audit_witness::TrailEnd;
use crate::database::connection::Connection;
use crate::database::error::StoreError;
use crate::database::hash::sha256_parts;
use crate::database::row::{column, places_of_rows, time};
use crate::seal::context::SealContext;
use crate::seal::sealing::Seal;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

/// Entries that one statement writes: seven values each, of the 32,766 that SQLite takes.
const ENTRIES_A_STATEMENT: usize = 1_000;

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Its place in the chain, from 1 without gaps.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: a person's or a key's name, or the part of the program.
    pub who: String,
    /// What was done, such as `scan.corrected`.
    pub what: String,
    /// The id of what it was done to.
    pub subject: String,
    /// The particulars as JSON.
    pub detail: Vec<u8>,
    /// SHA-256 over the hash before it and everything above; with encryption on, its HMAC.
    pub hash: Vec<u8>,
}

impl AuditEntry {
    /// The hash that this entry must have behind `before`.
    pub(crate) fn hash_behind(&self, seal: &Seal, before: &[u8]) -> [u8; 32] {
        seal.chained(sha256_parts(&[
            before,
            &self.seq.to_be_bytes(),
            &self.at.as_millisecond().to_be_bytes(),
            self.who.as_bytes(),
            self.what.as_bytes(),
            self.subject.as_bytes(),
            &self.detail,
        ]))
    }
}

/// What the audit trail is to say of a transaction. The entries are collected while it runs and
/// written together at its end, because from there to the commit nobody else can write any.
#[derive(Default)]
pub(crate) struct AuditBatch(Vec<AuditEntry>);

impl AuditBatch {
    /// Adds an entry, which takes its place in the chain when the batch is written.
    pub(crate) fn add(&mut self, entry: AuditEntry) {
        self.0.push(entry);
    }

    /// Writes the entries, as the last step of their transaction; the trail's new end, if there were
    /// any.
    pub(crate) async fn write(
        mut self,
        connection: &mut Connection,
        seal: &Seal,
    ) -> Result<Option<TrailEnd>, StoreError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let added = self.0.len() as i64;
        let head = move_head(connection, added).await?;
        let mut seq = column::<i64>(&head, "seq")? - added;
        let mut hash = column::<Vec<u8>>(&head, "hash")?;
        for entry in &mut self.0 {
            seq += 1;
            entry.seq = seq;
            entry.hash = entry.hash_behind(seal, &hash).to_vec();
            hash.clone_from(&entry.hash);
        }
        for entries in self.0.chunks(ENTRIES_A_STATEMENT) {
            insert(connection, seal, entries).await?;
        }
        sqlx::query("UPDATE audit_head SET hash = $1").bind(&hash).execute(connection).await?;
        Ok(Some(TrailEnd { seq, hash }))
    }
}

async fn insert(
    connection: &mut Connection,
    seal: &Seal,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO audit (seq, at, who, what, subject, detail, hash) VALUES {}",
        places_of_rows(entries.len(), 7)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for entry in entries {
        let row = entry.seq.to_string();
        query = query
            .bind(entry.seq)
            .bind(entry.at.as_millisecond())
            .bind(&entry.who)
            .bind(&entry.what)
            .bind(&entry.subject)
            .bind(seal.seal(SealContext::new("audit", "detail", &row), &entry.detail)?)
            .bind(&entry.hash);
    }
    query.execute(connection).await?;
    Ok(())
}

/// Takes the end of the chain, its number as much further as entries are added; the hash is still
/// the one before them. The row is made at the very first entry.
async fn move_head(connection: &mut Connection, added: i64) -> Result<AnyRow, StoreError> {
    let further = "UPDATE audit_head SET seq = seq + $1 RETURNING seq, hash";
    if let Some(head) = sqlx::query(further).bind(added).fetch_optional(&mut *connection).await? {
        return Ok(head);
    }
    sqlx::query(
        "INSERT INTO audit_head (only_row, seq, hash) VALUES (1, 0, $1) \
         ON CONFLICT (only_row) DO NOTHING",
    )
    .bind(Vec::<u8>::new())
    .execute(&mut *connection)
    .await?;
    Ok(sqlx::query(further).bind(added).fetch_one(connection).await?)
}

/// An entry from its row.
pub(crate) fn entry_from(row: &AnyRow, seal: &Seal) -> Result<AuditEntry, StoreError> {
    let seq: i64 = column(row, "seq")?;
    let cell_row = seq.to_string();
    let detail = column::<Vec<u8>>(row, "detail")?;
    Ok(AuditEntry {
        seq,
        at: time(row, "at")?,
        who: column(row, "who")?,
        what: column(row, "what")?,
        subject: column(row, "subject")?,
        detail: seal.open_value(SealContext::new("audit", "detail", &cell_row), &detail)?,
        hash: column(row, "hash")?,
    })
}
