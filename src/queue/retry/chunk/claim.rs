//! The claim of a chunk's rows: nothing is pushed whose row is not ours until the end of the transaction.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{Planned, Worker, plan::TAKEN};
use crate::{
    Result,
    db::{Begin, Engine, Query, Session, Table},
    laravel::queue::{Queues, TableQueues},
};
use super::super::Outcome;

/// How rows are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// They are deleted, and those that go to a table of the same database pushed by the same statement: their bytes
    /// never leave the server. All of them, or the claim gives up: another run has some, or a lock is held. On
    /// PostgreSQL a lock before the deletion would write each row twice.
    Delete,
    /// They are locked; what somebody else has locked is passed over.
    Lock,
}

impl Claim {
    pub(super) fn begin(self) -> Begin {
        match self {
            Claim::Delete => Begin::Hasty,
            Claim::Lock => Begin::Write,
        }
    }
}

impl Worker<'_, '_> {
    /// Whether one statement can delete these rows and push those that it can.
    pub(super) fn may_delete_first(&self, planned: &[Planned<'_>]) -> bool {
        let mut copied = planned.iter().filter(|job| self.is_copied(job)).map(|job| &job.failed.connection);
        let first = copied.next();
        self.table.engine() == Engine::Postgres && copied.all(|connection| Some(connection) == first)
    }

    /// Whether a job's bytes go from one table to another of the same database as they are.
    pub(super) fn is_copied(&self, job: &Planned<'_>) -> bool {
        job.present.is_none() && job.job.edited.is_none() && self.table_here(job).is_some()
    }

    /// The table that a job goes to, in the database of the failed jobs.
    fn table_here(&self, job: &Planned<'_>) -> Option<TableQueues<'_>> {
        let place = self.destinations.place(&job.failed.connection).ok()?;
        match place.queues() {
            Queues::Table(table) if place.is_in(self.failed.db) => Some(table),
            Queues::Table(_) | Queues::Redis(_) => None,
        }
    }

    /// Deletes the rows, and pushes what is copied; says whether all of them were there.
    pub(super) async fn delete(&self, session: &mut Session<'_>, planned: &[Planned<'_>]) -> Result<bool> {
        let copied: Vec<&Planned<'_>> = planned.iter().filter(|job| self.is_copied(job)).collect();
        let table = &self.table.name;
        let ids = self.table.one_of_numbers("id", planned.iter().map(|job| job.failed.row));
        let Some(queues) = copied.first().and_then(|job| self.table_here(job)) else {
            let sql = format!("DELETE FROM {table} WHERE {}", ids.sql);
            let deleted = session.execute(Query::new(sql).bind_all(ids.values)).await?;
            return Ok(deleted == planned.len() as u64);
        };
        let only = (copied.len() < planned.len())
            .then(|| self.table.one_of_numbers("id", copied.iter().map(|job| job.failed.row)));
        let condition = only.as_ref().map_or_else(String::new, |only| format!(" WHERE {}", only.sql));
        let insert = self.insert(&queues.require().await?, "gone", &condition);
        let sql = format!(
            "WITH gone AS (DELETE FROM {table} WHERE {} RETURNING id, {}, payload), pushed AS ({insert} RETURNING 1) \
             SELECT (SELECT COUNT(*) FROM gone) AS gone, (SELECT COUNT(*) FROM pushed) AS pushed",
            ids.sql,
            self.table.column("queue")
        );
        let query = Query::new(sql).bind_all(ids.values).bind_all(only.into_iter().flat_map(|only| only.values));
        let Some(row) = session.first(query).await? else { return Ok(false) };
        Ok((row.int("gone")?, row.int("pushed")?) == (wide(planned.len()), wide(copied.len())))
    }

    /// The statement that copies jobs into a table, oldest first.
    pub(super) fn insert(&self, to: &Table, from: &str, condition: &str) -> String {
        let now = self.rules.now.timestamp();
        format!(
            "INSERT INTO {} ({}, payload, attempts, available_at, created_at) \
             SELECT {}, payload, 0, {now}, {now} FROM {from}{condition} ORDER BY id",
            to.name,
            to.column("queue"),
            self.table.column("queue"),
        )
    }

    /// Locks the rows that are still there; gives the jobs whose rows are not, or that somebody else has locked.
    pub(super) async fn lock(
        &self,
        session: &mut Session<'_>,
        planned: &[Planned<'_>],
    ) -> Result<HashMap<usize, (Outcome, Cow<'static, str>)>> {
        let table = self.table;
        let lock = match table.engine() {
            Engine::Sqlite => "",
            _ if self.failed.db.facts().await?.skip_locked => " FOR UPDATE SKIP LOCKED",
            _ => " FOR UPDATE",
        };
        let ids = table.one_of_numbers("id", planned.iter().map(|job| job.failed.row));
        let sql = format!(
            "SELECT id FROM {}{} WHERE {}{lock}",
            table.name,
            table.through(&["id"]),
            ids.sql
        );
        let rows = session.fetch(Query::new(sql).bind_all(ids.values)).await?;
        let found: HashSet<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?;
        let gone = planned.iter().filter(|job| !found.contains(&job.failed.row));
        Ok(gone.map(|job| (job.at, (Outcome::Skipped, TAKEN.into()))).collect())
    }
}

fn wide(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
