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
    for sentinel in &set.nodes {
        match named(set, sentinel, &target.origin).await {
            // What did not answer to one will not answer to the next.
            Ok(node) if tried.contains(&node) => {}
            Ok(node) => {
                match verified(&node, tls, target).await {
                    Ok(conn) => return Ok((node, conn)),
                    Err(error) => failures.push(error),
                }
                tried.push(node);
            }
            Err(error) => failures.push(error),
        }
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

/// Where one sentinel says that the master is.
pub(super) async fn named(set: &Sentinels, sentinel: &Node, origin: &Origin) -> Result<Node> {
    let found: Option<(String, u16)> = ask(set, sentinel, origin, "GET-MASTER-ADDR-BY-NAME").await?;
    found.map(|(host, port)| Node::new(host, port)).ok_or_else(|| {
        Error::config(format!("the sentinel {sentinel} watches no master named `{}`", set.master))
            .hint(format!("the name comes from {origin}"))
    })
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
