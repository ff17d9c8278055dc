//! Tenants to try things out on, in every status, with their provisioning runs.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use ulid::Ulid;

use super::{
    create::not_ours,
    runs::{RUNS, RunStatus, STEPS, StepStatus},
    sql,
};
use crate::{
    Error, Result,
    clock::column_millis,
    config::Context,
    db::{Begin, Db, Session, Table},
    fleet::{self, CENTRAL, Fleet, Source, Tenant, TenantStatus, Tenants},
};

const TENANTS: &str = include_str!("../../fixtures/tenants.json");
/// How long a run took that has ended.
const TOOK: TimeDelta = TimeDelta::seconds(4);

/// One tenant as written in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantFixture {
    id: String,
    /// Its slug.
    pub slug: String,
    name: String,
    /// The cluster that it lives on, where that is registered.
    pub cluster: String,
    /// How it stands.
    pub status: TenantStatus,
    owner_user_id: Option<String>,
    locale: String,
    timezone: String,
    registered_days_ago: i64,
    /// Its provisioning runs, oldest first.
    pub runs: Vec<RunFixture>,
}

/// One run as written in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFixture {
    minutes_ago: i64,
    /// How it stands.
    pub status: RunStatus,
    scope: Option<String>,
    steps: Vec<StepFixture>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFixture {
    provisioner: String,
    status: StepStatus,
    #[serde(default)]
    created: i64,
    #[serde(default)]
    updated: i64,
    #[serde(default)]
    unchanged: i64,
    #[serde(default)]
    skipped: i64,
    log_key: Option<String>,
    error: Option<String>,
}

/// All tenants of the file.
///
/// # Errors
/// A file that does not fit its type.
pub fn tenants() -> Result<Vec<TenantFixture>> {
    serde_json::from_str(TENANTS).map_err(|error| Error::failed("fixtures/tenants.json").because(error))
}

/// Registers the tenants that are not registered yet, with their runs, in one transaction; gives how many.
///
/// # Errors
/// [`crate::Kind::Config`] before their tables exist, [`crate::Kind::Refused`] where the platform registers its tenants
/// itself; the database's.
pub async fn seed(context: &Context, central: &Db) -> Result<usize> {
    let (mut session, seeded) = put_in(context, central).await?;
    session.commit().await?;
    Ok(seeded)
}

/// What [`seed`] would register: the same statements, rolled back.
///
/// # Errors
/// As [`seed`].
pub async fn rehearse(context: &Context, central: &Db) -> Result<usize> {
    let (mut session, seeded) = put_in(context, central).await?;
    session.rollback().await?;
    Ok(seeded)
}

/// The tables that rows go into.
struct Tables {
    tenants: Table,
    runs: Table,
    steps: Table,
}

impl Tables {
    async fn of(context: &Context, central: &Db) -> Result<(Self, HashSet<String>)> {
        let registered = Tenants::require(context, central).await?;
        let known = registered.all().await?.tenants.into_iter().map(|tenant| tenant.slug).collect();
        let Tenants::Table(_, tenants) = registered else { return Err(not_ours()) };
        let missing = |name| {
            Error::config(format!("{} has no table `{name}`", central.target()))
                .hint("add opsctl's tables: `opsctl db migrate`")
        };
        let runs = central.table(RUNS).await?.ok_or_else(|| missing(RUNS))?;
        let steps = central.table(STEPS).await?.ok_or_else(|| missing(STEPS))?;
        Ok((Self { tenants, runs, steps }, known))
    }
}

/// The rows, in a transaction that is still open.
async fn put_in<'a>(context: &Context, central: &'a Db) -> Result<(Session<'a>, usize)> {
    let (tables, known) = Tables::of(context, central).await?;
    let fleet = match fleet::of_file(context)? {
        Some(fleet) => fleet,
        None => fleet::load(context, central).await?,
    };
    let now = central.now().await?;
    let new: Vec<TenantFixture> =
        tenants()?.into_iter().filter(|tenant| !known.contains(&tenant.slug)).collect();
    let mut session = central.session().await?;
    session.begin(Begin::Write).await?;
    for (at, fixture) in new.iter().enumerate() {
        let tenant = fixture.tenant(&fleet, now);
        session.execute(sql::tenant(&tables.tenants, &tenant, now)).await?;
        for (attempt, run) in fixture.runs.iter().enumerate() {
            let number = at * 100 + attempt;
            run.put_in(&mut session, &tables, &tenant, (attempt, number), now).await?;
        }
    }
    Ok((session, new.len()))
}

impl TenantFixture {
    fn tenant(&self, fleet: &Fleet, now: DateTime<Utc>) -> Tenant {
        let mut whole =
            self.runs.iter().filter(|run| run.scope.is_none() && run.status == RunStatus::Succeeded);
        Tenant {
            id: self.id.clone(),
            slug: self.slug.clone(),
            name: self.name.clone(),
            cluster: self.home(fleet),
            status: self.status,
            owner_user_id: self.owner_user_id.clone(),
            locale: self.locale.clone(),
            timezone: self.timezone.clone(),
            provisioned_at: whole.next_back().map(|run| run.began(now) + TOOK),
            created_at: Some(now - TimeDelta::days(self.registered_days_ago)),
        }
    }

    /// Its cluster, where one of that name is registered; else the first one.
    fn home(&self, fleet: &Fleet) -> String {
        let is_there = fleet.clusters.iter().any(|cluster| cluster.name == self.cluster);
        match fleet.clusters.first() {
            Some(first) if fleet.source == Source::Nowhere || !is_there => first.name.clone(),
            Some(_) => self.cluster.clone(),
            None => CENTRAL.into(),
        }
    }
}

impl RunFixture {
    fn began(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::minutes(self.minutes_ago)
    }

    async fn put_in(
        &self,
        session: &mut Session<'_>,
        tables: &Tables,
        tenant: &Tenant,
        (attempt, number): (usize, usize),
        now: DateTime<Utc>,
    ) -> Result<()> {
        let began = self.began(now);
        let millis = u64::try_from(began.timestamp_millis()).unwrap_or_default();
        let id = Ulid::from_parts(millis, number as u128).to_string();
        let runs = self.status == RunStatus::Running;
        let ended = (!runs).then_some(began + TOOK);
        let failed = self.steps.iter().find(|step| step.status == StepStatus::Failed);
        let sum = |count: fn(&StepFixture) -> i64| self.steps.iter().map(count).sum::<i64>();
        let values = vec![
            ("id", id.as_str().into()),
            ("tenant", tenant.id.as_str().into()),
            ("cluster", tenant.cluster.as_str().into()),
            ("live_key", runs.then_some(tenant.id.as_str()).into()),
            ("status", self.status.name().into()),
            ("scope", self.scope.clone().into()),
            ("attempt", i64::try_from(attempt + 1).unwrap_or(i64::MAX).into()),
            ("requested_by", "seed".into()),
            ("host", "fixtures".into()),
            ("pid", 1_i64.into()),
            ("created_count", sum(|step| step.created).into()),
            ("updated_count", sum(|step| step.updated).into()),
            ("unchanged_count", sum(|step| step.unchanged).into()),
            ("skipped_count", sum(|step| step.skipped).into()),
            ("log_key", failed.and_then(|step| step.log_key.clone()).into()),
            ("error", failed.and_then(|step| step.error.clone()).into()),
            ("started_at", column_millis(began).into()),
            ("heartbeat_at", column_millis(ended.unwrap_or(began)).into()),
            ("finished_at", ended.map(column_millis).into()),
        ];
        session.execute(sql::insert(&tables.runs, values)).await?;
        for (seq, step) in (1_i64..).zip(&self.steps) {
            session.execute(sql::insert(&tables.steps, step.values(&id, seq, began))).await?;
        }
        Ok(())
    }
}

impl StepFixture {
    fn values(&self, run: &str, seq: i64, began: DateTime<Utc>) -> Vec<(&'static str, crate::db::Value)> {
        let begun = !matches!(self.status, StepStatus::Pending | StepStatus::Skipped);
        let ended = matches!(self.status, StepStatus::Succeeded | StepStatus::Failed);
        vec![
            ("run", run.into()),
            ("seq", seq.into()),
            ("provisioner", self.provisioner.as_str().into()),
            ("status", self.status.name().into()),
            ("created_count", self.created.into()),
            ("updated_count", self.updated.into()),
            ("unchanged_count", self.unchanged.into()),
            ("skipped_count", self.skipped.into()),
            ("log_key", self.log_key.clone().into()),
            ("error", self.error.clone().into()),
            ("started_at", begun.then(|| column_millis(began)).into()),
            ("finished_at", ended.then(|| column_millis(began + TOOK)).into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_tenants_of_every_status_and_every_outcome() {
        let tenants = tenants().unwrap();
        assert!(tenants.len() >= 12);
        for status in TenantStatus::ALL {
            assert!(tenants.iter().any(|tenant| tenant.status == status), "{status}");
        }
        let last: Vec<RunStatus> =
            tenants.iter().filter_map(|tenant| Some(tenant.runs.last()?.status)).collect();
        for status in [RunStatus::Running, RunStatus::Succeeded, RunStatus::Partial, RunStatus::Failed] {
            assert!(last.contains(&status), "{status}");
        }
        assert!(tenants.iter().any(|tenant| tenant.runs.is_empty()));
        let steps = tenants.iter().flat_map(|tenant| &tenant.runs).flat_map(|run| &run.steps);
        let keys: HashSet<&str> = steps.filter_map(|step| step.log_key.as_deref()).collect();
        assert!(keys.contains("tenancy.taxonomy.provision_failed"), "{keys:?}");
        for tenant in &tenants {
            tenant.slug.parse::<super::super::Slug>().unwrap();
            tenant.timezone.parse::<super::super::Timezone>().unwrap();
        }
    }
}
