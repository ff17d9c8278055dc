//! The central database and its clusters: which there are, how each is reached, and work on many of them at once.
//!
//! Clusters are registered in `[clusters]` of an `opsctl.toml`, in a platform's own table that `[fleet] clusters` reads,
//! or in `opsctl_clusters`; tenants likewise, but for the file. Where no cluster is registered, there is one: the central
//! database itself. So every command that works on clusters has one path.

mod each;
mod placement;
mod registry;
mod roll;
mod tenants;

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::PathBuf,
};

use crate::{
    Error, Kind, Result,
    clock::Clock,
    config::{
        Context, Database, Engine,
        clusters::{ClusterStatus, Registration, Role},
    },
    db::{Access, Db},
    near,
};

pub use self::{
    each::{Bounds, Done, each},
    placement::{admit, hold, place},
    registry::{CLUSTERS, Source, folder, load, locked, of_file, registration, writable, written_elsewhere},
    roll::{Roll, Unclear},
    tenants::{TENANTS, Tenant, TenantStatus, Tenants},
};

/// Name of the one cluster of a fleet that registers none.
pub const CENTRAL: &str = "central";

/// One cluster, with the databases that its roles reach.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its address without credentials; the reason why there is none is that of [`Cluster::database`].
    pub address: String,
    /// Its engine, where the address can be read.
    pub engine: Option<Engine>,
    /// Where it stands.
    pub region: Option<String>,
    /// What it may be used for.
    pub status: ClusterStatus,
    /// Tenants that it takes; no limit where there is none.
    pub capacity: Option<u32>,
    /// What bounds of a host count for: connections to the same server share them.
    pub host: String,
    /// Whether its registration can be understood. A secret that is missing on this host is nothing wrong with it.
    pub is_sound: bool,
    /// The file that registers it in `[clusters]`, where one does.
    pub file: Option<PathBuf>,
    /// That of its database, see [`Database::identity`].
    identity: Option<String>,
    /// Where the password of each role lies, as it is registered.
    references: [Option<String>; 3],
    databases: [Result<Database>; 3],
    own: [bool; 3],
}

impl Cluster {
    /// The cluster of a registration. What is wrong with it is told by those who want to connect.
    pub fn registered(context: &Context, registration: &Registration) -> Self {
        let bare = registration.bare();
        let databases = Role::ALL.map(|role| context.cluster_database(registration, role));
        Self {
            name: registration.name.clone(),
            address: bare.as_ref().map(ToString::to_string).unwrap_or_default(),
            engine: bare.as_ref().ok().map(|database| database.engine),
            region: registration.section.region.clone(),
            status: registration.section.status,
            capacity: registration.section.capacity,
            host: bare.as_ref().map(host).unwrap_or_default(),
            is_sound: registration.check_values().is_ok(),
            file: None,
            identity: bare.as_ref().ok().map(Database::identity),
            references: Role::ALL.map(|role| registration.reference(role).map(str::to_owned)),
            databases,
            own: Role::ALL.map(|role| registration.has(role)),
        }
    }

    /// A cluster whose registration cannot be understood; `error` is told by those who want to connect. Its status is
    /// one that takes no tenants and is not passed over in silence.
    pub(super) fn broken(name: String, error: &Error) -> Self {
        Self {
            name,
            address: String::new(),
            engine: None,
            region: None,
            status: ClusterStatus::Pending,
            capacity: None,
            host: String::new(),
            is_sound: false,
            file: None,
            identity: None,
            references: [const { None }; 3],
            databases: [(); 3].map(|()| Err(error.clone())),
            own: [true, false, false],
        }
    }

    /// The central database as the one cluster of a fleet.
    pub fn central(database: &Database) -> Self {
        Self {
            name: CENTRAL.into(),
            address: database.to_string(),
            engine: Some(database.engine),
            region: None,
            status: ClusterStatus::Active,
            capacity: None,
            host: host(database),
            is_sound: true,
            file: None,
            identity: Some(database.identity()),
            references: [const { None }; 3],
            databases: [(); 3].map(|()| Ok(database.clone())),
            own: [true, false, false],
        }
    }

    /// Whether a role has a credential of its own; one that has none works as `app` does.
    pub fn has(&self, role: Role) -> bool {
        self.own[role as usize]
    }

    /// Where the password of a role lies, as it is registered: `env:NAME`, `file:PATH`.
    pub fn reference(&self, role: Role) -> Option<&str> {
        self.references[role as usize].as_deref()
    }

    /// How its owner's credentials are registered, as a hint has it.
    pub fn give_owner(&self) -> String {
        let name = &self.name;
        match &self.file {
            Some(file) => format!("`user` and `password` of [clusters.{name}.owner] in {}", file.display()),
            None => format!("`opsctl clusters edit {name} --owner-user USER --owner-password-from REF`"),
        }
    }

    /// The database as a role reaches it.
    ///
    /// # Errors
    /// [`Kind::Config`]: an address that cannot be used, a reference that leads nowhere.
    pub fn database(&self, role: Role) -> Result<&Database> {
        self.databases[role as usize].as_ref().map_err(Clone::clone)
    }

    /// Its database, not connected yet.
    ///
    /// # Errors
    /// As [`Cluster::database`].
    pub fn db(&self, role: Role, clock: Clock) -> Result<Db> {
        Ok(Db::new(self.database(role)?.clone(), Access::Existing, clock))
    }
}

/// What tells servers apart: many databases of one share its connections.
fn host(database: &Database) -> String {
    use crate::config::database::Address;
    match &database.address {
        Address::Tcp(host, port) => format!("{host}:{port}"),
        Address::Socket(path, port) => format!("{}:{port}", path.display()),
        Address::File(path) => path.display().to_string(),
    }
}

/// All clusters, by name.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The clusters.
    pub clusters: Vec<Cluster>,
    /// Where they are registered.
    pub source: Source,
}

impl Fleet {
    /// The cluster of a name.
    ///
    /// # Errors
    /// [`Kind::NotFound`], with the nearest name.
    pub fn cluster(&self, name: &str) -> Result<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name).ok_or_else(|| {
            let error =
                Error::new(Kind::NotFound, format!("there is no cluster `{}`", crate::text::printable(name)))
                    .because(format!("looked in {}", self.source));
            let names = self.clusters.iter().map(|cluster| cluster.name.as_str());
            near::or(
                error,
                name,
                names,
                |near| crate::text::shell_word(near).to_string(),
                "all clusters: `opsctl clusters list`",
            )
        })
    }

    /// Clusters whose database is that of another one, too: each with the first of that database. What is done on every
    /// cluster is done to it as often as it is named.
    pub fn twins(&self) -> Vec<(&Cluster, &Cluster)> {
        let mut firsts: BTreeMap<&str, &Cluster> = BTreeMap::new();
        let mut twins = Vec::new();
        for cluster in &self.clusters {
            let Some(identity) = &cluster.identity else { continue };
            match firsts.entry(identity) {
                Entry::Occupied(first) => twins.push((*first.get(), cluster)),
                Entry::Vacant(free) => _ = free.insert(cluster),
            }
        }
        twins
    }

    /// Makes sure that there are clusters in a region.
    ///
    /// # Errors
    /// [`Kind::NotFound`], with the nearest one, or all of them.
    pub fn region(&self, name: &str) -> Result<()> {
        let regions: BTreeSet<&str> =
            self.clusters.iter().filter_map(|cluster| cluster.region.as_deref()).collect();
        if regions.contains(name) {
            return Ok(());
        }
        let error = Error::new(
            Kind::NotFound,
            format!("no cluster stands in the region `{}`", crate::text::printable(name)),
        )
        .because(format!("looked in {}", self.source));
        let all: Vec<&str> = regions.iter().copied().collect();
        let known = match all.is_empty() {
            true => "no cluster has a region: `opsctl clusters list`".to_owned(),
            false => format!("regions: {}", all.join(", ")),
        };
        Err(near::or(error, name, all, |near| format!("--region {near}"), known))
    }

    /// The clusters that a command means: those that it names, each once, or all that are up.
    ///
    /// # Errors
    /// As [`Fleet::cluster`].
    pub fn select(&self, names: &[String]) -> Result<Vec<&Cluster>> {
        if names.is_empty() {
            return Ok(self.clusters.iter().filter(|cluster| cluster.status.is_up()).collect());
        }
        let mut chosen: Vec<&Cluster> = Vec::new();
        for name in names {
            let cluster = self.cluster(name)?;
            if chosen.iter().all(|known| known.name != cluster.name) {
                chosen.push(cluster);
            }
        }
        Ok(chosen)
    }
}
