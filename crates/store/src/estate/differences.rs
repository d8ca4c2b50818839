//! Where the list of expected serials and the terminals that were seen do not agree, without opening
//! what does: the blind keys tell which those are.

use crate::database::error::StoreError;
use crate::database::row::{column, count, places};
use crate::estate::expected::{ALIKE_MAX, KEYS_AT_ONCE, awaited_from};
use crate::seal::context::{IndexDomain, SealContext};
use crate::store::Store;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use validate::look;

/// The serials that stand on one side only, and those that look like one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EstateDifferences {
    /// How many expected ones were not seen.
    pub missing: u64,
    /// How many that were seen are not expected.
    pub unexpected: u64,
    /// Expected: the first that were not seen, and what looks like an unexpected one.
    pub expected: Vec<String>,
    /// Seen: the first that are not expected, and what looks like one of them.
    pub seen: Vec<String>,
}

impl Store {
    /// Holds the list against the terminals. Of each side at most as many as a listing may return.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn estate_differences(&self) -> Result<EstateDifferences, StoreError> {
        const MISSING: &str = "FROM estate e WHERE NOT EXISTS \
             (SELECT 1 FROM terminals t WHERE t.serial_key = e.serial_key)";
        const UNEXPECTED: &str = "FROM terminals t WHERE NOT EXISTS \
             (SELECT 1 FROM estate e WHERE e.serial_key = t.serial_key)";
        let counted = async |what: &str| -> Result<u64, StoreError> {
            let sql = AssertSqlSafe(format!("SELECT COUNT(*) AS n {what}"));
            count(&sqlx::query(sql).fetch_one(self.database.reader()).await?, "n")
        };
        let mut found = EstateDifferences {
            missing: counted(MISSING).await?,
            unexpected: counted(UNEXPECTED).await?,
            ..EstateDifferences::default()
        };
        let most = self.limits.rows(0);
        let sql = format!(
            "SELECT serial_key, entry, added_at {MISSING} \
             ORDER BY added_at, place, serial_key LIMIT {most}"
        );
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(self.database.reader()).await? {
            found.expected.push(awaited_from(&row, &self.seal)?.expected.serial);
        }
        let sql = format!(
            "SELECT device, serial {UNEXPECTED} ORDER BY created_at DESC, device DESC LIMIT {most}"
        );
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(self.database.reader()).await? {
            let device: String = column(&row, "device")?;
            let cell = SealContext::new("terminals", "serial", &device);
            found.seen.push(self.seal.open_text(cell, &column::<Vec<u8>>(&row, "serial")?)?);
        }
        self.add_alike(&mut found).await?;
        Ok(found)
    }

    /// Adds the expected serials that look like an unexpected one, on both sides if it was seen too.
    async fn add_alike(&self, found: &mut EstateDifferences) -> Result<(), StoreError> {
        let looks: BTreeSet<String> = found
            .seen
            .iter()
            .map(|serial| self.seal.blind(IndexDomain::Look, &look(serial)))
            .collect();
        let looks: Vec<String> = looks.into_iter().collect();
        for looks in looks.chunks(KEYS_AT_ONCE) {
            let sql = format!(
                "SELECT serial_key, entry, added_at, (SELECT COUNT(*) FROM terminals t \
                 WHERE t.serial_key = e.serial_key) AS seen FROM estate e \
                 WHERE look_key IN ({}) LIMIT {ALIKE_MAX}",
                places(looks.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for look in looks {
                query = query.bind(look.clone());
            }
            for row in query.fetch_all(self.database.reader()).await? {
                let serial = awaited_from(&row, &self.seal)?.expected.serial;
                if count::<u64>(&row, "seen")? > 0 {
                    found.seen.push(serial.clone());
                    found.expected.push(serial);
                } else if !found.expected.contains(&serial) {
                    found.expected.push(serial);
                }
            }
        }
        Ok(())
    }
}
