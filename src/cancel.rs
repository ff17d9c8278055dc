//! Stopping: a first request lets the current chunk finish, a second one drops it; a deadline does both in turn.

use std::{future::Future, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Error, Kind, Result};

/// Handed to every operation; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    soft: CancellationToken,
    hard: CancellationToken,
    deadline: Option<Instant>,
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
        tokio::select! {
            biased;
            () = self.hard.cancelled() => Err(interrupted()),
            result = work => result,
            () = deadline => Err(passed()),
        }
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
    async fn a_deadline_ends_waiting_work() {
        let cancel = Cancel::new().with_timeout(Duration::from_secs(3));
        assert!(cancel.check().is_ok());
        let error = cancel.guard(std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Deadline);
        assert_eq!(cancel.check().unwrap_err().kind(), Kind::Deadline);
    }
}
