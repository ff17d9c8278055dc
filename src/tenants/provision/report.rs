//! How a provisioning ended, tenant by tenant.

use serde::Serialize;

use super::{
    live::Holder,
    steps::{Step, Tally},
};
use crate::{
    Error, Exit, Kind,
    fleet::{Tenant, Unclear},
};

/// How one tenant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step is done.
    Succeeded,
    /// A step failed after another one was committed.
    Partial,
    /// A step failed, and nothing was committed.
    Failed,
    /// Another run took the tenant over.
    Overtaken,
    /// Another run is at work on it: nothing was done.
    Locked,
    /// It is not provisioned as things stand: nothing was done.
    Refused,
    /// Stopped by its operator, or by the deadline.
    Cancelled,
    /// Its turn did not come.
    NotBegun,
}

impl Outcome {
    /// All outcomes, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Succeeded,
        Self::Partial,
        Self::Failed,
        Self::Overtaken,
        Self::Locked,
        Self::Refused,
        Self::Cancelled,
        Self::NotBegun,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Overtaken => "overtaken",
            Self::Locked => "locked",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::NotBegun => "not begun",
        }
    }
}

/// How one step of a tenant ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepLine {
    /// The step.
    pub step: Step,
    /// What it did to rows.
    #[serde(flatten)]
    pub tally: Tally,
    /// Why there was nothing to do.
    pub left_out: Option<String>,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// Its slug.
    pub tenant: String,
    /// Its id; none where its registration is unclear.
    pub id: Option<String>,
    /// The cluster that it lives on, where that is certain.
    pub cluster: Option<String>,
    /// The run, where one was recorded.
    pub run: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The last step that it came to.
    pub step: Option<Step>,
    /// What was done to rows, all steps together.
    #[serde(flatten)]
    pub counts: Tally,
    /// The steps that are done.
    pub steps: Vec<StepLine>,
    /// What somebody should look at though the work went on.
    pub warnings: Vec<String>,
    /// Whose stale run was taken over.
    pub took_over: Option<Holder>,
    /// What to look for in the platform's log.
    pub log_key: Option<&'static str>,
    /// Why it failed.
    pub error: Option<String>,
    /// Milliseconds.
    pub took_ms: u64,
    #[serde(skip)]
    pub(super) failure: Option<Error>,
}

impl Item {
    pub(super) fn new(tenant: &Tenant) -> Self {
        Self { id: Some(tenant.id.clone()), ..Self::named(&tenant.slug, Some(&tenant.cluster)) }
    }

    /// One whose registration is unclear: it is left alone.
    pub(super) fn unclear(unclear: &Unclear) -> Self {
        Self::named(&unclear.name, unclear.cluster()).ended(Outcome::Refused, unclear.error.clone())
    }

    fn named(name: &str, cluster: Option<&str>) -> Self {
        Self {
            tenant: name.to_owned(),
            id: None,
            cluster: cluster.map(str::to_owned),
            run: None,
            outcome: Outcome::NotBegun,
            step: None,
            counts: Tally::default(),
            steps: Vec::new(),
            warnings: Vec::new(),
            took_over: None,
            log_key: None,
            error: None,
            took_ms: 0,
            failure: None,
        }
    }

    /// The same, ended early.
    pub(super) fn ended(mut self, outcome: Outcome, error: Error) -> Self {
        self.outcome = outcome;
        self.error = Some(error.to_string());
        self.failure = Some(error);
        self
    }

    /// What ended it early.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    fn exit(&self) -> Exit {
        self.failure.as_ref().map_or(Exit::Done, Error::exit)
    }
}

/// Tenants by outcome, and rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// All tenants.
    pub tenants: u64,
    /// Every step is done.
    pub succeeded: u64,
    /// Failed, with or without something committed.
    pub failed: u64,
    /// Another run was at work, or took over.
    pub locked: u64,
    /// Not provisioned as things stand.
    pub refused: u64,
    /// Stopped.
    pub cancelled: u64,
    /// Their turn did not come.
    pub not_begun: u64,
    /// What was done to rows.
    #[serde(flatten)]
    pub rows: Tally,
}

/// A call of `tenant provision`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Nothing was changed.
    pub dry_run: bool,
    /// The tenants.
    pub counts: Counts,
    /// Each of them, in the order in which they were named; last, those whose registration is unclear.
    pub items: Vec<Item>,
    /// Milliseconds.
    pub took_ms: u64,
}

impl Report {
    pub(super) fn new(dry_run: bool, items: Vec<Item>, took_ms: u64) -> Self {
        let mut counts = Counts::default();
        for item in &items {
            counts.tenants += 1;
            counts.rows = counts.rows.and(item.counts);
            *match item.outcome {
                Outcome::Succeeded => &mut counts.succeeded,
                Outcome::Partial | Outcome::Failed => &mut counts.failed,
                Outcome::Overtaken | Outcome::Locked => &mut counts.locked,
                Outcome::Refused => &mut counts.refused,
                Outcome::Cancelled => &mut counts.cancelled,
                Outcome::NotBegun => &mut counts.not_begun,
            } += 1;
        }
        Self { dry_run, counts, items, took_ms }
    }

    /// What ended the whole call early, if anything did.
    pub fn stopped(&self) -> Option<&Error> {
        let failures = self.items.iter().filter_map(Item::failure);
        failures.into_iter().find(|error| matches!(error.kind(), Kind::Interrupted | Kind::Deadline))
    }

    /// 0 when every tenant has everything, 4 when some have, else the gravest of their codes.
    pub fn exit(&self) -> Exit {
        if let Some(error) = self.stopped() {
            return error.exit();
        }
        match (self.counts.succeeded, self.counts.tenants) {
            (done, all) if done == all => Exit::Done,
            (0, _) => self.items.iter().map(Item::exit).fold(Exit::Done, Exit::worst),
            _ => Exit::Partial,
        }
    }
}
