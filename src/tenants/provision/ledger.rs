//! Runs and their steps in the central database: written before the cluster is touched.
//!
//! `live_key` is the tenant's id while a run is live, and unique: of two runs that begin at once, one gets it.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    live::{self, Holder},
    run::Run,
    steps::{Scope, Step},
};
use crate::{
    Error, Result,
    clock::column_millis,
    db::{Begin, Db, Fault, Query, Session, Table, Value},
    fleet::{Tenant, TenantStatus},
    tenants::{RUNS, RunStatus, STEPS, StepStatus},
};

/// Races that are lost before a run gives up: each was won by another one.
const TRIES: usize = 5;

/// The central tables.
#[derive(Debug)]
pub struct Ledger<'a> {
    /// The central database.
    pub central: &'a Db,
    /// Runs.
    pub runs: Table,
    /// Their steps.
    pub steps: Table,
    /// Tenants, where opsctl's own table registers them.
    pub tenants: Option<Table>,
}

/// Who asks for a run, and under which conditions.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The user.
    pub user: String,
    /// The host.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Whether a process of this host is gone; a cautious no where that cannot be told.
    pub is_gone: fn(u32) -> bool,
}

/// When a live run of another one is taken over.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// After this time without a heartbeat, by the database's clock.
    pub stale_after: Duration,
    /// At once.
    pub take_over: bool,
}

impl<'a> Ledger<'a> {
    /// The tables of the central database.
    ///
    /// # Errors
    /// [`Kind::Config`] where they are missing, naming the command that makes them.
    pub async fn open(central: &'a Db, tenants: Option<Table>) -> Result<Self> {
        let table = async |name: &str| {
            central.table(name).await?.ok_or_else(|| {
                Error::config(format!("{} has no table `{name}`", central.target()))
                    .hint("add opsctl's tables beside the application's: `opsctl db migrate`")
            })
        };
        Ok(Self { central, runs: table(RUNS).await?, steps: table(STEPS).await?, tenants })
    }

    /// Begins a run: its row, its steps, and the tenant's status, in one transaction.
    ///
    /// # Errors
    /// [`Kind::Locked`] when another run is live, naming its holder; the database's.
    pub async fn begin(
        &'a self,
        tenant: &'a Tenant,
        scope: &Scope,
        asker: &Asker,
        patience: Patience,
    ) -> Result<Run<'a>> {
        let mut last = Error::failed(format!("no run of tenant `{}` could be begun", tenant.slug));
        for _ in 0..TRIES {
            let now = self.central.now().await?;
            let holder = self.holder(tenant, asker, patience, now).await?;
            match self.take(tenant, scope, asker, now, holder).await {
                Ok(Some(run)) => return Ok(run),
                Ok(None) => {}
                // Another run was a moment faster: it is looked at anew.
                Err(error) if matches!(error.fault(), Some(Fault::Duplicate | Fault::Transient)) => {
                    last = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(last.during(format!("other runs of tenant `{}` were faster, {TRIES} times", tenant.slug)))
    }

    /// The live run that a new one would take the tenant from, if there is one.
    ///
    /// # Errors
    /// [`Kind::Locked`] when it is not to be taken over, naming its holder; the database's.
    pub async fn holder(
        &self,
        tenant: &Tenant,
        asker: &Asker,
        patience: Patience,
        now: DateTime<Utc>,
    ) -> Result<Option<Holder>> {
        let holder = live::holder(self, &tenant.id).await?;
        if let Some(holder) = &holder {
            holder.yields(tenant, now, asker, patience)?;
        }
        Ok(holder)
    }

    /// `None` when the holder moved meanwhile.
    async fn take(
        &'a self,
        tenant: &'a Tenant,
        scope: &Scope,
        asker: &Asker,
        now: DateTime<Utc>,
        holder: Option<Holder>,
    ) -> Result<Option<Run<'a>>> {
        let last = self.last(&tenant.id).await?;
        let id = next_id(now, last.as_ref().map(|last| last.0.as_str()));
        let mut session = self.central.session().await?;
        session.begin(Begin::Write).await?;
        if let Some(holder) = &holder
            && !self.close(&mut session, holder, &id, asker, now).await?
        {
            session.rollback().await?;
            return Ok(None);
        }
        let attempt = match &last {
            Some((_, status, attempt)) if *status != RunStatus::Succeeded => attempt + 1,
            _ => 1,
        };
        self.insert_run(&mut session, &id, tenant, scope, asker, now, attempt).await?;
        self.insert_steps(&mut session, &id, scope).await?;
        self.set_tenant(&mut session, tenant, TenantStatus::Provisioning, false, now).await?;
        session.commit().await?;
        Ok(Some(Run { ledger: self, id, tenant, took_over: holder }))
    }

    /// Ends the run of one who is overtaken, if it still is as it was seen.
    async fn close(
        &self,
        session: &mut Session<'_>,
        holder: &Holder,
        by: &str,
        asker: &Asker,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let why = format!(
            "overtaken by run {by} of {} on {}: no heartbeat since {}",
            asker.user,
            asker.host,
            column_millis(holder.heartbeat_at)
        );
        let status = if holder.has_committed { RunStatus::Partial } else { RunStatus::Failed };
        let key = holder.step.map_or(Value::Null, |step| step.log_key().into());
        let sql = format!(
            "UPDATE {} SET live_key = NULL, status = {}, log_key = {}, error = {}, finished_at = {} \
             WHERE id = {} AND live_key IS NOT NULL AND heartbeat_at = {}",
            self.runs.name,
            self.runs.hole("status"),
            self.runs.hole("log_key"),
            self.runs.hole("error"),
            self.runs.hole("finished_at"),
            self.runs.hole("id"),
            self.runs.hole("heartbeat_at"),
        );
        let query = Query::new(sql)
            .bind(status.name())
            .bind_all([key.clone()])
            .bind(why.as_str())
            .bind(column_millis(now))
            .bind(holder.run.as_str())
            .bind(column_millis(holder.heartbeat_at));
        if session.execute(query).await? != 1 {
            return Ok(false);
        }
        let sql = format!(
            "UPDATE {} SET status = {}, log_key = {}, error = {}, finished_at = {} WHERE run = {} AND status = 'running'",
            self.steps.name,
            self.steps.hole("status"),
            self.steps.hole("log_key"),
            self.steps.hole("error"),
            self.steps.hole("finished_at"),
            self.steps.hole("run"),
        );
        let query = Query::new(sql)
            .bind(StepStatus::Failed.name())
            .bind_all([key])
            .bind(why)
            .bind(column_millis(now))
            .bind(holder.run.as_str());
        session.execute(query).await?;
        self.skip_the_rest(session, &holder.run).await?;
        Ok(true)
    }

    /// Marks what a run did not come to.
    pub(super) async fn skip_the_rest(&self, session: &mut Session<'_>, run: &str) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET status = 'skipped' WHERE run = {} AND status = 'pending'",
            self.steps.name,
            self.steps.hole("run")
        );
        session.execute(Query::new(sql).bind(run)).await.map(|_| ())
    }

    /// The newest run of a tenant: its id, how it stands, which attempt it was.
    async fn last(&self, tenant: &str) -> Result<Option<(String, RunStatus, i64)>> {
        let sql = format!(
            "SELECT id, status, attempt FROM {} WHERE tenant = {} ORDER BY id DESC LIMIT 1",
            self.runs.name,
            self.runs.hole("tenant")
        );
        let row = self.central.session().await?.first(Query::new(sql).bind(tenant)).await?;
        row.map(|row| Ok((row.text("id")?, RunStatus::of(&row, "status")?, row.int("attempt")?))).transpose()
    }

    #[allow(clippy::too_many_arguments)] // the columns of one row
    async fn insert_run(
        &self,
        session: &mut Session<'_>,
        id: &str,
        tenant: &Tenant,
        scope: &Scope,
        asker: &Asker,
        now: DateTime<Utc>,
        attempt: i64,
    ) -> Result<()> {
        let row: [(&str, Value); 12] = [
            ("id", id.into()),
            ("tenant", tenant.id.as_str().into()),
            ("cluster", tenant.cluster.as_str().into()),
            ("live_key", tenant.id.as_str().into()),
            ("status", RunStatus::Running.name().into()),
            ("scope", scope.text().into()),
            ("attempt", attempt.to_string().into()),
            ("requested_by", short(&asker.user)),
            ("host", short(&asker.host)),
            ("pid", asker.pid.to_string().into()),
            ("started_at", column_millis(now).into()),
            ("heartbeat_at", column_millis(now).into()),
        ];
        let names = row.each_ref().map(|(name, _)| *name).join(", ");
        let holes = row.each_ref().map(|(name, _)| self.runs.hole(name)).join(", ");
        let sql = format!("INSERT INTO {} ({names}) VALUES ({holes})", self.runs.name);
        session.execute(Query::new(sql).bind_all(row.map(|(_, value)| value))).await.map(|_| ())
    }

    async fn insert_steps(&self, session: &mut Session<'_>, id: &str, scope: &Scope) -> Result<()> {
        let names = ["run", "seq", "provisioner", "status"];
        let row = format!("({})", names.map(|name| self.steps.hole(name)).join(", "));
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {}",
            self.steps.name,
            names.join(", "),
            vec![row; Step::ALL.len()].join(", ")
        );
        let values = Step::ALL.into_iter().flat_map(|step| {
            let status = if scope.has(step) { StepStatus::Pending } else { StepStatus::Skipped };
            [id.into(), step.seq().to_string().into(), step.name().into(), Value::from(status.name())]
        });
        session.execute(Query::new(sql).bind_all(values)).await.map(|_| ())
    }

    /// Sets the status of a tenant that opsctl's own table registers; one that is out of use keeps its own.
    pub(super) async fn set_tenant(
        &self,
        session: &mut Session<'_>,
        tenant: &Tenant,
        status: TenantStatus,
        is_whole: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let Some(table) = &self.tenants else { return Ok(()) };
        let provisioned = match is_whole {
            true => format!(", provisioned_at = {}", table.hole("provisioned_at")),
            false => String::new(),
        };
        let sql = format!(
            "UPDATE {} SET status = {}, updated_at = {}{provisioned} WHERE id = {} AND status NOT IN ('suspended', 'archived')",
            table.name,
            table.hole("status"),
            table.hole("updated_at"),
            table.hole("id"),
        );
        let at = Value::from(column_millis(now));
        let mut query = Query::new(sql).bind(status.name()).bind_all([at.clone()]);
        if is_whole {
            query = query.bind_all([at]);
        }
        session.execute(query.bind(tenant.id.as_str())).await.map(|_| ())
    }
}

fn short(text: &str) -> Value {
    Value::Text(crate::text::printable(text).chars().take(255).collect())
}

/// A ULID of now that is greater than the tenant's last: the newest run has the greatest id, whatever the clock does.
fn next_id(now: DateTime<Utc>, last: Option<&str>) -> String {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let id = ulid::Ulid::from_parts(millis, rand::random());
    let last = last.and_then(|last| ulid::Ulid::from_string(last).ok());
    match last {
        Some(last) if last >= id => last.increment().unwrap_or(id).to_string(),
        _ => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_later_run_has_a_greater_id_at_the_same_moment_and_when_the_clock_goes_back() {
        let now: DateTime<Utc> = "2026-11-20T09:00:00Z".parse().unwrap();
        let mut last = next_id(now, None);
        for at in [now, now, now - TimeDelta::days(1), now] {
            let next = next_id(at, Some(&last));
            assert!(next > last, "{next} {last}");
            last = next;
        }
    }
}
