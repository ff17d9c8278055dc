//! One minute of the schedule: every due entry, several at once.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use serde_json::Value;

use super::{
    Entry,
    ledger::{Claim, Known, Ledger, Status},
    one::{self, Job},
};
use crate::{Error, Exit, Kind, Result, cancel::Cancel, clock::Clock, laravel::lock::Locks};

/// Most tries at a minute whose run was interrupted: an entry that ends its host must not do so for ever.
const TRIES: u32 = 3;

/// What a run works with.
#[derive(Debug)]
pub struct Deps<'a> {
    /// opsctl's table, where it is.
    pub ledger: Option<Ledger<'a>>,
    /// The application's mutexes.
    pub locks: Locks<'a>,
    /// The application's time zone.
    pub zone: Tz,
    /// This host.
    pub host: String,
    /// This process.
    pub pid: u32,
    /// The host's clock.
    pub clock: Clock,
}

impl Deps<'_> {
    /// The claim of a job.
    pub(super) fn claim(&self, job: &Job<'_>) -> Claim {
        Claim {
            entry: job.entry.key(&self.host),
            due_at: job.due_at,
            run: job.run.clone(),
            host: self.host.clone(),
            pid: self.pid,
        }
    }
}

/// What the application says about its schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// It is paused.
    pub paused: bool,
    /// The application is down for maintenance.
    pub down: bool,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The minute.
    pub minute: DateTime<Utc>,
    /// Whether entries run that the application's scheduler runs, too.
    pub takeover: bool,
    /// Entries at the same time, at most.
    pub at_once: usize,
    /// The application's environment.
    pub environment: Option<String>,
    /// What the application says.
    pub signs: Signs,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; that of a deadline where it was ended for its time.
    pub exit: Exit,
    /// Where its output is kept.
    pub output: Option<String>,
    /// Why it ended so, where its exit code does not tell.
    pub why: Option<String>,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It would run: a rehearsal.
    Due,
    /// Its command did all that it had to.
    Done,
    /// Its command found another run at work.
    Locked,
    /// Its command failed.
    Failed,
    /// Its command took too long and was ended.
    TimedOut,
    /// It was asked to stop.
    Interrupted,
    /// Another host, or another process, has this minute.
    Elsewhere,
    /// An earlier run, or the application's own, is still at work.
    Overlaps,
    /// Paused, down for maintenance, or another environment.
    NotNow,
    /// The application's scheduler runs it.
    Refused,
    /// Another run took its row.
    Lost,
    /// It could not be claimed.
    Unclaimed,
}

impl Outcome {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Due => "due",
            Outcome::Done => "done",
            Outcome::Locked => "locked",
            Outcome::Failed => "failed",
            Outcome::TimedOut => "timed_out",
            Outcome::Interrupted => "interrupted",
            Outcome::Elsewhere => "elsewhere",
            Outcome::Overlaps => "overlaps",
            Outcome::NotNow => "not_now",
            Outcome::Refused => "refused",
            Outcome::Lost => "lost",
            Outcome::Unclaimed => "unclaimed",
        }
    }

    /// Whether its command ran.
    pub const fn ran(self) -> bool {
        matches!(
            self,
            Outcome::Done | Outcome::Locked | Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted
        )
    }
}

/// An entry, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// Its name.
    pub entry: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The exit code of its command; null where it did not run.
    pub exit: Option<u8>,
    /// The minute that it was due in.
    pub due_at: DateTime<Utc>,
    /// The run's id, where it was begun.
    pub run: Option<String>,
    /// Whether it makes up for a run that was interrupted.
    pub again: bool,
    /// Why.
    pub why: Option<String>,
    /// Where its output is kept, on this host.
    pub output: Option<String>,
    /// What ended it before it ran.
    #[serde(skip)]
    pub error: Option<Kind>,
}

impl Item {
    pub(super) fn of(job: &Job<'_>, outcome: Outcome, why: String) -> Self {
        Self {
            entry: job.entry.name.clone(),
            outcome,
            exit: None,
            due_at: job.due_at,
            run: Some(job.run.clone()),
            again: job.again.is_some(),
            why: (!why.is_empty()).then_some(why),
            output: None,
            error: None,
        }
    }

    /// What it comes to for the whole: a lock that somebody holds is neutral.
    pub fn exits(&self) -> Exit {
        match (self.outcome, self.exit, self.error) {
            (Outcome::Refused, ..) => Exit::Refused,
            (Outcome::Unclaimed, _, kind) => kind.map_or(Exit::Failed, Kind::exit),
            (Outcome::Lost, ..) => Exit::Failed,
            (outcome, Some(code), _) if outcome.ran() => match code_of(code) {
                Exit::Locked => Exit::Done,
                exit => exit,
            },
            _ => Exit::Done,
        }
    }
}

/// The exit that a number stands for; one that none has is a failure.
fn code_of(code: u8) -> Exit {
    Exit::ALL.into_iter().find(|exit| exit.code() == code).unwrap_or(Exit::Failed)
}

/// What became of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// The due entries, by name.
    pub items: Vec<Item>,
}

impl Report {
    /// How many of each outcome there are.
    pub fn counts(&self) -> Value {
        let mut counts = serde_json::Map::new();
        for item in &self.items {
            let count = counts.entry(item.outcome.name()).or_insert(Value::from(0));
            *count = Value::from(count.as_u64().unwrap_or_default() + 1);
        }
        Value::Object(counts)
    }

    /// The gravest of all.
    pub fn exit(&self) -> Exit {
        self.items.iter().map(Item::exits).fold(Exit::Done, Exit::worst)
    }
}

/// Runs what is due in a minute, and what of rare entries was interrupted before. `work` runs the command of a job; the
/// ids of runs come from `id`.
///
/// # Errors
/// None of its own: what fails is an item.
pub async fn run(
    deps: &Deps<'_>,
    entries: &[Entry],
    request: &Request,
    cancel: &Cancel,
    id: impl Fn() -> String,
    work: impl AsyncFn(&Job<'_>) -> Finished,
) -> Report {
    let running = entries.iter().filter(|entry| entry.is_on).map(|entry| {
        let (id, work) = (&id, &work);
        async move {
            let job = match due(deps, entry, request, id).await {
                Ok(Some(job)) => job,
                Ok(None) => return None,
                Err(error) => return Some(unclaimed(entry, request, &error)),
            };
            if let Some(why) = not_now(entry, request) {
                return Some(Item { run: None, ..Item::of(&job, Outcome::NotNow, why) });
            }
            if let Err(error) = cancel.check() {
                return Some(unclaimed(entry, request, &error));
            }
            let done = one::run(deps, job, request.takeover, work).await;
            Some(done.unwrap_or_else(|error| unclaimed(entry, request, &error)))
        }
    });
    let running: Vec<_> = running.collect();
    let mut items: Vec<Item> = stream::iter(running)
        .buffer_unordered(request.at_once.max(1))
        .filter_map(std::future::ready)
        .collect()
        .await;
    items.sort_by(|a, b| a.entry.cmp(&b.entry));
    Report { items }
}

/// What [`run`] would do, from what can be seen beforehand.
///
/// # Errors
/// The stores'.
pub async fn rehearse(deps: &Deps<'_>, entries: &[Entry], request: &Request) -> Result<Report> {
    let is_due = |entry: &&Entry| entry.is_on && entry.cron.is_due(request.minute);
    let mut items = Vec::new();
    for entry in entries.iter().filter(is_due) {
        let job = Job { entry, due_at: request.minute, run: String::new(), again: None };
        let (outcome, why) = match not_now(entry, request) {
            Some(why) => (Outcome::NotNow, why),
            None => one::foreseen(deps, &job, request.takeover).await?,
        };
        items.push(Item { run: None, ..Item::of(&job, outcome, why) });
    }
    Ok(Report { items })
}

/// The job of an entry that is due, or that was interrupted and cannot wait for its next minute.
async fn due<'e>(
    deps: &Deps<'_>,
    entry: &'e Entry,
    request: &Request,
    id: &impl Fn() -> String,
) -> Result<Option<Job<'e>>> {
    let key = entry.key(&deps.host);
    let reaped = match &deps.ledger {
        Some(ledger) => ledger.reap(&key).await?,
        None => None,
    };
    if let Some(dead) = &reaped {
        let left = super::clear::left_of(entry, &deps.host, &dead.run);
        deps.locks.release(&left).await?;
    }
    if entry.cron.is_due(request.minute) {
        return Ok(Some(Job { entry, due_at: request.minute, run: id(), again: None }));
    }
    let Some(ledger) = &deps.ledger else { return Ok(None) };
    let Some(due_at) = entry.cron.last(request.minute).filter(|due_at| entry.cron.is_rare(*due_at)) else {
        return Ok(None);
    };
    let known = ledger.at(&key, due_at).await?;
    let again = known.filter(|known: &Known| known.status == Status::Interrupted && known.tries < TRIES);
    Ok(again.map(|again| Job { entry, due_at, run: id(), again: Some(again) }))
}

/// Why a due entry does not run now, though nobody else runs it.
fn not_now(entry: &Entry, request: &Request) -> Option<String> {
    let here = request.environment.as_deref().unwrap_or_default();
    if !(entry.environments.is_empty() || entry.environments.iter().any(|named| named == here)) {
        return Some(format!("it runs in {}, and this is `{here}`", entry.environments.join(", ")));
    }
    if request.signs.down && !entry.in_maintenance {
        return Some("the application is down for maintenance".into());
    }
    (request.signs.paused && !entry.when_paused).then(|| "the schedule is paused".into())
}

fn unclaimed(entry: &Entry, request: &Request, error: &Error) -> Item {
    Item {
        entry: entry.name.clone(),
        outcome: Outcome::Unclaimed,
        exit: None,
        due_at: request.minute,
        run: None,
        again: false,
        why: Some(error.to_string()),
        output: None,
        error: Some(error.kind()),
    }
}
