//! Who has the run lock, until when at the latest, and how to wait for it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Error, Kind,
    journal::{Entry, Run},
    laravel::lock::Holder,
};

/// Who has the lock, as an error.
pub(super) fn error(entry: &Entry, holder: Option<&Holder>, seconds: u32, now: DateTime<Utc>) -> Error {
    let error = Error::new(Kind::Locked, "another run holds the lock of webhook retries");
    let Some(holder) = holder else { return error.because("it was released while we looked: try again") };
    error
        .because(held_by(entry.lock_holder(&holder.owner), holder, seconds))
        .because(end(holder, now))
        .hint("one event does not need the lock: `opsctl webhooks retry-one ID`")
}

/// Who has the lock, since when, and by which run of opsctl if the journal knows it. The service does not renew its
/// lock, so its start is told by its end; opsctl does, and its start stands in the journal.
pub(super) fn held_by(known: Option<Run>, holder: &Holder, seconds: u32) -> String {
    if let Some(run) = known {
        let stands = match run.ended {
            None => "has not ended: it is at work, or was killed",
            Some(_) => "has ended, and could not give it back",
        };
        return format!(
            "held since {} by opsctl run {} (`{}` of {}@{}), which {stands}",
            run.begun_at.format("%H:%M:%S UTC"),
            run.id,
            run.begin.command,
            run.begin.actor.user,
            run.begin.actor.host
        );
    }
    let since = holder.until.map(|until| until - TimeDelta::seconds(seconds.into()));
    let since = since.map_or_else(String::new, |at| format!(" since about {}", at.format("%H:%M:%S UTC")));
    format!("held{since} by `{}`: the service itself, or opsctl on another host", holder.owner)
}

/// When a lock whose run is dead is free again. opsctl renews its lock before every chunk.
fn end(holder: &Holder, now: DateTime<Utc>) -> String {
    let Some(until) = holder.until else {
        return "the lock has no end: only its holder gives it back".into();
    };
    let left = (until - now).num_seconds().max(0);
    let left = match (left / 60, left % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m {seconds}s"),
    };
    format!("the lock ends at {}, in {left}, unless it is renewed", until.format("%Y-%m-%d %H:%M:%S UTC"))
}

/// The option that waits until a lock which nobody renews is over, in whole minutes.
pub(super) fn wait(holder: Option<&Holder>, now: DateTime<Utc>) -> String {
    let left = holder.and_then(|holder| holder.until).map(|until| (until - now).num_seconds().max(0));
    format!("--if-locked wait={}m", left.map_or(5, |seconds| seconds / 60 + 1))
}
