//! `opsctl schedule clear-cache`: mutexes that dead runs left behind.

use opsctl::{
    Error, Exit, Result, journal,
    schedule::{self, Cleared, Mutex},
};
use serde_json::json;

use super::{READS_TO_CHANGE, set};
use crate::{
    app::App,
    record::recorded_unless,
    safety::{self, Class},
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "schedule clear-cache",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[
        Example { what: "which mutexes are held, and by whom?", line: "schedule clear-cache --dry-run" },
        Example { what: "those whose runs are dead, without a question", line: "schedule clear-cache --yes" },
    ],
    prints: Prints::Nothing,
    reads: READS_TO_CHANGE,
    exits: &[
        (Exit::Refused, "a run of the entry is at work, or not confirmed"),
        (Exit::Config, ""),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no such entry"),
    ],
    artisan: &[Artisan {
        command: "schedule:clear-cache",
        with: None,
        ignores: &[],
        difference: "it asks, and deletes no mutex that changed hands since, nor one whose run is at work",
    }],
};

/// Delete the mutexes of the entries, which runs that were killed left behind
///
/// A mutex goes only as it was shown: one that somebody else took since stays. Whether a run of the
/// application's scheduler lives is not known; its mutex goes. Keys of minutes stay: they end after an
/// hour. Mutexes of other lines than those of the entries are not touched.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only those of these entries
    #[arg(value_name = "NAME")]
    entries: Vec<String>,
    /// Delete the mutex of a run that is at work, too: another one may then begin beside it
    #[arg(long)]
    force: bool,
    /// Show what would be deleted
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let entries = set::named(schedule::entries(app.context()?)?, &args.entries)?;
    let deps = app.cancel.guard(set::deps(app)).await?;
    let held = app.cancel.guard(schedule::held(&deps, &entries)).await?;
    if held.is_empty() {
        app.ui.note("No mutex of the schedule's entries is held.");
        return Ok(Exit::Done);
    }
    for mutex in &held {
        app.ui.note(&shown(app, mutex));
    }
    if let Some(live) = held.iter().find(|mutex| mutex.live.is_some()).filter(|_| !args.force) {
        return Err(lives(live));
    }
    let count = held.len();
    let what = format!(
        "delete {} of the schedule",
        if count == 1 { "1 mutex".into() } else { format!("{count} mutexes") }
    );
    safety::allow(app, Class::Destructive, &what, args.dry_run).await?;
    let work = async |_: &journal::Entry| {
        if args.dry_run {
            app.ui.note(&format!("Dry run: this would {what}."));
            return Ok(json!({"cleared": count}));
        }
        let mut cleared = 0;
        for mutex in &held {
            match app.cancel.guard(schedule::clear(&deps, mutex)).await? {
                Cleared::Cleared => cleared += 1,
                Cleared::Changed => {
                    app.ui.warning(&format!("the mutex of `{}` changed hands since: it stays", mutex.entry));
                }
            }
        }
        app.ui.note(&format!("Deleted {cleared} of {count}."));
        Ok::<_, Error>(json!({"cleared": cleared, "changed": count - cleared}))
    };
    recorded_unless(args.dry_run, app, Class::Destructive, VERB.words, work).await.map(|_| Exit::Done)
}

/// One mutex in a line.
fn shown(app: &App, mutex: &Mutex) -> String {
    let Mutex { entry, name, owner, until, live } = mutex;
    let who = match (live, mutex.is_the_applications()) {
        (Some(live), _) => {
            format!("run {} on {}, at work since {}", live.run, live.host, app.ui.zone.show(live.claimed_at))
        }
        (None, true) => "the application's scheduler".into(),
        (None, false) => "a run of opsctl's that is not at work any more".into(),
    };
    let until = until.map_or_else(|| "without an end".into(), |at| format!("until {}", app.ui.zone.show(at)));
    format!("`{entry}`: {name}, held by `{owner}` ({who}) {until}.")
}

fn lives(mutex: &Mutex) -> Error {
    let live = mutex.live.as_ref();
    let run = live.map_or_else(String::new, |live| {
        format!("run {} of process {} on {}", live.run, live.pid, live.host)
    });
    Error::refused(format!("the mutex of `{}` is in use: nothing was deleted", mutex.entry))
        .because(format!("{run} is at work"))
        .hint("wait for its end, or for its lease to end: a minute after it was killed")
        .hint("delete it all the same, and let another run begin beside it: `--force`")
}
