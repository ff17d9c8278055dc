//! One tenant: its steps in their order, each committed on the cluster first and marked in the central database then, so
//! that a run that was killed anywhere is finished by the next one.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use super::{
    Request,
    ledger::Ledger,
    place::Place,
    probe::Reached,
    report::{Item, Outcome, StepLine},
    roles::Roles,
    run::{BEAT, End, Halt, Run},
    seed::patiently,
    steps::{Done, Step},
};
use crate::{
    Error, Kind, Result,
    cancel::Cancel,
    crash::{self, Point},
    fleet::{Tenant, TenantStatus},
    tenants::RunStatus,
};

/// What the work on each tenant needs.
#[derive(Debug)]
pub struct Work<'a> {
    /// The central tables; a dry run only reads them.
    pub ledger: &'a Ledger<'a>,
    /// What is asked for.
    pub request: &'a Request,
    /// The roles that every tenant has.
    pub roles: &'a Roles,
    /// Clusters by name.
    pub clusters: &'a BTreeMap<&'a str, Reached<'a>>,
    /// Stops it.
    pub cancel: &'a Cancel,
    /// How far each tenant came, by its id: what is left of one that is dropped.
    pub begun: &'a RefCell<HashMap<String, Item>>,
}

impl<'a> Work<'a> {
    /// Provisions a tenant.
    pub async fn provision(&self, tenant: &'a Tenant) -> Item {
        let started = Instant::now();
        let mut item = self.record(tenant).await;
        item.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let (Some(key), Some(error)) = (item.log_key, item.failure()) {
            let (run, step) = (item.run.as_deref(), item.step.map(Step::name));
            tracing::error!(key, tenant = %item.tenant, cluster = %tenant.cluster, run, step, %error, "provisioning failed");
        }
        item
    }

    async fn record(&self, tenant: &'a Tenant) -> Item {
        let mut item = Item::new(tenant);
        let reached = match self.reached(tenant) {
            Ok(reached) => reached,
            Err(error) => return item.ended(Outcome::Refused, error),
        };
        if self.request.dry_run {
            return self.rehearse(tenant, reached, item).await;
        }
        let (scope, asker) = (&self.request.scope, &self.request.asker);
        let run = match self.ledger.begin(tenant, scope, asker, self.request.patience).await {
            Ok(run) => run,
            Err(error) => return not_begun(item, error, "the run could not be recorded"),
        };
        item.run = Some(run.id.clone());
        item.took_over.clone_from(&run.took_over);
        self.came_to(tenant, &item);
        crash::reach(Point::ProvisionBegun);
        let ended = self.steps(Some(&run), tenant, reached, &mut item).await;
        self.end(&run, tenant, item, ended).await
    }

    /// What a run would do; nothing is recorded.
    async fn rehearse(&self, tenant: &'a Tenant, reached: &Reached<'_>, mut item: Item) -> Item {
        let held = async {
            let now = self.ledger.central.now().await?;
            self.ledger.holder(tenant, &self.request.asker, self.request.patience, now).await
        };
        match held.await {
            Ok(holder) => item.took_over = holder,
            Err(error) => return not_begun(item, error, "its runs could not be read"),
        }
        match self.steps(None, tenant, reached, &mut item).await {
            Ok(()) => Item { outcome: Outcome::Succeeded, ..item },
            Err(Halt::Failed(error) | Halt::Overtaken(error)) => failed(item, error),
        }
    }

    /// Keeps how far a tenant came.
    fn came_to(&self, tenant: &Tenant, item: &Item) {
        self.begun.borrow_mut().insert(tenant.id.clone(), item.clone());
    }

    /// How far a tenant came that was dropped.
    pub fn left(&self, tenant: &Tenant) -> Item {
        self.begun.borrow().get(&tenant.id).cloned().unwrap_or_else(|| Item::new(tenant))
    }

    fn reached(&self, tenant: &Tenant) -> Result<&'a Reached<'a>> {
        if tenant.status == TenantStatus::Archived {
            return Err(Error::refused(format!("tenant `{}` is archived", tenant.slug)));
        }
        let Some(reached) = self.clusters.get(tenant.cluster.as_str()) else {
            return Err(Error::config(format!(
                "tenant `{}` lives on cluster `{}`, which is not registered",
                tenant.slug, tenant.cluster
            ))
            .hint("all clusters: `opsctl clusters list`"));
        };
        reached.refusal().map_or(Ok(reached), Err)
    }

    /// All steps, until one fails. Between two of them it is asked whether to go on.
    async fn steps(
        &self,
        run: Option<&Run<'_>>,
        tenant: &Tenant,
        reached: &Reached<'_>,
        item: &mut Item,
    ) -> Result<(), Halt> {
        // A dry run leaves nothing behind that could be looked at.
        let wanted = |step: &Step| self.request.scope.has(*step) && (run.is_some() || *step != Step::Verify);
        for step in Step::ALL.into_iter().filter(wanted) {
            self.cancel.check()?;
            item.step = Some(step);
            self.came_to(tenant, item);
            if let Some(run) = run {
                run.start(step).await?;
                crash::reach(Point::StepBegun);
            }
            let done = beating(run, self.perform(step, run, tenant, reached)).await?;
            if let Some(run) = run {
                crash::reach(Point::StepCommitted);
                run.mark(step, &done).await?;
                crash::reach(Point::StepMarked);
            }
            item.counts = item.counts.and(done.tally);
            item.warnings.extend(done.warnings);
            item.steps.push(StepLine { step, tally: done.tally, left_out: done.left_out });
        }
        Ok(())
    }

    async fn perform(
        &self,
        step: Step,
        run: Option<&Run<'_>>,
        tenant: &Tenant,
        reached: &Reached<'_>,
    ) -> Result<Done, Halt> {
        let place = async || {
            let known = reached.migrations(&self.request.scope).await?;
            Ok::<_, Error>(Place { db: reached.db()?, known, tenant })
        };
        match step {
            Step::Probe => Ok(reached.probe(&self.request.scope, true).await?),
            Step::Migrations => Ok(reached.migrations(&self.request.scope).await.map(|_| Done::default())?),
            Step::Roles => {
                let place = place().await?;
                patiently(async || self.seed_roles(&place, run).await).await
            }
            Step::Taxonomies => {
                let place = place().await?;
                patiently(async || self.seed_taxonomies(&place, run).await).await
            }
            Step::Owner => {
                let place = place().await?;
                patiently(async || self.seed_owner(&place, run).await).await
            }
            Step::Verify => Ok(self.verify(&place().await?).await?),
        }
    }

    /// Records how it ended.
    async fn end(&self, run: &Run<'_>, tenant: &Tenant, item: Item, ended: Result<(), Halt>) -> Item {
        crash::reach(Point::ProvisionEnd);
        let (item, failed_at) = match ended {
            Ok(()) => (Item { outcome: Outcome::Succeeded, ..item }, None),
            Err(Halt::Overtaken(error)) => return item.ended(Outcome::Overtaken, error),
            Err(Halt::Failed(error)) => {
                let item = failed(item, error);
                let at = item.step.filter(|_| item.outcome != Outcome::Cancelled);
                (item, at)
            }
        };
        let is_whole = item.outcome == Outcome::Succeeded && self.request.scope.text().is_none();
        let end = End {
            status: match item.outcome {
                Outcome::Succeeded => RunStatus::Succeeded,
                Outcome::Partial => RunStatus::Partial,
                Outcome::Cancelled => RunStatus::Cancelled,
                _ => RunStatus::Failed,
            },
            tally: item.counts,
            failed: failed_at,
            error: item.failure(),
            tenant: match item.outcome {
                Outcome::Succeeded if is_whole => TenantStatus::Active,
                Outcome::Succeeded | Outcome::Cancelled => before(tenant),
                _ => TenantStatus::ProvisioningFailed,
            },
            is_whole,
        };
        let recorded = run.finish(&end).await;
        crash::reach(Point::ProvisionEnded);
        match recorded {
            Ok(()) => item,
            Err(Halt::Overtaken(error)) => item.ended(Outcome::Overtaken, error),
            Err(Halt::Failed(error)) => {
                let error = error.during(format!("the end of run {} could not be recorded", run.id));
                item.ended(Outcome::Failed, error.hint("the run counts as live until it is taken over"))
            }
        }
    }

    /// Ends what is left of a run that was dropped: the operator asked twice, or the deadline passed.
    pub async fn abandon(&self, tenant: &'a Tenant, error: Error) -> Item {
        let item = self.left(tenant);
        let Some(id) = item.run.clone() else { return item.ended(Outcome::Cancelled, error) };
        let error = error.hint(go_on(&tenant.slug));
        let run = Run::begun(self.ledger, id, tenant);
        let end = End {
            status: RunStatus::Cancelled,
            tally: item.counts,
            failed: None,
            error: Some(&error),
            tenant: before(tenant),
            is_whole: false,
        };
        if let Err(Halt::Failed(error) | Halt::Overtaken(error)) = run.finish(&end).await {
            tracing::warn!(%error, run = run.id, "a run that was dropped could not be ended");
        }
        item.ended(Outcome::Cancelled, error)
    }
}

/// An item whose run was not begun: another one is at work, or the central database is in the way.
fn not_begun(item: Item, error: Error, doing: &str) -> Item {
    if error.kind() == Kind::Locked && error.fault().is_none() {
        return item.ended(Outcome::Locked, error);
    }
    item.ended(Outcome::Failed, error.during(doing))
}

/// The tenant's status as it was; one that a killed run left is told as it is.
fn before(tenant: &Tenant) -> TenantStatus {
    match tenant.status {
        TenantStatus::Provisioning => TenantStatus::ProvisioningFailed,
        status => status,
    }
}

/// What to type after a stop.
fn go_on(slug: &str) -> String {
    format!("go on with `opsctl tenant provision {slug}`: what is done is not done twice")
}

/// An item whose step failed, or that was stopped before its next step.
fn failed(item: Item, error: Error) -> Item {
    if matches!(error.kind(), Kind::Interrupted | Kind::Deadline) {
        let hint = go_on(&item.tenant);
        return item.ended(Outcome::Cancelled, error.hint(hint));
    }
    let has_committed = item.steps.iter().any(|line| line.step.writes() && line.left_out.is_none());
    let outcome = if has_committed { Outcome::Partial } else { Outcome::Failed };
    let log_key = item.step.map(Step::log_key);
    Item { log_key, ..item }.ended(outcome, error)
}

/// Does the work and says meanwhile that it is at work. Who was overtaken drops it, and the server rolls back.
async fn beating<T>(run: Option<&Run<'_>>, work: impl Future<Output = Result<T, Halt>>) -> Result<T, Halt> {
    let Some(run) = run else { return work.await };
    let beats = async {
        loop {
            tokio::time::sleep(BEAT).await;
            match run.beat().await {
                Ok(()) => {}
                Err(Halt::Failed(error)) => tracing::warn!(%error, run = run.id, "a heartbeat was lost"),
                Err(overtaken) => return overtaken,
            }
        }
    };
    tokio::select! {
        biased;
        result = work => result,
        halt = beats => Err(halt),
    }
}
