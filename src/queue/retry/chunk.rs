//! One chunk of failed jobs, pushed and forgotten together: a transaction on the database of the failed jobs, within
//! which the jobs go to their queue.
//!
//! Where the queue is a table of the same database, a kill rolls both back. Where it is on Redis, jobs are pushed before
//! the transaction ends, each once by its token: after a kill the next run finds the tokens, forgets the failed jobs,
//! and pushes nothing again.
//!
//! Rows are claimed before anything is pushed, by one of two ways: see [`Claim`].

mod claim;
mod commit;
mod plan;
pub(super) mod push;

use std::{borrow::Cow, collections::HashSet};

use self::{
    claim::{Claim, Staying},
    push::{Pushes, Receipts},
};
use super::{
    Outcome, RetryRequest, UniqueLocks,
    candidates::Candidate,
    destinations::Destinations,
    judge::{Job, Rules},
    lineage,
};
use crate::{
    Error, Result,
    cancel::{Cancel, Shield},
    crash::{self, Point},
    db::{Query, Session, Table},
    error::Fault,
    laravel::failed::{FailedJob, FailedJobs},
};

/// Works chunks off.
pub(super) struct Worker<'a, 'd> {
    pub failed: &'a FailedJobs<'a>,
    pub table: &'a Table,
    pub lineage: Option<&'a Table>,
    pub destinations: &'a Destinations<'d>,
    pub locks: &'a Result<UniqueLocks<'d>, String>,
    pub rules: Rules,
    pub request: &'a RetryRequest,
    pub cancel: &'a Cancel,
}

/// A failed job on its way.
#[derive(Debug)]
pub(super) struct Planned<'c> {
    /// Its place in the chunk.
    pub at: usize,
    pub failed: &'c FailedJob,
    pub class: Option<&'c str>,
    pub job: &'c Job,
    /// What it is known by on Redis until it is settled; empty where no one asks for it.
    pub token: String,
    /// Whether Redis knows it by that.
    pub is_known: bool,
    /// Why it is not pushed: it is in its queue.
    pub present: Option<&'static str>,
}

/// What became of a failed job.
#[derive(Debug)]
pub(super) struct Told {
    /// Its place in the chunk.
    pub at: usize,
    pub outcome: Outcome,
    pub reason: Cow<'static, str>,
}

/// What a chunk came to.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub told: Vec<Told>,
    /// What Redis is still asked for when more was done.
    pub receipts: Receipts,
    /// What is durable must be told: it is not cut off while this lives.
    pub _shield: Option<Shield>,
}

/// A chunk before its COMMIT.
struct Worked<'c, 's> {
    planned: Vec<Planned<'c>>,
    told: Vec<Told>,
    pushes: Pushes<'s>,
}

impl<'a> Worker<'a, '_> {
    /// Retries these failed jobs. `mine` are the rows that earlier tries of this chunk may have pushed.
    ///
    /// # Errors
    /// What the database or Redis says; no failed job is forgotten then.
    pub(super) async fn run(&self, chunk: &[Candidate], mine: &mut HashSet<i64>) -> Result<Done> {
        if self.request.dry_run {
            return self.pretend(chunk).await;
        }
        if Claim::of(self.table.engine()) == Claim::Delete {
            match self.attempt(Claim::Delete, chunk, mine).await {
                Ok(Some(done)) => return Ok(done),
                Err(error) if error.fault() != Some(Fault::Transient) => return Err(error),
                gave_up => tracing::debug!(?gave_up, "somebody else is at these rows, or holds their locks"),
            }
        }
        self.attempt(Claim::Lock, chunk, mine).await.map(Option::unwrap_or_default)
    }

    /// Tells what a run would do.
    async fn pretend(&self, chunk: &[Candidate]) -> Result<Done> {
        let (mut planned, mut told) = self.plan(chunk, &HashSet::new()).await?;
        let mut session = self.failed.db.session().await?;
        let refused = self.take_locks(&mut session, &planned).await?;
        leave(&mut planned, refused, &mut told);
        Ok(done(&planned, told))
    }

    /// A transaction from its beginning to its end; `None` when its claim gave up, and all is as it was.
    async fn attempt(
        &self,
        claim: Claim,
        chunk: &[Candidate],
        mine: &mut HashSet<i64>,
    ) -> Result<Option<Done>> {
        let (planned, told) = self.plan(chunk, mine).await?;
        if planned.is_empty() {
            return Ok(Some(done(&planned, told)));
        }
        let mut session = self.failed.db.session().await?;
        session.begin(claim.begin()).await?;
        let worked = self.work(&mut session, claim, planned, told, mine).await;
        let Worked { planned, told, pushes } = match worked {
            Ok(Some(worked)) => worked,
            gave_up_or_failed => {
                // A connection that cannot even roll back is closed, and the server does it.
                let _ = session.undo().await;
                return gave_up_or_failed.map(|_| None);
            }
        };
        // From the COMMIT to the report nothing may be cut off: what is durable must be told.
        let shield = self.cancel.shield();
        let receipts = self.commit(session, pushes, &planned).await?;
        crash::reach(Point::RetryCommitted);
        self.settle_present(&planned).await;
        crash::reach(Point::RetrySettled);
        Ok(Some(Done { receipts, _shield: Some(shield), ..done(&planned, told) }))
    }

    /// All of a chunk's work but the COMMIT; `None` when the claim gives up.
    async fn work<'c>(
        &self,
        session: &mut Session<'_>,
        claim: Claim,
        mut planned: Vec<Planned<'c>>,
        mut told: Vec<Told>,
        mine: &mut HashSet<i64>,
    ) -> Result<Option<Worked<'c, 'a>>> {
        let is_ours = match claim {
            Claim::Delete => self.delete(session, &planned).await?,
            Claim::Lock => {
                let gone = self.lock(session, &planned).await?;
                leave(&mut planned, gone, &mut told);
                true
            }
        };
        crash::reach(Point::RetryLocked);
        if !is_ours {
            return Ok(None);
        }
        let refused = self.take_locks(session, &planned).await?;
        if claim == Claim::Delete && !refused.is_empty() {
            return Ok(None);
        }
        leave(&mut planned, refused, &mut told);
        crash::reach(Point::RetryUnique);
        let pushes = self.push(session, claim, &planned, mine).await?;
        crash::reach(Point::RetryPushed);
        self.keep_lineage(session, &planned).await?;
        if claim == Claim::Lock {
            expect(self.forget(session, &planned).await?, planned.len(), "failed jobs were deleted")?;
        }
        crash::reach(Point::RetryDeleted);
        self.prove(&pushes).await?;
        Ok(Some(Worked { planned, told, pushes }))
    }

    /// Keeps who retried what.
    async fn keep_lineage(&self, session: &mut Session<'_>, planned: &[Planned<'_>]) -> Result<()> {
        let Some(table) = self.lineage else { return Ok(()) };
        let pushed: Vec<&Planned<'_>> = planned.iter().filter(|job| job.present.is_none()).collect();
        lineage::write(session, table, &pushed, self.rules.now, &self.request.run).await
    }

    /// Deletes failed jobs; gives how many of them were still there.
    async fn forget(&self, session: &mut Session<'_>, planned: &[Planned<'_>]) -> Result<u64> {
        if planned.is_empty() {
            return Ok(0);
        }
        let ids = self.table.one_of_numbers("id", planned.iter().map(|job| job.failed.row));
        let sql = format!("DELETE FROM {} WHERE {}", self.table.name, ids.sql);
        session.execute(Query::new(sql).bind_all(ids.values)).await
    }
}

/// Takes some jobs out of the plan, by their places in the chunk, and tells why.
fn leave(planned: &mut Vec<Planned<'_>>, mut why: Staying, told: &mut Vec<Told>) {
    if why.is_empty() {
        return;
    }
    planned.retain(|job| match why.remove(&job.at) {
        Some((outcome, reason)) => {
            told.push(Told { at: job.at, outcome, reason });
            false
        }
        None => true,
    });
}

fn done(planned: &[Planned<'_>], mut told: Vec<Told>) -> Done {
    told.extend(planned.iter().map(|job| Told {
        at: job.at,
        outcome: if job.present.is_some() { Outcome::Present } else { Outcome::Retried },
        reason: job.present.unwrap_or_default().into(),
    }));
    Done { told, ..Done::default() }
}

/// The affected-row count decides: rows were locked, so all of them must match.
fn expect(matched: u64, wanted: usize, what: &str) -> Result<()> {
    if matched == wanted as u64 {
        return Ok(());
    }
    Err(Error::failed(format!("{matched} of {wanted} {what}"))
        .because("something changed them under their lock: a trigger, or an engine that ignores row locks")
        .with_fault(Fault::Other))
}
