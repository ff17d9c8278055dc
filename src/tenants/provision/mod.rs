//! Provisioning: what every tenant has from its first day, put into its cluster and kept as the master has it.
//!
//! A run is recorded in the central database before its cluster is touched, step by step. Each step is idempotent by
//! the rows' natural keys and commits on the cluster before it is marked as done; so a run that was killed anywhere is
//! finished by the next one, and a run that finds nothing to do writes nothing.

mod first;
mod ids;
mod ledger;
pub(super) mod live;
pub(super) mod owner;
pub(super) mod place;
mod plan;
pub(super) mod probe;
mod report;
mod rights;
pub(super) mod roles;
pub(super) mod run;
mod seed;
mod select;
pub(super) mod steps;
pub(super) mod taxonomies;
mod work;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    time::Instant,
};

pub use self::{
    ledger::{Asker, Patience},
    live::Holder,
    plan::{Masters, Taxonomy},
    report::{Counts, Item, Outcome, Report, StepLine},
    select::{Selection, select},
    steps::{Scope, Step, Tally},
};
use self::{probe::Reached, roles::Roles, work::Work};
use crate::{
    Error, Result,
    cancel::Cancel,
    clock::Clock,
    db::Db,
    fleet::{self, Bounds, Done, Fleet, Roll, Tenant, Tenants},
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which provisioners.
    pub scope: Scope,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Who asks.
    pub asker: Asker,
    /// When a live run is taken over.
    pub patience: Patience,
    /// The master taxonomies.
    pub masters: Masters,
    /// Tenants at work at once.
    pub parallel: usize,
}

/// What a provisioning works on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The central database.
    pub central: &'a Db,
    /// Where tenants are registered.
    pub registered: &'a Tenants<'a>,
    /// The clusters.
    pub fleet: &'a Fleet,
    /// The clock.
    pub clock: Clock,
}

/// Provisions tenants, many at once. `told` is called as each ends.
///
/// # Errors
/// What concerns all of them: central tables that are missing. What concerns one is its item's.
pub async fn provision(
    ground: Ground<'_>,
    roll: &Roll,
    request: &Request,
    cancel: &Cancel,
    mut told: impl FnMut(&Item),
) -> Result<Report> {
    let started = Instant::now();
    let roles = Roles::of_fixtures()?;
    let table = match ground.registered {
        Tenants::Table(_, table) => Some(table.clone()),
        // opsctl changes nothing in a platform's own tables.
        Tenants::Query(..) => None,
    };
    let ledger = ledger::Ledger::open(ground.central, table).await?;
    let clusters: BTreeMap<&str, Reached<'_>> = ground
        .fleet
        .clusters
        .iter()
        .map(|cluster| (cluster.name.as_str(), Reached::new(cluster, ground.clock)))
        .collect();
    let begun = RefCell::<HashMap<String, Item>>::default();
    let work = Work { ledger: &ledger, request, roles: &roles, clusters: &clusters, cancel, begun: &begun };
    let bounds = Bounds { total: request.parallel, per_host: request.parallel };
    let tenants = &roll.tenants;
    let targets: Vec<Target<'_>> = tenants
        .iter()
        .map(|tenant| {
            let reached = clusters.get(tenant.cluster.as_str());
            Target { tenant, host: reached.map_or("", |reached| &reached.cluster.host) }
        })
        .collect();
    let provisioned = async |target: &Target<'_>| work.provision(target.tenant).await;
    let ended = |_: &Target<'_>, done: &Done<Item>| {
        if let Done::Finished(item) = done {
            told(item);
        }
    };
    let outcomes = fleet::each(&targets, bounds, cancel, |target| target.host, provisioned, ended).await;
    let mut items = Vec::with_capacity(tenants.len());
    for (tenant, done) in tenants.iter().zip(outcomes) {
        items.push(match done {
            Done::Finished(item) => item,
            Done::Dropped(error) => in_time(&work, tenant, error).await,
            Done::NotBegun(error) => Item::new(tenant).ended(Outcome::NotBegun, error),
        });
    }
    items.extend(roll.unclear.iter().map(Item::unclear));
    for reached in clusters.values() {
        // A server that does not answer any more must not hold the exit.
        let _ = tokio::time::timeout(GOODBYE, reached.close()).await;
    }
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Report::new(request.dry_run, items, took))
}

/// A tenant, and the server that it lives on.
struct Target<'a> {
    tenant: &'a Tenant,
    host: &'a str,
}

/// Time for a word to a cluster at the end.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(1);
/// Time for the central database to take the end of a run that was dropped: who stops a command twice waits no longer.
const LAST_WORD: std::time::Duration = std::time::Duration::from_millis(700);

async fn in_time<'a>(work: &Work<'a>, tenant: &'a Tenant, error: Error) -> Item {
    let told = work.abandon(tenant, error.clone());
    match tokio::time::timeout(LAST_WORD, told).await {
        Ok(item) => item,
        Err(_) => work
            .left(tenant)
            .ended(Outcome::Cancelled, error.hint("its run counts as live until it is taken over")),
    }
}
