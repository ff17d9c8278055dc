//! `opsctl queue pause` and `opsctl queue resume`: queues that workers leave alone for a while.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Kind, Result,
    config::{System, settings},
    journal::Entry,
    laravel::values::Values,
    queue::{self, Changed},
};
use serde_json::json;

use super::{
    READS_TO_CHANGE,
    done::{self, SignSummary, Signed},
    named,
};
use crate::{
    app::App,
    complete,
    record::recorded_unless,
    safety::{self, Class},
    ui::Column,
    verb::{Artisan, Example, Prints, Verb},
};

const EXITS: &[(Exit, &str)] = &[
    (Exit::Config, "no cache store, or one that other hosts do not see"),
    (Exit::Unreachable, ""),
    (Exit::NotFound, "a queue that nobody knows, and no --unknown"),
];

/// One queue in a row.
const COLUMNS: [Column; 4] =
    [Column::left("queue"), Column::left("connection"), Column::left("changed"), Column::left("sign")];

/// What `queue pause` says about itself.
pub const PAUSE: Verb = Verb {
    words: "queue pause",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "the default queue", line: "queue pause" },
        Example { what: "a queue of another connection", line: "queue pause database:webhooks" },
        Example {
            what: "one that is idle, whose name nobody can check",
            line: "queue pause mails --unknown",
        },
        Example { what: "every queue", line: "queue pause --all" },
    ],
    prints: Prints::List(&COLUMNS),
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
    prints: Prints::List(&COLUMNS),
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
    /// Queues, of another connection as `CONNECTION:QUEUE` [default: the connection's]
    #[arg(value_name = "QUEUE", value_delimiter = ',', conflicts_with = "all", add = Names::new(complete::queues))]
    queues: Vec<String>,
    /// The queue connection [default: the application's]
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    connection: Option<String>,
    /// Every queue of every connection
    #[arg(long)]
    all: bool,
    /// Take a queue that nobody knows, too, without asking for it: one that is idle has neither rows nor keys
    #[arg(long, conflicts_with = "all")]
    unknown: bool,
    /// Show what would be changed, and where
    #[arg(long)]
    dry_run: bool,
}

/// A sign, and what it is for.
struct Sign {
    name: String,
    /// The queue and its connection; none for all of them.
    queue: Option<(String, String)>,
    /// The first version of Laravel that looks for it.
    since: (u16, u16),
}

impl Sign {
    fn what(&self) -> String {
        match &self.queue {
            Some((queue, connection)) => format!("queue `{queue}` of {connection}"),
            None => "every queue".to_owned(),
        }
    }

    fn signed(&self, changed: Changed) -> Signed {
        let (queue, connection) = self.queue.clone().unzip();
        Signed { sign: self.name.clone(), queue, connection, changed: changed == Changed::Yes, value: None }
    }
}

impl SignArgs {
    /// The signs, none twice. They stand in the cache: the queues themselves are asked only where nobody knows them
    /// otherwise.
    async fn signs(&self, app: &App, values: &Values<'_>) -> Result<Vec<Sign>> {
        if self.all {
            return Ok(vec![Sign { name: queue::PAUSED_ALL.to_owned(), queue: None, since: (13, 25) }]);
        }
        let typed: Vec<&str> = self.queues.iter().map(|name| name.trim()).collect();
        let mut signs: Vec<Sign> = Vec::new();
        for typed in if typed.is_empty() { vec![""] } else { typed } {
            let sign = self.sign(app, values, typed).await?;
            if !signs.iter().any(|known| known.name == sign.name) {
                signs.push(sign);
            }
        }
        Ok(signs)
    }

    async fn sign(&self, app: &App, values: &Values<'_>, typed: &str) -> Result<Sign> {
        let (before, name) = named::split(typed, self.connection.as_deref());
        let found = app.context()?.queue(before, app.system().await?);
        let connection = match (found, before) {
            (Err(error), Some(before)) if self.connection.is_none() => {
                return Err(named::with_colon(app, error, before, &name).await);
            }
            (found, _) => found?,
        };
        let queue = if name.is_empty() { connection.queue.as_str() } else { name };
        let name = queue::paused(&connection.name, queue);
        let asked = !self.unknown && queue != connection.queue;
        if asked && !queue::is_paused(values, &name).await? {
            known(app, &connection.name, queue).await?;
        }
        let queue = Some((queue.to_owned(), connection.name.clone()));
        Ok(Sign { name, queue, since: (12, 40) })
    }
}

/// Refuses a queue that nobody knows: a sign for a name that was mistyped would stop no worker.
async fn known(app: &App, connection: &str, queue: &str) -> Result<()> {
    if app.system().await? == System::Webhooks
        && app.context()?.setting(&settings::webhooks::WEBHOOKS_QUEUE).value == queue
    {
        return Ok(());
    }
    let looking = async {
        let place = app.queue(Some(connection)).await?;
        queue::known(&place, app.failed_jobs().await.ok().as_ref(), queue).await
    };
    looking.await.map_err(|error| match error.kind() {
        Kind::NotFound => error.hint("if it is idle, and workers listen to it: `--unknown`"),
        Kind::Unreachable => error.hint("to go on without asking for the queue: `--unknown`"),
        _ => error,
    })
}

/// Runs `queue pause`.
pub async fn pause(app: &App, args: &PauseArgs) -> Result<Exit> {
    let values = app.values().await?;
    let signs = app.cancel.guard(args.sign.signs(app, &values)).await?;
    let dry_run = args.sign.dry_run;
    safety::allow(app, Class::Routine, "pause queues", dry_run).await?;
    let since = signs.first().map(|sign| sign.since).unwrap_or_default();
    if let Some((major, minor)) = app.context()?.framework().filter(|version| *version < since) {
        let (from, to) = since;
        app.ui.warning(&format!(
            "the application's Laravel {major}.{minor} does not look for this sign: {from}.{to} and later do"
        ));
    }
    let work = async |_: &Entry| {
        let mut done = Vec::new();
        for sign in &signs {
            let changed = app.cancel.guard(queue::pause(&values, &sign.name, dry_run)).await?;
            let (what, place) = (sign.what(), values.address(&sign.name));
            app.ui.note(&match (changed, dry_run) {
                (Changed::No, _) => format!("Paused already: {what}."),
                (Changed::Yes, true) => format!("Dry run: this would pause {what} by {place}."),
                (Changed::Yes, false) => format!("Paused {what} by {place}; running jobs go on."),
            });
            done.push(sign.signed(changed));
        }
        Ok::<_, Error>(json!({"paused": print(app, &PAUSE, &done, dry_run)?}))
    };
    recorded_unless(dry_run, app, Class::Routine, PAUSE.words, work).await.map(|_| Exit::Done)
}

/// Runs `queue resume`.
pub async fn resume(app: &App, args: &ResumeArgs) -> Result<Exit> {
    let values = app.values().await?;
    let signs = app.cancel.guard(args.sign.signs(app, &values)).await?;
    let dry_run = args.sign.dry_run;
    safety::allow(app, Class::Routine, "resume queues", dry_run).await?;
    let work = async |_: &Entry| {
        let mut done = Vec::new();
        for sign in &signs {
            let changed = app.cancel.guard(queue::resume(&values, &sign.name, dry_run)).await?;
            let what = sign.what();
            app.ui.note(&match (changed, dry_run) {
                (Changed::No, _) => format!("Not paused: {what}."),
                (Changed::Yes, true) => format!("Dry run: this would resume {what}."),
                (Changed::Yes, false) => format!("Resumed {what}."),
            });
            done.push(sign.signed(changed));
        }
        if !args.sign.all && app.cancel.guard(queue::is_paused(&values, queue::PAUSED_ALL)).await? {
            app.ui.warning("every queue is paused all the same");
            app.ui.hint("take that back, too: `opsctl queue resume --all`");
        }
        Ok::<_, Error>(json!({"resumed": print(app, &RESUME, &done, dry_run)?}))
    };
    recorded_unless(dry_run, app, Class::Routine, RESUME.words, work).await.map(|_| Exit::Done)
}

/// Tells programs what was done; gives how many signs are otherwise now.
fn print(app: &App, verb: &Verb, done: &[Signed], dry_run: bool) -> Result<usize> {
    let changed = done.iter().filter(|signed| signed.changed).count();
    done::print(app, verb, done, &SignSummary { changed, dry_run })?;
    Ok(changed)
}
