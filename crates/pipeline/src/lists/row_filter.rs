//! Which rows of a list are meant: an export of a whole store holds cables and boxes too.

use std::str::FromStr;

/// Only rows in which a column says this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFilter {
    /// The column's name or number.
    pub(super) column: String,
    /// What it says, in lower case.
    value: String,
}

impl FromStr for RowFilter {
    type Err = String;

    /// From `Part Category=Unit`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (column, value) =
            text.split_once('=').ok_or("write COLUMN=VALUE, such as \"Part Category=Unit\"")?;
        Ok(Self { column: column.trim().to_owned(), value: value.trim().to_lowercase() })
    }
}

impl RowFilter {
    /// Whether a row is meant whose cell holds this.
    pub(super) fn takes(&self, cell: &str) -> bool {
        cell.trim().to_lowercase() == self.value
    }
}
