//! What a run does to each tenant table, and whether its role may: asked of the server, which changes nothing for it.

use super::{
    owner,
    place::{self, Known},
    roles, taxonomies,
};
use crate::{
    Error, Result,
    db::{Db, Engine, Fault, Query, Session},
};

/// What a run does to each table.
const RIGHTS: [(&str, &[&str]); 4] = [
    (roles::ROLES, &["SELECT", "INSERT", "UPDATE"]),
    (roles::PERMISSIONS, &["SELECT", "INSERT", "DELETE"]),
    (taxonomies::TABLE, &["SELECT", "INSERT", "UPDATE"]),
    (owner::TABLE, &["SELECT", "INSERT"]),
];

/// Refuses a role that lacks a right on a table that is there, before a run gets halfway. MySQL and MariaDB show an
/// account neither the rights of its roles nor every view that it may use: what is known of the tables comes from
/// elsewhere, and without it nothing is asked.
///
/// # Errors
/// [`crate::Kind::Config`] with [`Fault::Right`], naming what is lacking; the database's.
pub async fn require(db: &Db, known: Option<&Known>, writes: bool) -> Result<()> {
    let wanted = RIGHTS.iter().flat_map(|(table, words)| words.iter().map(move |word| (*table, *word)));
    let wanted: Vec<(&str, &str)> = wanted.filter(|(_, word)| writes || *word == "SELECT").collect();
    let lacking = match (db.engine(), known) {
        (Engine::Postgres, _) => catalogued(db, &wanted).await?,
        (Engine::MySql, Some(known)) => prepared(db, known, &wanted).await?,
        (Engine::MySql, None) | (Engine::Sqlite, _) => Vec::new(),
    };
    if lacking.is_empty() {
        return Ok(());
    }
    let user = &db.target().username;
    Err(Error::config(format!("`{user}` lacks rights on {}", db.target()))
        .because(lacking.join(", "))
        .hint(format!(
            "grant them as the tables' owner: `GRANT SELECT, INSERT, UPDATE, DELETE ON … TO {user}`"
        ))
        .with_fault(Fault::Right))
}

async fn catalogued(db: &Db, wanted: &[(&str, &str)]) -> Result<Vec<String>> {
    let wanted: Vec<String> = wanted.iter().map(|(table, word)| format!("('{table}', '{word}')")).collect();
    let sql = format!(
        "SELECT w.name, w.word FROM (VALUES {}) AS w (name, word) \
         WHERE to_regclass(w.name) IS NOT NULL AND NOT has_table_privilege(to_regclass(w.name), w.word) ORDER BY 1, 2",
        wanted.join(", ")
    );
    let rows = db.session().await?.fetch(Query::new(sql)).await?;
    rows.iter().map(|row| Ok(format!("{} on {}", row.text("word")?, row.text("name")?))).collect()
}

/// A server refuses to prepare what the account may not run.
async fn prepared(db: &Db, known: &Known, wanted: &[(&str, &str)]) -> Result<Vec<String>> {
    let mut lacking = Vec::new();
    for (name, word) in wanted {
        let Some(table) = known.tables.get(name) else { continue };
        let (name, tenant) = (&table.name, table.column(place::TENANT_ID));
        let statement = match *word {
            "SELECT" => format!("SELECT {tenant} FROM {name}"),
            "INSERT" => format!("INSERT INTO {name} ({tenant}) VALUES (NULL)"),
            "UPDATE" => format!("UPDATE {name} SET {tenant} = NULL WHERE 1 = 0"),
            _ => format!("DELETE FROM {name} WHERE 1 = 0"),
        };
        if !may(&mut db.session().await?, &statement).await? {
            lacking.push(format!("{word} on {}", name.replace('`', "")));
        }
    }
    lacking.sort();
    Ok(lacking)
}

/// Whether the server prepares a statement; nothing of it is run.
async fn may(session: &mut Session<'_>, statement: &str) -> Result<bool> {
    let text = statement.replace('\'', "''");
    let sql = format!("PREPARE opsctl_right FROM '{text}'; DEALLOCATE PREPARE opsctl_right");
    match session.script(&sql).await {
        Ok(()) => Ok(true),
        Err(error) if error.fault() == Some(Fault::Right) => Ok(false),
        Err(error) => Err(error),
    }
}
