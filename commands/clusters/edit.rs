//! `opsctl clusters edit`: changes what is registered about a cluster.

use opsctl::{
    Error, Exit, Result,
    clusters::{self, Edit, Outcome},
    config::{Context, clusters::ClusterStatus},
    db::Db,
};

use super::{
    change::{ALIKE, Change, Target, exits, registry},
    values::{Values, address},
};
use crate::{
    app::App,
    verb::{Example, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters edit",
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
    exits: &exits("the address is that of another cluster, or clusters are registered elsewhere"),
    ..ALIKE
};

/// Change what is registered about a cluster
///
/// What is not named stays as it is. With another database what was seen of the old one is forgotten.
/// Connects to nothing but the central database.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Its address, without a password: `postgres://USER@HOST/NAME`, `mysql://…`, `sqlite:PATH`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    values: Values,
    /// Let it take any number of tenants again
    #[arg(long, conflicts_with = "capacity")]
    no_capacity: bool,
    #[command(flatten)]
    target: Target,
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
            capacity: self.values.capacity.map(Some).or(self.no_capacity.then_some(None)),
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
    let what = "change a cluster's registration";
    let change = Change { verb: &VERB, what, counted: "changed", dry_run: args.target.dry_run };
    let name = &args.target.name;
    let work = async |context: &Context, central: &Db| {
        clusters::edit(context, central, name, &edit, args.target.dry_run).await
    };
    let outcome = change.make(app, work).await?;
    let is_changed = |member| matches!(&outcome, Outcome::Changed(members) if members.contains(&member));
    let (moved, status) = (is_changed("url"), edit.status.filter(|_| is_changed("status")));
    app.ui.note(&match (outcome, args.target.dry_run) {
        (Outcome::Unchanged, _) => format!("Cluster `{name}` is so already: unchanged."),
        (Outcome::Changed(members), true) => {
            format!("Dry run: this would change {} of cluster `{name}`.", members.join(", "))
        }
        (Outcome::Changed(members), false) => {
            format!("Changed {} of cluster `{name}`.", members.join(", "))
        }
    });
    tell_of_tenants(app, name, moved, status == Some(ClusterStatus::Retired)).await?;
    Ok(Exit::Done)
}

/// Tenants stay where they are registered, and their rows where they are.
async fn tell_of_tenants(app: &App, name: &str, moved: bool, retired: bool) -> Result<()> {
    if !moved && !retired {
        return Ok(());
    }
    let (context, central) = registry(app).await?;
    let tenants = app.cancel.guard(clusters::residents(context, central, name)).await?;
    if tenants == 0 {
        return Ok(());
    }
    let live = if tenants == 1 { "tenant lives" } else { "tenants live" };
    if moved {
        app.ui.warning(&format!(
            "{tenants} {live} on cluster `{name}`: their rows are looked for at its new address"
        ));
        app.ui.hint(&format!("are they there? `opsctl tenant verify --cluster {name}`"));
    }
    if retired {
        app.ui.warning(&format!("{tenants} {live} on cluster `{name}`, which is gone when it is retired"));
        app.ui.hint(&format!("see them: `opsctl tenant list --cluster {name}`"));
    }
    Ok(())
}
