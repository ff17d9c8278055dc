//! `opsctl clusters remove`: takes a cluster off the registry.

use opsctl::{Exit, Result, clusters, journal::Entry};
use serde_json::json;

use super::change::{ALIKE, Target, exits, registry};
use crate::{
    app::App,
    record::recorded_unless,
    safety::{self, Class},
    verb::{Example, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters remove",
    class: Class::Destructive,
    examples: &[
        Example { what: "may it go? changes nothing", line: "clusters remove ap-2 --dry-run" },
        Example { what: "off the registry, without a question", line: "clusters remove ap-2 --yes" },
    ],
    exits: &exits("tenants live there, clusters are registered elsewhere, or not confirmed"),
    ..ALIKE
};

/// Take a cluster off the registry
///
/// Refused while tenants live there; archived ones do not count. What was seen of the cluster is
/// forgotten, too. Its database is not touched.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: Target,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let name = &args.target.name;
    let (context, central) = registry(app).await?;
    // What is refused is refused before anybody is asked.
    let rehearsed = clusters::remove(context, central, name, true);
    let seen = app.cancel.guard(rehearsed).await?.seen;
    let what = format!("take cluster `{name}` off the registry");
    safety::allow(app, Class::Destructive, &what, args.target.dry_run).await?;
    let work = async |_: &Entry| {
        let removed = clusters::remove(context, central, name, args.target.dry_run);
        let removed = if args.target.dry_run { seen } else { app.cancel.guard(removed).await?.seen };
        let also = format!("with {removed} {} about it", if removed == 1 { "row" } else { "rows" });
        app.ui.note(&match args.target.dry_run {
            true => format!("Dry run: this would {what}, {also}. Its database stays as it is."),
            false => format!("Took cluster `{name}` off the registry, {also}. Its database stays as it is."),
        });
        Ok(json!({"removed": 1, "seen": removed}))
    };
    recorded_unless(args.target.dry_run, app, Class::Destructive, VERB.words, work).await.map(|_| Exit::Done)
}
