//! A run at work: kept alive, its steps marked, and fenced: whoever was overtaken changes no row any more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ledger::Ledger,
    live::{self, Holder},
    steps::{Done, Step, Tally},
};
use crate::{
    Error, Kind, Result,
    clock::column_millis,
    db::{Begin, Query, Session, Value},
    fleet::{Tenant, TenantStatus},
    tenants::{RunStatus, StepStatus},
};

/// Time between two heartbeats.
pub const BEAT: Duration = Duration::from_secs(5);
/// Characters that are kept of an error.
const LONGEST: usize = 4000;

/// A run that has begun, and is this process's until it ends or is overtaken.
#[derive(Debug)]
pub struct Run<'a> {
    pub(super) ledger: &'a Ledger<'a>,
    /// Its id.
    pub id: String,
    pub(super) tenant: &'a Tenant,
    /// Whom it took the tenant from.
    pub took_over: Option<Holder>,
}

/// Why a run does not go on.
#[derive(Debug)]
pub enum Halt {
    /// Another run has taken the tenant over: its rows are its own from now on.
    Overtaken(Error),
    /// It failed.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Failed(error)
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct End<'e> {
    /// Its status.
    pub status: RunStatus,
    /// What it did to rows.
    pub tally: Tally,
    /// The step that failed.
    pub failed: Option<Step>,
    /// Why it ended early.
    pub error: Option<&'e Error>,
    /// What the tenant's status becomes.
    pub tenant: TenantStatus,
    /// Whether the tenant has everything now.
    pub is_whole: bool,
}

impl<'a> Run<'a> {
    /// One that was begun before, to be ended.
    pub const fn begun(ledger: &'a Ledger<'a>, id: String, tenant: &'a Tenant) -> Self {
        Self { ledger, id, tenant, took_over: None }
    }

    /// Says that it is at work.
    ///
    /// # Errors
    /// [`Halt::Overtaken`], or the central database's.
    pub async fn beat(&self) -> Result<(), Halt> {
        let now = self.ledger.central.now().await?;
        let mut session = self.ledger.central.session().await?;
        self.touch(&mut session, now).await
    }

    async fn touch(&self, session: &mut Session<'_>, now: DateTime<Utc>) -> Result<(), Halt> {
        let runs = &self.ledger.runs;
        let sql = format!(
            "UPDATE {} SET heartbeat_at = {} WHERE id = {} AND live_key IS NOT NULL",
            runs.name,
            runs.hole("heartbeat_at"),
            runs.hole("id")
        );
        match session.execute(Query::new(sql).bind(column_millis(now)).bind(self.id.as_str())).await? {
            0 => Err(self.overtaken().await),
            _ => Ok(()),
        }
    }

    /// Makes sure that it still is this process's, without a write: where the central database is the cluster's own
    /// file, its step holds the lock.
    ///
    /// # Errors
    /// [`Halt::Overtaken`], or the central database's.
    pub async fn prove(&self) -> Result<(), Halt> {
        let runs = &self.ledger.runs;
        let sql =
            format!("SELECT id FROM {} WHERE id = {} AND live_key IS NOT NULL", runs.name, runs.hole("id"));
        let found =
            self.ledger.central.session().await?.first(Query::new(sql).bind(self.id.as_str())).await?;
        if found.is_some() { Ok(()) } else { Err(self.overtaken().await) }
    }

    /// Marks a step as begun.
    ///
    /// # Errors
    /// As [`Run::beat`].
    pub async fn start(&self, step: Step) -> Result<(), Halt> {
        let now = self.ledger.central.now().await?;
        let at = Value::from(column_millis(now));
        self.set(step, now, vec![("status", StepStatus::Running.name().into()), ("started_at", at)]).await
    }

    /// Marks a step as done. Its work is committed by now.
    ///
    /// # Errors
    /// As [`Run::beat`].
    pub async fn mark(&self, step: Step, done: &Done) -> Result<(), Halt> {
        let now = self.ledger.central.now().await?;
        let status = if done.left_out.is_some() { StepStatus::Skipped } else { StepStatus::Succeeded };
        let mut columns = vec![
            ("status", status.name().into()),
            ("finished_at", column_millis(now).into()),
            ("input_checksum", done.input.clone().into()),
            ("error", done.left_out.clone().into()),
        ];
        columns.extend(counts(done.tally));
        self.set(step, now, columns).await
    }

    /// Changes a step's row under the fence.
    async fn set(&self, step: Step, now: DateTime<Utc>, columns: Vec<(&str, Value)>) -> Result<(), Halt> {
        let mut session = self.ledger.central.session().await?;
        session.begin(Begin::Write).await?;
        self.touch(&mut session, now).await?;
        self.set_step(&mut session, step, columns).await?;
        Ok(session.commit().await?)
    }

    async fn set_step(
        &self,
        session: &mut Session<'_>,
        step: Step,
        columns: Vec<(&str, Value)>,
    ) -> Result<()> {
        let steps = &self.ledger.steps;
        let sets: Vec<String> =
            columns.iter().map(|(name, _)| format!("{name} = {}", steps.hole(name))).collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE run = {} AND seq = {}",
            steps.name,
            sets.join(", "),
            steps.hole("run"),
            steps.hole("seq")
        );
        let values = columns.into_iter().map(|(_, value)| value);
        let query = Query::new(sql).bind_all(values).bind(self.id.as_str()).bind(step.seq().to_string());
        session.execute(query).await.map(|_| ())
    }

    /// Ends it: the failed step, the run, the tenant, in one transaction.
    ///
    /// # Errors
    /// As [`Run::beat`].
    pub async fn finish(&self, end: &End<'_>) -> Result<(), Halt> {
        let ledger = self.ledger;
        let now = ledger.central.now().await?;
        let key = end.failed.map(Step::log_key);
        let error = end.error.map(|error| long(&error.to_string()));
        let mut session = ledger.central.session().await?;
        session.begin(Begin::Write).await?;
        let mut columns = vec![
            ("status", Value::from(end.status.name())),
            ("log_key", key.into()),
            ("error", error.clone().into()),
            ("finished_at", column_millis(now).into()),
            ("heartbeat_at", column_millis(now).into()),
        ];
        columns.extend(counts(end.tally));
        let sets: Vec<String> =
            columns.iter().map(|(name, _)| format!("{name} = {}", ledger.runs.hole(name))).collect();
        let sql = format!(
            "UPDATE {} SET live_key = NULL, {} WHERE id = {} AND live_key IS NOT NULL",
            ledger.runs.name,
            sets.join(", "),
            ledger.runs.hole("id")
        );
        let query = Query::new(sql).bind_all(columns.into_iter().map(|(_, value)| value));
        if session.execute(query.bind(self.id.as_str())).await? == 0 {
            return Err(self.overtaken().await);
        }
        if let Some(step) = end.failed {
            let columns = vec![
                ("status", StepStatus::Failed.name().into()),
                ("log_key", key.into()),
                ("error", error.into()),
                ("finished_at", column_millis(now).into()),
            ];
            self.set_step(&mut session, step, columns).await?;
        }
        ledger.skip_the_rest(&mut session, &self.id).await?;
        ledger.set_tenant(&mut session, self.tenant, end.tenant, end.is_whole, now).await?;
        Ok(session.commit().await?)
    }

    /// What somebody reads whose run another one took over.
    async fn overtaken(&self) -> Halt {
        let error = Error::new(
            Kind::Locked,
            format!("run {} was overtaken: it stopped before its next step", self.id),
        );
        let by = live::holder(self.ledger, &self.tenant.id).await.ok().flatten();
        Halt::Overtaken(match by {
            Some(by) => error.because(format!("tenant `{}` is being provisioned by {by}", self.tenant.slug)),
            None => error.because(format!("another run of tenant `{}` has ended since", self.tenant.slug)),
        })
    }
}

fn counts(tally: Tally) -> [(&'static str, Value); 4] {
    let number = |count: u64| Value::Text(count.to_string());
    [
        ("created_count", number(tally.created)),
        ("updated_count", number(tally.updated)),
        ("unchanged_count", number(tally.unchanged)),
        ("skipped_count", number(tally.skipped)),
    ]
}

fn long(text: &str) -> String {
    crate::text::printable(text).chars().take(LONGEST).collect()
}

/// Time that has passed; none where clocks disagree.
pub fn since(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - then).max(TimeDelta::zero()).to_std().unwrap_or_default()
}
