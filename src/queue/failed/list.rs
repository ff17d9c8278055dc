//! Failed jobs for people: what failed in the same way together, or one by one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Brief, FailedFilter, Moment, Order, Walk};
use crate::{
    Error, Kind, Result,
    laravel::{
        failed::{FailedJob, FailedJobs, head},
        payload::{Command, Payload},
        queue::Next,
    },
};

/// Groups that are told apart. What would be one more is counted, and no more: messages with an id in them may all
/// differ.
pub const GROUPS: usize = 5000;
/// Longest head of an exception, in characters.
const HEAD: usize = 300;

/// Failed jobs that failed in the same way, or a single one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failed {
    /// What `queue:retry` takes: of the newest one.
    pub id: String,
    /// How many there are.
    pub count: u64,
    /// The class, as people know it; nothing where the payload cannot be read.
    pub class: Option<String>,
    /// The queue that they came from.
    pub queue: String,
    /// The queue connection that they came from.
    pub connection: String,
    /// The first line of the exception, without its place.
    pub exception: String,
    /// When the first one failed.
    pub first_failed_at: Option<DateTime<Utc>>,
    /// When the last one failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// More of a single one that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<Detail>>,
    /// The life of a single one, oldest first, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<Moment>>,
}

/// What else is known of a failed job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Detail {
    /// The row's id.
    pub row: i64,
    /// The job's UUID.
    pub uuid: Option<String>,
    /// How often it was taken, where its payload says so: those of tables do not.
    pub attempts: Option<i64>,
    /// How often it may be taken.
    pub max_tries: Option<i64>,
    /// Bytes of the payload.
    pub bytes: usize,
    /// Whether its command is encrypted.
    pub encrypted: bool,
    /// Why no worker can run what the payload names, if that is so.
    pub unreadable: Option<String>,
    /// The exception with its trace, to its first 4,000 characters.
    pub trace: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPage {
    /// Most frequent first, or newest first.
    pub items: Vec<Failed>,
    /// What was found in all.
    pub summary: FailedSummary,
}

/// Failed jobs in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailedSummary {
    /// Failed jobs that were found; of a list, those that are shown.
    pub jobs: u64,
    /// Groups of them; nothing for a list.
    pub groups: Option<usize>,
    /// Groups or jobs that are shown.
    pub shown: usize,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// What failed in the same way, most frequent first: by the exception's head, class, queue and connection.
///
/// # Errors
/// The database does not answer, or the table is missing.
pub async fn groups(failed: &FailedJobs<'_>, filter: &FailedFilter, limit: usize) -> Result<FailedPage> {
    let walk = Walk::open(failed, filter, Order::OldestFirst).await?;
    let mut found: HashMap<(String, Option<String>, String, String), Failed> = HashMap::new();
    let mut jobs = 0;
    let mut untold = false;
    walk.each(|brief| {
        jobs += 1;
        let head: String = brief.head.chars().take(HEAD).collect();
        let key = (head, brief.class.clone(), brief.queue.clone(), brief.connection.clone());
        if let Some(group) = found.get_mut(&key) {
            add(group, &brief, failed.named_by_uuid);
        } else if found.len() < GROUPS {
            let exception = key.0.clone();
            found.insert(key, Failed { exception, ..single(brief, failed.named_by_uuid) });
        } else {
            untold = true;
        }
        Next::Go
    })
    .await?;
    let mut items: Vec<Failed> = found.into_values().collect();
    items.sort_by(|a, b| {
        b.count.cmp(&a.count).then_with(|| b.failed_at.cmp(&a.failed_at)).then_with(|| a.id.cmp(&b.id))
    });
    let groups = items.len();
    items.truncate(limit);
    let summary = FailedSummary {
        jobs,
        groups: Some(groups),
        shown: items.len(),
        more: untold || groups > items.len(),
    };
    Ok(FailedPage { items, summary })
}

/// Single failed jobs, newest first, as `queue:failed` lists them.
///
/// # Errors
/// As [`groups`].
pub async fn list(failed: &FailedJobs<'_>, filter: &FailedFilter, limit: usize) -> Result<FailedPage> {
    let walk = Walk::open(failed, filter, Order::NewestFirst).await?;
    let mut items = Vec::new();
    let mut more = false;
    walk.each(|brief| {
        if items.len() == limit {
            more = true;
            return Next::Enough;
        }
        items.push(single(brief, failed.named_by_uuid));
        Next::Go
    })
    .await?;
    let summary = FailedSummary { jobs: items.len() as u64, groups: None, shown: items.len(), more };
    Ok(FailedPage { items, summary })
}

/// One failed job in full.
///
/// # Errors
/// [`Kind::NotFound`]; as [`groups`].
pub async fn show(failed: &FailedJobs<'_>, id: &str) -> Result<Failed> {
    match failed.named(&[id]).await?.pop() {
        Some(job) => Ok(full(&job, failed.named_by_uuid)),
        None => Err(unknown(id)),
    }
}

/// The error of an id that no failed job bears.
pub(super) fn unknown(id: &str) -> Error {
    Error::new(Kind::NotFound, format!("no failed job has the id `{id}`"))
        .because("it was retried or forgotten, or it never failed")
        .hint("ids of failed jobs: `opsctl queue failed --list`")
}

fn single(brief: Brief, by_uuid: bool) -> Failed {
    let id = id(&brief, by_uuid);
    Failed {
        id,
        count: 1,
        class: brief.class,
        queue: brief.queue,
        connection: brief.connection,
        exception: brief.head,
        first_failed_at: brief.failed_at,
        failed_at: brief.failed_at,
        detail: None,
        history: None,
    }
}

/// Rows come oldest first.
fn add(group: &mut Failed, brief: &Brief, by_uuid: bool) {
    group.count += 1;
    group.id = id(brief, by_uuid);
    group.first_failed_at = group.first_failed_at.into_iter().chain(brief.failed_at).min();
    group.failed_at = group.failed_at.max(brief.failed_at);
}

fn id(brief: &Brief, by_uuid: bool) -> String {
    match &brief.uuid {
        Some(uuid) if by_uuid => uuid.clone(),
        _ => brief.row.to_string(),
    }
}

fn full(job: &FailedJob, by_uuid: bool) -> Failed {
    let payload = Payload::read(&job.payload);
    let read = payload.as_ref().ok();
    let encrypted =
        read.and_then(Payload::command).is_some_and(|command| matches!(command, Command::Encrypted(_)));
    Failed {
        id: job.id(by_uuid),
        count: 1,
        class: read.and_then(Payload::display_name).map(Into::into),
        queue: job.queue.clone(),
        connection: job.connection.clone(),
        exception: head(&job.exception).to_owned(),
        first_failed_at: job.failed_at,
        failed_at: job.failed_at,
        detail: Some(Box::new(Detail {
            row: job.row,
            uuid: job.uuid.clone(),
            attempts: read.and_then(Payload::attempts),
            max_tries: read.and_then(Payload::max_tries),
            bytes: job.payload.len(),
            encrypted,
            unreadable: match &payload {
                Ok(payload) => payload.trouble(),
                Err(why) => Some(why.to_string()),
            },
            trace: job.exception.clone(),
        })),
        history: None,
    }
}
