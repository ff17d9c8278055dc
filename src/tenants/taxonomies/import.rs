//! The rows of a file become the master rows: all of them or none, in one transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Rows, Source, Taxonomy,
    store::{all, require},
};
use crate::{
    Error, Result,
    db::{Begin, BulkUpdate, Db, Engine, Fault, Query, Session, Table, Value},
};

/// Rows of one statement.
const ROWS: usize = 200;
/// Attempts at a transaction that another one got into the way of.
const TRIES: u32 = 3;

/// What to make of a file.
#[derive(Debug, Clone)]
pub struct Import {
    /// Its rows.
    pub rows: Rows,
    /// Take rows that the file lacks out of use.
    pub prune: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is new.
    Created,
    /// It says something else now.
    Updated,
    /// It says what it said.
    Unchanged,
    /// The file lacks it, and it is out of use now.
    Deactivated,
}

impl Outcome {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::Unchanged => "unchanged",
            Outcome::Deactivated => "deactivated",
        }
    }
}

/// One row of the file, or one that it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportItem {
    /// What it says now.
    #[serde(flatten)]
    pub taxonomy: Taxonomy,
    /// What became of it.
    pub outcome: Outcome,
    /// How often it was changed, its making included.
    pub version: i64,
    /// The line of the file that it begins on; none for one that the file lacks.
    pub line: Option<u64>,
}

/// How many rows became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportCounts {
    /// New ones.
    pub created: usize,
    /// Those that say something else.
    pub updated: usize,
    /// Those that say what they said.
    pub unchanged: usize,
    /// Those that were taken out of use.
    pub deactivated: usize,
    /// Those that the file lacks and that stay as they are.
    pub left: usize,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportReport {
    /// Its rows in the file's order, then those that it lacks and that were taken out of use.
    pub items: Vec<ImportItem>,
    /// How many became what.
    pub counts: ImportCounts,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
}

/// Imports a file. A row's version and checksum change only where it says something else.
///
/// # Errors
/// [`crate::Kind::Refused`] for a file without rows that is to prune; rows that do not fit together, with their lines;
/// [`crate::Kind::Config`] where the table is missing; the database's.
pub async fn import(db: &Db, request: &Import) -> Result<ImportReport> {
    if request.prune && request.rows.is_empty() {
        return Err(Error::refused(
            "a file without rows would take every master row out of use: nothing was changed",
        )
        .hint("look at the file; rows go out of use one by one with `is_active` false"));
    }
    let table = require(db).await?;
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(db, &table, request).await {
            // Two on an empty table have no rows to lock each other out by.
            Err(error) if tries < TRIES && is_in_the_way(error.fault()) => {}
            done => return done,
        }
    }
}

fn is_in_the_way(fault: Option<Fault>) -> bool {
    matches!(fault, Some(Fault::Transient | Fault::Duplicate))
}

async fn attempt(db: &Db, table: &Table, request: &Import) -> Result<ImportReport> {
    let now = db.now().await?;
    let mut session = db.session().await?;
    if request.dry_run {
        let plan = Plan::of(request, all(&mut session, table, "").await?)?;
        return Ok(plan.report(request));
    }
    session.begin(Begin::Write).await?;
    let lock = if db.engine() == Engine::Sqlite { "" } else { " FOR UPDATE" };
    let plan = Plan::of(request, all(&mut session, table, lock).await?)?;
    plan.write(&mut session, table, now).await?;
    session.commit().await?;
    Ok(plan.report(request))
}

/// What is to be done.
struct Plan {
    items: Vec<ImportItem>,
    /// Ids of the rows that are in the table, by their place among the items.
    ids: HashMap<usize, String>,
    left: usize,
}

impl Plan {
    fn of(request: &Import, there: Vec<Source>) -> Result<Self> {
        let named: HashSet<_> = request.rows.taxonomies().map(Taxonomy::key).collect();
        // Rows that go out of use are nobody's parents.
        let beside = there.iter().filter(|source| !request.prune || named.contains(&source.taxonomy.key()));
        request.rows.fit(beside.map(|source| &source.taxonomy))?;
        let mut known: HashMap<_, Source> =
            there.into_iter().map(|source| (source.taxonomy.key(), source)).collect();
        let (mut items, mut ids) = (Vec::new(), HashMap::new());
        for (line, row) in request.rows.by_line() {
            let known = known.remove(&row.key());
            let version = known.as_ref().and_then(|source| source.version).unwrap_or_default();
            let outcome = match &known {
                None => Outcome::Created,
                Some(source) if source.taxonomy == *row && source.checksum == row.checksum() => {
                    Outcome::Unchanged
                }
                Some(_) => Outcome::Updated,
            };
            ids.extend(known.and_then(|source| Some((items.len(), source.master_id?))));
            let version = if outcome == Outcome::Unchanged { version } else { version + 1 };
            items.push(ImportItem { taxonomy: row.clone(), outcome, version, line: Some(line) });
        }
        let mut others: Vec<Source> = known.into_values().collect();
        others.sort_by_key(|source| source.taxonomy.key());
        let is_pruned = |source: &Source| request.prune && source.taxonomy.is_active;
        let (pruned, left): (Vec<_>, Vec<_>) = others.into_iter().partition(is_pruned);
        for source in pruned {
            ids.extend(source.master_id.map(|id| (items.len(), id)));
            let taxonomy = Taxonomy { is_active: false, ..source.taxonomy };
            let version = source.version.unwrap_or_default() + 1;
            items.push(ImportItem { taxonomy, outcome: Outcome::Deactivated, version, line: None });
        }
        Ok(Self { items, ids, left: left.len() })
    }

    fn report(self, request: &Import) -> ImportReport {
        let of = |outcome| self.items.iter().filter(|item| item.outcome == outcome).count();
        let counts = ImportCounts {
            created: of(Outcome::Created),
            updated: of(Outcome::Updated),
            unchanged: of(Outcome::Unchanged),
            deactivated: of(Outcome::Deactivated),
            left: self.left,
        };
        ImportReport { items: self.items, counts, dry_run: request.dry_run }
    }

    async fn write(&self, session: &mut Session<'_>, table: &Table, now: DateTime<Utc>) -> Result<()> {
        let created: Vec<&ImportItem> =
            self.items.iter().filter(|item| item.outcome == Outcome::Created).collect();
        for some in created.chunks(ROWS) {
            session.execute(insert(table, some, now)).await?;
        }
        let changes = |outcome| matches!(outcome, Outcome::Updated | Outcome::Deactivated);
        let changed: Vec<(&str, &ImportItem)> = self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| changes(item.outcome))
            .filter_map(|(at, item)| Some((self.ids.get(&at)?.as_str(), item)))
            .collect();
        for some in changed.chunks(ROWS) {
            session.execute(update(table, some, now)).await?;
        }
        Ok(())
    }
}

const COLUMNS: [&str; 11] = [
    "id",
    "type",
    "code",
    "name",
    "parent_code",
    "sort_order",
    "is_active",
    "version",
    "checksum",
    "created_at",
    "updated_at",
];

fn insert(table: &Table, items: &[&ImportItem], now: DateTime<Utc>) -> Query {
    let holes: Vec<String> = COLUMNS.iter().map(|column| table.hole(column)).collect();
    let names: Vec<String> = COLUMNS.iter().map(|column| table.column(column)).collect();
    let row = format!("({})", holes.join(", "));
    let rows = vec![row; items.len()].join(", ");
    let sql = format!("INSERT INTO {} ({}) VALUES {rows}", table.name, names.join(", "));
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let values = items.iter().flat_map(|item| {
        let row = &item.taxonomy;
        let id: Uuid = uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid();
        let values: [Value; COLUMNS.len()] = [
            id.to_string().into(),
            row.r#type.as_str().into(),
            row.code.as_str().into(),
            row.name.as_str().into(),
            row.parent_code.clone().into(),
            i64::from(row.sort_order).into(),
            i64::from(row.is_active).into(),
            item.version.into(),
            row.checksum().into(),
            now.into(),
            now.into(),
        ];
        values
    });
    Query::new(sql).bind_all(values)
}

fn update(table: &Table, items: &[(&str, &ImportItem)], now: DateTime<Utc>) -> Query {
    let ids = items.iter().map(|(id, _)| (*id).to_owned()).collect();
    let column = |value: fn(&ImportItem) -> Value| items.iter().map(|(_, item)| value(item)).collect();
    BulkUpdate::new(table, "id", ids)
        .set("name", column(|item| item.taxonomy.name.as_str().into()))
        .set("parent_code", column(|item| item.taxonomy.parent_code.clone().into()))
        .set("sort_order", column(|item| i64::from(item.taxonomy.sort_order).into()))
        .set("is_active", column(|item| i64::from(item.taxonomy.is_active).into()))
        .set("version", column(|item| item.version.into()))
        .set("checksum", column(|item| item.taxonomy.checksum().into()))
        .set_all(format!("updated_at = {}", table.hole("updated_at")), vec![now.into()])
        .query()
}
