//! `opsctl queue`: the queues of the application. Each verb has a file of its own in the folder: its arguments, its
//! `Verb`, its run, and what it looks like.

mod status;

use opsctl::{Exit, Result};

use crate::{app::App, variables::Topic, verb::Verb};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[status::VERB];

/// What those read who look at queues.
const READS: &[Topic] = &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks];

/// The queues of the application: status
///
/// Jobs lie in the table of a connection or on its Redis, as Laravel 11 to 13 keep them.
#[derive(Debug, clap::Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
    Status(status::Args),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::Status(args) => app.cancel.guard(status::run(app, &args)).await,
    }
}
