//! Queues: in a table (`Illuminate\Queue\DatabaseQueue`) and on Redis (`Illuminate\Queue\RedisQueue`), Laravel 11 to 13.
//!
//! Looking at a queue changes nothing in it. What workers of the application do with a job, opsctl does with the same
//! steps, so that both may work on one queue.

mod due;
mod keys;
mod names;
mod place;
mod redis;
mod redis_push;
mod table;
mod take;
mod take_redis;
mod take_table;

use chrono::{DateTime, Utc};
use rand::{Rng, distr::Alphanumeric};

pub use self::{
    due::{Due, Look, Spot},
    keys::QueueKeys,
    place::QueuePlace,
    redis::RedisQueues,
    redis_push::{Push, Receipt},
    table::TableQueues,
    take::{Reservation, Taking},
};
use crate::Result;

/// The part of a queue that a job lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It may be taken.
    Ready,
    /// It is due later.
    Delayed,
    /// A worker has it, or had it: see [`Lying::until`].
    Reserved,
}

impl Part {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Part; 3] = [Part::Ready, Part::Delayed, Part::Reserved];
}

/// How many jobs a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Jobs that may be taken: those whose delay is over, too, which on Redis lie in the delayed part until a worker
    /// comes.
    pub ready: u64,
    /// Jobs that are due later.
    pub delayed: u64,
    /// Jobs that a worker has.
    pub reserved: u64,
    /// Jobs whose worker's time is over: it died, or its job runs longer than `retry_after`. The next worker takes them.
    pub stuck: u64,
    /// When the oldest job that may be taken was pushed, or became due where that is not known.
    pub oldest: Option<DateTime<Utc>>,
}

/// A job where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lying {
    /// The row's id; none on Redis.
    pub row: Option<i64>,
    /// The exact bytes.
    pub payload: Vec<u8>,
    /// Where it lies.
    pub part: Part,
    /// How often it was taken, where a column says so; the payload says it on Redis.
    pub attempts: Option<i64>,
    /// When a delayed job is due, or a reserved one may be taken again.
    pub until: Option<DateTime<Utc>>,
    /// When its row was written; none on Redis.
    pub since: Option<DateTime<Utc>>,
}

/// The queues of a connection.
#[derive(Debug)]
pub enum Queues<'a> {
    /// Rows of a table.
    Table(TableQueues<'a>),
    /// Keys on Redis.
    Redis(RedisQueues<'a>),
}

impl Queues<'_> {
    /// The clock by which jobs are due: the server's.
    ///
    /// # Errors
    /// The place does not answer.
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        match self {
            Queues::Table(table) => table.db.now().await,
            Queues::Redis(redis) => {
                let millis = redis.redis.now().await?;
                Ok(DateTime::from_timestamp_millis(millis).unwrap_or_default())
            }
        }
    }

    /// The queues that hold jobs now: an empty one on Redis has no keys, and none in a table has rows.
    ///
    /// # Errors
    /// The place does not answer, or has no such table.
    pub async fn names(&self) -> Result<Vec<String>> {
        match self {
            Queues::Table(table) => table.names().await,
            Queues::Redis(redis) => redis.names().await,
        }
    }

    /// Prefixes under which other queues lie on this Redis: where ours has none, it may be the wrong one.
    ///
    /// # Errors
    /// As [`Queues::names`].
    pub async fn elsewhere(&self) -> Result<Vec<String>> {
        match self {
            Queues::Table(_) => Ok(Vec::new()),
            Queues::Redis(redis) => redis.elsewhere().await,
        }
    }

    /// How many jobs a queue holds.
    ///
    /// # Errors
    /// As [`Queues::names`].
    pub async fn sizes(&self, queue: &str) -> Result<Sizes> {
        match self {
            Queues::Table(table) => table.sizes(queue).await,
            Queues::Redis(redis) => match redis.sizes(queue).await {
                Err(error) => Err(redis.explained(queue, error).await),
                done => done,
            },
        }
    }

    /// The jobs of a part in their order, a window at a time, without taking one. What comes or goes in between may be
    /// missed or seen twice. Windows are small where jobs are large.
    ///
    /// # Errors
    /// As [`Queues::names`]; what `take` says.
    pub async fn each(
        &self,
        queue: &str,
        part: Part,
        take: &mut impl FnMut(Lying) -> Result<Next>,
    ) -> Result<()> {
        match self {
            Queues::Table(table) => table.each(queue, part, take).await,
            Queues::Redis(redis) => match redis.each(queue, part, take).await {
                Err(error) => Err(redis.explained(queue, error).await),
                done => done,
            },
        }
    }

    /// Removes every job of a queue (`queue:clear`); gives how many there were.
    ///
    /// # Errors
    /// As [`Queues::names`].
    pub async fn clear(&self, queue: &str) -> Result<u64> {
        match self {
            Queues::Table(table) => table.clear(queue).await,
            Queues::Redis(redis) => match redis.clear(queue).await {
                Err(error) => Err(redis.explained(queue, error).await),
                done => done,
            },
        }
    }
}

/// Bytes of a window from which on the next one is smaller.
const WINDOW_BYTES: usize = 4 << 20;
/// Jobs of the first window, before it is known how large they are.
const FIRST_WINDOW: usize = 4;

/// How many jobs the next window takes, after one of so many bytes.
fn next_window(window: usize, bytes: usize, most: usize) -> usize {
    if bytes > WINDOW_BYTES { (window / 4).max(1) } else { (window * 2).min(most) }
}

/// Whether one who looks at jobs has seen enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next one.
    Go,
    /// That was enough.
    Enough,
}

/// What identifies a job on Redis: 32 random letters and digits (`RedisQueue::getRandomId`).
pub fn job_id() -> String {
    rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect()
}
