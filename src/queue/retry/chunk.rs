//! One chunk of failed jobs, pushed and forgotten together: a transaction on the database of the failed jobs, within
//! which the jobs go to their queue.
//!
//! Where the queue is a table of the same database, a kill rolls both back. Where it is on Redis, jobs are pushed before
//! the transaction ends, each once by its token: after a kill the next run finds the tokens, forgets the failed jobs,
//! and pushes nothing again.

mod commit;
mod push;

use std::collections::{HashMap, HashSet};

use super::{
    Item, Outcome, RetryRequest, UniqueLocks,
    candidates::Candidate,
    destinations::{Destinations, Name, form},
    judge::{Job, Rules, Verdict},
    lineage, unique,
};
use crate::{
    Error, Result,
    cancel::Cancel,
    crash::{self, Point},
    db::{Begin, Engine, Query, Session, Table},
    error::Fault,
    laravel::{
        failed::{FailedJob, FailedJobs},
        queue::Queues,
    },
};

/// Bytes of the largest payload that is fetched.
const LARGEST: i64 = 64 << 20;
/// Why a failed job was passed over that somebody else works on.
const TAKEN: &str = "another run has it, or it is gone";

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
pub(super) struct Planned {
    pub failed: FailedJob,
    pub class: Option<String>,
    pub job: Job,
    /// What it is known by on Redis until it is settled.
    pub token: String,
    /// Why it is not pushed: it is in its queue.
    pub present: Option<&'static str>,
}

impl Planned {
    fn name(&self) -> Name {
        (self.failed.connection.clone(), self.failed.queue.clone())
    }
}

/// What a chunk came to.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub items: Vec<Item>,
    /// What lies in which queue now.
    pub pushed: Vec<(Name, String)>,
}

impl Worker<'_, '_> {
    /// Retries these failed jobs. `mine` are the rows that earlier tries of this chunk may have pushed.
    ///
    /// # Errors
    /// What the database or Redis says; no failed job is forgotten then.
    pub(super) async fn run(&self, chunk: &[Candidate], mine: &mut HashSet<i64>) -> Result<Done> {
        let mut session = self.failed.db.session().await?;
        if self.request.dry_run {
            let (planned, left) = self.plan(&mut session, chunk, mine).await?;
            return Ok(self.done(planned, left));
        }
        session.begin(Begin::Write).await?;
        let worked = self.work(&mut session, chunk, mine).await;
        let (planned, left, others) = match worked {
            Ok(worked) => worked,
            Err(error) => {
                // A connection that cannot even roll back is closed, and the server does it.
                let _ = session.undo().await;
                return Err(error);
            }
        };
        // From the COMMIT to the report nothing may be cut off: what is durable must be told.
        let _shield = self.cancel.shield();
        self.commit(session, others, &planned).await?;
        crash::reach(Point::RetryCommitted);
        self.settle(&planned).await;
        crash::reach(Point::RetrySettled);
        Ok(self.done(planned, left))
    }

    /// All of a chunk's work but the COMMIT; gives the open transactions of other databases with it.
    async fn work(
        &self,
        session: &mut Session<'_>,
        chunk: &[Candidate],
        mine: &mut HashSet<i64>,
    ) -> Result<(Vec<Planned>, Vec<Item>, Vec<Session<'_>>)> {
        let (planned, left) = self.plan(session, chunk, mine).await?;
        let others = self.push(session, &planned, mine).await?;
        crash::reach(Point::RetryPushed);
        self.forget(session, &planned).await?;
        crash::reach(Point::RetryDeleted);
        self.prove(&planned).await?;
        Ok((planned, left, others))
    }

    /// What is to become of each: those that leave, and those that stay with why.
    async fn plan(
        &self,
        session: &mut Session<'_>,
        chunk: &[Candidate],
        mine: &HashSet<i64>,
    ) -> Result<(Vec<Planned>, Vec<Item>)> {
        let (small, large): (Vec<&Candidate>, Vec<&Candidate>) =
            chunk.iter().partition(|candidate| candidate.bytes <= LARGEST);
        let mut left: Vec<Item> = large.into_iter().map(|candidate| self.too_large(candidate)).collect();
        let rows = self.lock(session, &small).await?;
        crash::reach(Point::RetryLocked);
        let found: HashSet<i64> = rows.iter().map(|row| row.row).collect();
        let gone = small.into_iter().filter(|candidate| !found.contains(&candidate.row));
        left.extend(gone.map(|candidate| self.passed(candidate, Outcome::Skipped, TAKEN)));
        let mut planned = Vec::with_capacity(rows.len());
        for failed in rows {
            self.judge(failed, &mut planned, &mut left);
        }
        let known = self.known(&planned).await?;
        self.mark_present(&mut planned, &known, mine);
        self.take_locks(session, &mut planned, &mut left, &known).await?;
        crash::reach(Point::RetryUnique);
        Ok((planned, left))
    }

    /// Locks the failed jobs that are still there, and reads them; what somebody else has locked is passed over.
    async fn lock(&self, session: &mut Session<'_>, chunk: &[&Candidate]) -> Result<Vec<FailedJob>> {
        let table = self.table;
        let lock = match table.engine() {
            Engine::Sqlite => "",
            _ if self.request.dry_run => "",
            _ if self.failed.db.facts().await?.skip_locked => " FOR UPDATE SKIP LOCKED",
            _ => " FOR UPDATE",
        };
        // The trace of an exception may be longer than all the rest: it is only read where it is needed.
        let needed = self.lineage.is_some() || self.request.filter.exception.is_some();
        let columns =
            if needed { FailedJobs::columns(table) } else { FailedJobs::columns_without_exception(table) };
        let ids = table.one_of_numbers("id", chunk.iter().map(|candidate| candidate.row));
        let sql = format!(
            "SELECT {columns} FROM {}{} WHERE {} ORDER BY id{lock}",
            table.name,
            table.through(&["id"]),
            ids.sql
        );
        let rows = session.fetch(Query::new(sql).bind_all(ids.values)).await?;
        rows.into_iter().map(|row| FailedJob::read(row, self.failed.zone)).collect()
    }

    fn judge(&self, mut failed: FailedJob, planned: &mut Vec<Planned>, left: &mut Vec<Item>) {
        let place = self.destinations.place(&failed.connection);
        let form = place.as_ref().map(|place| form(place));
        let judged = match &form {
            Ok(form) => self.rules.judge(&failed.payload, *form),
            Err(_) => self.rules.judge(&failed.payload, super::judge::Form::Table),
        };
        if !self.request.filter.takes_class(judged.class.as_deref()) {
            return;
        }
        match (form, judged.verdict) {
            (Ok(_), Verdict::Push(job)) => {
                if job.edited.is_some() {
                    failed.payload = Vec::new(); // its bytes are not needed twice
                }
                let token = token(&failed, &job);
                planned.push(Planned { failed, class: judged.class, job, token, present: None });
            }
            (Err(why), Verdict::Push(_)) => {
                left.push(self.left(&failed, judged.class, Outcome::Failed, why.clone()));
            }
            (_, Verdict::Leave(outcome, why)) => left.push(self.left(&failed, judged.class, outcome, why)),
        }
    }

    /// The rows that Redis knows to have been pushed, and nobody settled.
    async fn known(&self, planned: &[Planned]) -> Result<HashSet<i64>> {
        let mut known = HashSet::new();
        for (name, group) in by_queue(planned.iter()) {
            let Ok(place) = self.destinations.place(&name.0) else { continue };
            if let Queues::Redis(redis) = place.queues() {
                let tokens: Vec<&str> = group.iter().map(|planned| planned.token.as_str()).collect();
                let answers = redis.known_each(&name.1, &tokens).await?;
                known.extend(
                    group.iter().zip(answers).filter(|(_, is)| *is).map(|(planned, _)| planned.failed.row),
                );
            }
        }
        Ok(known)
    }

    /// Finds those that are in their queue, or were until a worker took them.
    fn mark_present(&self, planned: &mut [Planned], known: &HashSet<i64>, mine: &HashSet<i64>) {
        let mut met = HashSet::new();
        for job in planned {
            job.present = if mine.contains(&job.failed.row) && known.contains(&job.failed.row) {
                None
            } else if self.destinations.holds(&job.name(), &job.job.uuid) {
                Some("it was in its queue already")
            } else if known.contains(&job.failed.row) {
                Some("an earlier run pushed it, and was cut off")
            } else if met.contains(&(job.name(), job.job.uuid.clone())) {
                Some("another failed job has its uuid")
            } else {
                None
            };
            met.insert((job.name(), job.job.uuid.clone()));
        }
    }

    /// Takes the locks of unique jobs; those whose lock somebody holds stay.
    async fn take_locks(
        &self,
        session: &mut Session<'_>,
        planned: &mut Vec<Planned>,
        left: &mut Vec<Item>,
        known: &HashSet<i64>,
    ) -> Result<()> {
        let wants = |job: &Planned| {
            job.job.unique.is_some() && job.present.is_none() && !known.contains(&job.failed.row)
        };
        if !planned.iter().any(wants) {
            return Ok(());
        }
        let mut stay: HashMap<usize, (Outcome, String)> = HashMap::new();
        let wanting: Vec<(usize, &Planned)> =
            planned.iter().enumerate().filter(|(_, job)| wants(job)).collect();
        match self.locks {
            Ok(unique) => {
                let far = |(at, job): &(usize, &Planned)| Some((*at, unique::elsewhere(job, unique)?));
                stay.extend(wanting.iter().filter_map(far).map(|(at, why)| (at, (Outcome::Failed, why))));
                let near: Vec<_> = wanting.into_iter().filter(|(at, _)| !stay.contains_key(at)).collect();
                for at in unique::take(session, &unique.locks, &near, self.request).await? {
                    let why = "a job of this kind waits already: its unique lock is held";
                    stay.insert(at, (Outcome::Skipped, why.to_owned()));
                }
            }
            Err(why) => {
                let why = format!("its unique lock cannot be taken: {why}");
                stay.extend(wanting.into_iter().map(|(at, _)| (at, (Outcome::Failed, why.clone()))));
            }
        }
        for (at, job) in std::mem::take(planned).into_iter().enumerate() {
            match stay.remove(&at) {
                Some((outcome, why)) => left.push(self.left(&job.failed, job.class, outcome, why)),
                None => planned.push(job),
            }
        }
        Ok(())
    }

    /// Deletes the failed jobs, and keeps who retried them.
    async fn forget(&self, session: &mut Session<'_>, planned: &[Planned]) -> Result<()> {
        if planned.is_empty() {
            return Ok(());
        }
        if let Some(table) = self.lineage {
            let pushed: Vec<&Planned> = planned.iter().filter(|job| job.present.is_none()).collect();
            lineage::write(session, table, &pushed, self.rules.now, &self.request.run).await?;
        }
        let ids = self.table.one_of_numbers("id", planned.iter().map(|job| job.failed.row));
        let sql = format!("DELETE FROM {} WHERE {}", self.table.name, ids.sql);
        let deleted = session.execute(Query::new(sql).bind_all(ids.values)).await?;
        expect(deleted, planned.len(), "failed jobs were deleted")
    }

    fn done(&self, planned: Vec<Planned>, left: Vec<Item>) -> Done {
        let mut done = Done { items: left, pushed: Vec::with_capacity(planned.len()) };
        for job in planned {
            done.pushed.push((job.name(), job.job.uuid.clone()));
            let outcome = if job.present.is_some() { Outcome::Present } else { Outcome::Retried };
            let why = job.present.unwrap_or_default().to_owned();
            done.items.push(self.left(&job.failed, job.class, outcome, why));
        }
        done
    }

    fn left(&self, failed: &FailedJob, class: Option<String>, outcome: Outcome, reason: String) -> Item {
        Item {
            id: failed.id(self.failed.named_by_uuid),
            class,
            connection: failed.connection.clone(),
            queue: failed.queue.clone(),
            outcome,
            reason,
        }
    }

    /// A failed job that was not read.
    pub(super) fn passed(&self, candidate: &Candidate, outcome: Outcome, reason: &str) -> Item {
        Item {
            id: candidate.id(self.failed.named_by_uuid),
            class: None,
            connection: candidate.connection.clone(),
            queue: candidate.queue.clone(),
            outcome,
            reason: reason.to_owned(),
        }
    }

    fn too_large(&self, candidate: &Candidate) -> Item {
        self.passed(candidate, Outcome::Unreadable, "the payload is too large or too deep")
    }
}

/// What tells this failure of a job from all others, of this application and of those that share its Redis.
fn token(failed: &FailedJob, job: &Job) -> String {
    let at = failed.failed_at.map(|at| at.timestamp()).unwrap_or_default();
    format!("{}:{}:{at}", failed.row, job.uuid)
}

/// Jobs by connection and queue, in their order.
fn by_queue<'p>(jobs: impl Iterator<Item = &'p Planned>) -> Vec<(Name, Vec<&'p Planned>)> {
    let mut groups: Vec<(Name, Vec<&Planned>)> = Vec::new();
    for job in jobs {
        let known = groups.iter_mut().find(|((connection, queue), _)| {
            *connection == job.failed.connection && *queue == job.failed.queue
        });
        match known {
            Some((_, group)) => group.push(job),
            None => groups.push((job.name(), vec![job])),
        }
    }
    groups
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
