//! The service's tables, and the conditions under which an event may be worked on.

use chrono::{DateTime, Utc};

use super::Limits;
use crate::{
    Result,
    db::{Db, Table, Value},
};

/// Columns of `webhook_events` that commands need. Others may be there and are left alone.
const EVENT_COLUMNS: [&str; 18] = [
    "id",
    "provider",
    "event_id",
    "event_type",
    "request_id",
    "payload_raw",
    "payload",
    "status",
    "payment_status",
    "payment_provider_ref",
    "attempts",
    "received_at",
    "last_attempt_at",
    "processed_at",
    "next_retry_at",
    "error_message",
    "created_at",
    "updated_at",
];
/// Likewise of `payments`.
pub(super) const PAYMENT_COLUMNS: [&str; 8] =
    ["id", "provider", "provider_ref", "amount", "currency", "status", "created_at", "updated_at"];

/// The two tables on one database, checked to be there.
#[derive(Debug)]
pub struct Store<'a> {
    /// The database.
    pub db: &'a Db,
    /// `webhook_events`.
    pub events: Table,
    /// `payments`.
    pub payments: Table,
}

impl<'a> Store<'a> {
    /// Looks the tables up.
    ///
    /// # Errors
    /// [`crate::Kind::Config`], naming a table or columns that are missing and what to run.
    pub async fn open(db: &'a Db) -> Result<Self> {
        let events = db.require("webhook_events", &EVENT_COLUMNS).await?;
        let payments = db.require("payments", &PAYMENT_COLUMNS).await?;
        Ok(Self { db, events, payments })
    }
}

/// What the database lacks of the service's tables: names of tables, and `TABLE.COLUMN`.
///
/// # Errors
/// The database's.
pub async fn gaps(db: &Db) -> Result<Vec<String>> {
    let mut gaps = db.lacks("webhook_events", &EVENT_COLUMNS).await?;
    gaps.extend(db.lacks("payments", &PAYMENT_COLUMNS).await?);
    Ok(gaps)
}

/// A condition and the values of its placeholders, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    pub(super) fn new(sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Self {
        Self { sql: sql.into(), values: values.into_iter().collect() }
    }

    pub(super) fn and(mut self, other: Condition) -> Self {
        if self.sql.is_empty() {
            return other;
        }
        if !other.sql.is_empty() {
            self.sql = format!("{} AND {}", self.sql, other.sql);
            self.values.extend(other.values);
        }
        self
    }

    /// Its text; one that always holds when it is empty.
    pub(super) fn sql(&self) -> &str {
        if self.sql.is_empty() { "1 = 1" } else { &self.sql }
    }

    pub(super) fn values(&self) -> Vec<Value> {
        self.values.clone()
    }
}

/// Which events a run may work on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Eligible {
    /// Events due at or before this time.
    pub now: DateTime<Utc>,
    /// Claims older than this are stale; events received later than this are left to their first job.
    pub stale: DateTime<Utc>,
    /// Attempts that an event must be below; `None` ignores the limit.
    pub max_attempts: Option<u32>,
    /// Ignores due times.
    pub force: bool,
    /// Takes events that the service's own worker claimed a moment ago.
    pub take_over: bool,
    /// Only this provider.
    pub provider: Option<String>,
    /// Only this status.
    pub status: Option<String>,
}

/// Statuses of events that somebody has claimed.
pub(super) const IN_FLIGHT: &str = "('processing', 'queued')";
/// When a claim was made; a claim without that time is as old as the row's last change (D34).
pub(super) const CLAIMED_AT: &str = "COALESCE(last_attempt_at, updated_at, received_at)";

impl Eligible {
    /// What a batch may work on: due events of any provider and status.
    pub(super) fn due(now: DateTime<Utc>, limits: &Limits) -> Self {
        Self {
            now,
            stale: now - limits.lease(),
            max_attempts: Some(limits.max_attempts),
            force: false,
            take_over: false,
            provider: None,
            status: None,
        }
    }

    /// Not done, attempts left, and of the wanted provider and status.
    pub(super) fn open(&self, events: &Table) -> Condition {
        let mut condition = Self::not_done().and(self.attempts_left());
        for (column, value) in [("provider", &self.provider), ("status", &self.status)] {
            if let Some(value) = value {
                let sql = format!("{column} = {}", events.hole(column));
                condition = condition.and(Condition::new(sql, [value.as_str().into()]));
            }
        }
        condition
    }

    /// Not done: an inferred status that was never applied to a payment (stranded shape S2) counts as open.
    #[allow(clippy::unused_self)] // reads like its neighbours
    pub(super) fn not_done() -> Condition {
        let open = "status <> 'processed' AND (payment_status IS NULL OR payment_status IN ('', 'pending') \
                    OR processed_at IS NULL)";
        Condition::new(open, [])
    }

    /// Below the limit of attempts, if there is one.
    pub(super) fn attempts_left(&self) -> Condition {
        self.max_attempts.map_or_else(Condition::default, |max| Condition::new("attempts < ?", [max.into()]))
    }

    /// A claim that nobody works on any more.
    pub(super) fn stale_claim(&self, events: &Table) -> Condition {
        let hole = events.hole("last_attempt_at");
        Condition::new(format!("status IN {IN_FLIGHT} AND {CLAIMED_AT} <= {hole}"), [self.stale.into()])
    }

    /// A next time that has come.
    pub(super) fn dated(&self, events: &Table) -> Condition {
        Condition::new(format!("next_retry_at <= {}", events.hole("next_retry_at")), [self.now.into()])
    }

    /// No next time; a new event's first job is given the length of a lease (D33).
    pub(super) fn undated(&self, events: &Table) -> Condition {
        let hole = events.hole("received_at");
        let sql = format!("next_retry_at IS NULL AND (status <> 'received' OR received_at <= {hole})");
        Condition::new(sql, [self.stale.into()])
    }

    /// Nobody works on it: it is not claimed, or the claim is stale.
    pub(super) fn unclaimed(&self, events: &Table) -> Condition {
        let stale = self.stale_claim(events);
        Condition::new(format!("(status NOT IN {IN_FLIGHT} OR ({}))", stale.sql()), stale.values())
    }

    /// Its time has come. A claim has no next time to wait for.
    pub(super) fn come(&self, events: &Table) -> Condition {
        let (dated, undated) = (self.dated(events), self.undated(events));
        let values = dated.values().into_iter().chain(undated.values());
        let sql = format!("(status IN {IN_FLIGHT} OR {} OR ({}))", dated.sql(), undated.sql());
        Condition::new(sql, values)
    }

    /// The whole condition, as it is checked under the row's lock.
    pub(super) fn condition(&self, events: &Table) -> Condition {
        let open = self.open(events);
        let (stale, dated, undated) = (self.stale_claim(events), self.dated(events), self.undated(events));
        let free = if self.force {
            Condition::new(format!("status NOT IN {IN_FLIGHT}"), [])
        } else {
            let values = dated.values().into_iter().chain(undated.values());
            let due = format!("(status NOT IN {IN_FLIGHT} AND ({} OR ({})))", dated.sql(), undated.sql());
            Condition::new(due, values)
        };
        let claimed =
            if self.take_over { Condition::new(format!("status IN {IN_FLIGHT}"), []) } else { stale };
        let values = claimed.values().into_iter().chain(free.values());
        open.and(Condition::new(format!("(({}) OR {})", claimed.sql(), free.sql()), values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_join_with_their_values_in_order() {
        let joined = Condition::default()
            .and(Condition::new("a = ?", [1_i64.into()]))
            .and(Condition::default())
            .and(Condition::new("b = ?", [2_i64.into()]));
        assert_eq!(joined.sql(), "a = ? AND b = ?");
        assert_eq!(joined.values(), [Value::Int(1), Value::Int(2)]);
        assert_eq!(Condition::default().sql(), "1 = 1");
    }
}
