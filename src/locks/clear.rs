//! Locks that are taken away from holders that are gone.

use serde::Serialize;

use super::{Find, Found, Lock, LockFilter, LockKind, State, find};
use crate::{
    Error, Exit, Kind, Result,
    cancel::Cancel,
    crash::{self, Point},
    laravel::lock_place::LockPlace,
    near,
};

/// Locks that depend on somebody and are named in a refusal.
const NAMED: usize = 5;

/// Which locks are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// These names, without or with the prefixes of the store.
    Names(Vec<String>),
    /// Those that a filter takes. What is only a guess is left out: it must be named.
    Filter(LockFilter),
}

/// How one lock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is gone; in a dry run, it would be.
    Cleared,
    /// It was gone already.
    Gone,
    /// Somebody else has it now, or has renewed it: it was left alone.
    Changed,
    /// Somebody has come to depend on it: it was left alone.
    Kept,
    /// It could not be cleared.
    Failed,
}

impl Outcome {
    /// All outcomes, in the order in which they are shown.
    pub const ALL: [Outcome; 5] =
        [Outcome::Cleared, Outcome::Gone, Outcome::Changed, Outcome::Kept, Outcome::Failed];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Cleared => "cleared",
            Outcome::Gone => "gone",
            Outcome::Changed => "changed",
            Outcome::Kept => "kept",
            Outcome::Failed => "failed",
        }
    }
}

/// One lock of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// Name without prefixes.
    pub name: String,
    /// The cache store that it lies in.
    pub store: String,
    /// What kind it is.
    pub kind: LockKind,
    /// How it stood.
    pub state: State,
    /// The token of the holder that it was to be taken from.
    pub owner: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why; of one that was cleared, who is affected.
    pub reason: String,
}

/// Locks per outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Chosen.
    pub selected: usize,
    /// Are gone now.
    pub cleared: usize,
    /// Were gone before.
    pub gone: usize,
    /// Have another holder.
    pub changed: usize,
    /// Are needed by somebody.
    pub kept: usize,
    /// Could not be cleared.
    pub failed: usize,
}

impl Counts {
    /// The count of an outcome.
    pub fn of(&self, outcome: Outcome) -> usize {
        match outcome {
            Outcome::Cleared => self.cleared,
            Outcome::Gone => self.gone,
            Outcome::Changed => self.changed,
            Outcome::Kept => self.kept,
            Outcome::Failed => self.failed,
        }
    }

    fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Cleared => &mut self.cleared,
            Outcome::Gone => &mut self.gone,
            Outcome::Changed => &mut self.changed,
            Outcome::Kept => &mut self.kept,
            Outcome::Failed => &mut self.failed,
        } += 1;
    }
}

/// A run of `locks clear`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cleared {
    /// Nothing was changed.
    pub dry_run: bool,
    /// All locks.
    pub counts: Counts,
    /// Each of them.
    pub items: Vec<Item>,
    /// Why the run ended before its work was done.
    pub stopped: Option<String>,
    #[serde(skip)]
    error: Option<Error>,
}

impl Cleared {
    fn new(dry_run: bool, selected: usize) -> Self {
        let counts = Counts { selected, ..Counts::default() };
        Self { dry_run, counts, items: Vec::new(), stopped: None, error: None }
    }

    fn add(&mut self, lock: &Lock, outcome: Outcome, reason: impl Into<String>) {
        self.counts.add(outcome);
        self.items.push(Item {
            name: lock.name.clone(),
            store: lock.store.clone(),
            kind: lock.kind,
            state: lock.state,
            owner: lock.owner.clone(),
            outcome,
            reason: reason.into(),
        });
    }

    /// No lock was chosen.
    pub fn nothing(dry_run: bool) -> Self {
        Self::new(dry_run, 0)
    }

    /// What ended the run early.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// 0 when no lock was kept or failed, 4 when some were; when all were, 5, or 1 where one failed.
    pub fn exit(&self) -> Exit {
        let Counts { selected, kept, failed, .. } = self.counts;
        let locks = match (kept + failed, failed) {
            (0, _) => Exit::Done,
            (left, 0) if left == selected => Exit::Refused,
            (left, _) if left == selected => Exit::Failed,
            _ => Exit::Partial,
        };
        self.error.as_ref().map_or(locks, |error| error.exit().worst(locks))
    }
}

/// The locks that are meant, of those that were found.
///
/// # Errors
/// [`Kind::NotFound`] for a name that no lock bears.
pub fn choose(found: &Found, choice: &Choice, stores: &[LockPlace<'_>]) -> Result<Vec<Lock>> {
    let names = match choice {
        Choice::Filter(filter) => {
            let taken = found.locks.iter().filter(|lock| filter.takes(lock) && !lock.guess);
            return Ok(taken.cloned().collect());
        }
        Choice::Names(names) => names,
    };
    let mut chosen: Vec<Lock> = Vec::new();
    for typed in names {
        let bare = |store: &LockPlace<'_>| typed.strip_prefix(&store.full_prefix()).map(str::to_owned);
        let full: Vec<String> = stores.iter().filter_map(bare).collect();
        let is_meant = |lock: &&Lock| lock.name == *typed || full.contains(&lock.name);
        let before = chosen.len();
        chosen.extend(found.locks.iter().filter(is_meant).cloned());
        if chosen.len() == before {
            return Err(unknown(typed, found));
        }
    }
    chosen.sort_by(|a, b| (&a.store, &a.name).cmp(&(&b.store, &b.name)));
    chosen.dedup_by(|a, b| (&a.store, &a.name) == (&b.store, &b.name));
    Ok(chosen)
}

fn unknown(typed: &str, found: &Found) -> Error {
    let error = Error::new(Kind::NotFound, format!("no lock is named `{typed}`"))
        .because("its holder has given it back, or its time was over: nothing was changed");
    let known = found.locks.iter().map(|lock| lock.name.as_str());
    near::or(error, typed, known, str::to_owned, "names of locks: `opsctl locks list -o ids`")
}

/// Refuses locks that somebody depends on.
///
/// # Errors
/// [`Kind::Refused`], with the names of the locks, and of who needs them.
pub fn refuse_live(chosen: &[Lock]) -> Result<()> {
    let live: Vec<&Lock> = chosen.iter().filter(|lock| lock.state == State::Live).collect();
    if live.is_empty() {
        return Ok(());
    }
    let (is, them) = if live.len() == 1 { ("1 lock is", "it") } else { ("several locks are", "them") };
    let mut error = Error::refused(format!("{is} needed: nothing was changed"));
    for lock in live.iter().take(NAMED) {
        error = error.because(format!("`{}`: {}", lock.name, lock.affects));
    }
    if live.len() > NAMED {
        error = error.because(format!("{} more", live.len() - NAMED));
    }
    let others = chosen.len() - live.len();
    if others > 0 {
        error = error.hint("clear those that nobody needs: `--stale`");
    }
    Err(error.hint(format!("take {them} away all the same: `--force`")))
}

/// Clears locks that were looked at: each only from the holder that it had then. They are looked at once more before that,
/// with the jobs and runs that depend on them.
///
/// # Errors
/// A store does not answer before anything was changed.
pub async fn clear(
    with: &Find<'_>,
    chosen: &[Lock],
    force: bool,
    dry_run: bool,
    cancel: &Cancel,
) -> Result<Cleared> {
    let mut report = Cleared::new(dry_run, chosen.len());
    if dry_run {
        chosen.iter().for_each(|lock| report.add(lock, Outcome::Cleared, &*lock.affects));
        return Ok(report);
    }
    let now = cancel.guard(find(with)).await?;
    crash::reach(Point::LocksLooked);
    for lock in chosen {
        let is_same = |other: &&Lock| other.store == lock.store && other.name == lock.name;
        let done = match now.locks.iter().find(is_same) {
            None => Ok((Outcome::Gone, "its holder gave it back, or its time was over".to_owned())),
            Some(other) if other.owner != lock.owner => {
                Ok((Outcome::Changed, taken_over(other.owner.as_deref())))
            }
            Some(other) if other.state == State::Live && !force => Ok((Outcome::Kept, other.affects.clone())),
            Some(other) => cancel.guard(take_away(with.stores, other)).await,
        };
        match done {
            Ok((outcome, reason)) => report.add(lock, outcome, reason),
            Err(error) => {
                report.add(lock, Outcome::Failed, error.to_string());
                report.stopped = Some(error.to_string());
                report.error = Some(error);
                break;
            }
        }
    }
    Ok(report)
}

async fn take_away(stores: &[LockPlace<'_>], lock: &Lock) -> Result<(Outcome, String)> {
    let store = stores.iter().find(|store| store.store == lock.store);
    let (Some(store), Some(owner)) = (store, &lock.owner) else {
        return Ok((Outcome::Failed, "its holder is no text, and cannot be compared".to_owned()));
    };
    let locks = store.locks();
    if locks.clear(&lock.name, owner, lock.state == State::Expired).await? {
        return Ok((Outcome::Cleared, lock.affects.clone()));
    }
    Ok(match locks.holder(&lock.name).await? {
        Some(holder) => (Outcome::Changed, taken_over(Some(&holder.owner))),
        None => (Outcome::Gone, "its holder gave it back, or its time was over".to_owned()),
    })
}

fn taken_over(owner: Option<&str>) -> String {
    match owner {
        Some(owner) => format!("`{owner}` has it now"),
        None => "another holder has it now".to_owned(),
    }
}
