//! Failed jobs go back to their queues (`queue:retry`), pushed and forgotten together.
//!
//! Candidates are picked oldest first without locks; chunks of them are then locked, read, pushed and deleted, each in a
//! transaction of its own.

mod candidates;
mod chunk;
mod destinations;
mod judge;
mod lineage;
mod report;
mod unique;
mod uuids;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::TimeDelta;

use self::{
    candidates::{Candidate, Candidates, Walk},
    chunk::{Done, Worker},
    destinations::Destinations,
    judge::Rules,
};
pub use self::{
    judge::{KnownLock, Unique},
    lineage::TABLE,
    report::{Counts, Item, Outcome, QueueCounts, RetryReport},
    unique::UniqueLocks,
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    db::{Fault, Table},
    laravel::{failed::FailedJobs, queue::QueuePlace},
    queue::FailedFilter,
};

/// Failed jobs of one transaction.
const CHUNK: usize = 2000;
/// Bytes of their payloads, beside those of a single one.
const CHUNK_BYTES: i64 = 4 << 20;
/// Tries of a chunk that meets deadlocks or loses its server: about five seconds.
const TRIES: usize = 7;

/// One run.
#[derive(Debug, Clone)]
pub struct RetryRequest {
    /// The failed jobs by what the application calls them; `None` for all.
    pub ids: Option<Vec<String>>,
    /// What narrows them down.
    pub filter: FailedFilter,
    /// Jobs that leave the failed ones, at most.
    pub limit: Option<u64>,
    /// Jobs per second, at most.
    pub rate: Option<u32>,
    /// Time from now that a job with a deadline is given.
    pub retry_for: Option<Duration>,
    /// Change nothing.
    pub dry_run: bool,
    /// The locks of unique jobs whose payload names none.
    pub known: KnownLock,
    /// The id of this run, for `opsctl_retried_jobs`.
    pub run: String,
}

/// What a run tells while it goes on.
pub trait Progress {
    /// Failed jobs are about to be retried.
    fn selected(&mut self, _count: usize) {}
    /// So many are done with.
    fn advance(&mut self, _count: usize) {}
    /// Something that the operator should know, though the run goes on.
    fn warning(&mut self, _text: &str) {}
}

/// Tells nobody.
impl Progress for () {}

/// Opens what the failed jobs name.
pub trait Opens<'a> {
    /// A queue connection of the application.
    ///
    /// # Errors
    /// The application has none of this name, or opsctl cannot work on it.
    fn queue(&self, connection: &str) -> impl Future<Output = Result<QueuePlace<'a>>>;

    /// The locks of unique jobs.
    ///
    /// # Errors
    /// The cache store cannot lock across hosts, or there is none.
    fn unique_locks(&self) -> impl Future<Output = Result<UniqueLocks<'a>>>;
}

/// Retries failed jobs.
///
/// # Errors
/// What kept the run from starting: an id that names no failed job ([`Kind::NotFound`]), the database. What ends it
/// later stands in the report.
pub async fn retry<'d>(
    failed: &FailedJobs<'_>,
    opens: &impl Opens<'d>,
    request: &RetryRequest,
    cancel: &Cancel,
    progress: &mut dyn Progress,
) -> Result<RetryReport> {
    let started = Instant::now();
    let mut report = RetryReport::new(request.dry_run);
    let table = cancel.guard(failed.require()).await?;
    let lineage = cancel.guard(lineage::table(failed.db)).await?;
    let locks = opens.unique_locks().await.map_err(|error| error.to_string());
    let candidates = Candidates { failed, table: &table, filter: &request.filter };
    let walk = cancel.guard(candidates.walk(request)).await?;
    let retry_for = request.retry_for.map(|time| TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX));
    let rules = Rules { now: cancel.guard(failed.db.now()).await?, retry_for, known: request.known };
    let mut run = Run {
        candidates: &candidates,
        lineage: lineage.as_ref(),
        destinations: Destinations::new(),
        locks: &locks,
        rules,
        request,
        cancel,
        started,
        report: &mut report,
    };
    if let Err(error) = cancel.guard(run.work(walk, opens, progress)).await {
        report.stop(error);
    }
    Ok(report.finish(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)))
}

struct Run<'a, 'd> {
    candidates: &'a Candidates<'a>,
    lineage: Option<&'a Table>,
    destinations: Destinations<'d>,
    locks: &'a Result<UniqueLocks<'d>, String>,
    rules: Rules,
    request: &'a RetryRequest,
    cancel: &'a Cancel,
    started: Instant,
    report: &'a mut RetryReport,
}

impl<'d> Run<'_, 'd> {
    async fn work(
        &mut self,
        mut walk: Walk,
        opens: &impl Opens<'d>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        while let Some(window) = self.candidates.next(&mut walk).await? {
            progress.selected(window.len());
            let mut rest = window.as_slice();
            while !rest.is_empty() {
                let most = self.most();
                if most == 0 {
                    return Ok(());
                }
                let (chunk, behind) = rest.split_at(length(rest, most));
                rest = behind;
                self.pause().await?;
                self.cancel.check()?;
                self.destinations.prepare(chunk, opens, progress).await?;
                self.chunk(chunk, progress).await?;
            }
        }
        Ok(())
    }

    /// Jobs that the next chunk may hold; 0 when there were enough.
    fn most(&self) -> usize {
        let limit = self.request.limit.map_or(u64::MAX, |limit| limit - self.report.counts.gone().min(limit));
        let rate = self.request.rate.map_or(CHUNK, |rate| (rate as usize).clamp(1, CHUNK));
        rate.min(usize::try_from(limit).unwrap_or(CHUNK))
    }

    /// Keeps to the rate.
    async fn pause(&self) -> Result<()> {
        let Some(rate) = self.request.rate.filter(|rate| *rate > 0) else { return Ok(()) };
        #[allow(clippy::cast_precision_loss)] // counts of jobs are far below 2^52
        let done = self.report.counts.gone() as f64;
        let due = self.started + Duration::from_secs_f64(done / f64::from(rate));
        match due.checked_duration_since(Instant::now()) {
            Some(wait) if !wait.is_zero() => self.cancel.sleep(wait).await,
            _ => Ok(()),
        }
    }

    /// Retries a chunk; when one of its jobs cannot be pushed, the others go on without it.
    async fn chunk(&mut self, chunk: &[Candidate], progress: &mut dyn Progress) -> Result<()> {
        let error = match self.patiently(chunk).await {
            Ok(done) => {
                self.note(done, progress);
                return Ok(());
            }
            Err(error) if is_row_fault(&error) => error,
            Err(error) => return Err(error),
        };
        if let [candidate] = chunk {
            let why = format!("it cannot be pushed: {}", error.root());
            let item = self.worker().passed(candidate, Outcome::Failed, &why);
            self.note(Done { items: vec![item], ..Done::default() }, progress);
            return Ok(());
        }
        tracing::debug!(%error, "the chunk failed; retrying its jobs one by one");
        for candidate in chunk {
            self.cancel.check()?; // each is a chunk of its own now
            Box::pin(self.chunk(std::slice::from_ref(candidate), progress)).await?;
        }
        Ok(())
    }

    /// Repeats what met a deadlock or lost its server. That is safe at any point: what was pushed is known by its token,
    /// and a job that is no failed job any more is not found.
    async fn patiently(&self, chunk: &[Candidate]) -> Result<Done> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(TRIES - 1)
            .with_jitter()
            .build();
        let worker = self.worker();
        let mut mine = HashSet::new();
        loop {
            let error = match worker.run(chunk, &mut mine).await {
                Err(error) if is_passing(&error) => error,
                result => return result,
            };
            match pauses.next() {
                Some(pause) => {
                    tracing::debug!(%error, "the chunk is tried again");
                    tokio::time::sleep(pause).await;
                }
                None if mine.is_empty() => return Err(error),
                None => {
                    return Err(error
                        .because(format!("{} jobs may lie in their queue already", mine.len()))
                        .hint("run again when the server is back: what was pushed is not pushed twice"));
                }
            }
        }
    }

    fn worker(&self) -> Worker<'_, 'd> {
        Worker {
            failed: self.candidates.failed,
            table: self.candidates.table,
            lineage: self.lineage,
            destinations: &self.destinations,
            locks: self.locks,
            rules: self.rules,
            request: self.request,
            cancel: self.cancel,
        }
    }

    fn note(&mut self, done: Done, progress: &mut dyn Progress) {
        tracing::info!(jobs = done.items.len(), "retried");
        progress.advance(done.items.len());
        for (queue, uuid) in done.pushed {
            self.destinations.note(queue, &uuid);
        }
        for item in done.items {
            self.report.add(item);
        }
    }
}

/// How many of these one chunk takes: some jobs, some bytes, and one at least.
fn length(candidates: &[Candidate], most: usize) -> usize {
    let mut bytes = 0;
    let fits = |candidate: &&Candidate| {
        bytes += candidate.bytes;
        bytes <= CHUNK_BYTES
    };
    candidates.iter().take(most).take_while(fits).count().max(1)
}

/// What may be gone in a moment.
fn is_passing(error: &Error) -> bool {
    error.fault() == Some(Fault::Transient) || error.kind() == Kind::Unreachable
}

/// What one row may be to blame for: the database refused it.
fn is_row_fault(error: &Error) -> bool {
    let refused = matches!(error.fault(), Some(Fault::Other | Fault::Duplicate));
    error.kind() == Kind::Failed && refused
}
