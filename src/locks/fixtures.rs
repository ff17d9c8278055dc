//! A lock to try things out on: what a worker left that was killed.

use crate::{Result, laravel::lock::Locks};

/// No job of its class lies in a queue.
const LEFT: &str = r"laravel-queue-overlap:App\Jobs\SendReminder:reminder:7";
/// Whoever held it is gone.
const OWNER: &str = "5eededLockOfNone";
/// Seconds that such a lock lives in a table.
const SECONDS: u32 = 86_400;

/// Takes the lock, unless it is held.
///
/// # Errors
/// The store does not answer, or its table is missing.
pub async fn seed(locks: &Locks<'_>) -> Result<()> {
    locks.acquire(LEFT, OWNER, SECONDS).await.map(|_| ())
}
