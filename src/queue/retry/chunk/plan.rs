//! What is to become of the jobs of a chunk, before any of its rows is touched.

use std::{borrow::Cow, collections::HashSet};

use super::{
    super::{
        Outcome,
        candidates::Candidate,
        judge::{Job, Verdict},
        reader::LARGEST,
        unique,
    },
    Planned, Told, Worker,
    claim::Staying,
    push::by_queue,
};
use crate::{
    Result,
    db::Session,
    laravel::{failed::FailedJob, queue::Queues},
};

/// Why a failed job was passed over that somebody else works on.
pub(super) const TAKEN: &str = "another run has it, or it is gone";

impl Worker<'_, '_> {
    /// Those that leave, and those that stay with why.
    pub(super) async fn plan<'c>(
        &self,
        chunk: &'c [Candidate],
        mine: &HashSet<i64>,
    ) -> Result<(Vec<Planned<'c>>, Vec<Told>)> {
        let (mut planned, mut told) = (Vec::with_capacity(chunk.len()), Vec::new());
        for (at, candidate) in chunk.iter().enumerate() {
            match self.planned(at, candidate) {
                Ok(Some(job)) => planned.push(job),
                Ok(None) => {}
                Err((outcome, reason)) => told.push(Told { at, outcome, reason }),
            }
        }
        self.ask_redis(&mut planned).await?;
        self.mark_present(&mut planned, mine);
        Ok((planned, told))
    }

    /// A job that leaves; `None` for one that is not wanted, else why it stays.
    fn planned<'c>(
        &self,
        at: usize,
        candidate: &'c Candidate,
    ) -> Result<Option<Planned<'c>>, (Outcome, Cow<'static, str>)> {
        let Some(judged) = &candidate.judged else {
            return Err(match candidate.bytes > LARGEST {
                true => (Outcome::Unreadable, "the payload is too large or too deep".into()),
                false => (Outcome::Skipped, TAKEN.into()),
            });
        };
        if !self.request.filter.takes_class(judged.class.as_deref()) {
            return Ok(None);
        }
        let failed = &candidate.failed;
        match (self.destinations.place(&failed.connection), &judged.verdict) {
            (Ok(place), Verdict::Push(job)) => {
                let asked = matches!(place.queues(), Queues::Redis(_)) || job.unique.is_some();
                let token = if asked { token(failed, job) } else { String::new() };
                let class = judged.class.as_deref();
                Ok(Some(Planned { at, failed, class, job, token, is_known: false, present: None }))
            }
            (Err(why), Verdict::Push(_)) => Err((Outcome::Failed, why.into())),
            (_, Verdict::Leave(outcome, why)) => Err((*outcome, why.clone().into())),
        }
    }

    /// Finds those that Redis knows to have been pushed, and nobody settled.
    async fn ask_redis(&self, planned: &mut [Planned<'_>]) -> Result<()> {
        let mut known = HashSet::new();
        for ((connection, queue), jobs) in by_queue(planned.iter()) {
            let Ok(place) = self.destinations.place(connection) else { continue };
            if let Queues::Redis(redis) = place.queues() {
                let tokens: Vec<&str> = jobs.iter().map(|job| job.token.as_str()).collect();
                let answers = redis.known(queue, &tokens).await?;
                known.extend(jobs.iter().zip(answers).filter(|(_, is)| *is).map(|(job, _)| job.at));
            }
        }
        if !known.is_empty() {
            planned.iter_mut().for_each(|job| job.is_known = known.contains(&job.at));
        }
        Ok(())
    }

    /// Finds those that are in their queue, or were until a worker took them.
    fn mark_present(&self, planned: &mut [Planned<'_>], mine: &HashSet<i64>) {
        let mut met = HashSet::with_capacity(planned.len());
        for job in planned {
            let mut is_first = || met.insert((&*job.failed.connection, &*job.failed.queue, &*job.job.uuid));
            job.present = if job.is_known && mine.contains(&job.failed.row) {
                is_first();
                None
            } else if self.destinations.holds(job.failed, &job.job.uuid) {
                Some("it was in its queue already")
            } else if job.is_known {
                // One that failed again since then has a failed job of its own, which is pushed.
                Some("an earlier run pushed it and was cut off, and a worker has taken it since")
            } else if !is_first() {
                Some("another failed job has its uuid")
            } else {
                None
            };
        }
    }

    /// Takes the locks of unique jobs; gives those whose lock somebody holds.
    pub(super) async fn take_locks(
        &self,
        session: &mut Session<'_>,
        planned: &[Planned<'_>],
    ) -> Result<Staying> {
        let mut stay = Staying::new();
        let wanting: Vec<(usize, &Planned<'_>)> = planned
            .iter()
            .filter(|job| job.job.unique.is_some() && job.present.is_none() && !job.is_known)
            .map(|job| (job.at, job))
            .collect();
        if wanting.is_empty() {
            return Ok(stay);
        }
        match self.locks {
            Ok(unique) => {
                let far = |(at, job): &(usize, &Planned<'_>)| Some((*at, unique::elsewhere(job, unique)?));
                let far = wanting.iter().filter_map(far);
                stay.extend(far.map(|(at, why)| (at, (Outcome::Failed, why.into()))));
                let near: Vec<_> = wanting.into_iter().filter(|(at, _)| !stay.contains_key(at)).collect();
                for at in unique::take(session, &unique.locks, &near, self.request).await? {
                    let why = "a job of this kind waits already: its unique lock is held";
                    stay.insert(at, (Outcome::Skipped, why.into()));
                }
            }
            Err(why) => {
                let why = format!("its unique lock cannot be taken: {why}");
                stay.extend(wanting.into_iter().map(|(at, _)| (at, (Outcome::Failed, why.clone().into()))));
            }
        }
        Ok(stay)
    }
}

/// What tells this failure of a job from all others, of this application and of those that share its Redis.
fn token(failed: &FailedJob, job: &Job) -> String {
    let at = failed.failed_at.map(|at| at.timestamp()).unwrap_or_default();
    format!("{}:{}:{at}", failed.row, job.uuid)
}
