//! The locks of unique jobs: taken before the push, and left held for the job.

use std::collections::{BTreeMap, HashSet};

use sha2::{Digest, Sha256};

use super::{RetryRequest, chunk::Planned};
use crate::{
    Result,
    db::Session,
    laravel::{
        lock::Locks,
        lock_set::{Taken, Wanted},
    },
};

/// Locks of the default cache store.
#[derive(Debug)]
pub struct UniqueLocks<'a> {
    /// Where they live.
    pub locks: Locks<'a>,
    /// The store's name.
    pub store: String,
}

/// Who a lock is taken for. A run that was killed between lock and push must find that the lock is its own: what no job
/// names is made from what tells the failed job from all others.
fn owner(planned: &Planned<'_>) -> String {
    let named = planned.job.unique.as_ref().and_then(|unique| unique.owner.clone());
    named.unwrap_or_else(|| {
        let digest = Sha256::digest(format!("opsctl retry {}", planned.token));
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    })
}

/// Why the lock of a job cannot be taken, though nobody holds it.
pub(super) fn elsewhere(planned: &Planned<'_>, locks: &UniqueLocks<'_>) -> Option<String> {
    let store = planned.job.unique.as_ref()?.store.as_ref()?;
    (*store != locks.store).then(|| {
        format!(
            "its unique lock lies in the cache store `{store}`, not in `{}`, the default one",
            locks.store
        )
    })
}

/// Takes the locks of some jobs; gives the places of those whose lock somebody else holds.
///
/// # Errors
/// The store does not answer.
pub(super) async fn take(
    session: &mut Session<'_>,
    locks: &Locks<'_>,
    jobs: &[(usize, &Planned<'_>)],
    request: &RetryRequest,
) -> Result<Vec<usize>> {
    let (mut busy, mut met) = (Vec::new(), HashSet::new());
    let mut groups: BTreeMap<u32, Vec<(usize, Wanted)>> = BTreeMap::new();
    for (at, planned) in jobs {
        let Some(unique) = &planned.job.unique else { continue };
        // Of two jobs of one kind in a chunk the older one goes.
        if !met.insert(unique.name.clone()) {
            busy.push(*at);
            continue;
        }
        let wanted = Wanted { name: unique.name.clone(), owner: owner(planned) };
        groups.entry(unique.seconds).or_default().push((*at, wanted));
    }
    for (seconds, group) in groups {
        let (places, wanted): (Vec<usize>, Vec<Wanted>) = group.into_iter().unzip();
        let taken = match request.dry_run {
            true => free(locks, &wanted).await?,
            false => locks.acquire_each(session, &wanted, seconds).await?,
        };
        busy.extend(
            places.iter().zip(&wanted).filter(|(_, want)| !taken.contains(&want.name)).map(|(at, _)| *at),
        );
    }
    Ok(busy)
}

/// Which of these would be taken.
async fn free(locks: &Locks<'_>, wanted: &[Wanted]) -> Result<Taken> {
    let names: Vec<String> = wanted.iter().map(|want| want.name.clone()).collect();
    let held = locks.held_of(&names).await?;
    let mut free = Taken::new();
    for want in wanted {
        let ours = !held.contains(&want.name)
            || locks.holder(&want.name).await?.is_none_or(|holder| holder.owner == want.owner);
        if ours {
            free.insert(want.name.clone());
        }
    }
    Ok(free)
}
