//! What a chunk reads: its events under their locks, their bodies, and the payments that these name.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    super::{
        Item, PaymentStatus,
        body::Body,
        candidates::Candidate,
        decide::{Content, Event, PaymentRow, Payments},
        infer,
        store::IN_FLIGHT,
    },
    LOCKED, Worker, skip,
};
use crate::{
    Result,
    db::{Engine, Query, Session},
};

/// Bytes of bodies that one statement asks for; a single larger body is asked for alone.
const BODY_BUDGET: i64 = 2 * 1024 * 1024;

impl Worker<'_> {
    /// Locks the events that still meet the condition; what somebody else has locked is passed over.
    pub(super) async fn lock(
        &self,
        session: &mut Session<'_>,
        candidates: &[Candidate],
    ) -> Result<Vec<Event>> {
        let events = &self.store.events;
        let bytes = match self.dispatch {
            Some(_) => "0".to_owned(), // nobody reads the bodies of events that go to the queue
            None => format!("octet_length({})", self.body_column("payload")),
        };
        let condition = self.eligible.condition(events);
        let lock = match events.engine() {
            Engine::Sqlite => "",
            _ if self.dry_run => "",
            _ if self.store.db.facts().await?.skip_locked => " FOR UPDATE SKIP LOCKED",
            _ => " FOR UPDATE",
        };
        let ids = events.one_of("id", candidates.iter().map(|candidate| candidate.id.as_str()));
        let sql = format!(
            "SELECT id, provider, payment_status, payment_provider_ref, attempts, last_attempt_at, next_retry_at, \
             {bytes} AS bytes FROM {}{} WHERE {} AND {}{lock}",
            events.name,
            events.through(&["id"]),
            ids.sql,
            condition.sql(),
        );
        let query = Query::new(sql).bind_all(ids.values).bind_all(condition.values());
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
    pub(super) fn body_column(&self, column: &str) -> String {
        match self.store.events.engine() {
            Engine::Postgres => format!("{column}::text"),
            Engine::MySql | Engine::Sqlite => column.to_owned(),
        }
    }

    /// Reads `payload`, and `payload_raw` where that is empty; one body at a time is in memory.
    pub(super) async fn read_bodies(
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
                contents.insert(event.id.clone(), infer::read_raw(&event.provider, &bytes));
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
        let ids = table.one_of("id", events.iter().map(|event| event.id.as_str()));
        let sql = format!(
            "SELECT id, {} AS body FROM {}{} WHERE {}",
            self.body_column(column),
            table.name,
            table.through(&["id"]),
            ids.sql
        );
        let query = Query::new(sql).bind_all(ids.values);
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

    /// The payments that any reference of the chunk names, locked for the rest of the transaction where the engine has
    /// row locks and can skip those of others.
    pub(super) async fn find_payments(
        &self,
        session: &mut Session<'_>,
        events: &[Event],
        contents: &HashMap<String, Content>,
    ) -> Result<Payments> {
        let mut wanted: BTreeSet<(&str, &str)> = BTreeSet::new();
        for event in events {
            let Some(Ok(reading)) = contents.get(&event.id) else { continue };
            let references = reading.references.iter();
            wanted.extend(references.map(|reference| (event.provider.as_str(), reference.value.as_str())));
        }
        let mut payments = Payments::default();
        if wanted.is_empty() {
            return Ok(payments);
        }
        let skips = !self.dry_run && self.store.db.facts().await?.skip_locked;
        let mut seen = HashSet::new();
        for row in session.fetch(self.payments_query(wanted.iter().copied().collect(), skips)).await? {
            let (provider, reference, id) =
                (row.text("provider")?, row.text("provider_ref")?, row.text("id")?);
            let imagined = self.imagined.lock().ok().and_then(|known| known.get(&id).copied());
            let status = match imagined {
                Some(status) => Ok(status),
                None => PaymentStatus::parse(&row.text("status")?),
            };
            seen.insert((provider.clone(), reference.clone()));
            payments.insert(provider, reference, PaymentRow { id, status });
        }
        wanted.retain(|(provider, reference)| {
            !seen.contains(&((*provider).to_owned(), (*reference).to_owned()))
        });
        if skips && !wanted.is_empty() {
            // A payment that only the locking read did not see is there, and somebody holds it.
            // Exactly the ones asked for: a collation may find others that are written alike.
            for row in session.fetch(self.payments_query(wanted.iter().copied().collect(), false)).await? {
                let (provider, reference) = (row.text("provider")?, row.text("provider_ref")?);
                if wanted.contains(&(provider.as_str(), reference.as_str())) {
                    payments.lock(provider, reference);
                }
            }
        }
        Ok(payments)
    }

    /// In the order of their ids, so that two runs lock them in the same order.
    fn payments_query(&self, wanted: Vec<(&str, &str)>, lock: bool) -> Query {
        let from = self.store.payments.from_pairs(["provider", "provider_ref"], wanted);
        let lock = match self.store.payments.engine() {
            _ if !lock => "",
            Engine::Postgres => " FOR UPDATE OF t SKIP LOCKED",
            _ => " FOR UPDATE SKIP LOCKED",
        };
        let sql = format!(
            "SELECT t.id, t.provider, t.provider_ref, t.status FROM {} ORDER BY t.id{lock}",
            from.sql
        );
        Query::new(sql).bind_all(from.values)
    }

    /// Why events that were picked were not locked. The chunk is done by now, so a look that fails is no failure.
    pub(in crate::webhooks) async fn explain_missing(
        &self,
        candidates: &[Candidate],
        events: &[Event],
    ) -> Vec<Item> {
        let missing: Vec<&Candidate> = candidates
            .iter()
            .filter(|candidate| events.iter().all(|event| event.id != candidate.id))
            .collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let known = self.reasons(&missing).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "why events were passed over is not known");
            HashMap::new()
        });
        let item = |candidate: &&Candidate| {
            let (attempts, reason) =
                known.get(&candidate.id).cloned().unwrap_or((0, "gone, or locked".into()));
            skip(&candidate.id, &candidate.provider, attempts, &reason)
        };
        missing.iter().map(item).collect()
    }

    /// Attempts and reason per event that is still there.
    async fn reasons(&self, missing: &[&Candidate]) -> Result<HashMap<String, (i64, String)>> {
        let table = &self.store.events;
        let condition = self.eligible.condition(table);
        let ids = table.one_of("id", missing.iter().map(|candidate| candidate.id.as_str()));
        let sql = format!(
            "SELECT id, attempts, CASE WHEN status = 'processed' THEN 'already processed' \
             WHEN processed_at IS NOT NULL AND payment_status IN ('succeeded', 'failed') THEN 'already applied' \
             WHEN {} THEN '{LOCKED}' \
             WHEN status IN {IN_FLIGHT} THEN 'claimed by the service a moment ago' \
             ELSE 'no longer due' END AS reason FROM {} WHERE {}",
            condition.sql(),
            table.name,
            ids.sql,
        );
        let query = Query::new(sql).bind_all(condition.values()).bind_all(ids.values);
        let rows = self.store.db.session().await?.fetch(query).await?;
        let mut known = HashMap::new();
        for row in &rows {
            known.insert(row.text("id")?, (row.int("attempts")?, row.text("reason")?));
        }
        Ok(known)
    }
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
