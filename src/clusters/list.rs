//! The list of clusters: what is registered, and what was last seen of each. No cluster is connected to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Migrated, Probed, Seen, Trouble};
use crate::{
    config::{
        Engine,
        clusters::{ClusterStatus, Role},
    },
    db::Db,
    fleet::{Cluster, Fleet, Source},
};

/// Which clusters to list; an empty member takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one of these statuses.
    pub statuses: Vec<ClusterStatus>,
    /// In one of these regions.
    pub regions: Vec<String>,
    /// On one of these engines.
    pub engines: Vec<Engine>,
}

impl Filter {
    fn takes(&self, cluster: &Cluster) -> bool {
        let region = |wanted: &String| cluster.region.as_ref() == Some(wanted);
        let engine = |wanted: &Engine| cluster.engine == Some(*wanted);
        (self.statuses.is_empty() || self.statuses.contains(&cluster.status))
            && (self.regions.is_empty() || self.regions.iter().any(region))
            && (self.engines.is_empty() || self.engines.iter().any(engine))
    }
}

/// What a database of the fleet is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Holds tenants.
    Tenants,
    /// The central database, which holds the tenants, too.
    Central,
}

/// One cluster as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// Its name.
    pub name: String,
    /// What its database is there for.
    pub role: Part,
    /// The engine, where the address can be read.
    pub engine: Option<Engine>,
    /// Where it stands.
    pub region: Option<String>,
    /// What it may be used for.
    pub status: ClusterStatus,
    /// Tenants that live on it; missing where no tenants are registered.
    pub tenants: Option<u64>,
    /// Tenants that it takes; no limit where there is none.
    pub capacity: Option<u32>,
    /// Version of the last migration that was applied when it was last looked at.
    pub schema_head: Option<i64>,
    /// Migrations that were not applied then.
    pub pending: Option<i64>,
    /// The table that records what was seen, where nothing is known of the tenant set.
    pub schema_table: Option<String>,
    /// What of it had to be mended.
    pub schema_trouble: Option<Trouble>,
    /// Its last probe.
    pub probe: Option<Probed>,
    /// The last run of migrations on it.
    pub migration: Option<Migrated>,
    /// Its address, without credentials.
    pub address: String,
    /// Roles with a credential of their own; the others work as `app` does.
    pub credentials: Vec<Role>,
    /// Why it cannot be reached as it is registered.
    pub problem: Option<String>,
    /// Its registration can be understood. A secret that is missing on this host is a problem, and nothing wrong with it.
    pub is_sound: bool,
}

/// The list in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Clusters that are listed.
    pub count: usize,
    /// Where clusters are registered.
    pub registered_in: Source,
    /// Tenants that live on them.
    pub tenants: u64,
    /// Those with pending migrations, or whose schema has to be mended.
    pub behind: usize,
    /// Those that cannot be reached as they are registered.
    pub problems: usize,
    /// Those of them whose registration cannot be understood.
    pub unusable: usize,
}

impl Summary {
    /// Counts the lines of a list.
    pub fn of(lines: &[Line], registered_in: Source) -> Self {
        Self {
            count: lines.len(),
            registered_in,
            tenants: lines.iter().filter_map(|line| line.tenants).sum(),
            behind: lines.iter().filter(|line| line.is_behind()).count(),
            problems: lines.iter().filter(|line| line.problem.is_some()).count(),
            unusable: lines.iter().filter(|line| !line.is_sound).count(),
        }
    }
}

/// The clusters that the filter takes, by name. `tenants` counts them by cluster; `None` where none are registered.
pub fn lines(
    fleet: &Fleet,
    central: Option<&Db>,
    seen: &Seen,
    tenants: Option<&BTreeMap<String, u64>>,
    filter: &Filter,
) -> Vec<Line> {
    let count =
        |cluster: &Cluster| tenants.map(|counts| counts.get(&cluster.name).copied().unwrap_or_default());
    let taken = fleet.clusters.iter().filter(|cluster| filter.takes(cluster));
    taken.map(|cluster| Line::of(cluster, central, seen, count(cluster))).collect()
}

impl Line {
    fn is_behind(&self) -> bool {
        self.schema_trouble.is_some() || self.pending.is_some_and(|pending| pending > 0)
    }

    /// A cluster with what was seen of it.
    pub(super) fn of(cluster: &Cluster, central: Option<&Db>, seen: &Seen, tenants: Option<u64>) -> Self {
        let schema = seen.schema(&cluster.name);
        let is_central = central.is_some_and(|central| central.target().to_string() == cluster.address);
        Self {
            name: cluster.name.clone(),
            role: if is_central { Part::Central } else { Part::Tenants },
            engine: cluster.engine,
            region: cluster.region.clone(),
            status: cluster.status,
            tenants,
            capacity: cluster.capacity,
            schema_head: schema.head,
            pending: schema.pending,
            schema_table: schema.table,
            schema_trouble: schema.trouble,
            probe: seen.probe(&cluster.name).cloned(),
            migration: seen.migration(&cluster.name).cloned(),
            address: cluster.address.clone(),
            credentials: Role::ALL.into_iter().filter(|role| cluster.has(*role)).collect(),
            problem: problem(cluster),
            is_sound: cluster.is_sound,
        }
    }
}

/// Why one of the roles cannot connect as it is registered: an address, a reference.
fn problem(cluster: &Cluster) -> Option<String> {
    Role::ALL.into_iter().find_map(|role| cluster.database(role).err()).map(|error| error.to_string())
}
