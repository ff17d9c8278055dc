//! Who holds an event: the service by its claim, a session by its row lock, a run by the run lock.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{
    super::{Limits, RUN_LOCK, Store, busy::held_by, state::State},
    Explain,
};
use crate::{
    Error, Result,
    db::{Engine, Query, Row, Table},
    journal::Journal,
    laravel::lock::Locks,
};

/// Everybody who may hold an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Held {
    /// The service's claim, if there is one.
    pub claim: Option<Claim>,
    /// The lock of its row.
    pub row: RowLock,
    /// The locks of the payments that it names.
    pub payments: Vec<HeldPayment>,
    /// The run lock of batches.
    pub run: RunLock,
}

/// A mark of the service's that somebody works on the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Claim {
    /// `processing`, or `queued`.
    pub status: String,
    /// When it was made.
    pub at: Option<DateTime<Utc>>,
    /// Until when it counts.
    pub until: Option<DateTime<Utc>>,
}

/// Whether a transaction holds a row now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RowLock {
    /// Nobody does.
    Free,
    /// A transaction does.
    Held {
        /// The session; several when the server cannot tell which of them it is, none when the role may not see any.
        sessions: Vec<SessionOf>,
    },
    /// The server cannot tell, or not to this role.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// A session of the database server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionOf {
    /// The server's number for it.
    pub id: i64,
    /// Its role.
    pub user: Option<String>,
    /// What it calls itself.
    pub program: Option<String>,
    /// When its transaction began.
    pub since: Option<DateTime<Utc>>,
}

/// A payment, and whether a transaction holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeldPayment {
    /// Id.
    pub id: String,
    /// Its row's lock.
    pub lock: RowLock,
}

/// The run lock of batches. One event does not need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunLock {
    /// No batch runs.
    Free,
    /// A batch runs.
    Held {
        /// Its token.
        owner: String,
        /// When the lock ends unless it is renewed.
        until: Option<DateTime<Utc>>,
        /// Who and since when, in words.
        by: String,
    },
    /// The store does not say.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// Who holds the run lock. What keeps that from being known is told, and is no failure.
pub async fn run_lock(locks: Result<&Locks<'_>>, journal: Option<&Journal>, limits: &Limits) -> RunLock {
    let unknown = |error: Error| RunLock::Unknown { why: error.to_string() };
    let holder = match locks {
        Ok(locks) => locks.holder(RUN_LOCK).await,
        Err(error) => Err(error),
    };
    match holder {
        Err(error) => unknown(error),
        Ok(Some(holder)) => {
            let known = journal.and_then(|journal| journal.lock_holder(&holder.owner));
            let by = held_by(known, &holder, limits.lock_seconds);
            RunLock::Held { owner: holder.owner, until: holder.until, by }
        }
        Ok(None) => RunLock::Free,
    }
}

impl Held {
    /// Whether a transaction has the event's row or a payment's, so that a try would skip it.
    pub fn is_locked(&self) -> bool {
        let mut locks = std::iter::once(&self.row).chain(self.payments.iter().map(|held| &held.lock));
        locks.any(|lock| matches!(lock, RowLock::Held { .. }))
    }

    /// What the row says; locks of rows are not looked at yet.
    pub(super) fn claimed(row: &Row, limits: &Limits, run: &RunLock) -> Result<Self> {
        let state = State::read(row)?;
        let (claimed, at) = (state.is_claimed(), state.claimed_at);
        let until = at.map(|at| at + limits.lease());
        Ok(Self {
            claim: claimed.then_some(Claim { status: state.status, at, until }),
            row: RowLock::Free,
            payments: Vec::new(),
            run: run.clone(),
        })
    }
}

/// Looks at the locks of the event's row and of its payments' rows.
pub(super) async fn rows(store: &Store<'_>, explained: &mut Explain) {
    explained.held.row = row(store, &store.events, &explained.id).await;
    let own = |payment: &&super::PaymentOf| payment.provider == explained.provider;
    let mut ids: Vec<String> = Vec::new();
    for payment in explained.references.iter().flat_map(|named| &named.payments).filter(own) {
        if !ids.contains(&payment.id) {
            ids.push(payment.id.clone());
        }
    }
    for id in ids {
        let lock = row(store, &store.payments, &id).await;
        explained.held.payments.push(HeldPayment { id, lock });
    }
}

/// Whether a row is locked. A look that fails leaves it unknown.
async fn row(store: &Store<'_>, table: &Table, id: &str) -> RowLock {
    let seen = match table.engine() {
        Engine::Postgres => postgres(store, table, id).await,
        Engine::MySql => mysql(store, table, id).await,
        Engine::Sqlite => {
            Ok(RowLock::Unknown { why: "SQLite locks the whole file, and does not tell who does".into() })
        }
    };
    seen.unwrap_or_else(|error| RowLock::Unknown { why: error.root().to_owned() })
}

/// A row's `xmax` is the transaction that locked it last; while that is under way, `pg_locks` has its session. Reading
/// both takes no lock, and needs no right but to read the table.
async fn postgres(store: &Store<'_>, table: &Table, id: &str) -> Result<RowLock> {
    let sql = format!(
        "SELECT pg_is_in_recovery()::int AS replica, l.pid AS session, a.usename AS who, a.application_name AS program, \
         EXTRACT(EPOCH FROM clock_timestamp() - a.xact_start)::bigint AS seconds FROM {} AS t \
         LEFT JOIN pg_locks AS l ON l.locktype = 'transactionid' AND l.transactionid = t.xmax \
         AND l.mode = 'ExclusiveLock' AND l.granted LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid \
         WHERE t.id = {}",
        table.name,
        table.hole("id")
    );
    let rows = store.db.session().await?.fetch(Query::new(sql).bind(id)).await?;
    if rows.iter().any(|row| row.int("replica").is_ok_and(|replica| replica != 0)) {
        return Ok(RowLock::Unknown { why: "a replica does not know the locks of its primary".into() });
    }
    let now = store.db.now().await?;
    let sessions: Vec<SessionOf> =
        rows.iter().filter_map(|row| session(row, now).transpose()).collect::<Result<_>>()?;
    Ok(if sessions.is_empty() { RowLock::Free } else { RowLock::Held { sessions } })
}

/// MySQL and MariaDB tell of a lock only who asks for one: a shared lock, which is passed over when somebody has the
/// row, and which is given back as the statement ends, being a transaction of its own.
async fn mysql(store: &Store<'_>, table: &Table, id: &str) -> Result<RowLock> {
    let facts = store.db.facts().await?;
    if !facts.skip_locked {
        return Ok(RowLock::Unknown { why: format!("{} has no SKIP LOCKED", facts.server) });
    }
    let share = if facts.server.starts_with("MariaDB") { "LOCK IN SHARE MODE" } else { "FOR SHARE" };
    let mut session = store.db.session().await?;
    let sql = format!("SELECT id FROM {} WHERE id = {} {share} SKIP LOCKED", table.name, table.hole("id"));
    if session.first(Query::new(sql).bind(id)).await?.is_some() {
        return Ok(RowLock::Free);
    }
    drop(session);
    // Which of the transactions that hold rows it is, only a waiting one would learn.
    Ok(RowLock::Held { sessions: transactions(store).await.unwrap_or_default() })
}

/// The other transactions that hold rows; the right PROCESS is needed to see them. `trx_started` is a time of the
/// host's zone, whatever the server's or the session's `time_zone` says: it is compared with the time there.
async fn transactions(store: &Store<'_>) -> Result<Vec<SessionOf>> {
    let sql = "SELECT t.trx_mysql_thread_id AS session, p.user AS who, p.host AS program, \
               TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS seconds \
               FROM information_schema.innodb_trx AS t LEFT JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id \
               WHERE t.trx_rows_locked > 0 AND t.trx_mysql_thread_id <> CONNECTION_ID() ORDER BY t.trx_started LIMIT 10";
    let rows = store.db.session().await?.fetch(Query::new(sql)).await?;
    let now = store.db.now().await?;
    rows.iter().filter_map(|row| session(row, now).transpose()).collect()
}

fn session(row: &Row, now: DateTime<Utc>) -> Result<Option<SessionOf>> {
    if row.text_or_null("session")?.is_none() {
        return Ok(None);
    }
    let filled = |name: &str| Ok::<_, Error>(row.text_or_null(name)?.filter(|text| !text.is_empty()));
    let seconds = row.text_or_null("seconds")?.is_some().then(|| row.int("seconds")).transpose()?;
    Ok(Some(SessionOf {
        id: row.int("session")?,
        user: filled("who")?,
        program: filled("program")?,
        since: seconds.map(|seconds| now - TimeDelta::seconds(seconds.max(0))),
    }))
}
