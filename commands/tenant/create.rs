//! `opsctl tenant create`: a tenant is registered, and gets a cluster.

use clap_complete::{ArgValueCandidates, ArgValueCompleter};
use opsctl::{
    Error, Exit, Result,
    journal::Entry,
    tenants::{self, CreateReport, CreateRequest, Locale, Name, Outcome, Owner, Slug, Timezone},
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::status_cell;
use crate::{
    app::App,
    cli::told,
    complete,
    record::{Account, recorded_unless},
    safety::{self, Class},
    ui::{Cell, Column, Table, Tone, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "tenant create",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "where it would live", line: "tenant create melati-express --name Melati --dry-run" },
        Example {
            what: "on the least full cluster that takes tenants",
            line: "tenant create melati-express --name Melati",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database, Topic::Journal],
    exits: &[
        (
            Exit::Refused,
            "registered with other values, no cluster has room, an owner's id that it cannot hold, or tenants of the platform's own tables",
        ),
        (Exit::Config, "no table of tenants"),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no such cluster or region"),
    ],
    artisan: &[],
};

const COLUMNS: [Column; 9] = [
    Column::left("slug"),
    Column::left("outcome"),
    Column::left("status"),
    Column::left("cluster"),
    Column::left("name").flexible(),
    Column::left("id"),
    Column::left("owner_user_id").wide_only(),
    Column::left("locale").wide_only(),
    Column::left("timezone").wide_only(),
];

/// Summary of `tenant create`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Tenants that were registered, or would be.
    created: usize,
    /// Tenants whose owner was set right, or would be.
    corrected: usize,
    /// Tenants that are registered already, with these values.
    unchanged: usize,
}

/// Register a tenant, on the cluster that is named or on the least full one
///
/// It gets no rows yet: `tenant provision` comes next. Two at once never overfill a cluster. The same
/// again changes nothing; other values under the same slug are refused, but for another owner of a
/// tenant that was never provisioned. On PostgreSQL the owner's id is a UUID.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Its short name: a-z, 0-9 and `-`, as in a domain
    #[arg(value_name = "SLUG", value_parser = told::<Slug>)]
    slug: Slug,
    /// Its name, for people
    #[arg(long, value_name = "NAME", value_parser = told::<Name>)]
    name: Name,
    /// The cluster that it is to live on [default: the least full one that takes tenants]
    #[arg(long, value_name = "NAME", conflicts_with = "region", add = ArgValueCandidates::new(complete::clusters))]
    cluster: Option<String>,
    /// Choose among the clusters of this region
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Id of the central user who owns it
    #[arg(long, value_name = "ID", value_parser = told::<Owner>)]
    owner_user_id: Option<Owner>,
    /// Its language [default: id]
    #[arg(long, value_name = "LOCALE", value_parser = told::<Locale>)]
    locale: Option<Locale>,
    /// Its time zone [default: Asia/Jakarta]
    #[arg(
        long,
        value_name = "ZONE",
        value_parser = told::<Timezone>,
        add = ArgValueCompleter::new(complete::zones)
    )]
    timezone: Option<Timezone>,
    /// Its id, a UUID [default: a new one]
    #[arg(long, value_name = "UUID", value_parser = uuid)]
    id: Option<Uuid>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

fn uuid(text: &str) -> Result<Uuid, String> {
    Uuid::try_parse(text.trim())
        .map_err(|_| "it is a UUID, such as 019aa0a1-b2c3-7000-8000-00000000000a".into())
}

impl Args {
    fn request(&self) -> CreateRequest {
        CreateRequest {
            slug: self.slug.clone(),
            name: self.name.clone(),
            cluster: self.cluster.clone(),
            region: self.region.clone(),
            owner: self.owner_user_id.clone(),
            locale: self.locale.clone(),
            timezone: self.timezone.clone(),
            id: self.id,
            dry_run: self.dry_run,
        }
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    safety::allow(app, Class::Routine, "register a tenant", args.dry_run).await?;
    if !args.dry_run {
        app.cancel.guard(app.require_writable()).await?;
    }
    let request = args.request();
    let work = async |_: &Entry| {
        let creating = async { tenants::create(app.context()?, app.db().await?, &request).await };
        app.cancel.guard(creating).await
    };
    let report = recorded_unless(args.dry_run, app, Class::Routine, "tenant create", work).await?;
    if !report.dry_run {
        complete::remember_tenants(app, [&*report.slug]);
    }
    tell(app, &report)?;
    Ok(Exit::Done)
}

impl Account for CreateReport {
    fn counts(&self) -> Value {
        json!(Summary::of(self))
    }

    fn error(&self) -> Option<&Error> {
        None
    }
}

impl Summary {
    fn of(report: &CreateReport) -> Self {
        let of = |outcome| usize::from(report.outcome == outcome);
        Self {
            created: of(Outcome::Created),
            corrected: of(Outcome::Corrected),
            unchanged: of(Outcome::Unchanged),
        }
    }
}

fn tell(app: &App, report: &CreateReport) -> Result<()> {
    if app.ui.wants_reports() {
        app.ui.emit(&view(app, report)?)?;
    }
    let (slug, cluster) = (&report.slug, &report.cluster);
    app.ui.note(&match (report.outcome, report.dry_run) {
        (Outcome::Created, false) => format!("Registered tenant `{slug}` on cluster `{cluster}`."),
        (Outcome::Created, true) => {
            format!("Dry run, nothing was changed. It would have been registered on cluster `{cluster}`.")
        }
        (Outcome::Corrected, false) => format!("Corrected the owner of tenant `{slug}`."),
        (Outcome::Corrected, true) => {
            format!("Dry run, nothing was changed. The owner of tenant `{slug}` would have been corrected.")
        }
        (Outcome::Unchanged, _) => {
            format!("Tenant `{slug}` is registered on cluster `{cluster}` already: nothing was changed.")
        }
    });
    if let Some(next) = super::next(slug, report.status).filter(|_| !report.dry_run) {
        app.ui.hint(&next);
    }
    Ok(())
}

fn view(app: &App, report: &CreateReport) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    let tone = if report.outcome == Outcome::Unchanged { Tone::Dim } else { Tone::Good };
    table.row([
        Cell::new(&*report.slug),
        Cell::new(report.outcome.name()).tone(tone),
        status_cell(report.status),
        Cell::new(&*report.cluster),
        Cell::new(&*report.name),
        Cell::or_dash(report.id.as_deref()),
        Cell::or_dash(report.owner_user_id.as_deref()),
        Cell::new(&*report.locale),
        Cell::new(&*report.timezone),
    ]);
    Ok(View {
        command: "tenant create",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(Summary::of(report)),
        items: vec![json!(report)],
        table,
        text: None,
    })
}
