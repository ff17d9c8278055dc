//! One piece of work per target, many at once: bounded in total and per host, under a deadline, one outcome each.

use std::collections::HashMap;

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::Semaphore;

use crate::{Error, Result, cancel::Cancel};

/// How many targets are worked on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// In total.
    pub total: usize,
    /// On one host: many databases of one server share its processors and its connections.
    pub per_host: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { total: 32, per_host: 16 }
    }
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done<T> {
    /// The work came to an end.
    Finished(T),
    /// It was begun and dropped, for this reason: what it did is not known.
    Dropped(Error),
    /// It was not begun, for this reason.
    NotBegun(Error),
}

impl<T> Done<T> {
    /// What the work gave, where it came to an end.
    ///
    /// # Errors
    /// Why it did not.
    pub fn into_result(self) -> Result<T> {
        match self {
            Done::Finished(value) => Ok(value),
            Done::Dropped(error) | Done::NotBegun(error) => Err(error),
        }
    }
}

/// Runs `work` on every target and gives the outcomes in the targets' order. Who is free takes the next target, so a slow
/// one holds up nobody. A first request to stop lets finish what has begun and begins no more; a second one, and the
/// deadline, drop it. `told` is called as each ends.
pub async fn each<'t, T, R>(
    targets: &'t [T],
    bounds: Bounds,
    cancel: &Cancel,
    host: impl Fn(&T) -> &str,
    work: impl AsyncFn(&'t T) -> R,
    mut told: impl FnMut(&'t T, &Done<R>),
) -> Vec<Done<R>> {
    let total = Semaphore::new(bounds.total.max(1));
    let hosts: HashMap<&str, Semaphore> =
        targets.iter().map(|target| (host(target), Semaphore::new(bounds.per_host.max(1)))).collect();
    let one = async |at: usize| {
        let target = &targets[at];
        // The host's place first: who waits for a busy host holds no place that another host could use.
        let waiting = async {
            let place = hosts[host(target)].acquire().await.map_err(closed)?;
            Ok((place, total.acquire().await.map_err(closed)?))
        };
        let places = match cancel.guard(waiting).await.and_then(|places| cancel.check().map(|()| places)) {
            Ok(places) => places,
            Err(error) => return (at, Done::NotBegun(error)),
        };
        let done = match cancel.guard(async { Ok(work(target).await) }).await {
            Ok(value) => Done::Finished(value),
            Err(error) => Done::Dropped(error),
        };
        drop(places);
        (at, done)
    };
    let mut running: FuturesUnordered<_> = (0..targets.len()).map(one).collect();
    let mut outcomes: Vec<Option<Done<R>>> = (0..targets.len()).map(|_| None).collect();
    while let Some((at, done)) = running.next().await {
        told(&targets[at], &done);
        outcomes[at] = Some(done);
    }
    // Every future gives its outcome exactly once.
    outcomes.into_iter().flatten().collect()
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` gives it
fn closed(error: tokio::sync::AcquireError) -> Error {
    Error::failed("the places of a host were taken away").because(error)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use super::*;

    async fn busiest(bounds: Bounds, hosts: &[&str]) -> usize {
        let (now, most) = (Cell::new(0_usize), Cell::new(0_usize));
        let work = async |_: &&str| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            tokio::time::sleep(Duration::from_millis(10)).await;
            now.set(now.get() - 1);
        };
        let done = each(hosts, bounds, &Cancel::new(), |host| host, work, |_, _| {}).await;
        assert!(done.iter().all(|done| matches!(done, Done::Finished(()))));
        most.get()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_at_work_than_the_bounds_allow() {
        assert_eq!(busiest(Bounds { total: 3, per_host: 9 }, &["a"; 20]).await, 3);
        assert_eq!(busiest(Bounds { total: 9, per_host: 2 }, &["a"; 20]).await, 2);
        assert_eq!(busiest(Bounds { total: 9, per_host: 2 }, &["a", "b", "a", "b", "a", "b"]).await, 4);
        assert_eq!(busiest(Bounds { total: 0, per_host: 0 }, &["a", "b"]).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn outcomes_stand_in_the_order_of_the_targets_whoever_is_faster() {
        let targets = [30_u64, 10, 20];
        let mut order = Vec::new();
        let work = async |time: &u64| {
            tokio::time::sleep(Duration::from_millis(*time)).await;
            *time
        };
        let told = |target: &u64, _: &Done<u64>| order.push(*target);
        let done = each(&targets, Bounds::default(), &Cancel::new(), |_| "a", work, told).await;
        assert_eq!(done, [30, 10, 20].map(Done::Finished));
        assert_eq!(order, [10, 20, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_drops_what_has_begun_and_begins_no_more() {
        let cancel = Cancel::new().with_timeout(Duration::from_millis(15));
        let work = async |time: &u64| tokio::time::sleep(Duration::from_millis(*time)).await;
        let bounds = Bounds { total: 2, per_host: 2 };
        let done = each(&[10, 20, 5, 5], bounds, &cancel, |_| "a", work, |_, _| {}).await;
        assert_eq!(done[0], Done::Finished(()));
        assert!(matches!(done[1], Done::Dropped(_)), "{done:?}");
        assert!(matches!(done[3], Done::NotBegun(_)), "{done:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_request_to_stop_lets_finish_what_has_begun() {
        let cancel = Cancel::new();
        let work = async |_: &u64| {
            cancel.request();
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let bounds = Bounds { total: 1, per_host: 1 };
        let done = each(&[1, 2], bounds, &cancel, |_| "a", work, |_, _| {}).await;
        assert_eq!(done[0], Done::Finished(()));
        assert!(matches!(done[1], Done::NotBegun(_)), "{done:?}");
    }
}
