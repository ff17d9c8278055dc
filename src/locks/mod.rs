//! Cache locks: what each is for, who holds it, and who depends on it; and how one is taken away from a holder that is
//! gone.

mod clear;
mod find;
pub mod fixtures;
mod jobs;
mod judge;
mod names;
mod pattern;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use self::{
    clear::{Choice, Cleared, Counts, Item, Outcome, choose, clear, refuse_live},
    find::{Find, Found, Summary, find},
    names::{EntryName, FixedName, JobName, Names},
};
use crate::laravel::queue::Part;

/// What kind of thing a lock keeps from happening twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LockKind {
    /// A second job of its kind in a queue (`ShouldBeUnique`).
    Unique,
    /// A second job of its key at work (`WithoutOverlapping`).
    Overlap,
    /// An entry of the schedule that runs twice (`withoutOverlapping`).
    Schedule,
    /// An entry of the schedule that two servers begin in one minute (`onOneServer`).
    OneServer,
    /// A batch that runs twice.
    Run,
    /// A request that is answered twice.
    Idempotency,
    /// A command that runs twice (`Isolatable`).
    Command,
    /// A cache value that two requests make anew (`Cache::flexible`).
    Refresh,
    /// Something of the application's own.
    Other,
}

impl LockKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [LockKind; 9] = [
        LockKind::Unique,
        LockKind::Overlap,
        LockKind::Schedule,
        LockKind::OneServer,
        LockKind::Run,
        LockKind::Idempotency,
        LockKind::Command,
        LockKind::Refresh,
        LockKind::Other,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            LockKind::Unique => "unique",
            LockKind::Overlap => "overlap",
            LockKind::Schedule => "schedule",
            LockKind::OneServer => "one-server",
            LockKind::Run => "run",
            LockKind::Idempotency => "idempotency",
            LockKind::Command => "command",
            LockKind::Refresh => "refresh",
            LockKind::Other => "other",
        }
    }
}

/// Whether somebody still needs a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A job or a run depends on it.
    Live,
    /// Whether somebody does cannot be seen from outside.
    Unclear,
    /// Nobody does: its holder is gone.
    Stale,
    /// Its time is over. Its row lies there until somebody takes or prunes it, and holds nothing.
    Expired,
}

impl State {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            State::Live => "live",
            State::Unclear => "unclear",
            State::Stale => "stale",
            State::Expired => "expired",
        }
    }

    /// Whether nobody needs the lock.
    pub const fn is_over(self) -> bool {
        matches!(self, State::Stale | State::Expired)
    }
}

/// How a job depends on a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The lock is its.
    Holds,
    /// It is of the lock's class, and which one of that class cannot be told.
    Perhaps,
    /// It cannot run while the lock is there.
    Blocked,
}

/// A job that a lock has to do with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dependent {
    /// How.
    pub role: Role,
    /// The queue connection.
    pub connection: String,
    /// The queue.
    pub queue: String,
    /// The part that it lies in.
    pub part: Part,
    /// Whether the time of the worker that has it is over.
    pub stuck: bool,
    /// Its UUID, if its payload has one.
    pub uuid: Option<String>,
}

/// A cache lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lock {
    /// Name without prefixes.
    pub name: String,
    /// The cache store that it lies in.
    pub store: String,
    /// What kind it is.
    pub kind: LockKind,
    /// Whether somebody still needs it.
    pub state: State,
    /// What it is for, in words.
    pub about: String,
    /// Why its state is what it is, and who is affected, in words.
    pub affects: String,
    /// Its holder's token; nothing where it is no text.
    pub owner: Option<String>,
    /// When it was taken, or renewed last; nothing where its full time is not known.
    pub since: Option<DateTime<Utc>>,
    /// When it ends by itself, or ended; nothing where it has no end.
    pub until: Option<DateTime<Utc>>,
    /// Whether it has no end: only its holder gives it back.
    pub no_expiry: bool,
    /// Neither name nor owner is of Laravel's making: it may be something else.
    pub guess: bool,
    /// The jobs that it has to do with: the first few.
    pub jobs: Vec<Dependent>,
    /// How many there are.
    pub jobs_found: u64,
    /// When it was looked at, by the store's clock.
    pub seen_at: DateTime<Utc>,
}

/// Which locks are meant: each condition must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFilter {
    /// Kinds; none means all.
    pub kinds: Vec<LockKind>,
    /// `*` stands for any text, `?` for one character; anything else for itself.
    pub pattern: Option<String>,
    /// Nobody needs it.
    pub stale: bool,
    /// It has no end.
    pub no_expiry: bool,
}

impl LockFilter {
    fn takes(&self, lock: &Lock) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&lock.kind))
            && self.pattern.as_ref().is_none_or(|pattern| pattern::matches(pattern, &lock.name))
            && (!self.stale || lock.state.is_over())
            && (!self.no_expiry || lock.no_expiry)
    }
}
