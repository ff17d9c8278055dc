//! Which tenants a command means.

use std::collections::HashSet;

use crate::{
    Error, Result,
    db::{Db, Query},
    fleet::{Roll, Tenant, TenantStatus, Tenants},
    tenants::{RUNS, RunStatus, runs},
};

/// Tenants as they are asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// By slug or id.
    pub names: Vec<String>,
    /// Those whose provisioning is not done: failed, stopped, killed, or at work. Whether a live run is at work or was
    /// killed is told when another one begins.
    pub all_failed: bool,
    /// Only those on this cluster; alone, all of them.
    pub cluster: Option<String>,
}

/// The tenants, each once; and of those that may be meant, the ones whose registration is unclear.
///
/// # Errors
/// [`crate::Kind::NotFound`]; a named tenant that lives on another cluster; the central database's.
pub async fn select(tenants: &Tenants<'_>, central: &Db, selection: &Selection) -> Result<Roll> {
    let cluster = selection.cluster.as_deref();
    let here = |tenant: &Tenant| cluster.is_none_or(|cluster| cluster == tenant.cluster);
    if !selection.names.is_empty() {
        let named = tenants.named(&selection.names).await?;
        if let Some(other) = named.tenants.iter().find(|tenant| !here(tenant)) {
            return Err(Error::usage(format!(
                "tenant `{}` lives on cluster `{}`",
                other.slug, other.cluster
            ))
            .because("another one is named by `--cluster`"));
        }
        return Ok(named);
    }
    let mut found = tenants.all().await?;
    found.unclear.retain(|unclear| cluster.is_none_or(|cluster| unclear.may_live_on(cluster)));
    found.tenants.retain(|tenant| here(tenant) && tenant.status != TenantStatus::Archived);
    if selection.all_failed {
        let open = unfinished(central, &found.tenants).await?;
        found.tenants.retain(|tenant| open.contains(&tenant.id));
    }
    Ok(found)
}

/// Tenants whose status or whose last run says that something is missing, and those with a live run.
async fn unfinished(central: &Db, tenants: &[Tenant]) -> Result<HashSet<String>> {
    let mut open: HashSet<String> = tenants
        .iter()
        .filter(|tenant| tenant.status == TenantStatus::ProvisioningFailed)
        .map(|tenant| tenant.id.clone())
        .collect();
    let Some(table) = central.table(RUNS).await? else { return Ok(open) };
    let ids: Vec<&str> = tenants.iter().map(|tenant| tenant.id.as_str()).collect();
    let last = runs::last(central, &table, &ids).await?;
    open.extend(
        last.into_iter().filter(|(_, run)| run.status != RunStatus::Succeeded).map(|(tenant, _)| tenant),
    );
    let sql = format!("SELECT live_key FROM {} WHERE live_key IS NOT NULL", table.name);
    for row in central.session().await?.fetch(Query::new(sql)).await? {
        open.insert(row.text("live_key")?);
    }
    Ok(open)
}
