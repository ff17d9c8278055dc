//! The statements that find due events: each walks an index, and none scans the table.

use super::{
    super::store::{CLAIMED_AT, Condition, Eligible, IN_FLIGHT, Store},
    Walk,
};
use crate::{
    Result,
    db::{Engine, Query, Value},
};

/// The values of a column, found by jumping from one to the next along its index: reading them all would be a scan.
/// MySQL jumps by itself (loose index scan); the others are told to.
pub(super) async fn distinct(store: &Store<'_>, column: &str) -> Result<Vec<String>> {
    let table = &store.events.name;
    let sql = match store.events.engine() {
        Engine::MySql => format!("SELECT DISTINCT {column} AS word FROM {table}"),
        Engine::Postgres | Engine::Sqlite => format!(
            "WITH RECURSIVE seen(word) AS (SELECT MIN({column}) FROM {table} UNION ALL \
             SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > seen.word) FROM seen WHERE seen.word IS NOT NULL) \
             SELECT word FROM seen WHERE word IS NOT NULL"
        ),
    };
    store.db.session().await?.fetch(Query::new(sql)).await?.iter().map(|row| row.text("word")).collect()
}

/// The next `each` events of every walk whose next time has come, along (provider, next_retry_at); `None` when there
/// are no walks. A walk that goes on begins with the time at which it stopped.
pub(super) fn dated(store: &Store<'_>, eligible: &Eligible, walks: &[&Walk], each: usize) -> Option<Query> {
    let first = walks.first()?;
    let going_on = first.last.is_some();
    let since = walks.iter().map(|walk| walk.last.as_ref().map(|(due, _)| due.clone()));
    if store.events.engine() == Engine::Postgres {
        // One plan for all providers, and one text for any number of them.
        let words = walks.iter().map(|walk| Some(walk.provider.clone())).collect();
        let mut values = vec![Value::Texts(words)];
        values.extend(going_on.then(|| Value::Texts(since.collect())));
        return Some(lateral(store, eligible, values, each));
    }
    let parts: Vec<Condition> = walks
        .iter()
        .zip(since)
        .enumerate()
        .map(|(at, (walk, since))| branch(store, eligible, at, &walk.provider, since, each))
        .collect();
    let sql = parts.iter().map(Condition::sql).collect::<Vec<_>>().join(" UNION ALL ");
    Some(Query::new(sql).bind_all(parts.iter().flat_map(Condition::values)))
}

/// What holds for the events of every walk.
fn walked(store: &Store<'_>, eligible: &Eligible) -> Condition {
    let one = Eligible { provider: None, ..eligible.clone() };
    let events = &store.events;
    one.dated(events).and(Condition::new(format!("status NOT IN {IN_FLIGHT}"), [])).and(one.open(events))
}

fn lateral(store: &Store<'_>, eligible: &Eligible, words: Vec<Value>, each: usize) -> Query {
    let events = &store.events;
    let condition = walked(store, eligible);
    let (since, names, after) = match words.len() {
        1 => (String::new(), "word", ""),
        _ => {
            (format!(", {}[]", events.hole("next_retry_at")), "word, since", " AND next_retry_at >= w.since")
        }
    };
    let sql = format!(
        "SELECT e.id, e.provider, e.due, w.walk - 1 AS walk \
         FROM unnest({}[]{since}) WITH ORDINALITY AS w({names}, walk) CROSS JOIN LATERAL \
         (SELECT id, provider, next_retry_at AS due FROM {} WHERE provider = w.word{after} AND {} \
         ORDER BY next_retry_at, id LIMIT {each}) AS e",
        events.hole("provider"),
        events.name,
        condition.sql(),
    );
    Query::new(sql).bind_all(words).bind_all(condition.values())
}

/// One walk.
fn branch(
    store: &Store<'_>,
    eligible: &Eligible,
    at: usize,
    provider: &str,
    since: Option<String>,
    each: usize,
) -> Condition {
    let events = &store.events;
    let mut condition =
        Condition::new(format!("provider = {}", events.hole("provider")), [Value::from(provider)]);
    if let Some(since) = since {
        let sql = format!("next_retry_at >= {}", events.hole("next_retry_at"));
        condition = condition.and(Condition::new(sql, [Value::from(since)]));
    }
    let condition = condition.and(walked(store, eligible));
    Condition::new(
        format!(
            "SELECT id, provider, due, {at} AS walk FROM (SELECT id, provider, next_retry_at AS due FROM {} WHERE {} \
             ORDER BY next_retry_at, id LIMIT {each}) AS dated",
            events.name,
            condition.sql()
        ),
        condition.values(),
    )
}

/// Stale claims and events without a next time, of all providers: few, found along (status, next_retry_at).
/// They are due since they were claimed or received, so that new events do not go before old ones (D32). Only those
/// that may be chosen when `passed` of them may not: the first of all, and the first of every provider.
pub(super) fn undated(
    store: &Store<'_>,
    eligible: &Eligible,
    statuses: &[String],
    limit: u32,
    passed: usize,
) -> Query {
    let waiting = waiting(store, eligible, statuses);
    let passed = i64::try_from(passed).unwrap_or(i64::MAX);
    let limit = i64::from(limit);
    let sql = format!(
        "SELECT id, provider, due, 0 AS walk FROM (SELECT id, provider, due, place, place_of_all, \
         COUNT(CASE WHEN place = 1 THEN 1 END) OVER () AS providers FROM (SELECT id, provider, due, \
         ROW_NUMBER() OVER (PARTITION BY provider ORDER BY due, id) AS place, \
         ROW_NUMBER() OVER (ORDER BY due, id) AS place_of_all FROM ({}) AS waiting) AS placed) AS undated \
         WHERE place_of_all <= ? OR place * providers <= ? + ? * providers",
        waiting.sql()
    );
    let bounds = [limit.saturating_add(passed), limit, passed].map(Value::from);
    Query::new(sql).bind_all(waiting.values()).bind_all(bounds)
}

fn waiting(store: &Store<'_>, eligible: &Eligible, statuses: &[String]) -> Condition {
    let events = &store.events;
    let free: Vec<&str> = statuses
        .iter()
        .map(String::as_str)
        .filter(|status| !matches!(*status, "processed" | "processing" | "queued"))
        .collect();
    let (claims, new) = (eligible.stale_claim(events), eligible.undated(events));
    let (claims, new) = (claims.and(eligible.open(events)), new.and(eligible.open(events)));
    let mut branches = vec![Condition::new(
        format!("SELECT id, provider, {CLAIMED_AT} AS due FROM {} WHERE {}", events.name, claims.sql()),
        claims.values(),
    )];
    if !free.is_empty() {
        let free = events.one_of("status", free);
        let condition = Condition::new(free.sql, free.values).and(new);
        branches.push(Condition::new(
            format!("SELECT id, provider, received_at AS due FROM {} WHERE {}", events.name, condition.sql()),
            condition.values(),
        ));
    }
    let sql = branches.iter().map(Condition::sql).collect::<Vec<_>>().join(" UNION ALL ");
    Condition::new(sql, branches.iter().flat_map(Condition::values))
}
