//! Signs of danger in a statement's words: how it begins, what it holds and what it lacks.

use super::words::{DROP_TABLE, RENAME_TABLE, REWRITE, Rule, TRUNCATE};
use crate::db::Engine;

const DELETE: Rule = (
    "delete-every-row",
    "every row is lost, and locked until the migration is over",
    "DELETE … WHERE, in batches, with a backup at hand",
);
const UPDATE: Rule = (
    "update-every-row",
    "every row is locked until the migration is over",
    "UPDATE … WHERE, in batches outside of the migration",
);
const DATABASE: Rule =
    ("ban-drop-database", "everything in it is lost", "leave databases to whoever makes them");
const CASCADE: Rule = (
    "ban-drop-cascade",
    "whatever depends on it is lost with it: tables, columns and their rows",
    "drop by name, one after the other, what is meant",
);
const PARTITION: Rule = (
    "ban-drop-partition",
    "its rows are lost",
    "drop it when nothing reads it any more, with a backup at hand",
);
const SHIELD: Rule = (
    "weakening-row-security",
    "rows of one tenant may be seen by another",
    "ALTER POLICY, or make the new policy before the old one goes; then `opsctl rls verify`",
);
const FULL: Rule = (
    "rewriting-table",
    "every row is written anew, and nobody uses the table meanwhile",
    "leave it to autovacuum, or write it anew beside the running application with pg_repack",
);
const REINDEX: Rule = (
    "require-concurrent-reindex",
    "nobody writes to the table until the index is built",
    "REINDEX … CONCURRENTLY, in a file that begins with `-- no-transaction`",
);
const REFRESH: Rule = (
    "require-concurrent-refresh",
    "nobody reads the view until it is filled",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY, for which the view needs a unique index",
);

const POSTGRES: &[Engine] = &[Engine::Postgres];
const MYSQL: &[Engine] = &[Engine::MySql];

/// A sign of a rule: every word or pair of words in its place.
struct Sign {
    engines: &'static [Engine],
    begins: &'static [&'static str],
    /// Words that follow each other somewhere; none for a statement whose beginning is enough.
    holds: &'static [&'static str],
    /// A word with which it is harmless.
    unless: &'static str,
    rule: Rule,
}

const fn sign(
    engines: &'static [Engine],
    begins: &'static [&'static str],
    holds: &'static [&'static str],
    unless: &'static str,
    rule: Rule,
) -> Sign {
    Sign { engines, begins, holds, unless, rule }
}

/// On SQLite nothing of it is known but DELETE and UPDATE.
const SIGNS: [Sign; 27] = [
    sign(POSTGRES, &["TRUNCATE"], &[], "", TRUNCATE),
    sign(POSTGRES, &["DROP", "SCHEMA"], &["CASCADE"], "", CASCADE),
    sign(POSTGRES, &["DROP", "TYPE"], &["CASCADE"], "", CASCADE),
    sign(POSTGRES, &["DROP", "DOMAIN"], &["CASCADE"], "", CASCADE),
    sign(POSTGRES, &["DROP", "EXTENSION"], &["CASCADE"], "", CASCADE),
    sign(POSTGRES, &["DROP", "OWNED"], &[], "", CASCADE),
    sign(POSTGRES, &["DROP", "POLICY"], &[], "", SHIELD),
    sign(POSTGRES, &["ALTER", "TABLE"], &["DISABLE", "ROW", "LEVEL", "SECURITY"], "", SHIELD),
    sign(POSTGRES, &["ALTER", "TABLE"], &["NO", "FORCE", "ROW"], "", SHIELD),
    sign(POSTGRES, &["ALTER", "TABLE"], &["SET", "SCHEMA"], "", RENAME_TABLE),
    sign(POSTGRES, &["ALTER", "SCHEMA"], &["RENAME", "TO"], "", RENAME_TABLE),
    sign(POSTGRES, &["ALTER", "TABLE"], &["SET", "TABLESPACE"], "", FULL),
    sign(POSTGRES, &["ALTER", "TABLE"], &["SET", "LOGGED"], "", FULL),
    sign(POSTGRES, &["ALTER", "TABLE"], &["SET", "UNLOGGED"], "", FULL),
    sign(POSTGRES, &["ALTER", "TABLE"], &["SET", "ACCESS", "METHOD"], "", FULL),
    sign(POSTGRES, &["VACUUM"], &["FULL"], "", FULL),
    sign(POSTGRES, &["CLUSTER"], &[], "", FULL),
    sign(POSTGRES, &["REINDEX"], &[], "CONCURRENTLY", REINDEX),
    sign(POSTGRES, &["REFRESH", "MATERIALIZED", "VIEW"], &[], "CONCURRENTLY", REFRESH),
    sign(MYSQL, &["DROP", "DATABASE"], &[], "", DATABASE),
    sign(MYSQL, &["DROP", "SCHEMA"], &[], "", DATABASE),
    sign(MYSQL, &["CREATE", "OR", "REPLACE", "TABLE"], &[], "", DROP_TABLE),
    sign(MYSQL, &["OPTIMIZE"], &["TABLE"], "", REWRITE),
    sign(MYSQL, &["ALTER", "TABLE"], &["ADD", "PRIMARY"], "NONE", REWRITE),
    sign(MYSQL, &["ALTER", "TABLE"], &["FORCE"], "NONE", REWRITE),
    sign(MYSQL, &["ALTER", "TABLE"], &["DROP", "PARTITION"], "", PARTITION),
    sign(MYSQL, &["ALTER", "TABLE"], &["TRUNCATE", "PARTITION"], "", TRUNCATE),
];

/// The rules whose signs a statement bears.
pub(super) fn rules(engine: Engine, said: &[&str], is_unbounded: bool) -> Vec<Rule> {
    let holds = |words: &[&str]| words.is_empty() || said.windows(words.len()).any(|window| window == words);
    let applies = |sign: &&Sign| {
        sign.engines.contains(&engine)
            && said.starts_with(sign.begins)
            && holds(sign.holds)
            && (sign.unless.is_empty() || !said.contains(&sign.unless))
    };
    let mut found: Vec<Rule> = SIGNS.iter().filter(applies).map(|sign| sign.rule).collect();
    if is_unbounded {
        let deletes = said.iter().find(|word| matches!(**word, "DELETE" | "UPDATE")) == Some(&"DELETE");
        found.push(if deletes { DELETE } else { UPDATE });
    }
    found
}
