//! Whether a set may go into a database, and why not: whose it is, and which tool has migrated it before.

use super::{
    Options, Owner, Plan, SQLX_TABLE, Scope, Set, Tool,
    owner::{mark, owner, require_empty},
    sets::OPSCTL,
};
use crate::{
    Error, Result,
    cancel::Cancel,
    db::{Db, Query},
};

/// The migration of opsctl's set that makes the table of the mark: all that a cluster of its own needs.
const META: i64 = 1;

/// Says why a set must not be applied to a database, if so. Up-to-date databases need not be asked about.
///
/// # Errors
/// [`crate::Kind::Refused`] with what to type instead, [`crate::Kind::Config`] where the set has no files for the engine,
/// or the database's.
pub async fn admit(db: &Db, set: &Set, plan: &Plan, own: bool) -> Result<()> {
    let engine = db.engine();
    if set.migrations(engine).is_empty() {
        return Err(Error::config(format!("{} has no files for {}", set.name, engine.name()))
            .because(format!("{} is another engine's", db.target()))
            .hint(format!("add a folder `{}` to it, or name the clusters that it is for", engine.name())));
    }
    match set.scope {
        Scope::Beside => Ok(()),
        Scope::Team if plan.recorded => Ok(()),
        Scope::Team => beside_others(db, set).await,
        Scope::Reference if plan.owner == Some(Owner::Opsctl) => Ok(()),
        Scope::Reference => not_own(db, own).await,
    }
}

/// Makes an empty database opsctl's own, with the table of the mark and no other; one that is already stays as it is.
///
/// # Errors
/// [`crate::Kind::Refused`] when it holds tables other than opsctl's.
pub async fn adopt(db: &Db, runner: &str, cancel: &Cancel) -> Result<()> {
    if owner(db).await? == Owner::Opsctl {
        return Ok(());
    }
    require_empty(db).await?;
    let options = Options { to: Some(META), runner: runner.to_owned(), ..Options::default() };
    let ran = super::migrate(db, &OPSCTL, &options, cancel).await;
    if let Some(error) = ran.error {
        return Err(error);
    }
    mark(db).await
}

/// Why the reference set stays out of a database without opsctl's mark.
async fn not_own(db: &Db, own: bool) -> Result<()> {
    let names = db.table_names().await?;
    let foreign = names.iter().filter(|name| !name.starts_with("opsctl_")).count();
    if foreign == 0 {
        return match own {
            true => Ok(()),
            false => {
                Err(Error::refused(format!("{} is empty, and does not bear opsctl's mark", db.target()))
                    .because("the reference schema goes only into databases of opsctl's own")
                    .hint("make it opsctl's own: `opsctl clusters migrate NAME --own`")
                    .hint("for your own SQL: `--path DIR`"))
            }
        };
    }
    let error = Error::refused(format!("{} is an application's database", db.target()));
    let error = match Tool::among(&names, &db.target().prefix).first() {
        Some((tool, table)) => {
            error.because(format!("{} migrates it: it has the table `{table}`", tool.name))
        }
        None => error.because(format!(
            "it has {foreign} {}, and does not bear opsctl's mark",
            if foreign == 1 { "table" } else { "tables" }
        )),
    };
    let error = error.hint("apply your own SQL there: `--path DIR`, recorded in a table of opsctl's");
    Err(match names.iter().any(|name| name == SQLX_TABLE) {
        true => error.hint(format!("go on where sqlx stopped: `--path DIR --table {SQLX_TABLE}`")),
        false => error,
    })
}

/// A team's files go beside what others have made, unless another tool has applied the same ones.
async fn beside_others(db: &Db, set: &Set) -> Result<()> {
    let names = db.table_names().await?;
    for (tool, table) in Tool::among(&names, &db.target().prefix) {
        let Some(column) = tool.version.filter(|_| table != set.table) else { continue };
        let both = same_versions(db, set, &table, column).await?;
        if let Some(version) = both.first() {
            let told = format!("{} has applied versions of the same numbers to {}", tool.name, db.target());
            let error = Error::refused(told).because(format!(
                "{} of {} in `{table}`, {version} among them",
                both.len(),
                set.migrations(db.engine()).len()
            ));
            return Err(match table.as_str() {
                SQLX_TABLE => error.hint(format!("go on in its record: `--table {SQLX_TABLE}`")),
                _ => error.hint("leave out the files that it has applied, or go on with that tool"),
            });
        }
    }
    Ok(())
}

async fn same_versions(db: &Db, set: &Set, table: &str, column: &str) -> Result<Vec<i64>> {
    let Some(table) = db.table(table).await? else { return Ok(Vec::new()) };
    if !table.has(column) {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {} AS version FROM {}", table.column(column), table.name);
    let rows = db.session().await?.fetch(Query::new(sql)).await?;
    // Versions such as `1.2` are no numbers, and none of ours.
    let theirs: Vec<i64> = rows.iter().filter_map(|row| row.text("version").ok()?.parse().ok()).collect();
    let ours = set.migrations(db.engine()).iter().map(|migration| migration.version);
    Ok(ours.filter(|version| theirs.contains(version)).collect())
}
