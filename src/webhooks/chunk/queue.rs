//! A chunk that is handed to the queue: its events are claimed, their jobs pushed, in one transaction as far as one
//! reaches.
//!
//! The service's own command pushes first and marks the event later, or not at all when its job was refused. Here an
//! event is `queued` only with its job in the queue: the rows are marked under their locks, the jobs pushed, and then
//! comes the COMMIT. A worker that takes a job at once waits for the row. A kill in between leaves jobs whose events are
//! as they were before: the worker tries them all the same, and their unique locks keep a second job away.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use rand::Rng;
use uuid::Builder;

use super::{
    super::{
        Item, Outcome,
        candidates::Candidate,
        decide::{Change, Event},
        job::{ProcessWebhookEvent, Push, UNIQUE_FOR},
    },
    Worked, Worker, skip,
};
use crate::{
    Error, Result,
    crash::{self, Point},
    db::{Begin, Session},
    laravel::{
        lock::{self, Locks},
        payload::Shape,
        queue::{self, Queues, Receipt, TableQueues},
    },
};

/// Why an event was skipped. Whether the job that the lock was taken for is still there is not known from it.
pub const HELD: &str = "its unique lock is held";

/// The status of an event whose job lies in the queue.
pub(super) const QUEUED: &str = "queued";

/// Where jobs go.
#[derive(Debug)]
pub struct Dispatch<'a> {
    /// The queues of the connection.
    pub queues: Queues<'a>,
    /// The queue.
    pub queue: String,
    /// Where unique locks live.
    pub locks: &'a Locks<'a>,
    /// The name of the cache store that holds them.
    pub store: String,
    /// What the application's Laravel writes into a payload.
    pub shape: Shape,
    /// Whether the job ignores state and attempts of its event.
    pub force: bool,
}

/// A job of the chunk.
struct Job {
    uuid: String,
    payload: String,
}

impl Dispatch<'_> {
    /// The name of the lock that keeps a second job for an event away.
    pub(in crate::webhooks) fn unique_lock(&self, event: &str) -> String {
        self.job(event).unique_lock()
    }

    fn job(&self, event: &str) -> ProcessWebhookEvent {
        ProcessWebhookEvent {
            event: event.to_owned(),
            trigger: Some("retry".into()),
            force: self.force,
            queue: Some(self.queue.clone()),
        }
    }

    fn payload(&self, event: &str, now: DateTime<Utc>) -> Job {
        let uuid = Builder::from_random_bytes(rand::rng().random()).into_uuid().to_string();
        let id = matches!(self.queues, Queues::Redis(_)).then(|| self.shape.id(&uuid));
        let push = Push { uuid: &uuid, id, now: now.timestamp(), store: &self.store, shape: self.shape };
        let payload = self.job(event).payload(&push);
        Job { uuid, payload }
    }

    /// Pushes in `session` where the queue lies in its database; else at once. Gives what Redis has.
    async fn push(
        &self,
        session: &mut Session<'_>,
        jobs: &[Job],
        now: DateTime<Utc>,
    ) -> Result<Vec<Receipt>> {
        let payloads = || jobs.iter().map(|job| job.payload.as_str());
        match &self.queues {
            Queues::Redis(redis) => {
                let jobs: Vec<_> = jobs
                    .iter()
                    .map(|job| queue::Push { token: &job.uuid, payload: job.payload.as_bytes() })
                    .collect();
                return redis.push(&self.queue, &jobs).await;
            }
            Queues::Table(table) if std::ptr::eq(table.db, session.db()) => {
                table.push(session, &self.queue, payloads(), now).await?;
            }
            Queues::Table(table) => push_elsewhere(table, &self.queue, payloads(), now).await?,
        }
        Ok(Vec::new())
    }

    /// What was pushed is known to the database now.
    async fn settle(&self, receipts: &[Receipt]) {
        let Queues::Redis(redis) = &self.queues else { return };
        if let Err(error) = redis.settle(&self.queue, receipts, &[]).await {
            tracing::debug!(%error, "tokens of pushed jobs are left to end by themselves");
        }
    }
}

async fn push_elsewhere(
    table: &TableQueues<'_>,
    queue: &str,
    payloads: impl Iterator<Item = &str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut own = table.db.session().await?;
    own.begin(Begin::Write).await?;
    table.push(&mut own, queue, payloads, now).await?;
    own.commit().await
}

impl Worker<'_> {
    /// Claims the events of a chunk and pushes their jobs; all but the COMMIT.
    pub(super) async fn enqueue(
        &self,
        session: &mut Session<'_>,
        candidates: &[Candidate],
        now: DateTime<Utc>,
        dispatch: &Dispatch<'_>,
    ) -> Result<Worked> {
        let events = self.lock(session, candidates).await?;
        crash::reach(Point::AfterSelect);
        let mut names: Vec<String> = events.iter().map(|event| dispatch.unique_lock(&event.id)).collect();
        if self.dry_run {
            let held = dispatch.locks.held_of(&names).await?;
            names.retain(|name| !held.contains(name));
            let free = names.into_iter().collect();
            let (changes, skipped) = self.claims(&events, &free, now, dispatch);
            return Ok(Worked { events, changes, skipped, receipts: Vec::new() });
        }
        names.sort_unstable(); // two runs take them in one order
        let owner = lock::owner();
        let taken = dispatch.locks.acquire_all(session, &names, &owner, UNIQUE_FOR).await?;
        let (changes, skipped) = self.claims(&events, &taken, now, dispatch);
        if let Err(error) = self.update_claims(session, &changes, now).await {
            if !dispatch.locks.are_in(session) {
                let released = dispatch.locks.release_all(taken, &owner, UNIQUE_FOR).await;
                tracing::debug!(?released, "gave the unique locks back");
            }
            return Err(error);
        }
        crash::reach(Point::BeforePush);
        let jobs: Vec<Job> = changes.iter().map(|change| dispatch.payload(&change.item.id, now)).collect();
        // What was pushed must not be cut off from its COMMIT.
        let _shield = self.cancel.shield();
        let pushed = dispatch.push(session, &jobs, now).await;
        let receipts = pushed.map_err(|error| unsure(error, jobs.len()))?;
        crash::reach(Point::AfterPush);
        Ok(Worked { events, changes, skipped, receipts })
    }

    /// The rows of events whose lock is ours, and why the others are passed over.
    fn claims(
        &self,
        events: &[Event],
        taken: &HashSet<String>,
        now: DateTime<Utc>,
        dispatch: &Dispatch<'_>,
    ) -> (Vec<Change>, Vec<Item>) {
        let (mut changes, mut skipped) = (Vec::new(), Vec::new());
        for event in events {
            if !taken.contains(&dispatch.unique_lock(&event.id)) {
                skipped.push(skip(&event.id, &event.provider, event.attempts, HELD));
                continue;
            }
            changes.push(self.claim(event, now, &dispatch.queue));
        }
        (changes, skipped)
    }

    /// `queued`, with an attempt spent, and due again when its lease is over.
    fn claim(&self, event: &Event, now: DateTime<Utc>, queue: &str) -> Change {
        let next = self.next(event, now);
        let reason = format!("its job lies in the queue `{queue}`");
        let mut item = skip(&event.id, &event.provider, event.attempts.saturating_add(1), &reason);
        item.outcome = Outcome::Queued;
        item.next_retry_at = Some(next);
        Change {
            status: QUEUED,
            payment_status: event.payment_status.clone(),
            payment_provider_ref: event.payment_provider_ref.clone(),
            processed: false,
            next_retry_at: Some(next),
            error_message: None,
            item,
        }
    }

    /// Once the chunk is durable.
    pub(super) async fn settle(&self, receipts: &[Receipt]) {
        if let Some(dispatch) = self.dispatch.filter(|_| !receipts.is_empty()) {
            dispatch.settle(receipts).await;
        }
    }
}

/// A push that failed may have been heard all the same.
fn unsure(error: Error, jobs: usize) -> Error {
    error.because(format!(
        "whether {jobs} jobs were pushed is not known; their events are as they were, and their unique locks keep a \
         second job away for {UNIQUE_FOR} s"
    ))
}
