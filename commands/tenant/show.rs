//! `opsctl tenant show`: one tenant, its cluster, and its last provisioning runs.

use chrono::{DateTime, Utc};
use clap_complete::ArgValueCandidates;
use opsctl::{
    Exit, Result,
    tenants::{self, RowCounts, Run, Show, StepStatus},
    text::printable,
};
use serde::Serialize;
use serde_json::json;

use super::status_cell;
use crate::{
    app::App,
    complete,
    number::number,
    safety::Class,
    ui::{Cell, Column, Table, Tone, View, ago},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "tenant show",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "where it lives, and how its provisioning went", line: "tenant show anggrek" },
        Example { what: "the whole history, for a script", line: "tenant show anggrek --runs 100 --json" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[
        (Exit::Config, "no tenants are registered anywhere"),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no such tenant"),
    ],
    artisan: &[],
};

const COLUMNS: [Column; 12] = [
    Column::left("slug"),
    Column::left("name").flexible(),
    Column::left("cluster"),
    Column::left("status"),
    Column::left("region").wide_only(),
    Column::left("provisioned_at").wide_only(),
    Column::left("created_at").wide_only(),
    Column::left("id").wide_only(),
    Column::left("owner_user_id").wide_only(),
    Column::left("locale").wide_only(),
    Column::left("timezone").wide_only(),
    Column::right("runs").wide_only(),
];

const STEPS: [Column; 8] = [
    Column::left("step"),
    Column::left("status"),
    Column::right("created"),
    Column::right("updated"),
    Column::right("unchanged"),
    Column::right("skipped"),
    Column::left("log_key").flexible(),
    Column::left("error").flexible(),
];

/// Summary of `tenant show`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Provisioning runs shown.
    runs: usize,
}

/// Show one tenant: its cluster, its last provisioning runs with their steps, and what comes next
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The tenant's slug or id
    #[arg(value_name = "TENANT", add = ArgValueCandidates::new(complete::tenants))]
    tenant: String,
    /// Provisioning runs to show, newest first, 1 to 1000
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 3, value_parser = number(1, 1000))]
    runs: u32,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let tenants = super::tenants(app).await?;
    let fleet = app.fleet().await?;
    let name = opsctl::text::pasted(&args.tenant);
    let shown = tenants::show(&tenants, app.db().await?, &fleet, name, args.runs).await?;
    complete::remember_tenants(app, [&*shown.tenant.slug]);
    app.ui.emit(&view(app, &shown)?)?;
    if shown.home.is_none() {
        let cluster = &shown.tenant.cluster;
        app.ui.warning(&format!(
            "its cluster `{cluster}` is not registered: {} has none of that name",
            fleet.source
        ));
        app.ui.hint("all clusters: `opsctl clusters list`");
    }
    if let Some(next) = super::next(&shown.tenant.slug, shown.tenant.status) {
        app.ui.hint(&next);
    }
    Ok(Exit::Done)
}

fn view(app: &App, shown: &Show) -> Result<View> {
    let (now, zone, tenant) = (app.clock.now(), app.ui.zone, &shown.tenant);
    let region = shown.home.as_ref().and_then(|home| home.region.as_deref());
    let mut table = Table::new(COLUMNS);
    table.row([
        Cell::new(&*tenant.slug),
        Cell::new(&*tenant.name),
        Cell::new(&*tenant.cluster),
        status_cell(tenant.status),
        Cell::or_dash(region),
        Cell::time(tenant.provisioned_at, now, zone),
        Cell::time(tenant.created_at, now, zone),
        Cell::new(&*tenant.id),
        Cell::or_dash(tenant.owner_user_id.as_deref()),
        Cell::new(&*tenant.locale),
        Cell::new(&*tenant.timezone),
        Cell::new(shown.runs.len().to_string()),
    ]);
    Ok(View {
        command: "tenant show",
        context: app.context()?.name.clone(),
        at: now,
        data: json!(shown),
        summary: json!(Summary { runs: shown.runs.len() }),
        items: vec![json!(shown)],
        table,
        text: app.ui.is_human().then(|| text(app, shown)),
    })
}

fn time(app: &App, at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(|at| format!("{} · {}", ago(at, app.clock.now()), app.ui.zone.show(at)))
}

fn text(app: &App, shown: &Show) -> String {
    let tenant = &shown.tenant;
    let home = shown.home.as_ref().map_or("not registered".to_owned(), |home| {
        let region = home.region.as_ref().map_or(String::new(), |region| format!(", {region}"));
        let address = if home.address.is_empty() { "no address" } else { &home.address };
        format!("{}{region} · {address}", home.status)
    });
    let lines = [
        ("Tenant", Some(tenant.slug.clone())),
        ("Id", Some(tenant.id.clone())),
        ("Name", Some(tenant.name.clone())),
        ("Status", Some(tenant.status.to_string())),
        ("Cluster", Some(format!("{} · {home}", tenant.cluster))),
        ("Owner", tenant.owner_user_id.clone()),
        ("Locale", Some(format!("{} · {}", tenant.locale, tenant.timezone))),
        ("Registered", time(app, tenant.created_at)),
        ("Provisioned", Some(time(app, tenant.provisioned_at).unwrap_or_else(|| "never in full".into()))),
    ];
    let mut text = leaders(lines);
    for run in &shown.runs {
        text.push('\n');
        text.push_str(&run_text(app, run));
    }
    text
}

fn run_text(app: &App, run: &Run) -> String {
    let scope = run.scope.as_ref().map_or(String::new(), |scope| format!(", only {scope}"));
    let process = format!("{}, process {} on {}", run.requested_by, run.pid, run.host);
    let alive = if run.finished_at.is_none() { time(app, run.heartbeat_at) } else { None };
    let counts = |counts: &RowCounts| {
        let RowCounts { created, updated, unchanged, skipped } = counts;
        format!("{created} created, {updated} updated, {unchanged} unchanged, {skipped} skipped")
    };
    let lines = [
        ("Run", Some(run.run.clone())),
        ("Outcome", Some(format!("{}{scope}, attempt {}", run.status, run.attempt))),
        ("Asked for by", Some(process)),
        ("Began", time(app, run.started_at)),
        ("Ended", time(app, run.finished_at)),
        ("Seen alive", alive),
        ("Rows", Some(counts(&run.counts))),
        ("Log key", run.log_key.clone()),
        ("Error", run.error.clone()),
    ];
    let mut text = leaders(lines);
    if !run.steps.is_empty() {
        text.push_str(&app.ui.draw(&steps(run).telling()));
    }
    text
}

fn steps(run: &Run) -> Table {
    let mut table = Table::new(STEPS);
    for step in &run.steps {
        let tone = match step.status {
            StepStatus::Succeeded => Tone::Good,
            StepStatus::Failed => Tone::Bad,
            StepStatus::Running => Tone::Warn,
            StepStatus::Pending | StepStatus::Skipped => Tone::Dim,
        };
        let count = |count: i64| Cell::count(u64::try_from(count).unwrap_or_default());
        let RowCounts { created, updated, unchanged, skipped } = step.counts;
        table.row([
            Cell::new(&*step.provisioner),
            Cell::new(step.status.name()).tone(tone),
            count(created),
            count(updated),
            count(unchanged),
            count(skipped),
            Cell::or_dash(step.log_key.as_deref()),
            Cell::or_dash(step.error.as_deref()),
        ]);
    }
    table
}

/// A name, dots, and what there is to say.
fn leaders(lines: impl IntoIterator<Item = (&'static str, Option<String>)>) -> String {
    lines
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| format!("{name:.<16} {}\n", printable(&value), name = format!("{name} ")))
        .collect()
}
