//! `opsctl db`: the schema of the central database.

mod seed;

use opsctl::{
    Exit, Result,
    db::Db,
    journal::Entry,
    schema::{self, Migration, Owner, State, Status},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    record::recorded,
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
    seed::VERB,
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
    Seed(seed::Args),
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
        Command::Seed(args) => seed::run(app, &args).await,
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
    if seed { seed::fill(app, db, &[], false).await } else { Ok(json!({"dropped": dropped})) }
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
