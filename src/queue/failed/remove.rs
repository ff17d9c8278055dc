//! Failed jobs that are forgotten: by their ids, or all that a filter takes. They cannot be brought back.

use super::{FailedFilter, Order, Walk, list::unknown};
use crate::{
    Result,
    cancel::Cancel,
    db::Query,
    laravel::{failed::FailedJobs, queue::Next},
};

/// Rows that one statement deletes.
const BATCH: usize = 2000;

/// Forgets failed jobs by their ids (`queue:forget`), all or none: gives how many there were.
///
/// # Errors
/// [`crate::Kind::NotFound`] for an id that none bears: nothing is changed then.
pub async fn forget(failed: &FailedJobs<'_>, ids: &[String], dry_run: bool) -> Result<u64> {
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut rows = Vec::new();
    for some in names.chunks(BATCH) {
        let jobs = failed.named(some).await?;
        if let Some(id) = some.iter().find(|id| !jobs.iter().any(|job| job.id(failed.named_by_uuid) == **id))
        {
            return Err(unknown(id));
        }
        rows.extend(jobs.into_iter().map(|job| job.row));
    }
    if dry_run {
        return Ok(rows.len() as u64);
    }
    let mut forgotten = 0;
    for some in rows.chunks(BATCH) {
        forgotten += delete(failed, some).await?;
    }
    Ok(forgotten)
}

/// Failed jobs that are to be forgotten: how many, and up to which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flush {
    /// How many there were when they were counted.
    pub count: u64,
    upto: i64,
}

/// Counts what a filter takes.
///
/// # Errors
/// The database does not answer, or the table is missing.
pub async fn count(failed: &FailedJobs<'_>, filter: &FailedFilter) -> Result<Flush> {
    let walk = Walk::open(failed, filter, Order::OldestFirst).await?;
    let mut flush = Flush { count: 0, upto: i64::MIN };
    walk.each(|brief| {
        flush = Flush { count: flush.count + 1, upto: brief.row };
        Next::Go
    })
    .await?;
    Ok(flush)
}

/// Forgets what was counted (`queue:flush`), in batches along the primary key; what failed since stays. Gives how many
/// it were. `told` hears of each batch. A request to stop ends it behind the batch in hand.
///
/// # Errors
/// The database does not answer: those of earlier batches are forgotten.
pub async fn flush(
    failed: &FailedJobs<'_>,
    filter: &FailedFilter,
    counted: Flush,
    cancel: &Cancel,
    mut told: impl FnMut(u64),
) -> Result<u64> {
    let mut walk = Walk::open(failed, filter, Order::OldestFirst).await?;
    walk.upto = counted.upto;
    let mut forgotten = 0;
    loop {
        cancel.check()?;
        let mut rows = Vec::with_capacity(BATCH);
        walk.each(|brief| {
            rows.push(brief.row);
            if rows.len() == BATCH { Next::Enough } else { Next::Go }
        })
        .await?;
        if rows.is_empty() {
            return Ok(forgotten);
        }
        let deleted = cancel.guard(delete(failed, &rows)).await?;
        forgotten += deleted;
        told(forgotten);
        // Somebody else may have deleted them first, but they are gone; a row that stays would come again and again.
        walk.from = *rows.last().unwrap_or(&walk.from);
    }
}

async fn delete(failed: &FailedJobs<'_>, rows: &[i64]) -> Result<u64> {
    let table = failed.require().await?;
    let ids: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let filter = table.one_of("id", ids.iter().map(String::as_str));
    let sql = format!("DELETE FROM {} WHERE {}", table.name, filter.sql);
    failed.db.session().await?.execute(Query::new(sql).bind_all(filter.values)).await
}
