//! What the Redis servers say, role by role.

use ::redis::{FromRedisValue, Value};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::within;
use crate::{
    Error, Kind, Result,
    config::{
        Context, Origin, System,
        describe::{Fact, Section, Standing},
        redis::{Role, Target},
        stores::LockStore,
    },
    redis::Redis,
};

/// Asks every role's server at the same time.
pub(super) async fn ask(context: &Context, system: System, deadline: Instant) -> Section {
    let mut section = context.redis_facts(system);
    let targets = Role::ALL.map(|role| context.redis(role, system).ok().map(|target| (role, target)));
    let targets: Vec<(Role, Target)> = targets.into_iter().flatten().collect();
    // Laravel's default names a server on this host, whether there is one or not.
    let by_default = targets.iter().all(|(_, target)| target.origin == Origin::Default);
    if by_default && !in_use(context, system) {
        if !targets.is_empty() {
            section.push(Fact::new("server", "not asked: neither locks nor the queue are on Redis"));
        }
        return section;
    }
    let questions = targets.into_iter().map(async |(role, target)| {
        let redis = Redis::new(target);
        let address = redis.target().address.to_string();
        let said = within(deadline, &address, says(&redis)).await;
        (role, address, said)
    });
    // One server that serves several roles fails for all of them at once: it is told once.
    let mut failed: Vec<Failure> = Vec::new();
    for (role, address, said) in join_all(questions).await {
        let error = match said {
            Ok(said) => {
                let fact = Fact::new(format!("{}_server", role.name()), said).standing(Standing::Good);
                insert(&mut section, role, fact);
                continue;
            }
            Err(error) => error,
        };
        match failed.iter_mut().find(|known| known.address == address && known.error.root() == error.root()) {
            Some(known) => known.others.push(role.name()),
            None => failed.push(Failure { role, address, error, others: Vec::new() }),
        }
    }
    for failure in failed {
        insert(&mut section, failure.role, failure.fact());
    }
    section
}

/// A server that did not answer, or refused.
struct Failure {
    /// The first role that it serves.
    role: Role,
    address: String,
    error: Error,
    /// Names of the further ones.
    others: Vec<&'static str>,
}

impl Failure {
    fn fact(&self) -> Fact {
        let fact = Fact::problem(format!("{}_server", self.role.name()), &self.error);
        match self.others.as_slice() {
            [] => fact,
            others => {
                Fact { value: format!("{}; likewise for {}", self.error, others.join(", ")).into(), ..fact }
            }
        }
    }
}

/// Puts what a role's server says behind the role's address.
fn insert(section: &mut Section, role: Role, fact: Fact) {
    let at = section.facts.iter().position(|fact| fact.name == role.name());
    section.facts.insert(at.map_or(section.facts.len(), |at| at + 1), fact);
}

/// Whether the locks or the queue live on Redis.
fn in_use(context: &Context, system: System) -> bool {
    let queue = context.queue_connection(system).is_some_and(|queue| queue.value == "redis");
    queue || matches!(context.lock_store("", system), Ok(LockStore::Redis { .. }))
}

/// Product, version, and whether it is a replica. A user that may not ask for them still reaches the server.
pub(super) async fn says(redis: &Redis) -> Result<String> {
    redis.run::<String>(&::redis::cmd("PING")).await?;
    let info = match redis.run::<Value>(&::redis::cmd("INFO")).await {
        Ok(info) => one_of(info),
        Err(error) if error.kind() == Kind::Unreachable => return Err(error),
        Err(error) => return Ok(denied(&error)),
    };
    let member = |key: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(name, _)| *name == key).map(|(_, value)| value.trim().to_owned())
    };
    let version = member("redis_version").unwrap_or_else(|| "of an unknown version".into());
    let role = match member("role").as_deref() {
        Some("slave") => ", a replica: it takes no writes",
        _ => "",
    };
    Ok(format!("Redis {version}{role}"))
}

/// The text of a server; of a Cluster, whose nodes all answer, that of one of them.
fn one_of(answer: Value) -> String {
    let answer = match answer {
        Value::Map(nodes) => nodes.into_iter().next().map_or(Value::Nil, |(_, text)| text),
        answer => answer,
    };
    String::from_redis_value(answer).unwrap_or_default()
}

fn denied(error: &Error) -> String {
    format!("reachable; it tells no version: {}", error.root())
}
