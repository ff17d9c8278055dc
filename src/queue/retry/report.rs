//! How a retry ended: counts, per queue and per failed job.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, Exit};

/// Failed jobs that a report lists one by one; further ones are counted.
const LISTED: usize = 2000;
/// Reasons that are counted each by itself.
const REASONS: usize = 50;

/// How one failed job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is in its queue, and no failed job any more.
    Retried,
    /// It was in its queue before: it is no failed job any more, and was not pushed again.
    Present,
    /// Left as it is; it may be retried later.
    Skipped,
    /// Its deadline is over: a worker would fail it at once.
    Expired,
    /// Its payload cannot be read.
    Unreadable,
    /// It could not be pushed.
    Failed,
}

impl Outcome {
    /// All outcomes, in the order in which they are shown.
    pub const ALL: [Outcome; 6] = [
        Outcome::Retried,
        Outcome::Present,
        Outcome::Failed,
        Outcome::Expired,
        Outcome::Unreadable,
        Outcome::Skipped,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Retried => "retried",
            Outcome::Present => "present",
            Outcome::Skipped => "skipped",
            Outcome::Expired => "expired",
            Outcome::Unreadable => "unreadable",
            Outcome::Failed => "failed",
        }
    }

    /// Whether somebody must look at the job.
    pub const fn is_failure(self) -> bool {
        matches!(self, Outcome::Expired | Outcome::Unreadable | Outcome::Failed)
    }

    /// Whether it is no failed job any more.
    pub const fn is_gone(self) -> bool {
        matches!(self, Outcome::Retried | Outcome::Present)
    }
}

/// One failed job of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// What the application calls it: its UUID, or the number of its row.
    pub id: String,
    /// The name that people know it by: its class as a rule.
    pub class: Option<String>,
    /// The queue connection.
    pub connection: String,
    /// The queue.
    pub queue: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why; empty where it was retried as it is.
    pub reason: String,
}

/// Failed jobs per outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Looked at.
    pub selected: u64,
    /// In their queue again.
    pub retried: u64,
    /// Were there before.
    pub present: u64,
    /// Could not be pushed.
    pub failed: u64,
    /// Their deadline is over.
    pub expired: u64,
    /// Have no payload that can be read.
    pub unreadable: u64,
    /// Left for later.
    pub skipped: u64,
}

impl Counts {
    /// The count of an outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Retried => self.retried,
            Outcome::Present => self.present,
            Outcome::Skipped => self.skipped,
            Outcome::Expired => self.expired,
            Outcome::Unreadable => self.unreadable,
            Outcome::Failed => self.failed,
        }
    }

    /// Those that are no failed jobs any more.
    pub fn gone(&self) -> u64 {
        self.retried + self.present
    }

    fn add(&mut self, outcome: Outcome) {
        self.selected += 1;
        *match outcome {
            Outcome::Retried => &mut self.retried,
            Outcome::Present => &mut self.present,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Expired => &mut self.expired,
            Outcome::Unreadable => &mut self.unreadable,
            Outcome::Failed => &mut self.failed,
        } += 1;
    }

    /// 0 when nothing failed, 1 when everything that was not skipped did, else 4.
    pub fn exit(&self) -> Exit {
        match (self.failed + self.expired + self.unreadable, self.selected - self.skipped) {
            (0, _) => Exit::Done,
            (failures, tried) if failures == tried => Exit::Failed,
            _ => Exit::Partial,
        }
    }
}

/// Counts of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QueueCounts {
    /// The queue connection.
    pub connection: String,
    /// The queue.
    pub queue: String,
    /// Its jobs.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A run of `queue retry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetryReport {
    /// Nothing was changed.
    pub dry_run: bool,
    /// All failed jobs.
    pub counts: Counts,
    /// Per queue, by name.
    pub queues: Vec<QueueCounts>,
    /// Why jobs were not retried, with how many.
    pub reasons: BTreeMap<String, u64>,
    /// The failed jobs, those in trouble first to stay when there are too many to list.
    pub items: Vec<Item>,
    /// Failed jobs that are not listed.
    pub items_omitted: u64,
    /// Why the run ended before its work was done.
    pub stopped: Option<String>,
    /// Milliseconds.
    pub took_ms: u64,
    #[serde(skip)]
    per_queue: BTreeMap<String, BTreeMap<String, Counts>>,
    #[serde(skip)]
    error: Option<Error>,
}

impl RetryReport {
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            counts: Counts::default(),
            queues: Vec::new(),
            reasons: BTreeMap::new(),
            items: Vec::new(),
            items_omitted: 0,
            stopped: None,
            took_ms: 0,
            per_queue: BTreeMap::new(),
            error: None,
        }
    }

    /// Counts a failed job of a queue; its item is made where it is listed.
    pub(super) fn add(
        &mut self,
        (connection, queue): (&str, &str),
        outcome: Outcome,
        reason: &str,
        item: impl FnOnce() -> Item,
    ) {
        self.counts.add(outcome);
        let of_queue = self.per_queue.get_mut(connection).and_then(|queues| queues.get_mut(queue));
        match of_queue {
            Some(counts) => counts.add(outcome),
            None => {
                let queues = self.per_queue.entry(connection.to_owned()).or_default();
                queues.entry(queue.to_owned()).or_default().add(outcome);
            }
        }
        if !reason.is_empty() {
            let known = self.reasons.contains_key(reason) || self.reasons.len() < REASONS;
            let reason = if known { reason } else { "other reasons" };
            *self.reasons.entry(reason.to_owned()).or_default() += 1;
        }
        if self.items.len() < LISTED {
            self.items.push(item());
            return;
        }
        self.items_omitted += 1;
        // A full list gives up a job that needs nobody for one that does.
        if outcome.is_failure()
            && let Some(place) = self.items.iter().rposition(|known| !known.outcome.is_failure())
        {
            self.items[place] = item();
        }
    }

    pub(super) fn stop(&mut self, error: Error) {
        self.stopped = Some(error.to_string());
        self.error = Some(error);
    }

    pub(super) fn finish(mut self, took_ms: u64) -> Self {
        self.took_ms = took_ms;
        for (connection, queues) in std::mem::take(&mut self.per_queue) {
            let of = |(queue, counts)| QueueCounts { connection: connection.clone(), queue, counts };
            self.queues.extend(queues.into_iter().map(of));
        }
        self
    }

    /// What ended the run early.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The exit code: of the failed jobs, and of what ended the run early.
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
        let counts = |retried, expired, skipped| Counts {
            selected: retried + expired + skipped,
            retried,
            expired,
            skipped,
            ..Counts::default()
        };
        assert_eq!(counts(0, 0, 0).exit(), Exit::Done);
        assert_eq!(counts(3, 0, 1).exit(), Exit::Done);
        assert_eq!(counts(3, 1, 0).exit(), Exit::Partial);
        assert_eq!(counts(0, 2, 5).exit(), Exit::Failed);
    }
}
