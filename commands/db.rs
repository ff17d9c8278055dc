//! `opsctl db`: the schema of the central database.

use opsctl::{
    Error, Exit, Result,
    clusters::fixtures as clusters_fixtures,
    db::Db,
    journal::Entry,
    schema::{self, Migration, Owner, State, Status},
    webhooks::fixtures,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    record::{recorded, recorded_unless},
    safety::{self, Class},
    ui::{self, Cell, Column, Table, Tone, View},
    variables::Topic,
    verb::{Artisan, Example, Prints, Verb},
};

const READS: &[Topic] = &[Topic::Context, Topic::Database, Topic::Journal];

/// What the verbs of the group say about themselves.
pub const VERBS: &[Verb] = &[
    Verb {
        words: "db migrate",
        class: Class::Routine,
        destructive_with: None,
        examples: &[
            Example { what: "what would be applied", line: "db migrate --dry-run" },
            Example { what: "opsctl's tables, beside the application's", line: "db migrate" },
        ],
        prints: Prints::Verdict(&MIGRATIONS),
        reads: READS,
        exits: &[
            (Exit::Failed, "a migration failed; `db status` shows which"),
            (Exit::Refused, "--own, and the database is not empty"),
            (Exit::Config, ""),
            (Exit::Unreachable, ""),
            (Exit::Locked, "another run migrates this database"),
        ],
        artisan: &[Artisan {
            command: "migrate",
            with: None,
            ignores: &["--force", "--graceful"],
            difference: "adds opsctl's own tables; the application's migrations stay artisan's",
        }],
    },
    Verb {
        words: "db status",
        class: Class::Read,
        destructive_with: None,
        examples: &[
            Example { what: "for people", line: "db status" },
            Example {
                what: "for a release gate: exit code 3 when anything is pending",
                line: "db status --json",
            },
            Example { what: "for a monitoring system, with its exit codes", line: "db status -o nagios" },
        ],
        prints: Prints::Verdict(&MIGRATIONS),
        reads: &[Topic::Context, Topic::Database],
        exits: &[
            (Exit::Done, "everything is applied"),
            (Exit::Findings, "pending, drifted or half-applied migrations"),
            (Exit::Config, ""),
            (Exit::Unreachable, ""),
        ],
        artisan: &[Artisan {
            command: "migrate:status",
            with: None,
            ignores: &["--pending"],
            difference: "opsctl's own migrations; 3 when any is pending",
        }],
    },
    Verb {
        words: "db seed",
        class: Class::Routine,
        destructive_with: None,
        examples: &[
            Example { what: "everything", line: "db seed" },
            Example { what: "what would be put in", line: "db seed --dry-run" },
            Example { what: "webhook events and their payments", line: "db seed --only webhooks" },
            Example { what: "clusters: databases beside this one", line: "db seed --only clusters" },
        ],
        prints: Prints::Nothing,
        reads: READS,
        exits: &[
            (Exit::Refused, "an application's database, or the data is there already"),
            (Exit::Config, ""),
            (Exit::Unreachable, ""),
        ],
        artisan: &[Artisan {
            command: "db:seed",
            with: None,
            ignores: &["--force"],
            difference: "opsctl's own data, into databases of opsctl's own only",
        }],
    },
    Verb {
        words: "db fresh",
        class: Class::Destructive,
        destructive_with: None,
        examples: &[
            Example { what: "begin anew, with data", line: "db fresh --seed --yes" },
            Example { what: "an empty schema; asks first", line: "db fresh" },
            Example { what: "how much would be dropped, and where", line: "db fresh --dry-run" },
        ],
        prints: Prints::Nothing,
        reads: READS,
        exits: &[
            (Exit::Refused, "an application's database, or not confirmed"),
            (Exit::Config, ""),
            (Exit::Unreachable, ""),
        ],
        artisan: &[Artisan {
            command: "migrate:fresh",
            with: None,
            ignores: &["--force"],
            difference: "databases of opsctl's own only; asks, or needs --yes",
        }],
    },
];

/// Columns of `db status` and `db migrate`.
pub const MIGRATIONS: [Column; 5] = [
    Column::left("set"),
    Column::right("version"),
    Column::left("description").flexible(),
    Column::left("state"),
    Column::left("applied_at"),
];

/// Summary of migrations.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MigrationSummary {
    /// As they are in this version of opsctl.
    applied: usize,
    /// Not applied yet.
    pending: usize,
    /// Applied, but from another text.
    drifted: usize,
    /// Begun and not finished.
    dirty: usize,
    /// Applied by a newer opsctl.
    unknown: usize,
}

impl MigrationSummary {
    fn of(status: &Status) -> Self {
        Self {
            applied: status.count(State::Applied),
            pending: status.count(State::Pending),
            drifted: status.count(State::Drifted),
            dirty: status.count(State::Dirty),
            unknown: status.count(State::Unknown),
        }
    }
}

/// The database's schema
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Migrate(MigrateArgs),
    /// Show whose database it is, what is applied to it, and what is pending
    Status,
    Seed(SeedArgs),
    Fresh(FreshArgs),
}

/// Add opsctl's own tables, or make an empty database opsctl's own
///
/// In an application's database only tables named opsctl_… are added. With --own an empty database
/// becomes opsctl's own and gets the reference schema.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct MigrateArgs {
    /// Make this empty database opsctl's own
    #[arg(long)]
    own: bool,
    /// Show what would be applied
    #[arg(long)]
    dry_run: bool,
}

/// Fill a database of opsctl's own with data to try things out on
///
/// Refused in an application's database. Times of the data are seen from now.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct SeedArgs {
    /// Only these sets: webhooks, clusters
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SET")]
    only: Vec<SeedSet>,
    /// Show what would be put in
    #[arg(long)]
    dry_run: bool,
}

/// Sets of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SeedSet {
    /// Webhook events of every provider, state and stranded shape, with their payments.
    Webhooks,
    /// Clusters of every status that matters, as SQLite files beside the central one.
    Clusters,
}

/// Drop all tables of a database of opsctl's own and make them anew
///
/// Refused in an application's database.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct FreshArgs {
    /// Seed it afterwards
    #[arg(long)]
    seed: bool,
    /// Show what would be dropped
    #[arg(long)]
    dry_run: bool,
}

/// Runs a command of the group.
pub async fn run(app: &App, command: Command) -> Result<Exit> {
    match command {
        Command::Migrate(args) => migrate(app, &args).await,
        Command::Status => app.cancel.guard(status(app)).await,
        Command::Seed(args) => seed(app, &args).await,
        Command::Fresh(args) => fresh(app, &args).await,
    }
}

async fn migrate(app: &App, args: &MigrateArgs) -> Result<Exit> {
    let db = if args.own && !args.dry_run { app.own_db().await? } else { app.db().await? };
    safety::allow(app, Class::Routine, "add tables", args.dry_run).await?;
    if args.dry_run {
        return app.cancel.guard(dry_run(app, db, args.own)).await;
    }
    let work = async |_: &Entry| app.cancel.guard(apply(app, db, args.own)).await;
    recorded(app, Class::Routine, "db migrate", work).await.map(|_| Exit::Done)
}

async fn apply(app: &App, db: &Db, own: bool) -> Result<Value> {
    let mut applied: Vec<&Migration> = Vec::new();
    if own {
        applied.extend(schema::claim(db, &app.cancel).await?);
    }
    applied.extend(schema::apply(db, &schema::OPSCTL, &app.cancel).await?);
    if schema::owner(db).await? == Owner::Opsctl {
        applied.extend(schema::apply(db, &schema::CENTRAL, &app.cancel).await?);
    }
    let status = schema::status(db).await?;
    if app.ui.wants_reports() {
        app.ui.emit(&status_view(app, "db migrate", &status)?)?;
    }
    match applied.len() {
        0 => app.ui.note(&format!("Nothing was pending in {}.", db.target())),
        count => {
            app.ui.note(&format!("Applied {count} {} to {}.", plural(count, "migration"), db.target()));
        }
    }
    Ok(json!({"applied": applied.len()}))
}

async fn dry_run(app: &App, db: &Db, own: bool) -> Result<Exit> {
    let mut status = schema::status(db).await?;
    let becomes_own = own && status.owner == Owner::Application;
    if becomes_own {
        schema::require_empty(db).await?;
        status.migrations.extend(schema::lines(db, &schema::CENTRAL).await?);
    }
    status.migrations.retain(|line| line.state == State::Pending);
    app.ui.emit(&status_view(app, "db migrate", &status)?)?;
    let also = if becomes_own { " and make it opsctl's own" } else { "" };
    app.ui.note(&format!(
        "Dry run: this would apply {} {} to {}{also}.",
        status.migrations.len(),
        plural(status.migrations.len(), "migration"),
        db.target()
    ));
    Ok(Exit::Done)
}

async fn status(app: &App) -> Result<Exit> {
    let db = app.db().await?;
    let status = schema::status(db).await?;
    app.ui.emit(&status_view(app, "db status", &status)?)?;
    let owner = match status.owner {
        Owner::Application => "an application's",
        Owner::Opsctl => "opsctl's own",
    };
    let systems: Vec<&str> = status.systems.iter().map(|system| system.name()).collect();
    let systems = if systems.is_empty() { "no known system".to_owned() } else { systems.join(", ") };
    app.ui.note(&format!("{} ({}) is {owner}: {systems}.", status.database, status.server));
    if status.count(State::Drifted) + status.count(State::Dirty) > 0 {
        app.ui.verdict(ui::Status::Critical); // pending ones are only worth a look
    }
    if status.exit() == Exit::Findings {
        let (pending, drifted, dirty) =
            (status.count(State::Pending), status.count(State::Drifted), status.count(State::Dirty));
        app.ui.note(&format!("{pending} pending, {drifted} drifted, {dirty} dirty."));
        if pending > 0 {
            app.ui.hint("apply what is pending: `opsctl db migrate`");
        }
    }
    Ok(status.exit())
}

async fn seed(app: &App, args: &SeedArgs) -> Result<Exit> {
    safety::allow(app, Class::Routine, "put data in", args.dry_run).await?;
    let work = async |_: &Entry| {
        let filling = async {
            let db = app.db().await?;
            schema::require_own(db, "seeding").await?;
            fill(app, db, &args.only, args.dry_run).await
        };
        app.cancel.guard(filling).await
    };
    recorded_unless(args.dry_run, app, Class::Routine, "db seed", work).await.map(|_| Exit::Done)
}

/// Puts in what is asked for: everything, where nothing is named.
async fn fill(app: &App, db: &Db, only: &[SeedSet], dry_run: bool) -> Result<Value> {
    let mut counts = Map::new();
    if only.is_empty() || only.contains(&SeedSet::Webhooks) {
        counts.append(&mut webhooks(app, db, dry_run).await?);
    }
    if only.contains(&SeedSet::Clusters) {
        counts.append(&mut clusters(app, db, dry_run).await?);
    } else if only.is_empty() {
        match clusters_fixtures::place(app.context()?, db).await {
            Ok(_) => counts.append(&mut clusters(app, db, dry_run).await?),
            Err(error) => app.ui.note(&format!("No clusters: {error}.")),
        }
    }
    Ok(counts.into())
}

async fn webhooks(app: &App, db: &Db, dry_run: bool) -> Result<Map<String, Value>> {
    let seeded = if dry_run { fixtures::rehearse(db).await } else { fixtures::seed(db).await };
    let seeded = seeded.map_err(|error| match error.fault() {
        Some(opsctl::db::Fault::Duplicate) => Error::refused("the data is there already")
            .because(error)
            .hint("begin anew: `opsctl db fresh --seed`"),
        _ => error,
    })?;
    let what = format!("{} webhook events and {} payments", seeded.events, seeded.payments);
    app.ui.note(&match dry_run {
        true => format!("Dry run: this would put {what} into {}.", db.target()),
        false => format!("Seeded {what}."),
    });
    Ok(Map::from_iter([
        ("webhook_events".to_owned(), json!(seeded.events)),
        ("payments".to_owned(), json!(seeded.payments)),
    ]))
}

async fn clusters(app: &App, db: &Db, dry_run: bool) -> Result<Map<String, Value>> {
    let context = app.context()?;
    let seeded = match dry_run {
        true => clusters_fixtures::rehearse(context, db).await?,
        false => clusters_fixtures::seed(context, db, app.clock, &app.cancel).await?,
    };
    app.ui.note(&match (dry_run, seeded) {
        (true, _) => {
            format!("Dry run: this would make and register {seeded} clusters beside {}.", db.target())
        }
        (false, 0) => "The clusters of the fixtures are registered already.".into(),
        (false, _) => format!("Seeded {seeded} clusters, SQLite files beside the central one."),
    });
    Ok(Map::from_iter([("clusters".to_owned(), json!(seeded))]))
}

async fn fresh(app: &App, args: &FreshArgs) -> Result<Exit> {
    let db = app.db().await?;
    let counted = async {
        schema::require_own(db, "dropping its tables").await?;
        Ok(db.table_names().await?.len())
    };
    let count = app.cancel.guard(counted).await?;
    let what = format!("drop all {count} {}", plural(count, "table"));
    safety::allow(app, Class::Destructive, &what, args.dry_run).await?;
    if args.dry_run {
        let seeded = if args.seed { " and seed it" } else { "" };
        app.ui.note(&format!("Dry run: this would {what} in {}, make the schema anew{seeded}.", db.target()));
        return Ok(Exit::Done);
    }
    let work = async |_: &Entry| app.cancel.guard(anew(app, db, args.seed)).await;
    recorded(app, Class::Destructive, "db fresh", work).await.map(|_| Exit::Done)
}

async fn anew(app: &App, db: &Db, seed: bool) -> Result<Value> {
    let dropped = schema::wipe(db).await?;
    schema::claim(db, &app.cancel).await?;
    schema::apply(db, &schema::CENTRAL, &app.cancel).await?;
    app.ui.note(&format!("Dropped {dropped} {} and made the schema anew.", plural(dropped, "table")));
    if seed { fill(app, db, &[], false).await } else { Ok(json!({"dropped": dropped})) }
}

fn status_view(app: &App, command: &'static str, status: &Status) -> Result<View> {
    let now = app.clock.now();
    let mut table = Table::new(MIGRATIONS);
    for line in &status.migrations {
        let (word, tone) = match line.state {
            State::Applied => ("applied", Tone::Good),
            State::Pending => ("pending", Tone::Warn),
            State::Drifted => ("drifted", Tone::Bad),
            State::Dirty => ("dirty", Tone::Bad),
            State::Unknown => ("unknown", Tone::Warn),
        };
        table.row([
            Cell::new(&*line.set),
            Cell::new(line.version.to_string()),
            Cell::new(&*line.description),
            Cell::new(word).tone(tone),
            Cell::time(line.applied_at, now, app.ui.zone),
        ]);
    }
    let items = status.migrations.iter().map(|line| json!(line)).collect();
    Ok(View {
        command,
        context: app.context()?.name.clone(),
        at: now,
        data: json!(status),
        summary: json!(MigrationSummary::of(status)),
        items,
        table,
        text: None,
    })
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
