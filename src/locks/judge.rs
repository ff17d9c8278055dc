//! Whether somebody still needs a lock.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::{Dependent, LockKind, Names, Role, State, jobs::Jobs};
use crate::{
    journal::{Journal, Run},
    laravel::{
        lock_look::{End, Seen},
        lock_name::LockName,
        queue::Part,
    },
};

/// A job is pushed after its unique lock was taken: for so long it may not be there yet.
const PUSHING: TimeDelta = TimeDelta::minutes(1);
/// For so long another server may still begin the entry of that minute.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// What is known beside a lock itself.
pub(super) struct Judge<'a> {
    pub(super) names: &'a Names,
    /// The names of all locks that are held.
    pub(super) held: &'a BTreeSet<&'a str>,
    pub(super) journal: Option<&'a Journal>,
    /// Whether every job was compared.
    pub(super) sees_all: bool,
    /// Where.
    pub(super) connections: &'a [String],
}

/// How a lock stands, and why: who is affected, in words.
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) affects: String,
}

impl Verdict {
    fn new(state: State, affects: impl Into<String>) -> Self {
        Self { state, affects: affects.into() }
    }
}

impl Judge<'_> {
    pub(super) fn verdict(
        &self,
        seen: &Seen,
        kind: LockKind,
        age: Option<TimeDelta>,
        jobs: &Jobs,
    ) -> Verdict {
        if let End::Over(_) = seen.end {
            return Verdict::new(State::Expired, "nobody: its time is over, and whoever asks for it gets it");
        }
        match kind {
            LockKind::Unique => self.unique(age, jobs),
            LockKind::Overlap => self.overlap(seen, jobs),
            LockKind::Schedule => self.schedule(seen),
            LockKind::OneServer => one_server(age),
            LockKind::Run => self.run(seen),
            LockKind::Idempotency => match seen.end {
                End::In(_) => {
                    Verdict::new(State::Live, "a request that is being answered, or was broken off")
                }
                End::Never | End::Over(_) => unseen(),
            },
            LockKind::Command | LockKind::Refresh | LockKind::Other => unseen(),
        }
    }

    fn unique(&self, age: Option<TimeDelta>, jobs: &Jobs) -> Verdict {
        if let Some(verdict) = self.by_jobs(jobs) {
            return verdict;
        }
        match age {
            Some(age) if age < PUSHING => Verdict::new(
                State::Unclear,
                "perhaps a job that is being pushed: the lock was taken less than a minute ago",
            ),
            _ => Verdict::new(State::Stale, format!("nobody: no job in {} has it", self.places())),
        }
    }

    fn overlap(&self, seen: &Seen, jobs: &Jobs) -> Verdict {
        if let Some(mut verdict) = self.by_jobs(jobs) {
            if jobs.blocked > 0 && verdict.state == State::Live {
                verdict.affects.push_str(&format!("; {} behind it", counted(jobs.blocked, "waits", "wait")));
            }
            return verdict;
        }
        if let LockName::Overlap { class: None, .. } = LockName::read(&seen.name) {
            return Verdict::new(
                State::Unclear,
                "jobs of several classes share it, and none says that it does",
            );
        }
        let waiting = jobs.listed.iter().find(|job| job.role == Role::Blocked);
        let nobody = match waiting {
            Some(job) => {
                format!("nobody works on it; it keeps out {}{}", words(job), more(jobs.blocked))
            }
            None => format!("nobody: no worker has a job of its key in {}", self.places()),
        };
        Verdict::new(State::Stale, nobody)
    }

    /// What jobs alone decide.
    fn by_jobs(&self, jobs: &Jobs) -> Option<Verdict> {
        let first = jobs.listed.first();
        match first {
            Some(job) if job.role == Role::Holds => {
                Some(Verdict::new(State::Live, format!("{}{}", words(job), more(jobs.holds))))
            }
            Some(job) if job.role == Role::Perhaps => {
                let affects = format!("perhaps {}{}: its key cannot be told", words(job), more(jobs.perhaps));
                Some(Verdict::new(State::Unclear, affects))
            }
            _ if !self.sees_all => Some(Verdict::new(State::Unclear, "not all jobs could be looked at")),
            _ => None,
        }
    }

    fn schedule(&self, seen: &Seen) -> Verdict {
        let entry = match LockName::read(&seen.name) {
            LockName::Schedule { hash } => self.names.entry(&hash),
            _ => None,
        };
        match entry.and_then(|entry| entry.run) {
            Some(run) if self.held.contains(run) => {
                Verdict::new(State::Live, format!("its run: it holds the lock `{run}`"))
            }
            Some(run) => Verdict::new(
                State::Unclear,
                format!("perhaps a run that begins or ends: the lock `{run}` is free"),
            ),
            None => Verdict::new(State::Unclear, "perhaps a run: whether one lives cannot be seen from here"),
        }
    }

    fn run(&self, seen: &Seen) -> Verdict {
        let known = self.journal.zip(seen.owner.as_deref());
        match known.and_then(|(journal, owner)| journal.lock_holder(owner)) {
            Some(Run { ended: Some(_), id, .. }) => Verdict::new(
                State::Stale,
                format!("nobody: run {id} of opsctl has ended, and could not give it back"),
            ),
            Some(run) => {
                let actor = &run.begin.actor;
                let what = format!(
                    "run {} of opsctl (`{}` of {}@{})",
                    run.id, run.begin.command, actor.user, actor.host
                );
                Verdict::new(
                    State::Live,
                    format!("{what}, which has not ended: it is at work, or was killed"),
                )
            }
            None => Verdict::new(State::Live, "a run of the application, or of opsctl on another host"),
        }
    }

    /// `the queues of database and redis`.
    fn places(&self) -> String {
        format!("the queues of {}", self.connections.join(" and "))
    }
}

fn one_server(age: Option<TimeDelta>) -> Verdict {
    match age {
        Some(age) if age >= MINUTE => {
            Verdict::new(State::Stale, "nobody: that minute is over, and the key is left to its end")
        }
        Some(_) => {
            Verdict::new(State::Live, "the entry: without it another server begins it again in this minute")
        }
        None => Verdict::new(State::Unclear, "perhaps an entry of this minute"),
    }
}

fn unseen() -> Verdict {
    Verdict::new(State::Unclear, "whether somebody needs it cannot be seen from here")
}

/// `job 3d90… of redis:webhooks, which waits`.
fn words(job: &Dependent) -> String {
    let id = job.uuid.as_deref().map_or_else(|| "a job".to_owned(), |uuid| format!("job {uuid}"));
    let stands = match (job.part, job.stuck) {
        (Part::Ready, _) => "waits",
        (Part::Delayed, _) => "is delayed",
        (Part::Reserved, false) => "a worker has",
        (Part::Reserved, true) => "is left by a worker whose time is over",
    };
    format!("{id} of {}:{}, which {stands}", job.connection, job.queue)
}

fn more(count: u64) -> String {
    if count > 1 { format!(", and {} more", count - 1) } else { String::new() }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 job {one}") } else { format!("{count} jobs {many}") }
}
