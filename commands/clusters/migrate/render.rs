//! What `opsctl clusters migrate` looks like.

use std::{collections::BTreeMap, time::Duration};

use opsctl::{
    Result,
    clusters::migrate::{Item, Outcome, Planned, Report},
    schema::Finding,
};
use serde_json::json;

use super::Args;
use crate::{
    app::App,
    ui::{Cell, Column, Table, Tone, View},
};

/// Hints that are shown of all clusters: more are not read.
const HINTS: usize = 8;
/// Clusters that a hint names; of more it says how many.
const NAMED: usize = 5;
/// Clusters whose plan is shown in a line each; the report names all.
const PLANS: usize = 20;

/// One cluster in a row.
pub const COLUMNS: [Column; 9] = [
    Column::left("cluster"),
    Column::left("outcome"),
    Column::right("head"),
    Column::right("applied"),
    Column::right("pending"),
    Column::right("took"),
    Column::left("why").flexible(),
    Column::left("address").wide_only(),
    Column::left("next").flexible().wide_only(),
];

/// The report as a page.
pub fn view(app: &App, report: &Report) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    report.items.iter().for_each(|item| table.row(cells(item)));
    Ok(View {
        command: "clusters migrate",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report.items),
        summary: json!(report.summary()),
        items: report.items.iter().map(|item| json!(item)).collect(),
        table,
        text: None,
    })
}

fn cells(item: &Item) -> [Cell; 9] {
    [
        Cell::new(&*item.cluster),
        Cell::new(word(item.outcome)).raw(item.outcome.name()).tone(tone(item.outcome)),
        Cell::or_dash(item.head.map(|head| head.to_string()).as_deref()),
        Cell::count(item.applied.len() as u64),
        Cell::or_dash(item.lacking().map(|count| count.to_string()).as_deref()),
        Cell::new(seconds(Duration::from_millis(item.took_ms))).raw(item.took_ms.to_string()),
        Cell::or_dash(why(item).as_deref()),
        Cell::or_dash(Some(item.address.as_str()).filter(|address| !address.is_empty())),
        Cell::or_dash(item.next.first().map(String::as_str)),
    ]
}

/// What failed, or what is lacking.
fn why(item: &Item) -> Option<String> {
    let lacking = || (item.outcome == Outcome::Pending).then(|| lacks(item));
    item.error.clone().or_else(lacking)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotBegun => "not begun",
        other => other.name(),
    }
}

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Applied | Outcome::Skipped => Tone::Good,
        Outcome::Pending | Outcome::NotBegun => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Clusters that are not as they are to be.
pub fn wanting<'p>(plans: &'p [Planned<'_>]) -> impl Iterator<Item = &'p Item> {
    let items = plans.iter().map(|plan| &plan.item);
    items.filter(|item| matches!(item.outcome, Outcome::Pending | Outcome::Dirty | Outcome::Drifted))
}

/// One line per cluster that lacks something, before anything is run.
pub fn plan(app: &App, plans: &[Planned<'_>]) {
    let wanting: Vec<&Item> = wanting(plans).collect();
    for item in wanting.iter().take(PLANS) {
        app.ui.note(&format!("Plan: {} {}.", item.cluster, lacks(item)));
    }
    if let Some(more) = wanting.len().checked_sub(PLANS).filter(|more| *more > 0) {
        app.ui.note(&format!("Plan: {more} more likewise."));
    }
    let current = plans.iter().filter(|plan| plan.item.outcome == Outcome::Skipped).count();
    if !wanting.is_empty() && current > 0 {
        app.ui.note(&format!("Plan: {current} up to date."));
    }
}

/// What is dangerous in what is pending.
pub fn findings(app: &App, findings: &[Finding]) {
    for finding in findings {
        app.ui.warning(&format!(
            "{} line {}: {} ({}); instead: {}",
            finding.file, finding.line, finding.why, finding.rule, finding.instead
        ));
    }
}

/// `lacks 50001, 50002; 50003 drifted`.
fn lacks(item: &Item) -> String {
    let list = |versions: &[i64]| versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let parts = [
        item.pending.as_ref().filter(|all| !all.is_empty()).map(|all| format!("lacks {}", list(all))),
        (!item.dirty.is_empty()).then(|| format!("has not finished {}", list(&item.dirty))),
        (!item.drifted.is_empty()).then(|| format!("has another text of {}", list(&item.drifted))),
        (!item.later.is_empty()).then(|| format!("{} stay behind `--to`", list(&item.later))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What became of a cluster, as it happens.
pub fn line(item: &Item) -> String {
    let took = seconds(Duration::from_millis(item.took_ms));
    match (&item.error, item.outcome) {
        (Some(error), outcome) => format!("{} {} after {took}: {error}", item.cluster, word(outcome)),
        (None, Outcome::Applied) => format!("{}: applied {} in {took}.", item.cluster, item.applied.len()),
        (None, outcome) => format!("{}: {}.", item.cluster, word(outcome)),
    }
}

/// What to type next, with the clusters that it is for. Forty clusters with the same trouble need one hint.
pub fn hints(items: &[Item]) -> Vec<String> {
    let mut found: Vec<(String, Vec<&Item>, &str)> = Vec::new();
    for (item, next) in items.iter().flat_map(|item| item.next.iter().map(move |next| (item, next))) {
        let general = unnamed(next, &item.cluster);
        match found.iter_mut().find(|(known, ..)| *known == general) {
            Some((_, alike, _)) => alike.push(item),
            None => found.push((general, vec![item], next)),
        }
    }
    let more = found.len().saturating_sub(HINTS);
    let lines = if more == 1 { "line" } else { "lines" };
    let rest = (more > 0).then(|| format!("{more} more {lines} to type next: `-o wide` or `-o json`"));
    let told = found.iter().take(HINTS).map(|(general, alike, next)| match alike.as_slice() {
        _ if items.len() == 1 => (*next).to_owned(),
        [one] => format!("{}: {next}", one.cluster),
        _ => {
            let names: Vec<&str> = alike.iter().map(|item| item.cluster.as_str()).collect();
            format!("{}: {general}", named(&names))
        }
    });
    told.chain(rest).collect()
}

/// A hint without the name of its cluster.
fn unnamed(hint: &str, cluster: &str) -> String {
    let verbs = ["probe", "migrate", "repair", "show", "edit"];
    verbs.iter().fold(hint.to_owned(), |hint, verb| {
        hint.replace(&format!("clusters {verb} {cluster}"), &format!("clusters {verb} NAME"))
    })
}

/// Some names, and how many more there are.
pub fn named(names: &[&str]) -> String {
    let told = &names[..names.len().min(NAMED)];
    match names.len() - told.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// Applied migrations that nobody knows here, with their clusters.
pub fn gone(items: &[Item]) -> Vec<String> {
    let mut found: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for item in items {
        item.unknown.iter().for_each(|version| found.entry(*version).or_default().push(&item.cluster));
    }
    let told = found.iter().take(HINTS).map(|(version, names)| {
        format!("Migration {version} is applied on {}, and its file is not here.", named(names))
    });
    let more = found.len().checked_sub(HINTS).filter(|more| *more > 0);
    told.chain(more.map(|more| format!("The files of {more} further applied migrations are not here.")))
        .collect()
}

/// `2 pending: c1, c2; 1 dirty: c3`, for a line of a monitoring system; nothing where all is well.
pub fn sentence(items: &[Item]) -> Option<String> {
    let of = |outcome: Outcome| {
        let alike = items.iter().filter(|item| item.outcome == outcome);
        let names: Vec<&str> = alike.map(|item| item.cluster.as_str()).collect();
        (!names.is_empty()).then(|| format!("{} {}: {}", names.len(), word(outcome), named(&names)))
    };
    let bad =
        Outcome::ALL.into_iter().filter(|outcome| !matches!(outcome, Outcome::Applied | Outcome::Skipped));
    let told: Vec<String> = bad.rev().filter_map(of).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The report in a sentence.
pub fn conclusion(report: &Report, args: &Args, took: Duration) -> String {
    let counted = Outcome::ALL.into_iter().filter_map(|outcome| {
        let count = report.count(outcome);
        let word = match outcome {
            Outcome::Skipped => "up to date",
            other => word(other),
        };
        (count > 0).then(|| format!("{count} {word}"))
    });
    if report.items.is_empty() {
        return "There was no cluster to migrate: none is registered and up.".to_owned();
    }
    let clusters = if report.items.len() == 1 { "cluster" } else { "clusters" };
    let mood = if args.looks() { "Nothing was changed. " } else { "" };
    let counted = counted.collect::<Vec<_>>().join(", ");
    format!("{mood}{} {clusters} in {}: {counted}.", report.items.len(), seconds(took))
}
