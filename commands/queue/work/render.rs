//! What a worker's run looks like: a line for each job as it ends, and the report.

use opsctl::{
    Result,
    worker::{Ending, Item, Outcome, Progress, WorkReport},
};
use serde_json::json;

use crate::{
    app::App,
    ui::{Cell, Column, Table, Tone, View},
};

/// Columns of a run: its jobs.
pub const COLUMNS: [Column; 7] = [
    Column::left("id"),
    Column::left("class").flexible(),
    Column::left("queue"),
    Column::left("outcome"),
    Column::right("attempts").wide_only(),
    Column::right("took_ms"),
    Column::left("reason").flexible(),
];

/// Jobs that a table lists one by one.
const LISTED: usize = 20;

/// Tells of jobs while a worker runs them, in the order of artisan's lines.
pub struct Lines<'a> {
    app: &'a App,
    dry_run: bool,
}

impl<'a> Lines<'a> {
    /// Lines of this command.
    pub const fn of(app: &'a App, dry_run: bool) -> Self {
        Self { app, dry_run }
    }
}

impl Progress for Lines<'_> {
    fn job(&mut self, item: &Item) {
        let at = self.app.ui.zone.show(self.app.clock.now());
        let word = item.outcome.name().to_uppercase();
        let took = if self.dry_run { "would be".to_owned() } else { format!("{} ms", item.took_ms) };
        self.app.ui.note(&format!("{at} {} {} {took} {word} {}", item.class, item.id, item.reason));
    }

    fn note(&mut self, text: &str) {
        self.app.ui.note(text);
    }

    fn warning(&mut self, text: &str) {
        self.app.ui.warning(text);
    }
}

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Done => Tone::Good,
        Outcome::Released => Tone::Warn,
        Outcome::Failed => Tone::Bad,
    }
}

/// A run: its jobs. People have seen them go by, and get those that need somebody.
pub fn report(app: &App, report: &WorkReport) -> Result<View> {
    let mut items = Table::new(COLUMNS);
    for item in &report.items {
        items.row([
            Cell::new(&*item.id),
            Cell::new(item.class),
            Cell::new(&*item.queue),
            Cell::new(item.outcome.name()).tone(tone(item.outcome)),
            Cell::new(item.attempts.to_string()),
            Cell::new(item.took_ms.to_string()),
            Cell::new(&*item.reason),
        ]);
    }
    let text = app.ui.is_human().then(|| text(app, report, &items));
    Ok(View {
        command: "queue work",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(report.counts),
        items: report.items.iter().map(|item| json!(item)).collect(),
        table: items,
        text,
    })
}

fn text(app: &App, report: &WorkReport, items: &Table) -> String {
    let mut listed = Table::new(items.columns.iter().copied().filter(|column| !column.wide));
    let shown: Vec<usize> = (0..items.columns.len()).filter(|at| !items.columns[*at].wide).collect();
    let rows = report.items.iter().zip(&items.rows).filter(|(item, _)| item.outcome != Outcome::Done);
    let (first, rest): (Vec<_>, Vec<_>) = rows.enumerate().partition(|(at, _)| *at < LISTED);
    for (_, (_, row)) in first {
        listed.row(shown.iter().map(|at| row[*at].clone()));
    }
    let mut text = if listed.rows.is_empty() { String::new() } else { app.ui.draw(&listed) };
    if !rest.is_empty() {
        text.push_str(&format!("and {} more: `-o wide` lists them\n", rest.len()));
    }
    text
}

/// Why it ended, behind `ended:`.
const fn why(ending: Ending) -> &'static str {
    match ending {
        Ending::Empty => "there is nothing to take",
        Ending::Jobs => "it has had its jobs",
        Ending::Time => "it has had its time",
        Ending::Restart => "workers are told to restart",
        Ending::Down => "the application is down for maintenance",
        Ending::Signal => "it was asked to stop",
    }
}

/// One line below a report; a dry run says the same in another mood.
pub fn summary(report: &WorkReport) -> String {
    let counts = &report.counts;
    let took = match report.took_ms {
        ms @ ..=9_999 => format!("{}.{:03} s", ms / 1000, ms % 1000),
        ms => crate::ui::span(chrono::TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))),
    };
    let told = Outcome::ALL.iter().filter(|outcome| counts.of(**outcome) > 0);
    let told: Vec<String> =
        told.map(|outcome| format!("{} {}", counts.of(*outcome), outcome.name())).collect();
    let queues = report.queues.join(", ");
    let mut line = match (counts.jobs, report.dry_run) {
        (0, _) => format!("No job was taken from {queues} ({took})"),
        (1, false) => format!("1 job: {} ({took})", told.join(", ")),
        (jobs, false) => format!("{jobs} jobs: {} ({took})", told.join(", ")),
        (_, true) => {
            format!("Dry run, nothing was changed. It would have been: {} ({took})", told.join(", "))
        }
    };
    match report.ended {
        Some(ending) if !report.dry_run => line.push_str(&format!("; it ended: {}.", why(ending))),
        _ => line.push('.'),
    }
    for (reason, count) in &report.left {
        line.push_str(&format!("\n{count} left: {reason}."));
    }
    line
}
