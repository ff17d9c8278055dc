//! Where clusters are registered, and reading it.

use std::fmt;

use super::{Cluster, Fleet};
use crate::{
    Error, Result,
    config::{
        Context,
        clusters::{ClusterSection, ClusterStatus, Credential, Registration},
    },
    db::{Begin, Db, Fault, Query, Row},
};

/// The table in which opsctl registers clusters.
pub const CLUSTERS: &str = "opsctl_clusters";

/// Where clusters are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `[clusters]` of the file in force.
    File,
    /// `[fleet] clusters`: a query over the platform's own table.
    Query,
    /// `opsctl_clusters`.
    Table,
    /// Nowhere: the central database is the one cluster.
    Nowhere,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::File => "[clusters] of the opsctl.toml",
            Source::Query => "the query of [fleet] clusters",
            Source::Table => "the table opsctl_clusters",
            Source::Nowhere => "the central database: no clusters are registered",
        })
    }
}

/// The clusters that the file in force names; none of them needs the central database.
///
/// # Errors
/// A file that names clusters and a query for them.
pub fn of_file(context: &Context) -> Result<Option<Fleet>> {
    let Some(registrations) = context.clusters() else { return Ok(None) };
    if query(context, |fleet| fleet.clusters.as_deref()).is_some() {
        return Err(Error::config("the clusters are named twice: in [clusters] and by the query of [fleet]")
            .hint("leave one of them out"));
    }
    Ok(Some(fleet(context, &registrations, Source::File)))
}

/// All clusters of a context whose file names none.
///
/// # Errors
/// The central database's; rows that cannot be understood.
pub async fn load(context: &Context, central: &Db) -> Result<Fleet> {
    if let Some(sql) = query(context, |fleet| fleet.clusters.as_deref()) {
        let registrations = registrations(&platform(central, sql, "clusters").await?)?;
        return Ok(fleet(context, &registrations, Source::Query));
    }
    let registered = match central.table(CLUSTERS).await? {
        None => Vec::new(),
        Some(table) => {
            let sql = format!("SELECT * FROM {} ORDER BY name", table.name);
            registrations(&central.session().await?.fetch(Query::new(sql)).await?)?
        }
    };
    if registered.is_empty() {
        return Ok(Fleet { clusters: vec![Cluster::central(central.target())], source: Source::Nowhere });
    }
    Ok(fleet(context, &registered, Source::Table))
}

/// A query of `[fleet]`, where the file in force has it.
pub(super) fn query(
    context: &Context,
    member: impl FnOnce(&crate::config::file::FleetSection) -> Option<&str>,
) -> Option<&str> {
    context.file.as_ref()?.section.fleet.as_ref().and_then(member)
}

fn fleet(context: &Context, registrations: &[Registration], source: Source) -> Fleet {
    let mut clusters: Vec<Cluster> =
        registrations.iter().map(|registration| Cluster::registered(context, registration)).collect();
    clusters.sort_by(|a, b| a.name.cmp(&b.name));
    Fleet { clusters, source }
}

/// The rows of a query over the platform's own tables, read in a transaction that writes nothing.
pub(super) async fn platform(central: &Db, sql: &str, what: &str) -> Result<Vec<Row>> {
    let mut session = central.session().await?;
    session.begin(Begin::Read).await?;
    let rows = session.fetch(Query::new(sql.replace('?', "??"))).await;
    session.rollback().await?;
    rows.map_err(|error| match error.fault() {
        Some(Fault::Lost | Fault::Credentials) => error,
        _ => error.during(format!("the query of [fleet] {what} cannot be run")),
    })
}

fn registrations(rows: &[Row]) -> Result<Vec<Registration>> {
    rows.iter().map(registration).collect()
}

/// A row with the columns of `opsctl_clusters`; a platform's own query gives some of them.
fn registration(row: &Row) -> Result<Registration> {
    let text = |column: &str| -> Option<String> {
        row.text_or_null(column).ok().flatten().filter(|text| !text.is_empty())
    };
    let required = |column: &str| {
        text(column)
            .ok_or_else(|| Error::config(format!("the registration of a cluster lacks its `{column}`")))
    };
    let credential =
        |user: &str, secret: &str| text(user).map(|user| Credential { user, password: text(secret) });
    let name = required("name")?;
    let status = match text("status") {
        Some(status) => status.parse().map_err(|error: Error| {
            error.during(format!("the status of cluster `{name}` cannot be understood"))
        })?,
        None => ClusterStatus::default(),
    };
    let section = ClusterSection {
        url: required("url")?,
        password: text("secret"),
        operator: credential("operator_user", "operator_secret"),
        owner: credential("owner_user", "owner_secret"),
        region: text("region"),
        status,
        capacity: text("capacity").and_then(|capacity| capacity.parse().ok()),
    };
    Ok(Registration::of_table(name, section))
}
