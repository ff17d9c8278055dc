//! Rules that show in a statement's words: for MySQL, MariaDB and SQLite, for which there is no linter.

use super::{Finding, own::Told, signs};
use crate::{
    db::Engine,
    schema::{Migration, sql::Statement},
};

/// A rule: its name, what it does, what to write instead.
pub(super) type Rule = (&'static str, &'static str, &'static str);

const LOCK: Rule = (
    "lock-table",
    "others wait until the migration is over",
    "leave the lock to the statement that needs it",
);
const CONCURRENTLY: Rule = (
    "concurrently-in-transaction",
    "PostgreSQL refuses CONCURRENTLY inside of a transaction",
    "begin the file with `-- no-transaction`",
);
pub(super) const DROP_TABLE: Rule = (
    "ban-drop-table",
    "its rows are lost",
    "drop it one release after the last reader is gone, with a backup at hand",
);
const DROP_COLUMN: Rule = (
    "ban-drop-column",
    "the rows' values are lost, and the running application may still read them",
    "drop it one release after the last reader is gone",
);
pub(super) const TRUNCATE: Rule =
    ("ban-truncate", "its rows are lost", "DELETE in batches, with a backup at hand");
pub(super) const RENAME_TABLE: Rule = (
    "renaming-table",
    "the running application does not know the new name",
    "a view of the old name, until nothing reads it",
);
const RENAME_COLUMN: Rule = (
    "renaming-column",
    "the running application does not know the new name",
    "a new column beside it, dropped when nothing reads the old one",
);
const TYPE: Rule = (
    "changing-column-type",
    "the table may be copied, and nobody writes to it meanwhile",
    "add `ALGORITHM=INPLACE, LOCK=NONE`, with which the server refuses what would block; or copy it with gh-ost",
);
pub(super) const REWRITE: Rule = (
    "rewriting-table",
    "the table is copied, and nobody writes to it meanwhile",
    "copy it beside the running application, with gh-ost or pt-online-schema-change",
);
const INDEX: Rule = (
    "blocking-index",
    "nobody writes to the table until the index is built",
    "build it at a quiet time, or on a copy",
);
const FOREIGN: Rule = (
    "adding-foreign-key-constraint",
    "the table is copied while every row is checked, and nobody writes to it meanwhile",
    "check the rows first, then add it under `foreign_key_checks = 0` with `ALGORITHM=INPLACE`",
);

/// What is dangerous on tables that the file itself has not made.
pub(super) fn findings(engine: Engine, migration: &Migration, statements: &[Told]) -> Vec<Finding> {
    let mut found = Vec::new();
    for told in statements.iter().filter(|told| !told.is_own) {
        let said: Vec<&str> = told.said.iter().map(String::as_str).collect();
        let rules = rules(engine, &said).into_iter().chain(signs::rules(engine, &said, told.is_unbounded));
        found.extend(rules.map(|rule| finding(migration, &told.statement, rule)));
    }
    found
}

/// What squawk does not look for on PostgreSQL: explicit locks, CONCURRENTLY where there is a transaction, and what bears
/// a sign of danger.
pub(super) fn of_postgres(migration: &Migration, statements: &[Told]) -> Vec<Finding> {
    let signs = statements.iter().filter(|told| !told.is_own).flat_map(|told| {
        let said: Vec<&str> = told.said.iter().map(String::as_str).collect();
        let rules = signs::rules(Engine::Postgres, &said, told.is_unbounded);
        rules.into_iter().map(|rule| finding(migration, &told.statement, rule))
    });
    let rule = |told: &Told| match told.said.first().map(String::as_str) {
        Some("LOCK") if !told.is_own => Some(LOCK),
        Some("CREATE" | "DROP" | "REINDEX")
            if !migration.stands_alone() && told.said.iter().any(|word| word == "CONCURRENTLY") =>
        {
            Some(CONCURRENTLY)
        }
        _ => None,
    };
    let others = statements.iter().filter_map(|told| Some(finding(migration, &told.statement, rule(told)?)));
    others.chain(signs).collect()
}

fn finding(migration: &Migration, statement: &Statement, (rule, why, instead): Rule) -> Finding {
    Finding {
        file: migration.file.to_string(),
        line: statement.line,
        rule: rule.to_owned(),
        why: why.to_owned(),
        instead: instead.to_owned(),
    }
}

fn rules(engine: Engine, said: &[&str]) -> Vec<Rule> {
    let has = |pair: &[&str]| said.windows(pair.len()).any(|window| window == pair);
    match said {
        ["DROP", "TABLE", ..] => vec![DROP_TABLE],
        ["TRUNCATE", ..] => vec![TRUNCATE],
        ["RENAME", "TABLE", ..] => vec![RENAME_TABLE],
        ["CREATE", "FULLTEXT" | "SPATIAL", ..] => vec![INDEX],
        ["ALTER", "TABLE", ..] => altered(engine, said, &has),
        _ => Vec::new(),
    }
}

fn altered(engine: Engine, said: &[&str], has: &dyn Fn(&[&str]) -> bool) -> Vec<Rule> {
    let follows = |word: &str| {
        let at = said.iter().position(|known| *known == word)?;
        said.get(at + 1).copied()
    };
    // Under these the server refuses what would block.
    let is_online = has(&["LOCK", "NONE"]);
    let drops = follows("DROP");
    let kept = ["INDEX", "KEY", "FOREIGN", "PRIMARY", "CONSTRAINT", "CHECK", "PARTITION", "DEFAULT"];
    let renames = follows("RENAME");
    let mysql = engine == Engine::MySql;
    let checks = [
        (drops.is_some_and(|word| !kept.contains(&word)), DROP_COLUMN),
        (renames == Some("COLUMN") || (mysql && said.contains(&"CHANGE")), RENAME_COLUMN),
        (renames.is_some_and(|word| !matches!(word, "COLUMN" | "INDEX" | "KEY")), RENAME_TABLE),
        (mysql && !is_online && (said.contains(&"MODIFY") || said.contains(&"CHANGE")), TYPE),
        (mysql && !is_online && (has(&["ADD", "FULLTEXT"]) || has(&["ADD", "SPATIAL"])), INDEX),
        (mysql && !is_online && has(&["FOREIGN", "KEY"]) && said.contains(&"REFERENCES"), FOREIGN),
        (mysql && !is_online && rewrites(said, has), REWRITE),
    ];
    checks.into_iter().filter(|(applies, _)| *applies).map(|(_, rule)| rule).collect()
}

/// Clauses for which InnoDB makes the table anew.
fn rewrites(said: &[&str], has: &dyn Fn(&[&str]) -> bool) -> bool {
    has(&["CONVERT", "TO"])
        || has(&["ALGORITHM", "COPY"])
        || has(&["DROP", "PRIMARY"])
        || said.get(3).is_some_and(|word| *word == "ENGINE" || *word == "ORDER")
}
