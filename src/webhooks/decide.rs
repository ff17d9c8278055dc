//! What to do with one event, given what its body says and which payments there are. Pure: no database here.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Item, Outcome, PaymentStatus, Reading, Reference, chunk::PAYMENT_LOCKED};
use crate::text::printable;

/// An event as the locking select read it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub id: String,
    pub provider: String,
    pub payment_status: Option<String>,
    pub payment_provider_ref: Option<String>,
    pub attempts: i64,
    pub last_attempt_at: Option<DateTime<Utc>>,
    pub next_retry_at: Option<DateTime<Utc>>,
    pub bytes: i64,
}

/// What its body says, or why it cannot be read.
pub(super) type Content = Result<Reading, String>;

/// A payment as it stands now.
#[derive(Debug, Clone)]
pub(super) struct PaymentRow {
    pub id: String,
    /// The word itself when it is none that the service writes.
    pub status: Result<PaymentStatus, String>,
}

/// The payments that the chunk's references name.
#[derive(Debug, Default)]
pub(super) struct Payments {
    /// By provider and reference, exactly as written.
    rows: HashMap<(String, String), PaymentRow>,
    /// There, but locked by another transaction.
    locked: Vec<(String, String)>,
}

/// What follows for one event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decision {
    /// Its payment is final, or becomes so.
    Apply { payment: String, reference: Reference, status: PaymentStatus, changes_payment: bool },
    /// Tried, not applied.
    Keep { outcome: Outcome, note: String, rule: Option<&'static str>, reference: Option<String> },
    /// Not tried.
    Skip { reason: &'static str },
}

impl Payments {
    pub(super) fn insert(&mut self, provider: String, reference: String, row: PaymentRow) {
        self.rows.insert((provider, reference), row);
    }

    pub(super) fn lock(&mut self, provider: String, reference: String) {
        self.locked.push((provider, reference));
    }

    /// The payment is final from here on, for the later events of the chunk too: the first final status wins.
    pub(super) fn settle(&mut self, payment: &str, status: PaymentStatus) {
        self.rows.values_mut().filter(|row| row.id == payment).for_each(|row| row.status = Ok(status));
    }
}

/// Decides about one event.
pub(super) fn decide(event: &Event, content: &Content, payments: &Payments) -> Decision {
    let reading = match content {
        Ok(reading) => reading,
        Err(why) => {
            let note = format!("the payload cannot be read: {why}");
            return Decision::Keep { outcome: Outcome::Unreadable, note, rule: None, reference: None };
        }
    };
    let keep = |outcome, note: String, reference: Option<&Reference>| Decision::Keep {
        outcome,
        note,
        rule: Some(reference.map_or(reading.rule, |reference| reference.rule)),
        reference: reference.map(|reference| reference.value.clone()),
    };
    let key = |reference: &Reference| (event.provider.clone(), reference.value.clone());
    if reading.references.iter().any(|reference| payments.locked.contains(&key(reference))) {
        return Decision::Skip { reason: PAYMENT_LOCKED };
    }
    let mut found: Vec<(&Reference, &PaymentRow)> = Vec::new();
    for reference in &reading.references {
        if let Some(row) = payments.rows.get(&key(reference))
            && found.iter().all(|(_, known)| known.id != row.id)
        {
            found.push((reference, row));
        }
    }
    match found[..] {
        [] => match reading.references.first() {
            None => keep(Outcome::Pending, "provider_ref not found in payload".into(), None),
            first if reading.status.is_final() => {
                keep(Outcome::Pending, "payment not found / not updated (will retry)".into(), first)
            }
            first => keep(Outcome::Pending, "inferred status pending; payment not found".into(), first),
        },
        [(reference, row)] => match &row.status {
            Ok(status) if status.is_final() => apply(reference, row, *status, false),
            Ok(_) if reading.status.is_final() => apply(reference, row, reading.status, true),
            Ok(_) => {
                let word =
                    reading.word.as_ref().map_or(String::new(), |word| format!(" (`{}`)", short(word)));
                keep(Outcome::Pending, format!("inferred status pending{word}"), Some(reference))
            }
            Err(word) => {
                let note = format!("its payment has the status `{}`, which is not changed", short(word));
                keep(Outcome::Pending, note, Some(reference))
            }
        },
        [(first, _), (second, _), ..] => {
            let note = format!("ambiguous: `{}` and `{}` name different payments", first.value, second.value);
            keep(Outcome::Ambiguous, note, Some(first))
        }
    }
}

fn apply(reference: &Reference, row: &PaymentRow, status: PaymentStatus, changes_payment: bool) -> Decision {
    Decision::Apply { payment: row.id.clone(), reference: reference.clone(), status, changes_payment }
}

fn short(word: &str) -> String {
    printable(&word.chars().take(40).collect::<String>()).into_owned()
}

/// An event's new values, and the line of the report.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub status: &'static str,
    pub payment_status: Option<String>,
    pub payment_provider_ref: Option<String>,
    pub processed: bool,
    pub next_retry_at: Option<DateTime<Utc>>,
    pub error_message: Option<String>,
    pub item: Item,
}

/// Turns a decision that spends an attempt into the row's new values. `next` is when it would be tried again.
pub(super) fn change(
    event: &Event,
    decision: Decision,
    max_attempts: u32,
    next: DateTime<Utc>,
) -> Option<Change> {
    let attempts = event.attempts.saturating_add(1).min(MOST_ATTEMPTS.max(event.attempts));
    let item = |outcome, reason: String, rule, reference: Option<String>| Item {
        id: event.id.clone(),
        provider: event.provider.clone(),
        outcome,
        reason,
        rule,
        reference,
        payment_status: None,
        attempts,
        next_retry_at: None,
    };
    match decision {
        Decision::Skip { .. } => None,
        Decision::Apply { reference, status, changes_payment, .. } => {
            let reason = if changes_payment { "payment updated" } else { "payment was final already" };
            let mut item =
                item(Outcome::Applied, reason.into(), Some(reference.rule), Some(reference.value.clone()));
            item.payment_status = Some(status);
            Some(Change {
                status: "processed",
                payment_status: Some(status.name().into()),
                payment_provider_ref: Some(reference.value),
                processed: true,
                next_retry_at: None,
                error_message: None,
                item,
            })
        }
        Decision::Keep { outcome, note, rule, reference } => {
            let exhausted = attempts >= i64::from(max_attempts);
            let outcome = if exhausted { Outcome::Exhausted } else { outcome };
            let next = (!exhausted).then_some(next);
            let ruled = rule.map_or_else(|| note.clone(), |rule| format!("{note} [rule {rule}]"));
            let message = if exhausted { format!("Max retry attempts reached. {ruled}") } else { ruled };
            let mut item = item(outcome, note, rule, reference.clone());
            item.next_retry_at = next;
            Some(Change {
                status: if exhausted { "failed" } else { "received" },
                // A status that was never applied would hide the event from the service's own selection (D5).
                payment_status: event.payment_status.clone().filter(|status| status == "pending"),
                payment_provider_ref: reference.or_else(|| event.payment_provider_ref.clone()),
                processed: false,
                next_retry_at: next,
                error_message: Some(message),
                item,
            })
        }
    }
}

/// What the narrowest column of attempts holds: `smallint` of PostgreSQL.
pub(super) const MOST_ATTEMPTS: i64 = 32_767;

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            id: "e".into(),
            provider: "tripay".into(),
            payment_status: Some("succeeded".into()),
            payment_provider_ref: None,
            attempts: 3,
            last_attempt_at: None,
            next_retry_at: None,
            bytes: 0,
        }
    }

    fn reading(status: PaymentStatus, references: &[&str]) -> Content {
        let references = references
            .iter()
            .map(|value| Reference { value: (*value).into(), path: "reference", rule: "tripay" })
            .collect();
        Ok(Reading { references, status, word: None, rule: "tripay" })
    }

    fn payments(rows: &[(&str, &str, PaymentStatus)]) -> Payments {
        let mut payments = Payments::default();
        for (reference, id, status) in rows {
            payments.insert(
                "tripay".into(),
                (*reference).into(),
                PaymentRow { id: (*id).into(), status: Ok(*status) },
            );
        }
        payments
    }

    fn outcome(decision: Decision) -> Outcome {
        let now = DateTime::from_timestamp(0, 0).unwrap();
        change(&event(), decision, 9, now).map_or(Outcome::Skipped, |change| change.item.outcome)
    }

    #[test]
    fn the_first_reference_with_a_payment_wins() {
        let payments = payments(&[("B", "p1", PaymentStatus::Pending)]);
        match decide(&event(), &reading(PaymentStatus::Succeeded, &["A", "B"]), &payments) {
            Decision::Apply { reference, changes_payment: true, .. } => assert_eq!(reference.value, "B"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_references_of_two_payments_are_ambiguous_and_of_one_payment_are_not() {
        use PaymentStatus::Pending;
        let two = payments(&[("A", "p1", Pending), ("B", "p2", Pending)]);
        let body = reading(PaymentStatus::Succeeded, &["A", "B"]);
        assert_eq!(outcome(decide(&event(), &body, &two)), Outcome::Ambiguous);
        let one = payments(&[("A", "p1", Pending), ("B", "p1", Pending)]);
        assert_eq!(outcome(decide(&event(), &body, &one)), Outcome::Applied);
    }

    #[test]
    fn a_final_payment_never_changes_whatever_the_event_says() {
        let payments = payments(&[("A", "p1", PaymentStatus::Failed)]);
        match decide(&event(), &reading(PaymentStatus::Succeeded, &["A"]), &payments) {
            Decision::Apply { status: PaymentStatus::Failed, changes_payment: false, .. } => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_payment_in_a_status_of_its_own_is_not_changed() {
        let mut payments = Payments::default();
        let row = PaymentRow { id: "p1".into(), status: PaymentStatus::parse("refunded") };
        payments.insert("tripay".into(), "A".into(), row);
        match decide(&event(), &reading(PaymentStatus::Succeeded, &["A"]), &payments) {
            Decision::Keep { outcome: Outcome::Pending, note, .. } => {
                assert!(note.contains("`refunded`"), "{note}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_event_that_is_not_applied_stays_visible_to_the_service() {
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let decision = decide(&event(), &reading(PaymentStatus::Succeeded, &["A"]), &Payments::default());
        let kept = change(&event(), decision.clone(), 9, now).unwrap();
        assert_eq!((kept.status, kept.payment_status, kept.next_retry_at), ("received", None, Some(now)));
        // The last allowed attempt has run: 3 used, this is the fourth of four.
        let last = change(&event(), decision, 4, now).unwrap();
        assert_eq!(
            (last.status, last.item.outcome, last.next_retry_at),
            ("failed", Outcome::Exhausted, None)
        );
    }

    #[test]
    fn attempts_stop_at_what_the_column_holds() {
        let full = Event { attempts: MOST_ATTEMPTS, ..event() };
        let decision = decide(&full, &reading(PaymentStatus::Pending, &[]), &Payments::default());
        assert_eq!(change(&full, decision, 5, DateTime::UNIX_EPOCH).unwrap().item.attempts, MOST_ATTEMPTS);
    }
}
