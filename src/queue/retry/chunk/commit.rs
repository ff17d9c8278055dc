//! The end of a chunk: its COMMIT, and what became of it when the server was lost before it answered.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Planned, Worker,
    push::{Pushes, Receipts},
};
use crate::{
    Error, Result,
    db::{Begin, Engine, Query, Session},
    error::Fault,
};

/// Time between two looks at what became of a transaction.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Time for which a server that was lost is asked: one that restarts is back by then.
const LOOK_FOR: Duration = Duration::from_secs(10);

impl Worker<'_, '_> {
    /// Commits: the pushes to other databases first, since a job that is in two places is found there by the next run,
    /// and one that is in none is lost. Gives what Redis has of the chunk.
    ///
    /// # Errors
    /// What a server said; after a lost one with what is known about the chunk.
    pub(super) async fn commit(
        &self,
        mut session: Session<'_>,
        pushes: Pushes<'_>,
        planned: &[Planned<'_>],
    ) -> Result<Receipts> {
        for mut other in pushes.others {
            other.commit().await?;
        }
        let Err(error) = session.commit().await else { return Ok(pushes.receipts) };
        drop(session);
        if error.fault() != Some(Fault::Lost) || planned.is_empty() {
            return Err(error);
        }
        match self.is_committed(planned).await {
            Ok(true) => {
                tracing::warn!(%error, "the COMMIT was not answered, but is done");
                Ok(pushes.receipts)
            }
            Ok(false) => Err(error.because("the chunk was rolled back")),
            Err(cause) => {
                tracing::debug!(%cause, "the server was asked in vain");
                Err(unknown(&error, planned.len()))
            }
        }
    }

    async fn is_committed(&self, planned: &[Planned<'_>]) -> Result<bool> {
        let started = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.is_gone(planned).await {
                Err(_) if started.elapsed() < LOOK_FOR => {}
                result => return result,
            }
        }
    }

    /// Looks for the rows under a lock, which waits for a transaction that is still being committed or rolled back. A row
    /// is never written twice: none of them is there after the COMMIT, and all of them are after a rollback.
    async fn is_gone(&self, planned: &[Planned<'_>]) -> Result<bool> {
        let ids = self.table.one_of_numbers("id", planned.iter().map(|job| job.failed.row));
        let lock = if self.table.engine() == Engine::Sqlite { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT id FROM {} WHERE {}{lock}", self.table.name, ids.sql);
        let mut session = self.failed.db.session().await?;
        session.begin(Begin::Write).await?;
        let rows = session.fetch(Query::new(sql).bind_all(ids.values)).await?;
        session.rollback().await?;
        Ok(rows.is_empty())
    }
}

fn unknown(error: &Error, jobs: usize) -> Error {
    error
        .clone()
        .because(format!("whether the last {jobs} failed jobs were forgotten is not known"))
        .hint("run again when the server is back: a job that was pushed is not pushed twice")
}
