//! `opsctl queue forget`: failed jobs that are forgotten by their ids.

use opsctl::{Exit, Result, journal::Entry, queue, text::pasted};
use serde_json::json;

use super::{
    READS_TO_CHANGE, counted,
    done::{self, Forgotten},
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
    words: "queue forget",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[Example {
        what: "one failed job, without a question",
        line: "queue forget 5e1ec7ed-0000-4000-8000-000000000008 --yes",
    }],
    prints: Prints::List(&COLUMNS),
    reads: READS_TO_CHANGE,
    exits: &[
        (Exit::Refused, "not confirmed"),
        (Exit::Config, "no table of failed jobs, or they are kept elsewhere"),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "a failed job of one of these ids is not there: none is forgotten"),
    ],
    artisan: &[Artisan {
        command: "queue:forget",
        with: None,
        ignores: &[],
        difference: "it asks; several ids at once",
    }],
};

/// How many in a row.
const COLUMNS: [Column; 2] = [Column::right("forgotten"), Column::left("dry_run")];

/// Forget failed jobs by their ids
///
/// All of them or none: an id that no failed job bears is told first. They cannot be brought back.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Ids of failed jobs, as `queue failed --list` shows them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Show what would be forgotten
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let failed = app.failed_jobs().await?;
    let mut ids: Vec<String> = args.ids.iter().map(|id| pasted(id).to_owned()).collect();
    ids.sort();
    ids.dedup();
    // What is refused is refused before anybody is asked.
    let jobs = app.cancel.guard(queue::forget(&failed, &ids, true)).await?;
    let what = format!("forget {}", counted(jobs, "failed job"));
    let place = failed.db.target().to_string();
    safety::allow_in(app, Class::Destructive, &what, Some(&place), args.dry_run).await?;
    let work = async |_: &Entry| {
        let forgotten = app.cancel.guard(queue::forget(&failed, &ids, args.dry_run)).await?;
        app.ui.note(&match args.dry_run {
            true => format!("Dry run: this would {what}."),
            false => format!("Forgot {}.", counted(forgotten, "failed job")),
        });
        let told = Forgotten { forgotten, dry_run: args.dry_run };
        done::print(app, &VERB, &[told], &told)?;
        Ok(json!({"forgotten": forgotten}))
    };
    recorded_unless(args.dry_run, app, Class::Destructive, VERB.words, work).await.map(|_| Exit::Done)
}
