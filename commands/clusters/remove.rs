//! `opsctl clusters remove`: takes a cluster off the registry.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{Exit, Result, clusters, journal::Entry};
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
    words: "clusters remove",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[
        Example { what: "may it go? changes nothing", line: "clusters remove ap-2 --dry-run" },
        Example { what: "off the registry, without a question", line: "clusters remove ap-2 --yes" },
    ],
    prints: Prints::Nothing,
    reads: READS,
    exits: &[
        (Exit::Refused, "tenants live there, clusters are registered elsewhere, or not confirmed"),
        REGISTRY[0],
        REGISTRY[1],
        (Exit::NotFound, "no such cluster"),
    ],
    artisan: &[],
};

/// Take a cluster off the registry
///
/// Refused while tenants live there; archived ones do not count. What was seen of the cluster is
/// forgotten, too. Its database is not touched.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The cluster
    #[arg(value_name = "NAME", add = Names::new(complete::clusters))]
    name: String,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let name = &args.name;
    // What is refused is refused before anybody is asked.
    let rehearsed = clusters::remove(app.context()?, app.db().await?, name, true);
    let seen = app.cancel.guard(rehearsed).await?.seen;
    let what = format!("take cluster `{name}` off the registry");
    safety::allow(app, Class::Destructive, &what, args.dry_run).await?;
    let work = async |_: &Entry| {
        let removed = clusters::remove(app.context()?, app.db().await?, name, args.dry_run);
        let removed = if args.dry_run { seen } else { app.cancel.guard(removed).await?.seen };
        let also = format!("with {removed} {} about it", if removed == 1 { "row" } else { "rows" });
        app.ui.note(&match args.dry_run {
            true => format!("Dry run: this would {what}, {also}. Its database stays as it is."),
            false => format!("Took cluster `{name}` off the registry, {also}. Its database stays as it is."),
        });
        Ok(json!({"removed": 1, "seen": removed}))
    };
    recorded_unless(args.dry_run, app, Class::Destructive, VERB.words, work).await.map(|_| Exit::Done)
}
