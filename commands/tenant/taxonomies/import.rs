//! `opsctl tenant taxonomies import`: master rows from a file, all of them or none.

use std::{fs::File, io::Read, path::Path, path::PathBuf};

use clap_complete::{ArgValueCompleter, PathCompleter};
use opsctl::{
    Error, Exit, Kind, Result,
    journal::Entry,
    tenants::taxonomies::{self, FILE_LIMIT, FIXTURE, Import, ImportReport, Outcome, Rows},
};
use serde_json::{Value, json};

use super::{active, cells};
use crate::{
    app::App,
    record::{Account, recorded_unless},
    safety::{self, Class},
    ui::{Cell, Column, Table, Tone, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "tenant taxonomies import",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example {
            what: "what would change, of the rows that come with opsctl",
            line: "tenant taxonomies import --dry-run",
        },
        Example { what: "those rows, and nothing besides in use", line: "tenant taxonomies import --prune" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database, Topic::Journal],
    exits: &[
        (Exit::Failed, "bad rows, told with their lines; nothing was changed"),
        (Exit::Config, ""),
        (Exit::Unreachable, ""),
        (Exit::NotFound, "no such file"),
    ],
    artisan: &[],
};

const COLUMNS: [Column; 9] = [
    Column::left("code"),
    Column::left("type"),
    Column::left("name").flexible(),
    Column::left("parent_code"),
    Column::right("sort_order"),
    Column::left("is_active"),
    Column::left("outcome"),
    Column::right("version"),
    Column::right("line"),
];

/// Take master rows from a CSV file: all of them, or none when one is bad
///
/// Columns: type, code, name, and where there is more to say parent_code, sort_order, is_active. Bad
/// rows are told with their lines, all at once. A row's version goes up only where it says something
/// else. Rows that the file lacks stay as they are, unless --prune takes them out of use. Tenants get
/// their copies by `tenant provision`.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The file [default: the rows that come with opsctl]
    #[arg(long, value_name = "FILE", add = ArgValueCompleter::new(PathCompleter::file()))]
    from: Option<PathBuf>,
    /// Take rows that the file lacks out of use
    #[arg(long)]
    prune: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let rows = rows(app, args.from.as_deref())?;
    safety::allow(app, Class::Routine, "change master taxonomies", args.dry_run).await?;
    if !args.dry_run {
        app.cancel.guard(app.require_writable()).await?;
    }
    let request = Import { rows, prune: args.prune, dry_run: args.dry_run };
    let work = async |_: &Entry| {
        let importing = async { taxonomies::import(app.db().await?, &request).await };
        app.cancel.guard(importing).await
    };
    let report = recorded_unless(args.dry_run, app, Class::Routine, "tenant taxonomies import", work).await?;
    tell(app, &report)?;
    Ok(Exit::Done)
}

/// The rows of the file, or those that come with opsctl.
fn rows(app: &App, from: Option<&Path>) -> Result<Rows> {
    let Some(path) = from else { return taxonomies::read(FIXTURE, "fixtures/taxonomies.csv") };
    taxonomies::read(&bytes(&app.cwd.join(path))?, &path.display().to_string())
}

/// A file's bytes; of one that is too large, one more than is read.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let kind = if missing { Kind::NotFound } else { Kind::Failed };
        Error::new(kind, format!("{} cannot be read", path.display())).because(error)
    };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

impl Account for ImportReport {
    fn counts(&self) -> Value {
        json!(self.counts)
    }

    fn error(&self) -> Option<&Error> {
        None
    }
}

fn tell(app: &App, report: &ImportReport) -> Result<()> {
    if app.ui.wants_reports() {
        app.ui.emit(&view(app, report)?)?;
    }
    let counts = &report.counts;
    let mut parts = vec![format!("{} created", counts.created), format!("{} updated", counts.updated)];
    parts.push(format!("{} unchanged", counts.unchanged));
    for (count, word) in [(counts.deactivated, "deactivated"), (counts.left, "left as they are")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let told = parts.join(", ");
    app.ui.note(&match report.dry_run {
        true => format!("Dry run, nothing was changed. It would have been: {told}."),
        false => format!("Master rows: {told}."),
    });
    let changed = counts.created + counts.updated + counts.deactivated;
    if changed > 0 && !report.dry_run {
        app.ui.hint("tenants get their copies by `opsctl tenant provision TENANT --only taxonomies`");
    }
    Ok(())
}

fn view(app: &App, report: &ImportReport) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    for item in &report.items {
        let tone = match item.outcome {
            Outcome::Created => Tone::Good,
            Outcome::Updated | Outcome::Deactivated => Tone::Warn,
            Outcome::Unchanged => Tone::Dim,
        };
        let more = [
            active(&item.taxonomy),
            Cell::new(item.outcome.name()).tone(tone),
            Cell::new(item.version.to_string()),
            Cell::or_dash(item.line.map(|line| line.to_string()).as_deref()),
        ];
        table.row(cells(app, &item.taxonomy).into_iter().chain(more));
    }
    let text = app.ui.is_human().then(|| changes(app, report, &table));
    Ok(View {
        command: "tenant taxonomies import",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(report.counts),
        items: report.items.iter().map(|item| json!(item)).collect(),
        table,
        text,
    })
}

/// The rows that changed: those that did not are counted.
fn changes(app: &App, report: &ImportReport, table: &Table) -> String {
    let mut changed = Table::new(table.columns.iter().copied());
    let rows = report.items.iter().zip(&table.rows);
    for (_, row) in rows.filter(|(item, _)| item.outcome != Outcome::Unchanged) {
        changed.row(row.iter().cloned());
    }
    if changed.rows.is_empty() { String::new() } else { app.ui.draw(&changed) }
}
