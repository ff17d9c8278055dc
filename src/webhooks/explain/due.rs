//! How due events are found: the server's plans, how many are due, and the indexes that are missing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    super::{
        Limits, Store,
        candidates::{self, Statement},
        store::Eligible,
    },
    indexes::{self, Advice},
    plan::Plan,
};
use crate::{
    Result,
    db::{Db, Engine, Row},
};

/// Events of a provider that are counted one by one.
const COUNTED: usize = 10_000;

/// How due events are found on this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DuePlan {
    /// The server's time, at which the events are due.
    pub now: DateTime<Utc>,
    /// The statements of a run.
    pub plans: Vec<Plan>,
    /// Due events per provider, by name.
    pub due: Vec<Backlog>,
    /// Indexes of the service's schema that are missing.
    pub missing: Vec<Advice>,
    /// What else to look at.
    pub notes: Vec<String>,
}

/// Due events of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backlog {
    /// The provider.
    pub provider: String,
    /// Its due events.
    pub events: u64,
    /// There may be more: counting ends here.
    pub at_least: bool,
}

/// Explains how a run with these limits finds its events. Only plans them, and counts: nothing is changed.
///
/// # Errors
/// The database's, or missing tables and columns.
pub async fn explain_due(db: &Db, limits: &Limits, provider: Option<&str>) -> Result<DuePlan> {
    let store = Store::open(db).await?;
    let now = db.now().await?;
    let eligible = Eligible { provider: provider.map(str::to_owned), ..Eligible::due(now, limits) };
    let plans = plans(&store, &eligible, limits).await?;
    let due = backlog(&store, &eligible).await?;
    let missing = indexes::missing(&store).await?;
    let notes = notes(&store, &plans, &missing);
    Ok(DuePlan { now, plans, due, missing, notes })
}

async fn plans(store: &Store<'_>, eligible: &Eligible, limits: &Limits) -> Result<Vec<Plan>> {
    let engine = store.db.engine();
    let table = format!("{}webhook_events", store.db.target().prefix);
    let mut plans = Vec::new();
    for (statement, query) in candidates::queries(store, eligible, limits.limit as usize, None).await? {
        let rows = store.db.session().await?.fetch(query.explained(engine)).await?;
        plans.push(Plan::read(engine, statement, &table, &rows)?);
    }
    Ok(plans)
}

/// Counts what the statements of a run find.
async fn backlog(store: &Store<'_>, eligible: &Eligible) -> Result<Vec<Backlog>> {
    let mut counts: BTreeMap<String, (u64, bool)> = BTreeMap::new();
    for (statement, query) in candidates::queries(store, eligible, COUNTED, Some(COUNTED)).await? {
        if statement == Statement::Earliest {
            continue; // all of them are among the first of every provider
        }
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        let count = |row: Row| *found.entry(row.text("provider").unwrap_or_default()).or_default() += 1;
        store.db.session().await?.each(query, count).await?;
        let all: usize = found.values().sum();
        for (provider, events) in found {
            let full = events >= COUNTED || (statement == Statement::Undated && all >= COUNTED);
            let (sum, at_least) = counts.entry(provider).or_default();
            *sum += events as u64;
            *at_least |= full;
        }
    }
    let line = |(provider, (events, at_least))| Backlog { provider, events, at_least };
    Ok(counts.into_iter().map(line).collect())
}

fn notes(store: &Store<'_>, plans: &[Plan], missing: &[Advice]) -> Vec<String> {
    let lacking = missing.iter().any(|advice| advice.table == "webhook_events" && advice.finds.is_some());
    if lacking || !plans.iter().any(|plan| plan.scans) {
        return Vec::new();
    }
    let statistics = match store.db.engine() {
        Engine::MySql => format!("ANALYZE TABLE {}", store.events.name.trim_matches('`')),
        _ => format!("ANALYZE {}", store.events.name.trim_matches('"')),
    };
    vec![format!(
        "the indexes are there, and the server scans all the same: on a small table that is the cheapest way; on a \
         large one its statistics are old, which `{statistics}` renews"
    )]
}
