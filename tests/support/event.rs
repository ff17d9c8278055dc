//! Rows to test with, and reading them back.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::db::{Query, Value};

use super::{Case, now};

/// A row of `webhook_events`: due, tried once, of the provider `mock`, unless said otherwise.
#[derive(Debug, Clone)]
pub struct Event {
    id: String,
    provider: &'static str,
    payload: Vec<u8>,
    payload_raw: Option<String>,
    status: &'static str,
    payment_status: Option<&'static str>,
    attempts: i64,
    received: i64,
    last_attempt: Option<i64>,
    next_retry: Option<i64>,
    processed: Option<i64>,
    updated: Option<i64>,
}

impl Event {
    /// Due since a minute ago; received an hour ago. The id is padded to 26 characters.
    pub fn due(id: &str) -> Self {
        Self {
            id: format!("{id:0<26}"),
            provider: "mock",
            payload: br#"{"id":"pay-1","status":"paid"}"#.to_vec(),
            payload_raw: None,
            status: "received",
            payment_status: None,
            attempts: 1,
            received: -3600,
            last_attempt: Some(-120),
            next_retry: Some(-60),
            processed: None,
            updated: Some(-120),
        }
    }

    pub fn provider(mut self, provider: &'static str) -> Self {
        self.provider = provider;
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.payload = body.as_bytes().to_vec();
        self
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.payload = bytes.to_vec();
        self
    }

    pub fn raw(mut self, raw: &str) -> Self {
        self.payload_raw = Some(raw.to_owned());
        self
    }

    pub fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    pub fn payment_status(mut self, status: &'static str) -> Self {
        self.payment_status = Some(status);
        self
    }

    pub fn attempts(mut self, attempts: i64) -> Self {
        self.attempts = attempts;
        self
    }

    /// Seconds from now.
    pub fn received(mut self, seconds: i64) -> Self {
        self.received = seconds;
        self
    }

    pub fn last_attempt(mut self, seconds: impl Into<Option<i64>>) -> Self {
        self.last_attempt = seconds.into();
        self
    }

    pub fn next_retry(mut self, seconds: impl Into<Option<i64>>) -> Self {
        self.next_retry = seconds.into();
        self
    }

    pub fn processed(mut self, seconds: i64) -> Self {
        self.processed = Some(seconds);
        self
    }

    pub fn updated(mut self, seconds: impl Into<Option<i64>>) -> Self {
        self.updated = seconds.into();
        self
    }

    /// Puts it in.
    pub async fn insert(self, case: &Case) -> String {
        let table = case.db.require("webhook_events", &[]).await.unwrap();
        let at = |seconds: i64| Value::from(now() + TimeDelta::seconds(seconds));
        let time = |seconds: Option<i64>| seconds.map_or(Value::Null, at);
        let payload = String::from_utf8(self.payload)
            .map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text);
        let hole = match &payload {
            Value::Bytes(_) => "CAST(? AS TEXT)".to_owned(), // only SQLite takes text that is no UTF-8
            _ => table.hole("payload"),
        };
        let columns = [
            ("id", Value::from(self.id.as_str())),
            ("provider", self.provider.into()),
            ("event_id", format!("evt-{}", self.id).into()),
            ("payload", payload),
            ("payload_raw", self.payload_raw.into()),
            ("status", self.status.into()),
            ("payment_status", self.payment_status.into()),
            ("attempts", self.attempts.into()),
            ("received_at", at(self.received)),
            ("last_attempt_at", time(self.last_attempt)),
            ("next_retry_at", time(self.next_retry)),
            ("processed_at", time(self.processed)),
            ("created_at", at(self.received)),
            ("updated_at", time(self.updated)),
        ];
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let holes: Vec<String> = names
            .iter()
            .map(|name| if *name == "payload" { hole.clone() } else { table.hole(name) })
            .collect();
        let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), holes.join(", "));
        let query = Query::new(sql).bind_all(columns.into_iter().map(|(_, value)| value));
        case.db.session().await.unwrap().execute(query).await.unwrap();
        self.id
    }
}

/// A row of `payments`.
#[derive(Debug, Clone)]
pub struct Payment {
    provider: &'static str,
    reference: String,
    status: &'static str,
}

impl Payment {
    /// A pending payment of `mock`.
    pub fn pending(reference: &str) -> Self {
        Self { provider: "mock", reference: reference.to_owned(), status: "pending" }
    }

    pub fn provider(mut self, provider: &'static str) -> Self {
        self.provider = provider;
        self
    }

    pub fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    pub async fn insert(self, case: &Case) {
        let table = case.db.require("payments", &[]).await.unwrap();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("pay{:023}", COUNT.fetch_add(1, Ordering::Relaxed));
        let time = Value::from(now() - TimeDelta::hours(2));
        let sql = format!(
            "INSERT INTO {} (id, provider, provider_ref, amount, status, created_at, updated_at) VALUES (?, ?, ?, 1000, ?, {hole}, {hole})",
            table.name,
            hole = table.hole("created_at"),
        );
        let query = Query::new(sql)
            .bind(id)
            .bind(self.provider)
            .bind(self.reference)
            .bind(self.status)
            .bind_all([time.clone(), time]);
        case.db.session().await.unwrap().execute(query).await.unwrap();
    }
}

/// An event as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub status: String,
    pub payment_status: Option<String>,
    pub reference: Option<String>,
    pub attempts: i64,
    pub last_attempt: Option<DateTime<Utc>>,
    pub next_retry: Option<DateTime<Utc>>,
    pub processed: Option<DateTime<Utc>>,
    pub note: Option<String>,
}

impl Case {
    pub async fn event(&self, id: &str) -> Stored {
        let table = self.db.require("webhook_events", &[]).await.unwrap();
        let sql = format!("SELECT * FROM {} WHERE id = {}", table.name, table.hole("id"));
        let row = self.db.session().await.unwrap().first(Query::new(sql).bind(id)).await.unwrap().unwrap();
        Stored {
            status: row.text("status").unwrap(),
            payment_status: row.text_or_null("payment_status").unwrap(),
            reference: row.text_or_null("payment_provider_ref").unwrap(),
            attempts: row.int("attempts").unwrap(),
            last_attempt: row.time("last_attempt_at").unwrap(),
            next_retry: row.time("next_retry_at").unwrap(),
            processed: row.time("processed_at").unwrap(),
            note: row.text_or_null("error_message").unwrap(),
        }
    }

    pub async fn payment(&self, reference: &str) -> String {
        let sql = "SELECT status FROM payments WHERE provider_ref = ?";
        let row =
            self.db.session().await.unwrap().first(Query::new(sql).bind(reference)).await.unwrap().unwrap();
        row.text("status").unwrap()
    }
}

/// One of everything that a run can end with.
pub async fn mixed(case: &Case) {
    case.write_env("");
    Payment::pending("pay-1").insert(case).await;
    Payment::pending("A").provider("tripay").insert(case).await;
    Payment::pending("B").provider("tripay").insert(case).await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa1").insert(case).await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa2")
        .next_retry(-50)
        .body(r#"{"id":"nobody","status":"paid"}"#)
        .insert(case)
        .await;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa3")
        .next_retry(-40)
        .attempts(4)
        .body(r#"{"id":"x"}"#)
        .insert(case)
        .await;
    let two = r#"{"reference":"A","merchant_ref":"B","status":"PAID"}"#;
    Event::due("01k9aaaaaaaaaaaaaaaaaaaaa4").next_retry(-30).provider("tripay").body(two).insert(case).await;
}
