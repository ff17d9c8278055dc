//! Taking a cluster off the registry. Its database is not touched.

use std::collections::BTreeMap;

use super::{MIGRATIONS, PROBES, edit::unknown, register::end};
use crate::{
    Error, Result,
    config::Context,
    db::{Begin, Db, Query, Session},
    fleet::{self, Tenants},
};

/// What was taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Rows about probes and migrations of it.
    pub seen: u64,
}

/// Removes a registration, and what was seen of the cluster. A dry run does the same and rolls it back.
///
/// The row is locked first, and whoever registers a tenant locks it, too: a tenant that comes at the same moment is either
/// there to be counted, or finds no cluster.
///
/// # Errors
/// [`crate::Kind::Refused`] while tenants live there, archived ones aside; [`crate::Kind::NotFound`].
pub async fn remove(context: &Context, central: &Db, name: &str, dry_run: bool) -> Result<Removed> {
    let table = fleet::writable(context, central).await?;
    let elsewhere = platforms_tenants(context, central).await?;
    for name in [fleet::TENANTS, PROBES, MIGRATIONS] {
        central.table(name).await?; // learnt before the transaction, which has but one connection
    }
    let mut session = central.session().await?;
    session.begin(Begin::Write).await?;
    if fleet::locked(&mut session, name).await?.is_none() {
        return Err(unknown(&mut session, &table, name).await?);
    }
    let tenants = match &elsewhere {
        Some(counts) => counts.get(name).copied().unwrap_or_default(),
        None => living(&mut session, name).await?,
    };
    if tenants > 0 {
        return Err(inhabited(name, tenants));
    }
    let seen = forget(&mut session, name).await?;
    let sql = format!("DELETE FROM {} WHERE name = {}", table.name, table.hole("name"));
    session.execute(Query::new(sql).bind(name)).await?;
    end(session, dry_run).await?;
    Ok(Removed { seen })
}

/// Takes away what was seen of a cluster; gives how many rows that was.
pub(super) async fn forget(session: &mut Session<'_>, name: &str) -> Result<u64> {
    let mut seen = 0;
    for about in [PROBES, MIGRATIONS] {
        if let Some(table) = session.db().table(about).await? {
            let sql = format!("DELETE FROM {} WHERE cluster = {}", table.name, table.hole("cluster"));
            seen += session.execute(Query::new(sql).bind(name)).await?;
        }
    }
    Ok(seen)
}

/// Tenants that live on a cluster, archived ones aside, whether it is registered or not.
///
/// # Errors
/// The central database's.
pub async fn residents(context: &Context, central: &Db, name: &str) -> Result<u64> {
    let Some(tenants) = Tenants::open(context, central).await? else { return Ok(0) };
    Ok(tenants.counts().await?.get(name).copied().unwrap_or_default())
}

/// Tenants of a platform's own tables, which opsctl cannot lock.
async fn platforms_tenants(context: &Context, central: &Db) -> Result<Option<BTreeMap<String, u64>>> {
    match Tenants::open(context, central).await? {
        Some(tenants @ Tenants::Query(..)) => tenants.counts().await.map(Some),
        Some(Tenants::Table(..)) | None => Ok(None),
    }
}

async fn living(session: &mut Session<'_>, name: &str) -> Result<u64> {
    let Some(table) = session.db().table(fleet::TENANTS).await? else { return Ok(0) };
    let sql = format!(
        "SELECT count(*) AS tenants FROM {} WHERE status <> 'archived' AND cluster = {}",
        table.name,
        table.hole("cluster")
    );
    let row = session.first(Query::new(sql).bind(name)).await?;
    let count = row.map(|row| row.int("tenants")).transpose()?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

fn inhabited(name: &str, tenants: u64) -> Error {
    let live = if tenants == 1 { "tenant lives" } else { "tenants live" };
    Error::refused(format!("{tenants} {live} on cluster `{name}`: it was not removed"))
        .hint(format!("see them: `opsctl tenant list --cluster {name}`"))
        .hint(format!("let it take no new ones: `opsctl clusters drain {name}`"))
}
