//! The rules of webhook retries as `docs/webhooks.md` states them, on rows in memory: one event at a time, no SQL.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use opsctl::{
    Kind,
    webhooks::{Outcome, backoff::Mode},
};

pub const MAX_ATTEMPTS: i64 = 3;
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
pub const BASE_MS: i64 = 500;
pub const CAP_MS: i64 = 30_000;
pub const MIN_MS: i64 = 1_500;

/// What a body says: references, and a final word if it has one. `None` is no readable body.
pub type Body = Option<(Vec<&'static str>, Option<&'static str>)>;

/// A next time: none, known, or drawn from a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next {
    Never,
    At(DateTime<Utc>),
    Between(DateTime<Utc>, DateTime<Utc>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Note {
    Empty,
    Exhausted,
    Other,
}

#[derive(Debug, Clone)]
pub struct Event {
    pub provider: &'static str,
    pub body: Body,
    pub status: &'static str,
    pub payment_status: Option<&'static str>,
    /// The reference by which it was applied.
    pub reference: Option<&'static str>,
    pub attempts: i64,
    pub received: DateTime<Utc>,
    pub last_attempt: Option<DateTime<Utc>>,
    pub updated: DateTime<Utc>,
    pub next: Next,
    pub processed: Option<DateTime<Utc>>,
    pub note: Note,
}

/// Everything there is, at one moment. Payments go by provider and reference.
#[derive(Debug, Clone)]
pub struct World {
    pub now: DateTime<Utc>,
    pub events: BTreeMap<String, Event>,
    pub payments: BTreeMap<(&'static str, &'static str), &'static str>,
}

/// The whole second that a column holds.
pub fn second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::seconds(1)).unwrap()
}

fn is_final(status: &str) -> bool {
    matches!(status, "succeeded" | "failed")
}

impl Event {
    pub fn done(&self) -> bool {
        self.status == "processed" || (self.payment_status.is_some() && self.processed.is_some())
    }

    pub fn claimed(&self) -> bool {
        matches!(self.status, "processing" | "queued")
    }

    fn claimed_at(&self) -> DateTime<Utc> {
        self.last_attempt.unwrap_or(self.updated)
    }

    /// A claim, or a new event's first job, has a lease's time.
    fn free(&self, now: DateTime<Utc>) -> bool {
        match self.next {
            _ if self.claimed() => self.claimed_at() + LEASE <= now,
            Next::At(next) => next <= now,
            _ => self.status != "received" || self.received + LEASE <= now,
        }
    }

    pub fn eligible(&self, now: DateTime<Utc>) -> bool {
        !self.done() && self.attempts < MAX_ATTEMPTS && self.free(now)
    }

    /// When its time came, or comes.
    pub fn due_since(&self) -> DateTime<Utc> {
        match self.next {
            _ if self.claimed() => self.claimed_at(),
            Next::At(next) => next,
            _ => self.received,
        }
    }

    /// The moment from which on it is free.
    pub fn free_from(&self) -> DateTime<Utc> {
        match self.next {
            Next::At(next) if !self.claimed() => next,
            _ => self.due_since() + LEASE,
        }
    }
}

impl World {
    /// A batch: in due order, with an equal share for every provider; the rest of the limit goes by due time.
    pub fn run(&mut self, limit: usize, mode: Mode) -> Vec<Outcome> {
        let mut due: Vec<(DateTime<Utc>, String, &'static str)> = self
            .events
            .iter()
            .filter(|(_, event)| event.eligible(self.now))
            .map(|(id, event)| (event.due_since(), id.clone(), event.provider))
            .collect();
        due.sort();
        let providers: BTreeSet<&str> = due.iter().map(|(_, _, provider)| *provider).collect();
        let share = limit / providers.len().max(1);
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for provider in providers {
            taken.extend(due.iter().filter(|row| row.2 == provider).take(share).map(|row| row.1.as_str()));
        }
        for row in &due {
            if taken.len() < limit {
                taken.insert(&row.1);
            }
        }
        let chosen: Vec<&String> =
            due.iter().map(|row| &row.1).filter(|id| taken.contains(id.as_str())).collect();
        chosen.into_iter().map(|id| self.attempt(id, mode)).collect()
    }

    /// One event, under the same conditions unless they are waived.
    pub fn run_one(&mut self, id: &str, force: bool, take_over: bool, mode: Mode) -> Result<Outcome, Kind> {
        let event = &self.events[id];
        if event.done() {
            return Ok(Outcome::Skipped);
        }
        if event.claimed() && !take_over && !event.free(self.now) {
            return Err(Kind::Locked);
        }
        let ready = (event.claimed() || event.free(self.now)) && event.attempts < MAX_ATTEMPTS;
        if !force && !ready {
            return Err(Kind::Refused);
        }
        Ok(self.attempt(id, mode))
    }

    /// A try: exactly one attempt, and how it ends.
    fn attempt(&mut self, id: &str, mode: Mode) -> Outcome {
        let now = second(self.now);
        let next = self.next(&self.events[id], mode);
        let (outcome, applied) = self.judge(id);
        let event = self.events.get_mut(id).unwrap();
        event.attempts += 1;
        (event.last_attempt, event.updated) = (Some(now), now);
        if let Some((reference, status)) = applied {
            (event.status, event.payment_status, event.reference) =
                ("processed", Some(status), Some(reference));
            (event.processed, event.next, event.note) = (Some(now), Next::Never, Note::Empty);
            return outcome;
        }
        // A status that was read and never applied is taken back.
        (event.payment_status, event.processed) = (None, None);
        if event.attempts >= MAX_ATTEMPTS {
            (event.status, event.next, event.note) = ("failed", Next::Never, Note::Exhausted);
            return Outcome::Exhausted;
        }
        (event.status, event.next, event.note) = ("received", next, Note::Other);
        outcome
    }

    /// Which payment the body means, and whether the event can be applied to it. The first final status wins.
    fn judge(&mut self, id: &str) -> (Outcome, Option<(&'static str, &'static str)>) {
        let event = &self.events[id];
        let Some((references, word)) = &event.body else { return (Outcome::Unreadable, None) };
        let named: Vec<&'static str> = references
            .iter()
            .copied()
            .filter(|r| self.payments.contains_key(&(event.provider, *r)))
            .collect();
        let [reference] = named[..] else {
            return (if named.is_empty() { Outcome::Pending } else { Outcome::Ambiguous }, None);
        };
        let payment = self.payments.get_mut(&(event.provider, reference)).unwrap();
        if let ("pending", Some(word)) = (*payment, word) {
            *payment = word;
        }
        if is_final(payment) {
            (Outcome::Applied, Some((reference, payment)))
        } else {
            (Outcome::Pending, None)
        }
    }

    /// The range of the next time, should the event not be applied now.
    fn next(&self, event: &Event, mode: Mode) -> Next {
        let ceiling = (BASE_MS << event.attempts.min(20)).min(CAP_MS);
        let previous = match (event.next, event.last_attempt) {
            (Next::At(next), Some(last)) => (next - last).num_milliseconds(),
            _ => BASE_MS,
        };
        let (low, high) = match mode {
            Mode::Full => (0, ceiling),
            Mode::Equal => (ceiling / 2, ceiling),
            Mode::Decorrelated => (BASE_MS, (3 * previous.max(BASE_MS)).min(CAP_MS)),
        };
        let at = |delay: i64| {
            let time = self.now + TimeDelta::milliseconds(delay.max(MIN_MS));
            if second(time) == time { time } else { second(time) + TimeDelta::seconds(1) }
        };
        Next::Between(at(low), at(high))
    }
}
