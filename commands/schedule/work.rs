//! `opsctl schedule work`: the schedule in the foreground, where no cron is.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{FuturesUnordered, StreamExt};
use opsctl::{
    Error, Exit, Result, journal,
    schedule::{self, Deps, Entry, Report, Request, cron},
};
use serde_json::json;

use super::{
    READS_TO_CHANGE,
    child::Starter,
    counted,
    run::{self as minute, EXITS},
    set,
};
use crate::{
    app::App,
    record::recorded,
    safety::{self, Class},
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "schedule work",
    class: Class::Routine,
    destructive_with: None,
    examples: &[Example {
        what: "what is due in this minute, and no more",
        line: "schedule work --minutes 1",
    }],
    prints: Prints::Nothing,
    reads: READS_TO_CHANGE,
    exits: EXITS,
    artisan: &[Artisan {
        command: "schedule:work",
        with: None,
        ignores: &["--whisper"],
        difference: "it runs the entries of the opsctl.toml, not the application's own",
    }],
};

/// Run the schedule in the foreground: at each minute's beginning, what is due
///
/// For a container without cron, or a look at what happens. Several at once, and beside cron, are well:
/// each minute of an entry is run once. SIGTERM lets the commands in hand finish.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Entries at the same time, at most, of each minute
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// End when the commands of so many minutes have ended
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    minutes: Option<u64>,
    /// Show what would run in this minute, and end
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let entries = set::entries(app)?;
    safety::allow(app, Class::Routine, "run the schedule", args.dry_run).await?;
    let deps = app.cancel.guard(set::deps(app)).await?;
    set::tell_of_the_table(app, &deps);
    if args.dry_run {
        let request = request(app, args, cron::minute(app.clock.now())).await?;
        let report = app.cancel.guard(schedule::rehearse(&deps, &entries, &request)).await?;
        minute::tell(app, &report);
        app.ui.note(&format!("Dry run, nothing was run. {}", minute::line(&report)));
        return Ok(report.exit());
    }
    let on = entries.iter().filter(|entry| entry.is_on).count();
    app.ui.note(&format!("Running the schedule: {}. Ctrl-C ends it.", counted(on)));
    let mut worst = Exit::Done;
    let work = async |_: &journal::Entry| {
        let minutes = minutes(app, args, &deps, &entries, &mut worst).await;
        Ok::<_, Error>(json!({"minutes": minutes}))
    };
    recorded(app, Class::Routine, VERB.words, work).await?;
    Ok(app.cancel.check().map_or_else(|error| error.exit().worst(worst), |()| worst))
}

/// Begins each minute in its time, whether the one before has ended or not; gives how many were begun.
async fn minutes(app: &App, args: &Args, deps: &Deps<'_>, entries: &[Entry], worst: &mut Exit) -> u64 {
    let starter = Starter::new();
    let mut running = FuturesUnordered::new();
    let (mut begun, mut last) = (0, None);
    loop {
        let now = app.clock.now();
        let minute = cron::minute(now);
        // A clock that was put back begins no minute twice.
        if last.is_none_or(|last| minute > last) {
            tell_of_missed(app, last, minute);
            running.push(one(app, args, deps, entries, &starter, minute));
            (begun, last) = (begun + 1, Some(minute));
        }
        if args.minutes.is_some_and(|most| begun >= most) {
            break;
        }
        let pause = (minute + TimeDelta::minutes(1) - now).to_std().unwrap_or(Duration::from_secs(1));
        tokio::select! {
            Some(report) = running.next() => *worst = told(app, report).worst(*worst),
            stopped = app.cancel.sleep(pause) => if stopped.is_err() { break },
        }
    }
    while let Some(report) = running.next().await {
        *worst = told(app, report).worst(*worst);
    }
    begun
}

async fn one(
    app: &App,
    args: &Args,
    deps: &Deps<'_>,
    entries: &[Entry],
    starter: &Starter,
    minute: DateTime<Utc>,
) -> Result<(DateTime<Utc>, Report)> {
    let request = request(app, args, minute).await?;
    Ok((minute, minute::minute(app, deps, entries, &request, starter).await))
}

async fn request(app: &App, args: &Args, minute: DateTime<Utc>) -> Result<Request> {
    Ok(Request {
        minute,
        takeover: false,
        at_once: usize::from(args.concurrency),
        environment: app.context()?.app_env.as_ref().map(|env| env.value.clone()),
        signs: app.cancel.guard(set::signs(app)).await?,
    })
}

/// Tells of a minute; gives what it comes to. A minute that failed is no reason to end.
fn told(app: &App, result: Result<(DateTime<Utc>, Report)>) -> Exit {
    match result {
        Ok((minute, report)) => {
            minute::tell(app, &report);
            if !report.items.is_empty() {
                app.ui.note(&format!("{}  {}", app.ui.zone.show(minute), minute::line(&report)));
            }
            report.exit()
        }
        Err(error) => {
            app.ui.error(&error);
            error.exit()
        }
    }
}

/// A host that slept, or a clock that was put forward, leaves minutes out.
fn tell_of_missed(app: &App, last: Option<DateTime<Utc>>, minute: DateTime<Utc>) {
    let missed = last.map_or(0, |last| (minute - last).num_minutes() - 1);
    if missed > 0 {
        let minutes = if missed == 1 { "1 minute was".into() } else { format!("{missed} minutes were") };
        app.ui.warning(&format!(
            "{minutes} missed before {}: this process was held, or the clock was put forward",
            app.ui.zone.show(minute)
        ));
    }
}
