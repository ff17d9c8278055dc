//! The keys of a queue on Redis (`Illuminate\Queue\RedisQueue`, Laravel 11 to 13).

use crate::redis::Redis;

/// What the keys beside a queue's list end with.
const COMPANIONS: [&str; 4] = ["delayed", "reserved", "notify", "opsctl"];

/// What a queue is made of, as the server knows it: with the client's prefix. The cache's prefix has no part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueKeys {
    /// List of jobs that may be taken.
    pub ready: String,
    /// Sorted set of jobs that are due later.
    pub delayed: String,
    /// Sorted set of jobs that a worker has.
    pub reserved: String,
    /// List with one element for each job that is ready, on which workers wait.
    pub notify: String,
    /// opsctl's own: sorted set of what it has pushed and not yet settled in the database. It bears the queue's name, so
    /// that a Cluster keeps it beside the queue, and those who list queues by their keys see none that is not there.
    pub pushed: String,
}

impl QueueKeys {
    /// The keys of the queue `name`.
    ///
    /// On a Cluster a name without a hash tag becomes one, as Laravel 13.5 and later make it: `queues:{emails}`. Before
    /// that an application must name its queue so by itself, since scripts over keys of several nodes fail.
    pub fn new(redis: &Redis, name: &str) -> Self {
        let tagged = redis.target().address.is_cluster() && !has_tag(name);
        let ready = redis.key(&if tagged { format!("queues:{{{name}}}") } else { format!("queues:{name}") });
        let key = |part: &str| format!("{ready}:{part}");
        Self {
            delayed: key("delayed"),
            reserved: key("reserved"),
            notify: key("notify"),
            pushed: key("opsctl"),
            ready,
        }
    }

    /// What stands in a key behind the client's prefix and `queues:`, if anything does.
    pub(super) fn behind_stem<'k>(redis: &Redis, key: &'k str) -> Option<&'k str> {
        let name = key.strip_prefix(redis.target().prefix.as_str())?.strip_prefix("queues:")?;
        Some(name).filter(|name| !name.is_empty())
    }

    /// The queue and the part that a companion of its list names; `None` where it is none.
    pub(super) fn companion(name: &str) -> Option<(&str, &str)> {
        let (queue, part) = name.rsplit_once(':').filter(|(queue, _)| !queue.is_empty())?;
        COMPANIONS.contains(&part).then_some((queue, part))
    }

    /// A name without the hash tag that [`QueueKeys::new`] makes of it on a Cluster.
    pub(super) fn untagged<'n>(redis: &Redis, name: &'n str) -> &'n str {
        let bare = name.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        bare.filter(|_| redis.target().address.is_cluster()).unwrap_or(name)
    }
}

/// Whether something stands between braces.
fn has_tag(name: &str) -> bool {
    name.match_indices('{').any(|(at, _)| name[at + 1..].find('}').is_some_and(|end| end > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        Origin,
        redis::{Address, Node, Target},
    };

    #[test]
    fn only_a_cluster_makes_hash_tags_and_only_where_there_is_none() {
        let one = Address::Tcp("h".into(), 6379);
        let many = Address::Cluster(vec![Node::new("h", 7000)], None);
        for (address, name, ready) in [
            (&one, "emails", "app-queues:emails"),
            (&one, "{emails}", "app-queues:{emails}"),
            (&many, "emails", "app-queues:{emails}"),
            (&many, "{emails}", "app-queues:{emails}"),
            (&many, "high-{emails}", "app-queues:high-{emails}"),
            (&many, "{}emails", "app-queues:{{}emails}"),
        ] {
            let target = Target { prefix: "app-".into(), ..Target::new(address.clone(), Origin::Default) };
            let keys = QueueKeys::new(&Redis::new(target), name);
            assert_eq!((keys.ready.as_str(), keys.notify), (ready, format!("{ready}:notify")));
        }
    }
}
