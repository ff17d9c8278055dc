//! Signs for workers (`Illuminate\Queue\QueueManager` and `Worker`, Laravel 11 to 13): values of the default cache
//! store, which workers look at between two jobs.

use chrono::{DateTime, Utc};

use crate::{
    Result,
    laravel::values::{Kept, Values},
};

/// Workers stop when this is another value than it was when they began.
pub const RESTART: &str = "illuminate:queue:restart";
/// Workers take nothing from any queue while this is there (13.25 and later). Its stem is not that of [`paused`].
pub const PAUSED_ALL: &str = "illuminate:queues:paused";

/// Workers take nothing from this queue while this is there (12.40 and later).
pub fn paused(connection: &str, queue: &str) -> String {
    format!("illuminate:queue:paused:{connection}:{queue}")
}

/// Whether a sign is there that workers take for a pause: any value that PHP takes for true.
///
/// # Errors
/// The store does not answer, or its table is missing.
pub async fn is_paused(values: &Values<'_>, name: &str) -> Result<bool> {
    Ok(values.get(name).await?.is_some_and(Kept::is_true))
}

/// The queues of a connection that have a sign of their own which workers take for a pause.
///
/// # Errors
/// As [`is_paused`].
pub async fn paused_queues(values: &Values<'_>, connection: &str) -> Result<Vec<String>> {
    let stem = paused(connection, "");
    let mut queues = Vec::new();
    for name in values.names(&stem).await? {
        if let Some(queue) = name.strip_prefix(&stem).filter(|queue| !queue.is_empty())
            && is_paused(values, &name).await?
        {
            queues.push(queue.to_owned());
        }
    }
    Ok(queues)
}

/// Whether a sign was put up or taken down, or was so already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It was otherwise.
    Yes,
    /// Nothing was to do.
    No,
}

/// Tells workers to stop behind their current job; who supervises them starts new ones. Gives the value, which is
/// a later one than any before: the present second as a rule, the next one where that or a later one stands there already.
/// Workers compare for difference alone, so a value that stood there once would tell those nothing who began with it.
///
/// # Errors
/// As [`is_paused`].
pub async fn restart(values: &Values<'_>, now: DateTime<Utc>, dry_run: bool) -> Result<i64> {
    let later = match values.get(RESTART).await? {
        Some(Kept::Int(there)) => there.checked_add(1),
        _ => None,
    };
    let value = later.map_or(now.timestamp(), |later| later.max(now.timestamp()));
    if !dry_run {
        values.put(RESTART, Kept::Int(value)).await?;
    }
    Ok(value)
}

/// Puts up a sign to pause.
///
/// # Errors
/// As [`is_paused`].
pub async fn pause(values: &Values<'_>, name: &str, dry_run: bool) -> Result<Changed> {
    if is_paused(values, name).await? {
        return Ok(Changed::No);
    }
    if !dry_run {
        values.put(name, Kept::Bool(true)).await?;
    }
    Ok(Changed::Yes)
}

/// Takes a sign to pause down.
///
/// # Errors
/// As [`is_paused`].
pub async fn resume(values: &Values<'_>, name: &str, dry_run: bool) -> Result<Changed> {
    let there = values.get(name).await?.is_some();
    if there && !dry_run {
        values.forget(name).await?;
    }
    Ok(if there { Changed::Yes } else { Changed::No })
}
