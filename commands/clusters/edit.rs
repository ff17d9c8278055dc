//! `opsctl clusters edit`: changes what is registered about a cluster.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Result,
    clusters::{self, Edit, Outcome},
    journal::Entry,
};
use serde_json::json;

use super::{
    READS, REGISTRY,
    values::{Values, address},
};
use crate::{
    app::App,
    complete,
    record::recorded_unless,
    safety::{self, Class},
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters edit",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "room for more tenants", line: "clusters edit eu-1 --capacity 300" },
        Example {
            what: "down on purpose: left out unless it is named",
            line: "clusters edit us-1 --status offline",
        },
        Example {
            what: "another owner; what would be changed",
            line: "clusters edit eu-1 --owner-user migrator --owner-password-from env:EU1_OWNER --dry-run",
        },
    ],
    prints: Prints::Nothing,
    reads: READS,
    exits: &[
        (Exit::Refused, "the address is that of another cluster, or clusters are registered elsewhere"),
        REGISTRY[0],
        REGISTRY[1],
        (Exit::NotFound, "no such cluster"),
    ],
    artisan: &[],
};

/// Change what is registered about a cluster
///
/// What is not named stays as it is. Connects to nothing but the central database.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The cluster
    #[arg(value_name = "NAME", add = Names::new(complete::clusters))]
    name: String,
    /// Its address, without a password: `postgres://USER@HOST/NAME`, `mysql://…`, `sqlite:PATH`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    values: Values,
    /// Show what would be changed
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    fn edit(&self, app: &App) -> Edit {
        Edit {
            url: self.url.as_deref().map(|url| address(url, app)),
            password: self.values.password(app),
            operator: self.values.operator(app),
            owner: self.values.owner(app),
            region: self.values.region.clone(),
            status: self.values.status,
            capacity: self.values.capacity,
        }
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let edit = args.edit(app);
    if edit == Edit::default() {
        return Err(Error::usage("nothing is named that could be changed")
            .hint("what can be: `opsctl clusters edit --help`"));
    }
    safety::allow(app, Class::Routine, "change a cluster's registration", args.dry_run).await?;
    let work = async |_: &Entry| {
        let outcome = clusters::edit(app.context()?, app.db().await?, &args.name, &edit, args.dry_run);
        let outcome = app.cancel.guard(outcome).await?;
        let name = &args.name;
        app.ui.note(&match (&outcome, args.dry_run) {
            (Outcome::Unchanged, _) => format!("Cluster `{name}` is so already: unchanged."),
            (Outcome::Changed(members), true) => {
                format!("Dry run: this would change {} of cluster `{name}`.", members.join(", "))
            }
            (Outcome::Changed(members), false) => {
                format!("Changed {} of cluster `{name}`.", members.join(", "))
            }
        });
        Ok(json!({"changed": outcome.count()}))
    };
    recorded_unless(args.dry_run, app, Class::Routine, VERB.words, work).await.map(|_| Exit::Done)
}
