//! `opsctl locks clear`: locks that are taken away from holders that are gone.

use opsctl::{
    Error, Exit, Result,
    journal::Entry,
    locks::{self, Choice, Cleared, Counts, Item, Lock, Outcome},
};
use serde_json::{Value, json};

use super::{
    FilterArgs, counted, list,
    places::{PlaceArgs, Places},
};
use crate::{
    app::App,
    record::{Account, recorded_unless},
    safety::{self, Class},
    ui::{Cell, Column, Table, Tone, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// Locks that are told one by one before a question.
const TOLD: usize = 20;
/// Locks that the journal names.
const JOURNALLED: usize = 100;

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "locks clear",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[
        Example { what: "which locks has a dead worker left?", line: "locks clear --stale --dry-run" },
        Example { what: "clear them, without a question", line: "locks clear --stale --yes" },
        Example {
            what: "only those of jobs that must not overlap",
            line: r"locks clear --pattern 'laravel-queue-overlap:App\Jobs\*' --stale --yes",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits, Topic::Journal],
    exits: &[
        (Exit::Failed, "no lock could be cleared"),
        (Exit::Partial, "some locks could not be cleared, or are needed by now"),
        (Exit::Refused, "not confirmed; or a job or a run needs a lock, and no --force"),
        (Exit::Config, "no store of locks, one that other hosts do not see, or no table of it"),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no lock has one of the names: none is cleared"),
    ],
    artisan: &[],
};

/// One lock in a row.
pub const COLUMNS: [Column; 7] = [
    Column::left("name").down_to(30),
    Column::left("kind"),
    Column::left("state"),
    Column::left("outcome"),
    Column::left("reason").flexible(),
    Column::left("owner").wide_only(),
    Column::left("store").wide_only(),
];

/// Take locks away from holders that are gone: the named ones, or those that the options describe
///
/// Each is deleted only while its holder is the one that was shown; one that somebody else has by then
/// is told, and left alone. Where a job or a run needs one of them nothing is cleared, unless --force
/// says so. What may be no lock at all is cleared by its name alone, never by a pattern.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Names of locks, as `locks list` shows them
    #[arg(value_name = "NAME", required_unless_present_any = ["pattern", "kind", "stale", "no_expiry"],
        conflicts_with_all = ["pattern", "kind", "stale", "no_expiry"])]
    names: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    places: PlaceArgs,
    /// Clear also what a job or a run needs
    #[arg(long)]
    force: bool,
    /// Show what would be cleared
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    fn choice(&self) -> Choice {
        match self.names.is_empty() {
            true => Choice::Filter(self.filter.filter()),
            false => Choice::Names(self.names.clone()),
        }
    }
}

impl Account for Cleared {
    fn counts(&self) -> Value {
        let told = |item: &Item| {
            format!("{} of {}: {}", item.name, item.owner.as_deref().unwrap_or("-"), item.outcome.name())
        };
        let mut counts = json!(self.counts);
        // Nothing else tells afterwards which they were.
        counts["locks"] = json!(self.items.iter().take(JOURNALLED).map(told).collect::<Vec<_>>());
        counts
    }

    fn error(&self) -> Option<&Error> {
        Self::error(self)
    }
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let places = Places::open(app, &args.places).await?;
    let found = app.cancel.guard(locks::find(&places.find())).await?;
    let chosen = locks::choose(&found, &args.choice(), &places.stores)?;
    if chosen.is_empty() {
        if app.ui.wants_reports() {
            app.ui.emit(&view(app, &Cleared::nothing(args.dry_run))?)?;
        }
        app.ui.note("No locks match.");
        list::warn(app, &found);
        return Ok(Exit::Done);
    }
    if !args.force {
        locks::refuse_live(&chosen)?;
    }
    if !args.dry_run {
        preview(app, &chosen);
    }
    let what = format!("clear {}", counted(chosen.len()));
    safety::allow_in(app, Class::Destructive, &what, Some(&places.addresses()), args.dry_run).await?;
    let find = places.find();
    let work = async |_: &Entry| locks::clear(&find, &chosen, args.force, args.dry_run, &app.cancel).await;
    let report = recorded_unless(args.dry_run, app, Class::Destructive, VERB.words, work).await?;
    finish(app, &report)
}

/// What a confirmation is about, lock by lock.
fn preview(app: &App, chosen: &[Lock]) {
    for lock in chosen.iter().take(TOLD) {
        let owner = lock.owner.as_deref().unwrap_or("nobody that can be told");
        let end = if lock.no_expiry { ", without an end" } else { "" };
        app.ui.note(&format!("`{}` of `{owner}`{end}: {}, {}.", lock.name, lock.state.name(), lock.affects));
    }
    if chosen.len() > TOLD {
        app.ui.note(&format!("And {} more: `--dry-run` lists them.", chosen.len() - TOLD));
    }
}

fn finish(app: &App, report: &Cleared) -> Result<Exit> {
    if app.ui.wants_reports() {
        app.ui.emit(&view(app, report)?)?;
    }
    app.ui.note(&summary(report));
    if let Some(error) = report.error() {
        let next =
            format!("{} cleared before that; go on with the same command", were(report.counts.cleared));
        app.ui.error(&error.clone().hint(next));
    }
    Ok(report.exit())
}

fn were(count: usize) -> String {
    format!("{} {}", counted(count), if count == 1 { "was" } else { "were" })
}

fn summary(report: &Cleared) -> String {
    let counts: &Counts = &report.counts;
    let parts: Vec<String> = Outcome::ALL
        .iter()
        .filter(|outcome| counts.of(**outcome) > 0)
        .map(|outcome| format!("{} {}", counts.of(*outcome), outcome.name()))
        .collect();
    let line = format!("{}: {}.", counted(counts.selected), parts.join(", "));
    match report.dry_run {
        true => format!("Dry run, nothing was changed. It would have been: {line}"),
        false => line,
    }
}

fn view(app: &App, report: &Cleared) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    for item in &report.items {
        table.row([
            Cell::new(&*item.name),
            Cell::new(item.kind.name()),
            Cell::new(item.state.name()).tone(list::tone(item.state)),
            Cell::new(item.outcome.name()).tone(tone(item.outcome)),
            Cell::new(&*item.reason),
            Cell::or_dash(item.owner.as_deref()),
            Cell::new(&*item.store),
        ]);
    }
    Ok(View {
        command: VERB.words,
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(report.counts),
        items: report.items.iter().map(|item| json!(item)).collect(),
        table,
        text: None,
    })
}

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Cleared => Tone::Good,
        Outcome::Gone | Outcome::Changed => Tone::Plain,
        Outcome::Kept => Tone::Warn,
        Outcome::Failed => Tone::Bad,
    }
}
