//! `opsctl queue pause` and `opsctl queue resume`: queues that workers leave alone for a while.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Result,
    journal::Entry,
    queue::{self, Changed},
};
use serde_json::json;

use super::{READS_TO_CHANGE, named};
use crate::{
    app::App,
    complete,
    record::recorded_unless,
    safety::{self, Class},
    verb::{Artisan, Example, Prints, Verb},
};

const EXITS: &[(Exit, &str)] =
    &[(Exit::Config, "no cache store, or one that other hosts do not see"), (Exit::Unreachable, "")];

/// What `queue pause` says about itself.
pub const PAUSE: Verb = Verb {
    words: "queue pause",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "the default queue", line: "queue pause" },
        Example { what: "a queue of another connection", line: "queue pause database:webhooks" },
        Example { what: "every queue", line: "queue pause --all" },
    ],
    prints: Prints::Nothing,
    reads: READS_TO_CHANGE,
    exits: EXITS,
    artisan: &[Artisan {
        command: "queue:pause",
        with: None,
        ignores: &[],
        difference: "it says when the application's Laravel does not look for the sign",
    }],
};

/// What `queue resume` says about itself.
pub const RESUME: Verb = Verb {
    words: "queue resume",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "the default queue", line: "queue resume" },
        Example { what: "take back `queue pause --all`", line: "queue resume --all" },
    ],
    prints: Prints::Nothing,
    reads: READS_TO_CHANGE,
    exits: EXITS,
    artisan: &[
        Artisan { command: "queue:resume", with: None, ignores: &[], difference: "further `--dry-run`" },
        Artisan { command: "queue:continue", with: None, ignores: &[], difference: "further `--dry-run`" },
    ],
};

/// Tell workers to take no more jobs of a queue
///
/// Running jobs go on. Works on Laravel 12.40 and later, `--all` on 13.25 and later.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct PauseArgs {
    #[command(flatten)]
    sign: SignArgs,
}

/// Tell workers to take jobs of a queue again
///
/// A queue that is paused by itself and by `--all` needs both to be taken back.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct ResumeArgs {
    #[command(flatten)]
    sign: SignArgs,
}

#[derive(Debug, clap::Args)]
struct SignArgs {
    /// The queue, of another connection as `CONNECTION:QUEUE` [default: the connection's]
    #[arg(value_name = "QUEUE", conflicts_with = "all", add = Names::new(complete::queues))]
    queue: Option<String>,
    /// The queue connection [default: the application's]
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    connection: Option<String>,
    /// Every queue of every connection
    #[arg(long)]
    all: bool,
    /// Show what would be changed, and where
    #[arg(long)]
    dry_run: bool,
}

/// A sign, and what it is for.
struct Sign {
    name: String,
    what: String,
    /// The first version of Laravel that looks for it.
    since: (u16, u16),
}

impl SignArgs {
    async fn sign(&self, app: &App) -> Result<Sign> {
        if self.all {
            let name = queue::PAUSED_ALL.to_owned();
            return Ok(Sign { name, what: "every queue".to_owned(), since: (13, 25) });
        }
        let (connection, name) =
            named::split(self.queue.as_deref().unwrap_or_default(), self.connection.as_deref());
        // The sign stands in the cache: the queue itself need not answer.
        let connection = app.context()?.queue(connection, app.system().await?)?;
        let name = if name.is_empty() { connection.queue.as_str() } else { name };
        Ok(Sign {
            name: queue::paused(&connection.name, name),
            what: format!("queue `{name}` of {}", connection.name),
            since: (12, 40),
        })
    }
}

/// Runs `queue pause`.
pub async fn pause(app: &App, args: &PauseArgs) -> Result<Exit> {
    let sign = args.sign.sign(app).await?;
    let dry_run = args.sign.dry_run;
    safety::allow(app, Class::Routine, "pause queues", dry_run).await?;
    if let Some((major, minor)) = app.context()?.framework().filter(|version| *version < sign.since) {
        let (from, to) = sign.since;
        app.ui.warning(&format!(
            "the application's Laravel {major}.{minor} does not look for this sign: {from}.{to} and later do"
        ));
    }
    let work = async |_: &Entry| {
        let values = app.values().await?;
        let changed = app.cancel.guard(queue::pause(&values, &sign.name, dry_run)).await?;
        let (what, place) = (&sign.what, values.address(&sign.name));
        app.ui.note(&match (changed, dry_run) {
            (Changed::No, _) => format!("Paused already: {what}."),
            (Changed::Yes, true) => format!("Dry run: this would pause {what} by {place}."),
            (Changed::Yes, false) => format!("Paused {what} by {place}; running jobs go on."),
        });
        Ok::<_, Error>(json!({"paused": u8::from(changed == Changed::Yes)}))
    };
    recorded_unless(dry_run, app, Class::Routine, PAUSE.words, work).await.map(|_| Exit::Done)
}

/// Runs `queue resume`.
pub async fn resume(app: &App, args: &ResumeArgs) -> Result<Exit> {
    let sign = args.sign.sign(app).await?;
    let dry_run = args.sign.dry_run;
    safety::allow(app, Class::Routine, "resume queues", dry_run).await?;
    let work = async |_: &Entry| {
        let values = app.values().await?;
        let changed = app.cancel.guard(queue::resume(&values, &sign.name, dry_run)).await?;
        let what = &sign.what;
        app.ui.note(&match (changed, dry_run) {
            (Changed::No, _) => format!("Not paused: {what}."),
            (Changed::Yes, true) => format!("Dry run: this would resume {what}."),
            (Changed::Yes, false) => format!("Resumed {what}."),
        });
        if !args.sign.all && app.cancel.guard(queue::is_paused(&values, queue::PAUSED_ALL)).await? {
            app.ui.warning("every queue is paused all the same");
            app.ui.hint("take that back, too: `opsctl queue resume --all`");
        }
        Ok::<_, Error>(json!({"resumed": u8::from(changed == Changed::Yes)}))
    };
    recorded_unless(dry_run, app, Class::Routine, RESUME.words, work).await.map(|_| Exit::Done)
}
