//! Which events to try: picked without locks, in due order, with a fair share for every provider.

mod statements;

use std::collections::{BTreeMap, HashSet};

use self::statements::{dated, distinct, undated};
use super::{
    Limits,
    store::{Eligible, Store},
};
use crate::{
    Result,
    clock::column_text,
    db::{Db, Query, Row, Session},
};

/// Reads of a pick that ask for no more than what seems to be missing; a further one asks for all that may be.
const SPARING: usize = 4;
/// Reads of a pick at most: others may move rows between two of them.
const READS: usize = 32;
/// The fewest events that are worth another read.
const FEWEST: usize = 16;

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

/// The due events that a batch with these limits would try, in order. Takes no locks, changes nothing.
///
/// # Errors
/// The database's, or missing tables and columns.
pub async fn due(db: &Db, limits: &Limits) -> Result<Vec<Candidate>> {
    let store = Store::open(db).await?;
    let eligible = Eligible::due(db.now().await?, limits);
    pick(&store, &eligible, limits.limit, &HashSet::new()).await
}

/// The plans of the statements that find due events, as the engine explains them, a line per step.
///
/// # Errors
/// The database's, or missing tables and columns.
pub async fn explain_due(db: &Db, limits: &Limits) -> Result<Vec<String>> {
    let store = Store::open(db).await?;
    let now = db.now().await?;
    let eligible = Eligible::due(now, limits);
    let (providers, statuses) = words(&store, &eligible).await?;
    let fresh: Vec<Walk> = providers.into_iter().map(Walk::new).collect();
    let begun = |walk: &Walk| Walk { last: Some((column_text(now), String::new())), ..walk.clone() };
    let going_on: Vec<Walk> = fresh.iter().map(begun).collect();
    let each = first_read(limits.limit as usize, fresh.len());
    let mut queries = vec![undated(&store, &eligible, &statuses, limits.limit, 0)];
    for walks in [&fresh, &going_on] {
        queries.extend(dated(&store, &eligible, &walks.iter().collect::<Vec<_>>(), each));
    }
    let mut session = db.session().await?;
    let mut plans = Vec::new();
    for query in queries {
        let rows = session.fetch(query.explained(db.engine())).await?;
        plans.extend(rows.iter().map(Row::line));
    }
    Ok(plans)
}

/// The providers to look at, and the statuses that there are.
async fn words(store: &Store<'_>, eligible: &Eligible) -> Result<(Vec<String>, Vec<String>)> {
    let providers = match &eligible.provider {
        Some(provider) => vec![provider.clone()],
        None => distinct(store, "provider").await?,
    };
    Ok((providers, distinct(store, "status").await?))
}

/// Events to read of each provider at first: its share, if all providers have due events.
fn first_read(limit: usize, providers: usize) -> usize {
    (limit / providers.max(1)).max(1)
}

/// The events that are to be tried, [`fair`]ly chosen from all that are due but those `passed` over already. Reads
/// each provider's share first, then only what may still come before the last one that was chosen: about as many rows
/// as are chosen, however many are due.
pub(super) async fn pick(
    store: &Store<'_>,
    eligible: &Eligible,
    limit: u32,
    passed: &HashSet<String>,
) -> Result<Vec<Candidate>> {
    let (providers, statuses) = words(store, eligible).await?;
    let mut session = store.db.session().await?;
    let mut found = Vec::new();
    let waiting = undated(store, eligible, &statuses, limit, passed.len());
    read(&mut session, waiting, |candidate, _| {
        if !passed.contains(&candidate.id) {
            found.push(candidate);
        }
    })
    .await?;
    let mut walks: Vec<Walk> = providers.into_iter().map(Walk::new).collect();
    let limit = limit as usize;
    let mut each = first_read(limit, walks.len());
    for reads in 1..=READS {
        let mut open: Vec<&mut Walk> = walks.iter_mut().filter(|walk| walk.wanted).collect();
        let shared: Vec<&Walk> = open.iter().map(|walk| &**walk).collect();
        let Some(query) = dated(store, eligible, &shared, each) else { break };
        let mut counts = vec![0; open.len()];
        read(&mut session, query, |candidate, walk| {
            let Some(walked) = open.get_mut(walk) else { return };
            counts[walk] += 1;
            let fresh = !passed.contains(&candidate.id);
            walked.step(&candidate, fresh);
            if fresh {
                found.push(candidate);
            }
        })
        .await?;
        for (walk, count) in open.iter_mut().zip(counts) {
            walk.ended = count < each;
        }
        in_order(&mut found);
        each = missing(&mut walks, &found, limit);
        if reads >= SPARING {
            each += limit;
        }
    }
    Ok(fair(found, limit))
}

/// Hands each row's candidate over, with the number of the walk that found it.
async fn read(session: &mut Session<'_>, query: Query, mut take: impl FnMut(Candidate, usize)) -> Result<()> {
    let mut failed = Ok(());
    session
        .each(query, |row| match (Candidate::from_row(&row), row.int("walk")) {
            (Ok(candidate), Ok(walk)) => take(candidate, usize::try_from(walk).unwrap_or(usize::MAX)),
            (Err(error), _) | (_, Err(error)) => failed = Err(error),
        })
        .await?;
    failed
}

/// Puts candidates in due order, each once: a walk that goes on begins with the second at which it stopped, and an
/// event may move while it is read.
fn in_order(found: &mut Vec<Candidate>) {
    found.sort_unstable_by(|a, b| (&a.id, &a.due).cmp(&(&b.id, &b.due)));
    found.dedup_by(|a, b| a.id == b.id);
    found.sort_unstable();
}

/// How far one provider's events with a next time were read.
#[derive(Debug, Clone)]
struct Walk {
    provider: String,
    /// The last one read: when it is due, and its id.
    last: Option<(String, String)>,
    /// Events read that are due at the same time as the last one.
    ties: usize,
    /// Those of them that this read has yet to give again.
    again: usize,
    /// Events read that may be chosen.
    found: usize,
    /// There are no more.
    ended: bool,
    /// To be read on.
    wanted: bool,
}

impl Walk {
    fn new(provider: String) -> Self {
        Self { provider, last: None, ties: 0, again: 0, found: 0, ended: false, wanted: true }
    }

    fn step(&mut self, candidate: &Candidate, fresh: bool) {
        let tied = self.last.as_ref().is_some_and(|(due, _)| *due == candidate.due);
        if tied && self.again > 0 {
            self.again -= 1;
            return;
        }
        self.ties = if tied { self.ties + 1 } else { 1 };
        self.found += usize::from(fresh);
        self.last = Some((candidate.due.clone(), candidate.id.clone()));
    }

    /// Whether what was not read might be chosen.
    fn may_hold_more(&self, share: usize, cut: Option<&Candidate>) -> bool {
        let Some((due, id)) = self.last.as_ref().filter(|_| !self.ended) else { return false };
        self.found < share.max(1)
            || cut.is_none_or(|cut| (due.as_str(), id.as_str()) < (cut.due.as_str(), cut.id.as_str()))
    }
}

/// Marks the walks that must be read on, and gives the number of events to read of each.
fn missing(walks: &mut [Walk], found: &[Candidate], limit: usize) -> usize {
    let choice = choose(found, limit);
    // Without spare places nothing that comes after the shares is chosen, however early it is due.
    let cut = match choice.last_spare {
        _ if found.len() < limit => None,
        Some(at) => found.get(at),
        None => found.first(),
    };
    let (mut gap, mut ties, mut wanted) = (FEWEST, 0, 0);
    for walk in walks.iter_mut() {
        walk.wanted = walk.may_hold_more(choice.share, cut);
        walk.again = walk.ties;
        if walk.wanted {
            wanted += 1;
            gap = gap.max(choice.share.saturating_sub(walk.found));
            ties = ties.max(walk.ties);
        }
    }
    // Of a few lengths, so that the texts stay few as well.
    (ties + gap.max(choice.spare.div_ceil(wanted.max(1)))).next_power_of_two()
}

/// Which of some candidates are to be tried.
struct Choice {
    chosen: Vec<bool>,
    /// Places that every provider has.
    share: usize,
    /// Places that the shares left over.
    spare: usize,
    /// The last candidate that got one of them.
    last_spare: Option<usize>,
}

/// Chooses from candidates in due order.
fn choose(found: &[Candidate], limit: usize) -> Choice {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for candidate in found {
        taken.insert(&candidate.provider, 0);
    }
    let share = limit / taken.len().max(1);
    let mut choice = Choice { chosen: vec![false; found.len()], share, spare: limit, last_spare: None };
    for (candidate, chosen) in found.iter().zip(&mut choice.chosen) {
        let count = taken.entry(&candidate.provider).or_default();
        if *count < share {
            *count += 1;
            choice.spare -= 1;
            *chosen = true;
        }
    }
    let rest = choice.chosen.iter_mut().enumerate().filter(|(_, chosen)| !**chosen);
    for (at, chosen) in rest.take(choice.spare) {
        *chosen = true;
        choice.last_spare = Some(at);
    }
    choice
}

/// Every provider with due events gets an equal share of the limit; what is left goes by due time, then id (D32).
/// The result is in that order.
fn fair(mut found: Vec<Candidate>, limit: usize) -> Vec<Candidate> {
    found.sort_unstable();
    let mut chosen = choose(&found, limit).chosen.into_iter();
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
