//! One chunk of jobs of a queue: their events are locked and tried in one transaction.
//!
//! Rows of a table in the same database are locked, and deleted in that transaction: a kill leaves them as they were.
//! Jobs that lie elsewhere are taken when everything that they need is locked, and deleted when their work is durable: a
//! worker that was killed in between, or paused for too long, holds the event's row until its transaction ends, and who
//! takes the job again finds what became of it.

mod steps;

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    Means, WorkRequest,
    hand::{Fate, Hand},
    registry::Job,
    report::{Item, Outcome},
};
use crate::{
    Error, Result,
    cancel::Cancel,
    crash::{self, Point},
    db::{Begin, Session},
    laravel::queue::{Queues, Spot, Taking},
    webhooks::{self, Ended, Handler, OpenEvent, Tried},
};

/// Works chunks off.
#[derive(Clone)]
pub(super) struct Chunk<'a> {
    pub means: &'a Means<'a>,
    pub request: &'a WorkRequest,
    pub queues: &'a Queues<'a>,
    pub handler: &'a Handler<'a>,
    pub hand: Rc<Hand>,
    pub cancel: &'a Cancel,
}

/// What a chunk came to.
#[derive(Debug, Default)]
pub(super) struct Worked {
    pub items: Vec<Item>,
    /// Where its jobs lay that lie there no more.
    pub took: Vec<Spot>,
    /// Why its other jobs were left.
    pub left: Vec<&'static str>,
}

/// Why a chunk was given up; nothing of it was changed.
#[derive(Debug)]
pub(super) enum Stop {
    /// It took longer than one of its jobs may.
    TimedOut,
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

/// A job and what is to become of it.
pub(super) struct Planned {
    pub job: Job,
    pub verdict: Verdict,
}

pub(super) enum Verdict {
    Try(Box<OpenEvent>),
    /// There is nothing to do.
    Over(&'static str),
    /// It was taken too often, or its deadline is over.
    Fail,
}

/// A chunk whose work is done and not committed.
struct Done {
    planned: Vec<Planned>,
    tried: Tried,
    left: Vec<&'static str>,
}

impl Chunk<'_> {
    /// Runs jobs of a queue.
    pub(super) async fn run(&self, queue: &str, jobs: Vec<Job>) -> Result<Worked, Stop> {
        let started = Instant::now();
        let now = self.means.db.now().await?;
        let limit = jobs.iter().filter_map(|job| job.terms.time(&self.request.options)).min();
        let mut session = self.means.db.session().await?;
        let work = self.work(&mut session, queue, jobs, now);
        let done = match limit {
            None => work.await.map_err(Stop::Error),
            Some(limit) => match tokio::time::timeout(limit, work).await {
                Ok(done) => done.map_err(Stop::Error),
                Err(_) => Err(Stop::TimedOut),
            },
        };
        match done {
            Ok(done) => Ok(self.commit(session, queue, done, now, started).await?),
            Err(stop) => {
                // A connection that cannot even roll back is closed, and the server does it.
                let _ = session.undo().await;
                drop(session);
                self.close().await;
                Err(stop)
            }
        }
    }

    /// All of a chunk's work but the COMMIT.
    async fn work(
        &self,
        session: &mut Session<'_>,
        queue: &str,
        jobs: Vec<Job>,
        now: DateTime<Utc>,
    ) -> Result<Done> {
        let mut left = Vec::new();
        if !self.request.dry_run {
            session.begin(Begin::Write).await?;
        }
        let jobs = self.still_there(session, jobs, now).await?;
        let (jobs, locks) = self.exclude(session, jobs, &mut left).await?;
        let mut planned = self.judge(session, jobs, now, &mut left).await?;
        crash::reach(Point::WorkLocked);
        let bodies = self.handler.read(session, &events(&planned).collect::<Vec<_>>()).await?;
        if !self.request.dry_run {
            planned = self.prove(session, planned, &locks, &mut left).await?;
            planned = self.take(session, queue, planned).await?;
            crash::reach(Point::WorkTaken);
            self.free(session, &planned, now).await?;
            self.record(session, queue, &planned).await?;
            crash::reach(Point::WorkRecorded);
        }
        let tried = self.handler.write(session, events(&planned).cloned().collect(), bodies, now).await?;
        if self.request.dry_run {
            return Ok(Done { planned, tried, left });
        }
        if let Some(table) = self.table() {
            let skipped = skipped(&tried);
            let gone = planned.iter().filter(|planned| !is_skipped(planned, &skipped));
            let rows: Vec<i64> = gone.filter_map(|planned| row(planned.job.taking.spot)).collect();
            table.delete(session, &rows).await?;
        }
        if self.means.locks.are_in(session) {
            self.means.locks.release_each(Some(session), &locks.held).await?;
        }
        crash::reach(Point::WorkDone);
        Ok(Done { planned, tried, left })
    }

    /// Commits, deletes what lay elsewhere, and tells.
    async fn commit(
        &self,
        session: Session<'_>,
        queue: &str,
        done: Done,
        now: DateTime<Utc>,
        started: Instant,
    ) -> Result<Worked> {
        let skipped = skipped(&done.tried);
        let back = done.planned.iter().filter(|planned| is_skipped(planned, &skipped));
        let back: HashSet<&str> = back.map(|planned| planned.job.taking.reserved.as_str()).collect();
        if !self.request.dry_run {
            let fate = |job: &Taking| match back.contains(job.reserved.as_str()) {
                true => Fate::Back,
                false => Fate::Gone,
            };
            self.end(session, &done.tried, now, fate).await?;
        }
        Ok(Self::told(queue, done, started))
    }

    /// The COMMIT, and what follows for the jobs in hand.
    pub(super) async fn end(
        &self,
        session: Session<'_>,
        tried: &Tried,
        now: DateTime<Utc>,
        fate: impl Fn(&Taking) -> Fate,
    ) -> Result<()> {
        // From the COMMIT to the report nothing may be cut off: what is durable must be told.
        let _shield = self.cancel.shield();
        self.hand.decide(|_| Some(Fate::Left));
        let ended = self.handler.commit(session, tried, now).await;
        let error = match ended {
            Ended::Committed => {
                crash::reach(Point::WorkCommitted);
                self.hand.decide(|job| Some(fate(job)));
                None
            }
            Ended::RolledBack(error) => {
                self.hand.decide(|_| Some(Fate::Back));
                Some(error)
            }
            Ended::Unknown(error) => Some(error),
        };
        self.close().await;
        error.map_or(Ok(()), Err)
    }

    /// Settles what is in hand, as far as its servers answer.
    pub(super) async fn close(&self) {
        if let Err(error) = self.hand.settle(self.queues).await {
            tracing::debug!(%error, "taken jobs were not settled; they are when the queue answers again");
        }
        crash::reach(Point::WorkDeleted);
        if let Err(error) = self.hand.release(self.means.locks).await {
            tracing::debug!(%error, "locks were not given back; they are when their store answers again");
        }
    }

    fn told(queue: &str, done: Done, started: Instant) -> Worked {
        let Done { planned, tried, mut left } = done;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let skipped = skipped(&tried);
        let reasons: HashMap<&str, String> =
            tried.items().map(|item| (item.id.as_str(), reason(item))).collect();
        let (mut items, mut took) = (Vec::new(), Vec::new());
        for planned in &planned {
            if is_skipped(planned, &skipped) {
                left.push("its payment is locked by another transaction");
                continue;
            }
            took.push(planned.job.taking.spot);
            let (outcome, reason) = match &planned.verdict {
                Verdict::Fail => (Outcome::Failed, too_often(&planned.job)),
                Verdict::Over(why) => (Outcome::Done, (*why).to_owned()),
                Verdict::Try(event) => (Outcome::Done, reasons.get(event.id()).cloned().unwrap_or_default()),
            };
            items.push(item(queue, &planned.job, outcome, reason, took_ms));
        }
        Worked { items, took, left }
    }
}

pub(super) fn item(queue: &str, job: &Job, outcome: Outcome, reason: String, took_ms: u64) -> Item {
    Item {
        id: job.uuid.clone(),
        class: job.known.class(),
        queue: queue.to_owned(),
        outcome,
        reason,
        attempts: job.attempts(),
        took_ms,
    }
}

/// How an event ended, and why; some reasons say both.
fn reason(item: &webhooks::Item) -> String {
    let outcome = item.outcome.name();
    match item.reason.starts_with(&format!("{outcome}:")) {
        true => item.reason.clone(),
        false => format!("{outcome}: {}", item.reason),
    }
}

/// As the framework says it.
fn too_often(job: &Job) -> String {
    format!("{} has been attempted too many times.", job.known.class())
}

pub(super) const fn row(spot: Spot) -> Option<i64> {
    match spot {
        Spot::Row(row) => Some(row),
        _ => None,
    }
}

/// The events that are tried, in the order of their jobs.
fn events(planned: &[Planned]) -> impl Iterator<Item = &OpenEvent> {
    planned.iter().filter_map(|planned| match &planned.verdict {
        Verdict::Try(event) => Some(&**event),
        Verdict::Over(_) | Verdict::Fail => None,
    })
}

/// Events that were left alone though their jobs are taken.
fn skipped(tried: &Tried) -> HashSet<&str> {
    let left = tried.items().filter(|item| item.outcome == webhooks::Outcome::Skipped);
    left.map(|item| item.id.as_str()).collect()
}

fn is_skipped(planned: &Planned, skipped: &HashSet<&str>) -> bool {
    matches!(&planned.verdict, Verdict::Try(event) if skipped.contains(event.id()))
}
