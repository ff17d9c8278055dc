//! One event, with what its body says and the payments that it may be about.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{EventId, Limits, Reading, Store, body::Body, infer};
use crate::{
    Error, Kind, Result,
    db::{Db, Engine, Query, Row, Session},
    near,
    text::{pasted, shell_word},
};

/// How the event is named.
#[derive(Debug, Clone)]
pub enum Found {
    /// By its own id.
    Id(EventId),
    /// By the provider's id.
    EventId(String),
    /// By the request that delivered it.
    RequestId(String),
}

/// A payment that the event's references name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Payment {
    /// Id.
    pub id: String,
    /// Reference.
    pub provider_ref: String,
    /// Status.
    pub status: String,
    /// Amount in minor units.
    pub amount: i64,
    /// Currency.
    pub currency: String,
    /// Last change.
    pub updated_at: Option<DateTime<Utc>>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Show {
    /// Id.
    pub id: String,
    /// Provider.
    pub provider: String,
    /// The provider's own id.
    pub event_id: String,
    /// The provider's own type.
    pub event_type: Option<String>,
    /// The request that delivered it.
    pub request_id: Option<String>,
    /// Status.
    pub status: String,
    /// Payment status.
    pub payment_status: Option<String>,
    /// Reference of the payment.
    pub payment_provider_ref: Option<String>,
    /// Attempts; redeliveries count too.
    pub attempts: i64,
    /// Attempts that it may use.
    pub max_attempts: u32,
    /// When it arrived.
    pub received_at: Option<DateTime<Utc>>,
    /// When it was last tried.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// When it is tried next.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// When it was done.
    pub processed_at: Option<DateTime<Utc>>,
    /// Why it is not done.
    pub error_message: Option<String>,
    /// Size of the body, in bytes.
    pub payload_bytes: usize,
    /// What the body says; `None` when it cannot be read.
    pub reading: Option<Reading>,
    /// Why the body cannot be read.
    pub unreadable: Option<String>,
    /// The payments that its references name.
    pub payments: Vec<Payment>,
    /// The body itself, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

pub(super) const COLUMNS: &str = "id, provider, event_id, event_type, request_id, status, payment_status, payment_provider_ref, \
                       attempts, received_at, last_attempt_at, next_retry_at, processed_at, error_message, updated_at";

/// What is typed again, with the id that was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// `webhooks show`.
    Show,
    /// `webhooks explain`.
    Explain,
    /// `webhooks retry-one`: an id that was not typed is looked at before anything is done to it.
    RetryOne,
}

impl Again {
    fn with(self, id: &str) -> String {
        match self {
            Again::Show => format!("opsctl webhooks show {id}"),
            Again::Explain => format!("opsctl webhooks explain {id}"),
            Again::RetryOne => format!("opsctl webhooks retry-one {id} --dry-run"),
        }
    }
}

/// What to type for an id that is the provider's.
pub(super) fn by_providers_id(typed: &str) -> String {
    format!("if it is the provider's own id: `opsctl webhooks list --event-id {}`", shell_word(typed))
}

/// Finds the ids of the events that a name means, newest first; several requests may share an id.
///
/// # Errors
/// [`Kind::NotFound`], with near matches for the command that is typed `again`.
pub async fn find(db: &Db, found: &Found, again: Again) -> Result<Vec<String>> {
    let store = Store::open(db).await?;
    let (column, value) = match found {
        Found::Id(id) => return Ok(vec![row_by_id(&store, id, again).await?.text("id")?]),
        Found::EventId(value) => ("event_id", value),
        Found::RequestId(value) => ("request_id", value),
    };
    // As it was given first: a provider's id may hold anything.
    let meant = pasted(value);
    let mut ids = ids_by(&store, column, value).await?;
    if ids.is_empty() && meant != value {
        ids = ids_by(&store, column, meant).await?;
    }
    if !ids.is_empty() {
        return Ok(ids);
    }
    let error =
        Error::new(Kind::NotFound, format!("no event has the {} `{meant}`", column.replace('_', " ")));
    Err(match found {
        Found::EventId(_) => {
            let part: String = meant.chars().take(meant.chars().count().div_ceil(2)).collect();
            error.hint(format!("part of it may do: `opsctl webhooks list --event-id {}`", shell_word(&part)))
        }
        _ => error,
    })
}

async fn ids_by(store: &Store<'_>, column: &str, value: &str) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT id FROM {} WHERE {column} = {} ORDER BY received_at DESC, id DESC LIMIT 20",
        store.events.name,
        store.events.hole(column)
    );
    let rows = store.db.session().await?.fetch(Query::new(sql).bind(value)).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// Reads one event. The body's text comes along only with `raw`.
///
/// # Errors
/// [`Kind::NotFound`], or the database's.
pub async fn show(db: &Db, id: &EventId, limits: &Limits, raw: bool) -> Result<Show> {
    let store = Store::open(db).await?;
    let row = row_by_id(&store, id, Again::Show).await?;
    let id = row.text("id")?;
    let provider = row.text("provider")?;
    let Stored { bytes, body, .. } = body(&mut db.session().await?, &store, &provider, &id).await?;
    let (reading, unreadable) = match body {
        Ok(body) => (Some(infer::read(&provider, &body)), None),
        Err(why) => (None, Some(why)),
    };
    let references =
        reading.iter().flat_map(|reading| &reading.references).map(|reference| reference.value.as_str());
    let payments = payments(&store, &provider, &references.collect::<Vec<_>>()).await?;
    Ok(Show {
        id,
        provider,
        event_id: row.text("event_id")?,
        event_type: row.text_or_null("event_type")?,
        request_id: row.text_or_null("request_id")?,
        status: row.text("status")?,
        payment_status: row.text_or_null("payment_status")?,
        payment_provider_ref: row.text_or_null("payment_provider_ref")?,
        attempts: row.int("attempts").unwrap_or_default(),
        max_attempts: limits.max_attempts,
        received_at: row.time("received_at")?,
        last_attempt_at: row.time("last_attempt_at")?,
        next_retry_at: row.time("next_retry_at")?,
        processed_at: row.time("processed_at")?,
        error_message: row.text_or_null("error_message")?,
        payload_bytes: bytes.len(),
        reading,
        unreadable,
        payments,
        payload: raw.then(|| String::from_utf8_lossy(&bytes).into_owned()),
    })
}

/// The row of an id, in whichever case it is stored.
pub(super) async fn row_by_id(store: &Store<'_>, id: &EventId, again: Again) -> Result<Row> {
    let events = &store.events;
    let spellings = id.spellings();
    let ids = events.one_of("id", spellings.iter().map(String::as_str));
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE {}", events.name, ids.sql);
    let mut rows = store.db.session().await?.fetch(Query::new(sql).bind_all(ids.values)).await?;
    for spelling in &spellings {
        if let Some(at) = rows.iter().position(|row| row.text("id").is_ok_and(|id| id == *spelling)) {
            return Ok(rows.swap_remove(at));
        }
    }
    match rows.pop() {
        Some(row) => Ok(row), // a case that is mixed: MySQL finds it by its collation
        None => Err(unknown(store, id, again).await),
    }
}

/// An unknown id: neighbours in time are the likeliest to be meant, since a ULID begins with its time.
async fn unknown(store: &Store<'_>, id: &EventId, again: Again) -> Error {
    let error = Error::new(Kind::NotFound, format!("no event has the id `{}`", id.as_str()));
    let mut near_ids = Vec::new();
    for spelling in id.spellings() {
        let head = &spelling[..8];
        let hole = store.events.hole("id");
        let sql = format!(
            "SELECT id FROM {} WHERE id >= {hole} AND id <= {hole} ORDER BY id LIMIT 500",
            store.events.name
        );
        let query = Query::new(sql).bind(head).bind(format!("{head}zzzzzzzzzzzzzzzzzz"));
        let Ok(mut session) = store.db.session().await else { return error };
        let Ok(rows) = session.fetch(query).await else { return error };
        near_ids.extend(rows.iter().filter_map(|row| row.text("id").ok()));
    }
    let near_ids = near_ids.iter().map(String::as_str);
    near::or(error, id.as_str(), near_ids, |near| again.with(near), by_providers_id(id.as_str()))
}

/// The body of an event, and where it stands.
pub(super) struct Stored {
    /// `payload`, or `payload_raw` where that is empty.
    pub column: &'static str,
    pub bytes: Vec<u8>,
    /// Why it cannot be read, if so.
    pub body: std::result::Result<Body, String>,
}

/// Reads the body as a try does: `payload`, and `payload_raw` where that is empty.
pub(super) async fn body(
    session: &mut Session<'_>,
    store: &Store<'_>,
    provider: &str,
    id: &str,
) -> Result<Stored> {
    let bytes = text(session, store, id, "payload").await?;
    match Body::json(&bytes) {
        Ok(body) if !body.is_empty() => Ok(Stored { column: "payload", bytes, body: Ok(body) }),
        Err(why) if !bytes.is_empty() => Ok(Stored { column: "payload", bytes, body: Err(why) }),
        _ => {
            let bytes = text(session, store, id, "payload_raw").await?;
            let body = infer::raw_body(provider, &bytes);
            Ok(Stored { column: "payload_raw", bytes, body })
        }
    }
}

async fn text(session: &mut Session<'_>, store: &Store<'_>, id: &str, column: &str) -> Result<Vec<u8>> {
    let events = &store.events;
    let cast = if events.engine() == Engine::Postgres { "::text" } else { "" };
    let sql = format!("SELECT {column}{cast} AS body FROM {} WHERE id = {}", events.name, events.hole("id"));
    let row = session.first(Query::new(sql).bind(id)).await?;
    Ok(row.map(|row| row.into_bytes("body")).transpose()?.flatten().unwrap_or_default())
}

async fn payments(store: &Store<'_>, provider: &str, references: &[&str]) -> Result<Vec<Payment>> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let table = &store.payments;
    let named = table.one_of("provider_ref", references.iter().copied());
    let sql = format!(
        "SELECT id, provider_ref, status, amount, currency, updated_at FROM {} WHERE provider = {} AND {} ORDER BY id",
        table.name,
        table.hole("provider"),
        named.sql,
    );
    let query = Query::new(sql).bind(provider).bind_all(named.values);
    let rows = store.db.session().await?.fetch(query).await?;
    // Exactly these: a collation may find others that are written alike, which a try would not take.
    let exact = |row: &&Row| row.text("provider_ref").is_ok_and(|known| references.contains(&known.as_str()));
    rows.iter()
        .filter(exact)
        .map(|row| {
            Ok(Payment {
                id: row.text("id")?,
                provider_ref: row.text("provider_ref")?,
                status: row.text("status")?,
                amount: row.int("amount")?,
                currency: row.text("currency")?,
                updated_at: row.time("updated_at")?,
            })
        })
        .collect()
}
