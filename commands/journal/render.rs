//! What runs look like.

use chrono::{DateTime, TimeDelta, Utc};
use opsctl::{
    Exit,
    journal::{Page, Run, Seen},
    text::printable,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    ui::{Cell, Column, Table, Tone, View, ago, span},
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

/// Columns of both verbs.
pub const COLUMNS: [Column; 19] = [
    Column::left("run"),
    Column::left("command"),
    Column::right("exit"),
    Column::right("took_ms"),
    Column::left("begun_at"),
    Column::left("context"),
    Column::left("user"),
    Column::left("host"),
    Column::left("reason").flexible(),
    Column::left("ended_at").wide_only(),
    Column::left("sudo_user").wide_only(),
    Column::left("claimed_user").wide_only(),
    Column::left("from").wide_only(),
    Column::left("target").wide_only(),
    Column::left("version").wide_only(),
    Column::left("counts").flexible().wide_only(),
    Column::left("error").flexible().wide_only(),
    Column::left("cwd").flexible().wide_only(),
    Column::left("arguments").flexible().wide_only(),
];

/// One run, for machines.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// Its id: a ULID.
    run: String,
    /// The command.
    command: String,
    /// Name of the context.
    context: String,
    /// The database, without credentials.
    target: String,
    /// The arguments as typed, without what looks like a secret.
    arguments: Vec<String>,
    /// The folder that it ran in.
    cwd: String,
    /// Why.
    reason: String,
    /// Login of the user whose rights the process had.
    user: String,
    /// What USER or LOGNAME claimed, where it is another name.
    claimed_user: Option<String>,
    /// The login behind `sudo`, if any.
    sudo_user: Option<String>,
    /// Address that the operator's SSH session came from, if any.
    from: Option<String>,
    /// Host name.
    host: String,
    /// opsctl's version.
    version: String,
    /// When it began.
    begun_at: DateTime<Utc>,
    /// When it ended; empty while it is at work, and for ever when it was killed.
    ended_at: Option<DateTime<Utc>>,
    /// Exit code.
    exit: Option<u8>,
    /// Counts, as in the command's summary.
    counts: Option<Value>,
    /// What failed, if anything did.
    error: Option<String>,
    /// Milliseconds.
    took_ms: Option<u64>,
    /// Where it was found: file, database.
    sources: Vec<&'static str>,
}

/// Summary of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunsSummary {
    /// Runs of this page.
    count: usize,
    /// What `--after` takes to go on, if there are more.
    next: Option<String>,
    /// What was read: file, database.
    sources: Vec<&'static str>,
}

/// Summary of one run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunSummary {
    /// Always one.
    count: usize,
}

fn row(app: &App, table: &mut Table, run: &Run) {
    let (now, zone) = (app.clock.now(), app.ui.zone);
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
        Cell::time(Some(run.begun_at), now, zone),
        Cell::or_dash(Some(&run.begin.context)),
        Cell::new(who(run)).raw(&*run.begin.actor.user),
        Cell::new(&*run.begin.actor.host),
        Cell::or_dash(Some(&run.begin.reason)),
        Cell::time(run.ended.as_ref().map(|ended| ended.at), now, zone),
        Cell::or_dash(run.begin.actor.sudo_user.as_deref()),
        Cell::or_dash(run.begin.actor.claimed_user.as_deref()),
        Cell::or_dash(run.begin.actor.from.as_deref()),
        Cell::or_dash(Some(&run.begin.target)),
        Cell::new(&*run.begin.version),
        counted(run),
        Cell::or_dash(run.ended.as_ref().and_then(|ended| ended.end.error.as_deref())),
        Cell::or_dash(Some(&run.begin.cwd)),
        Cell::new(run.begin.arguments.join(" ")).raw(json!(run.begin.arguments).to_string()),
    ]);
}

/// What came of it, in words; the object itself for machines.
fn counted(run: &Run) -> Cell {
    match run.ended.as_ref().map(|ended| &ended.end.counts) {
        Some(Value::Object(known)) => Cell::new(counts(known)).raw(json!(known).to_string()),
        _ => Cell::or_dash(None),
    }
}

/// A page of runs.
pub fn list(app: &App, page: &Page, sources: Sources) -> View {
    let now = app.clock.now();
    let mut table = Table::new(COLUMNS);
    page.runs.iter().for_each(|seen| row(app, &mut table, &seen.run));
    let items: Vec<Value> = page.runs.iter().map(|seen| json!(line(seen))).collect();
    let next = page.next.as_ref().map(ToString::to_string);
    View {
        command: "journal list",
        context: context(app),
        at: now,
        data: json!(items),
        summary: json!(RunsSummary { count: items.len(), next, sources: sources.names() }),
        items,
        table,
        text: None,
    }
}

/// One run in full.
pub fn show(app: &App, seen: &Seen) -> View {
    let now = app.clock.now();
    let mut table = Table::new(COLUMNS);
    row(app, &mut table, &seen.run);
    View {
        command: "journal show",
        context: context(app),
        at: now,
        data: json!(line(seen)),
        summary: json!(RunSummary { count: 1 }),
        items: vec![json!(line(seen))],
        table,
        text: Some(text(app, seen)),
    }
}

/// Neither a list nor a run of the file needs a context.
fn context(app: &App) -> String {
    app.context().map_or_else(|_| String::new(), |context| context.name.clone())
}

fn line(seen: &Seen) -> Line {
    let run = seen.run.clone();
    let (begin, actor) = (run.begin, seen.run.begin.actor.clone());
    let (ended_at, end) = run.ended.map(|ended| (ended.at, ended.end)).unzip();
    Line {
        run: run.id,
        command: begin.command,
        context: begin.context,
        target: begin.target,
        arguments: begin.arguments,
        cwd: begin.cwd,
        reason: begin.reason,
        user: actor.user,
        claimed_user: actor.claimed_user,
        sudo_user: actor.sudo_user,
        from: actor.from,
        host: actor.host,
        version: begin.version,
        begun_at: run.begun_at,
        ended_at,
        exit: end.as_ref().map(|end| end.exit),
        counts: end.as_ref().map(|end| end.counts.clone()),
        took_ms: end.as_ref().map(|end| end.took_ms),
        error: end.and_then(|end| end.error),
        sources: Sources::from(seen).names(),
    }
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
        ("Folder", filled(&begin.cwd)),
        ("Claims", begin.actor.claimed_user.as_ref().map(|name| format!("to be {name}, by its variables"))),
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
