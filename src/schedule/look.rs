//! How the entries stand: next due, last run, mutex, signs of the application's scheduler.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{
    Deps, Entry, clear,
    evidence::{self, Evidence},
    ledger::{Known, Status},
};
use crate::Result;

/// Time that a due minute is given before it counts as missed.
const LATE: TimeDelta = TimeDelta::minutes(2);

/// One entry as it stands.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// Its name.
    pub entry: String,
    /// Whether it runs at all.
    pub on: bool,
    /// Whether it is one of the default set.
    pub baseline: bool,
    /// Five fields of cron, or a word such as `@daily`.
    pub expression: String,
    /// The zone in which they are read.
    pub timezone: String,
    /// The words behind `opsctl`.
    pub command: String,
    /// The application's line whose mutex it shares.
    pub artisan: Option<String>,
    /// Environments that it runs in; none is all of them.
    pub environments: Vec<String>,
    /// When it is due next.
    pub next_due_at: Option<DateTime<Utc>>,
    /// The same in the zone that was asked for.
    pub next_due_local: Option<String>,
    /// Its newest run; null where none is known.
    pub last: Option<Last>,
    /// A due minute, the newest one, that nobody ran though the entry had run before; null where there is none.
    pub missed: Option<DateTime<Utc>>,
    /// Name of its mutex.
    pub mutex: String,
    /// Who holds the mutex; null where it is free.
    pub held: Option<Held>,
    /// What the application's scheduler left behind; null where nothing is seen.
    pub php: Option<Evidence>,
}

/// The newest run of an entry.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Last {
    /// The minute that it was due in.
    pub due_at: DateTime<Utc>,
    /// How it stands.
    pub status: Status,
    /// The exit code of its command.
    pub exit: Option<u8>,
    /// The host that it ran on.
    pub host: String,
    /// The run's id.
    pub run: String,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How often the minute was begun.
    pub tries: u32,
    /// Why it ended so.
    pub why: Option<String>,
}

impl From<Known> for Last {
    fn from(known: Known) -> Self {
        let Known { due_at, status, exit, host, run, ended_at, tries, why, .. } = known;
        Self { due_at, status, exit, host, run, ended_at, tries, why }
    }
}

/// Who holds a mutex.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Held {
    /// The owner.
    pub owner: String,
    /// Whether it is a run of opsctl's schedule; else it is the application's.
    pub ours: bool,
    /// Since when, as far as a run that is known tells.
    pub since: Option<DateTime<Utc>>,
    /// When it ends unless it is renewed; null when it never does.
    pub until: Option<DateTime<Utc>>,
}

/// All of them in short.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Entries that are on.
    pub on: usize,
    /// Entries that are off.
    pub off: usize,
    /// Those that were missed.
    pub missed: usize,
    /// Those whose newest run failed or was interrupted.
    pub failed: usize,
    /// Those that the application's scheduler runs, too.
    pub php: usize,
    /// Whether the schedule is paused.
    pub paused: bool,
    /// Whether the application is down for maintenance.
    pub down: bool,
    /// Whether opsctl's table is there; without it nothing is known of past runs.
    pub table: bool,
}

impl Summary {
    /// Counts.
    pub fn of(lines: &[Line], table: bool) -> Self {
        let on = lines.iter().filter(|line| line.on);
        let failed = |line: &&Line| line.last.as_ref().is_some_and(Last::is_bad);
        Self {
            on: on.clone().count(),
            off: lines.len() - on.clone().count(),
            missed: on.clone().filter(|line| line.missed.is_some()).count(),
            failed: on.clone().filter(failed).count(),
            php: on.filter(|line| line.php.is_some()).count(),
            table,
            ..Self::default()
        }
    }
}

impl Last {
    /// Whether it is worth a look: interrupted, or ended with anything but done or a lock that another run holds.
    pub fn is_bad(&self) -> bool {
        match self.status {
            Status::Interrupted => true,
            Status::Ended => !matches!(self.exit, Some(0 | 8)),
            Status::Running | Status::Skipped => false,
        }
    }
}

/// How the entries stand now.
///
/// # Errors
/// The stores'.
pub async fn look(deps: &Deps<'_>, entries: &[Entry], now: DateTime<Utc>) -> Result<Vec<Line>> {
    let held = clear::held(deps, entries).await?;
    let mut lines = Vec::new();
    for entry in entries {
        let key = entry.key(&deps.host);
        let newest = match &deps.ledger {
            Some(ledger) => {
                let at = ledger.now().await?;
                ledger.newest(&key, 1).await?.pop().map(|newest| seen(newest, at))
            }
            None => None,
        };
        let php = evidence::find(&deps.locks, entry, &deps.host, super::cron::minute(now), deps.zone).await?;
        let mutex = held.iter().find(|mutex| mutex.entry == entry.name).map(|mutex| Held {
            owner: mutex.owner.clone(),
            ours: !mutex.is_the_applications(),
            since: mutex.live.as_ref().map(|live| live.claimed_at),
            until: mutex.until,
        });
        lines.push(Line { held: mutex, php, ..line(entry, &deps.host, newest, now) });
    }
    Ok(lines)
}

/// A run whose lease is over was interrupted, though nobody has written that down yet.
fn seen(newest: Known, now: DateTime<Utc>) -> Known {
    match newest.status {
        Status::Running if newest.lease_until <= now => Known { status: Status::Interrupted, ..newest },
        _ => newest,
    }
}

fn line(entry: &Entry, host: &str, newest: Option<Known>, now: DateTime<Utc>) -> Line {
    let missed = newest.as_ref().and_then(|newest| {
        let due = entry.cron.last(now - LATE)?;
        (entry.is_on && newest.due_at < due).then_some(due)
    });
    Line {
        entry: entry.name.clone(),
        on: entry.is_on,
        baseline: entry.is_baseline,
        expression: entry.cron.text().to_owned(),
        timezone: entry.cron.zone().name().to_owned(),
        command: entry.line(),
        artisan: entry.artisan.clone(),
        environments: entry.environments.clone(),
        next_due_at: entry.cron.next(now),
        next_due_local: None,
        last: newest.map(Last::from),
        missed,
        mutex: entry.mutex(host),
        held: None,
        php: None,
    }
}
