//! `opsctl clusters`: the clusters of a platform. Each verb has a file of its own in the folder: its arguments, its
//! `Verb`, its run, and what it looks like.

mod add;
mod change;
mod drain;
mod edit;
mod list;
pub mod migrate;
pub mod probe;
mod remove;
pub mod repair;
mod show;
mod values;

#[cfg(test)]
pub use self::show::ShowSummary;
use opsctl::{Exit, Result};

use crate::{app::App, verb::Verb};

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[
    list::VERB,
    show::VERB,
    probe::VERB,
    migrate::VERB,
    repair::VERB,
    add::VERB,
    edit::VERB,
    drain::VERB,
    remove::VERB,
];

/// How those end who need the table of registrations.
const REGISTRY: [(Exit, &str); 2] =
    [(Exit::Config, "a value that cannot be used, or no table opsctl_clusters"), (Exit::Unreachable, "")];

/// The clusters of a platform: list, show, probe, migrate, repair, add, edit, drain, remove
///
/// They are registered in the central database, in [clusters] of an opsctl.toml, or read by the query
/// of [fleet] from a platform's own table. Without any the central database is the one cluster.
#[derive(Debug, clap::Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
    List(list::Args),
    Show(show::Args),
    Probe(probe::Args),
    Add(add::Args),
    Edit(edit::Args),
    Drain(drain::Args),
    Remove(remove::Args),
    Migrate(Box<migrate::Args>),
    Repair(repair::Args),
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::List(args) => app.cancel.guard(list::run(app, &args)).await,
        Command::Show(args) => app.cancel.guard(show::run(app, &args)).await,
        Command::Probe(args) => probe::run(app, &args).await,
        Command::Add(args) => add::run(app, &args).await,
        Command::Edit(args) => edit::run(app, &args).await,
        Command::Drain(args) => drain::run(app, &args).await,
        Command::Remove(args) => remove::run(app, &args).await,
        Command::Migrate(args) => migrate::run(app, &args).await,
        Command::Repair(args) => repair::run(app, &args).await,
    }
}
