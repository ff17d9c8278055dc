//! `opsctl queue prune`: old failed jobs that are forgotten, as a cron line does it day by day.

use chrono::TimeDelta;
use opsctl::{Exit, Result, clock, queue::FailedFilter};

use super::{READS_TO_CHANGE, flush};
use crate::{
    app::App,
    number::number,
    safety::Class,
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue prune",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[
        Example { what: "how many failed more than a day ago?", line: "queue prune --dry-run" },
        Example { what: "a cron line: what is older than a day", line: "queue prune --hours 24 --yes" },
    ],
    prints: Prints::List(&flush::COLUMNS),
    reads: READS_TO_CHANGE,
    exits: &[
        (Exit::Refused, "not confirmed"),
        (Exit::Config, "no table of failed jobs, or they are kept elsewhere"),
        (Exit::Unreachable, ""),
    ],
    artisan: &[Artisan { command: "queue:prune-failed", with: None, ignores: &[], difference: "it asks" }],
};

/// Forget failed jobs that are older than some hours
///
/// In batches along the primary key. What failed at that very second stays. They cannot be brought back;
/// `queue flush` takes filters, and without them all.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Hours since they failed
    #[arg(long, value_name = "N", default_value = "24", value_parser = number(0, 1_000_000))]
    hours: u32,
    /// Show how many would be forgotten
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let mut filter = FailedFilter::default();
    filter.window.until = Some(clock::cut(app.clock.now()) - TimeDelta::hours(args.hours.into()));
    flush::forget(app, &filter, args.dry_run).await
}
