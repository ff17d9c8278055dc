//! Statements: `?` placeholders, rewritten for PostgreSQL in one place, and the values bound to them.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use sqlx::{
    AssertSqlSafe, MySql, Postgres, Sqlite, mysql::MySqlArguments, postgres::PgArguments,
    query::Query as SqlxQuery, sqlite::SqliteArguments,
};

use crate::{clock, config::database::Engine};

/// A value to bind. Times go as Laravel writes them: UTC text of whole seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// Whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An array of text, for PostgreSQL's `= ANY(?)` and `unnest(?)`.
    Texts(Vec<Option<String>>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Value::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(value: DateTime<Utc>) -> Self {
        Value::Text(clock::column_text(value))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl Value {
    /// As text, for an array of text.
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text),
            Value::Int(number) => Some(number.to_string()),
            Value::Null | Value::Bytes(_) | Value::Texts(_) => None,
        }
    }
}

/// A statement and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    /// A statement with `?` placeholders; `??` stands for a question mark of PostgreSQL's own operators.
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// Asks for the plan instead of the rows.
    #[must_use]
    pub fn explained(mut self, engine: Engine) -> Self {
        let explain = if engine == Engine::Sqlite { "EXPLAIN QUERY PLAN " } else { "EXPLAIN " };
        self.sql.insert_str(0, explain);
        self
    }

    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Binds the next placeholders.
    #[must_use]
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }

    pub(super) fn has_null(&self) -> bool {
        self.values.contains(&Value::Null)
    }

    pub(super) fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The text for an engine. MySQL shows the comment in its process list: there is no application name there.
    pub(super) fn text(&self, engine: Engine) -> String {
        match engine {
            Engine::Postgres => numbered(&self.sql),
            Engine::MySql => format!("/* opsctl */ {}", self.sql.replace("??", "?")),
            Engine::Sqlite => self.sql.replace("??", "?"),
        }
    }
}

/// Rewrites `?` to `$1`, `$2`, … outside of strings, quoted names, comments and `$tag$` bodies.
fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 16);
    let mut rest = sql;
    let mut count = 0;
    while let Some(at) = rest.find(['?', '\'', '"', '-', '/', '$']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let skipped = skip(rest);
        if skipped > 0 {
            out.push_str(&rest[..skipped]);
            rest = &rest[skipped..];
        } else if let Some(after) = rest.strip_prefix("??") {
            out.push('?');
            rest = after;
        } else {
            count += 1;
            let _ = write!(out, "${count}"); // writing to a String cannot fail
            rest = &rest[1..];
        }
    }
    out + rest
}

/// Whether a text holds more than one statement: something else than blanks and comments stands behind a `;`.
pub fn is_several(sql: &str) -> bool {
    let mut rest = sql;
    let mut ended = false;
    while let Some(c) = rest.chars().next() {
        let comment = rest.starts_with("--") || rest.starts_with("/*");
        if ended && !comment && !c.is_whitespace() && c != ';' {
            return true;
        }
        ended |= c == ';';
        rest = &rest[skip(rest).max(c.len_utf8())..];
    }
    false
}

/// Length of what stands at the head of `text` and holds no placeholder; 0 for a placeholder.
fn skip(text: &str) -> usize {
    let closed =
        |open: usize, end: &str| text[open..].find(end).map_or(text.len(), |at| open + at + end.len());
    match text.as_bytes() {
        [b'\'', ..] => closed(1, "'"), // a doubled quote ends one literal and begins the next
        [b'"', ..] => closed(1, "\""),
        [b'-', b'-', ..] => closed(2, "\n"),
        [b'/', b'*', ..] => closed(2, "*/"),
        [b'$', ..] => match text[1..].find('$') {
            Some(at) if text[1..=at].chars().all(|c| c.is_alphanumeric() || c == '_') => {
                closed(at + 2, &text[..at + 2])
            }
            _ => 1,
        },
        [b'?', ..] => 0,
        _ => 1,
    }
}

/// Binding differs per engine only in the types; arrays exist on PostgreSQL alone.
macro_rules! binder {
    ($name:ident, $db:ty, $arguments:ty, $texts:expr) => {
        pub(super) fn $name(sql: String, values: Vec<Value>) -> SqlxQuery<'static, $db, $arguments> {
            values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
                Value::Null => query.bind(None::<String>),
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
                Value::Texts(texts) => $texts(query, texts),
            })
        }
    };
}

binder!(postgres, Postgres, PgArguments, |query: SqlxQuery<'static, Postgres, PgArguments>, texts| query
    .bind(texts));
binder!(mysql, MySql, MySqlArguments, |query: SqlxQuery<'static, MySql, MySqlArguments>, _| query
    .bind(None::<String>));
binder!(sqlite, Sqlite, SqliteArguments, |query: SqlxQuery<'static, Sqlite, SqliteArguments>, _| query
    .bind(None::<String>));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_outside_of_strings_comments_and_bodies() {
        assert_eq!(numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(numbered("'?' || ?"), "'?' || $1");
        assert_eq!(numbered("'it''s ?' || ?"), "'it''s ?' || $1");
        assert_eq!(
            numbered("\"a?\" = ? -- why?\nAND /* ? */ c = ?"),
            "\"a?\" = $1 -- why?\nAND /* ? */ c = $2"
        );
        assert_eq!(numbered("$$ ? $$ || ? || $x$ ? $x$"), "$$ ? $$ || $1 || $x$ ? $x$");
        assert_eq!(numbered("payload ?? 'key' AND a = ?"), "payload ? 'key' AND a = $1");
        assert_eq!(numbered("a - ? / ?"), "a - $1 / $2");
    }

    #[test]
    fn what_stands_behind_a_semicolon_is_another_statement() {
        for one in ["SELECT 1", "SELECT ';é' ; -- DELETE\n /* ; */ ;", "SELECT \"a;b\" FROM t -- ; x", ""] {
            assert!(!is_several(one), "{one}");
        }
        for two in ["SELECT 1; DELETE FROM t", "SELECT 'it''s';COMMIT", "SELECT 1 /* ; */; ; é"] {
            assert!(is_several(two), "{two}");
        }
    }

    #[test]
    fn other_engines_keep_their_placeholders() {
        assert_eq!(Query::new("a = ?").text(Engine::Sqlite), "a = ?");
        assert_eq!(Query::new("a = ?").text(Engine::MySql), "/* opsctl */ a = ?");
    }
}
