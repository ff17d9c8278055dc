//! The steps that write, and the last look at what they wrote. Each is one transaction on the cluster.

use std::time::Duration;

use super::{
    owner,
    place::Place,
    roles,
    run::{Halt, Run},
    steps::{Done, Step, Tally},
    taxonomies,
    work::Work,
};
use crate::{
    Error, Result,
    crash::{self, Point},
    db::{Begin, Fault, Session},
    fleet::Tenant,
    tenants::create::correction,
};

/// Tries of a step whose rows others change at the same time.
const TRIES: u32 = 4;
/// Why there is nothing to do with an empty master.
const NO_MASTER: &str = "the master has no taxonomies";
/// Time before the next of them, times the number of tries.
const PAUSE: Duration = Duration::from_millis(50);

impl Work<'_> {
    /// Roles and what they permit.
    pub(super) async fn seed_roles(&self, place: &Place<'_>, run: Option<&Run<'_>>) -> Result<Done, Halt> {
        let mut session = begin(place, run).await?;
        let plan = roles::look(place, &mut session, self.roles).await?;
        if run.is_some() {
            roles::apply(place, &mut session, &plan).await?;
        }
        end(place, session, run).await?;
        Ok(roles::done(self.roles, &plan))
    }

    /// Master taxonomies.
    pub(super) async fn seed_taxonomies(
        &self,
        place: &Place<'_>,
        run: Option<&Run<'_>>,
    ) -> Result<Done, Halt> {
        let masters = &self.request.masters;
        if masters.rows.is_empty() {
            // An empty master says nothing of what tenants have.
            return Ok(Done::left_out(NO_MASTER));
        }
        let mut session = begin(place, run).await?;
        let plan = taxonomies::look(place, &mut session, masters).await?;
        if run.is_some() {
            taxonomies::apply(place, &mut session, &plan).await?;
        }
        end(place, session, run).await?;
        Ok(taxonomies::done(masters, &plan))
    }

    /// The owner's membership.
    pub(super) async fn seed_owner(&self, place: &Place<'_>, run: Option<&Run<'_>>) -> Result<Done, Halt> {
        let Some(user) = &place.tenant.owner_user_id else { return Ok(Done::left_out(owner::NOBODY)) };
        owner::fits(place, user).map_err(|error| self.correctable(error, place.tenant))?;
        let mut session = begin(place, run).await?;
        let membership = owner::look(place, &mut session, user).await?;
        if run.is_some() && membership == owner::Membership::Missing {
            owner::apply(place, &mut session, user).await?;
        }
        end(place, session, run).await?;
        Ok(owner::done(user, &membership))
    }

    /// Says how an owner's id is set right, where opsctl registers the tenants.
    fn correctable(&self, error: Error, tenant: &Tenant) -> Error {
        match correction(tenant).filter(|_| self.ledger.tenants.is_some()) {
            Some(line) => error.hint(format!("register another one: `{line}`")),
            None => error,
        }
    }

    /// Reads everything again: what was committed is there.
    pub(super) async fn verify(&self, place: &Place<'_>) -> Result<Done> {
        let mut session = place.begin(Begin::Read).await?;
        let mut left = Vec::new();
        let mut tell = |what: &str, tally: Tally| {
            let open = tally.created + tally.updated;
            if open > 0 {
                left.push(format!("{open} {what} are not as they were written"));
            }
        };
        if self.request.scope.has(Step::Roles) {
            tell("roles", roles::look(place, &mut session, self.roles).await?.tally());
        }
        if self.request.scope.has(Step::Taxonomies) && !self.request.masters.rows.is_empty() {
            tell("taxonomies", taxonomies::look(place, &mut session, &self.request.masters).await?.tally());
        }
        if self.request.scope.has(Step::Owner)
            && let Some(user) = &place.tenant.owner_user_id
        {
            tell("owners", owner::done(user, &owner::look(place, &mut session, user).await?).tally);
        }
        place.rollback(session).await?;
        if left.is_empty() {
            return Ok(Done::default());
        }
        Err(Error::failed(format!("tenant `{}` is not as it was provisioned", place.tenant.slug))
            .because(left.join(", "))
            .hint("something else writes to these tables, or they do not keep what they are given"))
    }
}

/// A dry run reads, and therefore takes no locks.
async fn begin<'s>(place: &Place<'s>, run: Option<&Run<'_>>) -> Result<Session<'s>> {
    place.begin(if run.is_some() { Begin::Write } else { Begin::Read }).await
}

/// Commits what a run wrote, if the run still is this process's.
async fn end(place: &Place<'_>, session: Session<'_>, run: Option<&Run<'_>>) -> Result<(), Halt> {
    let Some(run) = run else { return Ok(place.rollback(session).await?) };
    crash::reach(Point::StepCommit);
    run.prove().await?;
    Ok(place.commit(session).await?)
}

/// Does a step again whose rows were locked or changed by others.
pub(super) async fn patiently(work: impl AsyncFn() -> Result<Done, Halt>) -> Result<Done, Halt> {
    let mut tried = 1;
    loop {
        match work().await {
            Err(Halt::Failed(error)) if error.fault() == Some(Fault::Transient) && tried < TRIES => {
                tracing::info!(%error, tried, "a step is tried again");
                tokio::time::sleep(PAUSE * tried).await;
                tried += 1;
            }
            ended => return ended,
        }
    }
}
