//! Failed jobs go back to their queues (`queue:retry`), pushed and forgotten together.
//!
//! They are read and judged oldest first without locks, a chunk at a time; each chunk is then claimed, pushed and
//! deleted in a transaction of its own, while the next one is read.

mod candidates;
mod chunk;
mod destinations;
mod judge;
mod lineage;
mod reader;
mod report;
mod unique;
mod uuids;

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::TimeDelta;

use self::{
    candidates::{Candidate, Candidates, WINDOW},
    chunk::{Done, Told, Worker, push::Receipts},
    destinations::Destinations,
    judge::{Rules, Verdict},
    reader::Reader,
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

/// Tries of work that meets deadlocks or loses its server: about five seconds.
const TRIES: usize = 7;
/// Time for the last question whether everything is still there.
const END_WITHIN: Duration = Duration::from_secs(2);

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
    let keeps_exceptions = lineage.is_some();
    let candidates = Candidates { failed, table: &table, filter: &request.filter, keeps_exceptions };
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
        unsettled: Receipts::new(),
        report: &mut report,
    };
    let reader = Reader { candidates: &candidates, rules, walk, rest: VecDeque::new() };
    let worked = cancel.guard(run.work(reader, opens, progress)).await;
    if let Err(error) = run.end(worked).await {
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
    /// What Redis has of the last chunk.
    unsettled: Receipts,
    report: &'a mut RetryReport,
}

impl<'d> Run<'_, 'd> {
    async fn work(
        &mut self,
        mut reader: Reader<'_>,
        opens: &impl Opens<'d>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let mut chunk = reader.next(self.most(0), self.destinations.forms()).await?;
        while !chunk.is_empty() {
            progress.selected(chunk.len());
            self.pause().await?;
            self.cancel.check()?;
            self.destinations.prepare(&mut chunk, self.candidates.failed.db, opens, progress).await?;
            reader.finish(&mut chunk, self.destinations.forms()).await?;
            let next = self.beside(&chunk, &mut reader, progress).await?;
            chunk = match next {
                Some(next) => next,
                None => reader.next(self.most(0), self.destinations.forms()).await?,
            };
        }
        Ok(())
    }

    /// Retries a chunk, and reads the next one meanwhile, as far as it is known how much may follow.
    async fn beside(
        &mut self,
        chunk: &[Candidate],
        reader: &mut Reader<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Option<Vec<Candidate>>> {
        let most = self.most(chunk.len());
        let (done, next) = {
            let forms = self.destinations.forms();
            let next = async {
                match most {
                    0 => Ok(None),
                    most => reader.next(most, forms).await.map(Some),
                }
            };
            tokio::join!(self.patiently(chunk), next)
        };
        match done {
            Ok(done) => {
                let receipts = self.note(chunk, done, progress);
                self.witness(receipts).await?;
            }
            Err(error) if is_row_fault(&error) => self.one_by_one(chunk, error, progress).await?,
            Err(error) => return Err(error),
        }
        next
    }

    /// Jobs that the next chunk may hold when all that are `on_the_way` leave; 0 when there were enough.
    fn most(&self, on_the_way: usize) -> usize {
        let gone = self.report.counts.gone() + on_the_way as u64;
        let left = self.request.limit.map_or(u64::MAX, |limit| limit.saturating_sub(gone));
        let rate = self.request.rate.map_or(WINDOW, |rate| (rate as usize).clamp(1, WINDOW));
        rate.min(usize::try_from(left).unwrap_or(WINDOW))
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

    /// When one of a chunk's jobs cannot be pushed, the others go on without it.
    async fn one_by_one(
        &mut self,
        chunk: &[Candidate],
        error: Error,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        tracing::debug!(%error, "the chunk failed; retrying its jobs one by one");
        for one in chunk.chunks(1) {
            self.cancel.check()?; // each is a chunk of its own now
            let done = match self.patiently(one).await {
                Err(error) if is_row_fault(&error) => {
                    let reason = format!("it cannot be pushed: {}", error.root()).into();
                    let told = vec![Told { at: 0, outcome: Outcome::Failed, reason }];
                    Done { told, ..Done::default() }
                }
                done => done?,
            };
            let receipts = self.note(one, done, progress);
            self.witness(receipts).await?;
        }
        Ok(())
    }

    /// The end of a run, however it went: what it pushed must still be there.
    async fn end(&mut self, worked: Result<()>) -> Result<()> {
        let last = std::mem::take(&mut self.unsettled);
        let settled = tokio::time::timeout(END_WITHIN, self.settle(last)).await.unwrap_or(Ok(()));
        // A server that does not answer has not been seen to lose anything.
        let lost = settled.err().filter(|error| error.kind() == Kind::Failed);
        match (worked, lost) {
            (worked, None) => worked,
            (Ok(()), Some(lost)) => Err(lost),
            (Err(error), Some(lost)) => Err(error.because(lost.to_string())),
        }
    }

    /// What Redis has of the last chunk stands for all that this run pushed: whoever loses some of it, by a flush, a
    /// restart or a replica that takes over, loses that first.
    ///
    /// # Errors
    /// Redis does not answer, or has lost something.
    async fn witness(&mut self, latest: Receipts) -> Result<()> {
        if latest.is_empty() {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.unsettled, latest);
        self.settle(before).await
    }

    async fn settle(&self, receipts: Receipts) -> Result<()> {
        let lost = patiently(async || self.destinations.lost(&receipts).await).await?;
        if let Some(place) = lost {
            return Err(self.loss(place));
        }
        for ((connection, queue), receipts) in &receipts {
            self.destinations.settle((connection, queue), receipts, &[]).await;
        }
        Ok(())
    }

    fn loss(&self, place: &QueuePlace<'_>) -> Error {
        let pushed = self.report.counts.retried;
        let error = Error::failed(format!("{} has lost jobs that this run had pushed", place.address())).because(
            format!("it was flushed, restarted or replaced meanwhile; of the {pushed} jobs of this run some or all are gone"),
        );
        match self.lineage {
            Some(table) => {
                error.hint(format!("which they were: `{}`, run `{}`", table.name, self.request.run))
            }
            None => error.hint("`opsctl db migrate` makes a table that keeps what is retried"),
        }
    }

    /// Repeats what met a deadlock or lost its server. That is safe at any point: what was pushed is known by its token,
    /// and a job that is no failed job any more is not found.
    async fn patiently(&self, chunk: &[Candidate]) -> Result<Done> {
        let (worker, mut mine) = (self.worker(), HashSet::new());
        let done = patiently(async || worker.run(chunk, &mut mine).await).await;
        done.map_err(|error| match mine.len() {
            pushed @ 1.. if is_passing(&error) => error
                .because(format!("{pushed} jobs may lie in their queue already"))
                .hint("run again when the server is back: what was pushed is not pushed twice"),
            _ => error,
        })
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

    fn note(&mut self, chunk: &[Candidate], done: Done, progress: &mut dyn Progress) -> Receipts {
        tracing::info!(jobs = done.told.len(), "retried");
        progress.advance(done.told.len());
        for Told { at, outcome, reason } in done.told {
            let Candidate { failed, judged, .. } = &chunk[at];
            if let Some(Verdict::Push(job)) = judged.as_ref().map(|judged| &judged.verdict)
                && outcome == Outcome::Retried
            {
                self.destinations.note(failed, &job.uuid);
            }
            let id = || failed.id(self.candidates.failed.named_by_uuid);
            let class = || judged.as_ref().and_then(|judged| judged.class.clone());
            self.report.add((&failed.connection, &failed.queue), outcome, &reason, || Item {
                id: id(),
                class: class(),
                connection: failed.connection.clone(),
                queue: failed.queue.clone(),
                outcome,
                reason: reason.to_string(),
            });
        }
        done.receipts
    }
}

/// Repeats work that met a deadlock or lost its server, for some seconds.
async fn patiently<T>(mut work: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .with_max_times(TRIES - 1)
        .with_jitter()
        .build();
    loop {
        let error = match work().await {
            Err(error) if is_passing(&error) => error,
            result => return result,
        };
        let Some(pause) = pauses.next() else { return Err(error) };
        tracing::debug!(%error, "tried again soon");
        tokio::time::sleep(pause).await;
    }
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
