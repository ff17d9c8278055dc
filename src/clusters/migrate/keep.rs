//! What a run came to, kept in the central database.

use super::Item;
use crate::{
    Result,
    clock::column_text,
    clusters::MIGRATIONS,
    db::{Begin, Db, Query},
    schema::Set,
};
use chrono::{DateTime, Utc};

/// What is kept of a cluster, in the order in which it is bound.
const COLUMNS: [&str; 11] = [
    "cluster",
    "run",
    "record_table",
    "outcome",
    "head",
    "applied",
    "pending",
    "error",
    "begun_at",
    "ended_at",
    "took_ms",
];
/// Longest text of an error that is kept.
const ERROR_CHARS: usize = 2000;

/// Keeps the items of a run; false where the central database has no table for them.
///
/// # Errors
/// The central database's.
pub async fn keep(central: &Db, run: &str, set: &Set, items: &[Item], begun: DateTime<Utc>) -> Result<bool> {
    let Some(table) = central.table(MIGRATIONS).await? else { return Ok(false) };
    let ended = central.now().await?;
    let holes = COLUMNS.map(|column| table.hole(column)).join(", ");
    let sql = format!("INSERT INTO {} ({}) VALUES ({holes})", table.name, COLUMNS.join(", "));
    let mut session = central.session().await?;
    session.begin(Begin::Write).await?;
    for item in items {
        let error: Option<String> = item.error.as_ref().map(|text| text.chars().take(ERROR_CHARS).collect());
        let query = Query::new(sql.clone())
            .bind(item.cluster.as_str())
            .bind(run)
            .bind(&*set.table)
            .bind(item.outcome.name())
            // As text, NULL or not: a prepared statement keeps the type that its first value had.
            .bind(item.head.map(|head| head.to_string()))
            .bind(i64::try_from(item.applied.len()).unwrap_or(i64::MAX))
            .bind(item.lacking().map(|count| (count + item.later.len()).to_string()))
            .bind(error)
            .bind(column_text(begun))
            .bind(column_text(ended))
            .bind(i64::try_from(item.took_ms).unwrap_or(i64::MAX));
        session.execute(query).await?;
    }
    session.commit().await?;
    Ok(true)
}
