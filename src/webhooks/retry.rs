//! One run over the events that are due: the service's own lock, candidates, chunks.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::Mutex,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use rand::{SeedableRng, rngs::StdRng};

use super::{
    Item, Limits, Outcome, RetryReport, Store, busy,
    candidates::{self, Candidate, Passed},
    chunk::{Worker, queue::Dispatch},
    store::Eligible,
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    clock::Clock,
    crash::{self, Point},
    db::{Db, Fault},
    journal::Entry,
    laravel::lock::{self, Attempt, Held, Locks},
};

/// Name of the run lock of `tenrusl:webhooks:retry`: one for all providers and ids.
pub const RUN_LOCK: &str = "tenrusl:cmd:webhooks:retry:global";
/// Events of one transaction.
const CHUNK: usize = 100;
/// Likewise where their jobs are pushed, and no body is read.
const QUEUED: usize = 2000;
/// Events that are picked at once.
const PAGE: u32 = 10_000;
/// Tries of a chunk that meets deadlocks or lock timeouts.
const TRIES: usize = 5;
/// Longest time for giving the run lock back: the tries of a Redis that fails over, and a little.
const RELEASE_FOR: Duration = Duration::from_secs(4);
/// Likewise when somebody wants the run to stop, or its time is over.
const RELEASE_IN_HASTE: Duration = Duration::from_secs(1);
/// Time between two looks at a taken lock.
const LOCK_POLL: Duration = Duration::from_millis(250);

/// What to do when the run lock is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfLocked {
    /// End with [`Kind::Locked`].
    Fail,
    /// End well, having done nothing.
    Skip,
    /// Wait for it, then fail.
    Wait(Duration),
}

/// One run.
#[derive(Debug, Clone)]
pub struct RetryRequest {
    /// The effective limits.
    pub limits: Limits,
    /// Only this provider.
    pub provider: Option<String>,
    /// Only events in this status.
    pub status: Option<String>,
    /// Change nothing, take no lock.
    pub dry_run: bool,
    /// What to do when the run lock is taken.
    pub if_locked: IfLocked,
    /// Events per second, at most.
    pub rate: Option<u32>,
    /// Seed of the delays, for tests.
    pub seed: Option<u64>,
}

/// What a run tells while it goes on.
pub trait Progress {
    /// Events are about to be tried.
    fn selected(&mut self, _count: usize) {}
    /// Events were tried.
    fn advance(&mut self, _items: &[Item]) {}
    /// The run waits for the lock.
    fn waiting(&mut self, _holder: &str) {}
    /// Something that the operator should know, though the run goes on.
    fn warning(&mut self, _text: &str) {}
}

/// Tells nobody.
impl Progress for () {}

/// Tries the due events. Only a dry run does without `locks`.
///
/// # Errors
/// What kept the run from starting: the lock ([`Kind::Locked`]), the lock store or the database. What ends it later
/// stands in the report.
pub async fn retry(
    db: &Db,
    locks: Option<&Locks<'_>>,
    entry: &Entry,
    request: RetryRequest,
    cancel: &Cancel,
    progress: &mut dyn Progress,
) -> Result<RetryReport> {
    run(&Means { db, locks, entry, dispatch: None }, request, cancel, progress).await
}

/// What a run works on and with.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// The database of the events.
    pub db: &'a Db,
    /// Where the run lock lives; only a dry run does without.
    pub locks: Option<&'a Locks<'a>>,
    /// The run's record in the journal.
    pub entry: &'a Entry,
    /// The queue whose workers try the events; `None` to try them here.
    pub dispatch: Option<&'a Dispatch<'a>>,
}

/// Tries the due events, or hands them to a queue, as `means` says.
///
/// # Errors
/// As [`retry`]; a queue or a store of unique locks that does not answer ends the run, and stands in the report.
pub async fn run(
    means: &Means<'_>,
    request: RetryRequest,
    cancel: &Cancel,
    progress: &mut dyn Progress,
) -> Result<RetryReport> {
    let Means { db, locks, entry, dispatch } = *means;
    let started = Instant::now();
    let mut report = RetryReport::new(request.limits.clone(), request.dry_run);
    let store = cancel.guard(Store::open(db)).await?;
    cancel.guard(db.facts()).await?;
    let held = match locks {
        None if request.dry_run => None,
        None => return Err(Error::config("a run that changes events needs the service's run lock")),
        Some(_) if request.dry_run => None,
        Some(locks) => {
            match (Asking { db, locks, entry, request: &request, cancel }).run_lock(progress).await? {
                Lock::Held(held) => Some((locks, held)),
                Lock::Busy(error) => {
                    report.stopped = Some(error.to_string());
                    return Ok(report.finish(elapsed_ms(started)));
                }
            }
        }
    };
    crash::reach(Point::AfterLock);
    let run = Run { store: &store, held: held.as_ref(), dispatch, cancel, started: Instant::now() };
    // Whatever happens in there, a fault of opsctl's own included, the lock is given back.
    let work = AssertUnwindSafe(cancel.guard(run.work(&request, &mut report, progress))).catch_unwind().await;
    match work {
        Ok(Ok(())) => {}
        Ok(Err(error)) => report.stop(error),
        Err(_) => {
            report.stop(Error::failed("opsctl met a fault of its own; its transaction was rolled back"));
        }
    }
    crash::reach(Point::BeforeRelease);
    if let Some((locks, held)) = &held {
        report.lock_left = !release(locks, held, cancel, progress).await;
    }
    crash::reach(Point::AfterRelease);
    Ok(report.finish(elapsed_ms(started)))
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

enum Lock {
    Held(Held),
    Busy(Error),
}

/// What it takes to ask for the run lock.
struct Asking<'a> {
    db: &'a Db,
    locks: &'a Locks<'a>,
    entry: &'a Entry,
    request: &'a RetryRequest,
    cancel: &'a Cancel,
}

impl Asking<'_> {
    /// Asks. When that is cut off, the store may have heard us all the same: our token is taken back.
    async fn run_lock(&self, progress: &mut dyn Progress) -> Result<Lock> {
        let seconds = self.request.limits.lock_seconds.max(1);
        let held = Held { name: RUN_LOCK.into(), owner: lock::owner(), seconds };
        let answer = self.cancel.guard(self.patiently(&held.owner, progress)).await;
        if answer.is_err() {
            let _ = tokio::time::timeout(Duration::from_secs(1), self.locks.release(&held)).await;
        }
        answer
    }

    /// Takes the run lock. A store that does not answer is an error, never a reason to go on without (D28).
    async fn patiently(&self, owner: &str, progress: &mut dyn Progress) -> Result<Lock> {
        let started = Instant::now();
        let seconds = self.request.limits.lock_seconds;
        loop {
            let holder = match self.locks.acquire(RUN_LOCK, owner, seconds).await? {
                Attempt::Taken(held) => {
                    tracing::info!(owner, seconds, "took the run lock");
                    if let Err(error) = self.entry.lock(RUN_LOCK, owner) {
                        progress.warning(&format!("the lock is not in the journal: {error}"));
                    }
                    return Ok(Lock::Held(held));
                }
                Attempt::Busy(holder) => holder,
            };
            let now = self.db.now().await?;
            let error = busy::error(self.entry, holder.as_ref(), seconds, now);
            let wait = busy::wait(holder.as_ref(), now);
            match self.request.if_locked {
                IfLocked::Fail => {
                    return Err(error.hint(format!(
                        "wait for it: `{wait}`; end well when it is taken, as cron wants: `--if-locked skip`"
                    )));
                }
                IfLocked::Skip => return Ok(Lock::Busy(error)),
                IfLocked::Wait(longest) if started.elapsed() >= longest => {
                    let error = error.because(format!("waited {} s for it", longest.as_secs()));
                    return Err(error.hint(format!("wait for as long as it may last: `{wait}`")));
                }
                IfLocked::Wait(_) => {
                    progress.waiting(&error.to_string());
                    self.cancel.sleep(LOCK_POLL).await?;
                }
            }
        }
    }
}

/// Gives the run lock back; `false` when it may still stand.
async fn release(locks: &Locks<'_>, held: &Held, cancel: &Cancel, progress: &mut dyn Progress) -> bool {
    let patience = if cancel.check().is_ok() { RELEASE_FOR } else { RELEASE_IN_HASTE };
    let why = match tokio::time::timeout(patience, locks.release(held)).await {
        Ok(Ok(true)) => {
            tracing::info!("gave the run lock back");
            return true;
        }
        Ok(Ok(false)) => {
            progress.warning("the run lock was no longer ours when the run ended");
            return true;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", patience.as_secs()),
    };
    let until = Clock::system().now() + TimeDelta::seconds(held.seconds.into());
    let until = until.format("%Y-%m-%d %H:%M:%S UTC");
    progress
        .warning(&format!("the run lock was not given back, and stands until {until} at the latest: {why}"));
    false
}

struct Run<'a> {
    store: &'a Store<'a>,
    held: Option<&'a (&'a Locks<'a>, Held)>,
    dispatch: Option<&'a Dispatch<'a>>,
    cancel: &'a Cancel,
    started: Instant,
}

impl Run<'_> {
    async fn work(
        &self,
        request: &RetryRequest,
        report: &mut RetryReport,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let worker = self.worker(request).await?;
        let mut left = request.limits.limit;
        // Events that were not changed would be picked again and again.
        let mut passed = Passed::default();
        while left > 0 {
            self.cancel.check()?;
            let each = left.min(PAGE);
            let picked = candidates::pick(self.store, &worker.eligible, each, &passed).await?;
            crash::reach(Point::AfterCandidates);
            if picked.is_empty() {
                return Ok(());
            }
            progress.selected(picked.len());
            left -= u32::try_from(picked.len()).unwrap_or(left);
            for chunk in picked.chunks(self.chunk_size(request.rate)) {
                self.pause(request.rate, report.counts.selected).await?;
                self.cancel.check()?;
                self.prove_lock().await?;
                crash::reach(Point::AfterRenew);
                attempt(&worker, chunk, &mut |items| {
                    tracing::info!(events = items.len(), "tried");
                    progress.advance(&items);
                    for item in items {
                        if request.dry_run || matches!(item.outcome, Outcome::Skipped | Outcome::Failed) {
                            passed.add(&item.provider, &item.id);
                        }
                        report.add(item);
                    }
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn worker(&self, request: &RetryRequest) -> Result<Worker<'_>> {
        let now = self.store.db.now().await?;
        let eligible = eligible(request, now);
        let inline =
            worker(self.store, request.limits.clone(), eligible, request.dry_run, request.seed, self.cancel);
        Ok(Worker { dispatch: self.dispatch, ..inline })
    }

    /// The lock may have expired, been stolen or flushed: asked before every chunk, which also renews it.
    async fn prove_lock(&self) -> Result<()> {
        match self.held {
            Some((locks, held)) => locks.renew(held).await,
            None => Ok(()),
        }
    }

    fn chunk_size(&self, rate: Option<u32>) -> usize {
        let most = if self.dispatch.is_some() { QUEUED } else { CHUNK };
        rate.map_or(most, |rate| (rate as usize).clamp(1, most))
    }

    /// Keeps to the rate, and keeps the lock meanwhile.
    async fn pause(&self, rate: Option<u32>, done: u64) -> Result<()> {
        let Some(rate) = rate.filter(|rate| *rate > 0) else { return Ok(()) };
        #[allow(clippy::cast_precision_loss)] // counts of events are far below 2^52
        let due = self.started + Duration::from_secs_f64(done as f64 / f64::from(rate));
        while let Some(wait) = due.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero()) {
            self.cancel.sleep(wait.min(Duration::from_secs(1))).await?;
            self.prove_lock().await?;
        }
        Ok(())
    }
}

fn eligible(request: &RetryRequest, now: DateTime<Utc>) -> Eligible {
    let (provider, status) = (request.provider.clone(), request.status.clone());
    Eligible { provider, status, ..Eligible::due(now, &request.limits) }
}

/// A worker with its own source of randomness.
pub(super) fn worker<'a>(
    store: &'a Store<'a>,
    limits: Limits,
    eligible: Eligible,
    dry_run: bool,
    seed: Option<u64>,
    cancel: &'a Cancel,
) -> Worker<'a> {
    let rng = seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
    Worker {
        store,
        limits,
        eligible,
        dry_run,
        dispatch: None,
        rng: Mutex::new(rng),
        cancel,
        imagined: Mutex::new(HashMap::new()),
    }
}

/// Tries a chunk; when one of its rows cannot be changed, the others go on without it. Each transaction's events are
/// told as soon as it is durable: what comes after it may fail, or be cut off.
pub(super) async fn attempt(
    worker: &Worker<'_>,
    chunk: &[Candidate],
    tell: &mut dyn FnMut(Vec<Item>),
) -> Result<()> {
    let error = match patiently(worker, chunk, tell).await {
        Err(error) if is_row_fault(&error) => error,
        result => return result,
    };
    if let [candidate] = chunk {
        worker.set_aside(candidate, &error, tell).await;
        return Ok(());
    }
    tracing::debug!(%error, "the chunk failed; trying its events one by one");
    for candidate in chunk {
        worker.cancel.check()?; // each is a chunk of its own now
        match patiently(worker, std::slice::from_ref(candidate), tell).await {
            Err(error) if is_row_fault(&error) => worker.set_aside(candidate, &error, tell).await,
            result => result?,
        }
    }
    Ok(())
}

/// Repeats what met a deadlock or a lock timeout: its transaction was rolled back whole.
async fn patiently(worker: &Worker<'_>, chunk: &[Candidate], tell: &mut dyn FnMut(Vec<Item>)) -> Result<()> {
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_secs(1))
        .with_max_times(TRIES - 1)
        .with_jitter()
        .build();
    loop {
        let error = match worker.run(chunk, tell).await {
            Err(error) if error.fault() == Some(Fault::Transient) => error,
            result => return result,
        };
        match pauses.next() {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
    }
}

/// What one row may be to blame for; a lost server, a missing right or table, a lock or a resource that was waited for
/// in vain concern all of them.
fn is_row_fault(error: &Error) -> bool {
    error.kind() == Kind::Failed && !matches!(error.fault(), Some(Fault::Transient | Fault::Resource))
}
