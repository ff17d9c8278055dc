//! The table in which a set is recorded: its shape is sqlx's, so that both read the same.

use chrono::{DateTime, Utc};

use super::{Migration, Owner, Scope, Set};
use crate::{
    Result,
    db::{Db, Engine, Fault, Query, Session, Value},
};

/// A row of it.
#[derive(Debug, Clone)]
pub(super) struct Applied {
    pub version: i64,
    pub description: String,
    pub success: bool,
    pub checksum: Vec<u8>,
    pub at: Option<DateTime<Utc>>,
}

/// What one statement told.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Whose database it is, where it was asked for and there were rows to tell it.
    pub owner: Option<Owner>,
    /// All rows, oldest first; those of other sets in the same table included.
    pub rows: Vec<Applied>,
}

/// Reads it in one statement, with the mark of the database's owner where the set asks for one; `None` when a table is
/// missing. The names are plain, so they need no quotes.
pub(super) async fn read(session: &mut Session<'_>, set: &Set) -> Result<Option<Recorded>> {
    // A `timestamp` of MySQL is shown in the session's zone.
    let at = match session.db().engine() {
        Engine::MySql => "CONVERT_TZ(installed_on, @@session.time_zone, '+00:00')",
        Engine::Postgres | Engine::Sqlite => "installed_on",
    };
    let owner = match set.scope {
        Scope::Reference => "(SELECT value FROM opsctl_meta WHERE name = 'owner')",
        Scope::Beside | Scope::Team => "''",
    };
    let sql = format!(
        "SELECT version, description, success, checksum, {at} AS installed_on, {owner} AS owner FROM {} ORDER BY version",
        set.table
    );
    let rows = match session.fetch(Query::new(sql)).await {
        Ok(rows) => rows,
        Err(error) if error.fault() == Some(Fault::Schema) => return Ok(None),
        Err(error) => return Err(error),
    };
    let owner = rows.first().map(|row| row.text("owner")).transpose()?.map(|owner| Owner::of_mark(&owner));
    let rows = rows.into_iter().map(|row| {
        Ok(Applied {
            version: row.int("version")?,
            description: row.text("description")?,
            success: row.int("success")? != 0,
            at: row.time("installed_on")?,
            checksum: row.into_bytes("checksum")?.unwrap_or_default(),
        })
    });
    Ok(Some(Recorded { owner, rows: rows.collect::<Result<_>>()? }))
}

/// Makes it where it is missing.
pub(super) async fn create(session: &mut Session<'_>, set: &Set) -> Result<()> {
    let (at, bytes) = match session.db().engine() {
        Engine::Postgres => ("timestamptz NOT NULL DEFAULT now()", "bytea"),
        Engine::MySql | Engine::Sqlite => ("timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP", "blob"),
    };
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS {} (version bigint PRIMARY KEY, description text NOT NULL, installed_on {at}, \
         success boolean NOT NULL, checksum {bytes} NOT NULL, execution_time bigint NOT NULL)",
        set.table
    );
    session.script(&sql).await
}

/// How one version stands.
pub(super) async fn success(session: &mut Session<'_>, set: &Set, version: i64) -> Result<Option<bool>> {
    let sql = format!("SELECT success FROM {} WHERE version = ?", set.table);
    let row = session.first(Query::new(sql).bind(version)).await?;
    row.map(|row| Ok(row.int("success")? != 0)).transpose()
}

/// Writes a version's row; `took_ns` is how long it took, or -1 when it has only begun.
pub(super) async fn insert(
    session: &mut Session<'_>,
    set: &Set,
    migration: &Migration,
    took_ns: Option<i64>,
) -> Result<()> {
    let sql = format!(
        "INSERT INTO {} (version, description, success, checksum, execution_time) VALUES (?, ?, {}, ?, ?)",
        set.table,
        truth(session.db(), took_ns.is_some()),
    );
    let query = Query::new(sql)
        .bind(migration.version)
        .bind(migration.description())
        .bind_all([Value::Bytes(migration.checksum())])
        .bind(took_ns.unwrap_or(-1));
    session.execute(query).await.map(|_| ())
}

/// Says that a version that had begun is done.
pub(super) async fn finish(
    session: &mut Session<'_>,
    set: &Set,
    migration: &Migration,
    took_ns: i64,
) -> Result<()> {
    let sql = format!(
        "UPDATE {} SET success = {}, checksum = ?, execution_time = ? WHERE version = ?",
        set.table,
        truth(session.db(), true)
    );
    let query = Query::new(sql).bind_all([Value::Bytes(migration.checksum())]);
    session.execute(query.bind(took_ns).bind(migration.version)).await.map(|_| ())
}

fn truth(db: &Db, value: bool) -> &'static str {
    match (db.engine(), value) {
        (Engine::Postgres, true) => "true",
        (Engine::Postgres, false) => "false",
        (_, true) => "1",
        (_, false) => "0",
    }
}
