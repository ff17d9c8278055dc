//! Queues in a table.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{FIRST_WINDOW, Lying, Next, Part, Sizes, next_window};
use crate::{
    Result,
    db::{Db, Query, Row, Session, Table},
};

/// Jobs that are read in one statement.
pub(super) const WINDOW: usize = 500;
/// Jobs that are written in one statement.
const ROWS: usize = 100;

/// Columns of the table (`Illuminate\Queue\Console\stubs\jobs.stub`).
const COLUMNS: [&str; 7] =
    ["id", "queue", "payload", "attempts", "reserved_at", "available_at", "created_at"];

/// The queues of a table.
#[derive(Debug)]
pub struct TableQueues<'a> {
    /// The database of the table.
    pub db: &'a Db,
    /// Its name, without the connection's prefix.
    pub table: String,
    /// After this time a reserved job may be taken again.
    pub retry_after: Duration,
}

impl TableQueues<'_> {
    /// The table, with all of its columns.
    ///
    /// # Errors
    /// It is not there, or not Laravel's.
    pub async fn require(&self) -> Result<Table> {
        self.db.require(&self.table, &COLUMNS).await
    }

    /// Unix seconds: now, and the latest reservation that is over (`DatabaseQueue::isReservedButExpired`).
    async fn times(&self) -> Result<(i64, i64)> {
        let now = self.db.now().await?.timestamp();
        Ok((now, now - i64::try_from(self.retry_after.as_secs()).unwrap_or(i64::MAX / 2)))
    }

    pub(super) async fn names(&self) -> Result<Vec<String>> {
        let table = self.require().await?;
        // A queue at a time, along the index: a table may hold a million jobs of three queues.
        let queue = table.column("queue");
        let sql = format!(
            "SELECT {queue} AS queue FROM {} WHERE {queue} > {} ORDER BY {queue} LIMIT 1",
            table.name,
            table.hole("queue")
        );
        let mut names: Vec<String> = Vec::new();
        let mut session = self.db.session().await?;
        loop {
            let last = names.last().cloned().unwrap_or_default();
            match session.first(Query::new(&sql).bind(last.as_str())).await? {
                Some(row) => names.push(row.text("queue")?),
                None => return Ok(names),
            }
        }
    }

    pub(super) async fn sizes(&self, queue: &str) -> Result<Sizes> {
        let table = self.require().await?;
        let (now, over) = self.times().await?;
        let sql = format!(
            "SELECT COUNT(CASE WHEN reserved_at IS NULL AND available_at <= ? THEN 1 END) AS ready_jobs, \
             COUNT(CASE WHEN reserved_at IS NULL AND available_at > ? THEN 1 END) AS delayed_jobs, \
             COUNT(CASE WHEN reserved_at > ? THEN 1 END) AS reserved_jobs, \
             COUNT(CASE WHEN reserved_at <= ? THEN 1 END) AS stuck_jobs, \
             MIN(CASE WHEN reserved_at IS NULL AND available_at <= ? THEN available_at END) AS oldest \
             FROM {} WHERE {} = {}",
            table.name,
            table.column("queue"),
            table.hole("queue")
        );
        let query = Query::new(sql).bind_all([now, now, over, over, now].map(Into::into)).bind(queue);
        let Some(row) = self.db.session().await?.first(query).await? else { return Ok(Sizes::default()) };
        let count = |name: &str| row.int(name).map(|count| u64::try_from(count).unwrap_or_default());
        let oldest = row.text_or_null("oldest")?.and_then(|seconds| seconds.parse().ok());
        Ok(Sizes {
            ready: count("ready_jobs")?,
            delayed: count("delayed_jobs")?,
            reserved: count("reserved_jobs")?,
            stuck: count("stuck_jobs")?,
            oldest: oldest.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        })
    }

    pub(super) async fn each(
        &self,
        queue: &str,
        part: Part,
        take: &mut impl FnMut(Lying) -> Result<Next>,
    ) -> Result<()> {
        let table = self.require().await?;
        let (now, _) = self.times().await?;
        let condition = match part {
            Part::Ready => "reserved_at IS NULL AND available_at <= ?",
            Part::Delayed => "reserved_at IS NULL AND available_at > ?",
            Part::Reserved => "reserved_at <= ?",
        };
        // Every reservation lies in the past, or in the near future of a host whose clock is ahead.
        let limit = if part == Part::Reserved { i64::from(u32::MAX) } else { now };
        let sql = format!(
            "SELECT id, payload, attempts, reserved_at, available_at, created_at FROM {} \
             WHERE {} = {} AND id > ? AND {condition} ORDER BY id LIMIT ?",
            table.name,
            table.column("queue"),
            table.hole("queue")
        );
        let mut session = self.db.session().await?;
        let (mut from, mut window) = (i64::MIN, FIRST_WINDOW);
        loop {
            let most = i64::try_from(window).unwrap_or(i64::MAX);
            let query = Query::new(&sql).bind(queue).bind(from).bind(limit).bind(most);
            let rows = session.fetch(query).await?;
            let (seen, mut bytes) = (rows.len(), 0);
            for row in rows {
                let lying = self.lying(row, part)?;
                from = lying.row.unwrap_or(from);
                bytes += lying.payload.len();
                if take(lying)? == Next::Enough {
                    return Ok(());
                }
            }
            if seen < window {
                return Ok(());
            }
            window = next_window(window, bytes, WINDOW);
        }
    }

    fn lying(&self, row: Row, part: Part) -> Result<Lying> {
        let moment = |name: &str| row.int(name).map(|seconds| DateTime::from_timestamp(seconds, 0));
        let until = match part {
            Part::Ready => None,
            Part::Delayed => moment("available_at")?,
            Part::Reserved => moment("reserved_at")?.map(|since| since + self.retry_after),
        };
        Ok(Lying {
            row: Some(row.int("id")?),
            attempts: Some(row.int("attempts")?),
            since: moment("created_at")?,
            part,
            until,
            payload: row.into_bytes("payload")?.unwrap_or_default(),
        })
    }

    /// Pushes jobs that may be taken at once, in a transaction of the session's (`DatabaseQueue::buildDatabaseRecord`).
    ///
    /// # Errors
    /// The table is missing, or the database's.
    pub async fn push<'p>(
        &self,
        session: &mut Session<'_>,
        queue: &str,
        payloads: impl Iterator<Item = &'p str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let table = self.require().await?;
        let columns = ["queue", "payload", "attempts", "available_at", "created_at"];
        let names: Vec<String> = columns.iter().map(|name| table.column(name)).collect();
        let payloads: Vec<&str> = payloads.collect();
        for some in payloads.chunks(ROWS) {
            let holes = vec!["(?, ?, 0, ?, ?)"; some.len()].join(", ");
            let sql = format!("INSERT INTO {} ({}) VALUES {holes}", table.name, names.join(", "));
            let at = now.timestamp();
            let values =
                some.iter().flat_map(|payload| [queue.into(), (*payload).into(), at.into(), at.into()]);
            session.execute(Query::new(sql).bind_all(values)).await?;
        }
        Ok(())
    }

    pub(super) async fn clear(&self, queue: &str) -> Result<u64> {
        let table = self.require().await?;
        let sql =
            format!("DELETE FROM {} WHERE {} = {}", table.name, table.column("queue"), table.hole("queue"));
        self.db.session().await?.execute(Query::new(sql).bind(queue)).await
    }
}
