//! The claim of a chunk's rows: nothing is pushed whose row is not ours until the end of the transaction.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    super::{Outcome, judge::Form},
    Planned, Worker,
    plan::TAKEN,
};
use crate::{
    Result,
    db::{Begin, Engine, Query, Session},
};

/// Jobs that stay, by their places in the chunk, and why.
pub(super) type Staying = HashMap<usize, (Outcome, Cow<'static, str>)>;

/// How rows are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// They are deleted, behind the copies of those that go to a table of the same database. All of them, or the claim
    /// gives up: another run has some, or a lock is held. On PostgreSQL, where a lock would write each row once more.
    Delete,
    /// They are locked; what somebody else has locked is passed over.
    Lock,
}

impl Claim {
    /// The one that an engine is asked for first.
    pub(super) fn of(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Claim::Delete,
            Engine::MySql | Engine::Sqlite => Claim::Lock,
        }
    }

    pub(super) fn begin(self) -> Begin {
        match self {
            Claim::Delete => Begin::Hasty,
            Claim::Lock => Begin::Write,
        }
    }
}

impl Worker<'_, '_> {
    /// Whether a job's bytes go from one table to another of the same database as they are.
    pub(super) fn is_copied(&self, job: &Planned<'_>) -> bool {
        let form = self.destinations.forms().get(&job.failed.connection);
        job.present.is_none() && job.job.edited.is_none() && form == Some(&Form::Here)
    }

    /// Pushes what is copied, and deletes all rows; says whether all of them were there.
    pub(super) async fn delete(&self, session: &mut Session<'_>, planned: &[Planned<'_>]) -> Result<bool> {
        let copied: Vec<&Planned<'_>> = planned.iter().filter(|job| self.is_copied(job)).collect();
        let are_all = self.copy(session, &copied).await? == copied.len() as u64;
        Ok(are_all && self.forget(session, planned).await? == planned.len() as u64)
    }

    /// Locks the rows that are still there; gives the jobs whose rows are not, or that somebody else has locked.
    pub(super) async fn lock(&self, session: &mut Session<'_>, planned: &[Planned<'_>]) -> Result<Staying> {
        let table = self.table;
        let lock = match table.engine() {
            Engine::Sqlite => "",
            _ if self.failed.db.facts().await?.skip_locked => " FOR UPDATE SKIP LOCKED",
            _ => " FOR UPDATE",
        };
        let ids = table.one_of_numbers("id", planned.iter().map(|job| job.failed.row));
        let sql = format!("SELECT id FROM {}{} WHERE {}{lock}", table.name, table.through(&["id"]), ids.sql);
        let rows = session.fetch(Query::new(sql).bind_all(ids.values)).await?;
        let found: HashSet<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?;
        let gone = planned.iter().filter(|job| !found.contains(&job.failed.row));
        Ok(gone.map(|job| (job.at, (Outcome::Skipped, TAKEN.into()))).collect())
    }
}
