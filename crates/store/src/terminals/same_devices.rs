//! What the numbers that devices share tell: which are no serials, and which terminals are probably
//! one device.

use crate::database::error::StoreError;
use crate::database::row::{column, named, places};
use crate::estate::expected::KEYS_AT_ONCE;
use crate::seal::context::{IndexDomain, SealContext};
use crate::store::Store;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeSet, HashMap};
use validate::IdentifierKind;

/// Two terminals whose labels carry the same number of a kind that no two devices share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameDevice {
    /// The kind of number.
    pub kind: IdentifierKind,
    /// The serials of the two.
    pub serials: [String; 2],
}

impl Store {
    /// Those of the values that the labels of two devices carry, named as something else.
    pub(crate) async fn seen_on_two_devices(
        &self,
        values: &BTreeSet<String>,
    ) -> Result<Vec<String>, StoreError> {
        let mut by_key: HashMap<String, &String> = values
            .iter()
            .map(|value| (self.seal.blind(IndexDomain::Number, value), value))
            .collect();
        let keys: Vec<String> = by_key.keys().cloned().collect();
        let mut seen = Vec::new();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let sql = format!(
                "SELECT value_key FROM beside WHERE value_key IN ({}) \
                 GROUP BY value_key HAVING COUNT(*) > 1",
                places(keys.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for key in keys {
                query = query.bind(key.clone());
            }
            for row in query.fetch_all(self.database.reader()).await? {
                seen.extend(by_key.remove(&column::<String>(&row, "value_key")?).cloned());
            }
        }
        Ok(seen)
    }

    /// Terminals that are probably one device under two serials: their labels carry the same IMEI,
    /// MEID, MAC or TUSN. At most as many as a listing may return.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn same_devices(&self) -> Result<Vec<SameDevice>, StoreError> {
        let rows = sqlx::query(
            "SELECT one.kind AS kind, a.device AS a_device, a.serial AS a_serial, \
             b.device AS b_device, b.serial AS b_serial FROM beside one \
             JOIN beside other ON other.value_key = one.value_key AND other.device > one.device \
             JOIN terminals a ON a.device = one.device JOIN terminals b ON b.device = other.device \
             WHERE one.kind IN ('imei', 'meid', 'mac', 'tusn') ORDER BY a.device, b.device LIMIT $1",
        )
        .bind(self.limits.rows(0))
        .fetch_all(self.database.reader())
        .await?;
        let mut found: Vec<SameDevice> = Vec::new();
        for row in &rows {
            let serial = |device: &str, serial: &str| {
                let device: String = column(row, device)?;
                let cell = SealContext::new("terminals", "serial", &device);
                self.seal.open_text(cell, &column::<Vec<u8>>(row, serial)?)
            };
            let serials = [serial("a_device", "a_serial")?, serial("b_device", "b_serial")?];
            // Both numbers of a device with two, say, tell of the same pair.
            if found.last().is_none_or(|last| last.serials != serials) {
                found.push(SameDevice { kind: named(row, "kind")?, serials });
            }
        }
        Ok(found)
    }
}
