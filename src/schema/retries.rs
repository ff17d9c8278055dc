//! Trying again after a lock timeout: what was begun is rolled back meanwhile, so that nobody queues behind it.

use std::time::Duration;

use super::watch::Watch;
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    db::{Db, Engine, Fault},
};

/// Longest pause after the first try; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(250);
/// Longest pause at all.
const LONGEST: Duration = Duration::from_secs(8);

/// How often, and how long, a statement may wait for its locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Longest wait for one lock.
    pub lock: Duration,
    /// Further tries after lock timeouts.
    pub retries: u32,
}

impl Patience {
    /// Longest wait for one lock on an engine: MySQL and MariaDB count whole seconds.
    pub fn of(self, engine: Engine) -> Duration {
        match engine {
            Engine::MySql => {
                Duration::from_secs(self.lock.as_secs() + u64::from(self.lock.subsec_nanos() > 0))
            }
            Engine::Postgres | Engine::Sqlite => self.lock,
        }
    }

    /// What there is to say about a wait that an engine makes longer.
    pub(super) fn note(self, engine: Engine) -> Option<String> {
        let (asked, had) = (self.lock, self.of(engine));
        (asked != had).then(|| {
            format!(
                "{} waits for locks in whole seconds: {} s instead of {} ms",
                engine.name(),
                had.as_secs(),
                asked.as_millis()
            )
        })
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self { lock: Duration::from_secs(2), retries: 8 }
    }
}

/// The tries of one piece of work.
pub(super) struct Tries {
    patience: Patience,
    used: u32,
}

impl Tries {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, used: 0 }
    }

    /// Waits before the next try, if the error was a lock's and there is one left.
    ///
    /// # Errors
    /// The error itself, with who blocks, when there is no further try; or a request to stop.
    pub(super) async fn again(
        &mut self,
        error: Error,
        db: &Db,
        watch: &Watch<'_>,
        cancel: &Cancel,
    ) -> Result<()> {
        if error.fault() != Some(Fault::Transient) {
            return Err(error);
        }
        if self.used >= self.patience.retries {
            return Err(self.given_up(&error, db, watch.blockers()));
        }
        let pause = pause(self.used);
        self.used += 1;
        tracing::info!(try_ = self.used, ?pause, %error, blockers = ?watch.blockers(), "a lock was not had in time");
        cancel.sleep(pause).await.map_err(|stop| self.stopped(stop, watch))
    }

    /// Why it ends here, with whom it waited for.
    fn stopped(&self, stop: Error, watch: &Watch<'_>) -> Error {
        let times = if self.used == 1 { "1 try".to_owned() } else { format!("{} tries", self.used) };
        let stop = stop.because(format!("a lock was not to be had in {times}"));
        watch.blockers().into_iter().fold(stop, |stop, who| stop.because(format!("held by {who}")))
    }

    fn given_up(&self, error: &Error, db: &Db, blockers: Vec<String>) -> Error {
        let told = Error::new(
            Kind::Locked,
            format!(
                "a lock was not to be had in {} tries of {} ms in {}",
                self.used + 1,
                self.patience.of(db.engine()).as_millis(),
                db.target()
            ),
        )
        .because(error.root());
        let told =
            blockers.into_iter().fold(told, |told, blocker| told.because(format!("held by {blocker}")));
        // Where the statement stands is said before what it waited for.
        let told = match error.causes() {
            [_, _, ..] => told.during(error.message()),
            _ => told,
        };
        told.hint("nothing of ours waits any more; end that session, or try when it is done")
            .hint("wait longer or more often: `--lock-timeout 5s`, `--lock-retries 30`")
    }
}

/// The pause before the try after so many.
pub(super) fn pause(used: u32) -> Duration {
    longest(used).mul_f64(rand::random::<f64>())
}

/// Longest pause before the try after so many: full jitter takes any part of it.
fn longest(used: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(used)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let pauses: Vec<u128> = (0..7).map(|used| longest(used).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 8000]);
        assert_eq!(longest(u32::MAX), LONGEST);
    }
}
