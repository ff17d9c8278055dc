//! Stopping: a first request lets the current chunk finish; a second one, or the deadline, drops it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Error, Kind, Result};

/// Handed to every operation; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    soft: CancellationToken,
    hard: CancellationToken,
    deadline: Option<Instant>,
    shields: Arc<AtomicUsize>,
}

/// Time that work which must not be cut, such as a COMMIT, is given to finish when it is asked to stop.
const GRACE: Duration = Duration::from_millis(900);

/// Work that must not be cut goes on while this lives.
#[derive(Debug)]
pub struct Shield(Arc<AtomicUsize>);

impl Drop for Shield {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Cancel {
    /// Never stops by itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops when `timeout` has passed from now.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Instant::now().checked_add(timeout);
        self
    }

    /// The same requests, for work that keeps to a time of its own.
    #[must_use]
    pub fn without_deadline(&self) -> Self {
        Self { deadline: None, ..self.clone() }
    }

    /// Asks to stop: the first call lets the chunk in hand finish, a further one drops it.
    pub fn request(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        } else {
            self.soft.cancel();
        }
    }

    /// Between two chunks: why to stop here, if at all.
    ///
    /// # Errors
    /// [`Kind::Interrupted`] after a request, [`Kind::Deadline`] when the time is up.
    pub fn check(&self) -> Result<()> {
        if self.soft.is_cancelled() {
            return Err(interrupted());
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(passed()),
            _ => Ok(()),
        }
    }

    /// Runs work that may be dropped: ends early on the second request or when the deadline passes.
    ///
    /// # Errors
    /// As [`Cancel::check`], or the work's own.
    pub async fn guard<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(work);
        let stop = tokio::select! {
            biased;
            () = self.hard.cancelled() => interrupted(),
            result = &mut work => return result,
            () = deadline => passed(),
        };
        if self.shields.load(Ordering::Relaxed) > 0
            && let Ok(result) = tokio::time::timeout(GRACE, work).await
        {
            return result; // it came to an end of its own: between two chunks it sees that it must stop
        }
        Err(stop)
    }

    /// From here until the shield is dropped, and every other one, [`Cancel::guard`] gives the work a moment to finish.
    #[must_use]
    pub fn shield(&self) -> Shield {
        self.shields.fetch_add(1, Ordering::Relaxed);
        Shield(self.shields.clone())
    }

    /// Waits, but not beyond the first request or the deadline.
    ///
    /// # Errors
    /// As [`Cancel::check`].
    pub async fn sleep(&self, time: Duration) -> Result<()> {
        let wait = async {
            tokio::select! {
                () = self.soft.cancelled() => Err(interrupted()),
                () = tokio::time::sleep(time) => Ok(()),
            }
        };
        self.guard(wait).await
    }
}

fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted")
}

fn passed() -> Error {
    Error::new(Kind::Deadline, "the deadline passed").hint("give it more time with `--timeout`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_request_lets_work_finish_and_the_second_drops_it() {
        let cancel = Cancel::new();
        cancel.request();
        assert_eq!(cancel.check().unwrap_err().kind(), Kind::Interrupted);
        assert_eq!(cancel.guard(async { Ok(1) }).await.unwrap(), 1);
        cancel.request();
        assert_eq!(cancel.guard(async { Ok(1) }).await.unwrap_err().kind(), Kind::Interrupted);
    }

    #[tokio::test(start_paused = true)]
    async fn shielded_work_is_given_a_moment_to_finish() {
        let cancel = Cancel::new().with_timeout(Duration::from_secs(1));
        let work = async {
            let _shield = cancel.shield();
            tokio::time::sleep(Duration::from_millis(1500)).await;
            Ok(7)
        };
        assert_eq!(cancel.guard(work).await.unwrap(), 7);
        let long = async {
            let _shield = cancel.shield();
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(7)
        };
        assert_eq!(cancel.guard(long).await.unwrap_err().kind(), Kind::Deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_ends_waiting_work() {
        let cancel = Cancel::new().with_timeout(Duration::from_secs(3));
        assert!(cancel.check().is_ok());
        let error = cancel.guard(std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Deadline);
        assert_eq!(cancel.check().unwrap_err().kind(), Kind::Deadline);
    }
}
