//! Taking jobs from queues in a table. Where the work changes rows of the same database, a job is locked, worked on and
//! deleted in one transaction; elsewhere it is reserved first.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};

use super::{Due, Look, Reservation, Spot, TableQueues, Taking, due::seconds, next_window, table::WINDOW};
use crate::{
    Result,
    db::{Begin, Engine, Query, Session, Table},
};

/// A job may be taken that waits and is due, or whose worker's time is over (`DatabaseQueue::getNextAvailableJob`).
const MAY_BE_TAKEN: &str = "((reserved_at IS NULL AND available_at <= ?) OR reserved_at <= ?)";

impl TableQueues<'_> {
    /// As [`super::Queues::look`].
    pub(super) async fn look(&self, queue: &str, look: &mut Look, marks: &[&str]) -> Result<Vec<Due>> {
        let table = self.require().await?;
        let now = self.db.now().await?;
        let sql = format!(
            "SELECT id, payload, attempts FROM {} WHERE {} = {} AND id > ? AND {MAY_BE_TAKEN} AND ({}) ORDER BY id LIMIT ?",
            table.name,
            table.column("queue"),
            table.hole("queue"),
            marked(marks),
        );
        let most = i64::try_from(look.window).unwrap_or(i64::MAX);
        let query = Query::new(sql).bind(queue).bind(look.row).bind_all(self.moments(now));
        let query = query.bind_all(marks.iter().map(|mark| format!("%{mark}%").into())).bind(most);
        let (mut found, mut bytes) = (Vec::new(), 0);
        for row in self.db.session().await?.fetch(query).await? {
            let (id, attempts) = (row.int("id")?, row.int("attempts")?);
            let payload = row.into_bytes("payload")?.unwrap_or_default();
            look.row = id;
            bytes += payload.len();
            found.push(Due { spot: Spot::Row(id), payload, attempts: Some(attempts) });
        }
        look.window = next_window(look.window, bytes, WINDOW);
        Ok(found)
    }

    /// How many jobs may be taken that hold none of the marks.
    ///
    /// # Errors
    /// The database's, or a table that is missing.
    pub async fn unmarked(&self, queue: &str, marks: &[&str]) -> Result<u64> {
        let table = self.require().await?;
        let now = self.db.now().await?;
        let sql = format!(
            "SELECT COUNT(*) AS jobs FROM {} WHERE {} = {} AND {MAY_BE_TAKEN} AND NOT ({})",
            table.name,
            table.column("queue"),
            table.hole("queue"),
            marked(marks),
        );
        let query = Query::new(sql).bind(queue).bind_all(self.moments(now));
        let query = query.bind_all(marks.iter().map(|mark| format!("%{mark}%").into()));
        let row = self.db.session().await?.first(query).await?;
        let jobs = row.map_or(Ok(0), |row| row.int("jobs"))?;
        Ok(u64::try_from(jobs).unwrap_or_default())
    }

    /// Now, and the latest reservation that is over (`DatabaseQueue::isReservedButExpired`).
    fn moments(&self, now: DateTime<Utc>) -> [crate::db::Value; 2] {
        let now = now.timestamp();
        [now.into(), now.saturating_sub(seconds(self.retry_after)).into()]
    }

    /// Locks rows for the rest of a transaction: those that may still be taken, with their attempts. What another worker
    /// has locked is passed over, and its own workers pass over ours.
    ///
    /// # Errors
    /// The database's, or a table that is missing.
    pub async fn lock(
        &self,
        session: &mut Session<'_>,
        rows: &[i64],
        now: DateTime<Utc>,
    ) -> Result<HashMap<i64, i64>> {
        let table = self.require().await?;
        let lock = match table.engine() {
            Engine::Sqlite => "",
            _ if self.db.facts().await?.skip_locked => " FOR UPDATE SKIP LOCKED",
            _ => " FOR UPDATE",
        };
        let ids = table.one_of_numbers("id", rows.iter().copied());
        let sql = format!(
            "SELECT id, attempts FROM {} WHERE {} AND {MAY_BE_TAKEN} ORDER BY id{lock}",
            table.name, ids.sql
        );
        let query = Query::new(sql).bind_all(ids.values).bind_all(self.moments(now));
        let found = session.fetch(query).await?;
        found.iter().map(|row| Ok((row.int("id")?, row.int("attempts")?))).collect()
    }

    /// Deletes rows in a transaction that has locked them.
    ///
    /// # Errors
    /// The database's, or a table that is missing.
    pub async fn delete(&self, session: &mut Session<'_>, rows: &[i64]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let table = self.require().await?;
        let ids = table.one_of_numbers("id", rows.iter().copied());
        let sql = format!("DELETE FROM {} WHERE {}", table.name, ids.sql);
        session.execute(Query::new(sql).bind_all(ids.values)).await.map(|_| ())
    }

    /// Releases a job that a transaction has locked: a new row takes the place of its own (`DatabaseQueue::release`).
    ///
    /// # Errors
    /// The database's, or a table that is missing.
    pub async fn put_off(
        &self,
        session: &mut Session<'_>,
        queue: &str,
        job: &Taking,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let Spot::Row(row) = job.spot else { return Ok(()) };
        let table = self.require().await?;
        self.delete(session, &[row]).await?;
        let columns = ["queue", "payload", "attempts", "available_at", "created_at"];
        let names: Vec<String> = columns.iter().map(|name| table.column(name)).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES (?, ?, ?, ?, ?)", table.name, names.join(", "));
        let query = Query::new(sql).bind(queue).bind(job.payload.as_str()).bind(job.attempts + 1);
        session.execute(query.bind(due.timestamp()).bind(now.timestamp())).await.map(|_| ())
    }

    /// Reserves rows (`DatabaseQueue::markJobAsReserved`); says of each whether it is ours.
    pub(super) async fn reserve(
        &self,
        session: &mut Session<'_>,
        by: &Reservation,
        jobs: &[&Taking],
    ) -> Result<Vec<bool>> {
        let now = DateTime::from_timestamp(by.now, 0).unwrap_or_default();
        let rows: Vec<i64> = jobs.iter().filter_map(|job| row_of(job)).collect();
        let locked = self.lock(session, &rows, now).await?;
        let ours = |job: &Taking| row_of(job).is_some_and(|row| locked.get(&row) == Some(&job.attempts));
        let taken: Vec<bool> = jobs.iter().map(|job| ours(job)).collect();
        let table = self.require().await?;
        let rows = jobs.iter().zip(&taken).filter(|(_, ours)| **ours).filter_map(|(job, _)| row_of(job));
        let ids = table.one_of_numbers("id", rows);
        let sql =
            format!("UPDATE {} SET reserved_at = ?, attempts = attempts + 1 WHERE {}", table.name, ids.sql);
        session.execute(Query::new(sql).bind(by.now).bind_all(ids.values)).await?;
        Ok(taken)
    }

    pub(super) async fn delete_reserved(&self, by: &Reservation, jobs: &[&Taking]) -> Result<()> {
        let table = self.require().await?;
        let sql = format!("DELETE FROM {} WHERE {}", table.name, Self::OURS);
        self.each_reserved(&table, &sql, by, jobs).await
    }

    pub(super) async fn give_back(&self, by: &Reservation, jobs: &[&Taking]) -> Result<()> {
        let table = self.require().await?;
        let sql = format!(
            "UPDATE {} SET reserved_at = NULL, attempts = attempts - 1 WHERE {}",
            table.name,
            Self::OURS
        );
        self.each_reserved(&table, &sql, by, jobs).await
    }

    pub(super) async fn release_reserved(
        &self,
        queue: &str,
        by: &Reservation,
        job: &Taking,
        delay: Duration,
    ) -> Result<()> {
        let table = self.require().await?;
        let now = self.db.now().await?;
        let due = now + delay;
        let mut own = self.db.session().await?;
        own.begin(Begin::Write).await?;
        let sql = format!("DELETE FROM {} WHERE {}", table.name, Self::OURS);
        if own.execute(ours(&sql, by, job)).await? > 0 {
            self.put_off(&mut own, queue, job, due, now).await?;
        }
        own.commit().await
    }

    /// Laravel deletes by the id alone; a worker that was paused for too long would delete what another one has by now.
    const OURS: &'static str = "id = ? AND reserved_at = ? AND attempts = ?";

    async fn each_reserved(
        &self,
        table: &Table,
        sql: &str,
        by: &Reservation,
        jobs: &[&Taking],
    ) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut own = table_session(self).await?;
        for job in jobs {
            own.execute(ours(sql, by, job)).await?;
        }
        tracing::trace!(table = table.name, jobs = jobs.len(), "reserved jobs were settled");
        own.commit().await
    }
}

async fn table_session<'s>(queues: &'s TableQueues<'_>) -> Result<Session<'s>> {
    let mut own = queues.db.session().await?;
    own.begin(Begin::Write).await?;
    Ok(own)
}

fn ours(sql: &str, by: &Reservation, job: &Taking) -> Query {
    Query::new(sql).bind(row_of(job).unwrap_or(-1)).bind(by.now).bind(job.attempts + 1)
}

const fn row_of(job: &Taking) -> Option<i64> {
    match job.spot {
        Spot::Row(row) => Some(row),
        _ => None,
    }
}

fn marked(marks: &[&str]) -> String {
    if marks.is_empty() { "1 = 0".into() } else { vec!["payload LIKE ?"; marks.len()].join(" OR ") }
}
