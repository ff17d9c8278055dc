//! What an event's row says about where it stands.

use chrono::{DateTime, Utc};

use crate::{Result, db::Row};

/// One event's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub id: String,
    pub provider: String,
    pub status: String,
    /// Empty where there is none.
    pub payment_status: String,
    pub attempts: i64,
    /// When a claim was made, as [`super::store::CLAIMED_AT`] has it.
    pub claimed_at: Option<DateTime<Utc>>,
    pub received_at: Option<DateTime<Utc>>,
    pub next_retry_at: Option<DateTime<Utc>>,
    pub processed_at: Option<DateTime<Utc>>,
}

impl State {
    /// From a row that holds these columns.
    pub fn read(row: &Row) -> Result<Self> {
        let claims = ["last_attempt_at", "updated_at", "received_at"];
        Ok(Self {
            id: row.text("id")?,
            provider: row.text("provider")?,
            status: row.text("status")?,
            payment_status: row.text("payment_status")?,
            attempts: row.int("attempts").unwrap_or_default(), // SQLite stores anything
            claimed_at: claims.iter().find_map(|name| row.time(name).transpose()).transpose()?,
            received_at: row.time("received_at")?,
            next_retry_at: row.time("next_retry_at")?,
            processed_at: row.time("processed_at")?,
        })
    }

    /// Whether the service's own worker, or its queue, has claimed it.
    pub fn is_claimed(&self) -> bool {
        matches!(self.status.as_str(), "processing" | "queued")
    }
}
