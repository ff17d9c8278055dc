//! Which events to try: picked without locks, in due order, with a fair share for every provider.

mod statements;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use self::statements::{distinct, earliest, first_of_each, undated};
use super::{
    Limits,
    store::{Eligible, Store},
};
use crate::{
    Result,
    db::{Db, Query, Row, Session},
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

impl Candidate {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { due: row.text("due")?, id: row.text("id")?, provider: row.text("provider")? })
    }
}

/// Events that a run has looked at and left as they were: they are still due, and not to be picked again.
#[derive(Debug, Default)]
pub(super) struct Passed {
    ids: HashSet<String>,
    of: HashMap<String, usize>,
}

impl Passed {
    pub(super) fn add(&mut self, provider: &str, id: &str) {
        if self.ids.insert(id.to_owned()) {
            *self.of.entry(one_spelling(provider)).or_default() += 1;
        }
    }
}

/// Names that differ in case alone are one provider: collations of MySQL find them together.
fn one_spelling(provider: &str) -> String {
    provider.to_lowercase()
}

/// The due events that a batch with these limits would try, in order. Takes no locks, changes nothing.
///
/// # Errors
/// The database's, or missing tables and columns.
pub async fn due(db: &Db, limits: &Limits) -> Result<Vec<Candidate>> {
    let store = Store::open(db).await?;
    let eligible = Eligible::due(db.now().await?, limits);
    pick(&store, &eligible, limits.limit, &Passed::default()).await
}

/// A statement that finds due events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// Stale claims, and events without a next time.
    Undated,
    /// The first events of every provider.
    FirstOfEach,
    /// The earliest events of all.
    Earliest,
}

/// The statements that find due events, `most` of all, and of every provider `each`: a fair share unless it is given.
pub(super) async fn queries(
    store: &Store<'_>,
    eligible: &Eligible,
    most: usize,
    each: Option<usize>,
) -> Result<Vec<(Statement, Query)>> {
    let (providers, statuses) = words(store, eligible).await?;
    let each = each.unwrap_or(most / providers.len().max(1)).max(1);
    let each: Vec<_> = providers.into_iter().map(|provider| (provider, each)).collect();
    let queries = [
        Some((Statement::Undated, undated(store, eligible, &statuses, most, 0))),
        first_of_each(store, eligible, &each).map(|query| (Statement::FirstOfEach, query)),
        Some((Statement::Earliest, earliest(store, eligible, most))),
    ];
    Ok(queries.into_iter().flatten().collect())
}

/// The providers to look at, and the statuses that there are.
async fn words(store: &Store<'_>, eligible: &Eligible) -> Result<(Vec<String>, Vec<String>)> {
    let providers = match &eligible.provider {
        Some(provider) => vec![provider.clone()],
        None => distinct(store, "provider").await?,
    };
    Ok((providers, distinct(store, "status").await?))
}

/// The events that are to be tried, [`fair`]ly chosen from all that are due but those passed over already.
///
/// What is chosen are the first ones of every provider, and for the places that these leave, the earliest of all. So
/// that much is read, about two rows for every one that is chosen, however many are due.
pub(super) async fn pick(
    store: &Store<'_>,
    eligible: &Eligible,
    limit: u32,
    passed: &Passed,
) -> Result<Vec<Candidate>> {
    let limit = limit as usize;
    let (providers, statuses) = words(store, eligible).await?;
    let mut reader = Reader { session: store.db.session().await?, passed, found: BTreeMap::new() };
    reader.read(undated(store, eligible, &statuses, limit, passed.ids.len())).await?;
    let mut share = limit / providers.len().max(1);
    let mut rows = reader.read_shares(store, eligible, &providers, share).await?;
    // Some providers have nothing due: the shares of the others are larger.
    let larger = limit / reader.providers().max(1);
    if larger > share && rows >= share {
        share = larger;
        rows = reader.read_shares(store, eligible, &providers, share).await?;
    }
    // When none of the providers can have filled its share, all of them have been read to their ends.
    if providers.len() > 1 && rows >= share {
        reader.read(earliest(store, eligible, limit + passed.ids.len())).await?;
    }
    Ok(fair(reader.found.into_values().collect(), limit))
}

/// Reads candidates, each once: others may move events between two statements.
struct Reader<'a> {
    session: Session<'a>,
    passed: &'a Passed,
    found: BTreeMap<String, Candidate>,
}

impl Reader<'_> {
    /// Gives the number of rows.
    async fn read(&mut self, query: Query) -> Result<usize> {
        let (mut rows, mut failed) = (0, Ok(()));
        let take = |row: Row| {
            rows += 1;
            match Candidate::from_row(&row) {
                Ok(candidate) if self.passed.ids.contains(&candidate.id) => {}
                Ok(candidate) => drop(self.found.insert(candidate.id.clone(), candidate)),
                Err(error) => failed = Err(error),
            }
        };
        self.session.each(query, take).await?;
        failed.map(|()| rows)
    }

    /// The first `share` of every provider, behind those that were passed over.
    async fn read_shares(
        &mut self,
        store: &Store<'_>,
        eligible: &Eligible,
        providers: &[String],
        share: usize,
    ) -> Result<usize> {
        let passed = |provider: &str| self.passed.of.get(&one_spelling(provider)).copied().unwrap_or(0);
        let each = |provider: &String| (provider.clone(), share.max(1) + passed(provider));
        let each: Vec<(String, usize)> = providers.iter().map(each).collect();
        match first_of_each(store, eligible, &each) {
            Some(query) => self.read(query).await,
            None => Ok(0),
        }
    }

    /// How many providers have due events.
    fn providers(&self) -> usize {
        let providers: HashSet<String> =
            self.found.values().map(|found| one_spelling(&found.provider)).collect();
        providers.len()
    }
}

/// Every provider with due events gets an equal share of the limit; what is left goes by due time, then id (D32).
/// The result is in that order.
fn fair(mut found: Vec<Candidate>, limit: usize) -> Vec<Candidate> {
    found.sort_unstable();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for candidate in &found {
        taken.insert(one_spelling(&candidate.provider), 0);
    }
    let share = limit / taken.len().max(1);
    let mut left = limit;
    let mut chosen = Vec::with_capacity(found.len());
    for candidate in &found {
        let count = taken.entry(one_spelling(&candidate.provider)).or_default();
        let within = *count < share;
        *count += usize::from(within);
        left -= usize::from(within);
        chosen.push(within);
    }
    for chosen in chosen.iter_mut().filter(|chosen| !**chosen).take(left) {
        *chosen = true;
    }
    let mut chosen = chosen.into_iter();
    found.retain(|_| chosen.next().unwrap_or(false));
    found
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
            let picked = fair(found, limit as usize);
            prop_assert_eq!(picked.len(), total.min(limit as usize));
            prop_assert!(picked.is_sorted());
            for (at, count) in counts.iter().enumerate() {
                let got = picked.iter().filter(|event| event.provider == format!("p{at}")).count();
                prop_assert!(got >= (*count).min(share), "p{} got {} of {} with a share of {}", at, got, count, share);
            }
        }
    }
}
