//! Statements whose traces do not tell whether they happened: rows of tables without transactions, which no rollback
//! takes back, and names or rows that change places between things that look alike.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    names::unquoted,
    sql::{Word, words},
};
use crate::{
    Result,
    db::{Engine, Query, Session},
};

/// Layers of views, triggers and routines that are looked through for the tables behind them.
const LAYERS: usize = 4;

/// Tables without transactions that a statement names, itself or through views, triggers and routines: what it changes
/// there stays, whatever becomes of its transaction. Only MySQL and MariaDB have such tables.
pub(super) async fn without_transactions(session: &mut Session<'_>, statement: &str) -> Result<Vec<String>> {
    if session.db().engine() != Engine::MySql {
        return Ok(Vec::new());
    }
    let tables = "SELECT t.table_schema AS place, t.table_name AS name FROM information_schema.tables t \
                  WHERE t.table_schema IN (DATABASE()%) AND t.table_type = 'BASE TABLE' AND t.engine IN \
                  (SELECT e.engine FROM information_schema.engines e WHERE e.transactions = 'NO' OR e.transactions IS NULL)";
    let bodies = "SELECT table_name AS name, view_definition AS body FROM information_schema.views \
                  WHERE table_schema IN (DATABASE()%) UNION ALL \
                  SELECT event_object_table, action_statement FROM information_schema.triggers \
                  WHERE trigger_schema IN (DATABASE()%) UNION ALL \
                  SELECT routine_name, routine_definition FROM information_schema.routines \
                  WHERE routine_schema IN (DATABASE()%)";
    let mut named = names(statement);
    let schemas = schemas(session, &named).await?;
    let asked = |sql: &str, times: usize| {
        let query = Query::new(sql.replace('%', &", ?".repeat(schemas.len())));
        let names = schemas.iter().cycle().take(schemas.len() * times);
        names.fold(query, |query, name| query.bind(name.as_str()))
    };
    let tables = session.fetch(asked(tables, 1)).await?;
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let bodies = session.fetch(asked(bodies, 3)).await?;
    for _ in 0..LAYERS {
        for row in &bodies {
            if named.contains(&row.text("name")?.to_lowercase()) {
                named.extend(names(&row.text("body")?));
            }
        }
    }
    let found = tables.iter().map(|row| row.text("name")).collect::<Result<Vec<_>>>()?;
    Ok(found.into_iter().filter(|name| named.contains(&name.to_lowercase())).collect())
}

/// Databases of the server that are named, beside the one at hand.
async fn schemas(session: &mut Session<'_>, named: &BTreeSet<String>) -> Result<Vec<String>> {
    let sql = "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name <> DATABASE()";
    let all = session.fetch(Query::new(sql)).await?;
    let all = all.iter().map(|row| row.text("name")).collect::<Result<Vec<_>>>()?;
    Ok(all.into_iter().filter(|name| named.contains(&name.to_lowercase())).collect())
}

/// All words of a statement that may be names, in lower case.
fn names(statement: &str) -> BTreeSet<String> {
    pieces(statement).into_iter().collect()
}

fn pieces(statement: &str) -> Vec<String> {
    let tokens = words(Engine::MySql, statement).into_iter();
    let tokens = tokens.filter(|token| token.word != Word::Comment && token.word != Word::Semicolon);
    tokens.map(|token| unquoted(token.text(statement)).to_lowercase()).collect()
}

/// Whether the catalogue may look the same before and after: partitions and tables, or names, that change places.
pub(super) fn swaps(statement: &str) -> bool {
    let words = pieces(statement);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.first() {
        // Columns that change places are seen by their order.
        Some(&"alter") => words.windows(2).any(|pair| pair == ["exchange", "partition"]),
        Some(&"rename") => has_circle(&in_turn(&renamed(&words))),
        _ => false,
    }
}

/// Old and new names of `a TO b`, in their order, without their databases.
fn renamed<'w>(words: &[&'w str]) -> Vec<(&'w str, &'w str)> {
    let mut found = Vec::new();
    for at in 1..words.len() {
        let behind = |at: usize| words.get(at).copied();
        if words[at] != "to" {
            continue;
        }
        let is_qualified = behind(at + 2) == Some(".");
        if let (Some(old), Some(new)) = (behind(at - 1), behind(at + if is_qualified { 3 } else { 1 })) {
            found.push((old, new));
        }
    }
    found
}

/// Each new name with the first one of what bears it, after one renaming after the other.
fn in_turn<'w>(renamed: &[(&'w str, &'w str)]) -> BTreeMap<&'w str, &'w str> {
    let mut bears = BTreeMap::new();
    for (old, new) in renamed {
        let first = bears.remove(old).unwrap_or(*old);
        bears.insert(*new, first);
    }
    bears
}

/// Whether following the old names from one that changed leads back to it.
fn has_circle(bears: &BTreeMap<&str, &str>) -> bool {
    let circles = |start: &str| {
        let mut name = start;
        for _ in 0..bears.len() {
            match bears.get(name) {
                Some(old) if *old == start => return name != start,
                Some(old) => name = old,
                None => return false,
            }
        }
        false
    };
    bears.keys().any(|name| circles(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_change_places_are_told_from_names_that_move_on() {
        for swap in [
            "RENAME TABLE a TO t, b TO a, t TO b",
            "rename table `x`.`a` to `x`.t, x.b TO x.a, x.t TO x.b, c TO d",
            "ALTER TABLE ep /* now */ EXCHANGE PARTITION p0 WITH TABLE ex",
        ] {
            assert!(swaps(swap), "{swap}");
        }
        for plain in [
            "RENAME TABLE a TO a_old, a_new TO a",
            "RENAME TABLE a TO b, b TO a",
            "ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a",
            "DROP TABLE a, b",
        ] {
            assert!(!swaps(plain), "{plain}");
        }
    }
}
