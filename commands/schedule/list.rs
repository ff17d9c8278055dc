//! `opsctl schedule list`: the entries, and how they stand.

use chrono::{DateTime, Utc};
use opsctl::{
    Exit, Result,
    schedule::{self, Last, Line, Status, Summary},
};
use serde_json::json;

use super::{READS, set};
use crate::{
    app::App,
    cli::told,
    safety::Class,
    ui::{Cell, Column, Table, Tone, View, Zone, ago},
    verb::{Artisan, Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "schedule list",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "what is due when, and how did it go last?", line: "schedule list" },
        Example {
            what: "the next one first, in the team's own time, too",
            line: "schedule list --next --tz Asia/Jakarta",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: READS,
    exits: &[
        (Exit::Config, "an entry cannot be understood, or no cache store for its mutex"),
        (Exit::Unreachable, ""),
    ],
    artisan: &[Artisan {
        command: "schedule:list",
        with: None,
        ignores: &[],
        difference: "it lists the entries of the opsctl.toml, and what is known of their runs",
    }],
};

/// One entry in a row.
pub const COLUMNS: [Column; 12] = [
    Column::left("entry"),
    Column::left("state"),
    Column::left("expression"),
    Column::left("next_due_at"),
    Column::left("last_run"),
    Column::left("result"),
    Column::left("held_by"),
    Column::left("php"),
    Column::left("command").flexible(),
    Column::left("host").wide_only(),
    Column::left("run").wide_only(),
    Column::left("mutex").wide_only(),
];

/// List the entries: when each is due next, how its last run went, who holds its mutex
///
/// Times are in UTC and, with `--tz`, in another zone beside it. The last run is known where opsctl's
/// tables are. PHP is what the application's own scheduler left behind: a key of a minute, which stays
/// for an hour, or the mutex of a run that is at work. It leaves nothing where the application neither
/// keeps an entry to one server nor from overlapping.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What is due next comes first
    #[arg(long)]
    next: bool,
    /// Only entries that are on
    #[arg(long)]
    on: bool,
    /// As `--tz`, in artisan's words
    #[arg(long, value_name = "ZONE", value_parser = told::<Zone>, hide_short_help = true)]
    timezone: Option<Zone>,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let mut entries = set::entries(app)?;
    entries.retain(|entry| entry.is_on || !args.on);
    let deps = set::deps(app).await?;
    let signs = set::signs(app).await?;
    let zone = args.timezone.unwrap_or(app.ui.zone);
    let mut lines = schedule::look(&deps, &entries, app.clock.now()).await?;
    for line in &mut lines {
        line.next_due_local = line.next_due_at.map(|at| at.with_timezone(&zone.tz()).to_rfc3339());
    }
    if args.next {
        lines.sort_by_key(|line| (!line.on, line.next_due_at));
    } else {
        lines.sort_by_key(|line| !line.on);
    }
    let summary =
        Summary { paused: signs.paused, down: signs.down, ..Summary::of(&lines, deps.ledger.is_some()) };
    app.ui.emit(&view(app, zone, &lines, &summary)?)?;
    tell(app, &lines, &summary);
    set::tell_of_the_table(app, &deps);
    Ok(Exit::Done)
}

fn view(app: &App, zone: Zone, lines: &[Line], summary: &Summary) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    lines.iter().for_each(|line| table.row(cells(app, zone, line)));
    Ok(View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(lines),
        summary: json!(summary),
        items: lines.iter().map(|line| json!(line)).collect(),
        table,
        text: None,
    })
}

fn cells(app: &App, zone: Zone, line: &Line) -> [Cell; 12] {
    let last = line.last.as_ref();
    [
        Cell::new(&*line.entry),
        if line.on { Cell::new("on").tone(Tone::Good) } else { Cell::new("off").tone(Tone::Dim) },
        expression(line),
        next(line.next_due_at.filter(|_| line.on), app.clock.now(), zone),
        Cell::time(last.map(|last| last.due_at), app.clock.now(), zone),
        result(line),
        held(line),
        php(app, line),
        Cell::new(&*line.command),
        Cell::or_dash(last.map(|last| last.host.as_str())),
        Cell::or_dash(last.map(|last| last.run.as_str())),
        Cell::new(&*line.mutex),
    ]
}

/// A rule with its zone, where that is not UTC.
fn expression(line: &Line) -> Cell {
    let text = match line.timezone.as_str() {
        "UTC" => line.expression.clone(),
        zone => format!("{} {zone}", line.expression),
    };
    Cell::new(text).raw(&*line.expression)
}

/// `10:00 UTC, 17:00 WIB (in 12m)`; the day, where it is another one.
fn next(at: Option<DateTime<Utc>>, now: DateTime<Utc>, zone: Zone) -> Cell {
    let Some(at) = at else { return Cell::or_dash(None) };
    let (tz, form) = (zone.tz(), "%Y-%m-%d %H:%M");
    let form = if at.date_naive() == now.date_naive() { "%H:%M" } else { form };
    let there = match zone {
        Zone::Utc => String::new(),
        Zone::Named(_) => format!(", {}", at.with_timezone(&tz).format(&format!("{form} %Z"))),
    };
    let text = format!("{} UTC{there} ({})", at.format(form), ago(at, now));
    Cell {
        full: Some(text.clone()),
        ..Cell::new(text).raw(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }
}

fn result(line: &Line) -> Cell {
    if line.missed.is_some() {
        return Cell::new("missed").tone(Tone::Bad);
    }
    let Some(last) = &line.last else { return Cell::or_dash(None) };
    let (text, tone) = match (last.status, last.exit) {
        (Status::Running, _) => ("running".to_owned(), Tone::Plain),
        (Status::Skipped, _) => ("skipped".to_owned(), Tone::Dim),
        (Status::Interrupted, _) => ("interrupted".to_owned(), Tone::Bad),
        (Status::Ended, Some(0)) => ("done".to_owned(), Tone::Good),
        (Status::Ended, Some(8)) => ("locked".to_owned(), Tone::Dim),
        (Status::Ended, exit) => {
            (exit.map_or_else(|| "failed".into(), |exit| format!("exit {exit}")), Tone::Bad)
        }
    };
    Cell::new(text).tone(tone)
}

fn held(line: &Line) -> Cell {
    match &line.held {
        None => Cell::or_dash(None),
        Some(held) if held.ours && held.since.is_some() => Cell::new("its run"),
        Some(held) if held.ours => Cell::new("a dead run").raw(&*held.owner).tone(Tone::Warn),
        Some(held) => Cell::new("the application").raw(&*held.owner).tone(Tone::Warn),
    }
}

fn php(app: &App, line: &Line) -> Cell {
    match &line.php {
        None => Cell::or_dash(None),
        Some(found) => match found.minute {
            Some(at) => Cell::time(Some(at), app.clock.now(), app.ui.zone).tone(Tone::Warn),
            None => Cell::new("running").tone(Tone::Warn),
        },
    }
}

/// What is worth a sentence.
fn tell(app: &App, lines: &[Line], summary: &Summary) {
    if summary.paused {
        app.ui.warning("the schedule is paused: artisan's `schedule:resume` lets it go on");
    }
    if summary.down {
        app.ui
            .warning("the application is down for maintenance: entries without `in_maintenance` do not run");
    }
    for line in lines.iter().filter(|line| line.on) {
        if let Some(at) = line.missed {
            app.ui.warning(&format!(
                "`{}` was due at {}, and nobody ran it: is there a cron line?",
                line.entry,
                app.ui.zone.show(at)
            ));
            app.ui.hint("the line: `opsctl schedule crontab`");
        }
        if line.php.is_some() {
            app.ui.warning(&format!(
                "the application's scheduler runs `{}`, too: `schedule run` refuses it",
                line.entry
            ));
        }
        if line.last.as_ref().is_some_and(Last::is_bad) {
            app.ui.hint(&format!("what it printed: `opsctl schedule output {}`", line.entry));
        }
    }
    if summary.on == 0 {
        app.ui.hint("turn some on in the opsctl.toml: `[schedule]` with `baseline = [\"webhooks-retry\"]`");
    }
}
