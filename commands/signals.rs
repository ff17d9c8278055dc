//! Ctrl-C, SIGTERM and SIGHUP (a terminal that went away): the first lets the chunk in hand finish, the second drops it.
//! Who only looks has nothing in hand, and is stopped by the first.

use std::time::Duration;

use opsctl::cancel::Cancel;

use crate::{
    safety::{Class, is_asking},
    ui::Ui,
    verb::Verb,
};

/// Listens from the moment of the call, and passes signals on for as long as what it gives runs.
#[cfg(unix)]
pub fn forward(cancel: Cancel, verb: &'static Verb, ui: Ui) -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let heard = kinds.map(signal);
    async move {
        let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = heard else { return };
        loop {
            tokio::select! {
                _ = interrupt.recv() => stop(&cancel, verb, &ui),
                _ = terminate.recv() => stop(&cancel, verb, &ui),
                _ = hangup.recv() => stop(&cancel, verb, &ui),
            }
        }
    }
}

/// Passes Ctrl-C on for as long as it runs.
#[cfg(not(unix))]
pub async fn forward(cancel: Cancel, verb: &'static Verb, ui: Ui) {
    while tokio::signal::ctrl_c().await.is_ok() {
        stop(&cancel, verb, &ui);
    }
}

/// Time between two looks after the parent.
const LOOK: Duration = Duration::from_millis(500);
/// Time that work in hand is given when the parent is gone.
const GRACE: Duration = Duration::from_secs(10);

/// Asks to stop when the process is gone that runs the schedule: whoever takes its entry over must not find this one
/// still at work.
#[cfg(unix)]
pub async fn orphaned(cancel: Cancel, parent: Option<i32>) {
    let Some(parent) = parent else { return };
    let is_there = || rustix::process::getppid().is_some_and(|now| now.as_raw_nonzero().get() == parent);
    while is_there() {
        tokio::time::sleep(LOOK).await;
    }
    cancel.request();
    tokio::time::sleep(GRACE).await;
    cancel.request();
}

/// Parents are not looked after.
#[cfg(not(unix))]
pub async fn orphaned(_cancel: Cancel, _parent: Option<i32>) {}

fn stop(cancel: &Cancel, verb: &Verb, ui: &Ui) {
    let first = cancel.check().is_ok();
    cancel.request();
    match verb.class {
        Class::Read => cancel.request(),
        _ if first && !is_asking() => {
            ui.note("Stopping: what is in hand is finished first. Ctrl-C again drops it.");
        }
        _ => {}
    }
}
