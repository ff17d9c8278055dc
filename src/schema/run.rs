//! The runner: one migration after the other under the database's lock, each as the engine can best undo it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    Migration, Patience, Plan, Set, State,
    left::left,
    lock, place,
    plan::plan,
    record,
    retries::Tries,
    sql::{Kind, split},
    watch::Watch,
};
use crate::{
    Error, Kind as ErrorKind, Result,
    cancel::Cancel,
    crash::{self, Point},
    db::{Db, Engine, Fault, Guards, Reached, Session},
    near,
};

/// Time to wait for another run's lock.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// How a database is migrated.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who runs it, for those who wait: `ana@web1, pid 4711`.
    pub runner: String,
    /// Longest wait for another run.
    pub lock_wait: Duration,
    /// How locks of tables and rows are waited for.
    pub patience: Patience,
    /// The last version to apply; the newest without one.
    pub to: Option<i64>,
    /// Goes on though an applied migration has another text now.
    pub allow_drift: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            runner: format!("pid {}", std::process::id()),
            lock_wait: LOCK_WAIT,
            patience: Patience::default(),
            to: None,
            allow_drift: false,
        }
    }
}

impl Options {
    /// What of a plan is to be run: what is pending, and what has begun.
    pub fn wants(&self, state: State, version: i64) -> bool {
        matches!(state, State::Pending | State::Dirty) && self.to.is_none_or(|last| version <= last)
    }

    /// Whether the last version to apply is one of the set's: a mistyped one would let everything before it, or
    /// everything at all, pass.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] with the versions that are near.
    pub fn check(&self, set: &Set) -> Result<()> {
        let Some(to) = self.to else { return Ok(()) };
        let all = [Engine::Postgres, Engine::MySql, Engine::Sqlite].into_iter();
        let known: BTreeSet<i64> =
            all.flat_map(|engine| set.migrations(engine)).map(|migration| migration.version).collect();
        if known.contains(&to) {
            return Ok(());
        }
        let error = Error::new(ErrorKind::NotFound, format!("there is no migration {to} to stop at"))
            .because("nothing was applied");
        let otherwise = match (known.range(..to).next_back(), known.range(to..).next()) {
            (Some(before), Some(after)) => format!("the nearest are `--to {before}` and `--to {after}`"),
            (Some(last), None) => format!("the newest is `--to {last}`"),
            (None, Some(first)) => format!("the oldest is `--to {first}`"),
            (None, None) => "there are no migrations at all".to_owned(),
        };
        let names: Vec<String> = known.iter().map(ToString::to_string).collect();
        let names = names.iter().map(String::as_str);
        Err(near::or(error, &to.to_string(), names, |name| format!("--to {name}"), otherwise))
    }
}

/// What a run came to on one database.
#[derive(Debug)]
pub struct Ran<'s> {
    /// What it applied, in order.
    pub applied: Vec<&'s Migration>,
    /// What was found out and decided on the way: a statement that had happened, an index that was left behind.
    pub notes: Vec<String>,
    /// What ended it early.
    pub error: Option<Error>,
}

/// Applies what is pending; gives the migrations that this call applied.
///
/// # Errors
/// [`ErrorKind::Locked`] when another run holds the lock for too long, or what a statement failed with.
pub async fn apply<'s>(db: &Db, set: &'s Set, cancel: &Cancel) -> Result<Vec<&'s Migration>> {
    let options = Options { allow_drift: true, ..Options::default() };
    let ran = migrate(db, set, &options, cancel).await;
    ran.error.map_or(Ok(ran.applied), Err)
}

/// Applies what is pending, and says how far it came. One statement where nothing is.
pub async fn migrate<'s>(db: &Db, set: &'s Set, options: &Options, cancel: &Cancel) -> Ran<'s> {
    let mut ran = Ran { applied: Vec::new(), notes: Vec::new(), error: None };
    ran.error = match plan(db, set).await {
        Ok(plan) => follow(db, set, &plan, options, cancel, &mut ran).await.err(),
        Err(error) => Some(error),
    };
    ran
}

/// Applies what a plan says is pending.
///
/// # Errors
/// What ended it early; `ran` says how far it came.
pub async fn follow<'s>(
    db: &Db,
    set: &'s Set,
    plan: &Plan,
    options: &Options,
    cancel: &Cancel,
    ran: &mut Ran<'s>,
) -> Result<()> {
    if !db.target().prefix.is_empty() {
        return Err(Error::config(format!(
            "the table prefix of {} cannot be honoured by migrations",
            db.target()
        ))
        .because("their statements name tables without it"));
    }
    if plan.stuck(options.to).is_some()
        && let Some(error) = left(db, set, plan, options.to).await?
    {
        return Err(error);
    }
    let wanted: Vec<&'s Migration> = pending(db, set, plan, options);
    if wanted.is_empty() {
        return Ok(());
    }
    if let Some(drift) = plan.drift().filter(|_| !options.allow_drift) {
        return Err(drift);
    }
    for migration in &wanted {
        check(db, migration)?;
    }
    let guarded = db.guarded(Guards::migration(&options.runner, options.patience.lock));
    let mut session = guarded.session().await?;
    let watch = Watch::over(db, &mut session, options.patience.lock).await?;
    if let Err(error) = lock::take(&mut session, options.lock_wait, cancel).await {
        let error = lock::stopped(db, error).await;
        return unless_done(db, set, options, error).await;
    }
    ran.notes.extend(options.patience.note(db.engine()));
    crash::reach(Point::MigrationLocked);
    let mut runner =
        Runner { guarded: &guarded, session, watch, set, options, cancel, notes: &mut ran.notes };
    let result = runner.all(&wanted, &mut ran.applied).await;
    crash::reach(Point::MigrationRelease);
    // A server that is lost frees the lock when it notices, and hears no goodbye.
    let is_lost = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unreachable);
    if !is_lost {
        lock::release(&mut runner.session).await;
    }
    drop(runner);
    if !is_lost {
        guarded.close().await;
    }
    db.forget_tables();
    match result {
        Err(error) => unless_done(db, set, options, error).await,
        Ok(()) => Ok(()),
    }
}

/// A lock that was not to be had is in nobody's way when its holder has done all that was to be done.
async fn unless_done(db: &Db, set: &Set, options: &Options, error: Error) -> Result<()> {
    if error.kind() == ErrorKind::Locked
        && let Ok(plan) = plan(db, set).await
        && pending(db, set, &plan, options).is_empty()
    {
        return Ok(());
    }
    Err(error)
}

fn pending<'s>(db: &Db, set: &'s Set, plan: &Plan, options: &Options) -> Vec<&'s Migration> {
    let wanted = |migration: &&Migration| {
        let line = plan.lines.iter().find(|line| line.version == migration.version);
        line.is_some_and(|line| options.wants(line.state, line.version))
    };
    set.migrations(db.engine()).iter().filter(wanted).collect()
}

/// Whether a migration is run statement by statement, with a record of each.
pub(super) fn goes_in_steps(engine: Engine, migration: &Migration) -> bool {
    engine == Engine::MySql || migration.stands_alone()
}

/// Refuses, before anything is run, what would end the transaction that makes a migration whole.
fn check(db: &Db, migration: &Migration) -> Result<()> {
    let engine = db.engine();
    if migration.stands_alone() && lock::hold(db) == lock::Hold::Transaction {
        return Err(Error::config(format!(
            "{} cannot run outside of a transaction in {}",
            migration.file,
            db.target()
        ))
        .because(match engine {
            Engine::Sqlite => "on SQLite the transaction is the only lock that makes runs follow each other",
            _ => "the pooler gives each transaction another connection",
        })
        .hint("take `-- no-transaction` out of it, or name the server itself instead of the pooler"));
    }
    for statement in split(engine, &migration.sql) {
        let place = format!("{} line {}", migration.file, statement.line);
        match Kind::of(engine, &statement.text) {
            Kind::Transaction => {
                return Err(Error::config(format!("{place} begins or ends a transaction or locks tables"))
                    .because("the runner does that: each migration, or each statement, is committed with its record")
                    .hint("take the statement out of the file"));
            }
            Kind::Client => {
                return Err(Error::config(format!("{place} moves rows through the connection"))
                    .because("a migration is its file alone: the server would wait for rows that nobody sends, and hold its locks")
                    .hint("write the rows as INSERT, or let the server read a file of its own"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a migration's own statement failed with is the migration's fault, whatever its code says about the database;
/// a connection, a lock, a right and a server that takes no writes are not.
pub(super) fn own(error: Error) -> Error {
    let is_servers = matches!(error.fault(), None | Some(Fault::Right | Fault::ReadOnly));
    if error.kind() != ErrorKind::Config || is_servers {
        return error;
    }
    let told = Error::failed(error.message());
    let told = error.fault().into_iter().fold(told, Error::with_fault);
    let told = error.causes().iter().fold(told, Error::because);
    error.hints().iter().fold(told, Error::hint)
}

/// A run under the lock.
pub(super) struct Runner<'r, 's> {
    pub guarded: &'r Db,
    pub session: Session<'r>,
    pub watch: Watch<'r>,
    pub set: &'s Set,
    pub options: &'r Options,
    pub cancel: &'r Cancel,
    pub notes: &'r mut Vec<String>,
}

impl<'s> Runner<'_, 's> {
    async fn all(&mut self, wanted: &[&'s Migration], applied: &mut Vec<&'s Migration>) -> Result<()> {
        if lock::hold(self.guarded) == lock::Hold::Session {
            record::create(&mut self.session, self.set).await?;
        }
        for migration in wanted {
            self.cancel.check()?;
            let done = if goes_in_steps(self.guarded.engine(), migration) {
                self.in_steps(migration).await
            } else {
                self.whole(migration).await
            };
            if done.map_err(|error| self.failed(migration, error))? {
                applied.push(migration);
            }
        }
        Ok(())
    }

    fn failed(&self, migration: &Migration, error: Error) -> Error {
        if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Deadline) {
            return error;
        }
        let alone = error.root().contains("cannot run inside a transaction block");
        let error = error.during(format!("migration {} failed", migration.file));
        match alone {
            true => error.hint(format!("begin {} with the line `-- no-transaction`", migration.file)),
            false => error,
        }
    }

    /// One migration in one transaction with its record; false when another run was faster.
    async fn whole(&mut self, migration: &Migration) -> Result<bool> {
        let mut tries = Tries::new(self.options.patience);
        loop {
            let error = match self.transaction(migration).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            if error.fault() == Some(Fault::Lost) {
                return Err(error); // the server rolls it back, or says later that it was committed
            }
            self.session.undo().await?;
            tries.again(error, self.guarded, &self.watch, self.cancel).await?;
        }
    }

    async fn transaction(&mut self, migration: &Migration) -> Result<bool> {
        let session = &mut self.session;
        if let Err(error) = lock::begin(session, self.options, self.cancel).await {
            return Err(lock::stopped(self.guarded, error).await);
        }
        if lock::hold(self.guarded) == lock::Hold::Transaction {
            record::create(session, self.set).await?;
        }
        match record::success(session, self.set, migration.version).await? {
            Some(true) => return session.rollback().await.map(|()| false),
            Some(false) => return Err(self.dirty(migration)),
            None => {}
        }
        let started = Instant::now();
        // Written first: what the file sets for the session, such as a search path, cannot lead it astray.
        record::insert(session, self.set, migration, Some(0)).await?;
        let mut reached = Reached::default();
        let ran = self.watch.during(session.script_noted(&migration.sql, &mut reached)).await;
        ran.map_err(|error| match place::stopped(self.guarded.engine(), migration, reached) {
            // A server that is gone has not told which statements had ended.
            Some(place) if error.kind() != ErrorKind::Unreachable => own(error).during(place),
            _ => own(error),
        })?;
        crash::reach(Point::MigrationCommit);
        let _shield = self.cancel.shield();
        let committed = session.commit().await;
        crash::reach(Point::MigrationDone);
        match committed {
            Ok(()) => self.note_time(migration, started).await,
            Err(error) if error.fault() == Some(Fault::Lost) => self.look_up(migration, error).await,
            Err(error) => Err(error),
        }
    }

    /// How long it took is no part of the migration, and may be missing.
    async fn note_time(&mut self, migration: &Migration, started: Instant) -> Result<bool> {
        if let Err(error) = record::finish(&mut self.session, self.set, migration, nanos(started)).await {
            tracing::debug!(%error, "the time that a migration took was not recorded");
        }
        Ok(true)
    }

    /// After a COMMIT without an answer: the lock is free when the server has ended that transaction, one way or the
    /// other, and then the record tells which.
    async fn look_up(&mut self, migration: &Migration, error: Error) -> Result<bool> {
        let unknown = |why: Error| {
            Error::new(
                ErrorKind::Unreachable,
                format!("whether migration {} was committed is not known", migration.version),
            )
            .because_of(why)
            .hint("run it again: it looks first")
        };
        self.session = self.guarded.session().await.map_err(unknown)?;
        lock::take(&mut self.session, self.options.lock_wait, self.cancel).await.map_err(unknown)?;
        match record::success(&mut self.session, self.set, migration.version).await.map_err(unknown)? {
            Some(true) => {
                self.notes.push(format!("the COMMIT of {} had no answer; it is done", migration.version));
                Ok(true)
            }
            _ => Err(error.hint("it was rolled back: nothing of it stays")),
        }
    }

    /// A migration that the record calls unfinished, where its transaction would have left no row.
    fn dirty(&self, migration: &Migration) -> Error {
        Error::failed(format!(
            "{} migration {} was begun and did not finish",
            self.set.name, migration.version
        ))
        .because(format!("{} says so, and has no records of its statements", self.set.table))
        .hint("undo by hand what is left of it, then let `opsctl clusters repair` take the record away")
    }
}

pub(super) fn nanos(started: Instant) -> i64 {
    i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX)
}
