//! Ground floor: one database, whichever engine it is.
//!
//! [`Db`] hands out [`Session`]s; a session runs [`Query`]s with `?` placeholders and gives back [`Row`]s. A session
//! that is dropped inside a transaction, or after its server was lost, closes its connection: the server rolls back.

mod answers;
mod bulk;
mod catalog;
mod connect;
mod fault;
mod guards;
mod indexes;
mod row;
mod sql;
mod tls;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};
use tokio::sync::OnceCell;

use self::row::Read;
pub use self::{
    answers::{Answers, Reached},
    bulk::BulkUpdate,
    catalog::{Column, Filter, Table, quote},
    connect::Access,
    fault::{fault, takes_no_writes},
    guards::Guards,
    indexes::Index,
    row::{Cell, Row},
    sql::{Query, Value, is_several},
};
pub use crate::config::database::Engine;
pub use crate::error::Fault;
use crate::{
    Error, Result,
    clock::Clock,
    config::{Database, database::Pooler},
};

/// Longest wait for a lock of a transaction that is [`Begin::Hasty`]: longer than most transactions last.
const HASTE: Duration = Duration::from_millis(100);
/// Time after which an idle connection is not trusted any more: servers and proxies close them.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// A database. Connects on first use; connections are kept for the next session.
#[derive(Debug)]
pub struct Db {
    target: Database,
    access: Access,
    guards: Guards,
    clock: Clock,
    idle: Mutex<Vec<(Instant, Conn)>>,
    facts: OnceCell<Facts>,
    tables: catalog::Cache,
}

/// What the server said about itself; learnt once, without DDL or writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Product and version, for people: `PostgreSQL 15.18`.
    pub server: String,
    /// `FOR UPDATE SKIP LOCKED` works (PostgreSQL 9.5, MySQL 8.0.1, MariaDB 10.6).
    pub skip_locked: bool,
    /// Writes are refused: a replica, or a session that is read-only by default.
    pub read_only: bool,
}

#[derive(Debug)]
enum Conn {
    Postgres(PgConnection),
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// To write: READ COMMITTED on servers, an immediate lock on SQLite.
    Write,
    /// Likewise, for who has another way when somebody holds a row: on PostgreSQL a wait for a lock ends soon, with
    /// [`Fault::Transient`].
    Hasty,
    /// To see one state of the database.
    Read,
}

impl Db {
    /// A database that is not connected yet.
    pub fn new(target: Database, access: Access, clock: Clock) -> Self {
        Self {
            target,
            access,
            guards: Guards::default(),
            clock,
            idle: Mutex::default(),
            facts: OnceCell::new(),
            tables: catalog::Cache::default(),
        }
    }

    /// The same database, with connections of its own under other guards.
    #[must_use]
    pub fn guarded(&self, guards: Guards) -> Self {
        Self { guards, ..Self::new(self.target.clone(), self.access, self.clock) }
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.target.engine
    }

    /// How it is reached; prints without the password.
    pub fn target(&self) -> &Database {
        &self.target
    }

    /// A session of its own.
    ///
    /// # Errors
    /// [`crate::Kind::Unreachable`] when the server does not answer, [`crate::Kind::Config`] when it refuses the
    /// credentials or has no such database.
    pub async fn session(&self) -> Result<Session<'_>> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some((since, conn)) if since.elapsed() < IDLE_FOR => conn,
            _ => connect::connect(&self.target, self.access, &self.guards).await?,
        };
        Ok(Session { db: self, conn: Some(conn), open: false, broken: false })
    }

    /// What the server can do.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn facts(&self) -> Result<&Facts> {
        self.facts.get_or_try_init(|| async { connect::facts(&mut self.session().await?).await }).await
    }

    /// The server's clock, in UTC; the frozen one in tests.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        if let Some(frozen) = self.clock.is_frozen() {
            return Ok(frozen);
        }
        let sql = match self.engine() {
            Engine::Postgres => {
                r#"SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now"#
            }
            Engine::MySql => "SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ') AS now",
            Engine::Sqlite => "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now",
        };
        let rows = self.session().await?.fetch(Query::new(sql)).await?;
        let text = rows.first().map_or(Ok(String::new()), |row| row.text("now"))?;
        text.parse().map_err(|error| Error::failed("the server's clock cannot be read").because(error))
    }

    /// One table as the database at hand has it; `None` when it does not exist.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn table(&self, name: &str) -> Result<Option<Table>> {
        self.tables.get(self, name).await
    }

    /// A table with all of `columns`.
    ///
    /// # Errors
    /// [`crate::Kind::Config`], naming the table or the columns that are missing and what to run.
    pub async fn require(&self, name: &str, columns: &[&str]) -> Result<Table> {
        catalog::require(self, name, columns).await
    }

    /// The indexes of a table; none when it does not exist.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn indexes(&self, table: &str) -> Result<Vec<Index>> {
        indexes::of(self, table).await
    }

    /// What is missing of a table and its columns: nothing, the table's name, or `TABLE.COLUMN` of each.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn lacks(&self, name: &str, columns: &[&str]) -> Result<Vec<String>> {
        let Some(table) = self.table(name).await? else { return Ok(vec![name.to_owned()]) };
        let missing = columns.iter().filter(|column| !table.has(column));
        Ok(missing.map(|column| format!("{name}.{column}")).collect())
    }

    /// Names of all tables in reach, without the connection's prefix.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn table_names(&self) -> Result<Vec<String>> {
        catalog::names(self).await
    }

    /// Forgets what was learnt about tables, after DDL.
    pub fn forget_tables(&self) {
        self.tables.clear();
    }

    /// Says goodbye to the server.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, conn) in idle {
            let closed = match conn {
                Conn::Postgres(conn) => conn.close().await,
                Conn::MySql(conn) => conn.close().await,
                Conn::Sqlite(conn) => conn.close().await,
            };
            if let Err(error) = closed {
                tracing::debug!(%error, "connection was not closed in order");
            }
        }
    }
}

/// One connection, for as long as it is held.
#[derive(Debug)]
pub struct Session<'a> {
    db: &'a Db,
    conn: Option<Conn>,
    open: bool,
    broken: bool,
}

/// Runs `$body` with the engine's own connection bound to `$conn`, and notes when the server is lost.
macro_rules! run {
    ($session:expr, $query:expr, |$conn:ident, $bound:ident| $body:expr) => {{
        let query: Query = $query;
        let sql = query.text($session.db.engine());
        let keep = !$session.is_pooled();
        // PostgreSQL's driver keeps a statement with the types of its first values, and NULL has none of its own.
        let typed = !query.has_null();
        let alone = $session.enter().await?;
        tracing::trace!(%sql, "query");
        // Work that is dropped half-way leaves its connection in the middle of an answer.
        $session.broken = true;
        let work = async {
            match $session.conn.as_mut() {
                Some(Conn::Postgres($conn)) => {
                    let $bound = sql::postgres(sql, query.into_values()).persistent(keep && typed);
                    $body
                }
                Some(Conn::MySql($conn)) => {
                    let $bound = sql::mysql(sql, query.into_values()).persistent(keep);
                    $body
                }
                Some(Conn::Sqlite($conn)) => {
                    let $bound = sql::sqlite(sql, query.into_values()).persistent(keep);
                    $body
                }
                None => Err(sqlx::Error::PoolClosed),
            }
        };
        let result = answered($session.db.guards.answer(), work).await;
        let result = $session.checked(result);
        $session.leave(alone, result).await
    }};
}

/// Servers end long statements by themselves; one that says nothing even then has stopped.
async fn answered<T>(
    within: Option<Duration>,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let Some(within) = within else { return work.await };
    match tokio::time::timeout(within, work).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::TimedOut))),
    }
}

impl Session<'_> {
    /// The database that this is a session of.
    pub fn db(&self) -> &Db {
        self.db
    }

    /// Whether a transaction has begun.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// All rows.
    ///
    /// # Errors
    /// What the server says; [`crate::Kind::Unreachable`] when it is lost.
    pub async fn fetch(&mut self, query: Query) -> Result<Vec<Row>> {
        let mut names = None;
        run!(self, query, |conn, bound| bound
            .fetch(conn)
            .map_ok(|row| row.read(&mut names))
            .try_collect()
            .await)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn first(&mut self, query: Query) -> Result<Option<Row>> {
        Ok(self.fetch(query).await?.into_iter().next())
    }

    /// Each row in turn, as it arrives: only one is in memory.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn each(&mut self, query: Query, mut take: impl FnMut(Row)) -> Result<()> {
        let mut names = None;
        run!(self, query, |conn, bound| {
            bound
                .fetch(conn)
                .try_for_each(|row| {
                    take(row.read(&mut names));
                    std::future::ready(Ok(()))
                })
                .await
        })
    }

    /// Runs a statement; gives the number of rows that its condition matched.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn execute(&mut self, query: Query) -> Result<u64> {
        run!(self, query, |conn, bound| bound.execute(conn).await.map(|done| done.rows_affected()))
    }

    /// Runs statements without parameters, several at once.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn script(&mut self, text: &str) -> Result<()> {
        let alone = self.enter().await?;
        let result = self.send(text).await;
        self.leave(alone, result).await
    }

    async fn send(&mut self, text: &str) -> Result<()> {
        tracing::trace!(sql = %text, "script");
        self.broken = true;
        let sql = || sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
        let work = async {
            match self.conn.as_mut() {
                Some(Conn::Postgres(conn)) => sql().execute(conn).await.map(|_| ()),
                Some(Conn::MySql(conn)) => sql().execute(conn).await.map(|_| ()),
                Some(Conn::Sqlite(conn)) => sql().execute(conn).await.map(|_| ()),
                None => Err(sqlx::Error::PoolClosed),
            }
        };
        let result = answered(self.db.guards.answer(), work).await;
        self.checked(result)
    }

    fn is_pooled(&self) -> bool {
        self.db.target.pooler == Pooler::Transaction
    }

    /// Gives a statement that stands alone a transaction of its own behind a pooler in transaction mode: it would be
    /// prepared on one server connection and run on another, and no guard would hold it. Says whether it did.
    async fn enter(&mut self) -> Result<bool> {
        let alone = self.is_pooled() && !self.open;
        if alone {
            self.begin(Begin::Write).await?;
        }
        Ok(alone)
    }

    /// Ends what [`Session::enter`] began.
    async fn leave<T>(&mut self, alone: bool, result: Result<T>) -> Result<T> {
        match result {
            result if !alone || self.broken => result,
            Ok(value) => self.commit().await.map(|()| value),
            Err(error) => {
                // A connection that cannot even roll back is closed, see `drop`.
                let _ = self.rollback().await;
                Err(error)
            }
        }
    }

    /// What the server calls this connection, to ask after it from another one; none for a file.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn backend(&mut self) -> Result<Option<i64>> {
        let sql = match self.db.engine() {
            Engine::Postgres => "SELECT pg_backend_pid() AS id",
            Engine::MySql => "SELECT CONNECTION_ID() AS id",
            Engine::Sqlite => return Ok(None),
        };
        self.first(Query::new(sql)).await?.map(|row| row.int("id")).transpose()
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn begin(&mut self, how: Begin) -> Result<()> {
        let result = self.start(how).await;
        // A file that is locked by another has begun nothing, and may be asked again.
        let refused =
            |error: &Error| self.db.engine() == Engine::Sqlite && error.fault() == Some(Fault::Transient);
        if result.as_ref().is_err_and(refused) {
            self.open = false;
        }
        result
    }

    async fn start(&mut self, how: Begin) -> Result<()> {
        self.open = true;
        let sql = match (self.db.engine(), how) {
            (Engine::Postgres, Begin::Write | Begin::Hasty) => "BEGIN ISOLATION LEVEL READ COMMITTED",
            (Engine::Postgres, Begin::Read) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            // READ COMMITTED takes no gap locks, so two runs on neighbouring rows do not wait for each other.
            (Engine::MySql, Begin::Write | Begin::Hasty) => {
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION"
            }
            (Engine::MySql, Begin::Read) => "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            (Engine::Sqlite, Begin::Write | Begin::Hasty) => "BEGIN IMMEDIATE",
            (Engine::Sqlite, Begin::Read) => "BEGIN",
        };
        let mut text = sql.to_owned();
        if let Some(Conn::Postgres(conn)) = &self.conn {
            if self.is_pooled() || self.db.guards.renewed {
                let guards = connect::transaction_guards(conn, &self.db.target, &self.db.guards);
                text.push_str(&format!("; {guards}"));
            }
            if how == Begin::Hasty {
                text.push_str(&format!("; SET LOCAL lock_timeout = {}", guards::millis(HASTE)));
            }
        }
        self.send(&text).await
    }

    /// Rolls back, if a transaction has begun on a connection that is still there.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn undo(&mut self) -> Result<()> {
        if self.open && !self.broken { self.rollback().await } else { Ok(()) }
    }

    /// Commits.
    ///
    /// # Errors
    /// As [`Session::fetch`]; after [`crate::Kind::Unreachable`] the outcome is unknown.
    pub async fn commit(&mut self) -> Result<()> {
        self.send("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    /// Rolls back.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn rollback(&mut self) -> Result<()> {
        self.send("ROLLBACK").await?;
        self.open = false;
        Ok(())
    }

    fn checked<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T> {
        self.broken = result.as_ref().is_err_and(|error| fault(error) == Fault::Lost);
        result.map_err(|error| fault::error(&error, &self.db.target))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take()
            && !self.open
            && !self.broken
        {
            self.db.idle.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), conn));
        }
    }
}
