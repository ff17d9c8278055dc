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
            ["table", "index"].into_iter().filter_map(|what| {
                created(engine, &statement.text, what).map(|name| name.to_ascii_uppercase())
            }),
        );
        told.push(Told { statement, said, is_own });
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

/// The tables, or the indexes, that a statement is about.
fn subjects<'s>(said: &[&'s str]) -> Vec<&'s str> {
    let names = |from: usize, ends: &[&str]| -> Vec<&'s str> {
        let skips = ["CONCURRENTLY", "IF", "EXISTS", "ONLY", "TABLE"];
        let rest = said.iter().skip(from).copied().skip_while(|word| skips.contains(word));
        rest.take_while(|word| !ends.contains(word)).collect()
    };
    let behind = |word: &str| said.iter().position(|known| *known == word).map(|at| at + 1);
    match said {
        ["DROP", "TABLE", ..] => names(2, &["CASCADE", "RESTRICT"]),
        // MySQL's and MariaDB's index is that of a table.
        ["DROP", "INDEX", ..] => match behind("ON") {
            Some(at) => names(at, &[]).into_iter().take(1).collect(),
            None => names(2, &["CASCADE", "RESTRICT"]),
        },
        ["ALTER", "TABLE", ..] => names(2, &[]).into_iter().take(1).collect(),
        ["TRUNCATE", ..] => names(1, &["RESTART", "CONTINUE", "CASCADE", "RESTRICT"]),
        ["RENAME", "TABLE", ..] => names(2, &["TO"]),
        ["LOCK", ..] => names(1, &["IN"]),
        ["CREATE", "INDEX" | "UNIQUE" | "FULLTEXT" | "SPATIAL", ..] => {
            behind("ON").map_or_else(Vec::new, |at| names(at, &[]).into_iter().take(1).collect())
        }
        _ => Vec::new(),
    }
}
