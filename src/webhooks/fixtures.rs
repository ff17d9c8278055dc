//! Events and payments to try things out on: every provider, every state, every stranded shape.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::store::{PAYMENT_COLUMNS, Store};
use crate::{
    Error, Result,
    db::{Begin, Db, Query, Session, Table, Value},
};

const EVENTS: &str = include_str!("../../fixtures/webhook_events.json");
const PAYMENTS: &str = include_str!("../../fixtures/payments.json");
/// Rows of one INSERT: within the fewest placeholders that an engine allows.
const ROWS: usize = 50;

/// One event as written in the file; times are offsets from the moment of seeding.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFixture {
    /// Id.
    pub id: String,
    /// What the row demonstrates.
    pub shape: String,
    /// Provider.
    pub provider: String,
    /// The provider's own id.
    pub event_id: String,
    event_type: Option<String>,
    source_ip: Option<String>,
    request_id: Option<String>,
    headers: Json,
    body: Json,
    form: Option<String>,
    status: String,
    payment_status: Option<String>,
    payment_provider_ref: Option<String>,
    attempts: i64,
    received: String,
    last_attempt: Option<String>,
    processed: Option<String>,
    next_retry: Option<String>,
    error_message: Option<String>,
}

/// One payment as written in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentFixture {
    /// Id.
    pub id: String,
    /// Provider.
    pub provider: String,
    /// Reference.
    pub provider_ref: String,
    amount: i64,
    currency: String,
    /// Status.
    pub status: String,
    created: String,
    /// Arrives later than the events about it: seeding leaves it out.
    pub late: bool,
}

/// All events of the file.
///
/// # Errors
/// A file that does not fit its type.
pub fn events() -> Result<Vec<EventFixture>> {
    serde_json::from_str(EVENTS).map_err(|error| Error::failed("fixtures/webhook_events.json").because(error))
}

/// All payments of the file.
///
/// # Errors
/// A file that does not fit its type.
pub fn payments() -> Result<Vec<PaymentFixture>> {
    serde_json::from_str(PAYMENTS).map_err(|error| Error::failed("fixtures/payments.json").because(error))
}

/// What was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Seeded {
    /// Rows of `webhook_events`.
    pub events: usize,
    /// Rows of `payments`.
    pub payments: usize,
}

/// Puts events and payments in, late payments excepted, in one transaction.
///
/// # Errors
/// The database's; rows that are there already.
pub async fn seed(db: &Db) -> Result<Seeded> {
    let (mut session, seeded) = put_in(db).await?;
    session.commit().await?;
    Ok(seeded)
}

/// What [`seed`] would put in: the same statements, rolled back.
///
/// # Errors
/// As [`seed`].
pub async fn rehearse(db: &Db) -> Result<Seeded> {
    let (mut session, seeded) = put_in(db).await?;
    session.rollback().await?;
    Ok(seeded)
}

/// The rows, in a transaction that is still open.
async fn put_in(db: &Db) -> Result<(Session<'_>, Seeded)> {
    let store = Store::open(db).await?;
    let now = db.now().await?;
    let events = events()?;
    let payments: Vec<PaymentFixture> = payments()?.into_iter().filter(|payment| !payment.late).collect();
    let mut session = db.session().await?;
    session.begin(Begin::Write).await?;
    for query in payment_inserts(&store.payments, &payments, now)? {
        session.execute(query).await?;
    }
    let rows = events.iter().map(|event| event.row(now)).collect::<Result<Vec<_>>>()?;
    for query in inserts(&store.events, &EVENT_COLUMNS, rows) {
        session.execute(query).await?;
    }
    Ok((session, Seeded { events: events.len(), payments: payments.len() }))
}

/// Puts the late payments in; gives their number.
///
/// # Errors
/// The database's.
pub async fn deliver_late_payments(db: &Db) -> Result<usize> {
    let store = Store::open(db).await?;
    let now = db.now().await?;
    let late: Vec<PaymentFixture> = payments()?.into_iter().filter(|payment| payment.late).collect();
    for query in payment_inserts(&store.payments, &late, now)? {
        db.session().await?.execute(query).await?;
    }
    Ok(late.len())
}

const EVENT_COLUMNS: [&str; 21] = [
    "id",
    "provider",
    "event_id",
    "event_type",
    "signature_hash",
    "source_ip",
    "request_id",
    "headers",
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

impl EventFixture {
    fn row(&self, now: DateTime<Utc>) -> Result<Vec<Value>> {
        let time = |offset: &Option<String>| offset.as_deref().map(|offset| at(now, offset)).transpose();
        let received = at(now, &self.received)?;
        let last_attempt = time(&self.last_attempt)?;
        let raw = self.form.clone().unwrap_or_else(|| self.body.to_string());
        Ok(vec![
            self.id.as_str().into(),
            self.provider.as_str().into(),
            self.event_id.as_str().into(),
            self.event_type.clone().into(),
            self.signature_hash(&raw).into(),
            self.source_ip.clone().into(),
            self.request_id.clone().into(),
            self.headers.to_string().into(),
            raw.into(),
            self.payload().to_string().into(),
            self.status.as_str().into(),
            self.payment_status.clone().into(),
            self.payment_provider_ref.clone().into(),
            self.attempts.into(),
            received.into(),
            last_attempt.into(),
            time(&self.processed)?.into(),
            time(&self.next_retry)?.into(),
            self.error_message.clone().into(),
            received.into(),
            last_attempt.unwrap_or(received).into(),
        ])
    }

    /// The service adds to an object where the event's id came from.
    fn payload(&self) -> Json {
        let Json::Object(members) = &self.body else { return self.body.clone() };
        let mut members: Map<String, Json> = members.clone();
        let from_header = self.request_id.as_ref() == Some(&self.event_id);
        let source = if from_header { "header:x-request-id" } else { "payload" };
        members.insert("_tenrusl".into(), json!({"event_id_source": source, "event_id_generated": false}));
        Json::Object(members)
    }

    /// The service's fingerprint for requests without signature headers.
    fn signature_hash(&self, raw: &str) -> String {
        let digest = Sha256::digest(format!("body:{raw}"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn payment_inserts(table: &Table, payments: &[PaymentFixture], now: DateTime<Utc>) -> Result<Vec<Query>> {
    let rows = payments
        .iter()
        .map(|payment| {
            let created = at(now, &payment.created)?;
            Ok(vec![
                payment.id.as_str().into(),
                payment.provider.as_str().into(),
                payment.provider_ref.as_str().into(),
                payment.amount.into(),
                payment.currency.as_str().into(),
                payment.status.as_str().into(),
                created.into(),
                created.into(),
            ])
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(inserts(table, &PAYMENT_COLUMNS, rows))
}

fn inserts(table: &Table, columns: &[&str], rows: Vec<Vec<Value>>) -> Vec<Query> {
    let names: Vec<String> = columns.iter().map(|column| table.column(column)).collect();
    let holes: Vec<String> = columns.iter().map(|column| table.hole(column)).collect();
    let row = format!("({})", holes.join(", "));
    let mut queries = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let group: Vec<Vec<Value>> = rows.by_ref().take(ROWS).collect();
        let values = vec![row.as_str(); group.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES {values}", table.name, names.join(", "));
        queries.push(Query::new(sql).bind_all(group.into_iter().flatten()));
    }
    queries
}

/// `-2h`, `+30s`: an offset from now, in s, m, h or d.
fn at(now: DateTime<Utc>, offset: &str) -> Result<DateTime<Utc>> {
    let bad = || Error::failed(format!("the fixtures hold an offset that cannot be read: `{offset}`"));
    let (number, unit) = offset.split_at_checked(offset.len().saturating_sub(1)).ok_or_else(bad)?;
    let number: i64 = number.parse().map_err(|_| bad())?;
    let span = match unit {
        "s" => TimeDelta::try_seconds(number),
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        _ => None,
    };
    span.and_then(|span| now.checked_add_signed(span)).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_seen_from_now() {
        let now: DateTime<Utc> = "2026-11-20T09:00:00Z".parse().unwrap();
        assert_eq!(at(now, "-90s").unwrap(), now - TimeDelta::seconds(90));
        assert_eq!(at(now, "+2d").unwrap(), now + TimeDelta::days(2));
        assert!(at(now, "soon").is_err() && at(now, "").is_err());
    }

    #[test]
    fn the_files_hold_every_provider_and_every_shape() {
        let events = events().unwrap();
        assert!(events.len() >= 300);
        for provider in super::super::providers::names() {
            assert!(events.iter().filter(|event| event.provider == provider).count() >= 18, "{provider}");
        }
        for shape in [
            "new",
            "due",
            "due-late",
            "due-ambiguous",
            "due-missing",
            "S1",
            "S2",
            "S3",
            "S4",
            "S5",
            "S6",
            "S7",
            "S8",
            "S9",
            "odd",
        ] {
            assert!(events.iter().any(|event| event.shape == shape), "{shape}");
        }
        assert!(payments().unwrap().iter().any(|payment| payment.late));
    }
}
