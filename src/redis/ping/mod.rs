//! All roles of a context, asked how they are. Roles on the same servers share a connection.

mod ask;
mod facts;
mod findings;

use futures_util::future::join_all;
use serde::{Serialize, Serializer};

pub use self::{
    facts::{Facts, Saved, ServerRole},
    findings::{Finding, FindingKind},
};
use crate::{
    Error, Exit,
    config::redis::{Address, Role, RolePlace, Target, Verify},
};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Each place that a role lives on.
    pub places: Vec<Place>,
    /// Roles whose place is unknown.
    pub unknown: Vec<Unknown>,
    /// What is wrong with those that answered.
    pub findings: Vec<Finding>,
}

/// One server, Sentinel set or Cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// Its address, without a database.
    pub address: String,
    /// What it is.
    pub kind: PlaceKind,
    /// What TLS verifies; none without TLS.
    pub tls: Option<Verify>,
    /// The roles that live there.
    pub roles: Vec<RoleHere>,
    /// Its servers; of a Sentinel set the master.
    pub nodes: Vec<Node>,
    /// What the sentinels say.
    pub sentinel: Option<SentinelState>,
    /// What the Cluster says.
    pub cluster: Option<ClusterState>,
    /// What could not be asked.
    #[serde(serialize_with = "errors")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Told<'static>>"))]
    pub errors: Vec<Error>,
}

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PlaceKind {
    /// One server.
    Server,
    /// A Sentinel set.
    Sentinel,
    /// A Cluster.
    Cluster,
}

/// A role on its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoleHere {
    /// The role.
    pub role: Role,
    /// Whether the application keeps there what the role is for.
    pub used: bool,
    /// Logical database.
    pub database: i64,
    /// Key prefix of the client.
    pub prefix: String,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Node {
    /// Host and port, or its socket.
    pub address: String,
    /// What it says about itself, if it does.
    pub facts: Option<Facts>,
}

/// What the sentinels of a set say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SentinelState {
    /// Name under which they watch the master.
    pub master: String,
    /// Those that are configured.
    pub sentinels: usize,
    /// Those that answer.
    pub answering: usize,
    /// Those that must agree before there is a new master.
    pub quorum: usize,
    /// Replicas that they know.
    pub replicas: usize,
}

/// What a Cluster says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClusterState {
    /// `ok` or `fail`.
    pub state: String,
    /// Slots that a node has, of 16384.
    pub slots_assigned: u64,
    /// Masters with slots.
    pub size: u64,
    /// Nodes that are known.
    pub known_nodes: u64,
}

/// A role whose place is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unknown {
    /// The role.
    pub role: Role,
    /// Why.
    #[serde(serialize_with = "error")]
    #[cfg_attr(feature = "schema", schemars(with = "Told<'static>"))]
    pub error: Error,
}

impl Report {
    /// A place that does not answer comes before one that is not well.
    pub fn exit(&self) -> Exit {
        let found = if self.findings.is_empty() { Exit::Done } else { Exit::Findings };
        self.errors().map(Error::exit).fold(found, Exit::worst)
    }

    /// Everything that could not be asked.
    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        let places = self.places.iter().flat_map(|place| &place.errors);
        places.chain(self.unknown.iter().map(|unknown| &unknown.error))
    }
}

/// Asks the places of all roles, at the same time.
pub async fn ping(roles: Vec<RolePlace>) -> Report {
    let mut groups: Vec<Vec<(RolePlace, Target)>> = Vec::new();
    let mut unknown = Vec::new();
    for place in roles {
        let target = match &place.target {
            Ok(target) => target.clone(),
            Err(error) => {
                unknown.push(Unknown { role: place.role, error: error.clone() });
                continue;
            }
        };
        let same = groups.iter_mut().find(|group| group[0].1.shares_server_with(&target));
        match same {
            Some(group) => group.push((place, target)),
            None => groups.push(vec![(place, target)]),
        }
    }
    let places = join_all(groups.iter().map(|group| ask::place(group))).await;
    let findings = places.iter().flat_map(findings::of).collect();
    Report { places, unknown, findings }
}

impl Place {
    fn new(roles: &[(RolePlace, Target)], target: &Target) -> Self {
        let role = |(place, target): &(RolePlace, Target)| RoleHere {
            role: place.role,
            used: place.used,
            database: target.database,
            prefix: target.prefix.clone(),
        };
        let kind = match target.address {
            Address::Sentinel(..) => PlaceKind::Sentinel,
            Address::Cluster(..) => PlaceKind::Cluster,
            Address::Tcp(..) | Address::Tls(..) | Address::Socket(_) => PlaceKind::Server,
        };
        Self {
            address: target.address.to_string(),
            kind,
            tls: target.address.tls().map(|tls| tls.verify),
            roles: roles.iter().map(role).collect(),
            nodes: Vec::new(),
            sentinel: None,
            cluster: None,
            errors: Vec::new(),
        }
    }

    /// The roles whose loss costs work, when none of its servers keeps anything on disk.
    pub fn unkept(&self) -> Vec<Role> {
        let mut facts = self.nodes.iter().filter_map(|node| node.facts.as_ref()).peekable();
        let kept = facts.peek().is_none() || facts.any(|facts| !facts.keeps_nothing());
        [Role::Queue, Role::Lock].into_iter().filter(|role| !kept && self.serves(*role)).collect()
    }

    /// Whether the application uses it for a role.
    pub fn serves(&self, role: Role) -> bool {
        self.roles.iter().any(|here| here.role == role && here.used)
    }
}

fn error<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    Told::from(error).serialize(serializer)
}

fn errors<S: Serializer>(errors: &[Error], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errors.iter().map(Told::from))
}

/// An error, as the JSON of errors has it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Told<'a> {
    /// The exit code that it stands for.
    code: u8,
    /// What sort of failure it is.
    kind: crate::Kind,
    /// What failed, in one line.
    message: &'a str,
    /// Why, outermost first.
    causes: &'a [String],
    /// What to do next.
    hints: &'a [String],
}

impl<'a> From<&'a Error> for Told<'a> {
    fn from(error: &'a Error) -> Self {
        Self {
            code: error.exit().code(),
            kind: error.kind(),
            message: error.message(),
            causes: error.causes(),
            hints: error.hints(),
        }
    }
}
