//! Records of single statements, for migrations that one transaction cannot hold: after a failure or a kill they say
//! which statements are done. They are there as long as the migration is not.

use sha2::{Digest, Sha256};

use super::{Set, sql::Statement};
use crate::{
    Result, clock,
    db::{Engine, Fault, Query, Session},
};

/// The table of these records.
pub(super) const TABLE: &str = "opsctl_migration_statements";
/// Longest text of a server's message that is kept.
const MESSAGE_CHARS: usize = 1000;

/// How a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// Sent, and no end of it is known.
    Begun,
    /// Done.
    Done,
    /// Not done: the server refused it, or somebody has looked. It may be run again.
    Failed,
}

impl Stand {
    const fn name(self) -> &'static str {
        match self {
            Stand::Begun => "begun",
            Stand::Done => "done",
            Stand::Failed => "failed",
        }
    }
}

/// One statement's record.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Its place in the file; the first is 1.
    pub position: i64,
    /// Of its text.
    pub checksum: String,
    pub stand: Stand,
    /// Who ran it.
    pub runner: String,
    /// When, in UTC.
    pub began_at: String,
    /// The catalogue before it, as far as the statement names it.
    pub fingerprint: String,
    /// What the server said.
    pub message: String,
}

/// What is written of one.
pub(super) struct Entry<'a> {
    pub position: usize,
    pub statement: &'a Statement,
    pub stand: Stand,
    pub fingerprint: &'a str,
    pub message: &'a str,
    pub runner: &'a str,
    pub connection: Option<i64>,
}

/// SHA-256 of a statement's text.
pub(super) fn checksum(statement: &Statement) -> String {
    Sha256::digest(statement.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the table where it is missing.
pub(super) async fn create(session: &mut Session<'_>) -> Result<()> {
    let time = if session.db().engine() == Engine::MySql { "datetime" } else { "timestamp" };
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS {TABLE} (recorded_in varchar(64) NOT NULL, version bigint NOT NULL, \
         position integer NOT NULL, checksum varchar(64) NOT NULL, state varchar(8) NOT NULL, \
         runner varchar(190) NOT NULL, connection bigint NULL, fingerprint varchar(64) NOT NULL, message text NULL, \
         began_at {time} NOT NULL, ended_at {time} NULL, PRIMARY KEY (recorded_in, version, position))"
    );
    session.script(&sql).await
}

/// The records of one migration, in the order of its statements; none where there is no table.
pub(super) async fn read(session: &mut Session<'_>, set: &Set, version: i64) -> Result<Vec<Step>> {
    let sql = format!(
        "SELECT position, checksum, state, runner, began_at, fingerprint, message FROM {TABLE} \
         WHERE recorded_in = ? AND version = ? ORDER BY position"
    );
    let rows = match session.fetch(Query::new(sql).bind(&*set.table).bind(version)).await {
        Ok(rows) => rows,
        Err(error) if error.fault() == Some(Fault::Schema) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let step = |row: &crate::db::Row| {
        Ok(Step {
            position: row.int("position")?,
            checksum: row.text("checksum")?,
            stand: match row.text("state")?.as_str() {
                "done" => Stand::Done,
                "failed" => Stand::Failed,
                _ => Stand::Begun,
            },
            runner: row.text("runner")?,
            began_at: row.text("began_at")?,
            fingerprint: row.text("fingerprint")?,
            message: row.text("message")?,
        })
    };
    rows.iter().map(step).collect()
}

/// Writes one, over what is there.
pub(super) async fn write(
    session: &mut Session<'_>,
    set: &Set,
    version: i64,
    entry: &Entry<'_>,
) -> Result<()> {
    let now = clock::column_text(session.db().now().await?);
    // As text, NULL or not: a prepared statement keeps the type that its first value had.
    let (time, number) = match session.db().engine() {
        Engine::Postgres => ("?::timestamp", "?::bigint"),
        Engine::MySql | Engine::Sqlite => ("?", "?"),
    };
    let position = i64::try_from(entry.position).unwrap_or(i64::MAX);
    let message: String = entry.message.chars().take(MESSAGE_CHARS).collect();
    let (moment, ended) = match entry.stand {
        Stand::Begun => ("began_at", "NULL"),
        Stand::Done | Stand::Failed => ("ended_at", time),
    };
    let update = format!(
        "UPDATE {TABLE} SET checksum = ?, state = ?, runner = ?, connection = {number}, fingerprint = ?, message = ?, \
         {moment} = {time} WHERE recorded_in = ? AND version = ? AND position = ?"
    );
    let values = |query: Query| {
        query
            .bind(checksum(entry.statement))
            .bind(entry.stand.name())
            .bind(entry.runner)
            .bind(entry.connection.map(|id| id.to_string()))
            .bind(entry.fingerprint)
            .bind(message.as_str())
            .bind(now.as_str())
    };
    let query = values(Query::new(update)).bind(&*set.table).bind(version).bind(position);
    if session.execute(query).await? > 0 {
        return Ok(());
    }
    let insert = format!(
        "INSERT INTO {TABLE} (checksum, state, runner, connection, fingerprint, message, began_at, ended_at, \
         recorded_in, version, position) VALUES (?, ?, ?, {number}, ?, ?, {time}, {ended}, ?, ?, ?)"
    );
    let mut query = values(Query::new(insert));
    if entry.stand != Stand::Begun {
        query = query.bind(now.as_str());
    }
    session.execute(query.bind(&*set.table).bind(version).bind(position)).await.map(|_| ())
}

/// Says how a statement stands, by somebody who has looked.
pub(super) async fn settle(
    session: &mut Session<'_>,
    set: &Set,
    version: i64,
    position: i64,
    stand: Stand,
) -> Result<u64> {
    let sql = format!(
        "UPDATE {TABLE} SET state = ?, message = '' WHERE recorded_in = ? AND version = ? AND position = ? AND state <> 'done'"
    );
    session.execute(Query::new(sql).bind(stand.name()).bind(&*set.table).bind(version).bind(position)).await
}

/// Forgets a migration's records.
pub(super) async fn forget(session: &mut Session<'_>, set: &Set, version: i64) -> Result<()> {
    // Asked for first: a missing table would end the transaction on PostgreSQL.
    if session.db().table(TABLE).await?.is_none() {
        return Ok(());
    }
    let sql = format!("DELETE FROM {TABLE} WHERE recorded_in = ? AND version = ?");
    session.execute(Query::new(sql).bind(&*set.table).bind(version)).await.map(|_| ())
}
