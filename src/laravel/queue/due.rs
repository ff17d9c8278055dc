//! Jobs that may be taken, looked for without taking one: a window at a time, from where the last look ended. What no one
//! here can run stays where it lies, and is not looked at again before the queue was looked through.

use std::time::Duration;

use super::{FIRST_WINDOW, Queues};
use crate::Result;

/// Where a job lies that may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A row, by its id.
    Row(i64),
    /// The list on Redis, nearer to its head.
    Head,
    /// The list on Redis, nearer to its tail.
    Tail,
    /// The delayed part on Redis; its time has come.
    Delayed,
    /// The reserved part on Redis; its worker's time is over.
    Expired,
}

/// A job that may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Where it lies.
    pub spot: Spot,
    /// The exact bytes.
    pub payload: Vec<u8>,
    /// How often it was taken, where a column says so; the payload says it on Redis.
    pub attempts: Option<i64>,
}

/// The parts of a queue on Redis, in the order in which they are looked through: what waits longest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Expired,
    Delayed,
    List,
}

/// How far a queue was looked through.
#[derive(Debug, Clone)]
pub struct Look {
    /// Jobs of the next window.
    pub(super) window: usize,
    /// The last row that was seen.
    pub(super) row: i64,
    pub(super) stage: Stage,
    /// Jobs of the stage that were seen and lie there still.
    pub(super) offset: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self { window: FIRST_WINDOW, row: i64::MIN, stage: Stage::Expired, offset: 0 }
    }
}

impl Look {
    /// Says that jobs were taken which had been seen in the stage at hand: those behind them have moved up.
    pub fn took(&mut self, spots: impl Iterator<Item = Spot>) {
        let of_stage = |spot: &Spot| match self.stage {
            Stage::Expired => *spot == Spot::Expired,
            Stage::Delayed => *spot == Spot::Delayed,
            Stage::List => matches!(spot, Spot::Head | Spot::Tail),
        };
        self.offset = self.offset.saturating_sub(spots.filter(of_stage).count());
    }

    /// Begins anew.
    pub fn again(&mut self) {
        *self = Self { window: self.window, ..Self::default() };
    }
}

impl Queues<'_> {
    /// The next window of jobs that may be taken; empty when the queue was looked through. `marks` are texts of which
    /// the payload of every job holds one that anybody here can run; a table leaves the others out.
    ///
    /// # Errors
    /// The place does not answer, or has no such table.
    pub async fn look(&self, queue: &str, look: &mut Look, marks: &[&str]) -> Result<Vec<Due>> {
        match self {
            Queues::Table(table) => table.look(queue, look, marks).await,
            Queues::Redis(redis) => redis.look(queue, look).await,
        }
    }
}

/// Seconds of a span of time.
pub(super) fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 2)
}
