//! Migrations: which sets there are, what is applied, what is pending, and the runner.
//!
//! The files follow sqlx's naming and checksums, and the reference sets are recorded in `_sqlx_migrations`, so that
//! `sqlx migrate info` reads the same state. The runner is opsctl's own: its lock is bounded and names its holder.

mod apply;
mod owner;
mod sets;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use self::{
    apply::apply,
    owner::{Owner, claim, owner, require_empty, require_own, wipe},
    sets::{CENTRAL, Migration, OPSCTL, Set, TENANT},
};
use crate::{
    Exit, Result,
    db::{Db, Engine, Query},
};

/// How one migration stands on one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Applied as it is in this version of opsctl.
    Applied,
    /// Not applied yet.
    Pending,
    /// Applied, but from another text.
    Changed,
    /// Begun and not finished: a statement failed on an engine without transactional DDL.
    Dirty,
    /// Applied by a newer opsctl.
    Unknown,
}

/// One line of `db status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// Name of the set.
    pub set: &'static str,
    /// Version.
    pub version: i64,
    /// What it does.
    pub description: String,
    /// How it stands.
    pub state: State,
    /// When it was applied.
    pub applied_at: Option<DateTime<Utc>>,
}

/// A database's migrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Status {
    /// The database, without credentials.
    pub database: String,
    /// Product and version of the server.
    pub server: String,
    /// Whose database it is.
    pub owner: Owner,
    /// The systems found in it.
    pub systems: Vec<crate::config::System>,
    /// Every migration of the sets that apply.
    pub migrations: Vec<Line>,
}

impl Status {
    /// How many are in a state.
    pub fn count(&self, state: State) -> usize {
        self.migrations.iter().filter(|line| line.state == state).count()
    }

    /// Findings when anything is pending, changed or dirty.
    pub fn exit(&self) -> Exit {
        let clean = |line: &Line| matches!(line.state, State::Applied | State::Unknown);
        if self.migrations.iter().all(clean) { Exit::Done } else { Exit::Findings }
    }
}

/// What is applied and what is pending. Reads only.
///
/// # Errors
/// The database's.
pub async fn status(db: &Db) -> Result<Status> {
    let owner = owner(db).await?;
    let mut migrations = lines(db, &OPSCTL).await?;
    if owner == Owner::Opsctl {
        migrations.extend(lines(db, &CENTRAL).await?);
    }
    let names = db.table_names().await?;
    Ok(Status {
        database: db.target().to_string(),
        server: db.facts().await?.server.clone(),
        owner,
        systems: crate::config::system::detect(names.iter().map(String::as_str)),
        migrations,
    })
}

/// One set's lines, oldest first.
///
/// # Errors
/// The database's.
pub async fn lines(db: &Db, set: &'static Set) -> Result<Vec<Line>> {
    let applied = applied(db, set).await?;
    let known = set.migrations(db.engine());
    let mut lines: Vec<Line> = known
        .iter()
        .map(|migration| {
            let found = applied.iter().find(|applied| applied.version == migration.version);
            let state = match found {
                None => State::Pending,
                Some(applied) if !applied.success => State::Dirty,
                Some(applied) if applied.checksum != migration.checksum() => State::Changed,
                Some(_) => State::Applied,
            };
            Line {
                set: set.name,
                version: migration.version,
                description: migration.description(),
                state,
                applied_at: found.and_then(|applied| applied.at),
            }
        })
        .collect();
    let newer = applied.into_iter().filter(|row| {
        set.versions.contains(&row.version) && known.iter().all(|migration| migration.version != row.version)
    });
    lines.extend(newer.map(|row| Line {
        set: set.name,
        version: row.version,
        description: row.description,
        state: State::Unknown,
        applied_at: row.at,
    }));
    Ok(lines)
}

/// A row of the table in which a set is recorded.
struct Applied {
    version: i64,
    description: String,
    success: bool,
    checksum: Vec<u8>,
    at: Option<DateTime<Utc>>,
}

async fn applied(db: &Db, set: &Set) -> Result<Vec<Applied>> {
    let Some(table) = db.table(set.table).await? else { return Ok(Vec::new()) };
    // A `timestamp` of MySQL is shown in the session's zone.
    let at = match db.engine() {
        Engine::MySql => "CONVERT_TZ(installed_on, @@session.time_zone, '+00:00')",
        Engine::Postgres | Engine::Sqlite => "installed_on",
    };
    let sql = format!(
        "SELECT version, description, success, checksum, {at} AS installed_on FROM {} ORDER BY version",
        table.name
    );
    let rows = db.session().await?.fetch(Query::new(sql)).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Applied {
                version: row.int("version")?,
                description: row.text("description")?,
                success: row.int("success")? != 0,
                at: row.time("installed_on")?,
                checksum: row.into_bytes("checksum")?.unwrap_or_default(),
            })
        })
        .collect()
}
