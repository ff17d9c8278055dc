//! The run over all clusters: canaries first, then the others, each as soon as there is a place for it.

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, Instant},
};

use super::{
    Canary, Item, Outcome, Report, Request,
    one::{Planned, findings, plan_all},
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    fleet::{Cluster, Done, each},
    schema::{Finding, Lint},
};

/// Why no further cluster is begun, and how many have failed.
struct Brake<'r> {
    request: &'r Request,
    of: usize,
    failed: RefCell<usize>,
    reason: RefCell<Option<Why>>,
}

/// Why no further cluster is begun.
enum Why {
    /// More have failed than may.
    Budget,
    /// A canary, a request to stop, the deadline.
    Told(Error),
}

impl Brake<'_> {
    /// Counts an outcome; the budget may be used up with it.
    fn count(&self, item: &Item) {
        if !item.outcome.is_failure() || item.outcome == Outcome::Interrupted {
            return;
        }
        *self.failed.borrow_mut() += 1;
        if self.request.budget.is_exceeded(*self.failed.borrow(), self.of) {
            self.reason.borrow_mut().get_or_insert(Why::Budget);
        }
    }

    /// The first reason counts, but for somebody who interrupts: that is told before all others.
    fn pull(&self, reason: Error) {
        let mut known = self.reason.borrow_mut();
        if reason.kind() == Kind::Interrupted {
            *known = Some(Why::Told(reason));
        } else {
            known.get_or_insert(Why::Told(reason));
        }
    }

    /// Why the run was ended early, with all that failed until its end.
    fn stopped(self) -> Option<Error> {
        let failed = self.failed.into_inner();
        let clusters = if failed == 1 { "cluster has" } else { "clusters have" };
        match self.reason.into_inner()? {
            Why::Told(error) => Some(error),
            Why::Budget => Some(
                Error::failed(format!("no further cluster is begun: {failed} {clusters} failed"))
                    .hint("mend these; a run after that begins where this one ended"),
            ),
        }
    }

    fn is_pulled(&self) -> bool {
        self.reason.borrow().is_some()
    }
}

/// Migrates the clusters; `told` hears of each when it is done.
///
/// # Errors
/// A canary that is none of the clusters; [`crate::Kind::Refused`] for dangerous statements where they are denied. What
/// fails on a cluster is in its item.
pub async fn migrate(
    clusters: &[&Cluster],
    request: &Request,
    cancel: &Cancel,
    planned: impl FnOnce(&[Planned<'_>], &[Finding]),
    mut told: impl FnMut(&Item),
) -> Result<Report> {
    let mut plans = plan_all(clusters, request, cancel, |_| ()).await;
    let findings = findings(&plans, request);
    planned(&plans, &findings);
    if request.lint == Lint::Deny && !findings.is_empty() {
        return Err(denied(&findings));
    }
    let brake = Brake { request, of: plans.len(), failed: RefCell::new(0), reason: RefCell::default() };
    plans.iter().filter(|plan| !plan.is_runnable(request)).for_each(|plan| brake.count(&plan.item));
    if let Err(error) = cancel.check() {
        brake.pull(error);
    }
    let first = canaries(&plans, request)?;
    wave(&mut plans, &first, &brake, cancel, &mut told).await;
    if let Some(item) = first.iter().map(|at| &plans[*at].item).find(|item| item.outcome.is_failure()) {
        brake.pull(
            Error::failed(format!("the canary {} did not succeed: no other cluster is begun", item.cluster))
                .hint("mend it there first, where it harms nobody else"),
        );
    }
    let rest: Vec<usize> =
        (0..plans.len()).filter(|at| !first.contains(at) && plans[*at].is_runnable(request)).collect();
    wave(&mut plans, &rest, &brake, cancel, &mut told).await;
    let items = plans.into_iter().map(|plan| plan.item).collect();
    Ok(Report { items, findings, stopped: brake.stopped(), looked: false })
}

fn denied(findings: &[Finding]) -> Error {
    let places =
        findings.iter().map(|finding| format!("{} line {}: {}", finding.file, finding.line, finding.rule));
    let error =
        Error::refused(format!("{} dangerous statements are pending: nothing was run", findings.len()));
    places
        .fold(error, Error::because)
        .hint("write them otherwise, or waive one in its file: `-- opsctl:allow RULE why`")
}

/// Places of the clusters that go first. A named one that has nothing to do proves that the way is free.
fn canaries(plans: &[Planned<'_>], request: &Request) -> Result<Vec<usize>> {
    let runnable = (0..plans.len()).filter(|at| plans[*at].is_runnable(request));
    match &request.canary {
        None => Ok(Vec::new()),
        Some(Canary::Count(count)) => Ok(runnable.take(*count).collect()),
        Some(Canary::Named(name)) => {
            let at = plans.iter().position(|plan| plan.item.cluster == *name).ok_or_else(|| {
                Error::usage(format!("the canary `{name}` is none of the clusters that are to be migrated"))
            })?;
            Ok(vec![at])
        }
    }
}

/// Runs some of the clusters at once.
async fn wave(
    plans: &mut [Planned<'_>],
    places: &[usize],
    brake: &Brake<'_>,
    cancel: &Cancel,
    told: &mut impl FnMut(&Item),
) {
    let chosen: Vec<&Planned<'_>> = places.iter().map(|at| &plans[*at]).collect();
    let host = |plan: &&Planned<'_>| -> String { plan.cluster.host.clone() };
    let hosts: Vec<String> = chosen.iter().map(host).collect();
    let targets: Vec<(&Planned<'_>, &str)> =
        chosen.into_iter().zip(hosts.iter().map(String::as_str)).collect();
    let begun: RefCell<HashMap<String, Instant>> = RefCell::default();
    // The deadline ends the beginning of more; a statement that has its locks is not cut.
    let patient = cancel.without_deadline();
    let work = async |(plan, _): &(&Planned<'_>, &str)| {
        if brake.is_pulled() || !plan.is_runnable(brake.request) {
            return (false, plan.item.clone());
        }
        if let Err(error) = cancel.check() {
            brake.pull(error);
            return (false, plan.item.clone());
        }
        begun.borrow_mut().insert(plan.item.cluster.clone(), Instant::now());
        let item = plan.run(brake.request, cancel).await;
        if item.outcome == Outcome::Interrupted
            && let Err(error) = cancel.check()
        {
            brake.pull(error);
        }
        brake.count(&item);
        (true, item)
    };
    let outcomes = each(
        &targets,
        brake.request.bounds,
        &patient,
        |(_, host)| host,
        work,
        |_, done| {
            if let Done::Finished((true, item)) = done {
                told(item);
            }
        },
    )
    .await;
    let items: Vec<Item> = targets
        .iter()
        .zip(outcomes)
        .map(|((plan, _), done)| {
            let took = begun.borrow().get(&plan.item.cluster).map_or(Duration::ZERO, Instant::elapsed);
            ended(plan, done, took, brake)
        })
        .collect();
    for (at, item) in places.iter().zip(items) {
        plans[*at].item = item;
    }
}

fn ended(plan: &Planned<'_>, done: Done<(bool, Item)>, took: Duration, brake: &Brake<'_>) -> Item {
    let mut item = plan.item.clone();
    match done {
        Done::Finished((true, item)) => return item,
        Done::Finished((false, _)) if !plan.is_runnable(brake.request) => {}
        Done::Finished((false, _)) => not_begun(&mut item),
        Done::Dropped(error) => {
            item.failed(&error, &brake.request.source);
            item.outcome = Outcome::Interrupted;
            item.took(took);
            brake.pull(error);
        }
        Done::NotBegun(error) => {
            not_begun(&mut item);
            brake.pull(error);
        }
    }
    item
}

/// What is to be typed next is told of all, where the run ended.
fn not_begun(item: &mut Item) {
    item.outcome = Outcome::NotBegun;
    item.next.clear();
}
