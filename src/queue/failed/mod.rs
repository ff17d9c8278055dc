//! Failed jobs: grouped, listed, forgotten.
//!
//! A table may hold a million of them, with traces of any length: it is read in windows along its primary key, and of
//! each row only what is needed.

mod filter;
mod history;
mod list;
mod remove;

use chrono::{DateTime, Utc};

pub use self::{
    filter::{FailedFilter, is_class},
    history::{Event, Life, Moment, life},
    list::{Detail, Failed, FailedPage, FailedSummary, GROUPS, groups, list, show},
    remove::{Flush, count, flush, forget},
};
use crate::{
    Result,
    db::{Query, Session, Table},
    laravel::{
        failed::{FailedJobs, head, moment},
        queue::Next,
    },
};

/// Rows that are looked at in one statement.
const WINDOW: i64 = 2000;
/// Characters of a payload in which its display name is looked for: PHP writes it as the second member.
const PAYLOAD: usize = 2000;
/// Characters of an exception in which a text is looked for: its message and its place, without the trace.
pub(super) const MESSAGE: usize = 1000;

/// What is needed of a failed job to list it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Brief {
    row: i64,
    uuid: Option<String>,
    connection: String,
    queue: String,
    class: Option<String>,
    head: String,
    failed_at: Option<DateTime<Utc>>,
}

/// The order in which rows are walked over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    OldestFirst,
    NewestFirst,
}

/// The rows of a table that a filter takes, in their order, up to a row's id.
struct Walk<'a> {
    failed: &'a FailedJobs<'a>,
    table: Table,
    filter: &'a FailedFilter,
    order: Order,
    /// The oldest come behind this id.
    from: i64,
    /// The highest id that is looked at: what fails meanwhile is left alone.
    upto: i64,
}

impl<'a> Walk<'a> {
    async fn open(failed: &'a FailedJobs<'a>, filter: &'a FailedFilter, order: Order) -> Result<Self> {
        let table = failed.require().await?;
        Ok(Self { failed, table, filter, order, from: i64::MIN, upto: i64::MAX })
    }

    /// Gives each row to `take`.
    async fn each(&self, mut take: impl FnMut(Brief) -> Next) -> Result<()> {
        let mut session = self.failed.db.session().await?;
        let mut from = if self.order == Order::OldestFirst { self.from } else { self.upto };
        while let Some(end) = self.end(&mut session, from).await? {
            for brief in self.window(&mut session, from, end).await? {
                if self.filter.takes_class(brief.class.as_deref()) && take(brief) == Next::Enough {
                    return Ok(());
                }
            }
            match self.order {
                Order::OldestFirst => from = end,
                Order::NewestFirst if end == i64::MIN => break,
                Order::NewestFirst => from = end - 1,
            }
        }
        Ok(())
    }

    /// The last id of the next window: behind `from` where the oldest come first, from `from` down else.
    async fn end(&self, session: &mut Session<'_>, from: i64) -> Result<Option<i64>> {
        let name = &self.table.name;
        let sql = match self.order {
            Order::OldestFirst => format!(
                "SELECT MAX(id) AS id FROM (SELECT id FROM {name} WHERE id > ? AND id <= {} ORDER BY id LIMIT {WINDOW}) w",
                self.upto
            ),
            Order::NewestFirst => format!(
                "SELECT MIN(id) AS id FROM (SELECT id FROM {name} WHERE id <= ? ORDER BY id DESC LIMIT {WINDOW}) w"
            ),
        };
        let row = session.first(Query::new(sql).bind(from)).await?;
        Ok(match row {
            Some(row) if row.text_or_null("id")?.is_some() => Some(row.int("id")?),
            _ => None,
        })
    }

    async fn window(&self, session: &mut Session<'_>, from: i64, end: i64) -> Result<Vec<Brief>> {
        let (range, order) = match self.order {
            Order::OldestFirst => ("id > ? AND id <= ?", "id"),
            Order::NewestFirst => ("id <= ? AND id >= ?", "id DESC"),
        };
        let filter = self.filter.sql(&self.table, self.failed.zone);
        let uuid = if self.table.has("uuid") { "uuid" } else { "NULL" };
        let (connection, queue, payload, exception) = (
            self.table.column("connection"),
            self.table.column("queue"),
            self.table.column("payload"),
            self.table.column("exception"),
        );
        let sql = format!(
            "SELECT id, {uuid} AS uuid, {connection} AS connection, {queue} AS queue, failed_at, \
             SUBSTR({payload}, 1, {PAYLOAD}) AS payload, SUBSTR({exception}, 1, {MESSAGE}) AS exception \
             FROM {} WHERE {range} AND {} ORDER BY {order}",
            self.table.name, filter.sql
        );
        let query = Query::new(sql).bind(from).bind(end).bind_all(filter.values);
        let rows = session.fetch(query).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Brief {
                    row: row.int("id")?,
                    uuid: row.text_or_null("uuid")?.filter(|uuid| !uuid.is_empty()),
                    connection: row.text("connection")?,
                    queue: row.text("queue")?,
                    head: head(&row.text("exception")?).to_owned(),
                    failed_at: row.time("failed_at")?.map(|wall| moment(wall.naive_utc(), self.failed.zone)),
                    class: row.into_bytes("payload")?.and_then(|bytes| display_name(&bytes)),
                })
            })
            .collect()
    }
}

/// The display name of a payload of which only the beginning may be there.
fn display_name(bytes: &[u8]) -> Option<String> {
    const MEMBER: &[u8] = b"\"displayName\":";
    let at = bytes.windows(MEMBER.len()).position(|window| window == MEMBER)? + MEMBER.len();
    let mut values = serde_json::Deserializer::from_slice(&bytes[at..]).into_iter::<Option<String>>();
    values.next()?.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_is_found_in_the_beginning_of_a_payload() {
        let name = |text: &str| display_name(text.as_bytes());
        assert_eq!(
            name(r#"{"uuid":"u","displayName":"App\\Jobs\\Send","job":"x","data":{"comm"#).as_deref(),
            Some(r"App\Jobs\Send")
        );
        for text in
            ["", "rubbish", r#"{"displayName":null}"#, r#"{"displayName":7}"#, r#"{"displayName":"Ap"#]
        {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
