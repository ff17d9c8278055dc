//! The entries of the context, checked against what this program understands, and what they work with.

use std::ffi::OsString;

use opsctl::{
    Error, Kind, Result,
    config::{
        Origin, Sourced,
        maintenance::{DownSign, VALUE as DOWN},
        queues::ValueStore,
    },
    db::Db,
    laravel::values::Values,
    near, queue,
    redis::Redis,
    schedule::{self, Deps, Entry, Ledger, Signs, TABLE},
};

use crate::{app::App, artisan, tree};

/// Workers and the scheduler look at this value of the default cache store (Laravel 13 and later).
const PAUSED: &str = "illuminate:schedule:paused";

/// The entries; the command of each that is on is one of this program's.
pub fn entries(app: &App) -> Result<Vec<Entry>> {
    let entries = schedule::entries(app.context()?)?;
    for entry in entries.iter().filter(|entry| entry.is_on) {
        understood(entry)?;
    }
    Ok(entries)
}

/// The words of an entry's command as this program reads them.
///
/// # Errors
/// It does not understand them, or they would run the schedule.
pub fn understood(entry: &Entry) -> Result<String> {
    let fail = |why: &str| {
        Error::config(format!("the entry `{}` of the schedule has a command that cannot be run", entry.name))
            .because(format!("`{}`: {why}", entry.line()))
            .hint(format!(
                "mend its `command`, or switch it off: `[schedule.entries.{}]` with `enabled = false`",
                entry.name
            ))
    };
    let typed: Vec<OsString> = std::iter::once("opsctl")
        .chain(entry.command.iter().map(String::as_str))
        .map(OsString::from)
        .collect();
    let words = artisan::translate(&typed).map_err(|error| fail(error.message()))?;
    let matches = tree::tree().try_get_matches_from(&words).map_err(|error| {
        let text = error.render().to_string();
        fail(text.lines().next().unwrap_or_default().trim_start_matches("error: "))
    })?;
    let verb = tree::words(&matches);
    if ["schedule run", "schedule work"].contains(&verb.as_str()) {
        return Err(fail("a schedule does not run itself"));
    }
    let words: Vec<&str> = words.iter().skip(1).filter_map(|word| word.to_str()).collect();
    Ok(words.join(" "))
}

/// The entries of these names; all of them where none is named.
///
/// # Errors
/// [`Kind::NotFound`] for a name that none has.
pub fn named(entries: Vec<Entry>, names: &[String]) -> Result<Vec<Entry>> {
    for name in names {
        if !entries.iter().any(|entry| entry.name == *name) {
            let error = Error::new(Kind::NotFound, format!("no entry of the schedule is named `{name}`"));
            let known = entries.iter().map(|entry| entry.name.as_str());
            return Err(near::or(error, name, known, str::to_owned, "entries: `opsctl schedule list`"));
        }
    }
    let wanted = |entry: &Entry| names.is_empty() || names.contains(&entry.name);
    Ok(entries.into_iter().filter(wanted).collect())
}

/// Opens what the schedule works with.
pub async fn deps(app: &App) -> Result<Deps<'_>> {
    let context = app.context()?;
    let locks = app.schedule_locks().await?;
    Ok(Deps {
        ledger: Ledger::open(app.db().await?).await?,
        locks,
        zone: context.time_zone()?,
        host: gethostname::gethostname().to_string_lossy().into_owned(),
        pid: std::process::id(),
        clock: app.clock,
    })
}

/// Says that opsctl's table is missing, and what that means.
pub fn tell_of_the_table(app: &App, deps: &Deps<'_>) {
    if deps.ledger.is_none() {
        app.ui.warning(&format!(
            "the table {TABLE} is missing: the application's one-server keys alone keep hosts apart, and nothing is known of past runs"
        ));
        app.ui.hint("make it: `opsctl db migrate`");
    }
}

/// What the application says about its schedule now.
pub async fn signs(app: &App) -> Result<Signs> {
    let paused = queue::is_paused(&app.values().await?, PAUSED).await?;
    let context = app.context()?;
    let system = app.system().await?;
    let down = match context.down_sign(system)? {
        None => false,
        Some(DownSign::File(path)) => path.exists(),
        Some(DownSign::Value(name)) => app.values().await?.get(name).await?.is_some(),
        Some(DownSign::Elsewhere(store)) => {
            let store = Sourced::new(store, Origin::Default);
            is_down(app, context.values_of(&store, system)?).await?
        }
    };
    Ok(Signs { paused, down })
}

/// Whether a store that is not the default one holds the value that says so.
async fn is_down(app: &App, store: ValueStore) -> Result<bool> {
    match store {
        ValueStore::Redis { target, prefix } => {
            let redis = Redis::new(*target);
            Ok(Values::Redis { redis: &redis, prefix }.get(DOWN).await?.is_some())
        }
        ValueStore::Database { database: None, table, prefix } => {
            Ok(Values::Database { db: app.db().await?, table, prefix }.get(DOWN).await?.is_some())
        }
        ValueStore::Database { database: Some(database), table, prefix } => {
            let db: Db = app.opened(*database);
            let down = Values::Database { db: &db, table, prefix }.get(DOWN).await;
            db.close().await;
            Ok(down?.is_some())
        }
    }
}
