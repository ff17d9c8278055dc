//! The oracle: whether a world is as it was, as it is to be, or something between that must not be.
//!
//! Triggers of the database bear witness: each change of an event's attempts and of a payment's status is one row of
//! `witness`, written in the transaction that made it. A change that was lost, or made twice, shows.

use std::collections::{BTreeSet, HashMap};

use opsctl::db::{Begin, Engine, Query, Row};

use super::{
    Case,
    world::{Plan, Planned, World, payment_id},
};

/// How far the world has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub tried: usize,
    pub due: usize,
}

/// Number of changes per kind (`event`, `payment`) and id.
type Witness = HashMap<(String, String), usize>;

impl World {
    /// Makes the witnesses; once per database.
    pub async fn watch(case: &Case) {
        let columns = "kind varchar(8), id varchar(26), was varchar(20), became varchar(20)";
        case.execute(&format!("CREATE TABLE witness ({columns})")).await;
        for trigger in triggers(case.db.engine()) {
            case.execute(&trigger).await;
        }
        case.db.forget_tables();
    }

    /// Every event is as it was or as it is to be; its payment goes with it; each was changed once at most, and none
    /// is gone. `told` says what happened, should it not be so.
    pub async fn check(&self, case: &Case, told: &str) -> Seen {
        let (rows, payments, witness) = look(case).await;
        assert_eq!(rows.len(), self.events.len(), "events were lost or made: {told}");
        let (mut tried, mut applied) = (0, BTreeSet::new());
        for row in &rows {
            let id = row.text("id").unwrap();
            let planned = &self.events[&id];
            let changes = witness.get(&("event".into(), id)).copied().unwrap_or(0);
            check_event(row, planned, changes, told);
            tried += changes;
            if changes > 0 && matches!(planned.plan, Plan::Applied | Plan::Second) {
                applied.insert(planned.payment.as_str());
                let stands = payments.get(&planned.payment);
                assert_eq!(
                    row.text_or_null("payment_status").unwrap().as_ref(),
                    stands,
                    "{planned:?}: {told}"
                );
            }
        }
        self.check_payments(&payments, &witness, &applied, told);
        Seen { tried, due: self.due() }
    }

    /// A payment is final, and changed once, when an event was applied to it; else it is as it was.
    fn check_payments(
        &self,
        payments: &HashMap<String, String>,
        witness: &Witness,
        applied: &BTreeSet<&str>,
        told: &str,
    ) {
        for (payment, ends) in &self.payments {
            let now = payments.get(payment).unwrap_or_else(|| panic!("payment {payment} is gone: {told}"));
            let changes = witness.get(&("payment".into(), payment_id(payment))).copied().unwrap_or(0);
            let is_applied = applied.contains(payment.as_str());
            assert_eq!(changes, usize::from(is_applied), "payment {payment} changed {changes} times: {told}");
            let fits = if is_applied { ends.contains(&now.as_str()) } else { now == "pending" };
            assert!(fits, "payment {payment} is {now}, its events say {ends:?}: {told}");
        }
        let changed = witness.keys().filter(|(kind, _)| kind == "payment").count();
        assert_eq!(changed, applied.len(), "payments were changed that no event speaks of: {told}");
    }

    /// As [`World::check`], when all is done.
    pub async fn check_done(&self, case: &Case, told: &str) {
        let seen = self.check(case, told).await;
        assert_eq!(seen.tried, seen.due, "events were left over: {told}");
    }
}

/// An event that was changed once is as it is to be; one that was not is as it was.
fn check_event(row: &Row, planned: &Planned, changes: usize, told: &str) {
    let plan = planned.plan;
    let most = usize::from(plan.is_due());
    assert!(changes <= most, "{planned:?} was tried {changes} times: {told}");
    let now = (row.text("status").unwrap(), row.int("attempts").unwrap());
    let expected = if changes > 0 { plan.after() } else { plan.before() };
    assert_eq!((now.0.as_str(), now.1), expected, "{planned:?}: {told}");
    if changes > 0 {
        let (next, done) = (row.time("next_retry_at").unwrap(), row.time("processed_at").unwrap());
        let retried = matches!(plan, Plan::Missing | Plan::Two | Plan::Stuck);
        assert_eq!(next.is_some(), retried, "{planned:?} {next:?}: {told}");
        assert_eq!(done.is_some(), matches!(plan, Plan::Applied | Plan::Second), "{planned:?}: {told}");
    }
}

/// Events, payments by reference, and witnesses, at one moment: a server may still be ending what a killed run began.
async fn look(case: &Case) -> (Vec<Row>, HashMap<String, String>, Witness) {
    let columns = "id, status, attempts, payment_status, processed_at, next_retry_at";
    let mut session = case.db.session().await.unwrap();
    session.begin(Begin::Read).await.unwrap();
    let events = session.fetch(Query::new(format!("SELECT {columns} FROM webhook_events"))).await.unwrap();
    let payments = session.fetch(Query::new("SELECT provider_ref, status FROM payments")).await.unwrap();
    let witnesses = session.fetch(Query::new("SELECT kind, id FROM witness")).await.unwrap();
    session.rollback().await.unwrap();
    let pair = |row: &Row, names: [&str; 2]| (row.text(names[0]).unwrap(), row.text(names[1]).unwrap());
    let payments = payments.iter().map(|row| pair(row, ["provider_ref", "status"])).collect();
    let mut witness = Witness::new();
    for row in &witnesses {
        *witness.entry(pair(row, ["kind", "id"])).or_default() += 1;
    }
    (events, payments, witness)
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
