//! Where jobs go: queue connections, opened once, and what lies in their queues.

use std::collections::HashMap;

use super::{Opens, Progress, candidates::Candidate, judge::Form, uuids::Uuids};
use crate::{
    Error, Kind, Result,
    laravel::{
        payload::Payload,
        queue::{Next, Part, QueuePlace, Queues},
    },
};

/// Jobs of a queue that are remembered, to push none of them again.
const REMEMBERED: usize = 2_000_000;

/// Connection and queue.
pub(super) type Name = (String, String);

/// The destinations of a run.
pub(super) struct Destinations<'a> {
    /// By connection; why it is none otherwise.
    places: HashMap<String, Result<QueuePlace<'a>, String>>,
    /// By queue: what lies there, and what this run has pushed.
    jobs: HashMap<Name, Uuids>,
}

impl<'a> Destinations<'a> {
    pub(super) fn new() -> Self {
        Self { places: HashMap::new(), jobs: HashMap::new() }
    }

    /// Opens what some jobs need, and looks into queues that are met for the first time.
    ///
    /// # Errors
    /// A server that does not answer. A connection that the application does not have is none: its jobs are told.
    pub(super) async fn prepare(
        &mut self,
        candidates: &[Candidate],
        opens: &impl Opens<'a>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        for candidate in candidates {
            if !self.places.contains_key(&candidate.connection) {
                let place = match opens.queue(&candidate.connection).await {
                    Ok(place) => Ok(place),
                    Err(error) if error.kind() == Kind::Unreachable => return Err(error),
                    Err(error) => Err(said(&error)),
                };
                self.places.insert(candidate.connection.clone(), place);
            }
            let name = (candidate.connection.clone(), candidate.queue.clone());
            if let Some(Ok(place)) = self.places.get(&candidate.connection)
                && !self.jobs.contains_key(&name)
            {
                let jobs = jobs_of(place, &candidate.queue, progress).await?;
                self.jobs.insert(name, jobs);
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

    /// Whether a job lies in a queue.
    pub(super) fn holds(&self, name: &Name, uuid: &str) -> bool {
        self.jobs.get(name).is_some_and(|jobs| jobs.contains(uuid))
    }

    /// Notes what has been pushed.
    pub(super) fn note(&mut self, name: Name, uuid: &str) {
        self.jobs.entry(name).or_default().insert(uuid);
    }
}

/// What a queue wants of payloads.
pub(super) fn form(place: &QueuePlace<'_>) -> Form {
    match place.queues() {
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
