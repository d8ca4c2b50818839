//! Connections under deadlines. A database behind a network that swallows everything answers nothing
//! and refuses nothing: whoever waits for it without a limit waits for ever, and so does whoever waits
//! for the connection after that. Here each statement, each connection that is asked for and each that
//! is given back has its time. A connection whose statement did not end is closed, never used again.

use crate::database::engine::Engine;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _};
use futures_util::{TryStreamExt as _, stream};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Either, Error, Execute, Executor, SqlStr};
use std::io::{self, ErrorKind};
use std::ops::{Deref, DerefMut};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long a connection may take to show that it lives before it is lent, and how long taking back
/// what is open on it and giving it back may take.
const SIGN_OF_LIFE_MAX: Duration = Duration::from_secs(1);
const GIVE_BACK_MAX: Duration = Duration::from_secs(5);

/// Connections to one database.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pool: AnyPool,
    engine: Engine,
    wait_max: Duration,
    statement_max: Duration,
}

impl Connections {
    pub(crate) fn new(
        pool: AnyPool,
        engine: Engine,
        wait_max: Duration,
        statement_max: Duration,
    ) -> Self {
        Self { pool, engine, wait_max, statement_max }
    }

    /// The pool itself, for what takes as long as it takes: changes of the tables, backups.
    pub(crate) fn without_deadlines(&self) -> &AnyPool {
        &self.pool
    }

    /// A connection that lives.
    pub(crate) async fn acquire(&self) -> Result<Connection, Error> {
        let lent = timeout(self.wait_max, self.living()).await;
        Ok(Connection {
            lent: Some(lent.map_err(|_| Error::PoolTimedOut)??),
            statement_max: self.statement_max,
            has_unfinished: false,
            is_open: false,
        })
    }

    async fn living(&self) -> Result<PoolConnection<Any>, Error> {
        loop {
            let mut lent = self.pool.acquire().await?;
            // A file does not hang up: asking each time whether it is there would cost every query
            // another way to the connection's thread and back.
            if self.engine == Engine::Sqlite {
                return Ok(lent);
            }
            match timeout(SIGN_OF_LIFE_MAX, sqlx::Connection::ping(&mut *lent)).await {
                Ok(Ok(())) => return Ok(lent),
                Ok(Err(_)) | Err(_) => lent.close_on_drop(),
            }
        }
    }

    /// Begins a transaction with this statement.
    pub(crate) async fn begin(&self, statement: &'static str) -> Result<Transaction, Error> {
        let mut connection = self.acquire().await?;
        (&mut connection).execute(statement).await?;
        connection.is_open = true;
        Ok(Transaction(connection))
    }

    pub(crate) async fn close(&self) {
        // What hangs is left to the end of the process.
        let _ = timeout(GIVE_BACK_MAX, self.pool.close()).await;
    }
}

/// A connection that was lent. Dropped, it goes back, or is closed if a statement did not end.
#[derive(Debug)]
pub(crate) struct Connection {
    lent: Option<PoolConnection<Any>>,
    statement_max: Duration,
    has_unfinished: bool,
    is_open: bool,
}

impl Connection {
    async fn run<T>(
        &mut self,
        statement: impl AsyncFnOnce(&mut sqlx::AnyConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let lent = self.lent.as_mut().ok_or(Error::WorkerCrashed)?;
        self.has_unfinished = true;
        let ended = timeout(self.statement_max, statement(lent)).await;
        let ended = ended.unwrap_or_else(|_| {
            let why = "a statement did not end in time";
            Err(Error::Io(io::Error::new(ErrorKind::TimedOut, why)))
        });
        self.has_unfinished =
            matches!(ended, Err(Error::Io(_) | Error::Protocol(_) | Error::WorkerCrashed));
        ended
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(mut lent) = self.lent.take() else { return };
        let Ok(runtime) = Handle::try_current() else { return };
        if self.has_unfinished {
            lent.close_on_drop();
            return;
        }
        let is_open = self.is_open;
        runtime.spawn(async move {
            if is_open {
                let taken_back = timeout(GIVE_BACK_MAX, (&mut *lent).execute("ROLLBACK")).await;
                if !matches!(taken_back, Ok(Ok(_))) {
                    lent.close_on_drop();
                    return;
                }
            }
            // Dropped instead, it would be asked without a deadline whether it lives.
            let _ = timeout(GIVE_BACK_MAX, lent.return_to_pool()).await;
        });
    }
}

/// A transaction. Dropped without a commit, it is taken back.
#[derive(Debug)]
pub(crate) struct Transaction(Connection);

impl Transaction {
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        (&mut self.0).execute("COMMIT").await?;
        self.0.is_open = false;
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), Error> {
        // On a full disk SQLite has done so by itself: then there is nothing to take back.
        (&mut self.0).execute("ROLLBACK").await?;
        self.0.is_open = false;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

type Item = Either<AnyQueryResult, AnyRow>;

fn one_by_one<'e>(
    all: impl Future<Output = Result<Vec<Item>, Error>> + Send + 'e,
) -> BoxStream<'e, Result<Item, Error>> {
    let items = stream::once(all).map_ok(|items| stream::iter(items.into_iter().map(Ok)));
    items.try_flatten().boxed()
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Item, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        one_by_one(self.run(async |lent| lent.fetch_many(query).try_collect().await))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(self.run(async |lent| lent.fetch_optional(query).await))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(self.run(async |lent| lent.prepare_with(sql, parameters).await))
    }
}

impl<'c> Executor<'c> for &'c Connections {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Item, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        one_by_one(async move {
            let mut connection = self.acquire().await?;
            (&mut connection).fetch_many(query).try_collect().await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let mut connection = self.acquire().await?;
            (&mut connection).fetch_optional(query).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut connection = self.acquire().await?;
            (&mut connection).prepare_with(sql, parameters).await
        })
    }
}
