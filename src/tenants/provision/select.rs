//! Which tenants a command means.

use std::{collections::HashSet, time::Duration};

use super::run::since;
use crate::{
    Error, Result,
    db::{Db, Query},
    fleet::{Tenant, TenantStatus, Tenants},
    tenants::{RUNS, RunStatus, runs},
};

/// Tenants as they are asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// By slug or id.
    pub names: Vec<String>,
    /// Those whose provisioning is not done: failed, stopped, or killed.
    pub all_failed: bool,
    /// Only those on this cluster; alone, all of them.
    pub cluster: Option<String>,
    /// Silence after which a run counts as killed.
    pub stale_after: Duration,
}

/// The tenants, each once.
///
/// # Errors
/// [`crate::Kind::NotFound`]; a named tenant that lives on another cluster; the central database's.
pub async fn select(tenants: &Tenants<'_>, central: &Db, selection: &Selection) -> Result<Vec<Tenant>> {
    let here = |tenant: &Tenant| selection.cluster.as_ref().is_none_or(|cluster| *cluster == tenant.cluster);
    if !selection.names.is_empty() {
        let named = tenants.named(&selection.names).await?;
        if let Some(other) = named.iter().find(|tenant| !here(tenant)) {
            return Err(Error::usage(format!(
                "tenant `{}` lives on cluster `{}`",
                other.slug, other.cluster
            ))
            .because("another one is named by `--cluster`"));
        }
        return Ok(named);
    }
    let mut found: Vec<Tenant> = tenants.all().await?;
    found.retain(|tenant| here(tenant) && tenant.status != TenantStatus::Archived);
    if selection.all_failed {
        let open = unfinished(central, &found, selection.stale_after).await?;
        found.retain(|tenant| open.contains(&tenant.id));
    }
    Ok(found)
}

/// Tenants whose status or whose last run says that something is missing.
async fn unfinished(central: &Db, tenants: &[Tenant], stale_after: Duration) -> Result<HashSet<String>> {
    let mut open: HashSet<String> = tenants
        .iter()
        .filter(|tenant| tenant.status == TenantStatus::ProvisioningFailed)
        .map(|tenant| tenant.id.clone())
        .collect();
    let Some(table) = central.table(RUNS).await? else { return Ok(open) };
    let ids: Vec<&str> = tenants.iter().map(|tenant| tenant.id.as_str()).collect();
    for (tenant, run) in runs::last(central, &table, &ids).await? {
        if matches!(run.status, RunStatus::Failed | RunStatus::Partial | RunStatus::Cancelled) {
            open.insert(tenant);
        }
    }
    let now = central.now().await?;
    let sql = format!("SELECT live_key, heartbeat_at FROM {} WHERE live_key IS NOT NULL", table.name);
    for row in central.session().await?.fetch(Query::new(sql)).await? {
        let silent = since(row.time("heartbeat_at")?.unwrap_or_default(), now);
        // One that is at work is left to whoever runs it.
        match silent >= stale_after {
            true => open.insert(row.text("live_key")?),
            false => open.remove(&row.text("live_key")?),
        };
    }
    Ok(open)
}
