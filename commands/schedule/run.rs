//! `opsctl schedule run`: what cron calls each minute.

use chrono::{DateTime, Utc};
use opsctl::{
    Error, Exit, Result, journal,
    schedule::{self, Deps, Entry, Item, Outcome, Report, Request, cron},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{READS_TO_CHANGE, child::Starter, counted, set};
use crate::{
    app::{App, run_id},
    record::{Account, recorded_unless},
    safety::{self, Class},
    ui::{Cell, Column, Table, Tone, View},
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "schedule run",
    class: Class::Routine,
    destructive_with: Some("--takeover"),
    examples: &[
        Example { what: "what cron calls each minute", line: "schedule run -q" },
        Example { what: "what would run in this minute?", line: "schedule run --dry-run" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: READS_TO_CHANGE,
    exits: EXITS,
    artisan: &[Artisan {
        command: "schedule:run",
        with: None,
        ignores: &["--whisper"],
        difference: "it runs the entries of the opsctl.toml, not the application's own",
    }],
};

/// How runs of the schedule end: as the gravest of their commands.
pub const EXITS: &[(Exit, &str)] = &[
    (Exit::Failed, "a command failed; a lock that another run holds does not count"),
    (Exit::Findings, "a command found something"),
    (Exit::Partial, "a command did a part"),
    (Exit::Refused, "the application's scheduler runs an entry, too, or not confirmed"),
    (Exit::Config, "an entry cannot be understood, or no cache store for its mutex"),
    (Exit::Unreachable, ""),
    (Exit::NotFound, "no such entry"),
];

/// One entry in a row.
pub const COLUMNS: [Column; 7] = [
    Column::left("entry"),
    Column::left("outcome"),
    Column::right("exit"),
    Column::left("due_at"),
    Column::left("why").flexible(),
    Column::left("output").wide_only(),
    Column::left("run").wide_only(),
];

/// Run the entries that are due in this minute, each once across all hosts
///
/// Each runs under the mutex of the application's own scheduler. An entry that an earlier run, another
/// host or the application is at work on is passed over, which is no failure. What was killed is run
/// again when it is due once more; what is due less often than hourly, at once.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only these entries, if they are due
    #[arg(value_name = "NAME")]
    entries: Vec<String>,
    /// Entries at the same time, at most
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Run entries that the application's scheduler is seen to run, too
    #[arg(long)]
    takeover: bool,
    /// Show what would run
    #[arg(long)]
    dry_run: bool,
}

/// What became of the due entries in short.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunSummary {
    /// Entries that were due.
    count: usize,
    /// How many of each outcome there are.
    outcomes: Value,
}

impl Account for Report {
    fn counts(&self) -> Value {
        Self::counts(self)
    }

    fn error(&self) -> Option<&Error> {
        None
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let entries = set::named(set::entries(app)?, &args.entries)?;
    let class = if args.takeover { Class::Destructive } else { Class::Routine };
    let what = "run entries of the schedule that the application's scheduler runs, too";
    safety::allow(app, class, what, args.dry_run).await?;
    let deps = app.cancel.guard(set::deps(app)).await?;
    set::tell_of_the_table(app, &deps);
    let request = request(app, args).await?;
    if args.dry_run {
        let report = app.cancel.guard(schedule::rehearse(&deps, &entries, &request)).await?;
        emit(app, &report)?;
        app.ui.note("Dry run, nothing was run.");
        return Ok(report.exit());
    }
    let starter = Starter::new();
    let work =
        async |_: &journal::Entry| Ok::<_, Error>(minute(app, &deps, &entries, &request, &starter).await);
    // A minute in which nothing is due is no entry of the journal.
    let idle = !entries.iter().any(|entry| entry.is_on && entry.cron.is_due(request.minute));
    let report = recorded_unless(idle, app, class, VERB.words, work).await?;
    finish(app, &entries, &request, &report)
}

async fn request(app: &App, args: &Args) -> Result<Request> {
    Ok(Request {
        minute: cron::minute(app.clock.now()),
        takeover: args.takeover,
        at_once: usize::from(args.concurrency),
        environment: app.context()?.app_env.as_ref().map(|env| env.value.clone()),
        signs: app.cancel.guard(set::signs(app)).await?,
    })
}

/// Runs what is due in a minute.
pub async fn minute(
    app: &App,
    deps: &Deps<'_>,
    entries: &[Entry],
    request: &Request,
    starter: &Starter,
) -> Report {
    let id = || run_id(app.clock);
    schedule::run(deps, entries, request, &app.cancel, id, async |job| starter.run(app, job).await).await
}

/// Tells what became of the entries.
fn finish(app: &App, entries: &[Entry], request: &Request, report: &Report) -> Result<Exit> {
    if app.ui.wants_reports() {
        emit(app, report)?;
    }
    tell(app, report);
    if report.items.is_empty() {
        let on = entries.iter().filter(|entry| entry.is_on).count();
        let next = next(entries, request.minute)
            .map_or_else(String::new, |(name, at)| format!(" Next is `{name}` at {}.", app.ui.zone.show(at)));
        app.ui.note(&format!(
            "Nothing is due: {} on.{next}",
            if on == 1 { "1 entry is".into() } else { format!("{on} entries are") }
        ));
        if on == 0 {
            app.ui.hint("what there is to turn on: `opsctl schedule list`");
        }
    }
    app.cancel.check().map_or_else(|error| Ok(error.exit()), |()| Ok(report.exit()))
}

fn next(entries: &[Entry], minute: DateTime<Utc>) -> Option<(&str, DateTime<Utc>)> {
    let on = entries.iter().filter(|entry| entry.is_on);
    on.filter_map(|entry| Some((entry.name.as_str(), entry.cron.next(minute)?))).min_by_key(|(_, at)| *at)
}

/// What somebody should know though a table is not shown.
pub fn tell(app: &App, report: &Report) {
    for Item { entry, outcome, why, output, .. } in &report.items {
        let why = why.as_deref().unwrap_or_default();
        match outcome {
            Outcome::Refused => app.ui.error(&schedule::refused(entry, why)),
            Outcome::Failed | Outcome::TimedOut | Outcome::Lost | Outcome::Unclaimed => {
                app.ui.warning(&format!("`{entry}` {}: {why}", outcome.name().replace('_', " ")));
                if output.is_some() {
                    app.ui.hint(&format!("what it printed: `opsctl schedule output {entry}`"));
                }
            }
            _ => {}
        }
    }
}

fn emit(app: &App, report: &Report) -> Result<()> {
    if report.items.is_empty() && app.ui.is_human() {
        return Ok(());
    }
    let mut table = Table::new(COLUMNS);
    report.items.iter().for_each(|item| table.row(cells(app, item)));
    app.ui.emit(&View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report.items),
        summary: json!(RunSummary { count: report.items.len(), outcomes: report.counts() }),
        items: report.items.iter().map(|item| json!(item)).collect(),
        table,
        text: None,
    })
}

fn cells(app: &App, item: &Item) -> [Cell; 7] {
    let tone = match item.outcome {
        Outcome::Done => Tone::Good,
        Outcome::Failed | Outcome::TimedOut | Outcome::Refused | Outcome::Unclaimed => Tone::Bad,
        Outcome::Interrupted | Outcome::Lost => Tone::Warn,
        _ => Tone::Dim,
    };
    [
        Cell::new(&*item.entry),
        Cell::new(item.outcome.name().replace('_', " ")).raw(item.outcome.name()).tone(tone),
        Cell::or_dash(item.exit.map(|exit| exit.to_string()).as_deref()),
        Cell::time(Some(item.due_at), app.clock.now(), app.ui.zone),
        Cell::or_dash(item.why.as_deref()),
        Cell::or_dash(item.output.as_deref()),
        Cell::or_dash(item.run.as_deref()),
    ]
}

/// One line for a log: `3 entries: 2 done, 1 elsewhere`.
pub fn line(report: &Report) -> String {
    let counts = report.counts();
    let parts = counts
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, count)| format!("{count} {}", name.replace('_', " ")));
    format!("{}: {}", counted(report.items.len()), parts.collect::<Vec<_>>().join(", "))
}
