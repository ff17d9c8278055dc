//! `opsctl clusters add`: registers a cluster in the central database.

use opsctl::{
    Exit, Result,
    clusters::{self, Outcome},
    config::{
        Context,
        clusters::{ClusterSection, Registration, Role},
        database::Address,
    },
    db::Db,
    fleet::{self, CENTRAL, Source},
    text::{printable, shell_word},
};

use super::{
    REGISTRY,
    change::{ALIKE, Change, registry},
    values::{Values, address},
};
use crate::{
    app::App,
    verb::{Example, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters add",
    examples: &[
        Example {
            what: "with the owner's role for migrations; passwords by reference",
            line: "clusters add eu-2 --url postgres://app@db-eu-2/tenants --password-from env:EU2_APP --owner-user owner --owner-password-from env:EU2_OWNER --region eu-central --capacity 200",
        },
        Example {
            what: "is it right? changes nothing",
            line: "clusters add us-2 --url mysql://app@db-us-2/tenants --dry-run",
        },
    ],
    exits: &[
        (Exit::Refused, "the name is taken by other values, or clusters are registered elsewhere"),
        REGISTRY[0],
        REGISTRY[1],
    ],
    ..ALIKE
};

/// Register a cluster
///
/// Checks the address, the references, and that the database is not registered under another name;
/// connects to nothing but the central database. A role that is not named works as the URL's user,
/// which is `app`. A cluster that is registered with the same values is left as it is.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Its name: up to 64 of a-z, 0-9, `-`, `_` and `.`
    #[arg(value_name = "NAME")]
    name: String,
    /// Its address, without a password: `postgres://USER@HOST/NAME`, `mysql://…`, `sqlite:PATH`
    #[arg(long, value_name = "URL")]
    url: String,
    #[command(flatten)]
    values: Values,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    fn registration(&self, app: &App) -> Registration {
        let section = ClusterSection {
            url: address(&self.url, app),
            password: self.values.password(app),
            operator: self.values.operator(app),
            owner: self.values.owner(app),
            region: self.values.region.clone(),
            status: self.values.status.unwrap_or_default(),
            capacity: self.values.capacity,
        };
        Registration::of_table(self.name.clone(), section, None)
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let registration = args.registration(app);
    registration.check()?;
    let change =
        Change { verb: &VERB, what: "register a cluster", counted: "registered", dry_run: args.dry_run };
    let work = async |context: &Context, central: &Db| {
        clusters::add(context, central, &registration, args.dry_run).await
    };
    let outcome = change.make(app, work).await?;
    tell(app, &registration, &outcome, args.dry_run)?;
    tell_of_central(app, &registration).await?;
    Ok(Exit::Done)
}

fn tell(app: &App, registration: &Registration, outcome: &Outcome, dry_run: bool) -> Result<()> {
    let (name, address) = (&registration.name, registration.bare()?);
    match (outcome, dry_run) {
        (Outcome::Unchanged, _) => {
            app.ui.note(&format!("Cluster `{name}` is registered already, with these values: unchanged."));
        }
        (Outcome::Changed(_), true) => {
            app.ui.note(&format!("Dry run: this would register cluster `{name}`, {address}."));
        }
        (Outcome::Changed(_), false) => {
            app.ui.note(&format!("Registered cluster `{name}`, {address}."));
        }
    }
    tell_of_references(app, app.context()?, registration);
    tell_of_file(app, registration)
}

/// The central database is a cluster by itself only while none is registered: those who live there must not be lost.
async fn tell_of_central(app: &App, registration: &Registration) -> Result<()> {
    let (context, central) = registry(app).await?;
    let is_known = async {
        let fleet = fleet::load(context, central).await?;
        Ok(fleet.source == Source::Table && fleet.cluster(CENTRAL).is_ok())
    };
    if registration.name == CENTRAL || app.cancel.guard(is_known).await? {
        return Ok(());
    }
    let tenants = app.cancel.guard(clusters::residents(context, central, CENTRAL)).await?;
    if tenants == 0 {
        return Ok(());
    }
    let live = if tenants == 1 { "tenant lives" } else { "tenants live" };
    app.ui.warning(&format!(
        "{tenants} {live} on `{CENTRAL}`, and the central database is a cluster only while none is registered"
    ));
    let target = central.target();
    let (url, password) = match &target.address {
        Address::File(_) => (target.to_string(), ""),
        Address::Tcp(..) => {
            let user = format!("://{}@", target.username);
            (target.to_string().replacen("://", &user, 1), " --password-from REF")
        }
        Address::Socket(..) => ("URL".into(), " --password-from REF"),
    };
    app.ui.hint(&format!(
        "register it under that name: `opsctl clusters add {CENTRAL} --url {}{password}`",
        shell_word(&url)
    ));
    Ok(())
}

/// A file may be made later; more often its path is wrong.
fn tell_of_file(app: &App, registration: &Registration) -> Result<()> {
    let database = registration.bare()?;
    if let Address::File(path) = &database.address
        && !path.exists()
    {
        app.ui.note(&format!("{} does not exist yet.", printable(&path.display().to_string())));
    }
    Ok(())
}

/// What cannot be followed on this host may be right on another.
fn tell_of_references(app: &App, context: &Context, registration: &Registration) {
    let mut told: Vec<String> = Vec::new();
    for role in Role::ALL.into_iter().filter(|role| registration.has(*role)) {
        if let Err(error) = context.cluster_database(registration, role)
            && !told.contains(&error.to_string())
        {
            app.ui.note(&format!("From here the role {} cannot connect: {error}.", role.name()));
            error.hints().iter().for_each(|hint| app.ui.hint(hint));
            told.push(error.to_string());
        }
    }
}
