//! `opsctl clusters repair`: what is recorded about migrations, mended by the word of somebody who has looked.

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Error, Exit, Result,
    clusters::migrate::{self, Budget, Repair, Request},
    fleet::Bounds,
    schema::{Asked, Known, Lint, Mend, Options},
};
use serde::Serialize;
use serde_json::json;

use super::migrate::{args::Source, runner};
use crate::{
    app::App,
    complete,
    record::recorded,
    safety::{self, Class},
    ui::{Cell, Column, Table, View},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters repair",
    class: Class::Destructive,
    destructive_with: None,
    examples: &[
        Example { what: "what would be mended, and where", line: "clusters repair eu-1 --dry-run" },
        Example {
            what: "record the checksums of the present texts, after looking",
            line: "clusters repair eu-1 --yes",
        },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database, Topic::Journal],
    exits: &[
        (Exit::Refused, "not confirmed, or a record has changed meanwhile"),
        (Exit::Config, ""),
        (Exit::Unreachable, ""),
        (Exit::Locked, "another run migrates the database"),
        (Exit::NotFound, "there is no such cluster, or nothing of that version to mend"),
    ],
    artisan: &[],
};

/// One record in a row.
const COLUMNS: [Column; 4] = [
    Column::left("cluster"),
    Column::right("version"),
    Column::left("mend"),
    Column::left("what").flexible(),
];

/// Mend what is recorded about migrations: drifted checksums, unfinished ones, single statements
///
/// Only records change, never a schema. A drifted migration gets the checksum of its present text; one
/// that was begun and did not finish is forgotten, and pending again from its first statement on. With
/// --statement and --as a statement whose end nobody recorded counts as done, or as not done.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The clusters
    #[arg(value_name = "NAME", required = true, add = Names::new(complete::clusters))]
    names: Vec<String>,
    #[command(flatten)]
    source: Source,
    /// Only this migration
    #[arg(long, value_name = "VERSION")]
    version: Option<i64>,
    /// One statement of it, by its place in the file
    #[arg(long, value_name = "N", requires_all = ["version", "as_known"])]
    statement: Option<i64>,
    /// How the statement stands, as somebody has seen
    #[arg(long = "as", value_enum, value_name = "HOW", requires = "statement", id = "as_known")]
    known: Option<How>,
    /// Show what would be mended
    #[arg(long)]
    dry_run: bool,
}

/// How a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// It happened, all of it.
    Done,
    /// Nothing of it happened.
    Undone,
}

/// One record, for machines.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// The cluster.
    cluster: String,
    /// What is mended.
    #[serde(flatten)]
    mend: Mend,
}

/// Counts of a repair.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Clusters with something to mend.
    clusters: usize,
    /// Records to mend.
    records: usize,
    /// Whether they were mended.
    mended: bool,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let request = Request {
        set: args.source.set(app)?,
        source: args.source.words(),
        options: Options { runner: runner(app), ..Options::default() },
        canary: None,
        bounds: Bounds::default(),
        budget: Budget::Unlimited,
        own: false,
        lint: Lint::Off,
        clock: app.clock,
    };
    let known = args.known.map(|how| if how == How::Done { Known::Done } else { Known::Undone });
    let asked = Asked { version: args.version, statement: args.statement.zip(known) };
    let looking = async {
        let fleet = app.fleet().await?;
        let clusters = fleet.select(&args.names)?;
        let clusters: Vec<_> = clusters.into_iter().cloned().collect();
        Ok(clusters)
    };
    let clusters = app.cancel.guard(looking).await?;
    let clusters: Vec<_> = clusters.iter().collect();
    let found = app.cancel.guard(migrate::repairs(&clusters, &request, asked)).await?;
    let lines = lines(&found);
    if found.is_empty() {
        app.ui.emit(&view(app, &lines, &found, false)?)?;
        app.ui.note("There is nothing to mend.");
        return Ok(Exit::Done);
    }
    for line in &lines {
        app.ui.note(&format!(
            "{}: this {} {}.",
            line.cluster,
            if args.dry_run { "would" } else { "will" },
            line.mend.told()
        ));
    }
    let records = if lines.len() == 1 { "1 record".into() } else { format!("{} records", lines.len()) };
    let place = |one: &Repair<'_>| format!("{} of the cluster {}", one.cluster.address, one.cluster.name);
    let places = found.iter().map(place).collect::<Vec<_>>().join(" and ");
    let what = format!("change {records} of migrations");
    safety::allow_in(app, Class::Destructive, &what, Some(&places), args.dry_run).await?;
    if !args.dry_run {
        recorded(app, Class::Destructive, "clusters repair", async |_| mend(app, &found, &request).await)
            .await?;
    }
    app.ui.emit(&view(app, &lines, &found, !args.dry_run)?)?;
    app.ui.note(&match args.dry_run {
        true => format!("Dry run: this would change {records}."),
        false => format!("Changed {records}."),
    });
    Ok(Exit::Done)
}

async fn mend(app: &App, found: &[Repair<'_>], request: &Request) -> Result<serde_json::Value> {
    for one in found {
        let mending = migrate::repair(one, request, &app.cancel);
        let named = |error: Error| error.during(format!("cluster {} was not repaired", one.cluster.name));
        app.cancel.guard(mending).await.map_err(named)?;
    }
    Ok(json!({"records": found.iter().map(|one| one.mends.len()).sum::<usize>()}))
}

fn lines(found: &[Repair<'_>]) -> Vec<Line> {
    let of = |one: &Repair<'_>| {
        let cluster = one.cluster.name.clone();
        one.mends
            .iter()
            .map(move |mend| Line { cluster: cluster.clone(), mend: mend.clone() })
            .collect::<Vec<_>>()
    };
    found.iter().flat_map(of).collect()
}

fn view(app: &App, lines: &[Line], found: &[Repair<'_>], mended: bool) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    for line in lines {
        let word = match line.mend {
            Mend::Checksum { .. } => "checksum",
            Mend::Clear { .. } => "clear",
            Mend::Statement { .. } => "statement",
        };
        table.row([
            Cell::new(&*line.cluster),
            Cell::new(line.mend.version().to_string()),
            Cell::new(word),
            Cell::new(line.mend.told()),
        ]);
    }
    Ok(View {
        command: "clusters repair",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(lines),
        summary: json!(Summary { clusters: found.len(), records: lines.len(), mended }),
        items: lines.iter().map(|line| json!(line)).collect(),
        table,
        text: None,
    })
}
