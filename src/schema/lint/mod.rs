//! What is dangerous in migrations that are to be run on tables in use: named before anything runs, with what to write
//! instead. PostgreSQL's SQL is parsed by squawk, which knows its locks; the other engines' is read word by word.

mod own;
mod postgres;
mod signs;
mod words;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Migration, Set};
use crate::db::Engine;

/// What a comment begins with that waives a rule for its file: `-- opsctl:allow RULE why`.
const WAIVER: &str = "-- opsctl:allow ";

/// What findings mean for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lint {
    /// Nothing is looked at.
    Off,
    /// They are told.
    Warn,
    /// Nothing is run.
    Deny,
}

/// Something dangerous.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line on which the statement, or the clause, begins.
    pub line: usize,
    /// The rule's name, as a waiver has it.
    pub rule: String,
    /// What it does to those who use the table.
    pub why: String,
    /// What to write instead.
    pub instead: String,
}

/// What is dangerous in some of a set's migrations.
pub fn lint(set: &Set, engine: Engine, versions: &BTreeSet<i64>) -> Vec<Finding> {
    let wanted = set.migrations(engine).iter().filter(|migration| versions.contains(&migration.version));
    wanted.flat_map(|migration| file(engine, migration)).collect()
}

fn file(engine: Engine, migration: &Migration) -> Vec<Finding> {
    let statements = own::statements(engine, migration);
    let mut findings = match engine {
        Engine::Postgres => postgres::findings(migration, &statements),
        Engine::MySql | Engine::Sqlite => words::findings(engine, migration, &statements),
    };
    let waived = waived(&migration.sql);
    findings.retain(|finding| !waived.contains(finding.rule.as_str()));
    findings.sort_by(|a, b| (a.line, &a.rule).cmp(&(b.line, &b.rule)));
    findings.dedup();
    findings
}

/// Rules that the file waives; a waiver without a reason is none.
fn waived(text: &str) -> BTreeSet<&str> {
    let waivers = text.lines().filter_map(|line| line.trim().strip_prefix(WAIVER));
    waivers
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, why)| !why.trim().is_empty())
        .map(|(rule, _)| rule)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(engine: Engine, sql: &str) -> Vec<String> {
        let migration = Migration { version: 1, file: "1_a.sql".into(), sql: sql.to_owned().into() };
        file(engine, &migration)
            .into_iter()
            .map(|finding| format!("{} {}", finding.line, finding.rule))
            .collect()
    }

    #[test]
    fn what_is_dangerous_on_postgresql_is_named() {
        for (sql, expected) in [
            ("CREATE INDEX i ON t (a);", &["1 require-concurrent-index-creation"][..]),
            ("CREATE TABLE t (a int); CREATE INDEX i ON t (a);", &[]),
            ("-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);", &[]),
            ("CREATE INDEX CONCURRENTLY i ON t (a);", &["1 concurrently-in-transaction"]),
            ("ALTER TABLE t ADD COLUMN a int NOT NULL;", &["1 adding-required-field"]),
            ("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 1;", &[]),
            ("ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid();", &["1 adding-field-with-default"]),
            ("ALTER TABLE t ALTER COLUMN a TYPE bigint;", &["1 changing-column-type"]),
            ("ALTER TABLE t ALTER COLUMN a SET NOT NULL;", &["1 adding-not-nullable-field"]),
            ("SELECT 1;\nALTER TABLE t DROP COLUMN a;", &["2 ban-drop-column"]),
            ("DROP TABLE t;", &["1 ban-drop-table"]),
            ("ALTER TABLE t RENAME COLUMN a TO b;", &["1 renaming-column"]),
            ("ALTER TABLE t RENAME TO u;", &["1 renaming-table"]),
            ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);", &["1 constraint-missing-not-valid"]),
            ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;", &[]),
            ("LOCK TABLE t IN ACCESS EXCLUSIVE MODE;", &["1 lock-table"]),
            ("TRUNCATE t;", &["1 ban-truncate"]),
            ("DROP SCHEMA s CASCADE;", &["1 ban-drop-cascade"]),
            ("DROP SCHEMA s;", &[]),
            ("ALTER TABLE t DISABLE ROW LEVEL SECURITY;", &["1 weakening-row-security"]),
            ("ALTER TABLE t NO FORCE ROW LEVEL SECURITY;", &["1 weakening-row-security"]),
            ("ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;", &[]),
            ("DROP POLICY IF EXISTS p ON t;", &["1 weakening-row-security"]),
            ("-- no-transaction\nVACUUM FULL t;", &["2 rewriting-table"]),
            ("-- no-transaction\nVACUUM (VERBOSE, FULL) t;", &["2 rewriting-table"]),
            ("-- no-transaction\nVACUUM t;", &[]),
            ("CLUSTER t USING i;", &["1 rewriting-table"]),
            ("REINDEX TABLE t;", &["1 require-concurrent-reindex"]),
            ("-- no-transaction\nREINDEX TABLE CONCURRENTLY t;", &[]),
            ("REFRESH MATERIALIZED VIEW v;", &["1 require-concurrent-refresh"]),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY v;", &[]),
            ("CREATE MATERIALIZED VIEW v AS SELECT 1; REFRESH MATERIALIZED VIEW v;", &[]),
            ("-- opsctl:allow ban-drop-table empty since March\nDROP TABLE t;", &[]),
            ("-- opsctl:allow ban-drop-table\nDROP TABLE t;", &["2 ban-drop-table"]),
        ] {
            assert_eq!(rules(Engine::Postgres, sql), expected, "{sql}");
        }
        let foreign =
            rules(Engine::Postgres, "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id);");
        assert!(foreign.contains(&"1 adding-foreign-key-constraint".to_owned()), "{foreign:?}");
    }

    #[test]
    fn what_is_dangerous_on_mysql_is_named() {
        for (sql, expected) in [
            ("ALTER TABLE t MODIFY a bigint;", &["1 changing-column-type"][..]),
            ("ALTER TABLE t CHANGE COLUMN a b bigint, ALGORITHM=INPLACE, LOCK=NONE;", &["1 renaming-column"]),
            ("CREATE TABLE t (a int); ALTER TABLE t MODIFY a bigint;", &[]),
            ("ALTER TABLE t ADD COLUMN a int;", &[]),
            ("ALTER TABLE t ADD INDEX i (a);", &[]),
            ("ALTER TABLE t ADD FULLTEXT INDEX i (a);", &["1 blocking-index"]),
            ("CREATE SPATIAL INDEX i ON t (a);", &["1 blocking-index"]),
            (
                "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id);",
                &["1 adding-foreign-key-constraint"],
            ),
            ("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4;", &["1 rewriting-table"]),
            ("ALTER TABLE t ADD a int, ALGORITHM=COPY;", &["1 rewriting-table"]),
            ("ALTER TABLE t ENGINE=InnoDB;", &["1 rewriting-table"]),
            ("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b);", &["1 rewriting-table"]),
            ("SELECT 1;\nALTER TABLE t DROP COLUMN a;", &["2 ban-drop-column"]),
            ("ALTER TABLE t DROP INDEX i;", &[]),
            ("DROP TABLE t;", &["1 ban-drop-table"]),
            ("TRUNCATE TABLE t;", &["1 ban-truncate"]),
            ("RENAME TABLE a TO b;", &["1 renaming-table"]),
            ("ALTER TABLE a RENAME COLUMN x TO y;", &["1 renaming-column"]),
            ("ALTER TABLE a RENAME INDEX x TO y;", &[]),
            ("DROP DATABASE d;", &["1 ban-drop-database"]),
            ("DROP SCHEMA IF EXISTS d;", &["1 ban-drop-database"]),
            ("CREATE OR REPLACE TABLE t (a int);", &["1 ban-drop-table"]),
            ("ALTER TABLE t ADD PRIMARY KEY (a);", &["1 rewriting-table"]),
            ("ALTER TABLE t FORCE;", &["1 rewriting-table"]),
            ("ALTER TABLE t DROP PARTITION p;", &["1 ban-drop-partition"]),
            ("OPTIMIZE TABLE t;", &["1 rewriting-table"]),
            ("CREATE TABLE t (a int); OPTIMIZE TABLE t; ALTER TABLE t ADD PRIMARY KEY (a);", &[]),
            ("# opsctl\n-- opsctl:allow ban-drop-table empty since March\nDROP TABLE t;", &[]),
        ] {
            assert_eq!(rules(Engine::MySql, sql), expected, "{sql}");
        }
        assert_eq!(rules(Engine::Sqlite, "ALTER TABLE t DROP COLUMN a;"), ["1 ban-drop-column"]);
    }

    #[test]
    fn what_the_same_file_has_made_is_exempt_and_nothing_else() {
        for (sql, expected) in [
            ("CREATE TABLE t (a int); INSERT INTO t VALUES (1); DROP TABLE t;", &[][..]),
            ("CREATE TABLE IF NOT EXISTS t (a int);\nDROP TABLE IF EXISTS t CASCADE;", &[]),
            ("CREATE TABLE s.t (a int); DROP TABLE s.t;", &[]),
            ("CREATE TABLE t (a int, b int); ALTER TABLE t DROP COLUMN a;", &[]),
            ("CREATE TABLE t (a int); ALTER TABLE t RENAME TO u;", &[]),
            ("DROP TABLE t;\nCREATE TABLE t (a int);", &["1 ban-drop-table"]),
            ("CREATE TABLE t (a int);\nDROP TABLE t, orders;", &["2 ban-drop-table"]),
            ("CREATE TABLE t (a int);\nALTER TABLE orders DROP COLUMN t;", &["2 ban-drop-column"]),
            ("CREATE TABLE new (a int);\nDROP TABLE t;\nALTER TABLE new RENAME TO t;", &["2 ban-drop-table"]),
        ] {
            for engine in [Engine::Postgres, Engine::MySql, Engine::Sqlite] {
                assert_eq!(rules(engine, sql), expected, "{engine:?}: {sql}");
            }
        }
        let sql = "CREATE TABLE t (a int); LOCK TABLE t; CREATE INDEX i ON t (a); DROP INDEX i; TRUNCATE t CASCADE; \
                   ALTER TABLE t ALTER COLUMN a TYPE bigint; ALTER TABLE t ADD b int NOT NULL;";
        assert_eq!(rules(Engine::Postgres, sql), [""; 0]);
        let sql = "CREATE TABLE t (a int); TRUNCATE TABLE t; CREATE FULLTEXT INDEX i ON t (a); RENAME TABLE t TO u;";
        assert_eq!(rules(Engine::MySql, sql), [""; 0]);
    }

    #[test]
    fn rows_that_are_changed_without_a_condition_are_named_on_every_engine() {
        for (sql, expected) in [
            ("DELETE FROM t;", &["1 delete-every-row"][..]),
            ("DELETE FROM t WHERE a = 1;", &[]),
            ("UPDATE t SET a = 1;", &["1 update-every-row"]),
            ("UPDATE t SET a = (SELECT b FROM u WHERE u.id = t.id);", &["1 update-every-row"]),
            ("WITH u AS (SELECT 1 WHERE true) DELETE FROM t;", &["1 delete-every-row"]),
            ("WITH u AS (DELETE FROM t WHERE a = 1 RETURNING a) SELECT a FROM u;", &[]),
            ("INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1;", &[]),
            ("CREATE TABLE t (a int); INSERT INTO t VALUES (1); UPDATE t SET a = 2; DELETE FROM t;", &[]),
            ("CREATE TABLE t (a int);\nUPDATE orders SET a = 2;", &["2 update-every-row"]),
        ] {
            for engine in [Engine::Postgres, Engine::MySql, Engine::Sqlite] {
                assert_eq!(rules(engine, sql), expected, "{engine:?}: {sql}");
            }
        }
    }

    #[test]
    fn every_finding_says_why_and_what_instead() {
        let sql = "DROP TABLE t; ALTER TABLE t RENAME TO u; ALTER TABLE t ALTER COLUMN a TYPE int; LOCK TABLE t; \
                   CREATE INDEX i ON t (a); ALTER TABLE t ADD UNIQUE (a);";
        let migration = Migration { version: 1, file: "1_a.sql".into(), sql: sql.into() };
        for finding in file(Engine::Postgres, &migration) {
            assert!(!finding.why.is_empty() && !finding.instead.is_empty(), "{finding:?}");
        }
    }
}
