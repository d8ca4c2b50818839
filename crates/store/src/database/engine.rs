//! One database behind one query text: SQLite or PostgreSQL through `sqlx::Any`.
//!
//! On SQLite one connection writes and several read: a second writer could only wait. Every write
//! begins with `BEGIN IMMEDIATE`, because a transaction that reads first and writes later can be
//! refused halfway.

use crate::database::error::StoreError;
use crate::settings::Limits;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Executor, SqlSafeStr, Transaction};
use std::path::Path;
use std::time::Duration;

/// Every change of the tables, oldest first. A change that was released is never edited.
const CHANGES: [(i64, &str, &str); 10] = [
    (1, "first", include_str!("../../migrations/0001_first.sql")),
    (2, "operations", include_str!("../../migrations/0002_operations.sql")),
    (3, "sealed", include_str!("../../migrations/0003_sealed.sql")),
    (4, "console", include_str!("../../migrations/0004_console.sql")),
    (5, "estate", include_str!("../../migrations/0005_estate.sql")),
    (6, "identity", include_str!("../../migrations/0006_identity.sql")),
    (7, "first come", include_str!("../../migrations/0007_first_come.sql")),
    (8, "sign-in at the company", include_str!("../../migrations/0008_oidc.sql")),
    (9, "maintenance photos", include_str!("../../migrations/0009_maintenance_photos.sql")),
    (11, "seal keys", include_str!("../../migrations/0011_seal_keys.sql")),
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
const POSTGRES_SESSION: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '60s';";

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
    writer: AnyPool,
    reader: AnyPool,
}

impl Database {
    pub(crate) async fn open(address: &str, limits: &Limits) -> Result<Self, StoreError> {
        install_default_drivers();
        let database = match address.split_once("://") {
            Some(("sqlite", path)) => Self::open_sqlite(path, limits).await?,
            Some(("postgres" | "postgresql", _)) => {
                let pool = pool(address, POSTGRES_SESSION, limits.connections_max, limits).await?;
                Self { engine: Engine::Postgres, writer: pool.clone(), reader: pool }
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
        let address = format!("sqlite://{file}?mode=rwc");
        let writer = pool(&address, SQLITE_WRITER, 1, limits).await?;
        let reader = pool(&address, SQLITE_READER, limits.connections_max, limits).await?;
        Ok(Self { engine: Engine::Sqlite, writer, reader })
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let changes = CHANGES.map(|(version, name, sql)| {
            let sql = match self.engine {
                Engine::Sqlite => sql.into_sql_str(),
                Engine::Postgres => AssertSqlSafe(sql.replace("BLOB", "BYTEA")).into_sql_str(),
            };
            Migration::new(version, name.into(), MigrationType::Simple, sql, false)
        });
        Ok(Migrator::with_migrations(changes.into()).run(&self.writer).await?)
    }

    /// Begins a transaction that may write. Await nothing but it before it ends.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        if self.engine == Engine::Postgres {
            return Ok(self.writer.begin().await?);
        }
        match self.writer.begin_with(SQLITE_BEGIN).await {
            // On a full or failing disk SQLite takes a transaction back by itself. The connection
            // still counts it as open and would never begin another: a new one takes its place.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.close().await?;
                Ok(self.writer.begin_with(SQLITE_BEGIN).await?)
            }
            begun => Ok(begun?),
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// For queries outside of a transaction that only read.
    pub(crate) fn reader(&self) -> &AnyPool {
        &self.reader
    }

    /// For single statements that write.
    pub(crate) fn writer(&self) -> &AnyPool {
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

async fn pool(
    address: &str,
    session: &'static str,
    most: u32,
    limits: &Limits,
) -> Result<AnyPool, StoreError> {
    AnyPoolOptions::new()
        .max_connections(most.max(1))
        // A file does not hang up: asking each time whether it is there would cost every query
        // another way to the connection's thread and back.
        .test_before_acquire(!address.starts_with("sqlite:"))
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
