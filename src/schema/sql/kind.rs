//! What kind of work a statement is: that decides how a half-finished migration goes on.

use super::lex::{Word, words};
use crate::db::Engine;

/// What happens to a statement that was begun and of whose end nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes the session alone: run each time, never recorded.
    Session,
    /// Changes rows: committed together with its record.
    Data,
    /// Can be run twice: run again.
    Repeatable,
    /// Makes, changes or drops one thing: the catalogue tells whether it happened.
    Schema,
    /// Changes several things, one after the other: the catalogue tells whether it was begun.
    Several,
    /// Nobody can tell.
    Unclear,
    /// Ends or begins a transaction, which is the runner's part.
    Transaction,
    /// Reads from the client's side, or writes there: the server would wait for it without end.
    Client,
}

/// First words of statements that change rows.
const DATA: [&str; 8] = ["INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "MERGE", "VALUES"];
/// First words of statements that may run twice.
const REPEATABLE: [&str; 10] =
    ["GRANT", "REVOKE", "ANALYZE", "OPTIMIZE", "TRUNCATE", "REINDEX", "VACUUM", "COMMENT", "FLUSH", "PRAGMA"];
/// First words of statements about the session.
const SESSION: [&str; 5] = ["SET", "RESET", "PREPARE", "DEALLOCATE", "USE"];
/// First words of statements about transactions.
const TRANSACTION: [&str; 6] = ["START", "COMMIT", "ROLLBACK", "END", "ABORT", "XA"];

impl Kind {
    /// The kind of a statement.
    pub fn of(engine: Engine, statement: &str) -> Kind {
        let tokens = words(engine, statement);
        let words: Vec<String> = tokens
            .iter()
            .filter(|token| matches!(token.word, Word::Plain | Word::Other))
            .map(|token| token.text(statement).to_ascii_uppercase())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Self::of_words(engine, &words)
    }

    fn of_words(engine: Engine, words: &[&str]) -> Kind {
        let Some(first) = words.first() else { return Kind::Session };
        match *first {
            "BEGIN" if words.get(1) == Some(&"NOT") => Kind::Unclear,
            "BEGIN" => Kind::Transaction,
            // Under such locks the record could not be written.
            "LOCK" | "UNLOCK" if engine == Engine::MySql => Kind::Transaction,
            // To a savepoint, which is inside of the runner's own.
            "ROLLBACK" if words.contains(&"TO") => Kind::Session,
            word if TRANSACTION.contains(&word) => Kind::Transaction,
            "COPY" if engine == Engine::Postgres && Self::copies(words) => Kind::Client,
            "LOAD" if engine == Engine::MySql && words.iter().take(4).any(|word| *word == "LOCAL") => {
                Kind::Client
            }
            word if SESSION.contains(&word) => Kind::Session,
            word if DATA.contains(&word) => Kind::Data,
            word if REPEATABLE.contains(&word) => Kind::Repeatable,
            "CREATE" if words.contains(&"TEMPORARY") || words.contains(&"TEMP") => Kind::Session,
            // A table made of rows is not told from an empty one.
            "CREATE" if words[..words.len().min(4)].contains(&"TABLE") && words.contains(&"SELECT") => {
                Kind::Several
            }
            "CREATE" | "ALTER" | "DROP" | "RENAME" => Self::of_schema(engine, words),
            _ => Kind::Unclear,
        }
    }

    /// Whether a COPY goes through the connection; PostgreSQL takes either word in either direction.
    fn copies(words: &[&str]) -> bool {
        words.windows(2).any(|pair| matches!(pair, ["FROM" | "TO", "STDIN" | "STDOUT"]))
    }

    fn of_schema(engine: Engine, words: &[&str]) -> Kind {
        let says = |pair: &[&str]| words.windows(pair.len()).any(|window| window == pair);
        let repeatable = [&["IF", "NOT", "EXISTS"][..], &["IF", "EXISTS"], &["OR", "REPLACE"]];
        // Before anything else of the statement: an `IF EXISTS` may stand in a body.
        let head = &words[..words.len().min(8)];
        let is_repeatable =
            repeatable.iter().any(|pair| head.windows(pair.len()).any(|window| window == *pair));
        let lists = matches!(words[0], "DROP" | "RENAME") && words.contains(&",");
        match () {
            // What PostgreSQL leaves of an index that was not finished has its name.
            () if engine == Engine::Postgres && says(&["CONCURRENTLY"]) => Kind::Schema,
            // Each clause of `ALTER … IF EXISTS` is all the same done once.
            () if is_repeatable && words[0] != "ALTER" => Kind::Repeatable,
            () if lists => Kind::Several,
            () => Kind::Schema,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_sorted_by_how_they_can_go_on() {
        let sorted = [
            ("SET NAMES utf8mb4", Kind::Session),
            ("/*!40101 SET NAMES utf8 */", Kind::Session),
            ("CREATE TEMPORARY TABLE t (a int)", Kind::Session),
            ("insert into t values (1)", Kind::Data),
            ("WITH a AS (SELECT 1) DELETE FROM t", Kind::Data),
            ("CREATE TABLE IF NOT EXISTS t (a int)", Kind::Repeatable),
            ("CREATE OR REPLACE VIEW v AS SELECT 1", Kind::Repeatable),
            ("DROP TABLE IF EXISTS a, b", Kind::Repeatable),
            ("TRUNCATE TABLE t", Kind::Repeatable),
            ("CREATE TABLE t (a int)", Kind::Schema),
            ("ALTER TABLE t ADD COLUMN a int, ADD COLUMN b int", Kind::Schema),
            ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", Kind::Schema),
            ("DROP TABLE t", Kind::Schema),
            ("DROP TABLE a, b", Kind::Several),
            ("RENAME TABLE a TO b, c TO d", Kind::Several),
            ("CREATE TABLE t AS SELECT 1", Kind::Several),
            ("CALL p()", Kind::Unclear),
            ("BEGIN NOT ATOMIC SELECT 1; END", Kind::Unclear),
            ("START TRANSACTION", Kind::Transaction),
            ("COMMIT", Kind::Transaction),
        ];
        for (statement, kind) in sorted {
            assert_eq!(Kind::of(Engine::MySql, statement), kind, "{statement}");
        }
        assert_eq!(
            Kind::of(Engine::Postgres, "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"),
            Kind::Schema
        );
        for statement in ["COPY t (a, b) FROM STDIN WITH CSV", "copy (SELECT 1) to stdout"] {
            assert_eq!(Kind::of(Engine::Postgres, statement), Kind::Client, "{statement}");
        }
        assert_eq!(Kind::of(Engine::Postgres, "COPY t FROM '/srv/stdin'"), Kind::Unclear);
        assert_eq!(
            Kind::of(Engine::MySql, "LOAD DATA LOW_PRIORITY LOCAL INFILE 'x' INTO TABLE t"),
            Kind::Client
        );
        assert_eq!(Kind::of(Engine::MySql, "LOAD DATA INFILE '/x' INTO TABLE t"), Kind::Unclear);
    }
}
