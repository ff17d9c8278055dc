//! Tenants by slug, page by page, each with what its last provisioning came to.

use serde::Serialize;

use super::runs::{self, LastRun, Provisioning, RUNS};
use crate::{
    Error, Result,
    db::{Db, Query, Table, Value},
    fleet::{Fleet, Roll, Tenant, TenantStatus, Tenants, Unclear},
};

/// Which tenants to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those on this cluster.
    pub cluster: Option<String>,
    /// Only those on a cluster of this region.
    pub region: Option<String>,
    /// Only those in this status.
    pub status: Option<TenantStatus>,
    /// Only those whose provisioning stands so.
    pub provisioning: Option<Provisioning>,
    /// Page size.
    pub limit: u32,
    /// Behind this slug.
    pub after: Option<String>,
}

/// One tenant of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListItem {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: Tenant,
    /// Its last provisioning run, if there was one.
    pub provisioning: Option<LastRun>,
}

/// A page.
#[derive(Debug, Clone)]
pub struct List {
    /// The tenants.
    pub items: Vec<ListItem>,
    /// The slug behind which the next page begins, if there is one.
    pub next: Option<String>,
    /// Registrations that name no tenant for certain, of the clusters that are meant: on every page.
    pub unclear: Vec<Unclear>,
}

/// Lists tenants.
///
/// # Errors
/// The central database's; [`crate::Kind::Config`] where the filter needs a table that is missing;
/// [`crate::Kind::NotFound`] for a region without clusters, and for a cluster that neither is registered nor has tenants.
pub async fn list(
    tenants: &Tenants<'_>,
    central: &Db,
    fleet: Option<&Fleet>,
    filter: &Filter,
) -> Result<List> {
    let runs = central.table(RUNS).await?;
    if runs.is_none() && filter.provisioning.is_some() {
        return Err(Error::config(format!("{} has no table `{RUNS}`", central.target()))
            .hint("add opsctl's tables beside the application's: `opsctl db migrate`"));
    }
    if let (Some(fleet), Some(region)) = (fleet, &filter.region) {
        fleet.region(region)?;
    }
    let clusters = filter.clusters(fleet);
    let (mut items, unclear) = match (tenants, runs) {
        (Tenants::Table(_, table), Some(runs)) => {
            (of_tables(central, table, &runs, filter, clusters).await?, Vec::new())
        }
        (_, runs) => of_any(tenants, central, runs.as_ref(), filter, clusters).await?,
    };
    if let (Some(fleet), Some(cluster), true) = (fleet, &filter.cluster, items.is_empty())
        && tenants.statuses(cluster).await?.is_empty()
    {
        fleet.cluster(cluster)?;
    }
    let more = items.len() > filter.limit as usize;
    items.truncate(filter.limit as usize);
    let next = items.last().filter(|_| more).map(|item| item.tenant.slug.clone());
    Ok(List { items, next, unclear })
}

impl Filter {
    /// The clusters that it means; `None` for any.
    fn clusters(&self, fleet: Option<&Fleet>) -> Option<Vec<String>> {
        let Some(region) = &self.region else { return self.cluster.clone().map(|cluster| vec![cluster]) };
        let clusters = fleet.into_iter().flat_map(|fleet| &fleet.clusters);
        let there = clusters.filter(|cluster| cluster.region.as_ref() == Some(region));
        let names = there.map(|cluster| cluster.name.clone());
        Some(names.filter(|name| self.cluster.as_ref().is_none_or(|wanted| wanted == name)).collect())
    }
}

/// Tenants and runs of the same database: a page and one more, in one statement.
async fn of_tables(
    central: &Db,
    tenants: &Table,
    runs: &Table,
    filter: &Filter,
    clusters: Option<Vec<String>>,
) -> Result<Vec<ListItem>> {
    let (mut conditions, mut values) = (vec!["1 = 1".to_owned()], Vec::<Value>::new());
    if let Some(clusters) = clusters {
        let of = tenants.one_of("cluster", clusters.iter().map(String::as_str));
        conditions.push(of.sql);
        values.extend(of.values);
    }
    for (sign, column, value) in
        [("=", "status", filter.status.map(TenantStatus::name)), (">", "slug", filter.after.as_deref())]
    {
        if let Some(value) = value {
            conditions.push(format!("{column} {sign} {}", tenants.hole(column)));
            values.push(value.into());
        }
    }
    let by_run = match filter.provisioning {
        None => "1 = 1".to_owned(),
        Some(Provisioning::Never) => "r.id IS NULL".to_owned(),
        Some(Provisioning::Last(status)) => {
            values.push(status.name().into());
            format!("r.status = {}", runs.hole("status"))
        }
    };
    let sql = format!(
        "SELECT t.*, {columns} FROM (SELECT * FROM {tenants} WHERE {conditions}) AS t LEFT JOIN {runs} AS r \
         ON r.id = (SELECT max(l.id) FROM {runs} AS l WHERE l.tenant = t.id) WHERE {by_run} ORDER BY t.slug LIMIT {limit}",
        columns = LastRun::COLUMNS,
        tenants = tenants.name,
        runs = runs.name,
        conditions = conditions.join(" AND "),
        limit = u64::from(filter.limit) + 1,
    );
    let rows = central.session().await?.fetch(Query::new(sql).bind_all(values)).await?;
    rows.iter()
        .map(|row| Ok(ListItem { tenant: Tenant::of(row)?, provisioning: LastRun::of(row)? }))
        .collect()
}

/// Tenants of a platform's own query, which gives all of them at once.
async fn of_any(
    tenants: &Tenants<'_>,
    central: &Db,
    runs: Option<&Table>,
    filter: &Filter,
    clusters: Option<Vec<String>>,
) -> Result<(Vec<ListItem>, Vec<Unclear>)> {
    let wanted = |tenant: &Tenant| {
        clusters.as_ref().is_none_or(|names| names.contains(&tenant.cluster))
            && filter.status.is_none_or(|status| status == tenant.status)
            && filter.after.as_ref().is_none_or(|after| tenant.slug > *after)
    };
    let Roll { tenants: all, mut unclear } = tenants.all().await?;
    unclear
        .retain(|one| clusters.as_ref().is_none_or(|names| names.iter().any(|name| one.may_live_on(name))));
    let mut found: Vec<Tenant> = all.into_iter().filter(wanted).collect();
    if filter.provisioning.is_none() {
        found.truncate(filter.limit as usize + 1);
    }
    let ids: Vec<&str> = found.iter().map(|tenant| tenant.id.as_str()).collect();
    let mut last = match runs {
        Some(runs) => runs::last(central, runs, &ids).await?,
        None => Default::default(),
    };
    let items = found.into_iter().map(|tenant| ListItem { provisioning: last.remove(&tenant.id), tenant });
    let stands = |item: &ListItem| match filter.provisioning {
        None => true,
        Some(Provisioning::Never) => item.provisioning.is_none(),
        Some(Provisioning::Last(status)) => {
            item.provisioning.as_ref().is_some_and(|run| run.status == status)
        }
    };
    Ok((items.filter(stands).take(filter.limit as usize + 1).collect(), unclear))
}
