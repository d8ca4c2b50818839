//! Rotating the keys: a new key seals from now on, and what older keys sealed is sealed anew, a few
//! values at a time, while the service goes on. Every value stays readable throughout: the old keys
//! open until nothing needs them. A rotation that is interrupted goes on where it was, because what
//! is done already shows in the values' headers.

use crate::database::error::StoreError;
use crate::database::row::{column, count};
use crate::photos::objects::blocking;
use crate::seal::columns::{SEALED, SealedColumns, SealedRow, Walked};
use crate::seal::context::SealContext;
use crate::seal::header::SealHeader;
use crate::seal::sealing::Seal;
use crate::store::Store;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;

/// Rows that are sealed anew in one transaction, and photo names that are read at once.
const ROWS_AT_ONCE: i64 = 200;

/// How much was sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Values in rows.
    pub values: u64,
    /// Photos.
    pub photos: u64,
}

/// Which keys there are and what they seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealUse {
    /// The key that seals.
    pub current: u32,
    /// Every key of the file, and how many values and photos of this store need it.
    pub keys: BTreeMap<u32, u64>,
}

impl SealUse {
    /// True if nothing needs an older key.
    pub fn is_settled(&self) -> bool {
        self.keys.iter().all(|(key, needed)| *key == self.current || *needed == 0)
    }
}

impl Store {
    /// Adds a key to the key file, which seals from now on, in every process that uses the file.
    /// [`Store::reseal`] does the rest. Returns the key's number.
    ///
    /// # Errors
    /// [`StoreError::Settings`] if encryption is off or the file cannot be written.
    pub async fn add_seal_key(&self) -> Result<u32, StoreError> {
        let seal = self.seal.clone();
        let locked = blocking("locking the key file", move || {
            let off = || StoreError::Settings("encryption is off: there are no keys".into());
            seal.file().ok_or_else(off)?.lock()
        })
        .await?;
        let number = self.new_key_number(locked.free_number()).await?;
        blocking("writing the key file", move || locked.add(number)).await?;
        Ok(number)
    }

    /// A number from `least` on that no node has given to a key of this data: nodes may have key
    /// files of their own. One that is given out and then not used is missing, which harms nobody.
    async fn new_key_number(&self, least: u32) -> Result<u32, StoreError> {
        let row = sqlx::query(
            "INSERT INTO seal_keys (number) SELECT CASE WHEN COALESCE(MAX(number), 0) >= $1 \
             THEN MAX(number) + 1 ELSE $1 END FROM seal_keys RETURNING number",
        )
        .bind(i64::from(least))
        .fetch_one(self.database.writer())
        .await?;
        count(&row, "number")
    }

    /// Which key each value and photo needs. Reads them all.
    ///
    /// # Errors
    /// If the database or the photos' place does not answer.
    pub async fn seal_use(&self) -> Result<Option<SealUse>, StoreError> {
        let Some(keys) = self.seal.file().map(|file| file.keys()) else { return Ok(None) };
        let mut needed: BTreeMap<u32, u64> = keys.numbers().map(|number| (number, 0)).collect();
        let mut count = |stored: &[u8]| {
            // What is not sealed at all is for `check` to tell.
            if let Some(key) = SealHeader::key_of(stored) {
                *needed.entry(key).or_default() += 1;
            }
        };
        for table in &SEALED {
            let mut walked = Walked::default();
            loop {
                let rows = table.next(&self.database, &mut walked, ROWS_AT_ONCE).await?;
                if rows.is_empty() {
                    break;
                }
                rows.iter().flat_map(|row| &row.values).for_each(|(_, value)| count(value));
            }
        }
        let mut after = String::new();
        while let Some(names) = self.photo_names(&mut after).await? {
            for name in names {
                if let Some(start) = self.photos.start_of(&name).await? {
                    count(&start);
                }
            }
        }
        Ok(Some(SealUse { current: keys.current(), keys: needed }))
    }

    /// Seals everything with the newest key that an older one sealed, and says how much that was.
    /// After a run that found nothing, nothing needs an older key.
    ///
    /// # Errors
    /// If a value cannot be opened, or the database or the photos' place does not answer; what was
    /// done by then stays done.
    pub async fn reseal(&self) -> Result<Rotated, StoreError> {
        let mut rotated = Rotated::default();
        let Some(current) = self.seal.file().map(|file| file.keys().current()) else {
            return Ok(rotated);
        };
        for table in &SEALED {
            let mut walked = Walked::default();
            loop {
                let rows = table.next(&self.database, &mut walked, ROWS_AT_ONCE).await?;
                if rows.is_empty() {
                    break;
                }
                rotated.values += self.reseal_rows(table, &rows, current).await?;
            }
        }
        let mut after = String::new();
        while let Some(names) = self.photo_names(&mut after).await? {
            for name in names {
                rotated.photos += u64::from(self.reseal_photo(&name, current).await?);
            }
        }
        Ok(rotated)
    }

    async fn reseal_rows(
        &self,
        table: &SealedColumns,
        rows: &[SealedRow],
        current: u32,
    ) -> Result<u64, StoreError> {
        let mut anew = Vec::new();
        for row in rows {
            for (name, old) in row.values.iter().filter(|(_, value)| is_older(value, current)) {
                let cell = SealContext::new(table.table, name, &row.row);
                anew.push((*name, &row.row, old, reseal(&self.seal, cell, old)?));
            }
        }
        if anew.is_empty() {
            return Ok(0);
        }
        let mut transaction = self.database.begin().await?;
        let mut replaced = 0;
        for (name, row, old, new) in anew {
            // A value that was written meanwhile was sealed with the new key.
            let changed = sqlx::query(AssertSqlSafe(table.replacing(name)))
                .bind(new)
                .bind(row)
                .bind(old.as_slice())
                .execute(&mut *transaction)
                .await?;
            replaced += changed.rows_affected();
        }
        transaction.commit().await?;
        Ok(replaced)
    }

    /// A photo keeps its name and is replaced as a whole. If its time ends meanwhile, what is written
    /// here has no row and is swept.
    async fn reseal_photo(&self, name: &str, current: u32) -> Result<bool, StoreError> {
        let Some(start) = self.photos.start_of(name).await? else { return Ok(false) };
        if !is_older(&start, current) {
            return Ok(false);
        }
        self.photos.replace(name, self.photos.get(name).await?).await?;
        Ok(true)
    }

    /// The next names of photos that are kept.
    pub(crate) async fn photo_names(
        &self,
        after: &mut String,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let rows =
            sqlx::query("SELECT name FROM photos_kept WHERE name > $1 ORDER BY name LIMIT $2")
                .bind(after.clone())
                .bind(ROWS_AT_ONCE)
                .fetch_all(self.database.reader())
                .await?;
        let names: Vec<String> =
            rows.iter().map(|row| column(row, "name")).collect::<Result<_, _>>()?;
        let Some(last) = names.last() else { return Ok(None) };
        after.clone_from(last);
        Ok(Some(names))
    }
}

fn is_older(stored: &[u8], current: u32) -> bool {
    SealHeader::key_of(stored).is_some_and(|key| key != current)
}

fn reseal(seal: &Seal, cell: SealContext<'_>, old: &[u8]) -> Result<Vec<u8>, StoreError> {
    seal.seal(cell, &seal.open_value(cell, old)?)
}
