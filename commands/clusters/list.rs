//! `opsctl clusters list`: which clusters there are, and what was last seen of each.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use opsctl::{
    Error, Exit, Result,
    clusters::{self, Filter, Line, Migrated, Part, Probed, Seen, Summary},
    config::{
        Engine,
        clusters::{ClusterStatus, Role},
    },
    db::Db,
    fleet::{Fleet, Source, Tenants},
    near,
    text::printable,
};
use serde_json::json;

use crate::{
    app::App,
    cli::told,
    safety::Class,
    ui::{Cell, Column, Table, Tone, View, ago},
    variables::Topic,
    verb::{Example, Prints, Verb},
};

/// What it says about itself.
pub const VERB: Verb = Verb {
    words: "clusters list",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "which are there, how full, and how they stood last", line: "clusters list" },
        Example {
            what: "those that take new tenants, with their addresses",
            line: "clusters list --status active -o wide",
        },
        Example { what: "names for a script", line: "clusters list --engine postgres -o ids" },
    ],
    prints: Prints::List(&COLUMNS),
    reads: &[Topic::Context, Topic::Database],
    exits: &[
        (Exit::Config, "a registration cannot be understood; the others are shown"),
        (Exit::Unreachable, "the central database does not answer"),
    ],
    artisan: &[],
};

/// One cluster in a row.
pub const COLUMNS: [Column; 14] = [
    Column::left("name"),
    Column::left("status"),
    Column::right("pending"),
    Column::left("last_probe").down_to(10),
    Column::right("schema_head"),
    Column::right("tenants"),
    Column::left("engine"),
    Column::left("region"),
    Column::left("role"),
    Column::right("capacity").wide_only(),
    Column::left("credentials").wide_only(),
    Column::left("server").wide_only(),
    Column::left("last_migration").wide_only(),
    Column::left("address").flexible().wide_only(),
];

/// List the clusters: engine, region, status, tenants, schema, and how the last probe found them
///
/// No cluster is connected to. Schema and probe are what `clusters probe` and `clusters migrate` last
/// found, as the central database keeps it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only clusters of these statuses: pending, active, draining, read_only, offline, retired
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = told::<ClusterStatus>)]
    status: Vec<ClusterStatus>,
    /// Only clusters in these regions
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,
    /// Only clusters on these engines: postgres, mysql, sqlite
    #[arg(long, value_name = "ENGINE", value_delimiter = ',', value_parser = engine)]
    engine: Vec<Engine>,
    /// List them again every so many seconds, until Ctrl-C or --timeout; a terminal is redrawn
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5", value_parser = clap::value_parser!(u16).range(1..=3600))]
    watch: Option<u16>,
}

fn engine(text: &str) -> Result<Engine, String> {
    Engine::from_name(text).ok_or_else(|| {
        let names = ["postgres", "mysql", "sqlite", "mariadb"];
        near::hint(text, names, |near| format!("--engine {near}"))
            .unwrap_or_else(|| "it is one of postgres, mysql, sqlite".into())
    })
}

impl Args {
    fn filter(&self) -> Filter {
        Filter { statuses: self.status.clone(), regions: self.region.clone(), engines: self.engine.clone() }
    }
}

/// What the list is made from.
struct Known {
    fleet: Fleet,
    seen: Seen,
    tenants: Option<BTreeMap<String, u64>>,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let Some(seconds) = args.watch else { return once(app, args).await };
    let mut shown = false;
    loop {
        app.ui.redraw()?;
        match once(app, args).await {
            Ok(_) => shown = true,
            // Who watches wants to see it come back.
            Err(error) if shown => app.ui.error(&error),
            Err(error) => return Err(error),
        }
        if app.ui.reader_left() {
            return Ok(Exit::Done);
        }
        app.ui.note(&format!(
            "{}, again every {seconds} s; Ctrl-C ends it.\n",
            app.ui.zone.show(app.clock.now())
        ));
        app.cancel.sleep(Duration::from_secs(seconds.into())).await?;
    }
}

async fn once(app: &App, args: &Args) -> Result<Exit> {
    let fleet = app.fleet().await?;
    let central = app.central().await?;
    let known = match (read(app, central).await, fleet.source) {
        (Ok((seen, tenants)), _) => Known { fleet, seen, tenants },
        // The file says which clusters there are; what was seen of them is left out.
        (Err(error), Source::File) => {
            app.ui.warn_of("tenants and what was last seen are not shown", &error);
            Known { fleet, seen: Seen::default(), tenants: None }
        }
        (Err(error), _) => return Err(error),
    };
    let lines = clusters::lines(&known.fleet, central, &known.seen, known.tenants.as_ref(), &args.filter());
    let summary = Summary::of(&lines, known.fleet.source);
    app.ui.emit(&view(app, &lines, summary)?)?;
    tell(app, args, &known.fleet, &lines);
    Ok(if summary.unusable > 0 { Exit::Config } else { Exit::Done })
}

/// What the central database keeps about clusters and tenants.
async fn read(app: &App, central: Option<&Db>) -> Result<(Seen, Option<BTreeMap<String, u64>>)> {
    let Some(central) = central else { return Ok((Seen::default(), None)) };
    let seen = Seen::read(central).await?;
    let tenants = match Tenants::open(app.context()?, central).await? {
        Some(tenants) => Some(tenants.counts().await?),
        None => None,
    };
    Ok((seen, tenants))
}

/// Where the clusters are registered, and what is wrong with registrations.
fn tell(app: &App, args: &Args, fleet: &Fleet, lines: &[Line]) {
    for line in lines {
        if let Some(problem) = &line.problem {
            let name = printable(&line.name);
            app.ui.warning(&format!("cluster `{name}` cannot be reached as it is registered: {problem}"));
            if !line.is_sound {
                mend(app, fleet, &line.name);
            }
        }
    }
    for (first, other) in fleet.twins() {
        app.ui.warning(&format!(
            "clusters `{}` and `{}` are one database, {}: what is done on every cluster is done to it twice",
            printable(&first.name),
            printable(&other.name),
            other.address
        ));
    }
    match (fleet.source, lines.len()) {
        (Source::Nowhere, 1..) => {
            app.ui.note("No clusters are registered: the central database is the one cluster.");
        }
        (source, 0) => {
            app.ui.note(&format!("No clusters match; {} are registered in {source}.", fleet.clusters.len()));
            suggest(app, args, fleet);
        }
        (source, 1) => app.ui.note(&format!("1 cluster, registered in {source}.")),
        (source, count) => app.ui.note(&format!("{count} clusters, registered in {source}.")),
    }
}

/// How a registration that cannot be understood is mended.
fn mend(app: &App, fleet: &Fleet, name: &str) {
    let cluster = fleet.clusters.iter().find(|cluster| cluster.name == name);
    let error = cluster.and_then(|cluster| cluster.database(Role::App).err());
    error.iter().flat_map(Error::hints).for_each(|hint| app.ui.hint(hint));
}

/// An empty list may come from a typo.
fn suggest(app: &App, args: &Args, fleet: &Fleet) {
    let regions: Vec<&str> = fleet.clusters.iter().filter_map(|cluster| cluster.region.as_deref()).collect();
    let typed = |near: &str| format!("--region {}", opsctl::text::shell_word(near));
    for region in &args.region {
        if let Some(hint) = near::hint(region, regions.iter().copied(), typed) {
            app.ui.hint(&hint);
        }
    }
}

fn view(app: &App, lines: &[Line], summary: Summary) -> Result<View> {
    let mut table = Table::new(COLUMNS);
    lines.iter().for_each(|line| table.row(cells(app, line)));
    Ok(View {
        command: "clusters list",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(lines),
        summary: json!(summary),
        items: lines.iter().map(|line| json!(line)).collect(),
        table,
        text: None,
    })
}

/// The cells of a cluster.
pub fn cells(app: &App, line: &Line) -> [Cell; 14] {
    let now = app.clock.now();
    let names = line.credentials.iter().map(|role| role.name()).collect::<Vec<_>>();
    let server = line.probe.as_ref().and_then(|probe| probe.server.as_deref()).map(printable);
    let address = Cell::or_dash(Some(&printable(&line.address)));
    // They may come from anybody's table, and csv is not escaped as a table for people is.
    let (name, region) = (printable(&line.name), line.region.as_deref().map(printable));
    [
        Cell::new(name),
        status(line),
        pending(line),
        line.probe.as_ref().map_or_else(|| Cell::or_dash(None), |probe| probed(probe, now)),
        head(line),
        tenants(line),
        Cell::or_dash(line.engine.map(Engine::name)),
        Cell::or_dash(region.as_deref()),
        Cell::new(match line.role {
            Part::Tenants => "tenants",
            Part::Central => "central",
        }),
        number(line.capacity.map(i64::from)),
        Cell::new(names.join(" ")),
        Cell::or_dash(server.as_deref()),
        line.migration.as_ref().map_or_else(|| Cell::or_dash(None), |migration| migrated(migration, now)),
        if line.problem.is_some() { address.tone(Tone::Bad) } else { address },
    ]
}

/// Its status, or that its registration says nothing that could be used.
fn status(line: &Line) -> Cell {
    let tone = match line.status {
        _ if !line.is_sound => return Cell::new("unusable").tone(Tone::Bad),
        ClusterStatus::Active => Tone::Good,
        ClusterStatus::Pending | ClusterStatus::Draining | ClusterStatus::ReadOnly => Tone::Warn,
        ClusterStatus::Offline => Tone::Bad,
        ClusterStatus::Retired => Tone::Dim,
    };
    Cell::new(line.status.name()).tone(tone)
}

/// `3`, `drifted`, `3, dirty`; machines get the number.
fn pending(line: &Line) -> Cell {
    let count = line.pending.map(|pending| pending.to_string());
    let Some(trouble) = line.schema_trouble else {
        let cell = Cell::or_dash(count.as_deref());
        return if line.pending.is_some_and(|pending| pending > 0) { cell.tone(Tone::Warn) } else { cell };
    };
    let some = count.iter().filter(|count| *count != "0").map(String::as_str);
    let text = some.chain([trouble.name()]).collect::<Vec<_>>().join(", ");
    Cell::new(text).raw(count.unwrap_or_default()).tone(Tone::Bad)
}

/// `50003`, `3 in team_migrations`; machines get the number.
fn head(line: &Line) -> Cell {
    match (line.schema_head, &line.schema_table) {
        (Some(head), Some(table)) => Cell::new(format!("{head} in {table}")).raw(head.to_string()),
        (None, Some(table)) => Cell::new(format!("nothing in {table}")).raw(""),
        (head, None) => number(head),
    }
}

/// `12 of 100`; machines get the number.
fn tenants(line: &Line) -> Cell {
    let Some(tenants) = line.tenants else { return Cell::or_dash(None) };
    match line.capacity {
        Some(capacity) => {
            let cell = Cell::new(format!("{tenants} of {capacity}")).raw(tenants.to_string());
            if tenants >= u64::from(capacity) { cell.tone(Tone::Warn) } else { cell }
        }
        None => Cell::count(tenants),
    }
}

fn number(number: Option<i64>) -> Cell {
    Cell::or_dash(number.map(|number| number.to_string()).as_deref())
}

/// `degraded at schema, 2m ago`; machines get the verdict and the time.
fn probed(probe: &Probed, now: DateTime<Utc>) -> Cell {
    let tone = match &*probe.verdict {
        "ok" => Tone::Good,
        "degraded" => Tone::Warn,
        _ => Tone::Bad,
    };
    let stage = probe.stage.as_ref().filter(|_| probe.verdict != "ok");
    let at = stage.map_or_else(String::new, |stage| format!(" at {stage}"));
    told_at(&format!("{}{at}", probe.verdict), &probe.verdict, probe.at, now).tone(tone)
}

/// `applied 5m ago`.
fn migrated(migration: &Migrated, now: DateTime<Utc>) -> Cell {
    let cell = told_at(&migration.outcome, &migration.outcome, migration.at, now);
    if migration.error.is_some() { cell.tone(Tone::Bad) } else { cell }
}

fn told_at(text: &str, word: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> Cell {
    let stamp = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Cell::new(format!("{text}, {}", ago(at, now))).raw(format!("{word} {stamp}"))
}
