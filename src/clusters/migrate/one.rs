//! One cluster: its plan, what is in the way, the run, and the rights of its roles.

use std::time::{Duration, Instant};

use super::{Item, Outcome, Request, grants};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    config::{Engine, clusters::Role, database::Address},
    db::{Access, Db, Guards},
    fleet::{Cluster, Done, each},
    schema::{self, Asked, Finding, Lint, Mend, Plan, Ran, Scope, State},
};

/// Longest time for closing a cluster's connections in order.
const GOODBYE: Duration = Duration::from_secs(1);

/// A cluster, how far it is, and its database as its owner reaches it.
#[derive(Debug)]
pub struct Planned<'c> {
    pub(super) cluster: &'c Cluster,
    /// What is known of it.
    pub item: Item,
    pub(super) ready: Option<(Db, Plan)>,
}

/// Looks at every cluster, and changes nothing.
pub async fn plan_all<'c>(
    clusters: &'c [&'c Cluster],
    request: &Request,
    cancel: &Cancel,
    mut told: impl FnMut(&Item),
) -> Vec<Planned<'c>> {
    let work = async |cluster: &'c &'c Cluster| plan(cluster, request).await;
    let since = Instant::now();
    let done = each(
        clusters,
        request.bounds,
        cancel,
        |cluster| cluster.host.as_str(),
        work,
        |_, done| {
            if let Done::Finished(planned) = done {
                told(&planned.item);
            }
        },
    )
    .await;
    let planned = clusters.iter().zip(done).map(|(cluster, done)| match done {
        Done::Finished(planned) => planned,
        Done::Dropped(error) => dropped(cluster, &error, request, since.elapsed()),
        Done::NotBegun(error) => {
            let mut item = Item::new(&cluster.name, &cluster.address);
            item.error = Some(error.to_string());
            Planned { cluster, item, ready: None }
        }
    });
    planned.collect()
}

/// A cluster whose look was begun and did not end: at the deadline, it is the server that gave no answer.
fn dropped<'c>(cluster: &'c Cluster, error: &Error, request: &Request, took: Duration) -> Planned<'c> {
    let mut item = Item::new(&cluster.name, &cluster.address);
    let silent = || {
        let within = format!("{} gave no answer within {:.1} s", cluster.address, took.as_secs_f64());
        Error::new(Kind::Unreachable, within)
    };
    match error.kind() {
        Kind::Deadline => item.failed(&silent(), &request.source),
        _ => item.failed(error, &request.source),
    }
    item.took(took);
    Planned { cluster, item, ready: None }
}

/// What is dangerous in what clusters lack, each file once per engine.
pub fn findings(plans: &[Planned<'_>], request: &Request) -> Vec<Finding> {
    if request.lint == Lint::Off {
        return Vec::new();
    }
    let engines = [Engine::Postgres, Engine::MySql, Engine::Sqlite];
    let of = |engine: Engine| {
        let lacking =
            plans.iter().filter(|plan| plan.ready.as_ref().is_some_and(|(db, _)| db.engine() == engine));
        let wanted = |version: &i64| request.options.wants(State::Pending, *version);
        let versions =
            lacking.flat_map(|plan| plan.item.pending.iter().flatten().copied().filter(wanted)).collect();
        schema::lint(&request.set, engine, &versions)
    };
    let mut found: Vec<Finding> = engines.into_iter().flat_map(of).collect();
    found.sort_by(|a, b| (&a.file, a.line, &a.rule).cmp(&(&b.file, b.line, &b.rule)));
    found.dedup();
    found
}

async fn plan<'c>(cluster: &'c Cluster, request: &Request) -> Planned<'c> {
    let started = Instant::now();
    let mut item = Item::new(&cluster.name, &cluster.address);
    let looked = look(cluster, request).await;
    let ready = match looked {
        Ok((db, plan)) => {
            item.planned(&plan, request, started.elapsed());
            if item.outcome == Outcome::Dirty {
                tell_left(&db, &plan, request, &mut item).await;
            }
            let is_wanted = plan.lines.iter().any(|line| request.options.wants(line.state, line.version));
            if is_wanted && let Err(error) = schema::admit(&db, &request.set, &plan, request.own).await {
                item.failed(&error, &request.source);
                db.close().await;
                return Planned { cluster, item, ready: None };
            }
            // All are planned before the first is begun: a connection kept for each would use up the server's.
            db.close().await;
            is_wanted.then_some((db, plan))
        }
        Err(error) => {
            item.failed(&error, &request.source);
            item.took(started.elapsed());
            None
        }
    };
    Planned { cluster, item, ready }
}

/// What is recorded of what did not finish. Where that cannot be read, the outcome says enough.
async fn tell_left(db: &Db, plan: &Plan, request: &Request, item: &mut Item) {
    match schema::left(db, &request.set, plan, request.options.to).await {
        Ok(Some(error)) => item.left(&error, &request.source),
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "what did not finish could not be read"),
    }
}

async fn look(cluster: &Cluster, request: &Request) -> Result<(Db, Plan)> {
    let db = database(cluster, request)?;
    let plan = schema::plan(&db, &request.set).await?;
    Ok((db, plan))
}

/// The database as its owner reaches it. A file that is to become opsctl's own is made where it is missing.
fn database(cluster: &Cluster, request: &Request) -> Result<Db> {
    let target = cluster.database(Role::Owner)?;
    let missing = matches!(&target.address, Address::File(path) if !path.exists());
    let access = if missing && request.own { Access::Own } else { Access::Existing };
    // Whoever looks queues as everybody does, and no longer than a migration may.
    let guards = Guards { lock: request.options.patience.lock, ..Guards::default() };
    Ok(Db::new(target.clone(), access, request.clock).guarded(guards))
}

impl Planned<'_> {
    /// Whether there is something to run.
    pub(super) fn is_runnable(&self, request: &Request) -> bool {
        let drifted = self.item.outcome == Outcome::Drifted && !request.options.allow_drift;
        let is_stuck = |(_, plan): &(Db, Plan)| plan.stuck(request.options.to).is_some();
        !drifted && self.ready.as_ref().is_some_and(|ready| !is_stuck(ready))
    }

    /// Applies what is pending.
    pub(super) async fn run(&self, request: &Request, cancel: &Cancel) -> Item {
        let started = Instant::now();
        let mut item = self.item.clone();
        let Some((db, plan)) = &self.ready else { return item };
        let mut ran = Ran { applied: Vec::new(), notes: Vec::new(), error: None };
        if let Err(error) = self.work(db, plan, request, cancel, &mut ran).await {
            let error = match error.kind() {
                Kind::Locked => error,
                _ => schema::held(db, &[&request.set.table], error).await,
            };
            item.failed(&right(error, self.cluster), &request.source);
        } else {
            item.outcome = Outcome::Applied;
            (item.error, item.next) = (None, Vec::new());
        }
        item.applied = ran.applied.iter().map(|migration| migration.version).collect();
        if item.applied.is_empty() && item.outcome == Outcome::Applied {
            item.outcome = Outcome::Skipped; // another run was faster
        }
        item.notes = ran.notes;
        self.look_again(db, request, &mut item).await;
        item.took(started.elapsed());
        // A server that is silent hears no goodbye.
        let _ = tokio::time::timeout(GOODBYE, db.close()).await;
        item
    }

    async fn work<'s>(
        &self,
        db: &Db,
        plan: &Plan,
        request: &'s Request,
        cancel: &Cancel,
        ran: &mut Ran<'s>,
    ) -> Result<()> {
        cancel.check()?;
        let adopts = request.own && request.set.scope == Scope::Reference;
        if adopts {
            schema::adopt(db, &request.options.runner, cancel).await?;
        }
        schema::follow(db, &request.set, plan, &request.options, cancel, ran).await?;
        if request.set.scope == Scope::Reference && !ran.applied.is_empty() {
            ran.notes.extend(grants::assert(db, self.cluster, &request.set, request.clock).await?);
        }
        Ok(())
    }

    /// How far it is now; what cannot be asked any more stays as it was planned, without what was applied.
    async fn look_again(&self, db: &Db, request: &Request, item: &mut Item) {
        let (outcome, error, next) = (item.outcome, item.error.take(), std::mem::take(&mut item.next));
        let plan = match outcome {
            Outcome::Unreachable => None, // it was asked for long enough
            _ => schema::plan(db, &request.set).await.ok(),
        };
        match plan {
            Some(plan) => item.planned(&plan, request, Duration::ZERO),
            None => {
                let applied = &item.applied;
                item.pending.iter_mut().for_each(|all| all.retain(|version| !applied.contains(version)));
            }
        }
        (item.outcome, item.error, item.next) = (outcome, error, next);
    }
}

/// Says which role lacks a right, and how it gets a better one.
fn right(error: Error, cluster: &Cluster) -> Error {
    if error.fault() != Some(crate::db::Fault::Right) || cluster.has(Role::Owner) {
        return error;
    }
    error
        .because("`app` was used: the cluster has no credentials of its own for the role `owner`")
        .hint(format!("give it an owner: {}", cluster.give_owner()))
}

/// What there is to repair on one cluster.
#[derive(Debug)]
pub struct Repair<'c> {
    /// The cluster.
    pub cluster: &'c Cluster,
    /// The records to mend.
    pub mends: Vec<Mend>,
    db: Db,
}

/// Looks for records to mend; a version that a cluster does not need mended is an error only where none does.
///
/// # Errors
/// [`Kind::NotFound`] when there is nothing of what was asked for on any cluster; otherwise the first cluster's.
pub async fn repairs<'c>(
    clusters: &[&'c Cluster],
    request: &Request,
    asked: Asked,
) -> Result<Vec<Repair<'c>>> {
    let mut found = Vec::new();
    let mut missing = None;
    for cluster in clusters {
        let named = |error: Error| {
            let kind_is_missing = error.kind() == Kind::NotFound;
            let error = error.during(format!("cluster {} cannot be repaired", cluster.name));
            (kind_is_missing, error)
        };
        let db = database(cluster, request)?;
        match schema::mends(&db, &request.set, asked).await.map_err(named) {
            Ok(mends) if mends.is_empty() => {}
            Ok(mends) => found.push(Repair { cluster, mends, db }),
            Err((true, error)) => missing = missing.or(Some(error)),
            Err((false, error)) => return Err(error),
        }
    }
    match (found.is_empty(), missing) {
        (true, Some(error)) => Err(error),
        _ => Ok(found),
    }
}

/// Mends what [`repairs`] found on one cluster.
///
/// # Errors
/// As [`schema::mend`].
pub async fn repair(repair: &Repair<'_>, request: &Request, cancel: &Cancel) -> Result<()> {
    let result = schema::mend(&repair.db, &request.set, &repair.mends, &request.options, cancel).await;
    repair.db.close().await;
    result
}
