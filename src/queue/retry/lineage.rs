//! Which failed job was retried when, and by which run: the table `opsctl_retried_jobs`, where it is.

use chrono::{DateTime, Utc};

use super::chunk::Planned;
use crate::{
    Result,
    clock::column_text,
    db::{Db, Engine, Query, Session, Table, Value},
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
/// Characters of an exception in which its first line is looked for.
const FIRST: usize = 4000;
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

/// The first line of an exception, in SQL: a trace may be longer than all the rest of its row.
pub(super) fn first_line(failed: &Table) -> String {
    let text = format!("SUBSTR({}, 1, {FIRST})", failed.column("exception"));
    match failed.engine() {
        Engine::Postgres => format!("split_part({text}, chr(10), 1)"),
        Engine::MySql => format!("SUBSTRING_INDEX({text}, CHAR(10 USING utf8mb4), 1)"),
        Engine::Sqlite => format!("substr({text}, 1, instr({text} || char(10), char(10)) - 1)"),
    }
}

/// Writes a row for each job, in the session's transaction.
pub(super) async fn write(
    session: &mut Session<'_>,
    table: &Table,
    jobs: &[&Planned<'_>],
    now: DateTime<Utc>,
    run: &str,
) -> Result<()> {
    // An array for each column takes any number of rows.
    let most = if table.engine() == Engine::Postgres { jobs.len().max(1) } else { ROWS };
    for some in jobs.chunks(most) {
        let rows: Vec<_> = some.iter().map(|job| texts(job, now, run)).collect();
        session.execute(insert(table, rows)).await?;
    }
    Ok(())
}

fn insert(table: &Table, rows: Vec<[Option<String>; COLUMNS.len()]>) -> Query {
    let names: Vec<String> = COLUMNS.iter().map(|column| table.column(column)).collect();
    let into = format!("INSERT INTO {} ({})", table.name, names.join(", "));
    let holes: Vec<String> = COLUMNS.iter().map(|column| table.hole(column)).collect();
    if table.engine() == Engine::Postgres {
        let column = |at: usize| Value::Texts(rows.iter().map(|row| row[at].clone()).collect());
        let sql = format!("{into} SELECT * FROM unnest({}[])", holes.join("[], "));
        return Query::new(sql).bind_all((0..COLUMNS.len()).map(column));
    }
    let row = format!("({})", holes.join(", "));
    let sql = format!("{into} VALUES {}", vec![row.as_str(); rows.len()].join(", "));
    Query::new(sql).bind_all(rows.into_iter().flatten().map(Value::from))
}

fn texts(planned: &Planned<'_>, now: DateTime<Utc>, run: &str) -> [Option<String>; COLUMNS.len()] {
    let failed = &planned.failed;
    [
        Some(cut(&planned.job.uuid, NAME)),
        Some(failed.row.to_string()),
        Some(cut(planned.class.unwrap_or_default(), NAME)),
        Some(cut(&failed.connection, NAME)),
        Some(cut(&failed.queue, NAME)),
        Some(cut(head(&failed.exception), HEAD)),
        failed.failed_at.map(column_text),
        Some(column_text(now)),
        Some(run.to_owned()),
    ]
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
