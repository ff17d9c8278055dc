//! Provisioning runs and their steps: what they are called in the tables, and the last run of each tenant.

use std::{collections::HashMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    db::{Db, Query, Row, Table},
    near,
};

/// The table of provisioning runs.
pub const RUNS: &str = "opsctl_provisioning_runs";
/// The table of their steps.
pub const STEPS: &str = "opsctl_provisioning_steps";

/// Tenants whose last run one statement finds.
const TENANTS_AT_A_TIME: usize = 500;

/// How a provisioning run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// At work, or killed there: its heartbeat tells which.
    Running,
    /// Every step did.
    Succeeded,
    /// A step failed after another was committed.
    Partial,
    /// A step failed before anything was committed.
    Failed,
    /// Stopped by its operator.
    Cancelled,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Running, Self::Succeeded, Self::Partial, Self::Failed, Self::Cancelled];

    /// Its word, in the table and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn of(row: &Row, column: &str) -> Result<Self> {
        let text = row.text(column)?;
        let known = Self::ALL.into_iter().find(|status| status.name() == text);
        known.ok_or_else(|| Error::failed(format!("`{text}` is no status of a provisioning run")))
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a step of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// At work, or killed there.
    Running,
    /// Done.
    Succeeded,
    /// Not done; its error says why.
    Failed,
    /// Left out: not asked for, or an earlier step failed.
    Skipped,
}

impl StepStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Succeeded, Self::Failed, Self::Skipped];

    /// Its word, in the table and in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    pub(super) fn of(row: &Row, column: &str) -> Result<Self> {
        let text = row.text(column)?;
        let known = Self::ALL.into_iter().find(|status| status.name() == text);
        known.ok_or_else(|| Error::failed(format!("`{text}` is no status of a provisioning step")))
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a tenant's provisioning stands: what its last run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioning {
    /// There was a last run, and it stands so.
    Last(RunStatus),
    /// There was no run.
    Never,
}

impl Provisioning {
    /// All of their words.
    pub fn names() -> impl Iterator<Item = &'static str> {
        RunStatus::ALL.map(RunStatus::name).into_iter().chain(["never"])
    }
}

impl FromStr for Provisioning {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let known = RunStatus::ALL.into_iter().find(|status| status.name() == text).map(Self::Last);
        known.ok_or_else(|| {
            let all: Vec<&str> = Self::names().collect();
            let error = Error::usage(format!("`{text}` is no outcome of a provisioning"));
            near::or(error, text, Self::names(), str::to_owned, format!("outcomes: {}", all.join(", ")))
        })
    }
}

/// What the last provisioning run of a tenant came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LastRun {
    /// The run's id, as the journal has it.
    pub run: String,
    /// How it stands.
    pub status: RunStatus,
    /// What it was limited to, if it was.
    pub scope: Option<String>,
    /// What to look for in the platform's log, when it failed.
    pub log_key: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; a running one has not.
    pub finished_at: Option<DateTime<Utc>>,
}

impl LastRun {
    /// What a statement selects of the run `r` to read one from, beside a tenant's columns.
    pub(super) const COLUMNS: &'static str = "r.id AS run, r.status AS run_status, r.scope AS run_scope, r.log_key, \
         r.error AS run_error, r.started_at, r.finished_at";

    /// `None` where an outer join found no run.
    pub(super) fn of(row: &Row) -> Result<Option<Self>> {
        let Some(run) = row.text_or_null("run")? else { return Ok(None) };
        Ok(Some(Self {
            run,
            status: RunStatus::of(row, "run_status")?,
            scope: row.text_or_null("run_scope")?,
            log_key: row.text_or_null("log_key")?,
            error: row.text_or_null("run_error")?,
            started_at: row.time("started_at")?,
            finished_at: row.time("finished_at")?,
        }))
    }

    /// The moment that says how fresh it is.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        self.finished_at.or(self.started_at)
    }
}

/// The last run of each of these tenants that has one, by the tenant's id.
pub(super) async fn last(db: &Db, runs: &Table, tenants: &[&str]) -> Result<HashMap<String, LastRun>> {
    let mut found = HashMap::new();
    for some in tenants.chunks(TENANTS_AT_A_TIME) {
        let of = runs.one_of("tenant", some.iter().copied());
        let sql = format!(
            "SELECT r.tenant, {} FROM {name} AS r JOIN (SELECT max(id) AS id FROM {name} WHERE {} GROUP BY tenant) AS l \
             ON r.id = l.id",
            LastRun::COLUMNS,
            of.sql,
            name = runs.name,
        );
        for row in db.session().await?.fetch(Query::new(sql).bind_all(of.values)).await? {
            if let Some(run) = LastRun::of(&row)? {
                found.insert(row.text("tenant")?, run);
            }
        }
    }
    Ok(found)
}
