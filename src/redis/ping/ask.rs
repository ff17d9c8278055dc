//! Asking one place: a server, a Sentinel set or a Cluster.

use std::collections::HashMap;

use futures_util::future::join_all;
use redis::InfoDict;

use super::{ClusterState, Facts, Node, Place, SentinelState, facts::say};
use crate::{
    Error, Kind, Result,
    config::redis::{self as settings, Address, RolePlace, Sentinels, Target, Tls},
    redis::{
        connect::{self, Login, SERVERS},
        fault::Peer,
        sentinel,
    },
};

/// Asks the place that some roles share. What fails is told, and does not keep the rest from being asked.
pub(super) async fn place(roles: &[(RolePlace, Target)]) -> Place {
    let target = &roles[0].1;
    let mut place = Place::new(roles, target);
    let asked = match &target.address {
        Address::Sentinel(set, tls) => sentinel_set(&mut place, set, tls.as_ref(), roles).await,
        Address::Cluster(nodes, tls) => cluster(&mut place, nodes, tls.as_ref(), target).await,
        Address::Tcp(..) | Address::Tls(..) | Address::Socket(_) => one_server(&mut place, roles).await,
    };
    place.errors.extend(asked.err());
    place
}

async fn one_server(place: &mut Place, roles: &[(RolePlace, Target)]) -> Result<()> {
    let target = &roles[0].1;
    let peer = Peer { name: place.address.clone(), ..Peer::from(target) };
    place.nodes.push(Node { address: place.address.clone(), facts: None });
    let mut conn = connect::server(&target.address, first_database(target), &peer, SERVERS).await?;
    place.nodes[0].facts = Some(Facts::ask(&mut conn, &peer).await?);
    databases(place, &mut conn, roles).await;
    Ok(())
}

/// No role's own database: one that is not there must not hide the server.
fn first_database(target: &Target) -> Login<'_> {
    Login { database: 0, ..Login::from(target) }
}

/// Looks whether the database of every role is there.
async fn databases(
    place: &mut Place,
    conn: &mut redis::aio::MultiplexedConnection,
    roles: &[(RolePlace, Target)],
) {
    for (role, target) in roles {
        let peer = Peer::from(target);
        let chosen = say::<()>(conn, &peer, redis::cmd("SELECT").arg(target.database)).await;
        let named = |error: Error| match error.kind() {
            Kind::Failed => Error::config(format!("{target} has no database {}", target.database))
                .because(error.root())
                .hint(format!("the role `{}` is to live there", role.role.name())),
            _ => error,
        };
        place.errors.extend(chosen.map_err(named).err());
    }
}

async fn sentinel_set(
    place: &mut Place,
    set: &Sentinels,
    tls: Option<&Tls>,
    roles: &[(RolePlace, Target)],
) -> Result<()> {
    let target = Target { database: 0, ..roles[0].1.clone() };
    let asked = set
        .nodes
        .iter()
        .map(|node| sentinel::ask::<HashMap<String, String>>(set, node, &target.origin, "MASTER"));
    let mut state = SentinelState {
        master: set.master.clone(),
        sentinels: set.nodes.len(),
        answering: 0,
        quorum: 0,
        replicas: 0,
    };
    let mut failures = Vec::new();
    for answer in join_all(asked).await {
        match answer {
            Ok(told) => {
                let number = |key: &str| told.get(key).and_then(|text| text.parse().ok()).unwrap_or_default();
                state.answering += 1;
                state.quorum = state.quorum.max(number("quorum"));
                state.replicas = state.replicas.max(number("num-slaves"));
            }
            Err(error) => failures.push(error),
        }
    }
    let none = state.answering == 0;
    place.sentinel = Some(state);
    let (node, mut conn) = sentinel::master(set, tls, &target).await?;
    // Without any sentinel that error has said it all.
    place.errors.extend(failures.into_iter().filter(|_| !none));
    let address = Address::server(node, tls.cloned());
    let peer = Peer { name: address.to_string(), ..Peer::from(&target) };
    place.nodes.push(Node { address: address.to_string(), facts: None });
    place.nodes[0].facts = Some(Facts::ask(&mut conn, &peer).await?);
    databases(place, &mut conn, roles).await;
    Ok(())
}

async fn cluster(
    place: &mut Place,
    nodes: &[settings::Node],
    tls: Option<&Tls>,
    target: &Target,
) -> Result<()> {
    let peer = Peer::from(target);
    let (_, mut conn) = connect::first(nodes, tls, Login::from(target), &peer).await?;
    let info: InfoDict = say(&mut conn, &peer, redis::cmd("CLUSTER").arg("INFO")).await?;
    let number = |key: &str| info.get::<u64>(key).unwrap_or_default();
    place.cluster = Some(ClusterState {
        state: info.get::<String>("cluster_state").unwrap_or_default(),
        slots_assigned: number("cluster_slots_assigned"),
        size: number("cluster_size"),
        known_nodes: number("cluster_known_nodes"),
    });
    let listed: String = say(&mut conn, &peer, redis::cmd("CLUSTER").arg("NODES")).await?;
    let asked = listed.lines().filter_map(listed_node).map(|node| cluster_node(node, tls, target));
    for (node, failure) in join_all(asked).await {
        place.nodes.push(node);
        place.errors.extend(failure);
    }
    place.nodes.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(())
}

async fn cluster_node(node: settings::Node, tls: Option<&Tls>, target: &Target) -> (Node, Option<Error>) {
    let address = Address::server(node, tls.cloned());
    let name = address.to_string();
    let peer = Peer { name: name.clone(), ..Peer::from(target) };
    let facts = async {
        let mut conn = connect::server(&address, Login::from(target), &peer, SERVERS).await?;
        Facts::ask(&mut conn, &peer).await
    };
    match facts.await {
        Ok(facts) => (Node { address: name, facts: Some(facts) }, None),
        Err(error) => (Node { address: name, facts: None }, Some(error)),
    }
}

/// A line of CLUSTER NODES: `ID HOST:PORT@BUS[,NAME] FLAGS …`. A node that was never met has no address.
fn listed_node(line: &str) -> Option<settings::Node> {
    let mut words = line.split(' ').skip(1);
    let (address, flags) = (words.next()?, words.next()?);
    let (address, name) = match address.split_once(',') {
        Some((address, more)) => (address, more.split(',').next().filter(|name| !name.is_empty())),
        None => (address, None),
    };
    let (host, port) = address.split('@').next()?.rsplit_once(':')?;
    let host = name.filter(|name| !name.contains('=')).unwrap_or(host);
    let known = !flags.contains("noaddr") && !flags.contains("handshake") && !host.is_empty();
    Some(settings::Node::new(host, port.parse().ok()?)).filter(|_| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_a_cluster_are_known_by_their_name_or_address() {
        for (line, node) in [
            ("07c3 127.0.0.1:30004@31004 slave e7d1 0 1426238317239 4 connected", Some("127.0.0.1:30004")),
            (
                "67ed 10.0.0.5:7000@17000,cache-1.internal master - 0 0 1 connected 0-5460",
                Some("cache-1.internal:7000"),
            ),
            ("67ed 10.0.0.5:7000@17000,,shard-id=9f myself,master - 0 0 1 connected", Some("10.0.0.5:7000")),
            ("67ed ::1:7000@17000 master - 0 0 1 connected", Some("[::1]:7000")),
            ("67ed :0@0 master,noaddr - 0 0 1 disconnected", None),
            ("67ed 10.0.0.5:7000@17000 handshake - 0 0 0 connected", None),
            ("", None),
        ] {
            assert_eq!(listed_node(line).map(|node| node.to_string()).as_deref(), node, "{line}");
        }
    }
}
