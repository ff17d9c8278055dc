//! Events, newest first, page by page along (received_at, id).

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Limits, Store,
    store::{Condition, Eligible},
};
use crate::{
    Error, Result,
    db::{Db, Query},
};

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this provider.
    pub provider: Option<String>,
    /// Only this status.
    pub status: Option<String>,
    /// Only this payment status; `none` for events without one.
    pub payment_status: Option<String>,
    /// Only events that a retry would pick now.
    pub due: bool,
    /// Only events that have used their attempts and are not done.
    pub exhausted: bool,
    /// Only events whose provider's id contains this.
    pub event_id: Option<String>,
    /// Received at or after.
    pub since: Option<DateTime<Utc>>,
    /// Received before.
    pub until: Option<DateTime<Utc>>,
    /// Page size.
    pub limit: u32,
    /// Behind this event.
    pub after: Option<Cursor>,
}

/// A place in the list: the last event of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    received_at: DateTime<Utc>,
    id: String,
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("`{text}` is no place in the list"))
                .hint("take it from the line below a page")
        };
        let (time, id) = text.split_once('/').ok_or_else(bad)?;
        Ok(Self { received_at: time.parse().map_err(|_| bad())?, id: id.to_owned() })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.received_at.format("%Y-%m-%dT%H:%M:%SZ"), self.id)
    }
}

/// One event of the list; bodies are never read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListItem {
    /// Id.
    pub id: String,
    /// Provider.
    pub provider: String,
    /// The provider's own id.
    pub event_id: String,
    /// Status.
    pub status: String,
    /// Payment status, if there is one.
    pub payment_status: Option<String>,
    /// Reference, if one is known.
    pub payment_provider_ref: Option<String>,
    /// Attempts; redeliveries count too.
    pub attempts: i64,
    /// When it arrived.
    pub received_at: Option<DateTime<Utc>>,
    /// When it was last tried.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// When it is tried next.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// Why it is not done.
    pub error_message: Option<String>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct List {
    /// The events.
    pub items: Vec<ListItem>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Lists events.
///
/// # Errors
/// The database's, or missing tables and columns.
pub async fn list(db: &Db, filter: &Filter, limits: &Limits) -> Result<List> {
    let store = Store::open(db).await?;
    let events = &store.events;
    let now = db.now().await?;
    let condition = filter.condition(&store, limits, now);
    let sql = format!(
        "SELECT id, provider, event_id, status, payment_status, payment_provider_ref, attempts, received_at, \
         last_attempt_at, next_retry_at, error_message FROM {} WHERE {} ORDER BY received_at DESC, id DESC LIMIT {}",
        events.name,
        condition.sql(),
        u64::from(filter.limit) + 1,
    );
    let rows = db.session().await?.fetch(Query::new(sql).bind_all(condition.values())).await?;
    let mut items = rows
        .iter()
        .map(|row| {
            Ok(ListItem {
                id: row.text("id")?,
                provider: row.text("provider")?,
                event_id: row.text("event_id")?,
                status: row.text("status")?,
                payment_status: row.text_or_null("payment_status")?,
                payment_provider_ref: row.text_or_null("payment_provider_ref")?,
                attempts: row.int("attempts").unwrap_or_default(), // SQLite stores anything
                received_at: row.time("received_at")?,
                last_attempt_at: row.time("last_attempt_at")?,
                next_retry_at: row.time("next_retry_at")?,
                error_message: row.text_or_null("error_message")?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let more = items.len() > filter.limit as usize;
    items.truncate(filter.limit as usize);
    let last = items.last().filter(|_| more);
    let next = last
        .and_then(|item| Some(Cursor { received_at: item.received_at?, id: item.id.clone() }.to_string()));
    Ok(List { items, next })
}

impl Filter {
    fn condition(&self, store: &Store<'_>, limits: &Limits, now: DateTime<Utc>) -> Condition {
        let events = &store.events;
        let mut condition = Condition::default();
        for (column, value) in [("provider", &self.provider), ("status", &self.status)] {
            if let Some(value) = value {
                let sql = format!("{column} = {}", events.hole(column));
                condition = condition.and(Condition::new(sql, [value.as_str().into()]));
            }
        }
        condition = match self.payment_status.as_deref() {
            None => condition,
            Some("none") => condition.and(Condition::new("payment_status IS NULL", [])),
            Some(status) => condition.and(Condition::new("payment_status = ?", [status.into()])),
        };
        if let Some(part) = &self.event_id {
            let pattern = part.replace('!', "!!").replace('%', "!%").replace('_', "!_");
            condition =
                condition.and(Condition::new("event_id LIKE ? ESCAPE '!'", [format!("%{pattern}%").into()]));
        }
        for (sign, at) in [(">=", self.since), ("<", self.until)] {
            if let Some(at) = at {
                let sql = format!("received_at {sign} {}", events.hole("received_at"));
                condition = condition.and(Condition::new(sql, [at.into()]));
            }
        }
        if self.due {
            condition = condition.and(Eligible::due(now, limits).condition(events));
        }
        if self.exhausted {
            let used = Condition::new("attempts >= ?", [limits.max_attempts.into()]);
            let any = Eligible { max_attempts: None, ..Eligible::due(now, limits) };
            condition = condition.and(any.open(events)).and(used);
        }
        if let Some(after) = &self.after {
            let (received, id) = (events.hole("received_at"), events.hole("id"));
            let sql = format!("(received_at < {received} OR (received_at = {received} AND id < {id}))");
            let values = [after.received_at.into(), after.received_at.into(), after.id.as_str().into()];
            condition = condition.and(Condition::new(sql, values));
        }
        condition
    }
}
