//! The statements that find due events: each walks an index, and none scans the table.

use super::super::store::{CLAIMED_AT, Condition, Eligible, IN_FLIGHT, Store};
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

/// What holds for events whose next time has come, of one provider or another.
fn dated(store: &Store<'_>, eligible: &Eligible) -> Condition {
    let any = Eligible { provider: None, ..eligible.clone() };
    let events = &store.events;
    any.dated(events).and(Condition::new(format!("status NOT IN {IN_FLIGHT}"), [])).and(any.open(events))
}

/// The first events of every provider whose next time has come, so many of each: a walk along (provider,
/// next_retry_at) that ends at that number. `None` when there are no providers.
pub(super) fn first_of_each(
    store: &Store<'_>,
    eligible: &Eligible,
    providers: &[(String, usize)],
) -> Option<Query> {
    let condition = dated(store, eligible);
    let events = &store.events;
    let walk = |provider: &str, each: &str| {
        format!(
            "SELECT id, provider, next_retry_at AS due FROM {} WHERE provider = {provider} AND {} \
             ORDER BY next_retry_at, id LIMIT {each}",
            events.name,
            condition.sql()
        )
    };
    if providers.is_empty() {
        return None;
    }
    if events.engine() == Engine::Postgres {
        // One plan for all providers, and one text for any number of them.
        let words = providers.iter().map(|(provider, _)| Some(provider.clone())).collect();
        let each = providers.iter().map(|(_, each)| Some(each.to_string())).collect();
        let sql = format!(
            "SELECT first.id, first.provider, first.due FROM unnest({}[], ?::bigint[]) AS w(word, most) \
             CROSS JOIN LATERAL ({}) AS first",
            events.hole("provider"),
            walk("w.word", "w.most")
        );
        return Some(
            Query::new(sql).bind_all([Value::Texts(words), Value::Texts(each)]).bind_all(condition.values()),
        );
    }
    let hole = events.hole("provider");
    let part = |(_, each): &(String, usize)| {
        format!("SELECT id, provider, due FROM ({}) AS first", walk(&hole, &each.to_string()))
    };
    let sql = providers.iter().map(part).collect::<Vec<_>>().join(" UNION ALL ");
    let values = |(provider, _): &(String, usize)| {
        std::iter::once(Value::from(provider.as_str())).chain(condition.values()).collect::<Vec<_>>()
    };
    Some(Query::new(sql).bind_all(providers.iter().flat_map(values)))
}

/// The first events of all whose next time has come: a walk along next_retry_at that ends at the limit.
pub(super) fn earliest(store: &Store<'_>, eligible: &Eligible, limit: usize) -> Query {
    let condition = dated(store, eligible);
    let sql = format!(
        "SELECT id, provider, next_retry_at AS due FROM {} WHERE {} ORDER BY next_retry_at, id LIMIT {limit}",
        store.events.name,
        condition.sql()
    );
    Query::new(sql).bind_all(condition.values())
}

/// Stale claims and events without a next time, of all providers: few, found along (status, next_retry_at).
/// They are due since they were claimed or received, so that new events do not go before old ones (D32). Only those
/// that may be chosen when `passed` of them may not: the first of all, and the first of every provider.
pub(super) fn undated(
    store: &Store<'_>,
    eligible: &Eligible,
    statuses: &[String],
    limit: usize,
    passed: usize,
) -> Query {
    let waiting = waiting(store, eligible, statuses);
    let wide = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (limit, passed) = (wide(limit), wide(passed));
    let sql = format!(
        "SELECT id, provider, due FROM (SELECT id, provider, due, place, place_of_all, \
         COUNT(CASE WHEN place = 1 THEN 1 END) OVER () AS providers FROM (SELECT id, provider, due, \
         ROW_NUMBER() OVER (PARTITION BY provider ORDER BY due, id) AS place, \
         ROW_NUMBER() OVER (ORDER BY due, id) AS place_of_all FROM ({}) AS waiting) AS placed) AS undated \
         WHERE place_of_all <= ? OR place * providers <= ? + ? * providers OR place <= ?",
        waiting.sql()
    );
    // The first of a provider is always read, however small its share: it tells that the provider has due events.
    let bounds = [limit.saturating_add(passed), limit, passed, passed.saturating_add(1)].map(Value::from);
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
