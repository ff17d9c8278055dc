//! The queue that events are handed to.

use chrono::TimeDelta;
use opsctl::{
    Result,
    config::{System, settings},
    laravel::{
        lock::Locks,
        payload::Shape,
        queue::{QueuePlace, Sizes},
    },
    queue,
    webhooks::{Dispatch, HELD, RetryReport},
};

use super::args::QueueArgs;
use crate::{app::App, places::on_horizon, ui::ago};

/// Minutes after which a job that waits says that no worker takes jobs of its queue.
const WAITED: TimeDelta = TimeDelta::minutes(10);

/// A queue of the service, and the store of its unique locks.
pub struct Target<'a> {
    place: QueuePlace<'a>,
    locks: Locks<'a>,
    store: String,
    queue: String,
    shape: Shape,
}

/// What `--queue` names; `None` without it.
pub async fn target<'a>(app: &'a App, args: &QueueArgs) -> Result<Option<Target<'a>>> {
    if !args.queue {
        return Ok(None);
    }
    let context = app.context()?;
    let name = match &args.queue_name {
        Some(name) => name.clone(),
        None => context.setting(&settings::webhooks::WEBHOOKS_QUEUE).value,
    };
    let (locks, store) = app.unique_locks(System::Webhooks).await?;
    let place = app.queue_of(None, System::Webhooks).await?;
    if let Some(warning) = queue::other_prefix(&place).await? {
        app.ui.warning(&warning);
    }
    let horizon = on_horizon(app, &place, System::Webhooks).await;
    let shape = Shape::of(context.framework()).under_horizon(horizon);
    Ok(Some(Target { place, locks, store, queue: name, shape }))
}

impl Target<'_> {
    /// As the library wants it.
    pub fn dispatch(&self, force: bool) -> Dispatch<'_> {
        Dispatch {
            queues: self.place.queues(),
            queue: self.queue.clone(),
            locks: &self.locks,
            store: self.store.clone(),
            shape: self.shape,
            force,
        }
    }

    /// Says where the jobs went, and warns when nobody seems to take them from there: workers of the service that are
    /// started without `--queue` listen to another queue.
    pub async fn look(&self, app: &App, report: &RetryReport) {
        if report.skipped.contains_key(HELD) {
            app.ui.hint("who holds the unique locks, and which job they were taken for: `opsctl locks list`");
        }
        if report.dry_run || report.counts.queued == 0 {
            return;
        }
        let Ok(Sizes { ready, oldest, .. }) = self.place.queues().sizes(&self.queue).await else { return };
        let now = app.clock.now();
        if let Some(oldest) = oldest.filter(|oldest| now - *oldest > WAITED) {
            app.ui.warning(&format!(
                "nobody seems to work on the queue `{}` of {}: {ready} jobs wait there, the oldest since {}",
                self.queue,
                self.place.address(),
                ago(oldest, now)
            ));
            app.ui.hint(&format!(
                "start a worker that listens to it: `php artisan queue:work --queue={}`",
                self.queue
            ));
        }
    }
}
