//! Jobs that are taken from a place which the work's own transaction does not reach: reserved first, as the application's
//! workers do, and deleted when the work is durable. A worker that dies in between leaves them to the next one, when
//! their reservation is over.

use std::time::Duration;

use rand::Rng;

use super::{Queues, Spot, due::seconds};
use crate::{Result, db::Begin};

/// A job on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    /// Where it lay.
    pub spot: Spot,
    /// Its bytes there.
    pub payload: String,
    /// Its bytes while it is reserved: on Redis the attempts stand in them.
    pub reserved: String,
    /// How often it had been taken before.
    pub attempts: i64,
}

/// For how long jobs are reserved, and by whom. On Redis the fraction of the second tells the taker: a script whose
/// answer was lost finds what it has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Unix seconds.
    pub(super) now: i64,
    /// The score of the reserved jobs on Redis.
    pub(super) score: String,
}

impl Reservation {
    /// Beginning at `now`, in Unix seconds by the clock of the queue's server.
    pub fn new(now: i64, retry_after: Duration) -> Self {
        let until = now.saturating_add(seconds(retry_after));
        Self { now, score: format!("{until}.{:06}", rand::rng().random_range(1..1_000_000)) }
    }
}

impl Queues<'_> {
    /// Takes jobs, exactly these bytes; says of each whether it is ours now.
    ///
    /// # Errors
    /// The place does not answer: some may be reserved, and [`Queues::give_back`] finds out.
    pub async fn take(&self, queue: &str, by: &Reservation, jobs: &[&Taking]) -> Result<Vec<bool>> {
        match self {
            Queues::Redis(redis) => redis.take(queue, by, jobs).await,
            Queues::Table(table) => {
                let mut own = table.db.session().await?;
                own.begin(Begin::Write).await?;
                let taken = table.reserve(&mut own, by, jobs).await?;
                own.commit().await?;
                Ok(taken)
            }
        }
    }

    /// Deletes jobs that are done, and still ours.
    ///
    /// # Errors
    /// The place does not answer; the same call may be repeated.
    pub async fn delete(&self, queue: &str, by: &Reservation, jobs: &[&Taking]) -> Result<()> {
        match self {
            Queues::Redis(redis) => redis.delete(queue, jobs).await,
            Queues::Table(table) => table.delete_reserved(by, jobs).await,
        }
    }

    /// Puts jobs back as if nobody had taken them, those that are still ours: no attempt is counted.
    ///
    /// # Errors
    /// As [`Queues::delete`].
    pub async fn give_back(&self, queue: &str, by: &Reservation, jobs: &[&Taking]) -> Result<()> {
        match self {
            Queues::Redis(redis) => redis.give_back(queue, by, jobs).await,
            Queues::Table(table) => table.give_back(by, jobs).await,
        }
    }

    /// Releases a job that is to be tried again after a time, with its attempt counted.
    ///
    /// # Errors
    /// As [`Queues::delete`].
    pub async fn release(&self, queue: &str, by: &Reservation, job: &Taking, delay: Duration) -> Result<()> {
        match self {
            Queues::Redis(redis) => redis.release(queue, by, job, delay).await,
            Queues::Table(table) => table.release_reserved(queue, by, job, delay).await,
        }
    }
}
