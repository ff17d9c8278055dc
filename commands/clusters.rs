//! `opsctl clusters`: the clusters of a platform. Each verb has a file of its own in the folder: its arguments, its
//! `Verb`, its run, and what it looks like.

mod list;

use opsctl::{Exit, Result};

use crate::{app::App, verb::Verb};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[list::VERB];

/// The clusters of a platform: which there are, and how they stand
///
/// They are registered in the central database, in [clusters] of an opsctl.toml, or read by the query
/// of [fleet] from a platform's own table. Without any the central database is the one cluster.
#[derive(Debug, clap::Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
    List(list::Args),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List(args) => app.cancel.guard(list::run(app, &args)).await,
    }
}
