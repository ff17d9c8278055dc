//! One run at a time on a database: the engine's own lock, waited for within bounds, and who holds it.
//!
//! PostgreSQL and MySQL keep the lock for the connection, so that it is gone with the run, however that ends. Behind a
//! pooler in transaction mode connections are shared; there, and on SQLite, each transaction takes it for itself.

use std::{fs, time::Duration};

use tokio::time::Instant;

use super::steps::TABLE as STATEMENTS;
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    config::database::{Address, Pooler},
    db::{Begin, Db, Engine, Fault, Query, Session},
};

/// Time between two looks at a taken lock.
const POLL: Duration = Duration::from_millis(200);
/// Key of PostgreSQL's advisory lock: "opsctl" in ASCII. It counts for one database.
const KEY: i64 = 0x6f70_7363_746c;
/// MySQL's lock is the server's, so its name holds the database's; a name has at most 64 characters.
const NAME: &str =
    "CONCAT('opsctl:migrate:', IF(CHAR_LENGTH(DATABASE()) <= 40, DATABASE(), SHA1(DATABASE())))";

/// How long the lock is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// For the connection.
    Session,
    /// For each transaction.
    Transaction,
}

/// How the lock is kept on a database.
pub(super) fn hold(db: &Db) -> Hold {
    match db.engine() {
        Engine::Postgres if db.target().pooler != Pooler::Transaction => Hold::Session,
        Engine::MySql => Hold::Session,
        Engine::Postgres | Engine::Sqlite => Hold::Transaction,
    }
}

/// Takes the lock for the connection, where it is kept so.
pub(super) async fn take(session: &mut Session<'_>, wait: Duration, cancel: &Cancel) -> Result<()> {
    if hold(session.db()) == Hold::Transaction {
        return Ok(());
    }
    let until = Instant::now() + wait;
    while !ask(session, "pg_try_advisory_lock", "GET_LOCK").await? {
        pause(session.db(), until, wait, cancel).await?;
    }
    Ok(())
}

/// Gives it back. A connection that is gone has done so already.
pub(super) async fn release(session: &mut Session<'_>) {
    if hold(session.db()) == Hold::Session
        && let Err(error) = ask(session, "pg_advisory_unlock", "RELEASE_LOCK").await
    {
        tracing::debug!(%error, "the lock was not given back");
    }
}

/// Begins a transaction under the lock.
pub(super) async fn begin(session: &mut Session<'_>, wait: Duration, cancel: &Cancel) -> Result<()> {
    if hold(session.db()) == Hold::Session {
        return session.begin(Begin::Write).await;
    }
    let until = Instant::now() + wait;
    loop {
        match session.begin(Begin::Write).await {
            Ok(()) if session.db().engine() == Engine::Sqlite => return Ok(()),
            Ok(()) if ask(session, "pg_try_advisory_xact_lock", "").await? => return Ok(()),
            Ok(()) => session.rollback().await?,
            Err(error) if error.fault() == Some(Fault::Transient) => {}
            Err(error) => return Err(error),
        }
        pause(session.db(), until, wait, cancel).await?;
    }
}

/// Calls one of the engines' functions; the answer is whether it did what it is for.
async fn ask(session: &mut Session<'_>, postgres: &str, mysql: &str) -> Result<bool> {
    let query = match session.db().engine() {
        Engine::Postgres => Query::new(format!("SELECT {postgres}(?)::int AS done")).bind(KEY),
        Engine::MySql if mysql == "GET_LOCK" => Query::new(format!("SELECT GET_LOCK({NAME}, 0) AS done")),
        Engine::MySql => Query::new(format!("SELECT {mysql}({NAME}) AS done")),
        Engine::Sqlite => return Ok(true),
    };
    Ok(session.first(query).await?.map_or(Ok(0), |row| row.int("done"))? == 1)
}

async fn pause(db: &Db, until: Instant, wait: Duration, cancel: &Cancel) -> Result<()> {
    if Instant::now() < until {
        return cancel.sleep(POLL).await;
    }
    let error = Error::new(Kind::Locked, format!("{} is being migrated by another run", db.target()));
    let error = match holder(db).await {
        Ok(Some(holder)) => error.because(format!("the lock is held by {holder}")),
        _ => error,
    };
    Err(error
        .because(format!("waited {} s for it", wait.as_secs()))
        .hint("wait for it longer: `--lock-wait 10m`; when it is done, a run has nothing left to do"))
}

/// Who holds the lock, since when: from the server, or the operating system.
async fn holder(db: &Db) -> Result<Option<String>> {
    let sql = match db.engine() {
        Engine::Postgres => format!(
            "SELECT concat_ws(', ', nullif(a.application_name, ''), 'role ' || a.usename, 'backend ' || a.pid, \
             'from ' || host(a.client_addr), 'connected ' || to_char(a.backend_start AT TIME ZONE 'UTC', \
             'YYYY-MM-DD HH24:MI:SS \"UTC\"')) AS holder FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
             WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = {KEY} \
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        Engine::MySql => return mysql_holder(db).await,
        Engine::Sqlite => return Ok(file_holder(db)),
    };
    let row = db.session().await?.first(Query::new(sql)).await?;
    row.map(|row| row.text("holder")).transpose()
}

/// The connection, and what its last statement's record says of the run behind it.
async fn mysql_holder(db: &Db) -> Result<Option<String>> {
    let mut session = db.session().await?;
    let sql = format!(
        "SELECT p.id, CONCAT('`', p.user, '`@', p.host) AS who, p.time AS seconds FROM information_schema.processlist p \
         WHERE p.id = IS_USED_LOCK({NAME})"
    );
    let Some(row) = session.first(Query::new(sql)).await? else { return Ok(None) };
    let holder = format!(
        "connection {} ({}), at it for {} s",
        row.int("id")?,
        row.text("who")?,
        row.int("seconds")?.max(0)
    );
    let sql = format!(
        "SELECT runner, began_at FROM {STATEMENTS} WHERE connection = ? ORDER BY began_at DESC LIMIT 1"
    );
    // Without the table, or before its first statement, the connection is all that is known.
    let run = session.first(Query::new(sql).bind(row.int("id")?)).await.ok().flatten();
    match run {
        Some(run) => {
            let since = run.text("began_at")?;
            Ok(Some(format!("{}, since {since} UTC, {holder}", run.text("runner")?)))
        }
        None => Ok(Some(holder)),
    }
}

/// The process that may write the file, by Linux' own list of locks.
fn file_holder(db: &Db) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let Address::File(path) = &db.target().address else { return None };
    // In WAL mode the lock lies on the index beside the file.
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        fs::metadata(name).ok().map(|meta| meta.ino())
    };
    let files: Vec<u64> = [beside(""), beside("-shm")].into_iter().flatten().collect();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    // `1: POSIX  ADVISORY  WRITE 4711 00:2d:1234567 120 120`
    let process = locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let inode: u64 = fields.get(5)?.rsplit(':').next()?.parse().ok()?;
        (fields.get(3) == Some(&"WRITE") && files.contains(&inode)).then(|| fields.get(4).copied())?
    })?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    Some(format!("process {process} ({}) on this host", name.trim()))
}
