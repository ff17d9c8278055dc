//! A world of events whose ends are known beforehand. Whether they came true, `oracle` says.

use std::collections::BTreeMap;

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

    /// Its row before it is tried.
    const fn begin(self) -> Row {
        let (due, then) = ("'2026-11-20 08:59:00'", "'2026-11-20 08:58:00'");
        let row = Row { status: "received", attempts: 1, next: due, last: then };
        match self {
            Plan::Last => Row { attempts: 4, ..row },
            Plan::Processed => Row { status: "processed", attempts: 2, next: "NULL", ..row },
            Plan::Later => Row { next: "'2026-11-21 09:00:00'", ..row },
            Plan::Claimed => Row { status: "processing", last: "'2026-11-20 08:59:50'", ..row },
            _ => row,
        }
    }

    /// Status and attempts before it is tried.
    pub(super) const fn before(self) -> (&'static str, i64) {
        let Row { status, attempts, .. } = self.begin();
        (status, attempts)
    }

    /// Status and attempts when its try is over.
    pub(super) const fn after(self) -> (&'static str, i64) {
        match self {
            Plan::Applied | Plan::Second => ("processed", 2),
            Plan::Last => ("failed", 5),
            Plan::Missing | Plan::Two | Plan::Stuck => ("received", 2),
            Plan::Processed | Plan::Later | Plan::Claimed => self.before(),
        }
    }
}

/// What its event's row says: times as SQL.
struct Row {
    status: &'static str,
    attempts: i64,
    next: &'static str,
    last: &'static str,
}

/// One event and what is to become of it.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub plan: Plan,
    number: usize,
    /// The reference that it names.
    pub payment: String,
    word: &'static str,
}

impl Planned {
    fn id(&self) -> String {
        format!("e{:025}", self.number)
    }

    /// What its payment becomes, if it comes first.
    fn status(&self) -> &'static str {
        if self.word == "paid" { "succeeded" } else { "failed" }
    }

    fn provider(&self) -> &'static str {
        if self.plan == Plan::Two { "tripay" } else { "mock" }
    }

    /// The payments that come with it, as rows.
    fn payments(&self) -> Vec<String> {
        let (time, provider) = ("'2026-11-20 07:00:00'", self.provider());
        let row = |reference: &str, status: &str, note: &str| {
            let id = payment_id(reference);
            format!("('{id}', '{provider}', '{reference}', 1000, '{status}', {note}, {time}, {time})")
        };
        let payment = &self.payment;
        match self.plan {
            Plan::Second | Plan::Missing | Plan::Last => vec![],
            Plan::Two => {
                vec![row(payment, "pending", "NULL"), row(&format!("{payment}b"), "pending", "NULL")]
            }
            Plan::Processed => vec![row(payment, "succeeded", "NULL")],
            Plan::Stuck => vec![row(payment, "pending", "'stuck'")],
            Plan::Applied | Plan::Later | Plan::Claimed => vec![row(payment, "pending", "NULL")],
        }
    }

    fn row(&self) -> String {
        let (id, payment, word, provider, number) =
            (self.id(), &self.payment, self.word, self.provider(), self.number);
        let body = match self.plan {
            Plan::Two => {
                format!(r#"{{"reference":"{payment}","merchant_ref":"{payment}b","status":"PAID"}}"#)
            }
            _ => format!(r#"{{"id":"{payment}","status":"{word}"}}"#),
        };
        let Row { status, attempts, next, last } = self.plan.begin();
        let (paid, processed) = match self.plan {
            Plan::Processed => ("'succeeded'", last),
            _ => ("NULL", "NULL"),
        };
        format!(
            "('{id}', '{provider}', 'evt-{number}', '{body}', '{status}', {paid}, {attempts}, '2026-11-20 08:00:00', \
             {last}, {next}, {processed}, '2026-11-20 08:00:00', '2026-11-20 08:58:00')"
        )
    }
}

/// The id of a payment's row.
pub(super) fn payment_id(reference: &str) -> String {
    format!("{reference:_<26}")
}

/// All events and payments of a database.
#[derive(Debug, Default)]
pub struct World {
    pub(super) events: BTreeMap<String, Planned>,
    /// What each payment may be in the end, if any event is applied to it.
    pub(super) payments: BTreeMap<String, Vec<&'static str>>,
}

impl World {
    /// Empties the tables.
    pub async fn clear(case: &Case) {
        for table in ["webhook_events", "payments", "witness", "cache_locks"] {
            case.execute(&format!("DELETE FROM {table}")).await;
        }
    }

    /// Adds `count` events of plans drawn from `plans`, and their payments.
    pub async fn add(&mut self, case: &Case, count: usize, plans: &[Plan], rng: &mut StdRng) {
        let (mut events, mut payments) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let planned = self.draw(plans, rng);
            payments.extend(planned.payments());
            events.push(planned.row());
            if matches!(planned.plan, Plan::Applied | Plan::Second) {
                self.payments.entry(planned.payment.clone()).or_default().push(planned.status());
            }
            self.events.insert(planned.id(), planned);
        }
        let columns = "id, provider, provider_ref, amount, status, description, created_at, updated_at";
        insert(case, "payments", columns, &payments).await;
        let columns = "id, provider, event_id, payload, status, payment_status, attempts, received_at, last_attempt_at, \
                       next_retry_at, processed_at, created_at, updated_at";
        insert(case, "webhook_events", columns, &events).await;
    }

    fn draw(&self, plans: &[Plan], rng: &mut StdRng) -> Planned {
        let number = self.events.len();
        let mut plan = plans[rng.random_range(0..plans.len())];
        let first = self.pick_applied(rng).filter(|_| plan == Plan::Second);
        if plan == Plan::Second && first.is_none() {
            plan = Plan::Applied;
        }
        match first {
            Some(payment) => Planned { plan, number, payment, word: "failed" },
            None => Planned { plan, number, payment: format!("p{number}"), word: "paid" },
        }
    }

    /// The payment of some event that is to be applied.
    fn pick_applied(&self, rng: &mut StdRng) -> Option<String> {
        let from = rng.random_range(0..=self.events.len());
        let applied = |planned: &&Planned| planned.plan == Plan::Applied && planned.number < from;
        self.events.values().rev().find(applied).map(|planned| planned.payment.clone())
    }

    /// Events that a run is to try.
    pub fn due(&self) -> usize {
        self.events.values().filter(|planned| planned.plan.is_due()).count()
    }
}

async fn insert(case: &Case, table: &str, columns: &str, rows: &[String]) {
    for some in rows.chunks(250) {
        case.execute(&format!("INSERT INTO {table} ({columns}) VALUES {}", some.join(", "))).await;
    }
}
