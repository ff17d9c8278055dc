//! The push of a chunk's jobs: to tables with statements over all of them, to Redis once each by their tokens.

use std::collections::HashSet;

use super::{Planned, Worker, claim::Claim, expect};
use crate::{
    Error, Result,
    db::{Begin, Query, Session},
    error::Fault,
    laravel::queue::{Push, Queues, Receipt, TableQueues},
};

/// Connection and queue.
pub(in crate::queue::retry) type Name<'c> = (&'c str, &'c str);

/// What is pushed, and not yet durable or not yet told to be.
#[derive(Debug, Default)]
pub(super) struct Pushes<'s> {
    /// Open transactions of other databases.
    pub others: Vec<Session<'s>>,
    /// What Redis has.
    pub receipts: Receipts,
}

/// What Redis has of a chunk, by connection and queue.
pub(in crate::queue::retry) type Receipts = Vec<((String, String), Vec<Receipt>)>;

impl<'a> Worker<'a, '_> {
    /// Pushes the jobs that are not in their queue yet, nor were pushed with their claim.
    pub(super) async fn push(
        &self,
        session: &mut Session<'_>,
        claim: Claim,
        planned: &[Planned<'_>],
        mine: &mut HashSet<i64>,
    ) -> Result<Pushes<'a>> {
        let mut pushes = Pushes::default();
        let (copied, others): (Vec<&Planned<'_>>, Vec<&Planned<'_>>) =
            planned.iter().filter(|job| job.present.is_none()).partition(|job| self.is_copied(job));
        if claim == Claim::Lock {
            expect(self.copy(session, &copied).await?, copied.len(), "jobs were pushed")?;
        }
        for ((connection, queue), jobs) in by_queue(others) {
            let Ok(place) = self.destinations.place(connection) else { continue };
            match place.queues() {
                Queues::Redis(redis) => {
                    mine.extend(jobs.iter().map(|job| job.failed.row));
                    let words: Vec<Push<'_>> = jobs.iter().map(|job| as_push(job)).collect();
                    let receipts = redis.push(queue, &words).await?;
                    pushes.receipts.push(((connection.to_owned(), queue.to_owned()), receipts));
                }
                Queues::Table(table) if place.is_in(self.failed.db) => {
                    self.write(session, &table, queue, &jobs).await?;
                }
                Queues::Table(table) => {
                    pushes.others.push(self.write_elsewhere(&table, queue, &jobs).await?);
                }
            }
        }
        Ok(pushes)
    }

    /// Pushes jobs whose bytes stay, in one statement for each table: they never leave the server. Gives how many of
    /// them were still there.
    pub(super) async fn copy(&self, session: &mut Session<'_>, jobs: &[&Planned<'_>]) -> Result<u64> {
        let (now, mut pushed) = (self.rules.now.timestamp(), 0);
        for (connection, jobs) in by(jobs.iter().copied(), |job| job.failed.connection.as_str()) {
            let Ok(place) = self.destinations.place(connection) else { continue };
            let Queues::Table(queues) = place.queues() else { continue };
            let (from, to) = (self.table, queues.require().await?);
            let ids = from.one_of_numbers("id", jobs.iter().map(|job| job.failed.row));
            let sql = format!(
                "INSERT INTO {} ({}, payload, attempts, available_at, created_at) \
                 SELECT CASE WHEN {queue} = '' THEN ? ELSE {queue} END, payload, 0, {now}, {now} \
                 FROM {} WHERE {} ORDER BY id",
                to.name,
                to.column("queue"),
                from.name,
                ids.sql,
                queue = from.column("queue"),
            );
            let query = Query::new(sql).bind(place.connection.queue.as_str());
            pushed += session.execute(query.bind_all(ids.values)).await?;
        }
        Ok(pushed)
    }

    async fn write(
        &self,
        session: &mut Session<'_>,
        queues: &TableQueues<'_>,
        queue: &str,
        jobs: &[&Planned<'_>],
    ) -> Result<()> {
        let texts = jobs.iter().map(|job| str::from_utf8(bytes(job)).unwrap_or_default());
        queues.push(session, queue, texts, self.rules.now).await
    }

    /// Gives the transaction of the other database.
    async fn write_elsewhere(
        &self,
        queues: &TableQueues<'a>,
        queue: &str,
        jobs: &[&Planned<'_>],
    ) -> Result<Session<'a>> {
        let mut session = queues.db.session().await?;
        session.begin(Begin::Write).await?;
        self.write(&mut session, queues, queue, jobs).await?;
        Ok(session)
    }

    /// Before the failed jobs are forgotten for good: Redis must still know what was pushed. One that was restarted or
    /// flushed, and one that took the place of another, may not.
    ///
    /// # Errors
    /// Redis does not answer, or has lost something: the same chunk is worked on again.
    pub(super) async fn prove(&self, pushes: &Pushes<'_>) -> Result<()> {
        match self.destinations.lost(&pushes.receipts).await? {
            None => Ok(()),
            Some(place) => Err(Error::failed(format!("{} lost jobs that were pushed", place.address()))
                .hint("it was restarted, flushed or replaced; the failed jobs stay, run again")
                .with_fault(Fault::Transient)),
        }
    }

    /// Redis need not know any more which jobs an earlier run had pushed.
    pub(super) async fn settle_present(&self, planned: &[Planned<'_>]) {
        for (name, jobs) in by_queue(planned.iter().filter(|job| job.is_known && job.present.is_some())) {
            let tokens: Vec<&str> = jobs.iter().map(|job| job.token.as_str()).collect();
            self.destinations.settle(name, &[], &tokens).await;
        }
    }
}

fn as_push<'p>(job: &'p Planned<'_>) -> Push<'p> {
    Push { token: &job.token, payload: bytes(job) }
}

/// What is pushed.
fn bytes<'p>(job: &'p Planned<'_>) -> &'p [u8] {
    job.job.edited.as_ref().map_or(&job.failed.payload, |text| text.as_bytes())
}

/// Jobs by connection and queue, in their order.
pub(super) fn by_queue<'p, 'c: 'p>(
    jobs: impl IntoIterator<Item = &'p Planned<'c>>,
) -> Vec<(Name<'c>, Vec<&'p Planned<'c>>)> {
    by(jobs, |job| (job.failed.connection.as_str(), job.failed.queue.as_str()))
}

/// Jobs by something that few of them differ in, in their order.
fn by<'p, 'c: 'p, K: PartialEq>(
    jobs: impl IntoIterator<Item = &'p Planned<'c>>,
    key: impl Fn(&Planned<'c>) -> K,
) -> Vec<(K, Vec<&'p Planned<'c>>)> {
    let mut groups: Vec<(K, Vec<&Planned<'c>>)> = Vec::new();
    for job in jobs {
        let key = key(job);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(job),
            None => groups.push((key, vec![job])),
        }
    }
    groups
}
