//! Whether the application's own scheduler runs an entry: keys of its minutes, and its mutex, with an owner that is
//! not of opsctl's making.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::Entry;
use crate::{Result, laravel::lock::Locks};

/// How long the key of a minute lives (`CacheSchedulingMutex`); nobody gives it back.
pub const MINUTE_SECONDS: u32 = 3600;
/// What the owners of opsctl's own mutexes begin with; Laravel's are random.
const OURS: &str = "opsctl";
/// Characters of a run's id that follow: its random end.
const TAIL: usize = 10;

/// Something that only the application's scheduler leaves behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The key, without prefixes.
    pub key: String,
    /// Who holds it.
    pub owner: String,
    /// The minute that it was taken for; none of a mutex, which is held for as long as a run is at work.
    pub minute: Option<DateTime<Utc>>,
}

/// The owner of the mutexes of a run: sixteen characters, as Laravel's owners have them.
pub fn owner_of(run: &str) -> String {
    let tail = run.len().saturating_sub(TAIL);
    format!("{OURS}{}", run.get(tail..).unwrap_or(run))
}

/// Whether an owner is a run of opsctl's schedule.
pub fn is_ours(owner: &str) -> bool {
    owner.len() == OURS.len() + TAIL && owner.starts_with(OURS)
}

/// The newest sign of the application's scheduler, up to a minute. An entry that shares no line of the application's
/// has none, and one that the application does not keep to one server, nor from overlapping, leaves none.
///
/// # Errors
/// The store's.
pub async fn find(
    locks: &Locks<'_>,
    entry: &Entry,
    host: &str,
    minute: DateTime<Utc>,
    application: Tz,
) -> Result<Option<Evidence>> {
    if entry.artisan.is_none() {
        return Ok(None);
    }
    let mutex = entry.mutex(host);
    let minutes = minutes(entry, minute);
    let keys: Vec<String> = minutes.iter().map(|at| entry.minute_key(host, *at, application)).collect();
    let names: Vec<String> = std::iter::once(mutex.clone()).chain(keys.iter().cloned()).collect();
    let owners = locks.owners_of(None, &names).await?;
    let foreign = |key: &String| owners.get(key).filter(|owner| !is_ours(owner)).cloned();
    if let Some(owner) = foreign(&mutex) {
        return Ok(Some(Evidence { key: mutex, owner, minute: None }));
    }
    Ok(keys
        .into_iter()
        .zip(minutes)
        .find_map(|(key, minute)| Some(Evidence { owner: foreign(&key)?, key, minute: Some(minute) })))
}

/// The due minutes whose keys may still be there, newest first.
fn minutes(entry: &Entry, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let since = until - TimeDelta::seconds(MINUTE_SECONDS.into());
    let mut minutes = Vec::new();
    let mut at = until;
    while let Some(due) = entry.cron.last(at).filter(|due| *due > since) {
        minutes.push(due);
        at = due - TimeDelta::minutes(1);
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_of_runs_are_known_again_and_others_are_not() {
        let owner = owner_of("01JD4MZ9TV7XKQ2R5W8Y3B6CNP");
        assert_eq!((owner.as_str(), owner.len()), ("opsctl5W8Y3B6CNP", 16));
        assert!(is_ours(&owner));
        assert!(!is_ours("MBrGpD52Wyp1zVMX") && !is_ours("opsctl") && !is_ours("1"));
    }
}
