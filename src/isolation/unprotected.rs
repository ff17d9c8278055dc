//! Which tenant tables have no protection, in one short question: for probes that ask many databases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::expression::{self, Leaf, Sources};
use crate::{
    Result,
    db::{Engine, Query, Row, Session},
};

/// A tenant table without protection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unprotected {
    /// The table.
    pub table: String,
    /// Why, in a few words.
    pub why: String,
}

/// The tenant tables that nothing protects from the connected role, in one round trip. This is the short form of
/// `opsctl rls verify`: what it finds is wrong, but what it does not find is not proved.
///
/// Without row-level security a table counts as protected when a view filters it and triggers guard every change; on
/// SQLite each connection has to guard itself, so none is named.
///
/// # Errors
/// The database's.
pub async fn unprotected(session: &mut Session<'_>, column: &str) -> Result<Vec<Unprotected>> {
    let engine = session.db().engine();
    let Some(sql) = question(engine, column) else { return Ok(Vec::new()) };
    answer(engine, session.fetch(Query::new(sql)).await?, column)
}

/// The question of [`unprotected`] as a statement without parameters, for those who ask more in the same round trip;
/// none where no table can be named. Beside what [`answer`] reads, PostgreSQL's has `owned`: whether the connected
/// role owns the table `name`.
pub fn question(engine: Engine, column: &str) -> Option<String> {
    let sql = match engine {
        Engine::Postgres => POSTGRES,
        Engine::MySql => MYSQL,
        Engine::Sqlite => return None,
    };
    Some(sql.replace("COLUMN", &format!("'{}'", column.replace('\'', "''"))))
}

/// Reads the answer to [`question`].
///
/// # Errors
/// An answer to something else.
pub fn answer(engine: Engine, rows: Vec<Row>, column: &str) -> Result<Vec<Unprotected>> {
    match engine {
        Engine::Postgres => postgres(rows, column),
        Engine::MySql => mysql(&rows),
        Engine::Sqlite => Ok(Vec::new()),
    }
}

// Partitions are reached through their parent, whose policies hold there.
const POSTGRES: &str = "\
SELECT c.oid::regclass::text AS name, c.relowner = u.oid AS owned, \
       c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, \
       u.rolsuper OR u.rolbypassrls AS free, u.rolname AS me, p.polpermissive AS permissive, \
       pg_get_expr(p.polqual, p.polrelid) AS using_, pg_get_expr(p.polwithcheck, p.polrelid) AS check_ \
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') \
  AND NOT c.relispartition AND c.relpersistence <> 't' \
JOIN pg_roles u ON u.rolname = current_user LEFT JOIN pg_policy p ON p.polrelid = c.oid \
WHERE a.attname = COLUMN AND a.attnum > 0 AND NOT a.attisdropped \
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY 1";

fn postgres(rows: Vec<Row>, column: &str) -> Result<Vec<Unprotected>> {
    let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        tables.entry(row.text("name")?).or_default().push(row);
    }
    let mut found = Vec::new();
    for (table, rows) in tables {
        if let Some(why) = why(&rows, column)? {
            found.push(Unprotected { table, why });
        }
    }
    Ok(found)
}

/// Why one table is not protected; a row per policy, or one without.
fn why(rows: &[Row], column: &str) -> Result<Option<String>> {
    let Some(first) = rows.first() else { return Ok(None) };
    if first.int("enabled")? == 0 {
        return Ok(Some("row-level security is not enabled".into()));
    }
    if first.int("free")? != 0 {
        return Ok(Some(format!("no policy binds the role `{}`", first.text("me")?)));
    }
    if first.int("forced")? == 0 {
        return Ok(Some("row-level security is not forced: it does not bind the owner".into()));
    }
    let mut open = None;
    for row in rows {
        let conditions = [row.text_or_null("using_")?, row.text_or_null("check_")?];
        let bound = conditions.iter().flatten().all(|condition| names_a_tenant(condition, column));
        match (row.text_or_null("permissive")?.is_some(), row.int("permissive")? != 0) {
            (false, _) => return Ok(Some("it has no policy".into())),
            // A restrictive policy holds whatever the others admit.
            (true, false) if bound => return Ok(None),
            (true, true) if !bound => open = Some("a policy admits other tenants' rows".to_owned()),
            _ => {}
        }
    }
    Ok(open)
}

/// Whether every arm asks for the tenant. Which functions give it is not looked up here.
fn names_a_tenant(condition: &str, column: &str) -> bool {
    let reads = |name: &str| vec![name.to_owned()];
    let sources = Sources { column, reads: &reads, falls_back: &|_| false };
    let asks = |leaf: &Leaf| matches!(leaf, Leaf::Tenant | Leaf::NoTenant | Leaf::Opaque);
    expression::arms(condition, &sources).iter().all(|arm| arm.iter().any(asks))
}

/// Each of the server's views alone: joined, they open every table and view again and again.
const MYSQL: &str = "\
SELECT 'table' AS kind, t.table_name AS name, NULL AS detail FROM information_schema.tables t \
WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' \
UNION ALL SELECT 'column', c.table_name, NULL FROM information_schema.columns c \
WHERE c.table_schema = DATABASE() AND c.column_name = COLUMN \
UNION ALL SELECT 'trigger', g.event_object_table, g.event_manipulation FROM information_schema.triggers g \
WHERE g.trigger_schema = DATABASE() AND g.action_timing = 'BEFORE' \
UNION ALL SELECT 'view', v.table_name, v.view_definition FROM information_schema.views v \
WHERE v.table_schema = DATABASE() AND v.check_option = 'CASCADED'";

fn mysql(rows: &[Row]) -> Result<Vec<Unprotected>> {
    let mut known: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in rows {
        known.entry(row.text("kind")?).or_default().push((row.text("name")?, row.text("detail")?));
    }
    let of = |kind: &str| known.get(kind).map_or(&[][..], Vec::as_slice);
    let mut names: Vec<&String> = of("column").iter().map(|(name, _)| name).collect();
    names.retain(|name| of("table").iter().any(|(table, _)| table == *name));
    names.sort();
    // A definition that the role may not read is empty to it: such a role has rights on the table by mistake.
    let blind = of("view").iter().any(|(_, definition)| definition.is_empty());
    let why = |table: &String| {
        let filter = format!("`.`{table}` where ");
        let mut guarded: Vec<&String> =
            of("trigger").iter().filter(|(on, _)| on == table).map(|(_, change)| change).collect();
        guarded.sort();
        guarded.dedup();
        match (of("view").iter().any(|(_, definition)| definition.contains(&filter)), guarded.len()) {
            (false, _) if blind => Some("the connected role has rights on the table itself, past its views"),
            (false, _) => Some("no view filters it by tenant"),
            (true, 3) => None,
            (true, _) => Some("triggers do not guard every change"),
        }
    };
    let named = |table: &String| Some(Unprotected { table: table.clone(), why: why(table)?.into() });
    Ok(names.into_iter().filter_map(named).collect())
}
