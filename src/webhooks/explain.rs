//! Why an event is as it is: what was read from its body and by which rule, whether it is due, what a try would do,
//! and who holds it.
//!
//! Nothing is decided here: the body is read, the conditions are checked, and the try is made by the code of a real
//! one, in one read-only transaction.

mod conditions;
mod due;
mod held;
mod indexes;
mod next;
mod plan;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use self::{
    conditions::{Check, Part},
    due::{Backlog, DuePlan, explain_due},
    held::{Claim, Held, HeldPayment, RowLock, RunLock, SessionOf, run_lock},
    indexes::{Advice, State as IndexState},
    next::Next,
    plan::{Plan, Sorts},
};
use super::{
    EventId, Limits, Look, Outcome, PaymentStatus, Reading, Store,
    candidates::Candidate,
    chunk::{Worked, Worker},
    infer,
    retry::worker,
    show::{self, Again, COLUMNS, Stored},
    store::Eligible,
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    db::{Begin, Db, Query, Row, Session},
};

/// Payments of one reference that are told one by one: of a provider's own there is one.
const PAYMENTS: usize = 20;

/// An event, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explain {
    /// Id.
    pub id: String,
    /// Provider.
    pub provider: String,
    /// The provider's own id.
    pub event_id: String,
    /// Status.
    pub status: String,
    /// Payment status.
    pub payment_status: Option<String>,
    /// Attempts; redeliveries count too.
    pub attempts: i64,
    /// Attempts that it may use.
    pub max_attempts: u32,
    /// When it is tried next.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// Why it is not done.
    pub error_message: Option<String>,
    /// The server's time, with which the event's were compared.
    pub now: DateTime<Utc>,
    /// The body that was read.
    pub body: BodyOf,
    /// Every place at which a rule looked, in order.
    pub looks: Vec<Look>,
    /// What the body says; `None` when it cannot be read.
    pub reading: Option<Reading>,
    /// What each reference names.
    pub references: Vec<Named>,
    /// Whether a batch would try it now.
    pub due: bool,
    /// The conditions for that, one by one.
    pub conditions: Vec<Check>,
    /// What a try would do.
    pub retry: Try,
    /// Who holds it.
    pub held: Held,
    /// What to type next.
    pub next: Vec<Next>,
}

/// The body of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BodyOf {
    /// Where it stands: `payload`, or `payload_raw` where that is empty.
    pub column: &'static str,
    /// Its size in bytes.
    pub bytes: usize,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
}

/// What a reference comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// One payment of the event's provider.
    Found,
    /// Several of its provider: the table lacks its unique key.
    Several,
    /// Payments of other providers alone, which the event is not about.
    AnotherProvider,
    /// No payment.
    None,
}

/// A reference, and the payments that bear it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Named {
    /// The reference.
    pub value: String,
    /// Where it stood.
    pub path: &'static str,
    /// The rule that found it.
    pub rule: &'static str,
    /// What it comes to.
    pub names: Match,
    /// The payments, the provider's own first.
    pub payments: Vec<PaymentOf>,
}

/// A payment that bears a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaymentOf {
    /// Id.
    pub id: String,
    /// Provider.
    pub provider: String,
    /// Status.
    pub status: String,
    /// Amount in minor units.
    pub amount: i64,
    /// Currency.
    pub currency: String,
}

/// What a try would do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Try {
    /// How the event would end.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// The rule by which its payment was found, or its status read.
    pub rule: Option<&'static str>,
    /// The reference that names the payment, or the likeliest one.
    pub reference: Option<String>,
    /// What `retry-one` needs to be given: `--force`, `--take-over`.
    pub flags: Vec<&'static str>,
    /// The status afterwards; `None` when it would not be tried.
    pub status: Option<&'static str>,
    /// The attempts afterwards.
    pub attempts: i64,
    /// The earliest next time, when there is one.
    pub next_from: Option<DateTime<Utc>>,
    /// The latest next time.
    pub next_until: Option<DateTime<Utc>>,
    /// What its payment becomes, when the event would be applied.
    pub payment: Option<Becomes>,
}

/// A payment before and after a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Becomes {
    /// Id.
    pub id: String,
    /// Its status now.
    pub from: String,
    /// Its status afterwards.
    pub to: PaymentStatus,
}

/// Explains one event. Changes nothing.
///
/// # Errors
/// [`Kind::NotFound`], or the database's.
pub async fn explain(db: &Db, id: &EventId, limits: &Limits, run: &RunLock) -> Result<Explain> {
    let store = Store::open(db).await?;
    db.facts().await?;
    let id = show::row_by_id(&store, id, Again::Explain).await?.text("id")?;
    let now = db.now().await?;
    let cancel = Cancel::new(); // whoever calls guards the whole
    let everything =
        Eligible { max_attempts: None, force: true, take_over: true, ..Eligible::due(now, limits) };
    let worker = worker(&store, limits.clone(), everything, true, None, &cancel);
    let mut session = db.session().await?;
    session.begin(Begin::Read).await?;
    let mut explained = Snapshot { store: &store, limits, now }.read(&mut session, &id, &worker, run).await?;
    session.rollback().await?;
    drop(session);
    if explained.retry.status.is_none() {
        let candidate = candidate(&explained.id, &explained.provider);
        let told = worker.explain_missing(&[candidate], &[]).await;
        explained.retry.reason = told.into_iter().next().map_or_else(String::new, |item| item.reason);
    }
    held::rows(&store, &mut explained).await;
    explained.next = next::steps(&explained);
    Ok(explained)
}

fn candidate(id: &str, provider: &str) -> Candidate {
    Candidate { due: String::new(), id: id.to_owned(), provider: provider.to_owned() }
}

/// One look at an event, within a transaction.
struct Snapshot<'a> {
    store: &'a Store<'a>,
    limits: &'a Limits,
    now: DateTime<Utc>,
}

impl Snapshot<'_> {
    async fn read(
        &self,
        session: &mut Session<'_>,
        id: &str,
        worker: &Worker<'_>,
        run: &RunLock,
    ) -> Result<Explain> {
        let due = Eligible::due(self.now, self.limits);
        let row = self.row(session, id, &due).await?;
        let provider = row.text("provider")?;
        let stored = show::body(session, self.store, &provider, id).await?;
        let (reading, looks, unreadable) = read_body(&provider, &stored);
        let references = self.references(session, &provider, reading.as_ref()).await?;
        let conditions = conditions::checks(&row, &due, self.limits)?;
        let retry = self.dry_try(session, worker, &row, &conditions, &references).await?;
        Ok(Explain {
            id: id.to_owned(),
            event_id: row.text("event_id")?,
            status: row.text("status")?,
            payment_status: row.text_or_null("payment_status")?,
            attempts: row.int("attempts").unwrap_or_default(),
            max_attempts: self.limits.max_attempts,
            next_retry_at: row.time("next_retry_at")?,
            error_message: row.text_or_null("error_message")?,
            now: self.now,
            body: BodyOf { column: stored.column, bytes: stored.bytes.len(), unreadable },
            looks,
            reading,
            references,
            due: row.int(conditions::DUE)? == 1,
            conditions,
            retry,
            held: Held::claimed(&row, self.limits, run)?,
            provider,
            next: Vec::new(),
        })
    }

    /// The event's row, with what the database says of each condition.
    async fn row(&self, session: &mut Session<'_>, id: &str, due: &Eligible) -> Result<Row> {
        let events = &self.store.events;
        let asked = conditions::asked(due, events);
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM {} WHERE id = {}",
            asked.sql(),
            events.name,
            events.hole("id")
        );
        let row = session.first(Query::new(sql).bind_all(asked.values()).bind(id)).await?;
        row.ok_or_else(|| Error::new(Kind::NotFound, format!("event `{id}` has just been deleted")))
    }

    async fn references(
        &self,
        session: &mut Session<'_>,
        provider: &str,
        reading: Option<&Reading>,
    ) -> Result<Vec<Named>> {
        let found = reading.map_or(&[][..], |reading| &reading.references);
        let mut named = Vec::new();
        for reference in found {
            let payments = self.payments(session, provider, &reference.value).await?;
            let own = payments.iter().filter(|payment| payment.provider == provider).count();
            let names = match (own, payments.len()) {
                (0, 0) => Match::None,
                (0, _) => Match::AnotherProvider,
                (1, _) => Match::Found,
                _ => Match::Several,
            };
            let (path, rule) = (reference.path, reference.rule);
            named.push(Named { value: reference.value.clone(), path, rule, names, payments });
        }
        Ok(named)
    }

    /// The payments that bear a reference, exactly as written, of any provider.
    async fn payments(
        &self,
        session: &mut Session<'_>,
        provider: &str,
        reference: &str,
    ) -> Result<Vec<PaymentOf>> {
        let table = &self.store.payments;
        let sql = format!(
            "SELECT id, provider, provider_ref, status, amount, currency FROM {} WHERE provider_ref = {} \
             ORDER BY CASE WHEN provider = {} THEN 0 ELSE 1 END, id LIMIT {PAYMENTS}",
            table.name,
            table.hole("provider_ref"),
            table.hole("provider"),
        );
        let rows = session.fetch(Query::new(sql).bind(reference).bind(provider)).await?;
        let exact = |row: &&Row| row.text("provider_ref").is_ok_and(|known| known == reference);
        let read = |row: &Row| {
            Ok(PaymentOf {
                id: row.text("id")?,
                provider: row.text("provider")?,
                status: row.text("status")?,
                amount: row.int("amount")?,
                currency: row.text("currency")?,
            })
        };
        rows.iter().filter(exact).map(read).collect()
    }

    /// A dry try, under no condition but that the event is not done.
    async fn dry_try(
        &self,
        session: &mut Session<'_>,
        worker: &Worker<'_>,
        row: &Row,
        conditions: &[Check],
        references: &[Named],
    ) -> Result<Try> {
        let candidate = candidate(&row.text("id")?, &row.text("provider")?);
        let Worked { events, changes, .. } = worker.apply(session, &[candidate], self.now).await?;
        let (Some(event), Some(change)) = (events.first(), changes.into_iter().next()) else {
            return Ok(Try::none(row.int("attempts").unwrap_or_default()));
        };
        let again = change.next_retry_at.map(|_| worker.window(event, self.now));
        let own = |named: &&Named| Some(&named.value) == change.item.reference.as_ref();
        let payment = references.iter().find(own).and_then(|named| named.payments.first());
        let becomes = payment.zip(change.item.payment_status);
        Ok(Try {
            outcome: change.item.outcome,
            reason: change.item.reason,
            rule: change.item.rule,
            reference: change.item.reference,
            flags: conditions::flags(conditions),
            status: Some(change.status),
            attempts: change.item.attempts,
            next_from: again.map(|(from, _)| from),
            next_until: again.map(|(_, until)| until),
            payment: becomes.map(|(payment, to)| Becomes {
                id: payment.id.clone(),
                from: payment.status.clone(),
                to,
            }),
        })
    }
}

impl Try {
    /// The event is done: it would not be tried.
    fn none(attempts: i64) -> Self {
        Self {
            outcome: Outcome::Skipped,
            reason: String::new(),
            rule: None,
            reference: None,
            flags: Vec::new(),
            status: None,
            attempts,
            next_from: None,
            next_until: None,
            payment: None,
        }
    }
}

fn read_body(provider: &str, stored: &Stored) -> (Option<Reading>, Vec<Look>, Option<String>) {
    match &stored.body {
        Ok(body) => {
            let (reading, looks) = infer::trace(provider, body);
            (Some(reading), looks, None)
        }
        Err(why) => (None, Vec::new(), Some(why.clone())),
    }
}
