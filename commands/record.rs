//! What every change goes through: the journal's records before and after it, in the file and in the database's table.
//!
//! The file is the first truth. The table must neither fail nor hold up the change: what it costs is bounded, it has a
//! statement of its own outside of the work's transactions, and what could not be written is filled in by a later run.

use std::time::{Duration, Instant};

use opsctl::{
    Error, Exit, Kind, Result,
    clock::Clock,
    db::Fault,
    journal::{self, End, Ended, Entry, JournalTable, Run, TABLE},
    webhooks::RetryReport,
};
use serde_json::{Value, json};

use crate::{app::App, safety::Class};

/// Longest time that the table may take, before the change and after it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Likewise when somebody wants the command to stop.
const HASTE: Duration = Duration::from_millis(300);
/// The code that a process ends with which panicked.
const PANICKED: u8 = 101;

/// What the journal keeps of a result.
pub trait Account {
    /// Counts, as in the command's summary.
    fn counts(&self) -> Value;
    /// What ended it early, if anything did.
    fn error(&self) -> Option<&Error>;
}

impl Account for RetryReport {
    fn counts(&self) -> Value {
        json!(self.counts)
    }

    fn error(&self) -> Option<&Error> {
        Self::error(self)
    }
}

impl Account for opsctl::queue::retry::RetryReport {
    fn counts(&self) -> Value {
        json!(self.counts)
    }

    fn error(&self) -> Option<&Error> {
        Self::error(self)
    }
}

impl Account for opsctl::worker::WorkReport {
    fn counts(&self) -> Value {
        json!(self.counts)
    }

    fn error(&self) -> Option<&Error> {
        Self::error(self)
    }
}

/// Counts alone: it is done.
impl Account for Value {
    fn counts(&self) -> Value {
        self.clone()
    }

    fn error(&self) -> Option<&Error> {
        None
    }
}

/// What of a run goes into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// Nothing: it changes no database.
    None,
    /// Its beginning and its end.
    Both,
    /// No more: the table was too slow once, and is not waited for twice.
    GivenUp,
}

/// A run that has begun. Its end is recorded when the code is known with which the process ends: after the output.
#[derive(Debug)]
pub struct Opened {
    entry: Entry,
    run: Run,
    clock: Clock,
    rows: Rows,
    counts: Value,
    error: Option<Error>,
    started: Instant,
    took_ms: u64,
}

impl Opened {
    /// Nothing is known of its end.
    pub fn new(entry: Entry, run: Run, clock: Clock) -> Self {
        let started = Instant::now();
        Self { entry, run, clock, rows: Rows::None, counts: Value::Null, error: None, started, took_ms: 0 }
    }

    /// Records the end in the file.
    fn end(&mut self, exit: u8) -> Result<()> {
        let error = self.error.as_ref().map(ToString::to_string);
        let end = End { exit, counts: self.counts.clone(), error, took_ms: self.took_ms };
        let ended = Ended::new(self.clock.now(), end);
        self.run.ended = Some(ended.clone());
        self.entry.end(&ended)
    }
}

/// A run that fails inside opsctl ends, too; the table learns it from the file.
impl Drop for Opened {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.error = Some(Error::failed("opsctl failed inside itself: a panic"));
            let _ = self.end(PANICKED); // what failed is told already
        }
    }
}

/// Does a change, and records it before and, with [`conclude`], after.
///
/// # Errors
/// The work's, or a journal that cannot be written before a destructive change.
pub async fn recorded<T: Account>(
    app: &App,
    class: Class,
    command: &str,
    work: impl AsyncFnOnce(&Entry) -> Result<T>,
) -> Result<T> {
    let (entry, missing) = app.begin(class, command)?;
    let begun = app.opened.borrow().as_ref().map(|opened| opened.run.clone());
    let written = match &begun {
        Some(run) => in_time(app, app.cancel.guard(write(app, run))).await,
        None => Ok(false),
    };
    if let Some(missing) = &missing {
        tell_of_the_file(app, missing, matches!(written, Ok(true)));
    }
    let result = work(&entry).await;
    let (counts, error) = match &result {
        Ok(told) => (told.counts(), told.error()),
        Err(error) => (Value::Null, Some(error)),
    };
    if let Some(opened) = app.opened.borrow_mut().as_mut() {
        let is_slow = written.is_err_and(|error| error.kind() == Kind::Deadline);
        opened.rows = if is_slow { Rows::GivenUp } else { Rows::Both };
    }
    end(app, counts, error);
    result
}

/// Begins a run that changes no database: the file alone knows it.
///
/// # Errors
/// As [`App::begin`].
pub fn begin_in_file(app: &App, command: &str) -> Result<()> {
    let (_, missing) = app.begin(Class::Routine, command)?;
    if let Some(missing) = &missing {
        tell_of_the_file(app, missing, false);
    }
    Ok(())
}

/// Keeps what the work came to, until [`conclude`] records it.
pub fn end(app: &App, counts: Value, error: Option<&Error>) {
    if let Some(opened) = app.opened.borrow_mut().as_mut() {
        (opened.counts, opened.error) = (counts, error.cloned());
        opened.took_ms = u64::try_from(opened.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    }
}

/// Records how the run ended, if one has begun: the last thing that a command does, since what it prints may fail. A
/// kill before that leaves it unfinished, which it is. `error` is what ended the command, the work's or a later one.
pub async fn conclude(app: &App, exit: Exit, error: Option<&Error>) {
    let Some(mut opened) = app.opened.take() else { return };
    if opened.error.is_none() {
        opened.error = error.cloned();
    }
    if let Err(error) = opened.end(exit.code()) {
        app.ui.warn_of("the end of this run is not in the journal", &error);
    }
    let after = match opened.rows {
        Rows::None => return,
        Rows::GivenUp => Err(too_slow()),
        Rows::Both => in_time(app, write(app, &opened.run)).await,
    };
    match after {
        Ok(_) => fill(app, &opened.run).await,
        Err(missing) => tell(app, &missing, opened.error.as_ref()),
    }
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

/// Writes what is known of the run; gives whether the database has a table for it.
async fn write(app: &App, run: &Run) -> Result<bool> {
    let Some(table) = table(app).await? else { return Ok(false) };
    table.write(&[run]).await.map(|()| true)
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

async fn in_time<T>(app: &App, work: impl Future<Output = Result<T>>) -> Result<T> {
    let patience = if app.cancel.check().is_ok() { PATIENCE } else { HASTE };
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| Err(too_slow()))
}

fn too_slow() -> Error {
    Error::new(Kind::Deadline, format!("no answer within {} s", PATIENCE.as_secs()))
}

/// Says that the file could not be written, and whether the table knows the run all the same.
fn tell_of_the_file(app: &App, missing: &Error, in_table: bool) {
    let what = match in_table {
        true => format!("this run is in the table {TABLE}, but not in this host's journal"),
        false => "this run is not in the journal".into(),
    };
    app.ui.warn_of(&what, missing);
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
