//! Where a new tenant goes.

use std::collections::BTreeMap;

use super::{CLUSTERS, Cluster, Fleet};
use crate::{
    Error, Result,
    config::{Engine, clusters::ClusterStatus},
    db::{Query, Session},
};

/// The record of opsctl's own migrations: its rows are there wherever `opsctl_tenants` is.
const RECORD: &str = "opsctl_migrations";

/// Holds placement for the rest of a transaction that writes: tenants get their clusters, and clusters are taken out of
/// use, one after the other. Read what is decided by afterwards.
///
/// # Errors
/// The database's; a lock that is not given in time.
pub async fn hold(session: &mut Session<'_>) -> Result<()> {
    let db = session.db();
    if db.engine() == Engine::Sqlite {
        return Ok(()); // the transaction has locked the file
    }
    // The registrations too, which may be changed by hand.
    let tables = [db.table(RECORD).await?, db.table(CLUSTERS).await?];
    for table in tables.into_iter().flatten() {
        session.fetch(Query::new(format!("SELECT 1 FROM {} FOR UPDATE", table.name))).await?;
    }
    Ok(())
}

/// Whether a cluster that was named takes a new tenant beside those that it has.
///
/// # Errors
/// [`crate::Kind::Refused`], with why it takes none.
pub fn admit(cluster: &Cluster, tenants: u64) -> Result<()> {
    match refusal(cluster, tenants, None) {
        None => Ok(()),
        Some(why) => Err(Error::refused(format!("cluster `{}` takes no new tenant: it {why}", cluster.name))
            .hint("leave the choice to opsctl: the same without `--cluster`")
            .hint("clusters and their room: `opsctl clusters list`")),
    }
}

/// The least full cluster that takes tenants: the one of the smallest share of its capacity, then of the fewest tenants,
/// then the first by name. One without a capacity counts as empty by share.
///
/// # Errors
/// [`crate::Kind::Refused`], with why each cluster takes none.
pub fn place<'a>(
    fleet: &'a Fleet,
    counts: &BTreeMap<String, u64>,
    region: Option<&str>,
) -> Result<&'a Cluster> {
    let tenants = |cluster: &Cluster| counts.get(&cluster.name).copied().unwrap_or_default();
    let takers = fleet.clusters.iter().filter(|cluster| refusal(cluster, tenants(cluster), region).is_none());
    let least = takers.min_by(|a, b| {
        let (full, other) = (share(a, tenants(a)), share(b, tenants(b)));
        full.total_cmp(&other).then(tenants(a).cmp(&tenants(b))).then(a.name.cmp(&b.name))
    });
    least.ok_or_else(|| {
        let why = fleet.clusters.iter().filter_map(|cluster| {
            Some(format!("{} {}", cluster.name, refusal(cluster, tenants(cluster), region)?))
        });
        Error::refused("no cluster takes a new tenant")
            .because(why.collect::<Vec<_>>().join("; "))
            .hint("register another one: `opsctl clusters add`, or name one that has room: `--cluster NAME`")
    })
}

/// Why a cluster takes no new tenant; `None` where it does.
fn refusal(cluster: &Cluster, tenants: u64, region: Option<&str>) -> Option<String> {
    if region.is_some_and(|region| cluster.region.as_deref() != Some(region)) {
        return Some("stands in another region".into());
    }
    if cluster.status != ClusterStatus::Active {
        return Some(format!("is {}", cluster.status));
    }
    let capacity = cluster.capacity?;
    (tenants >= u64::from(capacity)).then(|| format!("is full: {tenants} of {capacity}"))
}

fn share(cluster: &Cluster, tenants: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a share is compared, not counted
    cluster.capacity.map_or(0.0, |capacity| tenants as f64 / f64::from(capacity))
}
