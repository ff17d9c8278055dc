//! The life of one job: how often it failed, when it was retried and by which run, and where it is now.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Failed;
use crate::{
    Error, Kind, Result,
    db::{Db, Query, Row},
    laravel::{
        failed::{FailedJob, FailedJobs, head},
        payload::Payload,
        queue::Part,
    },
    queue::{Job, retry},
};

/// Rows of one job that are told.
const ROWS: usize = 500;

/// What happened to a job, or happens now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// It failed.
    Failed,
    /// It went back to its queue.
    Retried,
    /// It lies in a queue, and may be taken.
    Ready,
    /// It lies in a queue, and is due later.
    Delayed,
    /// A worker has it, or had it.
    Reserved,
}

impl Event {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Event::Failed => "failed",
            Event::Retried => "retried",
            Event::Ready => "ready",
            Event::Delayed => "delayed",
            Event::Reserved => "reserved",
        }
    }
}

/// One moment of a job's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Moment {
    /// When; nothing where that stands nowhere.
    pub at: Option<DateTime<Utc>>,
    /// What.
    pub event: Event,
    /// The queue connection.
    pub connection: String,
    /// The queue.
    pub queue: String,
    /// The head of the exception, or the run of the journal, or how it lies there.
    pub detail: String,
}

/// A job's life as the database tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// What the failed job is called, or was.
    pub id: String,
    /// Its UUID, by which queues know it.
    pub uuid: String,
    /// What happened, oldest first.
    pub moments: Vec<Moment>,
    /// Whether retries are written down in this database.
    pub is_recorded: bool,
    class: Option<String>,
}

/// What the database knows of a job: of the failed one, and of every retry.
///
/// # Errors
/// The database does not answer, or the table of failed jobs is missing.
pub async fn life(failed: &FailedJobs<'_>, id: &str) -> Result<Life> {
    let present = present(failed, id).await?;
    let read = present.as_ref().and_then(|job| Payload::read(&job.payload).ok());
    let uuid = read.as_ref().and_then(Payload::uuid).map_or_else(|| id.to_owned(), Into::into);
    let retried = retried(failed.db, &uuid).await?;
    let mut life = Life {
        id: present.as_ref().map_or_else(|| id.to_owned(), |job| job.id(failed.named_by_uuid)),
        class: read.as_ref().and_then(Payload::display_name).map(Into::into),
        is_recorded: retried.is_some(),
        moments: Vec::new(),
        uuid,
    };
    for row in retried.unwrap_or_default() {
        life.take(&row)?;
    }
    if let Some(job) = present {
        life.moments.push(Moment {
            at: job.failed_at,
            event: Event::Failed,
            connection: job.connection,
            queue: job.queue,
            detail: head(&job.exception).to_owned(),
        });
    }
    Ok(life)
}

impl Life {
    fn take(&mut self, row: &Row) -> Result<()> {
        let (connection, queue) = (row.text("connection")?, row.text("queue")?);
        if self.class.is_none() {
            self.class = row.text_or_null("class")?.filter(|class| !class.is_empty());
        }
        self.moments.push(Moment {
            at: row.time("failed_at")?,
            event: Event::Failed,
            connection: connection.clone(),
            queue: queue.clone(),
            detail: row.text("exception")?,
        });
        self.moments.push(Moment {
            at: row.time("retried_at")?,
            event: Event::Retried,
            connection,
            queue,
            detail: format!("by run {}", row.text("run")?.trim_end()),
        });
        Ok(())
    }

    /// The queues that it was in, as far as is known: connection and name.
    pub fn queues(&self) -> Vec<(String, String)> {
        let mut queues: Vec<(String, String)> =
            self.moments.iter().map(|moment| (moment.connection.clone(), moment.queue.clone())).collect();
        queues.sort();
        queues.dedup();
        queues
    }

    /// Adds where it lies now.
    pub fn lies(&mut self, connection: &str, queue: &str, job: &Job) {
        if self.class.is_none() {
            self.class.clone_from(&job.class);
        }
        let (event, at) = match job.part {
            Part::Ready => (Event::Ready, None),
            Part::Delayed => (Event::Delayed, job.until),
            Part::Reserved => (Event::Reserved, job.until),
        };
        let detail = match (job.part, job.stuck) {
            (Part::Ready, _) => "it waits for a worker".to_owned(),
            (Part::Delayed, _) => "until then it waits".to_owned(),
            (Part::Reserved, false) => "until then a worker has it".to_owned(),
            (Part::Reserved, true) => "since then its worker's time is over".to_owned(),
        };
        self.moments.push(Moment {
            at,
            event,
            connection: connection.to_owned(),
            queue: queue.to_owned(),
            detail,
        });
    }

    /// As the list of failed jobs has it, with its life.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where nothing is known of it.
    pub fn told(self) -> Result<Failed> {
        let failures: Vec<&Moment> =
            self.moments.iter().filter(|moment| moment.event == Event::Failed).collect();
        let Some(last) = failures.last().copied().or(self.moments.last()).cloned() else {
            return Err(self.unknown());
        };
        let exception = failures.last().map(|moment| moment.detail.clone()).unwrap_or_default();
        Ok(Failed {
            count: failures.len() as u64,
            first_failed_at: failures.first().and_then(|moment| moment.at),
            failed_at: failures.last().and_then(|moment| moment.at),
            id: self.id,
            class: self.class,
            queue: last.queue,
            connection: last.connection,
            exception,
            detail: None,
            history: Some(self.moments),
        })
    }

    fn unknown(&self) -> Error {
        let error = Error::new(Kind::NotFound, format!("nothing is known of a job `{}`", self.id))
            .because("it is no failed job, it was not retried, and no queue that was looked at holds it");
        match self.is_recorded {
            true => error.hint("ids of failed jobs: `opsctl queue failed --list`"),
            false => {
                error.hint("retries are written down where `opsctl db migrate` has made a table for them")
            }
        }
    }
}

/// The failed job of an id; of a UUID, also where the application calls failed jobs by their rows.
async fn present(failed: &FailedJobs<'_>, id: &str) -> Result<Option<FailedJob>> {
    if let Some(job) = failed.named(&[id]).await?.pop() {
        return Ok(Some(job));
    }
    let by_uuid = FailedJobs { table: failed.table.clone(), named_by_uuid: true, ..*failed };
    match by_uuid.require().await?.has("uuid") {
        true => Ok(by_uuid.named(&[id]).await?.pop()),
        false => Ok(None),
    }
}

/// The rows of each retry, oldest first; `None` where this database has no table for them.
async fn retried(db: &Db, uuid: &str) -> Result<Option<Vec<Row>>> {
    let Some(table) = db.table(retry::TABLE).await? else { return Ok(None) };
    let sql = format!(
        "SELECT class, {} AS connection, {} AS queue, exception, failed_at, retried_at, run FROM {} \
         WHERE uuid = {} ORDER BY id LIMIT {ROWS}",
        table.column("connection"),
        table.column("queue"),
        table.name,
        table.hole("uuid")
    );
    db.session().await?.fetch(Query::new(sql).bind(uuid)).await.map(Some)
}
