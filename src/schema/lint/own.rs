//! Statements about what the same file has made: nobody uses it yet, so nothing of it is dangerous.

use crate::{
    db::Engine,
    schema::{
        Migration,
        names::{created, unquoted},
        sql::{Statement, Word, split, words},
    },
};

/// A statement of a file.
pub(super) struct Told {
    /// Its text and place.
    pub statement: Statement,
    /// Its words in capitals, names without their quotes and schemas.
    pub said: Vec<String>,
    /// Whether all that it is about was made by the file, further up.
    pub is_own: bool,
    /// Whether it changes or deletes every row of a table: no condition and no limit of its own, those of queries
    /// inside of it apart.
    pub is_unbounded: bool,
}

/// The statements of a file, in their order.
pub(super) fn statements(engine: Engine, migration: &Migration) -> Vec<Told> {
    let mut made: Vec<String> = Vec::new();
    let mut told = Vec::new();
    for statement in split(engine, &migration.sql) {
        let said = said(engine, &statement);
        let words: Vec<&str> = said.iter().map(String::as_str).collect();
        let subjects = subjects(&words);
        let is_own = !subjects.is_empty() && subjects.iter().all(|name| made.iter().any(|own| own == name));
        made.extend(
            ["table", "index", "view", "schema"].into_iter().filter_map(|what| {
                created(engine, &statement.text, what).map(|name| name.to_ascii_uppercase())
            }),
        );
        let is_unbounded = matches!(words.first(), Some(&("DELETE" | "UPDATE" | "WITH")))
            && is_unbounded(engine, &statement);
        told.push(Told { statement, said, is_own, is_unbounded });
    }
    told
}

fn said(engine: Engine, statement: &Statement) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut is_qualified = false;
    for token in words(engine, &statement.text) {
        let text = token.text(&statement.text);
        match token.word {
            Word::Plain | Word::Name => {
                if is_qualified {
                    said.pop();
                }
                said.push(unquoted(text).to_ascii_uppercase());
                is_qualified = false;
            }
            Word::Other => is_qualified = text == ".",
            Word::Semicolon | Word::Comment => {}
        }
    }
    said
}

fn is_unbounded(engine: Engine, statement: &Statement) -> bool {
    let verbs = ["select", "insert", "update", "delete", "merge"];
    let mut depth = 0_usize;
    let mut verb = None;
    for token in words(engine, &statement.text) {
        match token.text(&statement.text) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if token.is(&statement.text, "where") || token.is(&statement.text, "limit") => return false,
            // Behind WITH, the first word that may end it.
            _ => verb = verb.or_else(|| verbs.into_iter().find(|verb| token.is(&statement.text, verb))),
        }
    }
    matches!(verb, Some("update" | "delete"))
}

/// The tables, the indexes, the view or the schema that a statement is about.
fn subjects<'s>(said: &[&'s str]) -> Vec<&'s str> {
    let names = |from: usize, ends: &[&str]| -> Vec<&'s str> {
        let skips =
            ["CONCURRENTLY", "IF", "NOT", "EXISTS", "ONLY", "TABLE", "LOW_PRIORITY", "QUICK", "IGNORE"];
        let rest = said.iter().skip(from).copied().skip_while(|word| skips.contains(word));
        rest.take_while(|word| !ends.contains(word)).collect()
    };
    let first = |from: usize| -> Vec<&'s str> { names(from, &[]).into_iter().take(1).collect() };
    let behind = |word: &str| said.iter().position(|known| *known == word).map(|at| at + 1);
    match said {
        ["DROP", "TABLE", ..] => names(2, &["CASCADE", "RESTRICT"]),
        // MySQL's and MariaDB's index is that of a table.
        ["DROP", "INDEX", ..] => match behind("ON") {
            Some(at) => first(at),
            None => names(2, &["CASCADE", "RESTRICT"]),
        },
        ["DROP", "SCHEMA" | "DATABASE", ..] => names(2, &["CASCADE", "RESTRICT"]),
        ["DROP", "POLICY", ..] => behind("ON").map_or_else(Vec::new, first),
        ["ALTER", "TABLE", ..] => first(2),
        ["DELETE", ..] => behind("FROM").map_or_else(Vec::new, first),
        ["UPDATE" | "CLUSTER", ..] => first(1),
        ["VACUUM", ..] => behind("FULL").map_or_else(Vec::new, first),
        ["OPTIMIZE", ..] => behind("TABLE").map_or_else(Vec::new, |at| names(at, &[])),
        ["REINDEX", "TABLE" | "INDEX", ..] => first(2),
        ["REFRESH", "MATERIALIZED", "VIEW", ..] => first(3),
        ["CREATE", "OR", "REPLACE", "TABLE", ..] => first(4),
        ["TRUNCATE", ..] => names(1, &["RESTART", "CONTINUE", "CASCADE", "RESTRICT"]),
        ["RENAME", "TABLE", ..] => names(2, &["TO"]),
        ["LOCK", ..] => names(1, &["IN"]),
        ["CREATE", "INDEX" | "UNIQUE" | "FULLTEXT" | "SPATIAL", ..] => {
            behind("ON").map_or_else(Vec::new, first)
        }
        _ => Vec::new(),
    }
}
