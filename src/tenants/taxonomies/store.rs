//! Master taxonomies in opsctl's own table.

use super::{Source, Taxonomy, order};
use crate::{
    Error, Result,
    db::{Db, Query, Row, Session, Table},
};

/// The table of master taxonomies.
pub const MASTER: &str = "opsctl_master_taxonomies";

/// All rows of the master table, parents first.
///
/// # Errors
/// [`crate::Kind::Config`] where the table is missing, or the database's.
pub async fn master(db: &Db) -> Result<Vec<Source>> {
    let table = require(db).await?;
    let rows = all(&mut db.session().await?, &table, "").await?;
    Ok(order::parents_first(rows, |source| &source.taxonomy))
}

pub(super) async fn require(db: &Db) -> Result<Table> {
    db.table(MASTER).await?.ok_or_else(|| {
        Error::config(format!("{} has no table `{MASTER}`", db.target()))
            .hint("add opsctl's tables beside the application's: `opsctl db migrate`")
    })
}

/// All rows; `lock` ends the statement.
pub(super) async fn all(session: &mut Session<'_>, table: &Table, lock: &str) -> Result<Vec<Source>> {
    let sql = format!("SELECT * FROM {} ORDER BY type, code{lock}", table.name);
    session.fetch(Query::new(sql)).await?.iter().map(source).collect()
}

fn source(row: &Row) -> Result<Source> {
    let sort_order = row.int("sort_order")?;
    let taxonomy = Taxonomy {
        r#type: row.text("type")?,
        code: row.text("code")?,
        name: row.text("name")?,
        parent_code: row.text_or_null("parent_code")?,
        // SQLite stores any number.
        sort_order: i32::try_from(sort_order).unwrap_or(if sort_order < 0 { i32::MIN } else { i32::MAX }),
        is_active: row.int("is_active")? != 0,
    };
    Ok(Source {
        master_id: Some(row.text("id")?),
        version: Some(row.int("version")?),
        checksum: row.text("checksum")?,
        taxonomy,
    })
}
