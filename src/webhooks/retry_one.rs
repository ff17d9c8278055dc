//! One event, by its id: guarded by its row, not by the run lock.

use std::time::Instant;

use super::{
    EventId, Limits, RetryReport, Store,
    candidates::Candidate,
    chunk::{
        LOCKED, PAYMENT_LOCKED, Worker,
        queue::{Dispatch, HELD},
    },
    retry::{attempt, worker},
    show::{self, Again},
    state::State,
    store::Eligible,
};
use crate::{Error, Kind, Result, cancel::Cancel, db::Db};

/// One event to try.
#[derive(Debug, Clone)]
pub struct OneRequest {
    /// The event.
    pub id: EventId,
    /// Ignores its due time and the attempts limit.
    pub force: bool,
    /// Takes it even when the service's own worker claimed it a moment ago.
    pub take_over: bool,
    /// Change nothing.
    pub dry_run: bool,
    /// The effective limits.
    pub limits: Limits,
    /// Seed of the delay, for tests.
    pub seed: Option<u64>,
}

/// Tries one event.
///
/// # Errors
/// [`Kind::NotFound`] with near matches, [`Kind::Locked`] for a fresh claim or a locked row, [`Kind::Refused`] when
/// it is not due or has no attempts left and `force` is not given.
pub async fn retry_one(db: &Db, request: OneRequest, cancel: &Cancel) -> Result<RetryReport> {
    cancel.guard(try_one(db, request, None, cancel)).await
}

/// Hands one event to a queue, whose workers try it.
///
/// # Errors
/// As [`retry_one`]; [`Kind::Locked`] also where its job waits already, [`Kind::Unreachable`] when the queue does not
/// answer.
pub async fn enqueue_one(
    db: &Db,
    request: OneRequest,
    dispatch: &Dispatch<'_>,
    cancel: &Cancel,
) -> Result<RetryReport> {
    cancel.guard(try_one(db, request, Some(dispatch), cancel)).await
}

async fn try_one(
    db: &Db,
    request: OneRequest,
    dispatch: Option<&Dispatch<'_>>,
    cancel: &Cancel,
) -> Result<RetryReport> {
    let started = Instant::now();
    let store = Store::open(db).await?;
    db.facts().await?;
    let state = State::read(&show::row_by_id(&store, &request.id, Again::RetryOne).await?)?;
    let now = db.now().await?;
    let mut report = RetryReport::new(request.limits.clone(), request.dry_run);
    let eligible = Eligible {
        max_attempts: (!request.force).then_some(request.limits.max_attempts),
        force: request.force,
        take_over: request.take_over,
        ..Eligible::due(now, &request.limits)
    };
    state.check(&request, &eligible)?;
    let candidate = Candidate { due: String::new(), id: state.id.clone(), provider: state.provider.clone() };
    let inline = worker(&store, request.limits.clone(), eligible, request.dry_run, request.seed, cancel);
    let worker = Worker { dispatch, ..inline };
    let mut items = Vec::new();
    attempt(&worker, std::slice::from_ref(&candidate), &mut |told| items.extend(told)).await?;
    for item in items {
        if [LOCKED, PAYMENT_LOCKED].contains(&item.reason.as_str()) {
            return Err(Error::new(Kind::Locked, format!("event `{}` cannot be tried now", state.id))
                .because(item.reason)
                .hint(format!("who has it: `opsctl webhooks explain {}`", state.id)));
        }
        if let Some(dispatch) = dispatch.filter(|_| item.reason == HELD) {
            return Err(held(&state.id, dispatch).await);
        }
        report.add(item);
    }
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report.finish(took))
}

/// The error of an event whose unique lock somebody holds. Jobs are not looked for: one may lie anywhere in a queue, or
/// be gone with a queue that was cleared.
async fn held(id: &str, dispatch: &Dispatch<'_>) -> Error {
    let holder = dispatch.locks.holder(&dispatch.unique_lock(id)).await.ok().flatten();
    let why = holder.map_or_else(
        || HELD.to_owned(),
        |holder| match holder.until {
            Some(until) => {
                format!("{HELD} by `{}` until {}", holder.owner, until.format("%Y-%m-%d %H:%M:%S UTC"))
            }
            None => format!("{HELD} by `{}`, without an end", holder.owner),
        },
    );
    Error::new(Kind::Locked, format!("event `{id}` is not queued again"))
        .because(why)
        .hint("a job for it waits or runs, or was lost with its queue: `opsctl locks list` tells which")
        .hint(format!("who works on it: `opsctl webhooks explain {id}`"))
}

impl State {
    /// Says why not, before anything is locked; the same conditions are checked again under the row's lock.
    fn check(&self, request: &OneRequest, eligible: &Eligible) -> Result<()> {
        let id = &self.id;
        let applied = !matches!(self.payment_status.as_str(), "" | "pending") && self.processed_at.is_some();
        if self.status == "processed" || applied {
            return Ok(()); // nothing to do: the report says so
        }
        let claimed = self.is_claimed();
        if claimed && !request.take_over && self.claimed_at > Some(eligible.stale) {
            return Err(Error::new(
                Kind::Locked,
                format!("event `{id}` is claimed by the service's own worker"),
            )
            .because(format!(
                "its status is `{}`, claimed less than {} s ago",
                self.status, request.limits.lease_seconds
            ))
            .hint(
                "wait for the worker, or take the event from it: `--take-over` (it may then be tried twice)",
            ));
        }
        if request.force {
            return Ok(());
        }
        let force = format!("try it all the same: `opsctl webhooks retry-one {id} --force`");
        if self.attempts >= i64::from(request.limits.max_attempts) {
            return Err(Error::refused(format!(
                "event `{id}` has used its attempts: {} of {}",
                self.attempts, request.limits.max_attempts
            ))
            .hint(force));
        }
        if claimed {
            return Ok(());
        }
        if let Some(next) = self.next_retry_at.filter(|next| *next > eligible.now) {
            return Err(Error::refused(format!(
                "event `{id}` is not due before {}",
                next.format("%Y-%m-%d %H:%M:%S UTC")
            ))
            .hint(force));
        }
        if self.next_retry_at.is_none()
            && self.status == "received"
            && self.received_at > Some(eligible.stale)
        {
            return Err(Error::refused(format!(
                "event `{id}` is new: its first job has {} s to run",
                request.limits.lease_seconds
            ))
            .hint(force));
        }
        Ok(())
    }
}
