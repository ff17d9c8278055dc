//! One run at a time on a database: the engine's own lock, waited for within bounds, and who holds it.
//!
//! PostgreSQL and MySQL keep the lock for the connection, so that it is gone with the run, however that ends. Behind a
//! pooler in transaction mode connections are shared; there, and on SQLite, each transaction takes it for itself.

use std::{fs, time::Duration};

use tokio::time::Instant;

use super::{Options, retries, steps::TABLE as STATEMENTS};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    config::database::{Address, Pooler},
    db::{Begin, Db, Engine, Fault, Query, Session},
};

/// Time between two looks at a taken lock.
const POLL: Duration = Duration::from_millis(200);
/// Looks at a lock after the wait for it, when nobody is seen to hold it: it was given back in between.
const LAST_LOOKS: u32 = 5;
/// Longest time to learn who holds the lock when there is none left.
const LAST_LOOK: Duration = Duration::from_millis(800);
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
    let mut queue = Queue::new(wait);
    while !ask(session, "pg_try_advisory_lock", "GET_LOCK").await? {
        queue.pause(session.db(), cancel).await?;
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
pub(super) async fn begin(session: &mut Session<'_>, options: &Options, cancel: &Cancel) -> Result<()> {
    if hold(session.db()) == Hold::Session {
        return session.begin(Begin::Write).await;
    }
    if session.db().engine() == Engine::Sqlite {
        return begin_file(session, options, cancel).await;
    }
    let mut queue = Queue::new(options.lock_wait);
    loop {
        match session.begin(Begin::Write).await {
            Ok(()) if ask(session, "pg_try_advisory_xact_lock", "").await? => return Ok(()),
            Ok(()) => session.rollback().await?,
            Err(error) if error.fault() == Some(Fault::Transient) => {}
            Err(error) => return Err(error),
        }
        queue.pause(session.db(), cancel).await?;
    }
}

/// A file has one lock, for runs and for all other writers: every bound of a wait counts, and the first one ends it.
async fn begin_file(session: &mut Session<'_>, options: &Options, cancel: &Cancel) -> Result<()> {
    let (since, mut used) = (Instant::now(), 0);
    loop {
        match session.begin(Begin::Write).await {
            Err(error) if error.fault() == Some(Fault::Transient) => {}
            other => return other,
        }
        if used >= options.patience.retries || since.elapsed() >= options.lock_wait {
            return Err(written(session.db(), since.elapsed(), used + 1));
        }
        cancel.sleep(retries::pause(used)).await?;
        used += 1;
    }
}

fn written(db: &Db, waited: Duration, tries: u32) -> Error {
    let error = Error::new(Kind::Locked, format!("another process writes to {}", db.target()));
    let error = match file_holder(db) {
        Some(holder) => error.because(format!("the lock is held by {holder}")),
        None => error,
    };
    let times = if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
    error
        .because(format!("waited {:.1} s for it, in {times}", waited.as_secs_f64()))
        .hint("run this again when it is done")
        .hint("wait longer or more often: `--lock-timeout 5s`, `--lock-retries 30`, `--lock-wait 10m`")
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

/// The wait for a lock that another run holds.
struct Queue {
    wait: Duration,
    until: Instant,
    looks: u32,
}

impl Queue {
    fn new(wait: Duration) -> Self {
        Self { wait, until: Instant::now() + wait, looks: LAST_LOOKS }
    }

    /// Until the next look at the lock.
    async fn pause(&mut self, db: &Db, cancel: &Cancel) -> Result<()> {
        if Instant::now() < self.until {
            return cancel.sleep(POLL).await;
        }
        let holder = holder(db).await;
        if matches!(holder, Ok(None)) && self.looks > 0 {
            self.looks -= 1;
            return Ok(());
        }
        let error = Error::new(Kind::Locked, format!("{} is being migrated by another run", db.target()));
        let error = match holder {
            Ok(Some(holder)) => error.because(format!("the lock is held by {holder}")),
            _ => error,
        };
        Err(error
            .because(format!("waited {} s for it", self.wait.as_secs()))
            .hint("wait for it longer: `--lock-wait 10m`; or run this again when it is done"))
    }
}

/// Adds to a request to stop, or a deadline, whom it found holding the lock. Other errors say that themselves.
pub(super) async fn stopped(db: &Db, error: Error) -> Error {
    if !matches!(error.kind(), Kind::Interrupted | Kind::Deadline) {
        return error;
    }
    let error = error.because(format!("{} is being migrated by another run", db.target()));
    match tokio::time::timeout(LAST_LOOK, holder(db)).await {
        Ok(Ok(Some(holder))) => error.because(format!("the lock is held by {holder}")),
        _ => error,
    }
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
    let Some(row) = session.first(Query::new(sql)).await? else {
        // Other users' connections are hidden from a role without PROCESS, but not their numbers.
        let row =
            session.first(Query::new(format!("SELECT CAST(IS_USED_LOCK({NAME}) AS CHAR) AS id"))).await?;
        let id = row.map(|row| row.text_or_null("id")).transpose()?.flatten();
        return Ok(id.map(|id| format!("connection {id}")));
    };
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
pub(super) fn file_holder(db: &Db) -> Option<String> {
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
