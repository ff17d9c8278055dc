//! A worker: takes jobs that opsctl knows from queues and runs them, beside the workers of the application and under
//! their rules (`Illuminate\Queue\Worker`, Laravel 11 to 13). A job of any other class is not touched.

mod chunk;
mod fault;
mod hand;
mod registry;
mod report;
mod rules;
mod scan;
mod signs;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};

use self::{
    chunk::{Chunk, Stop, Worked},
    fault::Trouble,
    hand::Hand,
    registry::Job,
    scan::Scan,
    signs::Sign,
};
pub use self::{
    registry::{Known, MARKS},
    report::{Counts, Ending, Item, Outcome, WorkReport},
    rules::Options,
    signs::Signs,
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    db::{Db, Fault},
    laravel::{failed::FailedJobs, lock::Locks, queue::QueuePlace, values::Kept},
    webhooks::{Handler, Limits, Store},
};

/// Jobs of one transaction.
const CHUNK: usize = 100;
/// Tries of a chunk that meets deadlocks.
const TRIES: usize = 6;
/// The longest pause after a server that did not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Time for which a run that ends by itself waits for servers that do not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time that is taken for what is in hand when the run is over.
const CLOSE_FOR: Duration = Duration::from_millis(500);

/// One run.
#[derive(Debug, Clone)]
pub struct WorkRequest {
    /// The queues, the first one first.
    pub queues: Vec<String>,
    /// Takes one job, if there is one, and waits for nothing.
    pub once: bool,
    /// Ends when there is nothing to take.
    pub stop_when_empty: bool,
    /// Jobs of this run, at most; with one, a worker that finds none ends.
    pub max_jobs: Option<u64>,
    /// Time after which it ends behind its chunk.
    pub max_time: Option<Duration>,
    /// Time between two looks at queues that are empty.
    pub sleep: Duration,
    /// What goes for jobs whose payload says nothing.
    pub options: Options,
    /// Shows what a pass over the queues would do, and changes nothing.
    pub dry_run: bool,
    /// The limits of events.
    pub limits: Limits,
    /// Seed of the delays, for tests.
    pub seed: Option<u64>,
}

impl WorkRequest {
    /// Whether it ends by itself, sooner or later.
    const fn is_bounded(&self) -> bool {
        self.stop_when_empty || self.dry_run
    }
}

/// What a worker works on and with.
#[derive(Debug)]
pub struct Means<'a> {
    /// The database of the work.
    pub db: &'a Db,
    /// The queue connection.
    pub place: &'a QueuePlace<'a>,
    /// Where jobs are written down that fail.
    pub failed: &'a FailedJobs<'a>,
    /// Where the locks of jobs live.
    pub locks: &'a Locks<'a>,
    /// What tells it to stop or to wait.
    pub signs: &'a Signs<'a>,
}

/// What a run tells while it goes on.
pub trait Progress {
    /// A job has ended.
    fn job(&mut self, _item: &Item) {}
    /// Something happens that is no job.
    fn note(&mut self, _text: &str) {}
    /// Something that the operator should know, though the run goes on.
    fn warning(&mut self, _text: &str) {}
}

/// Tells nobody.
impl Progress for () {}

/// Takes jobs and runs them until the request, a sign or a signal ends it.
///
/// # Errors
/// What kept the run from starting: a table or a server. What ends it later stands in the report.
pub async fn work(
    means: &Means<'_>,
    request: &WorkRequest,
    cancel: &Cancel,
    progress: &mut dyn Progress,
) -> Result<WorkReport> {
    let started = Instant::now();
    let store = cancel.guard(Store::open(means.db)).await?;
    cancel.guard(means.failed.require()).await?;
    let began = cancel.guard(means.signs.restart()).await?;
    let now = cancel.guard(means.db.now()).await?;
    let handler = Handler::new(&store, request.limits.clone(), now, request.dry_run, request.seed, cancel);
    let (hand, queues) = (Hand::default(), means.place.queues());
    let chunk = Chunk { means, request, queues: &queues, handler: &handler, hand: &hand, cancel };
    let mut report = WorkReport::new(&means.place.connection.name, &request.queues, request.dry_run);
    let mut run = Run {
        chunk: &chunk,
        scan: Scan::new(&request.queues),
        began,
        started,
        pass: Pass::default(),
        told: 0,
        report: &mut report,
    };
    let ended = cancel.guard(run.work(progress)).await;
    run.report.counts.unknown = run.scan.strangers();
    match ended {
        Ok(ending) => report.ended = Some(ending),
        Err(error) => report.stop(error),
    }
    // Whatever ended it, what is in hand goes back while somebody waits for the end.
    let _ = tokio::time::timeout(CLOSE_FOR, chunk.close()).await;
    report.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// A pass over all queues.
#[derive(Debug, Default)]
struct Pass {
    /// Whether a job was taken.
    worked: bool,
    /// Why known jobs were left.
    left: BTreeMap<String, u64>,
}

struct Run<'a, 'b> {
    chunk: &'b Chunk<'a>,
    scan: Scan,
    began: Option<Kept>,
    started: Instant,
    pass: Pass,
    /// Jobs of other classes that were told of.
    told: u64,
    report: &'b mut WorkReport,
}

/// What one turn came to.
enum Turn {
    Worked,
    /// There is nothing to take now.
    Idle,
    End(Ending),
}

impl Run<'_, '_> {
    async fn work(&mut self, progress: &mut dyn Progress) -> Result<Ending> {
        let mut trouble = Troubles::default();
        loop {
            if let Some(ending) = self.ending()? {
                return Ok(ending);
            }
            match self.turn(progress).await {
                Ok(Turn::End(ending)) => return Ok(ending),
                Ok(Turn::Worked) => trouble.over(progress),
                Ok(Turn::Idle) => {
                    trouble.over(progress);
                    if self.chunk.request.is_bounded() {
                        return Ok(Ending::Empty);
                    }
                    self.sleep(self.chunk.request.sleep).await;
                    self.scan.again();
                }
                Err(error) => {
                    let pause = trouble.met(error, self.chunk.request, progress)?;
                    self.sleep(pause).await;
                }
            }
        }
    }

    /// Why to end here, if at all.
    fn ending(&self) -> Result<Option<Ending>> {
        let request = self.chunk.request;
        match self.chunk.cancel.check() {
            Err(error) if error.kind() == Kind::Interrupted && !request.is_bounded() => {
                return Ok(Some(Ending::Signal));
            }
            result => result?,
        }
        let had = |most: u64| self.report.counts.jobs >= most;
        if request.max_jobs.is_some_and(had) {
            return Ok(Some(Ending::Jobs));
        }
        let over = request.max_time.is_some_and(|time| self.started.elapsed() >= time);
        Ok(over.then_some(Ending::Time))
    }

    /// Waits, but not beyond the end of the run.
    async fn sleep(&self, time: Duration) {
        let rest = self.chunk.request.max_time.map(|most| most.saturating_sub(self.started.elapsed()));
        // A request to stop ends the pause, and is seen by who asks next.
        let _ = self.chunk.cancel.sleep(rest.map_or(time, |rest| time.min(rest))).await;
    }

    async fn turn(&mut self, progress: &mut dyn Progress) -> Result<Turn> {
        let (means, request) = (self.chunk.means, self.chunk.request);
        if !self.chunk.hand.is_empty() {
            self.chunk.hand.settle(self.chunk.queues).await?;
        }
        match means.signs.look(self.began).await? {
            Sign::Restart => return Ok(Turn::End(Ending::Restart)),
            Sign::Down if request.is_bounded() => return Ok(Turn::End(Ending::Down)),
            Sign::Down => return Ok(Turn::Idle),
            Sign::Go => {}
        }
        let open = means.signs.open(&means.place.connection.name, &request.queues).await?;
        let left = request.max_jobs.map_or(u64::MAX, |most| most - self.report.counts.jobs);
        let most = CHUNK.min(usize::try_from(left).unwrap_or(CHUNK));
        let Some((queue, jobs)) = self.scan.next(self.chunk.queues, &open, most).await? else {
            return Ok(self.end_pass(progress));
        };
        let worked = self.batch(&queue, jobs).await?;
        self.note(&queue, worked, progress);
        Ok(Turn::Worked)
    }

    /// Every queue was looked through. Where jobs were taken meanwhile, others may have come.
    fn end_pass(&mut self, progress: &mut dyn Progress) -> Turn {
        let pass = std::mem::take(&mut self.pass);
        self.report.leave(pass.left);
        let strangers = self.scan.strangers();
        if strangers != self.told {
            self.told = strangers;
            let jobs = if strangers == 1 { "1 job".to_owned() } else { format!("{strangers} jobs") };
            progress.note(&format!("{jobs} of classes that opsctl does not run stay where they lie."));
        }
        if pass.worked && !self.chunk.request.dry_run {
            self.scan.again();
            return Turn::Worked;
        }
        Turn::Idle
    }

    /// Runs a chunk; when one of its jobs cannot be, the others go on without it.
    async fn batch(&self, queue: &str, jobs: Vec<Job>) -> Result<Worked> {
        let stop = match self.patiently(queue, &jobs).await {
            Ok(worked) => return Ok(worked),
            Err(stop) => stop,
        };
        let trouble = Trouble::of(stop)?;
        let mut all = Worked::default();
        if let [job] = &jobs[..] {
            return match self.chunk.request.dry_run {
                true => Ok(all),
                false => self.chunk.fault(queue, job, &trouble).await,
            };
        }
        for job in jobs {
            if self.chunk.cancel.check().is_err() {
                break; // what was done must be told; the rest lies where it lay
            }
            let one = match self.patiently(queue, std::slice::from_ref(&job)).await {
                Ok(worked) => worked,
                Err(stop) => self.chunk.fault(queue, &job, &Trouble::of(stop)?).await?,
            };
            all.items.extend(one.items);
            all.took.extend(one.took);
            all.left.extend(one.left);
        }
        Ok(all)
    }

    /// Repeats what met a deadlock: its transaction was rolled back whole.
    async fn patiently(&self, queue: &str, jobs: &[Job]) -> Result<Worked, Stop> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(20))
            .with_max_delay(Duration::from_secs(1))
            .with_max_times(TRIES - 1)
            .with_jitter()
            .build();
        loop {
            let error = match self.chunk.run(queue, jobs.to_vec()).await {
                Err(Stop::Error(error)) if error.fault() == Some(Fault::Transient) => error,
                result => return result,
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error.into()),
            }
        }
    }

    fn note(&mut self, queue: &str, worked: Worked, progress: &mut dyn Progress) {
        self.pass.worked |= !worked.items.is_empty();
        if !self.chunk.request.dry_run {
            self.scan.took(queue, worked.took.into_iter());
        }
        for why in worked.left {
            *self.pass.left.entry(why.to_owned()).or_default() += 1;
        }
        for item in worked.items {
            progress.job(&item);
            self.report.add(item);
        }
    }
}

/// Servers that did not answer, one after another.
#[derive(Debug, Default)]
struct Troubles {
    since: Option<Instant>,
    count: u32,
    told: Option<String>,
}

impl Troubles {
    /// What passes is waited for, by a worker that has no end without limit; gives the time.
    ///
    /// # Errors
    /// What does not pass.
    fn met(&mut self, error: Error, request: &WorkRequest, progress: &mut dyn Progress) -> Result<Duration> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let passes = matches!(error.kind(), Kind::Unreachable | Kind::Locked)
            || error.fault() == Some(Fault::Transient);
        let patient = !request.is_bounded() || since.elapsed() < PATIENCE;
        if !passes || !patient || request.dry_run || request.once {
            return Err(error);
        }
        let text = error.to_string();
        if self.told.as_ref() != Some(&text) {
            progress.warning(&format!("no job is taken for now: {text}"));
            self.told = Some(text);
        }
        let pause = Duration::from_millis(200).saturating_mul(1 << self.count.min(10));
        self.count += 1;
        Ok(pause.min(LONGEST_PAUSE))
    }

    fn over(&mut self, progress: &mut dyn Progress) {
        if std::mem::take(self).told.is_some() {
            progress.note("The servers answer again.");
        }
    }
}
