//! `opsctl schedule …`: opsctl's commands at their times, in place of the application's scheduler or beside it.
//!
//! A file for each verb below; `set.rs` reads the entries and opens what they work with, `child.rs` runs their commands.

mod child;
mod clear_cache;
mod crontab;
mod keep;
mod list;
mod output;
mod run;
mod set;
mod work;

#[cfg(test)]
pub use self::run::RunSummary;

use opsctl::{Exit, Result};

use crate::{app::App, variables::Topic, verb::Verb};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] =
    &[list::VERB, run::VERB, work::VERB, output::VERB, clear_cache::VERB, crontab::VERB];

/// What those read who look at the schedule.
const READS: &[Topic] = &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits];
/// What those read who run or change something.
const READS_TO_CHANGE: &[Topic] =
    &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits, Topic::Journal];

/// What runs when: list, run, work, output, clear-cache, crontab
///
/// Entries stand in `[schedule]` of an opsctl.toml: opsctl's commands at their times, under the
/// application's own mutexes.
#[derive(Debug, clap::Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
    List(list::Args),
    Run(run::Args),
    Work(work::Args),
    Output(output::Args),
    ClearCache(clear_cache::Args),
    Crontab(crontab::Args),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List(args) => app.cancel.guard(list::run(app, &args)).await,
        Command::Run(args) => run::run(app, &args).await,
        Command::Work(args) => work::run(app, &args).await,
        Command::Output(args) => output::run(app, &args),
        Command::ClearCache(args) => clear_cache::run(app, &args).await,
        Command::Crontab(args) => crontab::run(app, &args),
    }
}

/// `1 entry`, `2 entries`.
fn counted(count: usize) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}
