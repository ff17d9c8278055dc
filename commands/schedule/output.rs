//! `opsctl schedule output`: what a command of the schedule printed.

use opsctl::{Error, Exit, Kind, Result, schedule};

use super::{READS_TO_CHANGE, keep};
use crate::{
    app::App,
    safety::Class,
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "schedule output",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "what did it say last?", line: "schedule output webhooks-retry" },
        Example { what: "all that is kept of it", line: "schedule output webhooks-retry --list" },
    ],
    prints: Prints::Nothing,
    reads: READS_TO_CHANGE,
    exits: &[(Exit::Config, ""), (Exit::NotFound, "no such entry, or no output of this run on this host")],
    artisan: &[],
};

/// Print what the newest run of an entry printed on this host
///
/// stdout and stderr of its command, in the order in which they came. The last runs of each entry are
/// kept, in the state folder.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The entry
    #[arg(value_name = "NAME")]
    entry: String,
    /// Another run than the newest one: its id, as `schedule run -o wide` and `schedule list -o wide` show it
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Print the places of all that is kept, newest first, instead
    #[arg(long, conflicts_with = "run")]
    list: bool,
}

/// Runs the verb.
pub fn run(app: &App, args: &Args) -> Result<Exit> {
    let entries = super::set::named(schedule::entries(app.context()?)?, std::slice::from_ref(&args.entry))?;
    let state = app
        .environment
        .state_dir()
        .ok_or_else(|| Error::config("there is no folder for outputs").hint("name one: OPSCTL_STATE_DIR"))?;
    let fail = |error: std::io::Error| Error::failed("the output cannot be read").because(error);
    let kept =
        entries.iter().map(|entry| keep::newest(&state, &entry.name)).collect::<std::io::Result<Vec<_>>>();
    let kept = kept.map_err(fail)?.concat();
    if args.list {
        let lines: String = kept.iter().map(|path| format!("{}\n", path.display())).collect();
        app.ui.script(&lines)?;
        return Ok(Exit::Done);
    }
    let wanted = |path: &&std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        args.run.as_ref().is_none_or(|run| name.ends_with(&format!("-{run}")))
    };
    let Some(path) = kept.iter().find(wanted) else {
        let folder = keep::folder(&state, &args.entry);
        if args.run.is_none() {
            app.ui.note(&format!(
                "No output of `{}` is kept on this host: it would lie in {}.",
                args.entry,
                folder.display()
            ));
            return Ok(Exit::Done);
        }
        return Err(Error::new(
            Kind::NotFound,
            format!("no output of this run of `{}` is kept on this host", args.entry),
        )
        .because(format!("looked in {}", folder.display()))
        .hint("which host ran it: `opsctl schedule list`"));
    };
    let bytes = std::fs::read(path).map_err(fail)?;
    app.ui.script(&String::from_utf8_lossy(&bytes))?;
    app.ui.note(&format!("From {}.", path.display()));
    Ok(Exit::Done)
}
