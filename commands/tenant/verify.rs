//! `opsctl tenant verify`: whether a tenant is as provisioning is to leave it, with evidence.

use std::collections::BTreeSet;

use clap_complete::ArgValueCandidates;
use opsctl::{
    Exit, Result,
    tenants::{
        provision::{self, Ground, Masters, Selection},
        taxonomies,
        verify::{self, Answer, Check, Report, Verdict},
    },
};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    complete,
    number::number,
    safety::Class,
    ui::{Cell, Column, Format, Status, Table, Tone, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "tenant verify",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "every tenant of a cluster", line: "tenant verify --cluster ap-1" },
        Example { what: "all tenants, for a spreadsheet", line: "tenant verify --all -o csv" },
    ],
    prints: Prints::Verdict(&COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[
        (Exit::Findings, "something is not as provisioning is to leave it"),
        (Exit::Config, ""),
        (Exit::Unreachable, "no cluster could be looked at"),
        (Exit::NotFound, "no such tenant or cluster"),
    ],
    artisan: &[],
};

const COLUMNS: [Column; 7] = [
    Column::left("tenant"),
    Column::left("check"),
    Column::left("status"),
    Column::left("evidence").flexible(),
    Column::left("next").flexible(),
    Column::left("cluster").wide_only(),
    Column::left("id").wide_only(),
];

/// Hints that are given; more of them are read in the table.
const HINTS: usize = 20;

/// Verify tenants: their last run, counts, rows, warnings, isolation
///
/// Answers what is asked after a provisioning: did the last run succeed; are its counts plausible; are
/// the tenant's roles, taxonomies and owner in its cluster as the master has them; does a warning
/// repeat; and are its tables kept apart from other tenants'. Each finding comes with what to type. Of
/// several tenants, people are shown what did not pass.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["tenants", "all", "cluster"])))]
pub struct Args {
    /// Tenants, by slug or id
    #[arg(value_name = "TENANT", add = ArgValueCandidates::new(complete::tenants))]
    tenants: Vec<String>,
    /// All tenants but archived ones
    #[arg(long, conflicts_with = "tenants")]
    all: bool,
    /// Only tenants on this cluster; alone, all of them
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(complete::clusters))]
    cluster: Option<String>,
    /// Tenants looked at at once, 1 to 64
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 8, value_parser = number(1, 64))]
    parallel: u32,
}

/// One answer about one tenant.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line<'a> {
    /// The tenant's slug.
    tenant: &'a str,
    /// Its cluster, where that is certain.
    cluster: Option<&'a str>,
    /// The answer.
    #[serde(flatten)]
    check: &'a Check,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let report = app.cancel.guard(look(app, args)).await?;
    app.ui.emit(&view(app, &report)?)?;
    app.ui.note(&summary(&report));
    let hints = hints(&report);
    for hint in hints.iter().take(HINTS) {
        app.ui.hint(hint);
    }
    if hints.len() > HINTS {
        app.ui.note(&format!("And {} more: `opsctl tenant verify … -o wide`.", hints.len() - HINTS));
    }
    let exit = report.exit();
    if exit == Exit::Findings && report.counts.fail > 0 {
        app.ui.verdict(Status::Critical);
    }
    Ok(exit)
}

async fn look(app: &App, args: &Args) -> Result<Report> {
    let central = app.db().await?;
    let (tenants, fleet) = (super::tenants(app).await?, app.fleet().await?);
    if let Some(name) = &args.cluster {
        fleet.cluster(name)?;
    }
    let selection =
        Selection { names: args.tenants.clone(), cluster: args.cluster.clone(), ..Selection::default() };
    let selected = provision::select(&tenants, central, &selection).await?;
    let masters = Masters { rows: taxonomies::master(central).await?, whole: true };
    let ground = Ground { central, registered: &tenants, fleet: &fleet, clock: app.clock };
    verify::verify(ground, &selected, masters, args.parallel as usize, &app.cancel).await
}

fn view(app: &App, report: &Report) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    let mut told = BTreeSet::new();
    for (verdict, check) in lines(report) {
        // An id is a tenant's, which has several answers.
        if app.ui.format == Format::Ids && !told.insert(&verdict.tenant) {
            continue;
        }
        table.row([
            Cell::new(&*verdict.tenant),
            Cell::new(check.key),
            status(check.status),
            Cell::new(&*check.message),
            Cell::or_dash(check.next.as_deref()),
            Cell::or_dash(verdict.cluster.as_deref()),
            Cell::or_dash(verdict.id.as_deref()),
        ]);
    }
    let line = |(verdict, check): (&Verdict, &Check)| {
        json!(Line { tenant: &verdict.tenant, cluster: verdict.cluster.as_deref(), check })
    };
    Ok(View {
        command: "tenant verify",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report.verdicts),
        summary: json!(report.counts),
        items: lines(report).map(line).collect(),
        table,
        text: Some(match &report.verdicts[..] {
            [] => String::new(),
            [one] => app.ui.draw(&answers(one)),
            several => app.ui.draw(&troubles(several)),
        }),
    })
}

fn status(answer: Answer) -> Cell {
    Cell::new(answer.name()).tone(match answer {
        Answer::Pass => Tone::Good,
        Answer::Warn => Tone::Warn,
        Answer::Fail => Tone::Bad,
    })
}

/// Every answer about one tenant.
fn answers(verdict: &Verdict) -> Table {
    let mut table = Table::new(COLUMNS[1..4].iter().copied());
    for check in &verdict.checks {
        table.row([Cell::new(check.key), status(check.status), Cell::new(&*check.message)]);
    }
    table
}

/// What did not pass of several tenants; one row for each that is well.
fn troubles(verdicts: &[Verdict]) -> Table {
    let mut table = Table::new(COLUMNS[..4].iter().copied());
    for verdict in verdicts {
        let mut row = |key: &str, answer: Answer, evidence: &str| {
            table.row([Cell::new(&*verdict.tenant), Cell::new(key), status(answer), Cell::new(evidence)]);
        };
        if verdict.status == Answer::Pass {
            row("all", Answer::Pass, &format!("{} checks", verdict.checks.len()));
        }
        for check in verdict.checks.iter().filter(|check| check.status != Answer::Pass) {
            row(check.key, check.status, &check.message);
        }
    }
    table
}

/// What to type about what did not pass, each line once. Who lacks several things is provisioned once.
fn hints(report: &Report) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut told = Vec::new();
    for verdict in &report.verdicts {
        let again = format!("opsctl tenant provision {}", verdict.tenant);
        let open = verdict.checks.iter().filter(|check| check.status != Answer::Pass);
        let nexts = open.filter_map(|check| Some((check.key, check.next.as_deref()?)));
        let (missing, others): (Vec<_>, Vec<_>) = nexts.partition(|(_, next)| {
            next.strip_prefix(&*again).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        let keys: Vec<&str> = missing.iter().map(|(key, _)| *key).collect();
        let provision = match &missing[..] {
            [] => None,
            [(_, next)] => Some((keys.join(", "), (*next).to_owned())),
            _ => Some((keys.join(", "), again)),
        };
        let others = others.into_iter().map(|(key, next)| (key.to_owned(), next.to_owned()));
        for (keys, next) in provision.into_iter().chain(others) {
            if known.insert(next.clone()) {
                told.push(format!("{keys} of `{}`: `{next}`", verdict.tenant));
            }
        }
    }
    told
}

fn lines(report: &Report) -> impl Iterator<Item = (&Verdict, &Check)> {
    report.verdicts.iter().flat_map(|verdict| verdict.checks.iter().map(move |check| (verdict, check)))
}

fn summary(report: &Report) -> String {
    let counts = report.counts;
    if counts.tenants == 0 {
        return "No tenants are to be verified.".into();
    }
    let tenants = if counts.tenants == 1 { "tenant" } else { "tenants" };
    let checks = if counts.pass == 1 { "check" } else { "checks" };
    let findings = if counts.fail == 1 { "finding" } else { "findings" };
    format!(
        "{} {tenants}: {} {checks} passed, {} worth a look, {} {findings}.",
        counts.tenants, counts.pass, counts.warn, counts.fail
    )
}
