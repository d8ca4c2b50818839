//! What can go wrong, by what the caller can do about it.

use std::time::Duration;

/// How long a caller should wait before it tries again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// SQLite's primary result codes for a full disk, a busy and a locked database.
const SQLITE_FULL: i64 = 13;
const SQLITE_BUSY: [i64; 2] = [5, 6];

/// Why the store could not do what was asked. Nothing half-done is left behind, except photos
/// without a row, which are swept later.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The lease ran out and another has the work, or somebody decided in the meantime.
    #[error("the lease was lost: another has the work, or it is settled")]
    LeaseLost,
    /// Nothing has this id.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A person has already decided otherwise: who and what, without a whole serial.
    #[error("already decided: {0}")]
    AlreadyDecided(String),
    /// The registry was told, or something else happened to the terminal since.
    #[error("too late to undo: correct it instead")]
    UndoOver,
    /// What stands forbids this operation.
    #[error(transparent)]
    Forbidden(#[from] validate::terminal::Forbidden),
    /// What was handed in breaks a limit or contradicts itself.
    #[error("{0}")]
    Invalid(String),
    /// A list was asked for what comes after a place that is none of its own.
    #[error("after: send the `next` of the page before")]
    Cursor,
    /// The settings cannot work.
    #[error("{0}")]
    Settings(String),
    /// A newer program has changed the database's tables.
    #[error(
        "the database was changed by a newer labelscan (its change {found} is unknown here): \
         start that version, or restore a backup made before it"
    )]
    Newer {
        /// The first change that this program does not know.
        found: i64,
    },
    /// The disk or the store's place is full. What was there before is unharmed.
    #[error("no space left for {0}")]
    Full(&'static str),
    /// The database or the photos' place does not answer now.
    #[error("{what} does not answer now: {source}")]
    Unavailable {
        /// What does not answer.
        what: &'static str,
        /// How long to wait before trying again.
        retry_after: Duration,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was stored is not what is there now.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// A value was sealed with a key that the key file does not hold.
    #[error(
        "sealed with key {key}, which {file} does not hold: copy the file from where it was rotated"
    )]
    KeyMissing {
        /// The number of the key.
        key: u32,
        /// The key file.
        file: std::path::PathBuf,
    },
    /// A backup could not be read or written.
    #[error("the backup cannot be read or written: {0}")]
    Backup(#[from] std::io::Error),
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[source] sqlx::Error),
    /// The photos' place refused.
    #[error("the photos' place refused: {0}")]
    Photos(#[source] object_store::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                match kind(&code) {
                    Kind::Full => Self::Full("rows"),
                    Kind::Away => Self::unavailable("the database", error),
                    Kind::Other => Self::Database(error),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::unavailable("the database", error),
            sqlx::Error::ColumnDecode { .. } => Self::Damaged("a column of another type".into()),
            _ => Self::Database(error),
        }
    }
}

enum Kind {
    Full,
    Away,
    Other,
}

/// PostgreSQL has five characters (class 08: connection, 53: resources, 57P: shutting down, 55P03:
/// lock not available, 40: serialisation and deadlock), SQLite a number whose low byte counts.
fn kind(code: &str) -> Kind {
    if code.len() == 5 {
        return match code {
            "53100" => Kind::Full,
            "55P03" | "57014" => Kind::Away,
            _ if ["08", "53", "40"].contains(&&code[..2]) || code.starts_with("57P") => Kind::Away,
            _ => Kind::Other,
        };
    }
    match code.parse::<i64>().map(|code| code & 0xff) {
        Ok(SQLITE_FULL) => Kind::Full,
        Ok(code) if SQLITE_BUSY.contains(&code) => Kind::Away,
        _ => Kind::Other,
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        if is_full(&error) {
            return Self::Full("photos");
        }
        match error {
            object_store::Error::NotFound { .. } => Self::Damaged("a photo is missing".into()),
            object_store::Error::Generic { store, .. } if store != "LocalFileSystem" => {
                Self::unavailable("the photos' place", error)
            }
            other => Self::Photos(other),
        }
    }
}

fn is_full(error: &object_store::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind::{QuotaExceeded, StorageFull};
            return matches!(io.kind(), StorageFull | QuotaExceeded);
        }
        cause = error.source();
    }
    false
}

impl StoreError {
    pub(crate) fn unavailable(
        what: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Unavailable { what, retry_after: RETRY_AFTER, source: Box::new(source) }
    }

    /// Whether the same may work later, without anybody changing anything.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// A deadline of our own that has passed.
    pub(crate) fn late(what: &'static str) -> Self {
        Self::unavailable(what, std::io::Error::from(std::io::ErrorKind::TimedOut))
    }

    pub(crate) fn interrupted(what: &str) -> Self {
        Self::Backup(std::io::Error::other(format!("{what} was interrupted")))
    }

    /// The same for another who waited for the same commit.
    pub(crate) fn shared(&self) -> Self {
        match self {
            Self::Full(what) => Self::Full(what),
            other => Self::unavailable("the database", std::io::Error::other(other.to_string())),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::VersionMissing(found) => Self::Newer { found },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Settings(format!("the database cannot be brought up to date: {other}")),
        }
    }
}
