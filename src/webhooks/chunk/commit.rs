//! The end of a chunk: its COMMIT, and what became of it when the server was lost before it answered.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{super::decide::Change, Worker};
use crate::{
    Error, Result, clock,
    db::{Begin, Engine, Fault, Query, Row, Session},
};

/// Time between two looks at what became of a transaction.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Time for which a server that was lost is asked: one that restarts is back by then.
const LOOK_FOR: Duration = Duration::from_secs(10);

/// What became of a transaction whose COMMIT was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Committed,
    RolledBack,
    /// Others have worked on its rows since: they could tell either story.
    Overwritten,
}

/// What a COMMIT came to.
#[derive(Debug)]
pub enum Ended {
    /// The work is durable.
    Committed,
    /// It is not, and will not be.
    RolledBack(Error),
    /// The server was lost before it answered, and does not tell.
    Unknown(Error),
}

impl Worker<'_> {
    /// Commits. When the server is lost before it answers, asks again what became of the transaction.
    ///
    /// # Errors
    /// What the server said; after a lost server with what is known about the chunk.
    pub(super) async fn commit(
        &self,
        session: Session<'_>,
        changes: &[Change],
        now: DateTime<Utc>,
    ) -> Result<()> {
        match self.end(session, changes, now).await {
            Ended::Committed => Ok(()),
            Ended::RolledBack(error) | Ended::Unknown(error) => Err(error),
        }
    }

    /// As [`Worker::commit`], for who must know the one from the other.
    pub(super) async fn end(
        &self,
        mut session: Session<'_>,
        changes: &[Change],
        now: DateTime<Utc>,
    ) -> Ended {
        let Err(error) = session.commit().await else { return Ended::Committed };
        drop(session);
        if error.fault() != Some(Fault::Lost) {
            return Ended::RolledBack(error);
        }
        if changes.is_empty() {
            return Ended::Unknown(error);
        }
        match self.fate(changes, now).await {
            Ok(Fate::Committed) => {
                tracing::warn!(%error, "the COMMIT was not answered, but is done");
                Ended::Committed
            }
            Ok(Fate::RolledBack) => {
                Ended::RolledBack(error.because("the chunk was rolled back: its events keep their attempts"))
            }
            Ok(Fate::Overwritten) => Ended::Unknown(unknown(error, changes)),
            Err(cause) => {
                tracing::debug!(%cause, "the server was asked in vain");
                Ended::Unknown(unknown(error, changes))
            }
        }
    }

    async fn fate(&self, changes: &[Change], now: DateTime<Utc>) -> Result<Fate> {
        let started = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look(changes, now).await {
                Err(_) if started.elapsed() < LOOK_FOR => {}
                result => return result,
            }
        }
    }

    /// Looks at the rows under a lock, which waits for a transaction that is still being committed or rolled back.
    async fn look(&self, changes: &[Change], now: DateTime<Utc>) -> Result<Fate> {
        let table = &self.store.events;
        let ids = table.one_of("id", changes.iter().map(|change| change.item.id.as_str()));
        let lock = if table.engine() == Engine::Sqlite { "" } else { " FOR UPDATE" };
        let sql = format!(
            "SELECT id, status, attempts, last_attempt_at, next_retry_at FROM {}{} WHERE {}{lock}",
            table.name,
            table.through(&["id"]),
            ids.sql
        );
        let mut session = self.store.db.session().await?;
        session.begin(Begin::Write).await?;
        let rows = session.fetch(Query::new(sql).bind_all(ids.values)).await?;
        session.rollback().await?;
        let seen: Result<Vec<Seen>> = rows.iter().map(Seen::read).collect();
        Ok(judge(changes, &seen?, now))
    }
}

fn unknown(error: Error, changes: &[Change]) -> Error {
    error
        .because(format!("whether the last {} events were committed is not known", changes.len()))
        .hint("run again when the server is back: an event that was applied is not applied twice")
}

/// A row as it is after the COMMIT that was not answered.
#[derive(Debug, Clone)]
struct Seen {
    id: String,
    status: String,
    attempts: i64,
    last_attempt_at: Option<DateTime<Utc>>,
    next_retry_at: Option<DateTime<Utc>>,
}

impl Seen {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            status: row.text("status")?,
            attempts: row.int("attempts")?,
            last_attempt_at: row.time("last_attempt_at")?,
            next_retry_at: row.time("next_retry_at")?,
        })
    }
}

/// The whole chunk was committed or none of it: rows that are as it left them confirm it, rows that are as they were
/// before deny it. Both at once are the work of others since, whose clocks may be behind.
fn judge(changes: &[Change], seen: &[Seen], now: DateTime<Utc>) -> Fate {
    let at = Some(clock::cut(now));
    let seen: HashMap<&str, &Seen> = seen.iter().map(|row| (row.id.as_str(), row)).collect();
    let rows = || changes.iter().filter_map(|change| Some((change, *seen.get(change.item.id.as_str())?)));
    let old =
        |(change, row): (&Change, &Seen)| row.attempts < change.item.attempts || row.last_attempt_at < at;
    let ours = |(change, row): (&Change, &Seen)| {
        row.attempts == change.item.attempts
            && row.last_attempt_at == at
            && row.status == change.status
            && row.next_retry_at == change.next_retry_at
    };
    match (rows().any(ours), rows().any(old)) {
        (true, false) => Fate::Committed,
        (false, true) => Fate::RolledBack,
        _ => Fate::Overwritten,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::Outcome, super::skip, *};

    fn now() -> DateTime<Utc> {
        "2026-11-20T09:00:00.7Z".parse().unwrap()
    }

    /// A chunk of two tries, the second and third of their events.
    fn changes() -> Vec<Change> {
        let change = |id: &str, attempts| {
            let mut item = skip(id, "mock", attempts, "");
            item.outcome = Outcome::Pending;
            Change {
                status: "received",
                payment_status: None,
                payment_provider_ref: None,
                processed: false,
                next_retry_at: Some(clock::cut(now()) + chrono::TimeDelta::seconds(9)),
                error_message: None,
                item,
            }
        };
        vec![change("a", 2), change("b", 3)]
    }

    fn row(id: &str, attempts: i64, tried: i64, next: i64) -> Seen {
        let at = |seconds| Some(clock::cut(now()) + chrono::TimeDelta::seconds(seconds));
        let status = "received".to_owned();
        Seen { id: id.into(), status, attempts, last_attempt_at: at(tried), next_retry_at: at(next) }
    }

    #[test]
    fn rows_tell_what_became_of_a_commit() {
        let judged = |rows: &[Seen]| judge(&changes(), rows, now());
        let (ours, old) =
            ([row("a", 2, 0, 9), row("b", 3, 0, 9)], [row("a", 1, -60, -1), row("b", 2, -60, -1)]);
        assert_eq!(judged(&ours), Fate::Committed);
        assert_eq!(judged(&old), Fate::RolledBack);
        // One of ours was tried once more since; one of the old ones, by somebody else in the same second.
        assert_eq!(judged(&[row("a", 3, 1, 20), ours[1].clone()]), Fate::Committed);
        assert_eq!(judged(&[row("a", 2, 0, 5), old[1].clone()]), Fate::RolledBack);
        // One was touched since by somebody whose clock is behind.
        assert_eq!(judged(&[row("a", 3, -2, 20), ours[1].clone()]), Fate::Overwritten);
        // A deleted row says nothing; rows that others changed all over could tell either story.
        assert_eq!(judged(&ours[..1]), Fate::Committed);
        assert_eq!(judged(&[row("a", 2, 0, 5), row("b", 3, 0, 5)]), Fate::Overwritten);
        assert_eq!(judged(&[]), Fate::Overwritten);
    }
}
