//! The queues that stand on a Redis, told from the keys that they are made of (`RedisQueue::getAllQueues`).

use super::{QueueKeys, RedisQueues};
use crate::{Error, Kind, Result};

impl RedisQueues<'_> {
    pub(super) async fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for key in self.redis.keys("queues:", "*").await? {
            names.extend(self.queue_of(&key).await?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The queue that a key is part of. A name may hold colons, and end as the key of a companion does; what holds its
    /// jobs is a list then.
    async fn queue_of(&self, key: &str) -> Result<Option<String>> {
        let Some(whole) = QueueKeys::behind_stem(self.redis, key) else { return Ok(None) };
        let queue = match QueueKeys::companion(whole) {
            None => Some(whole),
            Some((_, "notify" | "opsctl")) => None,
            Some((queue, _)) => match self.kind(key).await?.as_str() {
                "none" => None,
                "list" => Some(whole),
                _ => Some(queue),
            },
        };
        Ok(queue.map(|queue| QueueKeys::untagged(self.redis, queue).to_owned()))
    }

    async fn kind(&self, key: &str) -> Result<String> {
        self.redis.run(redis::cmd("TYPE").arg(key)).await
    }

    /// The same error, or one that names the key of a queue that is none: something else was written there.
    pub(super) async fn explained(&self, queue: &str, error: Error) -> Error {
        if error.kind() != Kind::Failed {
            return error;
        }
        let keys = self.keys(queue);
        for (key, meant) in [(&keys.ready, "list"), (&keys.delayed, "zset"), (&keys.reserved, "zset")] {
            match self.kind(key).await {
                Ok(kind) if kind != meant && kind != "none" => return self.is_none(queue, key, &kind, meant),
                _ => {}
            }
        }
        error
    }

    fn is_none(&self, queue: &str, key: &str, kind: &str, meant: &str) -> Error {
        let place = self.redis.target();
        Error::failed(format!("queue `{queue}` cannot be read: the key `{key}` of {place} is a {kind}"))
            .because(format!("jobs lie in a {meant} there; something else has written the key"))
            .hint(format!("look at it: `redis-cli -n {} --raw DUMP '{key}' | head -c 200`", place.database))
    }
}
