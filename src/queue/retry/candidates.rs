//! Which failed jobs a run is about, oldest first: read without locks, a window at a time.

use std::collections::HashMap;

use super::{RetryRequest, judge::Judged, lineage};
use crate::{
    Error, Kind, Result,
    db::{Cell, Filter, Query, Table, Value},
    laravel::failed::{FailedJob, FailedJobs},
    near,
    queue::FailedFilter,
};

/// Rows of one window: no statement looks at more.
pub(super) const WINDOW: usize = 1500;
/// Bytes of payloads that come with their window; larger ones are asked for by themselves.
const SMALL: usize = 2048;
/// Ids that one statement asks for.
const IDS: usize = 1000;
/// Newest failed jobs whose ids are compared with an unknown one.
const NEAR: u32 = 1000;

/// A failed job that may be retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its row; the payload is empty until it is read, and where it is not needed any more.
    pub failed: FailedJob,
    /// Bytes of its payload.
    pub bytes: i64,
    /// Whether the payload was read.
    pub is_read: bool,
    /// What is to become of it.
    pub judged: Option<Judged>,
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
    /// Whether exceptions are needed: for who keeps which failed job was retried.
    pub keeps_exceptions: bool,
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

    /// The next ones, at most so many; `None` behind the last.
    pub(super) async fn next(&self, walk: &mut Walk, most: usize) -> Result<Option<Vec<Candidate>>> {
        let is_filtered = !self.filter.is_empty();
        // Of a window that is filtered few rows may be wanted.
        let most = if is_filtered { WINDOW } else { most.min(WINDOW) };
        let (place, values) = match walk {
            Walk::All { after, last } if *after < *last => {
                ("id > ? AND id <= ?".to_owned(), vec![Value::Int(*after), Value::Int(*last)])
            }
            Walk::Rows(rows) if !rows.is_empty() => {
                let filter = self.table.one_of_numbers("id", rows.iter().copied().take(most));
                (filter.sql, filter.values)
            }
            _ => return Ok(None),
        };
        let table = self.table;
        // The condition is no part of WHERE: a window that holds none of what is wanted would be the whole table.
        let Filter { sql: condition, values: wanted } = self.condition();
        let small = format!("OCTET_LENGTH(payload) <= {SMALL} AND {condition}");
        let payload = format!("CASE WHEN {small} THEN payload END");
        let sql = format!(
            "SELECT {}, OCTET_LENGTH(payload) AS bytes, CASE WHEN {condition} THEN 1 ELSE 0 END AS wanted \
             FROM {} WHERE {place} ORDER BY id LIMIT {most}",
            self.columns(&payload),
            table.name
        );
        let query = Query::new(sql).bind_all(wanted.clone()).bind_all(wanted).bind_all(values);
        let rows = self.failed.db.session().await?.fetch(query).await?;
        match walk {
            Walk::All { after, last } => *after = rows.last().map_or(Ok(*last), |row| row.int("id"))?,
            Walk::Rows(rows) => drop(rows.drain(..rows.len().min(most))),
        }
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            if row.int("wanted")? == 1 {
                let (bytes, is_read) = (row.int("bytes")?, *row.cell("payload")? != Cell::Null);
                let failed = FailedJob::read(row, self.failed.zone)?;
                found.push(Candidate { failed, bytes, is_read, judged: None });
            }
        }
        Ok(Some(found))
    }

    /// Reads the payloads that did not come with their window, but for those that are larger than `largest`. What is
    /// gone meanwhile stays unread.
    pub(super) async fn read_large(&self, candidates: &mut [Candidate], largest: i64) -> Result<()> {
        let large: Vec<&mut Candidate> = candidates
            .iter_mut()
            .filter(|candidate| !candidate.is_read && candidate.bytes <= largest)
            .collect();
        if large.is_empty() {
            return Ok(());
        }
        let ids = self.table.one_of_numbers("id", large.iter().map(|candidate| candidate.failed.row));
        let sql = format!("SELECT id, payload FROM {} WHERE {}", self.table.name, ids.sql);
        let rows = self.failed.db.session().await?.fetch(Query::new(sql).bind_all(ids.values)).await?;
        let mut payloads: HashMap<i64, Vec<u8>> = HashMap::new();
        for row in rows {
            payloads.insert(row.int("id")?, row.into_bytes("payload")?.unwrap_or_default());
        }
        for candidate in large {
            if let Some(payload) = payloads.remove(&candidate.failed.row) {
                (candidate.failed.payload, candidate.is_read) = (payload, true);
            }
        }
        Ok(())
    }

    /// What is read of a row; of an exception its first line where it is kept.
    fn columns(&self, payload: &str) -> String {
        let exception = if self.keeps_exceptions { lineage::first_line(self.table) } else { "''".to_owned() };
        FailedJobs::columns_with(self.table, payload, &exception)
    }

    /// A condition that all wanted rows meet; of a class it lets more pass, see [`FailedFilter::takes_class`].
    fn condition(&self) -> Filter {
        let Filter { mut sql, mut values } = self.filter.sql(self.table, self.failed.zone);
        if let Some(class) = &self.filter.class {
            // A namespace's backslashes stand twice in JSON; its last part stands as it is.
            let name = class.rsplit('\\').next().unwrap_or(class);
            if name.is_ascii() && !name.contains(['/', '"']) {
                sql.push_str(" AND payload LIKE ? ESCAPE '!'");
                values.push(like(name).into());
            }
        }
        Filter { sql, values }
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
