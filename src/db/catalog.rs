//! Tables as the database at hand has them: applications differ by engine and age.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use super::{Db, Engine, Query, Value};
use crate::{Error, Result};

/// One table: its quoted name and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Quoted, with the connection's prefix; goes into SQL text as it is.
    pub name: String,
    engine: Engine,
    columns: BTreeMap<String, Column>,
    /// Unique keys by their columns; read on MySQL alone.
    keys: BTreeMap<String, String>,
}

/// A part of a statement and the values of its placeholders.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The text.
    pub sql: String,
    /// The values, in the text's order.
    pub values: Vec<Value>,
}

/// Repeats the last value up to one of a few lengths: 1, 10, or a multiple of 100.
pub(super) fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    let length = match values.len() {
        0 => 0,
        1 => 1,
        2..=10 => 10,
        more => more.div_ceil(100) * 100,
    };
    if let Some(last) = values.last().cloned() {
        values.resize(length, last);
    }
    values
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The engine's name of its type, in lower case: `bpchar`, `timestamp`, `varchar`.
    pub kind: String,
}

#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<String, Option<Table>>>);

impl Cache {
    pub(super) async fn get(&self, db: &Db, name: &str) -> Result<Option<Table>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = read(db, name).await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), found.clone());
        Ok(found)
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Table {
    /// Whether it has a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// A column's name, quoted.
    pub fn column(&self, name: &str) -> String {
        quote(self.engine, name)
    }

    /// All columns by name.
    pub fn columns(&self) -> &BTreeMap<String, Column> {
        &self.columns
    }

    /// What stands behind the table's name in a statement that finds its rows by a unique key. MySQL and MariaDB weigh
    /// every index of the table for each value of a list, and take longer for it than for the rows; told which key
    /// to use, they do not. Empty on the other engines, and where there is no such key.
    pub fn through(&self, columns: &[&str]) -> String {
        let key = self.keys.get(&columns.join(","));
        key.map_or_else(String::new, |key| format!(" FORCE INDEX ({})", quote(self.engine, key)))
    }

    /// A placeholder that carries the column's own type, so that an index on it can be used
    /// (`char(26)` compared with `text` is a sequential scan on PostgreSQL).
    pub fn hole(&self, column: &str) -> String {
        match self.cast(column) {
            Some(kind) => format!("?::{kind}"),
            None => "?".into(),
        }
    }

    /// `column = one of these`. On PostgreSQL the values are one array; elsewhere the list is padded with its last
    /// value to one of a few lengths, so that the text, and the statement that the server keeps prepared, stay the
    /// same from call to call.
    pub fn one_of<'v>(&self, column: &str, values: impl IntoIterator<Item = &'v str>) -> Filter {
        let quoted = self.column(column);
        let values = values.into_iter();
        if self.engine == Engine::Postgres {
            let kind = self.cast(column).unwrap_or_else(|| "text".into());
            let values = vec![Value::Texts(values.map(|value| Some(value.to_owned())).collect())];
            return Filter { sql: format!("{quoted} = ANY(?::{kind}[])"), values };
        }
        let values: Vec<Value> = padded(values.map(Value::from).collect());
        if values.is_empty() {
            return Filter { sql: "1 = 0".into(), values };
        }
        Filter { sql: format!("{quoted} IN ({})", vec!["?"; values.len()].join(", ")), values }
    }

    /// As [`Table::one_of`], of whole numbers.
    pub fn one_of_numbers(&self, column: &str, numbers: impl IntoIterator<Item = i64>) -> Filter {
        let numbers = numbers.into_iter();
        if self.engine == Engine::Postgres {
            let texts: Vec<String> = numbers.map(|number| number.to_string()).collect();
            return self.one_of(column, texts.iter().map(String::as_str));
        }
        let values: Vec<Value> = padded(numbers.map(Value::from).collect());
        if values.is_empty() {
            return Filter { sql: "1 = 0".into(), values };
        }
        let holes = vec!["?"; values.len()].join(", ");
        Filter { sql: format!("{} IN ({holes})", self.column(column)), values }
    }

    /// The rows, as `t`, whose two columns are one of these pairs: a FROM clause with its condition. A row may come
    /// more than once.
    pub fn from_pairs(&self, columns: [&str; 2], pairs: Vec<(&str, &str)>) -> Filter {
        let [first, second] = columns.map(|column| self.column(column));
        if self.engine == Engine::Postgres {
            let kinds = columns.map(|column| self.cast(column).unwrap_or_else(|| "text".into()));
            let sql = format!(
                "unnest(?::{}[], ?::{}[]) AS w(a, b) JOIN {} AS t ON t.{first} = w.a AND t.{second} = w.b",
                kinds[0], kinds[1], self.name
            );
            let column = |take: fn(&(&str, &str)) -> String| {
                Value::Texts(pairs.iter().map(|pair| Some(take(pair))).collect())
            };
            return Filter {
                sql,
                values: vec![column(|pair| pair.0.to_owned()), column(|pair| pair.1.to_owned())],
            };
        }
        let pairs = padded(pairs);
        let holes = vec!["(?, ?)"; pairs.len()].join(", ");
        let values = pairs.into_iter().flat_map(|(a, b)| [Value::from(a), Value::from(b)]).collect();
        let sql = match self.engine {
            // MySQL finds a list of pairs in the index; SQLite only joins by it.
            Engine::MySql => format!(
                "{} AS t{} WHERE (t.{first}, t.{second}) IN ({holes})",
                self.name,
                self.through(&columns)
            ),
            _ => format!(
                "(VALUES {holes}) AS w JOIN {} AS t ON t.{first} = w.column1 AND t.{second} = w.column2",
                self.name
            ),
        };
        Filter { sql, values }
    }

    /// The type to cast a bound text to; none where the engine compares by the column's own.
    pub(super) fn cast(&self, column: &str) -> Option<String> {
        if self.engine != Engine::Postgres {
            return None;
        }
        self.columns.get(column).map(|column| quote(Engine::Postgres, &column.kind))
    }

    /// The engine that the table lives on.
    pub fn engine(&self) -> Engine {
        self.engine
    }
}

/// Quotes a name. Names come from opsctl's own texts, the catalogue, or a checked prefix; a quote is doubled.
pub fn quote(engine: Engine, name: &str) -> String {
    match engine {
        Engine::MySql => format!("`{}`", name.replace('`', "``")),
        Engine::Postgres | Engine::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

impl Db {
    /// A table's name with the connection's prefix, quoted. Whether it exists is not asked.
    pub fn named(&self, table: &str) -> String {
        self.quoted(&format!("{}{table}", self.target().prefix))
    }

    /// A name, quoted as it is.
    pub fn quoted(&self, name: &str) -> String {
        quote(self.engine(), name)
    }
}

async fn read(db: &Db, name: &str) -> Result<Option<Table>> {
    let full = format!("{}{name}", db.target().prefix);
    let sql = match db.engine() {
        // to_regclass follows the search path and is NULL for a table that is not there (PostgreSQL 9.4).
        Engine::Postgres => {
            "SELECT a.attname AS name, t.typname AS kind FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
             WHERE a.attrelid = to_regclass(quote_ident(?)) AND a.attnum > 0 AND NOT a.attisdropped"
        }
        Engine::MySql => {
            "SELECT column_name AS name, data_type AS kind FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = ?"
        }
        Engine::Sqlite => "SELECT name, lower(type) AS kind FROM pragma_table_info(?)",
    };
    let rows = db.session().await?.fetch(Query::new(sql).bind(full.as_str())).await?;
    let columns = rows
        .iter()
        .map(|row| Ok((row.text("name")?, Column { kind: row.text("kind")? })))
        .collect::<Result<BTreeMap<_, _>>>()?;
    if columns.is_empty() {
        return Ok(None);
    }
    let engine = db.engine();
    let keys = if engine == Engine::MySql { unique_keys(db, &full).await? } else { BTreeMap::new() };
    Ok(Some(Table { name: quote(engine, &full), engine, columns, keys }))
}

async fn unique_keys(db: &Db, table: &str) -> Result<BTreeMap<String, String>> {
    // All columns: MariaDB says in `IGNORED` (10.6), MySQL in `IS_VISIBLE` (8.0) that a key must not be used.
    let sql = "SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? \
               AND non_unique = 0 ORDER BY index_name = 'PRIMARY', index_name, seq_in_index";
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in db.session().await?.fetch(Query::new(sql).bind(table)).await? {
        let says = |column, word| row.text(column).is_ok_and(|text| text == word);
        if !says("IGNORED", "YES") && !says("IS_VISIBLE", "NO") {
            keys.entry(row.text("INDEX_NAME")?).or_default().push(row.text("COLUMN_NAME")?);
        }
    }
    Ok(keys.into_iter().map(|(name, columns)| (columns.join(","), name)).collect())
}

pub(super) async fn require(db: &Db, name: &str, columns: &[&str]) -> Result<Table> {
    let hint = |error: Error| {
        error
            .hint("is this the right database? `opsctl db status` says what it is")
            .hint("in the application's own database run `php artisan migrate`; an empty one of opsctl's own takes `opsctl db migrate --own`")
    };
    let Some(table) = db.table(name).await? else {
        return Err(hint(Error::config(format!(
            "{} has no table `{}{name}`",
            db.target(),
            db.target().prefix
        ))));
    };
    let missing: Vec<&str> = columns.iter().copied().filter(|column| !table.has(column)).collect();
    if missing.is_empty() {
        return Ok(table);
    }
    let words = if missing.len() == 1 { "column" } else { "columns" };
    Err(hint(Error::config(format!(
        "the table `{name}` of {} lacks the {words} `{}`",
        db.target(),
        missing.join("`, `")
    ))))
}

pub(super) async fn names(db: &Db) -> Result<Vec<String>> {
    let sql = match db.engine() {
        Engine::Postgres => {
            "SELECT c.relname AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) \
             AND c.relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1"
        }
        Engine::MySql => {
            "SELECT table_name AS name FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 1"
        }
        Engine::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY 1"
        }
    };
    let rows = db.session().await?.fetch(Query::new(sql)).await?;
    let prefix = db.target().prefix.as_str();
    rows.iter()
        .map(|row| row.text("name"))
        .filter_map(|name| name.map(|name| name.strip_prefix(prefix).map(str::to_owned)).transpose())
        .collect()
}
