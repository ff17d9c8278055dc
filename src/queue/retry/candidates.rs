//! Which failed jobs a run is about, oldest first: picked without locks, a window at a time.

use super::RetryRequest;
use crate::{
    Error, Kind, Result,
    db::{Filter, Query, Table, Value},
    laravel::failed::FailedJobs,
    near,
    queue::FailedFilter,
};

/// Rows of one window: no statement looks at more.
const WINDOW: usize = 5000;
/// Ids that one statement asks for.
const IDS: usize = 1000;
/// Newest failed jobs whose ids are compared with an unknown one.
const NEAR: u32 = 1000;

/// A failed job that may be retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub row: i64,
    pub uuid: Option<String>,
    pub connection: String,
    pub queue: String,
    /// Bytes of its payload.
    pub bytes: i64,
}

impl Candidate {
    /// What the application calls it.
    pub(super) fn id(&self, named_by_uuid: bool) -> String {
        match &self.uuid {
            Some(uuid) if named_by_uuid => uuid.clone(),
            _ => self.row.to_string(),
        }
    }
}

/// Where a run is in the table.
#[derive(Debug)]
pub(super) enum Walk {
    /// All of them: behind this row, up to the last one that was there at the beginning. What fails again meanwhile is
    /// not retried again.
    All { after: i64, last: i64 },
    /// These rows.
    Rows(Vec<i64>),
}

/// Finds the failed jobs of a run.
#[derive(Debug)]
pub(super) struct Candidates<'a> {
    pub failed: &'a FailedJobs<'a>,
    pub table: &'a Table,
    pub filter: &'a FailedFilter,
}

impl Candidates<'_> {
    /// Where to begin.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for an id that names no failed job; the database's.
    pub(super) async fn walk(&self, request: &RetryRequest) -> Result<Walk> {
        let Some(ids) = &request.ids else {
            let sql = format!("SELECT MAX(id) AS last FROM {}", self.table.name);
            let row = self.failed.db.session().await?.first(Query::new(sql)).await?;
            let last = row.map_or(Ok(0), |row| row.int("last"))?;
            return Ok(Walk::All { after: i64::MIN, last });
        };
        let mut rows = Vec::new();
        for some in ids.chunks(IDS) {
            rows.extend(self.named(some).await?);
        }
        rows.sort_unstable();
        rows.dedup();
        Ok(Walk::Rows(rows))
    }

    /// The next ones; `None` behind the last.
    pub(super) async fn next(&self, walk: &mut Walk) -> Result<Option<Vec<Candidate>>> {
        let (place, values) = match walk {
            Walk::All { after, last } if *after < *last => {
                ("id > ? AND id <= ?".to_owned(), vec![Value::Int(*after), Value::Int(*last)])
            }
            Walk::Rows(rows) if !rows.is_empty() => {
                let rest = rows.split_off(rows.len().min(WINDOW));
                let filter = self.table.one_of_numbers("id", std::mem::replace(rows, rest));
                (filter.sql, filter.values)
            }
            _ => return Ok(None),
        };
        let (condition, wanted) = self.condition();
        let table = self.table;
        let uuid = if table.has("uuid") { "uuid" } else { "NULL AS uuid" };
        // The condition is no part of WHERE: a window that holds none of what is wanted would be the whole table.
        let sql = format!(
            "SELECT id, {uuid}, {} AS connection, {} AS queue, OCTET_LENGTH(payload) AS bytes, \
             CASE WHEN {condition} THEN 1 ELSE 0 END AS wanted FROM {} WHERE {place} ORDER BY id LIMIT {WINDOW}",
            table.column("connection"),
            table.column("queue"),
            table.name
        );
        let query = Query::new(sql).bind_all(wanted).bind_all(values);
        let rows = self.failed.db.session().await?.fetch(query).await?;
        if let Walk::All { after, last } = walk {
            *after = rows.last().map_or(Ok(*last), |row| row.int("id"))?;
        }
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            if row.int("wanted")? == 1 {
                found.push(Candidate {
                    row: row.int("id")?,
                    uuid: row.text_or_null("uuid")?.filter(|uuid| !uuid.is_empty()),
                    connection: row.text("connection")?,
                    queue: row.text("queue")?,
                    bytes: row.int("bytes")?,
                });
            }
        }
        Ok(Some(found))
    }

    /// A condition that all wanted rows meet; of a class it lets more pass, see [`FailedFilter::takes_class`].
    fn condition(&self) -> (String, Vec<Value>) {
        let Filter { mut sql, mut values } = self.filter.sql(self.table, self.failed.zone);
        if let Some(class) = &self.filter.class {
            // A namespace's backslashes stand twice in JSON; its last part stands as it is.
            let name = class.rsplit('\\').next().unwrap_or(class);
            if name.is_ascii() && !name.contains(['/', '"']) {
                sql.push_str(" AND payload LIKE ? ESCAPE '!'");
                values.push(like(name).into());
            }
        }
        (sql, values)
    }

    /// The rows that ids name.
    async fn named(&self, ids: &[String]) -> Result<Vec<i64>> {
        let by_uuid = self.is_by_uuid();
        let filter = match by_uuid {
            true => self.table.one_of("uuid", ids.iter().map(String::as_str)),
            false => self.table.one_of_numbers("id", ids.iter().filter_map(|id| id.parse().ok())),
        };
        let name = if by_uuid { "uuid" } else { "id" };
        let sql = format!("SELECT id, {name} AS name FROM {} WHERE {}", self.table.name, filter.sql);
        let rows = self.failed.db.session().await?.fetch(Query::new(sql).bind_all(filter.values)).await?;
        let names: Vec<String> = rows.iter().map(|row| row.text("name")).collect::<Result<_>>()?;
        match ids.iter().find(|id| !names.contains(id)) {
            Some(unknown) => Err(self.unknown(unknown).await?),
            None => rows.iter().map(|row| row.int("id")).collect(),
        }
    }

    fn is_by_uuid(&self) -> bool {
        self.failed.named_by_uuid && self.table.has("uuid")
    }

    async fn unknown(&self, id: &str) -> Result<Error> {
        let name = if self.is_by_uuid() { "uuid" } else { "id" };
        let sql = format!("SELECT {name} AS name FROM {} ORDER BY id DESC LIMIT {NEAR}", self.table.name);
        let rows = self.failed.db.session().await?.fetch(Query::new(sql)).await?;
        let names: Vec<String> = rows.iter().map(|row| row.text("name")).collect::<Result<_>>()?;
        let error = Error::new(Kind::NotFound, format!("no failed job has the id `{id}`"))
            .because("nothing was changed");
        let error = match id.parse::<i64>() {
            Ok(_) if self.is_by_uuid() => error.hint("this application names failed jobs by their UUID"),
            _ => error,
        };
        let all = "see them all: `opsctl queue failed`";
        Ok(near::or(error, id, names.iter().map(String::as_str), str::to_owned, all))
    }
}

/// A pattern that a text matches which holds this one.
fn like(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}
