//! A world of events whose ends are known beforehand, and the oracle that says whether they came true.
//!
//! Triggers of the database bear witness: each change of an event's attempts and of a payment's status is one row of
//! `witness`, written in the transaction that made it. A lost change, or one that was made twice, shows.

use std::collections::{BTreeMap, HashMap};

use opsctl::db::Engine;
use rand::{Rng, rngs::StdRng};

use super::Case;

/// What is to become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Its own payment becomes final.
    Applied,
    /// It speaks of the payment of an event before it, and says the opposite.
    Second,
    /// Its payment is not there: tried, and to be tried again.
    Missing,
    /// Likewise, for the last time.
    Last,
    /// It names two payments.
    Two,
    /// Its payment cannot be changed: a trigger refuses.
    Stuck,
    /// Done before.
    Processed,
    /// Not due before tomorrow.
    Later,
    /// Claimed by the service a moment ago.
    Claimed,
}

impl Plan {
    /// Those that fail nowhere.
    pub const CALM: [Plan; 8] = [
        Plan::Applied,
        Plan::Second,
        Plan::Missing,
        Plan::Last,
        Plan::Two,
        Plan::Processed,
        Plan::Later,
        Plan::Claimed,
    ];

    /// Whether a run tries it.
    pub const fn is_due(self) -> bool {
        !matches!(self, Plan::Processed | Plan::Later | Plan::Claimed)
    }

    /// Status, attempts, next time, and last try of its row.
    const fn row(self) -> (&'static str, i64, &'static str, &'static str) {
        let (due, then) = ("'2026-11-20 08:59:00'", "'2026-11-20 08:58:00'");
        match self {
            Plan::Last => ("received", 4, due, then),
            Plan::Processed => ("processed", 2, "NULL", then),
            Plan::Later => ("received", 1, "'2026-11-21 09:00:00'", then),
            Plan::Claimed => ("processing", 1, due, "'2026-11-20 08:59:50'"),
            _ => ("received", 1, due, then),
        }
    }

    /// Status and attempts when its try is over.
    const fn end(self) -> (&'static str, i64) {
        match self {
            Plan::Applied | Plan::Second => ("processed", 2),
            Plan::Last => ("failed", 5),
            Plan::Missing | Plan::Two | Plan::Stuck => ("received", 2),
            Plan::Processed | Plan::Later | Plan::Claimed => {
                let (status, attempts, _, _) = self.row();
                (status, attempts)
            }
        }
    }
}

/// One event and what is to become of it.
#[derive(Debug, Clone)]
struct Planned {
    plan: Plan,
    number: usize,
    /// The payment that it is about.
    payment: String,
    word: &'static str,
}

/// All events and payments of a database.
#[derive(Debug, Default)]
pub struct World {
    events: BTreeMap<String, Planned>,
    /// What each payment may be in the end, if any event is applied to it.
    payments: BTreeMap<String, Vec<&'static str>>,
}

/// How far the world has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub tried: usize,
    pub due: usize,
}

impl World {
    /// Makes the witnesses; once per database.
    pub async fn watch(case: &Case) {
        let mut session = case.db.session().await.unwrap();
        session
            .script(
                "CREATE TABLE witness (kind varchar(8), id varchar(26), was varchar(20), became varchar(20))",
            )
            .await
            .unwrap();
        for trigger in triggers(case.db.engine()) {
            session.script(&trigger).await.unwrap();
        }
        drop(session);
        case.db.forget_tables();
    }

    /// Empties the tables.
    pub async fn clear(case: &Case) {
        for table in ["webhook_events", "payments", "witness", "cache_locks"] {
            case.execute(&format!("DELETE FROM {table}")).await;
        }
    }

    /// Adds `count` events of plans drawn from `plans`.
    pub async fn add(&mut self, case: &Case, count: usize, plans: &[Plan], rng: &mut StdRng) {
        let mut events = Vec::new();
        let mut payments = Vec::new();
        let mut pay = |id: &str, provider: &str, status: &str, stuck: bool| {
            let note = if stuck { "'stuck'" } else { "NULL" };
            payments.push(format!(
                "('{id:_<26}', '{provider}', '{id}', 1000, '{status}', {note}, '2026-11-20 07:00:00', '2026-11-20 07:00:00')"
            ));
        };
        for _ in 0..count {
            let number = self.events.len();
            let mut plan = plans[rng.random_range(0..plans.len())];
            let first = (plan == Plan::Second).then(|| self.pick_applied(rng)).flatten();
            if plan == Plan::Second && first.is_none() {
                plan = Plan::Applied;
            }
            let (payment, said) = first.unwrap_or_else(|| (format!("p{number}"), "failed"));
            let word = if said == "failed" { "paid" } else { "failed" };
            let (provider, body) = match plan {
                Plan::Two => (
                    "tripay",
                    format!(r#"{{"reference":"{payment}","merchant_ref":"{payment}b","status":"PAID"}}"#),
                ),
                _ => ("mock", format!(r#"{{"id":"{payment}","status":"{word}"}}"#)),
            };
            match plan {
                Plan::Second | Plan::Missing | Plan::Last => {}
                Plan::Two => {
                    pay(&payment, provider, "pending", false);
                    pay(&format!("{payment}b"), provider, "pending", false);
                }
                Plan::Processed => pay(&payment, provider, "succeeded", false),
                _ => pay(&payment, provider, "pending", plan == Plan::Stuck),
            }
            let planned = Planned { plan, number, payment, word };
            if matches!(plan, Plan::Applied | Plan::Second) {
                let status = if word == "paid" { "succeeded" } else { "failed" };
                self.payments.entry(planned.payment.clone()).or_default().push(status);
            }
            let id = format!("e{number:025}");
            events.push(event_row(&id, &planned, provider, &body));
            self.events.insert(id, planned);
        }
        insert(
            case,
            "payments (id, provider, provider_ref, amount, status, description, created_at, updated_at)",
            &payments,
        )
        .await;
        insert(
            case,
            "webhook_events (id, provider, event_id, payload, status, payment_status, attempts, received_at, \
             last_attempt_at, next_retry_at, processed_at, created_at, updated_at)",
            &events,
        )
        .await;
    }

    /// The payment of some event that is to be applied, and what that event says.
    fn pick_applied(&self, rng: &mut StdRng) -> Option<(String, &'static str)> {
        let from = rng.random_range(0..=self.events.len());
        let applied = |planned: &&Planned| planned.plan == Plan::Applied && planned.number < from;
        self.events.values().rev().find(applied).map(|planned| (planned.payment.clone(), planned.word))
    }

    /// Events that a run is to try.
    pub fn due(&self) -> usize {
        self.events.values().filter(|planned| planned.plan.is_due()).count()
    }

    /// Every event is as it was or as it is to be; its payment goes with it; each was changed once at most, and none
    /// is gone. `told` says what happened, should it not be so.
    pub async fn check(&self, case: &Case, told: &str) -> Seen {
        let witness = witness(case).await;
        let payments: HashMap<String, String> = case
            .rows("SELECT provider_ref, status FROM payments")
            .await
            .iter()
            .map(|row| (row.text("provider_ref").unwrap(), row.text("status").unwrap()))
            .collect();
        let rows = case
            .rows("SELECT id, status, attempts, payment_status, processed_at, next_retry_at FROM webhook_events")
            .await;
        assert_eq!(rows.len(), self.events.len(), "events were lost or made: {told}");
        let mut tried = 0;
        let mut settled: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &rows {
            let id = row.text("id").unwrap();
            let planned = &self.events[&id];
            let now = (row.text("status").unwrap(), row.int("attempts").unwrap());
            let changes = witness.get(&("event".to_owned(), id.clone())).copied().unwrap_or(0);
            let done = changes > 0;
            let (status, attempts, _, _) = planned.plan.row();
            let expected = if done { planned.plan.end() } else { (status, attempts) };
            assert!(
                changes <= usize::from(planned.plan.is_due()),
                "{id} {planned:?} was tried {changes} times: {told}"
            );
            assert_eq!((now.0.as_str(), now.1), expected, "{id} {planned:?}: {told}");
            if done {
                tried += 1;
                let next = row.time("next_retry_at").unwrap();
                let retried = matches!(planned.plan, Plan::Missing | Plan::Two | Plan::Stuck);
                assert_eq!(next.is_some(), retried, "{id} {planned:?} {next:?}: {told}");
            }
            let applied = done && matches!(planned.plan, Plan::Applied | Plan::Second);
            if applied {
                *settled.entry(planned.payment.as_str()).or_default() += 1;
                let payment = &payments[&planned.payment];
                assert_eq!(
                    row.text_or_null("payment_status").unwrap().as_ref(),
                    Some(payment),
                    "{id}: {told}"
                );
                assert!(row.time("processed_at").unwrap().is_some(), "{id}: {told}");
            }
        }
        for (payment, ends) in &self.payments {
            let now = payments.get(payment).unwrap_or_else(|| panic!("payment {payment} is gone: {told}"));
            let changes =
                witness.get(&("payment".to_owned(), format!("{payment:_<26}"))).copied().unwrap_or(0);
            let applied = settled.contains_key(payment.as_str());
            assert_eq!(changes, usize::from(applied), "payment {payment} changed {changes} times: {told}");
            let fits = if applied { ends.contains(&now.as_str()) } else { now == "pending" };
            assert!(fits, "payment {payment} is {now}, its events say {ends:?}: {told}");
        }
        let strangers = witness.keys().filter(|(kind, _)| kind == "payment").count();
        assert_eq!(strangers, settled.len(), "payments were changed that no event speaks of: {told}");
        Seen { tried, due: self.due() }
    }

    /// As [`World::check`], when all is done.
    pub async fn check_done(&self, case: &Case, told: &str) {
        let seen = self.check(case, told).await;
        assert_eq!(seen.tried, seen.due, "events were left over: {told}");
    }
}

fn event_row(id: &str, planned: &Planned, provider: &str, body: &str) -> String {
    let (status, attempts, next, last) = planned.plan.row();
    let (paid, processed) = match planned.plan {
        Plan::Processed => ("'succeeded'", "'2026-11-20 08:58:00'"),
        _ => ("NULL", "NULL"),
    };
    format!(
        "('{id}', '{provider}', 'evt-{number}', '{body}', '{status}', {paid}, {attempts}, '2026-11-20 08:00:00', \
         {last}, {next}, {processed}, '2026-11-20 08:00:00', '2026-11-20 08:58:00')",
        number = planned.number,
    )
}

async fn insert(case: &Case, into: &str, rows: &[String]) {
    for some in rows.chunks(250) {
        case.execute(&format!("INSERT INTO {into} VALUES {}", some.join(", "))).await;
    }
}

async fn witness(case: &Case) -> HashMap<(String, String), usize> {
    let mut seen = HashMap::new();
    for row in case.rows("SELECT kind, id FROM witness").await {
        *seen.entry((row.text("kind").unwrap(), row.text("id").unwrap())).or_default() += 1;
    }
    seen
}

fn triggers(engine: Engine) -> Vec<String> {
    let watched = [("event", "webhook_events", "attempts"), ("payment", "payments", "status")];
    let write = |kind: &str, column: &str| {
        format!("INSERT INTO witness VALUES ('{kind}', NEW.id, OLD.{column}, NEW.{column})")
    };
    let mut all = Vec::new();
    for (kind, table, column) in watched {
        let (write, changed) = (write(kind, column), format!("NEW.{column} <> OLD.{column}"));
        match engine {
            Engine::Sqlite => all.push(format!(
                "CREATE TRIGGER see_{kind} AFTER UPDATE ON {table} WHEN {changed} BEGIN {write}; END"
            )),
            Engine::MySql => all.push(format!(
                "CREATE TRIGGER see_{kind} AFTER UPDATE ON {table} FOR EACH ROW BEGIN IF {changed} THEN {write}; END IF; END"
            )),
            Engine::Postgres => all.extend([
                format!("CREATE FUNCTION see_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {write}; RETURN NULL; END $$"),
                format!("CREATE TRIGGER see_{kind} AFTER UPDATE ON {table} FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION see_{kind}()"),
            ]),
        }
    }
    match engine {
        Engine::Sqlite => all.push(
            "CREATE TRIGGER refuse BEFORE UPDATE ON payments WHEN OLD.description = 'stuck' \
             BEGIN SELECT RAISE(ABORT, 'this payment is frozen'); END"
                .into(),
        ),
        Engine::MySql => all.push(
            "CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW BEGIN IF OLD.description = 'stuck' THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'this payment is frozen'; END IF; END"
                .into(),
        ),
        Engine::Postgres => all.extend([
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'this payment is frozen'; END $$".to_owned(),
            "CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW WHEN (OLD.description = 'stuck') EXECUTE FUNCTION refuse()".to_owned(),
        ]),
    }
    all
}
