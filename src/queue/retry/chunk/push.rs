//! The push of a chunk's jobs: to tables with statements over all of them, to Redis once each by their tokens.

use std::collections::HashSet;

use super::{Planned, Worker, by_queue, expect};
use crate::{
    Error, Result,
    db::{Begin, Query, Session},
    error::Fault,
    laravel::queue::{Push, Queues, TableQueues},
};

impl<'d> Worker<'d, '_> {
    /// Pushes the jobs that are not in their queue yet; gives the transactions that were begun on other databases.
    pub(super) async fn push(
        &self,
        session: &mut Session<'_>,
        planned: &[Planned],
        mine: &mut HashSet<i64>,
    ) -> Result<Vec<Session<'d>>> {
        let mut others: Vec<Session<'d>> = Vec::new();
        for ((connection, queue), jobs) in by_queue(planned.iter().filter(|job| job.present.is_none())) {
            let Ok(place) = self.destinations.place(&connection) else { continue };
            match place.queues() {
                Queues::Redis(redis) => {
                    mine.extend(jobs.iter().map(|job| job.failed.row));
                    let pushes: Vec<Push<'_>> = jobs.iter().map(|job| as_push(job)).collect();
                    redis.push(&queue, &pushes).await?;
                }
                Queues::Table(table) if place.is_in(self.failed.db) => {
                    self.copy(session, &table, &queue, &jobs).await?;
                    self.write(session, &table, &queue, &jobs).await?;
                }
                Queues::Table(table) => {
                    let db = table.db;
                    let mut other = db.session().await?;
                    other.begin(Begin::Write).await?;
                    self.write_all(&mut other, &table, &queue, &jobs).await?;
                    others.push(other);
                }
            }
        }
        Ok(others)
    }

    /// Jobs whose bytes stay, in one statement: they never leave the server.
    async fn copy(
        &self,
        session: &mut Session<'_>,
        queues: &TableQueues<'_>,
        queue: &str,
        jobs: &[&Planned],
    ) -> Result<()> {
        let rows: Vec<i64> =
            jobs.iter().filter(|job| job.job.edited.is_none()).map(|job| job.failed.row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let wanted = rows.len();
        let (from, to) = (self.table, queues.require().await?);
        let now = self.rules.now.timestamp();
        let ids = from.one_of_numbers("id", rows);
        let sql = format!(
            "INSERT INTO {} ({}, payload, attempts, available_at, created_at) \
             SELECT {}, payload, 0, {now}, {now} FROM {} WHERE {} ORDER BY id",
            to.name,
            to.column("queue"),
            to.hole("queue"),
            from.name,
            ids.sql
        );
        let pushed = session.execute(Query::new(sql).bind(queue).bind_all(ids.values)).await?;
        expect(pushed, wanted, "jobs were pushed")
    }

    /// Jobs whose bytes were edited.
    async fn write(
        &self,
        session: &mut Session<'_>,
        queues: &TableQueues<'_>,
        queue: &str,
        jobs: &[&Planned],
    ) -> Result<()> {
        let edited = jobs.iter().filter_map(|job| job.job.edited.as_deref());
        queues.push(session, queue, edited, self.rules.now).await
    }

    /// Jobs that go to another database.
    async fn write_all(
        &self,
        session: &mut Session<'_>,
        queues: &TableQueues<'_>,
        queue: &str,
        jobs: &[&Planned],
    ) -> Result<()> {
        let texts = jobs.iter().map(|job| str::from_utf8(bytes(job)).unwrap_or_default());
        queues.push(session, queue, texts, self.rules.now).await
    }

    /// Before the failed jobs are forgotten for good: Redis must still know what was pushed. One that was restarted or
    /// flushed, and one that took the place of another, may not.
    ///
    /// # Errors
    /// Redis does not answer, or has lost something: the same chunk is worked on again.
    pub(super) async fn prove(&self, planned: &[Planned]) -> Result<()> {
        for ((connection, queue), jobs) in by_queue(planned.iter().filter(|job| job.present.is_none())) {
            let Ok(place) = self.destinations.place(&connection) else { continue };
            let Queues::Redis(redis) = place.queues() else { continue };
            let tokens: Vec<&str> = jobs.iter().map(|job| job.token.as_str()).collect();
            let known = redis.known(&queue, &tokens).await?;
            if known != tokens.len() as u64 {
                return Err(Error::failed(format!(
                    "{} lost jobs that were pushed: it knows {known} of {}",
                    place.address(),
                    tokens.len()
                ))
                .hint("it was restarted, flushed or replaced; the failed jobs stay, run again")
                .with_fault(Fault::Transient));
            }
        }
        Ok(())
    }

    /// Redis need not know any more what the database has. What cannot be told now ends by itself.
    pub(super) async fn settle(&self, planned: &[Planned]) {
        for ((connection, queue), jobs) in by_queue(planned.iter()) {
            let Ok(place) = self.destinations.place(&connection) else { continue };
            let Queues::Redis(redis) = place.queues() else { continue };
            let tokens: Vec<&str> = jobs.iter().map(|job| job.token.as_str()).collect();
            if let Err(error) = redis.settle(&queue, &tokens).await {
                tracing::debug!(%error, "tokens were not settled");
            }
        }
    }
}

fn as_push(job: &Planned) -> Push<'_> {
    Push { token: &job.token, payload: bytes(job) }
}

/// What is pushed.
fn bytes(job: &Planned) -> &[u8] {
    job.job.edited.as_ref().map_or(&job.failed.payload, |text| text.as_bytes())
}
