//! Whose database it is: an application's, to which opsctl adds nothing but its own tables, or opsctl's own.

use serde::Serialize;

use super::{Migration, OPSCTL, apply};
use crate::{
    Error, Result,
    cancel::Cancel,
    db::{Begin, Db, Engine, Query},
};

/// The row of `opsctl_meta` that marks a database as opsctl's own.
const MARK: (&str, &str) = ("owner", "opsctl");

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// An application's: everything without the mark, an empty database too.
    Application,
    /// opsctl's own: the reference schema may be migrated, seeded, wiped.
    Opsctl,
}

impl Owner {
    /// Whose it is by what the mark's row says.
    pub(super) fn of_mark(value: &str) -> Self {
        if value == MARK.1 { Owner::Opsctl } else { Owner::Application }
    }
}

/// Reads the mark.
///
/// # Errors
/// The database's.
pub async fn owner(db: &Db) -> Result<Owner> {
    let Some(meta) = db.table("opsctl_meta").await? else { return Ok(Owner::Application) };
    let sql = format!("SELECT value FROM {} WHERE name = {}", meta.name, meta.hole("name"));
    let row = db.session().await?.first(Query::new(sql).bind(MARK.0)).await?;
    let value = row.map(|row| row.text("value")).transpose()?;
    Ok(value.map_or(Owner::Application, |value| Owner::of_mark(&value)))
}

/// Refuses to go on in a database that is not opsctl's own.
///
/// # Errors
/// [`crate::Kind::Refused`].
pub async fn require_own(db: &Db, what: &str) -> Result<()> {
    match owner(db).await? {
        Owner::Opsctl => Ok(()),
        Owner::Application => Err(Error::refused(format!(
            "{} belongs to an application: {what} is refused",
            db.target()
        ))
        .because("it does not bear the mark of a database that opsctl made")
        .hint(
            "work on a database of opsctl's own: `opsctl demo`, or `opsctl db migrate --own` on an empty one",
        )),
    }
}

/// Makes an empty database opsctl's own; one that is already is left as it is. Gives the migrations applied.
///
/// # Errors
/// [`crate::Kind::Refused`] when it holds tables other than opsctl's.
pub async fn claim(db: &Db, cancel: &Cancel) -> Result<Vec<&'static Migration>> {
    if owner(db).await? == Owner::Opsctl {
        return Ok(Vec::new());
    }
    require_empty(db).await?;
    let applied = apply(db, &OPSCTL, cancel).await?;
    mark(db).await?;
    Ok(applied)
}

/// Writes the mark.
pub(super) async fn mark(db: &Db) -> Result<()> {
    let meta = db.require("opsctl_meta", &["name", "value"]).await?;
    let sql = format!("INSERT INTO {} (name, value) VALUES (?, ?)", meta.name);
    db.session().await?.execute(Query::new(sql).bind(MARK.0).bind(MARK.1)).await.map(|_| ())
}

/// Refuses a database that holds tables other than opsctl's.
///
/// # Errors
/// [`crate::Kind::Refused`].
pub async fn require_empty(db: &Db) -> Result<()> {
    let foreign: Vec<String> =
        db.table_names().await?.into_iter().filter(|name| !name.starts_with("opsctl_")).collect();
    if !foreign.is_empty() {
        let some = foreign.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("`, `");
        return Err(Error::refused(format!("{} is not empty", db.target()))
            .because(format!("it has {} tables, among them `{some}`", foreign.len()))
            .hint("only an empty database can become opsctl's own")
            .hint("for opsctl's tables beside an application's: `opsctl db migrate`"));
    }
    Ok(())
}

/// Drops every table of a database of opsctl's own.
///
/// # Errors
/// [`crate::Kind::Refused`] for an application's database.
pub async fn wipe(db: &Db) -> Result<usize> {
    require_own(db, "dropping its tables").await?;
    let mut names = db.table_names().await?;
    names.sort_by_key(|name| name == "opsctl_meta"); // the mark goes last: a run that was cut short can go on
    let mut tables = Vec::new();
    for name in &names {
        if let Some(table) = db.table(name).await? {
            tables.push(table.name);
        }
    }
    let mut session = db.session().await?;
    session.begin(Begin::Write).await?;
    match db.engine() {
        Engine::Postgres if !tables.is_empty() => {
            session.script(&format!("DROP TABLE {} CASCADE", tables.join(", "))).await?;
        }
        // Tables that refer to each other go in any order.
        Engine::MySql if !tables.is_empty() => {
            let drop = format!("DROP TABLE {}", tables.join(", "));
            session
                .script(&format!("SET foreign_key_checks = 0; {drop}; SET foreign_key_checks = 1"))
                .await?;
        }
        _ => {
            for table in &tables {
                session.script(&format!("DROP TABLE {table}")).await?;
            }
        }
    }
    session.commit().await?;
    db.forget_tables();
    Ok(tables.len())
}
