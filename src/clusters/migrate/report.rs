//! What became of each cluster, and what a run ends with.

use std::time::Duration;

use serde::Serialize;

use super::Request;
use crate::{
    Error, Exit, Kind,
    schema::{Finding, Plan, State},
};

/// What became of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something was pending and is applied.
    Applied,
    /// Nothing was pending.
    Skipped,
    /// Something is pending, and was only looked at.
    Pending,
    /// A migration failed.
    Failed,
    /// Another run, or another session's lock, was in the way.
    Locked,
    /// An applied migration has another text now.
    Drifted,
    /// A migration was begun and did not finish.
    Dirty,
    /// The server does not answer.
    Unreachable,
    /// Its registration, credentials, rights or files do not fit.
    Unusable,
    /// The set may not go there.
    Refused,
    /// Work on it was dropped; the next run finds out what it came to.
    Interrupted,
    /// It was its turn never.
    NotBegun,
}

impl Outcome {
    /// All of them, the good ones first.
    pub const ALL: [Outcome; 12] = [
        Outcome::Applied,
        Outcome::Skipped,
        Outcome::Pending,
        Outcome::Failed,
        Outcome::Locked,
        Outcome::Drifted,
        Outcome::Dirty,
        Outcome::Unreachable,
        Outcome::Unusable,
        Outcome::Refused,
        Outcome::Interrupted,
        Outcome::NotBegun,
    ];

    /// Its word, in tables and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Skipped => "skipped",
            Outcome::Pending => "pending",
            Outcome::Failed => "failed",
            Outcome::Locked => "locked",
            Outcome::Drifted => "drifted",
            Outcome::Dirty => "dirty",
            Outcome::Unreachable => "unreachable",
            Outcome::Unusable => "unusable",
            Outcome::Refused => "refused",
            Outcome::Interrupted => "interrupted",
            Outcome::NotBegun => "not_begun",
        }
    }

    /// Whether it counts against the budget of failures.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Outcome::Applied | Outcome::Skipped | Outcome::Pending | Outcome::NotBegun)
    }

    /// What an error on a cluster makes of it.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::Unreachable => Outcome::Unreachable,
            Kind::Config => Outcome::Unusable,
            Kind::Locked => Outcome::Locked,
            Kind::Refused => Outcome::Refused,
            Kind::Interrupted | Kind::Deadline => Outcome::Interrupted,
            Kind::Failed | Kind::Usage | Kind::NotFound => Outcome::Failed,
        }
    }
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// Its name.
    pub cluster: String,
    /// Its address, without credentials.
    pub address: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Version of the newest applied migration, where it is known.
    pub head: Option<i64>,
    /// Migrations that this run applied.
    pub applied: Vec<i64>,
    /// Migrations that are not applied, oldest first, up to `--to`; none where it could not be asked.
    pub pending: Option<Vec<i64>>,
    /// Migrations that are not applied and newer than `--to`.
    pub later: Vec<i64>,
    /// Migrations whose text has changed since.
    pub drifted: Vec<i64>,
    /// Migrations that were begun and did not finish.
    pub dirty: Vec<i64>,
    /// Applied migrations of which nothing is known here.
    pub unknown: Vec<i64>,
    /// What was found out and decided on the way.
    pub notes: Vec<String>,
    /// What failed, and why.
    pub error: Option<String>,
    /// What to type next.
    pub next: Vec<String>,
    /// Milliseconds.
    pub took_ms: u64,
}

impl Item {
    /// One of which nothing is known yet.
    pub(super) fn new(cluster: &str, address: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            address: address.to_owned(),
            outcome: Outcome::NotBegun,
            head: None,
            applied: Vec::new(),
            pending: None,
            later: Vec::new(),
            drifted: Vec::new(),
            dirty: Vec::new(),
            unknown: Vec::new(),
            notes: Vec::new(),
            error: None,
            next: Vec::new(),
            took_ms: 0,
        }
    }

    /// Takes over what a plan says.
    pub(super) fn planned(&mut self, plan: &Plan, request: &Request, took: Duration) {
        let of = |state| plan.of(state).map(|line| line.version).collect::<Vec<_>>();
        let wanted = |version: &i64| request.options.wants(State::Pending, *version);
        let (pending, later) = of(State::Pending).into_iter().partition(wanted);
        self.head = plan.head();
        (self.pending, self.later) = (Some(pending), later);
        self.drifted = of(State::Drifted);
        self.dirty = of(State::Dirty);
        self.unknown = of(State::Unknown);
        self.outcome = match () {
            () if plan.stuck(request.options.to).is_some() => Outcome::Dirty,
            () if !self.drifted.is_empty() => Outcome::Drifted,
            () if !self.dirty.is_empty() => Outcome::Dirty,
            () if self.pending.as_ref().is_some_and(|pending| !pending.is_empty()) => Outcome::Pending,
            () => Outcome::Skipped,
        };
        let (name, source) = (&self.cluster, &request.source);
        match (self.outcome, plan.drift()) {
            (Outcome::Drifted, Some(drift)) => {
                self.error = Some(drift.to_string());
                self.next = vec![format!("look at it: `opsctl clusters repair {name}{source} --dry-run`")];
            }
            (Outcome::Pending, _) => {
                self.next = vec![format!("apply what is pending: `opsctl clusters migrate {name}{source}`")];
            }
            _ => {}
        }
        self.took(took);
    }

    /// Takes over what is recorded of a migration that did not finish.
    pub(super) fn left(&mut self, error: &Error, source: &str) {
        self.failed(error, source);
        self.outcome = Outcome::Dirty;
    }

    /// Takes over what went wrong. A line that is to be typed next names the cluster and the set.
    pub(super) fn failed(&mut self, error: &Error, source: &str) {
        self.outcome = Outcome::of(error);
        self.error = Some(error.to_string());
        let named = |hint: &String| {
            hint.replace("clusters repair NAME", &format!("clusters repair {}{source}", self.cluster))
                .replace("clusters migrate NAME", &format!("clusters migrate {}{source}", self.cluster))
        };
        self.next = error.hints().iter().map(named).collect();
        let name = &self.cluster;
        let next = match self.outcome {
            Outcome::Failed => format!("when that is mended: `opsctl clusters migrate {name}{source}`"),
            Outcome::Unreachable => format!("see how far it gets: `opsctl clusters probe {name}`"),
            Outcome::Unusable => format!("see how it is registered: `opsctl clusters show {name}`"),
            _ => return,
        };
        // What stands in a file is not mended where the cluster is registered.
        if self.outcome == Outcome::Unusable && error.fault().is_none() && !self.next.is_empty() {
            return;
        }
        if !self.next.iter().any(|hint| hint.contains("`opsctl ")) {
            self.next.push(next);
        }
    }

    /// How many migrations are not applied, or not to their end, where that is known.
    pub fn lacking(&self) -> Option<usize> {
        self.pending.as_ref().map(|pending| pending.len() + self.dirty.len())
    }

    pub(super) fn took(&mut self, time: Duration) {
        self.took_ms += u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    }
}

/// All clusters, in the order of their names.
#[derive(Debug)]
pub struct Report {
    /// Each of them.
    pub items: Vec<Item>,
    /// What is dangerous in what is pending.
    pub findings: Vec<Finding>,
    /// Why the run was ended before its end, if it was.
    pub stopped: Option<Error>,
    /// Whether it only looked.
    pub looked: bool,
}

/// Counts of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// All clusters that were meant.
    pub clusters: usize,
    /// Something was pending and is applied.
    pub applied: usize,
    /// Nothing was pending.
    pub skipped: usize,
    /// Something is pending.
    pub pending: usize,
    /// A migration failed.
    pub failed: usize,
    /// Another run, or another session's lock, was in the way.
    pub locked: usize,
    /// An applied migration has another text now.
    pub drifted: usize,
    /// A migration was begun and did not finish.
    pub dirty: usize,
    /// The server does not answer.
    pub unreachable: usize,
    /// Its registration, credentials, rights or files do not fit.
    pub unusable: usize,
    /// The set may not go there.
    pub refused: usize,
    /// Work on it was dropped.
    pub interrupted: usize,
    /// Their turn never came.
    pub not_begun: usize,
    /// Migrations that were applied, on all clusters.
    pub migrations: usize,
    /// What is dangerous in what was pending.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many clusters came to an outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.items.iter().filter(|item| item.outcome == outcome).count()
    }

    /// The counts.
    pub fn summary(&self) -> Summary {
        let of = |outcome| self.count(outcome);
        Summary {
            clusters: self.items.len(),
            applied: of(Outcome::Applied),
            skipped: of(Outcome::Skipped),
            pending: of(Outcome::Pending),
            failed: of(Outcome::Failed),
            locked: of(Outcome::Locked),
            drifted: of(Outcome::Drifted),
            dirty: of(Outcome::Dirty),
            unreachable: of(Outcome::Unreachable),
            unusable: of(Outcome::Unusable),
            refused: of(Outcome::Refused),
            interrupted: of(Outcome::Interrupted),
            not_begun: of(Outcome::NotBegun),
            migrations: self.items.iter().map(|item| item.applied.len()).sum(),
            findings: self.findings.clone(),
        }
    }

    /// What the run ends with: the gravest of all clusters' outcomes. Some failed is partial, all failed is failed.
    pub fn exit(&self) -> Exit {
        let stopped = self.stopped.as_ref().map(Error::exit).filter(|exit| *exit != Exit::Failed);
        let failed = self.count(Outcome::Failed);
        let exit = |item: &Item| match item.outcome {
            Outcome::Applied | Outcome::Skipped | Outcome::NotBegun => Exit::Done,
            Outcome::Pending if self.looked => Exit::Findings,
            Outcome::Pending => Exit::Done,
            Outcome::Failed if failed == self.items.len() => Exit::Failed,
            Outcome::Failed => Exit::Partial,
            Outcome::Locked => Exit::Locked,
            Outcome::Drifted | Outcome::Dirty => Exit::Findings,
            Outcome::Unreachable => Exit::Unreachable,
            Outcome::Unusable => Exit::Config,
            Outcome::Refused => Exit::Refused,
            // Dropped, or ended, for the reason that ended all.
            Outcome::Interrupted => stopped.unwrap_or(Exit::Interrupted),
        };
        self.items.iter().map(exit).chain(stopped).fold(Exit::Done, Exit::worst)
    }
}
