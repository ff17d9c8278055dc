//! Failed jobs in a table (`Illuminate\Queue\Failed\DatabaseUuidFailedJobProvider` and `DatabaseFailedJobProvider`,
//! Laravel 11 to 13).

mod record;

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

pub use self::record::{NewFailed, exception};
use crate::{
    Result,
    db::{Db, Query, Row, Table},
};

/// Columns of the table, but for `uuid`, which tables of the older provider lack.
const COLUMNS: [&str; 6] = ["id", "connection", "queue", "payload", "exception", "failed_at"];

/// The failed jobs of an application.
#[derive(Debug)]
pub struct FailedJobs<'a> {
    /// The database of the table.
    pub db: &'a Db,
    /// Its name, without the connection's prefix.
    pub table: String,
    /// Whether the application names a failed job by its `uuid`; by its row's id else.
    pub named_by_uuid: bool,
    /// The zone of its times.
    pub zone: Tz,
}

/// A failed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedJob {
    /// The row's id: never used twice, and higher for what failed later.
    pub row: i64,
    /// The payload's UUID, where the table has a column for it.
    pub uuid: Option<String>,
    /// The queue connection that it came from.
    pub connection: String,
    /// The queue that it came from.
    pub queue: String,
    /// The exact bytes.
    pub payload: Vec<u8>,
    /// What PHP said: message, place, and trace.
    pub exception: String,
    /// When; `None` where it is no time.
    pub failed_at: Option<DateTime<Utc>>,
}

impl FailedJob {
    /// What its application calls it, and `queue:retry` takes.
    pub fn id(&self, named_by_uuid: bool) -> String {
        match &self.uuid {
            Some(uuid) if named_by_uuid => uuid.clone(),
            _ => self.row.to_string(),
        }
    }

    /// From a row with the columns of [`FailedJobs::columns`].
    ///
    /// # Errors
    /// A column that the statement does not give.
    pub fn read(row: Row, zone: Tz) -> Result<Self> {
        Ok(Self {
            row: row.int("id")?,
            uuid: row.text_or_null("uuid")?.filter(|uuid| !uuid.is_empty()),
            connection: row.text("connection")?,
            queue: row.text("queue")?,
            exception: row.text("exception")?,
            failed_at: row.time("failed_at")?.map(|wall| moment(wall.naive_utc(), zone)),
            payload: row.into_bytes("payload")?.unwrap_or_default(),
        })
    }
}

impl FailedJobs<'_> {
    /// The table.
    ///
    /// # Errors
    /// It is not there, or not Laravel's.
    pub async fn require(&self) -> Result<Table> {
        self.db.require(&self.table, &COLUMNS).await
    }

    /// What a SELECT names, so that [`FailedJob::read`] understands it. An exception is read to its first 4,000
    /// characters: its head is what people know it by.
    pub fn columns(table: &Table) -> String {
        let exception = format!("SUBSTR({}, 1, 4000)", table.column("exception"));
        Self::columns_with(table, "payload", &exception)
    }

    /// Likewise, with these expressions for the payload and the exception.
    pub fn columns_with(table: &Table, payload: &str, exception: &str) -> String {
        let uuid = if table.has("uuid") { "uuid" } else { "NULL AS uuid" };
        format!(
            "id, {uuid}, {}, {}, {payload} AS payload, {exception} AS exception, failed_at",
            table.column("connection"),
            table.column("queue")
        )
    }

    /// Whether a job of a queue has failed.
    ///
    /// # Errors
    /// The database does not answer, or the table is missing.
    pub async fn know(&self, queue: &str) -> Result<bool> {
        let table = self.require().await?;
        let sql = format!("SELECT 1 AS one FROM {} WHERE {} = ? LIMIT 1", table.name, table.column("queue"));
        Ok(self.db.session().await?.first(Query::new(sql).bind(queue)).await?.is_some())
    }

    /// The queues of failed jobs in their order, the first hundred of them.
    ///
    /// # Errors
    /// As [`FailedJobs::know`].
    pub async fn queues(&self) -> Result<Vec<String>> {
        let table = self.require().await?;
        let queue = table.column("queue");
        let sql = format!("SELECT DISTINCT {queue} AS queue FROM {} ORDER BY 1 LIMIT 100", table.name);
        let rows = self.db.session().await?.fetch(Query::new(sql)).await?;
        rows.iter().map(|row| row.text("queue")).collect()
    }

    /// The failed jobs that some of these ids name, in the order of their rows.
    ///
    /// # Errors
    /// The database does not answer, or the table is missing.
    pub async fn named(&self, ids: &[&str]) -> Result<Vec<FailedJob>> {
        let table = self.require().await?;
        let by_uuid = self.named_by_uuid && table.has("uuid");
        let known: Vec<&str> = match by_uuid {
            true => ids.to_vec(),
            false => ids.iter().copied().filter(|id| id.parse::<i64>().is_ok()).collect(),
        };
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let filter = table.one_of(if by_uuid { "uuid" } else { "id" }, known);
        let columns = Self::columns(&table);
        let sql = format!("SELECT {columns} FROM {} WHERE {} ORDER BY id", table.name, filter.sql);
        let rows = self.db.session().await?.fetch(Query::new(sql).bind_all(filter.values)).await?;
        rows.into_iter().map(|row| FailedJob::read(row, self.zone)).collect()
    }
}

/// What a time of the table means: the application's clock on the wall, without an offset.
pub fn moment(wall: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let shown = zone.from_local_datetime(&wall).earliest();
    // A time that the zone's clocks left out was never on any wall.
    shown.map_or_else(|| wall.and_utc(), |at| at.with_timezone(&Utc))
}

/// The first line of an exception, which says what happened: its class and message, without the place
/// (`Throwable::__toString`).
pub fn head(exception: &str) -> &str {
    let line = exception.lines().next().unwrap_or_default();
    line.rsplit_once(" in /").map_or(line, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn the_head_of_an_exception_names_no_place() {
        let text = "RuntimeException: no answer in time in /srv/app/Gateway.php:12\nStack trace:\n#0 …";
        assert_eq!(head(text), "RuntimeException: no answer in time");
        assert_eq!(head("Error: x"), "Error: x");
        assert_eq!(head(""), "");
    }
}
