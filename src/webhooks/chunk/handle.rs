//! Events that jobs ask for: each is tried as a run tries it, under its row's lock, and for each job it is told whether
//! there is anything left to do.
//!
//! An attempt is counted once: by the claim that pushed the job, by the delivery that brought the event, or else by the
//! try itself. The service counts on both sides, and lets the job that was paid for with the last attempt do nothing.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

pub use super::commit::Ended;
use super::{
    super::{
        Item, Limits, Outcome, Store,
        decide::{self, Change, Content, Decision, Event, Payments},
        job::ProcessWebhookEvent,
        retry::worker,
        state::State,
        store::Eligible,
    },
    LOCKED, Worker,
};
use crate::{
    Result,
    cancel::Cancel,
    db::{Engine, Query, Row, Session},
};

/// What a job asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The job.
    pub job: &'a ProcessWebhookEvent,
    /// When it was pushed, where its payload says so.
    pub pushed_at: Option<DateTime<Utc>>,
    /// Whether it was taken before, by a worker that died or let it go.
    pub again: bool,
}

/// How the event of a job stands.
#[derive(Debug)]
pub enum Standing {
    /// It may be tried: its row is locked.
    Open(Box<OpenEvent>),
    /// The job has nothing to do.
    Over(&'static str),
    /// Somebody else works on it now.
    Busy(&'static str),
}

/// An event that a job may try, under its lock.
#[derive(Debug, Clone)]
pub struct OpenEvent {
    event: Event,
    /// Whether the attempt is counted already.
    paid: bool,
}

/// What the bodies of events say, and the payments that they name, under their locks.
pub struct Bodies {
    contents: HashMap<String, Content>,
    payments: Payments,
}

/// What tries came to; durable with the transaction's end.
#[derive(Debug, Default)]
pub struct Tried {
    changes: Vec<Change>,
    skipped: Vec<Item>,
}

impl Tried {
    /// How the events ended, in no order; those that were left alone for a payment in other hands are skipped.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.changes.iter().map(|change| &change.item).chain(&self.skipped)
    }
}

/// Tries the events of jobs.
pub struct Handler<'a> {
    worker: Worker<'a>,
}

impl<'a> Handler<'a> {
    /// One with its own source of randomness. A dry run locks nothing and writes nothing.
    pub fn new(
        store: &'a Store<'a>,
        limits: Limits,
        now: DateTime<Utc>,
        dry_run: bool,
        seed: Option<u64>,
        cancel: &'a Cancel,
    ) -> Self {
        let eligible = Eligible::due(now, &limits);
        Self { worker: worker(store, limits, eligible, dry_run, seed, cancel) }
    }

    /// Locks the events of jobs for the rest of the transaction, and says of each job how its event stands.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock(
        &self,
        session: &mut Session<'_>,
        asked: &[Asked<'_>],
        now: DateTime<Utc>,
    ) -> Result<Vec<Standing>> {
        let locked = self.rows(session, asked, true).await?;
        let missing: Vec<Asked<'_>> =
            asked.iter().filter(|asked| !locked.contains_key(&key(&asked.job.event))).copied().collect();
        // A row that only the locking read did not see is there, and somebody holds it.
        let held: HashSet<String> = match missing.is_empty() {
            true => HashSet::new(),
            false => self.rows(session, &missing, false).await?.into_keys().collect(),
        };
        asked
            .iter()
            .map(|asked| match locked.get(&key(&asked.job.event)) {
                Some(row) => standing(row, asked, &self.worker.limits, now),
                None if held.contains(&key(&asked.job.event)) => Ok(Standing::Busy(LOCKED)),
                None => Ok(Standing::Over("the event is gone")),
            })
            .collect()
    }

    async fn rows(
        &self,
        session: &mut Session<'_>,
        asked: &[Asked<'_>],
        lock: bool,
    ) -> Result<HashMap<String, Row>> {
        let events = &self.worker.store.events;
        let lock = match events.engine() {
            Engine::Sqlite => "",
            _ if !lock || self.worker.dry_run => "",
            _ if self.worker.store.db.facts().await?.skip_locked => " FOR UPDATE SKIP LOCKED",
            _ => " FOR UPDATE",
        };
        let mut ids: Vec<&str> = asked.iter().map(|asked| asked.job.event.as_str()).collect();
        ids.sort_unstable();
        let ids = events.one_of("id", ids);
        let sql = format!(
            "SELECT id, provider, status, payment_status, payment_provider_ref, attempts, last_attempt_at, \
             next_retry_at, processed_at, updated_at, received_at, octet_length({}) AS bytes FROM {}{} WHERE {}{lock}",
            self.worker.body_column("payload"),
            events.name,
            events.through(&["id"]),
            ids.sql,
        );
        let rows = session.fetch(Query::new(sql).bind_all(ids.values)).await?;
        rows.into_iter().map(|row| Ok((key(&row.text("id")?), row))).collect()
    }

    /// Reads the bodies of events, and locks the payments that they name.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(&self, session: &mut Session<'_>, events: &[&OpenEvent]) -> Result<Bodies> {
        let events: Vec<Event> = events.iter().map(|open| open.event.clone()).collect();
        let contents = self.worker.read_bodies(session, &events).await?;
        let payments = self.worker.find_payments(session, &events, &contents).await?;
        Ok(Bodies { contents, payments })
    }

    /// Tries events: their payments and their rows are changed, and nothing is committed.
    ///
    /// # Errors
    /// The database's.
    pub async fn write(
        &self,
        session: &mut Session<'_>,
        events: Vec<OpenEvent>,
        bodies: Bodies,
        now: DateTime<Utc>,
    ) -> Result<Tried> {
        let Bodies { contents, mut payments } = bodies;
        let paid: HashSet<String> =
            events.iter().filter(|open| open.paid).map(|open| open.event.id.clone()).collect();
        let events: Vec<Event> = events.into_iter().map(|open| open.event).collect();
        let decisions = self.worker.decide(&events, &contents, &mut payments);
        let (changes, skipped) = self.worker.changes(&events, decisions.clone(), now);
        if !self.worker.dry_run {
            self.worker.update_payments(session, &decisions, now).await?;
            self.save(session, &changes, &paid, now).await?;
        }
        Ok(Tried { changes, skipped })
    }

    async fn save(
        &self,
        session: &mut Session<'_>,
        changes: &[Change],
        paid: &HashSet<String>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (paid, counted): (Vec<Change>, Vec<Change>) =
            changes.iter().cloned().partition(|change| paid.contains(&change.item.id));
        self.worker.update_events(session, &counted, now).await?;
        self.worker.write_events(session, &paid, now, "attempts = attempts").await
    }

    /// Notes on an event that its try met an error: it is tried again when it is due.
    ///
    /// # Errors
    /// The database's.
    pub async fn note(
        &self,
        session: &mut Session<'_>,
        open: &OpenEvent,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Tried> {
        let keep = Decision::Keep {
            outcome: Outcome::Failed,
            note: format!("not updated: {}", why.chars().take(300).collect::<String>()),
            rule: None,
            reference: None,
        };
        let next = self.worker.next(&open.event, now);
        let changes: Vec<Change> =
            decide::change(&open.event, keep, self.worker.limits.max_attempts, next).into_iter().collect();
        let paid = changes.iter().filter(|_| open.paid).map(|change| change.item.id.clone()).collect();
        self.save(session, &changes, &paid, now).await?;
        Ok(Tried { changes, skipped: Vec::new() })
    }

    /// Commits, and finds out what became of it where the server is lost before it answers.
    pub async fn commit(&self, session: Session<'_>, tried: &Tried, now: DateTime<Utc>) -> Ended {
        self.worker.end(session, &tried.changes, now).await
    }
}

/// Ids are compared as the database compares them, which may ignore their case.
fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// How an event stands for a job. Its row is locked, so nothing of this changes before the transaction's end.
fn standing(row: &Row, asked: &Asked<'_>, limits: &Limits, now: DateTime<Utc>) -> Result<Standing> {
    let state = State::read(row)?;
    let mut event = Event {
        id: state.id.clone(),
        provider: state.provider.clone(),
        payment_status: row.text_or_null("payment_status")?,
        payment_provider_ref: row.text_or_null("payment_provider_ref")?,
        attempts: row.int("attempts")?,
        last_attempt_at: row.time("last_attempt_at")?,
        next_retry_at: state.next_retry_at,
        bytes: row.int("bytes")?,
    };
    let last = event.last_attempt_at;
    let pushed = asked.pushed_at;
    let is_final = !matches!(state.payment_status.as_str(), "" | "pending") && state.processed_at.is_some();
    if state.status == "processed" || is_final {
        return Ok(Standing::Over("its event is final already"));
    }
    if state.is_claimed() {
        // A claim that is younger than the job is not the one that pushed it.
        let fresh = state.claimed_at > Some(now - limits.lease());
        let foreign = pushed.is_none_or(|pushed| last > Some(pushed + TimeDelta::seconds(1)));
        if state.status == "processing" && fresh && foreign {
            return Ok(Standing::Busy("claimed by the service a moment ago"));
        }
        event.attempts = (event.attempts - 1).max(0);
        return Ok(Standing::Open(Box::new(OpenEvent { event, paid: true })));
    }
    let tried = state.status != "received" || event.next_retry_at.is_some();
    if asked.again && tried && last >= pushed {
        return Ok(Standing::Over("its try was over when its worker died"));
    }
    let first = !tried && asked.job.trigger.as_deref() == Some("incoming");
    if first {
        event.attempts = (event.attempts - 1).max(0);
    } else if event.attempts >= i64::from(limits.max_attempts) && !asked.job.force {
        return Ok(Standing::Over("its event has used its attempts"));
    }
    Ok(Standing::Open(Box::new(OpenEvent { event, paid: first })))
}

impl OpenEvent {
    /// The event's id.
    pub fn id(&self) -> &str {
        &self.event.id
    }
}
