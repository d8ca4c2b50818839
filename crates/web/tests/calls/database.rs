//! The rows of a store, and which of them changed. What is sealed stays sealed, except the audit
//! trail's particulars: they are the record of who did what.

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Row as _, SqliteConnection, TypeInfo as _,
    ValueRef as _,
};
use std::collections::BTreeMap;
use std::path::Path;
use store::Store;

/// Columns that say nothing to a reader: hashes, keyed hashes, tokens of claims, numbers of entries,
/// how long something took, and when a key was last used.
const LEFT_OUT: [&str; 13] = [
    "device",
    "fence",
    "hash",
    "import",
    "look_key",
    "mark",
    "photos_sha256",
    "seq",
    "serial_key",
    "sha256",
    "took_ms",
    "used_at",
    "value_key",
];

/// A row's columns that have a value.
type Values = BTreeMap<String, String>;

/// Every row by its table and its place in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rows(BTreeMap<(String, i64), Values>);

impl Rows {
    /// Every row of the database in a file; times stand as seconds since `start`.
    pub(crate) async fn of(file: &Path, start: Timestamp) -> Self {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("the database");
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' \
             AND name NOT IN ('_sqlx_migrations', 'audit_head', 'probe') ORDER BY name";
        let tables: Vec<String> =
            sqlx::query_scalar(tables).fetch_all(&mut connection).await.expect("tables");
        let mut rows = BTreeMap::new();
        for table in tables {
            let sql = AssertSqlSafe(format!("SELECT rowid AS row, * FROM {table}"));
            for row in sqlx::query(sql).fetch_all(&mut connection).await.expect("rows") {
                rows.insert((table.clone(), row.get("row")), values(&table, &row, start));
            }
        }
        connection.close().await.expect("it was only read");
        Self(rows)
    }

    /// What changed since `before`, one line a row: `+` is new, `-` is gone, `~` is changed.
    pub(crate) async fn since(&self, before: &Self, store: &Store) -> Vec<String> {
        let gone = before.0.iter().filter(|(place, _)| !self.0.contains_key(*place));
        let gone = gone.map(|((table, _), values)| format!("- {table}: {}", listed(values)));
        let mut changed: Vec<_> = gone.collect();
        for (place, now) in &self.0 {
            let (table, row) = place;
            match before.0.get(place) {
                None if table == "audit" => {
                    let mut entry = now.clone();
                    entry
                        .insert("detail".to_owned(), detail_of(store, &now["subject"], *row).await);
                    changed.push(format!("+ audit: {}", listed(&entry)));
                }
                None => changed.push(format!("+ {table}: {}", listed(now))),
                Some(then) if then != now => {
                    changed.push(format!("~ {table}: {}", difference(then, now)));
                }
                Some(_) => {}
            }
        }
        changed
    }
}

fn listed(values: &Values) -> String {
    let each = values.iter().map(|(name, value)| format!("{name} {value}"));
    each.collect::<Vec<_>>().join(", ")
}

fn difference(then: &Values, now: &Values) -> String {
    let names: std::collections::BTreeSet<_> = then.keys().chain(now.keys()).collect();
    let value = |of: &Values, name: &str| of.get(name).map_or("nothing", |value| value).to_owned();
    let changed = names.into_iter().filter(|name| then.get(*name) != now.get(*name));
    let each =
        changed.map(|name| format!("{name} from {} to {}", value(then, name), value(now, name)));
    each.collect::<Vec<_>>().join(", ")
}

fn values(table: &str, row: &SqliteRow, start: Timestamp) -> Values {
    // A photo's name is that of its file.
    let is_file = |name: &str| name == "name" && table.ends_with("photos");
    let kept = |name: &str| name != "row" && !LEFT_OUT.contains(&name) && !is_file(name);
    let mut values = Values::new();
    for column in row.columns().iter().filter(|column| kept(column.name())) {
        let name = column.name();
        let raw = row.try_get_raw(name).expect("a value");
        if raw.is_null() {
            continue;
        }
        let kind = raw.type_info().name().to_owned();
        let value = match kind.as_str() {
            "BLOB" => format!("sealed:{:x}", crc(row.get::<&[u8], _>(name))),
            "INTEGER" if name == "at" || name.ends_with("_at") || name.ends_with("_until") => {
                let ms = row.get::<i64, _>(name) - start.as_millisecond();
                format!("{:+}s", ms / 1000)
            }
            "INTEGER" => row.get::<i64, _>(name).to_string(),
            _ => format!("{:?}", row.get::<String, _>(name)),
        };
        values.insert(name.to_owned(), value);
    }
    values
}

/// Tells one sealed value from another; equal texts are sealed differently each time.
fn crc(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The particulars of the audit trail's entry of this number, whose row has the same.
async fn detail_of(store: &Store, subject: &str, seq: i64) -> String {
    let after = (seq + 1).to_string();
    let page = store.history(&[subject.trim_matches('"')], Some(&after), 1).await;
    let entry = page.ok().and_then(|page| page.items.into_iter().find(|entry| entry.seq == seq));
    entry.map_or("unknown".to_owned(), |entry| String::from_utf8_lossy(&entry.detail).into_owned())
}
