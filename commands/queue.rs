//! `opsctl queue`: the queues of the application. Each verb has a file of its own in the folder: its arguments, its
//! `Verb`, its run, and what it looks like.

mod clear;
pub mod done;
mod failed;
mod flush;
mod forget;
mod inspect;
pub mod named;
mod pause;
mod prune;
mod restart;
mod retry;
mod status;
mod work;

use opsctl::{Exit, Result};

use crate::{app::App, variables::Topic, verb::Verb};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[
    status::VERB,
    inspect::VERB,
    failed::VERB,
    retry::VERB,
    forget::VERB,
    flush::VERB,
    prune::VERB,
    clear::VERB,
    restart::VERB,
    pause::PAUSE,
    pause::RESUME,
    work::VERB,
];

/// What those read who look at queues.
const READS: &[Topic] = &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks];
/// What those read who change something.
const READS_TO_CHANGE: &[Topic] =
    &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Journal];

/// The queues of the application: status, inspect, failed, retry, forget, flush, prune, clear, restart, pause, resume, work
///
/// Jobs lie in the table of a connection or on its Redis, as Laravel 11 to 13 keep them.
#[derive(Debug, clap::Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
    Status(status::Args),
    Inspect(inspect::Args),
    Failed(failed::Args),
    Retry(retry::Args),
    Forget(forget::Args),
    Flush(flush::Args),
    Prune(prune::Args),
    Clear(clear::Args),
    Restart(restart::Args),
    Pause(pause::PauseArgs),
    Resume(pause::ResumeArgs),
    Work(work::Args),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::Retry(args) => retry::run(app, &args).await,
        Command::Work(args) => work::run(app, &args).await,
        Command::Status(args) => app.cancel.guard(status::run(app, &args)).await,
        Command::Inspect(args) => app.cancel.guard(inspect::run(app, &args)).await,
        Command::Failed(args) => app.cancel.guard(failed::run(app, &args)).await,
        Command::Forget(args) => forget::run(app, &args).await,
        Command::Flush(args) => flush::run(app, &args).await,
        Command::Prune(args) => prune::run(app, &args).await,
        Command::Clear(args) => clear::run(app, &args).await,
        Command::Restart(args) => restart::run(app, &args).await,
        Command::Pause(args) => pause::pause(app, &args).await,
        Command::Resume(args) => pause::resume(app, &args).await,
    }
}

/// `1 job`, `2 jobs`.
fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
