//! Where jobs go: queue connections, opened once, and what lies in their queues.

use std::collections::HashMap;

use super::{
    super::status::other_prefix,
    Opens, Progress,
    candidates::Candidate,
    chunk::push::{Name, Receipts},
    judge::Form,
    reader::Forms,
    uuids::Uuids,
};
use crate::{
    Error, Kind, Result,
    db::Db,
    laravel::{
        failed::FailedJob,
        payload::Payload,
        queue::{Next, Part, QueuePlace, Queues, Receipt},
    },
};

/// Jobs of a queue that are remembered, to push none of them again.
const REMEMBERED: usize = 2_000_000;

/// The destinations of a run.
pub(super) struct Destinations<'a> {
    /// By connection; why it is none otherwise.
    places: HashMap<String, Result<QueuePlace<'a>, String>>,
    /// By connection: what its queue wants; where it is none, what a table wants.
    forms: Forms,
    /// By connection and queue: what lies there, and what this run has pushed.
    jobs: HashMap<String, HashMap<String, Uuids>>,
}

impl<'a> Destinations<'a> {
    pub(super) fn new() -> Self {
        Self { places: HashMap::new(), forms: Forms::new(), jobs: HashMap::new() }
    }

    /// Opens what some jobs need, and looks into queues that are met for the first time. The failed jobs lie `here`.
    ///
    /// # Errors
    /// A server that does not answer. A connection that the application does not have is none: its jobs are told.
    pub(super) async fn prepare(
        &mut self,
        candidates: &mut [Candidate],
        here: &Db,
        opens: &impl Opens<'a>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        for Candidate { failed, .. } in candidates {
            if !self.places.contains_key(&failed.connection) {
                let place = match opens.queue(&failed.connection).await {
                    Ok(place) => {
                        if let Some(warning) = other_prefix(&place).await? {
                            progress.warning(&warning);
                        }
                        Ok(place)
                    }
                    Err(error) if error.kind() == Kind::Unreachable => return Err(error),
                    Err(error) => Err(said(&error)),
                };
                self.forms.insert(
                    failed.connection.clone(),
                    place.as_ref().map_or(Form::Table, |place| form(place, here)),
                );
                self.places.insert(failed.connection.clone(), place);
            }
            let Some(Ok(place)) = self.places.get(&failed.connection) else { continue };
            if failed.queue.is_empty() {
                failed.queue.clone_from(&place.connection.queue); // as Laravel's queues do
            }
            if !self.jobs.get(&failed.connection).is_some_and(|jobs| jobs.contains_key(&failed.queue)) {
                let jobs = jobs_of(place, &failed.queue, progress).await?;
                self.jobs.entry(failed.connection.clone()).or_default().insert(failed.queue.clone(), jobs);
            }
        }
        Ok(())
    }

    /// Where jobs of a connection go.
    ///
    /// # Errors
    /// Why there is no such place, in words.
    pub(super) fn place(&self, connection: &str) -> Result<&QueuePlace<'a>, String> {
        match self.places.get(connection) {
            Some(Ok(place)) => Ok(place),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!("the queue connection `{connection}` is not open")),
        }
    }

    /// The first place that does not know everything that was pushed to it and not settled.
    ///
    /// # Errors
    /// Redis does not answer.
    pub(super) async fn lost(&self, receipts: &Receipts) -> Result<Option<&QueuePlace<'a>>> {
        for ((connection, queue), receipts) in receipts {
            let Ok(place) = self.place(connection) else { continue };
            let Queues::Redis(redis) = place.queues() else { continue };
            if !redis.knows(queue, receipts).await? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Redis need not know any more what the database has. What cannot be told now ends by itself.
    pub(super) async fn settle(&self, (connection, queue): Name<'_>, receipts: &[Receipt], tokens: &[&str]) {
        let Ok(place) = self.place(connection) else { return };
        let Queues::Redis(redis) = place.queues() else { return };
        if let Err(error) = redis.settle(queue, receipts, tokens).await {
            tracing::debug!(%error, "tokens were not settled");
        }
    }

    /// What the connections want of payloads that were met.
    pub(super) fn forms(&self) -> &Forms {
        &self.forms
    }

    /// Whether a job lies in the queue that a failed one came from.
    pub(super) fn holds(&self, failed: &FailedJob, uuid: &str) -> bool {
        let jobs = self.jobs.get(&failed.connection).and_then(|jobs| jobs.get(&failed.queue));
        jobs.is_some_and(|jobs| jobs.contains(uuid))
    }

    /// Notes what has been pushed.
    pub(super) fn note(&mut self, failed: &FailedJob, uuid: &str) {
        let jobs = self.jobs.get_mut(&failed.connection).and_then(|jobs| jobs.get_mut(&failed.queue));
        if let Some(jobs) = jobs {
            jobs.insert(uuid);
        }
    }
}

/// What a queue wants of payloads.
fn form(place: &QueuePlace<'_>, here: &Db) -> Form {
    match place.queues() {
        Queues::Table(_) if place.is_in(here) => Form::Here,
        Queues::Table(_) => Form::Table,
        Queues::Redis(_) => Form::Redis,
    }
}

/// An error in one line without what to do about it.
fn said(error: &Error) -> String {
    error.to_string()
}

/// The UUIDs of all jobs of a queue.
async fn jobs_of(place: &QueuePlace<'_>, queue: &str, progress: &mut dyn Progress) -> Result<Uuids> {
    let mut jobs = Uuids::default();
    let queues = place.queues();
    for part in Part::ALL {
        let mut take = |lying: crate::laravel::queue::Lying| {
            if let Some(uuid) = Payload::read(&lying.payload).ok().and_then(|payload| payload.uuid()) {
                jobs.insert(&uuid);
            }
            Ok(if jobs.len() < REMEMBERED { Next::Go } else { Next::Enough })
        };
        queues.each(queue, part, &mut take).await?;
    }
    if jobs.len() >= REMEMBERED {
        progress.warning(&format!(
            "the queue `{queue}` holds more than {REMEMBERED} jobs: only so many are compared with the failed ones"
        ));
    }
    Ok(jobs)
}
