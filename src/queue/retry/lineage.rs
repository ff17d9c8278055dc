//! Which failed job was retried when, and by which run: the table `opsctl_retried_jobs`, where it is.

use chrono::{DateTime, Utc};

use super::chunk::Planned;
use crate::{
    Result,
    db::{Db, Query, Session, Table, Value},
    laravel::failed::head,
};

/// The table.
pub const TABLE: &str = "opsctl_retried_jobs";

const COLUMNS: [&str; 9] =
    ["uuid", "failed_row", "class", "connection", "queue", "exception", "failed_at", "retried_at", "run"];
/// Rows of one statement.
const ROWS: usize = 100;
/// Characters that the columns hold.
const NAME: usize = 255;
/// Characters of an exception's head that are kept.
const HEAD: usize = 1000;

/// The table, if this database has it.
///
/// # Errors
/// The database's.
pub(super) async fn table(db: &Db) -> Result<Option<Table>> {
    let table = db.table(TABLE).await?;
    Ok(table.filter(|table| COLUMNS.iter().all(|column| table.has(column))))
}

/// Writes a row for each job, in the session's transaction.
pub(super) async fn write(
    session: &mut Session<'_>,
    table: &Table,
    jobs: &[&Planned],
    now: DateTime<Utc>,
    run: &str,
) -> Result<()> {
    let names: Vec<String> = COLUMNS.iter().map(|column| table.column(column)).collect();
    let holes: Vec<String> = COLUMNS.iter().map(|column| table.hole(column)).collect();
    let holes = format!("({})", holes.join(", "));
    for some in jobs.chunks(ROWS) {
        let rows = vec![holes.as_str(); some.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES {rows}", table.name, names.join(", "));
        let values = some.iter().flat_map(|job| values(job, now, run));
        session.execute(Query::new(sql).bind_all(values)).await?;
    }
    Ok(())
}

fn values(planned: &Planned, now: DateTime<Utc>, run: &str) -> [Value; 9] {
    let failed = &planned.failed;
    [
        cut(&planned.job.uuid, NAME).into(),
        failed.row.into(),
        cut(planned.class.as_deref().unwrap_or_default(), NAME).into(),
        cut(&failed.connection, NAME).into(),
        cut(&failed.queue, NAME).into(),
        cut(head(&failed.exception), HEAD).into(),
        failed.failed_at.into(),
        now.into(),
        run.into(),
    ]
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
