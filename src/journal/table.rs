//! The journal's table: one row per run, in the database that the run changes.
//!
//! A row per run, and not one per record as in the file: a DBA asks who ran what, whether it ended, and how, and each
//! of these is a column. A run that was killed is a row without `ended_at`. And a row can be written in any order and
//! any number of times: the run's id is its key, and what is known already stays as it is. So neither two writers nor
//! a repeated copy can do harm.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Actor, Begin, Cursor, End, Ended, Filter, Outcome, Run};
use crate::{
    Error, Result,
    db::{Db, Engine, Fault, Query, Row, Table, Value},
};

/// Its name.
pub const TABLE: &str = "opsctl_journal";
/// What is known when a run begins.
const BEGUN: [&str; 14] = [
    "run",
    "command",
    "context",
    "target",
    "arguments",
    "cwd",
    "reason",
    "user_name",
    "claimed_user",
    "sudo_user",
    "from_host",
    "host",
    "version",
    "begun_at",
];
/// What is known when it has ended; NULL before, and never changed afterwards.
const ENDED: [&str; 5] = ["ended_at", "exit_code", "counts", "error", "took_ms"];
/// Rows that one statement writes, at most.
const ROWS: usize = 100;
/// Characters that are kept of a long text: MySQL's `text` holds 65,535 bytes.
const LONGEST: usize = 16_000;
/// Characters of a name.
const LONGEST_NAME: usize = 255;

/// The table of one database.
#[derive(Debug)]
pub struct JournalTable<'a> {
    db: &'a Db,
    table: Table,
}

impl<'a> JournalTable<'a> {
    /// The table, if `db migrate` has made it. Whether it is there is asked once.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn open(db: &'a Db) -> Result<Option<Self>> {
        Ok(db.table(TABLE).await?.map(|table| Self { db, table }))
    }

    /// Writes what is known of runs; what the table knows already stays.
    ///
    /// # Errors
    /// The database's.
    pub async fn write(&self, runs: &[&Run]) -> Result<()> {
        for runs in runs.chunks(ROWS) {
            self.db.session().await?.execute(self.upsert(runs)).await?;
        }
        Ok(())
    }

    /// As [`JournalTable::write`], and passes over runs that the database refuses: lines of the file that somebody
    /// wrote by hand.
    ///
    /// # Errors
    /// The database's, where no single run is to blame.
    pub async fn write_each(&self, runs: &[&Run]) -> Result<()> {
        let is_the_runs = |error: &Error| matches!(error.fault(), Some(Fault::Other | Fault::Duplicate));
        match self.write(runs).await {
            Err(error) if is_the_runs(&error) => {}
            done => return done,
        }
        for run in runs {
            match self.write(&[run]).await {
                Err(error) if is_the_runs(&error) => {
                    tracing::warn!(run = %run.id, %error, "a run of the journal's file is left out");
                }
                done => done?,
            }
        }
        Ok(())
    }

    fn upsert(&self, runs: &[&Run]) -> Query {
        let columns = || BEGUN.iter().chain(&ENDED);
        let names: Vec<&str> = columns().copied().collect();
        let holes: Vec<String> = columns().map(|column| self.table.hole(column)).collect();
        let row = format!("({})", holes.join(", "));
        let name = &self.table.name;
        let mysql = self.table.engine() == Engine::MySql;
        let mut sql = format!("INSERT INTO {name}{} ", if mysql { "" } else { " AS j" });
        let _ = write!(sql, "({}) VALUES {}", names.join(", "), vec![row; runs.len()].join(", ")); // cannot fail
        let later: Vec<String> = match mysql {
            true => ENDED.iter().map(|name| format!("{name} = COALESCE({name}, VALUES({name}))")).collect(),
            false => {
                ENDED.iter().map(|name| format!("{name} = COALESCE(j.{name}, excluded.{name})")).collect()
            }
        };
        let conflict = if mysql { "ON DUPLICATE KEY UPDATE" } else { "ON CONFLICT (run) DO UPDATE SET" };
        let _ = write!(sql, " {conflict} {}", later.join(", "));
        Query::new(sql).bind_all(runs.iter().flat_map(|run| values(run)))
    }

    /// Completes a run that the table knows; one that it does not know is another database's.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, run: &str, ended: &Ended) -> Result<()> {
        let sets: Vec<String> =
            ENDED.iter().map(|name| format!("{name} = {}", self.table.hole(name))).collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE run = {} AND ended_at IS NULL",
            self.table.name,
            sets.join(", "),
            self.table.hole("run"),
        );
        let query = Query::new(sql).bind_all(end_values(Some(ended))).bind(run);
        self.db.session().await?.execute(query).await.map(|_| ())
    }

    /// Makes sure that it may be read, though it holds nothing.
    ///
    /// # Errors
    /// The role has no right to, or the database's.
    pub async fn require_readable(&self) -> Result<()> {
        let right = |error: Error| match error.fault() {
            Some(Fault::Right) => error.hint(format!("it takes SELECT on {TABLE}")),
            _ => error,
        };
        self.knows("").await.map(|_| ()).map_err(right)
    }

    /// Whether it knows a run.
    ///
    /// # Errors
    /// The database's.
    pub async fn knows(&self, run: &str) -> Result<bool> {
        let sql = format!("SELECT run FROM {} WHERE run = {}", self.table.name, self.table.hole("run"));
        Ok(self.db.session().await?.first(Query::new(sql).bind(run)).await?.is_some())
    }

    /// The newest runs behind a place, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn page(&self, filter: &Filter, after: Option<&Cursor>, limit: usize) -> Result<Vec<Run>> {
        let mut conditions = Conditions { table: &self.table, sql: Vec::new(), values: Vec::new() };
        conditions.filter(filter);
        if let Some(after) = after {
            let (at, run) = (self.table.hole("begun_at"), self.table.hole("run"));
            // The first part is what an index is searched by.
            let sql = format!("begun_at <= {at} AND (begun_at < {at} OR run < {run})");
            let time = column_time(after.begun_at);
            conditions.and(sql, [time.clone(), time, after.run.as_str().into()]);
        }
        self.select(conditions, "begun_at DESC, run DESC", limit).await
    }

    /// Runs whose ids begin like this, by id.
    ///
    /// # Errors
    /// The database's.
    pub async fn beginning(&self, prefix: &str, limit: usize) -> Result<Vec<Run>> {
        let hole = self.table.hole("run");
        let mut conditions = Conditions { table: &self.table, sql: Vec::new(), values: Vec::new() };
        // A range, and not LIKE, which no index of PostgreSQL serves under most collations.
        let (first, last) = (format!("{prefix:0<26}"), format!("{prefix:Z<26}"));
        conditions.and(format!("run >= {hole} AND run <= {hole}"), [first.into(), last.into()]);
        self.select(conditions, "run", limit).await
    }

    async fn select(&self, conditions: Conditions<'_>, order: &str, limit: usize) -> Result<Vec<Run>> {
        let columns: Vec<&str> = BEGUN.iter().chain(&ENDED).copied().collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {order} LIMIT {limit}",
            columns.join(", "),
            self.table.name,
            if conditions.sql.is_empty() { "1 = 1".into() } else { conditions.sql.join(" AND ") },
        );
        let rows = self.db.session().await?.fetch(Query::new(sql).bind_all(conditions.values)).await?;
        rows.iter().map(run).collect()
    }
}

/// Conditions of a statement, with their values.
struct Conditions<'t> {
    table: &'t Table,
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions<'_> {
    fn and(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.sql.push(sql.into());
        self.values.extend(values);
    }

    /// Rows that a filter may take: a run that has not ended here may have ended in the file.
    fn filter(&mut self, filter: &Filter) {
        for (column, value) in [("context", &filter.context), ("host", &filter.host)] {
            if let Some(value) = value {
                self.and(format!("{column} = {}", self.table.hole(column)), [value.as_str().into()]);
            }
        }
        if let Some(user) = &filter.user {
            let user = Value::from(user.as_str());
            let (name, sudo) = (self.table.hole("user_name"), self.table.hole("sudo_user"));
            self.and(format!("(user_name = {name} OR sudo_user = {sudo})"), [user.clone(), user]);
        }
        if let Some(command) = &filter.command {
            let pattern = command.replace('!', "!!").replace('%', "!%").replace('_', "!_");
            let sql = format!("(command = {} OR command LIKE ? ESCAPE '!')", self.table.hole("command"));
            self.and(sql, [command.as_str().into(), format!("{pattern} %").into()]);
        }
        for (sign, at) in [(">=", filter.since), ("<", filter.until)] {
            if let Some(at) = at {
                self.and(format!("begun_at {sign} {}", self.table.hole("begun_at")), [column_time(at)]);
            }
        }
        match filter.outcome {
            None | Some(Outcome::Unfinished) => {}
            Some(Outcome::Failed) => self.and("(ended_at IS NULL OR exit_code <> 0)", []),
            Some(Outcome::Exit(code)) => {
                let sql = format!("(ended_at IS NULL OR exit_code = {})", self.table.hole("exit_code"));
                self.and(sql, [i64::from(code).into()]);
            }
        }
    }
}

/// As column text, with milliseconds.
fn column_time(at: DateTime<Utc>) -> Value {
    Value::Text(crate::clock::column_millis(at))
}

fn name(text: &str) -> Value {
    Value::Text(crate::text::printable(text).chars().take(LONGEST_NAME).collect())
}

fn long(text: &str) -> Value {
    Value::Text(crate::text::printable(text).chars().take(LONGEST).collect())
}

/// In the order of [`BEGUN`] and [`ENDED`]. Control characters are spelled out: a row is shown in other terminals, too.
fn values(run: &Run) -> Vec<Value> {
    let Begin { command, context, target, arguments, cwd, reason, actor, version } = &run.begin;
    let mut values = vec![
        run.id.as_str().into(),
        Value::Text(command.chars().take(64).collect()),
        name(context),
        long(target),
        json!(arguments).to_string().into(),
        long(cwd),
        long(reason),
        name(&actor.user),
        actor.claimed_user.as_deref().map_or(Value::Null, name),
        actor.sudo_user.as_deref().map_or(Value::Null, name),
        actor.from.as_deref().map_or(Value::Null, name),
        name(&actor.host),
        Value::Text(version.chars().take(64).collect()),
        column_time(run.begun_at),
    ];
    values.extend(end_values(run.ended.as_ref()));
    values
}

/// Numbers go as text, too: PostgreSQL keeps a statement with the types of its first values, and these are NULL before a
/// run has ended.
fn end_values(ended: Option<&Ended>) -> [Value; 5] {
    let Some(Ended { at, end }) = ended else { return [const { Value::Null }; 5] };
    [
        column_time(*at),
        end.exit.to_string().into(),
        end.counts.to_string().into(),
        end.error.as_deref().map_or(Value::Null, long),
        i64::try_from(end.took_ms).unwrap_or(i64::MAX).to_string().into(),
    ]
}

fn run(row: &Row) -> Result<Run> {
    let json = |name: &str| Ok::<_, Error>(serde_json::from_str(&row.text(name)?).unwrap_or_default());
    let begin = Begin {
        command: row.text("command")?,
        context: row.text("context")?,
        target: row.text("target")?,
        arguments: serde_json::from_str(&row.text("arguments")?).unwrap_or_default(),
        cwd: row.text("cwd")?,
        reason: row.text("reason")?,
        actor: Actor {
            user: row.text("user_name")?,
            claimed_user: row.text_or_null("claimed_user")?,
            sudo_user: row.text_or_null("sudo_user")?,
            from: row.text_or_null("from_host")?,
            host: row.text("host")?,
        },
        version: row.text("version")?,
    };
    let ended = match row.time("ended_at")? {
        Some(at) => Some(Ended::new(
            at,
            End {
                exit: u8::try_from(row.int("exit_code")?).unwrap_or(u8::MAX),
                counts: json("counts")?,
                error: row.text_or_null("error")?,
                took_ms: u64::try_from(row.int("took_ms")?).unwrap_or_default(),
            },
        )),
        None => None,
    };
    let begun_at = row.time("begun_at")?.unwrap_or_default();
    Ok(Run { ended, ..Run::begun(&row.text("run")?, begun_at, begin) })
}
