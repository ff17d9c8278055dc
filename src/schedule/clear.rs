//! Mutexes of entries that are left behind: looked at, and deleted as they were seen.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Deps, Entry, evidence, ledger::Known};
use crate::{Result, laravel::lock::Held};

/// A mutex of an entry that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutex {
    /// The entry.
    pub entry: String,
    /// Its name, without prefixes.
    pub name: String,
    /// Who holds it.
    pub owner: String,
    /// When it ends by itself; none when it never does.
    pub until: Option<DateTime<Utc>>,
    /// The run of opsctl's that is at work on the entry.
    pub live: Option<Known>,
}

impl Mutex {
    /// Whether the application's scheduler holds it: whether its run lives is not known then.
    pub fn is_the_applications(&self) -> bool {
        !evidence::is_ours(&self.owner)
    }
}

/// What became of a mutex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Cleared {
    /// It is gone.
    Cleared,
    /// Somebody else holds it since, or nobody.
    Changed,
}

/// The mutex of a run, as it took it.
pub(super) fn left_of(entry: &Entry, host: &str, run: &str) -> Held {
    let seconds = u32::try_from(entry.overlap.as_secs()).unwrap_or(u32::MAX);
    Held { name: entry.mutex(host), owner: evidence::owner_of(run), seconds }
}

/// The mutexes of these entries that are held.
///
/// # Errors
/// The stores'.
pub async fn held(deps: &Deps<'_>, entries: &[Entry]) -> Result<Vec<Mutex>> {
    let names: Vec<String> = entries.iter().map(|entry| entry.mutex(&deps.host)).collect();
    let owners = deps.locks.owners_of(None, &names).await?;
    let mut held = Vec::new();
    for (entry, name) in entries.iter().zip(names) {
        if !owners.contains_key(&name) {
            continue;
        }
        let Some(holder) = deps.locks.holder(&name).await? else { continue };
        let live = match &deps.ledger {
            Some(ledger) => {
                let now = ledger.now().await?;
                ledger.live(&entry.key(&deps.host)).await?.filter(|live| live.lease_until > now)
            }
            None => None,
        };
        held.push(Mutex { entry: entry.name.clone(), name, owner: holder.owner, until: holder.until, live });
    }
    Ok(held)
}

/// Deletes a mutex that its holder still has.
///
/// # Errors
/// The store's.
pub async fn clear(deps: &Deps<'_>, mutex: &Mutex) -> Result<Cleared> {
    let held = Held { name: mutex.name.clone(), owner: mutex.owner.clone(), seconds: 1 };
    Ok(if deps.locks.release(&held).await? { Cleared::Cleared } else { Cleared::Changed })
}
