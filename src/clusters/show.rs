//! One cluster in full: how each role reaches it, its tenants, what was last seen of it and done to it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Line, Migrated, Probed, Seen, history};
use crate::{
    Result,
    config::{Context, clusters::Role},
    db::Db,
    fleet::{Cluster, Fleet, Source, Tenants},
};

/// Probes and migrations that are shown.
const LAST: u32 = 5;

/// How a role reaches a cluster. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoleLine {
    /// The role.
    pub role: Role,
    /// Whether it has a credential of its own; one that has none works as `app` does.
    pub own: bool,
    /// The user; missing where the registration cannot be used, and on SQLite.
    pub user: Option<String>,
    /// Where its password comes from: a reference, a password file; missing where there is none.
    pub password: Option<String>,
    /// Why it cannot connect from here.
    pub problem: Option<String>,
}

/// One cluster in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shown {
    /// The cluster as it is listed.
    #[serde(flatten)]
    pub line: Line,
    /// Where clusters are registered.
    pub registered_in: Source,
    /// How each role reaches it.
    pub roles: Vec<RoleLine>,
    /// Tenants by status, archived ones included; missing where no tenants are registered.
    pub tenants_by_status: Option<BTreeMap<String, u64>>,
    /// The last probes, newest first.
    pub probes: Vec<Probed>,
    /// The last runs of migrations, newest first.
    pub migrations: Vec<Migrated>,
}

/// Gathers what is known of a cluster; it is not connected to. Without a central database nothing was kept.
///
/// # Errors
/// [`crate::Kind::NotFound`], with the nearest name; the central database's.
pub async fn show(context: &Context, central: Option<&Db>, fleet: &Fleet, name: &str) -> Result<Shown> {
    let cluster = fleet.cluster(name)?;
    let Some(db) = central else {
        let line = Line::of(cluster, None, &Seen::default(), None);
        return Ok(shown(cluster, line, fleet.source, None));
    };
    let tenants = match Tenants::open(context, db).await? {
        Some(tenants) => Some(tenants.statuses(name).await?),
        None => None,
    };
    let living = |counts: &BTreeMap<String, u64>| {
        counts.iter().filter(|(status, _)| *status != "archived").map(|(_, count)| count).sum()
    };
    let line = Line::of(cluster, central, &Seen::read(db).await?, tenants.as_ref().map(living));
    let (probes, migrations) = history(db, name, LAST).await?;
    Ok(Shown { probes, migrations, ..shown(cluster, line, fleet.source, tenants) })
}

fn shown(
    cluster: &Cluster,
    line: Line,
    registered_in: Source,
    tenants_by_status: Option<BTreeMap<String, u64>>,
) -> Shown {
    let roles = Role::ALL.map(|role| RoleLine::of(cluster, role)).to_vec();
    Shown { line, registered_in, roles, tenants_by_status, probes: Vec::new(), migrations: Vec::new() }
}

impl RoleLine {
    fn of(cluster: &Cluster, role: Role) -> Self {
        let database = cluster.database(role);
        let found = database.as_ref().ok();
        let user = found.map(|database| database.username.clone()).filter(|user| !user.is_empty());
        let reference = cluster.reference(role).map(str::to_owned);
        let elsewhere = found.filter(|database| database.password.is_some());
        let elsewhere = elsewhere
            .map(|database| database.password_origin.as_ref().unwrap_or(&database.origin).to_string());
        Self {
            role,
            own: cluster.has(role),
            user,
            password: reference.or(elsewhere),
            problem: database.err().map(|error| error.to_string()),
        }
    }
}
