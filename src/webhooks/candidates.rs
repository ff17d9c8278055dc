//! Which events to try: picked without locks, in due order, with a fair share for every provider.

use std::collections::BTreeMap;

use super::{
    Limits,
    store::{CLAIMED_AT, Condition, Eligible, IN_FLIGHT, Store},
};
use crate::{
    Result,
    db::{Db, Engine, Query, Row, Value},
};

/// An event that looked due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Since when it is due, as column text, which sorts like the time.
    pub due: String,
    /// The event.
    pub id: String,
    /// Its provider.
    pub provider: String,
}

/// The first `limit` due events of every provider.
pub(super) async fn pick(store: &Store<'_>, eligible: &Eligible, limit: u32) -> Result<Vec<Candidate>> {
    let query = due_query(store, eligible, limit).await?;
    let rows = store.db.session().await?.fetch(query).await?;
    rows.iter()
        .map(|row| {
            Ok(Candidate { due: row.text("due")?, id: row.text("id")?, provider: row.text("provider")? })
        })
        .collect()
}

/// The statement that finds due events: one walk along an index per provider, and one for what has no next time.
async fn due_query(store: &Store<'_>, eligible: &Eligible, limit: u32) -> Result<Query> {
    let providers = match &eligible.provider {
        Some(provider) => vec![provider.clone()],
        None => distinct(store, "provider").await?,
    };
    let statuses = distinct(store, "status").await?;
    let mut parts: Vec<Condition> =
        providers.iter().map(|provider| dated(store, eligible, provider, limit)).collect();
    parts.push(undated(store, eligible, &statuses, limit));
    let sql = parts.iter().map(Condition::sql).collect::<Vec<_>>().join(" UNION ALL ");
    Ok(Query::new(sql).bind_all(parts.iter().flat_map(Condition::values)))
}

/// The plan of the due query, as the engine explains it, a line per step.
///
/// # Errors
/// The database's, or missing tables and columns.
pub async fn explain_due(db: &Db, limits: &Limits) -> Result<Vec<String>> {
    let store = Store::open(db).await?;
    let now = db.now().await?;
    let eligible = Eligible::due(now, limits);
    let query = due_query(&store, &eligible, limits.limit).await?.explained(db.engine());
    let rows = db.session().await?.fetch(query).await?;
    Ok(rows.iter().map(Row::line).collect())
}

/// The values of a column, found by jumping from one to the next along its index: reading them all would be a scan.
/// MySQL jumps by itself (loose index scan); the others are told to.
async fn distinct(store: &Store<'_>, column: &str) -> Result<Vec<String>> {
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

/// One provider's events whose next time has come: a walk along (provider, next_retry_at) that ends at the limit.
fn dated(store: &Store<'_>, eligible: &Eligible, provider: &str, limit: u32) -> Condition {
    let events = &store.events;
    let one = Eligible { provider: None, ..eligible.clone() };
    let provider = Condition::new(format!("provider = {}", events.hole("provider")), [Value::from(provider)]);
    let condition = provider
        .and(one.dated(events))
        .and(Condition::new(format!("status NOT IN {IN_FLIGHT}"), []))
        .and(one.open(events));
    Condition::new(
        format!(
            "SELECT id, provider, due FROM (SELECT id, provider, next_retry_at AS due FROM {} WHERE {} \
             ORDER BY next_retry_at, id LIMIT {limit}) AS dated",
            events.name,
            condition.sql()
        ),
        condition.values(),
    )
}

/// Stale claims and events without a next time, of all providers: few, found along (status, next_retry_at).
/// They are due since they were claimed or received, so that new events do not go before old ones (D32).
fn undated(store: &Store<'_>, eligible: &Eligible, statuses: &[String], limit: u32) -> Condition {
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
    Condition::new(
        format!(
            "SELECT id, provider, due FROM (SELECT id, provider, due, \
             ROW_NUMBER() OVER (PARTITION BY provider ORDER BY due, id) AS place FROM ({sql}) AS waiting) AS undated \
             WHERE place <= {limit}"
        ),
        branches.iter().flat_map(Condition::values),
    )
}

/// Every provider with due events gets an equal share of the limit; what is left goes by due time, then id (D32).
/// The result is in that order.
pub fn fair(mut found: Vec<Candidate>, limit: u32) -> Vec<Candidate> {
    found.sort();
    let limit = limit as usize;
    if found.len() <= limit {
        return found;
    }
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for candidate in &found {
        taken.insert(&candidate.provider, 0);
    }
    let share = limit / taken.len();
    let mut chosen = vec![false; found.len()];
    let mut left = limit;
    for (candidate, chosen) in found.iter().zip(&mut chosen) {
        let count = taken.entry(&candidate.provider).or_default();
        if *count < share {
            *count += 1;
            left -= 1;
            *chosen = true;
        }
    }
    for chosen in chosen.iter_mut().filter(|chosen| !**chosen).take(left) {
        *chosen = true;
    }
    found.into_iter().zip(chosen).filter_map(|(candidate, chosen)| chosen.then_some(candidate)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(provider: &str, due: usize) -> Candidate {
        Candidate {
            due: format!("{due:06}"),
            id: format!("{provider}-{due:06}"),
            provider: provider.to_owned(),
        }
    }

    #[test]
    fn a_noisy_provider_leaves_the_others_their_share() {
        let mut found: Vec<Candidate> = (0..100).map(|due| candidate("noisy", due)).collect();
        found.extend((500..503).map(|due| candidate("quiet", due)));
        let picked = fair(found, 10);
        assert_eq!(picked.iter().filter(|event| event.provider == "quiet").count(), 3);
        assert_eq!(picked.iter().filter(|event| event.provider == "noisy").count(), 7);
        assert!(picked.is_sorted());
    }

    proptest! {
        #[test]
        fn shares_are_kept_and_the_limit_is_filled(
            counts in proptest::collection::vec(0_usize..40, 1..8), limit in 0_u32..120,
        ) {
            let found: Vec<Candidate> = counts.iter().enumerate()
                .flat_map(|(at, count)| (0..*count).map(move |due| candidate(&format!("p{at}"), due * 7 + at)))
                .collect();
            let total = found.len();
            let with_due = counts.iter().filter(|count| **count > 0).count().max(1);
            let share = limit as usize / with_due;
            let picked = fair(found, limit);
            prop_assert_eq!(picked.len(), total.min(limit as usize));
            prop_assert!(picked.is_sorted());
            for (at, count) in counts.iter().enumerate() {
                let got = picked.iter().filter(|event| event.provider == format!("p{at}")).count();
                prop_assert!(got >= (*count).min(share), "p{} got {} of {} with a share of {}", at, got, count, share);
            }
        }
    }
}
