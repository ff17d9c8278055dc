//! The runner: one migration at a time, each under a bounded lock, in a transaction where the engine has
//! transactional DDL.

use std::time::{Duration, Instant};

use super::{Migration, Set};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    db::{Begin, Db, Engine, Fault, Query, Session, Value},
};

/// Time to wait for another host's migration.
const LOCK_WAIT: Duration = Duration::from_secs(30);
/// Time between two looks at a taken lock.
const LOCK_POLL: Duration = Duration::from_millis(200);
/// Key of PostgreSQL's advisory lock: "opsctl" in ASCII.
const LOCK_KEY: i64 = 0x6f70_7363_746c;
/// Name of MySQL's lock, before the database's own name: such locks are the server's.
const LOCK_NAME: &str = "opsctl:migrate:";

/// Applies what is pending; gives the migrations that this call applied.
///
/// # Errors
/// [`Kind::Locked`] when another run holds the lock for too long, or what a statement failed with.
pub async fn apply(db: &Db, set: &'static Set, cancel: &Cancel) -> Result<Vec<&'static Migration>> {
    if !db.target().prefix.is_empty() {
        return Err(Error::config(format!(
            "the table prefix of {} cannot be honoured by migrations",
            db.target()
        ))
        .because("their statements name tables without it"));
    }
    let mut done = Vec::new();
    for migration in set.migrations(db.engine()) {
        cancel.check()?;
        if applied(db, set, migration.version).await? {
            continue;
        }
        let mut session = db.session().await?;
        begin(&mut session, cancel).await?;
        session.script(&record_table(set, db)).await?;
        db.forget_tables();
        if run(&mut session, set, migration).await? {
            done.push(migration);
        }
        session.commit().await?;
        if db.engine() == Engine::MySql {
            session.fetch(Query::new("SELECT RELEASE_LOCK(CONCAT(?, DATABASE()))").bind(LOCK_NAME)).await?;
        }
        db.forget_tables();
    }
    Ok(done)
}

async fn applied(db: &Db, set: &Set, version: i64) -> Result<bool> {
    Ok(super::applied(db, set).await?.iter().any(|row| row.version == version && row.success))
}

/// Runs one migration under the lock; false when another run was faster.
async fn run(session: &mut Session<'_>, set: &Set, migration: &Migration) -> Result<bool> {
    let table = table_name(set, session.db());
    let look = Query::new(format!("SELECT success FROM {table} WHERE version = ?")).bind(migration.version);
    match session.first(look).await? {
        Some(row) if row.int("success")? != 0 => return Ok(false),
        Some(_) => {
            return Err(Error::failed(format!(
                "{} migration {} was begun and did not finish",
                set.name, migration.version
            ))
            .because("a statement failed, and this engine cannot roll DDL back")
            .hint(format!(
                "undo its statements by hand, then delete the row of version {} from {table}",
                migration.version
            )));
        }
        None => {}
    }
    let started = Instant::now();
    let insert = format!(
        "INSERT INTO {table} (version, description, success, checksum, execution_time) VALUES (?, ?, {}, ?, ?)",
        if session.db().engine() == Engine::Postgres { "false" } else { "0" },
    );
    let insert = Query::new(insert)
        .bind(migration.version)
        .bind(migration.description())
        .bind_all([Value::Bytes(migration.checksum())])
        .bind(-1_i64);
    session.execute(insert).await?;
    session
        .script(migration.sql)
        .await
        .map_err(|error| error.during(format!("{} migration {} failed", set.name, migration.version)))?;
    let took = i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX);
    let finish = format!(
        "UPDATE {table} SET success = {}, execution_time = ? WHERE version = ?",
        if session.db().engine() == Engine::Postgres { "true" } else { "1" },
    );
    session.execute(Query::new(finish).bind(took).bind(migration.version)).await?;
    Ok(true)
}

/// Begins a transaction and takes the lock that makes runs follow each other.
async fn begin(session: &mut Session<'_>, cancel: &Cancel) -> Result<()> {
    let until = Instant::now() + LOCK_WAIT;
    let engine = session.db().engine();
    loop {
        let taken = match engine {
            Engine::Sqlite => match session.begin(Begin::Write).await {
                Ok(()) => true,
                Err(error) if error.fault() == Some(Fault::Transient) => false,
                Err(error) => return Err(error),
            },
            Engine::Postgres => {
                session.begin(Begin::Write).await?;
                let ask = Query::new("SELECT pg_try_advisory_xact_lock(?)::int AS taken").bind(LOCK_KEY);
                session.first(ask).await?.map_or(Ok(0), |row| row.int("taken"))? == 1
            }
            Engine::MySql => {
                let ask = Query::new("SELECT GET_LOCK(CONCAT(?, DATABASE()), 0) AS taken").bind(LOCK_NAME);
                let taken = session.first(ask).await?.map_or(Ok(0), |row| row.int("taken"))? == 1;
                if taken {
                    session.begin(Begin::Write).await?;
                }
                taken
            }
        };
        if taken {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(held(session).await);
        }
        if engine == Engine::Postgres {
            session.rollback().await?;
        }
        cancel.sleep(LOCK_POLL).await?;
    }
}

async fn held(session: &mut Session<'_>) -> Error {
    let error =
        Error::new(Kind::Locked, format!("{} is being migrated by another run", session.db().target()));
    let sql = match session.db().engine() {
        Engine::Postgres => {
            "SELECT a.application_name || ', pid ' || a.pid || coalesce(', from ' || a.client_addr::text, '') AS holder \
             FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
             WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = ?"
        }
        Engine::MySql => {
            "SELECT CONCAT('connection ', IS_USED_LOCK(CONCAT('opsctl:migrate:', DATABASE()))) AS holder WHERE ? <> 0"
        }
        Engine::Sqlite => return error,
    };
    match session.first(Query::new(sql).bind(LOCK_KEY)).await {
        Ok(Some(row)) => {
            error.because(format!("the lock is held by {}", row.text("holder").unwrap_or_default()))
        }
        _ => error,
    }
}

fn table_name(set: &Set, db: &Db) -> String {
    format!("{}{}", db.target().prefix, set.table)
}

/// The table as sqlx makes it, so that both read the same.
fn record_table(set: &Set, db: &Db) -> String {
    let table = table_name(set, db);
    match db.engine() {
        Engine::Postgres => format!(
            "CREATE TABLE IF NOT EXISTS {table} (version bigint PRIMARY KEY, description text NOT NULL, \
             installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, \
             execution_time bigint NOT NULL)"
        ),
        Engine::MySql => format!(
            "CREATE TABLE IF NOT EXISTS {table} (version bigint PRIMARY KEY, description text NOT NULL, \
             installed_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, success boolean NOT NULL, checksum blob NOT NULL, \
             execution_time bigint NOT NULL)"
        ),
        Engine::Sqlite => format!(
            "CREATE TABLE IF NOT EXISTS {table} (version bigint PRIMARY KEY, description text NOT NULL, \
             installed_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, success boolean NOT NULL, checksum blob NOT NULL, \
             execution_time bigint NOT NULL)"
        ),
    }
}
