//! The locks of an application, each with what is known of it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::Serialize;

use super::{
    Lock, LockFilter, Names, State,
    jobs::{self, Compared, Jobs},
    judge::{Judge, Verdict},
    names::Meaning,
};
use crate::{
    Result,
    journal::Journal,
    laravel::{
        lock_look::{End, Look, Seen},
        lock_place::LockPlace,
        queue::QueuePlace,
    },
};

/// Locks that are kept of one store.
const MOST: usize = 100_000;

/// Where locks are looked for, and by what they are understood.
#[derive(Debug, Clone, Copy)]
pub struct Find<'a> {
    /// The stores of the application.
    pub stores: &'a [LockPlace<'a>],
    /// Where its jobs lie.
    pub queues: &'a [QueuePlace<'a>],
    /// Why further jobs cannot be looked at.
    pub problems: &'a [String],
    /// What names mean.
    pub names: &'a Names,
    /// This host's journal, which knows the runs of opsctl that took locks.
    pub journal: Option<&'a Journal>,
}

/// Locks that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// By store and name.
    pub locks: Vec<Lock>,
    /// In short.
    pub summary: Summary,
}

/// Locks in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Locks that were found.
    pub found: usize,
    /// Locks that are shown.
    pub shown: usize,
    /// Of those shown, locks that somebody needs.
    pub live: usize,
    /// Locks of which that cannot be seen.
    pub unclear: usize,
    /// Locks that nobody needs.
    pub stale: usize,
    /// Rows whose time is over.
    pub expired: usize,
    /// Locks that have no end.
    pub no_expiry: usize,
    /// Whether there are more than are shown.
    pub more: bool,
    /// Where the locks lie.
    pub stores: Vec<String>,
    /// Queue connections whose jobs were compared with them.
    pub connections: Vec<String>,
    /// Jobs that were compared.
    pub jobs_looked_at: u64,
    /// Why jobs could not be looked at, where they could not.
    pub problems: Vec<String>,
    /// What the names of locks of others begin with that lie beside these, or elsewhere on the server where there are
    /// none of ours.
    pub other_prefixes: Vec<String>,
}

/// Finds every lock, with who depends on it. Nothing is changed.
///
/// # Errors
/// A store does not answer, or has no such table. A queue that does not answer is told in the summary, and the locks of
/// jobs are unclear then.
pub async fn find(find: &Find<'_>) -> Result<Found> {
    let mut looks = Vec::new();
    for store in find.stores {
        looks.push((store, store.locks().look(|name| find.names.knows(name), MOST).await?));
    }
    let mut summary = Summary {
        stores: find.stores.iter().map(LockPlace::address).collect(),
        more: looks.iter().any(|(_, look)| look.more),
        problems: find.problems.to_vec(),
        ..Summary::default()
    };
    let names: Vec<&str> =
        looks.iter().flat_map(|(_, look)| &look.locks).map(|seen| seen.name.as_str()).collect();
    let held: BTreeSet<&str> = looks
        .iter()
        .flat_map(|(_, look)| &look.locks)
        .filter(|seen| !matches!(seen.end, End::Over(_)))
        .map(|seen| seen.name.as_str())
        .collect();
    let compared = compare(&names, find, &mut summary).await;
    let judge = Judge {
        names: find.names,
        held: &held,
        journal: find.journal,
        sees_all: !compared.more && summary.problems.is_empty(),
        connections: &summary.connections,
    };
    let mut jobs = compared.jobs.into_iter();
    let mut locks = Vec::new();
    for (store, look) in &looks {
        for seen in &look.locks {
            let jobs = jobs.next().unwrap_or_default();
            locks.push(lock(store, look, seen, find.names.meaning(&seen.name), jobs, &judge));
        }
    }
    summary.other_prefixes = other_prefixes(&looks).await?;
    summary.found = locks.len();
    Ok(Found { locks, summary }.counted())
}

impl Found {
    /// Those that a filter takes, at most so many.
    #[must_use]
    pub fn filtered(mut self, filter: &LockFilter, limit: usize) -> Self {
        self.locks.retain(|lock| filter.takes(lock));
        self.summary.more |= self.locks.len() > limit;
        self.locks.truncate(limit);
        self.counted()
    }

    fn counted(mut self) -> Self {
        let count = |state| self.locks.iter().filter(|lock| lock.state == state).count();
        self.summary = Summary {
            shown: self.locks.len(),
            live: count(State::Live),
            unclear: count(State::Unclear),
            stale: count(State::Stale),
            expired: count(State::Expired),
            no_expiry: self.locks.iter().filter(|lock| lock.no_expiry).count(),
            ..self.summary
        };
        self
    }
}

/// Compares jobs with locks. What keeps that from being done is told, and is no failure.
async fn compare(locks: &[&str], find: &Find<'_>, summary: &mut Summary) -> Compared {
    match jobs::compare(locks, find.queues, find.names).await {
        Ok(compared) => {
            summary.connections = find.queues.iter().map(|place| place.connection.name.clone()).collect();
            summary.jobs_looked_at = compared.looked_at;
            compared
        }
        Err(error) => {
            summary.problems.push(error.to_string());
            Compared { jobs: vec![Jobs::default(); locks.len()], ..Compared::default() }
        }
    }
}

async fn other_prefixes(looks: &[(&LockPlace<'_>, Look)]) -> Result<Vec<String>> {
    let mut prefixes: BTreeSet<String> = BTreeSet::new();
    for (store, look) in looks {
        prefixes.extend(look.elsewhere.iter().cloned());
        if look.locks.is_empty() {
            prefixes.extend(store.locks().elsewhere().await?);
        }
    }
    Ok(prefixes.into_iter().collect())
}

fn lock(
    store: &LockPlace<'_>,
    look: &Look,
    seen: &Seen,
    meaning: Meaning,
    jobs: Jobs,
    judge: &Judge<'_>,
) -> Lock {
    let full = if store.is_table() { meaning.seconds_in_table } else { meaning.seconds };
    let age = age(seen.end, full);
    let Verdict { state, affects } = judge.verdict(seen, meaning.kind, age, &jobs);
    Lock {
        name: seen.name.clone(),
        store: store.store.clone(),
        kind: meaning.kind,
        state,
        about: match seen.is_guess {
            true => "perhaps a lock: neither its name nor its owner is of Laravel's making".to_owned(),
            false => meaning.about,
        },
        affects,
        owner: seen.owner.clone(),
        since: age.map(|age| look.now - age),
        until: match seen.end {
            End::Never => None,
            End::In(left) => look.now.checked_add_signed(left),
            End::Over(ago) => look.now.checked_sub_signed(ago),
        },
        no_expiry: seen.end == End::Never,
        guess: seen.is_guess,
        jobs_found: jobs.holds + jobs.perhaps + jobs.blocked,
        jobs: jobs.listed,
        seen_at: look.now,
    }
}

/// How long ago it was taken, or renewed last: what is missing of its full time. More than that is another time than the
/// known one. A run renews its lock, and so its age says little of the run.
fn age(end: End, full: Option<u32>) -> Option<TimeDelta> {
    let full = TimeDelta::seconds(full?.into());
    match end {
        End::In(left) if left <= full => Some(full - left),
        _ => None,
    }
}
