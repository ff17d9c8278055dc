//! What the reports look like.

use chrono::{DateTime, Utc};
use opsctl::{
    Result,
    text::printable,
    webhooks::{Counts, Limits, List, Outcome, PaymentStatus, RetryReport, Show},
    window::Window,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    ui::{Align, Cell, Column, Table, Tone, View, ago},
};

/// Columns of `webhooks list`.
pub const LIST: [Column; 11] = [
    Column::left("id"),
    Column::left("provider"),
    Column::left("status"),
    Column::left("payment_status"),
    Column::right("attempts"),
    Column::left("received_at"),
    Column::left("next_retry_at"),
    Column::left("event_id").flexible(),
    Column::left("error_message").flexible(),
    Column::left("payment_provider_ref").wide_only(),
    Column::left("last_attempt_at").wide_only(),
];

/// Columns of `webhooks show`.
pub const SHOW: [Column; 16] = [
    Column::left("id"),
    Column::left("provider"),
    Column::left("status"),
    Column::left("payment_status").wide_only(),
    Column::right("attempts").wide_only(),
    Column::right("max_attempts").wide_only(),
    Column::left("received_at").wide_only(),
    Column::left("last_attempt_at").wide_only(),
    Column::left("next_retry_at").wide_only(),
    Column::left("processed_at").wide_only(),
    Column::left("event_id").wide_only(),
    Column::left("event_type").wide_only(),
    Column::left("request_id").wide_only(),
    Column::left("payment_provider_ref").wide_only(),
    Column::right("payload_bytes").wide_only(),
    Column::left("error_message").wide_only(),
];

/// Columns of a run: the events that were tried.
pub const TRIED: [Column; 9] = [
    Column::left("id"),
    Column::left("provider"),
    Column::left("outcome"),
    Column::right("attempts"),
    Column::left("next_retry_at"),
    Column::left("rule"),
    Column::left("reference").flexible(),
    Column::left("reason").flexible(),
    Column::left("payment_status").wide_only(),
];

/// Summary of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PageSummary {
    /// Events of this page.
    count: usize,
    /// What `--after` takes to go on, if there are more.
    next: Option<String>,
    /// Only events that were received then or later, by `--since`.
    since: Option<DateTime<Utc>>,
    /// Only events that were received before, by `--until`.
    until: Option<DateTime<Utc>>,
}

/// Summary of `webhooks show`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShowSummary {
    /// Events shown; several requests may share an id.
    count: usize,
}

/// One event, or the several that share a name.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Shown<'a> {
    /// The usual case.
    One(&'a Show),
    /// Newest first.
    Several(&'a [Show]),
}

/// Events that a table lists one by one before it says how to see the rest.
const LISTED: usize = 20;

/// The effective limits and where they came from, in one line.
pub fn limits(app: &App, limits: &Limits) -> String {
    let folder = format!("{}/", app.cwd.display());
    let shown = ["limit", "max_attempts", "mode", "base_ms", "cap_ms"];
    let parts = limits.effective.iter().filter(|line| shown.contains(&line.name)).map(|line| {
        format!("{} {} ({})", line.name.replace('_', " "), line.value, line.origin.replace(&folder, ""))
    });
    format!("With {}.", parts.collect::<Vec<_>>().join(", "))
}

fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Applied | Outcome::Queued => Tone::Good,
        Outcome::Pending | Outcome::Skipped => Tone::Plain,
        Outcome::Exhausted | Outcome::Ambiguous | Outcome::Unreadable | Outcome::Failed => Tone::Bad,
    }
}

fn status_cell(status: &str) -> Cell {
    let tone = match status {
        "processed" | "succeeded" => Tone::Good,
        "failed" => Tone::Bad,
        "processing" | "queued" => Tone::Warn,
        _ => Tone::Plain,
    };
    Cell::or_dash(Some(status)).tone(tone)
}

/// A run: counts per provider, then the events that need somebody.
pub fn report(app: &App, command: &'static str, report: &RetryReport) -> Result<View> {
    let (now, zone) = (app.clock.now(), app.ui.zone);
    let mut items = Table::new(TRIED);
    for item in &report.items {
        items.row([
            Cell::new(&*item.id),
            Cell::new(&*item.provider),
            Cell::new(item.outcome.name()).tone(outcome_tone(item.outcome)),
            Cell::new(item.attempts.to_string()),
            Cell::time(item.next_retry_at, now, zone),
            Cell::or_dash(item.rule),
            Cell::or_dash(item.reference.as_deref()),
            Cell::new(&*item.reason),
            status_cell(item.payment_status.map_or("", PaymentStatus::name)),
        ]);
    }
    let text = app.ui.is_human().then(|| report_text(app, report, &items));
    Ok(View {
        command,
        context: app.context()?.name.clone(),
        at: now,
        data: json!(report),
        summary: json!(report.counts),
        items: report.items.iter().map(|item| json!(item)).collect(),
        table: items,
        text,
    })
}

fn report_text(app: &App, report: &RetryReport, items: &Table) -> String {
    if report.counts.selected == 0 {
        return String::new();
    }
    let columns = [("provider", Align::Left), ("selected", Align::Right)];
    // A column of zeros says nothing.
    let outcomes: Vec<Outcome> =
        Outcome::ALL.into_iter().filter(|outcome| report.counts.of(*outcome) > 0).collect();
    let headings = outcomes.iter().map(|outcome| (outcome.name(), Align::Right));
    let mut table = Table::new(columns.into_iter().chain(headings));
    let mut row = |name: &str, counts: &Counts| {
        let cells = outcomes.iter().map(|outcome| {
            let count = counts.of(*outcome);
            let cell = Cell::count(count);
            if count > 0 { cell.tone(outcome_tone(*outcome)) } else { cell }
        });
        table.row([Cell::new(name), Cell::new(counts.selected.to_string())].into_iter().chain(cells));
    };
    for provider in &report.providers {
        row(&provider.provider, &provider.counts);
    }
    if report.providers.len() > 1 {
        row("all", &report.counts);
    }
    let mut text = app.ui.draw(&table);
    let mut troubled = Table::new(items.columns.iter().copied().filter(|column| !column.wide));
    let worth = |outcome: Outcome| outcome.is_failure() || report.counts.selected <= 5;
    let listed = report.items.iter().zip(&items.rows).filter(|(item, _)| worth(item.outcome));
    let (shown, hidden): (Vec<_>, Vec<_>) = listed.enumerate().partition(|(at, _)| *at < LISTED);
    for (_, (_, row)) in shown {
        troubled.row(row.iter().take(troubled.columns.len()).cloned());
    }
    if !troubled.rows.is_empty() {
        text.push('\n');
        text.push_str(&app.ui.draw(&troubled));
    }
    if !hidden.is_empty() {
        text.push_str(&format!("and {} more: `opsctl webhooks list` finds them by status\n", hidden.len()));
    }
    text
}

/// One line below a report; a dry run says the same in another mood.
pub fn summary(report: &RetryReport) -> String {
    let counts = &report.counts;
    let took = chrono::TimeDelta::milliseconds(i64::try_from(report.took_ms).unwrap_or(i64::MAX));
    let took = match report.took_ms {
        ms @ ..=9_999 => format!("{}.{:03} s", ms / 1000, ms % 1000),
        _ => crate::ui::span(took),
    };
    if counts.selected == 0 {
        return format!("No events are due ({took}).");
    }
    let parts: Vec<String> = Outcome::ALL
        .iter()
        .filter(|outcome| counts.of(**outcome) > 0)
        .map(|outcome| format!("{} {}", counts.of(*outcome), outcome.name()))
        .collect();
    let events = if counts.selected == 1 { "event" } else { "events" };
    let mut line = format!("{} {events}: {} ({took}).", counts.selected, parts.join(", "));
    if report.dry_run {
        line.insert_str(0, "Dry run, nothing was changed. A run would try ");
    }
    for (reason, count) in &report.skipped {
        line.push_str(&format!("\nSkipped {count}: {reason}."));
    }
    line
}

/// A page of events.
pub fn list(app: &App, page: &List, window: &Window) -> Result<View> {
    let (now, zone) = (app.clock.now(), app.ui.zone);
    let mut table = Table::new(LIST);
    for item in &page.items {
        table.row([
            Cell::new(&*item.id),
            Cell::new(&*item.provider),
            status_cell(&item.status),
            status_cell(item.payment_status.as_deref().unwrap_or_default()),
            Cell::new(item.attempts.to_string()),
            Cell::time(item.received_at, now, zone),
            Cell::time(item.next_retry_at, now, zone),
            Cell::new(&*item.event_id),
            Cell::or_dash(item.error_message.as_deref()),
            Cell::or_dash(item.payment_provider_ref.as_deref()),
            Cell::time(item.last_attempt_at, now, zone),
        ]);
    }
    let (count, next) = (page.items.len(), page.next.clone());
    Ok(View {
        command: "webhooks list",
        context: app.context()?.name.clone(),
        at: now,
        data: json!(page.items),
        summary: json!(PageSummary { count, next, since: window.since, until: window.until }),
        items: page.items.iter().map(|item| json!(item)).collect(),
        table,
        text: None,
    })
}

/// Events in full.
pub fn show(app: &App, shown: &[Show]) -> Result<View> {
    let (now, zone) = (app.clock.now(), app.ui.zone);
    let mut table = Table::new(SHOW);
    for event in shown {
        table.row([
            Cell::new(&*event.id),
            Cell::new(&*event.provider),
            Cell::new(&*event.status),
            status_cell(event.payment_status.as_deref().unwrap_or_default()),
            Cell::new(event.attempts.to_string()),
            Cell::new(event.max_attempts.to_string()),
            Cell::time(event.received_at, now, zone),
            Cell::time(event.last_attempt_at, now, zone),
            Cell::time(event.next_retry_at, now, zone),
            Cell::time(event.processed_at, now, zone),
            Cell::new(&*event.event_id),
            Cell::or_dash(event.event_type.as_deref()),
            Cell::or_dash(event.request_id.as_deref()),
            Cell::or_dash(event.payment_provider_ref.as_deref()),
            Cell::new(event.payload_bytes.to_string()),
            Cell::or_dash(event.error_message.as_deref()),
        ]);
    }
    let text: Vec<String> = shown.iter().map(|event| event_text(app, event)).collect();
    let data = match shown {
        [one] => Shown::One(one),
        several => Shown::Several(several),
    };
    Ok(View {
        command: "webhooks show",
        context: app.context()?.name.clone(),
        at: now,
        data: json!(data),
        summary: json!(ShowSummary { count: shown.len() }),
        items: shown.iter().map(|event| json!(event)).collect(),
        table,
        text: Some(text.join("\n")),
    })
}

fn event_text(app: &App, event: &Show) -> String {
    let now = app.clock.now();
    let time =
        |at: Option<DateTime<Utc>>| at.map(|at| format!("{} · {}", ago(at, now), app.ui.zone.show(at)));
    let mut lines = vec![
        ("Event", Some(event.id.clone())),
        ("Provider", Some(event.provider.clone())),
        ("Provider's id", Some(event.event_id.clone())),
        ("Type", event.event_type.clone()),
        ("Request", event.request_id.clone()),
        ("Status", Some(event.status.clone())),
        ("Payment status", event.payment_status.clone()),
        ("Attempts", Some(format!("{} of {}", event.attempts, event.max_attempts))),
        ("Received", time(event.received_at)),
        ("Last attempt", time(event.last_attempt_at)),
        ("Next attempt", time(event.next_retry_at)),
        ("Processed", time(event.processed_at)),
        ("Note", event.error_message.clone()),
        ("Body", Some(format!("{} bytes", event.payload_bytes))),
    ];
    if let Some(why) = &event.unreadable {
        lines.push(("Unreadable", Some(why.clone())));
    }
    if let Some(reading) = &event.reading {
        let word = reading.word.as_ref().map_or(String::new(), |word| format!(" from `{word}`"));
        lines.push(("Says", Some(format!("{}{word} [rule {}]", reading.status.name(), reading.rule))));
        for reference in &reading.references {
            lines.push((
                "Reference",
                Some(format!("{} at {} [rule {}]", reference.value, reference.path, reference.rule)),
            ));
        }
    }
    if event.payments.is_empty() && event.status != "processed" {
        let named = event.reading.as_ref().is_some_and(|reading| !reading.references.is_empty());
        let why = if named { "none of its references names one" } else { "it names no reference" };
        lines.push(("Payment", Some(why.into())));
    }
    for payment in &event.payments {
        let fin = PaymentStatus::parse(&payment.status).is_ok_and(PaymentStatus::is_final);
        let fin = if fin { ", final" } else { "" };
        lines.push((
            "Payment",
            Some(format!(
                "{} · {} {} in minor units · {}{fin} · reference {}",
                payment.id, payment.amount, payment.currency, payment.status, payment.provider_ref
            )),
        ));
    }
    let mut text: String = lines
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| format!("{name:.<16} {}\n", printable(&value), name = format!("{name} ")))
        .collect();
    if let Some(payload) = &event.payload {
        for line in payload.lines() {
            text.push_str(&printable(line));
            text.push('\n');
        }
    }
    text
}
