//! The steps of a chunk, in their order: rows, locks, events, jobs that lie elsewhere, locks of waiting jobs, failed ones.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    super::registry::{Job, Known},
    Chunk, Planned, Verdict, row, too_often,
};
use crate::{
    Result,
    db::Session,
    laravel::{
        failed::{NewFailed, exception},
        lock,
        lock_set::Wanted,
        queue::{Queues, Reservation, TableQueues},
    },
    webhooks::{Asked, Standing},
};

/// Seconds that the lock of a job outlives the time that the job may run.
const OVERLAP_GRACE: u64 = 30;
/// Seconds that it lives where the job may run for any time; it is renewed before the work is written.
const OVERLAP_MOST: u64 = 3600;
/// Why a job is left whose kind runs elsewhere.
const OVERLAPS: &str = "another job of its kind runs now";
/// The exception of a job that was taken too often.
const TOO_OFTEN: &str = r"Illuminate\Queue\MaxAttemptsExceededException";

/// Locks that keep jobs of one kind apart, taken for a chunk.
pub(super) struct Overlaps {
    pub held: Vec<Wanted>,
    /// Seconds that they live without renewal.
    seconds: u32,
}

impl Chunk<'_> {
    /// The queues, where a transaction on the database of the work reaches them.
    pub(in crate::worker) fn table(&self) -> Option<&TableQueues<'_>> {
        match self.queues {
            Queues::Table(table) if self.means.place.is_in(self.means.db) => Some(table),
            _ => None,
        }
    }

    /// Locks the rows of jobs; those that somebody else has taken meanwhile are not among them.
    pub(in crate::worker) async fn still_there(
        &self,
        session: &mut Session<'_>,
        jobs: Vec<Job>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Job>> {
        let Some(table) = self.table().filter(|_| !self.request.dry_run) else { return Ok(jobs) };
        let rows: Vec<i64> = jobs.iter().filter_map(|job| row(job.taking.spot)).collect();
        let locked = table.lock(session, &rows, now).await?;
        let there =
            |job: &Job| row(job.taking.spot).and_then(|row| locked.get(&row)) == Some(&job.taking.attempts);
        Ok(jobs.into_iter().filter(there).collect())
    }

    /// Takes the locks that keep two jobs of one kind apart, before the jobs are taken: one whose lock is held stays as
    /// it is. The service takes such a job, releases it, and fails it at its next try, which it has not.
    pub(super) async fn exclude(
        &self,
        session: &mut Session<'_>,
        jobs: Vec<Job>,
        left: &mut Vec<&'static str>,
    ) -> Result<(Vec<Job>, Overlaps)> {
        let owner = lock::owner();
        let time =
            |job: &Job| job.terms.time(&self.request.options).map_or(OVERLAP_MOST, |time| time.as_secs());
        let most = jobs.iter().map(time).max().unwrap_or_default().saturating_add(OVERLAP_GRACE);
        let seconds = u32::try_from(most).unwrap_or(u32::MAX);
        let mut met = HashSet::new();
        let wanted: Vec<Wanted> = jobs
            .iter()
            .map(|job| job.known.overlap_lock())
            .filter(|name| met.insert(name.clone()))
            .map(|name| Wanted { name, owner: owner.clone() })
            .collect();
        let locks = self.means.locks;
        let mut free: HashSet<String> = if self.request.dry_run {
            let names: Vec<String> = met.into_iter().collect();
            let held = locks.held_of(&names).await?;
            names.into_iter().filter(|name| !held.contains(name)).collect()
        } else {
            if !locks.are_in(session) {
                self.hand.hold(&wanted);
            }
            locks.acquire_each(session, &wanted, seconds).await?
        };
        let held: Vec<Wanted> = wanted.into_iter().filter(|lock| free.contains(&lock.name)).collect();
        // Of two jobs of one kind the first one runs.
        let (ours, others): (Vec<Job>, Vec<Job>) =
            jobs.into_iter().partition(|job| free.remove(&job.known.overlap_lock()));
        left.extend(others.iter().map(|_| OVERLAPS));
        Ok((ours, Overlaps { held, seconds }))
    }

    /// Locks the events of jobs, and says what is to become of each.
    pub(in crate::worker) async fn judge(
        &self,
        session: &mut Session<'_>,
        jobs: Vec<Job>,
        now: DateTime<Utc>,
        left: &mut Vec<&'static str>,
    ) -> Result<Vec<Planned>> {
        let asked: Vec<Asked<'_>> = jobs
            .iter()
            .map(|job| {
                let Known::WebhookEvent(known) = &job.known;
                Asked { job: &known.job, pushed_at: job.pushed_at, again: job.taking.attempts > 0 }
            })
            .collect();
        let standings = self.handler.lock(session, &asked, now).await?;
        let mut planned = Vec::with_capacity(jobs.len());
        for (job, standing) in jobs.into_iter().zip(standings) {
            let may_begin = job.terms.may_begin(job.attempts(), now.timestamp(), &self.request.options);
            let verdict = match standing {
                Standing::Busy(why) => {
                    left.push(why);
                    continue;
                }
                // A worker that died behind its work has nothing to answer for.
                Standing::Over(why) => Verdict::Over(why),
                Standing::Open(_) if !may_begin => Verdict::Fail,
                Standing::Open(event) => Verdict::Try(event),
            };
            planned.push(Planned { job, verdict });
        }
        Ok(planned)
    }

    /// The locks are still ours, now that the rows are: who was paused for too long goes no further.
    pub(super) async fn prove(
        &self,
        session: &mut Session<'_>,
        planned: Vec<Planned>,
        locks: &Overlaps,
        left: &mut Vec<&'static str>,
    ) -> Result<Vec<Planned>> {
        let ours = self.means.locks.renew_each(session, &locks.held, locks.seconds).await?;
        let (ours, others): (Vec<Planned>, Vec<Planned>) =
            planned.into_iter().partition(|planned| ours.contains(&planned.job.known.overlap_lock()));
        left.extend(others.iter().map(|_| OVERLAPS));
        Ok(ours)
    }

    /// Takes jobs that lie where the transaction does not reach.
    pub(in crate::worker) async fn take(
        &self,
        session: &mut Session<'_>,
        queue: &str,
        planned: Vec<Planned>,
    ) -> Result<Vec<Planned>> {
        debug_assert!(session.is_open(), "what is taken is held by row locks");
        if self.table().is_some() || planned.is_empty() {
            return Ok(planned);
        }
        let now = self.queues.now().await?.timestamp();
        let by = Reservation::new(now, self.means.place.connection.retry_after);
        let takings: Vec<_> = planned.iter().map(|planned| &planned.job.taking).collect();
        let taken = self.hand.take(self.queues, queue, by, &takings).await?;
        Ok(planned.into_iter().zip(taken).filter_map(|(planned, ours)| ours.then_some(planned)).collect())
    }

    /// Gives back the locks that kept second jobs out of the queue: they are free from the beginning of a job on. A lock
    /// without a known owner is the job's own for as long as it may live from the push on; a later one is another job's.
    pub(super) async fn free(
        &self,
        session: &mut Session<'_>,
        planned: &[Planned],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (mut owned, mut unowned) = (Vec::new(), Vec::new());
        for Planned { job, .. } in planned.iter().filter(|planned| !matches!(planned.verdict, Verdict::Fail))
        {
            let Known::WebhookEvent(known) = &job.known;
            let unique = &known.unique;
            let lives = Duration::from_secs(unique.seconds.into());
            match &unique.owner {
                Some(owner) => owned.push(Wanted { name: unique.name.clone(), owner: owner.clone() }),
                None if job.pushed_at.is_none_or(|pushed| now <= pushed + lives) => {
                    unowned.push(unique.name.clone());
                }
                None => {}
            }
        }
        let owners = self.means.locks.owners_of(Some(session), &unowned).await?;
        owned.extend(owners.into_iter().map(|(name, owner)| Wanted { name, owner }));
        self.means.locks.release_each(Some(session), &owned).await
    }

    /// Writes down the jobs that may not run.
    pub(super) async fn record(
        &self,
        session: &mut Session<'_>,
        queue: &str,
        planned: &[Planned],
    ) -> Result<()> {
        for Planned { job, .. } in planned.iter().filter(|planned| matches!(planned.verdict, Verdict::Fail)) {
            let text = exception(TOO_OFTEN, &too_often(job));
            self.record_one(session, queue, job, &text).await?;
        }
        Ok(())
    }

    pub(in crate::worker) async fn record_one(
        &self,
        session: &mut Session<'_>,
        queue: &str,
        job: &Job,
        exception: &str,
    ) -> Result<()> {
        let connection = &self.means.place.connection.name;
        let payload = &job.taking.payload;
        let new = NewFailed { connection, queue, uuid: &job.uuid, payload, exception };
        self.means.failed.record(session, &new).await
    }
}
