//! What lies in a queue, without taking it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::is_class;
use crate::{
    Error, Kind, Result,
    laravel::{
        encrypter::Encrypter,
        payload::{Command, Payload},
        queue::{Lying, Next, Part, QueuePlace},
    },
};

/// What becomes of a job on Redis whose payload holds no number that a worker could raise.
const UNCOUNTED: &str = "the payload has no number of attempts: it is lost when a worker takes it";

/// Which jobs are meant: each condition must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Its class: the display name or the command's class in full, or what stands behind the last backslash.
    pub class: Option<String>,
    /// Its UUID, its id on Redis, or its row's id.
    pub id: Option<String>,
    /// It was pushed so long ago, or longer. A job that does not say when it was pushed is not.
    pub older_than: Option<Duration>,
    /// Parts; none means all.
    pub parts: Vec<Part>,
    /// Of the reserved ones only those whose worker's time is over.
    pub stuck: bool,
}

/// A job as it lies in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Job {
    /// Its UUID; nothing where its payload holds none or cannot be read.
    pub uuid: Option<String>,
    /// The row's id; nothing on Redis.
    pub row: Option<i64>,
    /// What people know it by: as a rule its class.
    pub class: Option<String>,
    /// The part that it lies in.
    pub part: Part,
    /// Whether the time of the worker that has it is over.
    pub stuck: bool,
    /// How often it was taken.
    pub attempts: Option<i64>,
    /// How often it may be taken: 0 without limit, nothing as the worker says.
    pub max_tries: Option<i64>,
    /// When it was pushed; where its payload does not say it (before Laravel 12.11), when its row was written.
    pub pushed_at: Option<DateTime<Utc>>,
    /// When a delayed job is due, or a reserved one may be taken again.
    pub until: Option<DateTime<Utc>>,
    /// Bytes of its payload.
    pub bytes: usize,
    /// Whether its command is encrypted.
    pub encrypted: bool,
    /// The encrypted command in clear, serialized by PHP, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What is wrong with its payload, if anything is.
    pub problem: Option<String>,
}

/// Jobs that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// In the order in which they lie: ready, delayed, reserved.
    pub jobs: Vec<Job>,
    /// In short.
    pub summary: JobSummary,
}

/// Jobs in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobSummary {
    /// The queue.
    pub queue: String,
    /// Its connection.
    pub connection: String,
    /// Jobs that were looked at.
    pub looked_at: u64,
    /// Jobs that are shown.
    pub shown: usize,
    /// Whether there may be more than are shown.
    pub more: bool,
    /// Jobs of those that were looked at whose payload no worker can run.
    pub unreadable: u64,
    /// Jobs that are shown whose command was to be decrypted, and could not be.
    pub undeciphered: u64,
}

/// Finds jobs of a queue, at most `limit`. Nothing is taken, and nothing is changed. Encrypted commands of those that are
/// shown are read with the keys of `encrypter`, and stay closed without.
///
/// # Errors
/// The place does not answer, or has no such table; [`Kind::NotFound`] where an id is asked for that no job bears.
pub async fn inspect(
    place: &QueuePlace<'_>,
    queue: &str,
    filter: &JobFilter,
    limit: usize,
    encrypter: Option<&Encrypter>,
) -> Result<Inspected> {
    let now = place.queues().now().await?;
    let mut jobs = Vec::new();
    let mut summary = JobSummary {
        queue: queue.to_owned(),
        connection: place.connection.name.clone(),
        ..JobSummary::default()
    };
    for part in Part::ALL.into_iter().filter(|part| filter.parts.is_empty() || filter.parts.contains(part)) {
        let mut take = |lying: Lying| {
            summary.looked_at += 1;
            let (mut job, id) = read(&lying, now);
            summary.unreadable += u64::from(job.problem.is_some());
            if !takes(filter, &job, id.as_deref(), now) {
                return Ok(Next::Go);
            }
            if jobs.len() == limit {
                summary.more = true;
                return Ok(Next::Enough);
            }
            if let Some(encrypter) = encrypter.filter(|_| job.encrypted) {
                summary.undeciphered += u64::from(!decipher(&mut job, &lying, encrypter));
            }
            jobs.push(job);
            Ok(Next::Go)
        };
        place.queues().each(queue, part, &mut take).await?;
        if summary.more {
            break;
        }
    }
    summary.shown = jobs.len();
    match &filter.id {
        Some(id) if jobs.is_empty() => Err(unknown(queue, id)),
        _ => Ok(Inspected { jobs, summary }),
    }
}

fn unknown(queue: &str, id: &str) -> Error {
    Error::new(Kind::NotFound, format!("no job of queue `{queue}` has the id `{id}`"))
        .because("a worker has finished it, or it lies in another queue")
        .hint(format!("did it fail? `opsctl queue failed {id}`"))
}

/// A job, and its id on Redis.
fn read(lying: &Lying, now: DateTime<Utc>) -> (Job, Option<String>) {
    let payload = Payload::read(&lying.payload);
    let read = payload.as_ref().ok();
    let problem = match &payload {
        Err(error) => Some(error.to_string()),
        // On Redis there is no row, and no column that counts.
        Ok(payload) if lying.row.is_none() && !payload.has_count() => Some(UNCOUNTED.to_owned()),
        Ok(payload) => payload.trouble(),
    };
    let is_encrypted = |command: Command<'_>| matches!(command, Command::Encrypted(_));
    let id = read.and_then(Payload::id).map(Into::into);
    let pushed = read.and_then(Payload::created_at).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let job = Job {
        uuid: read.and_then(Payload::uuid).map(Into::into),
        row: lying.row,
        class: read.and_then(|payload| payload.display_name().or_else(|| payload.class())).map(Into::into),
        part: lying.part,
        // As `sizes` counts them: the second at which the time is over is part of it.
        stuck: lying.part == Part::Reserved
            && lying.until.is_some_and(|until| until.timestamp() <= now.timestamp()),
        attempts: lying.attempts.or_else(|| read.and_then(Payload::attempts)),
        max_tries: read.and_then(Payload::max_tries),
        pushed_at: pushed.or(lying.since),
        until: lying.until.filter(|_| lying.part != Part::Ready),
        bytes: lying.payload.len(),
        encrypted: read.and_then(Payload::command).is_some_and(is_encrypted),
        command: None,
        problem,
    };
    (job, id)
}

/// Reads the command of a job; what keeps it closed is its problem. Gives whether it was read.
fn decipher(job: &mut Job, lying: &Lying, encrypter: &Encrypter) -> bool {
    let Ok(payload) = Payload::read(&lying.payload) else { return false };
    let Some(Command::Encrypted(text)) = payload.command() else { return false };
    match encrypter.command(&text) {
        Ok(command) => job.command = Some(command),
        Err(error) => job.problem = Some(error.to_string()),
    }
    job.command.is_some()
}

fn takes(filter: &JobFilter, job: &Job, id: Option<&str>, now: DateTime<Utc>) -> bool {
    let class = |wanted: &String| job.class.as_deref().is_some_and(|name| is_class(name, wanted));
    let named = |wanted: &String| {
        let row = job.row.map(|row| row.to_string());
        [job.uuid.as_deref(), id, row.as_deref()].contains(&Some(wanted.as_str()))
    };
    let old = |age: &Duration| {
        let before = TimeDelta::from_std(*age).ok().and_then(|age| now.checked_sub_signed(age));
        job.pushed_at.is_some_and(|pushed| before.is_some_and(|before| pushed <= before))
    };
    let stands = !filter.stuck || job.part != Part::Reserved || job.stuck;
    stands
        && filter.class.as_ref().is_none_or(class)
        && filter.id.as_ref().is_none_or(named)
        && filter.older_than.as_ref().is_none_or(old)
}
