//! How a set stands on one database. Up to date costs one statement.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Migration, Owner, Scope, Set,
    held::told,
    owner::owner,
    record::{self, Applied},
    sets::short,
};
use crate::{Error, Result, db::Db};

/// How one migration stands on one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Applied from the text that it has now.
    Applied,
    /// Not applied yet.
    Pending,
    /// Applied, but from another text.
    Drifted,
    /// Begun and not finished.
    Dirty,
    /// Applied, and nothing is known of it here: a newer opsctl, or a file that is gone.
    Unknown,
}

/// One migration on one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// Name of the set.
    pub set: String,
    /// Version.
    pub version: i64,
    /// What it does.
    pub description: String,
    /// How it stands.
    pub state: State,
    /// Pending, though a newer one is applied.
    pub late: bool,
    /// What there is to say about the state: both checksums of one that drifted.
    pub detail: Option<String>,
    /// Whether it is recorded, and nothing else is known of it here: its file is gone, or a newer opsctl has it.
    pub gone: bool,
    /// When it was applied.
    pub applied_at: Option<DateTime<Utc>>,
}

/// A set on one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// Whose database it is, where the set asks for it.
    pub owner: Option<Owner>,
    /// Whether the set was recorded there before.
    pub recorded: bool,
    /// Every migration, oldest first.
    pub lines: Vec<Line>,
}

impl Plan {
    /// How many are in a state.
    pub fn count(&self, state: State) -> usize {
        self.lines.iter().filter(|line| line.state == state).count()
    }

    /// The newest version that is applied.
    pub fn head(&self) -> Option<i64> {
        let applied = self.lines.iter().filter(|line| !matches!(line.state, State::Pending | State::Dirty));
        applied.map(|line| line.version).max()
    }

    /// Lines of a state.
    pub fn of(&self, state: State) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.state == state)
    }

    /// Whether nothing is left to be done or to be looked at.
    pub fn is_current(&self) -> bool {
        self.lines.iter().all(|line| matches!(line.state, State::Applied | State::Unknown))
    }

    /// Why nothing may be run before somebody has looked, if so.
    pub fn drift(&self) -> Option<Error> {
        let count = self.count(State::Drifted);
        if count == 0 {
            return None;
        }
        let what = if count == 1 { "migration was" } else { "migrations were" };
        let error = Error::failed(format!("{count} {what} applied from another text"));
        let told = |line: &Line| {
            let detail = line.detail.clone().unwrap_or_default();
            format!("version {} ({}): {detail}", line.version, line.description)
        };
        Some(self.of(State::Drifted).map(told).fold(error, Error::because))
    }

    /// The first migration, up to a version, that was begun and cannot go on, because its file is not here.
    pub fn stuck(&self, to: Option<i64>) -> Option<&Line> {
        self.of(State::Dirty).find(|line| line.gone && to.is_none_or(|last| line.version <= last))
    }
}

/// How a set stands on a database. Reads only; one statement where it is recorded already.
///
/// # Errors
/// The database's; [`crate::Kind::Locked`] with who holds the record.
pub async fn plan(db: &Db, set: &Set) -> Result<Plan> {
    match read(db, set).await {
        Err(error) => Err(told(db, &[&set.table, "opsctl_meta"], error).await),
        plan => plan,
    }
}

async fn read(db: &Db, set: &Set) -> Result<Plan> {
    let recorded = record::read(&mut db.session().await?, set).await?;
    let is_recorded = recorded.is_some();
    let (known, rows) = recorded.map_or((None, Vec::new()), |recorded| (recorded.owner, recorded.rows));
    let (owner, rows) = match (set.scope, known) {
        (Scope::Reference, Some(owner)) => (Some(owner), rows),
        // One of the two tables is missing, or the record is empty.
        (Scope::Reference, None) => {
            let rows = record::read(&mut db.session().await?, &set.bare()).await?;
            (Some(owner(db).await?), rows.map(|recorded| recorded.rows).unwrap_or_default())
        }
        (Scope::Beside | Scope::Team, _) => (None, rows),
    };
    Ok(Plan { owner, recorded: is_recorded, lines: lines(set, set.migrations(db.engine()), &rows) })
}

fn lines(set: &Set, known: &[Migration], rows: &[Applied]) -> Vec<Line> {
    let mine: Vec<&Applied> = rows.iter().filter(|row| set.versions.contains(&row.version)).collect();
    let newest = mine.iter().filter(|row| row.success).map(|row| row.version).max().unwrap_or(i64::MIN);
    let line = |migration: &Migration| {
        let row = mine.iter().find(|row| row.version == migration.version);
        let state = match row {
            None => State::Pending,
            Some(row) if !row.success => State::Dirty,
            Some(row) if row.checksum != migration.checksum() => State::Drifted,
            Some(_) => State::Applied,
        };
        Line {
            set: set.name.to_string(),
            version: migration.version,
            description: migration.description(),
            state,
            late: state == State::Pending && migration.version < newest,
            detail: row.filter(|_| state == State::Drifted).map(|row| drift(migration, row)),
            gone: false,
            applied_at: row.and_then(|row| row.at),
        }
    };
    let unknown = mine.iter().filter(|row| known.iter().all(|migration| migration.version != row.version));
    let gone = unknown.map(|row| Line {
        set: set.name.to_string(),
        version: row.version,
        description: row.description.clone(),
        state: if row.success { State::Unknown } else { State::Dirty },
        late: false,
        detail: None,
        gone: true,
        applied_at: row.at,
    });
    let mut lines: Vec<Line> = known.iter().map(line).chain(gone).collect();
    lines.sort_by_key(|line| line.version);
    lines
}

fn drift(migration: &Migration, row: &Applied) -> String {
    let ends = if migration.differs_in_line_ends(&row.checksum) { "; only line ends differ" } else { "" };
    format!("applied {}, now {}{ends}", short(&row.checksum), short(&migration.checksum()))
}
