//! `opsctl tenant list`: tenants by slug, in pages.

use clap_complete::{ArgValueCandidates as Names, CompletionCandidate};
use opsctl::{
    Exit, Result,
    fleet::TenantStatus,
    tenants::{self, Filter, LastRun, List, Provisioning},
    window::Window,
};
use serde::Serialize;
use serde_json::json;

use super::{run_cell, status_cell};
use crate::{
    app::App,
    cli::told,
    complete,
    number::number,
    page::next_page,
    safety::Class,
    ui::{Cell, Column, Table, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "tenant list",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "all of them, page by page", line: "tenant list" },
        Example { what: "whose provisioning failed", line: "tenant list --provisioning failed" },
        Example {
            what: "slugs of those on one cluster, for a pipe",
            line: "tenant list --cluster eu-1 --status active -o ids",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[
        (Exit::Partial, "rows of the platform's query name no tenant for certain; the others are listed"),
        (Exit::Config, "no tenants are registered anywhere, or none for certain"),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no such cluster or region"),
    ],
    artisan: &[],
};

/// Registrations that are told one by one.
const TOLD: usize = 20;

const COLUMNS: [Column; 13] = [
    Column::left("slug"),
    Column::left("status"),
    Column::left("provisioning"),
    Column::left("cluster"),
    Column::left("name").flexible(),
    Column::left("last_run_at"),
    Column::left("provisioned_at"),
    Column::left("created_at"),
    Column::left("log_key").flexible(),
    Column::left("id").wide_only(),
    Column::left("owner_user_id").wide_only(),
    Column::left("locale").wide_only(),
    Column::left("timezone").wide_only(),
];

/// Summary of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PageSummary {
    /// Tenants of this page.
    count: usize,
    /// What `--after` takes to go on, if there are more.
    next: Option<String>,
    /// Registrations that name no tenant for certain.
    unclear: usize,
}

/// List tenants by slug, each with its last provisioning
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only tenants on this cluster
    #[arg(long, value_name = "NAME", add = Names::new(complete::clusters))]
    cluster: Option<String>,
    /// Only tenants on a cluster of this region
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Only tenants in this status
    #[arg(long, value_name = "STATUS", value_parser = told::<TenantStatus>, add = Names::new(statuses))]
    status: Option<TenantStatus>,
    /// Only tenants whose last provisioning stands so; `never` for those without one
    #[arg(long, value_name = "OUTCOME", value_parser = told::<Provisioning>, add = Names::new(outcomes))]
    provisioning: Option<Provisioning>,
    /// Tenants of this page, 1 to 1000
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 50, value_parser = number(1, 1000))]
    limit: u32,
    /// Go on behind this slug, as the line below a page says
    #[arg(long, value_name = "SLUG", add = Names::new(complete::tenants))]
    after: Option<String>,
}

impl Args {
    fn filter(&self) -> Filter {
        Filter {
            cluster: self.cluster.clone(),
            region: self.region.clone(),
            status: self.status,
            provisioning: self.provisioning,
            limit: self.limit,
            after: self.after.clone(),
        }
    }
}

fn statuses() -> Vec<CompletionCandidate> {
    TenantStatus::ALL.iter().map(|status| CompletionCandidate::new(status.name())).collect()
}

fn outcomes() -> Vec<CompletionCandidate> {
    Provisioning::names().map(CompletionCandidate::new).collect()
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let tenants = super::tenants(app).await?;
    let fleet = match args.cluster.is_some() || args.region.is_some() {
        true => Some(app.fleet().await?),
        false => None,
    };
    let page = tenants::list(&tenants, app.db().await?, fleet.as_ref(), &args.filter()).await?;
    complete::remember_tenants(app, page.items.iter().map(|item| &*item.tenant.slug));
    app.ui.emit(&view(app, &page)?)?;
    if page.items.is_empty() && page.unclear.is_empty() {
        app.ui.note("No tenants match.");
    }
    if let Some(next) = &page.next {
        let line = next_page(&app.global.arguments, &Window::default(), next);
        app.ui.hint(&format!("further tenants: `{line}`"));
    }
    Ok(tell(app, &page))
}

/// Registrations that name no tenant for certain, last; the code that they end with.
fn tell(app: &App, page: &List) -> Exit {
    for one in page.unclear.iter().take(TOLD) {
        app.ui.error(&one.error);
    }
    if page.unclear.len() > TOLD {
        app.ui.note(&format!("And {} more that cannot be understood.", page.unclear.len() - TOLD));
    }
    match page.unclear.first() {
        None => Exit::Done,
        Some(one) if page.items.is_empty() => one.error.exit(),
        Some(_) => Exit::Partial,
    }
}

fn view(app: &App, page: &List) -> Result<View> {
    let (now, zone) = (app.clock.now(), app.ui.zone);
    let mut table = Table::new(COLUMNS);
    for item in &page.items {
        let (tenant, run) = (&item.tenant, item.provisioning.as_ref());
        table.row([
            Cell::new(&*tenant.slug),
            status_cell(tenant.status),
            run_cell(run),
            Cell::new(&*tenant.cluster),
            Cell::new(&*tenant.name),
            Cell::time(run.and_then(LastRun::at), now, zone),
            Cell::time(tenant.provisioned_at, now, zone),
            Cell::time(tenant.created_at, now, zone),
            Cell::or_dash(run.and_then(|run| run.log_key.as_deref())),
            Cell::new(&*tenant.id),
            Cell::or_dash(tenant.owner_user_id.as_deref()),
            Cell::new(&*tenant.locale),
            Cell::new(&*tenant.timezone),
        ]);
    }
    Ok(View {
        command: "tenant list",
        context: app.context()?.name.clone(),
        at: now,
        data: json!(page.items),
        summary: json!(PageSummary {
            count: page.items.len(),
            next: page.next.clone(),
            unclear: page.unclear.len(),
        }),
        items: page.items.iter().map(|item| json!(item)).collect(),
        table,
        text: None,
    })
}
