//! What the catalogue says of everything that a statement names: two equal fingerprints mean that it did not happen.
//!
//! Only what is named is looked at, so that other people's tables do not count, and a large schema costs little.

use sha2::{Digest, Sha256};

use crate::{
    Result,
    db::{Engine, Query, Session},
};

/// The catalogue's rows about what `statement` names, in short.
pub(super) async fn of(session: &mut Session<'_>, statement: &str) -> Result<String> {
    let mut digest = Sha256::new();
    for sql in views(session.db().engine()) {
        for row in session.fetch(Query::new(*sql).bind(statement.to_lowercase())).await? {
            digest.update(row.line().as_bytes());
            digest.update(b"\n");
        }
        digest.update(b";");
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn views(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::MySql => &MYSQL,
        Engine::Postgres | Engine::Sqlite => &POSTGRES,
    }
}

/// Tables, columns, indexes, constraints, triggers, routines, views, and the text of checks.
const MYSQL: [&str; 8] = [
    "SELECT CONCAT_WS('|', table_name, table_type, engine, row_format, table_collation, create_options, table_comment) \
     AS f FROM information_schema.tables WHERE table_schema = DATABASE() AND LOCATE(LOWER(table_name), ?) > 0 ORDER BY 1",
    "SELECT CONCAT_WS('|', table_name, ordinal_position, column_name, IFNULL(column_default, '~'), is_nullable, \
     column_type, IFNULL(collation_name, ''), extra, column_comment) AS f FROM information_schema.columns \
     WHERE table_schema = DATABASE() AND LOCATE(LOWER(table_name), ?) > 0 ORDER BY table_name, ordinal_position",
    "SELECT CONCAT_WS('|', table_name, index_name, seq_in_index, column_name, non_unique, sub_part, index_type) AS f \
     FROM information_schema.statistics WHERE table_schema = DATABASE() AND LOCATE(LOWER(table_name), ?) > 0 \
     ORDER BY table_name, index_name, seq_in_index",
    "SELECT CONCAT_WS('|', table_name, constraint_name, constraint_type) AS f \
     FROM information_schema.table_constraints WHERE table_schema = DATABASE() \
     AND LOCATE(LOWER(table_name), ?) > 0 ORDER BY 1",
    "SELECT CONCAT_WS('|', trigger_name, event_object_table, event_manipulation, action_timing, \
     SHA1(action_statement), definer) AS f FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
     AND LOCATE(LOWER(trigger_name), ?) > 0 ORDER BY 1",
    "SELECT CONCAT_WS('|', routine_name, routine_type, SHA1(routine_definition), definer, security_type) AS f \
     FROM information_schema.routines WHERE routine_schema = DATABASE() AND LOCATE(LOWER(routine_name), ?) > 0 ORDER BY 1",
    "SELECT CONCAT_WS('|', table_name, SHA1(view_definition), security_type, definer) AS f \
     FROM information_schema.views WHERE table_schema = DATABASE() AND LOCATE(LOWER(table_name), ?) > 0 ORDER BY 1",
    "SELECT CONCAT_WS('|', k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, \
     k.referenced_column_name) AS f FROM information_schema.key_column_usage k WHERE k.table_schema = DATABASE() \
     AND LOCATE(LOWER(k.table_name), ?) > 0 ORDER BY k.table_name, k.constraint_name, k.ordinal_position",
];

/// Relations with their columns, indexes with their validity, constraints, triggers, functions, values of enums.
const POSTGRES: [&str; 6] = [
    "SELECT concat_ws('|', c.oid::regclass, c.relkind, c.relpersistence, array_to_string(c.reloptions, ','), \
     a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS f \
     FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
     WHERE pg_table_is_visible(c.oid) AND position(lower(c.relname) IN ?::text) > 0 \
     AND c.relnamespace <> 'pg_catalog'::regnamespace ORDER BY c.oid, a.attnum",
    "SELECT concat_ws('|', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready) AS f FROM pg_index i \
     JOIN pg_class t ON t.oid = i.indrelid WHERE pg_table_is_visible(t.oid) AND position(lower(t.relname) IN ?::text) > 0 \
     AND t.relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1",
    "SELECT concat_ws('|', n.conrelid::regclass, n.conname, pg_get_constraintdef(n.oid), n.convalidated) AS f \
     FROM pg_constraint n JOIN pg_class t ON t.oid = n.conrelid WHERE pg_table_is_visible(t.oid) \
     AND position(lower(t.relname) IN ?::text) > 0 AND t.relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1",
    "SELECT concat_ws('|', pg_get_triggerdef(g.oid), g.tgenabled) AS f FROM pg_trigger g \
     WHERE NOT g.tgisinternal AND position(lower(g.tgname) IN ?::text) > 0 ORDER BY 1",
    "SELECT concat_ws('|', p.oid::regprocedure, md5(p.prosrc), p.prosecdef) AS f FROM pg_proc p \
     WHERE p.pronamespace <> 'pg_catalog'::regnamespace AND pg_function_is_visible(p.oid) \
     AND position(lower(p.proname) IN ?::text) > 0 ORDER BY 1",
    "SELECT concat_ws('|', e.enumtypid::regtype, e.enumsortorder, e.enumlabel) AS f FROM pg_enum e \
     JOIN pg_type t ON t.oid = e.enumtypid WHERE position(lower(t.typname) IN ?::text) > 0 ORDER BY e.enumtypid, e.enumsortorder",
];
