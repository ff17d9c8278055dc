//! Random histories of events and payments, worked on by `webhooks retry` and `retry-one` and by a model of the
//! documented rules: after every step both hold the same.
//!
//! `OPSCTL_MODEL_CASES` sets the number of histories.

mod rules;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::{
    Kind,
    cancel::Cancel,
    db::{Db, Engine},
    journal::Entry,
    laravel::lock::Locks,
    webhooks::{
        self, EventId, Limits, OneRequest, Outcome, RetryReport, RetryRequest, RunLock,
        backoff::{Backoff, Mode},
    },
};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};

use self::rules::{BASE_MS, Body, CAP_MS, Event, LEASE, MAX_ATTEMPTS, MIN_MS, Next, Note, World, second};
use crate::support::{self, Case, Payment, Schema, now};

const CASES: u32 = 64;
const STEPS: usize = 30;
/// One with a single field for references, one with two, one that sends forms.
const PROVIDERS: [&str; 3] = ["mock", "tripay", "skrill"];
const REFERENCES: [&str; 2] = ["A", "B"];

#[derive(Debug, Clone)]
enum Step {
    /// Time passes.
    Pass {
        milliseconds: i64,
    },
    /// Time passes until an event is free, or until just before.
    PassUntilFree {
        event: Index,
        early: bool,
    },
    /// Events of one provider arrive, or are found that arrived when nobody worked.
    EventsArrive {
        provider: &'static str,
        body: Body,
        age: i64,
        count: usize,
    },
    PaymentArrives {
        provider: &'static str,
        reference: &'static str,
    },
    /// Somebody else changes a pending payment.
    PaymentChanges {
        payment: Index,
        status: &'static str,
    },
    /// The service takes an event, perhaps without writing down when.
    Claim {
        event: Index,
        status: &'static str,
        timed: bool,
    },
    /// The service writes what it read from the body, and applies it to no payment.
    Infer {
        event: Index,
    },
    /// The service finishes an event; its defects leave another status, or write nothing but that.
    Finish {
        event: Index,
        status: &'static str,
        whole: bool,
    },
    Run {
        limit: usize,
        mode: Mode,
        dry: bool,
    },
    RunOne {
        event: Index,
        force: bool,
        take_over: bool,
        mode: Mode,
        dry: bool,
    },
}

fn body() -> impl Strategy<Value = Body> {
    let references = prop_oneof![
        1 => Just(vec![]),
        8 => prop::sample::subsequence(REFERENCES.to_vec(), 1..=2),
    ];
    let word = select(vec![Some("succeeded"), Some("succeeded"), Some("failed"), Some("failed"), None]);
    prop_oneof![12 => (references, word).prop_map(Some), 1 => Just(None)]
}

fn step() -> impl Strategy<Value = Step> {
    let (event, provider, reference) =
        (any::<Index>, || select(PROVIDERS.to_vec()), || select(REFERENCES.to_vec()));
    let mode = || select(Mode::ALL.to_vec());
    prop_oneof![
        2 => (0_i64..90_000).prop_map(|milliseconds| Step::Pass { milliseconds }),
        6 => (event(), any::<bool>()).prop_map(|(event, early)| Step::PassUntilFree { event, early }),
        8 => (provider(), body(), select(vec![0, 90]), select(vec![1, 1, 1, 4])).prop_map(|(provider, body, age, count)| Step::EventsArrive { provider, body, age, count }),
        4 => (provider(), reference())
            .prop_map(|(provider, reference)| Step::PaymentArrives { provider, reference }),
        1 => (event(), select(vec!["succeeded", "failed", "refunded"]))
            .prop_map(|(payment, status)| Step::PaymentChanges { payment, status }),
        2 => (event(), select(vec!["processing", "queued"]), any::<bool>())
            .prop_map(|(event, status, timed)| Step::Claim { event, status, timed }),
        1 => event().prop_map(|event| Step::Infer { event }),
        2 => (event(), select(vec![("processed", true), ("processed", false), ("failed", true)]))
            .prop_map(|(event, (status, whole))| Step::Finish { event, status, whole }),
        5 => (1_usize..6, mode(), prop::bool::weighted(0.2))
            .prop_map(|(limit, mode, dry)| Step::Run { limit, mode, dry }),
        6 => (event(), prop::bool::weighted(0.3), prop::bool::weighted(0.3), mode(), prop::bool::weighted(0.2))
            .prop_map(|(event, force, take_over, mode, dry)| Step::RunOne { event, force, take_over, mode, dry }),
    ]
}

#[test]
fn every_history_ends_as_the_documented_rules_say() {
    #[allow(clippy::disallowed_methods)] // for this test alone
    let cases = std::env::var("OPSCTL_MODEL_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let case = runtime.block_on(Case::new(Engine::Sqlite, Schema::Reference)).unwrap();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    });
    let payments: Vec<_> = PROVIDERS.iter().flat_map(|p| REFERENCES.map(|r| (*p, r))).collect();
    let payments = prop::sample::subsequence(payments, 0..=PROVIDERS.len() * REFERENCES.len());
    let histories = (payments, prop::collection::vec(step(), 1..=STEPS));
    let result = runner.run(&histories, |(payments, steps)| {
        runtime.block_on(play(&case, &payments, &steps));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(case.finish());
}

async fn play(case: &Case, payments: &[(&'static str, &'static str)], steps: &[Step]) {
    case.execute("DELETE FROM webhook_events; DELETE FROM payments").await;
    let mut world = World { now: now(), events: BTreeMap::new(), payments: BTreeMap::new() };
    for (provider, reference) in payments {
        take(case, &mut world, &Step::PaymentArrives { provider, reference }).await;
    }
    for step in steps {
        take(case, &mut world, step).await;
        compare(case, &mut world, step).await;
    }
}

/// Does the same to the database and to the model.
async fn take(case: &Case, world: &mut World, step: &Step) {
    match step {
        Step::Pass { milliseconds } => world.now += TimeDelta::milliseconds(*milliseconds),
        Step::PassUntilFree { event, early } => {
            let Some((_, event)) = pick(world, event) else { return };
            let until = event.free_from() - TimeDelta::milliseconds(i64::from(*early));
            world.now = world.now.max(until);
        }
        Step::EventsArrive { provider, body, age, count } => {
            for _ in 0..*count {
                arrive(case, world, provider, body, *age).await;
            }
        }
        Step::PaymentArrives { provider, reference } => {
            if !world.payments.contains_key(&(*provider, *reference)) {
                world.payments.insert((provider, reference), "pending");
                Payment::pending(reference).provider(provider).insert(case).await;
            }
        }
        Step::PaymentChanges { payment, status } => {
            let mut pending: Vec<_> = world.payments.iter_mut().filter(|row| *row.1 == "pending").collect();
            if pending.is_empty() {
                return;
            }
            let at = payment.index(pending.len());
            *pending[at].1 = status;
            let (provider, reference) = pending[at].0;
            let which = format!("provider = '{provider}' AND provider_ref = '{reference}'");
            case.execute(&format!("UPDATE payments SET status = '{status}' WHERE {which}")).await;
        }
        Step::Claim { event, .. } | Step::Infer { event } | Step::Finish { event, .. } => {
            let Some((id, _)) = pick(world, event).filter(|(_, event)| !event.done()) else { return };
            serve(case, world, &id, step).await;
        }
        Step::Run { limit, mode, dry } => {
            let before = world.clone();
            let expected = world.run(*limit, *mode);
            if *dry {
                *world = before;
            }
            let report = run(case, world.now, *limit, *mode, *dry).await.unwrap();
            assert_eq!(outcomes(&report), expected, "{step:?} {world:#?}");
        }
        Step::RunOne { event, force, take_over, mode, dry } => {
            let Some((id, _)) = pick(world, event) else { return };
            explained(case, world, &id, *mode).await;
            let before = world.clone();
            let expected = world.run_one(&id, *force, *take_over, *mode);
            if *dry {
                *world = before;
            }
            let limits = limits(1, *mode);
            let id = EventId::parse(&id).unwrap();
            let request =
                OneRequest { id, force: *force, take_over: *take_over, dry_run: *dry, limits, seed: None };
            let said = webhooks::retry_one(&case.at(world.now), request, &Cancel::new()).await;
            let found: Result<Vec<Outcome>, Kind> =
                said.map(|said| outcomes(&said)).map_err(|error| error.kind());
            assert_eq!(found, expected.map(|outcome| vec![outcome]), "{step:?} {world:#?}");
        }
    }
}

/// What is explained about an event is what its rules say, and what becomes of it when it is tried.
async fn explained(case: &Case, world: &World, id: &str, mode: Mode) {
    let (limits, parsed) = (limits(1, mode), EventId::parse(id).unwrap());
    let told = webhooks::explain(&case.at(world.now), &parsed, &limits, &RunLock::Free).await.unwrap();
    let event = &world.events[id];
    assert_eq!(told.due, event.eligible(world.now), "{told:#?} {event:#?}");
    assert_eq!(told.due, told.conditions.iter().all(|check| check.met), "{told:#?}");
    let (force, take_over) =
        (told.retry.flags.contains(&"--force"), told.retry.flags.contains(&"--take-over"));
    let expected = match (take_over, force) {
        (true, _) => Err(Kind::Locked),
        (false, true) => Err(Kind::Refused),
        (false, false) => Ok(told.retry.outcome),
    };
    assert_eq!(world.clone().run_one(id, false, false, mode), expected, "{told:#?} {event:#?}");
    let mut tried = world.clone();
    assert_eq!(tried.run_one(id, force, take_over, mode), Ok(told.retry.outcome), "{told:#?} {event:#?}");
    if let (Next::Between(low, high), Some(status)) = (tried.events[id].next, told.retry.status) {
        assert_eq!((told.retry.next_from, told.retry.next_until), (Some(low), Some(high)), "{told:#?}");
        assert_eq!(tried.events[id].status, status);
    }
}

/// One of the latest events: what happens to it in a row meets more rules than what happens to many.
fn pick(world: &World, index: &Index) -> Option<(String, Event)> {
    let latest = world.events.len().min(4);
    let (id, event) = world.events.iter().rev().nth(index.index(latest.max(1)))?;
    Some((id.clone(), event.clone()))
}

/// An event as the service stores it: its first delivery is its first attempt.
async fn arrive(case: &Case, world: &mut World, provider: &'static str, body: &Body, age: i64) {
    let mut body = body.clone();
    let received = second(world.now) - TimeDelta::seconds(age);
    let at = (received - now()).num_seconds();
    let row = support::Event::due(&format!("e{:02}", world.events.len()))
        .provider(provider)
        .received(at)
        .last_attempt(None)
        .next_retry(None)
        .updated(at);
    let row = match &mut body {
        None => row.body(r#"{"id":"#),
        Some((references, word)) => {
            references.truncate(if provider == "mock" { 1 } else { 2 });
            written(row, provider, references, *word)
        }
    };
    let id = row.insert(case).await;
    let event = Event {
        provider,
        body,
        status: "received",
        payment_status: None,
        reference: None,
        attempts: 1,
        received,
        last_attempt: None,
        updated: received,
        next: Next::Never,
        processed: None,
        note: Note::Empty,
    };
    world.events.insert(id, event);
}

/// The body as its provider sends it.
fn written(row: support::Event, provider: &str, references: &[&str], word: Option<&str>) -> support::Event {
    let (fields, words) = match provider {
        "mock" => (["id", ""], ["paid", "failed", "waiting"]),
        "tripay" => (["reference", "merchant_ref"], ["PAID", "EXPIRED", "UNPAID"]),
        _ => (["transaction_id", "mb_transaction_id"], ["2", "-2", "0"]),
    };
    let word = match word {
        Some("succeeded") => words[0],
        Some(_) => words[1],
        None => words[2],
    };
    let members: Vec<(&str, &str)> =
        fields.into_iter().zip(references.iter().copied()).chain([("status", word)]).collect();
    if provider == "skrill" {
        let form: Vec<String> = members.iter().map(|(name, value)| format!("{name}={value}")).collect();
        return row.body("{}").raw(&form.join("&"));
    }
    let members: Vec<String> = members.iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
    row.body(&format!("{{{}}}", members.join(",")))
}

/// What the service does to an event of its own.
async fn serve(case: &Case, world: &mut World, id: &str, step: &Step) {
    let now = second(world.now);
    let event = world.events.get_mut(id).unwrap();
    let time = now.format("'%Y-%m-%d %H:%M:%S'");
    event.updated = now;
    let set = match step {
        Step::Claim { status, timed, .. } => {
            (event.status, event.last_attempt) = (status, timed.then_some(now));
            (event.attempts, event.next) = (event.attempts + 1, Next::Never);
            let claimed = if *timed { time.to_string() } else { "NULL".to_owned() };
            format!(
                "status = '{status}', last_attempt_at = {claimed}, attempts = attempts + 1, next_retry_at = NULL"
            )
        }
        Step::Infer { .. } => {
            (event.status, event.payment_status, event.next) = ("received", Some("succeeded"), Next::Never);
            "status = 'received', payment_status = 'succeeded', next_retry_at = NULL".to_owned()
        }
        Step::Finish { status, whole: true, .. } => {
            (event.status, event.payment_status) = (status, Some("failed"));
            (event.processed, event.next) = (Some(now), Next::Never);
            format!(
                "status = '{status}', payment_status = 'failed', processed_at = {time}, next_retry_at = NULL"
            )
        }
        _ => {
            event.status = "processed";
            "status = 'processed'".to_owned()
        }
    };
    case.execute(&format!("UPDATE webhook_events SET {set}, updated_at = {time} WHERE id = '{id}'")).await;
}

fn limits(limit: usize, mode: Mode) -> Limits {
    let milliseconds = |number: i64| u64::try_from(number).unwrap();
    Limits {
        limit: u32::try_from(limit).unwrap(),
        max_attempts: u32::try_from(MAX_ATTEMPTS).unwrap(),
        lease_seconds: u32::try_from(LEASE.num_seconds()).unwrap(),
        backoff: Backoff {
            mode,
            base_ms: milliseconds(BASE_MS),
            cap_ms: milliseconds(CAP_MS),
            min_ms: milliseconds(MIN_MS),
        },
        ..support::limits()
    }
}

async fn run(
    case: &Case,
    time: DateTime<Utc>,
    limit: usize,
    mode: Mode,
    dry_run: bool,
) -> opsctl::Result<RetryReport> {
    let db: Db = case.at(time);
    let locks = Locks::Database { db: &db, table: "cache_locks".into(), prefix: String::new() };
    let request = RetryRequest { limits: limits(limit, mode), dry_run, seed: None, ..support::request() };
    webhooks::retry(&db, Some(&locks), &Entry::unrecorded(""), request, &Cancel::new(), &mut ()).await
}

fn outcomes(report: &RetryReport) -> Vec<Outcome> {
    assert!(report.stopped.is_none(), "{report:?}");
    report.items.iter().map(|item| item.outcome).collect()
}

/// Compares every row, and takes over the next times that were drawn.
async fn compare(case: &Case, world: &mut World, step: &Step) {
    let rows = case.rows("SELECT * FROM payments").await;
    assert_eq!(rows.len(), world.payments.len());
    for ((provider, reference), status) in &world.payments {
        let is = |row: &&opsctl::db::Row| {
            row.text("provider").unwrap() == *provider && row.text("provider_ref").unwrap() == *reference
        };
        let row = rows.iter().find(is).unwrap();
        assert_eq!(row.text("status").unwrap(), *status, "{provider} {reference} after {step:?}");
    }
    let rows = case.rows("SELECT * FROM webhook_events ORDER BY id").await;
    assert_eq!(rows.len(), world.events.len());
    for (row, (id, event)) in rows.iter().zip(&mut world.events) {
        let found = row.time("next_retry_at").unwrap();
        if let (Next::Between(low, high), Some(next)) = (event.next, found) {
            assert!(low <= next && next <= high, "{next} is not in {low} to {high}: {id} after {step:?}");
            event.next = Next::At(next);
        }
        let next = found.map_or(Next::Never, Next::At);
        let note = match row.text_or_null("error_message").unwrap() {
            None => Note::Empty,
            Some(note) if note.starts_with("Max retry attempts reached.") => Note::Exhausted,
            Some(_) => Note::Other,
        };
        let text = |name: &str| row.text_or_null(name).unwrap();
        let time = |name: &str| row.time(name).unwrap();
        let context = || format!("{id} after {step:?}: {event:#?}");
        assert_eq!(text("status").as_deref(), Some(event.status), "{}", context());
        assert_eq!(text("payment_status").as_deref(), event.payment_status, "{}", context());
        assert_eq!(row.int("attempts").unwrap(), event.attempts, "{}", context());
        assert_eq!((next, note), (event.next, event.note), "{}", context());
        assert_eq!(time("last_attempt_at"), event.last_attempt, "{}", context());
        assert_eq!(time("processed_at"), event.processed, "{}", context());
        assert_eq!(time("updated_at"), Some(event.updated), "{}", context());
        if event.reference.is_some() {
            assert_eq!(text("payment_provider_ref").as_deref(), event.reference, "{}", context());
        }
    }
}
