//! Looking after a statement from a second connection: who keeps it waiting, and whether the server still works on it.
//!
//! A statement that has its locks is never cut, so no timeout of ours tells a long one from a server that is gone.

use std::{cell::RefCell, time::Duration};

use crate::{
    Error, Kind, Result,
    db::{Db, Engine, Fault, Query, Row, Session},
};

/// Looks that may fail in a row before the server counts as lost.
const MISSES: u32 = 3;
/// Longest time between two looks.
const SELDOM: Duration = Duration::from_secs(15);
/// Longest wait for the answer to a look.
const ANSWER: Duration = Duration::from_secs(8);
/// Time between a look without an answer and the next one.
const AGAIN: Duration = Duration::from_secs(5);
/// Sessions that are named, of those that keep one waiting.
const NAMED: usize = 3;

/// A session of PostgreSQL's, `b`, as people are told of it.
pub(super) const WHO: &str = "concat_ws(', ', 'backend ' || b.pid, nullif(b.application_name, ''), \
    'role ' || b.usename, 'from ' || host(b.client_addr), b.state, 'in a transaction for ' || \
    extract(epoch FROM clock_timestamp() - b.xact_start)::int || ' s')";

/// An eye on one connection.
pub(super) struct Watch<'a> {
    db: &'a Db,
    backend: Option<i64>,
    every: Duration,
    blockers: RefCell<Vec<String>>,
}

impl<'a> Watch<'a> {
    /// On the connection of `session`, through other ones of `db`. A wait of `lock` is seen before it is over.
    pub(super) async fn over(db: &'a Db, session: &mut Session<'_>, lock: Duration) -> Result<Watch<'a>> {
        let backend = session.backend().await?;
        let every = (lock / 2).clamp(Duration::from_millis(20), SELDOM);
        Ok(Self { db, backend, every, blockers: RefCell::default() })
    }

    /// Does work on the watched connection; ends early when the server does not work on it any more.
    pub(super) async fn during<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.blockers.borrow_mut().clear();
        tokio::select! {
            biased;
            result = work => result,
            error = self.lost() => Err(error),
        }
    }

    /// Who kept the last work waiting, as far as it was seen.
    pub(super) fn blockers(&self) -> Vec<String> {
        self.blockers.borrow().clone()
    }

    async fn lost(&self) -> Error {
        let Some(backend) = self.backend else { return std::future::pending().await };
        let mut misses = 0;
        loop {
            let pause = if misses == 0 { self.every } else { AGAIN };
            tokio::time::sleep(pause).await;
            // The look goes the statement's way: where that is silent, neither gets an answer.
            let look = tokio::time::timeout(ANSWER, self.look(backend)).await;
            match look.unwrap_or_else(|_| Err(silent(self.db))) {
                Ok(Some(blockers)) => {
                    misses = 0;
                    if !blockers.is_empty() {
                        *self.blockers.borrow_mut() = blockers;
                    }
                }
                // Between a statement's end and its answer the connection may be gone without a loss.
                Ok(None) if misses + 1 < MISSES => misses += 1,
                Ok(None) => return lost(self.db, "the server does not know the connection any more"),
                Err(error) if misses + 1 < MISSES => {
                    tracing::debug!(%error, "the statement was not looked after");
                    misses += 1;
                }
                Err(error) => return lost(self.db, error.root()),
            }
        }
    }

    /// Who blocks the connection; `None` when it is gone.
    async fn look(&self, backend: i64) -> Result<Option<Vec<String>>> {
        let mut session = self.db.session().await?;
        match self.db.engine() {
            Engine::Postgres => postgres(&mut session, backend).await,
            _ => mysql(&mut session, backend).await,
        }
    }
}

fn lost(db: &Db, why: &str) -> Error {
    let what = format!("what became of the statement in {} is not known", db.target());
    Error::new(Kind::Unreachable, what)
        .with_fault(Fault::Lost)
        .because(why)
        .hint("when the server answers again, run it again: it looks first what happened")
}

fn silent(db: &Db) -> Error {
    let within = ANSWER.as_secs();
    Error::new(Kind::Unreachable, format!("{} gave no answer within {within} s", db.target()))
}

async fn postgres(session: &mut Session<'_>, backend: i64) -> Result<Option<Vec<String>>> {
    let sql = format!(
        "SELECT {WHO} AS who FROM pg_stat_activity me LEFT JOIN LATERAL unnest(pg_blocking_pids(me.pid)) AS w(pid) \
         ON true LEFT JOIN pg_stat_activity b ON b.pid = w.pid WHERE me.pid = ?::int"
    );
    named(&session.fetch(Query::new(sql).bind(backend)).await?)
}

/// The rows' names; no row at all stands for a connection that is gone.
fn named(rows: &[Row]) -> Result<Option<Vec<String>>> {
    if rows.is_empty() {
        return Ok(None);
    }
    let mut names = rows.iter().map(|row| row.text("who")).collect::<Result<Vec<_>>>()?;
    names.retain(|name| !name.is_empty());
    names.dedup();
    names.truncate(NAMED);
    Ok(Some(names))
}

async fn mysql(session: &mut Session<'_>, backend: i64) -> Result<Option<Vec<String>>> {
    let me = "SELECT state FROM information_schema.processlist WHERE id = ?";
    let Some(row) = session.first(Query::new(me).bind(backend)).await? else { return Ok(None) };
    let state = row.text("state")?.to_lowercase();
    match state.contains("lock") {
        true => holders(session, backend).await,
        false => Ok(Some(Vec::new())),
    }
}

/// Who may hold a lock of MySQL's or MariaDB's that the connection waits for. Which session holds a metadata lock is
/// known to a plugin alone. Without it, those with open transactions are named, or those at work in the same database, as
/// far as the role may see them.
pub(super) async fn holders(session: &mut Session<'_>, backend: i64) -> Result<Option<Vec<String>>> {
    let who = "CONCAT('connection ', p.id, ' (`', p.user, '`@', p.host, '), ', LOWER(p.command), ' for ', p.time, ' s')";
    let ways = [
        format!(
            "SELECT DISTINCT {who} AS who FROM information_schema.metadata_lock_info l \
             JOIN information_schema.processlist p ON p.id = l.thread_id \
             WHERE l.table_schema = DATABASE() AND p.id NOT IN (?, CONNECTION_ID()) \
             AND l.lock_mode LIKE 'MDL!_SHARED%' ESCAPE '!'"
        ),
        format!(
            "SELECT CONCAT({who}, ', in a transaction since ', t.trx_started) AS who FROM information_schema.innodb_trx t \
             JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
             WHERE p.id NOT IN (?, CONNECTION_ID()) ORDER BY t.trx_started"
        ),
        format!(
            "SELECT {who} AS who FROM information_schema.processlist p \
             WHERE p.db = DATABASE() AND p.id NOT IN (?, CONNECTION_ID()) ORDER BY p.time DESC"
        ),
    ];
    for sql in ways {
        match session.fetch(Query::new(sql).bind(backend)).await {
            Ok(rows) if !rows.is_empty() => return named(&rows),
            // No plugin, or no right to see it.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(Some(Vec::new()))
}
