//! `opsctl webhooks explain --due`: how many events are due, how the server finds them, and what would help it.

use opsctl::{
    Error, Exit, Result,
    webhooks::{self, Backlog, DuePlan, IndexState, Limits, Overrides, Plan, Sorts, Statement},
};
use serde_json::json;

use super::{ExplainSummary, Explained, Page};
use crate::{
    app::App,
    ui::{Cell, Column, Format, Table, View},
    webhooks::args::{ExplainArgs, typo},
};

/// Columns: providers with due events.
pub(super) const DUE: [Column; 3] =
    [Column::left("provider"), Column::right("events"), Column::left("at_least")];
/// Characters of a line of providers.
const WIDTH: usize = 60;

/// Runs the command.
pub(super) async fn run(app: &App, args: &ExplainArgs) -> Result<Exit> {
    if app.ui.format == Format::Ids {
        return Err(Error::usage("`--due` explains how events are found, and names none")
            .hint("ids of the due events: `opsctl webhooks list --due -o ids`"));
    }
    app.ui.choice.check("webhooks explain --due", &DUE)?;
    let limits = Limits::resolve(app.context()?, Overrides::default())?;
    let provider = args.provider.as_deref();
    let plan = webhooks::explain_due(app.db().await?, &limits, provider).await?;
    app.ui.emit(&view(app, &plan, args.plan)?)?;
    if let Some(near) = typo(provider, None, None).filter(|_| plan.due.is_empty()) {
        app.ui.hint(&near);
    }
    for note in &plan.notes {
        app.ui.hint(note);
    }
    Ok(Exit::Done)
}

fn view(app: &App, plan: &DuePlan, raw: bool) -> Result<View> {
    let mut table = Table::new(DUE);
    for line in &plan.due {
        let at_least = if line.at_least { "yes" } else { "no" };
        table.row([Cell::new(&*line.provider), Cell::count(line.events), Cell::new(at_least)]);
    }
    let (due, scans) = (total(plan), scans(plan));
    Ok(View {
        command: "webhooks explain",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(Explained::Due(plan)),
        summary: json!(ExplainSummary::Due { due, scans, missing: plan.missing.len() }),
        items: plan.due.iter().map(|line| json!(line)).collect(),
        table,
        text: Some(text(app, plan, raw)),
    })
}

fn total(plan: &DuePlan) -> u64 {
    plan.due.iter().map(|line| line.events).sum()
}

fn scans(plan: &DuePlan) -> usize {
    plan.plans.iter().filter(|plan| plan.scans).count()
}

fn text(app: &App, plan: &DuePlan, raw: bool) -> String {
    let mut page = Page::new(app, plan.now);
    page.line("Verdict", verdict(plan));
    due(&mut page, plan);
    for statement in &plan.plans {
        page.line(heading(statement), in_words(statement));
    }
    indexes(&mut page, plan);
    if raw {
        for statement in &plan.plans {
            page.line("Plan", format!("{}:", heading(statement)));
            statement.lines.iter().for_each(|line| page.line("Plan", format!("  {line}")));
        }
    }
    page.text
}

/// Whether due events are found well, in one line. Indexes that only the service uses do not count.
fn verdict(plan: &DuePlan) -> String {
    let needed = plan.missing.iter().filter(|advice| advice.finds.is_some()).count();
    let of = plan.plans.len();
    let lacking = match needed {
        1 => "1 index that opsctl needs is missing".to_owned(),
        needed => format!("{needed} indexes that opsctl needs are missing"),
    };
    let read = |scans: usize| if scans == 1 { "reads" } else { "read" };
    match (scans(plan), needed) {
        (0, 0) => "well: every statement walks an index".into(),
        (0, _) => format!("slower than it could be: {lacking}"),
        (scans, 0) => {
            format!("{scans} of {of} statements {} the whole table; no index is missing", read(scans))
        }
        (scans, _) => {
            format!("slow on a large table: {scans} of {of} statements {} all of it; {lacking}", read(scans))
        }
    }
}

/// The total, and the providers in one block.
fn due(page: &mut Page<'_>, plan: &DuePlan) {
    let more = |at_least: bool| if at_least { " or more" } else { "" };
    let (total, any) = (total(plan), plan.due.iter().any(|line| line.at_least));
    match (total, &plan.due[..]) {
        (_, []) => page.line("Due now", "no events"),
        (1, [one]) => page.line("Due now", format!("1 event of {}", one.provider)),
        (_, [one]) => page.line("Due now", format!("{total}{} events of {}", more(any), one.provider)),
        (_, several) => {
            page.line("Due now", format!("{total}{} events of {} providers", more(any), several.len()));
            let told = |line: &Backlog| format!("{} {}{}", line.provider, line.events, more(line.at_least));
            let mut row = String::new();
            for told in several.iter().map(told) {
                if !row.is_empty() && row.chars().count() + told.chars().count() > WIDTH {
                    page.line("Due now", std::mem::take(&mut row) + ",");
                }
                row += if row.is_empty() { "" } else { ", " };
                row += &told;
            }
            page.line("Due now", row);
        }
    }
}

fn indexes(page: &mut Page<'_>, plan: &DuePlan) {
    if plan.missing.is_empty() {
        page.line("Indexes", "all of the service's are there");
    }
    for advice in &plan.missing {
        let state = match advice.state {
            IndexState::Missing => "missing",
            IndexState::Unusable => "there, and not usable",
        };
        let finds = advice.finds.map_or_else(
            || "only the service uses it".to_owned(),
            |finds| format!("by it are found: {finds}"),
        );
        page.line("Indexes", format!("{} is {state}; {finds}", advice.name));
        for statement in &advice.statements {
            page.line("Indexes", format!("  {statement}"));
        }
    }
}

/// What a statement looks for.
fn heading(plan: &Plan) -> &'static str {
    match plan.statement {
        Statement::Undated => "No next time",
        Statement::FirstOfEach => "Per provider",
        Statement::Earliest => "Earliest",
    }
}

/// What a plan comes to.
fn in_words(plan: &Plan) -> String {
    let how = match (plan.scans, &plan.indexes[..]) {
        (true, _) => "reads the whole table".to_owned(),
        (false, []) => "reads no row".to_owned(),
        (false, indexes) => format!("walks {}", indexes.join(", ")),
    };
    let rows = match plan.rows {
        None => String::new(),
        Some(1) => ", 1 row expected".into(),
        Some(rows) => format!(", about {rows} rows expected"),
    };
    let sorts = match plan.sorts {
        Sorts::Nothing => ", sorts nothing",
        Sorts::Ties => ", sorts rows of the same time",
        Sorts::All => ", sorts what it finds",
    };
    format!("{how}{rows}{sorts}")
}
