//! What a retry of failed jobs looks like.

use opsctl::{
    Result,
    queue::retry::{Counts, Outcome, RetryReport},
};
use serde_json::json;

use crate::{
    app::App,
    ui::{Align, Cell, Column, Table, Tone, View},
};

/// Columns of a run: the failed jobs.
pub const COLUMNS: [Column; 6] = [
    Column::left("id"),
    Column::left("class").flexible(),
    Column::left("connection").wide_only(),
    Column::left("queue"),
    Column::left("outcome"),
    Column::left("reason").flexible(),
];

/// Failed jobs that a table lists one by one.
const LISTED: usize = 20;

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Retried => Tone::Good,
        Outcome::Present | Outcome::Skipped => Tone::Plain,
        Outcome::Expired | Outcome::Unreadable | Outcome::Failed => Tone::Bad,
    }
}

/// A run: counts per queue, then the failed jobs that need somebody.
pub fn report(app: &App, report: &RetryReport) -> Result<View> {
    let mut items = Table::new(COLUMNS);
    for item in &report.items {
        items.row([
            Cell::new(&*item.id),
            Cell::or_dash(item.class.as_deref()),
            Cell::new(&*item.connection),
            Cell::new(&*item.queue),
            Cell::new(item.outcome.name()).tone(tone(item.outcome)),
            Cell::or_dash(Some(item.reason.as_str())),
        ]);
    }
    let text = app.ui.is_human().then(|| text(app, report, &items));
    Ok(View {
        command: "queue retry",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(report.counts),
        items: report.items.iter().map(|item| json!(item)).collect(),
        table: items,
        text,
    })
}

fn text(app: &App, report: &RetryReport, items: &Table) -> String {
    if report.counts.selected == 0 {
        return String::new();
    }
    // A column of zeros says nothing.
    let outcomes: Vec<Outcome> =
        Outcome::ALL.into_iter().filter(|outcome| report.counts.of(*outcome) > 0).collect();
    let columns = [("queue", Align::Left), ("selected", Align::Right)];
    let headings = outcomes.iter().map(|outcome| (outcome.name(), Align::Right));
    let mut table = Table::new(columns.into_iter().chain(headings));
    let mut row = |name: &str, counts: &Counts| {
        let cells = outcomes.iter().map(|outcome| {
            let count = counts.of(*outcome);
            let cell = Cell::count(count);
            if count > 0 { cell.tone(tone(*outcome)) } else { cell }
        });
        table.row([Cell::new(name), Cell::new(counts.selected.to_string())].into_iter().chain(cells));
    };
    for queue in &report.queues {
        row(&format!("{}:{}", queue.connection, queue.queue), &queue.counts);
    }
    if report.queues.len() > 1 {
        row("all", &report.counts);
    }
    let mut text = app.ui.draw(&table);
    let mut listed = Table::new(items.columns.iter().copied().filter(|column| !column.wide));
    let shown: Vec<usize> = (0..items.columns.len()).filter(|at| !items.columns[*at].wide).collect();
    let worth = |outcome: Outcome| outcome.is_failure() || report.counts.selected <= 5;
    let rows = report.items.iter().zip(&items.rows).filter(|(item, _)| worth(item.outcome));
    let (first, rest): (Vec<_>, Vec<_>) = rows.enumerate().partition(|(at, _)| *at < LISTED);
    for (_, (_, row)) in first {
        listed.row(shown.iter().map(|at| row[*at].clone()));
    }
    if !listed.rows.is_empty() {
        text.push('\n');
        text.push_str(&app.ui.draw(&listed));
    }
    if !rest.is_empty() {
        text.push_str(&format!("and {} more: `-o wide` lists them\n", rest.len()));
    }
    text
}

/// One line below a report; a dry run says the same in another mood.
pub fn summary(report: &RetryReport) -> String {
    let counts = &report.counts;
    let took = match report.took_ms {
        ms @ ..=9_999 => format!("{}.{:03} s", ms / 1000, ms % 1000),
        ms => crate::ui::span(chrono::TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))),
    };
    if counts.selected == 0 {
        return format!("No failed jobs match ({took}).");
    }
    let parts: Vec<String> = Outcome::ALL
        .iter()
        .filter(|outcome| counts.of(**outcome) > 0)
        .map(|outcome| format!("{} {}", counts.of(*outcome), outcome.name()))
        .collect();
    let jobs = if counts.selected == 1 { "failed job" } else { "failed jobs" };
    let mut line = format!("{} {jobs}: {} ({took}).", counts.selected, parts.join(", "));
    if report.dry_run {
        line.insert_str(0, "Dry run, nothing was changed. A run would look at ");
    }
    for (reason, count) in &report.reasons {
        line.push_str(&format!("\n{count}: {reason}."));
    }
    line
}
