//! Many rows, each with values of its own, in one UPDATE.

use std::fmt::Write;

use super::{
    Query, Table, Value,
    catalog::{padded, quote},
};
use crate::config::Engine;

/// Builds `UPDATE table SET … WHERE key matches`, with one value per row and column: from `unnest` on PostgreSQL,
/// where the text stays the same for any number of rows, and with `CASE` elsewhere.
#[derive(Debug)]
pub struct BulkUpdate<'a> {
    table: &'a Table,
    key: &'static str,
    columns: Vec<(&'static str, Vec<Value>)>,
    keys: Vec<String>,
    fixed: Vec<(String, Vec<Value>)>,
    condition: Option<&'static str>,
    within: Option<(&'static str, Value)>,
}

impl<'a> BulkUpdate<'a> {
    /// Updates the rows of `table` whose column `key` is one of `keys`.
    pub fn new(table: &'a Table, key: &'static str, keys: Vec<String>) -> Self {
        Self { table, key, columns: Vec::new(), keys, fixed: Vec::new(), condition: None, within: None }
    }

    /// Sets a column to one value per row, in the order of the keys.
    #[must_use]
    pub fn set(mut self, column: &'static str, values: Vec<Value>) -> Self {
        self.columns.push((column, values));
        self
    }

    /// Sets a column to the same for all rows: an expression over the old row, or placeholders.
    #[must_use]
    pub fn set_all(mut self, assignment: impl Into<String>, values: Vec<Value>) -> Self {
        self.fixed.push((assignment.into(), values));
        self
    }

    /// A further condition on the old row: a row that no longer meets it is not changed, nor counted.
    #[must_use]
    pub fn only_where(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Only rows whose column has this value: where keys are unique within it alone.
    #[must_use]
    pub fn within(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.within = Some((column, value.into()));
        self
    }

    /// The statement.
    pub fn query(self) -> Query {
        match self.table.engine() {
            Engine::Postgres => self.unnest(),
            Engine::MySql | Engine::Sqlite => self.case(),
        }
    }

    fn unnest(self) -> Query {
        let quoted = |name: &str| quote(Engine::Postgres, name);
        let cast = |name: &str| self.table.cast(name).unwrap_or_else(|| "text".into());
        let mut sets = Vec::new();
        let mut arrays = vec![format!("?::{}[]", cast(self.key))];
        let mut names = vec!["k".to_owned()];
        for (at, (column, _)) in self.columns.iter().enumerate() {
            sets.push(format!("{} = d.c{at}", quoted(column)));
            arrays.push(format!("?::{}[]", cast(column)));
            names.push(format!("c{at}"));
        }
        sets.extend(self.fixed.iter().map(|(assignment, _)| assignment.clone()));
        let mut sql = format!(
            "UPDATE {table} AS t SET {sets} FROM unnest({arrays}) AS d({names}) WHERE t.{key} = d.k",
            table = self.table.name,
            sets = sets.join(", "),
            arrays = arrays.join(", "),
            names = names.join(", "),
            key = quoted(self.key),
        );
        if let Some(condition) = self.condition {
            let _ = write!(sql, " AND ({condition})"); // writing to a String cannot fail
        }
        if let Some((column, _)) = &self.within {
            let _ = write!(sql, " AND t.{} = {}", quoted(column), self.table.hole(column));
        }
        let within = self.within.map(|(_, value)| value);
        // The values of SET stand before those of FROM in the text.
        let fixed = self.fixed.into_iter().flat_map(|(_, values)| values);
        let keys = Value::Texts(self.keys.into_iter().map(Some).collect());
        let arrays = self
            .columns
            .into_iter()
            .map(|(_, values)| Value::Texts(values.into_iter().map(Value::into_text).collect()));
        Query::new(sql).bind_all(fixed).bind_all([keys]).bind_all(arrays).bind_all(within)
    }

    fn case(self) -> Query {
        let engine = self.table.engine();
        let key = quote(engine, self.key);
        let mut sets = Vec::new();
        let mut values = Vec::new();
        for (column, column_values) in self.columns {
            // A padded WHEN repeats the last one, and is never reached.
            let rows = padded(self.keys.iter().cloned().zip(column_values).collect());
            sets.push(format!(
                "{} = CASE {key}{} END",
                quote(engine, column),
                " WHEN ? THEN ?".repeat(rows.len())
            ));
            values.extend(rows.into_iter().flat_map(|(key, value)| [Value::Text(key), value]));
        }
        for (assignment, fixed) in self.fixed {
            sets.push(assignment);
            values.extend(fixed);
        }
        let mut condition =
            self.condition.map_or_else(String::new, |condition| format!(" AND ({condition})"));
        if let Some((column, _)) = &self.within {
            let _ = write!(condition, " AND {} = ?", quote(engine, column)); // writing to a String cannot fail
        }
        let keys = self.table.one_of(self.key, self.keys.iter().map(String::as_str));
        let sql = format!(
            "UPDATE {}{} SET {} WHERE {}{condition}",
            self.table.name,
            self.table.through(&[self.key]),
            sets.join(", "),
            keys.sql
        );
        Query::new(sql).bind_all(values).bind_all(keys.values).bind_all(self.within.map(|(_, value)| value))
    }
}
