//! `opsctl clusters drain`: a cluster takes no more new tenants.

use opsctl::{
    Exit, Result,
    clusters::{self, Outcome},
    config::Context,
    db::Db,
};

use super::change::{ALIKE, Change, Target, exits};
use crate::{
    app::App,
    verb::{Example, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters drain",
    examples: &[
        Example { what: "no new tenants on eu-1; those that live there stay", line: "clusters drain eu-1" },
        Example { what: "it takes new tenants again", line: "clusters drain eu-1 --undo" },
    ],
    exits: &exits("the cluster is not in use, or clusters are registered elsewhere"),
    ..ALIKE
};

/// Let a cluster take no more new tenants
///
/// Tenants that live there stay, and everything goes on to work on it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Let it take new tenants again
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    target: Target,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let what = "change a cluster's status";
    let change = Change { verb: &VERB, what, counted: "changed", dry_run: args.target.dry_run };
    let work = async |context: &Context, central: &Db| match args.undo {
        true => clusters::undrain(context, central, &args.target.name, args.target.dry_run).await,
        false => clusters::drain(context, central, &args.target.name, args.target.dry_run).await,
    };
    tell(app, args, &change.make(app, work).await?);
    Ok(Exit::Done)
}

fn tell(app: &App, args: &Args, outcome: &Outcome) {
    let name = &args.target.name;
    let takes = if args.undo { "takes new tenants" } else { "takes no new tenants" };
    app.ui.note(&match (outcome, args.target.dry_run) {
        (Outcome::Unchanged, _) => format!("Cluster `{name}` {takes} already: unchanged."),
        (Outcome::Changed(_), true) => {
            format!("Dry run, nothing was changed. Cluster `{name}` {takes} then.")
        }
        (Outcome::Changed(_), false) => format!("Cluster `{name}` {takes} from now on."),
    });
}
