//! Taking jobs from queues on Redis. Laravel's workers move whatever is due to the list, and pop whatever lies at its head;
//! here exactly the bytes that were looked at are moved, so that no job is touched which nobody here can run.

use std::time::Duration;

use super::{
    Due, Look, RedisQueues, Reservation, Spot, Taking,
    due::{Stage, seconds},
    next_window,
    redis::WINDOW,
};
use crate::Result;

/// Reserves jobs where they lie (`LuaScripts::migrateExpiredJobs` and `LuaScripts::pop` in one, for these alone).
const TAKE: &str = "\
local ready, delayed, reserved, notify = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, score = tonumber(ARGV[1]), ARGV[2]
local taken = {}
for i = 3, #ARGV, 3 do
  local spot, old, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local got = 0
  if spot == 'head' or spot == 'tail' then
    got = redis.call('lrem', ready, spot == 'head' and 1 or -1, old)
    if got == 1 then redis.call('lpop', notify) end
  else
    local from = spot == 'delayed' and delayed or reserved
    local due = redis.call('zscore', from, old)
    if due and tonumber(due) <= now then got = redis.call('zrem', from, old) end
  end
  if got == 1 then
    redis.call('zadd', reserved, score, new)
  else
    local there = redis.call('zscore', reserved, new)
    if there and tonumber(there) == tonumber(score) then got = 1 end
  end
  taken[#taken + 1] = got
end
return taken";

/// Puts reserved jobs back where they lay, those whose reservation is ours.
const GIVE_BACK: &str = "\
local ready, delayed, reserved, notify = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, score = ARGV[1], tonumber(ARGV[2])
local back = 0
for i = 3, #ARGV, 3 do
  local spot, old, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local there = redis.call('zscore', reserved, new)
  if there and tonumber(there) == score and redis.call('zrem', reserved, new) == 1 then
    back = back + 1
    if spot == 'delayed' then
      redis.call('zadd', delayed, now, old)
    elseif spot == 'expired' then
      redis.call('zadd', reserved, now, old)
    else
      redis.call('lpush', ready, old)
      redis.call('rpush', notify, 1)
    end
  end
end
return back";

/// `LuaScripts::release`, of a job whose reservation is ours.
const RELEASE: &str = "\
local delayed, reserved = KEYS[1], KEYS[2]
local there = redis.call('zscore', reserved, ARGV[3])
if there and tonumber(there) == tonumber(ARGV[2]) then
  redis.call('zrem', reserved, ARGV[3])
  redis.call('zadd', delayed, ARGV[1], ARGV[3])
end
return 1";

const fn word(spot: Spot) -> &'static str {
    match spot {
        Spot::Tail => "tail",
        Spot::Delayed => "delayed",
        Spot::Expired => "expired",
        Spot::Head | Spot::Row(_) => "head",
    }
}

impl RedisQueues<'_> {
    /// As [`super::Queues::look`].
    pub(super) async fn look(&self, queue: &str, look: &mut Look) -> Result<Vec<Due>> {
        loop {
            let found = self.window(queue, look).await?;
            let bytes = found.iter().map(|due| due.payload.len()).sum();
            let is_last = found.len() < look.window;
            look.offset += found.len();
            look.window = next_window(look.window, bytes, WINDOW);
            if !found.is_empty() || (is_last && look.stage == Stage::List) {
                return Ok(found);
            }
            let next = if look.stage == Stage::Expired { Stage::Delayed } else { Stage::List };
            (look.stage, look.offset) = (next, 0);
        }
    }

    async fn window(&self, queue: &str, look: &Look) -> Result<Vec<Due>> {
        let keys = self.keys(queue);
        let (key, spot) = match look.stage {
            Stage::List => return self.of_ready(&keys.ready, look).await,
            Stage::Delayed => (&keys.delayed, Spot::Delayed),
            Stage::Expired => (&keys.reserved, Spot::Expired),
        };
        let now = self.redis.now().await? / 1000;
        let mut range = redis::cmd("ZRANGEBYSCORE");
        range.arg(key).arg("-inf").arg(now).arg("LIMIT").arg(look.offset).arg(look.window);
        let found: Vec<Vec<u8>> = self.redis.run(&range).await?;
        Ok(found.into_iter().map(|payload| Due { spot, payload, attempts: None }).collect())
    }

    /// A job is searched for from the end of the list that it is nearer to.
    async fn of_ready(&self, key: &str, look: &Look) -> Result<Vec<Due>> {
        let mut ask = redis::pipe();
        ask.cmd("LLEN").arg(key);
        ask.cmd("LRANGE").arg(key).arg(look.offset).arg(look.offset + look.window - 1);
        let (length, found): (usize, Vec<Vec<u8>>) = self.redis.pipe(&ask).await?;
        let spot = if look.offset > length / 2 { Spot::Tail } else { Spot::Head };
        Ok(found.into_iter().map(|payload| Due { spot, payload, attempts: None }).collect())
    }

    pub(super) async fn take(&self, queue: &str, by: &Reservation, jobs: &[&Taking]) -> Result<Vec<bool>> {
        let keys = self.keys(queue);
        let on = [keys.ready.as_str(), &keys.delayed, &keys.reserved, &keys.notify];
        let taken: Vec<i64> = self.redis.eval_on(TAKE, &on, words(by, jobs)).await?;
        Ok(taken.into_iter().map(|got| got > 0).collect())
    }

    pub(super) async fn delete(&self, queue: &str, jobs: &[&Taking]) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut remove = redis::cmd("ZREM");
        remove.arg(self.keys(queue).reserved);
        jobs.iter().for_each(|job| _ = remove.arg(&job.reserved));
        self.redis.run(&remove).await
    }

    pub(super) async fn give_back(&self, queue: &str, by: &Reservation, jobs: &[&Taking]) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let keys = self.keys(queue);
        let on = [keys.ready.as_str(), &keys.delayed, &keys.reserved, &keys.notify];
        // The last one is put before the others, so that the first is the first again.
        let jobs: Vec<&Taking> = jobs.iter().rev().copied().collect();
        self.redis.eval_on::<i64>(GIVE_BACK, &on, words(by, &jobs)).await.map(|_| ())
    }

    pub(super) async fn release(
        &self,
        queue: &str,
        by: &Reservation,
        job: &Taking,
        delay: Duration,
    ) -> Result<()> {
        let keys = self.keys(queue);
        let due = (self.redis.now().await? / 1000).saturating_add(seconds(delay));
        let words = [due.to_string(), by.score.clone(), job.reserved.clone()];
        let on = [keys.delayed.as_str(), &keys.reserved];
        self.redis.eval_on::<i64>(RELEASE, &on, &words[..]).await.map(|_| ())
    }
}

/// What the scripts are called with: time, score, and of each job where it lay and its bytes there and reserved.
fn words(by: &Reservation, jobs: &[&Taking]) -> Vec<String> {
    let mut words = vec![by.now.to_string(), by.score.clone()];
    for job in jobs {
        words.extend([word(job.spot).to_owned(), job.payload.clone(), job.reserved.clone()]);
    }
    words
}
