//! How a worker's run went: jobs one by one, and counted.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, Exit};

/// Jobs that a report lists one by one; further ones are counted.
const LISTED: usize = 2000;

/// How one job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Its work is done, and it lies in no queue any more.
    Done,
    /// It met an error, and is tried again later.
    Released,
    /// It is a failed job now.
    Failed,
}

impl Outcome {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Outcome; 3] = [Outcome::Done, Outcome::Released, Outcome::Failed];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Released => "released",
            Outcome::Failed => "failed",
        }
    }
}

/// One job of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// Its uuid.
    pub id: String,
    /// Its class.
    pub class: &'static str,
    /// The queue that it came from.
    pub queue: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What its work came to, or why it failed.
    pub reason: String,
    /// How often it was taken, this time included.
    pub attempts: i64,
    /// Milliseconds; those of the chunk that it was worked on with.
    pub took_ms: u64,
}

/// Jobs per outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Taken.
    pub jobs: u64,
    /// Their work is done.
    pub done: u64,
    /// Met an error, and are tried again later.
    pub released: u64,
    /// Are failed jobs now.
    pub failed: u64,
    /// Known, and left where they lie, since somebody else works on the same: as of the last look.
    pub left: u64,
    /// Of classes that opsctl does not run, and left where they lie: as of the last look.
    pub unknown: u64,
}

impl Counts {
    /// The count of an outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Done => self.done,
            Outcome::Released => self.released,
            Outcome::Failed => self.failed,
        }
    }

    /// 0 when nothing failed, 1 when every job did, else 4.
    pub fn exit(&self) -> Exit {
        match self.failed {
            0 => Exit::Done,
            failed if failed == self.jobs => Exit::Failed,
            _ => Exit::Partial,
        }
    }
}

/// Why a worker ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// There was nothing to take.
    Empty,
    /// It has had its jobs.
    Jobs,
    /// It has had its time.
    Time,
    /// The restart sign has changed.
    Restart,
    /// The application is down for maintenance.
    Down,
    /// It was asked to stop, and ends well: nothing else would have ended it.
    Signal,
}

/// A run of `queue work`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkReport {
    /// Nothing was changed.
    pub dry_run: bool,
    /// The queue connection.
    pub connection: String,
    /// The queues, the first one first.
    pub queues: Vec<String>,
    /// All jobs.
    pub counts: Counts,
    /// Why known jobs were left, with how many: as of the last look.
    pub left: BTreeMap<String, u64>,
    /// The jobs, those that failed first to stay when there are too many to list.
    pub items: Vec<Item>,
    /// Jobs that are not listed.
    pub items_omitted: u64,
    /// Why it ended; nothing where an error did.
    pub ended: Option<Ending>,
    /// The error that ended it.
    pub stopped: Option<String>,
    /// Milliseconds.
    pub took_ms: u64,
    #[serde(skip)]
    error: Option<Error>,
}

impl WorkReport {
    pub(super) fn new(connection: &str, queues: &[String], dry_run: bool) -> Self {
        Self {
            dry_run,
            connection: connection.to_owned(),
            queues: queues.to_vec(),
            counts: Counts::default(),
            left: BTreeMap::new(),
            items: Vec::new(),
            items_omitted: 0,
            ended: None,
            stopped: None,
            took_ms: 0,
            error: None,
        }
    }

    pub(super) fn add(&mut self, item: Item) {
        self.counts.jobs += 1;
        *match item.outcome {
            Outcome::Done => &mut self.counts.done,
            Outcome::Released => &mut self.counts.released,
            Outcome::Failed => &mut self.counts.failed,
        } += 1;
        if self.items.len() < LISTED {
            self.items.push(item);
            return;
        }
        self.items_omitted += 1;
        // A full list gives up a job that is done for one that somebody must look at.
        if item.outcome == Outcome::Failed
            && let Some(place) = self.items.iter().rposition(|known| known.outcome != Outcome::Failed)
        {
            self.items[place] = item;
        }
    }

    /// Known jobs that a pass has left, and why.
    pub(super) fn leave(&mut self, left: BTreeMap<String, u64>) {
        self.counts.left = left.values().sum();
        self.left = left;
    }

    pub(super) fn stop(&mut self, error: Error) {
        self.stopped = Some(error.to_string());
        self.error = Some(error);
    }

    /// What ended the run early.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The exit code: of the jobs, and of what ended the run early.
    pub fn exit(&self) -> Exit {
        let jobs = self.counts.exit();
        self.error.as_ref().map_or(jobs, |error| error.exit().worst(jobs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_follow_the_jobs() {
        let counts = |done, failed| Counts { jobs: done + failed, done, failed, ..Counts::default() };
        assert_eq!(counts(0, 0).exit(), Exit::Done);
        assert_eq!(counts(3, 0).exit(), Exit::Done);
        assert_eq!(counts(3, 1).exit(), Exit::Partial);
        assert_eq!(counts(0, 2).exit(), Exit::Failed);
    }
}
