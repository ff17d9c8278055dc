//! Taxonomies: the tenant's rows are read, compared with the master, and made to agree with it, in one transaction.

use std::collections::HashSet;

use super::{
    ids,
    place::{Place, flag, id_column, number, raced, rows_at_a_time},
    plan::{Existing, Key, Masters, Plan, Taxonomy, key, key_of, plan},
    steps::Done,
};
use crate::{
    Result,
    db::{BulkUpdate, Query, Session, Table, Value},
};

/// The table.
pub const TABLE: &str = "taxonomies";
/// What a copy of the master has, behind its id.
const COPIED: [&str; 9] = [
    "master_id",
    "type",
    "code",
    "name",
    "parent_id",
    "sort_order",
    "is_active",
    "source_version",
    "source_checksum",
];
/// Columns without which nothing can be done.
pub const COLUMNS: [&str; 15] = [
    "id",
    "master_id",
    "type",
    "code",
    "name",
    "parent_id",
    "sort_order",
    "is_active",
    "is_system",
    "source_version",
    "source_checksum",
    "modified_by_tenant_at",
    "created_at",
    "updated_at",
    "deleted_at",
];

/// What is to be done, seen in one transaction.
///
/// # Errors
/// A faulty master, or the database's.
pub async fn look(place: &Place<'_>, session: &mut Session<'_>, masters: &Masters) -> Result<Plan> {
    let table = place.table(TABLE)?;
    let existing = existing(place, session, table, masters).await?;
    plan(&place.tenant.id, masters, &existing)
}

/// The tenant's rows that were copied from the master, or stand under one of its codes.
async fn existing(
    place: &Place<'_>,
    session: &mut Session<'_>,
    table: &Table,
    masters: &Masters,
) -> Result<Vec<Existing>> {
    let wanted: HashSet<Key> = masters.rows.iter().map(key_of).collect();
    let (own, tenant) = place.own(table);
    let ids = ["id", "master_id", "parent_id"].map(|column| id_column(table, column)).join(", ");
    let sql = format!(
        "SELECT {ids}, type, code, name, sort_order, is_active, is_system, source_version, source_checksum, \
         modified_by_tenant_at, deleted_at FROM {} WHERE {own}",
        table.name
    );
    let (mut rows, mut broken) = (Vec::new(), None);
    session
        .each(Query::new(sql).bind(tenant), |row| match read(&row) {
            Ok(row) => {
                if row.is_system || wanted.contains(&key(&row.row.kind, &row.row.code)) {
                    rows.push(row);
                }
            }
            Err(error) => broken = Some(error),
        })
        .await?;
    broken.map_or(Ok(rows), Err)
}

fn read(row: &crate::db::Row) -> Result<Existing> {
    let is_set = |column: &str| Ok::<_, crate::Error>(row.text_or_null(column)?.is_some());
    let version = if is_set("source_version")? { Some(row.int("source_version")?) } else { None };
    Ok(Existing {
        is_system: row.int("is_system")? != 0,
        is_edited: is_set("modified_by_tenant_at")? || is_set("deleted_at")?,
        row: Taxonomy {
            id: row.text("id")?,
            master_id: row.text_or_null("master_id")?,
            kind: row.text("type")?,
            code: row.text("code")?,
            name: row.text("name")?,
            parent_id: row.text_or_null("parent_id")?,
            sort_order: row.int("sort_order")?,
            is_active: row.int("is_active")? != 0,
            version,
            // A `char` of PostgreSQL is filled up with blanks.
            checksum: row.text_or_null("source_checksum")?.map(|sum| sum.trim_end().to_owned()),
        },
    })
}

/// Carries a plan out. A row that the tenant has edited since it was read is not overwritten.
///
/// # Errors
/// [`crate::db::Fault::Transient`] where rows were changed meanwhile, or the database's.
pub async fn apply(place: &Place<'_>, session: &mut Session<'_>, plan: &Plan) -> Result<()> {
    let table = place.table(TABLE)?;
    let now = place.now().await?;
    let columns: Vec<&str> =
        ["id"].into_iter().chain(COPIED).chain(["is_system", "created_at", "updated_at"]).collect();
    let made = plan.create.iter().map(|row| {
        let mut values = vec![Value::from(row.id.as_str())];
        values.extend(copied(row));
        values.extend([flag(true), now.clone(), now.clone()]);
        values
    });
    place.insert(session, table, &columns, made.collect()).await?;
    for rows in plan.update.chunks(rows_at_a_time()) {
        let changed = session.execute(update(place, table, rows, &now)).await?;
        if changed != rows.len() as u64 {
            return Err(raced(&format!("{changed} of {} rows are as they were read", rows.len())));
        }
    }
    Ok(())
}

fn copied(row: &Taxonomy) -> [Value; 9] {
    [
        row.master_id.clone().into(),
        row.kind.as_str().into(),
        row.code.as_str().into(),
        row.name.as_str().into(),
        row.parent_id.clone().into(),
        number(Some(row.sort_order)),
        flag(row.is_active),
        number(row.version),
        row.checksum.clone().into(),
    ]
}

fn update(place: &Place<'_>, table: &Table, rows: &[Taxonomy], now: &Value) -> Query {
    let ids = rows.iter().map(|row| row.id.clone()).collect();
    let mut update = BulkUpdate::new(table, "id", ids);
    for (at, column) in COPIED.into_iter().enumerate() {
        // The key is the key: what was found under it keeps it.
        if !matches!(column, "type" | "code") {
            update = update.set(column, rows.iter().map(|row| copied(row)[at].clone()).collect());
        }
    }
    update
        .set_all(format!("updated_at = {}", table.hole("updated_at")), vec![now.clone()])
        .only_where("modified_by_tenant_at IS NULL AND deleted_at IS NULL")
        .within("tenant_id", place.tenant.id.as_str())
        .query()
}

/// What the step came to.
pub fn done(masters: &Masters, plan: &Plan) -> Done {
    let mut warnings = Vec::new();
    let mut tell = |rows: &[String], what: &str| {
        if !rows.is_empty() {
            warnings.push(format!("{}: {what}", some(rows)));
        }
    };
    tell(&plan.foreign, "the tenant's own under a code of the master's, left as they are");
    tell(&plan.removed, "no longer in the master, deactivated");
    let source = masters.rows.len() as u64 + plan.gone;
    Done::of(plan.tally(), source, input(masters), warnings)
}

/// Checksum of the master's rows.
pub fn input(masters: &Masters) -> String {
    let mut lines: Vec<String> = masters
        .rows
        .iter()
        .map(|row| {
            format!("{} {} {:?} {}", row.taxonomy.r#type, row.taxonomy.code, row.version, row.checksum)
        })
        .collect();
    lines.sort();
    ids::checksum(lines.iter().map(String::as_str))
}

/// A few of many names.
pub fn some(names: &[String]) -> String {
    let told = names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0..=3 => told,
        more => format!("{told} and {} more", more - 3),
    }
}
