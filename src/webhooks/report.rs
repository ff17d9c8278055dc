//! How a run ended: counts, per provider and per event.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Limits, PaymentStatus};
use crate::{Error, Exit};

/// Events that a report lists one by one; further ones are counted.
const LISTED: usize = 2000;

/// How one event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Its payment is final, and so is the event.
    Applied,
    /// Its job lies in the queue.
    Queued,
    /// Tried; it will be tried again.
    Pending,
    /// Tried for the last time that is allowed.
    Exhausted,
    /// Its references name different payments.
    Ambiguous,
    /// Its body cannot be read.
    Unreadable,
    /// Its rows could not be changed.
    Failed,
    /// Not tried; no attempt was spent.
    Skipped,
}

impl Outcome {
    /// All outcomes, in the order in which they are shown.
    pub const ALL: [Outcome; 8] = [
        Outcome::Applied,
        Outcome::Queued,
        Outcome::Pending,
        Outcome::Failed,
        Outcome::Exhausted,
        Outcome::Ambiguous,
        Outcome::Unreadable,
        Outcome::Skipped,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Queued => "queued",
            Outcome::Pending => "pending",
            Outcome::Exhausted => "exhausted",
            Outcome::Ambiguous => "ambiguous",
            Outcome::Unreadable => "unreadable",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        }
    }

    /// Whether somebody must look at the event.
    pub const fn is_failure(self) -> bool {
        matches!(self, Outcome::Exhausted | Outcome::Ambiguous | Outcome::Unreadable | Outcome::Failed)
    }
}

/// One event of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// The event.
    pub id: String,
    /// Its provider.
    pub provider: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// The rule by which its payment was found, or its status read.
    pub rule: Option<&'static str>,
    /// The reference that named the payment, or the likeliest one.
    pub reference: Option<String>,
    /// How the payment stands, when the event was applied.
    pub payment_status: Option<PaymentStatus>,
    /// Attempts used, this one included.
    pub attempts: i64,
    /// When it is tried again.
    pub next_retry_at: Option<DateTime<Utc>>,
}

/// Events per outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Looked at.
    pub selected: u64,
    /// Their payment is final.
    pub applied: u64,
    /// Their jobs lie in the queue.
    pub queued: u64,
    /// Will be tried again.
    pub pending: u64,
    /// Their rows could not be changed.
    pub failed: u64,
    /// Have used their attempts.
    pub exhausted: u64,
    /// Name several payments.
    pub ambiguous: u64,
    /// Have no body that can be read.
    pub unreadable: u64,
    /// Not tried; no attempt was spent.
    pub skipped: u64,
}

impl Counts {
    /// The count of an outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Applied => self.applied,
            Outcome::Queued => self.queued,
            Outcome::Pending => self.pending,
            Outcome::Failed => self.failed,
            Outcome::Exhausted => self.exhausted,
            Outcome::Ambiguous => self.ambiguous,
            Outcome::Unreadable => self.unreadable,
            Outcome::Skipped => self.skipped,
        }
    }

    fn add(&mut self, outcome: Outcome) {
        self.selected += 1;
        *match outcome {
            Outcome::Applied => &mut self.applied,
            Outcome::Queued => &mut self.queued,
            Outcome::Pending => &mut self.pending,
            Outcome::Failed => &mut self.failed,
            Outcome::Exhausted => &mut self.exhausted,
            Outcome::Ambiguous => &mut self.ambiguous,
            Outcome::Unreadable => &mut self.unreadable,
            Outcome::Skipped => &mut self.skipped,
        } += 1;
    }

    /// 0 when nothing failed, 1 when everything that was tried did, else 4.
    pub fn exit(&self) -> Exit {
        let failures: u64 =
            Outcome::ALL.iter().filter(|outcome| outcome.is_failure()).map(|o| self.of(*o)).sum();
        match (failures, self.selected - self.skipped) {
            (0, _) => Exit::Done,
            (failures, tried) if failures == tried => Exit::Failed,
            _ => Exit::Partial,
        }
    }
}

/// Counts of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderCounts {
    /// The provider.
    pub provider: String,
    /// Its events.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A run of `webhooks retry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetryReport {
    /// Nothing was changed.
    pub dry_run: bool,
    /// The effective values.
    pub limits: Limits,
    /// All events.
    pub counts: Counts,
    /// Per provider, by name.
    pub providers: Vec<ProviderCounts>,
    /// Why events were skipped, with how many.
    pub skipped: BTreeMap<String, u64>,
    /// The events, those in trouble first to stay when there are too many to list.
    pub items: Vec<Item>,
    /// Events that are not listed.
    pub items_omitted: u64,
    /// Why the run ended before its work was done.
    pub stopped: Option<String>,
    /// Milliseconds.
    pub took_ms: u64,
    /// Whether the run lock may still stand, since it could not be given back.
    #[serde(skip)]
    pub lock_left: bool,
    #[serde(skip)]
    per_provider: BTreeMap<String, Counts>,
    #[serde(skip)]
    error: Option<Error>,
}

impl RetryReport {
    pub(super) fn new(limits: Limits, dry_run: bool) -> Self {
        Self {
            dry_run,
            limits,
            counts: Counts::default(),
            providers: Vec::new(),
            skipped: BTreeMap::new(),
            items: Vec::new(),
            items_omitted: 0,
            stopped: None,
            took_ms: 0,
            lock_left: false,
            per_provider: BTreeMap::new(),
            error: None,
        }
    }

    pub(super) fn add(&mut self, item: Item) {
        self.counts.add(item.outcome);
        self.per_provider.entry(item.provider.clone()).or_default().add(item.outcome);
        if item.outcome == Outcome::Skipped {
            *self.skipped.entry(item.reason.clone()).or_default() += 1;
        }
        if self.items.len() < LISTED {
            self.items.push(item);
            return;
        }
        self.items_omitted += 1;
        // A full list gives up an event that needs nobody for one that does.
        if item.outcome.is_failure()
            && let Some(place) = self.items.iter().rposition(|known| !known.outcome.is_failure())
        {
            self.items[place] = item;
        }
    }

    pub(super) fn stop(&mut self, error: Error) {
        self.stopped = Some(error.to_string());
        self.error = Some(error);
    }

    pub(super) fn finish(mut self, took_ms: u64) -> Self {
        self.took_ms = took_ms;
        self.providers = std::mem::take(&mut self.per_provider)
            .into_iter()
            .map(|(provider, counts)| ProviderCounts { provider, counts })
            .collect();
        self
    }

    /// What ended the run early.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The exit code: of the events, and of what ended the run early.
    pub fn exit(&self) -> Exit {
        let events = self.counts.exit();
        self.error.as_ref().map_or(events, |error| error.exit().worst(events))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(applied: u64, pending: u64, exhausted: u64, skipped: u64) -> Counts {
        Counts {
            selected: applied + pending + exhausted + skipped,
            applied,
            pending,
            exhausted,
            skipped,
            ..Counts::default()
        }
    }

    #[test]
    fn exit_codes_follow_the_events() {
        assert_eq!(counts(0, 0, 0, 0).exit(), Exit::Done);
        assert_eq!(counts(3, 2, 0, 1).exit(), Exit::Done);
        assert_eq!(counts(3, 0, 1, 0).exit(), Exit::Partial);
        assert_eq!(counts(0, 0, 2, 5).exit(), Exit::Failed);
    }
}
