//! `opsctl queue clear`: a queue that is emptied.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Exit, Result,
    config::System,
    journal::Entry,
    laravel::queue::{QueuePlace, Sizes},
    queue,
};
use serde_json::json;

use super::{
    READS_TO_CHANGE, counted,
    done::{self, ClearSummary, Cleared},
    named,
};
use crate::{
    app::App,
    complete,
    places::on_horizon,
    record::recorded_unless,
    safety::{self, Class},
    ui::Column,
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "queue clear",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[
        Example { what: "what would be lost?", line: "queue clear --dry-run" },
        Example { what: "the default queue, without a question", line: "queue clear --yes" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: READS_TO_CHANGE,
    exits: &[
        (Exit::Refused, "not confirmed"),
        (Exit::Config, ""),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no such queue: it holds no jobs, and none of its jobs has failed"),
    ],
    artisan: &[
        Artisan {
            command: "queue:clear",
            with: Some("--queue"),
            ignores: &["--force"],
            difference: "it asks; one queue; the connection is named by `--connection` alone",
        },
        Artisan {
            command: "queue:clear",
            with: None,
            ignores: &["--force"],
            difference: "it asks; the connection is named by `--connection`",
        },
    ],
};

/// The queue in a row.
const COLUMNS: [Column; 7] = [
    Column::left("queue"),
    Column::right("removed"),
    Column::right("ready"),
    Column::right("delayed"),
    Column::right("reserved"),
    Column::right("stuck"),
    Column::left("connection"),
];

/// Remove every job of a queue: ready, delayed and reserved ones
///
/// A job that a worker has is removed, too; the worker finishes it, and cannot release it. Locks of
/// unique jobs stay until they expire. They cannot be brought back.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The queue, of another connection as `CONNECTION:QUEUE` [default: the connection's]
    #[arg(value_name = "QUEUE", add = Names::new(complete::queues))]
    queue: Option<String>,
    /// The queue connection [default: the application's]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Show what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let (place, name) = named::place(app, args.queue.as_deref(), args.connection.as_deref()).await?;
    let queues = place.queues();
    let look = async {
        queue::known(&place, app.failed_jobs().await.ok().as_ref(), &name).await?;
        queues.sizes(&name).await
    };
    let sizes = app.cancel.guard(look).await?;
    let jobs = sizes.ready + sizes.delayed + sizes.reserved + sizes.stuck;
    let told = |removed| print(app, &place, &name, &sizes, removed, args.dry_run);
    if jobs == 0 {
        told(0)?;
        app.ui.note(&format!("Queue `{name}` holds no jobs."));
        return Ok(Exit::Done);
    }
    let what = format!("remove {} of queue `{name}`: {}", counted(jobs, "job"), parts(&sizes));
    safety::allow_in(app, Class::Destructive, &what, Some(&place.address()), args.dry_run).await?;
    let work = async |_: &Entry| {
        if args.dry_run {
            app.ui.note(&format!("Dry run: this would {what}."));
            told(jobs)?;
            return Ok(json!({"removed": jobs}));
        }
        let removed = app.cancel.guard(queues.clear(&name)).await?;
        told(removed)?;
        app.ui.note(&format!(
            "Removed {} of queue `{name}` in {}.",
            counted(removed, "job"),
            place.address()
        ));
        app.ui.note(
            "Locks of unique jobs among them stay until they end, and keep new ones out: `opsctl locks list`.",
        );
        if on_horizon(app, &place, System::Laravel).await {
            app.ui.note("Horizon still shows them as pending until it trims them, an hour after their push as a rule.");
        }
        Ok(json!({"removed": removed}))
    };
    recorded_unless(args.dry_run, app, Class::Destructive, VERB.words, work).await.map(|_| Exit::Done)
}

/// Tells programs what was removed.
fn print(
    app: &App,
    place: &QueuePlace<'_>,
    queue: &str,
    sizes: &Sizes,
    removed: u64,
    dry_run: bool,
) -> Result<()> {
    let cleared = Cleared {
        queue: queue.to_owned(),
        connection: place.connection.name.clone(),
        removed,
        ready: sizes.ready,
        delayed: sizes.delayed,
        reserved: sizes.reserved,
        stuck: sizes.stuck,
    };
    done::print(app, &VERB, &[cleared], &ClearSummary { removed, dry_run })
}

/// `3 ready, 1 reserved`.
fn parts(sizes: &Sizes) -> String {
    let parts = [
        (sizes.ready, "ready"),
        (sizes.delayed, "delayed"),
        (sizes.reserved, "reserved by workers"),
        (sizes.stuck, "stuck"),
    ];
    let told = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    told.collect::<Vec<_>>().join(", ")
}
