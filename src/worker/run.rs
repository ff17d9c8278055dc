//! A worker's round: look at the signs, take the next jobs, and again, until something ends it.

use std::{
    collections::BTreeMap,
    rc::Rc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};

use super::{
    Progress, WorkRequest,
    chunk::{Chunk, Worked},
    hand::Hand,
    lane::Landed,
    registry::Job,
    report::{Ending, WorkReport},
    scan::Scan,
    signs::Sign,
};
use crate::{Error, Kind, Result, db::Fault, laravel::values::Kept};

/// The first pause after a server that did not answer, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// Time for which a run that ends by itself waits for servers that do not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Chunks at work.
type Busy<'a> = FuturesUnordered<LocalBoxFuture<'a, Landed>>;

/// A pass over all queues.
#[derive(Debug, Default)]
struct Pass {
    /// Whether jobs were taken, or could not be looked at: another pass may find some.
    worked: bool,
    /// Why known jobs were left.
    left: BTreeMap<String, u64>,
}

pub(super) struct Run<'a> {
    chunk: Chunk<'a>,
    scan: Scan,
    /// The restart sign that it began with.
    began: Option<Kept>,
    started: Instant,
    pass: Pass,
    /// Jobs of chunks at work.
    flying: usize,
    /// What every chunk has in hand, and what chunks that have ended could not settle.
    hands: Vec<Rc<Hand>>,
    unsettled: Vec<Rc<Hand>>,
    /// Jobs of other classes that were told of.
    told: u64,
    /// Whether it was told that jobs may run for longer than they are reserved.
    warned: bool,
    report: WorkReport,
}

/// What one turn came to.
enum Turn {
    /// A chunk has begun.
    Begun,
    Worked,
    /// There is nothing to take now.
    Idle,
    End(Ending),
}

/// What the next chunk is.
enum Pick {
    Jobs(String, Vec<Job>),
    None(Turn),
}

impl<'a> Run<'a> {
    pub(super) fn new(chunk: Chunk<'a>, began: Option<Kept>, started: Instant) -> Self {
        let (means, request) = (chunk.means, chunk.request);
        let report = WorkReport::new(&means.place.connection.name, &request.queues, request.dry_run);
        Self {
            scan: Scan::new(&request.queues),
            pass: Pass::default(),
            chunk,
            began,
            started,
            flying: 0,
            hands: Vec::new(),
            unsettled: Vec::new(),
            told: 0,
            warned: false,
            report,
        }
    }

    /// What it came to.
    pub(super) fn report(mut self, ended: Result<Ending>) -> WorkReport {
        self.report.counts.unknown = self.scan.strangers();
        match ended {
            Ok(ending) => self.report.ended = Some(ending),
            Err(error) => self.report.stop(error),
        }
        self.report.took_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.report
    }

    /// Settles what is still in hand.
    pub(super) async fn close(&mut self) {
        for hand in std::mem::take(&mut self.hands) {
            self.chunk.with(hand).close().await;
        }
    }

    /// Works until something ends it; chunks at work are waited for.
    ///
    /// # Errors
    /// A signal or a deadline that cut it short, and what does not pass by itself.
    pub(super) async fn work(&mut self, progress: &mut dyn Progress) -> Result<Ending> {
        let (mut busy, mut troubles) = (Busy::new(), Troubles::default());
        loop {
            let turn = match self.ending() {
                Ok(None) => self.turn(&mut busy, progress).await,
                Ok(Some(ending)) => Ok(Turn::End(ending)),
                Err(error) => {
                    self.drain(&mut busy, progress).await?;
                    return Err(error);
                }
            };
            match turn {
                Ok(Turn::End(ending)) => {
                    self.drain(&mut busy, progress).await?;
                    return Ok(ending);
                }
                Ok(Turn::Begun) => {}
                Ok(Turn::Worked) => troubles.over(progress),
                Ok(Turn::Idle) => {
                    troubles.over(progress);
                    if self.chunk.request.is_bounded() {
                        return Ok(Ending::Empty);
                    }
                    self.sleep(self.chunk.request.sleep).await;
                    self.scan.again();
                }
                Err(error) => {
                    // What could not be looked at, or run, is looked for anew.
                    self.scan.restart();
                    self.pass.worked = true;
                    let pause = troubles.met(error, self.chunk.request, progress)?;
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
        if request.max_jobs.is_some_and(|most| self.report.counts.jobs >= most) {
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

    /// Begins a chunk where there is room for one, else waits for one to end.
    async fn turn(&mut self, busy: &mut Busy<'a>, progress: &mut dyn Progress) -> Result<Turn> {
        if busy.len() < self.chunk.request.concurrency.max(1) {
            match self.pick(busy.is_empty(), progress).await? {
                Pick::Jobs(queue, jobs) => {
                    let hand = Rc::new(Hand::default());
                    self.hands.push(hand.clone());
                    self.flying += jobs.len();
                    busy.push(self.chunk.with(hand).land(queue, jobs).boxed_local());
                    return Ok(Turn::Begun);
                }
                Pick::None(turn) if busy.is_empty() => return Ok(turn),
                Pick::None(_) => {}
            }
        }
        match busy.next().await {
            Some(landed) => self.landed(landed, progress).map(|()| Turn::Worked),
            None => Ok(Turn::Idle),
        }
    }

    /// The next jobs. A pass is over when no chunk is at work any more.
    async fn pick(&mut self, alone: bool, progress: &mut dyn Progress) -> Result<Pick> {
        let (means, request) = (self.chunk.means, self.chunk.request);
        while let Some(hand) = self.unsettled.last() {
            hand.settle(self.chunk.queues).await?;
            hand.release(means.locks).await?;
            self.unsettled.pop();
        }
        self.hands.retain(|hand| Rc::strong_count(hand) > 1 || !hand.is_empty());
        match means.signs.look(self.began).await? {
            Sign::Restart => return Ok(Pick::None(Turn::End(Ending::Restart))),
            Sign::Down if request.is_bounded() => return Ok(Pick::None(Turn::End(Ending::Down))),
            Sign::Down => return Ok(Pick::None(Turn::Idle)),
            Sign::Go => {}
        }
        let open = means.signs.open(&means.place.connection.name, &request.queues).await?;
        let taken = self.report.counts.jobs + self.flying as u64;
        let left = request.max_jobs.map_or(u64::MAX, |most| most.saturating_sub(taken));
        let most = request.chunk.min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(Pick::None(Turn::Idle));
        }
        match self.scan.next(self.chunk.queues, &open, most).await? {
            Some((queue, jobs)) => {
                self.warn_of_time(&jobs, progress);
                Ok(Pick::Jobs(queue, jobs))
            }
            None if alone => Ok(Pick::None(self.end_pass(progress))),
            None => Ok(Pick::None(Turn::Idle)),
        }
    }

    /// A job that runs for longer than it is reserved is given to a second worker, too. Row locks need no reservation.
    fn warn_of_time(&mut self, jobs: &[Job], progress: &mut dyn Progress) {
        let connection = &self.chunk.means.place.connection;
        let times = jobs.iter().map(|job| job.terms.time(&self.chunk.request.options));
        let longest = times.map(|time| time.unwrap_or(Duration::MAX)).max().unwrap_or_default();
        if self.warned || self.chunk.table().is_some() || longest < connection.retry_after {
            return;
        }
        self.warned = true;
        let may = match longest {
            Duration::MAX => "for any time".to_owned(),
            time => format!("for {} s", time.as_secs()),
        };
        progress.warning(&format!(
            "jobs may run {may}, and the connection `{}` gives them to other workers after {} s: set its `retry_after` \
             higher than their `timeout`",
            connection.name,
            connection.retry_after.as_secs()
        ));
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

    /// Waits for the chunks at work.
    async fn drain(&mut self, busy: &mut Busy<'a>, progress: &mut dyn Progress) -> Result<()> {
        let mut result = Ok(());
        while let Some(landed) = busy.next().await {
            result = result.and(self.landed(landed, progress));
        }
        result
    }

    /// Notes what a chunk came to.
    fn landed(&mut self, landed: Landed, progress: &mut dyn Progress) -> Result<()> {
        let Landed { queue, jobs, worked, error, hand } = landed;
        self.flying -= jobs;
        if !hand.is_empty() {
            self.unsettled.push(hand);
        }
        self.note(&queue, worked, progress);
        error.map_or(Ok(()), Err)
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
    told: bool,
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
        // What a server says of its absence changes from try to try.
        if !std::mem::replace(&mut self.told, true) {
            progress.warning(&format!("no job is taken for now: {error}"));
        }
        let pause = PAUSES.0.saturating_mul(1 << self.count.min(10));
        self.count += 1;
        Ok(pause.min(PAUSES.1))
    }

    fn over(&mut self, progress: &mut dyn Progress) {
        if std::mem::take(self).told {
            progress.note("The servers answer again.");
        }
    }
}
