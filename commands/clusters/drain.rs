//! `opsctl clusters drain`: a cluster takes no more new tenants.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Exit, Result,
    clusters::{self, Outcome},
    journal::Entry,
};
use serde_json::json;

use super::{READS, REGISTRY};
use crate::{
    app::App,
    complete,
    record::recorded_unless,
    safety::{self, Class},
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters drain",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "no new tenants on eu-1; those that live there stay", line: "clusters drain eu-1" },
        Example { what: "it takes new tenants again", line: "clusters drain eu-1 --undo" },
    ],
    prints: Prints::Nothing,
    reads: READS,
    exits: &[
        (Exit::Refused, "the cluster is not in use, or clusters are registered elsewhere"),
        REGISTRY[0],
        REGISTRY[1],
        (Exit::NotFound, "no such cluster"),
    ],
    artisan: &[],
};

/// Let a cluster take no more new tenants
///
/// Tenants that live there stay, and everything goes on to work on it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The cluster
    #[arg(value_name = "NAME", add = Names::new(complete::clusters))]
    name: String,
    /// Let it take new tenants again
    #[arg(long)]
    undo: bool,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    safety::allow(app, Class::Routine, "change a cluster's status", args.dry_run).await?;
    let work = async |_: &Entry| {
        let (context, central) = (app.context()?, app.db().await?);
        let outcome = match args.undo {
            true => app.cancel.guard(clusters::undrain(context, central, &args.name, args.dry_run)).await?,
            false => app.cancel.guard(clusters::drain(context, central, &args.name, args.dry_run)).await?,
        };
        tell(app, args, &outcome);
        Ok(json!({"changed": outcome.count()}))
    };
    recorded_unless(args.dry_run, app, Class::Routine, VERB.words, work).await.map(|_| Exit::Done)
}

fn tell(app: &App, args: &Args, outcome: &Outcome) {
    let name = &args.name;
    let takes = if args.undo { "takes new tenants" } else { "takes no new tenants" };
    app.ui.note(&match (outcome, args.dry_run) {
        (Outcome::Unchanged, _) => format!("Cluster `{name}` {takes} already: unchanged."),
        (Outcome::Changed(_), true) => {
            format!("Dry run, nothing was changed. Cluster `{name}` {takes} then.")
        }
        (Outcome::Changed(_), false) => format!("Cluster `{name}` {takes} from now on."),
    });
}
