//! What runs look like.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use opsctl::{
    Exit,
    journal::{Page, Run, Seen},
    text::printable,
};
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    ui::{Align, Cell, Table, Tone, View, ago, span},
};

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources {
    /// This host's file.
    pub file: bool,
    /// The database's table.
    pub database: bool,
}

impl Sources {
    fn names(self) -> Vec<&'static str> {
        [("file", self.file), ("database", self.database)]
            .into_iter()
            .filter_map(|(name, is)| is.then_some(name))
            .collect()
    }
}

impl From<&Seen> for Sources {
    fn from(seen: &Seen) -> Self {
        Self { file: seen.in_file, database: seen.in_table }
    }
}

fn columns() -> Table {
    Table::new([
        ("run", Align::Left),
        ("command", Align::Left),
        ("exit", Align::Right),
        ("took_ms", Align::Right),
        ("begun_at", Align::Left),
        ("context", Align::Left),
        ("user", Align::Left),
        ("host", Align::Left),
        ("reason", Align::Left),
    ])
}

fn row(table: &mut Table, run: &Run, now: DateTime<Utc>) {
    let (exit, time) = match &run.ended {
        Some(ended) => {
            let tone = if ended.end.exit == 0 { Tone::Good } else { Tone::Bad };
            (Cell::new(ended.end.exit.to_string()).tone(tone), Cell::new(ended.end.took_ms.to_string()))
        }
        None => (Cell::new("unfinished").raw("").tone(Tone::Warn), Cell::or_dash(None)),
    };
    table.row([
        Cell::new(&*run.id),
        Cell::new(&*run.begin.command),
        exit,
        time,
        Cell::new(ago(run.begun_at, now)).raw(rfc3339(run.begun_at)),
        Cell::or_dash(Some(&run.begin.context)),
        Cell::new(who(run)).raw(&*run.begin.actor.user),
        Cell::new(&*run.begin.actor.host),
        Cell::or_dash(Some(&run.begin.reason)),
    ]);
}

/// A page of runs.
pub fn list(app: &App, page: &Page, sources: Sources) -> View {
    let now = app.clock.now();
    let mut table = columns();
    page.runs.iter().for_each(|seen| row(&mut table, &seen.run, now));
    let items: Vec<Value> = page.runs.iter().map(data).collect();
    let next = page.next.as_ref().map(ToString::to_string);
    View {
        command: "journal list",
        context: context(app),
        at: now,
        data: json!(items),
        summary: json!({"count": items.len(), "next": next, "sources": sources.names()}),
        items,
        table,
        text: None,
    }
}

/// One run in full.
pub fn show(app: &App, seen: &Seen) -> View {
    let now = app.clock.now();
    let mut table = columns();
    row(&mut table, &seen.run, now);
    View {
        command: "journal show",
        context: context(app),
        at: now,
        data: data(seen),
        summary: json!({"count": 1}),
        items: vec![data(seen)],
        table,
        text: Some(text(app, seen)),
    }
}

/// Neither a list nor a run of the file needs a context.
fn context(app: &App) -> String {
    app.context().map_or_else(|_| String::new(), |context| context.name.clone())
}

fn data(seen: &Seen) -> Value {
    let run = &seen.run;
    let ended = run.ended.as_ref();
    let end = ended.map(|ended| &ended.end);
    json!({
        "run": run.id,
        "command": run.begin.command,
        "context": run.begin.context,
        "target": run.begin.target,
        "arguments": run.begin.arguments,
        "reason": run.begin.reason,
        "user": run.begin.actor.user,
        "sudo_user": run.begin.actor.sudo_user,
        "from": run.begin.actor.from,
        "host": run.begin.actor.host,
        "version": run.begin.version,
        "begun_at": rfc3339(run.begun_at),
        "ended_at": ended.map(|ended| rfc3339(ended.at)),
        "exit": end.map(|end| end.exit),
        "counts": end.map(|end| &end.counts),
        "error": end.and_then(|end| end.error.as_ref()),
        "took_ms": end.map(|end| end.took_ms),
        "sources": Sources::from(seen).names(),
    })
}

fn text(app: &App, seen: &Seen) -> String {
    let (run, now) = (&seen.run, app.clock.now());
    let begin = &run.begin;
    let time = |at: DateTime<Utc>| format!("{} · {}", ago(at, now), app.ui.zone.show(at));
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let end = run.ended.as_ref().map(|ended| &ended.end);
    let meaning = |code: u8| {
        let known = Exit::ALL.into_iter().find(|exit| exit.code() == code);
        known.map_or_else(|| code.to_string(), |exit| format!("{code}: {}", exit.meaning()))
    };
    let ended = run.ended.as_ref().map_or_else(
        || "not yet: it is at work, or was killed".to_owned(),
        |ended| format!("{}, after {}", time(ended.at), took(ended.end.took_ms)),
    );
    let lines = [
        ("Run", Some(run.id.clone())),
        ("Command", Some(begin.command.clone())),
        ("Typed", Some(format!("opsctl {}", begin.arguments.join(" ")))),
        ("Context", filled(&begin.context)),
        ("Database", filled(&begin.target)),
        ("Who", Some(format!("{}@{}", who(run), begin.actor.host))),
        ("From", begin.actor.from.clone()),
        ("Reason", filled(&begin.reason)),
        ("Version", Some(begin.version.clone())),
        ("Began", Some(time(run.begun_at))),
        ("Ended", Some(ended)),
        ("Exit code", end.map(|end| meaning(end.exit))),
        ("Counts", end.and_then(|end| end.counts.as_object()).map(counts)),
        ("Error", end.and_then(|end| end.error.clone())),
        ("Found in", Some(Sources::from(seen).names().join(", "))),
    ];
    lines
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| format!("{name:.<12} {}\n", printable(&value), name = format!("{name} ")))
        .collect()
}

/// `selected 4, applied 1`; what is zero is left out.
fn counts(counts: &Map<String, Value>) -> String {
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(name, count)| format!("{} {count}", name.replace('_', " ")))
        .collect();
    if parts.is_empty() { "none".into() } else { parts.join(", ") }
}

/// `ana`, or `root (ana)` behind sudo.
fn who(run: &Run) -> String {
    let actor = &run.begin.actor;
    actor.sudo_user.as_ref().map_or_else(|| actor.user.clone(), |sudo| format!("{} ({sudo})", actor.user))
}

fn took(millis: u64) -> String {
    match millis {
        ms @ ..=9_999 => format!("{}.{:03}s", ms / 1000, ms % 1000),
        ms => span(TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))),
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
