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
    db::{Begin, Db, Engine, Fault, Query, Row, Session, Table, is_several},
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
    let clusters = registrations.into_iter().map(|(name, registration)| match registration {
        Ok(registration) => Cluster::registered(context, &registration),
        Err(error) => Cluster::broken(name, &error),
    });
    let path = context.file.as_ref().map(|file| file.path.clone());
    let clusters = clusters.map(|cluster| Cluster { file: path.clone(), ..cluster });
    Ok(Some(fleet(clusters.collect(), Source::File)))
}

/// All clusters of a context whose file names none.
///
/// # Errors
/// The central database's. A row that cannot be understood is a cluster that cannot be reached.
pub async fn load(context: &Context, central: &Db) -> Result<Fleet> {
    if let Some(sql) = query(context, |fleet| fleet.clusters.as_deref()) {
        let rows = platform(central, sql, "clusters").await?;
        return Ok(fleet(clusters(context, central, &rows), Source::Query));
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
    Ok(fleet(clusters(context, central, &rows), Source::Table))
}

/// A query of `[fleet]`, where the file in force has it.
pub(super) fn query(
    context: &Context,
    member: impl FnOnce(&crate::config::file::FleetSection) -> Option<&str>,
) -> Option<&str> {
    context.file.as_ref()?.section.fleet.as_ref().and_then(member)
}

/// The clusters by name, each once. Of a name that stands there twice nobody knows which cluster is meant, so it cannot
/// be reached.
fn fleet(mut clusters: Vec<Cluster>, source: Source) -> Fleet {
    clusters.sort_by(|a, b| a.name.cmp(&b.name));
    clusters.dedup_by(|later, first| {
        let twice = later.name == first.name;
        if twice {
            let name = crate::text::printable(&first.name);
            let error = Error::config(format!("cluster `{name}` is registered twice in {source}"));
            *first = Cluster::broken(first.name.clone(), &error);
        }
        twice
    });
    Fleet { clusters, source }
}

/// The rows of a query over the platform's own tables, read in a transaction that writes nothing.
///
/// # Errors
/// [`crate::Kind::Config`] for whatever is the query's fault; the central database's.
pub(super) async fn platform(central: &Db, sql: &str, what: &str) -> Result<Vec<Row>> {
    let one = "it must be one SELECT that changes nothing";
    if sql.trim().is_empty() {
        return Err(Error::config(format!("the query of [fleet] {what} is empty"))
            .hint(format!("write the SELECT, or leave `{what}` out")));
    }
    let is_file = central.engine() == Engine::Sqlite;
    // Servers refuse it themselves, and know better what is quoted.
    if is_file && is_several(sql) {
        return Err(
            Error::config(format!("the query of [fleet] {what} is more than one statement")).hint(one)
        );
    }
    let mut session = central.session().await?;
    session.begin(Begin::Read).await?;
    if is_file {
        // A transaction of SQLite knows no READ ONLY.
        session.script("PRAGMA query_only = ON").await?;
    }
    let rows = session.fetch(Query::new(sql.replace('?', "??"))).await;
    if is_file {
        session.script("PRAGMA query_only = OFF").await?;
    }
    session.rollback().await?;
    rows.map_err(|error| match error.fault() {
        Some(Fault::Lost | Fault::Full | Fault::Credentials | Fault::Transient | Fault::Resource) => error,
        Some(Fault::ReadOnly) => {
            Error::config(format!("the query of [fleet] {what} writes")).because(error.root()).hint(one)
        }
        Some(Fault::Other) => Error::config(format!("the query of [fleet] {what} cannot be run"))
            .because(error.root())
            .hint(one),
        _ => error.during(format!("the query of [fleet] {what} cannot be run")),
    })
}

/// The clusters of rows with the columns of `opsctl_clusters`; a platform's own query gives some of them. A row that
/// cannot be understood is a cluster that cannot be reached, named by its position where it has no name: the others go
/// on.
fn clusters(context: &Context, central: &Db, rows: &[Row]) -> Vec<Cluster> {
    let cluster = |(at, row): (usize, &Row)| match registration(central.target(), row) {
        Ok(registration) => Cluster::registered(context, &registration),
        Err(error) => Cluster::broken(text(row, "name").unwrap_or_else(|| format!("row {}", at + 1)), &error),
    };
    rows.iter().enumerate().map(cluster).collect()
}

/// Refuses to change registrations that do not stand in opsctl's table. Files and queries are not opsctl's to change, and
/// who has them needs no central database to be told so.
///
/// # Errors
/// [`crate::Kind::Refused`] where clusters are registered elsewhere, with the place.
pub fn written_elsewhere(context: &Context) -> Result<()> {
    let elsewhere = match query(context, |fleet| fleet.clusters.as_deref()) {
        Some(_) => Some((Source::Query, "change them in the platform's own tables; the query stands in")),
        None => context.clusters().map(|_| (Source::File, "change them in")),
    };
    if let (Some((source, what)), Some(file)) = (elsewhere, &context.file) {
        return Err(Error::refused(format!("clusters are registered in {source}, not in {CLUSTERS}"))
            .because("nothing was changed")
            .hint(format!("{what} {}", file.path.display())));
    }
    Ok(())
}

/// The table in which clusters are registered, for those who change registrations.
///
/// # Errors
/// As [`written_elsewhere`]; [`crate::Kind::Config`] without the table.
pub async fn writable(context: &Context, central: &Db) -> Result<Table> {
    written_elsewhere(context)?;
    central.table(CLUSTERS).await?.ok_or_else(|| {
        Error::config(format!("{} has no table `{CLUSTERS}`", central.target()))
            .hint("add opsctl's tables beside the application's: `opsctl db migrate`")
    })
}

/// The row of a cluster, locked until the transaction of `session` ends: it is neither changed nor removed meanwhile.
/// Whoever gives a cluster something to keep, a tenant say, locks it in the same transaction.
///
/// # Errors
/// The central database's.
pub async fn locked(session: &mut Session<'_>, name: &str) -> Result<Option<Row>> {
    let Some(table) = session.db().table(CLUSTERS).await? else { return Ok(None) };
    let lock = if table.engine() == Engine::Sqlite { "" } else { " FOR UPDATE" };
    let sql = format!("SELECT * FROM {} WHERE name = {}{lock}", table.name, table.hole("name"));
    session.first(Query::new(sql).bind(name)).await
}

/// What a row registers.
///
/// # Errors
/// [`crate::Kind::Config`] for a row that cannot be understood.
pub fn registration(central: &Database, row: &Row) -> Result<Registration> {
    let name =
        text(row, "name").ok_or_else(|| Error::config("the registration of a cluster lacks its `name`"))?;
    match section(row) {
        Ok(section) => Ok(Registration::of_table(name, section, folder(central).map(Path::to_owned))),
        Err(error) => {
            let what = format!("the registration of cluster `{name}` cannot be understood");
            Err(error.during(what))
        }
    }
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
