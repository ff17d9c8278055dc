//! Several statements in one round trip: what each answered, as far as they got.

use futures_util::{Stream, TryStreamExt};
use sqlx::{
    AssertSqlSafe, Either,
    postgres::{PgDatabaseError, PgErrorPosition},
};

use super::{Conn, Row, Session, answered, row::Read};
use crate::{Error, Result};

/// What several statements answered.
#[derive(Debug)]
pub struct Answers {
    /// The rows of each statement that came to its end, in their order.
    pub rows: Vec<Vec<Row>>,
    /// What the next one failed with; those behind it did not run.
    pub error: Option<Error>,
}

/// How far a script came that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// Statements that came to their end.
    pub ended: usize,
    /// The character of the script at which the server points, if it does; the first is 1.
    pub points_at: Option<usize>,
}

impl Session<'_> {
    /// Runs a script as [`Session::script`] does, and notes how far it came.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub async fn script_noted(&mut self, text: &str, reached: &mut Reached) -> Result<()> {
        let alone = self.enter().await?;
        tracing::trace!(sql = %text, "script");
        self.broken = true;
        let sql = || sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
        let work = async {
            match self.conn.as_mut() {
                Some(Conn::Postgres(conn)) => count(sql().fetch_many(conn), reached).await,
                Some(Conn::MySql(conn)) => count(sql().fetch_many(conn), reached).await,
                Some(Conn::Sqlite(conn)) => count(sql().fetch_many(conn), reached).await,
                None => Err(sqlx::Error::PoolClosed),
            }
        };
        let result = answered(self.db.guards.answer(), work).await;
        let result = self.checked(result);
        self.leave(alone, result).await
    }

    /// Runs statements without parameters in one round trip. The first that fails ends them; the rows of those before it
    /// are given all the same.
    pub async fn answers(&mut self, statements: &[&str]) -> Answers {
        let alone = match self.enter().await {
            Ok(alone) => alone,
            Err(error) => return Answers { rows: Vec::new(), error: Some(error) },
        };
        let text = statements.join(";\n");
        tracing::trace!(sql = %text, "queries");
        let sql = || sqlx::raw_sql(AssertSqlSafe(text));
        let mut rows = vec![Vec::new()];
        // Work that is dropped half-way leaves its connection in the middle of an answer.
        self.broken = true;
        let work = async {
            match self.conn.as_mut() {
                Some(Conn::Postgres(conn)) => gather(sql().fetch_many(conn), &mut rows).await,
                Some(Conn::MySql(conn)) => gather(sql().fetch_many(conn), &mut rows).await,
                Some(Conn::Sqlite(conn)) => gather(sql().fetch_many(conn), &mut rows).await,
                None => Err(sqlx::Error::PoolClosed),
            }
        };
        let result = answered(self.db.guards.answer(), work).await;
        rows.pop(); // of the statement that failed, or of none
        let result: Result<()> = self.checked(result);
        let error = self.leave(alone, result).await.err();
        Answers { rows, error }
    }
}

/// Counts the statements that end.
async fn count<Done, Row>(
    answers: impl Stream<Item = Result<Either<Done, Row>, sqlx::Error>>,
    reached: &mut Reached,
) -> Result<(), sqlx::Error> {
    let ended = &mut reached.ended;
    let each = |answer: Either<Done, Row>| {
        *ended += usize::from(answer.is_left());
        std::future::ready(Ok(()))
    };
    let result = answers.try_for_each(each).await;
    reached.points_at = result.as_ref().err().and_then(points_at);
    result
}

/// The character of a script at which PostgreSQL points.
fn points_at(error: &sqlx::Error) -> Option<usize> {
    match error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?.position()? {
        PgErrorPosition::Original(at) => Some(at),
        PgErrorPosition::Internal { .. } => None,
    }
}

/// Adds the rows of each statement to the last list, and begins another when it ends.
async fn gather<Done, R: Read>(
    answers: impl Stream<Item = Result<Either<Done, R>, sqlx::Error>>,
    rows: &mut Vec<Vec<Row>>,
) -> Result<(), sqlx::Error> {
    let mut names = None;
    let take = |answer: Either<Done, R>| {
        match (answer, rows.last_mut()) {
            (Either::Right(row), Some(last)) => last.push(row.read(&mut names)),
            _ => {
                rows.push(Vec::new());
                names = None;
            }
        }
        std::future::ready(Ok(()))
    };
    answers.try_for_each(take).await
}
