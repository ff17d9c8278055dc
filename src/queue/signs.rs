//! Signs for workers (`Illuminate\Queue\QueueManager` and `Worker`, Laravel 11 to 13): values of the default cache
//! store, which workers look at between two jobs.

use crate::{Result, laravel::values::Values};

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
    Ok(values.get(name).await?.is_some_and(crate::laravel::values::Kept::is_true))
}
