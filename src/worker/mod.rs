//! A worker: takes jobs that opsctl knows from queues and runs them, beside the workers of the application and under
//! their rules (`Illuminate\Queue\Worker`, Laravel 11 to 13). A job of any other class is not touched.

mod chunk;
mod fault;
mod hand;
mod lane;
mod registry;
mod report;
mod rules;
mod run;
mod scan;
mod signs;

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use self::{chunk::Chunk, run::Run};
pub use self::{
    registry::{Known, MARKS},
    report::{Counts, Ending, Item, Outcome, WorkReport},
    rules::Options,
    signs::Signs,
};
use crate::{
    Result,
    cancel::Cancel,
    db::Db,
    laravel::{failed::FailedJobs, lock::Locks, queue::QueuePlace},
    webhooks::{Handler, Limits, Store},
};

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
    /// Jobs of this run, at most.
    pub max_jobs: Option<u64>,
    /// Time after which it ends behind its chunk.
    pub max_time: Option<Duration>,
    /// Time between two looks at queues that are empty.
    pub sleep: Duration,
    /// What goes for jobs whose payload says nothing.
    pub options: Options,
    /// Jobs of one transaction, at most.
    pub chunk: usize,
    /// Transactions at once, one at least.
    pub concurrency: usize,
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
    let queues = means.place.queues();
    let chunk = Chunk { means, request, queues: &queues, handler: &handler, hand: Rc::default(), cancel };
    let mut run = Run::new(chunk, began, started);
    let ended = cancel.guard(run.work(progress)).await;
    // Whatever ended it, what is in hand goes back while somebody waits for the end.
    let _ = tokio::time::timeout(CLOSE_FOR, run.close()).await;
    Ok(run.report(ended))
}
