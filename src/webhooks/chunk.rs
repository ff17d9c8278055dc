//! One chunk of events, selected, locked, applied and finished in one transaction: a kill rolls all of it back.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;

use super::{
    Item, Limits, Outcome, PaymentStatus, Store,
    backoff::previous_ms,
    body::Body,
    candidates::Candidate,
    decide::{self, Change, Content, Decision, Event, PaymentRow, Payments},
    infer,
    store::{Eligible, IN_FLIGHT},
};
use crate::{
    Error, Kind, Result, clock,
    db::{Begin, BulkUpdate, Engine, Fault, Query, Session, Value},
};

/// Bytes of bodies that one statement asks for; a single larger body is asked for alone.
const BODY_BUDGET: i64 = 2 * 1024 * 1024;

/// Why an event was skipped that somebody else works on.
pub(super) const LOCKED: &str = "locked by another transaction";

/// Works chunks off.
pub(super) struct Worker<'a> {
    pub store: &'a Store<'a>,
    pub limits: Limits,
    pub eligible: Eligible,
    pub dry_run: bool,
    pub rng: Mutex<StdRng>,
    /// Payments that a dry run would have made final by now.
    pub imagined: Mutex<HashMap<String, PaymentStatus>>,
}

impl Worker<'_> {
    /// Tries these events; gives one item per event, skipped ones included.
    ///
    /// # Errors
    /// What the database says; nothing was changed then.
    pub(super) async fn run(&self, candidates: &[Candidate]) -> Result<Vec<Item>> {
        let now = self.store.db.now().await?;
        let mut session = self.store.db.session().await?;
        if !self.dry_run {
            session.begin(Begin::Write).await?;
        }
        let events = self.lock(&mut session, candidates).await?;
        let contents = self.read_bodies(&mut session, &events).await?;
        let mut payments = self.find_payments(&mut session, &events, &contents).await?;
        let decisions = self.decide(&events, &contents, &mut payments);
        let (changes, skipped) = self.changes(&events, decisions.clone(), now);
        if self.dry_run {
            self.imagine(&decisions);
        } else {
            self.update_payments(&mut session, &decisions, now).await?;
            self.update_events(&mut session, &changes, now).await?;
            self.commit(session, &events, now).await?;
        }
        let mut items: Vec<Item> = changes.into_iter().map(|change| change.item).chain(skipped).collect();
        items.extend(self.explain_missing(candidates, &events).await?);
        Ok(items)
    }

    /// Locks the events that still meet the condition; what somebody else has locked is passed over.
    async fn lock(&self, session: &mut Session<'_>, candidates: &[Candidate]) -> Result<Vec<Event>> {
        let events = &self.store.events;
        let body = self.body_column("payload");
        let condition = self.eligible.condition(events);
        let lock = match events.engine() {
            Engine::Sqlite => "",
            _ if self.dry_run => "",
            _ if self.store.db.facts().await?.skip_locked => " FOR UPDATE SKIP LOCKED",
            _ => " FOR UPDATE",
        };
        let sql = format!(
            "SELECT id, provider, payment_status, payment_provider_ref, attempts, last_attempt_at, next_retry_at, \
             octet_length({body}) AS bytes FROM {} WHERE {} AND {}{lock}",
            events.name,
            events.is_one_of("id", candidates.len()),
            condition.sql(),
        );
        let ids = events.list(candidates.iter().map(|candidate| candidate.id.as_str()));
        let query = Query::once(sql).bind_all(ids).bind_all(condition.values());
        let rows = session.fetch(query).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let event = Event {
                id: row.text("id")?,
                provider: row.text("provider")?,
                payment_status: row.text_or_null("payment_status")?,
                payment_provider_ref: row.text_or_null("payment_provider_ref")?,
                attempts: row.int("attempts")?,
                last_attempt_at: row.time("last_attempt_at")?,
                next_retry_at: row.time("next_retry_at")?,
                bytes: row.int("bytes")?,
            };
            found.insert(event.id.clone(), event);
        }
        Ok(candidates.iter().filter_map(|candidate| found.remove(&candidate.id)).collect())
    }

    /// A JSON column as text.
    fn body_column(&self, column: &str) -> String {
        match self.store.events.engine() {
            Engine::Postgres => format!("{column}::text"),
            Engine::MySql | Engine::Sqlite => column.to_owned(),
        }
    }

    /// Reads `payload`, and `payload_raw` where that is empty; one body at a time is in memory.
    async fn read_bodies(
        &self,
        session: &mut Session<'_>,
        events: &[Event],
    ) -> Result<HashMap<String, Content>> {
        let mut contents = HashMap::with_capacity(events.len());
        let mut empty = Vec::new();
        for group in within_budget(events) {
            self.each_body(session, "payload", group, |event, bytes| match Body::json(&bytes) {
                Ok(body) if body.is_empty() => empty.push(event.clone()),
                Ok(body) => {
                    contents.insert(event.id.clone(), Ok(infer::read(&event.provider, &body)));
                }
                Err(why) if bytes.is_empty() => {
                    tracing::debug!(id = event.id, why, "empty payload");
                    empty.push(event.clone());
                }
                Err(why) => {
                    contents.insert(event.id.clone(), Err(why));
                }
            })
            .await?;
        }
        // The raw body of an event whose payload is empty may still be large: one at a time.
        for event in empty.chunks(1) {
            self.each_body(session, "payload_raw", event, |event, bytes| {
                contents.insert(event.id.clone(), raw_body(event, &bytes));
            })
            .await?;
        }
        Ok(contents)
    }

    async fn each_body(
        &self,
        session: &mut Session<'_>,
        column: &str,
        events: &[Event],
        mut take: impl FnMut(&Event, Vec<u8>),
    ) -> Result<()> {
        let table = &self.store.events;
        let sql = format!(
            "SELECT id, {} AS body FROM {} WHERE {}",
            self.body_column(column),
            table.name,
            table.is_one_of("id", events.len()),
        );
        let query = Query::once(sql).bind_all(table.list(events.iter().map(|event| event.id.as_str())));
        session
            .each(query, |row| {
                let id = row.text("id").unwrap_or_default();
                let body = row.into_bytes("body").ok().flatten().unwrap_or_default();
                if let Some(event) = events.iter().find(|event| event.id == id) {
                    take(event, body);
                }
            })
            .await
    }

    /// The payments that any reference of the chunk names, locked for the rest of the transaction.
    async fn find_payments(
        &self,
        session: &mut Session<'_>,
        events: &[Event],
        contents: &HashMap<String, Content>,
    ) -> Result<Payments> {
        let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for event in events {
            let Some(Ok(reading)) = contents.get(&event.id) else { continue };
            let references = reading.references.iter().map(|reference| reference.value.as_str());
            wanted.entry(&event.provider).or_default().extend(references);
        }
        wanted.values_mut().for_each(|references| {
            references.sort_unstable();
            references.dedup();
        });
        wanted.retain(|_, references| !references.is_empty());
        let mut payments = Payments::default();
        if wanted.is_empty() {
            return Ok(payments);
        }
        let skips = !self.dry_run && self.store.db.facts().await?.skip_locked;
        let mut seen = Vec::new();
        for row in session.fetch(self.payments_query(&wanted, skips)).await? {
            let (provider, reference) = (row.text("provider")?, row.text("provider_ref")?);
            let id = row.text("id")?;
            let imagined = self.imagined.lock().ok().and_then(|known| known.get(&id).copied());
            let status = imagined
                .unwrap_or_else(|| PaymentStatus::from_column(&row.text("status").unwrap_or_default()));
            seen.push((provider.clone(), reference.clone()));
            payments.insert(provider, reference, PaymentRow { id, status });
        }
        if skips {
            // A payment that only the locking read did not see is there, and somebody holds it.
            for row in session.fetch(self.payments_query(&wanted, false)).await? {
                let key = (row.text("provider")?, row.text("provider_ref")?);
                if !seen.contains(&key) {
                    payments.lock(key.0, key.1);
                }
            }
        }
        Ok(payments)
    }

    fn payments_query(&self, wanted: &BTreeMap<&str, Vec<&str>>, lock: bool) -> Query {
        let table = &self.store.payments;
        let mut values = Vec::new();
        let mut parts = Vec::new();
        for (provider, references) in wanted {
            let hole = table.hole("provider");
            parts.push(format!(
                "(provider = {hole} AND {})",
                table.is_one_of("provider_ref", references.len())
            ));
            values.push(Value::from(*provider));
            values.extend(table.list(references.iter().copied()));
        }
        let lock = if lock { " FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "SELECT id, provider, provider_ref, status FROM {} WHERE {} ORDER BY id{lock}",
            table.name,
            parts.join(" OR ")
        );
        Query::once(sql).bind_all(values)
    }

    /// In due order, so that of two events about one payment the earlier one decides it.
    fn decide(
        &self,
        events: &[Event],
        contents: &HashMap<String, Content>,
        payments: &mut Payments,
    ) -> Vec<Decision> {
        let gone = Err("the row has no payload".to_owned());
        let mut decisions = Vec::with_capacity(events.len());
        for event in events {
            let decision = decide::decide(event, contents.get(&event.id).unwrap_or(&gone), payments);
            if let Decision::Apply { payment, status, changes_payment: true, .. } = &decision {
                payments.settle(payment, *status);
            }
            decisions.push(decision);
        }
        decisions
    }

    fn changes(
        &self,
        events: &[Event],
        decisions: Vec<Decision>,
        now: DateTime<Utc>,
    ) -> (Vec<Change>, Vec<Item>) {
        let mut changes = Vec::with_capacity(events.len());
        let mut skipped = Vec::new();
        for (event, decision) in events.iter().zip(decisions) {
            if let Decision::Skip { reason } = decision {
                skipped.push(skip(&event.id, &event.provider, event.attempts, reason));
                continue;
            }
            let next = self.next(event, now);
            changes.extend(decide::change(event, decision, self.limits.max_attempts, next));
        }
        (changes, skipped)
    }

    fn next(&self, event: &Event, now: DateTime<Utc>) -> DateTime<Utc> {
        let attempt = u32::try_from(event.attempts.saturating_add(1)).unwrap_or(u32::MAX);
        let attempt = attempt.min(self.limits.max_attempts.max(1));
        let previous = previous_ms(event.last_attempt_at, event.next_retry_at);
        let mut rng = self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.limits.backoff.next(now, attempt, previous, &mut *rng)
    }

    fn imagine(&self, decisions: &[Decision]) {
        let mut imagined = self.imagined.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for decision in decisions {
            if let Decision::Apply { payment, status, changes_payment: true, .. } = decision {
                imagined.insert(payment.clone(), *status);
            }
        }
    }

    /// The first final status wins: a payment that is final already is not touched.
    async fn update_payments(
        &self,
        session: &mut Session<'_>,
        decisions: &[Decision],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let table = &self.store.payments;
        for wanted in [PaymentStatus::Succeeded, PaymentStatus::Failed] {
            let ids: Vec<&str> = decisions
                .iter()
                .filter_map(|decision| match decision {
                    Decision::Apply { payment, status, changes_payment: true, .. } if *status == wanted => {
                        Some(payment.as_str())
                    }
                    _ => None,
                })
                .collect();
            if ids.is_empty() {
                continue;
            }
            let sql = format!(
                "UPDATE {} SET status = ?, updated_at = {} WHERE {} AND status NOT IN ('succeeded', 'failed')",
                table.name,
                table.hole("updated_at"),
                table.is_one_of("id", ids.len()),
            );
            let count = ids.len() as u64;
            let query = Query::once(sql).bind(wanted.name()).bind(now).bind_all(table.list(ids));
            expect(session.execute(query).await?, count, "payments")?;
        }
        Ok(())
    }

    /// One statement for the chunk; attempts are counted in SQL, once, and stop at what the column holds.
    async fn update_events(
        &self,
        session: &mut Session<'_>,
        changes: &[Change],
        now: DateTime<Utc>,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let table = &self.store.events;
        let column =
            |value: fn(&Change, DateTime<Utc>) -> Value| changes.iter().map(|c| value(c, now)).collect();
        let counted = format!(
            "attempts = CASE WHEN attempts < {most} THEN attempts + 1 ELSE attempts END",
            most = decide::MOST_ATTEMPTS
        );
        let update =
            BulkUpdate::new(table, "id", changes.iter().map(|change| change.item.id.clone()).collect())
                .set("status", column(|change, _| change.status.into()))
                .set("payment_status", column(|change, _| change.payment_status.clone().into()))
                .set("payment_provider_ref", column(|change, _| change.payment_provider_ref.clone().into()))
                .set("next_retry_at", column(|change, _| change.next_retry_at.into()))
                .set("processed_at", column(|change, now| change.processed.then_some(now).into()))
                .set("error_message", column(|change, _| change.error_message.clone().into()))
                .set_all(counted, vec![])
                .set_all(format!("last_attempt_at = {}", table.hole("last_attempt_at")), vec![now.into()])
                .set_all(format!("updated_at = {}", table.hole("updated_at")), vec![now.into()])
                .only_where("status <> 'processed'");
        expect(session.execute(update.query()).await?, changes.len() as u64, "webhook_events")
    }

    /// Commits; when the server is lost before it answers, asks again what became of the transaction.
    async fn commit(&self, mut session: Session<'_>, events: &[Event], now: DateTime<Utc>) -> Result<()> {
        let Err(error) = session.commit().await else { return Ok(()) };
        drop(session);
        if error.fault() != Some(Fault::Lost) {
            return Err(error);
        }
        let Some(event) = events.first() else { return Err(error) };
        match self.attempts_of(event).await {
            Ok((attempts, at)) if attempts > event.attempts && at == Some(clock::cut(now)) => Ok(()),
            Ok(_) => Err(error.because("the chunk was rolled back: none of its events lost an attempt")),
            Err(_) => Err(error
                .because(format!("whether the last {} events were committed is not known", events.len()))
                .hint("run again when the server is back: an event that was applied is not applied twice")),
        }
    }

    async fn attempts_of(&self, event: &Event) -> Result<(i64, Option<DateTime<Utc>>)> {
        let table = &self.store.events;
        let sql =
            format!("SELECT attempts, last_attempt_at FROM {} WHERE id = {}", table.name, table.hole("id"));
        let row = self.store.db.session().await?.first(Query::new(sql).bind(event.id.as_str())).await?;
        let row = row.ok_or_else(|| Error::failed("the event is gone"))?;
        Ok((row.int("attempts")?, row.time("last_attempt_at")?))
    }

    /// Why events that were picked were not locked.
    async fn explain_missing(&self, candidates: &[Candidate], events: &[Event]) -> Result<Vec<Item>> {
        let missing: Vec<&Candidate> = candidates
            .iter()
            .filter(|candidate| events.iter().all(|event| event.id != candidate.id))
            .collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let table = &self.store.events;
        let condition = self.eligible.condition(table);
        let sql = format!(
            "SELECT id, attempts, CASE WHEN status = 'processed' THEN 'already processed' \
             WHEN processed_at IS NOT NULL AND payment_status IN ('succeeded', 'failed') THEN 'already applied' \
             WHEN {} THEN '{LOCKED}' \
             WHEN status IN {IN_FLIGHT} THEN 'claimed by the service a moment ago' \
             ELSE 'no longer due' END AS reason FROM {} WHERE {}",
            condition.sql(),
            table.name,
            table.is_one_of("id", missing.len()),
        );
        let ids = table.list(missing.iter().map(|candidate| candidate.id.as_str()));
        let query = Query::once(sql).bind_all(condition.values()).bind_all(ids);
        let rows = self.store.db.session().await?.fetch(query).await?;
        let mut known = HashMap::new();
        for row in &rows {
            known.insert(row.text("id")?, (row.int("attempts")?, row.text("reason")?));
        }
        Ok(missing
            .into_iter()
            .map(|candidate| {
                let (attempts, reason) = known.get(&candidate.id).cloned().unwrap_or((0, "gone".into()));
                skip(&candidate.id, &candidate.provider, attempts, &reason)
            })
            .collect())
    }

    /// Records a try on an event whose own rows cannot be changed as decided: only its attempt, time and note.
    pub(super) async fn set_aside(&self, candidate: &Candidate, cause: &Error) -> Item {
        let mut item =
            skip(&candidate.id, &candidate.provider, 0, &format!("its rows cannot be changed: {cause}"));
        item.outcome = Outcome::Failed;
        if self.dry_run {
            return item;
        }
        match self.spend_attempt(candidate, cause).await {
            Ok(Some((attempts, next))) => {
                item.attempts = attempts;
                item.next_retry_at = next;
            }
            Ok(None) => {}
            Err(error) => item.reason = format!("{}; nor can its attempt be counted: {error}", item.reason),
        }
        item
    }

    async fn spend_attempt(
        &self,
        candidate: &Candidate,
        cause: &Error,
    ) -> Result<Option<(i64, Option<DateTime<Utc>>)>> {
        let now = self.store.db.now().await?;
        let mut session = self.store.db.session().await?;
        session.begin(Begin::Write).await?;
        let events = self.lock(&mut session, std::slice::from_ref(candidate)).await?;
        let Some(event) = events.into_iter().next() else {
            session.rollback().await?;
            return Ok(None);
        };
        let keep = Decision::Keep {
            outcome: Outcome::Failed,
            note: format!("not updated: {}", cause.to_string().chars().take(300).collect::<String>()),
            rule: None,
            reference: None,
        };
        let next = self.next(&event, now);
        let Some(change) = decide::change(&event, keep, self.limits.max_attempts, next) else {
            return Ok(None);
        };
        self.update_events(&mut session, std::slice::from_ref(&change), now).await?;
        session.commit().await?;
        Ok(Some((change.item.attempts, change.next_retry_at)))
    }
}

/// Skrill and Paddle Classic send forms; everything else is JSON.
fn raw_body(event: &Event, bytes: &[u8]) -> Content {
    let json = bytes
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| matches!(byte, b'{' | b'[' | b'"'));
    let form = !json && matches!(event.provider.as_str(), "skrill" | "paddle");
    let body = match bytes {
        [] => Body::default(),
        _ if form => Body::form(bytes),
        _ => Body::json(bytes)?,
    };
    Ok(infer::read(&event.provider, &body))
}

/// Splits events into runs whose bodies together stay within the budget.
fn within_budget(events: &[Event]) -> Vec<&[Event]> {
    let mut groups = Vec::new();
    let (mut from, mut bytes) = (0, 0_i64);
    for (at, event) in events.iter().enumerate() {
        if at > from && bytes.saturating_add(event.bytes) > BODY_BUDGET {
            groups.push(&events[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes = bytes.saturating_add(event.bytes);
    }
    if from < events.len() {
        groups.push(&events[from..]);
    }
    groups
}

fn skip(id: &str, provider: &str, attempts: i64, reason: &str) -> Item {
    Item {
        id: id.to_owned(),
        provider: provider.to_owned(),
        outcome: Outcome::Skipped,
        reason: reason.to_owned(),
        rule: None,
        reference: None,
        payment_status: None,
        attempts,
        next_retry_at: None,
    }
}

/// The affected-row count decides: rows were locked under their condition, so all of them must match.
fn expect(matched: u64, wanted: u64, table: &str) -> Result<()> {
    if matched == wanted {
        return Ok(());
    }
    Err(Error::new(Kind::Failed, format!("{matched} of {wanted} rows of {table} were as they had been read"))
        .because("something changed them under their lock: a trigger, or an engine that ignores row locks"))
}
