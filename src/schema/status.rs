//! What `db status` tells of the central database.

use serde::Serialize;

use super::{CENTRAL, Line, OPSCTL, Owner, Set, State, owner::owner, plan::plan};
use crate::{Exit, Result, db::Db};

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

    /// Findings when anything is pending, drifted or dirty.
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
pub async fn lines(db: &Db, set: &Set) -> Result<Vec<Line>> {
    Ok(plan(db, set).await?.lines)
}
