//! Pushes to a queue on Redis, each job once: a token stands for it until the database knows that it was pushed.

use std::time::Duration;

use rand::Rng;

use super::RedisQueues;
use crate::Result;

/// Bytes that one push sends at most, beside its last job.
const PUSH_BYTES: usize = 1 << 20;
/// Jobs that one push sends at most: Lua passes on some thousand values at once.
const PUSH_JOBS: usize = 2500;
/// Time for which it is remembered that a job was pushed, where nobody settled it.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Pushes what was not pushed before, by its token: `rpush` of the job and of its notification, as
/// `LuaScripts::push` does for one. The score of all tokens is the receipt. A script that breaks in its middle leaves what it
/// did, so what may break it is looked for first.
const PUSH: &str = "\
local ready, notify, pushed = KEYS[1], KEYS[2], KEYS[3]
for _, key in ipairs({ready, notify}) do
  local kind = redis.call('type', key).ok
  if kind ~= 'list' and kind ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. kind .. ', not a list')
  end
end
local none = redis.call('exists', pushed) == 0
local jobs, ones, tokens, count = {}, {}, {}, 0
for i = 3, #ARGV, 2 do
  tokens[#tokens + 1] = ARGV[1]
  tokens[#tokens + 1] = ARGV[i]
  if none or not redis.call('zscore', pushed, ARGV[i]) then
    count = count + 1
    jobs[count] = ARGV[i + 1]
    ones[count] = 1
  end
end
redis.call('zadd', pushed, unpack(tokens))
redis.call('expire', pushed, ARGV[2])
if count > 0 then
  redis.call('rpush', ready, unpack(jobs))
  redis.call('rpush', notify, unpack(ones))
end
return count";

/// Which tokens are known: 1 or 0 for each.
const KNOWN: &str = "\
local known = {}
for i = 1, #ARGV do known[i] = redis.call('zscore', KEYS[1], ARGV[i]) and 1 or 0 end
return known";

/// A job to push, and what it is known by until it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push<'a> {
    /// Unlike those of all other jobs of the queue.
    pub token: &'a str,
    /// The exact bytes.
    pub payload: &'a [u8],
}

/// What stands for some jobs that were pushed by one script: all of their tokens bear its number, which no other push
/// has. Redis does scripts as a whole or not at all, and so does it lose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    number: u64,
    jobs: u64,
}

impl Receipt {
    /// A number that a score holds exactly, and that is no time.
    fn new(jobs: usize) -> Self {
        Self { number: rand::rng().random_range(1 << 40..1 << 53), jobs: jobs as u64 }
    }
}

impl RedisQueues<'_> {
    /// Pushes jobs to the end of a queue, each once however often this is called until it is settled: an answer that
    /// was lost does no harm, nor does a run that died.
    ///
    /// # Errors
    /// Redis does not answer: whether the jobs lie in the queue is not known, and the same call finds out.
    pub async fn push(&self, queue: &str, jobs: &[Push<'_>]) -> Result<Vec<Receipt>> {
        let keys = self.keys(queue);
        let remembered = REMEMBERED.as_secs().to_string();
        let mut receipts = Vec::new();
        for some in portions(jobs) {
            let receipt = Receipt::new(some.len());
            let number = receipt.number.to_string();
            let mut words: Vec<&[u8]> = vec![number.as_bytes(), remembered.as_bytes()];
            words.extend(some.iter().flat_map(|job| [job.token.as_bytes(), job.payload]));
            let on = [keys.ready.as_str(), &keys.notify, &keys.pushed];
            self.redis.eval_on::<u64>(PUSH, &on, words).await?;
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    /// Whether all of these pushes are still known: they are, unless Redis lost what it had, or another server took its
    /// place that never had it.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn knows(&self, queue: &str, receipts: &[Receipt]) -> Result<bool> {
        let key = self.keys(queue).pushed;
        let mut ask = redis::pipe();
        for receipt in receipts {
            ask.cmd("ZCOUNT").arg(&key).arg(receipt.number).arg(receipt.number);
        }
        let counts: Vec<u64> = self.redis.pipe(&ask).await?;
        Ok(counts.len() == receipts.len() && counts.iter().zip(receipts).all(|(count, of)| *count == of.jobs))
    }

    /// Which of these were pushed and not settled, each for itself.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn known(&self, queue: &str, tokens: &[&str]) -> Result<Vec<bool>> {
        let key = self.keys(queue).pushed;
        // As a rule nothing is left to be settled, and no token need be sent.
        if self.redis.run::<u64>(redis::cmd("EXISTS").arg(&key)).await? == 0 {
            return Ok(vec![false; tokens.len()]);
        }
        self.redis.eval_on(KNOWN, &[&key], tokens).await
    }

    /// Forgets pushes, and tokens of earlier ones: their jobs need not be known any more, for the database says that
    /// they were pushed.
    ///
    /// # Errors
    /// Redis does not answer; the tokens end by themselves within seven days.
    pub async fn settle(&self, queue: &str, receipts: &[Receipt], tokens: &[&str]) -> Result<()> {
        if receipts.is_empty() && tokens.is_empty() {
            return Ok(());
        }
        let key = self.keys(queue).pushed;
        let mut forget = redis::pipe();
        for receipt in receipts {
            forget.cmd("ZREMRANGEBYSCORE").arg(&key).arg(receipt.number).arg(receipt.number).ignore();
        }
        if !tokens.is_empty() {
            forget.cmd("ZREM").arg(&key).arg(tokens).ignore();
        }
        self.redis.pipe(&forget).await
    }
}

/// Jobs in pieces that one question carries.
fn portions<'j, 'p>(jobs: &'j [Push<'p>]) -> Vec<&'j [Push<'p>]> {
    let (mut pieces, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (at, job) in jobs.iter().enumerate() {
        if at > from && (at - from == PUSH_JOBS || bytes + job.payload.len() > PUSH_BYTES) {
            pieces.push(&jobs[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += job.payload.len();
    }
    if from < jobs.len() {
        pieces.push(&jobs[from..]);
    }
    pieces
}
