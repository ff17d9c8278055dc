//! Whether a tenant is as provisioning is to leave it, with evidence: its last run succeeded; the counts are plausible; its
//! rows are there as the master has them; no warning repeats; and its tables are kept apart from other tenants'.

mod history;
mod rows;

use std::{collections::BTreeMap, time::Instant};

use serde::Serialize;

use super::{
    create::correction,
    provision::{Ground, Masters, Step, probe::Reached, roles::Roles, steps::Scope},
};
use crate::{
    Error, Exit, Result,
    cancel::Cancel,
    db::Table,
    fleet::{self, Bounds, Roll, Tenant, Tenants, Unclear},
    tenants::{RUNS, STEPS},
};

/// How one question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is as it is to be.
    Pass,
    /// Worth a look.
    Warn,
    /// It is not.
    Fail,
}

impl Answer {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One question about a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Check {
    /// What it is about: `last_run`, `counts`, `cluster`, `roles`, `taxonomies`, `owner`, `warnings`, `isolation`; or
    /// `registration`, which is asked first and told when it is not clear.
    pub key: &'static str,
    /// The answer.
    pub status: Answer,
    /// What was seen.
    pub message: String,
    /// What to type.
    pub next: Option<String>,
}

impl Check {
    fn new(key: &'static str, status: Answer, message: impl Into<String>) -> Self {
        Self { key, status, message: message.into(), next: None }
    }

    fn next(self, line: impl Into<String>) -> Self {
        Self { next: Some(line.into()), ..self }
    }
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Its slug.
    pub tenant: String,
    /// Its id; none where its registration is unclear.
    pub id: Option<String>,
    /// The cluster that it lives on, where that is certain.
    pub cluster: Option<String>,
    /// The gravest answer.
    pub status: Answer,
    /// The questions.
    pub checks: Vec<Check>,
    /// Milliseconds.
    pub took_ms: u64,
    #[serde(skip)]
    unreached: Option<Error>,
}

impl Verdict {
    /// On a tenant that is not registered for certain: there is nothing to look at.
    fn unclear(unclear: &Unclear) -> Self {
        Self {
            tenant: unclear.name.clone(),
            id: None,
            cluster: unclear.cluster().map(str::to_owned),
            status: Answer::Fail,
            checks: vec![Check::new("registration", Answer::Fail, unclear.error.to_string())],
            took_ms: 0,
            unreached: Some(unclear.error.clone()),
        }
    }
}

/// Answers by sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Tenants.
    pub tenants: u64,
    /// Questions that were answered well.
    pub pass: u64,
    /// Those worth a look.
    pub warn: u64,
    /// Findings.
    pub fail: u64,
}

/// What `tenant verify` saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The tenants, in the order in which they were named; last, those whose registration is unclear.
    pub verdicts: Vec<Verdict>,
    /// Their answers.
    pub counts: Counts,
}

impl Report {
    fn new(verdicts: Vec<Verdict>) -> Self {
        let mut counts = Counts { tenants: verdicts.len() as u64, ..Counts::default() };
        for check in verdicts.iter().flat_map(|verdict| &verdict.checks) {
            *match check.status {
                Answer::Pass => &mut counts.pass,
                Answer::Warn => &mut counts.warn,
                Answer::Fail => &mut counts.fail,
            } += 1;
        }
        Self { verdicts, counts }
    }

    /// Findings where anything failed; where no cluster could be looked at, why.
    pub fn exit(&self) -> Exit {
        let unreached = self.verdicts.iter().filter_map(|verdict| verdict.unreached.as_ref());
        let codes: Vec<Exit> = unreached.map(Error::exit).collect();
        match self.counts.fail {
            0 => Exit::Done,
            _ if codes.len() == self.verdicts.len() => codes.into_iter().fold(Exit::Done, Exit::worst),
            _ => Exit::Findings,
        }
    }
}

/// What every tenant is held against.
#[derive(Debug)]
struct Expected {
    runs: Table,
    steps: Table,
    roles: Roles,
    masters: Masters,
}

/// Looks at tenants, many at once. Changes nothing.
///
/// # Errors
/// What concerns all of them: central tables that are missing, a request to stop.
pub async fn verify(
    ground: Ground<'_>,
    roll: &Roll,
    masters: Masters,
    parallel: usize,
    cancel: &Cancel,
) -> Result<Report> {
    let table = async |name: &str| {
        ground.central.table(name).await?.ok_or_else(|| {
            Error::config(format!("{} has no table `{name}`", ground.central.target()))
                .hint("add opsctl's tables beside the application's: `opsctl db migrate`")
        })
    };
    let expected = Expected {
        runs: table(RUNS).await?,
        steps: table(STEPS).await?,
        roles: Roles::of_fixtures()?,
        masters,
    };
    let clusters: BTreeMap<&str, Reached<'_>> = ground
        .fleet
        .clusters
        .iter()
        .map(|cluster| (cluster.name.as_str(), Reached::new(cluster, ground.clock)))
        .collect();
    let looks: Vec<Look<'_>> = roll
        .tenants
        .iter()
        .map(|tenant| Look {
            ground,
            expected: &expected,
            tenant,
            reached: clusters.get(tenant.cluster.as_str()),
        })
        .collect();
    let bounds = Bounds { total: parallel, per_host: parallel };
    let host = |look: &Look<'_>| look.reached.map_or("", |reached| reached.cluster.host.as_str()).to_owned();
    let hosts: Vec<(String, &Look<'_>)> = looks.iter().map(|look| (host(look), look)).collect();
    let work = async |(_, look): &(String, &Look<'_>)| look.verdict().await;
    let seen = fleet::each(&hosts, bounds, cancel, |target| target.0.as_str(), work, |_, _| {}).await;
    let mut verdicts = Vec::with_capacity(seen.len());
    for done in seen {
        verdicts.push(done.into_result()??);
    }
    verdicts.extend(roll.unclear.iter().map(Verdict::unclear));
    for reached in clusters.values() {
        reached.close().await;
    }
    Ok(Report::new(verdicts))
}

/// The command that a hint names, if it names one: names of other things stand in backquotes, too.
fn command(hint: &str) -> Option<&str> {
    hint.split('`').skip(1).step_by(2).find(|quoted| quoted.starts_with("opsctl "))
}

/// One tenant, and what it is looked at with.
#[derive(Debug, Clone, Copy)]
struct Look<'a> {
    ground: Ground<'a>,
    expected: &'a Expected,
    tenant: &'a Tenant,
    reached: Option<&'a Reached<'a>>,
}

impl Look<'_> {
    /// # Errors
    /// The central database's. What is wrong with a cluster is an answer.
    async fn verdict(&self) -> Result<Verdict> {
        let started = Instant::now();
        let mut checks = self.history().await?;
        let mut unreached = None;
        match self.cluster().await {
            Ok(found) => checks.extend(found),
            Err(error) => {
                checks.push(self.unreached(&error));
                unreached = Some(error);
            }
        }
        Ok(Verdict {
            tenant: self.tenant.slug.clone(),
            id: Some(self.tenant.id.clone()),
            cluster: Some(self.tenant.cluster.clone()),
            status: checks.iter().map(|check| check.status).max().unwrap_or(Answer::Pass),
            checks,
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            unreached,
        })
    }

    async fn cluster(&self) -> Result<Vec<Check>> {
        let cluster = &self.tenant.cluster;
        let Some(reached) = self.reached else {
            return Err(Error::config(format!("cluster `{cluster}` is not registered"))
                .hint("all clusters: `opsctl clusters list`"));
        };
        let all = Scope::default();
        reached.probe(&all, false).await?;
        let known = reached.migrations(&all).await?;
        self.rows(reached.db()?, known).await
    }

    fn unreached(&self, error: &Error) -> Check {
        let check = Check::new("cluster", Answer::Fail, error.to_string());
        let next = error.hints().iter().find_map(|hint| command(hint)).map(str::to_owned);
        check.next(next.unwrap_or_else(|| format!("opsctl clusters probe {}", self.tenant.cluster)))
    }

    /// How the owner's id is set right, where opsctl registers the tenants.
    fn correction(&self) -> Option<String> {
        matches!(self.ground.registered, Tenants::Table(..)).then(|| correction(self.tenant)).flatten()
    }

    fn again(&self) -> String {
        format!("opsctl tenant provision {}", self.tenant.slug)
    }

    fn again_with(&self, step: Step) -> String {
        format!("opsctl tenant provision {} --only {step}", self.tenant.slug)
    }
}
