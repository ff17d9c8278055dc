//! `opsctl db seed`: data to try things out on, set by set.

use opsctl::{
    Error, Exit, Result, clusters,
    config::{System, stores::LockStore},
    db::{Db, Fault},
    journal::Entry,
    laravel::lock::Locks,
    locks, queue, schema,
    tenants::{
        self,
        taxonomies::{self, FIXTURE, Import},
    },
    webhooks::fixtures,
};
use serde_json::{Map, Value, json};

use super::READS;
use crate::{
    app::App,
    record::recorded_unless,
    safety::{self, Class},
    verb::{Artisan, Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERB: Verb = Verb {
    words: "db seed",
    class: Class::Routine,
    destructive_with: None,
    examples: &[
        Example { what: "everything", line: "db seed" },
        Example { what: "what would be put in", line: "db seed --dry-run" },
        Example { what: "webhook events and their payments", line: "db seed --only webhooks" },
        Example { what: "clusters: databases beside this one", line: "db seed --only clusters" },
        Example {
            what: "tenants with their provisioning, and master taxonomies",
            line: "db seed --only tenants,taxonomies",
        },
    ],
    prints: Prints::Nothing,
    reads: READS,
    exits: &[
        (Exit::Refused, "an application's database, or the data is there already"),
        (Exit::Config, "a table is missing: `db migrate` comes first"),
        (Exit::Unreachable, ""),
    ],
    artisan: &[Artisan {
        command: "db:seed",
        with: None,
        ignores: &["--force"],
        difference: "opsctl's own data, into databases of opsctl's own only",
    }],
};

/// Fill a database of opsctl's own with data to try things out on
///
/// Refused in an application's database. Times of the data are seen from now.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only these sets: webhooks, jobs, clusters, taxonomies, tenants
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SET")]
    only: Vec<Set>,
    /// Show what would be put in
    #[arg(long)]
    dry_run: bool,
}

/// Sets of data, in the order in which they are put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Set {
    /// Webhook events of every provider, state and stranded shape, with their payments.
    Webhooks,
    /// Jobs of a queue in a table, and failed ones.
    Jobs,
    /// Clusters of every status that matters, as SQLite files beside the central one.
    Clusters,
    /// The master rows that every tenant gets a copy of.
    Taxonomies,
    /// Tenants in every status, with their provisioning runs.
    Tenants,
}

/// Runs the verb.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
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
pub async fn fill(app: &App, db: &Db, only: &[Set], dry_run: bool) -> Result<Value> {
    let wants = |set| only.is_empty() || only.contains(&set);
    let mut counts = Map::new();
    if wants(Set::Webhooks) {
        counts.append(&mut webhooks(app, db, dry_run).await?);
    }
    if wants(Set::Jobs) {
        counts.append(&mut jobs(app, db, dry_run).await?);
    }
    if only.contains(&Set::Clusters) {
        counts.append(&mut clusters(app, db, dry_run).await?);
    } else if only.is_empty() {
        match clusters::fixtures::place(app.context()?, db).await {
            Ok(_) => counts.append(&mut clusters(app, db, dry_run).await?),
            Err(error) => app.ui.note(&format!("No clusters: {error}.")),
        }
    }
    if wants(Set::Taxonomies) {
        counts.append(&mut taxonomies(app, db, dry_run).await?);
    }
    // They live on the clusters.
    if wants(Set::Tenants) {
        counts.append(&mut tenants(app, db, dry_run).await?);
    }
    Ok(counts.into())
}

async fn webhooks(app: &App, db: &Db, dry_run: bool) -> Result<Map<String, Value>> {
    let seeded = if dry_run { fixtures::rehearse(db).await } else { fixtures::seed(db).await };
    let seeded = seeded.map_err(|error| match error.fault() {
        Some(Fault::Duplicate) => Error::refused("the data is there already")
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

async fn jobs(app: &App, db: &Db, dry_run: bool) -> Result<Map<String, Value>> {
    let seeded = queue::fixtures::seed(db, dry_run).await?;
    if !dry_run
        && seeded.jobs > 0
        && let Ok(LockStore::Database { database: None, table, prefix }) =
            app.context()?.lock_store("", System::Laravel)
    {
        locks::fixtures::seed(&Locks::Database { db, table, prefix }).await?;
    }
    let what = format!("{} jobs and {} failed jobs", seeded.jobs, seeded.failed);
    app.ui.note(&match (dry_run, seeded.jobs) {
        (_, 0) => "The jobs of the fixtures are there already.".into(),
        (true, _) => format!("Dry run: this would put {what} into {}.", db.target()),
        (false, _) => format!("Seeded {what}."),
    });
    Ok(Map::from_iter([
        ("jobs".to_owned(), json!(seeded.jobs)),
        ("failed_jobs".to_owned(), json!(seeded.failed)),
    ]))
}

async fn clusters(app: &App, db: &Db, dry_run: bool) -> Result<Map<String, Value>> {
    let context = app.context()?;
    let seeded = match dry_run {
        true => clusters::fixtures::rehearse(context, db).await?,
        false => clusters::fixtures::seed(context, db, app.clock, &app.cancel).await?,
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

async fn taxonomies(app: &App, db: &Db, dry_run: bool) -> Result<Map<String, Value>> {
    let rows = taxonomies::read(FIXTURE, "fixtures/taxonomies.csv")?;
    let counts = taxonomies::import(db, &Import { rows, prune: false, dry_run }).await?.counts;
    let seeded = counts.created + counts.updated;
    app.ui.note(&match (dry_run, seeded) {
        (true, _) => format!("Dry run: this would put {seeded} master taxonomies into {}.", db.target()),
        (false, 0) => "The master taxonomies of the fixtures are there already.".into(),
        (false, _) => format!("Seeded {seeded} master taxonomies."),
    });
    Ok(Map::from_iter([("taxonomies".to_owned(), json!(seeded))]))
}

async fn tenants(app: &App, db: &Db, dry_run: bool) -> Result<Map<String, Value>> {
    let context = app.context()?;
    let seeded = match dry_run {
        true => tenants::fixtures::rehearse(context, db).await?,
        false => tenants::fixtures::seed(context, db).await?,
    };
    app.ui.note(&match (dry_run, seeded) {
        (true, _) => format!("Dry run: this would register {seeded} tenants in {}.", db.target()),
        (false, 0) => "The tenants of the fixtures are registered already.".into(),
        (false, _) => format!("Seeded {seeded} tenants with their provisioning runs."),
    });
    Ok(Map::from_iter([("tenants".to_owned(), json!(seeded))]))
}
