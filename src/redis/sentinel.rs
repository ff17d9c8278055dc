//! The master of a Sentinel set: asked of its sentinels one after the other, its role verified.

use redis::{FromRedisValue, RedisError, Value, aio::MultiplexedConnection};

use super::{
    connect::{Login, SENTINELS, SERVERS, server},
    fault::{Peer, said},
};
use crate::{
    Error, Kind, Result,
    config::{
        Origin,
        redis::{Address, Node, Sentinels, Target, Tls},
    },
};

/// The master, connected.
///
/// # Errors
/// No sentinel names a server that answers and is a master: [`Kind::Config`] when that is a matter of settings, else
/// [`Kind::Unreachable`].
pub(super) async fn master(
    set: &Sentinels,
    tls: Option<&Tls>,
    target: &Target,
) -> Result<(Node, MultiplexedConnection)> {
    let mut failures: Vec<Error> = Vec::new();
    let mut tried: Vec<Node> = Vec::new();
    let mut unknown = 0;
    for sentinel in &set.nodes {
        match named(set, sentinel, &target.origin).await {
            // What did not answer to one will not answer to the next.
            Ok(None) => unknown += 1,
            Ok(Some(node)) if tried.contains(&node) => {}
            Ok(Some(node)) => {
                match verified(&node, tls, target).await {
                    Ok(conn) => return Ok((node, conn)),
                    Err(error) => failures.push(error),
                }
                tried.push(node);
            }
            Err(error) => failures.push(error),
        }
    }
    if unknown > 0 {
        failures.insert(0, unwatched(set, unknown, &target.origin));
    }
    Err(none(target, &failures))
}

fn none(target: &Target, failures: &[Error]) -> Error {
    let settings = failures.iter().all(|error| error.kind() == Kind::Config);
    let kind = if settings { Kind::Config } else { Kind::Unreachable };
    let error = Error::new(kind, format!("{target} has no master that can be used"));
    let error = failures.iter().fold(error, Error::because);
    failures.iter().flat_map(Error::hints).take(1).fold(error, Error::hint)
}

/// The error of sentinels that answer, and know no master of that name.
fn unwatched(set: &Sentinels, count: usize, origin: &Origin) -> Error {
    let (all, master) = (set.nodes.len(), &set.master);
    let who = match (count, &set.nodes[..]) {
        (_, [only]) => format!("the sentinel {only} answers, and watches"),
        (count, _) if count == all => format!("all {all} sentinels answer, and none of them watches"),
        (1, _) => format!("1 of {all} sentinels answers, and does not watch"),
        (count, _) => format!("{count} of {all} sentinels answer, and do not watch"),
    };
    let what = if all == 1 { "no master named" } else { "a master named" };
    Error::config(format!("{who} {what} `{master}`")).hint(format!("the name comes from {origin}"))
}

/// Where one sentinel says that the master is; none when it watches no master of that name.
pub(super) async fn named(set: &Sentinels, sentinel: &Node, origin: &Origin) -> Result<Option<Node>> {
    let found: Option<(String, u16)> = ask(set, sentinel, origin, "GET-MASTER-ADDR-BY-NAME").await?;
    Ok(found.map(|(host, port)| Node::new(host, port)))
}

/// What one sentinel answers to a question about the master.
pub(super) async fn ask<T: FromRedisValue>(
    set: &Sentinels,
    sentinel: &Node,
    origin: &Origin,
    question: &str,
) -> Result<T> {
    let address = Address::server(sentinel.clone(), set.tls.clone());
    let (user, name) = (set.username.as_deref(), format!("the sentinel {address}"));
    let peer = Peer { name, user, prefix: "", origin };
    let login = Login { username: user, password: set.password.as_ref(), database: 0 };
    let mut conn = server(&address, login, &peer, SENTINELS).await?;
    let answer = redis::cmd("SENTINEL").arg(question).arg(&set.master).query_async(&mut conn).await;
    answer.map_err(|error: RedisError| match said(&error).contains("unknown command") {
        true => Error::config(format!("{address} is no sentinel"))
            .hint(format!("the address comes from {origin}; sentinels listen on 26379 as a rule")),
        false => peer.error(&error),
    })
}

/// A connection to the server that a sentinel names, which must be a master: a sentinel that was cut off may name one
/// that is none any more.
async fn verified(node: &Node, tls: Option<&Tls>, target: &Target) -> Result<MultiplexedConnection> {
    let address = Address::server(node.clone(), tls.cloned());
    let peer = Peer { name: format!("the master {address}"), ..Peer::from(target) };
    let mut conn = server(&address, Login::from(target), &peer, SERVERS).await?;
    let answer: Result<Vec<Value>, RedisError> = redis::cmd("ROLE").query_async(&mut conn).await;
    let answer = answer.map_err(|error| peer.error(&error))?;
    let role = answer.first().and_then(|role| String::from_redis_value_ref(role).ok()).unwrap_or_default();
    let role = match role.as_str() {
        "master" => return Ok(conn),
        "slave" => "replica",
        other => other,
    };
    Err(Error::new(Kind::Unreachable, format!("{address} is named as the master, and is a {role}"))
        .hint("a failover may be going on: try again in a moment"))
}
