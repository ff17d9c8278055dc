//! What a provisioning looks like.

use std::collections::BTreeMap;

use opsctl::{
    Error, Result,
    tenants::provision::{Item, Outcome, Report, Step, Tally},
};
use serde_json::json;

use crate::{
    app::App,
    ui::{Cell, Column, Table, Tone, View},
};

/// One row per tenant.
pub const COLUMNS: [Column; 13] = [
    Column::left("tenant"),
    Column::left("cluster"),
    Column::left("outcome"),
    Column::left("step"),
    Column::right("created"),
    Column::right("updated"),
    Column::right("unchanged"),
    Column::right("skipped"),
    Column::right("took_ms"),
    Column::left("why").flexible(),
    Column::left("log_key").wide_only(),
    Column::left("run").wide_only(),
    Column::left("id").wide_only(),
];

/// Tenants of a warning that are named.
const NAMED: usize = 3;

/// The report in every format.
pub fn view(app: &App, report: &Report) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    for item in &report.items {
        table.row(row(item));
    }
    Ok(View {
        command: "tenant provision",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(report.counts),
        items: report.items.iter().map(|item| json!(item)).collect(),
        text: match &report.items[..] {
            [] => None,
            [one] if !one.steps.is_empty() => Some(steps(app, one)),
            _ => Some(app.ui.draw(&shown(&table).telling())),
        },
        table,
    })
}

/// The columns that are always shown.
fn shown(table: &Table) -> Table {
    let places: Vec<usize> = (0..COLUMNS.len()).filter(|at| !COLUMNS[*at].wide).collect();
    let mut shown = Table::new(places.iter().map(|at| COLUMNS[*at]));
    for row in &table.rows {
        shown.row(places.iter().filter_map(|at| row.get(*at).cloned()));
    }
    shown
}

fn row(item: &Item) -> Vec<Cell> {
    let counts = item.counts;
    let numbers = [counts.created, counts.updated, counts.unchanged, counts.skipped].map(Cell::count);
    let mut cells = vec![
        Cell::new(&*item.tenant),
        Cell::or_dash(item.cluster.as_deref()),
        Cell::new(item.outcome.name()).tone(tone(item.outcome)),
        Cell::or_dash(item.step.map(Step::name)),
    ];
    cells.extend(numbers);
    cells.extend([
        Cell::new(item.took_ms.to_string()),
        Cell::or_dash(item.error.as_deref()),
        Cell::or_dash(item.log_key),
        Cell::or_dash(item.run.as_deref()),
        Cell::or_dash(item.id.as_deref()),
    ]);
    cells
}

/// One tenant, step by step.
fn steps(app: &App, item: &Item) -> String {
    let columns = [
        Column::left("step"),
        Column::left("outcome"),
        Column::right("created"),
        Column::right("updated"),
        Column::right("unchanged"),
        Column::right("skipped"),
        Column::left("why").flexible(),
    ];
    let mut table = Table::new(columns);
    let mut line = |name: &str, outcome: Cell, tally: Tally, why: Option<&str>| {
        let numbers = [tally.created, tally.updated, tally.unchanged, tally.skipped].map(Cell::count);
        let begin = [Cell::new(name), outcome];
        table.row(begin.into_iter().chain(numbers).chain([Cell::or_dash(why)]));
    };
    for step in &item.steps {
        let outcome = match step.left_out {
            Some(_) => Cell::new("skipped").tone(Tone::Dim),
            None => Cell::new("succeeded").tone(Tone::Good),
        };
        line(step.step.name(), outcome, step.tally, step.left_out.as_deref());
    }
    if let Some(step) = item.step.filter(|step| item.steps.iter().all(|line| line.step != *step)) {
        let outcome = Cell::new(item.outcome.name()).tone(tone(item.outcome));
        line(step.name(), outcome, Tally::default(), item.error.as_deref());
    }
    line("all", Cell::new(item.outcome.name()).tone(tone(item.outcome)), item.counts, None);
    app.ui.draw(&table.telling())
}

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Succeeded => Tone::Good,
        Outcome::Partial | Outcome::Failed => Tone::Bad,
        Outcome::Overtaken | Outcome::Locked | Outcome::Refused | Outcome::Cancelled => Tone::Warn,
        Outcome::NotBegun => Tone::Dim,
    }
}

/// Warnings with the tenants that they are about: what is the same for many is said once.
pub fn warnings(report: &Report) -> Vec<(String, String)> {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for item in &report.items {
        let mood = if report.dry_run { "it would be taken over" } else { "taken over" };
        let over = item.took_over.iter().map(|holder| {
            format!(
                "{mood} from {holder}; its last heartbeat was at {}",
                holder.heartbeat_at.format("%Y-%m-%d %H:%M:%S UTC")
            )
        });
        for text in over.chain(item.warnings.iter().cloned()) {
            found.entry(text).or_default().push(&item.tenant);
        }
    }
    let named = |tenants: Vec<&str>| {
        let some =
            tenants.iter().take(NAMED).map(|tenant| format!("`{tenant}`")).collect::<Vec<_>>().join(", ");
        match tenants.len() {
            0..=NAMED => some,
            all => format!("{some} and {} more", all - NAMED),
        }
    };
    found.into_iter().map(|(text, tenants)| (text, named(tenants))).collect()
}

/// Why a tenant was not provisioned, with what to look for in the platform's log.
pub fn failure(item: &Item) -> Error {
    let error = item.failure().cloned().unwrap_or_else(|| Error::failed("it was not provisioned"));
    match (item.log_key, item.step) {
        (Some(key), Some(step)) => error.during(format!(
            "{key}: tenant `{}` on cluster `{}`, at the step `{step}`",
            item.tenant,
            item.cluster.as_deref().unwrap_or("-")
        )),
        _ => error,
    }
}

/// One line below a report; a dry run says the same in another mood.
pub fn summary(report: &Report) -> String {
    let counts = &report.counts;
    if counts.tenants == 0 {
        return "No tenants are to be provisioned.".into();
    }
    let outcomes = [
        (counts.succeeded, "succeeded"),
        (counts.failed, "failed"),
        (counts.locked, "locked by other runs"),
        (counts.refused, "refused"),
        (counts.cancelled, "cancelled"),
        (counts.not_begun, "not begun"),
    ];
    let outcomes =
        outcomes.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let rows = counts.rows;
    let tenants = if counts.tenants == 1 { "tenant" } else { "tenants" };
    let line = format!(
        "{} {tenants}: {}. Rows: {} created, {} updated, {} unchanged, {} skipped ({}.{:03} s).",
        counts.tenants,
        outcomes.collect::<Vec<_>>().join(", "),
        rows.created,
        rows.updated,
        rows.unchanged,
        rows.skipped,
        report.took_ms / 1000,
        report.took_ms % 1000,
    );
    if report.dry_run { format!("Dry run, nothing was changed. It would have been: {line}") } else { line }
}
