//! Which columns are sealed. Whoever adds a column that may hold a serial adds it here: the check
//! opens every value that this list names, and a rotation of the keys seals it anew.

use crate::database::engine::Database;
use crate::database::error::StoreError;
use crate::database::row::column;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

/// The sealed columns of a table.
#[derive(Debug)]
pub(crate) struct SealedColumns {
    pub(crate) table: &'static str,
    /// The primary key; a number only in the audit trail.
    key: Key,
    columns: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
enum Key {
    Text(&'static str),
    Number(&'static str),
}

/// Every sealed column there is; the photos are sealed besides.
pub(crate) const SEALED: [SealedColumns; 7] = [
    SealedColumns {
        table: "scans",
        key: Key::Text("id"),
        columns: &["details", "judgement", "decision", "nothing_new", "proposal", "undo"],
    },
    SealedColumns {
        table: "terminals",
        key: Key::Text("device"),
        columns: &["serial", "merchant", "tid", "site", "replaces"],
    },
    SealedColumns { table: "steps", key: Key::Text("id"), columns: &["standing"] },
    SealedColumns {
        table: "deliveries",
        key: Key::Text("event_id"),
        columns: &["device_key", "event", "why", "answer"],
    },
    SealedColumns { table: "maintenance", key: Key::Text("id"), columns: &["entry"] },
    SealedColumns { table: "estate", key: Key::Text("serial_key"), columns: &["entry"] },
    SealedColumns { table: "audit", key: Key::Number("seq"), columns: &["detail"] },
];

/// A row's sealed values by their columns.
pub(crate) struct SealedRow {
    /// The primary key as text, as a cell names it.
    pub(crate) row: String,
    pub(crate) values: Vec<(&'static str, Vec<u8>)>,
}

/// How far a walk has come.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    text: String,
    number: i64,
}

impl SealedColumns {
    /// The next rows of a walk over the table, none at its end.
    pub(crate) async fn next(
        &self,
        database: &Database,
        walked: &mut Walked,
        most: i64,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let (Key::Text(key) | Key::Number(key)) = self.key;
        let (table, columns) = (self.table, self.columns.join(", "));
        let sql = format!(
            "SELECT {key} AS row_key, {columns} FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT $2"
        );
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = match self.key {
            Key::Text(_) => query.bind(walked.text.clone()),
            Key::Number(_) => query.bind(walked.number),
        };
        let rows = query.bind(most).fetch_all(database.reader()).await?;
        rows.iter().map(|row| self.row_from(row, walked)).collect()
    }

    fn row_from(&self, row: &AnyRow, walked: &mut Walked) -> Result<SealedRow, StoreError> {
        let key = match self.key {
            Key::Text(_) => {
                walked.text = column(row, "row_key")?;
                walked.text.clone()
            }
            Key::Number(_) => {
                walked.number = column(row, "row_key")?;
                walked.number.to_string()
            }
        };
        let mut values = Vec::with_capacity(self.columns.len());
        for name in self.columns {
            if let Some(value) = column::<Option<Vec<u8>>>(row, name)? {
                values.push((*name, value));
            }
        }
        Ok(SealedRow { row: key, values })
    }

    /// The statement that replaces a value: `$1` the new one, `$2` the row, `$3` the old one.
    pub(crate) fn replacing(&self, name: &str) -> String {
        let table = self.table;
        let found = match self.key {
            Key::Text(key) => format!("{key} = $2"),
            Key::Number(key) => format!("{key} = CAST($2 AS BIGINT)"),
        };
        format!("UPDATE {table} SET {name} = $1 WHERE {found} AND {name} = $3")
    }
}
