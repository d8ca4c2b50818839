//! Where a serial stands in the list of expected ones, which a page names as what the next one comes
//! after. It holds when that serial is taken off the list in the meantime.

use crate::database::error::StoreError;
use crate::database::row::column;
use sqlx::any::AnyRow;
use std::fmt;

/// A place in the list, or before all of them.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) added_at_ms: i64,
    pub(super) place: i64,
    pub(super) serial_key: String,
}

impl Default for Place {
    fn default() -> Self {
        Self { added_at_ms: i64::MIN, place: i64::MIN, serial_key: String::new() }
    }
}

impl Place {
    pub(super) fn of(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            added_at_ms: column(row, "added_at")?,
            place: column(row, "place")?,
            serial_key: column(row, "serial_key")?,
        })
    }

    pub(super) fn parse(cursor: &str) -> Result<Self, StoreError> {
        let mut parts = cursor.splitn(3, '.');
        let mut part = || parts.next().ok_or(StoreError::Cursor);
        let number = |text: &str| text.parse().map_err(|_| StoreError::Cursor);
        Ok(Self {
            added_at_ms: number(part()?)?,
            place: number(part()?)?,
            serial_key: part()?.to_owned(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.added_at_ms, self.place, self.serial_key)
    }
}
