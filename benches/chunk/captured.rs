//! The statements of a chunk, as the library logs them while it tries events.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use opsctl::{
    cancel::Cancel,
    db::Engine,
    journal::Entry,
    webhooks::{self, RetryRequest},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

use super::EVENTS;
use crate::{
    Bench,
    support::{Case, request},
};

/// What a statement is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Lock,
    Bodies,
    Payments,
    UpdatePayments,
    UpdateEvents,
}

impl Role {
    const ALL: [Role; 5] =
        [Role::Lock, Role::Bodies, Role::Payments, Role::UpdatePayments, Role::UpdateEvents];

    fn of(sql: &str) -> Option<Role> {
        let has = |text: &str| sql.contains(text);
        match () {
            () if has("UPDATE ") && has("SET status") && has("payments") => Some(Role::UpdatePayments),
            () if has("attempts = CASE") && has("webhook_events") => Some(Role::UpdateEvents),
            () if has("octet_length(") && has("FOR UPDATE") => Some(Role::Lock),
            () if has("payload") && has(" AS body") => Some(Role::Bodies),
            () if has("t.provider_ref") && has("FOR UPDATE") => Some(Role::Payments),
            () => None,
        }
    }
}

/// The statements in the order of the run, with `?` for values, and the events that they were about.
pub(crate) struct Captured {
    pub(crate) statements: Vec<(Role, String)>,
    pub(crate) ids: Vec<String>,
}

/// Tries a hundred events, notes the statements, and puts the rows back.
pub(crate) async fn capture(bench: &Bench, case: &Case) -> Captured {
    let texts = Texts::default();
    let subscriber = tracing_subscriber::registry().with(texts.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    let db = case.at(bench.now);
    let entry = Entry::unrecorded("bench");
    let mut request: RetryRequest = request();
    request.limits.limit = EVENTS;
    let locks = case.locks();
    let report = webhooks::retry(&db, Some(&locks), &entry, request, &Cancel::new(), &mut ()).await.unwrap();
    drop(guard);
    db.close().await;
    assert_eq!(report.counts.applied, u64::from(EVENTS), "{report:?}");
    case.execute(
        "UPDATE webhook_events SET status = 'received', payment_status = NULL, processed_at = NULL, attempts = 1, \
         next_retry_at = received_at WHERE status = 'processed'",
    )
    .await;
    case.execute("UPDATE payments SET status = 'pending' WHERE status <> 'pending'").await;
    let texts = texts.0.lock().unwrap();
    let mut statements: Vec<(Role, String)> = Vec::new();
    for sql in texts.iter() {
        if let Some(role) = Role::of(sql) {
            statements.push((role, plain(case.db.engine(), sql)));
        }
    }
    let roles: Vec<Role> = statements.iter().map(|(role, _)| *role).collect();
    assert_eq!(roles, Role::ALL, "a chunk has one statement of each kind: {texts:#?}");
    Captured { statements, ids: report.items.into_iter().map(|item| item.id).collect() }
}

/// The text as it was given to the library: `?` instead of numbers, and without the comment that goes to MySQL.
fn plain(engine: Engine, sql: &str) -> String {
    if engine != Engine::Postgres {
        return sql.trim_start_matches("/* opsctl */ ").to_owned();
    }
    let mut text = sql.to_owned();
    // From the last on, so that $1 is not found in $10.
    for at in (1..=sql.matches('$').count()).rev() {
        text = text.replace(&format!("${at}"), "?");
    }
    text
}

/// Keeps the statements that are logged.
#[derive(Debug, Clone, Default)]
struct Texts(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Texts {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        event.record(&mut Sql(&self.0));
    }
}

struct Sql<'a>(&'a Mutex<Vec<String>>);

impl Visit for Sql<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "sql" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}
