//! One entry in one minute: claimed, kept from overlapping, run, recorded.
//!
//! Where opsctl has its table the row decides, and the mutexes keep opsctl and the application's scheduler apart. Where
//! it has none, the key of the minute decides, as it does for the application.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::{Either, select};

use super::{
    Deps, Entry, Finished, Item, Outcome,
    evidence::{self, Evidence, MINUTE_SECONDS},
    ledger::{BEAT, Claim, Claimed, Known, Status},
};
use crate::{
    Error, Exit, Result,
    crash::{Point, reach},
    laravel::lock::{Attempt, Held, Holder},
};

/// An entry that is about to run.
#[derive(Debug)]
pub struct Job<'e> {
    /// The entry.
    pub entry: &'e Entry,
    /// The minute that it is due in.
    pub due_at: DateTime<Utc>,
    /// The run's id.
    pub run: String,
    /// The try before this one, which was interrupted.
    pub again: Option<Known>,
}

impl Job<'_> {
    /// Says that the command has started.
    pub fn started(&self) {
        reach(Point::ScheduleStarted);
    }
}

/// What was taken for a run.
struct Hold<'d> {
    deps: &'d Deps<'d>,
    claim: Claim,
    mutex: Option<Held>,
}

/// Runs an entry unless somebody else does.
///
/// # Errors
/// The stores': nothing is run then, or its row ends with its lease.
pub(super) async fn run(
    deps: &Deps<'_>,
    job: Job<'_>,
    takeover: bool,
    work: &impl AsyncFn(&Job<'_>) -> Finished,
) -> Result<Item> {
    let host = &deps.host;
    if !takeover
        && let Some(found) = evidence::find(&deps.locks, job.entry, host, job.due_at, deps.zone).await?
    {
        return Ok(Item::of(&job, Outcome::Refused, refusal(&found)));
    }
    let mut hold = Hold { deps, claim: deps.claim(&job), mutex: None };
    if let Some(item) = hold.take_row(&job).await? {
        return Ok(item);
    }
    if let Some(item) = hold.take_minute(&job, takeover).await? {
        return Ok(item);
    }
    if let Some(item) = hold.take_mutex(&job).await? {
        return Ok(item);
    }
    reach(Point::ScheduleLocked);
    let Some(finished) = hold.working(work(&job)).await else {
        hold.release().await;
        let why = "its lease ended, and another run may have it: its command was ended";
        return Ok(Item::of(&job, Outcome::Lost, why.into()));
    };
    reach(Point::ScheduleEnded);
    hold.record(&job, finished).await
}

/// What would become of a job now, and why.
pub(super) async fn foreseen(deps: &Deps<'_>, job: &Job<'_>, takeover: bool) -> Result<(Outcome, String)> {
    let found = evidence::find(&deps.locks, job.entry, &deps.host, job.due_at, deps.zone).await?;
    if let Some(found) = found.filter(|_| !takeover) {
        return Ok((Outcome::Refused, refusal(&found)));
    }
    let Some(ledger) = &deps.ledger else { return Ok((Outcome::Due, String::new())) };
    let key = job.entry.key(&deps.host);
    if let Some(known) = ledger.at(&key, job.due_at).await? {
        return Ok((Outcome::Elsewhere, format!("{} has it: run {}", known.host, known.run)));
    }
    let now = ledger.now().await?;
    Ok(match ledger.live(&key).await?.filter(|live| live.lease_until > now) {
        Some(live) => (Outcome::Overlaps, format!("run {} is still at work on {}", live.run, live.host)),
        None => (Outcome::Due, String::new()),
    })
}

impl Hold<'_> {
    /// Claims the row of the minute; an item where somebody else has it.
    async fn take_row(&self, job: &Job<'_>) -> Result<Option<Item>> {
        let Some(ledger) = &self.deps.ledger else { return Ok(None) };
        let claimed = match &job.again {
            None => ledger.claim(&self.claim).await?,
            Some(old) if ledger.claim_again(old, &self.claim).await? => Claimed::Ours,
            Some(old) => match ledger.at(&self.claim.entry, job.due_at).await? {
                Some(known) => Claimed::Theirs(known),
                None => Claimed::Theirs(old.clone()),
            },
        };
        Ok(match claimed {
            Claimed::Ours => {
                reach(Point::ScheduleClaimed);
                None
            }
            Claimed::Theirs(known) => {
                let why = format!("process {} on {} has it: run {}", known.pid, known.host, known.run);
                Some(Item::of(job, Outcome::Elsewhere, why))
            }
            Claimed::Overlaps(live) => {
                let why = format!(
                    "run {} of {} is still at work on {}",
                    live.run,
                    live.due_at.format("%H:%M"),
                    live.host
                );
                ledger.skip(&self.claim, &why).await?;
                Some(Item::of(job, Outcome::Overlaps, why))
            }
        })
    }

    /// Takes the key of the minute. A key of opsctl's own decides only where there is no row.
    async fn take_minute(&self, job: &Job<'_>, takeover: bool) -> Result<Option<Item>> {
        if !job.entry.one_server && self.deps.ledger.is_some() {
            return Ok(None);
        }
        let key = job.entry.minute_key(&self.deps.host, job.due_at, self.deps.zone);
        let owner = evidence::owner_of(&self.claim.run);
        let holder = match self.deps.locks.acquire(&key, &owner, MINUTE_SECONDS).await? {
            Attempt::Taken(_) => return Ok(None),
            Attempt::Busy(holder) => holder,
        };
        let ours = holder.as_ref().is_some_and(|holder| evidence::is_ours(&holder.owner));
        if ours && self.deps.ledger.is_some() {
            return Ok(None); // of a try that was interrupted
        }
        let Some(Holder { owner, .. }) = holder.filter(|_| !ours) else {
            return Ok(Some(Item::of(
                job,
                Outcome::Elsewhere,
                "another run has the key of this minute".into(),
            )));
        };
        let found = Evidence { key, owner, minute: Some(job.due_at) };
        let (outcome, why) = match takeover {
            true => (Outcome::Overlaps, "the application's scheduler has taken this minute".to_owned()),
            false => (Outcome::Refused, refusal(&found)),
        };
        self.give_up(job, outcome, why).await.map(Some)
    }

    /// Takes the mutex that keeps two runs apart. What a dead run of opsctl's left is taken from it.
    async fn take_mutex(&mut self, job: &Job<'_>) -> Result<Option<Item>> {
        let name = job.entry.mutex(&self.deps.host);
        let owner = evidence::owner_of(&self.claim.run);
        let seconds = u32::try_from(job.entry.overlap.as_secs()).unwrap_or(u32::MAX);
        for _ in 0..2 {
            match self.deps.locks.acquire(&name, &owner, seconds).await? {
                Attempt::Taken(held) => {
                    self.mutex = Some(held);
                    return Ok(None);
                }
                Attempt::Busy(None) => {}
                Attempt::Busy(Some(holder)) => {
                    let left = Held { name: name.clone(), owner: holder.owner.clone(), seconds };
                    if self.is_left_over(&holder).await? && self.deps.locks.release(&left).await? {
                        continue;
                    }
                    let until = holder.until.map_or_else(
                        || "without an end".into(),
                        |at| format!("until {}", at.format("%H:%M:%S UTC")),
                    );
                    let why = format!("`{}` holds its mutex {until}: {name}", holder.owner);
                    return self.give_up(job, Outcome::Overlaps, why).await.map(Some);
                }
            }
        }
        self.give_up(job, Outcome::Overlaps, format!("its mutex changes hands: {name}")).await.map(Some)
    }

    /// Whether the mutex's holder is a run of this entry that is not at work any more. The row is ours, so no other run
    /// of opsctl's is.
    async fn is_left_over(&self, holder: &Holder) -> Result<bool> {
        let Some(ledger) = self.deps.ledger.as_ref().filter(|_| evidence::is_ours(&holder.owner)) else {
            return Ok(false);
        };
        let runs = ledger.newest(&self.claim.entry, 100).await?;
        Ok(runs.iter().any(|run| run.run != self.claim.run && evidence::owner_of(&run.run) == holder.owner))
    }

    /// Gives the row back as one that did not run.
    async fn give_up(&self, job: &Job<'_>, outcome: Outcome, why: String) -> Result<Item> {
        if let Some(ledger) = &self.deps.ledger {
            ledger.end(&self.claim, Status::Skipped, None, Some(&why)).await?;
        }
        Ok(Item::of(job, outcome, why))
    }

    /// Waits for the work and keeps row and mutex meanwhile; `None` when the row was lost, and the work dropped.
    async fn working(&self, work: impl Future<Output = Finished>) -> Option<Finished> {
        let work = std::pin::pin!(work);
        let keeping = std::pin::pin!(self.keep());
        match select(work, keeping).await {
            Either::Left((finished, _)) => Some(finished),
            Either::Right(((), _)) => None,
        }
    }

    /// Renews row and mutex; ends when the row is lost. A store that does not answer for a while costs nothing before
    /// the lease is over.
    async fn keep(&self) {
        let mut silent = Duration::ZERO;
        loop {
            tokio::time::sleep(BEAT).await;
            if let Some(mutex) = &self.mutex
                && let Err(error) = self.deps.locks.renew(mutex).await
            {
                tracing::warn!(%error, "a mutex of the schedule was not renewed");
                let _ = self.deps.locks.acquire(&mutex.name, &mutex.owner, mutex.seconds).await;
            }
            let Some(ledger) = &self.deps.ledger else { continue };
            match ledger.renew(&self.claim).await {
                Ok(true) => silent = Duration::ZERO,
                Ok(false) => return,
                Err(error) => {
                    silent += BEAT;
                    tracing::warn!(%error, "a run of the schedule was not renewed");
                    if silent >= super::ledger::LEASE {
                        return;
                    }
                }
            }
        }
    }

    /// Records the end, and gives the mutex back. What was taken from this run meanwhile stays as it is.
    async fn record(&self, job: &Job<'_>, finished: Finished) -> Result<Item> {
        let code = finished.exit.code();
        let mut lost = None;
        if let Some(ledger) = &self.deps.ledger {
            match ledger.end(&self.claim, Status::Ended, Some(code), finished.why.as_deref()).await {
                Ok(true) => _ = ledger.prune(&self.claim.entry).await?,
                Ok(false) => lost = Some("another run took its row: this end is not recorded"),
                Err(error) => {
                    self.release().await;
                    return Err(error.during(format!("the end of `{}` is not recorded", job.entry.name)));
                }
            }
        }
        reach(Point::ScheduleRecorded);
        self.release().await;
        let outcome = match (lost, finished.exit) {
            (Some(_), _) => Outcome::Lost,
            (None, Exit::Done) => Outcome::Done,
            (None, Exit::Locked) => Outcome::Locked,
            (None, Exit::Deadline) => Outcome::TimedOut,
            (None, Exit::Interrupted) => Outcome::Interrupted,
            (None, _) => Outcome::Failed,
        };
        let why = lost.map(str::to_owned).or(finished.why);
        Ok(Item { exit: Some(code), output: finished.output, why, ..Item::of(job, outcome, String::new()) })
    }

    async fn release(&self) {
        let Some(mutex) = &self.mutex else { return };
        match self.deps.locks.release(mutex).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!(name = mutex.name, "the mutex had another holder, or none"),
            Err(error) => {
                tracing::warn!(%error, "a mutex of the schedule was not given back: it ends with its time");
            }
        }
    }
}

/// Why an entry is refused.
fn refusal(found: &Evidence) -> String {
    let Evidence { key, owner, minute } = found;
    match minute {
        Some(at) => format!(
            "the application's scheduler ran it at {}: `{owner}` holds {key}",
            at.format("%Y-%m-%d %H:%M UTC")
        ),
        None => format!("the application's scheduler is running it: `{owner}` holds {key}"),
    }
}

/// The error of an entry that is refused.
pub fn refused(entry: &str, why: &str) -> Error {
    Error::refused(format!("the entry `{entry}` was not run"))
        .because(why)
        .hint(
            "switch it off in one of the two: take the application's cron line out, or the entry's `enabled`",
        )
        .hint("run it all the same, in place of the application's: `--takeover`")
}
