//! One chunk of events, selected, locked, applied and finished in one transaction: a kill rolls all of it back.

mod commit;
pub(super) mod handle;
pub(super) mod queue;
mod select;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;

use self::queue::Dispatch;
use super::{
    Item, Limits, Outcome, PaymentStatus, Store,
    backoff::previous_ms,
    candidates::Candidate,
    decide::{self, Change, Content, Decision, Event, Payments},
    store::Eligible,
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    crash::{self, Point},
    db::{Begin, BulkUpdate, Fault, Query, Session, Value},
    laravel::queue::Receipt,
};

/// Why an event was skipped that somebody else works on.
pub(super) const LOCKED: &str = "locked by another transaction";
/// Why an event was skipped whose payment somebody else works on.
pub(super) const PAYMENT_LOCKED: &str = "its payment is locked by another transaction";

/// Works chunks off.
pub(super) struct Worker<'a> {
    pub store: &'a Store<'a>,
    pub limits: Limits,
    pub eligible: Eligible,
    pub dry_run: bool,
    /// The queue that runs the jobs of events, where they are not tried here.
    pub dispatch: Option<&'a Dispatch<'a>>,
    pub rng: Mutex<StdRng>,
    pub cancel: &'a Cancel,
    /// Payments that a dry run would have made final by now.
    pub imagined: Mutex<HashMap<String, PaymentStatus>>,
}

/// What became of a chunk's events.
pub(super) struct Worked {
    /// Those that were locked.
    pub events: Vec<Event>,
    /// Their new values.
    pub changes: Vec<Change>,
    /// Those that are left as they are.
    pub skipped: Vec<Item>,
    /// What Redis has for them, to be settled.
    receipts: Vec<Receipt>,
}

impl Worker<'_> {
    /// Tries these events; tells one item per event, skipped ones included.
    ///
    /// # Errors
    /// What the database says; nothing was changed then.
    pub(super) async fn run(&self, candidates: &[Candidate], tell: &mut dyn FnMut(Vec<Item>)) -> Result<()> {
        let now = self.store.db.now().await?;
        let mut session = self.store.db.session().await?;
        if !self.dry_run {
            session.begin(Begin::Write).await?;
        }
        let worked = match self.dispatch {
            Some(dispatch) => self.enqueue(&mut session, candidates, now, dispatch).await,
            None => self.apply(&mut session, candidates, now).await,
        };
        let Worked { events, changes, skipped, receipts } = match worked {
            Ok(worked) => worked,
            Err(error) => {
                self.roll_back(&mut session, &error).await;
                return Err(error);
            }
        };
        // From the COMMIT to the report nothing may be cut off: what is durable must be told.
        let _shield = self.cancel.shield();
        if !self.dry_run {
            self.commit(session, &changes, now).await?;
            crash::reach(Point::AfterCommit);
            self.settle(&receipts).await;
        }
        tell(changes.into_iter().map(|change| change.item).chain(skipped).collect());
        let missing = self.explain_missing(candidates, &events).await;
        if !missing.is_empty() {
            tell(missing);
        }
        Ok(())
    }

    /// All of a chunk's work but the COMMIT.
    pub(super) async fn apply(
        &self,
        session: &mut Session<'_>,
        candidates: &[Candidate],
        now: DateTime<Utc>,
    ) -> Result<Worked> {
        let events = self.lock(session, candidates).await?;
        crash::reach(Point::AfterSelect);
        let contents = self.read_bodies(session, &events).await?;
        crash::reach(Point::AfterBodies);
        let mut payments = self.find_payments(session, &events, &contents).await?;
        crash::reach(Point::AfterFind);
        let decisions = self.decide(&events, &contents, &mut payments);
        let (changes, skipped) = self.changes(&events, decisions.clone(), now);
        if self.dry_run {
            self.imagine(&decisions);
        } else {
            self.update_payments(session, &decisions, now).await?;
            crash::reach(Point::AfterPayments);
            self.update_events(session, &changes, now).await?;
            crash::reach(Point::BeforeCommit);
        }
        Ok(Worked { events, changes, skipped, receipts: Vec::new() })
    }

    /// Gives the rows back before they are tried again; a server that is gone has done so by itself.
    async fn roll_back(&self, session: &mut Session<'_>, error: &Error) {
        if !self.dry_run && error.fault() != Some(Fault::Lost) {
            let rolled = tokio::time::timeout(Duration::from_secs(2), session.rollback()).await;
            tracing::debug!(?rolled, %error, "the chunk was rolled back");
        }
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
        let (attempt, previous) = self.backoff_of(event);
        let mut rng = self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.limits.backoff.next(now, attempt, previous, &mut *rng)
    }

    /// The earliest and the latest next time that a try now may draw.
    pub(super) fn window(&self, event: &Event, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let (attempt, previous) = self.backoff_of(event);
        self.limits.backoff.window(now, attempt, previous)
    }

    /// Which attempt a try is, and the delay before it in milliseconds.
    fn backoff_of(&self, event: &Event) -> (u32, Option<u64>) {
        let attempt = u32::try_from(event.attempts.saturating_add(1)).unwrap_or(u32::MAX);
        let attempt = attempt.min(self.limits.max_attempts.max(1));
        (attempt, previous_ms(event.last_attempt_at, event.next_retry_at))
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
            let count = ids.len() as u64;
            let rows = table.one_of("id", ids);
            let sql = format!(
                "UPDATE {}{} SET status = ?, updated_at = {} WHERE {} AND status = 'pending'",
                table.name,
                table.through(&["id"]),
                table.hole("updated_at"),
                rows.sql,
            );
            let query = Query::new(sql).bind(wanted.name()).bind(now).bind_all(rows.values);
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
        self.write_events(session, changes, now, &counted()).await
    }

    async fn write_events(
        &self,
        session: &mut Session<'_>,
        changes: &[Change],
        now: DateTime<Utc>,
        attempts: &str,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let table = &self.store.events;
        let column =
            |value: fn(&Change, DateTime<Utc>) -> Value| changes.iter().map(|c| value(c, now)).collect();
        let update =
            BulkUpdate::new(table, "id", changes.iter().map(|change| change.item.id.clone()).collect())
                .set("status", column(|change, _| change.status.into()))
                .set("payment_status", column(|change, _| change.payment_status.clone().into()))
                .set("payment_provider_ref", column(|change, _| change.payment_provider_ref.clone().into()))
                .set("next_retry_at", column(|change, _| change.next_retry_at.into()))
                .set("processed_at", column(|change, now| change.processed.then_some(now).into()))
                .set("error_message", column(|change, _| change.error_message.clone().into()))
                .set_all(attempts, vec![])
                .set_all(format!("last_attempt_at = {}", table.hole("last_attempt_at")), vec![now.into()])
                .set_all(format!("updated_at = {}", table.hole("updated_at")), vec![now.into()])
                .only_where("status <> 'processed'");
        expect(session.execute(update.query()).await?, changes.len() as u64, "webhook_events")
    }

    /// Likewise, of events that are claimed for the queue: they differ in their next time alone.
    async fn update_claims(
        &self,
        session: &mut Session<'_>,
        changes: &[Change],
        now: DateTime<Utc>,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let table = &self.store.events;
        let next = changes.iter().map(|change| change.next_retry_at.into()).collect();
        let update =
            BulkUpdate::new(table, "id", changes.iter().map(|change| change.item.id.clone()).collect())
                .set("next_retry_at", next)
                .set_all(format!("status = {}", table.hole("status")), vec![queue::QUEUED.into()])
                .set_all("processed_at = NULL, error_message = NULL", vec![])
                .set_all(counted(), vec![])
                .set_all(format!("last_attempt_at = {}", table.hole("last_attempt_at")), vec![now.into()])
                .set_all(format!("updated_at = {}", table.hole("updated_at")), vec![now.into()])
                .only_where("status <> 'processed'");
        expect(session.execute(update.query()).await?, changes.len() as u64, "webhook_events")
    }

    async fn attempts_of(&self, id: &str) -> Result<i64> {
        let table = &self.store.events;
        let sql = format!("SELECT attempts FROM {} WHERE id = {}", table.name, table.hole("id"));
        let row = self.store.db.session().await?.first(Query::new(sql).bind(id)).await?;
        row.ok_or_else(|| Error::failed("the event is gone"))?.int("attempts")
    }

    /// Records a try on an event whose own rows cannot be changed as decided: only its attempt, time and note.
    pub(super) async fn set_aside(
        &self,
        candidate: &Candidate,
        cause: &Error,
        tell: &mut dyn FnMut(Vec<Item>),
    ) {
        let mut item = skip(
            &candidate.id,
            &candidate.provider,
            0,
            &format!("its rows cannot be changed: {}", cause.root()),
        );
        item.outcome = Outcome::Failed;
        item.attempts = self.attempts_of(&candidate.id).await.unwrap_or(0);
        if self.dispatch.is_some() {
            return tell(vec![item]); // no attempt is spent on what is not tried
        }
        if self.dry_run {
            item.attempts += 1; // as the run would count it
            return tell(vec![item]);
        }
        match self.spend_attempt(candidate, cause).await {
            Ok(Some((attempts, next))) => {
                item.attempts = attempts;
                item.next_retry_at = next;
            }
            Ok(None) => {}
            Err(error) => {
                item.reason = format!("{}; nor can its attempt be counted: {}", item.reason, error.root());
            }
        }
        tell(vec![item]);
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
            note: format!("not updated: {}", cause.root().chars().take(300).collect::<String>()),
            rule: None,
            reference: None,
        };
        let next = self.next(&event, now);
        let Some(change) = decide::change(&event, keep, self.limits.max_attempts, next) else {
            return Ok(None);
        };
        self.update_events(&mut session, std::slice::from_ref(&change), now).await?;
        crash::reach(Point::BeforeAsideCommit);
        let _shield = self.cancel.shield();
        self.commit(session, std::slice::from_ref(&change), now).await?;
        crash::reach(Point::AfterAsideCommit);
        Ok(Some((change.item.attempts, change.next_retry_at)))
    }
}

/// Counts an attempt, as far as the column holds it.
fn counted() -> String {
    format!(
        "attempts = CASE WHEN attempts < {most} THEN attempts + 1 ELSE attempts END",
        most = decide::MOST_ATTEMPTS
    )
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
