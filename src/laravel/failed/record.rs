//! Writing down that a job has failed, as the application's own workers do.

use chrono::{DateTime, Utc};

use super::FailedJobs;
use crate::{
    Result, clock,
    db::{Begin, Query, Session, Value},
};

/// A job that has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFailed<'a> {
    /// The queue connection that it came from.
    pub connection: &'a str,
    /// The queue that it came from.
    pub queue: &'a str,
    /// The payload's UUID.
    pub uuid: &'a str,
    /// The bytes that it had before it was taken.
    pub payload: &'a str,
    /// Class, message and place, as [`exception`] writes them.
    pub exception: &'a str,
}

/// An exception as PHP prints one: what [`super::head`] reads back is its class and message.
pub fn exception(class: &str, message: &str) -> String {
    format!("{class}: {message} in /opsctl queue work:0\nStack trace:\n#0 {{main}}")
}

impl FailedJobs<'_> {
    /// Records a job, in the session's transaction where it is one on the database of the failed jobs. What is there
    /// already, under its UUID, is not written again: a worker may have been killed behind it.
    ///
    /// # Errors
    /// The database does not answer, or the table is missing.
    pub async fn record(&self, session: &mut Session<'_>, job: &NewFailed<'_>) -> Result<()> {
        if std::ptr::eq(self.db, session.db()) {
            return self.record_in(session, job).await;
        }
        let mut own = self.db.session().await?;
        own.begin(Begin::Write).await?;
        self.record_in(&mut own, job).await?;
        own.commit().await
    }

    async fn record_in(&self, session: &mut Session<'_>, job: &NewFailed<'_>) -> Result<()> {
        let table = self.require().await?;
        // A table of the older provider has no column for it; there it is looked for in what failed of this queue.
        let (known, value) = match table.has("uuid") {
            true => (format!("uuid = {}", table.hole("uuid")), job.uuid.to_owned()),
            false => ("payload LIKE ?".into(), format!("%\"uuid\":\"{}\"%", job.uuid)),
        };
        let known = format!("SELECT 1 AS one FROM {} WHERE {known} LIMIT 1", table.name);
        if session.first(Query::new(known).bind(value)).await?.is_some() {
            return Ok(());
        }
        let now = self.db.now().await?;
        let mut columns = vec!["connection", "queue", "payload", "exception", "failed_at"];
        let texts = [job.connection, job.queue, job.payload, job.exception, &self.wall(now)];
        let mut values: Vec<Value> = texts.into_iter().map(Value::from).collect();
        if table.has("uuid") {
            columns.push("uuid");
            values.push(job.uuid.into());
        }
        let names: Vec<String> = columns.iter().map(|column| table.column(column)).collect();
        let holes: Vec<String> = columns.iter().map(|column| table.hole(column)).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), holes.join(", "));
        session.execute(Query::new(sql).bind_all(values)).await.map(|_| ())
    }

    /// A moment on the application's clock.
    fn wall(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).naive_local().format(clock::COLUMN_FORMAT).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::head, exception};

    #[test]
    fn an_exception_reads_as_those_of_the_application() {
        let class = r"Illuminate\Queue\MaxAttemptsExceededException";
        let text = exception(class, r"App\Jobs\X has been attempted too many times.");
        assert_eq!(head(&text), format!(r"{class}: App\Jobs\X has been attempted too many times."));
    }
}
