//! Where clusters are registered, and reading it.

use std::{fmt, path::Path};

use super::{Cluster, Fleet};
use crate::{
    Error, Result,
    config::{
        Context, Database,
        clusters::{ClusterSection, ClusterStatus, Credential, Registration},
        database::Address,
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
    let clusters = registrations.iter().map(|registration| Cluster::registered(context, registration));
    Ok(Some(fleet(clusters.collect(), Source::File)?))
}

/// All clusters of a context whose file names none.
///
/// # Errors
/// The central database's; rows that cannot be understood.
pub async fn load(context: &Context, central: &Db) -> Result<Fleet> {
    if let Some(sql) = query(context, |fleet| fleet.clusters.as_deref()) {
        let rows = platform(central, sql, "clusters").await?;
        return fleet(clusters(context, central, &rows)?, Source::Query);
    }
    let rows = match central.table(CLUSTERS).await? {
        None => Vec::new(),
        Some(table) => {
            let sql = format!("SELECT * FROM {} ORDER BY name", table.name);
            central.session().await?.fetch(Query::new(sql)).await?
        }
    };
    if rows.is_empty() {
        return Ok(Fleet { clusters: vec![Cluster::central(central.target())], source: Source::Nowhere });
    }
    fleet(clusters(context, central, &rows)?, Source::Table)
}

/// A query of `[fleet]`, where the file in force has it.
pub(super) fn query(
    context: &Context,
    member: impl FnOnce(&crate::config::file::FleetSection) -> Option<&str>,
) -> Option<&str> {
    context.file.as_ref()?.section.fleet.as_ref().and_then(member)
}

/// The clusters by name, each once.
fn fleet(mut clusters: Vec<Cluster>, source: Source) -> Result<Fleet> {
    clusters.sort_by(|a, b| a.name.cmp(&b.name));
    match clusters.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => {
            Err(Error::config(format!("cluster `{}` is registered twice in {source}", pair[0].name)))
        }
        None => Ok(Fleet { clusters, source }),
    }
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

/// The clusters of rows with the columns of `opsctl_clusters`; a platform's own query gives some of them. A row that
/// cannot be understood is a cluster that cannot be reached: the others go on.
fn clusters(context: &Context, central: &Db, rows: &[Row]) -> Result<Vec<Cluster>> {
    let base = folder(central.target());
    let cluster = |row: &Row| {
        let name = text(row, "name")
            .ok_or_else(|| Error::config("the registration of a cluster lacks its `name`"))?;
        Ok(match section(row) {
            Ok(section) => {
                let registration = Registration::of_table(name, section, base.map(Path::to_owned));
                Cluster::registered(context, &registration)
            }
            Err(error) => {
                let what = format!("the registration of cluster `{name}` cannot be understood");
                Cluster::broken(name, &error.during(what))
            }
        })
    };
    rows.iter().map(cluster).collect()
}

/// The folder of a central database that is a file: what its registrations name by a relative path lies there.
pub fn folder(central: &Database) -> Option<&Path> {
    match &central.address {
        Address::File(path) => path.parent(),
        Address::Tcp(..) | Address::Socket(..) => None,
    }
}

fn text(row: &Row, column: &str) -> Option<String> {
    row.text_or_null(column).ok().flatten().filter(|text| !text.is_empty())
}

fn section(row: &Row) -> Result<ClusterSection> {
    let credential = |user: &str, secret: &str| {
        text(row, user).map(|user| Credential { user, password: text(row, secret) })
    };
    let capacity = text(row, "capacity").map(|capacity| {
        capacity
            .parse()
            .map_err(|_| Error::config(format!("`{capacity}` is no capacity: it is a whole number")))
    });
    Ok(ClusterSection {
        url: text(row, "url").ok_or_else(|| Error::config("it lacks its `url`"))?,
        password: text(row, "secret"),
        operator: credential("operator_user", "operator_secret"),
        owner: credential("owner_user", "owner_secret"),
        region: text(row, "region"),
        status: text(row, "status").map_or(Ok(ClusterStatus::default()), |status| status.parse())?,
        capacity: capacity.transpose()?,
    })
}
