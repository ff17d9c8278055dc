//! Queues on Redis. Each change is one script, as in `Illuminate\Queue\LuaScripts`.

use chrono::{DateTime, Utc};

use super::{FIRST_WINDOW, Lying, Next, Part, QueueKeys, Sizes, next_window};
use crate::{Result, laravel::payload::Payload, redis::Redis};

/// Jobs that are looked at in one question.
pub(super) const WINDOW: usize = 200;

/// `RedisQueue::clear`: the size, and all keys.
const CLEAR: &str = "\
local size = redis.call('llen', KEYS[1]) + redis.call('zcard', KEYS[2]) + redis.call('zcard', KEYS[3])
redis.call('del', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
return size";

/// The queues of a connection on Redis.
#[derive(Debug)]
pub struct RedisQueues<'a> {
    /// The queue connection's Redis.
    pub redis: &'a Redis,
}

impl RedisQueues<'_> {
    pub(super) fn keys(&self, queue: &str) -> QueueKeys {
        QueueKeys::new(self.redis, queue)
    }

    /// What the keys of queues begin with that are not under our prefix.
    pub(super) async fn elsewhere(&self) -> Result<Vec<String>> {
        let keys = self.redis.anywhere("*queues:*").await?;
        let mut prefixes: Vec<String> = keys
            .iter()
            .filter_map(|key| key.split_once("queues:"))
            .map(|(prefix, _)| prefix.to_owned())
            .collect();
        prefixes.sort();
        prefixes.dedup();
        // The sign to pause all queues is a value of the cache.
        prefixes.retain(|prefix| *prefix != self.redis.target().prefix && !prefix.ends_with("illuminate:"));
        Ok(prefixes)
    }

    pub(super) async fn sizes(&self, queue: &str) -> Result<Sizes> {
        let keys = self.keys(queue);
        let now = self.redis.now().await? / 1000;
        let mut ask = redis::pipe();
        ask.cmd("LLEN").arg(&keys.ready);
        for key in [&keys.delayed, &keys.reserved] {
            ask.cmd("ZCARD").arg(key);
            // `LuaScripts::migrateExpiredJobs` takes scores up to now, now included.
            ask.cmd("ZCOUNT").arg(key).arg("-inf").arg(now);
        }
        ask.cmd("LINDEX").arg(&keys.ready).arg(0);
        ask.cmd("ZRANGE").arg(&keys.delayed).arg(0).arg(0);
        type Answer = (u64, u64, u64, u64, u64, Option<Vec<u8>>, Vec<Vec<u8>>);
        let (ready, delayed, due, reserved, stuck, head, first): Answer = self.redis.pipe(&ask).await?;
        let first = first.into_iter().next().filter(|_| due > 0);
        let pushed = |bytes: Vec<u8>| Payload::read(&bytes).ok()?.created_at();
        let oldest = [head, first].into_iter().flatten().filter_map(pushed).min();
        Ok(Sizes {
            ready: ready + due,
            delayed: delayed.saturating_sub(due),
            reserved: reserved.saturating_sub(stuck),
            stuck,
            oldest: oldest.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        })
    }

    pub(super) async fn each(
        &self,
        queue: &str,
        part: Part,
        take: &mut impl FnMut(Lying) -> Result<Next>,
    ) -> Result<()> {
        let keys = self.keys(queue);
        if part == Part::Reserved {
            return self.each_of(&keys.reserved, part, 0, isize::MAX, take).await.map(|_| ());
        }
        // `LuaScripts::migrateExpiredJobs` takes scores up to now, now included: these may be taken.
        let now = self.redis.now().await? / 1000;
        let due: isize = self.redis.run(redis::cmd("ZCOUNT").arg(&keys.delayed).arg("-inf").arg(now)).await?;
        if part == Part::Delayed {
            return self.each_of(&keys.delayed, part, due, isize::MAX, take).await.map(|_| ());
        }
        match self.each_of(&keys.ready, part, 0, isize::MAX, take).await? {
            Next::Go => self.each_of(&keys.delayed, part, 0, due, take).await.map(|_| ()),
            Next::Enough => Ok(()),
        }
    }

    /// The jobs of a list or a sorted set from one place to another, which is not among them.
    async fn each_of(
        &self,
        key: &str,
        part: Part,
        mut from: isize,
        end: isize,
        take: &mut impl FnMut(Lying) -> Result<Next>,
    ) -> Result<Next> {
        let is_list = !key.ends_with(":delayed") && !key.ends_with(":reserved");
        let mut window = FIRST_WINDOW;
        while from < end {
            let last = from.saturating_add(window.cast_signed()).min(end) - 1;
            let jobs = match is_list {
                true => self.of_list(key, from, last).await?,
                false => self.of_set(key, from, last).await?,
            };
            let (seen, mut bytes) = (jobs.len(), 0);
            for (payload, until) in jobs {
                bytes += payload.len();
                if take(lying(payload, part, until))? == Next::Enough {
                    return Ok(Next::Enough);
                }
            }
            if seen.cast_signed() <= last - from {
                break;
            }
            from = last + 1;
            window = next_window(window, bytes, WINDOW);
        }
        Ok(Next::Go)
    }

    async fn of_list(
        &self,
        key: &str,
        from: isize,
        last: isize,
    ) -> Result<Vec<(Vec<u8>, Option<DateTime<Utc>>)>> {
        let jobs: Vec<Vec<u8>> = self.redis.run(redis::cmd("LRANGE").arg(key).arg(from).arg(last)).await?;
        Ok(jobs.into_iter().map(|payload| (payload, None)).collect())
    }

    async fn of_set(
        &self,
        key: &str,
        from: isize,
        last: isize,
    ) -> Result<Vec<(Vec<u8>, Option<DateTime<Utc>>)>> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(key).arg(from).arg(last).arg("WITHSCORES");
        let jobs: Vec<(Vec<u8>, f64)> = self.redis.run(&range).await?;
        #[allow(clippy::cast_possible_truncation)] // Unix seconds
        let until = |score: f64| DateTime::from_timestamp(score as i64, 0);
        Ok(jobs.into_iter().map(|(payload, score)| (payload, until(score))).collect())
    }

    pub(super) async fn clear(&self, queue: &str) -> Result<u64> {
        let keys = self.keys(queue);
        let on = [keys.ready.as_str(), &keys.delayed, &keys.reserved, &keys.notify];
        self.redis.eval_on(CLEAR, &on, &[""; 0]).await
    }
}

fn lying(payload: Vec<u8>, part: Part, until: Option<DateTime<Utc>>) -> Lying {
    Lying { row: None, payload, part, attempts: None, until, since: None }
}
