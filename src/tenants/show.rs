//! One tenant: where it lives, and its last provisioning runs with their steps.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::runs::{RUNS, RunStatus, STEPS, StepStatus};
use crate::{
    Result,
    config::clusters::ClusterStatus,
    db::{Db, Query, Row, Table},
    fleet::{Fleet, Tenant, Tenants},
};

/// One tenant in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Show {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: Tenant,
    /// Its cluster, where that is registered.
    pub home: Option<Home>,
    /// Its last provisioning runs, the newest first.
    pub runs: Vec<Run>,
}

/// The cluster that a tenant lives on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Home {
    /// Its address, without credentials; empty where that cannot be read.
    pub address: String,
    /// Where it stands.
    pub region: Option<String>,
    /// What it may be used for.
    pub status: ClusterStatus,
}

/// What a run or a step did to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RowCounts {
    /// Made.
    pub created: i64,
    /// Changed.
    pub updated: i64,
    /// As they are to be.
    pub unchanged: i64,
    /// Left as the tenant changed them.
    pub skipped: i64,
}

/// One provisioning run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// Its id, as the journal has it.
    pub run: String,
    /// The cluster that it worked on.
    pub cluster: String,
    /// How it stands.
    pub status: RunStatus,
    /// What it was limited to, if it was.
    pub scope: Option<String>,
    /// Which one of this tenant it is, from 1.
    pub attempt: i64,
    /// Who asked for it.
    pub requested_by: String,
    /// The host that it ran on.
    pub host: String,
    /// Its process there.
    pub pid: i64,
    /// What it did.
    pub counts: RowCounts,
    /// What to look for in the platform's log, when it failed.
    pub log_key: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// Its last sign of life.
    pub heartbeat_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Its steps, in their order.
    pub steps: Vec<Step>,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// Its place, from 1.
    pub seq: i64,
    /// What it provisions.
    pub provisioner: String,
    /// How it stands.
    pub status: StepStatus,
    /// What it did.
    pub counts: RowCounts,
    /// What to look for in the platform's log, when it failed.
    pub log_key: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Shows the tenant of a slug or an id, with its last `runs` provisioning runs.
///
/// # Errors
/// [`crate::Kind::NotFound`], with the nearest slug; an unclear registration; the database's.
pub async fn show(tenants: &Tenants<'_>, central: &Db, fleet: &Fleet, name: &str, runs: u32) -> Result<Show> {
    let tenant = tenants.named(&[name.to_owned()]).await?.one()?;
    let home = fleet.clusters.iter().find(|cluster| cluster.name == tenant.cluster).map(|cluster| Home {
        address: cluster.address.clone(),
        region: cluster.region.clone(),
        status: cluster.status,
    });
    let runs = match (central.table(RUNS).await?, central.table(STEPS).await?) {
        (Some(table), Some(steps)) => last(central, &table, &steps, &tenant, runs).await?,
        _ => Vec::new(),
    };
    Ok(Show { tenant, home, runs })
}

async fn last(db: &Db, runs: &Table, steps: &Table, tenant: &Tenant, count: u32) -> Result<Vec<Run>> {
    let mut session = db.session().await?;
    let sql = format!(
        "SELECT * FROM {} WHERE tenant = {} ORDER BY id DESC LIMIT {count}",
        runs.name,
        runs.hole("tenant")
    );
    let rows = session.fetch(Query::new(sql).bind(&*tenant.id)).await?;
    let mut found = rows.iter().map(run).collect::<Result<Vec<_>>>()?;
    let of = steps.one_of("run", found.iter().map(|run| run.run.as_str()));
    let sql = format!("SELECT * FROM {} WHERE {} ORDER BY run, seq", steps.name, of.sql);
    for row in session.fetch(Query::new(sql).bind_all(of.values)).await? {
        let of = row.text("run")?;
        if let Some(run) = found.iter_mut().find(|run| run.run == of) {
            run.steps.push(step(&row)?);
        }
    }
    Ok(found)
}

fn counts(row: &Row) -> Result<RowCounts> {
    Ok(RowCounts {
        created: row.int("created_count")?,
        updated: row.int("updated_count")?,
        unchanged: row.int("unchanged_count")?,
        skipped: row.int("skipped_count")?,
    })
}

fn run(row: &Row) -> Result<Run> {
    Ok(Run {
        run: row.text("id")?,
        cluster: row.text("cluster")?,
        status: RunStatus::of(row, "status")?,
        scope: row.text_or_null("scope")?,
        attempt: row.int("attempt")?,
        requested_by: row.text("requested_by")?,
        host: row.text("host")?,
        pid: row.int("pid")?,
        counts: counts(row)?,
        log_key: row.text_or_null("log_key")?,
        error: row.text_or_null("error")?,
        started_at: row.time("started_at")?,
        heartbeat_at: row.time("heartbeat_at")?,
        finished_at: row.time("finished_at")?,
        steps: Vec::new(),
    })
}

fn step(row: &Row) -> Result<Step> {
    Ok(Step {
        seq: row.int("seq")?,
        provisioner: row.text("provisioner")?,
        status: StepStatus::of(row, "status")?,
        counts: counts(row)?,
        log_key: row.text_or_null("log_key")?,
        error: row.text_or_null("error")?,
        started_at: row.time("started_at")?,
        finished_at: row.time("finished_at")?,
    })
}
