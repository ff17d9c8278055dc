//! `opsctl clusters show`: one cluster in full.

use chrono::{DateTime, Utc};
use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Exit, Result,
    clusters::{self, Line, Migrated, Probed, RoleLine, Shown},
    text::printable,
};
use serde::Serialize;
use serde_json::json;

use super::list::{COLUMNS, cells};
use crate::{
    app::App,
    complete,
    safety::Class,
    ui::{Table, View, ago},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters show",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example {
            what: "roles and where their passwords lie, tenants, last probes",
            line: "clusters show eu-1",
        },
        Example { what: "for a program", line: "clusters show eu-1 --json" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[
        (Exit::Config, "its registration cannot be understood"),
        (Exit::Unreachable, "the central database does not answer"),
        (Exit::NotFound, "no such cluster"),
    ],
    artisan: &[],
};

/// Show one cluster: address, roles, tenants, the last probes and migrations
///
/// It is not connected to. Passwords are shown by where they lie, never themselves.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The cluster
    #[arg(value_name = "NAME", add = Names::new(complete::clusters))]
    name: String,
}

/// The summary of one cluster.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShowSummary {
    /// Always one.
    count: usize,
    /// Roles that cannot connect from here.
    problems: usize,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let fleet = app.fleet().await?;
    let shown = clusters::show(app.context()?, app.central().await?, &fleet, &args.name).await?;
    app.ui.emit(&view(app, &shown)?)?;
    Ok(if shown.line.is_sound { Exit::Done } else { Exit::Config })
}

fn view(app: &App, shown: &Shown) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    table.row(cells(app, &shown.line));
    let problems = shown.roles.iter().filter(|role| role.problem.is_some()).count();
    Ok(View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(shown),
        summary: json!(ShowSummary { count: 1, problems }),
        items: vec![json!(shown)],
        table,
        text: Some(text(app, shown)),
    })
}

fn text(app: &App, shown: &Shown) -> String {
    let now = app.clock.now();
    let line = &shown.line;
    let mut lines: Vec<(&str, String)> = vec![
        ("Cluster", line.name.clone()),
        ("Registered", format!("in {}", shown.registered_in)),
        ("Address", if line.address.is_empty() { "-".into() } else { line.address.clone() }),
        ("Region", line.region.clone().unwrap_or_else(|| "-".into())),
        ("Status", if line.is_sound { line.status.to_string() } else { "unusable".into() }),
    ];
    lines.extend(shown.roles.iter().map(|role| ("Role", told(role))));
    if let Some(tenants) = tenants(shown) {
        lines.push(("Tenants", tenants));
    }
    lines.extend(schema(line).map(|schema| ("Schema", schema)));
    lines.extend(shown.probes.iter().map(|probe| ("Probe", probed(probe, now))));
    lines.extend(shown.migrations.iter().map(|migration| ("Migration", migrated(migration, now))));
    lines
        .iter()
        .map(|(name, text)| format!("{name:.<12} {}\n", printable(text), name = format!("{name} ")))
        .collect()
}

/// `50003 applied last, 0 pending, drifted, when it was last looked at`.
fn schema(line: &Line) -> Option<String> {
    let trouble = line.schema_trouble.map(|trouble| trouble.name().to_owned());
    let place = line.schema_table.as_ref().map_or_else(String::new, |table| format!(" in {table}"));
    let far = line.pending.map(|pending| {
        let head = line.schema_head.map_or_else(|| "nothing".to_owned(), |head| head.to_string());
        format!("{head} applied last, {pending} pending{place}")
    });
    let parts: Vec<String> = far.into_iter().chain(trouble).collect();
    (!parts.is_empty()).then(|| format!("{}, when it was last looked at", parts.join(", ")))
}

/// `owner: migrator, password from env:EU1_OWNER`; what is wrong with it comes last.
fn told(role: &RoleLine) -> String {
    let name = role.role.name();
    if !role.own {
        return format!("{name}: works as app does");
    }
    let user = role.user.as_ref().map(|user| format!("user {user}"));
    let password = role.password.as_ref().map(|place| format!("password from {place}"));
    let parts: Vec<String> = user.into_iter().chain(password).chain(role.problem.clone()).collect();
    match parts.is_empty() {
        true => format!("{name}: without credentials"),
        false => format!("{name}: {}", parts.join(", ")),
    }
}

/// `3 of 50: 2 active, 1 pending`.
fn tenants(shown: &Shown) -> Option<String> {
    let counts = shown.tenants_by_status.as_ref()?;
    let room = shown.line.capacity.map_or_else(String::new, |capacity| format!(" of {capacity}"));
    let statuses: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let statuses = if statuses.is_empty() { String::new() } else { format!(": {}", statuses.join(", ")) };
    Some(format!("{}{room}{statuses}", shown.line.tenants.unwrap_or_default()))
}

fn probed(probe: &Probed, now: DateTime<Utc>) -> String {
    let at = probe.stage.as_ref().filter(|_| probe.verdict != "ok");
    let at = at.map_or_else(String::new, |stage| format!(" at {stage}"));
    let server = probe.server.as_ref().map_or_else(String::new, |server| format!(", {server}"));
    format!("{}{at}, {}, {} ms{server}", probe.verdict, ago(probe.at, now), probe.took_ms)
}

fn migrated(migration: &Migrated, now: DateTime<Utc>) -> String {
    let error = migration.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    let Migrated { outcome, applied, pending, record_table, .. } = migration;
    let pending = pending.map_or_else(|| "unknown".to_owned(), |count| count.to_string());
    format!(
        "{outcome}, {}, {applied} applied, {pending} pending in {record_table}{error}",
        ago(migration.at, now)
    )
}
