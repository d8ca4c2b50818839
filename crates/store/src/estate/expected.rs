//! The serials that are expected: up to a million, sealed like every other, found by a blind key of
//! the serial and by one of its look.
//!
//! An import is written in batches, so that uploads go on meanwhile. One that replaces the list
//! removes what it did not name at its very end: until then more is expected rather than less, and
//! an import that is interrupted is simply made again. A judge never gets the whole list: a photo
//! asks for the few serials that it may show.

use crate::database::connection::Connection;
use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::row::{column, count, places, places_of_rows, time};
use crate::database::tx::{Tx, WriteContext};
use crate::estate::place::Place;
use crate::seal::context::{IndexDomain, SealContext};
use crate::seal::sealing::Seal;
use crate::store::Store;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use validate::{Estate, EstateMode, look};

/// Rows of one transaction of an import: a few milliseconds in which nobody else writes.
const ROWS_AT_ONCE: usize = 1_000;
/// What was staged so long ago is of an import that was cut off.
const STAGED_MS_MAX: i64 = 86_400_000;
/// Keys of one look-up.
pub(crate) const KEYS_AT_ONCE: usize = 500;
/// Serials of one look that a photo is compared with. Where more look alike they tell nothing apart.
pub(crate) const ALIKE_MAX: i64 = 5_000;
/// What the audit trail calls the list.
const SUBJECT: &str = "estate";

/// A terminal that is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The serial in canonical form.
    pub serial: String,
    /// What else the list says of it, such as its model, by name.
    #[serde(flatten)]
    pub said: BTreeMap<String, String>,
}

/// A terminal that is expected, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// What the list says.
    pub expected: Expected,
    /// When it was imported first.
    pub added_at: Timestamp,
}

/// An import as a whole.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its id, made by the caller.
    pub id: String,
    /// Whether what it does not name is expected no more.
    pub replace: bool,
    /// Who imports.
    pub by: String,
}

/// What an import did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Serials that were not expected before.
    pub added: u64,
    /// Serials that were.
    pub known: u64,
    /// Serials that are expected no more.
    pub removed: u64,
}

impl Store {
    /// Adds terminals to the list. What it says of one that stands there already is replaced. The
    /// list is staged first, and takes its place in one transaction: it is there as a whole or not.
    ///
    /// # Errors
    /// If the database does not answer or is full; nothing of the list is expected then.
    pub async fn import_estate(
        &self,
        list: &[Expected],
        import: &Import,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        let context = WriteContext::new(&import.by, now);
        sqlx::query("DELETE FROM estate_staged WHERE staged_at < $1")
            .bind(now.as_millisecond().saturating_sub(STAGED_MS_MAX))
            .execute(self.database.writer())
            .await?;
        for (at, batch) in list.chunks(ROWS_AT_ONCE).enumerate() {
            let mut rows = BTreeMap::new();
            for (place, expected) in batch.iter().enumerate() {
                let place = (at * ROWS_AT_ONCE + place) as i64;
                let key = self.seal.blind(IndexDomain::Serial, &expected.serial);
                rows.insert(key, Row { expected, place });
            }
            let mut tx = self.begin(context).await?;
            stage(&mut tx, &rows, &import.id).await?;
            tx.commit().await?;
        }
        let mut tx = self.begin(context).await?;
        let done = take_place(&mut tx, list.len() as u64, import).await?;
        tx.audit("estate.imported", SUBJECT, &done)?;
        tx.commit().await?;
        Ok(done)
    }

    /// What [`Store::import_estate`] would add, changing nothing.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn preview_estate(
        &self,
        list: &[Expected],
        replace: bool,
    ) -> Result<Imported, StoreError> {
        let mut known_keys = HashSet::new();
        let mut distinct = HashSet::with_capacity(list.len());
        let mut connection = self.database.reader().acquire().await?;
        for batch in list.chunks(ROWS_AT_ONCE) {
            let keys: BTreeSet<String> =
                batch.iter().map(|it| self.seal.blind(IndexDomain::Serial, &it.serial)).collect();
            known_keys.extend(known(&mut connection, keys.iter()).await?);
            distinct.extend(keys);
        }
        drop(connection);
        let stood = known_keys.len() as u64;
        let added = distinct.len() as u64 - stood;
        let removed = if replace { self.estate_count().await? - stood } else { 0 };
        Ok(Imported { added, known: list.len() as u64 - added, removed })
    }

    /// How many terminals are expected.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn estate_count(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS n FROM estate");
        count(&row.fetch_one(self.database.reader()).await?, "n")
    }

    /// A page of the expected terminals, in the order in which they were imported; only those whose
    /// serial contains `part` if it is given, which opens one after the other: a page that holds fewer
    /// than `most` and has a next one looked at `search_rows_max`.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data; [`StoreError::Cursor`] for the `after`
    /// of another list.
    pub async fn estate(
        &self,
        part: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Page<Awaited>, StoreError> {
        let most = self.limits.rows(most);
        let at_once = if part.is_empty() { most + 1 } else { self.limits.rows(0) };
        let mut at = after.map(Place::parse).transpose()?.unwrap_or_default();
        let (mut found, mut looked_at, mut ended) = (Vec::new(), 0, false);
        while found.len() as i64 <= most && looked_at < self.limits.search_rows_max && !ended {
            let rows = sqlx::query(
                "SELECT serial_key, entry, added_at, place FROM estate \
                 WHERE (added_at, place, serial_key) > ($1, $2, $3) \
                 ORDER BY added_at, place, serial_key LIMIT $4",
            )
            .bind(at.added_at_ms)
            .bind(at.place)
            .bind(at.serial_key.clone())
            .bind(at_once)
            .fetch_all(self.database.reader())
            .await?;
            ended = (rows.len() as i64) < at_once;
            looked_at += rows.len() as u64;
            for row in &rows {
                at = Place::of(row)?;
                let awaited = awaited_from(row, &self.seal)?;
                if awaited.expected.serial.contains(part) {
                    found.push((awaited, at.clone()));
                }
            }
        }
        let page = Page::of(found, most, |(_, at)| at.to_string());
        let next = page.next.clone().or((!ended).then(|| at.to_string()));
        Ok(Page { next, ..page.map(|(awaited, _)| awaited) })
    }

    /// Takes terminals, by their canonical serials, off the list; answers how many stood there.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn remove_from_estate(
        &self,
        serials: &[String],
        context: WriteContext<'_>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin(context).await?;
        let mut removed = Vec::new();
        for serial in serials {
            let done = sqlx::query("DELETE FROM estate WHERE serial_key = $1")
                .bind(self.seal.blind(IndexDomain::Serial, serial))
                .execute(&mut *tx.connection)
                .await?;
            if done.rows_affected() > 0 {
                removed.push(serial);
            }
        }
        if !removed.is_empty() {
            tx.audit("estate.removed", SUBJECT, &removed)?;
        }
        tx.commit().await?;
        Ok(removed.len() as u64)
    }

    /// What a judge must know of the list, and of numbers seen before, to judge a photo that shows
    /// these values.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn estate_for(
        &self,
        mode: EstateMode,
        values: &BTreeSet<String>,
    ) -> Result<Estate, StoreError> {
        let expected = match mode {
            EstateMode::Off => Vec::new(),
            EstateMode::Helpful | EstateMode::Required => self.resembling(values).await?,
        };
        let stands = expected.iter().collect::<HashSet<_>>();
        let seen = self.seen_on_two_devices(values).await?;
        let part_numbers: Vec<String> =
            seen.into_iter().filter(|value| !stands.contains(value)).collect();
        let makers = self.makers(values).await?;
        Ok(Estate::new(mode, expected).with_part_numbers(part_numbers).with_makers(makers))
    }

    /// The makers of those values that are the serial of one known terminal.
    async fn makers(
        &self,
        values: &BTreeSet<String>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let by_key: HashMap<String, &String> = values
            .iter()
            .map(|value| (self.seal.blind(IndexDomain::Serial, value), value))
            .collect();
        let keys: Vec<&String> = by_key.keys().collect();
        let mut makers = HashMap::new();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let sql = format!(
                "SELECT serial_key, MIN(vendor) AS maker FROM terminals WHERE serial_key IN ({}) \
                 GROUP BY serial_key HAVING COUNT(*) = 1",
                places(keys.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for key in keys {
                query = query.bind((*key).clone());
            }
            for row in query.fetch_all(self.database.reader()).await? {
                let value = by_key[&column::<String>(&row, "serial_key")?].clone();
                makers.insert(value, column(&row, "maker")?);
            }
        }
        Ok(makers)
    }

    /// The expected serials that look like one of the values. Where too many do, only those that are
    /// one of them.
    async fn resembling(&self, values: &BTreeSet<String>) -> Result<Vec<String>, StoreError> {
        let looks: BTreeSet<String> =
            values.iter().map(|value| self.seal.blind(IndexDomain::Look, &look(value))).collect();
        let found = self.entries("look_key", &looks).await?;
        if found.len() as i64 <= ALIKE_MAX {
            return Ok(found);
        }
        let keys = values.iter().map(|value| self.seal.blind(IndexDomain::Serial, value)).collect();
        self.entries("serial_key", &keys).await
    }

    async fn entries(&self, by: &str, keys: &BTreeSet<String>) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        let keys: Vec<&String> = keys.iter().collect();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let sql = format!(
                "SELECT serial_key, entry, added_at FROM estate WHERE {by} IN ({}) LIMIT {}",
                places(keys.len()),
                ALIKE_MAX + 1
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for key in keys {
                query = query.bind((*key).clone());
            }
            for row in query.fetch_all(self.database.reader()).await? {
                found.push(awaited_from(&row, &self.seal)?.expected.serial);
            }
        }
        Ok(found)
    }
}

/// What is written of an expected terminal.
pub(crate) struct Row<'a> {
    pub(crate) expected: &'a Expected,
    /// Its place in the list.
    pub(crate) place: i64,
}

/// Those of the keys that stand on the list.
async fn known(
    connection: &mut Connection,
    keys: impl ExactSizeIterator<Item = &String>,
) -> Result<Vec<String>, StoreError> {
    let sql = format!("SELECT serial_key FROM estate WHERE serial_key IN ({})", places(keys.len()));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for key in keys {
        query = query.bind(key.clone());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| column(row, "serial_key")).collect()
}

/// Puts rows aside until all of an import are there.
async fn stage(
    tx: &mut Tx<'_>,
    rows: &BTreeMap<String, Row<'_>>,
    import: &str,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO estate_staged (serial_key, look_key, entry, import, staged_at, place) \
         VALUES {} ON CONFLICT (import, serial_key) DO UPDATE SET entry = excluded.entry",
        places_of_rows(rows.len(), 6)
    );
    bound(tx, &sql, rows, import)?.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Makes the staged rows of an import, of a list of so many lines, those that are expected. Rows are
/// written in the order of their keys, so that two imports at once wait for each other rather than in
/// a circle.
async fn take_place(tx: &mut Tx<'_>, lines: u64, import: &Import) -> Result<Imported, StoreError> {
    let added = sqlx::query(
        "SELECT COUNT(*) AS n FROM estate_staged s WHERE s.import = $1 \
         AND NOT EXISTS (SELECT 1 FROM estate e WHERE e.serial_key = s.serial_key)",
    )
    .bind(import.id.clone())
    .fetch_one(&mut *tx.connection)
    .await?;
    let added = count(&added, "n")?;
    sqlx::query(
        "INSERT INTO estate (serial_key, look_key, entry, import, added_at, place) \
         SELECT serial_key, look_key, entry, import, CAST($2 AS BIGINT), place FROM estate_staged \
         WHERE import = $1 ORDER BY serial_key ON CONFLICT (serial_key) \
         DO UPDATE SET entry = excluded.entry, import = excluded.import",
    )
    .bind(import.id.clone())
    .bind(tx.now.as_millisecond())
    .execute(&mut *tx.connection)
    .await?;
    let mut removed = 0;
    if import.replace {
        let others = sqlx::query("DELETE FROM estate WHERE import <> $1")
            .bind(import.id.clone())
            .execute(&mut *tx.connection)
            .await?;
        removed = others.rows_affected();
    }
    sqlx::query("DELETE FROM estate_staged WHERE import = $1")
        .bind(import.id.clone())
        .execute(&mut *tx.connection)
        .await?;
    Ok(Imported { added, known: lines - added, removed })
}

/// Writes rows by their keys; answers the keys of those that were written. What stands there stays.
pub(crate) async fn insert_new(
    tx: &mut Tx<'_>,
    rows: &BTreeMap<String, Row<'_>>,
    import: &str,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "INSERT INTO estate (serial_key, look_key, entry, import, added_at, place) VALUES {} \
         ON CONFLICT (serial_key) DO NOTHING RETURNING serial_key",
        places_of_rows(rows.len(), 6)
    );
    let written = bound(tx, &sql, rows, import)?.fetch_all(&mut *tx.connection).await?;
    written.iter().map(|row| column(row, "serial_key")).collect()
}

/// A statement with the six values of each row.
fn bound<'q>(
    tx: &Tx<'_>,
    sql: &str,
    rows: &BTreeMap<String, Row<'_>>,
    import: &str,
) -> Result<Query<'q, Any, AnyArguments>, StoreError> {
    let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    for (key, Row { expected, place }) in rows {
        query = query
            .bind(key.clone())
            .bind(tx.seal.blind(IndexDomain::Look, &look(&expected.serial)))
            .bind(tx.seal.seal_json(SealContext::new("estate", "entry", key), expected)?)
            .bind(import.to_owned())
            .bind(tx.now.as_millisecond())
            .bind(*place);
    }
    Ok(query)
}

/// An expected terminal from its row.
pub(crate) fn awaited_from(row: &AnyRow, seal: &Seal) -> Result<Awaited, StoreError> {
    let key: String = column(row, "serial_key")?;
    let cell = SealContext::new("estate", "entry", &key);
    Ok(Awaited {
        expected: seal.open_json(cell, &column::<Vec<u8>>(row, "entry")?)?,
        added_at: time(row, "added_at")?,
    })
}
