//! The statement by hand: everything in one, the choice made by the server, the shares and providers known beforehand.

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::db::{Engine, Value};

use crate::bare::Bare;

/// How the rows are found from which to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each provider's share, and the first ones of all along the index on the next time.
    SharesAndEarliest,
    /// The first ones of each provider, as many as the limit allows.
    AllOfEach,
}

impl Form {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::SharesAndEarliest => "shares, and the earliest of all",
            Form::AllOfEach => "the limit of each provider",
        }
    }
}

/// A statement and its values.
pub(crate) struct ByHand {
    pub(crate) form: Form,
    sql: String,
    values: Vec<Value>,
}

const OPEN: &str = "status NOT IN ('processed', 'processing', 'queued') AND attempts < 5 \
    AND (payment_status IS NULL OR payment_status IN ('', 'pending') OR processed_at IS NULL)";

impl ByHand {
    pub(crate) fn all(engine: Engine, limit: u32, providers: u32, now: DateTime<Utc>) -> Vec<Self> {
        let forms = [Form::SharesAndEarliest, Form::AllOfEach];
        forms.into_iter().map(|form| Self::new(form, engine, limit, providers, now)).collect()
    }

    fn new(form: Form, engine: Engine, limit: u32, providers: u32, now: DateTime<Utc>) -> Self {
        let (share, each) = match form {
            Form::SharesAndEarliest => (limit / providers, limit / providers),
            Form::AllOfEach => (limit / providers, limit),
        };
        let time = if engine == Engine::Postgres { "?::timestamp(0)" } else { "?" };
        let (now, stale) = (Value::from(now), Value::from(now - TimeDelta::seconds(60)));
        let mut values = Vec::new();
        let mut found = vec![walks(engine, each, providers, time)];
        let walked = if engine == Engine::Postgres { 1 } else { providers };
        values.extend((0..walked).map(|_| now.clone()));
        if form == Form::SharesAndEarliest {
            found.push(format!(
                "SELECT * FROM (SELECT id, provider, next_retry_at AS due FROM webhook_events \
                 WHERE next_retry_at <= {time} AND {OPEN} ORDER BY next_retry_at, id LIMIT {limit}) AS earliest"
            ));
            values.push(now);
        }
        found.push(waiting(time));
        values.extend([stale.clone(), stale]);
        let sql = format!(
            "SELECT id FROM (SELECT id, due, ROW_NUMBER() OVER (ORDER BY CASE WHEN place <= {share} THEN 0 ELSE 1 END, \
             due, id) AS turn FROM (SELECT id, due, ROW_NUMBER() OVER (PARTITION BY provider ORDER BY due, id) AS place \
             FROM ({}) AS found) AS placed) AS chosen WHERE turn <= {limit} ORDER BY due, id",
            found.join(" UNION ")
        );
        let sql = if engine == Engine::Postgres { numbered(&sql) } else { sql };
        Self { form, sql, values }
    }

    /// The events, in due order.
    pub(crate) async fn ids(&self, bare: &mut Bare) -> Vec<String> {
        bare.ids(&self.sql, &self.values).await
    }
}

/// The first ones of every provider, along the index on provider and next time.
fn walks(engine: Engine, each: u32, providers: u32, time: &str) -> String {
    let walk = |provider: &str| {
        format!(
            "SELECT id, provider, next_retry_at AS due FROM webhook_events WHERE provider = {provider} \
             AND next_retry_at <= {time} AND {OPEN} ORDER BY next_retry_at, id LIMIT {each}"
        )
    };
    if engine == Engine::Postgres {
        let words: Vec<String> = (0..providers).map(|at| format!("('new{at}'::varchar)")).collect();
        return format!(
            "SELECT e.* FROM (VALUES {}) AS w(word) CROSS JOIN LATERAL ({}) AS e",
            words.join(", "),
            walk("w.word")
        );
    }
    let walks = (0..providers).map(|at| format!("SELECT * FROM ({}) AS w{at}", walk(&format!("'new{at}'"))));
    walks.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Stale claims, and what has no next time.
fn waiting(time: &str) -> String {
    let (used, claimed) = ("attempts < 5", "COALESCE(last_attempt_at, updated_at, received_at)");
    format!(
        "SELECT id, provider, {claimed} AS due FROM webhook_events WHERE status IN ('processing', 'queued') \
         AND {claimed} <= {time} AND {used} \
         AND (payment_status IS NULL OR payment_status IN ('', 'pending') OR processed_at IS NULL) UNION ALL \
         SELECT id, provider, received_at AS due FROM webhook_events WHERE status IN ('failed', 'received') \
         AND next_retry_at IS NULL AND (status <> 'received' OR received_at <= {time}) AND {OPEN}"
    )
}

/// With PostgreSQL's placeholders.
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.enumerate().fold(first, |text, (at, part)| format!("{text}${}{part}", at + 1))
}
