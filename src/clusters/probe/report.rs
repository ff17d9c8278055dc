//! What a probe found: seven stages, the facts that it learnt on the way, and a verdict.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::{
    facts::{Connections, Server},
    schema::Schema,
    tenancy::Tenancy,
};
use crate::{Error, Exit, Kind, config::clusters::ClusterStatus, db::Fault, fleet::Cluster};

/// What is looked at, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Its registration can be used, and the references to its credentials lead somewhere.
    Config,
    /// The host's name has an address; the socket or the file is there.
    Resolve,
    /// The server is reached, encrypted where it must be.
    Connect,
    /// It takes the credentials of every role, and has the database.
    Auth,
    /// It answers; what it is, and how it stands.
    Query,
    /// The migrations of its database.
    Schema,
    /// What keeps its tenants apart.
    Isolation,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Stage; 7] = [
        Stage::Config,
        Stage::Resolve,
        Stage::Connect,
        Stage::Auth,
        Stage::Query,
        Stage::Schema,
        Stage::Isolation,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Config => "config",
            Stage::Resolve => "resolve",
            Stage::Connect => "connect",
            Stage::Auth => "auth",
            Stage::Query => "query",
            Stage::Schema => "schema",
            Stage::Isolation => "isolation",
        }
    }
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing is wrong.
    Ok,
    /// Not come to, for want of an earlier one.
    Skipped,
    /// It works, and something is wrong.
    Degraded,
    /// It does not work.
    Failed,
}

impl State {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Skipped => "skipped",
            State::Degraded => "degraded",
            State::Failed => "failed",
        }
    }
}

/// How a cluster stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is wrong.
    Ok,
    /// It works, and something is wrong.
    Degraded,
    /// A stage failed.
    Failed,
}

impl Verdict {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Degraded => "degraded",
            Verdict::Failed => "failed",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// What sort of failure it is; none where the cluster works all the same.
    pub kind: Option<Kind>,
    /// What is wrong, in one line.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
    /// No connection was left.
    #[serde(skip)]
    full: bool,
}

impl Finding {
    /// Something that works, and is not as it should be.
    pub(super) fn degraded(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind: None,
            message: message.into(),
            causes: Vec::new(),
            hints: vec![hint.into()],
            full: false,
        }
    }

    /// A failure.
    pub(super) fn failed(error: &Error) -> Self {
        Self {
            kind: Some(error.kind()),
            message: error.message().to_owned(),
            causes: error.causes().to_vec(),
            hints: error.hints().to_vec(),
            full: error.fault() == Some(Fault::Full),
        }
    }

    /// What is wrong and why, in one line.
    pub fn line(&self) -> String {
        std::iter::once(&self.message).chain(&self.causes).cloned().collect::<Vec<_>>().join(": ")
    }

    /// The failure as an error, for those who print errors.
    pub fn error(&self) -> Error {
        let error = Error::new(self.kind.unwrap_or(Kind::Failed), self.message.clone());
        let error = self.causes.iter().fold(error, Error::because);
        self.hints.iter().fold(error, |error, hint| error.hint(hint.clone()))
    }
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// Which.
    pub stage: Stage,
    /// How it ended.
    pub state: State,
    /// Time that it took, in milliseconds; none where it was skipped or has no time of its own.
    pub ms: Option<f64>,
    /// The stage whose time holds this one's: the driver logs in as it connects, and one round trip asks everything.
    pub timed_with: Option<Stage>,
    /// The stage that failed, where this one was skipped for it.
    pub skipped_for: Option<Stage>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is worth knowing, and not wrong.
    pub notes: Vec<String>,
}

/// One cluster, probed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Probe {
    /// Its name.
    pub cluster: String,
    /// Its address, without credentials.
    pub address: String,
    /// Where it stands.
    pub region: Option<String>,
    /// What it may be used for.
    pub status: ClusterStatus,
    /// How it stands.
    pub verdict: Verdict,
    /// The first of the stages that are worst.
    pub stage: Option<Stage>,
    /// When it was probed, in UTC, to the millisecond.
    pub probed_at: DateTime<Utc>,
    /// Time that all took, in milliseconds.
    pub took_ms: f64,
    /// The stages.
    pub steps: Vec<Step>,
    /// Why it was not probed, or not to its end; that is no stage's fault.
    pub cut: Option<Finding>,
    /// The server, where it answered.
    pub server: Option<Server>,
    /// The migrations, where they could be read.
    pub schema: Option<Schema>,
    /// What keeps tenants apart, where that could be read.
    pub isolation: Option<Tenancy>,
}

impl Probe {
    /// All that is wrong, the gravest stages first, each with its stage.
    pub fn findings(&self) -> impl Iterator<Item = (Option<Stage>, &Finding)> {
        let of = |state: State| self.steps.iter().filter(move |step| step.state == state);
        let staged = of(State::Failed).chain(of(State::Degraded));
        let found = staged.flat_map(|step| step.findings.iter().map(|finding| (Some(step.stage), finding)));
        self.cut.iter().map(|finding| (None, finding)).chain(found)
    }

    /// Its part in how the command ends.
    pub fn exit(&self) -> Exit {
        let own = match self.verdict {
            Verdict::Ok => Exit::Done,
            Verdict::Degraded => Exit::Findings,
            // Of no kind are things that work; one stage may have both.
            Verdict::Failed => Exit::Done,
        };
        let kinds = self.findings().filter_map(|(_, finding)| finding.kind);
        kinds.map(Kind::exit).fold(own, Exit::worst)
    }
}

/// A probe under way, kept where it survives being cut.
#[derive(Debug)]
pub(super) struct Trail {
    started: tokio::time::Instant,
    entered: Option<(Stage, tokio::time::Instant)>,
    steps: Vec<Step>,
    pub(super) server: Option<Server>,
    pub(super) schema: Option<Schema>,
    pub(super) isolation: Option<Tenancy>,
}

impl Trail {
    pub(super) fn new() -> Self {
        Self {
            started: tokio::time::Instant::now(),
            entered: None,
            steps: Vec::new(),
            server: None,
            schema: None,
            isolation: None,
        }
    }

    /// Begins a stage.
    pub(super) fn enter(&mut self, stage: Stage) {
        self.entered = Some((stage, tokio::time::Instant::now()));
    }

    /// Ends the stage that was begun.
    pub(super) fn leave(&mut self, findings: Vec<Finding>, notes: Vec<String>) {
        if let Some((stage, since)) = self.entered.take() {
            let ms = Some(milliseconds(since.elapsed()));
            self.push(stage, ms, None, findings, notes);
        }
    }

    /// Adds a stage that has no time of its own.
    pub(super) fn also(&mut self, stage: Stage, with: Stage, findings: Vec<Finding>, notes: Vec<String>) {
        self.push(stage, None, Some(with), findings, notes);
    }

    /// Adds to a stage that has ended.
    pub(super) fn add(&mut self, stage: Stage, findings: Vec<Finding>, notes: Vec<String>) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.stage == stage) {
            step.findings.extend(findings);
            step.notes.extend(notes);
            step.state = state(&step.findings);
        }
    }

    /// Tells a role that found no connection left how many there are: another role has come in and asked.
    pub(super) fn explain_full(&mut self, connections: &Connections) {
        let Connections { used, max, of } = connections;
        let refused = self.steps.iter_mut().filter(|step| step.stage == Stage::Auth);
        for finding in refused.flat_map(|step| &mut step.findings).filter(|finding| finding.full) {
            finding.causes.push(format!("{used} of {max} connections of the {of} are used"));
        }
    }

    fn push(
        &mut self,
        stage: Stage,
        ms: Option<f64>,
        timed_with: Option<Stage>,
        findings: Vec<Finding>,
        notes: Vec<String>,
    ) {
        let state = state(&findings);
        self.steps.push(Step { stage, state, ms, timed_with, skipped_for: None, findings, notes });
    }

    /// The probe, as far as it came. `cut` says why it did not come to its end.
    pub(super) fn finish(
        mut self,
        cluster: &Cluster,
        probed_at: DateTime<Utc>,
        cut: Option<&Error>,
    ) -> Probe {
        let mut unstaged = None;
        if let Some(error) = cut {
            match self.entered {
                Some(_) => self.leave(vec![Finding::failed(error)], Vec::new()),
                None => unstaged = Some(Finding::failed(error)),
            }
        }
        let failed = self.steps.iter().find(|step| step.state == State::Failed).map(|step| step.stage);
        for stage in Stage::ALL {
            if self.steps.iter().all(|step| step.stage != stage) {
                self.steps.push(Step {
                    stage,
                    state: State::Skipped,
                    ms: None,
                    timed_with: None,
                    skipped_for: failed,
                    findings: Vec::new(),
                    notes: Vec::new(),
                });
            }
        }
        self.steps.sort_by_key(|step| step.stage);
        let worst = self.steps.iter().map(|step| step.state).max();
        let verdict = match worst {
            _ if unstaged.is_some() => Verdict::Failed,
            Some(State::Failed) => Verdict::Failed,
            Some(State::Degraded) => Verdict::Degraded,
            _ => Verdict::Ok,
        };
        let stage = self.steps.iter().find(|step| Some(step.state) == worst && verdict != Verdict::Ok);
        Probe {
            cluster: cluster.name.clone(),
            address: cluster.address.clone(),
            region: cluster.region.clone(),
            status: cluster.status,
            verdict,
            stage: stage.filter(|step| step.state != State::Skipped).map(|step| step.stage),
            probed_at: probed_at.trunc_subsecs(3),
            took_ms: milliseconds(self.started.elapsed()),
            steps: self.steps,
            cut: unstaged,
            server: self.server,
            schema: self.schema,
            isolation: self.isolation,
        }
    }
}

fn state(findings: &[Finding]) -> State {
    match findings {
        [] => State::Ok,
        some if some.iter().any(|finding| finding.kind.is_some()) => State::Failed,
        _ => State::Degraded,
    }
}

/// To a hundredth.
fn milliseconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
