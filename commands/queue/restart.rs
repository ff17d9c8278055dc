//! `opsctl queue restart`: workers that stop behind their current job.

use opsctl::{Exit, Result, journal::Entry, queue};
use serde_json::json;

use super::{
    READS_TO_CHANGE,
    done::{self, SignSummary, Signed},
};
use crate::{
    app::App,
    record::recorded_unless,
    safety::{self, Class},
    ui::Column,
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue restart",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "let workers take up new code", line: "queue restart" },
        Example { what: "where would it be said?", line: "queue restart --dry-run" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: READS_TO_CHANGE,
    exits: &[(Exit::Config, "no cache store, or one that other hosts do not see"), (Exit::Unreachable, "")],
    artisan: &[Artisan {
        command: "queue:restart",
        with: None,
        ignores: &[],
        difference: "the value always differs",
    }],
};

/// The sign in a row.
const COLUMNS: [Column; 3] = [Column::left("sign"), Column::right("value"), Column::left("changed")];

/// Tell all workers to stop behind their current job; who supervises them starts new ones
///
/// Workers compare a value of the default cache store with the one that they began with. A store that
/// is cleared, or has another prefix than the application's, tells them something else.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Show what would be written, and where
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    safety::allow(app, Class::Routine, "restart workers", args.dry_run).await?;
    let work = async |_: &Entry| {
        let values = app.values().await?;
        let value = app.cancel.guard(queue::restart(&values, app.clock.now(), args.dry_run)).await?;
        let place = values.address(queue::RESTART);
        app.ui.note(&match args.dry_run {
            true => format!("Dry run: this would write {value} to {place}."),
            false => format!("Wrote {value} to {place}: workers stop behind their current job."),
        });
        let sign = queue::RESTART.to_owned();
        let signed = Signed { sign, queue: None, connection: None, changed: true, value: Some(value) };
        done::print(app, &VERB, &[signed], &SignSummary { changed: 1, dry_run: args.dry_run })?;
        Ok(json!({"value": value}))
    };
    recorded_unless(args.dry_run, app, Class::Routine, VERB.words, work).await.map(|_| Exit::Done)
}
