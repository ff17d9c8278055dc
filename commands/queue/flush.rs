//! `opsctl queue flush`: failed jobs that are forgotten, all of them or those of a filter.

use chrono::TimeDelta;
use opsctl::{
    Error, Exit, Result, clock,
    journal::Entry,
    queue::{self, FailedFilter},
};
use serde_json::json;

use super::{
    READS_TO_CHANGE, counted,
    done::{self, Forgotten},
    named::FailedArgs,
};
use crate::{
    app::App,
    number::number,
    record::recorded_unless,
    safety::{self, Class},
    ui::Column,
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue flush",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[
        Example { what: "how many are older than a week?", line: "queue flush --hours 168 --dry-run" },
        Example {
            what: "those of one class, without a question",
            line: "queue flush --class SendInvoice --yes",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: READS_TO_CHANGE,
    exits: &[
        (Exit::Refused, "not confirmed"),
        (Exit::Config, "no table of failed jobs, or they are kept elsewhere"),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no failed job is of the queue, and it holds none"),
    ],
    artisan: &[Artisan {
        command: "queue:flush",
        with: None,
        ignores: &[],
        difference: "it asks; further filters",
    }],
};

/// How many in a row.
pub const COLUMNS: [Column; 2] = [Column::right("forgotten"), Column::left("dry_run")];

/// Forget failed jobs: all of them, or those that the options describe
///
/// In batches along the primary key. What fails while it runs stays. They cannot be brought back.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only jobs that failed so many hours ago, or longer
    #[arg(long, value_name = "N", value_parser = number(0, 1_000_000), conflicts_with = "until")]
    hours: Option<u32>,
    #[command(flatten)]
    filter: FailedArgs,
    /// Show how many would be forgotten
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    fn filter(&self, app: &App) -> Result<FailedFilter> {
        let mut filter = self.filter.resolve(app)?;
        if let Some(hours) = self.hours {
            // `queue:flush` takes what failed at that very second, too.
            let end = clock::cut(app.clock.now()) - TimeDelta::hours(hours.into()) + TimeDelta::seconds(1);
            filter.window.until = Some(end);
        }
        Ok(filter)
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let filter = args.filter(app)?;
    app.cancel.guard(args.filter.known(app, &app.failed_jobs().await?)).await?;
    forget(app, &filter, args.dry_run).await
}

/// Forgets what a filter takes, under the verb that was typed: counts, asks, forgets.
pub async fn forget(app: &App, filter: &FailedFilter, dry_run: bool) -> Result<Exit> {
    let failed = app.failed_jobs().await?;
    let told = |forgotten| {
        let forgotten = Forgotten { forgotten, dry_run };
        done::print(app, app.verb, &[forgotten], &forgotten)
    };
    let found = app.cancel.guard(queue::count(&failed, filter)).await?;
    let which = if filter.is_empty() { "all " } else { "" };
    let what = format!("forget {which}{}", counted(found.count, "failed job"));
    if found.count == 0 {
        app.ui.note(if filter.is_empty() { "No jobs have failed." } else { "No failed jobs match." });
        told(0)?;
        return Ok(Exit::Done);
    }
    let place = failed.db.target().to_string();
    safety::allow_in(app, Class::Destructive, &what, Some(&place), dry_run).await?;
    if dry_run {
        app.ui.note(&format!("Dry run: this would {what}."));
        told(found.count)?;
        return Ok(Exit::Done);
    }
    let work = async |_: &Entry| {
        let mut done = 0;
        let flushed = queue::flush(&failed, filter, found, &app.cancel, |forgotten| done = forgotten).await;
        let flushed = flushed.map_err(|error: Error| match done {
            0 => error,
            done => error.because(format!("{} were forgotten before that", counted(done, "failed job"))),
        })?;
        app.ui.note(&format!("Forgot {}.", counted(flushed, "failed job")));
        told(flushed)?;
        Ok(json!({"forgotten": flushed}))
    };
    recorded_unless(dry_run, app, Class::Destructive, app.verb.words, work).await.map(|_| Exit::Done)
}
