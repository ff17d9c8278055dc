//! What is wrong with places that answer.

use serde::Serialize;

use super::{Facts, Node, Place, PlaceKind, Saved, ServerRole};
use crate::{config::redis::Role, redis::fault::NAME_CLUSTER};

/// Something that an operator should know before it costs them locks or jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// The server or place.
    pub address: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// Locks or jobs may be thrown away for want of memory.
    Eviction,
    /// A role lives on a server that takes no writes.
    Replica,
    /// What is in memory was not saved.
    Persistence,
    /// Too few sentinels for a failover.
    Sentinel,
    /// A Cluster that does not serve all its slots, or of which one node alone is named.
    Cluster,
}

/// The findings about a place.
pub(super) fn of(place: &Place) -> Vec<Finding> {
    let finding = |kind, (message, hint): (String, String)| Finding {
        kind,
        address: place.address.clone(),
        message,
        hint,
    };
    let mut found: Vec<Finding> = Vec::new();
    found.extend(sentinels(place).map(|text| finding(FindingKind::Sentinel, text)));
    found.extend(cluster(place).map(|text| finding(FindingKind::Cluster, text)));
    for Node { address, facts } in &place.nodes {
        let Some(facts) = facts else { continue };
        let texts = [
            (FindingKind::Cluster, astray(place, address, facts)),
            (FindingKind::Replica, replica(place, address, facts)),
            (FindingKind::Eviction, eviction(place, address, facts)),
            (FindingKind::Persistence, persistence(address, facts)),
        ];
        let here = texts.into_iter().filter_map(|(kind, text)| Some(finding(kind, text?)));
        found.extend(here.map(|found| Finding { address: address.clone(), ..found }));
    }
    found
}

/// One node of a Cluster refuses the keys of the others.
fn astray(place: &Place, address: &str, facts: &Facts) -> Option<(String, String)> {
    let astray = facts.cluster && place.kind != PlaceKind::Cluster;
    astray.then(|| {
        (
            format!("{address} is a node of a Cluster, and refuses the keys of other nodes: {}", used(place)),
            NAME_CLUSTER.into(),
        )
    })
}

/// In a Cluster, replicas have their place.
fn replica(place: &Place, address: &str, facts: &Facts) -> Option<(String, String)> {
    let astray = facts.role == ServerRole::Replica && place.kind != PlaceKind::Cluster;
    astray.then(|| {
        (
            format!("{address} is a replica and takes no writes: {}", used(place)),
            "name the master, or the sentinels that know it".into(),
        )
    })
}

/// The roles in use, as a text names them.
fn used(place: &Place) -> String {
    let names: Vec<&str> = place.roles.iter().filter(|here| here.used).map(|here| here.role.name()).collect();
    format!("used as {}", names.join(", "))
}

/// Locks have a time to live, so every policy but one takes them; queues have none, so `volatile-…` spares them.
fn eviction(place: &Place, address: &str, facts: &Facts) -> Option<(String, String)> {
    let policy = facts.maxmemory_policy.as_str();
    let (all, expiring) = (policy.starts_with("allkeys-"), policy.starts_with("volatile-"));
    let locks = place.serves(Role::Lock) && (all || expiring);
    let queue = place.serves(Role::Queue) && all;
    let what = match (locks, queue) {
        _ if facts.maxmemory == 0 => return None,
        (true, true) => "locks and queues",
        (true, false) => "locks",
        (false, true) => "queues",
        (false, false) => return None,
    };
    let evicted = match facts.evicted_keys {
        0 => String::new(),
        count => format!(" ({count} keys evicted so far)"),
    };
    Some((
        format!(
            "{address} may evict {what} when its memory is used up: maxmemory-policy is {policy}{evicted}"
        ),
        "keep them on a server with `maxmemory-policy noeviction`, apart from cache values".into(),
    ))
}

fn persistence(address: &str, facts: &Facts) -> Option<(String, String)> {
    let failed = match (facts.snapshot, facts.append_only) {
        (Saved::Failed, Saved::Failed) => "its last snapshot and its append-only file",
        (Saved::Failed, _) => "its last snapshot",
        (_, Saved::Failed) => "its append-only file",
        _ => return None,
    };
    Some((
        format!("{address} could not write {failed}: what changed since is lost when it stops"),
        "look at the server's log and at the free space of its disk".into(),
    ))
}

fn sentinels(place: &Place) -> Option<(String, String)> {
    let state = place.sentinel.as_ref()?;
    let too_few = state.answering > 0 && state.answering < state.quorum.max(state.sentinels / 2 + 1);
    too_few.then(|| {
        (
            format!(
                "{} of {} sentinels answer, too few for a failover of `{}`",
                state.answering, state.sentinels, state.master
            ),
            "start the others, or take those that are no more out of `nodes`".into(),
        )
    })
}

fn cluster(place: &Place) -> Option<(String, String)> {
    let state = place.cluster.as_ref().filter(|state| state.state != "ok")?;
    Some((
        format!(
            "{} is not well: state {}, {} of 16384 slots assigned",
            place.address, state.state, state.slots_assigned
        ),
        "see which node fails: `redis-cli --cluster check HOST:PORT`".into(),
    ))
}
