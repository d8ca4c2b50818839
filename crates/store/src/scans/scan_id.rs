//! How a scan is named.

use crate::database::error::StoreError;
use crate::database::row::column;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The id of a scan, made by the caller. Use UUIDs of version 7: ids then sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScanId(Uuid);

impl From<Uuid> for ScanId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<ScanId> for Uuid {
    fn from(id: ScanId) -> Self {
        id.0
    }
}

impl fmt::Display for ScanId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(out)
    }
}

impl FromStr for ScanId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A scan's id from a column.
pub(crate) fn id_in(row: &AnyRow, name: &str) -> Result<ScanId, StoreError> {
    column::<String>(row, name)?
        .parse()
        .map_err(|_| StoreError::Damaged("an id that is no UUID".into()))
}
