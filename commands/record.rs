//! What every change goes through: the journal's records before and after it, in the file and in the database's table.
//!
//! The file is the first truth. The table must neither fail nor hold up the change: what it costs is bounded, it has a
//! statement of its own outside of the work's transactions, and what could not be written is filled in by a later run.

use std::time::{Duration, Instant};

use opsctl::{
    Error, Exit, Kind, Result,
    db::Fault,
    journal::{self, Entry, JournalTable, Run, TABLE},
    webhooks::RetryReport,
};
use serde_json::{Value, json};

use crate::{app::App, safety::Class};

/// Longest time that the table may take, before the change and after it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Likewise when somebody wants the command to stop.
const HASTE: Duration = Duration::from_millis(300);

/// What the journal keeps of a result.
pub trait Account {
    /// The exit code.
    fn exit(&self) -> Exit;
    /// Counts, as in the command's summary.
    fn counts(&self) -> Value;
    /// What ended it early, if anything did.
    fn error(&self) -> Option<&Error>;
}

impl Account for RetryReport {
    fn exit(&self) -> Exit {
        Self::exit(self)
    }

    fn counts(&self) -> Value {
        json!(self.counts)
    }

    fn error(&self) -> Option<&Error> {
        Self::error(self)
    }
}

/// Counts alone: it is done.
impl Account for Value {
    fn exit(&self) -> Exit {
        Exit::Done
    }

    fn counts(&self) -> Value {
        self.clone()
    }

    fn error(&self) -> Option<&Error> {
        None
    }
}

/// Time since then.
pub fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Does a change, and records it before and after.
///
/// # Errors
/// The work's, or a journal that cannot be written before a destructive change.
pub async fn recorded<T: Account>(
    app: &App,
    class: Class,
    command: &str,
    work: impl AsyncFnOnce(&Entry) -> Result<T>,
) -> Result<T> {
    let started = Instant::now();
    let (entry, mut run) = app.begin(class, command)?;
    let before = in_time(app, app.cancel.guard(write(app, &run))).await;
    let result = work(&entry).await;
    let (exit, counts, error) = match &result {
        Ok(told) => (told.exit(), told.counts(), told.error()),
        Err(error) => (error.exit(), Value::Null, Some(error)),
    };
    run.ended = Some(app.end(&entry, exit, counts, error, milliseconds(started)));
    // A table that was too slow once is not waited for twice.
    let after = match before {
        Err(slow) if slow.kind() == Kind::Deadline => Err(slow),
        _ => in_time(app, write(app, &run)).await,
    };
    match after {
        Ok(()) => fill(app, &run).await,
        Err(missing) => tell(app, &missing, error),
    }
    result
}

/// As [`recorded`]; a dry run changes nothing and is not recorded.
///
/// # Errors
/// As [`recorded`].
pub async fn recorded_unless<T: Account>(
    dry_run: bool,
    app: &App,
    class: Class,
    command: &str,
    work: impl AsyncFnOnce(&Entry) -> Result<T>,
) -> Result<T> {
    if dry_run { work(&Entry::unrecorded("")).await } else { recorded(app, class, command, work).await }
}

/// Writes what is known of the run, where the database has the table.
async fn write(app: &App, run: &Run) -> Result<()> {
    match table(app).await? {
        Some(table) => table.write(&[run]).await,
        None => Ok(()),
    }
}

/// Copies what the table lacks from the file, in passing: what does not succeed now is left to the next run.
async fn fill(app: &App, run: &Run) {
    let Some(folder) = app.environment.state_dir().filter(|_| app.cancel.check().is_ok()) else { return };
    let filling = async {
        let Some(table) = table(app).await? else { return Ok(()) };
        let runs = journal::fill(&folder, &table, run).await?;
        tracing::debug!(runs, "copied from the journal's file into its table");
        Ok(())
    };
    if let Err(error) = in_time(app, filling).await {
        tracing::warn!(%error, "the journal's file was not copied into its table");
    }
}

/// Nothing where no database is configured: the command says so itself if it needs one.
async fn table(app: &App) -> Result<Option<JournalTable<'_>>> {
    match app.db().await {
        Ok(db) => JournalTable::open(db).await,
        Err(_) => Ok(None),
    }
}

async fn in_time(app: &App, work: impl Future<Output = Result<()>>) -> Result<()> {
    let patience = if app.cancel.check().is_ok() { PATIENCE } else { HASTE };
    let slow = |_| Error::new(Kind::Deadline, format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(patience, work).await.unwrap_or_else(|elapsed| Err(slow(elapsed)))
}

/// Says why a row is missing, unless it is plain: the database is away, or the command failed for the same reason.
fn tell(app: &App, missing: &Error, error: Option<&Error>) {
    let known = error.is_some_and(|error| error.message() == missing.message());
    if known || missing.kind() == Kind::Unreachable || app.cancel.check().is_err() {
        tracing::debug!(%missing, "the run is not in the journal's table");
        return;
    }
    let missing = match missing.fault() {
        Some(Fault::Right) => missing.clone().hint(format!("it takes SELECT, INSERT and UPDATE on {TABLE}")),
        _ => missing.clone(),
    };
    app.ui.warn_of(&format!("this run is not in the table {TABLE} yet"), &missing);
}
