//! What a worker has in hand: jobs that it has taken outside of the work's transaction, and locks. Whatever ends a chunk,
//! each is settled, at once or when its server answers again; what cannot be is left to its own end.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Result,
    laravel::{
        lock::Locks,
        lock_set::Wanted,
        queue::{Queues, Reservation, Taking},
    },
};

/// What is to become of a job in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Back to its place: nothing was done.
    Back,
    /// Gone: it is done, or a failed job.
    Gone,
    /// Tried again after a time.
    Later(Duration),
    /// Left reserved: whether its work is durable is not known.
    Left,
}

/// Jobs that were taken together.
#[derive(Debug, Clone)]
struct Held {
    queue: String,
    by: Reservation,
    jobs: Vec<(Fate, Taking)>,
}

/// All that is in hand.
#[derive(Debug, Default)]
pub(super) struct Hand {
    held: Mutex<Vec<Held>>,
    locks: Mutex<Vec<Wanted>>,
}

impl Hand {
    /// Takes jobs; until more is said of them, they are to go back.
    ///
    /// # Errors
    /// The queue does not answer: what it took all the same goes back later.
    pub(super) async fn take(
        &self,
        queues: &Queues<'_>,
        queue: &str,
        by: Reservation,
        jobs: &[&Taking],
    ) -> Result<Vec<bool>> {
        let all = jobs.iter().map(|job| (Fate::Back, (*job).clone())).collect();
        self.open().push(Held { queue: queue.to_owned(), by: by.clone(), jobs: all });
        let taken = queues.take(queue, &by, jobs).await?;
        if let Some(held) = self.open().iter_mut().find(|held| held.by == by) {
            let mut ours = taken.iter();
            held.jobs.retain(|_| ours.next().copied().unwrap_or_default());
        }
        Ok(taken)
    }

    /// Says what is to become of jobs in hand.
    pub(super) fn decide(&self, fate: impl Fn(&Taking) -> Option<Fate>) {
        for (known, job) in self.open().iter_mut().flat_map(|held| &mut held.jobs) {
            if let Some(fate) = fate(job) {
                *known = fate;
            }
        }
    }

    /// Notes locks that are ours now.
    pub(super) fn hold(&self, locks: &[Wanted]) {
        self.locks().extend_from_slice(locks);
    }

    /// Settles every job.
    ///
    /// # Errors
    /// The queue does not answer; the next call goes on.
    pub(super) async fn settle(&self, queues: &Queues<'_>) -> Result<()> {
        loop {
            let Some(held) = self.open().first().cloned() else { return Ok(()) };
            held.settle(queues).await?;
            self.open().retain(|known| known.by != held.by);
        }
    }

    /// Gives back every lock.
    ///
    /// # Errors
    /// The store does not answer; the next call goes on, unless they have ended by themselves.
    pub(super) async fn release(&self, locks: &Locks<'_>) -> Result<()> {
        let held = self.locks().clone();
        locks.release_each(None, &held).await?;
        self.locks().retain(|lock| !held.contains(lock));
        Ok(())
    }

    /// Whether something is left to settle.
    pub(super) fn is_empty(&self) -> bool {
        self.open().is_empty() && self.locks().is_empty()
    }

    fn locks(&self) -> MutexGuard<'_, Vec<Wanted>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    async fn settle(&self, queues: &Queues<'_>) -> Result<()> {
        let of = |fate: Fate| -> Vec<&Taking> {
            self.jobs.iter().filter(|(known, _)| *known == fate).map(|(_, job)| job).collect()
        };
        queues.delete(&self.queue, &self.by, &of(Fate::Gone)).await?;
        queues.give_back(&self.queue, &self.by, &of(Fate::Back)).await?;
        for (fate, job) in &self.jobs {
            if let Fate::Later(delay) = fate {
                queues.release(&self.queue, &self.by, job, *delay).await?;
            }
        }
        Ok(())
    }
}
