//! One database behind one query text: SQLite or PostgreSQL through `sqlx::Any`.
//!
//! On SQLite one connection writes and several read: a second writer could only wait. Every write
//! begins with `BEGIN IMMEDIATE`, because a transaction that reads first and writes later can be
//! refused halfway.

use crate::database::connection::{Connections, Transaction};
use crate::database::error::StoreError;
use crate::settings::Limits;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Executor, SqlSafeStr};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every change of the tables, oldest first. A change that was released is never edited.
const CHANGES: [(i64, &str, &str); 13] = [
    (1, "first", include_str!("../../migrations/0001_first.sql")),
    (2, "operations", include_str!("../../migrations/0002_operations.sql")),
    (3, "sealed", include_str!("../../migrations/0003_sealed.sql")),
    (4, "console", include_str!("../../migrations/0004_console.sql")),
    (5, "estate", include_str!("../../migrations/0005_estate.sql")),
    (6, "identity", include_str!("../../migrations/0006_identity.sql")),
    (7, "first come", include_str!("../../migrations/0007_first_come.sql")),
    (8, "sign-in at the company", include_str!("../../migrations/0008_oidc.sql")),
    (9, "maintenance photos", include_str!("../../migrations/0009_maintenance_photos.sql")),
    (10, "standing", include_str!("../../migrations/0010_standing.sql")),
    (11, "seal keys", include_str!("../../migrations/0011_seal_keys.sql")),
    (12, "order of events", include_str!("../../migrations/0012_order.sql")),
    (13, "lists that are being imported", include_str!("../../migrations/0013_staged.sql")),
];

/// WAL with synchronous=FULL: a commit is on the disk when it returns, and readers never wait for
/// the writer.
const SQLITE_WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;";
const SQLITE_READER: &str =
    "PRAGMA query_only = ON; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;";
/// Takes the right to write at once: a transaction that reads first can be refused halfway.
const SQLITE_BEGIN: &str = "BEGIN IMMEDIATE";
/// A statement that hangs must not keep its connection for good.
const POSTGRES_SESSION: &str = "SET statement_timeout = '9s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '20s';";

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The pools of connections.
#[derive(Clone)]
pub(crate) struct Database {
    engine: Engine,
    writer: Connections,
    reader: Connections,
    begin: &'static str,
    file: Option<DatabaseFile>,
}

impl Database {
    pub(crate) async fn open(address: &str, limits: &Limits) -> Result<Self, StoreError> {
        install_default_drivers();
        let database = match address.split_once("://") {
            Some(("sqlite", path)) => Self::open_sqlite(path, limits).await?,
            Some(("postgres" | "postgresql", _)) => {
                let pool = pool(address, POSTGRES_SESSION, limits.connections_max, limits).await?;
                let engine = Engine::Postgres;
                let connections = connections(pool, engine, limits);
                let (writer, reader) = (connections.clone(), connections);
                Self { engine, writer, reader, begin: "BEGIN", file: None }
            }
            _ => {
                return Err(StoreError::Settings(
                    "the database must be sqlite://PATH or postgres://…".into(),
                ));
            }
        };
        database.migrate().await?;
        Ok(database)
    }

    async fn open_sqlite(path: &str, limits: &Limits) -> Result<Self, StoreError> {
        if path.is_empty() || path.starts_with(":memory:") || path.contains('?') {
            return Err(StoreError::Settings(
                "the database must be sqlite://PATH: a file, without options".into(),
            ));
        }
        if let Some(folder) = Path::new(path).parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                StoreError::Settings(format!("{} cannot be created: {error}", folder.display()))
            })?;
        }
        let file = path.replace('%', "%25").replace('#', "%23");
        if !Path::new(path).exists() {
            pool(&format!("sqlite://{file}?mode=rwc"), SQLITE_WRITER, 1, limits)
                .await?
                .close()
                .await;
        }
        // A file that went away is never made anew behind the back of a service that runs.
        let address = format!("sqlite://{file}?mode=rw");
        let writer = pool(&address, SQLITE_WRITER, 1, limits).await?;
        let reader = pool(&address, SQLITE_READER, limits.connections_max, limits).await?;
        let engine = Engine::Sqlite;
        Ok(Self {
            engine,
            writer: connections(writer, engine, limits),
            reader: connections(reader, engine, limits),
            begin: SQLITE_BEGIN,
            file: Some(DatabaseFile::open(path)?),
        })
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let changes = CHANGES.map(|(version, name, sql)| {
            let sql = match self.engine {
                Engine::Sqlite => sql.into_sql_str(),
                Engine::Postgres => AssertSqlSafe(sql.replace("BLOB", "BYTEA")).into_sql_str(),
            };
            Migration::new(version, name.into(), MigrationType::Simple, sql, false)
        });
        Ok(Migrator::with_migrations(changes.into()).run(self.writer.without_deadlines()).await?)
    }

    /// Begins a transaction that may write. Await nothing but it before it ends.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        self.file.as_ref().map_or(Ok(()), DatabaseFile::ensure_in_place)?;
        Ok(self.writer.begin(self.begin).await?)
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// For queries outside of a transaction that only read.
    pub(crate) fn reader(&self) -> &Connections {
        &self.reader
    }

    /// For single statements that write.
    pub(crate) fn writer(&self) -> &Connections {
        &self.writer
    }

    /// What a claim adds to its selection, so that nodes do not wait for each other's rows.
    pub(crate) fn skip_locked(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "",
            Engine::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// The file that was opened. Whoever removes or replaces it takes the rows with it: what is written
/// from then on lands in a file that no name leads to.
#[derive(Clone, Debug)]
struct DatabaseFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl DatabaseFile {
    fn open(path: &str) -> Result<Self, StoreError> {
        let path = PathBuf::from(path);
        let gone = |error| StoreError::unavailable("the database", error);
        let identity = identity(&path).map_err(gone)?;
        Ok(Self { path, identity })
    }

    fn ensure_in_place(&self) -> Result<(), StoreError> {
        match identity(&self.path) {
            Ok(identity) if identity == self.identity => Ok(()),
            _ => {
                let why = format!("{} was removed or replaced", self.path.display());
                Err(StoreError::unavailable("the database", io::Error::other(why)))
            }
        }
    }
}

/// The device and the number of a file on it.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

fn connections(pool: AnyPool, engine: Engine, limits: &Limits) -> Connections {
    let wait_max = Duration::from_millis(limits.connection_wait_ms_max);
    let is_remote = engine == Engine::Postgres;
    Connections::new(pool, is_remote, wait_max, Duration::from_millis(limits.statement_ms_max))
}

async fn pool(
    address: &str,
    session: &'static str,
    most: u32,
    limits: &Limits,
) -> Result<AnyPool, StoreError> {
    AnyPoolOptions::new()
        .max_connections(most.max(1))
        // Whoever is lent a connection asks by itself, with a deadline.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_millis(limits.connection_wait_ms_max))
        .after_connect(move |connection: &mut AnyConnection, _| {
            Box::pin(async move { connection.execute(session).await.map(drop) })
        })
        .connect(address)
        .await
        .map_err(|error| match error {
            sqlx::Error::Configuration(why) => StoreError::Settings(why.to_string()),
            other => other.into(),
        })
}
