//! The values of a chunk's statements: such that every row stays due, open and pending.

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::db::{Engine, Value};

use super::captured::Role;

/// More attempts than any run makes, and no more than the column holds.
const MANY: i64 = 32_000;

/// The values, for one engine and one set of events.
pub(crate) struct Values {
    engine: Engine,
    now: DateTime<Utc>,
    ids: Vec<String>,
    pairs: Vec<(String, String)>,
}

impl Values {
    /// The events of [`Case::fill`](crate::support::Case::fill), whose payments have the same ids.
    pub(crate) fn new(engine: Engine, now: DateTime<Utc>, ids: &[String]) -> Self {
        let pair = |id: &String| {
            let number: u64 = id.parse().unwrap();
            (format!("new{}", number % 15), format!("p{number}"))
        };
        Self { engine, now, ids: ids.to_vec(), pairs: ids.iter().map(pair).collect() }
    }

    /// Of a statement, in the order of its placeholders.
    pub(crate) fn of(&self, role: Role, sql: &str) -> Vec<Value> {
        let (now, stale) = (Value::from(self.now), Value::from(self.now - TimeDelta::minutes(1)));
        let values = match role {
            Role::Lock => {
                let conditions = [Value::Int(MANY), stale.clone(), now, stale];
                self.list(self.ids.iter()).into_iter().chain(conditions).collect()
            }
            Role::Bodies => self.list(self.ids.iter()),
            Role::Payments => self.pairs(),
            Role::UpdatePayments => {
                [Value::from("pending"), now].into_iter().chain(self.list(self.ids.iter())).collect()
            }
            Role::UpdateEvents => self.changes(),
        };
        assert_eq!(sql.matches('?').count(), values.len(), "{role:?} has other values than it had: {sql}");
        values
    }

    /// One array on PostgreSQL, one value each elsewhere.
    fn list<'a>(&self, values: impl Iterator<Item = &'a String>) -> Vec<Value> {
        if self.engine == Engine::Postgres {
            return vec![Value::Texts(values.map(|value| Some(value.clone())).collect())];
        }
        values.map(|value| Value::from(value.as_str())).collect()
    }

    fn pairs(&self) -> Vec<Value> {
        if self.engine == Engine::Postgres {
            let (first, second) =
                (self.pairs.iter().map(|pair| &pair.0), self.pairs.iter().map(|pair| &pair.1));
            return self.list(first).into_iter().chain(self.list(second)).collect();
        }
        self.pairs.iter().flat_map(|(a, b)| [Value::from(a.as_str()), Value::from(b.as_str())]).collect()
    }

    /// Tried, not applied: due again an hour ago, so that the next chunk finds the event as this one did.
    fn changes(&self) -> Vec<Value> {
        let due = Value::from(self.now - TimeDelta::hours(1));
        let text = |value: Value| if let Value::Text(text) = value { Some(text) } else { None };
        let columns: [fn(&str, Value) -> Value; 6] = [
            |_, _| Value::from("received"),
            |_, _| Value::Null,
            |reference, _| Value::from(reference),
            |_, due| due,
            |_, _| Value::Null,
            |_, _| Value::Null,
        ];
        let now = Value::from(self.now);
        if self.engine == Engine::Postgres {
            let mut values = vec![now.clone(), now];
            values.extend(self.list(self.ids.iter()));
            values.extend(columns.iter().map(|column| {
                let of = |pair: &(String, String)| text(column(&pair.1, due.clone()));
                Value::Texts(self.pairs.iter().map(of).collect())
            }));
            return values;
        }
        let mut values = Vec::new();
        for column in columns {
            for (id, (_, reference)) in self.ids.iter().zip(&self.pairs) {
                values.extend([Value::from(id.as_str()), column(reference, due.clone())]);
            }
        }
        values.extend([now.clone(), now]);
        values.extend(self.list(self.ids.iter()));
        values
    }
}

/// A value as pgbench takes it: text.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Texts(texts) => {
            let texts =
                texts.iter().map(|text| text.as_ref().map_or("NULL".into(), |text| format!("\"{text}\"")));
            format!("{{{}}}", texts.collect::<Vec<_>>().join(","))
        }
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Null | Value::Bytes(_) => unreachable!("pgbench has no such variable"),
    }
}
